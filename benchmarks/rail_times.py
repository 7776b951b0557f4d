"""Compare rail times of the region Jing-Jin-Ji with a timetable, and write what was found.

Usage: python benchmarks/rail_times.py CALIBRATION.csv [--network FILE.osm.pbf] [--out FILE.md]

The calibration table has one row a pair of cities: stations, number of stops and kind of the fastest train,
minutes of the fastest and of the median train, and the year of the timetable. Two things are measured on the
network as it was then: the running-time model, given the number of stops and the kind of the fastest train;
and the services of the network from end to end, which know nothing of that train.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from networks import cities, intermodal, osm, rail, schema, skims
from networks.network import Network, Services
from networks.rail.drafts import BY_TABLE, Draft, Timetable
from networks.rail.parameters import RailParameters
from networks.timegraph import ARC_KINDS, TimeGraph
from optimiser.pipeline.reading import lengthened_rail

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "networks" / "regions" / "jing-jin-ji" / "network.osm.pbf"
OUT = ROOT / "benchmarks" / "results" / "rail_times.md"
STATE = {"2016": date(2016, 3, 10), "2021": date(2021, 1, 1)}
MOST_KMH = {"G": np.inf, "C": np.inf, "D": 250.0}
"""Highest speed of trains by the letter of their number; all others are conventional. From memory, C."""
CONVENTIONAL_KMH = 160.0
FOLDS, SEED = 5, 1
TARGET = {"median": 6.3, "p90": 17.4}
_ASSUMED = re.compile(r"routed (\S+) to ([^;\s]+)")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One pair of cities of the calibration table."""

    name: str
    year: str
    fast: bool
    start: str
    end: str
    stops: int
    most_kmh: float
    fastest_min: float
    median_min: float
    table_km: float
    table_design_min: float


@dataclass(frozen=True)
class Routed:
    """A row with its way on the network, and minutes and number of trains by the services."""

    row: Row
    km: float
    design_min: float
    served_min: float
    served_trains: int


def read_rows(path: Path) -> list[Row]:
    """Read the rows that are marked for fitting."""
    with path.open(encoding="utf-8", newline="") as stream:
        table = [raw for raw in csv.DictReader(stream) if raw["use"] == "fit"]
    return [_row(raw) for raw in table]


def _row(raw: dict[str, str]) -> Row:
    start, end = raw["fastest_from"], raw["fastest_to"]
    if not start and (assumed := _ASSUMED.search(raw["use_note"])):
        start, end = assumed.groups()
    return Row(
        name=f"{raw['a']} - {raw['b']}",
        year=raw["year"],
        fast=raw["service"].startswith("fast"),
        start=start,
        end=end,
        stops=int(raw["fastest_stops"]),
        most_kmh=MOST_KMH.get(raw["fastest_train"][:1], CONVENTIONAL_KMH),
        fastest_min=float(raw["fastest_min"]),
        median_min=float(raw["median_min"]),
        table_km=float(raw["routed_km"]),
        table_design_min=float(raw["design_min"]),
    )


def route_rows(rows: Sequence[Row], network: Path) -> tuple[list[Routed], list[str]]:
    """Route the rows of each year on the network of that year; name those that cannot be."""
    elements = osm.read(network, roads=frozenset(), ferries=False)
    routed, left_out = [], []
    for year, day in STATE.items():
        built = lengthened_rail(rail.build(elements, opened_by=day), length_factor(network))
        found, missing = _route_year([row for row in rows if row.year == year], built)
        routed += found
        left_out += missing
    return routed, left_out


def length_factor(network: Path) -> float:
    """Return length on the ground over length of the geometry, as the region beside the network states it."""
    region = network.with_name("region.toml")
    if not region.is_file():
        return 1.0
    return float(tomllib.loads(region.read_text(encoding="utf-8")).get("rail_length_factor", 1.0))


def _route_year(rows: Sequence[Row], built: rail.RailBuild) -> tuple[list[Routed], list[str]]:
    of_label = {label: i for i, labels in enumerate(built.stations["labels"]) for label in labels[::-1]}
    of_label |= {labels[0]: i for i, labels in enumerate(built.stations["labels"]) if labels}
    timetable = Timetable(
        built.network,
        built.stations["points"].tolist(),
        built.stations["name"].tolist(),
        parameters=RailParameters.default(),
    )
    served, served_slowly = _served(built), _served(_conventional(built))
    routed, left_out = [], []
    for row in rows:
        ends = [of_label.get(label, -1) for label in (row.start, row.end)]
        if min(ends) < 0:
            missing = [s for s, at in zip((row.start, row.end), ends, strict=True) if at < 0]
            left_out.append(
                f"{row.name} ({row.year}): no station {' or '.join(missing)} on the network of that year"
            )
            continue
        draft = Draft(row.name, row.name, tuple(ends), None, BY_TABLE, most_kmh=row.most_kmh)
        parts, _, _ = timetable.time(draft)
        if not parts:
            left_out.append(f"{row.name} ({row.year}): no track joins {row.start} and {row.end}")
            continue
        route = parts[0].hops[0].route
        design_min = route.seconds * RailParameters.default().running.factor / 60.0
        journey = _journey(served if row.fast else served_slowly, *ends)
        routed.append(Routed(row, route.length_km, design_min, *journey))
    return routed, left_out


def _conventional(built: rail.RailBuild) -> rail.RailBuild:
    """Keep the conventional services alone."""
    fast = intermodal.AccessParameters.default().fast_classes
    kept = ~built.services.lines["link_class"].isin(fast)
    lines = built.services.lines[kept].reset_index(drop=True)
    row = np.cumsum(kept.to_numpy()) - 1
    stops = built.services.stops[kept.to_numpy()[built.services.stops["service"]]]
    stops = stops.assign(service=row[stops["service"]]).reset_index(drop=True)
    return replace(built, services=Services(lines=lines, stops=stops))


def _served(built: rail.RailBuild) -> TimeGraph:
    """Join the stations, each a city of its own, by the services and no road, times in vehicles alone."""
    at = built.network.nodes.iloc[built.stations["node"].to_numpy()]
    count = len(at)
    centres = cities.build(
        {
            "city_id": [str(i) for i in range(count)],
            "name": [str(i) for i in range(count)],
            "tier": ["small"] * count,
            "population": np.zeros(count, dtype=np.int64),
            "population_definition": [""] * count,
            "source": [""] * count,
        },
        lon=at.geometry.x.to_numpy(),
        lat=at.geometry.y.to_numpy(),
    )
    parameters = replace(intermodal.AccessParameters.default(), centre_station_km=0.001)
    return intermodal.join(_no_roads(), built, centres, parameters=parameters, definition="in_vehicle")


def _journey(graph: TimeGraph, start: int, end: int) -> tuple[float, int]:
    """Return minutes and number of trains of the best journey; nan and 0 when there is none."""
    found = skims.path(graph, start, end)
    if found is None:
        return np.nan, 0
    return found.seconds / 60.0, int((graph.kind[found.arcs] == ARC_KINDS.index("board")).sum())


def _no_roads() -> Network:
    nodes: dict[str, list[object]] = {column.name: [] for column in schema.NODES}
    links: dict[str, list[object]] = {column.name: [] for column in schema.LINKS}
    return Network(nodes=schema.table(nodes, schema.NODES), links=schema.table(links, schema.LINKS))


def model_min(
    design_min: Floats, stops: Floats, *, factor: float, stop_min: float, start_min: float
) -> Floats:
    """Compute minutes in the vehicle: running, intermediate stops, and what a ride takes once."""
    minutes: Floats = design_min / factor + stop_min * stops + start_min
    return minutes


def fit(design_min: Floats, stops: Floats, seen_min: Floats) -> tuple[float, float, float]:
    """Fit factor, minutes a stop and minutes once, so that the sum of relative errors is least."""
    columns = np.column_stack([design_min, stops, np.ones_like(stops)]) / seen_min[:, None]
    count = len(seen_min)
    bounds = np.vstack([np.hstack([columns, -np.eye(count)]), np.hstack([-columns, -np.eye(count)])])
    limit = np.concatenate([np.ones(count), -np.ones(count)])
    found = linprog(np.concatenate([np.zeros(3), np.ones(count)]), A_ub=bounds, b_ub=limit, bounds=(0, None))
    if found.x is None:
        raise RuntimeError(f"The fit failed: {found.message}")
    slope, stop_min, start_min = (float(x) for x in found.x[:3])
    return 1.0 / slope, stop_min, start_min


def held_out(design_min: Floats, stops: Floats, seen_min: Floats) -> Floats:
    """Predict each row from a fit to the other folds."""
    fold = np.random.default_rng(SEED).permutation(len(seen_min)) % FOLDS
    predicted = np.empty_like(seen_min)
    for k in range(FOLDS):
        inside = fold != k
        factor, stop_min, start_min = fit(design_min[inside], stops[inside], seen_min[inside])
        predicted[~inside] = model_min(
            design_min[~inside], stops[~inside], factor=factor, stop_min=stop_min, start_min=start_min
        )
    return predicted


def errors(predicted: Floats, seen: Floats) -> tuple[float, float, float]:
    """Return median and 90th percentile of the absolute error, and the median signed error, in per cent."""
    relative = 100.0 * (predicted - seen) / seen
    absolute = np.abs(relative)
    return float(np.median(absolute)), float(np.percentile(absolute, 90)), float(np.median(relative))


@dataclass(frozen=True)
class Columns:
    """The routed rows as arrays."""

    design: Floats
    stops: Floats
    fastest: Floats
    median: Floats
    served: Floats
    trains: Floats
    km: Floats
    table_km: Floats
    table_design: Floats

    @classmethod
    def of(cls, routed: Sequence[Routed]) -> Columns:
        """Collect the columns."""

        def column(value: Callable[[Routed], float]) -> Floats:
            return np.array([value(r) for r in routed], dtype=np.float64)

        return cls(
            design=column(lambda r: r.design_min),
            stops=column(lambda r: r.row.stops),
            fastest=column(lambda r: r.row.fastest_min),
            median=column(lambda r: r.row.median_min),
            served=column(lambda r: r.served_min),
            trains=column(lambda r: r.served_trains),
            km=column(lambda r: r.km),
            table_km=column(lambda r: r.row.table_km),
            table_design=column(lambda r: r.row.table_design_min),
        )


def report(routed: Sequence[Routed], left_out: Sequence[str], total: int) -> str:
    """Write the findings as a page."""
    fast = [r for r in routed if r.row.fast]
    slow = [r for r in routed if not r.row.fast]
    lines = [
        "# Rail times against the timetable",
        "",
        _wrapped(
            f"""Written by `benchmarks/rail_times.py`; do not edit by hand. In-vehicle minutes between
            stations on the network of the region as it was on the day of the timetable (2016-03-10; the rows
            of about 2021 on that of 2021-01-01). {total} rows are marked for fitting, {len(routed)} of them
            are routed here: {len(fast)} fast (G, D, C), {len(slow)} conventional. Lengths are those of the
            geometry times the factor that the region states. Errors are absolute, in per cent of the minutes
            of the timetable."""
        ),
        "",
        _wrapped(
            f"""The way is the quickest on all tracks open then, D trains at most {MOST_KMH["D"]:.0f} km/h,
            conventional ones {CONVENTIONAL_KMH:.0f}; the model knows the stations at the ends, the kind of
            the fastest train and how many stops it makes."""
        ),
        "",
        "| what | trains | rows | compared with | median | 90th percentile | median signed |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, group in (("fast", fast), ("conventional", slow)):
        if group:
            lines += _group_lines(label, group)
    return "\n".join([*lines, "", *_notes(fast, left_out), ""])


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), width=110)


def _modelled(c: Columns) -> Floats:
    running = RailParameters.default().running
    once, stop = running.start_s / 60, running.stop_s / 60
    return model_min(c.design, c.stops, factor=running.factor, stop_min=stop, start_min=once)


def _group_lines(label: str, group: Sequence[Routed]) -> list[str]:
    c = Columns.of(group)
    running = RailParameters.default().running
    modelled = _modelled(c)
    name = (
        f"model: design / {running.factor} + {running.stop_s // 60} min a stop + {running.start_s // 60} min"
    )
    lines = [
        _line(f"{name}, stops of the fastest train", label, modelled, c.fastest, "fastest"),
        _line(f"{name}, stops of the fastest train", label, modelled, c.median, "median"),
        _line("one factor: design / 0.60", label, c.design / 0.60, c.fastest, "fastest"),
    ]
    if len(group) >= 10 * FOLDS:
        predicted = held_out(c.design, c.stops, c.fastest)
        lines.append(
            _line(f"model fitted, held out in {FOLDS} folds", label, predicted, c.fastest, "fastest")
        )
    for how, rows in (
        ("", c.trains > 0),
        (", by one train", c.trains == 1),
        (", with a change", c.trains > 1),
    ):
        for seen, compared in ((c.fastest, "fastest"), (c.median, "median")):
            what = f"services of the network, end to end{how}"
            lines += [_line(what, label, c.served[rows], seen[rows], compared)] if rows.any() else []
    return lines


def _line(what: str, label: str, predicted: Floats, seen: Floats, compared: str) -> str:
    median, p90, signed = errors(predicted, seen)
    return f"| {what} | {label} | {len(seen)} | {compared} train | {median:.1f} | {p90:.1f} | {signed:+.1f} |"


def _notes(fast: Sequence[Routed], left_out: Sequence[str]) -> list[str]:
    c = Columns.of(fast)
    factor, stop_min, start_min = fit(c.design, c.stops, c.fastest)
    median, p90, _ = errors(_modelled(c), c.fastest)
    met = "met" if median <= TARGET["median"] and p90 <= TARGET["p90"] else "not met"
    apart = np.abs(c.km / c.table_km - 1)
    off = [r for r, a in zip(fast, apart, strict=True) if a > 0.10]
    unserved = [r.row.name for r in fast if not np.isfinite(r.served_min)]
    return [
        _wrapped(
            f"""Target for the fast rows with stops modelled: median {TARGET["median"]} %, 90th percentile
            {TARGET["p90"]} %: {met} ({median:.1f} % and {p90:.1f} %)."""
        ),
        "",
        f"A fit to all fast rows: factor {factor:.3f}, {stop_min:.1f} min a stop, {start_min:.1f} min once.",
        "",
        _wrapped(
            f"""Length on the network against the table's: median difference
            {100 * float(np.median(apart)):.1f} %, rows that differ by more than 10 %: {len(off)}
            ({_names(off)})."""
        ),
        "",
        "## Left out",
        "",
        *(f"* {reason}" for reason in left_out or ["of the model: nothing"]),
        f"* of the services, since none joins the two stations: {', '.join(unserved) or 'nothing'}",
        "",
        "## Fast rows with the largest errors of the model",
        "",
        "| pair | stops | timetable | model | services | km here | km in the table |",
        "|---|---|---|---|---|---|---|",
        *_worst(fast),
        "",
        _wrapped(
            """The services know nothing of the train in the table: they stop where the services of the line
            stop, and where no service joins the stations there is no value. Every row has direct trains in
            the timetable; where the services of the network have none between the two stations, the change
            costs its time and wait, and that makes most of the error.
            They are compared with the fastest and the median of the direct trains of the row; rows of
            conventional trains are compared with conventional services alone."""
        ),
    ]


def _names(rows: Sequence[Routed]) -> str:
    return ", ".join(f"{r.row.name} ({r.km:.0f} for {r.row.table_km:.0f} km)" for r in rows) or "none"


def _worst(fast: Sequence[Routed], count: int = 15) -> list[str]:
    predicted = _modelled(Columns.of(fast))
    wrong = np.abs(predicted / np.array([r.row.fastest_min for r in fast]) - 1)
    return [
        f"| {fast[i].row.name} ({fast[i].row.year}) | {fast[i].row.stops} | {fast[i].row.fastest_min:.0f} | "
        f"{predicted[i]:.0f} | {fast[i].served_min:.0f} | {fast[i].km:.0f} | {fast[i].row.table_km:.0f} |"
        for i in np.argsort(-wrong, kind="stable")[:count]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison.

    Returns
    -------
    int
        0 when the page is written, 2 when a file is missing.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calibration", type=Path)
    parser.add_argument("--network", type=Path, default=NETWORK)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    for path, what in ((options.calibration, "calibration table"), (options.network, "network")):
        if not path.is_file():
            print(f"The {what} {path} is not here; nothing was compared.", file=sys.stderr)
            return 2
    rows = read_rows(options.calibration)
    routed, left_out = route_rows(rows, options.network)
    page = report(routed, left_out, len(rows))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compare rail times of the region Jing-Jin-Ji with a timetable, and write a page of results.

Usage: python benchmarks/rail_times.py CALIBRATION.csv [--network FILE.osm.pbf] [--out FILE.md]

The calibration table has one row per pair of cities: stations, number of stops and kind of the fastest train,
minutes of the fastest and of the median train, and the year of the timetable. Two models are measured on the
network of that year: the running-time model, given the number of stops and the kind of the fastest train; and
the services of the network from end to end, which do not use that train. The rows of the later timetable are
also compared with the services of today.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rail_routes import CONVENTIONAL_KMH, MOST_KMH, Routed, read_rows, route_rows
from scipy.optimize import linprog

from networks.rail.parameters import RailParameters

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "networks" / "regions" / "jing-jin-ji" / "network.osm.pbf"
OUT = ROOT / "benchmarks" / "results" / "rail_times.md"
FOLDS, SEED = 5, 1
YEAR = 2016.0
"""Year of the timetable from which the services of high-speed lines come."""
TARGET = {"median": 5.5, "p90": 15.0}
"""Model, stops given, against the fastest train."""
SERVED = {"fastest": (5.0, 15.0), "median": (8.0, 25.0), "later": (6.0, 15.0)}
"""Median and 90th percentile of the services: those of 2016 against the fastest and the median train, and
those of the network of today against the fastest train of the later timetable."""

Floats = NDArray[np.float64]


# ---- the model


def model_min(
    design_min: Floats, stops: Floats, *, factor: float, stop_min: float, start_min: float
) -> Floats:
    """Compute minutes in the vehicle: running time, intermediate stops, and a fixed time per ride."""
    minutes: Floats = design_min / factor + stop_min * stops + start_min
    return minutes


def fit(design_min: Floats, stops: Floats, seen_min: Floats) -> tuple[float, float, float]:
    """Fit factor, minutes per stop and fixed minutes, so that the sum of relative errors is least."""
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
    today: Floats
    year: Floats
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
            today=column(lambda r: r.today_min),
            year=column(lambda r: float(r.row.year)),
            trains=column(lambda r: r.served_trains),
            km=column(lambda r: r.km),
            table_km=column(lambda r: r.row.table_km),
            table_design=column(lambda r: r.row.table_design_min),
        )


# ---- the page


def report(routed: Sequence[Routed], left_out: Sequence[str], total: int) -> str:
    """Write the results as a page."""
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
    running = RailParameters.default("CN").running
    once, stop = running.start_s / 60, running.stop_s / 60
    return model_min(c.design, c.stops, factor=running.factor, stop_min=stop, start_min=once)


def _group_lines(label: str, group: Sequence[Routed]) -> list[str]:
    c = Columns.of(group)
    running = RailParameters.default("CN").running
    modelled = _modelled(c)
    stop_min, start_min = running.stop_s / 60, running.start_s / 60
    name = f"model: design / {running.factor} + {stop_min:g} min a stop + {start_min:g} min"
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
        (", timetable of 2016-03-10", c.year == YEAR),
    ):
        for seen, compared in ((c.fastest, "fastest"), (c.median, "median")):
            what = f"services of the network, end to end{how}"
            lines += [_line(what, label, c.served[rows], seen[rows], compared)] if rows.any() else []
    later = np.isfinite(c.today)
    if later.any():
        what = "services of today's network, end to end, timetable of about 2021"
        lines.append(_line(what, label, c.today[later], c.fastest[later], "fastest"))
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
        *_served_notes(c),
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
            """The services know nothing of the train in the table. Those of high-speed lines that were open
            on 2016-03-10 come from the same timetable as its rows of that year: what differs is that the
            ride takes the mean of the trains that a passenger takes, that both directions are averaged, and
            that a change may be faster than the few direct trains.
            They are compared with the fastest and the median of the direct trains of the row; rows of
            conventional trains are compared with conventional services alone."""
        ),
    ]


def _served_notes(c: Columns) -> list[str]:
    """Compare the services with their targets, one line each."""
    of_day, later = c.year == YEAR, np.isfinite(c.today)
    cases = [
        ("services of 2016-03-10, fastest train", c.served[of_day], c.fastest[of_day], SERVED["fastest"]),
        ("services of 2016-03-10, median train", c.served[of_day], c.median[of_day], SERVED["median"]),
        ("today's services, fastest train of about 2021", c.today[later], c.fastest[later], SERVED["later"]),
    ]
    lines = []
    for what, predicted, seen, (median_target, p90_target) in cases:
        median, p90, _ = errors(predicted, seen)
        met = "met" if median <= median_target and p90 <= p90_target else "not met"
        target = f"{median_target:g} % and {p90_target:g} %"
        lines.append(f"* Target for {what}: {target}: {met} ({median:.1f} % and {p90:.1f} %).")
    return lines


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

"""Route the pairs of a calibration table on the rail network of their year, by tracks and by services."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from networks import cities, intermodal, osm, rail, schema, skims
from networks.osm.elements import Elements
from networks.rail.drafts import BY_TAG, Draft, Timetable
from networks.rail.parameters import RailParameters
from networks.schema import Network, Services
from networks.skims import ARC_KINDS, TimeGraph

CHINA = RailParameters.default("CN")
FIRST_DAY = date(2016, 3, 10)
STATE = {"2016": FIRST_DAY, "2021": date(2021, 1, 1)}
MOST_KMH = {"G": np.inf, "C": np.inf, "D": 250.0}
"""Highest speed of trains by the letter of their number; all others are conventional. From memory, C."""
CONVENTIONAL_KMH = 160.0
_ASSUMED = re.compile(r"routed (\S+) to ([^;\s]+)")


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
    """A row with its route on the network, and minutes and number of trains by the services.

    The minutes by the services of today are nan for rows of the first timetable.
    """

    row: Row
    km: float
    design_min: float
    served_min: float
    served_trains: int
    today_min: float = np.nan


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
    """Route the rows of each year on the network of that year; name those that cannot be routed."""
    elements = osm.read(network, roads=frozenset(), ferries=False)
    routed, left_out = [], []
    for year, day in STATE.items():
        built = rail.build(elements, parameters=CHINA, opened_by=day)
        found, missing = _route_year([row for row in rows if row.year == year], built)
        if day > FIRST_DAY:
            found = _with_today(found, elements)
        routed += found
        left_out += missing
    return routed, left_out


def _with_today(found: Sequence[Routed], elements: Elements) -> list[Routed]:
    """Add the minutes by the services of today."""
    built = rail.build(elements, parameters=CHINA)
    now, _ = _route_year([routed.row for routed in found], built)
    minutes = {routed.row: routed.served_min for routed in now}
    return [replace(routed, today_min=minutes.get(routed.row, np.nan)) for routed in found]


def _route_year(rows: Sequence[Row], built: rail.RailBuild) -> tuple[list[Routed], list[str]]:
    of_label = {label: i for i, labels in enumerate(built.stations["labels"]) for label in labels[::-1]}
    of_label |= {labels[0]: i for i, labels in enumerate(built.stations["labels"]) if labels}
    timetable = Timetable(
        built.network, built.stations["points"].tolist(), built.stations["name"].tolist(), parameters=CHINA
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
        draft = Draft(row.name, row.name, tuple(ends), None, BY_TAG, most_kmh=row.most_kmh)
        parts, _, _ = timetable.time(draft)
        if not parts:
            left_out.append(f"{row.name} ({row.year}): no track joins {row.start} and {row.end}")
            continue
        route = parts[0].hops[0].route
        design_min = route.seconds * CHINA.running.factor / 60.0
        journey = _journey(served if row.fast else served_slowly, *ends)
        routed.append(Routed(row, route.length_km, design_min, *journey))
    return routed, left_out


def _conventional(built: rail.RailBuild) -> rail.RailBuild:
    """Keep only the conventional services."""
    kept = ~built.services.lines["link_class"].isin(intermodal.AccessParameters.default().fast_classes)
    lines = built.services.lines[kept].reset_index(drop=True)
    row = np.cumsum(kept.to_numpy()) - 1
    stops = built.services.stops[kept.to_numpy()[built.services.stops["service"]]]
    stops = stops.assign(service=row[stops["service"]]).reset_index(drop=True)
    return replace(built, services=Services(lines=lines, stops=stops))


def _served(built: rail.RailBuild) -> TimeGraph:
    """Join the stations, each as a city, by the services without roads; times are in-vehicle times."""
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
    parameters = replace(intermodal.AccessParameters.default("CN"), centre_station_km=0.001)
    return intermodal.join(_no_roads(), built, centres, parameters=parameters, definition="in_vehicle")


def _journey(graph: TimeGraph, start: int, end: int) -> tuple[float, int]:
    """Return minutes and number of trains of the best journey; nan and 0 when there is none."""
    found = next(skims.paths(graph, [start])).get(end)
    if found is None:
        return np.nan, 0
    return found.seconds / 60.0, int((graph.kind[found.arcs] == ARC_KINDS.index("board")).sum())


def _no_roads() -> Network:
    nodes: dict[str, list[object]] = {column.name: [] for column in schema.NODES}
    links: dict[str, list[object]] = {column.name: [] for column in schema.LINKS}
    return Network(nodes=schema.table(nodes, schema.NODES), links=schema.table(links, schema.LINKS))

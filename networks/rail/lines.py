"""Read train services from a table of lines, where the source has no train relations."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from networks.errors import SchemaError
from networks.inputs import MOST_TEXT_BYTES, checked, number
from networks.rail.drafts import BY_TABLE, Draft
from networks.rail.stations import Station
from networks.rail.tags import LONGEST_INTERVAL_S

COLUMNS = ("service_id", "name", "stops", "headway_min")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table of lines.

    Attributes
    ----------
    service_id, name
        Unique key, and name for people.
    stops
        Stations in order, each by a name, a `ref` or an OSM node id.
    headway_min
        Minutes between departures; None for the default of the class.
    """

    service_id: str
    name: str
    stops: tuple[str, ...]
    headway_min: float | None


def read_lines(path: Path) -> tuple[Line, ...]:
    """Read a table of lines, to be passed to `networks.rail.build`.

    Parameters
    ----------
    path
        CSV file in UTF-8 with the columns `service_id`, `name`, `stops` (separated by `;`) and `headway_min`
        (may be empty).

    Raises
    ------
    SchemaError
        With all faults: missing columns, repeated keys, too few stops, invalid headways.
    """
    with checked(path, most_bytes=MOST_TEXT_BYTES).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        rows = [] if missing else list(reader)
    faults = [f"column '{name}' is missing" for name in missing]
    lines, seen = [], set[str]()
    for at, row in enumerate(rows, start=2):
        try:
            line = _line(row)
        except ValueError as fault:
            faults.append(f"line {at}: {fault}")
            continue
        if line.service_id in seen:
            faults.append(f"line {at}: service_id '{line.service_id}' is repeated")
        seen.add(line.service_id)
        lines.append(line)
    if faults:
        raise SchemaError(
            "the table of lines cannot be used",
            where=path.name,
            faults=faults,
            remedy=f"Give the columns {', '.join(COLUMNS)}, with stops separated by ';'.",
        )
    return tuple(lines)


def _line(row: Mapping[str, str | None]) -> Line:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    stops = tuple(stop.strip() for stop in cells["stops"].split(";") if stop.strip())
    if not cells["service_id"]:
        raise ValueError("service_id is empty")
    if len(stops) < 2:
        raise ValueError("a service needs at least two stops")
    return Line(
        cells["service_id"], cells["name"] or cells["service_id"], stops, _headway(cells["headway_min"])
    )


def _headway(text: str) -> float | None:
    if not text:
        return None
    minutes = number(text) or 0.0
    if not 0.0 < minutes * 60.0 <= LONGEST_INTERVAL_S:
        raise ValueError(f"headway_min '{text}' is not a number of minutes between 0 and one week")
    return minutes


def drafts(
    lines: Iterable[Line], *, stations: Sequence[Station], reached: NDArray[np.bool_]
) -> tuple[Draft, ...]:
    """Draft the services of a table of lines.

    Parameters
    ----------
    lines
        Rows of the table.
    stations
        The stations of the network.
    reached
        Whether each station is on a track.

    Raises
    ------
    SchemaError
        With all stops that match no station on the tracks, or several.
    """
    of_label: dict[str, set[int]] = defaultdict(set)
    for row, station in enumerate(stations):
        if reached[row]:
            for label in (*station.labels, str(station.osm_id)):
                of_label[label.casefold()].add(row)
    found, faults = [], []
    for line in lines:
        rows = [of_label.get(stop.casefold(), set()) for stop in line.stops]
        faults += [
            f"{line.service_id}: '{stop}' matches {_how_many(hits)}"
            for stop, hits in zip(line.stops, rows, strict=True)
            if len(hits) != 1
        ]
        headway = None if line.headway_min is None else max(round(line.headway_min * 60), 1)
        stops = tuple(min(hits) for hits in rows if len(hits) == 1)
        found.append(Draft(line.service_id, line.name, stops, headway, BY_TABLE))
    if faults:
        raise SchemaError(
            "the table of lines has stops that are not stations of the network",
            faults=faults,
            remedy="Identify a station by a name in the source, by its ref or by its OSM node id.",
        )
    return tuple(found)


def _how_many(hits: set[int]) -> str:
    return f"{len(hits)} stations; use the ref or the OSM node id" if hits else "no station on the tracks"

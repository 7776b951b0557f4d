"""Group the trains of a GTFS timetable into patterns of stops, and read such patterns."""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from networks.regions import read

FILE = "train_patterns.csv"
"""Name of the table of patterns in a folder of fact tables."""
COLUMNS = (
    *("id", "kind", "stops", "trains_out", "minutes_out", "stop_minutes_out"),
    *("trains_back", "minutes_back", "stop_minutes_back", "day", "quality"),
)

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Trains of one kind with the same stops, in both directions.

    Parameters
    ----------
    id
        Key.
    kind
        Letter of their numbers: ``G``, ``D`` or ``C``.
    stops
        Keys of the stations, in order.
    trains_a_day
        Trains per day and direction: the mean of both directions.
    minutes, minutes_back
        Minutes from the departure at each stop to the arrival at the next, outwards and back; medians.
    stop_minutes, stop_minutes_back
        Minutes at each stop between the first and the last, outwards and back; medians.
    day
        Day of the timetable.
    source
        The timetable, with its quality letter.
    """

    id: str
    kind: str
    stops: tuple[str, ...]
    trains_a_day: float
    minutes: tuple[float, ...]
    minutes_back: tuple[float, ...]
    stop_minutes: tuple[float, ...]
    stop_minutes_back: tuple[float, ...]
    day: str
    source: str


@dataclass(frozen=True, kw_only=True)
class _Train:
    """One train: its stations that count, with arrival and departure in minutes of the day."""

    kind: str
    stops: tuple[str, ...]
    times: tuple[tuple[float, float], ...]

    @property
    def minutes(self) -> list[float]:
        return [there[0] - here[1] for here, there in pairwise(self.times)]

    @property
    def stop_minutes(self) -> list[float]:
        return [leaves - arrives for arrives, leaves in self.times[1:-1]]


def read_patterns(facts: Path) -> list[Pattern]:
    """Read the patterns of a folder of fact tables; none if it has no such table."""
    path = facts / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_pattern(row) for row in csv.DictReader(file)]


def _pattern(row: Mapping[str, str]) -> Pattern:
    """Return a pattern; a direction without trains takes the minutes of the other."""
    trains = int(row["trains_out"]), int(row["trains_back"])
    out, back = (_numbers(row[f"minutes_{way}"]) for way in ("out", "back"))
    stop_out, stop_back = (_numbers(row[f"stop_minutes_{way}"]) for way in ("out", "back"))
    return Pattern(
        id=row["id"],
        kind=row["kind"],
        stops=tuple(row["stops"].split(";")),
        trains_a_day=sum(trains) / 2,
        minutes=out or back[::-1],
        minutes_back=back or out[::-1],
        stop_minutes=stop_out if out else stop_back[::-1],
        stop_minutes_back=stop_back if back else stop_out[::-1],
        day=row["day"],
        source=f"timetable of {row['day']} (quality {row['quality']})",
    )


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(";")) if text else ()


def group(archive: Path, keys: Iterable[str], box: Box) -> list[dict[str, str]]:
    """Group the trains of a GTFS timetable of one day into patterns.

    A train belongs to the pattern of its stops among the given stations, whatever it does elsewhere; a stop
    at any other station counts as running time.

    Parameters
    ----------
    archive
        Zip file in the format GTFS; the letter of a train is the first of its `trip_id`.
    keys
        Names of the stations that count.
    box
        South, west, north and east border in degrees: stations of these names elsewhere do not count.

    Returns
    -------
    list of dict
        Rows of the table of patterns, with the columns `COLUMNS`, sorted by kind and stops.
    """
    groups: dict[tuple[str, tuple[str, ...]], tuple[list[_Train], list[_Train]]] = {}
    for train in _trains(archive, frozenset(keys), box):
        out = min(train.stops, train.stops[::-1])
        groups.setdefault((train.kind, out), ([], []))[train.stops != out].append(train)
    (day,) = _table(archive, "calendar_dates.txt")
    shared = {"day": date.fromisoformat(day["date"]).isoformat(), "quality": "A"}
    return [
        {"id": f"{key[0]}-{number}"} | _row(*key, groups[key]) | shared
        for number, key in enumerate(sorted(groups), start=1)
    ]


def _row(kind: str, stops: Sequence[str], trains: tuple[list[_Train], list[_Train]]) -> dict[str, str]:
    row = {"kind": kind, "stops": ";".join(stops)}
    for way, found in zip(("out", "back"), trains, strict=True):
        row[f"trains_{way}"] = str(len(found))
        row[f"minutes_{way}"] = _medians([train.minutes for train in found])
        row[f"stop_minutes_{way}"] = _medians([train.stop_minutes for train in found])
    return row


def _medians(rows: Sequence[Sequence[float]]) -> str:
    return ";".join(f"{statistics.median(column):g}" for column in zip(*rows, strict=True))


def _trains(archive: Path, keys: frozenset[str], box: Box) -> list[_Train]:
    south, west, north, east = box
    names = {
        row["stop_id"]: row["stop_name"]
        for row in _table(archive, "stops.txt")
        if row["stop_name"] in keys
        and south <= float(row["stop_lat"]) <= north
        and west <= float(row["stop_lon"]) <= east
    }
    calls: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in _table(archive, "stop_times.txt"):
        if row["stop_id"] in names:
            calls[row["trip_id"]].append(row)
    trains = []
    for trip, rows in calls.items():
        ordered = sorted(rows, key=lambda row: int(row["stop_sequence"]))
        stops = tuple(names[row["stop_id"]] for row in ordered)
        if len(stops) > 1 and len(set(stops)) == len(stops):
            times = tuple((_minute(row["arrival_time"]), _minute(row["departure_time"])) for row in ordered)
            trains.append(_Train(kind=trip[0], stops=stops, times=times))
    return trains


def _minute(clock: str) -> float:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return 60.0 * hours + minutes + seconds / 60.0


def _table(archive: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(archive) as files, files.open(name) as stream:
        return list(csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")))


def main() -> None:
    """Write the table of patterns of a region from a GTFS timetable of one service day."""
    parser = argparse.ArgumentParser(
        prog="python -m networks.regions.construction.timetable", description=__doc__
    )
    parser.add_argument("region", help="name of the region")
    parser.add_argument("timetable", type=Path, help="zip file in the format GTFS, of one service day")
    arguments = parser.parse_args()
    region = read(arguments.region)
    with (region.facts / "rail_stations.csv").open(encoding="utf-8", newline="") as file:
        keys = {row["key"] for row in csv.DictReader(file)}
    rows = group(arguments.timetable, keys, region.bbox)
    with (region.facts / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

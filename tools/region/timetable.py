"""Group the trains of a GTFS timetable into patterns of stops, and read such patterns."""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from networks.errors import SourceError
from networks.gtfs import read_feed, trips_by_day
from networks.gtfs.patterns import Train, both_directions, trains_on
from networks.regions import read
from tools.region.facts import read_rows

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


def read_patterns(facts: Path) -> list[Pattern]:
    """Read the patterns of a folder of fact tables; none if it has no such table."""
    path = facts / FILE
    return [_pattern(row) for row in read_rows(path)] if path.is_file() else []


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
    feed = read_feed(archive)
    south, west, north, east = box
    stops = feed.stops
    here = stops["lat"].between(south, north) & stops["lon"].between(west, east)
    counted = stops["name"].where(here & stops["name"].isin(list(keys)))
    names = sorted(counted.dropna().unique())
    row = {name: at for at, name in enumerate(names)}
    station_of_stop = counted.map(row).fillna(-1).to_numpy(dtype=np.int64)
    (day,) = trips_by_day(feed)
    kinds = feed.trips["trip_id"].str[0].tolist()
    by_kind: dict[str, list[Train]] = defaultdict(list)
    for train in trains_on(feed, day, station_of_stop):
        if len(set(train.stations)) == len(train.stations):
            by_kind[kinds[train.trip]].append(train)
    groups = {
        (kind, tuple(names[station] for station in stations)): both
        for kind, trains in by_kind.items()
        for stations, both in both_directions(trains).items()
    }
    shared = {"day": day.isoformat(), "quality": "A"}
    return [
        {"id": f"{key[0]}-{number}"} | _row(*key, groups[key]) | shared
        for number, key in enumerate(sorted(groups), start=1)
    ]


def _row(kind: str, stops: Sequence[str], trains: tuple[list[Train], list[Train]]) -> dict[str, str]:
    row = {"kind": kind, "stops": ";".join(stops)}
    for way, found in zip(("out", "back"), trains, strict=True):
        row[f"trains_{way}"] = str(len(found))
        spans = [np.diff(train.elapsed_s()) / 60.0 for train in found]
        row[f"minutes_{way}"] = _medians([span[::2] for span in spans])
        row[f"stop_minutes_{way}"] = _medians([span[1::2] for span in spans])
    return row


def _medians(rows: Sequence[Iterable[float]]) -> str:
    return ";".join(f"{statistics.median(column):g}" for column in zip(*rows, strict=True))


def main() -> None:
    """Write the table of patterns of a region from a GTFS timetable of one service day."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.timetable", description=__doc__)
    parser.add_argument("region", help="name of the region")
    parser.add_argument("timetable", type=Path, help="zip file in the format GTFS, of one service day")
    arguments = parser.parse_args()
    region = read(arguments.region)
    if region.facts is None:
        raise SourceError("the region has no fact tables", where=arguments.region)
    keys = {row["key"] for row in read_rows(region.facts / "rail_stations.csv")}
    trains = group(arguments.timetable, keys, region.bbox)
    pd.DataFrame(trains, columns=COLUMNS).to_csv(region.facts / FILE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()

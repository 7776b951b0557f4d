"""Read the fact tables of a region: expressways, railway lines and through-running."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from networks.world.geograph import Point

type Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A way point of an expressway or a station of a railway line.

    Parameters
    ----------
    key
        Name that is unique within its table.
    name, name_zh
        Name in pinyin and in Chinese.
    point
        Latitude and longitude, degrees.
    source
        Source of the position, with its quality letter.
    """

    key: str
    name: str
    name_zh: str
    point: Point
    source: str


@dataclass(frozen=True, kw_only=True)
class Raised:
    """A rise of the speed of trains on a line.

    Parameters
    ----------
    from_kmh, to_kmh
        Speed before and after, km/h.
    day
        First day of the higher speed, `YYYY-MM-DD`.
    source
        Source, with its quality letter.
    """

    from_kmh: float
    to_kmh: float
    day: str
    source: str

    def saved_min(self, km: float) -> float:
        """Return the minutes that a train saves over a length in km."""
        return 60.0 * km * (1.0 / self.from_kmh - 1.0 / self.to_kmh)


@dataclass(frozen=True, kw_only=True)
class Corridor:
    """An expressway section or a railway line of the fact tables.

    Parameters
    ----------
    id
        Road number or line id.
    name, name_zh
        Name in English and in Chinese.
    kind
        ``national`` or ``provincial`` for roads; the class for railways.
    design_kmh
        Design speed in km/h, the lowest of all sections; None if unknown.
    design_most_kmh
        Highest design speed of the sections of a road; None if unknown or the same.
    known_km, known_quality
        Published length and its quality letter; None and blank if unknown.
    opened
        Opening date of the latest section.
    opened_source
        Source of the date, with its quality letter.
    speed_source
        Source of the class and the design speed.
    matched
        Whether the geometry contains the corridor at its known length; otherwise it is drawn.
    places
        Way points or stations in order.
    raised
        When trains became faster than in an earlier timetable; None if they did not.
    traffic, electrified
        Kind of traffic (such as ``freight``) and electrification, for railways.
    tracks
        Number of tracks, for railways; 0 if unknown.
    trains_a_day
        Trains per day and direction, for railways.
    trains_source
        Source of that number, with its quality letter.
    running_kmh, running_source
        Speed at which trains run on the line, km/h, where it is below the design speed, and its source with
        its quality letter; None and empty where it is the design speed.
    """

    id: str
    name: str
    name_zh: str
    kind: str
    design_kmh: float | None
    known_km: float | None
    opened: str
    opened_source: str
    speed_source: str
    matched: bool
    places: tuple[Place, ...]
    traffic: str = ""
    electrified: bool = False
    tracks: int = 0
    trains_a_day: float = 0.0
    trains_source: str = ""
    design_most_kmh: float | None = None
    known_quality: str = ""
    running_kmh: float | None = None
    running_source: str = ""
    raised: Raised | None = None


@dataclass(frozen=True, kw_only=True)
class Through:
    """A connection on which trains run from one line onto another.

    Parameters
    ----------
    line_a, line_b
        Ids of the lines.
    station_a, station_b
        Keys of the stations at which trains leave line a and enter line b.
    link_km
        Length of the connecting curve; None if the station is the same.
    trains_a_day
        Number of trains per day and direction; None if it was not counted.
    source
        Source of the connection, with its quality letter.
    """

    line_a: str
    line_b: str
    station_a: str
    station_b: str
    link_km: float | None
    trains_a_day: float | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Tracks between two points of which more is known than the table of lines says.

    Parameters
    ----------
    start, end
        Points on the tracks.
    tracks
        Number of tracks; 0 if unknown. It holds for tracks of no line.
    source
        Source of what is known, with its quality letter.
    most_kmh
        Highest speed of trains near the straight line between the points, km/h; None if unknown.
    """

    start: Point
    end: Point
    tracks: int
    source: str
    most_kmh: float | None = None


def expressways(folder: Path) -> list[Corridor]:
    """Read the expressway sections and their way points from a folder of fact tables."""
    places = _places(folder / "expressway_waypoints.csv", "ref", "name_zh")
    return [
        Corridor(
            id=row["ref"],
            name=row["name"],
            name_zh=row["name_zh"],
            kind=row["kind"],
            design_kmh=_number(row["design_kmh_least"]),
            known_km=_number(row["known_km"]),
            opened=row["opened_last"],
            opened_source=f"{row['opened_source']} (quality {row['opened_quality']})",
            speed_source="memory; design speed of the sections, by terrain where they differ (quality C)",
            design_most_kmh=_number(row["design_kmh_most"]),
            known_quality=row["known_km_quality"],
            matched=row["match"] != "fail",
            places=tuple(places[row["ref"]]),
        )
        for row in read_rows(folder / "expressways.csv")
    ]


def rail_lines(folder: Path) -> list[Corridor]:
    """Read the railway lines and their stations from a folder of fact tables."""
    places = _places(folder / "rail_stations.csv", "line", "key")
    return [
        Corridor(
            id=row["id"],
            name=row["name"],
            name_zh=row["name_zh"],
            kind=row["class"],
            design_kmh=_number(row["design_kmh"]),
            known_km=_number(row["known_km"]),
            opened=row["opened_last"],
            opened_source=f"line table (quality {row['quality']})",
            speed_source=f"line table (quality {row['quality']})",
            matched=row["match"] != "fail",
            places=tuple(places[row["id"]]),
            traffic=row["traffic"],
            electrified=row["electrified"] == "yes",
            tracks=int(row["tracks"] or 0),
            trains_a_day=_number(row["trains_a_day"]) or 0.0,
            trains_source=f"{row['trains_source']} (quality {row['trains_quality']})",
            running_kmh=_number(row["running_kmh"]),
            running_source=f"{row['running_source']} (quality {row['running_quality']})",
            raised=_raised(row),
        )
        for row in read_rows(folder / "rail_lines.csv")
    ]


def _raised(row: Row) -> Raised | None:
    """Return when trains of a line became faster, None if they did not."""
    if not row["raised_on"]:
        return None
    return Raised(
        from_kmh=float(row["raised_from_kmh"]),
        to_kmh=float(row["raised_to_kmh"]),
        day=row["raised_on"],
        source=f"{row['raised_source']} (quality {row['raised_quality']})",
    )


def rail_stretches(folder: Path) -> list[Stretch]:
    """Read the stretches of track of which more is known from a folder of fact tables."""
    return [
        Stretch(
            start=(float(row["from_lat"]), float(row["from_lon"])),
            end=(float(row["to_lat"]), float(row["to_lon"])),
            tracks=int(row["tracks"] or 0),
            most_kmh=_number(row["most_kmh"]),
            source=f"{row['name']} ({row['name_zh']}), {row['source']} (quality {row['quality']})",
        )
        for row in read_rows(folder / "rail_stretches.csv")
    ]


def through_running(folder: Path) -> list[Through]:
    """Read the connections between lines from a folder of fact tables."""
    return [
        Through(
            line_a=row["line_a"],
            line_b=row["line_b"],
            station_a=row["station_a"],
            station_b=row["station_b"],
            link_km=_number(row["link_km"]),
            trains_a_day=_number(row["trains_a_day"]),
            source=f"{row['source']} (quality {row['quality']})",
        )
        for row in read_rows(folder / "rail_through.csv")
    ]


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _places(path: Path, owner: str, key: str) -> dict[str, list[Place]]:
    """Return the places of each corridor in order."""
    found: dict[str, list[Place]] = defaultdict(list)
    for row in sorted(read_rows(path), key=lambda row: (row[owner], int(row["seq"]))):
        found[row[owner]].append(
            Place(
                key=row[key],
                name=row["name"],
                name_zh=row["name_zh"],
                point=(float(row["lat"]), float(row["lon"])),
                source=f"{row['source']} (quality {row['quality']})",
            )
        )
    return found


def _number(text: str) -> float | None:
    """Return the number in a field, None if the field is blank."""
    return float(text) if text else None

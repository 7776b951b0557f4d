"""Read the tags of railways: select tracks and stations, with the stop positions that belong to them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from networks.osm.elements import Elements, Relation, Tags, element_name, point_id
from networks.osm.tags import KMH, NOT_RUNNING, quantity, was_open
from networks.rail.parameters import RailParameters
from networks.schema import LEAST_SPEED_KMH, MOST_SPEED_KMH, Ints
from networks.sphere import within

LONGEST_LEG_S = 24 * 3600
LONGEST_INTERVAL_S = 7 * 24 * 3600
"""A train that runs once a week is a service; one a day in one direction alone counts half in each, so that
16 hours of service over half a train, 32 hours, are common."""

SPEED_KEYS = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
"""Tags of the speed of a track."""
_TRAIN_KMH = {unit: kmh for unit, kmh in KMH.items() if not unit.startswith("kn")}

_COUNT = re.compile(r"^[1-9]\d?$", re.ASCII)
_PLAIN_MINUTES = re.compile(r"^(\d{1,5}(?:\.\d{1,3})?)\s*(?:min|minutes)?$")


def parse_speed_kmh(text: str | None) -> float | None:
    """Parse a rail speed limit.

    Parameters
    ----------
    text
        Value of `maxspeed`: a number in km/h or mph, or a list separated by `;` or `|`, of which the highest
        counts. Limits for some trains only, `40 (freight)`, do not count.

    Returns
    -------
    float or None
        Speed in km/h; None if no part is a speed within the range of the data contract.
    """
    speeds = (quantity(part.strip().lower(), _TRAIN_KMH) or 0.0 for part in re.split(r"[;|]", text or ""))
    return max((kmh for kmh in speeds if LEAST_SPEED_KMH <= kmh <= MOST_SPEED_KMH), default=None)


def design_speed_kmh(tags: Mapping[str, str]) -> float | None:
    """Return the highest speed that the tags of a track state, in either direction; None without one.

    Parameters
    ----------
    tags
        Tags of a way; read are `maxspeed`, `maxspeed:forward` and `maxspeed:backward`.
    """
    values = (parse_speed_kmh(tags.get(key)) for key in SPEED_KEYS)
    return max((kmh for kmh in values if kmh is not None), default=None)


def number_of_tracks(tags: Mapping[str, str]) -> int:
    """Return the number of tracks of the line to which a way belongs.

    `tracks` counts what one way stands for, `passenger_lines` the tracks of a line whose tracks are ways of
    their own; the larger number counts.

    Returns
    -------
    int
        0 if neither tag is a whole number from 1 to 99.
    """
    values = (tags.get(key, "").strip() for key in ("tracks", "passenger_lines"))
    return max((int(value) for value in values if _COUNT.match(value)), default=0)


def parse_minutes_s(text: str | None) -> tuple[int, ...] | None:
    """Parse a list of minutes.

    Parameters
    ----------
    text
        Numbers of minutes at least 0, separated by `;`; fractions are allowed.

    Returns
    -------
    tuple of int or None
        Seconds of each; None if there is no list, or any part of it is not such a number below one day.
    """
    parts = [_PLAIN_MINUTES.match(part.strip()) for part in (text or "").split(";")]
    seconds = [round(float(match[0]) * 60) for match in parts if match is not None]
    return tuple(seconds) if len(seconds) == len(parts) and max(seconds) <= LONGEST_LEG_S else None


FROM_TAG, FROM_CLASS = "tag", "class"
"""Sources of a design speed: the tag `maxspeed`, or the table of classes."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track: one way, or one part of a way cut at the border of the extract.

    Attributes
    ----------
    way_id
        OSM id of the way.
    points
        Rows of its points in order, int64.
    link_class
        Class, from the tagged speed or else from `highspeed` and `usage`.
    design_kmh
        Design speed, km/h.
    speed_source
        `tag` or `class`.
    tags
        Tags of the way.
    """

    way_id: int
    points: Ints
    link_class: str
    design_kmh: float
    speed_source: str
    tags: Tags


def choose(
    elements: Elements, *, parameters: RailParameters, opened_by: date | None = None
) -> tuple[tuple[Track, ...], dict[str, int], dict[str, int]]:
    """Select the tracks of a network, in the order of the source.

    Parameters
    ----------
    parameters
        Tags of tracks that are used, and the classes.
    opened_by
        Leave out tracks that opened after this day; None for the network of today.

    Returns
    -------
    tracks, left_out, unread
        The tracks; the number of those left out, by reason; and the number of tracks by the value of
        `maxspeed` that states no speed for passenger trains.
    """
    kept, left_out, unread = [], Counter[str](), Counter[str]()
    ways = elements.tracks
    for i, tags in enumerate(ways.tags):
        railway, usage, service = tags.get("railway", ""), tags.get("usage", ""), tags.get("service", "")
        is_known = railway in parameters.left_out_railway
        reasons = [
            (railway not in parameters.railway, f"railway={railway}" if is_known else "other railway"),
            (service and service not in parameters.kept_service, f"service={service}"),
            (usage in parameters.left_out_usage, f"usage={usage}"),
            (tags.get("railway:traffic_mode") == "freight", "railway:traffic_mode=freight"),
            *((tags.get(state) == "yes", f"railway={state}") for state in sorted(NOT_RUNNING)),
            (not was_open(tags.get("start_date", ""), on=opened_by), "opened later"),
        ]
        if reason := next((reason for holds, reason in reasons if holds), ""):
            left_out[reason] += 1
            continue
        points, design = ways.rows[ways.offsets[i] : ways.offsets[i + 1]], design_speed_kmh(tags)
        if design is not None:
            link_class, source = parameters.class_of_speed(design), FROM_TAG
        else:
            key = usage if usage in {"main", "branch"} else "other"
            key = "highspeed" if tags.get("highspeed") == "yes" else key
            link_class, source = parameters.class_without_speed[key], FROM_CLASS
            design = parameters.named(link_class).design_kmh
            unread.update(tags[key] for key in SPEED_KEYS if tags.get(key))
        kept.append(Track(int(ways.id[i]), points, link_class, design, source, tags))
    return tuple(kept), dict(left_out), dict(unread)


@dataclass(frozen=True, slots=True)
class Station:
    """A station of the source.

    Attributes
    ----------
    osm_id
        Id as a point, see `networks.osm.elements.point_id`.
    lon, lat
        Degrees.
    name
        Name, empty if unknown.
    labels
        All its names without repeats: `ref`, `name` and every `name:*`.
    stops
        OSM ids of the stop positions that belong to it.
    """

    osm_id: int
    lon: float
    lat: float
    name: str
    labels: tuple[str, ...]
    stops: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """Name for messages: the name, or the id if there is none."""
        return self.name or element_name(self.osm_id)


def gather(
    elements: Elements,
    relations: Sequence[Relation],
    *,
    parameters: RailParameters,
    opened_by: date | None = None,
) -> tuple[tuple[Station, ...], dict[int, int], dict[str, int]]:
    """Gather the stations of a source, and the stop positions of trains that belong to them.

    A stop position or platform belongs to the station in its stop area, or else to the nearest station within
    the limit; stations that share a name with it or its stop area come first. Without a station within the
    limit, the stops of a stop area together are a station, as is a stop without one. A station of public
    transport that shares a name with one of railways within the limit, or its stop area, is that station.

    Parameters
    ----------
    relations
        The train services; only stop positions that they use count.
    parameters
        Tags of stations, and the distance limit `stop_m`.
    opened_by
        Leave out stations that opened after this day; None for the network of today.

    Returns
    -------
    stations, of_id, left_out
        Stations in the order of the source, then stop positions that are far from any station; the row of the
        station for each OSM id of a station or stop position; and the number of stations left out, by reason.
    """
    left_out, found = Counter[str](), []
    points = elements.stations
    for i, tags in enumerate(points.tags):
        railway, kind = tags.get("railway", "station"), tags.get("station", "")
        reasons = [
            (railway not in parameters.station_railway, f"railway={railway}"),
            *((tags.get(state) == "yes", state) for state in sorted(NOT_RUNNING)),
            (tags.get("train") == "no", "train=no"),
            (kind in parameters.left_out_station, f"station={kind}"),
            (not was_open(tags.get("start_date", ""), on=opened_by), "opened later"),
        ]
        if reason := next((reason for holds, reason in reasons if holds), ""):
            left_out[reason] += 1
        else:
            found.append(_station(int(points.id[i]), float(points.lon[i]), float(points.lat[i]), tags))
    of_railways = {int(one) for one, tags in zip(points.id, points.tags, strict=True) if "railway" in tags}
    areas = _Areas.of(elements.stop_areas)
    twins = _twins(found, of_railways, areas, parameters.stop_m)
    if twins:
        left_out["mapped twice"] = len(twins)
        found = [station for station in found if station.osm_id not in twins]
    # Stop positions and platforms of trains; NaN for the position of a platform without one.
    wanted = {one.point for relation in relations for one in relation.stops()} - set(points.id.tolist())
    stops, loose = elements.stops, []
    row_of = {int(one): row for row, one in enumerate(stops.id)}
    for one in sorted(wanted):
        if (row := row_of.get(one)) is not None:
            loose.append(_station(one, float(stops.lon[row]), float(stops.lat[row]), stops.tags[row]))
        elif one in areas.of_point:
            loose.append(_station(one, np.nan, np.nan, {}))
    # Each stop is assigned to a station; those without one are stations.
    row_of = {station.osm_id: row for row, station in enumerate(found)}
    row_of |= {one: row_of[other] for one, other in twins.items()}
    owner, orphans = _owners(found, row_of, loose, parameters.stop_m, areas)
    stations = [*found, *_own_stations(orphans, owner, areas, first=len(found))]
    stops_of: dict[int, list[int]] = defaultdict(list)
    for osm_id, row in owner.items():
        stops_of[row].append(osm_id)
    complete = tuple(replace(station, stops=tuple(stops_of[i])) for i, station in enumerate(stations))
    of_id = {s.osm_id: i for i, s in enumerate(stations)} | owner | row_of
    return complete, of_id, dict(left_out)


def _station(osm_id: int, lon: float, lat: float, tags: Tags) -> Station:
    name = tags.get("name:en") or tags.get("name") or ""
    others = (tags[key] for key in sorted(tags) if key == "name" or key.startswith("name:"))
    labels = tuple(dict.fromkeys(label for label in (tags.get("ref", ""), name, *others) if label))
    return Station(osm_id, lon, lat, name, labels)


@dataclass(frozen=True, slots=True)
class _Areas:
    """Stop areas: the members of each as points, a station with its names, and the area of each member."""

    members: Mapping[int, tuple[int, ...]]
    named: Mapping[int, Station]
    of_point: Mapping[int, int]

    @classmethod
    def of(cls, relations: Sequence[Relation]) -> _Areas:
        """Return the areas by id of their relation; a member of several belongs to the first."""
        areas = sorted(relations, key=lambda relation: relation.id)
        members = {area.id: tuple(one.point for one in area.members) for area in areas}
        named = {area.id: _station(point_id("r", area.id), np.nan, np.nan, area.tags) for area in areas}
        return cls(members, named, {one: area.id for area in reversed(areas) for one in members[area.id]})


def _twins(found: Sequence[Station], railway: set[int], areas: _Areas, limit_m: float) -> dict[int, int]:
    """Return the id of the station of railways for each station of public transport that is the same."""
    others = [station for station in found if station.osm_id not in railway]
    proper, twins = [station for station in found if station.osm_id in railway], dict[int, int]()
    for station, near in _near(proper, others, limit_m):
        area = areas.of_point.get(station.osm_id)
        for one in (proper[row] for row in near):
            if _same_name(one, station) or (area is not None and areas.of_point.get(one.osm_id) == area):
                twins.setdefault(station.osm_id, one.osm_id)
    return twins


def _near(
    found: Sequence[Station], others: Sequence[Station], limit_m: float
) -> Iterator[tuple[Station, dict[int, float]]]:
    """Yield each other station with the rows of those within the limit, and the chords between them."""
    places, others_at = (np.array([(s.lon, s.lat) for s in some]).reshape(-1, 2) for some in (found, others))
    yield from zip(others, within(others_at, places, limit_m / 1000.0), strict=True)


def _owners(
    found: Sequence[Station],
    row_of: Mapping[int, int],
    loose: Sequence[Station],
    limit_m: float,
    areas: _Areas,
) -> tuple[dict[int, int], list[Station]]:
    """Return the station of each stop position by OSM id, and the stop positions without one.

    It is that of its stop area, of several that of its name; else one near, of its name or its area's first.
    """
    owner, orphans = dict[int, int](), list[Station]()
    for stop in loose:
        area = areas.of_point.get(stop.osm_id)
        members = areas.members[area] if area is not None else ()
        if rows := [row_of[one] for one in members if one in row_of]:
            owner[stop.osm_id] = next((row for row in rows if _same_name(found[row], stop)), rows[0])
    placed = [stop for stop in loose if stop.osm_id not in owner and not np.isnan(stop.lon)]
    for stop, near in _near(found, placed, limit_m):
        area = areas.of_point.get(stop.osm_id)
        names = replace(stop, labels=(*stop.labels, *(() if area is None else areas.named[area].labels)))
        if near:
            owner[stop.osm_id] = min(
                near, key=lambda row: (not _same_name(found[row], names), near[row], row)
            )
        else:
            orphans.append(stop)
    return owner, orphans


def _own_stations(
    orphans: Sequence[Station], owner: dict[int, int], areas: _Areas, *, first: int
) -> list[Station]:
    """Return stations for stop positions without one, those of a stop area together; extend `owner`."""
    groups: dict[int, list[Station]] = defaultdict(list)
    stations: list[Station] = []
    for stop in orphans:
        area = areas.of_point.get(stop.osm_id)
        (stations if area is None else groups[area]).append(stop)
    for area, stops in groups.items():
        owner |= {stop.osm_id: first + len(stations) for stop in stops}
        named, own = areas.named[area], (name for stop in stops for name in stop.labels)
        labels = tuple(dict.fromkeys((*named.labels, *own)))
        name = named.name or next((stop.name for stop in stops if stop.name), "")
        lon, lat = (float(np.mean(place)) for place in zip(*((s.lon, s.lat) for s in stops), strict=True))
        stations.append(replace(named, lon=lon, lat=lat, name=name, labels=labels))
    return stations


def _same_name(a: Station, b: Station) -> bool:
    return bool(set(a.labels) & set(b.labels))

"""Gather the stations of a source, and the stop positions that belong to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.osm.elements import Elements, Relation, Tags
from networks.osm.vintage import was_open
from networks.rail.parameters import RailParameters
from networks.sphere import km_to_chord, unit_vectors


@dataclass(frozen=True, slots=True)
class Station:
    """A station of the source.

    Attributes
    ----------
    osm_id
        OSM node id, or the negative way id of an outline.
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
        return self.name or f"node {self.osm_id}"


@dataclass(frozen=True, slots=True)
class Stations:
    """The stations of a source.

    Attributes
    ----------
    all
        Stations in the order of the source, then stop positions that are far from any station.
    of_id
        Row of `all` for each OSM id of a station or stop position.
    left_out
        Number of stations left out, by reason.
    """

    all: tuple[Station, ...]
    of_id: Mapping[int, int]
    left_out: Mapping[str, int]


def gather(
    elements: Elements,
    relations: Sequence[Relation],
    *,
    parameters: RailParameters,
    opened_by: date | None = None,
) -> Stations:
    """Gather the stations of a source, and the stop positions of trains that belong to them.

    A stop position belongs to the nearest station within the limit; stations that share a name with it come
    first. A stop position without a station within the limit is a station of its own.

    Parameters
    ----------
    elements
        Elements of the source.
    relations
        The train services; only stop positions that they use count.
    parameters
        Tags of stations, and the distance limit `stop_m`.
    opened_by
        Leave out stations that opened after this day; None for the network of today.
    """
    left_out, found = Counter[str](), []
    points = elements.stations
    for i, tags in enumerate(points.tags):
        reason = _reason_to_leave_out(tags, parameters, opened_by)
        if reason:
            left_out[reason] += 1
        else:
            found.append(_station(int(points.id[i]), float(points.lon[i]), float(points.lat[i]), tags))
    loose = _stop_positions(elements, relations, known=set(points.id.tolist()))
    return _with_stops(found, loose, left_out, parameters.stop_m)


def _reason_to_leave_out(tags: Tags, parameters: RailParameters, opened_by: date | None) -> str:
    if tags.get("railway", "station") not in parameters.station_railway:
        return f"railway={tags['railway']}"
    for state in ("disused", "abandoned", "construction", "proposed"):
        if tags.get(state) == "yes":
            return state
    kind = tags.get("station", "")
    if kind in parameters.left_out_station:
        return f"station={kind}"
    return "" if was_open(tags.get("start_date", ""), on=opened_by) else "opened later"


def _station(osm_id: int, lon: float, lat: float, tags: Tags) -> Station:
    name = tags.get("name") or tags.get("name:en") or ""
    others = (tags[key] for key in sorted(tags) if key.startswith("name:"))
    labels = tuple(dict.fromkeys(label for label in (tags.get("ref", ""), name, *others) if label))
    return Station(osm_id, lon, lat, name, labels)


def _stop_positions(elements: Elements, relations: Sequence[Relation], *, known: set[int]) -> list[Station]:
    wanted = {m.ref if m.kind == "n" else -m.ref for relation in relations for m in relation.stops()}
    points = elements.stops
    return [
        _station(int(points.id[i]), float(points.lon[i]), float(points.lat[i]), points.tags[i])
        for i in range(len(points))
        if int(points.id[i]) in wanted - known
    ]


def _with_stops(
    found: list[Station], loose: list[Station], left_out: Mapping[str, int], limit_m: float
) -> Stations:
    """Assign stop positions to stations, and add those without one as stations."""
    owner, orphans = _owners(found, loose, limit_m)
    stations = [*found, *orphans]
    stops: dict[int, list[int]] = defaultdict(list)
    for osm_id, row in owner.items():
        stops[row].append(osm_id)
    complete = tuple(replace(station, stops=tuple(stops[i])) for i, station in enumerate(stations))
    of_id = {s.osm_id: i for i, s in enumerate(stations)} | owner
    return Stations(all=complete, of_id=of_id, left_out=dict(left_out))


def _owners(
    found: list[Station], loose: list[Station], limit_m: float
) -> tuple[dict[int, int], list[Station]]:
    """Return the station of each stop position by OSM id, and the stop positions without one."""
    if not found or not loose:
        return {}, loose
    places = _positions(loose)
    tree, chord = KDTree(_positions(found)), km_to_chord(limit_m / 1000.0)
    owner: dict[int, int] = {}
    orphans = []
    for stop, place in zip(loose, places, strict=True):
        rows = tree.query_ball_point(place, chord)
        if not rows:
            orphans.append(stop)
            continue
        distance = {row: float(np.linalg.norm(tree.data[row] - place)) for row in rows}
        owner[stop.osm_id] = min(rows, key=lambda row: (not _same_name(found[row], stop), distance[row], row))
    return owner, orphans


def _same_name(a: Station, b: Station) -> bool:
    return bool(set(a.labels) & set(b.labels))


def _positions(stations: Sequence[Station]) -> NDArray[np.float64]:
    return unit_vectors(np.array([s.lon for s in stations]), np.array([s.lat for s in stations]))

"""Place stations on tracks, and cut tracks into links between junctions, ends and stations."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely

from networks import schema
from networks.osm.elements import Elements, Nodes, Ways
from networks.osm.tags import length_factor
from networks.rail.features import Station, Track, number_of_tracks
from networks.rail.parameters import RailParameters, Running
from networks.road.builder import cut_at_junctions, geodesic_km, lines_along
from networks.schema import Floats, Ints, Network

_METRES_PER_DEGREE = 111_195.0
"""Degree of latitude on a sphere of radius 6,371 km: accurate to 0.6 %, enough for distance limits."""

_SAME_POINT_M = 1.0
"""A station this close to a point of a track uses that point instead of a new one."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Tracks with the stations on them.

    Attributes
    ----------
    tracks
        The tracks, including the points added for stations.
    lon, lat
        Coordinates of all points in degrees: those of the source, then the new ones.
    points
        For each station, its points on tracks, the nearest first; empty if no track is within the limit.
    snapped_m
        For each station, the distance to the first of its points in metres; NaN if it has none.
    unreached
        Names of the stations without a track within the limit.
    """

    tracks: tuple[Track, ...]
    lon: Floats
    lat: Floats
    points: tuple[tuple[int, ...], ...]
    snapped_m: Floats
    unreached: tuple[str, ...]


class _Hit(NamedTuple):
    """The nearest point of a track: its distance, its segment, and the share along that, 0 to 1."""

    metres: float
    track: int
    segment: int
    share: float


@dataclass(slots=True)
class _NewPoints:
    """Points added while stations are placed; the first new row is `first`.

    `added` lists for each track the segment, the share along it, and the row of each new point.
    """

    lon: list[float]
    lat: list[float]
    first: int
    added: dict[int, list[tuple[int, float, int]]]

    def point_of(self, hit: _Hit, track: Track, lon: Floats, lat: Floats) -> int:
        """Return the row of the point at a hit; add one unless an end of the segment is there."""
        a, b = track.points[hit.segment], track.points[hit.segment + 1]
        dx = (lon[b] - lon[a]) * np.cos(np.radians(lat[a]))
        length_m = float(np.hypot(dx, lat[b] - lat[a])) * _METRES_PER_DEGREE
        if hit.share * length_m <= _SAME_POINT_M:
            return int(a)
        if (1.0 - hit.share) * length_m <= _SAME_POINT_M:
            return int(b)
        row = self.first + len(self.lon)
        self.lon.append(float(lon[a] + hit.share * (lon[b] - lon[a])))
        self.lat.append(float(lat[a] + hit.share * (lat[b] - lat[a])))
        self.added[hit.track].append((hit.segment, hit.share, row))
        return row


def place(
    elements: Elements, tracks: Sequence[Track], stations: Sequence[Station], *, parameters: RailParameters
) -> Placed:
    """Place the stations on the tracks.

    A station that is a point of a track stays there, together with its stop positions on tracks. Any other
    is snapped to the nearest point of the nearest track within `snap_m`. Further tracks within `platform_m`
    serve the station as well.

    Parameters
    ----------
    elements
        Elements with the positions of all points.
    tracks
        Tracks from `networks.rail.features.choose`.
    stations
        Stations from `networks.rail.features.gather`.
    """
    lon, lat = elements.nodes.lon, elements.nodes.lat
    tree = shapely.STRtree([shapely.linestrings(lon[t.points], lat[t.points]) for t in tracks])
    tracks_of: dict[int, set[int]] = defaultdict(set)
    for i, track in enumerate(tracks):
        for row in track.points.tolist():
            tracks_of[row].add(i)
    new = _NewPoints(lon=[], lat=[], first=len(lon), added=defaultdict(list))
    points, snapped, unreached = [], [], []
    for station in stations:
        nodes = elements.nodes.rows_of(np.array([station.osm_id, *station.stops], dtype=np.int64))
        own = [row for row in nodes.tolist() if row >= 0 and row in tracks_of]
        limit = parameters.platform_m if own else parameters.snap_m
        hits = _hits(station, tracks, tree, (lon, lat), limit_m=limit)
        # The nearest track if the station has none of its own, and all others within platform distance.
        near = [] if own else hits[:1]
        done = {hit.track for hit in near}.union(*(tracks_of[row] for row in own))
        near += [hit for hit in hits if hit.track not in done and hit.metres <= parameters.platform_m]
        rows = [*own, *(new.point_of(hit, tracks[hit.track], lon, lat) for hit in near)]
        points.append(tuple(dict.fromkeys(rows)))
        snapped.append(0.0 if own else near[0].metres if near else np.nan)
        if not rows:
            unreached.append(station.label)
    placed = list(tracks)
    for i, added in new.added.items():
        rows = tracks[i].points.tolist()
        for segment, _, row in sorted(added, reverse=True):
            rows.insert(segment + 1, row)
        placed[i] = replace(tracks[i], points=np.array(rows, dtype=np.int64))
    return Placed(
        tracks=tuple(placed),
        lon=np.concatenate([lon, new.lon]),
        lat=np.concatenate([lat, new.lat]),
        points=tuple(points),
        snapped_m=np.array(snapped, dtype=np.float64),
        unreached=tuple(unreached),
    )


def _hits(
    station: Station,
    tracks: Sequence[Track],
    tree: shapely.STRtree,
    degrees: tuple[Floats, Floats],
    *,
    limit_m: float,
) -> list[_Hit]:
    """Return the nearest point of each track within the limit, the nearest track first."""
    high = limit_m / _METRES_PER_DEGREE
    wide = high / max(np.cos(np.radians(station.lat)), 0.01)
    box = shapely.box(station.lon - wide, station.lat - high, station.lon + wide, station.lat + high)
    hits = []
    for i in tree.query(box).tolist():
        # Distances are measured in a plane tangent at the station.
        lon, lat = (values[tracks[i].points] for values in degrees)
        x = (lon - station.lon) * _METRES_PER_DEGREE * np.cos(np.radians(station.lat))
        y = (lat - station.lat) * _METRES_PER_DEGREE
        dx, dy = np.diff(x), np.diff(y)
        square = dx * dx + dy * dy
        share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
        metres = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
        segment = int(np.argmin(metres))
        if metres[segment] <= limit_m:
            hits.append(_Hit(float(metres[segment]), i, segment, float(share[segment])))
    return sorted(hits)


_LEAST_KM = 1e-6
"""Shortest length of a link, since the data contract requires lengths above 0."""


def to_network(
    placed: Placed, elements: Elements, stations: Sequence[Station], *, running: Running
) -> tuple[Network, Ints, Ints, tuple[str, ...], int]:
    """Cut tracks into links, and build the network from these and the stations.

    Tracks are cut at their ends, at points that are visited more than once, and at every point of a station.

    Parameters
    ----------
    placed
        Tracks, points, and the points of each station.
    elements
        Elements with the OSM ids of the points.
    stations
        The stations, in the order of `placed.points`.
    running
        Parameters of the running time.

    Returns
    -------
    network, node_of_point, station_node, merged, loops
        The network, whose links are open in both directions and in the order of the tracks; the row of the
        nodes for each point and for each station, -1 if it is none or not on a track; the names of stations
        that share a point with an earlier one; the number of links from a point to itself that were dropped.
    """
    ids = np.concatenate([elements.nodes.id, np.zeros(len(placed.lon) - len(elements.nodes), dtype=np.int64)])
    nodes = Nodes(ids, placed.lon, placed.lat)
    is_stop = np.zeros(len(nodes), dtype=bool)
    is_stop[[row for rows in placed.points for row in rows]] = True
    ways = Ways.of([(track.way_id, track.points, track.tags) for track in placed.tracks])
    pieces = cut_at_junctions(ways, nodes, is_stop)
    start, stop = pieces.rows[pieces.first], pieces.rows[pieces.last]
    # The distance of each point from the first one along geodesics between consecutive points.
    lon, lat = placed.lon[pieces.rows], placed.lat[pieces.rows]
    along = np.cumsum([0.0, *geodesic_km(lon[:-1], lat[:-1], lon[1:], lat[1:])])
    tracks = [placed.tracks[i] for i in pieces.way.tolist()]
    factors = np.array([length_factor(track.tags) for track in tracks], dtype=np.float64)
    length_km = np.maximum((along[pieces.last] - along[pieces.first]) * factors, _LEAST_KM)
    used, at = np.unique(np.concatenate([start, stop]), return_inverse=True)
    node_of_point = np.full(len(nodes), -1, dtype=np.int64)
    node_of_point[used] = np.arange(len(used))
    # The node of each station; stations that are points of a track come before snapped ones.
    station_node = np.full(len(stations), -1, dtype=np.int64)
    first: dict[int, Station] = {}
    merged = []
    for i in np.argsort(placed.snapped_m > 0, kind="stable").tolist():
        on_network = [int(node_of_point[p]) for p in placed.points[i] if node_of_point[p] >= 0]
        if on_network:
            station_node[i] = on_network[0]
            if first.setdefault(on_network[0], stations[i]) is not stations[i]:
                merged.append(stations[i].label)
    osm_id, name = ids[used], np.full(len(used), "", dtype=object)
    kind = np.where(np.bincount(at, minlength=len(used)) == 1, "end", "junction").astype(object)
    for row, station in first.items():
        kind[row], name[row] = "station", station.name
        osm_id[row] = osm_id[row] or max(station.osm_id, 0)
    geometry = shapely.points(placed.lon[used], placed.lat[used])
    speed = np.array([t.design_kmh for t in tracks], dtype=np.float64)
    seconds = running_seconds(length_km, speed, running=running)
    whole_s = np.maximum(np.rint(seconds), 1).astype(np.int64)
    columns = {
        "tail": at[: len(start)],
        "head": at[len(start) :],
        "mode": ["rail"] * len(tracks),
        "link_class": [t.link_class for t in tracks],
        "length_km": length_km,
        "speed_kmh": speed,
        "speed_source": [t.speed_source for t in tracks],
        "oneway": np.zeros(len(tracks), dtype=bool),
        "forward_s": whole_s,
        "backward_s": whole_s,
        "osm_id": [t.way_id for t in tracks],
        **{key: [t.tags.get(key, "") for t in tracks] for key in ("name", "ref", "start_date")},
        "tracks": [number_of_tracks(t.tags) for t in tracks],
        "geometry": lines_along(pieces.rows, pieces.first, pieces.last, placed.lon, placed.lat),
    }
    table = {"osm_id": osm_id, "kind": kind, "name": name, "geometry": geometry}
    network = Network(schema.table(table, schema.NODES), schema.table(columns, schema.LINKS))
    return network, node_of_point, station_node, tuple(merged), sum(pieces.dropped.values())


def running_seconds(length_km: Floats, design_kmh: Floats, *, running: Running) -> Floats:
    """Return the running time of each link in seconds, without stops and not rounded.

    Parameters
    ----------
    length_km, design_kmh
        Length and design speed of each link.
    running
        Gives the ratio of running speed to design speed.
    """
    return 3600.0 * length_km / (running.factor * design_kmh)

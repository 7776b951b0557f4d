"""Place stations on the tracks: at points of their own, or at the nearest point of a track."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from networks.osm.elements import Elements
from networks.rail.parameters import RailParameters
from networks.rail.stations import Station, Stations
from networks.rail.tracks import Track

_METRES_PER_DEGREE = 111_195.0
"""Degree of latitude on a sphere of radius 6,371 km: accurate to 0.6 %, enough for distance limits."""

_SAME_POINT_M = 1.0
"""A station this close to a point of a track uses that point instead of a new one."""

Floats = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class _Hit:
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
    elements: Elements, tracks: Sequence[Track], stations: Stations, *, parameters: RailParameters
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
        Tracks from `networks.rail.tracks.choose`.
    stations
        Stations from `networks.rail.stations.gather`.
    parameters
        The distance limits.
    """
    lon, lat = elements.nodes.lon, elements.nodes.lat
    lines = [shapely.linestrings(lon[t.points], lat[t.points]) for t in tracks]
    tree = shapely.STRtree(lines)
    tracks_of = _tracks_of_points(tracks)
    new = _NewPoints(lon=[], lat=[], first=len(lon), added=defaultdict(list))
    points, snapped, unreached = [], [], []
    for station in stations.all:
        own = _own_points(station, elements, tracks_of)
        limit = parameters.platform_m if own else parameters.snap_m
        hits = _hits(station, tracks, tree, (lon, lat), limit_m=limit)
        served = {track for row in own for track in tracks_of[row]}
        near = _near_hits(hits, served, own=bool(own), platform_m=parameters.platform_m)
        rows = [*own, *(new.point_of(hit, tracks[hit.track], lon, lat) for hit in near)]
        points.append(tuple(dict.fromkeys(rows)))
        snapped.append(0.0 if own else near[0].metres if near else np.nan)
        if not rows:
            unreached.append(station.label)
    return Placed(
        tracks=tuple(_with_added(track, new.added.get(i, [])) for i, track in enumerate(tracks)),
        lon=np.concatenate([lon, new.lon]),
        lat=np.concatenate([lat, new.lat]),
        points=tuple(points),
        snapped_m=np.array(snapped, dtype=np.float64),
        unreached=tuple(unreached),
    )


def _tracks_of_points(tracks: Sequence[Track]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for i, track in enumerate(tracks):
        for row in track.points.tolist():
            found[row].add(i)
    return found


def _own_points(station: Station, elements: Elements, tracks_of: Mapping[int, set[int]]) -> list[int]:
    rows = elements.nodes.rows_of(np.array([station.osm_id, *station.stops], dtype=np.int64))
    return [row for row in rows.tolist() if row >= 0 and row in tracks_of]


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
        rows = tracks[i].points
        segment, share, metres = _nearest_on_line(
            degrees[0][rows], degrees[1][rows], at_lon=station.lon, at_lat=station.lat
        )
        if metres <= limit_m:
            hits.append(_Hit(metres, i, segment, share))
    return sorted(hits, key=lambda hit: (hit.metres, hit.track))


def _nearest_on_line(lon: Floats, lat: Floats, *, at_lon: float, at_lat: float) -> tuple[int, float, float]:
    """Return the segment of a line nearest to a place, the share along it (0 to 1), and the distance in m.

    Distances are measured in a plane tangent at the place.
    """
    x = (lon - at_lon) * _METRES_PER_DEGREE * np.cos(np.radians(at_lat))
    y = (lat - at_lat) * _METRES_PER_DEGREE
    dx, dy = np.diff(x), np.diff(y)
    square = dx * dx + dy * dy
    share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    metres = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
    segment = int(np.argmin(metres))
    return segment, float(share[segment]), float(metres[segment])


def _near_hits(hits: list[_Hit], served: set[int], *, own: bool, platform_m: float) -> list[_Hit]:
    """Keep the nearest track if the station has none of its own, and all others within platform distance."""
    kept = [] if own else hits[:1]
    done = served | {hit.track for hit in kept}
    return kept + [hit for hit in hits if hit.track not in done and hit.metres <= platform_m]


def _with_added(track: Track, added: list[tuple[int, float, int]]) -> Track:
    if not added:
        return track
    points = track.points.tolist()
    for segment, _, row in sorted(added, reverse=True):
        points.insert(segment + 1, row)
    return replace(track, points=np.array(points, dtype=np.int64))

"""Set stations on the tracks: as points of theirs, or carried to the nearest point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from networks.osm.elements import Elements
from networks.rail.geometry import METRES_A_DEGREE, nearest_on_line
from networks.rail.parameters import RailParameters
from networks.rail.stations import Station, Stations
from networks.rail.tracks import Track

_SAME_POINT_M = 1.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Tracks with the stations on them.

    Attributes
    ----------
    tracks
        The tracks, with the points where stations were carried to.
    lon, lat
        Degrees of all points: those of the source, then the new ones.
    points
        For each station the points of the tracks that it serves, the nearest first; empty when out of reach.
    snapped_m
        For each station the distance to the first of its points, metres; nan when out of reach.
    unreached
        Stations out of reach: name (or id), and metres to the nearest track where one was looked at.
    """

    tracks: tuple[Track, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    points: tuple[tuple[int, ...], ...]
    snapped_m: NDArray[np.float64]
    unreached: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    metres: float
    track: int
    segment: int
    share: float


@dataclass(slots=True)
class _Draft:
    """Points that are being added while stations are placed."""

    lon: list[float]
    lat: list[float]
    first: int
    added: dict[int, list[tuple[int, float, int]]]

    def point_of(self, hit: _Hit, track: Track, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> int:
        a, b = track.points[hit.segment], track.points[hit.segment + 1]
        dx = (lon[b] - lon[a]) * np.cos(np.radians(lat[a]))
        length_m = float(np.hypot(dx, lat[b] - lat[a])) * METRES_A_DEGREE
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
    """Set the stations on the tracks.

    A station that is a point of a track stays there, and its stopping points on tracks count as well; any
    other is carried to the nearest point of the nearest track within the limit. Further tracks that pass
    within the platform distance serve it too.

    Parameters
    ----------
    elements
        What was read.
    tracks
        The tracks chosen.
    stations
        The stations gathered.
    parameters
        The limits.

    Returns
    -------
    Placed
        Tracks with new points, and the points of each station.
    """
    lon, lat = elements.nodes.lon, elements.nodes.lat
    lines = [shapely.linestrings(lon[t.points], lat[t.points]) for t in tracks]
    tree = shapely.STRtree(lines)
    tracks_of = _tracks_of_points(tracks)
    draft = _Draft(lon=[], lat=[], first=len(lon), added=defaultdict(list))
    points, snapped, unreached = [], [], []
    for station in stations.all:
        own = _own_points(station, elements, tracks_of)
        limit = parameters.platform_m if own else parameters.snap_m
        hits = _hits(station, tracks, tree, (lon, lat), limit_m=limit)
        served = {track for row in own for track in tracks_of[row]}
        near = _near_hits(hits, served, own=bool(own), platform_m=parameters.platform_m)
        rows = [*own, *(draft.point_of(hit, tracks[hit.track], lon, lat) for hit in near)]
        points.append(tuple(dict.fromkeys(rows)))
        snapped.append(0.0 if own else near[0].metres if near else np.nan)
        if not rows:
            unreached.append(station.label)
    return Placed(
        tracks=tuple(_with_added(track, draft.added.get(i, [])) for i, track in enumerate(tracks)),
        lon=np.concatenate([lon, draft.lon]),
        lat=np.concatenate([lat, draft.lat]),
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
    degrees: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    limit_m: float,
) -> list[_Hit]:
    high = limit_m / METRES_A_DEGREE
    wide = high / max(np.cos(np.radians(station.lat)), 0.01)
    box = shapely.box(station.lon - wide, station.lat - high, station.lon + wide, station.lat + high)
    hits = []
    for i in tree.query(box).tolist():
        rows = tracks[i].points
        segment, share, metres = nearest_on_line(
            degrees[0][rows], degrees[1][rows], at_lon=station.lon, at_lat=station.lat
        )
        if metres <= limit_m:
            hits.append(_Hit(metres, i, segment, share))
    return sorted(hits, key=lambda hit: (hit.metres, hit.track))


def _near_hits(hits: list[_Hit], served: set[int], *, own: bool, platform_m: float) -> list[_Hit]:
    """Keep the nearest track when the station has none of its own, and each further one at the platforms."""
    kept = [] if own else hits[:1]
    done = served | {hit.track for hit in kept}
    return kept + [hit for hit in hits if hit.track not in done and hit.metres <= platform_m]


def _with_added(track: Track, added: list[tuple[int, float, int]]) -> Track:
    if not added:
        return track
    points = track.points.tolist()
    for segment, _, row in sorted(added, reverse=True):
        points.insert(segment + 1, row)
    return track.through(np.array(points, dtype=np.int64))

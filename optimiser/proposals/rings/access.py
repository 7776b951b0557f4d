"""Find where a ring may run and which cities it serves: its band, drives from cities, stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optimiser.proposals.base_case import BaseCase, great_circle_km, project
from optimiser.proposals.rings.graph import RingGraph, Stops
from optimiser.proposals.rings.rules import RingRules

_FARTHEST_KM = 5.0
"""A station is reached from the road node nearest to it, if that is at most this far away."""
_WALK_KMH = 20.0
"""Speed on the straight line between a station, or the end of a new road, and the nearest road node (assumed:
streets that the network does not contain)."""
_STEP_DEG = 0.01
"""Lines are sampled every hundredth of a degree, about a kilometre."""


def drive_times(graph: RingGraph, base: BaseCase) -> NDArray[np.float64]:
    """Return the driving seconds from each city to each node of a ring graph over the roads of today.

    Drives start where cities are snapped to the network. Nodes of roads are reached as they are, others from
    the road node nearest to them.

    Returns
    -------
    numpy.ndarray
        float64 [cities, nodes], infinite where no path exists.
    """
    found = np.full((len(base.ids), len(graph.nodes)), np.inf)
    roads = [k for k, node in enumerate(graph.nodes) if node.key.startswith("road:")]
    found[:, roads] = base.drive_s[:, [int(graph.nodes[k].key.removeprefix("road:")) for k in roads]]
    others = np.setdiff1d(np.arange(len(graph.nodes)), roads)
    if not len(others):
        return found
    reached = np.flatnonzero(np.isfinite(base.drive_s).any(axis=0))
    if not len(reached):
        return found
    lon, lat = (values[reached] for values in base.road_points)
    both = project(np.concatenate([lon, graph.lon[others]]), np.concatenate([lat, graph.lat[others]]))
    _, nearest = cKDTree(both[: len(lon)]).query(both[len(lon) :])
    km = great_circle_km(graph.lon[others], graph.lat[others], lon[nearest], lat[nearest])
    seconds = base.drive_s[:, reached[nearest]] + km / _WALK_KMH * 3600.0
    found[:, others] = np.where(km <= _FARTHEST_KM, seconds, np.inf)
    return found


def stops_of(graph: RingGraph, rules: RingRules, base: BaseCase) -> Stops:
    """Return for each city that may lie on a ring the nodes of the graph where it does.

    A city lies where the drive from it takes at most the time that the rules allow, to the second. The
    centres of the ring do not count.

    Parameters
    ----------
    graph
        The graph.
    rules
        Tiers, and the time allowed.
    base
        Cities and roads.
    """
    seconds = np.ceil(drive_times(graph, base))
    can_stop = np.array([node.can_stop for node in graph.nodes], dtype=bool)
    found = {}
    for city, tier in enumerate(base.tiers):
        if rules.may_serve(city, tier):
            near = np.flatnonzero(can_stop & (seconds[city] <= rules.on_s))
            if len(near):
                found[city] = {node: int(seconds[city, node]) for node in near.tolist()}
    return found


def within_time(graph: RingGraph, rules: RingRules, base: BaseCase) -> NDArray[np.bool_]:
    """Tell which links have both ends within the driving times from the nearest centre; bool [links]."""
    if not np.isfinite(rules.time_s[1]) and rules.time_s[0] <= 0:
        return np.ones(len(graph.links), dtype=bool)
    seconds = drive_times(graph, base)[list(rules.centres)].min(axis=0)
    on_time = (seconds >= rules.time_s[0]) & (seconds <= rules.time_s[1])
    return np.asarray(on_time[graph.ends].all(axis=1), dtype=bool)


def within_distance(lines: Sequence[shapely.Geometry], rules: RingRules, base: BaseCase) -> NDArray[np.bool_]:
    """Tell which lines keep the distances of a ring from its centres all along; bool [lines].

    The distance of a point is that from its nearest centre. A ring with rivals keeps to where the nearest of
    all these cities is a centre of its own.

    Parameters
    ----------
    lines
        Lines in degrees.
    rules
        Distances, centres and rivals.
    base
        Positions of the cities.
    """
    if not len(lines):
        return np.zeros(0, dtype=bool)
    points, owner = shapely.get_coordinates(
        shapely.segmentize(np.array(lines, dtype=object), _STEP_DEG), return_index=True
    )
    own = _nearest_km(points, rules.centres, base)
    inside = (own >= rules.radius_km[0]) & (own <= rules.radius_km[1])
    if rules.rivals:
        inside &= own < _nearest_km(points, rules.rivals, base)
    outside = np.bincount(owner, weights=~inside, minlength=len(lines))
    return np.asarray(outside == 0, dtype=bool)


def _nearest_km(points: NDArray[np.float64], cities: tuple[int, ...], base: BaseCase) -> NDArray[np.float64]:
    """Return the distance of points from the nearest of some cities, km."""
    found = [great_circle_km(points[:, 0], points[:, 1], base.lon[city], base.lat[city]) for city in cities]
    return np.asarray(np.min(found, axis=0), dtype=np.float64)

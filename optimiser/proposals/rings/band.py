"""Keep to the band in which a ring may run: so far from its centres, or so long a drive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.proposals.candidates.neighbours import great_circle_km
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.graph import RingGraph
from optimiser.proposals.rings.rules import RingRules

_STEP_DEG = 0.01
"""Lines are looked at every hundredth of a degree, about a kilometre."""


def in_band(graph: RingGraph, rules: RingRules, situation: Situation, driving: Driving) -> RingGraph:
    """Return the links that lie within the band of a ring, and all their nodes.

    The distance of a link is that of every point of its line from the centre nearest to the point; its
    driving time is that of both of its ends. A ring with rivals keeps to where the nearest of all these
    cities is a centre of its own.

    Parameters
    ----------
    graph
        Links of any length.
    rules
        The band, centres and rivals.
    situation
        Where the cities are.
    driving
        Driving times from the cities.
    """
    timed = np.isfinite(rules.time_s[1]) or rules.time_s[0] > 0
    seconds = driving.from_nearest(rules.centres, graph) if timed else np.zeros(len(graph.nodes))
    on_time = (seconds >= rules.time_s[0]) & (seconds <= rules.time_s[1])
    near = within_distance([link.line for link in graph.links], rules, situation)
    return graph.take(
        [
            position
            for position, link in enumerate(graph.links)
            if near[position] and on_time[link.tail] and on_time[link.head]
        ]
    )


def within_distance(
    lines: Sequence[shapely.Geometry], rules: RingRules, situation: Situation
) -> NDArray[np.bool_]:
    """Tell which lines lie within the distances of a ring from its centres, all along.

    Parameters
    ----------
    lines
        Lines in degrees.
    rules
        Distances, centres and rivals.
    situation
        Where the cities are.
    """
    if not len(lines):
        return np.zeros(0, dtype=bool)
    points, owner = shapely.get_coordinates(
        shapely.segmentize(np.array(lines, dtype=object), _STEP_DEG), return_index=True
    )
    own = _nearest_km(points, rules.centres, situation)
    inside = (own >= rules.radius_km[0]) & (own <= rules.radius_km[1])
    if rules.rivals:
        inside &= own < _nearest_km(points, rules.rivals, situation)
    outside = np.bincount(owner, weights=~inside, minlength=len(lines))
    return np.asarray(outside == 0, dtype=bool)


def _nearest_km(
    points: NDArray[np.float64], cities: tuple[int, ...], situation: Situation
) -> NDArray[np.float64]:
    """Return the distance of points from the nearest of some cities, km."""
    found = [
        great_circle_km(
            points[:, 0], points[:, 1],
            np.full(len(points), situation.lon[city]), np.full(len(points), situation.lat[city]),
        )
        for city in cities
    ]  # fmt: skip
    return np.asarray(np.min(found, axis=0), dtype=np.float64)

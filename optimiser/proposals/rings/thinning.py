"""Leave out corners of the line of a link where that moves it little and over no centre."""

from __future__ import annotations

import math
from collections.abc import Sequence

import shapely

from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import ray_crossings
from optimiser.proposals.rings.graph import DEGREE

_KM_A_DEGREE = 111.2
"""Length of a degree of a great circle, km."""


def thinned(line: Sequence[Point], centres: Sequence[Point], *, within_km: float) -> tuple[Point, ...]:
    """Return the inner corners of a line of which as many as possible are left out.

    Between the old line and the new one lies no centre, so every circuit winds round each centre as often as
    before (Douglas and Peucker 1973 for the choice of corners; the windings are counted in integers).

    Parameters
    ----------
    line
        Corners from node to node, 1e-7 degree.
    centres
        The centres, 1e-7 degree.
    within_km
        The line moves by at most so much.
    """
    closest = within_km
    while closest > within_km / 100 and len(line) > 2:
        kept = _simplified(line, closest)
        if all(ray_crossings([*line, *kept[-2::-1]], centre) == 0 for centre in centres):
            return tuple(kept[1:-1])
        closest /= 4
    return tuple(line[1:-1])


def _simplified(line: Sequence[Point], within_km: float) -> list[Point]:
    """Return a line simplified on a plane of km round its first point, ends kept."""
    scale = _KM_A_DEGREE / DEGREE
    narrow = scale * math.cos(math.radians(line[0][1] / DEGREE))
    plane = shapely.LineString([(x * narrow, y * scale) for x, y in line])
    chosen = plane.simplify(within_km, preserve_topology=False)
    places = {(x * narrow, y * scale): (x, y) for x, y in line}
    kept = [places[x, y] for x, y in chosen.coords]
    return kept if len(kept) > 1 else [line[0], line[-1]]

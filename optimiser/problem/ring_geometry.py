"""Count in exact integers how often the links of a ring cross the rays from its centres.

These counts are the coefficients of the model and of the circuit searches. The independent check does not use
them: `verify.rings` computes winding numbers by another method.
"""

from collections.abc import Sequence
from itertools import pairwise

from optimiser.problem.ring import Point, Ring


def link_line(ring: Ring, link: int) -> list[Point]:
    """Return the corners of a link, named by its position, from tail to head."""
    found = ring.links[link]
    return [ring.nodes[found.tail], *found.via, ring.nodes[found.head]]


def link_crossings(ring: Ring, link: int) -> tuple[int, ...] | None:
    """Return how often a link, passed from tail to head, crosses the ray from each centre (`ray_crossings`).

    Parameters
    ----------
    ring
        The ring.
    link
        Position of the link in `Ring.links`.

    Returns
    -------
    tuple or None
        One number a centre; None when the link runs through a centre, so that no circuit may use it.
    """
    line = link_line(ring, link)
    counts = [ray_crossings(line, centre) for centre in ring.centres]
    return None if None in counts else tuple(n for n in counts if n is not None)


def ray_crossings(line: Sequence[Point], centre: Point) -> int | None:
    """Return how often an open line crosses the ray from a point eastwards, northwards less southwards.

    Parameters
    ----------
    line
        The corners, in order.
    centre
        The point.

    Returns
    -------
    int or None
        None when the line runs through the point. Counts of joined lines add up, and a line passed the other
        way has the opposite count; so the counts along a closed line sum to its winding number.

    Notes
    -----
    Sunday, "Inclusion of a point in a polygon" (2001). The lower end of an edge belongs to it and the upper
    end does not. This amounts to moving the ray northwards by less than any distance, so that it meets no
    corner. Python integers do not overflow.
    """
    x, y = centre
    count = 0
    for (ax, ay), (bx, by) in pairwise(line):
        # Twice the area of the triangle a, b, centre: positive when the centre lies left of a -> b.
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return None
        if ay <= y < by and side > 0:
            count += 1
        elif by <= y < ay and side < 0:
            count -= 1
    return count

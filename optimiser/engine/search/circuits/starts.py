"""Find a few good rings fast, from which plans can start."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np

from optimiser.engine.search.circuits.cover import Cover, cover_of
from optimiser.engine.search.circuits.insertion import Circuit, Grounds, led_past, shortened
from optimiser.engine.search.circuits.shortest import shortest_in
from optimiser.engine.search.paths import Integers, Mask
from optimiser.problem import Ring
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import link_line

PULLS = (0, 1, 2, 4)
"""How strongly stops shorten the links beside them, in mean lengths of a link."""

TRIES = 30
"""Walks that are looked at for each shortest circuit."""


def drawn_lengths(ring: Ring) -> Integers:
    """Return the length of each link as it is drawn, on a sphere that is flat near the ring.

    Parameters
    ----------
    ring
        The ring.

    Returns
    -------
    NDArray
        int64 [links], in 1e-7 degree of latitude, which is 1.1 cm; it ranks circuits that cost the same, and
        decides nothing else.
    """
    north = math.radians(sum(y for _, y in ring.nodes) / max(1, len(ring.nodes)) * 1e-7)
    east = math.cos(north)

    def line(points: list[Point]) -> int:
        return round(sum(math.hypot((b[0] - a[0]) * east, b[1] - a[1]) for a, b in pairwise(points)))

    lines = (link_line(ring, a) for a in range(len(ring.links)))
    return np.array([line(points) for points in lines], dtype=np.int64)


def start_circuits(
    ring: Ring, length: Integers, *, barred: Collection[str] = (), closed: Mask | None = None
) -> tuple[Circuit, ...]:
    """Return circuits that form a ring, the shortest first; empty when none was found.

    Parameters
    ----------
    ring
        The ring.
    length
        int64 [links], >= 0: what makes a circuit dear.
    barred
        Ids of candidates that may not be built.
    closed
        bool [links]: links that may not be used; None for none.

    Notes
    -----
    A shortest circuit, once as lengths are and once with links beside stops shortened by several rewards (the
    multiplier of the row that asks for stops, cut off at length 0), is led past the stops that it misses and
    then shortened. Each is a heuristic; what they find is checked by the exact winding number.
    """
    cover = cover_of(ring, barred=barred)
    shut = np.zeros(len(ring.links), dtype=np.bool_) if closed is None else closed
    grounds = Grounds(ring, cover, np.ascontiguousarray(length, dtype=np.int64), shut)
    found = {frozenset(links): links for links in _found(grounds, cover)}
    return tuple(sorted(found.values(), key=lambda links: (grounds.measure(links), links)))


def _found(grounds: Grounds, cover: Cover) -> Iterator[Circuit]:
    ring = grounds.ring
    beside = np.zeros(len(ring.nodes), dtype=np.int64)
    for stop in ring.stops:
        beside[sorted(set(stop.nodes))] = 1
    ends = beside[cover.tail_of] + beside[cover.head_of]
    usable = grounds.length[cover.odd >= 0]
    unit = int(usable.mean()) if len(usable) else 0
    for pull in PULLS if ring.least_stops else PULLS[:1]:
        drawn = np.maximum(0, grounds.length - pull * unit * ends)
        circuit = shortest_in(ring, cover, drawn, banned=grounds.closed, tries=TRIES).links
        longer = led_past(grounds, circuit) if circuit else None
        if longer is not None:
            yield shortened(grounds, longer)

"""Cover the graph of a ring by a sheet for each set of centres whose rays were crossed oddly often.

A circuit winds +1 or -1 round a centre only if it crosses the ray from it an odd number of times. So each
node v is taken once for every set m of centres, and a link from u to v that crosses the rays of the centres w
an odd number of times leads from (u, m) to (v, m xor w). A closed walk from v that goes an odd number of
times round every centre is a path from (v, none) to (v, all): this is the layered shortest path, with a sheet
for a layer, as shortest circuits on surfaces are found (Erickson and Nayyeri, "Minimum cuts and shortest
non-separating cycles via homology covers", SODA 2011).

Counting modulo two keeps the cover finite, whatever way a walk turns, and asks for no orientation. It is a
relaxation: walks that wind three times are let through, and those that visit a node twice.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.paths import Integers
from optimiser.problem import Ring
from optimiser.problem.ring_geometry import link_crossings

MOST_CENTRES = 6
"""Centres that are told apart, since each doubles the cover; the others are ignored, which relaxes more."""


class Cover(NamedTuple):
    """The usable links of a ring in compressed rows by node, with the rays that they cross.

    Attributes
    ----------
    start
        int64 [n + 1]: the ends of links at node v are `start[v]:start[v + 1]`.
    link, head
        int64 [2 m]: position of the link in `Ring.links`, and the node it leads to.
    tail_of, head_of
        int64 [links]: ends of each link.
    odd
        int64 [links]: set of the centres (bit s for centre s) whose rays the link crosses an odd number of
        times; -1 for a link that cannot be used.
    turns
        int64 [links x centres]: how often each link, passed from tail to head, crosses the ray of each
        centre, northwards less southwards; 0 for a link that cannot be used.
    every
        The set of all centres that are told apart.
    """

    start: Integers
    link: Integers
    head: Integers
    tail_of: Integers
    head_of: Integers
    odd: Integers
    turns: Integers
    every: int


def cover_of(ring: Ring, *, barred: Collection[str] = ()) -> Cover:
    """Return the cover of a ring.

    Parameters
    ----------
    ring
        The ring.
    barred
        Ids of candidates that may not be built; their links, and links through a centre, cannot be used.
    """
    tail = np.array([link.tail for link in ring.links], dtype=np.int64)
    head = np.array([link.head for link in ring.links], dtype=np.int64)
    turns = np.zeros((len(ring.links), len(ring.centres)), dtype=np.int64)
    odd = np.full(len(ring.links), -1, dtype=np.int64)
    told_apart = min(MOST_CENTRES, len(ring.centres))
    for a, link in enumerate(ring.links):
        counted = None if link.candidate in barred else link_crossings(ring, a)
        if counted is not None:
            turns[a] = counted
            odd[a] = sum(1 << s for s, n in enumerate(counted[:told_apart]) if n % 2)
    used = np.flatnonzero(odd >= 0)
    ends = np.concatenate((tail[used], head[used]))
    order = np.lexsort((np.tile(used, 2), ends))
    counts = np.bincount(ends, minlength=len(ring.nodes))
    return Cover(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        link=np.tile(used, 2)[order].astype(np.int64),
        head=np.concatenate((head[used], tail[used]))[order].astype(np.int64),
        tail_of=tail,
        head_of=head,
        odd=odd,
        turns=turns,
        every=(1 << told_apart) - 1,
    )

"""Find a shortest circuit that winds once round every centre of a ring, by branching on shortest walks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from optimiser.engine.search.circuits.cover import Cover, cover_of
from optimiser.engine.search.circuits.walks import closed_walk
from optimiser.engine.search.paths import FAR, Integers, Mask
from optimiser.problem import Ring
from optimiser.verify.rings import circuit_nodes

TRIES = 200
"""Walks that are looked at before the search is given up; a few are enough but on purpose."""


@dataclass(frozen=True, slots=True)
class ShortestCircuit:
    """What is known of a shortest circuit.

    Attributes
    ----------
    links
        Positions of the links of the shortest circuit found, in order; empty when none was found.
    length
        Its length; None without one.
    bound
        No circuit is shorter; None: it is proved that there is none at all (or none below the limit).
    """

    links: tuple[int, ...]
    length: int | None
    bound: int | None

    @property
    def is_proved(self) -> bool:
        """Say whether the circuit is a shortest one, or it is proved that there is none."""
        return self.length == self.bound


def shortest_circuit(
    ring: Ring,
    length: Integers,
    *,
    barred: Collection[str] = (),
    banned: Mask | None = None,
    limit: int = int(FAR),
    tries: int = TRIES,
) -> ShortestCircuit:
    """Return a shortest circuit that visits no node twice and winds once round every centre.

    Parameters
    ----------
    ring
        The ring; its stops are not looked at.
    length
        int64 [links], >= 0.
    barred
        Ids of candidates that may not be built.
    banned
        bool [links]: links that may not be used; None for none.
    limit
        Circuits of this length or more are of no interest.
    tries
        Walks that are looked at before the search is given up.

    Notes
    -----
    A shortest walk in the cover (`circuits.cover`) may visit nodes twice. The circuits that it consists of
    are tried; where one of them forms the ring it is a shortest one, since a walk is no longer than its
    parts. Otherwise there is a node at which the walk uses three links or more, or it is itself a circuit
    that winds otherwise. A circuit uses two links at a node, so it leaves out one of the three; in the second
    case, one of all. So the search branches on which one is banned, the shortest walk first. Lengths are
    lower bounds of all that follows, so that the first circuit found is a shortest one.
    """
    cover = cover_of(ring, barred=barred)
    return shortest_in(ring, cover, length, banned=banned, limit=limit, tries=tries)


def shortest_in(
    ring: Ring,
    cover: Cover,
    length: Integers,
    *,
    banned: Mask | None = None,
    limit: int = int(FAR),
    tries: int = TRIES,
) -> ShortestCircuit:
    """Return a shortest circuit as `shortest_circuit` does, in a cover that is known."""
    length = np.ascontiguousarray(length, dtype=np.int64)
    barriers = crossing_links(cover)
    kept_out = np.zeros(len(length), dtype=np.bool_) if banned is None else banned
    numbers, seen = itertools.count(), set[bytes]()
    heap: list[tuple[int, int, Mask, list[int]]] = []

    def push(closed: Mask) -> None:
        key = np.packbits(closed).tobytes()
        if key not in seen:
            seen.add(key)
            walked, walk = closed_walk(cover, length, closed, barriers, limit)
            if walked < FAR:
                heapq.heappush(heap, (int(walked), next(numbers), closed, walk.tolist()))

    push(kept_out)
    for _ in range(tries):
        if not heap:
            return ShortestCircuit((), None, None)
        walked, _, closed, walk = heapq.heappop(heap)
        parts = circuits_of_walk(cover, walk)
        whole = next((part for part in parts if winds_once(ring, cover, part)), None)
        if whole is not None:
            return ShortestCircuit(whole, int(length[list(whole)].sum()), walked)
        for a in _one_of_these(cover, walk, parts):
            less = closed.copy()
            less[a] = True
            push(less)
    return ShortestCircuit((), None, heap[0][0]) if heap else ShortestCircuit((), None, None)


def crossing_links(cover: Cover) -> Integers:
    """Return the links that cross the ray of one centre an odd number of times, of the centre with fewest.

    Every circuit that forms the ring uses one of them.
    """
    centres = range(int(cover.every).bit_length())
    sets = [np.flatnonzero((cover.odd >= 0) & (cover.odd >> s & 1 == 1)) for s in centres]
    return min(sets, key=len).astype(np.int64)


def circuits_of_walk(cover: Cover, walk: list[int]) -> list[tuple[int, ...]]:
    """Return circuits that a closed walk consists of, each of which visits no node twice.

    A link that is walked there and back at once is left out.

    Parameters
    ----------
    cover
        The cover.
    walk
        Links in order; the first is passed from tail to head.
    """
    at = int(cover.tail_of[walk[0]])
    nodes, links, found = [at], list[int](), []
    for a in walk:
        at = int(cover.head_of[a] if cover.tail_of[a] == at else cover.tail_of[a])
        links.append(a)
        if at in nodes:
            place = nodes.index(at)
            part = tuple(links[place:])
            nodes, links = nodes[: place + 1], links[:place]
            if len(set(part)) == len(part):
                found.append(part)
        else:
            nodes.append(at)
    return found


def winds_once(ring: Ring, cover: Cover, links: tuple[int, ...]) -> bool:
    """Say whether links are a circuit that visits no node twice and winds once round every centre."""
    nodes = circuit_nodes(ring, links)
    if nodes is None or len(set(nodes)) < len(nodes):
        return False
    passed = np.array(links)
    ahead = np.where(cover.tail_of[passed] == np.array(nodes), 1, -1)
    return bool((np.abs(ahead @ cover.turns[passed]) == 1).all())


def _one_of_these(cover: Cover, walk: list[int], parts: list[tuple[int, ...]]) -> list[int]:
    """Return links of which a circuit that forms the ring leaves out one at least."""
    at: dict[int, set[int]] = {}
    for a in walk:
        for v in (int(cover.tail_of[a]), int(cover.head_of[a])):
            at.setdefault(v, set()).add(a)
    busy = sorted((len(links), v) for v, links in at.items() if len(links) > 2)
    return sorted(at[busy[0][1]]) if busy else sorted(parts[0] if parts else set(walk))

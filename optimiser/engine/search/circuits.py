"""Find shortest circuits of a ring that wind once round its centres, and bound circuits through each link.

The graph of a ring is covered by a sheet for each set of centres whose rays were crossed an odd number of
times. A circuit winds +1 or -1 round a centre only if it crosses the ray from it an odd number of times. So
each node v is taken once for every set m of centres, and a link from u to v that crosses the rays of the
centres w an odd number of times leads from (u, m) to (v, m xor w). A closed walk from v that goes an odd
number of times round every centre is a path from (v, none) to (v, all). This is a layered shortest path with
a sheet for a layer, as shortest circuits on surfaces are found (Erickson and Nayyeri, "Minimum cuts and
shortest non-separating cycles via homology covers", SODA 2011).

Counting modulo two keeps the cover finite, whatever way a walk turns, and needs no orientation. It is a
relaxation: walks that wind three times are admitted, and those that visit a node twice.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np

from optimiser.engine.search.compiled import ONE, compiled
from optimiser.engine.search.paths import UNREACHED, Integers, Mask, Whole, pop, push
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring_geometry import link_crossings
from optimiser.verify.rings import circuit_nodes

type Circuit = tuple[int, ...]
"""Positions of links, in order."""

MOST_CENTRES = 6
"""Centres that are told apart, since each doubles the cover; ignoring the others relaxes more."""

TRIES = 200
"""Walks that are looked at before a search is given up; a few are enough except in contrived cases."""

LARGEST = int(UNREACHED) // 2**9
"""Most that all candidates may cost for lengths to add up: a walk passes a link twice in each sheet."""


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
    distinct = min(MOST_CENTRES, len(ring.centres))
    for a, link in enumerate(ring.links):
        counted = None if link.candidate in barred else link_crossings(ring, a)
        if counted is not None:
            turns[a] = counted
            odd[a] = sum(1 << s for s, n in enumerate(counted[:distinct]) if n % 2)
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
        every=(1 << distinct) - 1,
    )


@compiled
def lengths_from(
    cover: Cover,
    length: Integers,
    banned: Mask,
    shut: Mask,
    origin: Whole,
    target: Whole,
    limit: Whole,
) -> tuple[Integers, Integers]:
    """Return the lengths of shortest walks from a state of the cover, and the last link of each (Dijkstra).

    Parameters
    ----------
    cover
        The cover; state (v, m) has the number `v * (every + 1) + m`.
    length
        int64 [links], >= 0.
    banned
        bool [links]: links that may not be used.
    shut
        bool [n]: nodes at which a walk may end but not go on.
    origin
        State to start from; shutting its node has no effect.
    target
        State at which to stop; -1: none.
    limit
        Walks of this length or more are of no interest.

    Returns
    -------
    tuple
        int64 [states] each: lengths, `UNREACHED` where no path shorter than the limit is known, and the last
        link of each path, -1 for none. States longer than the target are not final.
    """
    sheets = cover.every + 1
    found = np.full((cover.start.size - 1) * sheets, UNREACHED)
    last = np.full(found.size, np.int64(-1))
    heap_length = np.empty(cover.link.size * sheets + 1, np.int64)
    heap_state = np.empty(heap_length.size, np.int64)
    found[origin] = 0
    heap_length[0], heap_state[0] = 0, origin
    size = ONE
    while size:
        size = pop(heap_length, heap_state, size)
        walked, state = heap_length[size], heap_state[size]
        if state == target:
            break
        if walked > found[state]:
            continue
        node, odd = state // sheets, state % sheets
        if shut[node] and state != origin:
            continue
        for end in range(cover.start[node], cover.start[node + 1]):
            link = cover.link[end]
            if banned[link]:
                continue
            to = cover.head[end] * sheets + (odd ^ cover.odd[link])
            reached = walked + length[link]
            if reached < found[to] and reached < limit:
                found[to] = reached
                last[to] = link
                size = push(heap_length, heap_state, size, reached, to)
    return found, last


@compiled
def closed_walk(
    cover: Cover, length: Integers, banned: Mask, first: Integers, limit: Whole
) -> tuple[Whole, Integers]:
    """Return a shortest closed walk that goes an odd number of times round every centre.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links], >= 0.
    banned
        bool [links]: links that may not be used.
    first
        int64: links of which the walk uses one at least; each is left out once it was tried.
    limit
        Walks of this length or more are of no interest.

    Returns
    -------
    tuple
        Its length, `UNREACHED` where there is none; its links in order.
    """
    sheets = cover.every + 1
    kept_out = banned.copy()
    shut = np.zeros(cover.start.size - 1, np.bool_)
    best = np.int64(limit)
    walk = np.empty(0, np.int64)
    for a in first:
        if kept_out[a]:
            continue
        kept_out[a] = True
        origin = cover.head_of[a] * sheets + cover.odd[a]
        target = cover.tail_of[a] * sheets + cover.every
        found, last = lengths_from(cover, length, kept_out, shut, origin, target, best - length[a])
        if found[target] < UNREACHED:
            best = found[target] + length[a]
            walk = np.append(np.array([a]), walk_to(cover, last, origin, target))
    return (best if walk.size else UNREACHED), walk


@compiled
def walk_to(cover: Cover, last: Integers, origin: Whole, target: Whole) -> Integers:
    """Return the links of a shortest walk in order, from the last link of each state."""
    sheets = cover.every + 1
    count, state = 0, target
    while state != origin:
        link = last[state]
        node = state // sheets
        other = cover.tail_of[link] if cover.head_of[link] == node else cover.head_of[link]
        state = other * sheets + ((state % sheets) ^ cover.odd[link])
        count += 1
    walk = np.empty(count, np.int64)
    state = target
    while state != origin:
        link = last[state]
        node = state // sheets
        other = cover.tail_of[link] if cover.head_of[link] == node else cover.head_of[link]
        state = other * sheets + ((state % sheets) ^ cover.odd[link])
        count -= 1
        walk[count] = link
    return walk


@compiled
def walks_through(cover: Cover, length: Integers, block: Integers) -> Integers:
    """Return for each link the length of a shortest closed walk through it, within its block.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links], >= 0.
    block
        int64 [links]: block of the graph that the link belongs to; -1 for links on no circuit.

    Returns
    -------
    NDArray
        int64 [links]: lengths of walks that use the link once and go an odd number of times round every
        centre; `UNREACHED` where there is none.
    """
    sheets = cover.every + 1
    shut = np.zeros(cover.start.size - 1, np.bool_)
    through = np.full(length.size, UNREACHED)
    for a in range(length.size):
        if block[a] < 0 or cover.odd[a] < 0:
            continue
        banned = block != block[a]
        banned[a] = True
        origin = cover.head_of[a] * sheets + cover.odd[a]
        target = cover.tail_of[a] * sheets + cover.every
        found, _ = lengths_from(cover, length, banned, shut, origin, target, UNREACHED)
        if found[target] < UNREACHED:
            through[a] = found[target] + length[a]
    return through


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

    links: Circuit
    length: int | None
    bound: int | None


def shortest_circuit(
    ring: Ring,
    length: Integers,
    *,
    barred: Collection[str] = (),
    banned: Mask | None = None,
    limit: int = int(UNREACHED),
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
    A shortest walk in the cover may visit nodes twice. The circuits that it consists of are tried. Where one
    of them forms the ring it is a shortest one, since no part of a walk is longer than the walk. Otherwise
    there is a node at which the walk uses three links or more, or it is itself a circuit that winds
    otherwise. A circuit uses two links at a node, so it leaves out one of the three; in the second case, one
    of all. So the search branches on which one is banned, the shortest walk first. Lengths are lower bounds
    of all that follows, so the first circuit found is a shortest one.
    """
    cover = cover_of(ring, barred=barred)
    return shortest_in(ring, cover, length, banned=banned, limit=limit, tries=tries)


def shortest_in(
    ring: Ring,
    cover: Cover,
    length: Integers,
    *,
    banned: Mask | None = None,
    limit: int = int(UNREACHED),
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
            if walked < UNREACHED:
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


def circuits_of_walk(cover: Cover, walk: list[int]) -> list[Circuit]:
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


def winds_once(ring: Ring, cover: Cover, links: Circuit) -> bool:
    """Say whether links are a circuit that visits no node twice and winds once round every centre."""
    nodes = circuit_nodes(ring, links)
    if nodes is None or len(set(nodes)) < len(nodes):
        return False
    passed = np.array(links)
    ahead = np.where(cover.tail_of[passed] == np.array(nodes), 1, -1)
    return bool((np.abs(ahead @ cover.turns[passed]) == 1).all())


def _one_of_these(cover: Cover, walk: list[int], parts: list[Circuit]) -> list[int]:
    """Return links of which a circuit that forms the ring leaves out one at least."""
    at: dict[int, set[int]] = {}
    for a in walk:
        for v in (int(cover.tail_of[a]), int(cover.head_of[a])):
            at.setdefault(v, set()).add(a)
    busy = sorted((len(links), v) for v, links in at.items() if len(links) > 2)
    return sorted(at[busy[0][1]]) if busy else sorted(parts[0] if parts else set(walk))


def through_links(ring: Ring, length: Integers, *, barred: Collection[str] = ()) -> Integers:
    """Return for each link a lower bound of the length of a circuit through it that forms the ring.

    Parameters
    ----------
    ring
        The ring.
    length
        int64 [links], >= 0, in any unit: cost, metres, seconds.
    barred
        Ids of candidates that may not be built.

    Returns
    -------
    NDArray
        int64 [links]; `UNREACHED` for a link on no circuit that forms the ring.

    Notes
    -----
    A circuit that forms the ring and uses link a from u to v is a itself and a path from v back to u that
    does not use a. The whole circuit lies in one block of the graph (a block is a largest part that no single
    node divides; two links are in one block if and only if a circuit uses both), and crosses the ray of each
    centre an odd number of times, since it winds +1 or -1 round it. So its length is at least that of a
    shortest walk from v to u in the block without a, in the sheet of the cover that completes the crossings
    of a. Where there is no such walk, no circuit through a forms the ring. Stops are not looked at.
    """
    cover = cover_of(ring, barred=barred)
    return walks_through(cover, np.ascontiguousarray(length, dtype=np.int64), blocks(cover))


def blocks(cover: Cover) -> Integers:
    """Return the block of each link, -1 for a link that cannot be used or is a bridge.

    Parameters
    ----------
    cover
        The cover.
    """
    between: dict[tuple[int, int], list[int]] = {}
    for a in np.flatnonzero(cover.odd >= 0).tolist():
        two = sorted((int(cover.tail_of[a]), int(cover.head_of[a])))
        between.setdefault((two[0], two[1]), []).append(a)
    graph = nx.Graph()
    graph.add_edges_from(two for two in between if two[0] != two[1])
    block = np.full(len(cover.odd), -1, dtype=np.int64)
    for number, edges in enumerate(nx.biconnected_component_edges(graph)):
        links = [a for u, v in edges for a in between[min(u, v), max(u, v)]]
        if len(links) > 1:
            block[links] = number
    for (u, v), links in between.items():
        if u == v:
            block[links] = len(cover.odd) + np.array(links)
    return block


def usable_links(problem: DesignProblem, ring: Ring) -> frozenset[int]:
    """Return the positions of links that some circuit of a ring can use within the budget.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.

    Notes
    -----
    Proof. Let k links of the ring name candidate j of cost c_j, and let each of them be c_j // k long, links
    that exist or are fixed `in` 0. A circuit pays c_j once for each candidate it uses that is not fixed
    `in`, and uses k links of it at most, so it costs at least its length. What it can cost is at most the
    budget less the cost of what is fixed `in`, which is paid in any case (with periods, the budget is the
    sum of theirs, and all that is ever started counts). So dropping a link makes no plan worse when each
    circuit through it that forms the ring is longer than that (`through_links`), or when there is none.
    """
    barred = {c.id for c in problem.candidates if c.fixed == "out"}
    cost = {c.id: 0 if c.fixed == "in" else c.cost for c in problem.candidates}
    named = Counter(link.candidate for link in ring.links)
    length = [
        0 if link.candidate is None else cost[link.candidate] // named[link.candidate] for link in ring.links
    ]
    spare = sum(cost.values())
    if problem.budget is not None:
        spare = min(spare, problem.budget - sum(c.cost for c in problem.candidates if c.fixed == "in"))
    if sum(cost.values()) > LARGEST:
        length, spare = [0] * len(length), 0
    through = through_links(ring, np.array(length, dtype=np.int64), barred=barred)
    return frozenset(np.flatnonzero(through <= spare).tolist())

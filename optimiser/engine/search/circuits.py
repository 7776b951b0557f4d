"""Find shortest circuits of a ring that wind once round its centres, and bound circuits through links.

The search works in a covering graph (the *cover*) with one copy, or *sheet*, of the ring's graph for each set
of centres whose rays were crossed an odd number of times. A circuit with winding number +1 or -1 round a
centre crosses the ray from it an odd number of times. So each node v is copied for every set m of centres,
and a link from u to v that crosses the rays of the centres w an odd number of times leads from (u, m) to (v,
m xor w). A closed walk from v that crosses the ray of every centre an odd number of times is a path from (v,
none) to (v, all). Shortest circuits on surfaces are found in the same way (Erickson and Nayyeri, "Minimum
cuts and shortest non-separating cycles via homology covers", SODA 2011).

Counting crossings modulo two keeps the cover finite and needs no orientation. It is a relaxation: it admits
walks that wind three times, and walks that visit a node twice.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.compiled import ONE, compiled
from optimiser.engine.search.paths import UNREACHED, Integers, Mask, Whole, pop, push
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring_geometry import link_crossings
from optimiser.verify.rings import circuit_nodes

type Circuit = tuple[int, ...]
"""Positions of the links of a circuit, in order."""

MOST_CENTRES = 6
"""Most centres that the cover distinguishes, since each doubles it; ignoring others is a further
relaxation."""

TRIES = 200
"""Number of walks examined before a search is given up; a few suffice except in contrived cases."""

LARGEST = int(UNREACHED) // 2**9
"""Largest total cost of all candidates, or length of all links, for which lengths of walks cannot overflow: a
walk uses a link at most twice in each sheet."""


class Cover(NamedTuple):
    """The usable links of a ring in compressed rows by node, with their crossings of the rays.

    Attributes
    ----------
    start
        int64 [n + 1]: the link ends at node v are `start[v]:start[v + 1]`.
    link, head
        int64 [2 m], position of the link in `Ring.links`, and the node at its other end.
    tail_of, head_of
        int64 [links], end nodes of each link.
    odd
        int64 [links], bit set of the centres (bit s for centre s) whose rays the link crosses an odd number
        of times; -1 for a link that cannot be used.
    turns
        int64 [links x centres], signed crossings of the ray of each centre by each link, passed from tail to
        head: northwards +1, southwards -1; 0 for a link that cannot be used.
    every
        Bit set of all centres that are distinguished.
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
        Ids of candidates that may not be built. Their links, and links through a centre, are not usable.
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
    cover: Cover, length: Integers, banned: Mask, shut: Mask, origin: Whole, target: Whole, limit: Whole
) -> tuple[Integers, Integers]:
    """Return the lengths of shortest walks from a state of the cover (Dijkstra's algorithm).

    Parameters
    ----------
    cover
        The cover; state (v, m) has the number `v * (every + 1) + m`.
    length
        int64 [links] >= 0.
    banned
        bool [links], links that may not be used.
    shut
        bool [n], nodes at which walks must end; ignored for the node of the origin.
    origin
        State to start from.
    target
        State at which to stop; -1: none.
    limit
        Walks of this length or more are ignored.

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
        walk_length, state = heap_length[size], heap_state[size]
        if state == target:
            break
        if walk_length > found[state]:
            continue
        node, odd = state // sheets, state % sheets
        if shut[node] and state != origin:
            continue
        for end in range(cover.start[node], cover.start[node + 1]):
            link = cover.link[end]
            if banned[link]:
                continue
            to = cover.head[end] * sheets + (odd ^ cover.odd[link])
            new_length = walk_length + length[link]
            if new_length < found[to] and new_length < limit:
                found[to] = new_length
                last[to] = link
                size = push(heap_length, heap_state, size, new_length, to)
    return found, last


@compiled
def closed_walk(cover: Cover, length: Integers, banned: Mask, first: Integers) -> tuple[Whole, Integers]:
    """Return a shortest closed walk that crosses the ray of every centre an odd number of times.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links] >= 0.
    banned
        bool [links], links that may not be used.
    first
        int64, links of which every such walk uses at least one. There is a search for a walk through each;
        afterwards the link is banned, since walks through it have been covered.

    Returns
    -------
    tuple
        The length of the walk, `UNREACHED` without one, and its links in order.
    """
    sheets = cover.every + 1
    excluded = banned.copy()
    shut = np.zeros(cover.start.size - 1, np.bool_)
    best, walk = UNREACHED, np.empty(0, np.int64)
    for a in first:
        if excluded[a]:
            continue
        excluded[a] = True
        origin = cover.head_of[a] * sheets + cover.odd[a]
        target = cover.tail_of[a] * sheets + cover.every
        found, last = lengths_from(cover, length, excluded, shut, origin, target, best - length[a])
        # The bound of the search does not exclude a link from a node to itself, whose path is empty.
        if found[target] + length[a] < best:
            best = found[target] + length[a]
            rest = walk_to(cover, last, origin, target)
            walk = np.empty(rest.size + 1, np.int64)
            walk[0] = a
            for i in range(rest.size):  # less to compile than an append
                walk[i + 1] = rest[i]
    return best, walk


@compiled
def walk_to(cover: Cover, last: Integers, origin: Whole, target: Whole) -> Integers:
    """Return the links of a shortest walk in order, given the last link of each state."""
    sheets = cover.every + 1
    walk, at, state = np.empty(last.size, np.int64), last.size, target
    while state != origin:
        link = last[state]
        node = state // sheets
        other = cover.tail_of[link] if cover.head_of[link] == node else cover.head_of[link]
        state = other * sheets + ((state % sheets) ^ cover.odd[link])
        at -= 1
        walk[at] = link
    return walk[at:]


@compiled
def walks_through(cover: Cover, length: Integers, block: Integers) -> Integers:
    """Return for each link the length of a shortest closed walk through it within its block.

    Parameters
    ----------
    cover
        The cover.
    length
        int64 [links] >= 0.
    block
        int64 [links], block of the graph to which each link belongs; -1 for links on no circuit.

    Returns
    -------
    NDArray
        int64 [links], lengths of shortest walks that use the link once and cross the ray of every centre an
        odd number of times; `UNREACHED` without such a walk.
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
    """Result of a search for a shortest circuit.

    Attributes
    ----------
    links
        Positions of the links of the shortest circuit found, in order; empty without one.
    length
        Length of this circuit; None without one.
    bound
        Lower bound on the length of every circuit; None when it is proved that there is no circuit.
    """

    links: Circuit
    length: int | None
    bound: int | None


def shortest_circuit(
    ring: Ring,
    length: Integers,
    *,
    cover: Cover | None = None,
    banned: Mask | None = None,
    tries: int = TRIES,
) -> ShortestCircuit:
    """Return a shortest circuit that visits no node twice and winds once round every centre.

    Parameters
    ----------
    ring
        The ring; its stops are ignored.
    length
        int64 [links] >= 0.
    cover
        Its cover; None: that of all its links.
    banned
        bool [links], links that may not be used; None: all may.
    tries
        Number of walks examined before the search is given up.

    Notes
    -----
    A shortest walk in the cover may visit nodes twice; it is then decomposed into circuits. If one of them
    forms the ring, it is a shortest one, since no part of a walk is longer than the walk. Otherwise the walk
    uses three or more links at some node, or is itself a circuit with other winding numbers. A circuit uses
    two links at a node, so it avoids one of the three; in the second case it avoids one of all links. The
    search branches on the link that is banned, and continues with the shortest walk. The length of a walk is
    a lower bound for its branch, so the first circuit found is a shortest one.
    """
    cover = cover_of(ring) if cover is None else cover
    length = np.ascontiguousarray(length, dtype=np.int64)
    barriers = crossing_links(cover)
    excluded = np.zeros(len(length), dtype=np.bool_) if banned is None else banned
    numbers, seen = itertools.count(), set[bytes]()
    heap: list[tuple[int, int, Mask, list[int]]] = []

    def push(closed: Mask) -> None:
        key = np.packbits(closed).tobytes()
        if key not in seen:
            seen.add(key)
            walk_length, walk = closed_walk(cover, length, closed, barriers)
            if walk_length < UNREACHED:
                heapq.heappush(heap, (int(walk_length), next(numbers), closed, walk.tolist()))

    push(excluded)
    for _ in range(tries):
        if not heap:
            return ShortestCircuit((), None, None)
        walk_length, _, closed, walk = heapq.heappop(heap)
        parts = circuits_of_walk(cover, walk)
        forming = next((part for part in parts if winds_once(ring, cover, part)), None)
        if forming is not None:
            return ShortestCircuit(forming, int(length[list(forming)].sum()), walk_length)
        for a in _branching_links(cover, walk, parts):
            branch = closed.copy()
            branch[a] = True
            push(branch)
    return ShortestCircuit((), None, heap[0][0]) if heap else ShortestCircuit((), None, None)


def crossing_links(cover: Cover) -> Integers:
    """Return the links that cross the ray of a certain centre an odd number of times.

    Every circuit that forms the ring uses one of them. The centre with the fewest such links is taken.
    """
    centres = range(int(cover.every).bit_length())
    sets = [np.flatnonzero((cover.odd >= 0) & (cover.odd >> s & 1 == 1)) for s in centres]
    return min(sets, key=len).astype(np.int64)


def circuits_of_walk(cover: Cover, walk: list[int]) -> list[Circuit]:
    """Decompose a closed walk into circuits that visit no node twice.

    Parts that pass a link back and forth are left out.

    Parameters
    ----------
    cover
        The cover.
    walk
        Links of the walk in order; the first is passed from tail to head.
    """
    node = int(cover.tail_of[walk[0]])
    nodes, links, found = [node], list[int](), []
    for a in walk:
        node = int(cover.head_of[a] if cover.tail_of[a] == node else cover.tail_of[a])
        links.append(a)
        if node in nodes:
            position = nodes.index(node)
            part = tuple(links[position:])
            nodes, links = nodes[: position + 1], links[:position]
            if len(set(part)) == len(part):
                found.append(part)
        else:
            nodes.append(node)
    return found


def winds_once(ring: Ring, cover: Cover, links: Circuit) -> bool:
    """Return whether links form a circuit that visits no node twice and winds once round every centre."""
    nodes = circuit_nodes(ring, links)
    if nodes is None or len(set(nodes)) < len(nodes):
        return False
    passed = np.array(links)
    direction = np.where(cover.tail_of[passed] == np.array(nodes), 1, -1)
    return bool((np.abs(direction @ cover.turns[passed]) == 1).all())


def _branching_links(cover: Cover, walk: list[int], parts: list[Circuit]) -> list[int]:
    """Return links of which every circuit that forms the ring avoids at least one, as few as possible."""
    incident_links: dict[int, set[int]] = {}
    for a in walk:
        for v in (int(cover.tail_of[a]), int(cover.head_of[a])):
            incident_links.setdefault(v, set()).add(a)
    busy = sorted((len(links), v) for v, links in incident_links.items() if len(links) > 2)
    return sorted(incident_links[busy[0][1]]) if busy else sorted(parts[0] if parts else set(walk))


def through_links(ring: Ring, length: Integers, *, barred: Collection[str] = ()) -> Integers:
    """Return for each link a lower bound on the length of the circuits through it that form the ring.

    Parameters
    ----------
    ring
        The ring; its stops are ignored.
    length
        int64 [links] >= 0, in any unit: cost, metres, seconds.
    barred
        Ids of candidates that may not be built.

    Returns
    -------
    NDArray
        int64 [links]; `UNREACHED` for a link on no circuit that forms the ring.

    Notes
    -----
    A circuit that forms the ring and uses link a from u to v consists of a and a path from v to u without a.
    The circuit lies in one block (biconnected component) of the graph, since two links are in the same block
    if and only if a circuit uses both. It crosses the ray of each centre an odd number of times, since its
    winding numbers are +1 or -1. So its length is at least that of a shortest walk from v to u in the block
    without a that ends in the sheet which completes the crossings of a. Without such a walk, no circuit
    through a forms the ring.
    """
    return _through_links(ring, tuple(length.tolist()), frozenset(barred))


@lru_cache(maxsize=64)
def _through_links(ring: Ring, length: tuple[int, ...], barred: frozenset[str]) -> Integers:
    """Return `through_links`; a solve asks the same for its model and for that of repairs."""
    cover = cover_of(ring, barred=barred)
    return walks_through(cover, np.array(length, dtype=np.int64), blocks(cover))


def blocks(cover: Cover) -> Integers:
    """Return int64 [links], the block of each link; -1 for bridges and links that cannot be used."""
    between: dict[tuple[int, int], list[int]] = {}
    for a in np.flatnonzero(cover.odd >= 0).tolist():
        ends = sorted((int(cover.tail_of[a]), int(cover.head_of[a])))
        between.setdefault((ends[0], ends[1]), []).append(a)
    import networkx as nx

    graph = nx.Graph()
    graph.add_edges_from(ends for ends in between if ends[0] != ends[1])
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
    """Return the positions of the links that a circuit of a ring can use within the budget and its length.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.

    Notes
    -----
    Proof. Let k links of the ring name candidate j of cost c_j, and let each of them have length c_j // k;
    existing links and those fixed `in` have length 0. A circuit pays c_j once for each candidate that it uses
    and that is not fixed `in`, and uses at most k links of it, so it costs at least its length. It can cost
    at most the budget minus the cost of the candidates fixed `in` (with periods, the budget is the sum of all
    periods, and everything that is ever started counts). So a link can be left out if every circuit through
    it that forms the ring is longer (`through_links`), or if there is none. The same holds for the metres of
    the links and the most that the circuit may be long.
    """
    barred = {c.id for c in problem.candidates if c.fixed == "out"}
    cost = {c.id: 0 if c.fixed == "in" else c.cost for c in problem.candidates}
    length = divided_costs([link.candidate for link in ring.links], cost)
    available = sum(cost.values())
    if problem.budget is not None:
        available = min(
            available, problem.budget - sum(c.cost for c in problem.candidates if c.fixed == "in")
        )
    if sum(cost.values()) > LARGEST:
        length, available = [0] * len(length), 0
    usable = through_links(ring, np.array(length, dtype=np.int64), barred=barred) <= available
    metres = lengths_m(ring)
    if ring.longest is not None and metres is not None:
        usable &= through_links(ring, metres, barred=barred) <= ring.longest
    return frozenset(np.flatnonzero(usable).tolist())


def divided_costs(names: Sequence[str | None], price: Mapping[str, int]) -> list[int]:
    """Return for each link the cost of its candidate, by name, over the number of links that name it."""
    links = Counter(names)
    return [int(price.get(name or "", 0)) // links[name] for name in names]


def lengths_m(ring: Ring) -> Integers | None:
    """Return int64 [links], metres; None where some are not known, or walks could overflow."""
    known = [link.length for link in ring.links if link.length is not None]
    if len(known) < len(ring.links) or sum(known) > LARGEST:
        return None
    return np.array(known, dtype=np.int64)

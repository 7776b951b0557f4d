"""Find good circuits of a ring fast, from which plans can start, and shorten known ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from optimiser.engine.search.circuits import (
    Circuit,
    Cover,
    cover_of,
    lengths_from,
    shortest_in,
    walk_to,
    winds_once,
)
from optimiser.engine.search.paths import UNREACHED, Integers, Mask
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import link_line
from optimiser.verify.rings import circuit_nodes

NEAREST = 3
"""Nearest nodes of a circuit from which a detour to a new stop is tried."""

CHECKED = 4
"""Cheapest exchanges at a stop of which the first that keeps every rule is taken."""

STRETCHES = (3, 6, 12, 24, 48)
"""Links of the stretches that are exchanged for shorter ones."""

STOP_REWARDS = (0, 1, 2, 4)
"""How much stops shorten the links beside them, in mean lengths of a link."""

TRIES = 30
"""Walks that are looked at for each shortest circuit."""

LARGEST = 2**57
"""Most that all links of a ring may be long together, so that walks add up in 64 bits."""


def start_circuits(
    ring: Ring, length: Integers, *, barred: Collection[str] = (), closed: Mask | None = None
) -> tuple[Circuit, ...]:
    """Return circuits that form a ring, the shortest first; empty when none was found.

    Parameters
    ----------
    ring
        The ring.
    length
        int64 [links], >= 0: what a circuit should have little of.
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
    space = CircuitSpace(ring, cover, np.ascontiguousarray(length, dtype=np.int64), shut)
    found = {frozenset(links): links for links in _found(space, cover)}
    return tuple(sorted(found.values(), key=lambda links: (space.measure(links), links)))


def _found(space: CircuitSpace, cover: Cover) -> Iterator[Circuit]:
    ring = space.ring
    beside = np.zeros(len(ring.nodes), dtype=np.int64)
    for stop in ring.stops:
        beside[sorted(set(stop.nodes))] = 1
    ends = beside[cover.tail_of] + beside[cover.head_of]
    usable = space.length[cover.odd >= 0]
    unit = int(usable.mean()) if len(usable) else 0
    for reward in STOP_REWARDS if ring.least_stops else STOP_REWARDS[:1]:
        drawn = np.maximum(0, space.length - reward * unit * ends)
        circuit = shortest_in(ring, cover, drawn, banned=space.closed, tries=TRIES).links
        longer = with_stops(space, circuit) if circuit else None
        if longer is not None:
            yield shortened(space, longer)


@dataclass(frozen=True, slots=True)
class CircuitSpace:
    """The links on which circuits are sought.

    Attributes
    ----------
    ring
        The ring.
    cover
        Its cover.
    length
        int64 [links].
    closed
        bool [links]: links that may not be used.
    """

    ring: Ring
    cover: Cover
    length: Integers
    closed: Mask

    def passed(self, links: Circuit) -> int:
        """Return how many stops a circuit passes."""
        nodes = {v for a in links for v in (self.ring.links[a].tail, self.ring.links[a].head)}
        return sum(not nodes.isdisjoint(stop.nodes) for stop in self.ring.stops)

    def measure(self, links: Circuit) -> int:
        """Return the length of a circuit."""
        return int(self.length[list(links)].sum())

    def state(self, node: int, odd: int) -> int:
        """Return the number of a state of the cover."""
        return node * (self.cover.every + 1) + odd


def with_stops(space: CircuitSpace, circuit: Circuit) -> Circuit | None:
    """Return a circuit that passes as many stops as the ring must; None when none was found.

    Parameters
    ----------
    space
        The links that may be used.
    circuit
        A circuit that winds once round every centre.

    Notes
    -----
    Cheapest insertion (Rosenkrantz, Stearns and Lewis, "An analysis of several heuristics for the traveling
    salesman problem", 1977), on stretches of paths instead of single links. As long as stops are missing, the
    stretch between two nodes of the circuit is exchanged for a path by way of a new stop, the one that adds
    least length for each stop gained. The sheet of the cover says whether it still winds round the centres.
    """
    while space.passed(circuit) < space.ring.least_stops:
        longer = min(_longer(space, circuit), default=None)
        if longer is None:
            return None
        circuit = longer[1]
    return circuit


def _longer(space: CircuitSpace, circuit: Circuit) -> Iterator[tuple[float, Circuit]]:
    """Yield circuits that pass more stops, each with the length it adds for a stop."""
    nodes = circuit_nodes(space.ring, circuit) or ()
    on = set(nodes)
    passed, length = space.passed(circuit), space.measure(circuit)
    for stop in space.ring.stops:
        if on.isdisjoint(stop.nodes):
            for p in sorted(set(stop.nodes)):
                found = sorted(_detours(space, circuit, nodes, p))
                for _, links in found[:CHECKED]:
                    gained = space.passed(links) - passed
                    if gained > 0 and winds_once(space.ring, space.cover, links):
                        yield (space.measure(links) - length) / gained, links
                        break


def _detours(
    space: CircuitSpace, circuit: Circuit, nodes: tuple[int, ...], p: int
) -> Iterator[tuple[int, Circuit]]:
    """Yield circuits by way of a node, each with the length it adds; some may not be simple.

    A part of the circuit is kept, and its ends are joined to the node: one by a shortest path to a near node
    of the circuit, the other by a path that avoids the first.
    """
    cover = space.cover
    shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
    shut[list(nodes)] = True
    origin = space.state(p, 0)
    found, last = lengths_from(cover, space.length, space.closed, shut, origin, -1, UNREACHED)
    reach = found.reshape(-1, cover.every + 1)[list(nodes)]
    for at in np.argsort(reach, axis=None, kind="stable")[:NEAREST].tolist():
        i, odd = divmod(at, cover.every + 1)
        if reach[i, odd] >= UNREACHED:
            return
        way = walk_to(cover, last, origin, space.state(nodes[i], odd))
        taken = shut.copy()
        taken[cover.tail_of[way]] = True
        taken[cover.head_of[way]] = True
        taken[p] = False
        yield from _joined(space, _Joint(circuit, nodes, p, i, odd, way), taken)


@dataclass(frozen=True, slots=True)
class _Joint:
    """A circuit, a node p beside it, and a way from p to the i-th node of the circuit."""

    circuit: Circuit
    nodes: tuple[int, ...]
    p: int
    i: int
    odd: int
    way: Integers


def _joined(space: CircuitSpace, joint: _Joint, taken: Mask) -> Iterator[tuple[int, Circuit]]:
    """Yield the best circuits that join the beginning of the way to another node of the circuit."""
    cover, length = space.cover, space.length
    circuit, i, count = list(joint.circuit), joint.i, len(joint.circuit)
    origin = space.state(joint.p, 0)
    found, last = lengths_from(cover, length, space.closed, taken, origin, -1, UNREACHED)
    reach = found.reshape(-1, cover.every + 1)[list(joint.nodes)]
    order = np.arange(i + 1, i + count) % count
    turned = np.array(circuit[i:] + circuit[:i])
    ahead = np.cumsum(length[turned])
    odd = np.bitwise_xor.accumulate(cover.odd[turned])
    total, all_odd = int(ahead[-1]), int(odd[-1])
    first = int(length[joint.way].sum())
    for is_ahead in (True, False):
        kept = ahead[:-1] if is_ahead else total - ahead[:-1]
        kept_odd = odd[:-1] if is_ahead else odd[:-1] ^ all_odd
        sheet = kept_odd ^ joint.odd ^ cover.every
        back = reach[order, sheet]
        more = np.where(back < UNREACHED, first + back - (total - kept), UNREACHED)
        for k in np.argsort(more, kind="stable")[:CHECKED].tolist():
            if more[k] < UNREACHED:
                end = space.state(joint.nodes[int(order[k])], int(sheet[k]))
                other = walk_to(cover, last, origin, end).tolist()
                way = joint.way.tolist()
                stretch = turned.tolist()
                if is_ahead:
                    yield int(more[k]), tuple(way + stretch[: k + 1] + other[::-1])
                else:
                    yield int(more[k]), tuple(other + stretch[k + 1 :] + way[::-1])


def shortened(space: CircuitSpace, circuit: Circuit) -> Circuit:
    """Return a circuit that is no longer and passes as many stops as it must, by exchanging stretches.

    Parameters
    ----------
    space
        The links that may be used.
    circuit
        A circuit that forms the ring.

    Notes
    -----
    Each stretch of a few links is exchanged for a shortest path between its ends that avoids the other nodes,
    in the same sheet of the cover, as long as that makes the circuit shorter.
    """
    least, at = space.ring.least_stops, 0
    nodes = circuit_nodes(space.ring, circuit) or ()
    tried = 0
    while tried < len(circuit):
        better = next(
            (links for links in _exchanged(space, circuit, nodes, at) if space.passed(links) >= least),
            None,
        )
        if better is None:
            at, tried = (at + 1) % len(circuit), tried + 1
        else:
            circuit, tried = better, 0
            nodes = circuit_nodes(space.ring, circuit) or ()
            at %= len(circuit)
    return circuit


def _exchanged(space: CircuitSpace, circuit: Circuit, nodes: tuple[int, ...], at: int) -> Iterator[Circuit]:
    """Yield shorter circuits that exchange a stretch which begins at a node."""
    cover, count = space.cover, len(circuit)
    turned, order = circuit[at:] + circuit[:at], nodes[at:] + nodes[:at]
    for size in STRETCHES:
        if size >= count:
            return
        shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
        shut[list(order[size:])] = True
        odd = int(np.bitwise_xor.reduce(cover.odd[list(turned[:size])]))
        origin, target = space.state(order[0], 0), space.state(order[size], odd)
        limit = int(space.length[list(turned[:size])].sum())
        found, last = lengths_from(cover, space.length, space.closed, shut, origin, target, limit)
        if found[target] < limit:
            links = tuple(walk_to(cover, last, origin, target).tolist()) + turned[size:]
            if winds_once(space.ring, space.cover, links):
                yield links


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


def priced_lengths(
    problem: DesignProblem, ring: Ring, *, free: Collection[str], money_weight: int
) -> Integers:
    """Return the length of each link of a ring as it is drawn, plus its weighted cost.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    free
        Ids of candidates that are built in any case.
    money_weight
        What a unit of money counts for, in 1e-7 degree; less where numbers would grow too large.

    Returns
    -------
    NDArray
        int64 [links]. A candidate that several links name counts for each.
    """
    price = {c.id: 0 if c.id in free else c.cost for c in problem.candidates}
    money = [0 if link.candidate is None else price[link.candidate] for link in ring.links]
    much = max(1, sum(money))
    unit = max(1, -(-much // LARGEST))
    weight = min(money_weight, max(1, LARGEST // much))
    return np.array([weight * (m // unit) for m in money]) + drawn_lengths(ring)


def touching_links(problem: DesignProblem, ring: Ring, circuits: Mapping[str, Circuit]) -> Mask:
    """Return which links of a ring touch the circuits of rings from which it is kept apart.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    circuits
        Circuits of other rings, by id.

    Returns
    -------
    NDArray
        bool [links].
    """
    taken: set[Point] = set()
    for other in problem.rings:
        if other.id in circuits and (other.id in ring.apart or ring.id in other.apart):
            used = (other.links[a] for a in circuits[other.id])
            taken |= {other.nodes[v] for link in used for v in (link.tail, link.head)}
    touched = [ring.nodes[k.tail] in taken or ring.nodes[k.head] in taken for k in ring.links]
    return np.array(touched, dtype=np.bool_)

"""Find good circuits of a ring by heuristics, and shorten given ones."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from optimiser.engine.search.circuits import (
    Circuit,
    Cover,
    cover_of,
    lengths_from,
    lengths_m,
    shortest_circuit,
    walk_to,
    winds_once,
)
from optimiser.engine.search.paths import UNREACHED, Integers, Mask
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import link_line
from optimiser.verify.rings import circuit_nodes

NEAREST = 3
"""Number of nearest nodes of a circuit that are tried as the start of a detour to a new stop."""

CHECKED = 4
"""Number of cheapest insertions of a stop that are checked; the first valid one is taken."""

SECTION_SIZES = (3, 6, 12, 24, 48)
"""Numbers of links of the sections that are replaced by shorter paths."""

STOP_REWARDS = (0, 1, 2, 4)
"""Reductions of the lengths of links at stops, in mean link lengths."""

METRE_SHARES = (1, 4, 16)
"""What metres count for against the lengths to minimise where a ring would be too long."""

TRIES = 30
"""Number of walks examined for each shortest circuit."""

LARGEST = 2**57
"""Largest total length of all links of a ring for which the lengths of walks cannot overflow."""


def start_circuits(
    ring: Ring, length: Integers, *, barred: Collection[str] = (), closed: Mask | None = None
) -> tuple[Circuit, ...]:
    """Return circuits that form a ring, the shortest first; empty when none was found.

    Parameters
    ----------
    ring
        The ring.
    length
        int64 [links] >= 0, lengths to minimise.
    barred
        Ids of candidates that may not be built.
    closed
        bool [links], links that may not be used; None: all may.

    Notes
    -----
    Shortest circuits are found for the given lengths, and for lengths in which links at stops are shortened
    by a reward (like a multiplier of the row that requires stops), but not below 0. Missing stops are then
    inserted, and the circuit is shortened. All steps are heuristics; each result is checked by its exact
    winding numbers.
    """
    cover = cover_of(ring, barred=barred)
    shut = np.zeros(len(ring.links), dtype=np.bool_) if closed is None else closed
    space = CircuitSpace(ring, cover, np.ascontiguousarray(length, dtype=np.int64), shut)
    found = {frozenset(links): links for links in _candidate_circuits(space)}
    fitting = {key: links for key, links in found.items() if space.is_short(links)}
    fitting = fitting or {frozenset(links): links for links in _short_circuits(space)}
    return tuple(sorted(fitting.values(), key=lambda links: (space.measure(links), links)))


def _candidate_circuits(space: CircuitSpace) -> Iterator[Circuit]:
    """Yield circuits that serve what the ring must serve; they may be longer than it may be."""
    ring, cover = space.ring, space.cover
    beside = np.zeros(len(ring.nodes), dtype=np.int64)
    for stop in ring.stops:
        beside[sorted(set(stop.nodes))] = 1
    ends = beside[cover.tail_of] + beside[cover.head_of]
    usable = space.length[cover.odd >= 0]
    unit = int(usable.mean()) if len(usable) else 0
    needs_stops = space.missing(()) > 0
    for reward in STOP_REWARDS if needs_stops else STOP_REWARDS[:1]:
        reduced_length = np.maximum(0, space.length - reward * unit * ends)
        circuit = shortest_circuit(ring, reduced_length, cover=cover, banned=space.closed, tries=TRIES).links
        longer = with_stops(space, circuit) if circuit else None
        if longer is not None:
            yield shortened(space, longer)


def _short_circuits(space: CircuitSpace) -> Iterator[Circuit]:
    """Yield circuits within the longest length of a ring, found by mixed lengths.

    Metres are added to the lengths in growing shares, like a multiplier of the row of the longest length, and
    are minimised alone in the end. What is found is shortened by the lengths of the space.
    """
    metres = lengths_m(space.ring)
    if space.ring.longest is None or metres is None:
        return
    total, total_m = int(space.length.sum()), max(1, int(metres.sum()))
    # Scaled to the same total, so that a share says how much metres count for.
    scaled = [space.length + max(1, share * total // total_m) * metres for share in METRE_SHARES]
    for mixed in [*(scaled if total * METRE_SHARES[-1] < LARGEST else []), metres]:
        for links in _candidate_circuits(dataclasses.replace(space, length=mixed)):
            if space.is_short(links):
                yield shortened(space, links)


@dataclass(frozen=True, slots=True)
class CircuitSpace:
    """The ring, lengths and links of a search for circuits.

    Attributes
    ----------
    ring
        The ring.
    cover
        Cover of the ring.
    length
        int64 [links], lengths.
    closed
        bool [links], links that may not be used.
    """

    ring: Ring
    cover: Cover
    length: Integers
    closed: Mask

    def missing(self, links: Circuit) -> int:
        """Return how many stops a circuit lacks: of all, of each group, and those that it must serve.

        A stop that several of these demands lack counts for each.
        """
        ring = self.ring
        nodes = {v for a in links for v in (ring.links[a].tail, ring.links[a].head)}
        served = [not nodes.isdisjoint(stop.nodes) for stop in ring.stops]
        groups = Counter(stop.group for stop, yes in zip(ring.stops, served, strict=True) if yes)
        return (
            max(0, ring.least_stops - sum(served))
            + sum(max(0, least - groups[group]) for group, least in ring.least_by_group)
            + sum(stop.must and not yes for stop, yes in zip(ring.stops, served, strict=True))
        )

    def is_short(self, links: Circuit) -> bool:
        """Return whether a circuit is no longer than the ring may be."""
        longest = self.ring.longest
        return longest is None or sum(self.ring.links[a].length or 0 for a in links) <= longest

    def measure(self, links: Circuit) -> int:
        """Return the length of a circuit."""
        return int(self.length[list(links)].sum())

    def state(self, node: int, odd: int) -> int:
        """Return the number of the state (node, odd) of the cover."""
        return node * (self.cover.every + 1) + odd


def with_stops(space: CircuitSpace, circuit: Circuit) -> Circuit | None:
    """Insert stops until a circuit passes all that the ring needs; None when that fails.

    Parameters
    ----------
    space
        The links that may be used.
    circuit
        A circuit that winds once round every centre.

    Notes
    -----
    Cheapest insertion (Rosenkrantz, Stearns and Lewis, "An analysis of several heuristics for the traveling
    salesman problem", 1977), with sections of the circuit instead of single links. While stops are missing,
    the section between two nodes of the circuit is replaced by a path over a new stop, the one that adds the
    least length per stop gained. The sheets of the cover ensure that the crossings of all rays stay odd.
    """
    while space.missing(circuit):
        longer = min(_insertions(space, circuit), default=None)
        if longer is None:
            return None
        circuit = longer[1]
    return circuit


def _insertions(space: CircuitSpace, circuit: Circuit) -> Iterator[tuple[float, Circuit]]:
    """Yield circuits that lack fewer stops, each with the length added per stop gained."""
    nodes = circuit_nodes(space.ring, circuit) or ()
    circuit_nodes_set = set(nodes)
    missing, length = space.missing(circuit), space.measure(circuit)
    for stop in space.ring.stops:
        if circuit_nodes_set.isdisjoint(stop.nodes):
            for p in sorted(set(stop.nodes)):
                for _, links in sorted(_detours(space, circuit, nodes, p))[:CHECKED]:
                    gained = missing - space.missing(links)
                    if gained > 0 and winds_once(space.ring, space.cover, links):
                        yield (space.measure(links) - length) / gained, links
                        break


def _detours(
    space: CircuitSpace, circuit: Circuit, nodes: tuple[int, ...], p: int
) -> Iterator[tuple[int, Circuit]]:
    """Yield circuits through node p, each with the length added; some may visit nodes twice.

    A section of the circuit is kept, and its ends are connected to p: one by a shortest path from p to a near
    node of the circuit, the other by a path that avoids the first.
    """
    cover = space.cover
    shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
    shut[list(nodes)] = True
    origin = space.state(p, 0)
    found, last = lengths_from(cover, space.length, space.closed, shut, origin, -1, UNREACHED)
    reach = found.reshape(-1, cover.every + 1)[list(nodes)]
    for position in np.argsort(reach, axis=None, kind="stable")[:NEAREST].tolist():
        i, odd = divmod(position, cover.every + 1)
        if reach[i, odd] >= UNREACHED:
            return
        path = walk_to(cover, last, origin, space.state(nodes[i], odd))
        taken = shut.copy()
        taken[cover.tail_of[path]] = True
        taken[cover.head_of[path]] = True
        taken[p] = False
        yield from _second_paths(space, circuit, nodes, p, i, odd, path, taken)


def _second_paths(
    space: CircuitSpace,
    circuit: Circuit,
    nodes: tuple[int, ...],
    p: int,
    i: int,
    first_odd: int,
    first_path: Integers,
    taken: Mask,
) -> Iterator[tuple[int, Circuit]]:
    """Yield the best circuits that connect p to another node of the circuit by a second path.

    The first path leads from p to the i-th node of the circuit. The section of the circuit between the two
    nodes is kept in either direction.
    """
    cover, length, count = space.cover, space.length, len(circuit)
    origin = space.state(p, 0)
    found, last = lengths_from(cover, length, space.closed, taken, origin, -1, UNREACHED)
    reach = found.reshape(-1, cover.every + 1)[list(nodes)]
    order = np.arange(i + 1, i + count) % count
    section, path = [*circuit[i:], *circuit[:i]], first_path.tolist()
    ahead = np.cumsum(length[section])
    odd = np.bitwise_xor.accumulate(cover.odd[section])
    total, all_odd = int(ahead[-1]), int(odd[-1])
    first = int(length[first_path].sum())
    for is_ahead in (True, False):
        kept = ahead[:-1] if is_ahead else total - ahead[:-1]
        kept_odd = odd[:-1] if is_ahead else odd[:-1] ^ all_odd
        sheet = kept_odd ^ first_odd ^ cover.every
        back = reach[order, sheet]
        more = np.where(back < UNREACHED, first + back - (total - kept), UNREACHED)
        for k in np.argsort(more, kind="stable")[:CHECKED].tolist():
            if more[k] < UNREACHED:
                end = space.state(nodes[int(order[k])], int(sheet[k]))
                other = walk_to(cover, last, origin, end).tolist()
                forward = [*path, *section[: k + 1], *other[::-1]]
                yield int(more[k]), tuple(forward if is_ahead else [*other, *section[k + 1 :], *path[::-1]])


def shortened(space: CircuitSpace, circuit: Circuit) -> Circuit:
    """Shorten a circuit by local search, keeping the stops that the ring needs and its longest length.

    Parameters
    ----------
    space
        The links that may be used.
    circuit
        A circuit that forms the ring.

    Notes
    -----
    A section of a few links is replaced by a shortest path between its ends that avoids the other nodes of
    the circuit and ends in the same sheet of the cover. This is repeated until no section can be shortened.
    """
    at, nodes = 0, circuit_nodes(space.ring, circuit) or ()
    may_be_long = not space.is_short(circuit)
    positions_tried = 0
    while positions_tried < len(circuit):
        better = next(
            (
                links
                for links in _shorter_circuits(space, circuit, nodes, at)
                if not space.missing(links) and (may_be_long or space.is_short(links))
            ),
            None,
        )
        if better is None:
            at, positions_tried = (at + 1) % len(circuit), positions_tried + 1
        else:
            circuit, positions_tried = better, 0
            nodes = circuit_nodes(space.ring, circuit) or ()
            at %= len(circuit)
    return circuit


def _shorter_circuits(
    space: CircuitSpace, circuit: Circuit, nodes: tuple[int, ...], at: int
) -> Iterator[Circuit]:
    """Yield shorter circuits in which a section that begins at node `at` of the circuit is replaced."""
    cover, count = space.cover, len(circuit)
    rotated, order = circuit[at:] + circuit[:at], nodes[at:] + nodes[:at]
    for size in SECTION_SIZES:
        if size >= count:
            return
        shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
        shut[list(order[size:])] = True
        odd = int(np.bitwise_xor.reduce(cover.odd[list(rotated[:size])]))
        origin, target = space.state(order[0], 0), space.state(order[size], odd)
        limit = int(space.length[list(rotated[:size])].sum())
        found, last = lengths_from(cover, space.length, space.closed, shut, origin, target, limit)
        if found[target] < limit:
            links = tuple(walk_to(cover, last, origin, target).tolist()) + rotated[size:]
            if winds_once(space.ring, space.cover, links):
                yield links


def drawn_lengths(ring: Ring) -> Integers:
    """Return the geometric lengths of the links, in a local plane approximation.

    Parameters
    ----------
    ring
        The ring.

    Returns
    -------
    NDArray
        int64 [links], in units of 1e-7 degree of latitude, which is 1.1 cm. The lengths only rank circuits of
        equal cost.
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
    """Return the geometric length of each link of a ring plus its weighted cost.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    free
        Ids of candidates that are built in any case; they cost nothing here.
    money_weight
        Length that a unit of cost counts for, in 1e-7 degree; reduced where numbers would overflow.

    Returns
    -------
    NDArray
        int64 [links]. The cost of a candidate counts in full for each of its links.
    """
    price = {c.id: 0 if c.id in free else c.cost for c in problem.candidates}
    money = [0 if link.candidate is None else price[link.candidate] for link in ring.links]
    total_cost = max(1, sum(money))
    unit = max(1, -(-total_cost // LARGEST))
    weight = min(money_weight, max(1, LARGEST // total_cost))
    return np.array([weight * (m // unit) for m in money]) + drawn_lengths(ring)


def touching_links(problem: DesignProblem, ring: Ring, circuits: Mapping[str, Circuit]) -> Mask:
    """Return bool [links], the links of a ring that touch circuits with which it must not share a node.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    circuits
        Circuits of other rings, by id.
    """
    taken: set[Point] = set()
    for other in problem.rings:
        if other.id in circuits and (other.id in ring.apart or ring.id in other.apart):
            used = (other.links[a] for a in circuits[other.id])
            taken |= {other.nodes[v] for link in used for v in (link.tail, link.head)}
    touched = [ring.nodes[k.tail] in taken or ring.nodes[k.head] in taken for k in ring.links]
    return np.array(touched, dtype=np.bool_)

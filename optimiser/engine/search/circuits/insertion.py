"""Lead a circuit past more stops, and shorten it, by exchanging one stretch of it at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.engine.search.circuits.cover import Cover
from optimiser.engine.search.circuits.shortest import winds_once
from optimiser.engine.search.circuits.walks import lengths_from, walk_to
from optimiser.engine.search.paths import FAR, Integers, Mask
from optimiser.problem import Ring
from optimiser.verify.rings import circuit_nodes

type Circuit = tuple[int, ...]
"""Positions of links, in order."""

JOINTS = 3
"""Nearest nodes of a circuit from which the way to a new stop is tried."""

CHECKED = 4
"""Cheapest exchanges at a stop of which the first that keeps every rule is taken."""

STRETCHES = (3, 6, 12, 24, 48)
"""Links of the stretches that are exchanged for shorter ones."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What circuits are sought on.

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


def led_past(grounds: Grounds, circuit: Circuit) -> Circuit | None:
    """Return a circuit that passes as many stops as the ring must; None when none was found.

    Parameters
    ----------
    grounds
        Where it may go.
    circuit
        A circuit that winds once round every centre.

    Notes
    -----
    Cheapest insertion (Rosenkrantz, Stearns and Lewis, "An analysis of several heuristics for the traveling
    salesman problem", 1977), on stretches of paths instead of single links: as long as stops are missing, the
    stretch between two nodes of the circuit is exchanged for a path by way of a new stop, the least more
    length for each stop gained first. The sheet of the cover says whether it still winds round the centres.
    """
    while grounds.passed(circuit) < grounds.ring.least_stops:
        longer = min(_longer(grounds, circuit), default=None)
        if longer is None:
            return None
        circuit = longer[1]
    return circuit


def _longer(grounds: Grounds, circuit: Circuit) -> Iterator[tuple[float, Circuit]]:
    """Yield circuits that pass more stops, with the length that a stop more takes."""
    nodes = circuit_nodes(grounds.ring, circuit) or ()
    on = set(nodes)
    passed, length = grounds.passed(circuit), grounds.measure(circuit)
    for stop in grounds.ring.stops:
        if on.isdisjoint(stop.nodes):
            for p in sorted(set(stop.nodes)):
                found = sorted(_by_way_of(grounds, circuit, nodes, p))
                for _, links in found[:CHECKED]:
                    gained = grounds.passed(links) - passed
                    if gained > 0 and winds_once(grounds.ring, grounds.cover, links):
                        yield (grounds.measure(links) - length) / gained, links
                        break


def _by_way_of(
    grounds: Grounds, circuit: Circuit, nodes: tuple[int, ...], p: int
) -> Iterator[tuple[int, Circuit]]:
    """Yield circuits by way of a node, with what they are longer; some may not be simple.

    A part of the circuit is kept, and its ends are joined to the node: the one by a shortest path to a near
    node of the circuit, the other by a path that avoids the first.
    """
    cover = grounds.cover
    shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
    shut[list(nodes)] = True
    origin = grounds.state(p, 0)
    found, last = lengths_from(cover, grounds.length, grounds.closed, shut, origin, -1, FAR)
    reach = found.reshape(-1, cover.every + 1)[list(nodes)]
    for at in np.argsort(reach, axis=None, kind="stable")[:JOINTS].tolist():
        i, odd = divmod(at, cover.every + 1)
        if reach[i, odd] >= FAR:
            return
        way = walk_to(cover, last, origin, grounds.state(nodes[i], odd))
        taken = shut.copy()
        taken[cover.tail_of[way]] = True
        taken[cover.head_of[way]] = True
        taken[p] = False
        yield from _joined(grounds, _Joint(circuit, nodes, p, i, odd, way), taken)


@dataclass(frozen=True, slots=True)
class _Joint:
    """A circuit, a node p beside it, and a way from p to the i-th node of the circuit."""

    circuit: Circuit
    nodes: tuple[int, ...]
    p: int
    i: int
    odd: int
    way: Integers


def _joined(grounds: Grounds, joint: _Joint, taken: Mask) -> Iterator[tuple[int, Circuit]]:
    """Yield the best circuits that join the beginning of the way to another node of the circuit."""
    cover, length = grounds.cover, grounds.length
    circuit, i, count = list(joint.circuit), joint.i, len(joint.circuit)
    origin = grounds.state(joint.p, 0)
    found, last = lengths_from(cover, length, grounds.closed, taken, origin, -1, FAR)
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
        more = np.where(back < FAR, first + back - (total - kept), FAR)
        for k in np.argsort(more, kind="stable")[:CHECKED].tolist():
            if more[k] < FAR:
                end = grounds.state(joint.nodes[int(order[k])], int(sheet[k]))
                other = walk_to(cover, last, origin, end).tolist()
                way = joint.way.tolist()
                stretch = turned.tolist()
                if is_ahead:
                    yield int(more[k]), tuple(way + stretch[: k + 1] + other[::-1])
                else:
                    yield int(more[k]), tuple(other + stretch[k + 1 :] + way[::-1])


def shortened(grounds: Grounds, circuit: Circuit) -> Circuit:
    """Return a circuit that is no longer and passes as many stops as it must, by exchanging stretches.

    Parameters
    ----------
    grounds
        Where it may go.
    circuit
        A circuit that forms the ring.

    Notes
    -----
    Each stretch of a few links is exchanged for a shortest path between its ends that avoids the other nodes,
    in the same sheet of the cover, as long as that makes the circuit shorter.
    """
    least, at = grounds.ring.least_stops, 0
    nodes = circuit_nodes(grounds.ring, circuit) or ()
    tried = 0
    while tried < len(circuit):
        better = next(
            (links for links in _exchanged(grounds, circuit, nodes, at) if grounds.passed(links) >= least),
            None,
        )
        if better is None:
            at, tried = (at + 1) % len(circuit), tried + 1
        else:
            circuit, tried = better, 0
            nodes = circuit_nodes(grounds.ring, circuit) or ()
            at %= len(circuit)
    return circuit


def _exchanged(grounds: Grounds, circuit: Circuit, nodes: tuple[int, ...], at: int) -> Iterator[Circuit]:
    """Yield shorter circuits that exchange a stretch which begins at a node."""
    cover, count = grounds.cover, len(circuit)
    turned, order = circuit[at:] + circuit[:at], nodes[at:] + nodes[:at]
    for size in STRETCHES:
        if size >= count:
            return
        shut = np.zeros(len(cover.start) - 1, dtype=np.bool_)
        shut[list(order[size:])] = True
        odd = int(np.bitwise_xor.reduce(cover.odd[list(turned[:size])]))
        origin, target = grounds.state(order[0], 0), grounds.state(order[size], odd)
        limit = int(grounds.length[list(turned[:size])].sum())
        found, last = lengths_from(cover, grounds.length, grounds.closed, shut, origin, target, limit)
        if found[target] < limit:
            links = tuple(walk_to(cover, last, origin, target).tolist()) + turned[size:]
            if winds_once(grounds.ring, grounds.cover, links):
                yield links

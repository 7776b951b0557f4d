"""Take a point of a ring apart into its circuits, and state the rows that forbid detached ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import pulp

from optimiser.engine.models.rings import RingDecisions
from optimiser.verify.rings import circuit_fault, circuit_nodes

type Circuit = tuple[int, ...]
"""Positions of links, in order."""


def circuits_in(decisions: RingDecisions, values: Mapping[str, float]) -> list[Circuit]:
    """Return the circuits that an integer point consists of.

    Parameters
    ----------
    decisions
        The ring.
    values
        Value of each variable by name.
    """
    leave: dict[int, tuple[int, int]] = {}
    for a in decisions.ahead:
        link = decisions.ring.links[a]
        if values[decisions.ahead[a].name] > 0.5:
            leave[link.tail] = a, link.head
        elif values[decisions.back[a].name] > 0.5:
            leave[link.head] = a, link.tail
    found = []
    while leave:
        at, links = min(leave), []
        while at in leave:
            a, at = leave.pop(at)
            links.append(a)
        found.append(tuple(links))
    return found


def forming(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Circuit | None:
    """Return the first circuit that forms the ring by itself, its candidates built; None without one."""
    names = {link.candidate for link in decisions.ring.links if link.candidate is not None}
    return next((links for links in circuits if not circuit_fault(decisions.ring, links, names)), None)


def detached_rows(decisions: RingDecisions, circuits: Sequence[Circuit]) -> Iterator[pulp.LpAffineExpression]:
    """Yield rows that a point of several circuits breaks, of which none forms the ring, and no ring does.

    Parameters
    ----------
    decisions
        The ring.
    circuits
        All circuits of the point.

    Notes
    -----
    `leave` rows are stronger; where there are some, `mend` rows are not needed.
    """
    rows = [row for links in circuits for row in leave_rows(decisions, links)]
    yield from rows or (mend_row(decisions, links) for links in circuits)


def leave_rows(decisions: RingDecisions, links: Circuit) -> Iterator[pulp.LpAffineExpression]:
    """Yield `leave_v: sum_{a out of S} f >= sum_{a into v} f` for each node v of the node set S of a circuit.

    Valid where for some centre no circuit within S winds round it: the ring winds round it, so it cannot stay
    in S, and visits v at most once. No circuit within S winds round s if and only if there are numbers g with
    w_as = g_head - g_tail for all links within S (a signed graph that is balanced; Harary 1953, for integers
    Zaslavsky, "Biased graphs I", 1989).
    """
    inside = set(circuit_nodes(decisions.ring, links) or ())
    centres = range(len(decisions.ring.centres))
    if not any(_is_balanced(decisions, inside, s) for s in centres):
        return
    out = []
    for a in decisions.ahead:
        link = decisions.ring.links[a]
        if link.tail in inside and link.head not in inside:
            out.append((decisions.ahead[a], 1.0))
        elif link.head in inside and link.tail not in inside:
            out.append((decisions.back[a], 1.0))
    left = pulp.LpAffineExpression.from_list(out)
    for v in sorted(inside):
        yield left - pulp.LpAffineExpression.from_list(decisions.inflow(v)) >= 0


def mend_row(decisions: RingDecisions, links: Circuit) -> pulp.LpAffineExpression:
    """Return `mend: sum_{a in C} (f_a+ + f_a-) <= |C| - 1` for a circuit C that does not form the ring.

    A circuit that uses all links of C is C.
    """
    used = [(side[a], 1.0) for a in links for side in (decisions.ahead, decisions.back)]
    return pulp.LpAffineExpression.from_list(used) <= len(links) - 1


def _is_balanced(decisions: RingDecisions, inside: Collection[int], s: int) -> bool:
    """Say whether every circuit within a set of nodes winds 0 times round a centre."""
    steps: dict[int, list[tuple[int, int]]] = {v: [] for v in inside}
    for a, turns in decisions.turns.items():
        link = decisions.ring.links[a]
        if link.tail in steps and link.head in steps:
            steps[link.tail].append((link.head, turns[s]))
            steps[link.head].append((link.tail, -turns[s]))
    level: dict[int, int] = {}
    for root in sorted(steps):
        if root in level:
            continue
        level[root], heap = 0, [root]
        while heap:
            v = heap.pop()
            for to, change in steps[v]:
                if to not in level:
                    level[to] = level[v] + change
                    heap.append(to)
                elif level[to] != level[v] + change:
                    return False
    return True

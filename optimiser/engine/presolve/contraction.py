"""Shrink the network: remove arcs that no pair can use, and contract nodes."""

from collections.abc import Iterator

from optimiser.engine.presolve.stage import Reduction, with_arcs, without_idle
from optimiser.engine.search.paths import arc_table, longest_limit
from optimiser.engine.search.tables import Reach
from optimiser.problem import DesignProblem


def drop_irrelevant_arcs(stage: Reduction) -> Reduction:
    """Remove arcs that are on no walk within the limit of any pair, and candidates without arcs.

    Proof. With every candidate built, let a(u) be the shortest time from the origin of a pair to u, and b(v)
    that from v to its destination. A walk of the pair over the arc (u, v) of s seconds takes at least
    a(u) + s + b(v) in any plan. If that exceeds the limit for every pair, no pair is covered over the arc,
    and without it every plan covers the same pairs. A candidate without arcs only adds cost; it is removed
    unless a remaining candidate requires it. Leaving it out of a plan violates no side constraint, since no
    remaining candidate requires it. Nodes without arcs and pairs are removed as well.

    Parameters
    ----------
    stage
        Any stage.
    """
    table = arc_table(stage.problem)
    used = Reach.of(stage.problem).used(table)
    return stage.on(without_idle(with_arcs(stage.problem, table[used].tolist())))


NETWORK = -1
"""Owner of existing arcs: least, so that the greater owner of two arcs is that of their shortcut."""

type Shortcut = tuple[int, int, int, int]
"""Tail, head, seconds and owner."""


def contract(stage: Reduction) -> Reduction:
    """Replace nodes by arcs between their neighbours, where this does not increase the number of arcs.

    Proof. Let node v be neither origin nor destination of a pair, and let all its arcs belong to the existing
    network or to a single candidate j. Every walk through v enters by an arc (u, v) and leaves by an arc
    (v, w). The new arc (u, w) takes the sum of their seconds; it belongs to j if one of the two does, and to
    the existing network otherwise, so it is open exactly if both are. Hence the new arcs preserve all
    distances between other nodes in every plan. Walks with u = w are part of no shortest path, and neither is
    the slower of two arcs between the same nodes if the other is open whenever it is. Arcs longer than every
    limit are useless. (Contraction as in Geisberger, Sanders, Schultes and Delling, "Contraction
    hierarchies", WEA 2008, here with owners of arcs.)

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    arcs = ArcIndex(problem)
    ends = {node for p in problem.pairs for node in (p.origin, p.destination)}
    todo = [node for node in range(len(problem.nodes)) if node not in ends]
    while todo:
        touched: set[int] = set()
        for node in todo:
            touched |= arcs.contract(node)
        todo = sorted(touched - ends)
    return stage.on(without_idle(arcs.problem(problem)))


class ArcIndex:
    """The arcs of a problem by tail and by head; of parallel arcs of one owner, only the fastest."""

    def __init__(self, problem: DesignProblem) -> None:
        self._longest = longest_limit(problem)
        self._out: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        self._back: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        for *arc, owner in arc_table(problem).tolist():
            self._add((*arc, NETWORK if owner == len(problem.candidates) else owner))

    def _add(self, arc: Shortcut) -> None:
        tail, head, seconds, owner = arc
        if tail != head and seconds < self._out[tail].get((head, owner), seconds + 1):
            self._out[tail][head, owner] = self._back[head][tail, owner] = seconds

    def _shortcuts(self, node: int) -> Iterator[Shortcut]:
        """Yield the arcs that would replace a node, except those that existing ones dominate."""
        for (tail, before), first in self._back[node].items():
            for (head, after), second in self._out[node].items():
                owner, seconds = max(before, after), first + second
                if (
                    tail != head
                    and seconds <= self._longest
                    and not self._is_dominated(tail, head, seconds, owner)
                ):
                    yield tail, head, seconds, owner

    def _is_dominated(self, tail: int, head: int, seconds: int, owner: int) -> bool:
        """Return whether an arc that is no slower is open whenever this one is."""
        row = self._out[tail]
        return any(row.get((head, other), seconds + 1) <= seconds for other in (NETWORK, owner))

    def contract(self, node: int) -> set[int]:
        """Replace a node by arcs between its neighbours, and return the neighbours.

        Nothing is done where several candidates have arcs at the node, or where there would be more arcs.
        """
        arcs = [*self._back[node], *self._out[node]]
        if len({owner for _, owner in arcs} - {NETWORK}) > 1:
            return set()
        shortcuts, ends = list[Shortcut](), set[tuple[int, int, int]]()
        for tail, head, seconds, owner in self._shortcuts(node):
            shortcuts.append((tail, head, seconds, owner))
            ends.add((tail, head, owner))
            if len(ends) > len(arcs):
                return set()
        for tail, owner in self._back[node]:
            del self._out[tail][node, owner]
        for head, owner in self._out[node]:
            del self._back[head][node, owner]
        self._back[node], self._out[node] = {}, {}
        for arc in shortcuts:
            self._add(arc)
        return {other for other, _ in arcs}

    def problem(self, problem: DesignProblem) -> DesignProblem:
        """Return a problem with these arcs instead of its own."""
        rows = enumerate(self._out)
        arcs = ((u, v, seconds, owner) for u, row in rows for (v, owner), seconds in sorted(row.items()))
        return with_arcs(problem, arcs)

"""Contract nodes where nothing is decided: the overlay of the network on what matters."""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.engine.presolve.stage import Stage
from optimiser.engine.presolve.useful import with_arcs, without_idle
from optimiser.problem import Arc, DesignProblem

NETWORK = -1
"""Owner of the arcs that are open today."""

type Shortcut = tuple[int, int, int, int]
"""Tail, head, seconds and owner."""


def contract(stage: Stage) -> Stage:
    """Replace nodes by arcs between their neighbours, where that makes no more arcs than it takes.

    Proof. Let node v be neither origin nor destination of a pair, and let all its arcs belong to the network
    or to one candidate j. Every way through v enters by an arc (u, v) and leaves by an arc (v, w); both are
    open exactly when the new arc (u, w) of their summed seconds is, if that belongs to j when one of the two
    does and to the network otherwise. So with the new arcs in the place of v all distances between other
    nodes are kept in every plan. A way with u = w is no part of a shortest way, and neither is the slower of
    two arcs between the same nodes when the other is open whenever it is. Arcs above every limit are of no
    use to any pair. (Contraction as in Geisberger, Sanders, Schultes and Delling, "Contraction hierarchies",
    WEA 2008, here with owners of arcs.)

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    star = Star(problem)
    ends = {node for p in problem.pairs for node in (p.origin, p.destination)}
    todo = [node for node in range(len(problem.nodes)) if node not in ends]
    while todo:
        touched: set[int] = set()
        for node in todo:
            if star.shrinks(node):
                touched |= star.contract(node)
        todo = sorted(touched - ends)
    return stage.on(without_idle(star.problem(problem)))


class Star:
    """The arcs of a problem by node, in both directions.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: DesignProblem) -> None:
        self._longest = max((pair.limit for pair in problem.pairs), default=0)
        self._out: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        self._back: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
        for tail, head, seconds in problem.arcs:
            self._add((tail, head, seconds, NETWORK))
        for j, candidate in enumerate(problem.candidates):
            for tail, head, seconds in candidate.arcs:
                self._add((tail, head, seconds, j))

    def _add(self, arc: Shortcut) -> None:
        tail, head, seconds, owner = arc
        if tail != head and seconds < self._out[tail].get((head, owner), seconds + 1):
            self._out[tail][head, owner] = self._back[head][tail, owner] = seconds

    def _new(self, node: int) -> Iterator[Shortcut]:
        """Yield the arcs that would replace a node."""
        for (tail, before), first in self._back[node].items():
            for (head, after), second in self._out[node].items():
                owner, seconds = max(before, after), first + second
                if tail != head and seconds <= self._longest and not self._known(tail, head, seconds, owner):
                    yield tail, head, seconds, owner

    def _known(self, tail: int, head: int, seconds: int, owner: int) -> bool:
        """Say whether an arc no slower is open whenever this one is."""
        row = self._out[tail]
        today = row.get((head, NETWORK), seconds + 1)
        return min(today, row.get((head, owner), seconds + 1)) <= seconds

    def shrinks(self, node: int) -> bool:
        """Say whether a node can be contracted without more arcs than it has."""
        arcs = [*self._back[node], *self._out[node]]
        if len({owner for _, owner in arcs} - {NETWORK}) > 1:
            return False
        fresh = {(tail, head, owner) for tail, head, _, owner in self._new(node)}
        return len(fresh) <= len(arcs)

    def contract(self, node: int) -> set[int]:
        """Replace a node by arcs between its neighbours, and return those."""
        fresh = list(self._new(node))
        near = {other for other, _ in (*self._back[node], *self._out[node])}
        for tail, owner in self._back[node]:
            del self._out[tail][node, owner]
        for head, owner in self._out[node]:
            del self._back[head][node, owner]
        self._back[node], self._out[node] = {}, {}
        for arc in fresh:
            self._add(arc)
        return near

    def problem(self, problem: DesignProblem) -> DesignProblem:
        """Return a problem with these arcs in the place of its own."""
        arcs: list[list[Arc]] = [[] for _ in range(len(problem.candidates) + 1)]
        for tail, row in enumerate(self._out):
            for (head, owner), seconds in sorted(row.items()):
                arcs[owner].append((tail, head, seconds))
        return with_arcs(problem, arcs)

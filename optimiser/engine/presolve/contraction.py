"""Shrink the network: drop arcs that another way makes useless, and contract nodes without a decision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from optimiser.engine.presolve.arc_relevance import with_arcs, without_idle
from optimiser.engine.presolve.stage import Stage
from optimiser.engine.search.compiled import ZERO, compiled, compiled_inner
from optimiser.engine.search.paths import UNREACHED, Graph, Integers, Mask, graph, pop, push
from optimiser.problem import Arc, DesignProblem


def drop_slow_arcs(stage: Stage) -> Stage:
    """Drop arcs that are no faster than another way over the network and their own candidate's arcs.

    Proof. Let arc a = (u, v) of s seconds belong to the network, or to candidate j. It leaves when u = v, or
    when a way P from u to v over other arcs of the network (and of j) takes at most s seconds, where P has
    two arcs or more, or is one arc that takes less, or as long and comes earlier in the order (the network's
    first, then by position). P is open whenever a is. Order arcs by seconds, then by that order: since
    seconds are above 0, every arc of P comes before a. By induction over this order each arc that left has a
    way no slower over arcs that stayed and are open with it, so all distances are kept in every plan.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    net = graph(problem)
    kept = ~_slow(net, len(problem.candidates))
    tails = np.repeat(np.arange(len(problem.nodes)), np.diff(net.start))
    rows = np.stack([tails, net.head, net.seconds, net.owner], axis=1)[kept].tolist()
    arcs: list[list[Arc]] = [[] for _ in range(len(problem.candidates) + 1)]
    for tail, head, seconds, owner in rows:
        arcs[owner].append((tail, head, seconds))
    return stage.on(without_idle(with_arcs(problem, arcs)))


class _Search(NamedTuple):
    """Arrays of the searches from one node after another.

    Attributes
    ----------
    best, over
        int64 [n]: least seconds from the node at hand, and least seconds over two arcs or more.
    direct
        int64 [n]: the arc from the node at hand that counts as the first in order, or -1.
    heap_time, heap_node
        int64 [m + 1].
    touched
        int64 [n]: nodes reached.
    """

    best: Integers
    over: Integers
    direct: Integers
    heap_time: Integers
    heap_node: Integers
    touched: Integers


@compiled
def _slow(net: Graph, size: int) -> Mask:
    """Say which arcs leave: those of the network (owner `size`), and of each candidate by itself."""
    nodes, arcs = net.start.size - 1, net.head.size
    found = np.zeros(arcs, np.bool_)
    is_open = np.zeros(size + 1, np.bool_)
    is_open[size] = True
    work = _Search(
        np.full(nodes, UNREACHED),
        np.full(nodes, UNREACHED),
        np.full(nodes, -1),
        np.empty(arcs + 1, np.int64),
        np.empty(arcs + 1, np.int64),
        np.empty(nodes, np.int64),
    )
    judged_at = np.full(size + 1, -1)
    for node in range(nodes):
        first, end = net.start[node], net.start[node + 1]
        for begin in range(first, end):
            owner = net.owner[begin]
            if judged_at[owner] == node:
                continue
            judged_at[owner] = node
            is_open[owner] = True
            radius = net.seconds[begin]
            for arc in range(begin + 1, end):
                if net.owner[arc] == owner:
                    radius = max(radius, net.seconds[arc])
            count = _search(net, is_open, node, radius, work)
            is_open[owner] = owner == size
            for arc in range(begin, end):
                if net.owner[arc] == owner:
                    head = net.head[arc]
                    found[arc] = (
                        head == node or work.direct[head] != arc or work.over[head] <= net.seconds[arc]
                    )
            for place in range(count):
                reached = work.touched[place]
                work.best[reached] = work.over[reached] = UNREACHED
                work.direct[reached] = -1
    return found


@compiled_inner
def _search(net: Graph, is_open: Mask, node: int, radius: int, work: _Search) -> int:
    """Search from a node up to a radius; return the number of nodes touched (Dijkstra)."""
    size, count = ZERO, 0
    for arc in range(net.start[node], net.start[node + 1]):
        head, seconds, first = net.head[arc], net.seconds[arc], work.direct[net.head[arc]]
        if head == node or seconds > radius or not is_open[net.owner[arc]]:
            continue
        if first < 0:
            work.touched[count] = head
            count += 1
        elif seconds > net.seconds[first] or net.owner[arc] == net.owner[first]:
            # Arcs to one head rise in seconds, then in owner; only today's, the last, replaces another's.
            continue
        work.direct[head] = arc
        work.best[head] = seconds
        size = push(work.heap_time, work.heap_node, size, seconds, head)
    while size:
        size = pop(work.heap_time, work.heap_node, size)
        time, at = work.heap_time[size], work.heap_node[size]
        if time > work.best[at]:
            continue
        for arc in range(net.start[at], net.start[at + 1]):
            reached, head = time + net.seconds[arc], net.head[arc]
            if head == node or reached > radius or reached >= work.over[head] or not is_open[net.owner[arc]]:
                continue
            if work.best[head] == UNREACHED:
                work.touched[count] = head
                count += 1
            work.over[head] = reached
            if reached < work.best[head]:
                work.best[head] = reached
                size = push(work.heap_time, work.heap_node, size, reached, head)
    return count


NETWORK = -1


"""Owner of the arcs that are open today."""


type Shortcut = tuple[int, int, int, int]


"""Tail, head, seconds and owner."""


def contract(stage: Stage) -> Stage:
    """Replace nodes by arcs between their neighbours, where there are then no more arcs than before.

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
    arcs = ArcIndex(problem)
    ends = {node for p in problem.pairs for node in (p.origin, p.destination)}
    todo = [node for node in range(len(problem.nodes)) if node not in ends]
    while todo:
        touched: set[int] = set()
        for node in todo:
            if arcs.is_contractible(node):
                touched |= arcs.contract(node)
        todo = sorted(touched - ends)
    return stage.on(without_idle(arcs.problem(problem)))


class ArcIndex:
    """The arcs of a problem by node, in both directions; of parallel arcs of one owner the fastest."""

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
                if (
                    tail != head
                    and seconds <= self._longest
                    and not self._is_known(tail, head, seconds, owner)
                ):
                    yield tail, head, seconds, owner

    def _is_known(self, tail: int, head: int, seconds: int, owner: int) -> bool:
        """Say whether an arc no slower is open whenever this one is."""
        row = self._out[tail]
        today = row.get((head, NETWORK), seconds + 1)
        return min(today, row.get((head, owner), seconds + 1)) <= seconds

    def is_contractible(self, node: int) -> bool:
        """Say whether a node has one owner beside the network, and no more arcs would replace its own."""
        arcs = [*self._back[node], *self._out[node]]
        if len({owner for _, owner in arcs} - {NETWORK}) > 1:
            return False
        fresh = {(tail, head, owner) for tail, head, _, owner in self._new(node)}
        return len(fresh) <= len(arcs)

    def contract(self, node: int) -> set[int]:
        """Replace a node by arcs between its neighbours, and return those."""
        fresh = list(self._new(node))
        neighbours = {other for other, _ in (*self._back[node], *self._out[node])}
        for tail, owner in self._back[node]:
            del self._out[tail][node, owner]
        for head, owner in self._out[node]:
            del self._back[head][node, owner]
        self._back[node], self._out[node] = {}, {}
        for arc in fresh:
            self._add(arc)
        return neighbours

    def problem(self, problem: DesignProblem) -> DesignProblem:
        """Return a problem with these arcs in the place of its own."""
        arcs: list[list[Arc]] = [[] for _ in range(len(problem.candidates) + 1)]
        for tail, row in enumerate(self._out):
            for (head, owner), seconds in sorted(row.items()):
                arcs[owner].append((tail, head, seconds))
        return with_arcs(problem, arcs)

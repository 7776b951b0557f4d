"""Value sets of links of one problem by the pairs that they cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from optimiser.engine.search.compiled import compiled, compiled_inner
from optimiser.engine.search.paths import (
    LONGEST,
    UNREACHED,
    Graph,
    Integers,
    Mask,
    Whole,
    graph,
    in_rows,
    longest_limit,
    opened,
    pop,
    push,
    times_from,
)
from optimiser.problem import DesignProblem
from optimiser.verify.rules import weight_of

TODAY = -1
"""Owner of an arc that exists: as an index, the last entry of a mask of what is open."""


class PairTable(NamedTuple):
    """Pairs sorted by origin, for one search per origin; O origins, A pairs.

    Attributes
    ----------
    pair
        int64 [A]: positions in the problem.
    origins
        int64 [O], nodes.
    row
        int64 [A], row of the origin of each pair in `origins`, rising.
    destination, limit
        int64 [A]: nodes, and seconds.
    """

    pair: Integers
    origins: Integers
    row: Integers
    destination: Integers
    limit: Integers

    @classmethod
    def of(cls, problem: DesignProblem, pairs: Iterable[int]) -> PairTable:
        """Return the table of some pairs of a problem, given by their positions."""
        ks = sorted(pairs, key=lambda k: (problem.pairs[k].origin, k))
        rows = [(k, p.origin, p.destination, min(p.limit, LONGEST)) for k in ks for p in [problem.pairs[k]]]
        pair, origin, destination, limit = np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy()
        return cls(pair, *np.unique(origin, return_inverse=True), destination, limit)

    def take(self, rows: NDArray[np.intp]) -> PairTable:
        """Return some rows, given in rising order."""
        kept, row = np.unique(self.row[rows], return_inverse=True)
        return PairTable(self.pair[rows], self.origins[kept], row, self.destination[rows], self.limit[rows])


@dataclass(frozen=True)
class Valuer:
    """A problem prepared for many questions about times, coverage and value.

    Attributes
    ----------
    problem
        The problem.
    net
        All its arcs, also those longer than any limit. The owner of those that exist is `TODAY`, so that of
        equally fast parallel arcs they come first.
    table
        The pairs that searches run for.
    always
        Positions of the pairs that are covered whatever is built; no searches run for them.

    Notes
    -----
    The value of a set of links is the weight of the covered pairs and cities. Rewards of rings and periods
    are left out: they depend on circuits and starts, not only on the set.
    """

    problem: DesignProblem
    net: Graph
    table: PairTable
    always: frozenset[int] = frozenset()

    @classmethod
    def of(cls, problem: DesignProblem) -> Valuer:
        """Prepare a problem.

        Raises
        ------
        ProblemError
            When path times could overflow the compiled code.
        """
        net, table = graph(problem, beyond_limits=True), PairTable.of(problem, range(len(problem.pairs)))
        owner = np.where(net.owner < len(problem.candidates), net.owner, TODAY)
        return cls(
            problem, in_rows(tails(net), net.head, net.seconds, owner, nodes=len(problem.nodes)), table
        )

    def covered(self, built: Iterable[str]) -> frozenset[int]:
        """Return the positions of the covered pairs.

        Parameters
        ----------
        built
            Ids of the set of links.
        """
        radius = int(self.table.limit.max(initial=0))
        times = _pair_times(self.net, self._open(built), self.table, radius)
        return self.always.union(self.table.pair[times <= self.table.limit].tolist())

    def times(self, built: Iterable[str]) -> Integers:
        """Return the exact time of every pair, also beyond its limit.

        Parameters
        ----------
        built
            Ids of the set of links.

        Returns
        -------
        NDArray
            int64 [K], seconds in the order of the problem; `UNREACHED` where no path exists.
        """
        found = np.full(len(self.problem.pairs), UNREACHED)
        found[self.table.pair] = _pair_times(self.net, self._open(built), self.table, LONGEST)
        return found

    def times_without(self, built: Sequence[str], whole: Integers) -> Iterator[tuple[str, Integers]]:
        """Yield for each link of a plan the times of all pairs when this link alone is left out.

        Parameters
        ----------
        built
            Ids of the plan.
        whole
            Times with the whole plan, from `times`.

        Yields
        ------
        str, NDArray
            Id, and times as from `times`. Only pairs whose shortest path takes the link are searched again.
        """
        everywhere = np.full((len(self.table.origins), self.net.start.size - 1), LONGEST)
        unlimited = self.table._replace(limit=np.full(len(self.table.pair), LONGEST))
        search = Search(self.net, everywhere, unlimited)
        uses = used_owners(search, self._open(built), np.arange(len(self.table.pair)))
        for name in built:
            rows = np.flatnonzero(uses[:, self.problem.index[name]])
            found, table = whole.copy(), self.table.take(rows)
            is_open = self._open([other for other in built if other != name])
            found[table.pair] = _pair_times(self.net, is_open, table, LONGEST)
            yield name, found

    def routes(self, built: Iterable[str]) -> dict[int, tuple[int, ...]]:
        """Return what a fastest path of each covered pair uses, by position, in rising order.

        Parameters
        ----------
        built
            Ids of the set of links.

        Returns
        -------
        dict
            Positions of the candidates whose arcs it takes, in order of travel, each once. Of two parallel
            arcs with equal time the one that exists counts.

        Notes
        -----
        Of several fastest paths the one counts that the search of SciPy finds first; `used_owners` may find
        another, and does not tell in which order its arcs are travelled.
        """
        is_open, size = self._open(built), self.net.start.size - 1
        key = tails(self.net) * size + self.net.head
        arcs = np.flatnonzero(is_open[self.net.owner])
        key, first = np.unique(key[arcs], return_index=True)  # of parallel arcs the fastest comes first
        seconds, owner = self.net.seconds[arcs[first]].astype(np.float64), self.net.owner[arcs[first]]
        graph = csr_array((seconds, np.divmod(key, size)), shape=(size, size))
        radius, table = longest_limit(self.problem), self.table
        times, before = dijkstra(graph, indices=table.origins, limit=radius, return_predecessors=True)
        found = dict[int, tuple[int, ...]]()
        for k, row, node, limit in zip(table.pair, table.row, table.destination, table.limit, strict=True):
            if times[row, node] > limit:
                continue
            used, head = list[int](), int(node)
            while (tail := int(before[row, head])) >= 0:
                used.append(int(owner[np.searchsorted(key, tail * size + head)]))
                head = tail
            found[int(k)] = tuple(j for j in reversed(dict.fromkeys(used)) if j != TODAY)
        return dict(sorted(found.items()))

    def value(self, built: Iterable[str]) -> int:
        """Return the value of a set of links.

        Parameters
        ----------
        built
            Ids of the set.
        """
        return weight_of(self.problem, self.covered(built))

    def within(self, plan: Iterable[str]) -> Valuer:
        """Return a faster valuer for subsets of a plan, which searches only for pairs that the plan gains.

        Coverage is monotone: what is covered with nothing built is covered by every subset, and what the
        plan does not cover is covered by none.

        Parameters
        ----------
        plan
            Ids of the plan.
        """
        nothing = self.covered(())
        gained = self.covered(plan) - nothing
        return replace(self, table=PairTable.of(self.problem, gained), always=nothing)

    @cached_property
    def always_weight(self) -> int:
        """Return the weight of the pairs that are always covered."""
        return sum(self.problem.pairs[k].weight for k in self.always)

    def _open(self, built: Iterable[str]) -> Mask:
        return opened(self.problem, [self.problem.index[name] for name in built])


def _pair_times(net: Graph, is_open: Mask, table: PairTable, radius: int) -> Integers:
    """Return the times of pairs over open arcs, int64 [A]; `UNREACHED` beyond the radius or without path."""
    found = np.full(table.pair.size, UNREACHED)
    for row, origin in enumerate(table.origins):
        own = table.row == row
        found[own] = times_from(net, is_open, origin, radius)[table.destination[own]]
    return found


def tails(net: Graph) -> Integers:
    """Return the tail of each arc, int64 [m]."""
    return np.repeat(np.arange(net.start.size - 1), np.diff(net.start))


class Search(NamedTuple):
    """Input of the searches for pairs within limits; n nodes, O origins.

    Attributes
    ----------
    net
        Arcs; those that no pair can use within its limit may be missing.
    latest
        int64 [O x n]: latest second at which a path from an origin may reach a node and still be of use.
    table
        The pairs.
    """

    net: Graph
    latest: Integers
    table: PairTable


@compiled
def used_owners(search: Search, is_open: Mask, rows: Integers) -> Mask:
    """Return which candidates lie on a shortest path of some pairs that is within their limits.

    `is_open` is bool [J + 1]; its last entry stands for the arcs that exist today, as does the last column of
    what is returned, bool [rows, J + 1]. The row of a pair beyond its limit, or of a place with itself, is
    False throughout. Of several shortest paths one counts. The rows rise.
    """
    table, found = search.table, np.zeros((rows.size, is_open.size), np.bool_)
    last = np.int64(-1)
    times, before, owner = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    for i in range(rows.size):
        k = rows[i]
        if table.row[k] != last:
            last = table.row[k]
            times, before, owner = paths_from(search.net, is_open, table.origins[last], search.latest[last])
        node = table.destination[k]
        if times[node] > table.limit[k]:
            continue
        while before[node] >= 0:
            found[i, owner[node]] = True
            node = before[node]
    return found


@compiled_inner
def paths_from(
    net: Graph, is_open: Mask, origin: Whole, latest: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return the shortest-path tree from a node (Dijkstra).

    Parameters
    ----------
    net
        Arcs.
    is_open
        bool [J + 1].
    origin
        Root of the tree.
    latest
        int64 [n]: a node reached later than this (seconds) is left out.

    Returns
    -------
    times, before, owner
        int64 [n] each: times, `UNREACHED` for a node that is left out; the node before each on its path, -1
        where there is none; and the owner of the arc between the two.
    """
    count = net.start.size - 1
    times, before, owner = np.full(count, UNREACHED), np.full(count, -1), np.full(count, -1)
    # Every arc is pushed at most once, since its tail is settled once.
    heap_time = np.empty(net.head.size + 1, np.int64)
    heap_node = np.empty(net.head.size + 1, np.int64)
    times[origin] = 0
    size = push(heap_time, heap_node, 0, 0, origin)
    while size:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > times[node]:
            continue
        for arc in range(net.start[node], net.start[node + 1]):
            reached, to = time + net.seconds[arc], net.head[arc]
            if is_open[net.owner[arc]] and reached <= latest[to] and reached < times[to]:
                times[to], before[to], owner[to] = reached, node, net.owner[arc]
                size = push(heap_time, heap_node, size, reached, to)
    return times, before, owner

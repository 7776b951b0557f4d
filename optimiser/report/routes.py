"""Find which proposed links each pair's fastest path uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.timegraph import UNREACHABLE
from optimiser.problem import DesignProblem

type Ints = NDArray[np.int64]

TODAY = -1
"""Owner of an arc that is open already."""


@dataclass(frozen=True, slots=True)
class Route:
    """The fastest path of one pair.

    Attributes
    ----------
    seconds
        Travel time, `UNREACHABLE` where no path leads.
    uses
        Positions of the candidates whose arcs it takes, in order of travel, each once.
    """

    seconds: int
    uses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """All arcs of a problem, ready to be searched with any candidates built.

    Attributes
    ----------
    problem
        The problem.
    tail, head, seconds, owner
        int64 [arcs]: ends, travel time, and the position of the candidate that opens it (`TODAY`: open
        already); of parallel arcs the fastest comes first, of equally fast ones what is open today.
    """

    problem: DesignProblem
    tail: Ints
    head: Ints
    seconds: Ints
    owner: Ints

    @classmethod
    def of(cls, problem: DesignProblem) -> Router:
        """Gather the arcs of a problem; loops are left out."""
        rows = [(*arc, TODAY) for arc in problem.arcs]
        rows += [(*arc, j) for j, candidate in enumerate(problem.candidates) for arc in candidate.arcs]
        table = np.array([row for row in rows if row[0] != row[1]], dtype=np.int64).reshape(-1, 4)
        tail, head, seconds, owner = table[np.lexsort(table.T[[3, 2, 1, 0]])].T
        return cls(problem, tail, head, seconds, owner)

    def fastest(self, *, built: Collection[int], pairs: Iterable[int]) -> dict[int, Route]:
        """Return the fastest path of some pairs with some candidates built.

        Parameters
        ----------
        built
            Positions of the candidates that are open.
        pairs
            Positions of the pairs that are asked for.

        Returns
        -------
        dict
            Route by position of the pair. Of two arcs with equal time the one that is open today counts.
        """
        asked = list(pairs)
        if not asked:
            return {}
        ends = self.problem.pairs
        origins = sorted({ends[k].origin for k in asked})
        row = {origin: r for r, origin in enumerate(origins)}
        graph, owner = self._graph(built)
        seconds, before = dijkstra(graph, indices=origins, return_predecessors=True)
        return {
            k: _route(ends[k].destination, seconds[r], before[r], owner)
            for k in asked
            for r in [row[ends[k].origin]]
        }

    def _graph(self, built: Collection[int]) -> tuple[csr_array, dict[tuple[int, int], int]]:
        """Return the graph of what is open, and who owns each arc that is not open today."""
        is_open = np.zeros(len(self.problem.candidates) + 1, dtype=np.bool_)
        is_open[[TODAY, *built]] = True
        rows = np.flatnonzero(is_open[self.owner])
        tail, head = self.tail[rows], self.head[rows]
        first = np.ones(len(rows), dtype=np.bool_)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        tail, head, owner = tail[first], head[first], self.owner[rows][first]
        size = len(self.problem.nodes)
        values = self.seconds[rows][first].astype(np.float64)
        graph = csr_array((values, (tail, head)), shape=(size, size))
        new = np.flatnonzero(owner != TODAY)
        arcs = zip(tail[new].tolist(), head[new].tolist(), strict=True)
        return graph, dict(zip(arcs, owner[new].tolist(), strict=True))


def fastest(problem: DesignProblem, *, built: Collection[int], pairs: Iterable[int]) -> dict[int, Route]:
    """Return the fastest path of some pairs with some candidates built: `Router.fastest` for one question."""
    return Router.of(problem).fastest(built=built, pairs=pairs)


def _route(
    end: int, seconds: NDArray[np.float64], before: NDArray[np.int32], owner: dict[tuple[int, int], int]
) -> Route:
    if not np.isfinite(seconds[end]):
        return Route(UNREACHABLE)
    uses: dict[int, None] = {}
    head = end
    while (tail := int(before[head])) >= 0:
        if (tail, head) in owner:
            uses[owner[tail, head]] = None
        head = tail
    return Route(int(seconds[end]), tuple(reversed(uses)))

"""Find which proposed links each pair's fastest path uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from networks.timegraph import UNREACHABLE
from optimiser.problem import Arc, DesignProblem

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


def fastest(problem: DesignProblem, *, built: Collection[int], pairs: Iterable[int]) -> dict[int, Route]:
    """Return the fastest path of some pairs with some candidates built.

    Parameters
    ----------
    problem
        The problem.
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
    origins = sorted({problem.pairs[k].origin for k in asked})
    row = {origin: r for r, origin in enumerate(origins)}
    graph, owner = _graph(problem, built)
    seconds, before = dijkstra(graph, indices=origins, return_predecessors=True)
    return {
        k: _route(problem.pairs[k].destination, seconds[r], before[r], owner)
        for k in asked
        for r in [row[problem.pairs[k].origin]]
    }


def _graph(problem: DesignProblem, built: Collection[int]) -> tuple[csr_matrix, dict[tuple[int, int], int]]:
    """Return the graph of what is open, and who owns each arc that is not open today."""
    best = _cheapest(problem.arcs, TODAY, {})
    for j in sorted(built):
        best = _cheapest(problem.candidates[j].arcs, j, best)
    ends = np.array(list(best), dtype=np.int64).reshape(-1, 2)
    values = np.array([seconds for seconds, _ in best.values()], dtype=np.float64)
    size = len(problem.nodes)
    graph = csr_matrix((values, (ends[:, 0], ends[:, 1])), shape=(size, size))
    return graph, {arc: j for arc, (_, j) in best.items() if j != TODAY}


def _cheapest(
    arcs: Iterable[Arc], owner: int, known: dict[tuple[int, int], tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    best = dict(known)
    for tail, head, seconds in arcs:
        if tail != head and seconds < best.get((tail, head), (UNREACHABLE, TODAY))[0]:
            best[tail, head] = (seconds, owner)
    return best


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

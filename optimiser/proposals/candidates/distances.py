"""Compute exact distances in whole seconds on arcs given as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

FAR: int = 2**52
"""Distance of what no path joins: above every true distance, and two of them add up without overflow."""


def least_arcs(
    tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Keep the fastest of parallel arcs and no loops.

    Parameters
    ----------
    tail, head, seconds
        int64 [m].

    Returns
    -------
    tuple
        Tails, heads, seconds, and the positions that they had; int64 [k], in order of tail and head.
    """
    order = np.lexsort((seconds, head, tail))
    t, h = tail[order], head[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (t[1:] != t[:-1]) | (h[1:] != h[:-1])
    kept = order[first & (t != h)]
    return tail[kept], head[kept], seconds[kept], kept


def matrix(
    count: int, tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.int64]
) -> csr_array:
    """Return arcs as a sparse matrix; of parallel arcs the fastest counts.

    Parameters
    ----------
    count
        Number of nodes.
    tail, head, seconds
        int64 [m].
    """
    t, h, s, _ = least_arcs(tail, head, seconds)
    return csr_array((s.astype(np.float64), (t, h)), shape=(count, count))


def between(graph: csr_array, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Compute distances from sources to targets.

    Parameters
    ----------
    graph
        Sparse matrix of seconds.
    sources, targets
        Rows of nodes.

    Returns
    -------
    numpy.ndarray
        int64 [sources, targets], `FAR` where no path leads.
    """
    found = np.full((len(sources), len(targets)), FAR, dtype=np.int64)
    for start in range(0, len(sources), 128):
        block = dijkstra(graph, indices=sources[start : start + 128])[:, targets]
        reached = np.isfinite(block)
        found[start : start + 128][reached] = block[reached].astype(np.int64)
    return found

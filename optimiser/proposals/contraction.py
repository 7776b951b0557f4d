"""Contract a graph to the nodes between which distances are asked for."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

MOST_MORE = 4
"""Arcs by which the removal of a node may increase their number: fewer nodes then outweigh more arcs."""


def contracted(
    graph: csr_array, kept: NDArray[np.int64], *, most_more: int = MOST_MORE
) -> tuple[NDArray[np.int64], csr_array]:
    """Remove nodes of a graph, and keep the distances between the others.

    Parameters
    ----------
    graph
        Sparse matrix of seconds [n, n], each > 0.
    kept
        Rows of nodes that stay.
    most_more
        Arcs by which the removal of a node may increase their number.

    Returns
    -------
    tuple
        int64 [n], the row of each node in the smaller graph, -1 where it was removed; and that graph.

    Notes
    -----
    A node is removed by joining each node before it to each node after it, as in contraction hierarchies
    (Geisberger, Sanders, Schultes and Delling 2008). A path over the node has a shortcut of the same length,
    and each shortcut stands for a path, so that no distance changes.
    """
    count = graph.shape[0]
    rows = [slice(a, b) for a, b in zip(graph.indptr[:-1].tolist(), graph.indptr[1:].tolist(), strict=True)]
    heads, seconds = graph.indices.tolist(), graph.data.tolist()
    after: list[dict[int, float]] = [dict(zip(heads[row], seconds[row], strict=True)) for row in rows]
    before: list[dict[int, float]] = [{} for _ in range(count)]
    for tail, arcs in enumerate(after):
        for head, time in arcs.items():
            before[head][tail] = time
    is_kept = np.zeros(count, dtype=bool)
    is_kept[kept] = True
    stays, is_waiting, is_left = is_kept.tolist(), (~is_kept).tolist(), [True] * count
    waiting = deque(np.flatnonzero(~is_kept).tolist())
    while waiting:
        node = waiting.popleft()
        is_waiting[node] = False
        into, out = before[node], after[node]
        shortcuts = len(into) * len(out) - len(into.keys() & out.keys())
        if shortcuts > len(into) + len(out) + most_more:
            continue
        _remove(node, before, after)
        is_left[node] = False
        for other in into.keys() | out.keys():
            if not stays[other] and not is_waiting[other]:
                waiting.append(other)
                is_waiting[other] = True
    left = np.flatnonzero(is_left)
    row = np.full(count, -1, dtype=np.int64)
    row[left] = np.arange(len(left))
    found = [(tail, head, time) for tail in left.tolist() for head, time in after[tail].items()]
    tails, ends, times = np.array(found, dtype=np.float64).reshape(-1, 3).T
    shape = (len(left), len(left))
    at = row[tails.astype(np.int64)], row[ends.astype(np.int64)]
    return row, csr_array((times, at), shape=shape)


def without_detours(graph: csr_array, *, share: float) -> csr_array:
    """Leave out arcs that are no faster than a path over other nodes; distances stay.

    Parameters
    ----------
    graph
        Sparse matrix of seconds [n, n], each > 0.
    share
        Share of the arcs that are looked at, the fastest first; long arcs take the longest.

    Notes
    -----
    An arc u-v is left out if another arc u-w and a path from w to v take no longer. All such arcs can be left
    out at once: arc and path are each shorter than u-v, so that by induction over the distance every pair
    keeps a shortest path.
    """
    count, seconds = graph.shape[0], graph.data
    if not len(seconds):
        return graph
    distance = dijkstra(graph, limit=np.quantile(seconds, share))
    out = np.diff(graph.indptr)
    tail = np.repeat(np.arange(count), out)
    # Every arc beside every other one from the same tail.
    arc = np.repeat(np.arange(len(seconds)), out[tail])
    other = (
        graph.indptr[tail[arc]] + np.arange(len(arc)) - np.repeat(np.cumsum(out[tail]) - out[tail], out[tail])
    )
    arc, other = arc[arc != other], other[arc != other]
    is_detour = seconds[other] + distance[graph.indices[other], graph.indices[arc]] <= seconds[arc]
    kept = np.ones(len(seconds), dtype=bool)
    kept[arc[is_detour]] = False
    return csr_array((seconds[kept], (tail[kept], graph.indices[kept])), shape=graph.shape)


def _remove(node: int, before: list[dict[int, float]], after: list[dict[int, float]]) -> None:
    """Remove a node, and join each node before it to each node after it."""
    into, out = before[node], after[node]
    for tail in into:
        del after[tail][node]
    for head in out:
        del before[head][node]
    for tail, first in into.items():
        arcs = after[tail]
        for head, second in out.items():
            time = first + second
            if head != tail and time < arcs.get(head, np.inf):
                arcs[head] = before[head][tail] = time

"""Contract a graph to the nodes between which distances are asked for."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

MOST_MORE = 4
"""Arcs by which the removal of a node may increase their number: fewer nodes then outweigh more arcs."""


def contracted(graph: csr_array, kept: NDArray[np.int64]) -> tuple[NDArray[np.int64], csr_array]:
    """Remove nodes of a graph, and keep the distances between the others.

    Parameters
    ----------
    graph
        Sparse matrix of seconds [n, n], each > 0.
    kept
        Rows of nodes that stay.

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
        if shortcuts > len(into) + len(out) + MOST_MORE:
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

"""Shrink a graph to the nodes that matter, with every distance between them kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.distances import FAR, between, matrix


@dataclass(frozen=True, slots=True)
class Overlay:
    """Arcs between terminals that keep all distances between terminals.

    Attributes
    ----------
    terminals
        int64 [n]: rows of the full graph, rising; -1 for nodes that the full graph lacks (at the end).
    tail, head, seconds
        int64 [m]: positions in `terminals`, and seconds.
    distance
        int64 [n, n]: all distances between terminals today, `FAR` where no path leads.
    """

    terminals: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]
    distance: NDArray[np.int64]


def overlay(
    count: int,
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    seconds: NDArray[np.int64],
    terminals: NDArray[np.int64],
    *,
    extra: int = 0,
) -> Overlay:
    """Replace a graph by the fewest arcs between terminals that keep their distances.

    Parameters
    ----------
    count
        Number of nodes of the graph.
    tail, head, seconds
        int64 [m], the graph; seconds >= 1.
    terminals
        Rows of nodes to keep.
    extra
        Number of further nodes, not in the graph, that are added without arcs.

    Returns
    -------
    Overlay
        An arc u-v stays only when no terminal lies on a shortest path from u to v. Since seconds are above 0,
        both parts of a way over a terminal are shorter than the whole, so by induction over the distance
        every pair keeps a shortest path, ties included.
    """
    kept = np.unique(terminals)
    size = len(kept) + extra
    distance = np.full((size, size), FAR, dtype=np.int64)
    np.fill_diagonal(distance, 0)
    distance[: len(kept), : len(kept)] = between(matrix(count, tail, head, seconds), kept, kept)
    tails, heads = np.nonzero(needed_arcs(distance[: len(kept), : len(kept)]))
    return Overlay(
        terminals=np.concatenate([kept, np.full(extra, -1, dtype=np.int64)]),
        tail=tails.astype(np.int64),
        head=heads.astype(np.int64),
        seconds=distance[tails, heads],
        distance=distance,
    )


def needed_arcs(distance: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which pairs need an arc of their own so that all distances are kept.

    Parameters
    ----------
    distance
        int64 [n, n], all-pairs distances above 0 off the diagonal, `FAR` where no path leads.

    Returns
    -------
    numpy.ndarray
        bool [n, n]: true where no third node lies on a shortest path.
    """
    count = len(distance)
    blocked = distance + np.where(np.eye(count, dtype=bool), FAR, 0)
    needed = np.zeros((count, count), dtype=bool)
    for row in range(count):
        over_third = (blocked[row][:, None] + blocked).min(axis=0)
        needed[row] = (distance[row] < FAR) & (over_third > distance[row])
    needed[np.arange(count), np.arange(count)] = False
    return needed

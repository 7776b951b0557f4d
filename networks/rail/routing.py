"""Find the quickest way along tracks between the points of two stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Route:
    """A way along tracks.

    Attributes
    ----------
    seconds
        Running time, not rounded.
    length_km
        Length.
    links
        Rows of the links, in order.
    """

    seconds: float
    length_km: float
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TrackGraph:
    """Tracks as a graph that both directions of may be used.

    Attributes
    ----------
    matrix
        Seconds from node to node; of parallel links the quickest.
    link
        Row of the link behind each entry of the matrix, int64.
    length_km
        Length of every link.
    """

    matrix: csr_array
    link: Ints
    length_km: Floats

    @classmethod
    def of(
        cls,
        *,
        count: int,
        tail: Ints,
        head: Ints,
        seconds: Floats,
        length_km: Floats,
        only: Ints | None = None,
    ) -> TrackGraph:
        """Make a graph of links.

        Parameters
        ----------
        count
            Number of nodes.
        tail, head, seconds, length_km
            All links [m].
        only
            Rows of the links to use; None for all.

        Returns
        -------
        TrackGraph
            The graph.
        """
        rows = np.arange(len(tail)) if only is None else only
        start = np.concatenate([tail[rows], head[rows]])
        end = np.concatenate([head[rows], tail[rows]])
        link, cost = np.tile(rows, 2), np.tile(seconds[rows], 2)
        order = np.lexsort((link, cost, end, start))
        start, end, link, cost = start[order], end[order], link[order], cost[order]
        first = np.ones(len(start), dtype=bool)
        first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
        offsets = np.searchsorted(start[first], np.arange(count + 1))
        matrix = csr_array((cost[first], end[first], offsets), shape=(count, count))
        return cls(matrix=matrix, link=link[first].astype(np.int64), length_km=length_km)

    def route(self, origins: Sequence[int], destinations: Sequence[int]) -> Route | None:
        """Find the quickest way from any of some nodes to any of others.

        Parameters
        ----------
        origins, destinations
            Rows of nodes.

        Returns
        -------
        Route or None
            None when no track joins them.
        """
        cost, before, _ = dijkstra(
            self.matrix, indices=list(origins), return_predecessors=True, min_only=True
        )
        end = min(destinations, key=lambda node: (cost[node], node))
        if not np.isfinite(cost[end]):
            return None
        links, at = [], int(end)
        while before[at] >= 0:
            links.append(self._link_between(int(before[at]), at))
            at = int(before[at])
        links.reverse()
        return Route(float(cost[end]), float(self.length_km[links].sum()) if links else 0.0, tuple(links))

    def _link_between(self, start: int, end: int) -> int:
        offsets = self.matrix.indptr
        row = self.matrix.indices[offsets[start] : offsets[start + 1]]
        return int(self.link[offsets[start] + int(np.searchsorted(row, end))])

"""Find the quickest way along tracks between the points of two stations, without turns no train can take."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ANY_TURN_DEG = 180.0
_LOOK_AHEAD_DEG = 0.0003


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
class Layout:
    """Links with the directions in which they leave their ends.

    Attributes
    ----------
    count
        Number of nodes.
    tail, head
        Rows of nodes [m].
    length_km
        Length [m].
    leaving_tail, leaving_head
        Bearing of the track away from either end, radians [m].
    """

    count: int
    tail: Ints
    head: Ints
    length_km: Floats
    leaving_tail: Floats
    leaving_head: Floats

    @classmethod
    def of(cls, links: gpd.GeoDataFrame, *, count: int) -> Layout:
        """Read the layout of a network's links.

        Parameters
        ----------
        links
            Links of a network.
        count
            Number of its nodes.

        Returns
        -------
        Layout
            The bearing is taken over the first 30 m or so, so that it does not hang on one short piece.
        """
        lines = links.geometry.to_numpy()
        return cls(
            count=count,
            tail=links["tail"].to_numpy(),
            head=links["head"].to_numpy(),
            length_km=links["length_km"].to_numpy(),
            leaving_tail=_bearings(lines, start=0.0, to=_LOOK_AHEAD_DEG),
            leaving_head=_bearings(lines, start=1.0, to=-_LOOK_AHEAD_DEG),
        )


def _bearings(lines: NDArray[np.object_], *, start: float, to: float) -> Floats:
    ends = shapely.line_interpolate_point(lines, start, normalized=True)
    ahead = shapely.line_interpolate_point(lines, to)
    east = (shapely.get_x(ahead) - shapely.get_x(ends)) * np.cos(np.radians(shapely.get_y(ends)))
    bearing: Floats = np.arctan2(east, shapely.get_y(ahead) - shapely.get_y(ends))
    return bearing


@dataclass(frozen=True, slots=True)
class TrackGraph:
    """Tracks as a graph of moves from one directed link to the next.

    Directed link k < m runs from tail to head of link k, and k + m runs back.

    Attributes
    ----------
    matrix
        Seconds of the link that a move leaves.
    start, end
        Nodes of the directed links [2 m].
    seconds
        Running time of the directed links [2 m].
    leaving
        Directed links, by the node they leave.
    offsets
        Where the directed links of each node begin in `leaving`.
    length_km
        Length of the links [m].
    """

    matrix: csr_array
    start: Ints
    end: Ints
    seconds: Floats
    leaving: Ints
    offsets: Ints
    length_km: Floats

    @classmethod
    def of(
        cls,
        layout: Layout,
        seconds: Floats,
        *,
        only: Ints | None = None,
        closed: Ints | None = None,
        free: Ints | None = None,
        most_turn_deg: float = ANY_TURN_DEG,
    ) -> TrackGraph:
        """Make a graph of links.

        Parameters
        ----------
        layout
            The links.
        seconds
            Running time of each link.
        only
            Rows of the links to use; None for all.
        closed
            Rows of nodes that no way may lead through; None for none.
        free
            Rows of nodes where any turn may be taken; None for none.
        most_turn_deg
            Where three links or more meet, a train does not turn sharper than this. A bend between two links
            is no turn. No train goes back on the link that it came by.

        Returns
        -------
        TrackGraph
            The graph.
        """
        size = len(layout.tail)
        start = np.concatenate([layout.tail, layout.head])
        end = np.concatenate([layout.head, layout.tail])
        usable = np.ones(size, dtype=bool) if only is None else np.isin(np.arange(size), only)
        used = np.flatnonzero(np.tile(usable, 2))
        leaving = used[np.argsort(start[used], kind="stable")]
        offsets = np.searchsorted(start[leaving], np.arange(layout.count + 1))
        before, after = _moves(used, end, leaving, offsets)
        allowed = np.abs(before - after) != size
        any_turn = np.diff(offsets) <= 2
        if free is not None:
            any_turn[free] = True
        allowed &= _gentle(layout, before, after, most_turn_deg) | any_turn[end[before]]
        if closed is not None:
            allowed &= ~np.isin(end[before], closed)
        before, after = before[allowed], after[allowed]
        cost = np.tile(seconds, 2)
        matrix = csr_array((cost[before], (before, after)), shape=(2 * size, 2 * size))
        return cls(matrix, start, end, cost, leaving, offsets, layout.length_km)

    def route(self, origins: Iterable[int], destinations: Collection[int]) -> Route | None:
        """Find the quickest way from any of some nodes to any of others.

        Parameters
        ----------
        origins, destinations
            Rows of nodes.

        Returns
        -------
        Route or None
            None when no track joins them; of no length when they share a node.
        """
        if set(origins) & set(destinations):
            return Route(0.0, 0.0, ())
        reached, before = self._search(origins)
        last = np.flatnonzero(np.isin(self.end, np.array(list(destinations), dtype=np.int64)))
        total = reached[last] + self.seconds[last]
        if not len(last) or not np.isfinite(total.min()):
            return None
        at = int(last[np.argmin(total)])
        arcs = [at]
        while before[at] >= 0:
            at = int(before[at])
            arcs.append(at)
        links = [arc % len(self.length_km) for arc in reversed(arcs)]
        return Route(float(total.min()), float(self.length_km[links].sum()), tuple(links))

    def reach(self, origins: Iterable[int]) -> Ints:
        """Find the nodes that tracks lead to.

        Parameters
        ----------
        origins
            Rows of nodes.

        Returns
        -------
        NDArray[np.int64]
            Rows of nodes at the ends of links that can be run over, no row twice.
        """
        reached, _ = self._search(origins)
        return np.unique(self.end[np.isfinite(reached)])

    def _search(self, origins: Iterable[int]) -> tuple[Floats, NDArray[np.int32]]:
        """Return for each directed link the time until it is entered, and the one before it."""
        first = [arc for node in origins for arc in self.leaving[self.offsets[node] : self.offsets[node + 1]]]
        if not first:
            size = len(self.seconds)
            return np.full(size, np.inf), np.full(size, -1, dtype=np.int32)
        cost, before, _ = dijkstra(self.matrix, indices=first, return_predecessors=True, min_only=True)
        return cost, before


def _moves(used: Ints, end: Ints, leaving: Ints, offsets: Ints) -> tuple[Ints, Ints]:
    """Pair each directed link with those that leave its end."""
    counts = np.diff(offsets)[end[used]]
    before = np.repeat(used, counts)
    place = np.arange(len(before)) - np.repeat(np.cumsum(counts) - counts, counts)
    return before, leaving[np.repeat(offsets[end[used]], counts) + place]


def _gentle(layout: Layout, before: Ints, after: Ints, most_turn_deg: float) -> NDArray[np.bool_]:
    away = np.concatenate([layout.leaving_tail, layout.leaving_head])
    back = np.concatenate([layout.leaving_head, layout.leaving_tail])
    turn = np.abs((away[after] - back[before] + np.pi + np.pi) % (2 * np.pi) - np.pi)
    gentle: NDArray[np.bool_] = turn <= np.radians(most_turn_deg) + 1e-9
    return gentle

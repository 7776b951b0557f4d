"""Find the fastest route along tracks between two stations, without turns that no train can make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

Ints = NDArray[np.int64]


Floats = NDArray[np.float64]


_LOOK_AHEAD_DEG = 0.0003


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

    def take(self, rows: Ints) -> tuple[Layout, Ints]:
        """Return the layout of some links alone, its nodes numbered afresh.

        Parameters
        ----------
        rows
            Rows of the links to keep.

        Returns
        -------
        layout, nodes
            The layout, and the row that each of its nodes had before, rising.
        """
        nodes, ends = np.unique(np.concatenate([self.tail[rows], self.head[rows]]), return_inverse=True)
        tail, head = ends[: len(rows)].astype(np.int64), ends[len(rows) :].astype(np.int64)
        kept = (self.length_km[rows], self.leaving_tail[rows], self.leaving_head[rows])
        return Layout(len(nodes), tail, head, *kept), nodes

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


ANY_TURN_DEG = 180.0


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
    """Tracks as a graph of moves from one directed link to the next.

    Directed link k < m runs from tail to head of link k, and k + m runs back.

    Attributes
    ----------
    matrix
        Seconds of the link that a move leaves.
    end
        Nodes at the ends of the directed links [2 m].
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
        leaving = np.argsort(start, kind="stable").astype(np.int64)
        offsets = np.searchsorted(start[leaving], np.arange(layout.count + 1)).astype(np.int64)
        before, after = _moves(end, leaving, offsets)
        any_turn = np.diff(offsets) <= 2
        any_turn[_rows(free)] = True
        shut = np.zeros(layout.count, dtype=bool)
        shut[_rows(closed)] = True
        allowed = (np.abs(before - after) != size) & ~shut[end[before]]
        allowed &= _within_turn_limit(layout, before, after, most_turn_deg) | any_turn[end[before]]
        cost = np.tile(seconds, 2)
        moves = (before[allowed], after[allowed])
        matrix = csr_array((cost[moves[0]], moves), shape=(2 * size, 2 * size))
        return cls(matrix, end, cost, leaving, offsets, layout.length_km)

    def route(self, origins: Collection[int], destinations: Collection[int]) -> Route | None:
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

    def reach(self, origins: Collection[int]) -> Ints:
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

    def _search(self, origins: Collection[int]) -> tuple[Floats, NDArray[np.int32]]:
        """Return for each directed link the time until it is entered, and the one before it."""
        first = [arc for node in origins for arc in self.leaving[self.offsets[node] : self.offsets[node + 1]]]
        if not first:
            size = len(self.seconds)
            return np.full(size, np.inf), np.full(size, -1, dtype=np.int32)
        cost, before, _ = dijkstra(self.matrix, indices=first, return_predecessors=True, min_only=True)
        return cost, before


@dataclass(frozen=True, slots=True)
class OwnTracks:
    """The tracks that one service runs on, as a graph small enough to be made for each service.

    Attributes
    ----------
    graph
        The graph; its rows are those of `links` and `nodes`.
    links, nodes
        Rows in the whole network, the nodes rising.
    """

    graph: TrackGraph
    links: Ints
    nodes: Ints

    @classmethod
    def of(cls, layout: Layout, seconds: Floats, *, only: Ints) -> OwnTracks:
        """Take some links of a network, on which any turn may be taken.

        Parameters
        ----------
        layout, seconds
            All links of the network.
        only
            Rows of the links to take.

        Returns
        -------
        OwnTracks
            Their graph.
        """
        own, nodes = layout.take(only)
        return cls(TrackGraph.of(own, seconds[only]), only, nodes)

    def route(self, origins: Collection[int], destinations: Collection[int]) -> Route | None:
        """Find the quickest way from any of some nodes to any of others.

        Parameters
        ----------
        origins, destinations
            Rows of nodes of the whole network.

        Returns
        -------
        Route or None
            With links of the whole network; None when these tracks do not join them.
        """
        found = self.graph.route(self._own(origins), self._own(destinations))
        if found is None:
            return None
        return Route(found.seconds, found.length_km, tuple(self.links[list(found.links)].tolist()))

    def _own(self, rows: Collection[int]) -> list[int]:
        return np.flatnonzero(np.isin(self.nodes, np.array(list(rows), dtype=np.int64))).tolist()


def _rows(nodes: Ints | None) -> Ints:
    return np.empty(0, dtype=np.int64) if nodes is None else nodes


def _moves(end: Ints, leaving: Ints, offsets: Ints) -> tuple[Ints, Ints]:
    """Pair each directed link with those that leave its end."""
    counts = np.diff(offsets)[end]
    before = np.repeat(np.arange(len(end), dtype=np.int64), counts)
    place = np.arange(len(before)) - np.repeat(np.cumsum(counts) - counts, counts)
    return before, leaving[np.repeat(offsets[end], counts) + place]


def _within_turn_limit(layout: Layout, before: Ints, after: Ints, most_turn_deg: float) -> NDArray[np.bool_]:
    away = np.concatenate([layout.leaving_tail, layout.leaving_head])
    back = np.concatenate([layout.leaving_head, layout.leaving_tail])
    turn = np.abs((away[after] - back[before] + np.pi + np.pi) % (2 * np.pi) - np.pi)
    gentle: NDArray[np.bool_] = turn <= np.radians(most_turn_deg) + 1e-9
    return gentle

"""Find the fastest routes along tracks, with a limit on turns at junctions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.schema import Floats, Ints

ANY_TURN_DEG = 180.0
"""Turn limit that allows every turn."""

_BEARING_BASE_DEG = 0.0003
"""Bearings are measured over about 30 m, so that a single short segment does not decide them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The links of a network, with the bearings at their ends.

    Attributes
    ----------
    count
        Number of nodes.
    tail, head
        Rows of nodes [m].
    length_km
        Length of the links [m].
    leaving_tail, leaving_head
        Bearings of the track at its tail and at its head, seen from there along the link, radians [m].
    """

    count: int
    tail: Ints
    head: Ints
    length_km: Floats
    leaving_tail: Floats
    leaving_head: Floats

    @classmethod
    def of(cls, links: gpd.GeoDataFrame, *, count: int) -> Layout:
        """Measure the links of a network with `count` nodes."""
        lines = links.geometry.to_numpy()
        return cls(
            count=count,
            tail=links["tail"].to_numpy(),
            head=links["head"].to_numpy(),
            length_km=links["length_km"].to_numpy(),
            leaving_tail=_bearings(lines, start=0.0, to=_BEARING_BASE_DEG),
            leaving_head=_bearings(lines, start=1.0, to=-_BEARING_BASE_DEG),
        )

    def part(self, only: Ints) -> tuple[Layout, Ints]:
        """Return some links with their nodes numbered anew, and the rows of these nodes in the whole."""
        nodes, ends = np.unique(np.concatenate([self.tail[only], self.head[only]]), return_inverse=True)
        kept = (self.length_km[only], self.leaving_tail[only], self.leaving_head[only])
        return Layout(len(nodes), ends[: len(only)], ends[len(only) :], *kept), nodes


def _bearings(lines: NDArray[np.object_], *, start: float, to: float) -> Floats:
    """Return the bearings from a share of each line to a distance along it in degrees."""
    ends = shapely.line_interpolate_point(lines, start, normalized=True)
    ahead = shapely.line_interpolate_point(lines, to)
    east = (shapely.get_x(ahead) - shapely.get_x(ends)) * np.cos(np.radians(shapely.get_y(ends)))
    bearing: Floats = np.arctan2(east, shapely.get_y(ahead) - shapely.get_y(ends))
    return bearing


@dataclass(frozen=True, slots=True)
class Route:
    """A route along tracks.

    Attributes
    ----------
    seconds
        Running time, not rounded.
    length_km
        Total length.
    links
        Rows of the links, in order of travel.
    """

    seconds: float
    length_km: float
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TrackGraph:
    """Tracks as a graph of movements from one directed link to the next.

    Directed link k < m runs from the tail to the head of link k, and k + m runs back. Since the nodes of the
    graph are directed links, a forbidden turn is simply a missing arc.

    Attributes
    ----------
    matrix
        Cost of each allowed movement: the running time of the directed link that it leaves, in seconds.
    end
        Node at the end of each directed link [2 m].
    seconds
        Running time of each directed link [2 m].
    leaving
        Directed links, sorted by the node at which they start.
    offsets
        Position in `leaving` of the first directed link of each node [count + 1].
    length_km
        Length of the links [m].
    links, nodes
        Rows of its links [m] and nodes [count] in the whole network, the nodes increasing.
    """

    matrix: csr_array
    end: Ints
    seconds: Floats
    leaving: Ints
    offsets: Ints
    length_km: Floats
    links: Ints
    nodes: Ints

    @classmethod
    def of(
        cls,
        layout: Layout,
        seconds: Floats,
        *,
        closed: Ints | None = None,
        any_turn: Ints | None = None,
        most_turn_deg: float = ANY_TURN_DEG,
        only: Ints | None = None,
    ) -> TrackGraph:
        """Build the graph of all links, or the small one of some.

        Parameters
        ----------
        seconds
            Running time of each link.
        closed
            Rows of nodes that a route may not pass through.
        any_turn
            Rows of nodes without a turn limit, such as stations.
        most_turn_deg
            Largest change of direction where three or more links meet. A bend between two links is not a
            turn. No route reverses onto the link that it came from.
        only
            Rows of the links to use; None for all. Lists of nodes count in the graph of these alone.
        """
        links, nodes = np.arange(len(layout.tail)), np.arange(layout.count)
        if only is not None:
            links, layout, nodes = only, *layout.part(only)
            seconds = seconds[only]
        size = len(layout.tail)
        start = np.concatenate([layout.tail, layout.head])
        end = np.concatenate([layout.head, layout.tail])
        leaving = np.argsort(start, kind="stable").astype(np.int64)
        offsets = np.searchsorted(start[leaving], np.arange(layout.count + 1)).astype(np.int64)
        # Each directed link with all directed links that start at its end.
        counts = np.diff(offsets)[end]
        before = np.repeat(np.arange(len(end), dtype=np.int64), counts)
        place = np.arange(len(before)) - np.repeat(np.cumsum(counts) - counts, counts)
        after = leaving[np.repeat(offsets[end], counts) + place]
        is_free = np.diff(offsets) <= 2
        is_free[[] if any_turn is None else any_turn] = True
        is_closed = np.zeros(layout.count, dtype=bool)
        is_closed[[] if closed is None else closed] = True
        allowed = (np.abs(before - after) != size) & ~is_closed[end[before]]
        # `back` points against the direction of travel: add a half turn, then wrap the difference to +-pi.
        away = np.concatenate([layout.leaving_tail, layout.leaving_head])
        back = np.concatenate([layout.leaving_head, layout.leaving_tail])
        turn = np.abs((away[after] - back[before] + np.pi + np.pi) % (2 * np.pi) - np.pi)
        allowed &= (turn <= np.radians(most_turn_deg) + 1e-9) | is_free[end[before]]
        cost = np.tile(seconds, 2)
        movements = (before[allowed], after[allowed])
        matrix = csr_array((cost[movements[0]], movements), shape=(2 * size, 2 * size))
        return cls(matrix, end, cost, leaving, offsets, layout.length_km, links, nodes)

    def route(self, origins: Collection[int], destinations: Collection[int]) -> Route | None:
        """Find the fastest route from any origin to any destination.

        Parameters
        ----------
        origins, destinations
            Rows of nodes of the whole network.

        Returns
        -------
        Route or None
            None if no route exists; an empty route if origins and destinations share a node.
        """
        starts, ends = (np.flatnonzero(np.isin(self.nodes, list(rows))) for rows in (origins, destinations))
        if np.intersect1d(starts, ends).size:
            return Route(0.0, 0.0, ())
        reached, before = self._search(starts)
        is_destination = np.zeros(len(self.nodes), dtype=bool)
        is_destination[ends] = True
        last = np.flatnonzero(is_destination[self.end])
        total = reached[last] + self.seconds[last]
        if not len(last) or not np.isfinite(total.min()):
            return None
        at = int(last[np.argmin(total)])
        arcs = [at]
        while before[at] >= 0:
            at = int(before[at])
            arcs.append(at)
        links = [arc % len(self.length_km) for arc in reversed(arcs)]
        return Route(
            float(total.min()), float(self.length_km[links].sum()), tuple(self.links[links].tolist())
        )

    def reachable(self, origins: Collection[int]) -> Ints:
        """Return the rows of the nodes at the ends of all links that can be reached from some nodes."""
        reached, _ = self._search(origins)
        return np.unique(self.end[np.isfinite(reached)])

    def _search(self, origins: Collection[int]) -> tuple[Floats, NDArray[np.int32]]:
        """Return for each directed link the time at which it is entered, and its predecessor."""
        first = [arc for node in origins for arc in self.leaving[self.offsets[node] : self.offsets[node + 1]]]
        if not first:
            size = len(self.seconds)
            return np.full(size, np.inf), np.full(size, -1, dtype=np.int32)
        cost, before, _ = dijkstra(self.matrix, indices=first, return_predecessors=True, min_only=True)
        return cost, before

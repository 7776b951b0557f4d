"""Gather what the rules look at: networks, cities, times of today."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.intermodal import AccessParameters
from networks.network import Network, Services
from networks.timegraph import ARC_KINDS, TimeGraph
from optimiser.proposals.candidates.distances import matrix
from optimiser.proposals.candidates.neighbours import NeighbourRules, great_circle_km, links, project

_ROAD_KINDS = tuple(ARC_KINDS.index(name) for name in ("road", "ferry"))


@dataclass(frozen=True)
class Situation:
    """What there is before anything is built.

    Attributes
    ----------
    graph
        Road and rail joined.
    cities
        Table of cities, in the order of the graph's origins.
    road
        Contracted road network; row n of its nodes is `road:<n>` in the graph.
    rail
        Rail network, or None; row n of its nodes is `station:<n>` in the graph.
    services
        Trains on it, or None.
    skim
        int64 [c, c], best seconds between cities.
    limit_s
        The time limit of the job.
    access
        Times at stations, the same as the graph was made with.
    """

    graph: TimeGraph
    cities: gpd.GeoDataFrame
    road: Network
    rail: Network | None
    services: Services | None
    skim: NDArray[np.int64]
    limit_s: int
    access: AccessParameters = field(default_factory=AccessParameters.default)

    @property
    def door_to_door(self) -> bool:
        """Tell whether times count from centre to centre."""
        return self.graph.definition == "door_to_door"

    @cached_property
    def row(self) -> dict[str, int]:
        """Return the row of each node id of the graph."""
        return {name: row for row, name in enumerate(self.graph.nodes["node_id"])}

    @cached_property
    def lon(self) -> NDArray[np.float64]:
        """Return the longitudes of the cities."""
        return np.asarray(self.cities.geometry.x, dtype=np.float64)

    @cached_property
    def lat(self) -> NDArray[np.float64]:
        """Return the latitudes of the cities."""
        return np.asarray(self.cities.geometry.y, dtype=np.float64)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Return the cities on a plane, km."""
        return project(self.lon, self.lat)

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of the cities."""
        return [str(value) for value in self.cities["city_id"]]

    @cached_property
    def names(self) -> list[str]:
        """Return the names of the cities."""
        return [str(value) for value in self.cities["name"]]

    @cached_property
    def tiers(self) -> list[str]:
        """Return the tiers of the cities."""
        return [str(value) for value in self.cities["tier"]]

    @cached_property
    def road_nodes(self) -> NDArray[np.int64]:
        """Return for each city its node in the road network."""
        return np.asarray(self.cities["road_node"], dtype=np.int64)

    @cached_property
    def open_pair(self) -> NDArray[np.bool_]:
        """Tell which ordered pairs of cities are beyond the limit today."""
        return self.skim > self.limit_s

    @cached_property
    def times(self) -> csr_array:
        """Return the whole graph as a sparse matrix of seconds."""
        graph = self.graph
        return matrix(len(graph.nodes), graph.tail, graph.head, graph.seconds)

    @cached_property
    def _by_road(self) -> NDArray[np.float64]:
        """Return seconds over roads from each city to each road node, infinite where no way leads."""
        starts = np.maximum(self.road_nodes, 0)
        found = np.asarray(dijkstra(RoadPaths.of(self.road).matrix, indices=starts), dtype=np.float64)
        found[self.road_nodes < 0] = np.inf
        return found

    def road_s(self, a: int, b: int) -> int | None:
        """Return today's seconds over roads between two cities, None where no way leads."""
        if self.road_nodes[b] < 0 or not np.isfinite(self._by_road[a, self.road_nodes[b]]):
            return None
        return int(self._by_road[a, self.road_nodes[b]])

    def straight_km(self, a: int, b: int) -> float:
        """Return the great circle between two cities in km."""
        return float(great_circle_km(self.lon[[a]], self.lat[[a]], self.lon[[b]], self.lat[[b]])[0])

    def straight_line(self, a: int, b: int) -> shapely.LineString:
        """Return the straight line between two cities."""
        return shapely.LineString([(self.lon[a], self.lat[a]), (self.lon[b], self.lat[b])])

    def canonical(self, a: int, b: int) -> tuple[int, int]:
        """Return two cities in the order of their ids."""
        return (a, b) if self.ids[a] <= self.ids[b] else (b, a)

    def neighbours(self, rules: NeighbourRules, *, least_tier: tuple[str, ...] = ()) -> list[tuple[int, int]]:
        """Return pairs of neighbouring cities, each in canonical order, sorted by their ids.

        Parameters
        ----------
        rules
            Which neighbours.
        least_tier
            Only cities of these tiers; all where empty.
        """
        rows = np.array(
            [c for c, tier in enumerate(self.tiers) if not least_tier or tier in least_tier], dtype=int
        )
        if len(rows) < 2:
            return []
        found, _ = links(self.points[rows], rules)
        pairs = [self.canonical(int(rows[a]), int(rows[b])) for a, b in found.tolist()]
        return sorted(pairs, key=lambda pair: (self.ids[pair[0]], self.ids[pair[1]]))


@dataclass(frozen=True)
class RoadPaths:
    """Fastest ways over the roads of today.

    Attributes
    ----------
    road
        The road network.
    tail, head, seconds, link
        int64 [m], open directions of its links; rows of nodes, seconds, rows of links.
    """

    road: Network
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]
    link: NDArray[np.int64]

    @classmethod
    def of(cls, road: Network) -> RoadPaths:
        """Return the open directions of a road network, the fastest of parallel ones.

        Parameters
        ----------
        road
            Road network with travel times.
        """
        table: Any = road.links
        tail, head = (table[name].to_numpy(dtype=np.int64) for name in ("tail", "head"))
        forward, backward = (table[name].to_numpy(dtype=np.int64) for name in ("forward_s", "backward_s"))
        rows = np.arange(len(table), dtype=np.int64)
        parts = [
            np.concatenate([ahead[forward > 0], back[backward > 0]])
            for ahead, back in ((tail, head), (head, tail), (forward, backward), (rows, rows))
        ]
        order = np.lexsort((parts[3], parts[2], parts[1], parts[0]))
        t, h, s, link = (part[order] for part in parts)
        first = np.ones(len(t), dtype=bool)
        first[1:] = (t[1:] != t[:-1]) | (h[1:] != h[:-1])
        first &= t != h
        return cls(road, t[first], h[first], s[first], link[first])

    @cached_property
    def matrix(self) -> csr_array:
        """Return the seconds as a sparse matrix."""
        count = len(self.road.nodes)
        return csr_array((self.seconds.astype(np.float64), (self.tail, self.head)), shape=(count, count))

    def tree(self, start: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the seconds from a node to all nodes, and the node before each on the way (-9999 none)."""
        seconds, before = dijkstra(self.matrix, indices=start, return_predecessors=True)
        return np.asarray(seconds, dtype=np.float64), np.asarray(before, dtype=np.int64)

    def way(self, before: NDArray[np.int64], start: int, end: int) -> tuple[list[int], list[int]]:
        """Return nodes and links of the way in a tree, empty where there is none.

        Parameters
        ----------
        before
            As `tree` gives it.
        start, end
            Rows of nodes.
        """
        nodes = [end]
        while nodes[-1] != start:
            previous = int(before[nodes[-1]])
            if previous < 0:
                return [], []
            nodes.append(previous)
        nodes.reverse()
        return nodes, [self._link(a, b) for a, b in itertools.pairwise(nodes)]

    def _link(self, tail: int, head: int) -> int:
        """Return the fastest link from one node to the next."""
        low, high = np.searchsorted(self.tail, [tail, tail + 1])
        return int(self.link[low + np.searchsorted(self.head[low:high], head)])


def seconds_of(length_km: float, speed_kmh: float) -> int:
    """Return whole seconds for a length at a speed, at least 1."""
    return max(1, round(length_km / speed_kmh * 3600.0))


def frame_of(services: Services, service: int) -> pd.DataFrame:
    """Return the stops of one service in order."""
    stops = services.stops
    return stops[stops["service"] == service].sort_values("seq")

"""Time the drive from cities to the junctions and stations of a ring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from optimiser.proposals.candidates.neighbours import great_circle_km, project
from optimiser.proposals.candidates.situation import RoadPaths, Situation
from optimiser.proposals.rings.graph import RingGraph

FARTHEST_KM = 5.0
"""A station is reached from the road node nearest to it, if that is at most so far off."""
WALK_KMH = 20.0
"""Speed on the straight line between a station, or the end of a new road, and the nearest road node (assumed:
streets that the network does not hold)."""


@dataclass(frozen=True)
class Driving:
    """Fastest drives over the roads of today, by free travel, from where cities are snapped to the network.

    Attributes
    ----------
    situation
        Cities and roads.
    """

    situation: Situation

    @cached_property
    def _seconds(self) -> NDArray[np.float64]:
        """Return seconds from each city to each road node, infinite where no way leads."""
        starts = np.maximum(self.situation.road_nodes, 0)
        found = np.asarray(dijkstra(RoadPaths.of(self.situation.road).matrix, indices=starts))
        found[self.situation.road_nodes < 0] = np.inf
        return found

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the road nodes that a city reaches, with longitudes and latitudes."""
        rows = np.flatnonzero(np.isfinite(self._seconds).any(axis=0))
        points = self.situation.road.nodes.geometry.iloc[rows]
        return rows, np.asarray(points.x, dtype=np.float64), np.asarray(points.y, dtype=np.float64)

    def to_nodes(self, graph: RingGraph) -> NDArray[np.float64]:
        """Return the seconds from each city to each node of a ring graph, infinite where no way leads.

        Parameters
        ----------
        graph
            Nodes of roads are reached as they are, others from the road node nearest to them.

        Returns
        -------
        numpy.ndarray
            float64 [cities, nodes].
        """
        found = np.full((len(self.situation.ids), len(graph.nodes)), np.inf)
        roads = [k for k, node in enumerate(graph.nodes) if node.key.startswith("road:")]
        rows = [int(graph.nodes[k].key.removeprefix("road:")) for k in roads]
        found[:, roads] = self._seconds[:, rows]
        others = np.setdiff1d(np.arange(len(graph.nodes)), roads)
        nodes, lon, lat = self._places
        if not len(others) or not len(nodes):
            return found
        both = project(np.concatenate([lon, graph.lon[others]]), np.concatenate([lat, graph.lat[others]]))
        _, nearest = cKDTree(both[: len(lon)]).query(both[len(lon) :])
        far = great_circle_km(graph.lon[others], graph.lat[others], lon[nearest], lat[nearest])
        reached = self._seconds[:, nodes[nearest]] + far / WALK_KMH * 3600.0
        found[:, others] = np.where(far <= FARTHEST_KM, reached, np.inf)
        return found

    def from_nearest(self, cities: tuple[int, ...], graph: RingGraph) -> NDArray[np.float64]:
        """Return the seconds to each node of a ring graph from the nearest of some cities."""
        return np.asarray(self.to_nodes(graph)[list(cities)].min(axis=0), dtype=np.float64)

"""Route corridors along way points on a network that knows no classes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.regions.construction.geograph import Geograph
from networks.regions.construction.geometry import Point, between, distance_km, foot_share, offset_km

type Edge = tuple[int, int]
"""Two node indices, the smaller first."""

SAME_PLACE_KM = 0.15
LEAST_EDGE_KM = 0.001


def edge_of(a: int, b: int) -> Edge:
    """Return the edge between two nodes, the smaller index first."""
    return (a, b) if a < b else (b, a)


@dataclass
class WorkingGraph:
    """A network under work: nodes are only added, edges may be split, claims move along.

    Parameters
    ----------
    points
        Latitude and longitude of each node.
    edges
        Length in km of each edge.
    claims
        Keys of the corridors that use an edge, in the order in which they claimed it.
    drawn
        Edges that were drawn by hand and do not come from the package.
    middles
        The node that was put on an edge when it was split.
    """

    points: list[Point]
    edges: dict[Edge, float]
    claims: dict[Edge, tuple[str, ...]] = field(default_factory=dict)
    drawn: set[Edge] = field(default_factory=set)
    middles: dict[Edge, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Geograph) -> WorkingGraph:
        """Return a canvas that starts as a clipped network."""
        return cls(list(graph.points), dict(graph.edges))

    def add_node(self, point: Point) -> int:
        """Add a node and return its index."""
        self.points.append(point)
        return len(self.points) - 1

    def claim(self, path: Sequence[int], key: str) -> None:
        """Note that a corridor uses the edges of a path."""
        for a, b in itertools.pairwise(path):
            users = self.claims.get(edge_of(a, b), ())
            if key not in users:
                self.claims[edge_of(a, b)] = (*users, key)

    def draw(self, path: Sequence[int], key: str) -> None:
        """Add the edges of a hand-drawn path, where missing, and claim them."""
        fine = self.refined(path)
        for a, b in itertools.pairwise(fine):
            edge = edge_of(a, b)
            if edge not in self.edges:
                self.edges[edge] = distance_km(self.points[a], self.points[b])
                self.drawn.add(edge)
        self.claim(fine, key)

    def split(self, edge: Edge, share: float) -> int:
        """Put a node on an edge and return its index; close to an end, return that end.

        Parameters
        ----------
        edge
            The edge to split.
        share
            Where, as a share of the way from its first to its second node.
        """
        km = self.edges[edge]
        if share * km < SAME_PLACE_KM:
            return edge[0]
        if (1 - share) * km < SAME_PLACE_KM:
            return edge[1]
        middle = self.add_node(between(self.points[edge[0]], self.points[edge[1]], share))
        del self.edges[edge]
        self.middles[edge] = middle
        users, drawn = self.claims.pop(edge, ()), edge in self.drawn
        self.drawn.discard(edge)
        for end, part in ((edge[0], share), (edge[1], 1 - share)):
            half = edge_of(end, middle)
            self.edges[half] = part * km
            if users:
                self.claims[half] = users
            if drawn:
                self.drawn.add(half)
        return middle

    def refined(self, path: Sequence[int]) -> list[int]:
        """Return a path with the nodes that later splits put on its edges."""
        fine = [path[0]]
        for node in path[1:]:
            rest = [node]
            while rest:
                middle = self.middles.get(edge_of(fine[-1], rest[-1]))
                if middle is None:
                    fine.append(rest.pop())
                else:
                    rest.append(middle)
        return fine

    def near(self, point: Point, radius_km: float, most: int) -> dict[int, float]:
        """Return nodes on the nearest edges, splitting them where the foot falls inside.

        Parameters
        ----------
        point
            Where to look.
        radius_km
            How far to look.
        most
            How many edges at most.

        Returns
        -------
        dict of int to float
            Distance in km by node.
        """
        found: list[tuple[float, Edge, float]] = []
        for edge in self._edges_about(point, radius_km):
            share = foot_share(point, self.points[edge[0]], self.points[edge[1]])
            off = distance_km(point, between(self.points[edge[0]], self.points[edge[1]], share))
            if off <= radius_km:
                found.append((off, edge, share))
        nodes: dict[int, float] = {}
        for _, edge, share in sorted(found)[:most]:
            node = self.split(edge, share)
            nodes[node] = distance_km(point, self.points[node])
        return nodes

    def _edges_about(self, point: Point, radius_km: float) -> list[Edge]:
        """Return the edges whose bounding box comes within the radius."""
        ends = np.array(list(self.edges), dtype=np.int64)
        places = np.array(self.points)
        low = np.minimum(places[ends[:, 0]], places[ends[:, 1]])
        high = np.maximum(places[ends[:, 0]], places[ends[:, 1]])
        north = radius_km / 111.0
        east = north / math.cos(math.radians(point[0]))
        here, reach = np.array(point), np.array([north, east])
        near = ((low - reach <= here) & (here <= high + reach)).all(axis=1)
        return [(int(a), int(b)) for a, b in ends[near]]

    def nearest_node(self, point: Point) -> tuple[int, float]:
        """Return the nearest node that has an edge, and its distance in km."""
        used = np.unique(np.array(list(self.edges), dtype=np.int64))
        places = np.array(self.points)[used]
        scale = math.cos(math.radians(point[0]))
        square = (places[:, 0] - point[0]) ** 2 + ((places[:, 1] - point[1]) * scale) ** 2
        node = int(used[int(square.argmin())])
        return node, math.hypot(*offset_km(point, self.points[node]))

    def matrix(self, taken_factor: float) -> csr_array:
        """Return the symmetric matrix of weights in km for one search.

        Parameters
        ----------
        taken_factor
            By how much an edge that others claimed counts longer.
        """
        size = len(self.points)
        rows, columns, weights = [], [], []
        for (a, b), km in self.edges.items():
            factor = taken_factor if self.claims.get((a, b)) else 1.0
            rows.append(a)
            columns.append(b)
            weights.append(max(km, LEAST_EDGE_KM) * factor)
        half = csr_array((weights, (rows, columns)), shape=(size, size))
        return csr_array(half + half.T)


def best_legs(
    matrix: csr_array, choices: Sequence[Mapping[int, float]], *, limit_km: float = math.inf
) -> list[list[int]] | None:
    """Return the cheapest chain of paths through one chosen node per way point.

    Parameters
    ----------
    matrix
        Symmetric weights in km.
    choices
        For each way point, the penalty in km of each node that may stand for it.
    limit_km
        Longest leg that is looked for.

    Returns
    -------
    list of list of int, or None
        The nodes of each leg; None where the way points are not joined.
    """
    if any(not choice for choice in choices):
        return None
    costs = dict(choices[0])
    steps: list[tuple[dict[int, int], list[int], np.ndarray]] = []
    for here, there in itertools.pairwise(choices):
        sources = list(here)
        reach, before = dijkstra(
            matrix, directed=True, indices=sources, return_predecessors=True, limit=limit_km
        )
        base = np.array([costs[node] for node in sources])
        costs, came = {}, {}
        for node, penalty in there.items():
            total = base + reach[:, node]
            best = int(total.argmin())
            costs[node], came[node] = float(total[best]) + penalty, best
        steps.append((came, sources, before))
    end = min(costs, key=lambda node: (costs[node], node))
    return _trace(end, steps) if math.isfinite(costs[end]) else None


def _trace(end: int, steps: Sequence[tuple[dict[int, int], list[int], np.ndarray]]) -> list[list[int]]:
    """Follow the predecessors back from the last node."""
    legs: list[list[int]] = []
    for came, sources, before in reversed(steps):
        row = came[end]
        leg = [end]
        while leg[-1] != sources[row]:
            leg.append(int(before[row, leg[-1]]))
        legs.append(leg[::-1])
        end = sources[row]
    return legs[::-1]


def without_spurs(legs: Sequence[Sequence[int]]) -> list[int]:
    """Join legs to one path and drop the ways that it goes out and back at once."""
    path: list[int] = []
    for leg in legs:
        for node in leg:
            if path and path[-1] == node:
                continue
            if len(path) > 1 and path[-2] == node:
                path.pop()
                continue
            path.append(node)
    return path

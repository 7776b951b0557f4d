"""Match corridors to a network without classes: find the best path through their way points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.world.geograph import Geograph, Point, distance_km
from tools.region.geometry import between, foot_share, offset_km

type Edge = tuple[int, int]
"""Two node indices, the smaller first."""

SAME_PLACE_KM = 0.15
"""An edge is not split closer to one of its ends than this."""
SOURCE_TAGS = {"source": "OpenStreetMap by way of scgraph_data 2.0.0"}
LEAST_EDGE_KM = 0.001
"""Lower bound of edge lengths in a search, so that no weight is zero."""


def edge_of(a: int, b: int) -> Edge:
    """Return the edge between two nodes, the smaller index first."""
    return (a, b) if a < b else (b, a)


@dataclass
class WorkingGraph:
    """A network that is edited in place: nodes are added, and edges are added, split and claimed.

    Parameters
    ----------
    points
        Latitude and longitude of each node.
    edges
        Length of each edge in km.
    claims
        Keys of the corridors that use an edge, in the order in which they claimed it. Both halves of a split
        edge inherit its claims.
    drawn
        Edges that were drawn and do not come from the package.
    middles
        Node at which a former edge was split.
    """

    points: list[Point]
    edges: dict[Edge, float]
    claims: dict[Edge, tuple[str, ...]] = field(default_factory=dict)
    drawn: set[Edge] = field(default_factory=set)
    middles: dict[Edge, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Geograph) -> WorkingGraph:
        """Return a working graph that starts as a copy of a clipped network."""
        return cls(list(graph.points), dict(graph.edges))

    @property
    def used_nodes(self) -> set[int]:
        """Nodes that have an edge."""
        return {node for edge in self.edges for node in edge}

    def edges_near_box(self, low: Point, high: Point) -> list[Edge]:
        """Return the edges whose bounding boxes intersect a box of latitudes and longitudes."""
        ends = np.array(list(self.edges), dtype=np.int64)
        places = np.array(self.points)
        least = np.minimum(places[ends[:, 0]], places[ends[:, 1]])
        most = np.maximum(places[ends[:, 0]], places[ends[:, 1]])
        return [(int(a), int(b)) for a, b in ends[((least <= high) & (most >= low)).all(axis=1)]]

    def add_node(self, point: Point) -> int:
        """Add a node and return its index."""
        self.points.append(point)
        return len(self.points) - 1

    def claim(self, path: Sequence[int], key: str) -> None:
        """Record that a corridor uses the edges of a path."""
        for a, b in itertools.pairwise(path):
            users = self.claims.get(edge_of(a, b), ())
            if key not in users:
                self.claims[edge_of(a, b)] = (*users, key)

    def draw(self, path: Sequence[int], key: str) -> None:
        """Add the missing edges of a drawn path, and claim all of them."""
        fine = self.refined(path)
        for a, b in itertools.pairwise(fine):
            edge = edge_of(a, b)
            if edge not in self.edges:
                self.edges[edge] = distance_km(self.points[a], self.points[b])
                self.drawn.add(edge)
        self.claim(fine, key)

    def split(self, edge: Edge, share: float) -> int:
        """Split an edge and return the new node; return an end of the edge if it is close.

        Parameters
        ----------
        edge
            The edge to split.
        share
            Position as a share of its length from its first node.
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
        """Return a path with the nodes at which its edges have been split since."""
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
        """Return the closest nodes on the nearest edges, with their distances in km; split edges for this.

        Parameters
        ----------
        point
            Latitude and longitude.
        radius_km
            Largest distance of an edge.
        most
            Largest number of edges.
        """
        found: list[tuple[float, Edge, float]] = []
        north = radius_km / 111.0
        east = north / math.cos(math.radians(point[0]))
        low, high = (point[0] - north, point[1] - east), (point[0] + north, point[1] + east)
        for edge in self.edges_near_box(low, high):
            share = foot_share(point, self.points[edge[0]], self.points[edge[1]])
            off = distance_km(point, between(self.points[edge[0]], self.points[edge[1]], share))
            if off <= radius_km:
                found.append((off, edge, share))
        nodes: dict[int, float] = {}
        for _, edge, share in sorted(found)[:most]:
            node = self.split(edge, share)
            nodes[node] = distance_km(point, self.points[node])
        return nodes

    def nearest_node(self, point: Point) -> tuple[int, float]:
        """Return the nearest node with an edge, and its distance in km."""
        used = np.unique(np.array(list(self.edges), dtype=np.int64))
        places = np.array(self.points)[used]
        scale = math.cos(math.radians(point[0]))
        square = (places[:, 0] - point[0]) ** 2 + ((places[:, 1] - point[1]) * scale) ** 2
        node = int(used[int(square.argmin())])
        return node, math.hypot(*offset_km(point, self.points[node]))

    def matrix(
        self,
        taken_factor: float,
        factors: Mapping[Edge, float] | None = None,
        partners: frozenset[str] = frozenset(),
    ) -> csr_array:
        """Return the symmetric matrix of edge weights in km for a search.

        Parameters
        ----------
        taken_factor
            Factor on the length of edges that another corridor has claimed.
        factors
            Further factors on the lengths of single edges; 1 for all others.
        partners
            Corridors whose edges count as not claimed.
        """
        further, size = factors or {}, len(self.points)
        is_free = [partners.issuperset(self.claims.get(edge, ())) for edge in self.edges]
        weights = [
            max(km, LEAST_EDGE_KM) * ((1.0 if free else taken_factor) * further.get(edge, 1.0))
            for (edge, km), free in zip(self.edges.items(), is_free, strict=True)
        ]
        tails, heads = np.array(list(self.edges), dtype=np.int64).T
        half = csr_array((weights, (tails, heads)), shape=(size, size))
        return csr_array(half + half.T)


def best_legs(
    matrix: csr_array, choices: Sequence[Mapping[int, float]], *, limit_km: float = math.inf
) -> list[list[int]] | None:
    """Return the cheapest sequence of paths through one node for each way point.

    Dynamic programming over the way points: the cost of a node is the least cost of reaching it from any node
    of the previous way point, plus its own penalty.

    Parameters
    ----------
    matrix
        Symmetric edge weights in km.
    choices
        For each way point, the penalty in km of each node that may represent it.
    limit_km
        Largest length of a leg.

    Returns
    -------
    list of list of int, or None
        Nodes of each leg; None if the way points are not connected.
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
    """Return the legs by following the predecessors back from the last node."""
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
    """Concatenate legs to one path, without detours out and back over the same edges."""
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

"""Infer the classes of roads from the demand between towns, and add the roads to the elements of a map."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.osm.classes import LENGTH_FACTOR
from networks.sphere import chord_to_km, nearest, unit_vectors
from networks.world.geograph import Geograph
from networks.world.geometry import length_km
from networks.world.osmfile import Elements, chains
from networks.world.parameters import WorldParameters
from networks.world.towns import Town

type Edge = tuple[int, int]

CLASSES = MOTORWAY, TRUNK, PRIMARY = "motorway", "trunk", "primary"
SOURCE_TAGS = {"source": "OpenStreetMap by way of scgraph_data 2.0.0"}
INFERRED = "inferred from the demand between towns on the shortest paths (screening)"
_LEAST_KM = 0.001
"""Lower bound of edge lengths in a search, so that no weight is zero."""


def demand(graph: Geograph, towns: Sequence[Town], parameters: WorldParameters) -> dict[Edge, float]:
    """Return what each edge carries if towns travel to each other on the shortest paths.

    Every pair of towns within the distances of the parameters travels the square root of the product of its
    populations. Lengths alone decide on the paths, since the geometry has no speeds.

    Parameters
    ----------
    graph
        The roads.
    towns
        The towns, the largest first.
    parameters
        Number of towns and distances that count.

    Returns
    -------
    dict
        Demand by edge, without edges that carry none.
    """
    if not graph.edges or len(towns) < 2:
        return {}
    chosen = towns[: parameters.most_towns]
    ends = np.array(list(graph.edges), dtype=np.int64)
    points = np.array(graph.points)
    places = np.array([(town.lon, town.lat) for town in chosen])
    node, _ = nearest(places, points[:, ::-1], np.unique(ends))
    people = np.array([town.population for town in chosen], dtype=float)
    on_sphere = unit_vectors(places[:, 0], places[:, 1])
    matrix = _matrix(graph, ends)
    loads: dict[Edge, float] = {}
    for row in range(len(chosen)):
        away = chord_to_km(np.linalg.norm(on_sphere - on_sphere[row], axis=1))
        counts = (away >= parameters.pair_least_km) & (away <= parameters.pair_most_km)
        reach, before = dijkstra(matrix, indices=node[row], return_predecessors=True)
        counts &= np.isfinite(reach[node]) & (np.arange(len(chosen)) > row)
        load = np.zeros(len(points))
        np.add.at(load, node[counts], np.sqrt(people[row] * people[counts]))
        for edge, carried in _carried(load, reach, before):
            loads[edge] = loads.get(edge, 0.0) + carried
    return loads


def _matrix(graph: Geograph, ends: NDArray[np.int64]) -> csr_array:
    """Return the symmetric matrix of edge lengths in km."""
    km = np.maximum(np.array(list(graph.edges.values())), _LEAST_KM)
    size = len(graph.points)
    half = csr_array((km, (ends[:, 0], ends[:, 1])), shape=(size, size))
    return csr_array(half + half.T)


def _carried(
    load: NDArray[np.float64], reach: NDArray[np.float64], before: NDArray[np.int32]
) -> list[tuple[Edge, float]]:
    """Send the load of each node back to the source of a tree of shortest paths; return what edges carry."""
    on_paths: set[int] = set()
    for node in np.flatnonzero(load).tolist():
        at = node
        while at >= 0 and at not in on_paths:
            on_paths.add(at)
            at = int(before[at])
    carried = []
    rest = load.tolist()
    for node in sorted(on_paths, key=lambda one: -reach[one]):  # far nodes first: theirs is complete
        ahead = int(before[node])
        if ahead >= 0:
            rest[ahead] += rest[node]
            carried.append(((min(node, ahead), max(node, ahead)), rest[node]))
    return carried


def classify(graph: Geograph, loads: Mapping[Edge, float], parameters: WorldParameters) -> dict[Edge, str]:
    """Return the inferred class of each edge: the most loaded ones are motorways, then come trunk roads.

    Parameters
    ----------
    graph
        The roads.
    loads
        Demand by edge, from `demand`; an edge without demand is a primary road.
    parameters
        Shares of the length of all roads by class.
    """
    total = sum(graph.edges.values())
    classes, length = dict.fromkeys(graph.edges, PRIMARY), 0.0
    for edge in sorted(loads, key=lambda edge: (-loads[edge], edge)):
        length += graph.edges[edge]
        if length <= parameters.motorway_share * total:
            classes[edge] = MOTORWAY
        elif length <= (parameters.motorway_share + parameters.trunk_share) * total:
            classes[edge] = TRUNK
    return classes


def add_roads(
    graph: Geograph, classes: Mapping[Edge, str], elements: Elements, parameters: WorldParameters
) -> None:
    """Add all roads to the elements, one way for each chain of edges of a class.

    A way states the ratio of its length on the ground to the length of its line (`polyring:length_factor`).

    Parameters
    ----------
    graph, classes
        The roads and their classes.
    elements
        Elements to which nodes and ways are added; changed in place.
    parameters
        Length on the ground over length of the geometry.
    """
    used = sorted({node for edge in graph.edges for node in edge})
    ids = {node: elements.add_node(graph.points[node], {}) for node in used}
    for line in chains(classes):
        edges = [(min(a, b), max(a, b)) for a, b in itertools.pairwise(line)]
        known_km = sum(graph.edges[edge] for edge in edges)
        tags = {
            "highway": classes[edges[0]],
            "source:highway": INFERRED,
            "oneway": "no",
            "source:oneway": "carriageways are not told apart",
            **SOURCE_TAGS,
        }
        drawn_km = length_km([graph.points[node] for node in line])
        if drawn_km > 0:
            tags[LENGTH_FACTOR] = f"{parameters.road_length_factor * known_km / drawn_km:.4f}"
        elements.add_way([ids[node] for node in line], tags)

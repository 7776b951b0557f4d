"""Add tracks, and stations where they pass towns, to the elements of a map."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from networks.world.geograph import Geograph
from networks.world.geometry import KM_PER_DEGREE, Point, between, distance_km, foot_share
from networks.world.osmfile import Elements, chains
from networks.world.parameters import WorldParameters
from networks.world.roads import SOURCE_TAGS
from networks.world.towns import Town


def add_tracks(graph: Geograph, elements: Elements) -> None:
    """Add all tracks to the elements, one way for each chain; they state neither speed nor usage.

    Parameters
    ----------
    graph
        The tracks.
    elements
        Elements to which nodes and ways are added; changed in place.
    """
    used = sorted({node for edge in graph.edges for node in edge})
    ids = {node: elements.add_node(graph.points[node], {}) for node in used}
    for line in chains(dict.fromkeys(graph.edges, "rail")):
        elements.add_way([ids[node] for node in line], {"railway": "rail", **SOURCE_TAGS})


def add_stations(
    graph: Geograph, towns: Sequence[Town], elements: Elements, parameters: WorldParameters
) -> None:
    """Add a station for each town that tracks pass, at the point closest to its centre.

    Parameters
    ----------
    graph
        The tracks.
    towns
        The towns.
    elements
        Elements to which the stations are added; changed in place.
    parameters
        Largest distance between the centre and the tracks.
    """
    if not graph.edges:
        return
    ends = np.array(list(graph.edges), dtype=np.int64)
    km = np.array(list(graph.edges.values()))
    component = _components(ends, len(graph.points))
    length = np.bincount(component, weights=km)
    points = np.array(graph.points)
    tree = shapely.STRtree(shapely.linestrings(points[ends][:, :, ::-1]))
    for town in towns:
        high = parameters.station_km / KM_PER_DEGREE
        wide = high / max(math.cos(math.radians(town.lat)), 0.01)
        box = shapely.box(town.lon - wide, town.lat - high, town.lon + wide, town.lat + high)
        near: list[tuple[float, float, Point]] = []
        for row in tree.query(box).tolist():
            foot, away = _foot((town.lat, town.lon), graph, ends[row].tolist())
            if away <= parameters.station_km:
                # Of several networks in a town the largest one has the trains to other towns.
                near.append((-float(length[component[row]]), away, foot))
        if near:
            tags = {
                "railway": "station",
                "name": town.name,
                "source:railway": "assumed where tracks pass a town (screening)",
            }
            elements.add_node(min(near)[2], tags)


def _components(ends: np.ndarray, size: int) -> np.ndarray:
    """Return the component of each edge."""
    matrix = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, labels = connected_components(matrix, directed=False)
    return np.asarray(labels[ends[:, 0]])


def _foot(point: Point, graph: Geograph, edge: Sequence[int]) -> tuple[Point, float]:
    """Return the point of an edge that is closest to a point, and its distance in km."""
    a, b = graph.points[edge[0]], graph.points[edge[1]]
    foot = between(a, b, foot_share(point, a, b))
    return foot, distance_km(point, foot)

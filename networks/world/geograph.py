"""Read a world network of the package scgraph_data as plain data, clipped to an area."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from networks.errors import SourceError
from networks.world.area import Area
from networks.world.geometry import distance_km


@dataclass(frozen=True)
class Geograph:
    """An undirected network of straight edges.

    Parameters
    ----------
    points
        Latitude and longitude of each node, degrees.
    edges
        Length in km by pair of node indices, the smaller index first.
    """

    points: tuple[tuple[float, float], ...]
    edges: dict[tuple[int, int], float]


def require() -> Path:
    """Return the folder of the package with the world networks, without importing it.

    Raises
    ------
    SourceError
        If `scgraph_data` is not installed, with what to install.
    """
    spec = importlib.util.find_spec("scgraph_data")
    if spec is None or spec.origin is None:
        raise SourceError(
            "the package scgraph_data, which has the roads and railways of the world, is not installed",
            done="Nothing was read or written.",
            remedy="Install it: pip install 'polyring[world]'.",
        )
    return Path(spec.origin).parent


def package_file(network: str) -> Path:
    """Return the Python file of a world network in the installed package, without importing it.

    Parameters
    ----------
    network
        ``world_highways`` or ``world_railways``.

    Raises
    ------
    SourceError
        If ``scgraph_data`` is not installed.
    """
    return require() / f"{network}.py"


def read_clipped(path: Path, area: Area) -> Geograph:
    """Read the nodes inside an area and the edges with both ends inside.

    Parameters
    ----------
    path
        File with the two lines ``graph=[{node: km, ...}, ...]`` and ``nodes=[[lat, lon], ...]``.
    area
        Area to clip to.

    Returns
    -------
    Geograph
        Nodes renumbered from 0 in the order of the file, without loops, and without edges across the
        antimeridian, which no map can draw.

    Raises
    ------
    SourceError
        If one of the two lines is missing.
    """
    rows, coordinates = _literals(path)
    kept = np.flatnonzero(area.holds(coordinates[:, 0], coordinates[:, 1]))
    index = {int(old): new for new, old in enumerate(kept)}
    lon = coordinates[kept, 1].tolist()
    edges: dict[tuple[int, int], float] = {}
    for old, new in index.items():
        for item in filter(None, rows[old].strip("{}[] \n").split(", ")):
            name, _, km = item.partition(": ")
            other = index.get(int(name))
            if other is not None and other != new and abs(lon[new] - lon[other]) < 180.0:
                edges[min(new, other), max(new, other)] = float(km)
    points = tuple((float(lat), float(lon)) for lat, lon in coordinates[kept])
    return Geograph(points, edges)


def merge_short_edges(graph: Geograph, least_km: float) -> Geograph:
    """Merge the ends of edges whose length is close to the precision of the coordinates.

    Parameters
    ----------
    graph
        The network. Its coordinates have three decimals, so the direction of short edges is meaningless.
    least_km
        Shorter edges are contracted, the shortest first, unless a node would move by this distance or more.

    Returns
    -------
    Geograph
        The network with the same node numbers; merged nodes have no edges. Of parallel edges the shortest is
        kept.
    """
    degree = Counter(node for edge in graph.edges for node in edge)
    merged_into = list(range(len(graph.points)))
    clusters = [[node] for node in merged_into]
    for km, (a, b) in sorted((km, edge) for edge, km in graph.edges.items()):
        if km >= least_km:
            break
        keep, drop = sorted((merged_into[a], merged_into[b]), key=lambda node: (-degree[node], node))
        moved = [distance_km(graph.points[keep], graph.points[node]) for node in clusters[drop]]
        if keep == drop or max(moved) >= least_km:
            continue
        clusters[keep] += clusters[drop]
        for node in clusters[drop]:
            merged_into[node] = keep
    edges: dict[tuple[int, int], float] = {}
    for (a, b), km in graph.edges.items():
        edge = min(merged_into[a], merged_into[b]), max(merged_into[a], merged_into[b])
        if edge[0] != edge[1]:
            edges[edge] = min(km, edges.get(edge, km))
    return Geograph(graph.points, edges)


def _literals(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the text of each adjacency row and the node coordinates."""
    found: dict[str, str] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            for key in ("graph=", "nodes="):
                if line.startswith(key):
                    found[key] = line[len(key) :]
    if len(found) < 2:
        raise SourceError("the file has no graph and nodes", where=str(path), remedy="use scgraph_data 2.0.0")
    return found["graph="].split("}, {"), np.asarray(json.loads(found["nodes="]), dtype=float)

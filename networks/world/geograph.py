"""Read a world network of scgraph_data as plain data, measure lines, and write OpenStreetMap files."""

import ast
import importlib.util
import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from osmium import SimpleWriter
from osmium.osm import mutable
from scipy.cluster.hierarchy import DisjointSet

from networks.borders import border_crossings
from networks.errors import SourceError
from networks.schema import components
from networks.sphere import EARTH_RADIUS_KM, within
from networks.world.towns import Area, Circle

type Ints = NDArray[np.int64]
type Edge = tuple[int, int]
type Point = tuple[float, float]
"""Latitude and longitude, degrees."""


def distance_km(a: Point, b: Point) -> float:
    """Return the great-circle distance between two points in km (haversine formula)."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b[1] - a[1]) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def length_km(line: Sequence[Point]) -> float:
    """Return the length of a line of points in km."""
    return sum(distance_km(a, b) for a, b in itertools.pairwise(line))


@dataclass(frozen=True)
class Geograph:
    """An undirected network of straight edges.

    Parameters
    ----------
    points
        Latitude and longitude of each node, degrees.
    edges
        Length in km by pair of node indices, the smaller index first.
    gaps
        The edges that `close_gaps` added, with their lengths.
    closed, across
        Borders that no edge crosses, and the edges that `part_at_borders` took out, with the border of each.
    """

    points: tuple[tuple[float, float], ...]
    edges: dict[Edge, float]
    gaps: Mapping[Edge, float] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    across: Mapping[Edge, str] = field(default_factory=dict)


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
            remedy="Install the extra `world`: in a clone begin with `uv run --extra world`, of a wheel "
            "`pip install 'WHEEL[world]'`.",
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
    with path.open(encoding="utf-8") as file:
        lines = (line.partition("=") for line in file)
        found = {key: rest for key, _, rest in lines if key in ("graph", "nodes")}
    if len(found) < 2:
        raise SourceError("the file has no graph and nodes", where=str(path), remedy="use scgraph_data 2.0.0")
    # The text of each row of neighbours, and the places of the nodes.
    rows, coordinates = found["graph"].split("}, {"), np.asarray(json.loads(found["nodes"]), dtype=float)
    kept = np.flatnonzero(area.holds(coordinates[:, 0], coordinates[:, 1]))
    index = {int(old): new for new, old in enumerate(kept)}
    lon = coordinates[kept, 1].tolist()
    edges: dict[Edge, float] = {}
    for old, new in index.items():
        for name, km in ast.literal_eval(f"{{{rows[old].strip('{}[] \n')}}}").items():
            other = index.get(name)
            if other is not None and other != new and abs(lon[new] - lon[other]) < 180.0:
                edges[min(new, other), max(new, other)] = float(km)
    return Geograph(tuple((float(lat), float(lon)) for lat, lon in coordinates[kept]), edges)


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
    edges: dict[Edge, float] = {}
    for (a, b), km in graph.edges.items():
        edge = min(merged_into[a], merged_into[b]), max(merged_into[a], merged_into[b])
        if edge[0] != edge[1]:
            edges[edge] = min(km, edges.get(edge, km))
    return Geograph(graph.points, edges)


def part_at_borders(graph: Geograph, closed: tuple[str, ...]) -> Geograph:
    """Return a network without the edges across closed borders.

    An edge whose ends lie on one side stays: its road runs there, not straight as the edge does.
    """
    found = zip(graph.edges, _crossings(graph, graph.edges, closed), strict=True)
    across = {edge: closed[int(counts.argmax())] for edge, counts in found if counts.sum() % 2}
    kept = {edge: km for edge, km in graph.edges.items() if edge not in across}
    return replace(graph, edges=kept, closed=closed, across=across)


def part_around(graph: Geograph, place: Circle) -> Geograph:
    """Return the connected part of a network whose nodes come nearest to the centre of a circle."""
    ends, points = np.array([*graph.edges]), np.array(graph.points)
    part, used = components(*ends.T, size=len(points)), np.unique(ends)
    home = part[used[place.distance_km(*points[used].T).argmin()]]
    return replace(graph, edges={edge: km for edge, km in graph.edges.items() if part[edge[0]] == home})


def _crossings(graph: Geograph, edges: Iterable[Edge], closed: Sequence[str]) -> Ints:
    """Count where edges cross each closed border; int64 [edges, borders]."""
    lines = np.array([[graph.points[node][::-1] for node in edge] for edge in edges]).reshape(-1, 2, 2)
    return border_crossings(shapely.linestrings(lines), closed)


def close_gaps(graph: Geograph, most_km: float, dead_ends_km: float = 0.0, around: float = 0.0) -> Geograph:
    """Join the connected parts of a network, and dead ends, with straight edges where they almost meet.

    Parameters
    ----------
    most_km
        Longest edge between parts; 0: none. The shortest come first, as in Kruskal's algorithm, so that
        chains of parts join, and no edge closes a circuit.
    dead_ends_km, around
        Longest edge between two dead ends of one part, and how many times as long the way round is at least:
        both ends of a bridge that the network lacks.
    """
    if most_km <= 0 or not graph.edges:
        return graph
    ends, points = np.array([*graph.edges]), np.array(graph.points)[:, ::-1]
    part, used = components(*ends.T, size=len(points)), np.unique(ends)
    small = used[part[used] != np.bincount(part[used]).argmax()]  # all but the largest part

    def near(ends: Ints, others: Ints, km: float, *, alike: bool) -> list[tuple[float, int, int]]:
        rows = zip(ends.tolist(), within(points[ends], points[others], km), strict=True)
        every = {(min(a, b), max(a, b)) for a, few in rows for b in others[list(few)].tolist() if a != b}
        found = [(a, b) for a, b in every if (part[a] == part[b]) == alike]
        kept = itertools.compress(found, ~_crossings(graph, found, graph.closed).any(axis=1))
        near = [(a, b) for a, b in kept if abs(points[a, 0] - points[b, 0]) < 180.0]
        return sorted((distance_km(graph.points[a], graph.points[b]), a, b) for a, b in near)

    joined = DisjointSet(part.tolist())
    pairs = near(small, used, most_km, alike=False)
    gaps = {(a, b): km for km, a, b in pairs if joined.merge(part[a], part[b])}
    tips = np.flatnonzero(np.bincount(ends.ravel()) == 1)
    facing = near(tips, tips, dead_ends_km, alike=True)
    roads = nx.Graph()
    roads.add_weighted_edges_from((a, b, km) for (a, b), km in graph.edges.items() if facing)
    for km, a, b in facing:
        if b not in nx.single_source_dijkstra_path_length(roads, a, cutoff=around * km):
            gaps[a, b] = km
            roads.add_edge(a, b, weight=km)
    return replace(graph, edges=graph.edges | gaps, gaps=gaps)


type Tags = Mapping[str, str]

MOST_NODES_PER_WAY = 1900
"""Stays below the limit of OpenStreetMap, 2,000 nodes."""
_FIXED: dict[str, Any] = {"version": 1, "timestamp": "2024-04-01T00:00:00Z"}
"""Version and time of all elements, so that the same input gives the same bytes."""


@dataclass
class Elements:
    """Nodes, ways and relations of a file; the ids of each kind count up from 1.

    Parameters
    ----------
    nodes
        Point and tags by id.
    ways, relations
        Ways and relations by id, with `nodes` or `members` (type, id, role) in order, and `tags`.
    """

    nodes: dict[int, tuple[Point, Tags]] = field(default_factory=dict)
    ways: dict[int, mutable.Way] = field(default_factory=dict)
    relations: dict[int, mutable.Relation] = field(default_factory=dict)

    def add_node(self, point: Point, tags: Tags) -> int:
        """Add a node and return its id."""
        self.nodes[len(self.nodes) + 1] = (point, dict(tags))
        return len(self.nodes)

    def add_way(self, nodes: Sequence[int], tags: Tags) -> int:
        """Add a way and return its id."""
        number = len(self.ways) + 1
        self.ways[number] = mutable.Way(id=number, nodes=tuple(nodes), tags=dict(tags), **_FIXED)
        return number

    def add_relation(self, members: Iterable[tuple[str, int, str]], tags: Tags) -> int:
        """Add a relation and return its id."""
        number = len(self.relations) + 1
        self.relations[number] = mutable.Relation(id=number, members=list(members), tags=dict(tags), **_FIXED)
        return number


def chains(edges: Mapping[tuple[int, int], Hashable]) -> list[list[int]]:
    """Join edges with the same key into the longest possible lines of nodes.

    Parameters
    ----------
    edges
        Key of each edge, given as two node indices. A line has one key. It ends at nodes where the number of
        edges with this key is not two, and after `MOST_NODES_PER_WAY` nodes.

    Returns
    -------
    list of list of int
        Nodes of each line; each edge is in exactly one line.
    """
    groups = defaultdict[Hashable, list[tuple[int, int]]](list)
    for edge, key in sorted(edges.items(), key=lambda item: item[0]):
        groups[key].append(edge)
    # Nodes stand on a line at their numbers: only which ends are the same counts.
    parts = (
        shapely.get_parts(shapely.line_merge(shapely.multilinestrings([[(a, 0), (b, 0)] for a, b in own])))
        for own in groups.values()
    )
    lines = [shapely.get_coordinates(part)[:, 0].astype(int).tolist() for own in parts for part in own]
    step = MOST_NODES_PER_WAY - 1  # long lines are cut into parts that share their end nodes
    return [line[at : at + step + 1] for line in lines for at in range(0, len(line) - 1, step)]


def write(elements: Elements, path: Path) -> None:
    """Write the elements to a ``.osm.pbf`` file, sorted by kind and id; replace an existing file."""
    path.unlink(missing_ok=True)
    with SimpleWriter(str(path)) as writer:
        for number, ((lat, lon), tags) in elements.nodes.items():
            place = (round(lon, 7), round(lat, 7))
            writer.add_node(mutable.Node(id=number, location=place, tags=tags, **_FIXED))
        for one in (*elements.ways.values(), *elements.relations.values()):
            writer.add(one)

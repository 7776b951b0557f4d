"""Classify roads: match the expressways to the network, and draw those that are missing from it."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from networks.osm.tags import LENGTH_FACTOR
from networks.sphere import KM_PER_DEGREE
from networks.world.geograph import Elements, Point, chains, distance_km, length_km
from optimiser.proposals.terrain import TERRAIN_CLASSES, read_terrain
from tools.region.facts import Corridor, read_rows
from tools.region.geometry import between, crossing, stretched
from tools.region.matching import (
    LEAST_EDGE_KM,
    SOURCE_TAGS,
    Edge,
    WorkingGraph,
    best_legs,
    edge_of,
    without_spurs,
)

LOG = logging.getLogger(__name__)

SEARCH_KM = 10.0
"""Largest distance between a way point and the road that represents it."""
CHOICES = 80
"""Largest number of edges considered for a way point."""
TOWN_KM = 8.0
"""Distance between the centre of a town and its expressway that still is the expressway of that town."""
TOWN_FREE_KM = 4.0
"""The part of it that costs nothing."""
TOWN_FACTOR = 2.0
"""Factor on the length of edges inside a town, since expressways pass outside."""
MOST_TOWN_KM = 4.0
"""Largest radius of a town within which roads are avoided: expressways end at the rings of large cities."""
LARGE_TOWN = 2_000_000
"""Residents from which a city has urban expressways and main roads designed for 60 to 80 km/h beyond its core
of `MOST_TOWN_KM` (planning standard GB 50220-95, from memory, C)."""
TOWN_DENSITY = 10_000.0
"""Residents per square km of a town, which give its radius: the Chinese planning norm, from memory (C)."""
OFFSET_FACTOR = 0.3
"""Cost of a km between a way point and the road, in km of path, within the accuracy of the way point."""
FAR_FACTOR = 1.3
"""The same beyond its accuracy and at both ends: above 1, so that leaving out an end never pays."""
PLACE_KM = 3.0
"""Accuracy of a way point from memory."""
TAKEN_FACTOR = 1.25
"""Factor on the length of edges that another expressway has claimed."""
JOIN_KM = 4.0
"""Distance within which a way point of a drawn road is placed on an existing junction."""
SOUND = ("A", "B")
"""Quality of published lengths that are kept; lengths from memory (C) are only compared."""
MOST_LENGTH_RATIO = 1.15
"""Largest ratio of a published length to the length of the geometry that still is the same road."""
INTERCHANGE_GAP_KM = 4.0
"""Least distance between an interchange with an ordinary road and the previous junction of a drawn road."""

PRIMARY_TAGS = {
    "highway": "primary",
    "source:highway": "no expressway of the table claims it",
    "maxspeed": "CN:rural",
    "source:maxspeed": "legal limit outside towns; urban expressways of large cities beyond the core",
    **SOURCE_TAGS,
}
TOWN_TAGS = {
    "maxspeed": "CN:urban",
    "source:maxspeed": "legal limit in towns; the town is a circle by its residents (quality C)",
}


@dataclass(frozen=True)
class Town:
    """A built-up area: its centre, and its radius in km."""

    point: Point
    radius_km: float

    @classmethod
    def read(cls, path: Path, *, beyond_core: bool = False) -> list[Town]:
        """Read the towns of a list of places; the radius follows from the residents.

        Parameters
        ----------
        beyond_core
            Whether towns below `LARGE_TOWN` reach beyond `MOST_TOWN_KM`, as far as their streets do.
        """
        return [
            cls(
                (float(row["lat"]), float(row["lon"])),
                radius_km if beyond_core and residents < LARGE_TOWN else min(MOST_TOWN_KM, radius_km),
            )
            for row in read_rows(path)
            for residents in [float(row["population"])]
            for radius_km in [math.sqrt(residents / TOWN_DENSITY / math.pi)]
        ]


def classify(graph: WorkingGraph, corridors: Sequence[Corridor], towns: Sequence[Town] = ()) -> None:
    """Claim the edges of each expressway; draw the expressways that cannot be routed.

    Parameters
    ----------
    graph
        The roads; changed in place.
    corridors
        The expressways, the most important first.
    towns
        Towns that expressways pass outside.
    """
    for corridor in sorted(corridors, key=lambda corridor: not corridor.matched):
        # The corridors with two consecutive way points of this one, with which it may share a road.
        legs = _legs(corridor)
        partners = frozenset(
            other.id for other in corridors if other.id != corridor.id and legs & _legs(other)
        )
        if not corridor.matched or not _routed(graph, corridor, towns, partners):
            LOG.info("%s is drawn by hand", corridor.id)
            _draw(graph, corridor)


def _routed(
    graph: WorkingGraph, corridor: Corridor, towns: Sequence[Town], partners: frozenset[str] = frozenset()
) -> bool:
    """Route a corridor through its way points and claim the path; tell whether there is one."""
    last = len(corridor.places) - 1
    choices = [
        {
            node: _offset_cost(km, is_town=place.source.startswith("county-town"), is_end=at in (0, last))
            for node, km in graph.near(place.point, SEARCH_KM, CHOICES).items()
        }
        for at, place in enumerate(corridor.places)
    ]
    used = graph.used_nodes
    choices = [{node: km for node, km in choice.items() if node in used} for choice in choices]
    factors = {edge: 1.0 + (TOWN_FACTOR - 1.0) * share for edge, share in _in_towns(graph, towns).items()}
    # A generous upper bound of the length of a leg.
    limit_km = 40 + 2.5 * max(distance_km(a.point, b.point) for a, b in itertools.pairwise(corridor.places))
    legs = best_legs(graph.matrix(TAKEN_FACTOR, factors, partners), choices, limit_km=limit_km)
    if legs is not None:
        graph.claim(without_spurs(legs), corridor.id)
    return legs is not None


def _legs(corridor: Corridor) -> set[frozenset[str]]:
    return {frozenset(leg) for leg in itertools.pairwise([place.name_zh for place in corridor.places])}


def _offset_cost(km: float, *, is_town: bool, is_end: bool) -> float:
    """Return the cost of a distance between a way point and the road, in km of path."""
    if is_end:
        return FAR_FACTOR * km
    free, near = (TOWN_FREE_KM, TOWN_KM) if is_town else (0.0, PLACE_KM)
    return OFFSET_FACTOR * max(0.0, km - free) + (FAR_FACTOR - OFFSET_FACTOR) * max(0.0, km - near)


def _in_towns(graph: WorkingGraph, towns: Sequence[Town]) -> dict[Edge, float]:
    """Return the share of each edge that lies in a town, without the edges outside."""
    edges = list(graph.edges)
    ends = np.array(graph.points)[np.array(edges, dtype=np.int64)]
    share = np.zeros(len(edges))
    for town in towns:
        scale = KM_PER_DEGREE * np.array([1.0, math.cos(math.radians(town.point[0]))])
        start, end = np.moveaxis((ends - town.point) * scale, 1, 0)
        step = end - start
        km = np.maximum(np.hypot(*step.T), LEAST_EDGE_KM)
        # The chord of the circle that the line of the edge cuts off, in km from the start of the edge.
        foot = -(start * step).sum(axis=1) / km
        off = np.abs(start[:, 0] * step[:, 1] - start[:, 1] * step[:, 0]) / km
        half = np.sqrt(np.maximum(town.radius_km**2 - off**2, 0.0))
        inside = np.clip(foot + half, 0.0, km) - np.clip(foot - half, 0.0, km)
        share = np.maximum(share, inside / km)
    return {edges[row]: float(share[row]) for row in np.flatnonzero(share).tolist()}


def _draw(graph: WorkingGraph, corridor: Corridor) -> None:
    """Draw a corridor through its way points, connected to the roads that it crosses."""
    stops: list[int] = []
    last = len(corridor.places) - 1
    for at, place in enumerate(corridor.places):
        node, km = graph.nearest_node(place.point)
        if km > JOIN_KM and 0 < at < last:
            node = graph.add_node(place.point)
        if node not in stops:
            stops.append(node)
    bends = stretched([graph.points[node] for node in stops], corridor.known_km or 0.0)
    path = [stops[0]]
    for inner, stop in zip(bends, stops[1:], strict=True):
        for point in inner:
            _draw_to(graph, path, graph.add_node(point), corridor.id)
        _draw_to(graph, path, stop, corridor.id)


def _draw_to(graph: WorkingGraph, path: list[int], node: int, key: str) -> None:
    """Extend a drawn path to a node, with interchanges at the roads that it crosses."""
    since, here = 0.0, graph.points[path[-1]]
    for share, edge, cut in _crossings(graph, here, graph.points[node]):
        away = distance_km(here, between(here, graph.points[node], share))
        near = away - since < INTERCHANGE_GAP_KM and not graph.claims.get(edge)
        if near or edge not in graph.edges:
            continue
        junction = graph.split(edge, cut)
        since = away
        if junction not in path and junction != node:
            graph.draw([path[-1], junction], key)
            path.append(junction)
    graph.draw([path[-1], node], key)
    path.append(node)


def _crossings(graph: WorkingGraph, a: Point, b: Point) -> list[tuple[float, Edge, float]]:
    """Return the crossings of a straight line with roads: share of the line, edge, share of the edge."""
    low, high = (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))
    near = graph.edges_near_box(low, high)
    hits = [crossing(a, b, graph.points[edge[0]], graph.points[edge[1]]) for edge in near]
    return sorted((hit[0], edge, hit[1]) for edge, hit in zip(near, hits, strict=True) if hit is not None)


def ground_lengths(
    graph: WorkingGraph, corridors: Sequence[Corridor], terrain: Mapping[Edge, str], road_length_factor: float
) -> dict[Edge, float]:
    """Return the length of each edge on the ground in km.

    An expressway has its published length of quality A or B, as long as the geometry can have it: a road is
    not shorter than its straight edges (then the published length has other ends), nor longer by more than
    `MOST_LENGTH_RATIO` (then the geometry is not the whole road). Geometry without a known length is
    multiplied by the factor, except expressways in the plain, whose edges are as long as the road.

    Parameters
    ----------
    graph
        The classified roads.
    corridors
        The expressways; the first that uses an edge decides.
    road_length_factor
        Length on the ground over length of the geometry, for geometry of unknown length.
    """
    factors: dict[str, float] = {}
    for corridor in corridors:
        km = sum(graph.edges[edge] for edge, users in graph.claims.items() if corridor.id in users)
        ratio = (corridor.known_km or 0.0) / km if km else 0.0
        if corridor.known_quality in SOUND and 1.0 <= ratio <= MOST_LENGTH_RATIO:
            factors[corridor.id] = ratio
        LOG.info("road %s: %.1f km, known %s", corridor.id, km, corridor.known_km)
    lengths = {}
    for edge, km in graph.edges.items():
        users = graph.claims.get(edge, ())
        straight = bool(users) and terrain[edge] == "plain"
        unknown = 1.0 if straight else road_length_factor
        lengths[edge] = km * (factors.get(users[0], unknown) if users else unknown)
    return lengths


def terrain_of(graph: WorkingGraph, outlines: Path) -> dict[Edge, str]:
    """Return the terrain at the middle of each edge, ``plain`` outside all outlines of a file."""
    edges = list(graph.edges)
    lat, lon = np.array(graph.points)[np.array(edges, dtype=np.int64)].mean(axis=1).T
    ranks = read_terrain(outlines).classify(lon, lat).tolist()
    return {edge: TERRAIN_CLASSES[rank] for edge, rank in zip(edges, ranks, strict=True)}


def add_roads(
    graph: WorkingGraph,
    corridors: Sequence[Corridor],
    elements: Elements,
    *,
    ground: Mapping[Edge, float],
    terrain: Mapping[Edge, str],
    design_kmh: Mapping[str, float],
    towns: Sequence[Town] = (),
) -> None:
    """Add all roads to the elements, one way for each chain of edges with the same tags.

    A way states the ratio of its length on the ground to the length of its line (`polyring:length_factor`).

    Parameters
    ----------
    graph
        The classified roads.
    corridors
        The expressways, the most important first.
    elements
        Elements to which nodes and ways are added; changed in place.
    ground
        Length of each edge on the ground in km, from `ground_lengths`.
    terrain
        Terrain that decides between the design speeds of a corridor; None: all plain.
    """
    known = {corridor.id: corridor for corridor in corridors}
    urban = _in_towns(graph, towns)
    keys = {
        edge: (
            users,
            edge in graph.drawn,
            _design_kmh(known[users[0]], terrain[edge], design_kmh) if users else None,
            not users and urban.get(edge, 0.0) > 0.5,
        )
        for edge in graph.edges
        for users in [graph.claims.get(edge, ())]
    }
    ids = {node: elements.add_node(graph.points[node], {}) for node in sorted(graph.used_nodes)}
    for line in chains(keys):
        users, drawn, kmh, in_town = keys[edge_of(line[0], line[1])]
        tags = PRIMARY_TAGS | (TOWN_TAGS if in_town else {})
        if users:
            tags = _motorway_tags([known[user] for user in users], drawn=drawn, design_kmh=kmh)
        drawn_km = length_km([graph.points[node] for node in line])
        ground_km = sum(ground[edge_of(a, b)] for a, b in itertools.pairwise(line))
        if drawn_km > 0:
            tags[LENGTH_FACTOR] = f"{ground_km / drawn_km:.4f}"
        elements.add_way([ids[node] for node in line], tags)


def _design_kmh(corridor: Corridor, terrain: str, standard: Mapping[str, float]) -> float | None:
    """Return the design speed of a section.

    It is the highest of its corridor in the plain, the lowest in mountains and their mean in hills, there
    rounded down to a step of the standard of the country; it is not above that standard for the terrain.
    """
    least = corridor.design_kmh
    if least is None:
        return None
    most = corridor.design_most_kmh or least
    mean = (least + most) / 2
    step = max((kmh for kmh in standard.values() if least <= kmh <= mean), default=mean)
    kmh = {"plain": most, "mountain": least}.get(terrain, step)
    return min(kmh, standard.get(terrain, kmh))


def _motorway_tags(users: Sequence[Corridor], *, drawn: bool, design_kmh: float | None) -> dict[str, str]:
    """Return the tags of a road that is part of one or more expressways."""
    main = users[0]
    earliest = min(users, key=lambda user: user.opened)
    how = "drawn by hand through way points" if drawn else "corridor routed through way points"
    tags = {
        "highway": "motorway",
        "oneway": "no",
        "ref": ";".join(user.id for user in users),
        "name": main.name,
        "name:zh": main.name_zh,
        "start_date": earliest.opened,
        "source:start_date": f"{earliest.opened_source}; latest section of the corridor",
        "source:highway": how,
        "source:oneway": "both carriageways drawn as one line",
    }
    if design_kmh is not None:
        tags |= {"maxspeed": f"{design_kmh:g}", "source:maxspeed": main.speed_source}
    if drawn:
        tags |= {"source": "way points of the fact tables", "source:geometry": "curated"}
    else:
        tags |= SOURCE_TAGS
    return tags

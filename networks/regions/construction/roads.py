"""Classify roads: match the expressways to the network, and draw those that are missing from it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence

from networks.regions.construction.facts import Corridor
from networks.regions.construction.geometry import Point, between, crossing, distance_km, length_km, stretched
from networks.regions.construction.matching import Edge, WorkingGraph, best_legs, edge_of, without_spurs
from networks.regions.construction.osmfile import Elements, chains

LOG = logging.getLogger(__name__)

SEARCH_KM = 10.0
"""Largest distance between a way point and the road that represents it."""
CHOICES = 40
"""Largest number of edges considered for a way point."""
OFFSET_FACTOR = 0.3
"""Cost of a km between a way point and the road, in km of path."""
TAKEN_FACTOR = 1.25
"""Factor on the length of edges that another expressway has claimed."""
JOIN_KM = 4.0
"""Distance within which a way point of a drawn road is placed on an existing junction."""
INTERCHANGE_GAP_KM = 4.0
"""Least distance between an interchange with an ordinary road and the previous junction of a drawn road."""

SOURCE_TAGS = {"source": "OpenStreetMap by way of scgraph_data 2.0.0"}
PRIMARY_TAGS = {"highway": "primary", "source:highway": "no expressway of the table claims it", **SOURCE_TAGS}


def classify(
    graph: WorkingGraph, corridors: Sequence[Corridor], road_length_factor: float
) -> dict[str, float]:
    """Claim the edges of each expressway; draw the expressways that cannot be routed.

    Parameters
    ----------
    graph
        The roads; changed in place.
    corridors
        The expressways, the most important first.
    road_length_factor
        Factor by which lengths are multiplied later; drawn roads are shorter by this factor.

    Returns
    -------
    dict of str to float
        Length of each expressway in the geometry in km, by road number.
    """
    lengths: dict[str, float] = {}
    for corridor in sorted(corridors, key=lambda corridor: not corridor.matched):
        path = _routed(graph, corridor) if corridor.matched else None
        if path is None:
            LOG.info("%s is drawn by hand", corridor.id)
            path = _drawn(graph, corridor, road_length_factor)
        lengths[corridor.id] = length_km([graph.points[node] for node in path])
    return lengths


def _routed(graph: WorkingGraph, corridor: Corridor) -> list[int] | None:
    """Route a corridor through its way points and claim the path."""
    choices = [
        {node: OFFSET_FACTOR * km for node, km in graph.near(place.point, SEARCH_KM, CHOICES).items()}
        for place in corridor.places
    ]
    used = graph.used_nodes
    choices = [{node: km for node, km in choice.items() if node in used} for choice in choices]
    legs = best_legs(graph.matrix(TAKEN_FACTOR), choices, limit_km=_reach_km(corridor))
    if legs is None:
        return None
    path = without_spurs(legs)
    graph.claim(path, corridor.id)
    return path


def _reach_km(corridor: Corridor) -> float:
    """Return a generous upper bound of the length of a leg."""
    points = [place.point for place in corridor.places]
    return 40 + 2.5 * max(distance_km(a, b) for a, b in itertools.pairwise(points))


def _drawn(graph: WorkingGraph, corridor: Corridor, road_length_factor: float) -> list[int]:
    """Draw a corridor through its way points, connected to the roads that it crosses."""
    stops: list[int] = []
    last = len(corridor.places) - 1
    for at, place in enumerate(corridor.places):
        node, km = graph.nearest_node(place.point)
        if km > JOIN_KM and 0 < at < last:
            node = graph.add_node(place.point)
        if node not in stops:
            stops.append(node)
    line = [graph.points[node] for node in stops]
    bends = stretched(line, (corridor.known_km or 0.0) / road_length_factor)
    path = [stops[0]]
    for inner, stop in zip(bends, stops[1:], strict=True):
        for point in inner:
            _draw_to(graph, path, graph.add_node(point), corridor.id)
        _draw_to(graph, path, stop, corridor.id)
    return path


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
    found = []
    for edge in graph.edges_near_box(low, high):
        hit = crossing(a, b, graph.points[edge[0]], graph.points[edge[1]])
        if hit is not None:
            found.append((hit[0], edge, hit[1]))
    return sorted(found)


def add_roads(graph: WorkingGraph, corridors: Sequence[Corridor], elements: Elements) -> None:
    """Add all roads to the elements, one way for each chain of edges with the same tags.

    Parameters
    ----------
    graph
        The classified roads.
    corridors
        The expressways, the most important first.
    elements
        Elements to which nodes and ways are added; changed in place.
    """
    known = {corridor.id: corridor for corridor in corridors}
    keys = {edge: (graph.claims.get(edge, ()), edge in graph.drawn) for edge in graph.edges}
    ids = {node: elements.add_node(graph.points[node], {}) for node in sorted(graph.used_nodes)}
    for line in chains(keys):
        users, drawn = keys[edge_of(line[0], line[1])]
        tags = _motorway_tags([known[user] for user in users], drawn=drawn) if users else PRIMARY_TAGS
        elements.add_way([ids[node] for node in line], tags)


def _motorway_tags(users: Sequence[Corridor], *, drawn: bool) -> dict[str, str]:
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
    if main.design_kmh is not None:
        tags |= {"maxspeed": f"{main.design_kmh:g}", "source:maxspeed": main.speed_source}
    if drawn:
        tags |= {"source": "way points of the fact tables", "source:geometry": "curated"}
    else:
        tags |= SOURCE_TAGS
    return tags

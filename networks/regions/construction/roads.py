"""Tell expressways from other roads: route the corridors, draw those that the geometry does not hold."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence

import numpy as np

from networks.regions.construction.facts import Corridor
from networks.regions.construction.geometry import Point, between, crossing, distance_km, length_km, stretched
from networks.regions.construction.matching import Edge, WorkingGraph, best_legs, without_spurs
from networks.regions.construction.osmfile import Elements, chains

LOG = logging.getLogger(__name__)

SEARCH_KM = 10.0
CHOICES = 40
OFFSET_FACTOR = 0.3
"""Km of path that a km of offset from the way point counts as."""
TAKEN_FACTOR = 1.25
"""How much longer an edge counts that another expressway claimed."""
JOIN_KM = 4.0
"""Within this distance a way point of a drawn road stands on an existing junction."""
INTERCHANGE_GAP_KM = 4.0
"""Least distance of an interchange with an ordinary road from the joint before it on a drawn road."""

SOURCE_TAGS = {"source": "OpenStreetMap by way of scgraph_data 2.0.0"}
PRIMARY_TAGS = {"highway": "primary", "source:highway": "no expressway of the table claims it", **SOURCE_TAGS}


def classify(
    canvas: WorkingGraph, corridors: Sequence[Corridor], road_length_factor: float
) -> dict[str, float]:
    """Claim the edges of each expressway, drawing the ones that cannot be routed.

    Parameters
    ----------
    canvas
        The class-less roads; changed in place.
    corridors
        The expressways, the most important first.
    road_length_factor
        By what lengths of the file are multiplied later; drawn roads are made shorter by it.

    Returns
    -------
    dict of str to float
        Length in km on the map of each expressway, by road number.
    """
    lengths: dict[str, float] = {}
    for corridor in sorted(corridors, key=lambda corridor: not corridor.matched):
        path = _routed(canvas, corridor) if corridor.matched else None
        if path is None:
            LOG.info("%s is drawn by hand", corridor.id)
            path = _drawn(canvas, corridor, road_length_factor)
        lengths[corridor.id] = length_km([canvas.points[node] for node in path])
    return lengths


def _routed(canvas: WorkingGraph, corridor: Corridor) -> list[int] | None:
    """Route a corridor through its way points and claim the path."""
    choices = [
        {node: OFFSET_FACTOR * km for node, km in canvas.near(place.point, SEARCH_KM, CHOICES).items()}
        for place in corridor.places
    ]
    used = _used(canvas)
    choices = [{node: km for node, km in choice.items() if node in used} for choice in choices]
    legs = best_legs(canvas.matrix(TAKEN_FACTOR), choices, limit_km=_reach_km(corridor))
    if legs is None:
        return None
    path = without_spurs(legs)
    canvas.claim(path, corridor.id)
    return path


def _reach_km(corridor: Corridor) -> float:
    """Return a length that no leg of the corridor should exceed, with ample room."""
    points = [place.point for place in corridor.places]
    return 40 + 2.5 * max(distance_km(a, b) for a, b in itertools.pairwise(points))


def _used(canvas: WorkingGraph) -> set[int]:
    """Return the nodes that have an edge."""
    return {node for edge in canvas.edges for node in edge}


def _drawn(canvas: WorkingGraph, corridor: Corridor, road_length_factor: float) -> list[int]:
    """Draw a corridor through its way points, joined to the roads that it meets."""
    stops: list[int] = []
    last = len(corridor.places) - 1
    for at, place in enumerate(corridor.places):
        node, km = canvas.nearest_node(place.point)
        if km > JOIN_KM and 0 < at < last:
            node = canvas.add_node(place.point)
        if node not in stops:
            stops.append(node)
    line = [canvas.points[node] for node in stops]
    bends = stretched(line, (corridor.known_km or 0.0) / road_length_factor)
    path = [stops[0]]
    for inner, stop in zip(bends, stops[1:], strict=True):
        for point in inner:
            _draw_to(canvas, path, canvas.add_node(point), corridor.id)
        _draw_to(canvas, path, stop, corridor.id)
    return path


def _draw_to(canvas: WorkingGraph, path: list[int], node: int, key: str) -> None:
    """Extend a drawn path to a node, with interchanges on the way."""
    since, here = 0.0, canvas.points[path[-1]]
    for share, edge, cut in _crossings(canvas, here, canvas.points[node]):
        away = distance_km(here, between(here, canvas.points[node], share))
        near = away - since < INTERCHANGE_GAP_KM and not canvas.claims.get(edge)
        if near or edge not in canvas.edges:
            continue
        junction = canvas.split(edge, cut)
        since = away
        if junction not in path and junction != node:
            canvas.draw([path[-1], junction], key)
            path.append(junction)
    canvas.draw([path[-1], node], key)
    path.append(node)


def _crossings(canvas: WorkingGraph, a: Point, b: Point) -> list[tuple[float, Edge, float]]:
    """Return where a straight line crosses the roads: share of the line, the edge, share of the edge."""
    ends = np.array(list(canvas.edges), dtype=np.int64)
    places = np.array(canvas.points)
    low = np.minimum(places[ends[:, 0]], places[ends[:, 1]])
    high = np.maximum(places[ends[:, 0]], places[ends[:, 1]])
    near = ((low <= np.maximum(a, b)) & (high >= np.minimum(a, b))).all(axis=1)
    found = []
    for first, second in ends[near]:
        edge = (int(first), int(second))
        hit = crossing(a, b, canvas.points[edge[0]], canvas.points[edge[1]])
        if hit is not None:
            found.append((hit[0], edge, hit[1]))
    return sorted(found)


def add_roads(canvas: WorkingGraph, corridors: Sequence[Corridor], elements: Elements) -> None:
    """Add all roads to the elements, one way for each run of edges with the same tags.

    Parameters
    ----------
    canvas
        The classified roads.
    corridors
        The expressways, the most important first.
    elements
        Where to add nodes and ways; changed in place.
    """
    known = {corridor.id: corridor for corridor in corridors}
    keys = {edge: (canvas.claims.get(edge, ()), edge in canvas.drawn) for edge in canvas.edges}
    ids: dict[int, int] = {}
    for node in sorted(_used(canvas)):
        ids[node] = elements.add_node(canvas.points[node], {})
    for line in chains(keys):
        edge = (min(line[0], line[1]), max(line[0], line[1]))
        users, drawn = keys[edge]
        tags = _motorway_tags([known[user] for user in users], drawn=drawn) if users else PRIMARY_TAGS
        elements.add_way([ids[node] for node in line], tags)


def _motorway_tags(users: Sequence[Corridor], *, drawn: bool) -> dict[str, str]:
    """Return the tags of an expressway that one or more corridors use."""
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

"""Draw small regions with expressways round a centre, and find their rings by trying every circuit."""

from __future__ import annotations

import shapely
from candidates_drawing import KM, base_case, cities, network

from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.rings.generate import RingNetwork, generate, ring_of
from optimiser.proposals.rings.graph import GraphLink, GraphNode, RingGraph, RingRules
from optimiser.proposals.table import Candidates, Item, Proposal, assemble
from optimiser.proposals.terrain import PLAIN

RATES = builtin_cost_table("CN")
GROUND = (RATES, PLAIN)

CORNERS = ((-40, -40), (0, -40), (40, -40), (40, 0), (40, 40), (0, 40), (-40, 40), (-40, 0))
"""A square of expressways, side 80 km, with a node in the middle of each side."""


def rules(**changes):
    """Return a road ring round the first city, of motorways."""
    given = {"id": "ring", "mode": "road", "classes": ("motorway",), "speed_kmh": 0.0, "centres": (0,)}
    return RingRules(**{**given, **changes})


def square(*, without=(), places=(), more=(), spots=(), shift=(0.0, 0.0)):
    """Return a region: a square of motorways round `hub`, ordinary spokes to the middles of its sides.

    `without` leaves out sides (number of the corner that a side starts from), `places` adds cities (id, place
    in km, people, node), `spots` adds nodes after them, `more` adds links.
    """
    at = [*CORNERS, (0, 0), *(place for _, place, *_ in places), *spots]
    ring = [(at, (at + 1) % 8, "motorway", 40, 100) for at in range(8) if at not in without]
    spokes = [(at, 8, "primary", 40, 60) for at in (1, 3, 5, 7)]
    joined = [(9 + number, node, "primary", *size) for number, (*_, node, size) in enumerate(places)]
    moved = [(x + shift[0], y + shift[1]) for x, y in at]
    road = network(moved, [*ring, *spokes, *joined, *more])
    table = [("hub", moved[8], 9_000_000, 8)]
    table += [
        (name, moved[9 + number], people, 9 + number) for number, (name, _, people, *_) in enumerate(places)
    ]
    return base_case(road, cities(road, table))


def generated_ring(region, candidates, asked, **options):
    """Return the ring of a region as generated."""
    return generate(RingNetwork(region, asked), candidates, **options)


def none():
    """Return a table without candidates."""
    return assemble([], *GROUND)


def road(name, tail, head, *, region, cost_km=10.0, **changes) -> Candidates:
    """Return a table with a new expressway between two road nodes."""
    points = region.road.nodes.geometry
    ends = [(points.iloc[node].x, points.iloc[node].y) for node in (tail, head)]
    given = {
        "candidate_id": name, "kind": "road_link", "instrument": "infrastructure", "mode": "road",
        "from_name": "a", "to_name": "b", "length_km": cost_km, "speed_kmh": 100.0,
        "standard": "expressway-4", "why": "drawn", "geometry": shapely.LineString(ends),
        "arcs": ((f"road:{tail}", f"road:{head}", 60), (f"road:{head}", f"road:{tail}", 60)),
        "items": (Item("expressway-4", cost_km),),
    }  # fmt: skip
    return assemble([Proposal(**{**given, **changes})], *GROUND)


def circuits(ring):
    """Return the links of every circuit that visits no node twice and winds once round each centre."""
    from optimiser.verify.rings import circuit_fault

    built = {link.candidate for link in ring.links if link.candidate}
    found: dict[frozenset[int], tuple[int, ...]] = {}

    def walk(start, at, used, seen):
        for k, link in enumerate(ring.links):
            if k in used or at not in (link.tail, link.head):
                continue
            to = link.head if at == link.tail else link.tail
            if to == start:
                found.setdefault(frozenset((*used, k)), (*used, k))
            elif to not in seen and to > start:
                walk(start, to, (*used, k), seen | {to})

    for start in range(len(ring.nodes)):
        walk(start, start, (), {start})
    return {links for links, order in found.items() if not circuit_fault(ring, order, built)}


GRID = 4
GRID_EDGES = [
    (a, b)
    for a in range(GRID * GRID)
    for b in (a + 1, a + GRID)
    if b < GRID * GRID and (b == a + GRID or b % GRID)
]
"""Edges of a grid round the middle, by the numbers of its nodes."""


def grid_graph(edges):
    """Return a graph on a grid round the middle, in which lengths of links tell which ones were joined."""
    nodes = tuple(
        GraphNode(f"road:{k}", (k % GRID - 1.4) * 20 * KM, (k // GRID - 1.6) * 20 * KM)
        for k in range(GRID * GRID)
    )
    links = tuple(
        GraphLink(
            a, b, shapely.LineString([(nodes[a].lon, nodes[a].lat), (nodes[b].lon, nodes[b].lat)]), 2.0**bit
        )
        for bit, (a, b) in enumerate(edges)
    )
    return RingGraph(nodes, links)


def _grid_network():
    """Return the network of a ring round the middle of the grid."""
    road_net = network([(0, 0), (1, 0)], [(0, 1, "primary", 1, 50)])
    region = base_case(road_net, cities(road_net, [("hub", (0, 0), 9_000_000, 0)]))
    return RingNetwork(region, rules())


GRID_NETWORK = _grid_network()


def circuit_marks(graph):
    """Return the circuits that form the ring, each told by the links that it was made of."""
    ring = ring_of(graph, {}, GRID_NETWORK)
    return {sum(graph.links[k].length_km for k in links) for links in circuits(ring)}


__all__ = [
    "CORNERS",
    "GRID",
    "GRID_EDGES",
    "GRID_NETWORK",
    "GROUND",
    "KM",
    "circuit_marks",
    "circuits",
    "generated_ring",
    "grid_graph",
    "none",
    "road",
    "rules",
    "square",
]

"""The graph of a ring keeps every circuit at standard, and nothing that no circuit can use."""

from __future__ import annotations

import shapely
from candidates_drawing import KM, cities, network, situation
from hypothesis import given, settings
from hypothesis import strategies as st
from ring_regions import circuits, none, road, rules, square

from optimiser.proposals.rings.contracting import contract, without_twins
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.generation import generate, pruned, reach, ring_of
from optimiser.proposals.rings.graph import GraphLink, GraphNode, RingGraph
from optimiser.proposals.rings.standard import standard_graph


def test_a_square_of_expressways_is_one_ring_and_costs_nothing():
    found = generate(square(), none(), rules())
    assert [link.candidate for link in found.ring.links] == [None] * len(found.ring.links)
    assert len(circuits(found.ring)) == 1
    assert round(sum(link.length_km for link in found.graph.links)) == 320


def test_ordinary_roads_are_no_part_of_it():
    found = generate(square(without=(0,)), none(), rules())
    assert found.ring.links == ()


def test_a_slow_motorway_is_below_a_least_speed():
    assert generate(square(), none(), rules(speed_kmh=101.0)).ring.links == ()
    assert generate(square(), none(), rules(speed_kmh=100.0)).ring.links


def test_a_candidate_closes_a_gap_and_must_be_built():
    region = square(without=(0,))
    found = generate(region, road("new", 0, 1, region=region), rules())
    assert [sorted(found.ring.links[k].candidate or "" for k in one) for one in circuits(found.ring)] == [
        ["", "new"]
    ]


def test_a_candidate_that_may_not_be_built_closes_nothing():
    region = square(without=(0,))
    assert generate(region, road("new", 0, 1, region=region, fixed="out"), rules()).ring.links == ()


def test_a_candidate_of_the_other_mode_or_below_the_speed_closes_nothing():
    region = square(without=(0,))
    for changes in ({"mode": "rail"}, {"kind": "rail_service"}, {"speed_kmh": 79.0}):
        found = generate(region, road("new", 0, 1, region=region, **changes), rules(speed_kmh=80.0))
        assert found.ring.links == ()


def test_a_candidate_dearer_than_the_budget_closes_nothing():
    region = square(without=(0,))
    new = road("new", 0, 1, region=region)
    cost = int(new.table["cost"].iloc[0])
    assert generate(region, new, rules(), budget=cost).ring.links
    assert generate(region, new, rules(), budget=cost - 1).ring.links == ()


def test_a_road_that_ends_in_a_town_reaches_on_to_the_expressway_beside_it():
    town = ("town", (0, -34), 300_000, 1, (6, 50))
    region = square(without=(0,), places=(town,))
    found = generate(region, road("new", 0, 9, region=region), rules())
    assert len(circuits(found.ring)) == 1
    far = square(without=(0,), places=(("town", (0, -25), 300_000, 1, (15, 50)),))
    assert generate(far, road("new", 0, 9, region=far), rules()).ring.links == ()


def test_the_band_leaves_out_what_is_too_near_or_too_far():
    assert generate(square(), none(), rules(radius_km=(39.5, 57.0))).ring.links
    assert generate(square(), none(), rules(radius_km=(41.0, 57.0))).ring.links == ()
    assert generate(square(), none(), rules(radius_km=(39.5, 56.0))).ring.links == ()


def test_the_band_may_be_a_driving_time():
    # hub to the middle of a side: 40 km at 60 km/h, 2400 s; to a corner 40 km at 100 km/h more, 3840 s
    assert generate(square(), none(), rules(time_s=(2400.0, 3840.0))).ring.links
    assert generate(square(), none(), rules(time_s=(2401.0, 3840.0))).ring.links == ()
    assert generate(square(), none(), rules(time_s=(2400.0, 3839.0))).ring.links == ()


def test_a_ring_round_another_place_is_no_ring():
    away = ("away", (90, 90), 9_000_000, 4, (70, 60))
    region = square(places=(away,))
    assert generate(region, none(), rules(centres=(1,))).ring.links == ()
    assert generate(region, none(), rules(centres=(0, 1))).ring.links == ()


def test_the_place_of_a_region_changes_nothing():
    here, there = (generate(square(shift=(x, 0.0)), none(), rules()).ring for x in (0.0, 5000.0))
    assert [(k.tail, k.head, k.candidate) for k in here.links] == [
        (k.tail, k.head, k.candidate) for k in there.links
    ]


def test_two_carriageways_and_their_slip_roads_are_one_line():
    spots = [(0, 0), (0, 0.1), (30, 0), (30, 0.1), (0.3, 0.2), (30.3, 0.2)]
    links = [
        (0, 2, "motorway", 30, 100), (3, 1, "motorway", 30, 100),
        (0, 4, "motorway_link", 0.4, 40), (1, 4, "motorway_link", 0.3, 40),
        (2, 5, "motorway_link", 0.4, 40), (3, 5, "motorway_link", 0.3, 40),
    ]  # fmt: skip
    graph = standard_graph(network(spots, links), rules())
    ends = {(link.tail, link.head) for link in graph.links}
    assert len(graph.nodes) == 2
    assert {tuple(sorted(two)) for two in ends} == {(0, 1)}


def test_an_upgrade_may_be_used_piece_by_piece():
    region = square(without=(0,), more=((0, 1, "primary", 40, 60),))
    points = region.road.nodes.geometry
    line = shapely.LineString([(points.iloc[k].x, points.iloc[k].y) for k in (0, 1)])
    both = [(f"road:{a}", f"road:{b}", 60) for a, b in ((0, 1), (1, 0))]
    up = road("up", 0, 1, region=region, kind="road_upgrade", geometry=line, arcs=tuple(both))
    found = generate(region, up, rules())
    assert [link.candidate for link in found.ring.links].count("up") == 1


GRID = 4
ALL_EDGES = [
    (a, b)
    for a in range(GRID * GRID)
    for b in (a + 1, a + GRID)
    if b < GRID * GRID and (b == a + GRID or b % GRID)
]


def drawn(edges):
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


def centre():
    road_net = network([(0, 0), (1, 0)], [(0, 1, "primary", 1, 50)])
    return situation(road_net, cities(road_net, [("hub", (0, 0), 9_000_000, 0)]))


CENTRE = centre()
some_edges = st.lists(st.sampled_from(ALL_EDGES), unique=True, min_size=8)


def marks(graph):
    """Return the circuits that form the ring, each told by the links that it was made of."""
    ring = ring_of(graph, {}, CENTRE, rules())
    return {sum(graph.links[k].length_km for k in links) for links in circuits(ring)}


@settings(max_examples=60, deadline=None)
@given(some_edges, st.sets(st.integers(0, GRID * GRID - 1)))
def test_contracting_keeps_every_circuit(edges, keep):
    graph = drawn(edges)
    assert marks(contract(graph, keep)) == marks(graph)


@settings(max_examples=60, deadline=None)
@given(some_edges)
def test_pruning_removes_no_link_of_any_circuit(edges):
    graph = drawn(edges)
    left = pruned(graph, none(), CENTRE, rules(), None)
    assert marks(left) == marks(graph)


@settings(max_examples=40, deadline=None)
@given(some_edges)
def test_nothing_is_left_where_there_is_no_circuit(edges):
    left = pruned(drawn(edges), none(), CENTRE, rules(), None)
    assert bool(left.links) == bool(marks(left))


@settings(max_examples=40, deadline=None)
@given(some_edges)
def test_of_twins_the_shortest_ring_stays(edges):
    graph = contract(drawn(edges), set())
    left = without_twins(graph, ((0, 0),))
    before, after = marks(graph), marks(left)
    assert after <= before
    assert min(after, default=0.0) == min(before, default=0.0)


def test_everything_within_reach_is_in_the_graph():
    region = square()
    graph = reach(region, none(), rules(), Driving(region))
    assert sum(link.length_km for link in graph.links) == 320

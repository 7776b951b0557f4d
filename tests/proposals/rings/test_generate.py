"""The graph of a ring keeps every circuit at standard, and nothing that no circuit can use."""

from __future__ import annotations

import dataclasses

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from ring_regions import (
    GRID_EDGES,
    GRID_NETWORK,
    KM,
    circuit_marks,
    circuits,
    generated_ring,
    grid_graph,
    none,
    road,
    rules,
    square,
)
from tiers import examples

from optimiser.job.sections import Rings
from optimiser.proposals.rings.generate import RingNetwork, links_on_circuits, ring_of
from optimiser.proposals.rings.graph import RING_KINDS, GraphLink, GraphNode, RingGraph, nodes_to_keep
from optimiser.run.rings import ring_rules
from optimiser.verify.rings import missing_stops


def test_a_square_of_expressways_is_one_ring_and_costs_nothing():
    found = generated_ring(square(), none(), rules())
    assert [link.candidate for link in found.ring.links] == [None] * len(found.ring.links)
    assert len(circuits(found.ring)) == 1
    assert round(sum(link.length_km for link in found.graph.links)) == 320


def test_ordinary_roads_are_no_part_of_it():
    found = generated_ring(square(without=(0,)), none(), rules())
    assert found.ring.links == ()


def test_a_slow_motorway_is_below_a_least_speed():
    assert generated_ring(square(), none(), rules(speed_kmh=101.0)).ring.links == ()
    assert generated_ring(square(), none(), rules(speed_kmh=100.0)).ring.links


def test_a_candidate_closes_a_gap_and_must_be_built():
    region = square(without=(0,))
    found = generated_ring(region, road("new", 0, 1, region=region), rules())
    assert [sorted(found.ring.links[k].candidate or "" for k in one) for one in circuits(found.ring)] == [
        ["", "new"]
    ]


def test_a_candidate_that_may_not_be_built_closes_nothing():
    region = square(without=(0,))
    assert generated_ring(region, road("new", 0, 1, region=region, fixed="out"), rules()).ring.links == ()


def test_a_candidate_of_the_other_mode_or_below_the_speed_closes_nothing():
    region = square(without=(0,))
    for changes in ({"mode": "rail"}, {"kind": "rail_service"}, {"speed_kmh": 79.0}):
        found = generated_ring(region, road("new", 0, 1, region=region, **changes), rules(speed_kmh=80.0))
        assert found.ring.links == ()


def test_a_candidate_dearer_than_the_budget_closes_nothing():
    region = square(without=(0,))
    new = road("new", 0, 1, region=region)
    cost = int(new.table["cost"].iloc[0])
    assert generated_ring(region, new, rules(), budget=cost).ring.links
    assert generated_ring(region, new, rules(), budget=cost - 1).ring.links == ()


def test_a_road_that_ends_in_a_town_reaches_on_to_the_expressway_beside_it():
    town = ("town", (0, -34), 300_000, 1, (6, 50))
    region = square(without=(0,), places=(town,))
    found = generated_ring(region, road("new", 0, 9, region=region), rules())
    assert len(circuits(found.ring)) == 1
    far = square(without=(0,), places=(("town", (0, -25), 300_000, 1, (15, 50)),))
    assert generated_ring(far, road("new", 0, 9, region=far), rules()).ring.links == ()


def test_a_ring_round_another_place_is_no_ring():
    away = ("away", (90, 90), 9_000_000, 4, (70, 60))
    region = square(places=(away,))
    assert generated_ring(region, none(), rules(centres=(1,))).ring.links == ()
    assert generated_ring(region, none(), rules(centres=(0, 1))).ring.links == ()


def test_the_place_of_a_region_changes_nothing():
    here, there = (generated_ring(square(shift=(x, 0.0)), none(), rules()).ring for x in (0.0, 5000.0))
    assert [(k.tail, k.head, k.candidate) for k in here.links] == [
        (k.tail, k.head, k.candidate) for k in there.links
    ]


def test_an_upgrade_may_be_used_piece_by_piece():
    region = square(without=(0,), more=((0, 1, "primary", 40, 60),))
    points = region.road.nodes.geometry
    line = shapely.LineString([(points.iloc[k].x, points.iloc[k].y) for k in (0, 1)])
    both = [(f"road:{a}", f"road:{b}", 60) for a, b in ((0, 1), (1, 0))]
    up = road("up", 0, 1, region=region, kind="road_upgrade", geometry=line, arcs=tuple(both))
    found = generated_ring(region, up, rules())
    assert [link.candidate for link in found.ring.links].count("up") == 1


some_edges = st.lists(st.sampled_from(GRID_EDGES), unique=True, min_size=8)


@examples(60)
@given(some_edges)
def test_pruning_removes_no_link_of_any_circuit(edges):
    graph = grid_graph(edges)
    left = links_on_circuits(graph, none(), GRID_NETWORK, None)
    assert circuit_marks(left) == circuit_marks(graph)


@examples(40)
@given(some_edges)
def test_nothing_is_left_where_there_is_no_circuit(edges):
    left = links_on_circuits(grid_graph(edges), none(), GRID_NETWORK, None)
    assert bool(left.links) == bool(circuit_marks(left))


def test_demands_on_cities_become_those_of_the_problem():
    town = ("town", (0, -45), 300_000, 1, (5, 60))
    big = ("big", (0, 45), 900_000, 5, (5, 60))
    asked = rules(
        must=(2,), least_by_tier=(("secondary", 1), ("small", 1)), tiers=("small",), longest_km=400.0
    )
    ring = generated_ring(square(places=(town, big)), none(), asked).ring
    assert [(stop.id, stop.group, stop.must) for stop in ring.stops] == [
        ("town", "small", False),
        ("big", "secondary", True),
    ]
    assert ring.least_by_group == (("secondary", 1), ("small", 1))
    assert ring.longest == 400_000
    assert sum(link.length for link in ring.links) == (1000 * 320)


def test_a_city_that_cannot_lie_on_it_and_a_tier_without_cities_are_demands_that_nothing_meets():
    far = ("far", (0, -75), 300_000, 1, (35, 60))
    ring = generated_ring(square(places=(far,)), none(), rules(must=(1,))).ring
    assert [str(reason) for reason in missing_stops(ring)] == ["must pass 'far', which has no node"]
    ring = generated_ring(square(), none(), rules(least_by_tier=(("small", 1),))).ring
    assert [str(reason) for reason in missing_stops(ring)] == ["needs 1 stops, of which there are 0"]


def test_a_new_road_shorter_than_the_existing_one_stays_where_length_counts():
    region = square(more=[(0, 1, "motorway", 60, 100)], without=(0,))
    new = road("new", 0, 1, region=region, cost_km=40.0)
    free = generated_ring(region, new, rules()).ring
    short = generated_ring(region, new, rules(longest_km=330.0)).ring
    assert {link.candidate for link in free.links} == {None}
    assert {link.candidate for link in short.links} == {None, "new"}


def test_a_ring_asked_for_in_python_has_the_defaults_of_a_job():
    """But a job limits the stretch of its rings."""
    (of_job,) = ring_rules([Rings(id="ring", centres=("Hub",), most_stretch=0.0)], square())
    assert of_job == rules()


# ---- the ring of the design problem, by hand


def triangle(candidate=""):
    """Return three nodes round the hub, the first at a city; the northern side must be built."""
    places = ((0, -40), (40, 40), (-40, 40))
    nodes = tuple(GraphNode(f"road:{k}", x * KM, y * KM) for k, (x, y) in enumerate(places))
    ends = ((0, 1), (1, 2), (2, 0))
    lines = [
        shapely.LineString([(nodes[a].lon, nodes[a].lat), (nodes[b].lon, nodes[b].lat)]) for a, b in ends
    ]
    names = ("", candidate, "")
    return RingGraph(
        nodes,
        tuple(
            GraphLink(a, b, line, 10.25 * (k + 1), candidate=name)
            for k, ((a, b), line, name) in enumerate(zip(ends, lines, names, strict=True))
        ),
    )


def made(stops=None, **asked):
    """Return the ring of the triangle; `town` is small, `port` secondary."""
    places = (("town", (0, -50), 300_000, 1, (10, 60)), ("port", (50, 50), 700_000, 4, (10, 60)))
    region = square(places=places)
    assert region.tiers == ["core", "small", "secondary"]
    return ring_of(triangle("north"), stops or {}, RingNetwork(region, rules(**asked)))


def test_links_of_a_ring_have_their_metres_and_what_must_be_built():
    ring = made(longest_km=100.0004, reward=3, required=False, apart=("other",))
    assert [(a.tail, a.head, a.candidate, a.length) for a in ring.links] == [
        (0, 1, None, 10_250),
        (1, 2, "north", 20_500),
        (2, 0, None, 30_750),
    ]
    assert (ring.longest, ring.reward, ring.required, ring.apart) == (100_000, 3, False, ("other",))
    assert made().longest is None
    assert ring.centres == ((0, 0),)


def test_cities_of_a_ring_are_stops_at_the_nodes_where_they_lie():
    ring = made({1: {2: 900, 0: 30}}, must=(2,))
    assert [(s.id, s.nodes, s.group, s.must) for s in ring.stops] == [
        ("town", (0, 2), "small", False),
        ("port", (), "secondary", True),
    ]


def test_numbers_of_cities_count_by_tier_and_a_tier_without_cities_keeps_its_demand():
    near = {1: {0: 30}, 2: {1: 30}}
    both = (("secondary", 1), ("small", 0))
    ring = made(near, least_cities=2, least_by_tier=both)
    assert (ring.least_stops, ring.least_by_group) == (2, (("secondary", 1),))
    lacking = made({1: {0: 30}}, least_by_tier=both)
    assert (lacking.least_stops, lacking.least_by_group) == (2, ())
    more = made({1: {0: 30}}, least_cities=5, least_by_tier=(("small", 1), *both))
    assert (more.least_stops, more.least_by_group) == (5, (("small", 1),))
    assert made(least_by_tier=(("secondary", 0),)).least_stops == 0


@pytest.mark.parametrize(("budget", "count"), [(None, 3), (7, 3), (6, 0)])
def test_links_that_only_circuits_beyond_the_budget_use_leave(budget, count):
    region = square()
    priced = road("north", 0, 1, region=region)
    priced = dataclasses.replace(priced, table=priced.table.assign(cost=7))
    network_of = RingNetwork(region, rules())
    assert len(links_on_circuits(triangle("north"), priced, network_of, budget=budget).links) == count
    assert len(links_on_circuits(triangle(), priced, network_of, budget=0).links) == 3


# ---- nodes that contraction keeps


def path_of(count, *, closed=False):
    """Return a line of nodes a degree apart, or a circuit of them."""
    nodes = tuple(GraphNode(f"road:{k}", float(k), 0.0) for k in range(count))
    ends = [(k, k + 1) for k in range(count - 1)] + ([(count - 1, 0)] if closed else [])
    return RingGraph(
        nodes, tuple(GraphLink(a, b, shapely.LineString([(a, 0), (b, 0)]), 1.0) for a, b in ends)
    )


@pytest.mark.parametrize(
    ("stops", "kept"),
    [
        ({}, set()),
        # of the nodes on the way that serve a city the soonest reached, of equal ones the first
        ({7: {1: 60, 2: 50, 3: 70}}, {2}),
        ({7: {3: 50, 2: 50}}, {2}),
        # none where an end serves the city as well
        ({7: {1: 60, 0: 900}}, set()),
        ({7: {1: 60, 4: 900}}, set()),
        ({7: {1: 60}, 8: {3: 10, 2: 20}}, {1, 3}),
        ({7: {1: 60}, 8: {4: 10, 2: 20}}, {1}),
    ],
)
def test_a_city_keeps_its_soonest_reached_node_on_the_way(stops, kept):
    assert nodes_to_keep(path_of(5), stops) == kept


def test_a_circuit_without_a_junction_keeps_where_it_begins():
    assert nodes_to_keep(path_of(4, closed=True), {}) == {0}
    assert nodes_to_keep(path_of(4, closed=True), {7: {2: 60}}) == {0, 2}


def test_a_ring_may_consist_of_what_lays_or_widens_a_line():
    assert RING_KINDS == ("road_upgrade", "road_link", "gap", "rail_link", "rail_upgrade", "own")

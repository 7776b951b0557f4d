"""Check between which places straight links are proposed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import shapely
from ring_regions import KM, rules, square

from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.graph import GraphLink, GraphNode, RingGraph
from optimiser.proposals.rings.ring_gaps import (
    _cities_off_network,
    _name_of,
    _nearest,
    _Place,
    _starts,
    propose_straight_links,
    standard_of,
)


def test_points_of_tracks_without_a_station_hide_no_station_behind_them():
    ends = [GraphNode(f"station:{x}", x * KM, 60 * KM) for x in (-40, 40)]
    between = [
        GraphNode(f"station:{x}/{y}", x * KM, y * KM, can_stop=False)
        for x in (-30, 30)
        for y in range(56, 65)
    ]
    graph = RingGraph((*ends, *between), ())
    asked = rules(mode="rail", classes=())
    found = propose_straight_links(graph, square(), asked, Rules(), cities=(), longest_km=100.0)
    assert [set(link.geometry.xy[0]) for link in found] == [{-40 * KM, 40 * KM}]


# ---- where links start, and where they lead


def spread(*places, ties=()):
    """Return a graph of nodes at places in km, and links between some of them."""
    nodes = tuple(GraphNode(f"road:{k}", x * KM, y * KM) for k, (x, y) in enumerate(places))
    lines = [shapely.LineString([(nodes[k].lon, nodes[k].lat) for k in two]) for two in ties]
    return RingGraph(nodes, tuple(GraphLink(*two, line, 1.0) for two, line in zip(ties, lines, strict=True)))


def test_dead_ends_try_eight_lines_junctions_three_and_nodes_on_the_way_none():
    # a fork at 1 with arms to 0, 3 and over 2 to 4; 5 stands alone
    graph = spread((0, 0), (1, 0), (2, 0), (1, 1), (3, 0), (9, 9), ties=[(0, 1), (1, 2), (1, 3), (2, 4)])
    assert _starts(graph, rules()) == {0: 8, 1: 3, 3: 8, 4: 8, 5: 3}
    assert _starts(graph, rules(mode="rail")) == dict.fromkeys(range(6), 8)


def ends_near(start, places, *, lines=None, can_end=None, longest_km=100.0, most_lines=3):
    """Return the places to which links from one place lead; each is a line of its own by default."""
    lon, lat = (np.array([place[axis] * KM for place in places]) for axis in (0, 1))
    free = np.ones(len(places), dtype=bool) if can_end is None else np.array(can_end)
    return _nearest(start, lines or list(range(len(places))), (lon, lat), free, longest_km, most_lines)


def test_links_lead_to_the_nearest_place_in_each_of_eight_directions():
    compass = [
        (10 * x, 10 * y) for x, y in ((2, 1), (1, 2), (-1, 2), (-2, 1), (-2, -1), (-1, -2), (1, -2), (2, -1))
    ]
    behind = [(2 * x, 2 * y) for x, y in compass]
    places = [(0, 0), *behind, *compass]
    assert ends_near(0, places, lines=[0] * len(places)) == set(range(9, 17))


def test_links_lead_to_the_nearest_node_of_the_nearest_lines():
    # all in one direction: five lines, the second node of each farther out
    places = [(0, 0), *((10 * k, 1) for k in range(1, 6)), *((10 * k + 5, 1) for k in range(1, 6))]
    lines = [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    assert ends_near(0, places, lines=lines, most_lines=3) == {1, 2, 3}
    assert ends_near(0, places, lines=lines, most_lines=1) == {1}
    # a place of the line on which it lies itself counts for its direction alone
    assert ends_near(0, places, lines=[0, 0, 2, 3, 4, 5, 0, 2, 3, 4, 5], most_lines=1) == {1, 2}


def test_links_are_no_longer_than_asked_and_end_where_they_may():
    places = [(0, 0), (0, 0), (10, 1), (20, 1), (-30, 1)]
    assert ends_near(0, places) == {2, 3, 4}
    assert ends_near(0, places, longest_km=25.0) == {2, 3}
    assert ends_near(0, places, can_end=[True, True, False, True, True]) == {3, 4}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"mode": "rail", "speed_kmh": 160.0}, "upgrade_standard"),
        ({"mode": "rail", "speed_kmh": 161.0}, "usual_standard"),
        ({"mode": "rail", "speed_kmh": 300.0}, "fast_standard"),
    ],
)
def test_the_slowest_standard_that_is_fast_enough_is_built(changes, name):
    standards = Rules()
    assert standard_of(rules(**changes), standards)[0] == getattr(standards.rail, name)


def test_a_speed_that_no_standard_has_leaves_nothing_to_build():
    standards = Rules()
    assert standard_of(rules(speed_kmh=standards.road.speed_kmh), standards)[0] == standards.road.standard
    assert standard_of(rules(speed_kmh=standards.road.speed_kmh + 1), standards) is None
    assert standard_of(rules(mode="rail", speed_kmh=1000.0), standards) is None


def test_a_place_has_the_name_of_its_city_or_lies_beside_one():
    region, node = square(), GraphNode("road:0", 10 * KM, 0.0)
    assert _name_of(region, _Place(node, 0)) == "Hub"
    assert _name_of(region, _Place(node)) == "Hub (10 km east)"


def test_cities_off_the_network_start_at_their_road_nodes_or_at_new_stations():
    region = square(
        places=(("town", (0, -50), 300_000, 1, (10, 60)), ("port", (60, 0), 300_000, 3, (20, 60)))
    )
    graph = spread((0, 0), (1, 0), ties=[(0, 1)])
    on_road = list(_cities_off_network(graph, region, rules(), [1, 2]))
    assert [(place.node.key, place.city) for place in on_road] == [("road:9", 1), ("road:10", 2)]
    assert (on_road[0].node.lon, on_road[0].node.lat) == pytest.approx((0.0, -50 * KM))
    known = RingGraph((GraphNode("road:9", 0.0, 0.0),), ())
    assert [place.city for place in _cities_off_network(known, region, rules(), [1, 2])] == [2]
    on_rail = list(_cities_off_network(graph, region, rules(mode="rail"), [1]))
    assert [(place.node.key, place.city) for place in on_rail] == [("new:station/town", 1)]
    off = dataclasses.replace(region, cities=region.cities.assign(road_node=[8, -1, 0]))
    assert [place.node.key for place in _cities_off_network(spread((1, 1)), off, rules(), [1, 2])] == []


@pytest.mark.parametrize(
    ("roads", "ends"),
    [
        (("G1;S9", "S32"), {"G1 west of Hub", "S32 west of Hub"}),
        (("", "S32"), {"Hub (50 km west)", "S32 west of Hub"}),
        (("S32", "S32"), {"Hub (50 km west)", "Hub (30 km west)"}),
    ],
)
def test_ends_are_called_by_their_roads_and_by_km_where_both_would_be_alike(roads, ends):
    graph = spread((-60, 0), (-50, 0), (-30, 0), (-20, 0), ties=[(0, 1), (2, 3)])
    links = [dataclasses.replace(link, name=name) for link, name in zip(graph.links, roads, strict=True)]
    named = RingGraph(graph.nodes, tuple(links))
    found = propose_straight_links(named, square(), rules(), Rules(), cities=(), longest_km=20.5)
    assert [link for link in found if {link.from_name, link.to_name} == ends]

"""Check which cities lie on a ring, to the second, and where it may run."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import shapely
from ring_regions import KM, generated_ring, none, rules, square

from optimiser.proposals.rings.graph import (
    GraphLink,
    GraphNode,
    RingGraph,
    drive_times,
    stops_of,
    within_distance,
)


def town(km, kmh, *, people=300_000):
    """Return a town so many km of ordinary road outside the middle of the southern side."""
    return ("town", (0, -40 - km), people, 1, (km, kmh))


@pytest.mark.parametrize(("on_s", "serves"), [(600, True), (599, False)])
def test_a_city_lies_on_it_when_the_drive_is_no_longer_than_allowed(on_s, serves):
    found = generated_ring(square(places=(town(10, 60),)), none(), rules(on_s=on_s, tiers=("small",)))
    assert [stop.id for stop in found.ring.stops] == (["town"] if serves else [])


def test_the_seconds_of_the_drive_are_kept():
    found = generated_ring(square(places=(town(10, 60),)), none(), rules(on_s=1200))
    assert min(found.stops[1].values()) == 600


def test_only_the_tiers_that_count_count():
    for tiers, ids in ((("small",), ["town"]), (("secondary",), []), (("secondary", "small"), ["town"])):
        found = generated_ring(square(places=(town(5, 60),)), none(), rules(tiers=tiers))
        assert [stop.id for stop in found.ring.stops] == ids


def test_a_centre_is_no_stop_of_its_own_ring():
    found = generated_ring(square(), none(), rules(tiers=("core",), on_s=36_000))
    assert found.ring.stops == ()


def test_a_city_beside_a_long_link_is_served_there_though_nothing_else_meets():
    found = generated_ring(square(places=(town(1, 60),)), none(), rules(on_s=120))
    (stop,) = found.ring.stops
    (node,) = stop.nodes
    assert found.graph.nodes[node].key == "road:1"
    assert any(node in (link.tail, link.head) for link in found.ring.links)


def test_the_band_leaves_out_what_is_too_near_or_too_far():
    assert generated_ring(square(), none(), rules(radius_km=(39.5, 57.0))).ring.links
    assert generated_ring(square(), none(), rules(radius_km=(41.0, 57.0))).ring.links == ()
    assert generated_ring(square(), none(), rules(radius_km=(39.5, 56.0))).ring.links == ()


def test_the_band_keeps_its_distances_from_the_nearest_centre():
    # `hub` lies at 0, 0 and `town` 100 km east of it
    region = square(places=(("town", (100, 0), 300_000, 1, (110, 60)),))
    lines = [shapely.LineString([(x * KM, 10 * KM), (x * KM, 12 * KM)]) for x in (0, 50, 100)]
    both = rules(centres=(0, 1), radius_km=(5.0, 20.0))
    assert within_distance(lines, both, region).tolist() == [True, False, True]
    assert within_distance(lines, rules(radius_km=(5.0, 20.0)), region).tolist() == [True, False, False]
    assert within_distance(lines, rules(radius_km=(11.0, 20.0)), region).tolist() == [False, False, False]


def test_a_ring_keeps_to_where_its_own_centre_is_nearer_than_every_rival():
    region = square(
        places=(("east", (100, 0), 300_000, 1, (110, 60)), ("west", (-100, 0), 300_000, 1, (110, 60)))
    )
    lines = [shapely.LineString([(x * KM, 10 * KM), (x * KM, 12 * KM)]) for x in (-60, -40, 0, 40, 60)]
    kept = within_distance(lines, rules(rivals=(1, 2)), region)
    assert kept.tolist() == [False, True, True, True, False]


def test_no_lines_have_no_distances():
    assert within_distance([], rules(), square()).shape == (0,)


# ---- nodes off the road


def graph_at(*nodes):
    """Return a graph of nodes (key, place in km), joined one after the other."""
    drawn = tuple(GraphNode(key, x * KM, y * KM) for key, (x, y) in nodes)
    links = tuple(
        GraphLink(k, k + 1, shapely.LineString([(a.lon, a.lat), (b.lon, b.lat)]), 1.0)
        for k, (a, b) in enumerate(itertools.pairwise(drawn))
    )
    return RingGraph(drawn, links)


def test_roads_are_reached_by_road_and_stations_from_the_nearest_road_node():
    """From `hub` to road node 3, 40 km east, it takes 2,400 s; beyond it 20 km/h count, up to 5 km."""
    region = square()
    graph = graph_at(
        ("station:0", (44, 0)), ("road:3", (40, 0)), ("station:1", (46, 0)), ("station:2", (41, 0))
    )
    (found,) = drive_times(graph, region)
    assert found[1] == 2400
    assert found[0] == pytest.approx(2400 + 4 / 20 * 3600, abs=2)
    assert found[2] == np.inf
    assert found[3] == pytest.approx(2400 + 1 / 20 * 3600, abs=1)
    assert drive_times(graph_at(("road:3", (40, 0)), ("road:8", (0, 0))), region).tolist() == [[2400, 0]]


def test_without_a_road_that_is_reached_no_station_is():
    region = square()
    nowhere = dataclasses.replace(region, cities=region.cities.assign(road_node=[-1]))
    graph = graph_at(("station:0", (44, 0)), ("road:3", (40, 0)))
    assert drive_times(graph, nowhere).tolist() == [[np.inf, np.inf]]


def test_only_nodes_that_can_stop_serve_a_city():
    region = square(places=(town(10, 60),))
    graph = graph_at(("road:1", (0, -40)), ("road:2", (40, -40)))
    assert stops_of(graph, rules(on_s=600), region) == {1: {0: 600}}
    assert stops_of(graph, rules(on_s=599), region) == {}
    none = RingGraph(tuple(dataclasses.replace(node, can_stop=False) for node in graph.nodes), graph.links)
    assert stops_of(none, rules(on_s=600), region) == {}

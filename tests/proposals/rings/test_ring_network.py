"""Check what of a network belongs to a ring."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network, proposal, railway, table
from ring_regions import none, road, rules, square

from optimiser.proposals.base_case import NEW
from optimiser.proposals.rings.generate import (
    RingNetwork,
    _line_between,
    lines_through,
    standard_graph,
)
from optimiser.proposals.rings.graph import GraphNode


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


@pytest.mark.parametrize(
    ("apart_km", "slip_km", "junctions"),
    [(0.7, 5.0, 1), (0.8, 5.0, 2), (0.8, 2.0, 1), (0.8, 2.1, 2)],
)
def test_ends_of_slip_roads_beside_each_other_or_joined_by_a_short_one_are_one_junction(
    apart_km, slip_km, junctions
):
    spots = [(0, 0), (0, apart_km), (30, 0), (30, 20), (-30, 20)]
    links = [
        (0, 2, "motorway", 30, 100), (1, 3, "motorway", 36, 100), (1, 4, "motorway", 36, 100),
        (0, 1, "motorway_link", slip_km, 40),
    ]  # fmt: skip
    graph = standard_graph(network(spots, links), rules())
    assert len(graph.nodes) == 3 + junctions
    assert len(graph.links) == 2 + junctions


def test_roads_of_the_class_that_are_too_slow_leave_but_their_slip_roads_stay():
    spots = [(0, 0), (30, 0), (60, 0), (60, 9)]
    links = [
        (0, 1, "motorway", 30, 100), (1, 2, "motorway", 30, 99), (2, 3, "motorway_link", 9, 40),
        (0, 2, "primary", 60, 120),
    ]  # fmt: skip
    graph = standard_graph(network(spots, links), rules(speed_kmh=100.0))
    assert sorted(link.length_km for link in graph.links) == [9.0, 30.0]


def test_everything_within_reach_is_in_the_graph():
    region = square()
    graph = RingNetwork(region, rules()).with_candidates(none())
    assert sum(link.length_km for link in graph.links) == 320


@pytest.mark.parametrize(
    ("ref", "name", "shown"),
    [("G1", "Ring road", "G1"), ("", "Ring road", "Ring road"), ("G1", "", "G1"), ("", "", "")],
)
def test_a_link_has_the_number_of_its_road_and_its_name_where_there_is_none(ref, name, shown):
    drawn = network([(0, 0), (30, 0)], [(0, 1, "motorway", 30, 100)])
    (link,) = standard_graph(drawn.replace(links=drawn.links.assign(ref=ref, name=name)), rules()).links
    assert link.name == shown


# ---- new railways


RAIL_SPOTS = [(0, 60), (50, 60), (100, 60)]


def rail_region():
    """Return three stations in a line, and a city `far` 150 km east without one."""
    road = network([(0, 0), (150, 60)], [(0, 1, "primary", 160, 50)])
    tracks = network(RAIL_SPOTS, [(0, 1, "rail", 50, 100), (1, 2, "rail", 50, 100)], "rail")
    places = cities(road, [("hub", (0, 0), 9_000_000, 0), ("far", (150, 60), 200_000, 1)])
    return base_case(road, places, railway(tracks, [("conv160", 3600, [0, 1, 2], [0, 1800, 1800])]))


def new_railway(line, *calls):
    """Return a table of one new railway: its line in km, and the ids at which its trains call in order."""
    arcs = tuple((a, b, 600) for a, b in itertools.pairwise(calls))
    drawn = proposal("new", 0, 1, 60, kind="rail_link")
    shape = shapely.LineString([(x * KM, y * KM) for x, y in line])
    return table(
        dataclasses.replace(drawn, mode="rail", speed_kmh=250.0, arcs=arcs, geometry=shape, length_km=100.0)
    )


@pytest.mark.parametrize(
    ("line", "calls", "ends"),
    [
        # a line past all three stations joins those at its ends
        ([(0, 60), (100, 60)], ["station:0", "station:1", "station:2"], ["station:0", "station:2"]),
        # its trains run on over today's tracks, which the ring does not pay for
        ([(0, 60), (50, 60)], ["station:0", "station:1", "station:2"], ["station:0", "station:1"]),
        # arcs within trains and on foot are none of stations
        ([(50, 60), (100, 60)], ["n0", "station:1", "n/after", "station:2"], ["station:1", "station:2"]),
        # its corners stay
        ([(0, 60), (30, 75), (100, 60)], ["station:0", "station:2"], ["station:0", "station:2"]),
        # a new station lies in its city
        ([(100, 60), (150, 60)], ["station:2", f"{NEW}station/far"], ["station:2", f"{NEW}station/far"]),
    ],
)  # fmt: skip
def test_a_new_railway_joins_the_stations_at_the_ends_of_its_line(line, calls, ends):
    asked = rules(mode="rail", classes=(), speed_kmh=200.0)
    graph = RingNetwork(rail_region(), asked).with_candidates(new_railway(line, *calls))
    (link,) = [link for link in graph.links if link.candidate == "new"]
    assert sorted((graph.nodes[link.tail].key, graph.nodes[link.head].key)) == sorted(ends)
    assert link.length_km == 100.0
    assert shapely.get_coordinates(link.line).round(6).tolist() == [
        [round(x * KM, 6), round(y * KM, 6)] for x, y in line
    ]


@pytest.mark.parametrize("calls", [["station:0", "n1"], ["n0", "n1"], [f"{NEW}station/hub/0", "station:0"]])
def test_a_new_railway_with_a_single_station_joins_nothing(calls):
    asked = rules(mode="rail", classes=(), speed_kmh=200.0)
    graph = RingNetwork(rail_region(), asked).with_candidates(new_railway([(0, 60), (50, 60)], *calls))
    assert [link.candidate for link in graph.links] == []


# ---- lines of candidates


def pieces_of(line, *calls):
    """Return ends, corners in km and length of the pieces of a road between nodes of `square`."""
    region = square(places=(("town", (20, 0), 300_000, 1, (40, 60)),))
    arcs = tuple((a, b, 600) for a, b in itertools.pairwise(calls))
    shape = shapely.LineString([(x * KM, y * KM) for x, y in line])
    drawn = dataclasses.replace(proposal("new", 1, 5, 60), arcs=arcs, geometry=shape, length_km=100.0)
    graph = RingNetwork(region, rules()).with_candidates(table(drawn))
    return [
        (
            graph.nodes[link.tail].key,
            graph.nodes[link.head].key,
            (shapely.get_coordinates(link.line) / KM).round(3).tolist(),
            round(link.length_km, 3),
        )
        for link in graph.links
        if link.candidate == "new"
    ]


def test_a_road_is_cut_at_its_interchanges_and_its_length_shared_by_the_pieces():
    # from the middle of the south past the hub, a quarter on the way, to the middle of the north
    line = [(0, -40), (30, -40), (0, 0), (0, 40)]
    found = pieces_of(line, "road:1", "road:8", "road:5")
    first, second = found
    assert first[:3] == ("road:1", "road:8", [[0.0, -40.0], [30.0, -40.0], [0.0, 0.0]])
    assert second[:3] == ("road:5", "road:8", [[0.0, 40.0], [0.0, 0.0]])
    assert first[3] == pytest.approx(100 * 80 / 120, abs=0.2)
    assert first[3] + second[3] == pytest.approx(100.0)


@pytest.mark.parametrize("step", [1, -1])
def test_a_line_of_the_user_keeps_its_corners_though_its_ends_are_beside_the_nodes(step):
    line = [(0.1, -40), (30, -20), (0.1, 40)][::step]
    (piece,) = pieces_of(line, "road:1", "road:5")
    assert piece[:3] == ("road:1", "road:5", [[0.1, -40.0], [30.0, -20.0], [0.1, 40.0]])


def test_a_straight_line_beside_the_nodes_gives_way_to_the_one_between_them():
    (piece,) = pieces_of([(0.1, -40), (0.1, 40)], "road:5", "road:1")
    assert piece[:3] == ("road:1", "road:5", [[0.0, -40.0], [0.0, 40.0]])


# ---- lines and ties


def drawn_graph(spots, links):
    """Return a graph of motorways, its nodes in the order of the spots."""
    drawn = network(spots, [(a, b, "motorway", 10, 100) for a, b in links])
    return standard_graph(drawn, rules())


@pytest.mark.parametrize(
    ("links", "lines"),
    [
        ([(0, 1)], [0, 1]),
        ([(0, 1), (1, 2)], [0, 1, 2]),
        ([(0, 1), (1, 2), (2, 3), (3, 4)], [0, 1, 1, 1, 4]),
        ([(3, 1), (1, 4), (4, 0), (0, 2)], [0, 0, 2, 3, 0]),  # 3 - 1 - 4 - 0 - 2
        ([(0, 1), (1, 2), (2, 0)], [0, 0, 0]),
        ([(0, 1), (1, 2), (1, 3), (3, 4), (4, 5)], [0, 1, 2, 3, 3, 5]),  # three links meet at 1
        ([(0, 1), (2, 3), (1, 2), (4, 5), (5, 6)], [0, 1, 1, 3, 4, 5, 6]),
    ],
)
def test_a_line_is_a_run_of_nodes_at_which_two_links_meet(links, lines):
    count = len(lines)
    assert lines_through(drawn_graph([(10 * k, k * k) for k in range(count)], links)) == lines


PARALLEL = [(x, y) for y in (2, 4, 6, 8) for x in (-30, -1, 1, 30)]
"""Four motorways from west to east, 2, 4, 6 and 8 km north of 0, 0, each with two nodes near there."""


def tied(**asked):
    """Return nodes and km of the ties of a node at 0, 0 to four motorways."""
    links = [(4 * k + a, 4 * k + a + 1, "motorway", 30, 100) for k in range(4) for a in range(3)]
    road = network([*PARALLEL, (0, 0)], [*links, (16, 1, "primary", 2, 50)])
    region = base_case(road, cities(road, [("hub", (0, 0), 9_000_000, 16)]))
    of = RingNetwork(region, rules(**asked))
    found = [(of.existing.nodes[to].key, line, km) for to, line, km in of.ties_of(GraphNode("x", 0.0, 0.0))]
    for key, line, km in found:
        x, y = PARALLEL[int(key.removeprefix("road:"))]
        assert (shapely.get_coordinates(line) / KM).round(3).tolist() == [[0, 0], [x, y]]
        assert km == pytest.approx(math.hypot(x, y), rel=1e-2)
    return [int(key.removeprefix("road:")) for key, _, _ in found]


@pytest.mark.parametrize(
    ("tie_km", "ties"), [(10.0, [1, 5, 9]), (6.0, [1, 5]), (4.2, [1, 5]), (4.0, [1]), (2.0, [])]
)
def test_an_end_off_the_standard_reaches_the_nearest_node_of_three_lines_at_most(tie_km, ties):
    assert tied(tie_km=tie_km) == ties


def test_ties_belong_to_the_candidate_that_ends_off_the_standard():
    region = square(places=(("town", (0, -45), 300_000, 1, (5, 60)),))
    candidate = road("new", 9, 5, region=region, cost_km=85.0)
    graph = RingNetwork(region, rules(tie_km=6.0)).with_candidates(candidate)
    found = [link for link in graph.links if link.candidate == "new"]
    ends = [(graph.nodes[link.tail].key, graph.nodes[link.head].key) for link in found]
    assert ends == [("road:5", "road:9"), ("road:9", "road:1")]
    assert [round(link.length_km, 1) for link in found] == [85.0, 5.0]
    assert [link.name for link in found] == ["a - b", ""]
    alone = RingNetwork(region, rules(tie_km=4.0)).with_candidates(candidate)
    assert [link.length_km for link in alone.links if link.candidate == "new"] == [85.0]


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"kind": "gap"}, True),
        ({"kind": "through_trains"}, False),
        ({"mode": "rail"}, False),
        ({"speed_kmh": 99.0}, False),
        ({"fixed": "out"}, False),
        ({"fixed": "in"}, True),
    ],
)
def test_a_ring_may_consist_of_lines_of_its_mode_that_are_fast_enough(changes, usable):
    region = square()
    of = RingNetwork(region, rules(speed_kmh=100.0))
    assert of.usable_in(road("new", 1, 5, region=region, **changes)) == ([0] if usable else [])


def test_the_network_of_a_mode_that_a_region_lacks_has_no_links():
    assert len(RingNetwork(square(), rules(mode="rail")).network.links) == 0
    region = rail_region()
    assert RingNetwork(region, rules(mode="rail")).network is region.rail
    assert RingNetwork(region, rules()).network is region.road
    assert RingNetwork(square(shift=(100.0, 50.0)), rules()).centres == ((round(1e9 * KM), round(5e8 * KM)),)


def test_cities_that_nothing_at_standard_is_near_to_are_off_it():
    places = (
        ("near", (0, -45), 900_000, 1, (5, 60)),
        ("far", (0, -80), 900_000, 1, (40, 60)),
        ("small", (0, -85), 30_000, 1, (45, 60)),
    )
    region = square(places=places)
    assert RingNetwork(region, rules(tiers=("secondary",))).off_standard == [2]
    assert RingNetwork(region, rules(tiers=("secondary",), must=(3,))).off_standard == [2, 3]
    assert RingNetwork(region, rules(tiers=("secondary",), centres=(2,))).off_standard == []


@pytest.mark.parametrize(("off_deg", "corners"), [(0.5e-6, 2), (0.99e-6, 2), (1.5e-6, 3)])
def test_a_node_lies_on_a_line_within_a_tenth_of_a_metre(off_deg, corners):
    """From the node in the middle of the first part a line runs to its end, else the whole line is kept."""
    line = shapely.LineString([(0.0, 0.0), (0.2, 0.0), (0.4, 0.0)])
    cut = _line_between(line, GraphNode("a", 0.3, off_deg), GraphNode("b", 0.4, 0.0))
    assert len(cut.coords) == corners
    assert cut.coords[-1] == (0.4, 0.0)

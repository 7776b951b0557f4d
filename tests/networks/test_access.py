"""Test which ways and nodes cars may pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from road_drawing import CROSS, draw
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks import impedance, road, schema, simplify
from networks.osm.tags import (
    BACKWARD,
    BOTH,
    FORWARD,
    NEITHER,
    access,
    closed_reason,
    conditional,
    open_direction,
    stops_cars,
    unknown_access,
)
from networks.road.builder import ends_to_detach

MAIN = {"highway": "primary"}
LINE = {1: (116.0, 40.0), 2: (116.01, 40.0), 3: (116.02, 40.0), 4: (116.03, 40.0), 5: (116.02, 40.01)}


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({}, "open", "open"),
        ({"access": "some_value"}, "open", "open"),
        ({"access": "no"}, "closed", "closed"),
        ({"access": "no", "motorcar": "yes"}, "open", "open"),
        ({"access": "yes", "vehicle": "no"}, "closed", "closed"),
        ({"vehicle": "no", "motor_vehicle": "permissive"}, "open", "open"),
        ({"access": "destination"}, "restricted", "restricted"),
        ({"access": "private"}, "restricted", "restricted"),
        ({"access": "customers;bus"}, "restricted", "restricted"),
        ({"access": "destination;yes"}, "open", "open"),
        ({"access": "official"}, "closed", "closed"),
        ({"access": "foot"}, "closed", "closed"),
        ({"motor_vehicle": "service"}, "closed", "closed"),
        ({"vehicle:backward": "no"}, "open", "closed"),
        ({"access:forward": "no"}, "closed", "open"),
        ({"access:forward": "no", "motorcar:forward": "yes"}, "open", "open"),
        ({"motorcar": "yes", "access:backward": "no"}, "open", "open"),
        ({"hov": "designated"}, "closed", "closed"),
        ({"hov": "yes"}, "open", "open"),
        ({"hov:lanes": "designated|designated"}, "closed", "closed"),
        ({"hov:lanes": "designated|yes"}, "open", "open"),
        ({"access": "no", "access:conditional": "yes @ (06:00-22:00)"}, "open", "open"),
        ({"motor_vehicle:conditional": "no @ (22:00-06:00)"}, "open", "open"),
        ({"motor_vehicle:conditional": "no @ (Mo-Fr 07:00-19:00)"}, "closed", "closed"),
        ({"access:conditional": "no @ (Nov-May)"}, "open", "open"),
        ({"motor_vehicle:conditional": "delivery @ (Mo-Sa 06:00-11:00)"}, "restricted", "restricted"),
        ({"hov:lanes:forward": "designated"}, "closed", "open"),
        ({"hov:lanes:backward": "designated|designated"}, "open", "closed"),
        ({"access": "hgv"}, "closed", "closed"),
        ({"access": "bus;minibus"}, "closed", "closed"),
    ],
)
def test_the_most_specific_access_tag_of_each_direction_decides(tags, along, against):
    assert access(MAIN | tags) == (along, against)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("no", None),
        ("no @ (10:00-11:00)", "no"),
        ("no @ (09:00-10:00)", None),
        ("no @ 09:00-17:00", "no"),
        ("no @ (20:00-12:00)", "no"),
        ("no @ (Sa,Su 08:00-20:00)", None),
        ("no @ (Mo-We 08:00-20:00)", "no"),
        ("no @ (Th-Tu 08:00-20:00)", None),
        ("no @ (Sa-We 08:00-20:00)", "no"),
        ("yes @ (08:00-20:00); no @ (Mo-Fr 09:00-12:00)", "no"),
        ("no @ (weight>7.5)", None),
        ("no @ (Xx 08:00-20:00)", None),
        ("no @ (Mo-Fr 07:00-19:00 AND weight>7.5)", None),
        ("no @ (Mo-Fr AND 07:00-19:00)", "no"),
        ("no @ (Mo-Fr)", "no"),
        ("no @ (Sa,Su)", None),
        ("no @ (Mo,We)", "no"),
        ("no @ (PH)", None),
        ("no @ (Mo-Fr,PH 08:00-18:00)", "no"),
        ("no @ (Sa 08:00-09:00,09:30-11:00)", None),
        ("no @ (We 08:00-09:00,09:30-11:00)", "no"),
        ("no @ (Sa 08:00-20:00; We 09:00-11:00)", "no"),
        ("no @ (06:00-20:00; We off)", None),
        ("no @ (Mo-Fr 07:00 - 17:00)", "no"),
        ("no @ 24/7", "no"),
        ("no @ (sunrise-sunset)", "no"),
        ("no @ (sunset-sunrise)", None),
        ("80 @ (06:00-20:00)", "80"),
        ("30 mph @ (Mo-Fr 07:00-17:00)", "30 mph"),
    ],
)
def test_conditions_are_read_on_a_wednesday_at_ten(text, value):
    assert conditional(text) == value


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({}, ""),
        ({"area": "yes"}, "area"),
        ({"construction": "yes"}, "under_construction"),
        ({"construction": "minor"}, ""),
        ({"construction": "primary", "motor_vehicle": "yes"}, ""),
        ({"construction": "primary", "access": "yes"}, "under_construction"),
        ({"construction": "widening"}, ""),
        ({"proposed": "yes"}, "under_construction"),
        ({"proposed": "trunk"}, ""),
        ({"impassable": "yes"}, "impassable"),
        ({"status": "impassable"}, "impassable"),
        ({"smoothness": "impassable"}, "impassable"),
        ({"smoothness": "bad"}, ""),
        ({"disused": "yes"}, "disused"),
        ({"abandoned": "yes"}, "disused"),
        ({"abandoned": "no"}, ""),
        ({"winter_road": "yes"}, "seasonal"),
        ({"ice_road": "yes"}, "seasonal"),
        ({"4wd_only": "yes"}, "off_road"),
        ({"4wd_only": "recommended"}, ""),
        ({"service": "emergency_access"}, "emergency_access"),
        ({"maxheight": "1.8"}, "too_small"),
        ({"maxheight": "2.0"}, ""),
        ({"maxheight": "default"}, ""),
        ({"maxheight": "6'2\""}, "too_small"),
        ({"maxwidth": "1.5 m"}, "too_small"),
        ({"maxwidth": "180 cm"}, "too_small"),
        ({"maxlength": "4"}, "too_small"),
        ({"maxlength": "16 ft"}, ""),
        ({"maxweight": "1.5"}, "too_small"),
        ({"maxweight": "1500 kg"}, "too_small"),
        ({"maxweight": "3,5"}, ""),
        ({"maxweight": "3 st"}, ""),
    ],
)
def test_roads_on_which_nobody_can_drive_are_named(tags, reason):
    assert closed_reason(MAIN | tags) == reason


@pytest.mark.parametrize(
    ("tags", "stops"),
    [
        ({"barrier": "bollard"}, True),
        ({"barrier": "bollard", "bollard": "rising"}, False),
        ({"barrier": "bollard", "bollard": "removable"}, True),
        ({"barrier": "gate"}, False),
        ({"barrier": "border_control"}, False),
        ({"barrier": "toll_booth"}, False),
        ({"barrier": "block"}, True),
        ({"barrier": "some_value"}, True),
        ({"barrier": "gate", "access": "no"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "wall", "motorcar": "yes"}, False),
        ({"barrier": "gate", "access": "no", "motor_vehicle": "yes"}, False),
        ({"barrier": "kerb"}, True),
        ({"barrier": "kerb", "kerb": "lowered"}, False),
        ({"barrier": "kerb", "highway": "crossing"}, False),
        ({"barrier": "height_restrictor"}, False),
        ({"barrier": "height_restrictor", "maxheight": "1.8"}, True),
        ({"barrier": "height_restrictor", "maxheight": "2.5 m"}, False),
        ({"barrier": "height_restrictor", "maxheight": "6'2\""}, True),
        ({"barrier": "height_restrictor", "maxheight": "7'"}, False),
        ({"barrier": "gate", "locked": "yes"}, True),
        ({"barrier": "gate", "locked": "yes", "access": "private"}, True),
        ({"barrier": "gate", "locked": "yes", "motor_vehicle": "yes"}, False),
        ({"barrier": "sliding_gate"}, False),
        ({"barrier": "fence"}, True),
        ({"barrier": "fence", "sensory": "audible"}, False),
        ({"barrier": "bollard", "motor_vehicle:conditional": "yes @ (06:00-11:00)"}, False),
        ({"barrier": "gate", "access:conditional": "no @ (20:00-06:00)"}, False),
        ({"access": "no"}, True),
        ({"highway": "crossing"}, False),
    ],
)
def test_barriers_stop_cars_unless_an_access_tag_says_otherwise(tags, stops):
    assert stops_cars(tags) is stops


def test_unknown_values_of_access_are_named():
    tags = {"access": "yes;foo", "vehicle": "Foo", "motor_vehicle:forward": "no"}
    assert unknown_access(MAIN | tags) == ("vehicle=Foo",)


@pytest.mark.parametrize(
    ("tagged", "sides", "left"),
    [
        (BOTH, ("open", "open"), BOTH),
        (BOTH, ("open", "closed"), FORWARD),
        (BOTH, ("closed", "restricted"), BACKWARD),
        (FORWARD, ("closed", "open"), NEITHER),
        (BACKWARD, ("closed", "open"), BACKWARD),
        (NEITHER, ("open", "open"), NEITHER),
    ],
)
def test_a_closed_side_is_taken_from_the_direction(tagged, sides, left):
    assert open_direction(tagged, sides) == left


def reachable(network, start, goal):
    """Return whether a route leads from one OSM node to another, over any copies of both."""
    links, ids = network.links, network.nodes["osm_id"].to_numpy()
    size = len(ids)
    reached = np.eye(size, dtype=bool)
    reached[links["tail"], links["head"]] = True
    both = links[~links["oneway"]]
    reached[both["head"], both["tail"]] = True
    for _ in range(size):
        reached = reached @ reached
    return bool(reached[np.ix_(ids == start, ids == goal)].any())


@pytest.mark.parametrize(("tags", "passes"), [({"barrier": "bollard"}, False), ({"barrier": "gate"}, True)])
def test_a_barrier_parts_the_road_in_two(tags, passes):
    network, report = road.build(draw(LINE, [(10, (1, 2, 3, 4), MAIN)], barriers={2: tags}))
    assert reachable(network, 1, 4) is passes
    if not passes:
        assert reachable(network, 1, 2)
        assert reachable(network, 2, 4)
    assert report.dropped.get("barrier", 0) == (0 if passes else 1)


def test_a_barrier_at_a_junction_parts_all_roads():
    network, report = road.build(
        draw(CROSS, [(10, (1, 2, 3), MAIN), (11, (4, 2, 5), MAIN)], barriers={2: {"barrier": "block"}})
    )
    assert sorted(network.nodes["osm_id"]) == [1, 2, 2, 2, 2, 3, 4, 5]
    assert report.dropped["barrier"] == 1
    schema.check(network)


def test_a_barrier_that_no_way_uses_changes_nothing():
    elements = draw(LINE, [(10, (1, 2), MAIN)], barriers={5: {"barrier": "block"}})
    assert len(road.build(elements)[0].nodes) == 2


def test_no_route_leads_through_a_road_for_residents():
    """3 to 4 is for residents, and joins two open roads; it stays attached to the higher class."""
    roads = [
        (10, (1, 2, 3), MAIN),
        (11, (3, 4), {"highway": "residential", "access": "destination"}),
        (12, (4, 5), {"highway": "residential"}),
    ]
    network, report = road.build(draw(LINE, roads))
    assert [reachable(network, *ends) for ends in ((1, 3), (1, 5), (4, 5), (1, 4))] == [
        True,
        False,
        True,
        True,
    ]
    assert report.dropped["no_through_traffic"] == 1


def test_a_direction_for_residents_alone_does_not_close_the_other_one():
    """2 to 3 is open along its nodes, and for residents against them."""
    tags = {"motor_vehicle:backward": "destination", "maxspeed:forward": "50", "maxspeed:backward": "30"}
    roads = [(10, (1, 2), MAIN), (11, (2, 3), MAIN | tags), (12, (3, 4), MAIN)]
    network, report = road.build(draw(LINE, roads))
    assert (reachable(network, 1, 4), reachable(network, 4, 1)) == (True, False)
    links = network.links[network.links["osm_id"] == 11]
    assert sorted(links["speed_kmh"]) == [24.0, 40.0]
    assert report.dropped["no_through_traffic"] == 1


def test_one_way_roads_for_residents_against_them_are_open():
    tags = {"oneway": "yes", "motor_vehicle:backward": "destination"}
    network, _ = road.build(draw(LINE, [(10, (1, 2), MAIN), (11, (2, 3), MAIN | tags), (12, (3, 4), MAIN)]))
    assert reachable(network, 1, 4)
    assert len(network.links[network.links["osm_id"] == 11]) == 1


def test_a_road_for_customers_leads_to_the_ferry_at_its_end():
    roads = [(10, (1, 2), MAIN), (11, (2, 3), MAIN | {"access": "customers"}), (12, (4, 5), MAIN)]
    network, _ = road.build(draw(LINE, roads, [(20, (3, 4), {"route": "ferry"})]))
    assert reachable(network, 1, 5)


def test_a_road_for_residents_alone_is_kept():
    network, report = road.build(draw(LINE, [(10, (1, 2), MAIN | {"access": "private"})]))
    assert len(network.links) == 1
    assert "no_through_traffic" not in report.dropped


def test_a_road_whose_directions_differ_in_speed_has_two_times():
    tags = {"maxspeed:forward": "100", "maxspeed:backward": "50"}
    network, report = road.build(draw(LINE, [(10, (1, 2, 3), MAIN | tags), (11, (3, 4), MAIN)]))
    schema.check(network)
    timed = impedance.add_travel_times(network)
    first, other = (timed.links.iloc[row] for row in range(2))
    assert (first["oneway"], first["speed_kmh"]) == (False, 80.0)
    assert first["forward_s"] == round(first["length_km"] / 80 * 3600)
    assert first["backward_s"] == round(first["length_km"] / 40 * 3600)
    assert other["forward_s"] == other["backward_s"]
    assert report.speeds.tagged == 1
    again = impedance.add_travel_times(timed).links
    assert again["backward_s"].tolist() == timed.links["backward_s"].tolist()


def test_a_surface_slows_a_road_once_in_the_report():
    tags = {"maxspeed:forward": "100", "maxspeed:backward": "80", "surface": "gravel"}
    network, report = road.build(draw(LINE, [(10, (1, 2), MAIN | tags)]))
    assert report.speeds.slowed == 1
    assert impedance.add_travel_times(network).links[["forward_s", "backward_s"]].nunique(axis=1)[0] == 1


def test_contraction_keeps_the_times_of_both_directions():
    """From 1 to 3 both ways are fast, though the second one is drawn the other way round."""
    fast, slow = ({"maxspeed:forward": a, "maxspeed:backward": b} for a, b in (("100", "50"), ("50", "100")))
    network, _ = road.build(draw(LINE, [(10, (1, 2), MAIN | fast), (11, (3, 2), MAIN | slow)]))
    timed = impedance.add_travel_times(network)
    joined = simplify.contract(timed, keep=np.zeros(0, np.int64)).network
    sides = {int(joined.links["forward_s"][0]), int(joined.links["backward_s"][0])}
    there, back = timed.links["forward_s"], timed.links["backward_s"]
    assert sides == {int(there[0] + back[1]), int(back[0] + there[1])}
    assert len(sides) == 2
    again = impedance.add_travel_times(joined).links
    assert {int(again["forward_s"][0]), int(again["backward_s"][0])} == sides


def test_directions_of_one_speed_stay_one_link():
    tags = {"maxspeed": "80", "maxspeed:forward": "80"}
    network, _ = road.build(draw(LINE, [(10, (1, 2), MAIN | tags)]))
    assert network.links["backward_s"].tolist() == [0]


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({}, 50.0),
        ({"surface": "asphalt"}, 50.0),
        ({"surface": "sand"}, 20.0),
        ({"surface": "gravel", "smoothness": "horrible"}, 10.0),
        ({"maxspeed": "100", "surface": "unpaved"}, 40.0),
        ({"maxspeed": "20", "surface": "unpaved"}, 16.0),
        ({"tracktype": "grade5"}, 20.0),
        ({"surface": "asphalt;gravel"}, 40.0),
        ({"surface": "asphalt; concrete"}, 50.0),
    ],
)
def test_a_poor_surface_is_slow(tags, kmh):
    network, report = road.build(draw(LINE, [(10, (1, 2), MAIN | tags)]))
    assert network.links["speed_kmh"][0] == kmh
    assert report.speeds.slowed == int(kmh < 50.0 and tags.get("maxspeed") != "20")


@pytest.mark.parametrize(
    ("tags", "ends"),
    [
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, {(1, 2), (2, 1)}),
        ({"oneway:motorcar": "yes"}, {(1, 2)}),
        ({"oneway:vehicle": "-1"}, {(2, 1)}),
        ({"oneway:bicycle": "yes"}, {(1, 2), (2, 1)}),
        ({"oneway:conditional": "yes @ (Mo-Fr 06:00-12:00)"}, {(1, 2)}),
        ({"oneway": "yes", "vehicle:backward": "no"}, {(1, 2)}),
        ({"access:forward": "no"}, {(2, 1)}),
    ],
)
def test_cars_follow_the_one_way_tags_of_their_own(tags, ends):
    network, _ = road.build(draw(LINE, [(10, (1, 2), MAIN | tags)]))
    ids = network.nodes["osm_id"].to_numpy()
    found = {(int(ids[a]), int(ids[b])) for a, b in network.links[["tail", "head"]].itertuples(index=False)}
    if not network.links["oneway"].all():
        found |= {(b, a) for a, b in found}
    assert found == ends


@st.composite
def links(draw_from):
    """Draw links between a few nodes, some of them restricted, with ranks, others ferries."""
    count = draw_from(st.integers(1, 14))
    node = st.integers(0, 7)
    ends = draw_from(st.lists(st.tuples(node, node), min_size=count, max_size=count))
    restricted = draw_from(st.lists(st.booleans(), min_size=count, max_size=count))
    rank = draw_from(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    tail, head = np.array(ends, np.int64).T
    ferry = np.array(draw_from(st.lists(st.booleans(), min_size=count, max_size=count)))
    restricted = np.array(restricted)
    return tail, head, restricted, np.array(rank, np.int64), ferry & ~restricted


@given(links())
def test_groups_keep_one_attachment_to_open_roads_and_their_inner_connections(drawn):
    tail, head, restricted, rank, ferry = drawn
    at_tail, at_head = ends_to_detach(tail, head, restricted, rank, is_ferry=ferry)
    assert not (at_tail | at_head)[~restricted].any()
    open_links, inside = np.flatnonzero(~restricted & ~ferry), np.flatnonzero(restricted)
    best = {
        int(node): min(int(rank[i]) for i in open_links if node in (tail[i], head[i]))
        for node in {*tail[open_links].tolist(), *head[open_links].tolist()}
    }
    edges = coo_array((np.ones(len(inside)), (tail[inside], head[inside])), shape=(8, 8))
    _, group = connected_components(edges, directed=False)
    for one in set(group[tail[inside]].tolist()):
        ends = [
            (int(node), bool(cut))
            for i in inside
            if group[tail[i]] == one
            for node, cut in ((tail[i], at_tail[i]), (head[i], at_head[i]))
        ]
        borders = {node for node, _ in ends} & best.keys()
        attached = {node for node, cut in ends if not cut}
        assert len(attached & borders) == min(1, len(borders))
        assert all(best[node] == min(best[border] for border in borders) for node in attached & borders)
        assert attached >= {node for node, _ in ends} - borders

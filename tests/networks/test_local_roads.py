"""Test rules of roads that a local sees first: plans, permits, sizes, waits, no limit, streets in towns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from osm_drawing import write
from road_drawing import draw

from networks import impedance, osm, road, schema, simplify
from networks.countries import names
from networks.road.speeds import speed_table

MAIN = {"highway": "primary"}
LINE = {1: (11.0, 50.0), 2: (11.01, 50.0), 3: (11.02, 50.0), 4: (11.03, 50.0), 5: (11.02, 50.01)}
WEST, EAST = (10, (1, 2), MAIN), (12, (3, 4), MAIN)


def timed(*ways, country="DE", areas=(), nodes=LINE, ferries=()):
    """Return the links of a drawn map with times; areas are boxes in degrees."""
    elements = draw(nodes, ways, ferries)
    built_up = np.array([shapely.box(*area) for area in areas], dtype=object)
    network, report = road.build(replace(elements, built_up=built_up), country=country)
    timed = impedance.add_travel_times(network)
    schema.check(timed)
    return timed, report


def kmh_of(tags, **options):
    """Return the average speed on one road."""
    network, _ = timed((10, (1, 2), tags), **options)
    return network.links["speed_kmh"][0]


@pytest.mark.parametrize(
    ("tags", "is_open"),
    [
        ({"proposed": "motorway"}, True), ({"proposed": "trunk"}, True), ({"proposed": "yes"}, False),
        ({"motor_vehicle": "emergency_vehicle"}, False), ({"access": "emergency;emergency_vehicle"}, False),
        ({"width": "1.5"}, False), ({"width": "5 ft"}, False), ({"width": "3.2 m"}, True),
        ({"maxweightrating": "1.5"}, False), ({"maxweightrating": "3.5"}, True),
        ({"maxweightrating:hgv": "1"}, True),
    ],
)  # fmt: skip
def test_the_road_between_is_open_or_left_out(tags, is_open, tmp_path):
    """Through a file, so that the tags are kept that decide."""
    ways = [WEST, (11, (2, 3), MAIN | tags), EAST]
    network, _ = road.build(osm.read(write(tmp_path / "map.osm", nodes=LINE, ways=ways)), country="DE")
    assert set(network.links["osm_id"]) == ({10, 11, 12} if is_open else {10, 12})


def test_a_road_for_holders_of_permits_leads_to_places_along_it_alone():
    network, report = timed(WEST, (11, (2, 3), MAIN | {"access": "permit"}), EAST)
    assert 11 in set(network.links["osm_id"])
    assert report.dropped == {"no_through_traffic": 1}
    assert len(np.unique(network.components())) == 2


@pytest.mark.parametrize(("route", "carries"), [("shuttle_train", True), ("ferry", False)])
def test_a_car_train_that_takes_bicycles_takes_cars(route, carries):
    ferry = (11, (2, 3), {"route": route, "bicycle": "yes"})
    network, _ = timed(WEST, EAST, ferries=[ferry])
    assert ("ferry" in set(network.links["mode"])) is carries


@pytest.mark.parametrize(
    ("tags", "wait_s"),
    [({"oneway": "alternating"}, 225), ({"oneway": "reversible"}, 1800), ({"bridge": "movable"}, 60),
     ({"bridge": "yes"}, 0), ({"oneway": "reversible", "oneway:conditional": "yes @ (06:00-12:00)"}, 0)],
)  # fmt: skip
def test_cars_wait_once_on_connected_ways_in_both_directions(tags, wait_s):
    """One way, or two of 2 to 3 and 3 to 4: half of the wait stands at each end."""
    plain, _ = timed((11, (2, 3), MAIN), (12, (3, 4), MAIN))
    one, _ = timed((11, (2, 3), MAIN | tags))
    two, _ = timed((11, (2, 3), MAIN | tags), (12, (3, 4), MAIN | tags))
    usual = plain.links["forward_s"].tolist()
    assert one.links["forward_s"].tolist() == [usual[0] + wait_s]
    assert two.links["forward_s"].tolist() == [usual[0] + wait_s // 2, usual[1] + wait_s // 2]
    for links in (one.links, two.links):
        assert (links["oneway"] | (links["backward_s"] == links["forward_s"])).all()


def test_no_wait_is_added_where_a_road_joins_on_the_way():
    tags = MAIN | {"oneway": "alternating"}
    network, _ = timed((11, (2, 3, 4), tags), (13, (3, 5), MAIN))
    usual, _ = timed((11, (2, 3, 4), MAIN), (13, (3, 5), MAIN))
    assert (network.links["forward_s"] - usual.links["forward_s"]).tolist() == [112, 112, 0]
    assert network.links["osm_id"].tolist() == [11, 11, 13]


def test_waits_outlast_further_computing_and_contraction():
    tags = MAIN | {"bridge": "movable", "maxspeed:forward": "50", "maxspeed:backward": "30"}
    network, _ = timed(WEST, (11, (2, 3), tags), EAST)
    again = impedance.add_travel_times(network).links
    for side in ("forward_s", "backward_s"):
        assert again[side].tolist() == network.links[side].tolist()
    joined = simplify.contract(network, keep=np.zeros(0, np.int64)).network.links
    assert {joined["forward_s"][0], joined["backward_s"][0]} == {
        network.links["forward_s"].sum(), network.links["backward_s"].sum()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("highway", "text", "kmh"),
    [
        ("motorway", "none", 117), ("motorway_link", "none", 117), ("trunk", "none", 90),
        ("secondary", "none", 60), ("secondary", "DE:none", 60), ("secondary", "none;70", 60),
        ("residential", "none", 30),
    ],
)  # fmt: skip
def test_no_limit_is_believed_on_motorways_alone(highway, text, kmh):
    """A trunk road has the limit of such roads, of which 0.9 are driven; others the speed of their class."""
    assert kmh_of({"highway": highway, "maxspeed": text}) == pytest.approx(kmh)


@pytest.mark.parametrize(("surface", "kmh"), [("laterite", 40), ("snow", 20)])
def test_roads_of_laterite_and_snow_are_slow(surface, kmh):
    assert kmh_of(MAIN | {"maxspeed": "100", "surface": surface}) == kmh


STREET = [10.99, 49.99, 11.005, 50.01]
"""An area that covers the western half of the road from 1 to 2, which is 0.01 degrees long."""


@pytest.mark.parametrize(
    ("country", "highway", "open_kmh", "town_kmh"),
    [
        ("DE", "primary", 65, 45), ("DE", "secondary_link", 50, 45), ("DE", "trunk", 70, 70),
        ("DE", "motorway", 100, 100), ("DE", "residential", 30, 30), ("US", "secondary", 56, 0.9 * 49),
        ("CN", "primary", 50, 50), ("world", "primary", 65, 40), ("ZA", "primary", 76, 48),
    ],
)  # fmt: skip
def test_streets_without_a_limit_have_that_of_towns(country, highway, open_kmh, town_kmh):
    """Within an area, or with a pavement or lamps; nothing becomes faster."""
    tags = {"highway": highway}
    whole = [10.99, 49.99, 11.02, 50.01]
    assert kmh_of(tags, country=country) == open_kmh
    assert kmh_of(tags, country=country, areas=[whole]) == pytest.approx(town_kmh)
    for sign in ({"sidewalk": "both"}, {"lit": "yes"}):
        assert kmh_of(tags | sign, country=country) == pytest.approx(town_kmh)
    assert kmh_of(tags | {"sidewalk": "no", "lit": "no"}, country=country) == open_kmh


def test_a_street_with_a_limit_is_no_matter_of_towns():
    network, report = timed((10, (1, 2), MAIN | {"maxspeed": "100", "lit": "yes"}), areas=[STREET])
    assert network.links["speed_kmh"].tolist() == [90]
    assert (report.speeds.tagged, report.speeds.in_towns) == (1, 0)


def test_a_road_is_slow_for_the_part_of_its_length_in_a_town():
    """Points 1, 6 and 2; 1 and 6 lie in the area, so that 6 to 2 counts by half."""
    nodes = LINE | {6: (11.004, 50.0)}
    network, report = timed((10, (1, 6, 2), MAIN), areas=[STREET], nodes=nodes)
    assert network.links["speed_kmh"][0] == pytest.approx(1 / (0.7 / 45 + 0.3 / 65))
    assert network.links["speed_source"].tolist() == ["town"]
    assert (report.speeds.imputed, report.speeds.in_towns) == (1, 1)


@pytest.mark.parametrize(("north_m", "is_town"), [(90, True), (110, False)])
def test_a_street_runs_at_most_100_m_from_homes(north_m, is_town):
    south = 50.0 + north_m / 111_200
    assert (kmh_of(MAIN, areas=[[10.99, south, 11.02, south + 0.01]]) == pytest.approx(45)) == is_town


def test_a_poor_surface_counts_in_towns_too():
    assert kmh_of(MAIN | {"surface": "dirt", "lit": "yes"}) == 40


@given(
    st.sampled_from(sorted(names())), st.sampled_from(["primary", "secondary", "tertiary"]), st.floats(0, 1)
)
def test_the_speed_lies_between_those_of_town_and_country(country, highway, share):
    table = speed_table(country)
    usual, town = table.speed_kmh[highway], table.town_kmh(highway)
    east = 11.0 + 0.01 * share
    nodes = LINE | {6: (east, 50.0)}
    less = kmh_of({"highway": highway}, country=country, areas=[[10.9, 49.9, east, 50.1]], nodes=nodes)
    assert min(usual, town) - 1e-9 <= less <= usual + 1e-9

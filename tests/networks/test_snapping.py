"""Test snapping cities to the nodes of a network."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from network_drawing import cities_at, network_of
from tiers import examples

from networks.cities import snap
from networks.errors import SnapError

MAIN = [(116.0, 39.0), (116.1, 39.0), (116.2, 39.0)]
ISLAND = [(117.0, 39.0), (117.1, 39.0)]
LONELY = (116.05, 39.05)


@pytest.fixture(scope="module")
def network():
    return network_of([*MAIN, *ISLAND, LONELY], [(0, 1), (1, 2), (3, 4)])


def test_a_city_is_snapped_to_the_nearest_node_with_its_distance(network):
    found = snap(cities_at((116.11, 39.0)), network).cities.table
    assert found["road_node"].tolist() == [1]
    assert found["road_snap_km"][0] == pytest.approx(0.864, abs=0.001)


def test_cities_are_not_snapped_to_nodes_without_links(network):
    assert snap(cities_at(LONELY), network).cities.table["road_node"][0] in (0, 1)


def test_a_city_beyond_the_limit_is_reported_with_its_distance(network):
    with pytest.raises(SnapError, match=r"Farville is 33\.4 km from the network \(limit 10 km\)"):
        snap(cities_at((116.1, 39.3), (116.0, 39.0), names=["Farville", "Near"]), network)


def test_a_city_across_a_closed_border_is_left_without_a_node(network, monkeypatch):
    wall = shapely.linestrings([[[116.105, 38.0], [116.105, 40.0]]])
    monkeypatch.setattr("networks.borders._borders", lambda: (np.array(["XA-XB"]), wall))
    asked = cities_at((116.11, 39.0), (116.09, 39.0), names=["Across", "Near"])
    found = snap(asked, network, on_unsnapped="report", closed_borders=("XA-XB",))
    assert found.cities.table["road_node"].tolist() == [-1, 1]
    assert [one.reason.partition(" of")[0] for one in found.unsnapped] == [
        "Across lies across a closed border from the main component"
    ]


def test_a_city_beyond_the_limit_can_be_left_without_a_node(network):
    found = snap(cities_at((116.1, 39.3), (116.0, 39.0)), network, on_unsnapped="report")
    assert found.cities.table["road_node"].tolist() == [-1, 0]
    assert [(city.city_id, round(city.distance_km, 1)) for city in found.unsnapped] == [("0", 33.4)]


def test_the_limit_can_be_raised(network):
    found = snap(cities_at((116.1, 39.3)), network, limit_km=40)
    assert found.cities.table["road_node"].tolist() == [1]


def test_a_city_near_an_island_is_reported_with_both_components(network):
    with pytest.raises(SnapError, match=r"Isle lies on an island.*component of 2 node\(s\).*69\.") as caught:
        snap(cities_at((117.0, 39.0), names=["Isle"]), network)
    assert caught.value.exit_code == 2


def test_all_cities_beyond_the_limit_are_reported_at_once(network):
    with pytest.raises(SnapError) as caught:
        snap(cities_at((116.1, 39.3), (117.0, 39.0), (116.0, 39.0)), network)
    assert len(caught.value.faults) == 2


def test_a_city_of_another_region_is_not_advised_to_be_snapped_from_farther_away(network):
    inside = [(116.0, 39.0)] * 9  # so few elsewhere may be a slip; of most of them the box says it
    with pytest.raises(SnapError) as caught:
        snap(cities_at(*inside, (10.0, 50.0)), network)
    assert "in another region" in caught.value.faults[0]
    assert caught.value.remedy == "Correct the coordinates of the cities, or leave them out."
    with pytest.raises(SnapError) as caught:
        snap(cities_at(*inside, (116.1, 39.3), (10.0, 50.0)), network)
    assert caught.value.remedy.startswith("Raise the snapping limit")


def test_swapped_coordinates_are_recognised():
    network = network_of([(16.3, 48.2), (16.4, 48.2)], [(0, 1)])
    with pytest.raises(SnapError, match=r"longitude and latitude look swapped \(48\.2, 16\.3\)") as caught:
        snap(cities_at((48.2, 16.3), (48.2, 16.4)), network)
    assert caught.value.exit_code == 2


def test_cities_of_another_region_are_rejected_without_a_guess(network):
    with pytest.raises(SnapError, match="100 % of the cities lie outside") as caught:
        snap(cities_at((10.0, 50.0)), network)
    assert "swapped" not in str(caught.value)


def test_a_network_without_links_is_rejected():
    with pytest.raises(SnapError, match="no links"):
        snap(cities_at((116.0, 39.0)), network_of([(116.0, 39.0)], []))


def test_the_nearest_node_is_found_across_the_antimeridian():
    network = network_of([(179.9, 0.0), (-179.99, 0.0)], [(0, 1)])
    assert snap(cities_at((179.99, 0.0)), network).cities.table["road_node"].tolist() == [1]


def test_snapping_does_not_change_its_input(network):
    cities = cities_at((116.0, 39.0))
    snap(cities, network)
    assert cities.table["road_node"].tolist() == [-1]


lon, lat = st.floats(110, 120), st.floats(35, 45)


@examples(80)
@given(places=st.lists(st.tuples(lon, lat), min_size=2, max_size=12), city=st.tuples(lon, lat))
def test_no_other_node_is_closer(places, city):
    network = network_of(places, [(i, i + 1) for i in range(len(places) - 1)])
    found = snap(cities_at(city), network, limit_km=20_000)
    best = min(_haversine_km(city, place) for place in places)
    assert found.cities.table["road_snap_km"][0] == pytest.approx(best, abs=1e-3)


def _haversine_km(first, second):
    (a, b), (c, d) = np.radians(first), np.radians(second)
    chord = np.sin((d - b) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((c - a) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(min(chord, 1.0)))


def classed(network, *classes):
    return network.replace(links=network.links.assign(link_class=list(classes)))


def test_a_node_with_motorways_only_is_avoided_if_another_is_near():
    network = classed(
        network_of([(116.0, 39.0), (116.01, 39.0), (116.02, 39.0)], [(0, 1), (1, 2)]), "motorway", "primary"
    )
    assert snap(cities_at((116.0, 39.0)), network).cities.table["road_node"].tolist() == [1]


def test_a_node_with_motorways_only_is_used_if_all_others_are_far():
    network = classed(
        network_of([(116.0, 39.0), (116.1, 39.0), (116.2, 39.0)], [(0, 1), (1, 2)]), "motorway", "primary"
    )
    assert snap(cities_at((116.0, 39.0)), network).cities.table["road_node"].tolist() == [0]


def test_cities_can_be_snapped_to_a_network_of_motorways_only():
    network = classed(network_of([(116.0, 39.0), (116.1, 39.0)], [(0, 1)]), "motorway")
    assert snap(cities_at((116.0, 39.0)), network).cities.table["road_node"].tolist() == [0]


def test_cities_are_not_snapped_to_nodes_that_cannot_be_left():
    network = network_of([(116.0, 39.0), (116.02, 39.0), (116.04, 39.0)], [(0, 1), (1, 2)])
    stub = network.links.assign(oneway=[False, True], backward_s=[60, -1])
    found = snap(cities_at((116.04, 39.0)), network.replace(links=stub))
    assert found.cities.table["road_node"].tolist() == [1]


def test_a_city_near_a_one_way_dead_end_is_not_reported_as_near_an_island():
    network = network_of([(116.0, 39.0), (116.02, 39.0), (116.4, 39.0)], [(0, 1), (1, 2)])
    stub = network.links.assign(oneway=[False, True], backward_s=[60, -1])
    with pytest.raises(SnapError, match="City 0 is 32"):
        snap(cities_at((116.4, 39.0)), network.replace(links=stub))

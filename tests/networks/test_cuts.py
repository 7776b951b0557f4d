"""Test cutting links where they pass closest to cities."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from network_drawing import cities_at, network_of
from tiers import examples

from networks import schema
from networks.cities import snap, with_nodes_near
from networks.errors import SchemaError


def road(*, link_class="primary", forward=1000, backward=900, oneway=False):
    network = network_of([(116.0, 39.0), (117.0, 39.0)], [(0, 1)])
    links = network.links.assign(
        link_class=link_class, forward_s=forward, backward_s=backward, oneway=oneway, length_km=86.0
    )
    return network.replace(links=links)


def test_a_link_is_cut_where_it_passes_closest():
    found = with_nodes_near(road(), cities_at((116.25, 39.05)))
    schema.check(found)
    assert found.nodes.geometry[2].x == pytest.approx(116.25)
    assert found.links["length_km"].tolist() == pytest.approx([21.5, 64.5])
    assert found.links["forward_s"].tolist() == [250, 750]
    assert found.links["backward_s"].sum() == 900


def test_the_pieces_of_a_bent_link_keep_its_bends():
    bent = road()
    bends = [(116, 39), (116.5, 39.2), (116.65, 39.125), (117, 39.1)]
    bent.links.loc[0, "geometry"] = shapely.LineString(bends)
    found = with_nodes_near(bent, cities_at((116.6, 39.15)))
    lines = [shapely.get_coordinates(line).round(3).tolist() for line in found.links.geometry]
    assert lines == [[*map(list, bends[:2]), [116.6, 39.15]], [[116.6, 39.15], *map(list, bends[2:])]]


def test_the_city_is_snapped_to_the_cut():
    city = cities_at((116.25, 39.05))
    table = snap(city, with_nodes_near(road(), city)).cities.table
    assert table["road_node"].tolist() == [2]
    assert table["road_snap_km"][0] == pytest.approx(5.56, abs=0.01)


def test_two_cities_cut_one_link_twice():
    found = with_nodes_near(road(), cities_at((116.75, 39.0), (116.25, 39.0)))
    assert found.links["forward_s"].tolist() == [250, 500, 250]
    assert found.links[["tail", "head"]].to_numpy().tolist() == [[0, 2], [2, 3], [3, 1]]


def test_two_cities_at_one_position_cut_a_link_once():
    assert len(with_nodes_near(road(), cities_at((116.5, 39.0), (116.5, 39.01))).links) == 2


def test_the_pieces_of_a_one_way_link_are_one_way():
    found = with_nodes_near(road(backward=-1, oneway=True), cities_at((116.5, 39.0)))
    assert found.links["backward_s"].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("network", "city"),
    [
        pytest.param(road(link_class="motorway"), (116.5, 39.0), id="a motorway"),
        pytest.param(road(), (116.5, 39.2), id="beyond the limit"),
        pytest.param(road(), (116.001, 39.0), id="hardly closer than a node"),
        pytest.param(road(), (115.95, 39.0), id="closest at an end"),
        pytest.param(road(forward=1, backward=1), (116.5, 39.0), id="too few seconds to divide"),
    ],
)
def test_a_link_is_not_cut(network, city):
    assert with_nodes_near(network, cities_at(city)) is network


def test_links_without_times_are_rejected_with_a_remedy():
    with pytest.raises(SchemaError, match="add_travel_times"):
        with_nodes_near(road(forward=0, backward=0), cities_at((116.5, 39.0)))


places = st.lists(st.tuples(st.floats(115.9, 117.1), st.floats(38.9, 39.1)), min_size=1, max_size=6)


@examples(60)
@given(places=places, forward=st.integers(1, 5000), backward=st.integers(1, 5000))
def test_pieces_meet_at_their_nodes_and_keep_the_totals(places, forward, backward):
    network = road(forward=forward, backward=backward)
    found = with_nodes_near(network, cities_at(*places))
    schema.check(found)
    links = found.links
    assert (links["forward_s"].sum(), links["backward_s"].sum()) == (forward, backward)
    assert min(links["forward_s"].min(), links["backward_s"].min()) >= 1
    assert links["length_km"].sum() == pytest.approx(86.0)
    points = found.nodes.geometry.to_numpy()
    for end, position in (("tail", 0), ("head", -1)):
        ends = shapely.get_point(links.geometry.to_numpy(), position)
        assert shapely.equals_exact(ends, points[links[end].to_numpy()]).all()
    assert np.array_equal(np.sort(links["tail"].unique()), np.setdiff1d(np.arange(len(points)), [1]))

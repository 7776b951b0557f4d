"""Contraction: what goes, what stays, and that no time between kept nodes changes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from network_drawing import draw, times

from networks import schema
from networks.errors import SchemaError
from networks.network import CLOSED
from networks.simplify import contract


def rows(network):
    return list(network.links[["tail", "head", "forward_s", "backward_s"]].itertuples(index=False, name=None))


def test_a_chain_becomes_one_link_with_the_sum_of_its_seconds():
    found = contract(draw([(0, 1, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 30, 33)]


def test_a_chain_of_links_drawn_against_each_other_sums_each_direction():
    found = contract(draw([(1, 0, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 31, 32)]


def test_a_one_way_chain_stays_one_way():
    found = contract(draw([(0, 1, 10, CLOSED), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 30, CLOSED)]
    assert found.links["oneway"].tolist() == [True]


def test_a_one_way_chain_against_the_walk_is_turned_into_its_open_direction():
    found = contract(draw([(1, 0, 10, CLOSED), (2, 1, 20, CLOSED)], count=3), keep=[0, 2]).network
    assert rows(found) == [(1, 0, 30, CLOSED)]
    line = found.links.geometry[0]
    assert line.coords[0] == found.nodes.geometry[1].coords[0]


def test_one_ways_that_meet_head_on_lead_nowhere():
    found = contract(draw([(0, 1, 10, CLOSED), (2, 1, 20, CLOSED)], count=3), keep=[0, 2]).network
    assert rows(found) == []
    assert len(found.nodes) == 2


def test_a_kept_node_in_mid_chain_stays():
    found = contract(draw([(0, 1, 10, 10), (1, 2, 20, 20)], count=3), keep=[0, 1, 2]).network
    assert len(found.links) == 2


def test_of_parallel_links_the_faster_stays():
    found = contract(draw([(0, 1, 10, 10), (0, 1, 9, 9)], count=2), keep=[0, 1])
    assert rows(found.network) == [(0, 1, 9, 9)]
    assert found.member.tolist() == [1]


def test_two_carriageways_of_one_class_become_one_two_way_link():
    found = contract(draw([(0, 1, 10, CLOSED), (1, 0, 12, CLOSED)], count=2), keep=[0, 1]).network
    assert rows(found) == [(0, 1, 10, 12)]
    assert found.links["oneway"].tolist() == [False]


def test_carriageways_of_two_classes_stay_apart():
    drawn = draw([(0, 1, 10, CLOSED), (1, 0, 12, 15)], count=2, classes=["motorway", "primary"])
    found = contract(drawn, keep=[0, 1]).network
    assert rows(found) == [(0, 1, 10, CLOSED), (1, 0, 12, CLOSED)]
    assert found.links["link_class"].tolist() == ["motorway", "primary"]


def test_a_dead_end_without_a_kept_node_goes():
    drawn = draw([(0, 1, 10, 10), (1, 2, 10, 10), (2, 3, 10, 10), (1, 4, 5, 5)], count=5)
    assert rows(contract(drawn, keep=[0, 4]).network) == [(0, 1, 15, 15)]


def test_without_pruning_dead_ends_stay():
    drawn = draw([(0, 1, 10, 10), (1, 2, 10, 10), (2, 3, 10, 10), (1, 4, 5, 5)], count=5)
    assert len(contract(drawn, keep=[0, 4], prune=False).network.links) == 3


def test_a_one_way_trap_goes():
    drawn = draw([(0, 1, 9, 9), (1, 2, 9, CLOSED), (1, 2, 9, CLOSED), (0, 2, 5, CLOSED)], count=3)
    assert rows(contract(drawn, keep=[0, 1]).network) == [(0, 1, 9, 9)]


def test_a_circle_without_a_kept_node_goes():
    drawn = draw([(0, 1, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1)], count=3)
    assert rows(contract(drawn, keep=[]).network) == []


def test_no_chain_runs_from_road_to_ferry():
    drawn = draw([(0, 1, 10, 10), (1, 2, 90, 90)], count=3, modes=["road", "ferry"])
    assert contract(drawn, keep=[0, 2]).network.links["mode"].tolist() == ["road", "ferry"]


def test_a_joined_link_has_the_class_of_its_larger_part_and_the_latest_date():
    drawn = draw(
        [(0, 1, 10, 10), (1, 2, 60, 60)], count=3, classes=["trunk", "primary"], dates=["2019", "2015-06"]
    )
    link = contract(drawn, keep=[0, 2]).network.links.iloc[0]
    assert (link["link_class"], link["start_date"], link["osm_id"]) == ("primary", "2019", 101)
    assert link["length_km"] == pytest.approx(70 / 60)
    assert link["speed_kmh"] == pytest.approx(60)


def test_a_joined_line_passes_every_point_once_and_in_order():
    drawn = draw([(1, 0, 10, 10), (1, 2, 20, 20)], count=3)
    line = contract(drawn, keep=[0, 2]).network.links.geometry[0]
    first, second = drawn.links.geometry
    assert list(line.coords) == [*list(first.coords)[::-1], *list(second.coords)[1:]]


def test_members_and_node_map_lead_back_to_the_links_before():
    found = contract(draw([(1, 0, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2])
    assert found.node_map.tolist() == [0, -1, 1]
    assert found.member.tolist() == [0, 1]
    assert found.member_flipped.tolist() == [True, False]


def test_links_without_times_are_refused_with_the_remedy():
    with pytest.raises(SchemaError, match="add_travel_times"):
        contract(draw([(0, 1, 0, 0)], count=2), keep=[0])


def test_a_node_to_keep_that_is_not_there_is_refused():
    with pytest.raises(SchemaError, match=r"\[7\]"):
        contract(draw([(0, 1, 1, 1)], count=2), keep=[7])


seconds = st.one_of(st.just(CLOSED), st.integers(1, 50))


@st.composite
def random_networks(draw_from):
    count = draw_from(st.integers(2, 14))
    node = st.integers(0, count - 1)
    links = draw_from(st.lists(st.tuples(node, node, st.integers(1, 50), seconds), max_size=30))
    classes = draw_from(
        st.lists(st.sampled_from(["motorway", "primary"]), min_size=len(links), max_size=len(links))
    )
    modes = draw_from(
        st.lists(st.sampled_from(["road", "road", "ferry"]), min_size=len(links), max_size=len(links))
    )
    kept = draw_from(st.lists(node, unique=True, max_size=5))
    return draw(links, count=count, classes=classes, modes=modes), kept


@settings(max_examples=300, deadline=None)
@given(case=random_networks(), prune=st.booleans())
def test_every_time_between_kept_nodes_stays_the_same(case, prune):
    network, kept = case
    found = contract(network, keep=kept, prune=prune)
    assert times(found.network, found.node_map[kept].tolist()) == times(network, kept)


@settings(max_examples=150, deadline=None)
@given(case=random_networks())
def test_a_contracted_network_keeps_the_contract_and_its_ends(case):
    network, kept = case
    found = contract(network, keep=kept).network
    schema.check(found)
    points = found.nodes.geometry.to_numpy()
    for end, position in (("tail", 0), ("head", -1)):
        ends = shapely.get_point(found.links.geometry.to_numpy(), position)
        assert shapely.equals_exact(ends, points[found.links[end].to_numpy()]).all()


@settings(max_examples=150, deadline=None)
@given(case=random_networks())
def test_contracting_again_changes_nothing(case):
    network, kept = case
    once = contract(network, keep=kept)
    twice = contract(once.network, keep=once.node_map[kept])
    assert len(twice.network.links) == len(once.network.links)
    assert np.array_equal(np.sort(twice.node_map), np.arange(len(once.network.nodes)))

"""Test contraction: what is removed, what is kept, and that times between kept nodes do not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from network_drawing import draw, times, times_of
from tiers import examples, long_case

from networks import osm, road, schema
from networks.errors import SchemaError
from networks.impedance import add_travel_times
from networks.schema import CLOSED
from networks.simplify import LinkArrays, Runs, contract, shrink


def rows(network):
    return list(network.links[["tail", "head", "forward_s", "backward_s"]].itertuples(index=False, name=None))


def test_a_chain_becomes_one_link_with_the_sum_of_its_seconds():
    found = contract(draw([(0, 1, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 30, 33)]


def test_a_chain_of_opposed_links_sums_each_direction():
    found = contract(draw([(1, 0, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 31, 32)]


def test_a_one_way_chain_stays_one_way():
    found = contract(draw([(0, 1, 10, CLOSED), (1, 2, 20, 22)], count=3), keep=[0, 2]).network
    assert rows(found) == [(0, 1, 30, CLOSED)]
    assert found.links["oneway"].tolist() == [True]


def test_a_reversed_one_way_chain_is_oriented_in_its_open_direction():
    found = contract(draw([(1, 0, 10, CLOSED), (2, 1, 20, CLOSED)], count=3), keep=[0, 2]).network
    assert rows(found) == [(1, 0, 30, CLOSED)]
    line = found.links.geometry[0]
    assert line.coords[0] == found.nodes.geometry[1].coords[0]


def test_opposed_one_way_links_are_removed():
    found = contract(draw([(0, 1, 10, CLOSED), (2, 1, 20, CLOSED)], count=3), keep=[0, 2]).network
    assert rows(found) == []
    assert len(found.nodes) == 2


def test_a_kept_node_inside_a_chain_is_not_removed():
    found = contract(draw([(0, 1, 10, 10), (1, 2, 20, 20)], count=3), keep=[0, 1, 2]).network
    assert len(found.links) == 2


def test_the_faster_of_parallel_links_is_kept():
    found = contract(draw([(0, 1, 10, 10), (0, 1, 9, 9)], count=2), keep=[0, 1])
    assert rows(found.network) == [(0, 1, 9, 9)]
    assert found.member.tolist() == [1]


def test_carriageways_of_one_class_become_one_two_way_link():
    found = contract(draw([(0, 1, 10, CLOSED), (1, 0, 12, CLOSED)], count=2), keep=[0, 1]).network
    assert rows(found) == [(0, 1, 10, 12)]
    assert found.links["oneway"].tolist() == [False]


def test_carriageways_of_different_classes_are_not_merged():
    drawn = draw([(0, 1, 10, CLOSED), (1, 0, 12, 15)], count=2, classes=["motorway", "primary"])
    found = contract(drawn, keep=[0, 1]).network
    assert rows(found) == [(0, 1, 10, CLOSED), (1, 0, 12, CLOSED)]
    assert found.links["link_class"].tolist() == ["motorway", "primary"]


def test_dead_ends_are_kept():
    drawn = draw([(0, 1, 10, 10), (1, 2, 10, 10), (2, 3, 10, 10), (1, 4, 5, 5)], count=5)
    assert len(contract(drawn, keep=[0, 4]).network.links) == 3


def test_a_circle_without_a_kept_node_is_removed():
    drawn = draw([(0, 1, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1)], count=3)
    assert rows(contract(drawn, keep=[]).network) == []


def test_no_chain_joins_road_and_ferry():
    drawn = draw([(0, 1, 10, 10), (1, 2, 90, 90)], count=3, modes=["road", "ferry"])
    assert contract(drawn, keep=[0, 2]).network.links["mode"].tolist() == ["road", "ferry"]


def test_a_joined_link_has_the_class_of_its_longest_part_and_the_latest_date():
    drawn = draw(
        [(0, 1, 10, 10), (1, 2, 60, 60)], count=3, classes=["trunk", "primary"], dates=["2019", "2015-06"]
    )
    link = contract(drawn, keep=[0, 2]).network.links.iloc[0]
    assert (link["link_class"], link["start_date"], link["osm_id"]) == ("primary", "2019", 101)
    assert link["length_km"] == pytest.approx(70 / 60)
    assert link["speed_kmh"] == pytest.approx(60)


@pytest.mark.parametrize(("tracks", "joined"), [((2, 1, 0), 1), ((0, 4, 2), 2), ((0, 0, 0), 0)])
def test_a_joined_link_has_the_smallest_known_number_of_tracks(tracks, joined):
    drawn = draw([(0, 1, 10, 10), (1, 2, 60, 60), (2, 3, 60, 60)], count=4, modes=["rail"] * 3)
    drawn = drawn.replace(links=drawn.links.assign(tracks=list(tracks)))
    assert contract(drawn, keep=[0, 3]).network.links["tracks"].tolist() == [joined]


def test_a_joined_line_contains_every_point_once_and_in_order():
    drawn = draw([(1, 0, 10, 10), (1, 2, 20, 20)], count=3)
    line = contract(drawn, keep=[0, 2]).network.links.geometry[0]
    first, second = drawn.links.geometry
    assert list(line.coords) == [*list(first.coords)[::-1], *list(second.coords)[1:]]


def test_members_and_node_map_refer_to_the_original_network():
    found = contract(draw([(1, 0, 10, 11), (1, 2, 20, 22)], count=3), keep=[0, 2])
    assert found.node_map.tolist() == [0, -1, 1]
    assert found.member.tolist() == [0, 1]


def test_links_without_times_are_rejected_with_a_remedy():
    with pytest.raises(SchemaError, match="add_travel_times"):
        contract(draw([(0, 1, 0, 0)], count=2), keep=[0])


def test_a_missing_node_to_keep_is_rejected():
    with pytest.raises(SchemaError, match=r"\[7\]"):
        contract(draw([(0, 1, 1, 1)], count=2), keep=[7])


seconds = st.one_of(st.just(CLOSED), st.integers(1, 50))


@st.composite
def drawings(draw_from):
    count = draw_from(st.integers(2, 14))
    node = st.integers(0, count - 1)
    link = st.tuples(node, node, st.integers(1, 50), seconds, st.sampled_from("mmp"), st.sampled_from("rrf"))
    links = draw_from(st.lists(link, max_size=30))
    kept = draw_from(st.lists(node, unique=True, max_size=5))
    return count, links, kept


def network_of(count, links):
    return draw(
        [link[:4] for link in links],
        count=count,
        classes=[{"m": "motorway", "p": "primary"}[link[4]] for link in links],
        modes=[{"r": "road", "f": "ferry"}[link[5]] for link in links],
    )


def bundle_of(links):
    tail, head, forward, backward = np.array([link[:4] for link in links], dtype=np.int64).reshape(-1, 4).T
    mode = np.array([link[5] == "f" for link in links], dtype=np.int64)
    return LinkArrays(
        tail=tail,
        head=head,
        forward_s=forward,
        backward_s=backward,
        length_km=forward / 60.0,
        mode=mode,
        kind=2 * mode + np.array([link[4] == "m" for link in links], dtype=np.int64),
        runs=Runs.single(np.arange(len(links))),
    )


def arcs_of(bundle):
    columns = (bundle.tail, bundle.head, bundle.forward_s, bundle.backward_s)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@examples(400)
@given(drawing=drawings())
def test_every_time_between_kept_nodes_stays_the_same(drawing):
    count, links, kept = drawing
    mask = np.isin(np.arange(count), kept)
    found = shrink(bundle_of(links), kept=mask)
    assert times_of(arcs_of(found), kept) == times_of([link[:4] for link in links], kept)


@examples(200)
@given(drawing=drawings())
def test_contraction_is_complete(drawing):
    count, links, kept = drawing
    mask = np.isin(np.arange(count), kept)
    found = shrink(bundle_of(links), kept=mask)
    again = shrink(replace(found, runs=Runs.single(np.arange(found.tail.size))), kept=mask)
    assert arcs_of(again) == arcs_of(found)


@examples(40)
@given(drawing=drawings())
def test_a_contracted_network_is_valid_with_matching_ends_and_times(drawing):
    count, links, kept = drawing
    network = network_of(count, links)
    contraction = contract(network, keep=kept)
    found = contraction.network
    schema.check(found)
    points = found.nodes.geometry.to_numpy()
    for end, position in (("tail", 0), ("head", -1)):
        ends = shapely.get_point(found.links.geometry.to_numpy(), position)
        assert shapely.equals_exact(ends, points[found.links[end].to_numpy()]).all()
    assert times(found, contraction.node_map[kept].tolist()) == times(network, kept)
    parts = np.add.reduceat(
        network.links["length_km"].to_numpy()[contraction.member], contraction.member_ptr[:-1]
    )
    assert found.links["length_km"].to_numpy() == pytest.approx(parts)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["gh_andorra.osm.pbf", long_case("malta_2018.osm.pbf"), "r5_fiji-ferry.osm.pbf"]
)
def test_every_time_in_a_real_extract_stays_the_same(shared_dir, name):
    elements = osm.read(shared_dir / "data" / "osm" / name)
    network = add_travel_times(road.build(elements, country="EU")[0])
    kept = np.random.default_rng(1).choice(len(network.nodes), 40, replace=False)
    found = contract(network, keep=kept)
    assert len(found.network.links) < len(network.links)
    assert times(found.network, found.node_map[kept].tolist()) == times(network, kept.tolist())

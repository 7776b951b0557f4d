"""Test routes along tracks, with and without a turn limit."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from networks.rail.drafts import KnownTimes, Layout, TrackGraph

SIZE = 7
EAST, NORTH, WEST, SOUTH = np.radians([90.0, 0.0, 270.0, 180.0])

rows = st.integers(0, SIZE - 1)
links = st.lists(
    st.tuples(rows, rows, st.integers(1, 50)).filter(lambda link: link[0] != link[1]), min_size=1, max_size=14
)


def layout_of(found, bearings=None):
    tail, head, seconds = (np.array(column) for column in zip(*found, strict=True))
    leaving = np.zeros((2, len(tail))) if bearings is None else np.array(bearings, dtype=float).T
    layout = Layout(SIZE, tail, head, seconds / 10.0, leaving[0], leaving[1])
    return layout, seconds.astype(float)


CROSSING = [(0, 4, 10), (4, 1, 10), (2, 4, 10), (4, 3, 10)]
"""Tracks 0 - 4 - 1 from west to east and 2 - 4 - 3 from south to north, crossing at 4."""
BEARINGS = [(EAST, WEST), (EAST, WEST), (NORTH, SOUTH), (NORTH, SOUTH)]


@examples(60)
@given(links, rows, rows)
def test_without_a_turn_limit_routes_agree_with_networkx(found, start, end):
    graph = nx.Graph()
    graph.add_nodes_from(range(SIZE))
    for a, b, seconds in found:
        best = min(seconds, graph.get_edge_data(a, b, {"s": seconds})["s"])
        graph.add_edge(a, b, s=best)
    route = TrackGraph.of(*layout_of(found)).route([start], [end])
    if nx.has_path(graph, start, end):
        assert route.seconds == nx.shortest_path_length(graph, start, end, weight="s")
    else:
        assert route is None


@examples(60)
@given(links, rows, rows)
def test_the_links_of_a_route_sum_to_its_time_and_length(found, start, end):
    layout, seconds = layout_of(found)
    route = TrackGraph.of(layout, seconds).route([start], [end])
    if route is not None:
        assert seconds[list(route.links)].sum() == route.seconds
        assert layout.length_km[list(route.links)].sum() == pytest.approx(route.length_km)


@examples(60)
@given(links, st.data())
def test_own_tracks_route_as_a_network_without_the_other_links(found, data):
    layout, seconds = layout_of(found)
    only = np.array(sorted(data.draw(st.sets(st.integers(0, len(found) - 1), min_size=1))))
    start, end = data.draw(rows), data.draw(rows)
    few = TrackGraph.of(*layout_of([found[i] for i in only])).route([start], [end])
    own = TrackGraph.of(layout, seconds, only=only).route([start], [end])
    if start != end:
        assert (own is None) == (few is None)
        assert own is None or (own.seconds, set(own.links) - set(only.tolist())) == (few.seconds, set())


def test_trains_go_straight_where_tracks_cross():
    graph = TrackGraph.of(*layout_of(CROSSING, BEARINGS), most_turn_deg=45.0)
    assert graph.route([0], [1]).links == (0, 1)
    assert graph.route([2], [3]).links == (2, 3)


def test_trains_do_not_turn_where_tracks_cross():
    graph = TrackGraph.of(*layout_of(CROSSING, BEARINGS), most_turn_deg=45.0)
    assert graph.route([0], [3]) is None


def test_trains_turn_at_nodes_without_a_turn_limit():
    graph = TrackGraph.of(*layout_of(CROSSING, BEARINGS), any_turn=np.array([4]), most_turn_deg=45.0)
    assert graph.route([0], [3]).links == (0, 3)


def test_a_train_that_stops_at_the_crossing_may_turn_there():
    graph = TrackGraph.of(*layout_of(CROSSING, BEARINGS), most_turn_deg=45.0)
    assert graph.route([0], [4]).links == (0,)
    assert graph.route([4], [3]).links == (3,)


def test_a_sharp_bend_of_one_track_is_not_a_turn():
    graph = TrackGraph.of(
        *layout_of([(0, 1, 10), (1, 2, 10)], [(EAST, WEST), (NORTH, SOUTH)]), most_turn_deg=45.0
    )
    assert graph.route([0], [2]).links == (0, 1)


def test_no_route_passes_through_a_closed_node():
    graph = TrackGraph.of(*layout_of([(0, 1, 10), (1, 2, 10)]), closed=np.array([1]))
    assert graph.route([0], [2]) is None
    assert graph.reachable([0]).tolist() == [1]


def test_the_nearest_of_several_points_of_a_station_is_used():
    graph = TrackGraph.of(*layout_of([(0, 1, 10), (1, 2, 30), (3, 2, 5)]))
    assert graph.route([0, 3], [2]).links == (2,)


def test_known_times_of_the_other_direction_and_between_some_stops():
    known = KnownTimes((600, 300, 400), (0, 60, 90, 0))
    assert known.kept([0, 1, 3]) == KnownTimes((600, 790), (0, 60, 0))
    assert known.reversed() == KnownTimes((400, 300, 600), (0, 90, 60, 0))

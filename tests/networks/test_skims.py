"""Test that skims and paths agree with networkx to the second."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from networks import skims
from networks.errors import SchemaError
from networks.skims import UNREACHABLE, TimeGraph


def graph_of(arcs, *, count, origin, destination=None):
    tail, head, seconds = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    nodes = pd.DataFrame(
        {"node_id": [f"road:{i}" for i in range(count)], "kind": "road", "lon": 0.0, "lat": 0.0}
    )
    ends = np.array(origin, dtype=np.int64)
    return TimeGraph(
        nodes=nodes,
        tail=tail,
        head=head,
        seconds=seconds,
        kind=np.zeros(tail.size, dtype=np.int8),
        ref=np.full(tail.size, -1, dtype=np.int64),
        origin=ends,
        destination=ends if destination is None else np.array(destination, dtype=np.int64),
        definition="door_to_door",
    )


def path(graph, origin, destination):
    return next(skims.paths(graph, [origin])).get(destination)


def test_the_skim_contains_the_shortest_times_in_both_directions():
    graph = graph_of([(0, 1, 5), (1, 2, 7), (0, 2, 13), (2, 0, 3)], count=3, origin=[0, 2])
    assert skims.travel_times(graph).tolist() == [[0, 12], [3, 0]]


def test_the_fastest_of_parallel_arcs_is_used():
    graph = graph_of([(0, 1, 9), (0, 1, 4), (0, 1, 6)], count=2, origin=[0, 1])
    assert skims.travel_times(graph)[0, 1] == 4
    assert path(graph, 0, 1).arcs.tolist() == [1]


def test_a_pair_without_a_path_is_unreachable():
    graph = graph_of([(0, 1, 9)], count=2, origin=[0, 1])
    assert skims.travel_times(graph)[1, 0] == UNREACHABLE
    assert path(graph, 1, 0) is None


def test_trips_start_at_the_origin_node_and_end_at_the_destination_node():
    arcs = [(0, 2, 1), (2, 3, 10), (3, 5, 2), (1, 3, 1), (3, 2, 20), (2, 4, 2)]
    graph = graph_of(arcs, count=6, origin=[0, 1], destination=[4, 5])
    assert skims.travel_times(graph).tolist() == [[0, 13], [23, 0]]


def test_the_time_from_a_city_to_itself_is_zero():
    graph = graph_of([(0, 1, 5)], count=2, origin=[0], destination=[1])
    assert skims.travel_times(graph).tolist() == [[0]]
    assert path(graph, 0, 0) is None


def test_the_time_between_two_cities_at_one_node_is_zero():
    graph = graph_of([(0, 1, 5), (1, 0, 5)], count=2, origin=[0, 0, 1])
    assert skims.travel_times(graph).tolist() == [[0, 0, 5], [0, 0, 5], [5, 5, 0]]
    assert path(graph, 0, 1).arcs.size == 0


def test_seconds_are_exact_close_to_the_limit_of_floats():
    big = 2**51 + 1
    graph = graph_of([(0, 1, big), (1, 2, 1)], count=3, origin=[0, 2])
    assert skims.travel_times(graph)[0, 1] == big + 1


def test_sums_beyond_exact_floats_are_rejected():
    with pytest.raises(SchemaError, match=r"2\*\*53"):
        skims.travel_times(graph_of([(0, 1, 2**52), (1, 0, 2**52)], count=2, origin=[0, 1]))


def test_an_arc_of_zero_time_is_rejected():
    with pytest.raises(SchemaError, match="less than one second"):
        skims.travel_times(graph_of([(0, 1, 0)], count=2, origin=[0, 1]))


def test_a_city_at_a_missing_node_is_rejected():
    with pytest.raises(SchemaError, match="'origin' has a node"):
        skims.travel_times(graph_of([(0, 1, 1)], count=2, origin=[0, -1]))


def test_without_cities_the_skim_is_empty():
    assert skims.travel_times(graph_of([(0, 1, 1)], count=2, origin=[])).shape == (0, 0)


def test_the_skim_does_not_depend_on_the_block_size(monkeypatch):
    arcs = [(i, (i + 1) % 7, i + 1) for i in range(7)]
    graph = graph_of(arcs, count=7, origin=[3, 0, 3, 5, 6])
    whole = skims.travel_times(graph)
    monkeypatch.setattr(skims, "_MOST_CELLS", 14)
    assert np.array_equal(skims.travel_times(graph), whole)


@st.composite
def graphs(draw_from):
    count = draw_from(st.integers(1, 12))
    node = st.integers(0, count - 1)
    arcs = draw_from(st.lists(st.tuples(node, node, st.integers(1, 2**40)), min_size=1, max_size=40))
    cities = draw_from(st.lists(st.tuples(node, node), min_size=1, max_size=5))
    return graph_of(arcs, count=count, origin=[a for a, _ in cities], destination=[b for _, b in cities])


def by_networkx(graph):
    other = nx.MultiDiGraph()
    other.add_nodes_from(range(len(graph.nodes)))
    for a, b, s in zip(graph.tail.tolist(), graph.head.tolist(), graph.seconds.tolist(), strict=True):
        other.add_edge(a, b, seconds=s)
    rows = []
    for i, start in enumerate(graph.origin.tolist()):
        reached = nx.single_source_dijkstra_path_length(other, start, weight="seconds")
        ends = enumerate(graph.destination.tolist())
        rows.append([0 if i == j else reached.get(end, UNREACHABLE) for j, end in ends])
    return rows


@examples(200)
@given(graph=graphs())
def test_the_skim_agrees_with_networkx(graph):
    assert skims.travel_times(graph).tolist() == by_networkx(graph)


@examples(150)
@given(graph=graphs())
def test_each_path_is_connected_and_takes_the_time_of_the_skim(graph):
    skim = skims.travel_times(graph)
    for i, found in enumerate(skims.paths(graph, range(len(graph.origin)))):
        reachable = {j for j in range(len(graph.origin)) if j != i and skim[i, j] != UNREACHABLE}
        assert set(found) == reachable
        for j, path in found.items():
            assert path.nodes[0] == graph.origin[i]
            assert path.nodes[-1] == graph.destination[j]
            assert np.array_equal(graph.tail[path.arcs], path.nodes[:-1])
            assert np.array_equal(graph.head[path.arcs], path.nodes[1:])
            assert path.seconds == graph.seconds[path.arcs].sum() == skim[i, j]

"""A contracted graph has the distances of the whole one between the nodes that stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from tiers import examples

from networks.skims import time_matrix
from optimiser.proposals import shortest_times
from optimiser.proposals.shortest_times import (
    MANY,
    NO_PATH_S,
    contracted,
    times_between,
    times_on_each,
    widened,
    without_detours,
)


def chain():
    """Return 0 - 1 - 2 - 3 - 4 with arcs of 1 to 4 s there and twice that back, and a dead end 5 at 2."""
    ahead = [(0, 1, 1), (1, 2, 2), (2, 3, 3), (3, 4, 4), (2, 5, 9)]
    arcs = [*ahead, *((b, a, 2 * s) for a, b, s in ahead)]
    tail, head, seconds = np.array(arcs, dtype=np.int64).T
    return time_matrix(6, tail, head, seconds)


def test_of_a_chain_the_ends_stay_and_one_arc_each_way_joins_them():
    row, small = contracted(chain(), np.array([0, 4]), most_more=4)
    assert row.tolist() == [0, -1, -1, -1, 1, -1]
    assert small.toarray().tolist() == [[0, 10], [20, 0]]


def test_sums_along_a_tree_are_those_of_its_paths():
    """0 - 1 - 2 - 3 with a side branch 1 - 4, and node 5 without a path."""
    before = np.array([[-1, 0, 1, 2, 1, -1]])
    links = {(0, 1): 0, (1, 2): 1, (2, 3): 2, (1, 4): 3}
    found = shortest_times.sums_along(before, links, np.array([5, 7, 11, 100]))
    assert found.tolist() == [[0, 5, 12, 23, 105, 0]]


def test_a_node_with_many_neighbours_stays():
    spokes = [(0, k, k) for k in range(1, 9)] + [(k, 0, k) for k in range(1, 9)]
    star = time_matrix(9, *np.array(spokes, dtype=np.int64).T)
    row, small = contracted(star, np.arange(1, 9), most_more=4)
    assert (row >= 0).all()
    assert small.nnz == 16


@st.composite
def graphs(draw):
    count = draw(st.integers(2, 14))
    node = st.integers(0, count - 1)
    arcs = draw(st.lists(st.tuples(node, node, st.integers(1, 9)), min_size=1, max_size=40))
    kept = draw(st.lists(node, min_size=1, max_size=count))
    return time_matrix(count, *np.array(arcs, dtype=np.int64).T), np.array(kept, dtype=np.int64)


@given(graphs())
@examples(300)
def test_distances_stay(drawn):
    graph, kept = drawn
    row, small = contracted(graph, kept, most_more=4)
    assert (row[kept] >= 0).all()
    there = dijkstra(small, indices=row[kept])[:, row[kept]]
    assert (there == dijkstra(graph, indices=kept)[:, kept]).all()


@given(graphs())
@examples(60)
def test_times_do_not_depend_on_the_number_of_sources(drawn):
    graph, kept = drawn
    sources = np.resize(kept, MANY)
    found = times_between(graph, sources, kept)
    expected = times_between(graph, kept, kept)
    assert (found[: len(kept)] == expected[: len(sources)]).all()
    assert found.max() <= NO_PATH_S


@given(graphs(), st.sampled_from([0, 2, 9, 2500]))
@examples(200)
def test_times_between_very_many_nodes_are_those_of_the_whole_graph(drawn, most_shortcuts):
    graph, kept = drawn
    sources = np.resize(kept, 500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortest_times, "_MOST_SHORTCUTS", most_shortcuts)
        found = times_between(graph, sources, kept)
    exact = dijkstra(graph)[np.ix_(sources, kept)]
    assert (found == np.where(np.isfinite(exact), exact, NO_PATH_S)).all()


@given(
    graphs(), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), st.sampled_from([0, 2, 9, 2500])
)
@examples(200)
def test_times_on_each_of_several_graphs_are_those_of_each_alone(drawn, seeds, most_shortcuts):
    """Each graph has the arcs of the drawn one, some of them closed and the others slower."""
    graph, kept = drawn
    several = []
    for seed in seeds:
        random, other = np.random.default_rng(seed), graph.copy()
        other.data = other.data + random.integers(0, 3, other.nnz)
        is_open = random.random(other.nnz) < 0.8
        ends = np.array(other.nonzero())[:, is_open]
        several.append(csr_array((other.data[is_open], tuple(ends)), shape=other.shape))
    nodes = np.unique(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortest_times, "_MOST_SHORTCUTS", most_shortcuts)
        found = widened(times_on_each(several, nodes))
    exact = np.array([dijkstra(one)[np.ix_(nodes, nodes)] for one in several])
    assert (found == np.where(np.isfinite(exact), exact, NO_PATH_S)).all()


@pytest.mark.parametrize("most_shortcuts", [0, 2500])
@pytest.mark.parametrize("longest", [2**27, 2**29])
def test_times_take_32_bits_where_none_can_be_too_long_for_them(most_shortcuts, longest, monkeypatch):
    """Three arcs in a line: of 2**27 s each their sum is far below 2**30 - 1, of 2**29 s it is above."""
    monkeypatch.setattr(shortest_times, "_MOST_SHORTCUTS", most_shortcuts)
    line, nodes = time_matrix(4, np.arange(3), np.arange(1, 4), np.full(3, longest)), np.arange(4)
    found = times_on_each([line], nodes)
    assert found.dtype == (np.int32 if longest == 2**27 else np.int64)
    assert found[0, 0].tolist() == [0, longest, 2 * longest, 3 * longest]
    assert (widened(found[0])[1:, 0] == NO_PATH_S).all()


def test_an_arc_as_long_as_a_way_round_it_is_left_out():
    triangle = csr_array(np.array([[0.0, 1.0, 3.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]))
    assert without_detours(triangle, share=1.0).toarray().tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 0]]


def test_arcs_that_are_not_looked_at_stay():
    triangle = csr_array(np.array([[0.0, 1.0, 3.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]))
    assert without_detours(triangle, share=0.0).nnz == 3


@given(graphs(), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
@examples(200)
def test_distances_stay_without_detours(drawn, share):
    graph, _ = drawn
    assert (dijkstra(without_detours(graph, share=share)) == dijkstra(graph)).all()


@given(graphs())
@examples(100)
def test_no_arc_without_detours_is_as_long_as_a_way_round_it(drawn):
    small = without_detours(drawn[0], share=1.0)
    for tail, head in zip(*small.nonzero(), strict=True):
        less = small.toarray()
        seconds, less[tail, head] = less[tail, head], 0.0
        assert dijkstra(csr_array(less))[tail, head] > seconds

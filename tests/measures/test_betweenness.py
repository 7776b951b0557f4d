"""Check the weighted betweenness by hand and against networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from core_drawing import both_ways, problems
from hypothesis import given, settings

from optimiser.measures.polycentricity import betweenness, core_times
from optimiser.measures.polycentricity.network import open_arcs
from optimiser.problem import Candidate, DesignProblem, Pair


def diamond(**changes):
    """a reaches d by b or by c, 2 s each; a link of 1 s from a to d may be built."""
    problem = DesignProblem(
        name="diamond",
        nodes=("a", "b", "c", "d"),
        arcs=both_ways((0, 1, 1), (1, 3, 1), (0, 2, 1), (2, 3, 1)),
        candidates=(Candidate("ad", 1, both_ways((0, 3, 1))),),
        pairs=(Pair(0, 3, 9, 6), Pair(1, 3, 9, 4), Pair(1, 2, 9, 10)),
        budget=1,
    )
    return problem.replace(**changes)


def test_ties_share_the_weight_of_a_pair():
    # a-d: 3 by b, 3 by c; b-d passes nothing; b-c: 5 by a, 5 by d.
    assert betweenness(diamond(), ()).tolist() == pytest.approx([5, 3, 3, 5])


def test_a_link_that_is_built_takes_its_weight_away():
    assert betweenness(diamond(), ["ad"]).tolist() == pytest.approx([5, 0, 0, 5])


def test_parallel_arcs_are_one_path():
    doubled = diamond(arcs=(*diamond().arcs, (0, 1, 1), (0, 1, 4)))
    assert betweenness(doubled, ()).tolist() == betweenness(diamond(), ()).tolist()


def test_pairs_out_of_reach_give_nothing():
    assert not betweenness(diamond(arcs=()), ()).any()


def graph_of(problem):
    net = nx.DiGraph()
    net.add_nodes_from(range(len(problem.nodes)))
    net.add_weighted_edges_from(open_arcs(problem, [c.id for c in problem.candidates]))
    return net


@settings(max_examples=60)
@given(problems())
def test_with_one_pair_for_every_two_nodes_it_is_that_of_networkx(problem):
    n = len(problem.nodes)
    every = tuple(Pair(i, j, 1, 1) for i in range(n) for j in range(n) if i != j)
    found = betweenness(problem.replace(pairs=every), [c.id for c in problem.candidates])
    known = nx.betweenness_centrality(graph_of(problem), normalized=False, weight="weight")
    assert found.tolist() == pytest.approx([known[i] for i in range(n)])


@settings(max_examples=60)
@given(problems())
def test_it_sums_the_weighted_shares_of_best_paths(problem):
    net, by_hand = graph_of(problem), np.zeros(len(problem.nodes))
    for pair in problem.pairs:
        if pair.origin != pair.destination and nx.has_path(net, pair.origin, pair.destination):
            paths = list(nx.all_shortest_paths(net, pair.origin, pair.destination, "weight"))
            for path in paths:
                by_hand[path[1:-1]] += pair.weight / len(paths)
    found = betweenness(problem, [c.id for c in problem.candidates])
    assert found.tolist() == pytest.approx(by_hand.tolist())


@settings(max_examples=40)
@given(problems())
def test_a_node_carries_between_what_must_and_what_may_pass_it(problem):
    built = [c.id for c in problem.candidates]
    found = betweenness(problem, built)
    weight = np.array([pair.weight for pair in problem.pairs], dtype=float)
    for i, name in enumerate(problem.nodes):
        times = core_times(problem, built, [name])
        assert weight[times.on_every].sum() <= found[i] + 1e-9
        assert found[i] <= weight[times.on_some].sum() + 1e-9

"""Check the dependence on the core on drawn networks, and against paths counted one by one."""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from core_drawing import both_ways, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.search.paths import FAR, LONGEST
from optimiser.measures.polycentricity import core_times, dependence, near
from optimiser.measures.polycentricity.network import open_arcs
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError


def star(**changes):
    """a, b, c round the core x at 10 s each; links ab of 20 s (a tie) and bc of 15 s may be built."""
    problem = DesignProblem(
        name="star",
        nodes=("a", "b", "c", "x"),
        arcs=both_ways((0, 3, 10), (1, 3, 10), (2, 3, 10)),
        candidates=(
            Candidate("ab", 1, both_ways((0, 1, 20))),
            Candidate("bc", 1, both_ways((1, 2, 15))),
        ),
        pairs=(Pair(0, 1, 15, 3), Pair(1, 2, 15, 5), Pair(0, 2, 15, 2), Pair(0, 3, 15, 7)),
        budget=9,
    )
    return problem.replace(**changes)


def test_all_pairs_of_a_star_pass_its_core():
    assert dependence(star(), (), ["x"]).share_on_every == 1


def test_pairs_that_end_in_the_core_are_counted_apart():
    found = dependence(star(), (), ["x"])
    assert (found.ends, found.weight) == (7, 10)


def test_closing_the_core_of_a_star_cuts_all_off():
    found = dependence(star(), (), ["x"])
    assert (found.cut_off, found.still_joined, found.mean_lost) == (10, 0, 0)


def test_a_tie_passes_the_core_on_some_best_path_but_not_on_every():
    found = dependence(star(), ["ab"], ["x"])
    assert (found.on_every, found.on_some) == (7, 10)


def test_a_faster_way_round_passes_the_core_on_no_best_path():
    found = dependence(star(), ["bc"], ["x"])
    assert (found.share_on_every, found.share_on_some) == (Fraction(1, 2), Fraction(1, 2))


def test_time_lost_is_that_of_the_way_round():
    # Closed: a-b 20 (0 lost), b-c 15 (0 lost), a-c 35 instead of 20, weight 2.
    found = dependence(star(), ["ab", "bc"], ["x"])
    assert (found.lost, found.still_joined, found.mean_lost) == (30, 10, 3)


def test_detour_relates_time_through_the_core_to_the_best():
    # Best: 3 x 20 + 5 x 15 + 2 x 20; through the core: 20 each.
    assert dependence(star(), ["bc"], ["x"]).detour == Fraction(200, 175)


def test_there_is_no_detour_without_pairs():
    assert dependence(star(pairs=()), (), ["x"]).detour is None


def test_pairs_that_no_path_joins_are_counted_apart():
    found = dependence(star(arcs=()), ["bc"], ["x"])
    assert (found.apart, found.weight, found.on_some) == (5, 5, 0)


def test_nobody_passes_a_core_without_nodes():
    found = dependence(star(), (), [])
    assert (found.on_some, found.cut_off, found.lost) == (0, 0, 0)


def test_times_of_a_pair_are_told_with_and_without_the_core():
    times = core_times(star(), ["ab", "bc"], ["x"])
    assert [row.tolist()[2] for row in times[:3]] == [20, 20, 35]


def test_an_unknown_node_or_candidate_is_refused():
    with pytest.raises(ProblemError):
        dependence(star(), (), ["nowhere"])
    with pytest.raises(ProblemError):
        dependence(star(), ["nothing"], ["x"])


def test_times_that_cannot_be_added_up_are_refused():
    with pytest.raises(ProblemError):
        dependence(star(arcs=((0, 3, LONGEST),)), (), ["x"])


def test_places_within_the_time_of_a_ring_lie_on_it():
    ring = {"ring": ["x"], "places": ["a", "b"]}
    assert near(star(), (), within=10, **ring) == ("a", "b")
    assert near(star(), (), within=9, **ring) == ()


def test_a_place_must_reach_the_ring_and_be_reached_from_it():
    one_way = star(arcs=((0, 3, 10), (1, 3, 10), (3, 1, 10)))
    assert near(one_way, (), ring=["x"], places=["a", "b"], within=10) == ("b",)


@st.composite
def plans(draw):
    problem = draw(problems())
    built = (
        draw(st.sets(st.sampled_from([c.id for c in problem.candidates]))) if problem.candidates else set()
    )
    core = draw(st.sets(st.sampled_from(problem.nodes)))
    return problem, built, core


def graph_of(problem, built):
    net = nx.DiGraph()
    net.add_nodes_from(range(len(problem.nodes)))
    net.add_weighted_edges_from(open_arcs(problem, built))
    return net


@settings(max_examples=60)
@given(plans())
def test_passing_the_core_agrees_with_all_best_paths_one_by_one(drawn):
    problem, built, core = drawn
    net, times = graph_of(problem, built), core_times(problem, built, core)
    inside = {i for i, name in enumerate(problem.nodes) if name in core}
    for k, pair in enumerate(problem.pairs):
        if not nx.has_path(net, pair.origin, pair.destination):
            assert times.best[k] == FAR
        elif pair.origin not in inside and pair.destination not in inside:
            paths = list(nx.all_shortest_paths(net, pair.origin, pair.destination, "weight"))
            passing = [not inside.isdisjoint(path) for path in paths]
            assert (times.on_every[k], times.on_some[k]) == (all(passing), any(passing))


@settings(max_examples=60)
@given(plans())
def test_closed_times_are_those_of_the_network_without_the_core(drawn):
    problem, built, core = drawn
    times, net = core_times(problem, built, core), graph_of(problem, built)
    net.remove_nodes_from([i for i, name in enumerate(problem.nodes) if name in core])
    for k in np.flatnonzero(~times.ends):
        pair = problem.pairs[k]
        lengths = nx.single_source_dijkstra_path_length(net, pair.origin)
        assert times.closed[k] == lengths.get(pair.destination, FAR)


@settings(max_examples=60)
@given(plans())
def test_times_through_the_core_are_the_best_by_way_of_one_of_its_nodes(drawn):
    problem, built, core = drawn
    times, net = core_times(problem, built, core), graph_of(problem, built)
    inside = [i for i, name in enumerate(problem.nodes) if name in core]
    away = {i: nx.single_source_dijkstra_path_length(net, i) for i in net}
    for k in np.flatnonzero(~times.ends):
        o, d = problem.pairs[k].origin, problem.pairs[k].destination
        ways = [away[o][v] + away[v][d] for v in inside if v in away[o] and d in away[v]]
        assert times.through[k] == min(ways, default=FAR)


@settings(max_examples=60)
@given(plans())
def test_parts_of_the_weight_sum_to_the_whole(drawn):
    problem, built, core = drawn
    found = dependence(problem, built, core)
    assert found.ends + found.apart + found.weight == sum(pair.weight for pair in problem.pairs)
    assert found.cut_off + found.still_joined == found.weight
    assert found.on_every <= found.on_some <= found.weight
    assert found.detour is None or found.detour >= 1


@settings(max_examples=60)
@given(plans(), st.data())
def test_a_larger_core_is_needed_by_no_fewer(drawn, data):
    problem, built, core = drawn
    outside = [p for p in problem.pairs if not {problem.nodes[p.origin], problem.nodes[p.destination]} & core]
    spare = set(problem.nodes) - {problem.nodes[n] for p in outside for n in (p.origin, p.destination)}
    more = core | (data.draw(st.sets(st.sampled_from(sorted(spare)))) if spare else set())
    kept = problem.replace(pairs=tuple(outside), cities=())
    assert dependence(kept, built, more).on_every >= dependence(kept, built, core).on_every

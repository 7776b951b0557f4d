"""Check the dependence on the core on small networks, and against paths enumerated by networkx."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from core_drawing import both_ways, problems
from hypothesis import given
from hypothesis import strategies as st
from small_networks import arc_lists, graph_of, pair_lists
from tiers import examples

from optimiser.engine.search.paths import LONGEST, UNREACHED
from optimiser.measures.polycentricity import NO_AREA, MarkedNetwork, core_dependence, count_trips
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


def open_arcs(problem, built):
    return [*problem.arcs, *(arc for c in problem.candidates if c.id in set(built) for arc in c.arcs)]


def trips(problem, built, core):
    """Count the trips of a problem; every node is an area of its own."""
    arcs = np.array(open_arcs(problem, built), dtype=np.int64).reshape(-1, 3)
    n = len(problem.nodes)
    network = MarkedNetwork(
        *arcs.T, np.arange(n), np.isin(np.array(problem.nodes), list(core)), np.zeros(len(arcs), dtype=bool)
    )
    origin, destination, weight = (
        np.array([getattr(pair, key) for pair in problem.pairs], dtype=np.int64)
        for key in ("origin", "destination", "weight")
    )
    return count_trips(network, origin, destination, weight, areas=n)


def core_times(problem, built, core):
    return trips(problem, built, core).core


def dependence(problem, built, core):
    times = core_times(problem, built, core)
    return SimpleNamespace(**core_dependence(times, [pair.weight for pair in problem.pairs]))


def test_all_pairs_of_a_star_pass_its_core():
    found = dependence(star(), (), ["x"])
    assert found.on_every == found.weight > 0


def test_pairs_that_end_in_the_core_are_counted_apart():
    found = dependence(star(), (), ["x"])
    assert (found.ends, found.weight) == (7, 10)


def test_closing_the_core_of_a_star_cuts_all_pairs_off():
    found = dependence(star(), (), ["x"])
    assert (found.cut_off, found.still_joined, found.lost) == (10, 0, 0)


def test_with_a_tie_some_but_not_every_shortest_path_passes_the_core():
    found = dependence(star(), ["ab"], ["x"])
    assert (found.on_every, found.on_some) == (7, 10)


def test_no_shortest_path_passes_the_core_where_a_bypass_is_faster():
    found = dependence(star(), ["bc"], ["x"])
    assert (found.on_every, found.on_some, found.weight) == (5, 5, 10)


def test_time_lost_is_that_of_the_bypass():
    # Closed: a-b 20 (0 lost), b-c 15 (0 lost), a-c 35 instead of 20, weight 2.
    found = dependence(star(), ["ab", "bc"], ["x"])
    assert (found.lost, found.still_joined) == (30, 10)


def test_detour_is_the_time_through_the_core_over_the_shortest_time():
    # Best: 3 x 20 + 5 x 15 + 2 x 20; through the core: 20 each.
    found = dependence(star(), ["bc"], ["x"])
    assert (found.through, found.best) == (200, 175)


def test_there_is_no_detour_without_pairs():
    assert dependence(star(pairs=()), (), ["x"]).best == 0


def test_pairs_that_no_path_joins_are_counted_apart():
    found = dependence(star(arcs=()), ["bc"], ["x"])
    assert (found.apart, found.weight, found.on_some) == (5, 5, 0)


def test_nobody_passes_a_core_without_nodes():
    found = dependence(star(), (), [])
    assert (found.on_some, found.cut_off, found.lost) == (0, 0, 0)


def test_each_pair_has_times_with_and_without_the_core():
    times = core_times(star(), ["ab", "bc"], ["x"])
    assert [row.tolist()[2] for row in times[:3]] == [20, 20, 35]


def test_times_that_could_overflow_are_refused():
    with pytest.raises(ProblemError, match="added up"):
        dependence(star(arcs=((0, 3, LONGEST),)), (), ["x"])


def test_a_road_that_crosses_the_core_between_nodes_outside_it_passes_the_core():
    table = np.array([(0, 1, 5), (0, 2, 9), (2, 1, 9)], dtype=np.int64)
    network = MarkedNetwork(
        *table.T, np.full(3, NO_AREA), np.zeros(3, dtype=bool), np.array([True, False, False])
    )
    found = count_trips(network, np.array([0]), np.array([1]), np.array([1]), areas=0)
    assert (found.core.best[0], found.core.closed[0]) == (5, 18)


def test_a_node_without_an_area_is_passed_by_no_pair():
    table = np.array([(0, 1, 5), (1, 2, 5)], dtype=np.int64)
    outside = np.array([0, NO_AREA, 1])
    network = MarkedNetwork(*table.T, outside, np.zeros(3, dtype=bool), np.zeros(2, dtype=bool))
    found = count_trips(network, np.array([0]), np.array([2]), np.array([3]), areas=2)
    assert (found.through.tolist(), found.elsewhere.tolist()) == ([0, 0], [0, 0])


@st.composite
def plans(draw):
    problem = draw(problems())
    built = (
        draw(st.sets(st.sampled_from([c.id for c in problem.candidates]))) if problem.candidates else set()
    )
    core = draw(st.sets(st.sampled_from(problem.nodes)))
    return problem, built, core


def net_of(problem, built):
    return graph_of(len(problem.nodes), open_arcs(problem, built))


@examples(60)
@given(plans())
def test_passing_the_core_agrees_with_an_enumeration_of_shortest_paths(drawn):
    problem, built, core = drawn
    net, times = net_of(problem, built), core_times(problem, built, core)
    inside = {i for i, name in enumerate(problem.nodes) if name in core}
    for k, pair in enumerate(problem.pairs):
        if not nx.has_path(net, pair.origin, pair.destination):
            assert times.best[k] == UNREACHED
        elif pair.origin not in inside and pair.destination not in inside:
            paths = list(nx.all_shortest_paths(net, pair.origin, pair.destination, "weight"))
            passing = [not inside.isdisjoint(path) for path in paths]
            assert (times.on_every[k], times.on_some[k]) == (all(passing), any(passing))


@examples(60)
@given(plans())
def test_closed_times_are_those_of_the_network_without_the_core(drawn):
    problem, built, core = drawn
    times, net = core_times(problem, built, core), net_of(problem, built)
    net.remove_nodes_from([i for i, name in enumerate(problem.nodes) if name in core])
    for k in np.flatnonzero(~times.ends):
        pair = problem.pairs[k]
        lengths = nx.single_source_dijkstra_path_length(net, pair.origin)
        assert times.closed[k] == lengths.get(pair.destination, UNREACHED)


@examples(60)
@given(plans())
def test_times_through_the_core_are_the_shortest_by_way_of_one_of_its_nodes(drawn):
    problem, built, core = drawn
    times, net = core_times(problem, built, core), net_of(problem, built)
    inside = [i for i, name in enumerate(problem.nodes) if name in core]
    away = {i: nx.single_source_dijkstra_path_length(net, i) for i in net}
    for k in np.flatnonzero(~times.ends):
        o, d = problem.pairs[k].origin, problem.pairs[k].destination
        ways = [away[o][v] + away[v][d] for v in inside if v in away[o] and d in away[v]]
        assert times.through[k] == min(ways, default=UNREACHED)


@examples(60)
@given(plans())
def test_parts_of_the_weight_sum_to_the_whole(drawn):
    problem, built, core = drawn
    found = dependence(problem, built, core)
    assert found.ends + found.apart + found.weight == sum(pair.weight for pair in problem.pairs)
    assert found.cut_off + found.still_joined == found.weight
    assert found.on_every <= found.on_some <= found.weight
    assert found.through >= found.best


@examples(60)
@given(plans(), st.data())
def test_no_fewer_pairs_need_a_larger_core(drawn, data):
    problem, built, core = drawn
    outside = [p for p in problem.pairs if not {problem.nodes[p.origin], problem.nodes[p.destination]} & core]
    spare = set(problem.nodes) - {problem.nodes[n] for p in outside for n in (p.origin, p.destination)}
    more = core | (data.draw(st.sets(st.sampled_from(sorted(spare)))) if spare else set())
    kept = problem.replace(pairs=tuple(outside), cities=())
    assert dependence(kept, built, more).on_every >= dependence(kept, built, core).on_every


@examples(40)
@given(problems())
def test_trips_through_a_node_lie_between_those_that_must_and_those_that_may_pass_it(problem):
    built = [c.id for c in problem.candidates]
    found = trips(problem, built, []).through
    weight = np.array([pair.weight for pair in problem.pairs], dtype=float)
    for i, name in enumerate(problem.nodes):
        times = core_times(problem, built, [name])
        assert weight[times.on_every].sum() <= found[i] <= weight[times.on_some].sum()


@examples(60)
@given(arc_lists(7), pair_lists(7))
def test_the_areas_that_a_pair_passes_are_those_of_one_shortest_path(arcs, pairs):
    graph, table = graph_of(7, arcs), np.array(arcs, dtype=np.int64).reshape(-1, 3)
    area = np.array([0, 1, 2, 3, 4, 5, NO_AREA])
    network = MarkedNetwork(*table.T, area, np.zeros(7, dtype=bool), np.zeros(len(table), dtype=bool))
    for one, other in pairs:
        found = count_trips(network, np.array([one]), np.array([other]), np.array([3]), areas=6)
        passed = {area for area in range(6) if found.through[area]}
        if not nx.has_path(graph, one, other):
            assert not passed
            assert not found.elsewhere.any()
            continue
        paths = nx.all_shortest_paths(graph, one, other, weight="weight")
        assert passed in [set(path) - {one, other, 6} for path in paths]
        assert found.elsewhere.tolist() == [0 if area in (one, other) else 3 for area in range(6)]

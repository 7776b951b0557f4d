"""Check that the design problem says what the full graph says."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from networks.skims import TimeGraph, time_matrix
from optimiser import problem as problems
from optimiser.problem.errors import CandidateError, ProblemError
from optimiser.proposals.costs import Cost, builtin_cost_table
from optimiser.proposals.prepare import city_pairs, design_problem, overlay, paths_of
from optimiser.proposals.shortest_times import NO_PATH_S, times_between
from optimiser.proposals.table import Candidates, Proposal, assemble, fix
from optimiser.proposals.terrain import PLAIN

CITIES = 3
NODES = 9

arc_lists = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(1, 12)), max_size=30
)
candidate_lists = st.lists(
    st.lists(
        st.tuples(st.integers(0, NODES + 1), st.integers(0, NODES - 1), st.integers(1, 12)),
        min_size=1,
        max_size=3,
    ),
    max_size=4,
)


def name_of(node: int) -> str:
    if node < CITIES:
        return f"city:{node}"
    return f"road:{node}" if node < NODES else f"new:{node}"


def graph_of(arcs) -> TimeGraph:
    columns = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    nodes = pd.DataFrame({"node_id": [name_of(node) for node in range(NODES)]})
    ends = np.arange(CITIES, dtype=np.int64)
    return TimeGraph(
        nodes=nodes,
        tail=columns[0],
        head=columns[1],
        seconds=columns[2],
        kind=np.zeros(len(arcs), dtype=np.int8),
        ref=np.full(len(arcs), -1, dtype=np.int64),
        origin=ends,
        destination=ends,
        definition="door_to_door",
    )


def candidates_of(lists) -> Candidates:
    proposals = [
        Proposal(
            candidate_id=f"c{at}",
            kind="own",
            instrument="infrastructure",
            mode="road",
            from_name="",
            to_name="",
            length_km=1.0,
            speed_kmh=1.0,
            standard="",
            why="",
            geometry=shapely.LineString([(0, 0), (1, 0)]),
            arcs=tuple((name_of(a), name_of(b), s) for a, b, s in arcs),
            cost=Cost(at, at + 10, at + 20),
        )
        for at, arcs in enumerate(lists)
    ]
    return assemble(proposals, builtin_cost_table(), PLAIN)


def skim_of(graph: TimeGraph):
    times = time_matrix(NODES, graph.tail, graph.head, graph.seconds)
    found = times_between(times, graph.origin, graph.destination)
    return np.where(found < NO_PATH_S, found, np.iinfo(np.int64).max)


def table(populations=(100, 900, 400), tiers=("small", "core", "secondary")) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "city_id": [str(at) for at in range(len(populations))],
            "name": [str(at) for at in range(len(populations))],
            "tier": list(tiers),
            "population": list(populations),
        }
    )


def full_times(arcs, built):
    every = [*arcs, *itertools.chain.from_iterable(built)]
    columns = np.array(every, dtype=np.int64).reshape(-1, 3).T
    ends = np.arange(CITIES)
    return times_between(time_matrix(NODES + 2, *columns), ends, ends)


def problem_times(problem, built):
    every = [*problem.arcs, *(arc for at in built for arc in problem.candidates[at].arcs)]
    columns = np.array(every, dtype=np.int64).reshape(-1, 3).T
    ends = [np.array([getattr(pair, end) for pair in problem.pairs]) for end in ("origin", "destination")]
    found = times_between(
        time_matrix(len(problem.nodes), *columns), np.unique(ends[0]), np.arange(len(problem.nodes))
    )
    return found[np.searchsorted(np.unique(ends[0]), ends[0]), ends[1]]


@examples(150)
@given(arc_lists, candidate_lists, st.integers(5, 40), st.booleans())
def test_any_plan_has_the_same_times_within_the_limit_as_on_the_full_graph(arcs, lists, limit, is_sparse):
    graph = graph_of(arcs)
    prepared = design_problem(
        graph, table(), candidates_of(lists), skim_of(graph), limit_s=limit, is_sparse=is_sparse
    )
    pairs = prepared.pairs
    for size in range(len(lists) + 1):
        for built in itertools.combinations(range(len(lists)), size):
            true = full_times(arcs, [lists[at] for at in built])[pairs["origin"], pairs["destination"]]
            found = problem_times(prepared.problem, built)
            within = true <= limit
            assert (found[within] == true[within]).all()
            assert (found[~within] > limit).all()


@examples(150)
@given(arc_lists, st.sets(st.integers(0, NODES - 1), min_size=2, max_size=6))
def test_the_overlay_keeps_every_distance_between_terminals(arcs, terminals):
    rows = np.array(sorted(terminals), dtype=np.int64)
    graph = graph_of(arcs)
    small = overlay(NODES, paths_of(NODES, graph.tail, graph.head, graph.seconds), rows)
    kept = times_between(time_matrix(NODES, small.tail, small.head, small.seconds), rows, rows)
    full = times_between(time_matrix(NODES, graph.tail, graph.head, graph.seconds), rows, rows)
    assert (kept == full).all()


@examples(60)
@given(arc_lists, st.sets(st.integers(0, NODES - 1), min_size=2, max_size=5))
def test_no_arc_of_the_overlay_can_be_spared(arcs, terminals):
    rows = np.array(sorted(terminals), dtype=np.int64)
    graph = graph_of(arcs)
    small = overlay(NODES, paths_of(NODES, graph.tail, graph.head, graph.seconds), rows)
    for spared in range(len(small.tail)):
        left = np.arange(len(small.tail)) != spared
        tail, head = small.tail[spared : spared + 1], small.head[spared : spared + 1]
        without = time_matrix(NODES, small.tail[left], small.head[left], small.seconds[left])
        assert times_between(without, tail, head)[0, 0] > small.seconds[spared]


LINE = [(0, 3, 5), (3, 1, 5), (1, 3, 5), (3, 0, 5), (1, 2, 4), (2, 1, 4)]


def prepared_line(lists=(((0, 2, 3),),), **options):
    graph = graph_of(LINE)
    return design_problem(graph, table(), candidates_of(lists), skim_of(graph), **{"limit_s": 12, **options})


def test_every_unordered_pair_is_there_once_with_the_larger_city_first():
    pairs = prepared_line().pairs
    assert pairs[["origin", "destination"]].to_numpy().tolist() == [[1, 2], [1, 0], [2, 0]]
    assert pairs["group"].tolist() == ["secondary", "small", "small"]


def test_weights_are_the_root_of_the_smaller_population():
    assert [pair.weight for pair in prepared_line().problem.pairs] == [20, 10, 10]


def test_cities_of_one_size_are_taken_in_their_order():
    pairs = city_pairs(table((5, 5, 5)), np.zeros((3, 3), dtype=np.int64), limit_s=1)
    assert pairs[["origin", "destination"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 2]]


def test_the_budget_is_a_share_of_all_central_costs_rounded_down():
    lists = [((0, 2, 3),), ((2, 0, 3),)]
    assert prepared_line(lists, budget_share=0.1).problem.budget == 2
    assert prepared_line(lists, budget_share=Fraction(1, 3)).problem.budget == 7


def test_an_amount_goes_before_a_share_and_none_means_least_cost():
    assert prepared_line(budget=5).problem.budget == 5
    assert prepared_line(budget_share=None).problem.budget is None


def test_pairs_say_what_they_take_today_and_with_everything_built():
    pairs = prepared_line(lists=[((2, 0, 3),)]).pairs
    assert pairs["today_s"].tolist() == [4, 10, 14]
    assert pairs["best_s"].tolist() == [4, 7, 3]
    assert pairs["covered_today"].tolist() == [True, True, False]
    assert pairs["coverable"].tolist() == [True, True, True]


def test_a_candidate_fixed_out_makes_nothing_coverable():
    graph = graph_of(LINE)
    out = fix(candidates_of([((2, 0, 3),)]), out=["c0"])
    pairs = design_problem(graph, table(), out, skim_of(graph), limit_s=12).pairs
    assert pairs["coverable"].tolist() == [True, True, False]


def test_the_problem_survives_its_file(tmp_path):
    problem = prepared_line().problem
    problems.save(problem, tmp_path / "problem.json")
    assert problems.load(tmp_path / "problem.json") == problem


def test_negative_numbers_are_refused_all_at_once():
    with pytest.raises(ProblemError) as error:
        prepared_line(limit_s=-1, budget=-5)
    assert len(error.value.faults) == 4  # of three pairs, and the budget


def test_candidates_that_hang_on_nothing_are_refused():
    with pytest.raises(CandidateError, match="no end of it"):
        prepared_line(lists=[((9, 9, 3),)])


def test_arcs_without_time_are_refused():
    with pytest.raises(CandidateError, match="less than 1"):
        prepared_line(lists=[((0, 2, 0),)])


def test_the_problem_keeps_what_pairs_can_use():
    prepared = prepared_line(lists=[((2, 0, 3),), ((9, 1, 50), (1, 9, 50))])
    assert prepared.problem.nodes == ("city:0", "city:1", "city:2")
    assert sorted(prepared.problem.arcs) == [(1, 0, 10), (1, 2, 4), (2, 1, 4)]
    assert [c.arcs for c in prepared.problem.candidates] == [((2, 0, 3),), ()]


@pytest.mark.parametrize(
    ("limit_s", "beyond_s", "arcs"), [(12, 0, 0), (12, 1, 0), (12, 2, 1), (13, 1, 1), (14, 0, 1)]
)
def test_arcs_count_within_the_limit_and_what_lies_beyond_it(limit_s, beyond_s, arcs):
    """With the candidate a trip from city 2 to city 0 takes 14 s, as long as without it."""
    found = prepared_line(lists=[((2, 3, 9),)], limit_s=limit_s, beyond_s=beyond_s)
    assert len(found.problem.candidates[0].arcs) == arcs
    assert found.pairs["coverable"].tolist() == [True, True, limit_s >= 14]
    assert found.problem.pairs[0].limit == limit_s


def test_pairs_without_a_way_take_no_time_and_are_not_covered():
    graph = graph_of([(0, 1, 5), (1, 0, 5)])
    found = design_problem(graph, table(), candidates_of([((0, 1, 4),)]), skim_of(graph), limit_s=12)
    assert found.pairs["today_s"].tolist() == [-1, 5, -1]
    assert found.pairs["best_s"].tolist() == [-1, 5, -1]
    assert found.pairs["covered_today"].tolist() == [False, True, False]


def test_numbers_of_zero_are_no_fault_and_each_negative_one_is_named():
    assert prepared_line(limit_s=0, budget_share=0).problem.budget == 0
    for options, fault in (
        ({"limit_s": -1}, "pairs[0].limit: -1"),
        ({"budget_share": -0.1}, "budget: -1"),
        ({"budget": -1}, "budget: -1"),
    ):
        with pytest.raises(ProblemError) as error:
            prepared_line(**options)
        assert error.value.faults[0].startswith(fault)


def test_texts_of_a_problem_are_those_asked_for():
    problem = prepared_line(name="n", note="t", money="m").problem
    assert (problem.name, problem.note, problem.money) == ("n", "t", "m")
    assert prepared_line().problem.money == candidates_of([]).money
    assert prepared_line(money="").problem.money == ""


def test_a_candidate_must_touch_the_graph_at_one_end():
    assert len(prepared_line(lists=[((9, 1, 3),), ((0, 1, 3),)]).problem.candidates) == 2
    stretch = candidates_of([((0, 1, 3),)])
    bare = dataclasses.replace(stretch, arcs=stretch.arcs.iloc[:0])
    graph = graph_of(LINE)
    with pytest.raises(CandidateError, match="c0: no end of it"):
        design_problem(graph, table(), bare, skim_of(graph), limit_s=12)


@pytest.mark.parametrize(("limit_s", "covered"), [(3, 0), (4, 1), (9, 1), (10, 2), (13, 2), (14, 3)])
def test_pairs_are_covered_today_up_to_the_limit_to_the_second(limit_s, covered):
    pairs = prepared_line(limit_s=limit_s).pairs
    assert pairs["covered_today"].tolist() == [k < covered for k in range(3)]


@pytest.mark.parametrize("extra", [0, 2])
def test_an_overlay_has_the_terminals_and_the_nodes_that_are_added(extra):
    graph, rows = graph_of(LINE), np.array([0, 2], dtype=np.int64)
    between = paths_of(NODES, graph.tail, graph.head, graph.seconds)
    found = overlay(NODES, between, rows, extra=extra) if extra else overlay(NODES, between, rows)
    assert found.terminals.tolist() == [0, 2, *range(NODES, NODES + extra)]
    assert found.distance.tolist() == [[0, 14], [14, 0]]
    assert found.at(np.array([2, 0])).tolist() == [1, 0]


@given(arc_lists, st.lists(st.integers(0, NODES - 1), min_size=1, unique=True))
def test_two_terminals_have_an_arc_unless_a_third_lies_on_a_shortest_path(arcs, terminals):
    graph, kept = graph_of(arcs), sorted(terminals)
    small = overlay(NODES, paths_of(NODES, graph.tail, graph.head, graph.seconds), np.array(terminals))
    far = small.distance
    expected = [
        (kept[a], kept[b], far[a, b])
        for a, b in itertools.permutations(range(len(kept)), 2)
        if far[a, b] < NO_PATH_S
        and not any(far[a, c] + far[c, b] == far[a, b] for c in range(len(kept)) if c not in (a, b))
    ]
    assert list(zip(small.tail, small.head, small.seconds, strict=True)) == expected

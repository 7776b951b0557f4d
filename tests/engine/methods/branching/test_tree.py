from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem, side_problems
from cut_drawing import clique_covers, meshes, two_of_three
from engine_running import LONG_S
from hypothesis import given
from hypothesis import strategies as st
from knapsack_program import Knapsack, round_of, run
from stated_rows import rows_of
from tiers import examples, thinned

from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.branching.tree import Node, PlungeRules, Worker, _strongest, search
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import ObjectiveScale
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables


@st.composite
def knapsacks(draw, *, flawed=True):
    count = draw(st.integers(1, 9))
    numbers = st.lists(st.integers(1, 12), min_size=count, max_size=count)
    return Knapsack(
        tuple(draw(numbers)),
        tuple(draw(numbers)),
        draw(st.integers(0, 6 * count)),
        failing=draw(st.sampled_from([0, 0, 2, 3])) if flawed else 0,
        slow=draw(st.booleans()) if flawed else False,
    )


def hard(count=12):
    """Sizes in a row and values beside them: nodes are many, since every item is about as good."""
    sizes = tuple(50 + 7 * j % 31 for j in range(count))
    values = tuple(size + (j % 3) for j, size in enumerate(sizes))
    return Knapsack(values, sizes, sum(sizes) // 2)


few = st.sampled_from([1, 2, 3])
lengths = st.sampled_from([PlungeRules(), PlungeRules(length=1), PlungeRules(length=40)])


@given(knapsacks(), few, lengths)
@examples(150)
def test_the_best_plan_is_found_and_proved(knapsack, threads, rules):
    seen = run(knapsack, threads=threads, rules=rules)
    best = knapsack.brute_force()
    assert seen.outcome.complete
    assert (seen.best, seen.outcome.bound) == (best, best)


@given(knapsacks(), few)
@examples(100)
def test_bounds_fall_and_stay_above_the_best_plan(knapsack, threads):
    bounds = [report.bound for report in run(knapsack, threads=threads).reports]
    assert all(bound >= knapsack.brute_force() for bound in bounds)
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(bounds))


@given(knapsacks(), few)
@examples(60)
def test_reported_plans_are_feasible_and_improve(knapsack, threads):
    seen = run(knapsack, threads=threads, rules=PlungeRules(length=2))
    for report in seen.reports:
        assert all(math.isfinite(knapsack.value_of(plan)) for plan in report.plans)
    assert seen.best == max(knapsack.value_of(np.array(plan)) for plan in seen.plans)


@given(knapsacks())
@examples(60)
def test_a_known_best_plan_is_proved_without_finding_another(knapsack):
    best = knapsack.brute_force()
    seen = run(knapsack, cutoff=best)
    assert (seen.outcome.bound, seen.outcome.complete, seen.plans) == (best, True, [])


@given(knapsacks(), st.integers(1, 3))
@examples(150)
def test_a_plan_slightly_better_than_the_known_one_is_found(knapsack, less):
    best = knapsack.brute_force()
    seen = run(knapsack, cutoff=best - less)
    assert (seen.best, seen.outcome.bound, seen.outcome.complete) == (best, best, True)


@pytest.mark.parametrize("less", [1, 2, 5])
def test_fixing_by_reduced_cost_in_a_hard_problem_keeps_its_best_plan(less):
    best = hard().brute_force()
    seen = run(hard(), cutoff=best - less)
    assert (seen.best, seen.outcome.bound) == (best, best)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_two_runs_with_as_many_workers_are_the_same(threads):
    first, second = (run(hard(), threads=threads) for _ in range(2))
    assert first.nodes > 10
    assert (first.plans, first.nodes, first.outcome) == (second.plans, second.nodes, second.outcome)
    assert [report.bound for report in first.reports] == [report.bound for report in second.reports]


@given(knapsacks(flawed=False), few, st.integers(0, 6))
@examples(100)
def test_a_search_that_is_ended_returns_a_valid_bound(knapsack, threads, rounds):
    count = iter(range(rounds, -1, -1))
    seen = run(knapsack, threads=threads, rules=PlungeRules(length=1), ends=lambda: next(count) == 0)
    assert seen.outcome.bound >= knapsack.brute_force()
    if seen.outcome.complete:
        assert seen.outcome.bound == knapsack.brute_force()


@given(knapsacks(), st.integers(0, 40))
@examples(100)
def test_a_time_limit_within_a_plunge_loses_no_node(knapsack, calls):
    clock = iter(range(calls, -(10**6), -1))
    times = []

    def left():
        times.append(next(clock))
        return float(times[-1])

    seen = run(knapsack, left=left, ends=lambda: times[-1] <= 0)
    assert seen.outcome.bound >= knapsack.brute_force()


def test_an_ended_search_of_a_hard_problem_leaves_a_gap():
    seen = run(hard(), rules=PlungeRules(length=1), ends=lambda: True)
    assert not seen.outcome.complete
    assert seen.nodes == 1
    assert hard().brute_force() <= seen.outcome.bound < sum(hard().values)


def test_an_infeasible_relaxation_ends_without_a_plan():
    seen = run(Knapsack((5,), (2,), -1))
    assert (seen.outcome.bound, seen.outcome.complete, seen.nodes) == (-math.inf, True, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_where_every_plan_is_refused_the_search_goes_on_until_each_node_holds_one(threads):
    seen = run(Knapsack((5, 3), (2, 2), 2, refuses=True), threads=threads)
    assert (seen.outcome.bound, seen.outcome.complete, seen.plans) == (-math.inf, True, [])
    assert seen.nodes > 3


def test_more_workers_than_nodes_end_without_waiting():
    assert run(Knapsack((3,), (1,), 1), threads=3).nodes == 1


# ---- trees of problems

BARE = PlungeRules(length=3, rounds=0)
"""Cuts at integer points alone, so that small problems branch too."""


def branched(problem, *, threads=1, rules=BARE, left=lambda: 10.0, rounds=10**6):
    """Search the tree from a relaxation without cuts; return outcome, best plan, reports, and the scale."""
    t = tables(problem)
    programs = [Relaxation(problem, seed=0) for _ in range(threads)]
    incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _message: None)
    scale = ObjectiveScale(incumbent, programs[0].divisor)
    workers = [
        Worker(program, CutFinder(t), np.ones(len(t.limit)), scale.of_plan, left, rules, 0)
        for program in programs
    ]
    reports, best = [], [(-math.inf, None)]

    def report(bound, plunges):
        now = round_of(bound, plunges)
        reports.append(now)
        for plan in now.plans:
            best.append(max(best[-1], (scale.of_plan(plan), plan), key=lambda pair: pair[0]))
        return best[-1][0], len(reports) >= rounds

    root = Node.root(programs[0].solve(seconds=10))
    bound, complete = search(root, workers, cutoff=-math.inf, report=report)
    return SimpleNamespace(bound=bound, complete=complete), best[-1][1], reports, scale


def reduced(problem):
    """Return a reduced problem, None when nothing is left of it."""
    found = reduce(problem).problem
    return found if found.candidates and found.pairs else None


def check(problem, outcome, plan, scale):
    best = brute_force(problem)
    assert outcome.complete
    if best is None:
        assert (outcome.bound, plan) == (-math.inf, None)
    else:
        t = tables(problem)
        assert fits(t, plan)
        assert objective_of(t, plan) == best
        assert scale.to_objective(outcome.bound) == best


@given(side_problems(), st.sampled_from([1, 2]))
@examples(100)
def test_a_tree_ends_at_the_best_plan_with_any_side_constraints(problem, threads):
    problem = reduced(problem)
    if problem is not None:
        outcome, plan, _, scale = branched(problem, threads=threads)
        check(problem, outcome, plan, scale)


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_a_tree_of_a_dense_problem_ends_at_the_best_plan(seed):
    problem = reduced(dense_problem(seed))
    if problem is not None:
        outcome, plan, _, scale = branched(problem, threads=1 + seed % 3)
        check(problem, outcome, plan, scale)


@given(meshes() | meshes(budget="some"), st.sampled_from([PlungeRules(), BARE]))
@examples(60)
def test_a_tree_of_a_mesh_with_long_candidates_ends_at_the_best_plan(problem, rules):
    outcome, plan, _, scale = branched(problem, rules=rules)
    check(problem, outcome, plan, scale)


@given(meshes(budget="some"), st.integers(1, 4))
@examples(40)
def test_a_tree_that_is_ended_returns_a_valid_bound(problem, rounds):
    outcome, _, reports, scale = branched(problem, rules=PlungeRules(length=1, rounds=0), rounds=rounds)
    best = brute_force(problem)
    assert scale.to_objective(outcome.bound) >= best - 1e-5
    assert all(scale.to_objective(report.bound) >= best - 1e-5 for report in reports)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cover_of_all_edges_of_full_graphs_leaves_out_the_dearest_vertices(threads):
    problem = clique_covers(3, 5)
    outcome, plan, _, scale = branched(problem, threads=threads, rules=PlungeRules())
    costs = np.array([c.cost for c in problem.candidates])
    assert outcome.complete
    assert scale.to_objective(outcome.bound) == plan[:-1] @ costs
    assert plan[:-1] @ costs == costs.sum() - costs.reshape(3, 5).max(axis=1).sum()


@pytest.mark.parametrize("threads", [1, 2])
def test_two_runs_with_equally_many_workers_search_equal_trees(threads):
    problem = clique_covers(5, 3)
    first, second = (branched(problem, threads=threads) for _ in range(2))
    assert (first[1] == second[1]).all()
    assert [(r.bound, r.nodes, r.cuts) for r in first[2]] == [(r.bound, r.nodes, r.cuts) for r in second[2]]
    assert sum(report.nodes for report in first[2]) > 20


def test_a_relaxation_with_points_but_no_plan_is_proved_to_have_none():
    excludes = (("c0", "c1"), ("c0", "c2"), ("c1", "c2"))
    outcome, plan, reports, _ = branched(two_of_three(excludes=excludes))
    assert (outcome.bound, outcome.complete, plan) == (-math.inf, True, None)
    assert reports


# ---- choice of cuts


def strongest(rows, *, y, x, weight, most):
    """Return the pairs of each row that is kept."""
    solution = LpSolution("optimal", 0.0, np.array(x), np.array(y), np.zeros(len(x)))
    found = _strongest(rows, solution, np.array(x), np.array(weight), most)
    return [found.pairs_of(i).tolist() for i in range(len(found))]


def test_the_strongest_rows_have_the_largest_violation_times_the_mean_weight_of_their_pairs():
    rows = rows_of(((0,), {0: 1.0}), ((0, 1), {0: 1.0, 1: 1.0}), ((1,), {1: 1.0}))
    point = {"y": [1.0, 1.0], "x": [0.4, 0.9], "weight": [2.0, 6.0]}
    # violations 0.6, 0.7 and 0.1, mean weights 2, 4 and 6
    assert strongest(rows, **point, most=1) == [[0, 1]]
    assert strongest(rows, **point, most=2) == [[0], [0, 1]]
    assert strongest(rows, **point, most=3) == [[0], [0, 1], [1]]

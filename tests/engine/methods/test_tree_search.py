from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knapsack_program import Knapsack, run

from optimiser.engine.methods.branching.nodes import whole
from optimiser.engine.methods.branching.tree import Rules


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
lengths = st.sampled_from([Rules(), Rules(length=1), Rules(length=40)])


@given(knapsacks(), few, lengths)
@settings(max_examples=150, deadline=None)
def test_the_best_plan_is_found_and_proved(knapsack, threads, rules):
    seen = run(knapsack, threads=threads, rules=rules)
    best = knapsack.brute_force()
    assert seen.outcome.complete
    assert (seen.best, seen.outcome.bound) == (best, best)


@given(knapsacks(), few)
@settings(max_examples=100, deadline=None)
def test_bounds_fall_and_stay_above_the_best_plan(knapsack, threads):
    bounds = [report.bound for report in run(knapsack, threads=threads).reports]
    assert all(bound >= knapsack.brute_force() for bound in bounds)
    assert bounds == sorted(bounds, reverse=True)


@given(knapsacks(), few)
@settings(max_examples=60, deadline=None)
def test_plans_that_are_told_fit_and_rise(knapsack, threads):
    seen = run(knapsack, threads=threads, rules=Rules(length=2))
    for report in seen.reports:
        worths = [knapsack.worth_of(plan) for plan in report.plans]
        assert all(math.isfinite(worth) for worth in worths)
    assert seen.best == max(knapsack.worth_of(np.array(plan)) for plan in seen.plans)


@given(knapsacks())
@settings(max_examples=60, deadline=None)
def test_a_known_best_plan_is_proved_without_another(knapsack):
    best = knapsack.brute_force()
    seen = run(knapsack, cutoff=best)
    assert (seen.outcome.bound, seen.outcome.complete, seen.plans) == (best, True, [])


@given(knapsacks(), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_a_plan_little_better_than_the_known_one_is_found(knapsack, less):
    best = knapsack.brute_force()
    seen = run(knapsack, cutoff=best - less)
    assert (seen.best, seen.outcome.bound, seen.outcome.complete) == (best, best, True)


@pytest.mark.parametrize("less", [1, 2, 5])
def test_what_the_bound_fixes_in_a_hard_problem_spares_its_best_plan(less):
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
@settings(max_examples=100, deadline=None)
def test_a_search_that_is_told_to_end_says_a_bound_that_holds(knapsack, threads, rounds):
    count = iter(range(rounds, -1, -1))
    seen = run(knapsack, threads=threads, rules=Rules(length=1), ends=lambda: next(count) == 0)
    assert seen.outcome.bound >= knapsack.brute_force()
    if seen.outcome.complete:
        assert seen.outcome.bound == knapsack.brute_force()


@given(knapsacks(), st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_a_limit_of_time_within_a_plunge_loses_no_part(knapsack, calls):
    clock = iter(range(calls, -(10**6), -1))
    times = []

    def left():
        times.append(next(clock))
        return float(times[-1])

    seen = run(knapsack, left=left, ends=lambda: times[-1] <= 0)
    assert seen.outcome.bound >= knapsack.brute_force()


def test_an_ended_search_of_a_hard_problem_leaves_a_gap():
    seen = run(hard(), rules=Rules(length=1), ends=lambda: True)
    assert not seen.outcome.complete
    assert seen.nodes == 1
    assert hard().brute_force() <= seen.outcome.bound < sum(hard().values)


def test_a_space_without_any_point_holds_no_plan():
    seen = run(Knapsack((5,), (2,), -1))
    assert (seen.outcome.bound, seen.outcome.complete, seen.nodes) == (-math.inf, True, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_plan_that_is_refused_leaves_the_bound_of_its_part(threads):
    seen = run(Knapsack((5, 3), (2, 2), 2, refuses=True), threads=threads)
    assert (seen.outcome.bound, seen.plans) == (5.0, [])


def test_workers_share_a_tree_of_few_nodes_without_waiting_for_more():
    assert run(Knapsack((3,), (1,), 1), threads=3).nodes == 1


@pytest.mark.parametrize(
    ("worth", "value"),
    [(3.0, 3), (2.9999999, 3), (2.99, 2), (-4.0000001, -4), (-math.inf, -math.inf), (math.inf, math.inf)],
)
def test_a_bound_allows_the_largest_whole_worth_below_it(worth, value):
    assert whole(worth) == value

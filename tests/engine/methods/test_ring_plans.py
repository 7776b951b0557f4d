from __future__ import annotations

import math

import numpy as np
import pytest
from ring_drawing import ring_problem, ringed, square, whole_brute_force, whole_value

from optimiser.engine.methods.ring_starts import ring_starts
from optimiser.engine.models.whole import counting_rings
from optimiser.engine.search.evaluation import PlanEvaluator

SEEDS = [seed for seed in range(200) if ring_problem(seed).rings and not ring_problem(seed).periods]


def starts(problem, *, any_plan=False):
    return list(ring_starts(problem, any_plan=any_plan, seed=1, left=lambda: math.inf))


def needs_a_ring(problem):
    return any(ring.required for ring in counting_rings(problem))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_start_is_a_plan_that_keeps_every_rule(seed):
    problem = ring_problem(seed).canonical()
    for start in starts(problem):
        assert PlanEvaluator(problem)(start.built, rings=start.circuits).faults == ()
        assert whole_value(problem, set(start.built), dict(start.circuits), {}) is not None


def test_a_start_is_found_for_most_problems_that_have_a_plan_and_need_a_ring():
    able = [ring_problem(seed).canonical() for seed in SEEDS if needs_a_ring(ring_problem(seed))]
    able = [problem for problem in able if whole_brute_force(problem) is not None]
    assert len(able) > 8
    assert np.mean([bool(starts(problem)) for problem in able]) > 0.6


def test_the_money_that_a_ring_leaves_is_spent_on_pairs():
    best = starts(ringed())[-1]
    assert best.built == ("fast", "north", "west")
    assert best.circuits.keys() == {"square"}


def test_where_any_plan_will_do_nothing_is_built_beyond_the_ring():
    (only,) = starts(ringed(), any_plan=True)
    assert only.built == ("north", "west")
    assert only.rest is None


def test_a_ring_that_is_worth_something_is_tried_and_left_out():
    plans = starts(ringed(square(required=False, reward=3)))
    assert {tuple(start.circuits) for start in plans} == {(), ("square",)}


def test_a_ring_beyond_the_budget_gives_no_start():
    assert starts(ringed(budget=4)) == []


def test_more_attempts_never_make_a_start_worse():
    for seed in SEEDS[:40]:
        problem = ring_problem(seed).canonical()
        judge = PlanEvaluator(problem)
        for start in starts(problem):
            if start.rest is not None:
                guide = {c.id: 0.5 for c in problem.candidates}
                better = start.rest.improved(guide, stop=lambda: False)
                before = judge(start.built, rings=start.circuits)
                after = judge(better, rings=start.circuits)
                assert not after.faults
                sign = -1 if problem.budget is None else 1
                assert sign * after.objective >= sign * before.objective

from __future__ import annotations

import math

import numpy as np
import pytest
from ring_drawing import ring_problem, ringed, square, whole_brute_force, whole_value
from tiers import thinned

from optimiser.engine.methods import ring_plans
from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.methods.ring_plans import first_plans
from optimiser.engine.models.extended import counting_rings
from optimiser.engine.search.incumbent import PlanEvaluator

SEEDS = [seed for seed in range(200) if ring_problem(seed).rings and not ring_problem(seed).periods]


def plans_of(problem, *, any_plan=False):
    return [plan for plan, _ in first_plans(problem, any_plan=any_plan, seed=1, left=lambda: math.inf)]


def needs_a_ring(problem):
    return any(ring.required for ring in counting_rings(problem))


@pytest.mark.parametrize("seed", thinned(SEEDS, 14))
def test_every_first_plan_is_feasible(seed):
    problem = ring_problem(seed).canonical()
    for plan in plans_of(problem):
        assert PlanEvaluator(problem)(plan.built, rings=plan.circuits).faults == ()
        assert whole_value(problem, set(plan.built), dict(plan.circuits), {}) is not None


@pytest.mark.long
def test_most_problems_that_have_a_plan_and_need_a_ring_have_a_first_plan():
    able = [ring_problem(seed).canonical() for seed in SEEDS if needs_a_ring(ring_problem(seed))]
    able = [problem for problem in able if whole_brute_force(problem) is not None]
    assert len(able) > 8
    assert np.mean([bool(plans_of(problem)) for problem in able]) > 0.6


def test_the_money_that_a_ring_leaves_is_spent_on_pairs():
    best = plans_of(ringed())[-1]
    assert best.built == ("fast", "north", "west")
    assert best.circuits.keys() == {"square"}


def test_nothing_is_built_beyond_the_ring_where_any_plan_will_do():
    ((only, remainder),) = first_plans(ringed(), any_plan=True, seed=1, left=lambda: math.inf)
    assert only.built == ("north", "west")
    assert remainder is None


def test_a_ring_with_a_reward_is_formed_in_some_plans_and_left_out_in_others():
    plans = plans_of(ringed(square(required=False, reward=3)))
    assert {tuple(plan.circuits) for plan in plans} == {(), ("square",)}


def test_a_ring_beyond_the_budget_gives_no_first_plan():
    assert plans_of(ringed(budget=4)) == []


def test_more_attempts_never_make_a_first_plan_worse(draws):
    for at in draws(10, 40):
        problem = ring_problem(SEEDS[at]).canonical()
        evaluate = PlanEvaluator(problem)
        for plan, remainder in first_plans(problem, any_plan=False, seed=1, left=lambda: math.inf):
            if remainder is not None:
                guide = {c.id: 0.5 for c in problem.candidates}
                better = remainder.improved(guide, stop=lambda: False)
                before = evaluate(plan.built, rings=plan.circuits)
                after = evaluate(better, rings=plan.circuits)
                assert not after.faults
                sign = -1 if problem.budget is None else 1
                assert sign * after.objective >= sign * before.objective


def test_only_the_best_choice_of_circuits_is_searched_at_full_length(monkeypatch):
    searched = []

    def improve(self, *, attempts, **_others):
        searched.append(attempts)
        return attempts

    monkeypatch.setattr(Improver, "improve", improve)
    monkeypatch.setattr(ring_plans, "LEAST_ATTEMPTS", 1)
    problem = ringed(square(required=False, reward=3))
    plans = first_plans(problem, any_plan=False, seed=1, left=lambda: math.inf)
    value = PlanEvaluator(problem)
    full = [(plan, remainder) for plan, remainder in plans if remainder is not None]
    assert len({tuple(plan.circuits) for plan, _ in full}) == 2
    assert searched[:-1] == [1] * (len(full) - 1)
    assert searched[-1] == full[-1][1].attempts - 1 > 1
    objectives = [value(plan.built, rings=plan.circuits).objective for plan, _ in full]
    assert full[-1][1] is full[objectives.index(max(objectives))][1]

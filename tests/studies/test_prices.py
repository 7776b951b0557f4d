"""The price of fairness is that of an exhaustive search."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import pytest
from base_drawing import plain_base
from core_drawing import best_plans
from engine_running import HereProcess
from pydantic import TypeAdapter
from tiers import thinned
from toys import SETTINGS, by_tier, plans, rivals, toy

from optimiser import verify
from optimiser.engine import attempt as engine
from optimiser.frontier.cases import resolve
from optimiser.measures.coverage import Fairness
from optimiser.problem import Period, Target
from optimiser.problem.result import Result
from optimiser.report import page, sentences
from optimiser.run import solving
from optimiser.studies.cases import price_demands

BITING = (0, 1, 3)
"""Toys in which the demand for small pairs costs something."""

SOLVED = cache(solving.solve)
"""Each problem is solved once."""


def tried(problem):
    """Solve a problem by trying every plan, where it has neither rings nor periods."""
    if not problem.is_plain:
        return SOLVED(problem, SETTINGS)
    best = best_plans(problem)
    if not best:
        return Result(problem.name, "infeasible", (), 0, 0, 0, None, None, "trying", 0.0, 1, 1, "none")
    plan = verify.score(problem, best[0])
    worth, bound = (plan.cost, plan.coverage.after, plan.objective), float(plan.objective)
    return Result(problem.name, "optimal", plan.built, *worth, bound, 0.0, "trying", 0.0, 1, 1, "none")


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.setattr(engine, "ChildProcess", HereProcess)


def priced(problem, weights=None):
    base, plan = plain_base(problem, weights), verify.check(problem, tried(problem))
    return price_demands(
        base, plan, asked=("a share",), gap=SETTINGS.gap, ask=lambda case: tried(resolve(base, case))
    )


def test_losses_and_gains_are_counted_by_tier_and_in_all():
    found = priced(rivals().replace(targets=(Target("small", 4),)))
    assert [(tier.tier, tier.gained) for tier in found.tiers] == [("core", -7), ("small", 4)]
    assert (found.worth_free, found.worth_plan, found.lost) == (7, 4, 3)
    assert found.as_dict()["price_of_fairness"] == round(3 / 7, 9)
    assert (found.only_plan, found.only_free) == (("to small",), ("to core",))


def test_the_cost_of_both_is_the_cost_of_the_two_plans():
    found = priced(rivals().replace(targets=(Target("small", 4),)))
    assert (found.cost_of_both, found.both_proven) == (7, True)
    assert list(sentences.fairness(found))[-1] == (
        "A plan that achieves both costs 7 million, 2 more than the budget."
    )


def test_a_factor_is_priced_in_weights_without_it():
    doubled = tuple(replace(p, weight=p.weight * (2 if p.group == "small" else 1)) for p in rivals().pairs)
    found = priced(rivals().replace(pairs=doubled), weights=(7, 2, 2))
    assert (found.worth_free, found.worth_plan) == (7, 4)


def test_a_demand_that_the_best_plan_meets_anyway_costs_nothing():
    found = priced(rivals().replace(targets=(Target("core", 7),)))
    assert (found.as_dict()["price_of_fairness"], found.cost_of_both) == (0, None)
    assert "they cost nothing at this budget" in list(sentences.fairness(found))[1]


def test_the_value_survives_being_written():
    found = priced(rivals().replace(targets=(Target("small", 4),)))
    assert TypeAdapter(Fairness).validate_python(found.as_dict()) == found
    assert found.as_dict()["lost"] == 3


def test_the_table_ends_with_all():
    assert page.fairness_rows(priced(rivals().replace(targets=(Target("small", 4),))))[-1] == {
        "tier": "all",
        "today": "0 (0.0 %)",
        "free": "7 (63.6 %)",
        "plan": "4 (36.4 %)",
        "gained": "-3",
    }


@pytest.mark.parametrize("seed", thinned(BITING, 2))
def test_price_and_cost_of_both_equal_those_of_an_exhaustive_search(seed):
    problem = toy(seed)
    most = max(by_tier(problem, built)["small"] for built in plans(problem))
    fair = problem.replace(targets=(Target("small", most),) if most else ())
    found = priced(fair)
    every = [(built, by_tier(problem, built)) for built in plans(problem)]
    best = max(sum(have.values()) for _, have in every)
    best_fair = max(sum(have.values()) for _, have in every if have["small"] >= most)
    assert (found.worth_free, found.worth_plan) == (best, best_fair)
    if best > best_fair:
        keep = {tier.tier: tier.plan for tier in found.tiers if tier.gained > 0}
        names = [c.id for c in problem.candidates]
        anything = itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(8))
        costs = [
            problem.cost_of(built)
            for built in anything
            if sum(by_tier(problem, built).values()) >= best
            and all(by_tier(problem, built)[tier] >= weight for tier, weight in keep.items())
        ]
        assert found.cost_of_both == min(costs)


# ---- what must hold whatever the problem


@pytest.mark.parametrize("seed", BITING[:1])
def test_doubling_the_weight_of_small_pairs_never_lowers_what_is_covered_of_them(seed):
    # With S and R the covered weight of small and of other pairs, optimal plans x of the plain weights and y
    # of the doubled ones have R(x) + S(x) >= R(y) + S(y) and R(y) + 2 S(y) >= R(x) + 2 S(x): S(y) >= S(x).
    problem = toy(seed)
    doubled = tuple(replace(p, weight=p.weight * (2 if p.group == "small" else 1)) for p in problem.pairs)
    plans_ = [SOLVED(one, SETTINGS).built for one in (problem, problem.replace(pairs=doubled))]
    before, after = (by_tier(problem, built)["small"] for built in plans_)
    assert after >= before


@pytest.mark.parametrize("seed", BITING[:1])
def test_a_higher_least_weight_never_raises_the_objective(seed):
    problem = toy(seed)
    most = max(by_tier(problem, built)["small"] for built in plans(problem))
    asked = [problem.replace(targets=(Target("small", least),)) for least in (0, most)]
    plain, fair = (SOLVED(one, SETTINGS).objective for one in asked)
    assert fair < plain


@pytest.mark.parametrize("seed", thinned(BITING, 2))
def test_the_demand_for_small_pairs_costs_something_in_these_problems(seed):
    every = [by_tier(toy(seed), built) for built in plans(toy(seed))]
    most = max(have["small"] for have in every)
    best = max(sum(have.values()) for have in every)
    assert max(sum(have.values()) for have in every if have["small"] == most) < best


def test_in_periods_the_price_is_of_what_all_periods_add_up_to():
    # The small pairs cost 4 and the core pair 3, more together than the 6 there are. Small ones now are worth
    # 2 x 4 + 1 x 4; without the demand the core pair now is worth 2 x 7 + 1 x 7.
    periods = (Period("now", 4, 2), Period("later", 2, 1))
    problem = rivals().replace(budget=6, periods=periods, targets=(Target("small", 4),))
    found = priced(problem)
    assert (found.worth_free, found.worth_plan, found.lost) == (21, 12, 9)
    assert found.cost_of_both is None
    assert "9 more weight over all periods, each with its factor" in list(sentences.fairness(found))[2]

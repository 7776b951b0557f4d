"""Plans under closures are those of trying every plan under every closure."""

from __future__ import annotations

import dataclasses
import math
import random
from fractions import Fraction

import pytest
from closure_drawing import best_credit, credit, drawn_closures, weight_under
from core_drawing import line
from engine_running import LONG_S, HereProcess
from level_drawing import budgeted, plans
from tiers import thinned

from optimiser.engine.search.task import SolveParameters
from optimiser.frontier import askers, closures, levels
from optimiser.frontier.closures import INTACT, Closure, ClosureEvaluator, Keep, least_cost, most_coverage
from optimiser.problem import Period
from optimiser.problem.errors import ProblemError

EXACT = SolveParameters(time_limit_s=LONG_S, threads=1)
SEEDS = budgeted(27)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    for module in (askers, levels, closures):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)


@pytest.mark.parametrize("seed", thinned(SEEDS, 5))
def test_the_credited_coverage_is_that_of_trying_every_plan(seed):
    problem, found, keep = drawn_closures(seed)
    answer = most_coverage(problem, found, keep, EXACT)
    expected = best_credit(problem, found, keep)
    assert (answer.level, answer.bound) == (expected, expected)
    assert answer.status == ("infeasible" if expected is None else "optimal")
    if expected is not None:
        assert credit(problem, set(answer.built), found, keep) == expected
        assert answer.weights[INTACT] == weight_under(problem, answer.built)
        assert all(answer.weights[c.id] == weight_under(problem, answer.built, c) for c in found)


@pytest.mark.parametrize("seed", thinned(SEEDS[::3], 3))
def test_weights_kept_in_any_case_are_those_of_trying_every_plan(seed):
    problem, found, _ = drawn_closures(seed)
    chance = random.Random(seed)  # noqa: S311 - for drawings
    most = max((weight_under(problem, built) for built in plans(problem)), default=0)
    least = {c.id: chance.randint(0, most) for c in found if chance.random() < 0.7}
    answer = most_coverage(problem, found, Keep(least=least), EXACT)
    able = [
        weight_under(problem, built)
        for built in plans(problem)
        if all(weight_under(problem, built, c) >= least.get(c.id, 0) for c in found)
    ]
    assert answer.level == max(able, default=None)
    assert answer.status == ("optimal" if able else "infeasible")


@pytest.mark.parametrize("seed", thinned(SEEDS[::3], 3))
def test_the_least_cost_of_a_share_is_that_of_trying_every_plan(seed):
    problem, found, keep = drawn_closures(seed)
    bare = problem.replace(targets=(), cities=(), budget=sum(c.cost for c in problem.candidates))
    every = list(plans(bare))
    most = max((weight_under(bare, built) for built in every), default=0)
    least = {INTACT: most // 2} | {c.id: math.ceil(keep.share * (most // 2)) for c in found}
    answer = least_cost(problem, found, least, EXACT)
    able = [
        bare.cost_of(built)
        for built in every
        if weight_under(bare, built) >= least[INTACT]
        and all(weight_under(bare, built, c) >= least[c.id] for c in found)
    ]
    assert answer.level == min(able, default=None)
    assert answer.status == ("optimal" if able else "infeasible")
    assert not able or (answer.bound, answer.gap) == (answer.level, 0.0)


def test_what_hangs_on_one_link_is_credited_with_what_is_left():
    problem, keep = line(budget=9), Keep(share=Fraction(1))
    shut = [Closure(id=c.id, candidates=(c.id,)) for c in problem.candidates]
    free, kept = most_coverage(problem, [], keep, EXACT), most_coverage(problem, shut, keep, EXACT)
    assert (free.level, free.built) == (18, ("ac", "bd"))
    assert kept.level == best_credit(problem, shut, keep)
    assert kept.level < free.level


def test_closures_that_bind_nothing_are_not_added():
    problem = line()
    answer = most_coverage(
        problem, [Closure(id="far", candidates=("ad",))], Keep(share=Fraction(1, 9)), EXACT
    )
    assert [one.closures for one in answer.rounds] == [()]


def test_closing_more_never_raises_what_is_credited():
    problem = line(budget=16)
    one = [Closure(id="ac", candidates=("ac",)), Closure(id="bd", candidates=("bd",))]
    keep = Keep(share=Fraction(9, 10))
    values = [most_coverage(problem, one[:n], keep, EXACT).level for n in range(3)]
    assert values == sorted(values, reverse=True)
    shares = [Keep(share=Fraction(n, 10)) for n in (1, 5, 10)]
    by_share = [most_coverage(problem, one, keep, EXACT).level for keep in shares]
    assert by_share == sorted(by_share, reverse=True)


def test_an_evaluator_counts_what_is_covered_today_under_each_closure():
    problem = line()
    found = ClosureEvaluator(problem, [Closure(id="ab", arcs=(0, 1))]).today
    assert found == {INTACT: 2, "ab": 0}


def test_the_cost_is_not_minimised_with_periods():
    with pytest.raises(ProblemError) as raised:
        least_cost(line(periods=(Period("now", 7, 1),), pairs=()), [], {}, EXACT)
    assert len(raised.value.faults) == 2


def test_a_time_limit_leaves_a_plan_and_a_bound():
    problem, found, keep = drawn_closures(SEEDS[0])
    answer = most_coverage(problem, found, keep, dataclasses.replace(EXACT, time_limit_s=0.0))
    assert answer.level is None or answer.bound >= answer.level

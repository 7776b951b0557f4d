"""Robust plans are those that trying every plan in every scenario finds."""

from __future__ import annotations

import dataclasses
import math
import random
from fractions import Fraction

import pytest
from core_drawing import line
from engine_running import COUNT, HereProcess, outcome_of
from problem_files import as_json
from robust_drawing import (
    SHARES,
    best_alone,
    best_count,
    best_expected,
    best_of_own,
    best_share,
    covered_in,
    everything,
    fits,
    futures,
    least_regret,
    objective,
    pays,
    plans,
    worth,
)
from tiers import thinned

from optimiser import verify
from optimiser.engine.search.task import SolveParameters
from optimiser.frontier import askers, levels
from optimiser.frontier.robust import (
    STEPS,
    Scenario,
    affordable_in_most,
    compose,
    coverable_weights,
    covered_in_most,
    level_offset,
    robust_plan,
    solve_alone,
    with_least,
    with_share_on,
)
from optimiser.job.sections import Robust
from optimiser.problem import Candidate, Capacity, City, DesignProblem, Pair, Target, parse
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.verify.rules import covered_pairs

SEEDS = range(3 * COUNT)
ONE_THREAD = SolveParameters(threads=1, time_limit_s=300.0)


@pytest.fixture
def here(monkeypatch):
    for module in (askers, levels):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)
    return HereProcess()


def afford_of(seed):
    return ("all", "expected", "base")[seed % 3]


def weights_in(composed, built):
    """Return the weight of the pairs that a plan covers in each scenario, by the composed problem."""
    covered = covered_pairs(composed.problem, built)
    return tuple(
        sum(pair.weight for k, pair in zip(place, s.problem.pairs, strict=True) if k in covered)
        for s, place in zip(composed.scenarios, composed.pairs, strict=True)
    )


def best(problem):
    """Return the proven optimum, None where there is no plan; the claim passes the independent check."""
    result = outcome_of(problem, variant="cuts")
    if result.status == "infeasible":
        return None
    assert result.status == "optimal"
    return verify.check(problem, result).objective


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_the_largest_expected_weight_is_that_of_trying_every_plan(seed):
    base, scenarios = futures(seed, demands=seed % 2 == 0)
    composed = compose(base, scenarios, afford=afford_of(seed))
    assert best(composed.problem) == best_expected(base, scenarios, afford_of(seed))


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_least_shares_of_every_scenario_are_kept_as_trying_every_plan_finds(seed):
    base, scenarios = futures(seed)
    composed = compose(base, scenarios, afford=afford_of(seed))
    share = SHARES[seed % len(SHARES)]
    ever = coverable_weights(composed)
    assert ever == tuple(worth(s, everything(base)) for s in scenarios)
    least = [math.ceil(share * weight) for weight in ever]
    found = best(with_least(composed, least))
    assert found == best_expected(base, scenarios, afford_of(seed), least)


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_pairs_covered_in_enough_scenarios_are_those_of_trying_every_plan(seed):
    base, scenarios = futures(seed)
    composed = compose(base, scenarios, afford=afford_of(seed))
    need = 1 + seed % len(scenarios)
    assert best(covered_in_most(composed, need)) == best_count(base, scenarios, need, afford_of(seed))


@pytest.mark.parametrize("seed", thinned(range(COUNT), 5))
def test_every_plan_is_worth_in_the_composed_problem_what_it_is_worth_in_the_scenarios(seed):
    base, scenarios = futures(seed, demands=True)
    composed = compose(base, scenarios, afford=afford_of(seed))
    problem = parse(as_json(composed.problem))
    for built in plans(base)[seed % 5 :: 5]:
        values = [objective(s, built) for s in scenarios]
        may = fits(base, scenarios, built, afford_of(seed)) and None not in values
        try:
            plan = verify.score(problem, tuple(sorted(built)))
        except VerificationError:
            assert not may
            continue
        assert may
        assert plan.objective == sum(s.weight * v for s, v in zip(scenarios, values, strict=True))
        for s, weight, place in zip(scenarios, weights_in(composed, built), composed.pairs, strict=True):
            assert weight == worth(s, built)
            covered = covered_in(s, built)
            assert [k in plan.covered for k in place] == covered


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_the_largest_share_of_every_scenario_is_that_of_trying_every_plan(seed, here):
    base, scenarios = futures(seed)
    composed = compose(base, scenarios, afford=afford_of(seed))
    answer = robust_plan(composed, Robust(kind="max_min"), ONE_THREAD, run=here)
    if any(coverable_weights(composed)):
        share = best_share(base, scenarios, STEPS, afford_of(seed))
        assert (answer.level.level, answer.level.bound) == (share, share)
        least = [-(-share * weight // STEPS) for weight in coverable_weights(composed)]
        assert answer.plan.objective == best_expected(base, scenarios, afford_of(seed), least)
    assert answer.result.status == "optimal"


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_the_smallest_largest_regret_is_that_of_trying_every_plan(seed, here):
    base, scenarios = futures(seed)
    composed = compose(base, scenarios, afford=afford_of(seed))
    alone = [solve_alone(s, ONE_THREAD, here) for s in scenarios]
    assert [(one.weight, one.bound) for one in alone] == [(best_alone(s),) * 2 for s in scenarios]
    asked = Robust(kind="regret")
    answer = robust_plan(composed, asked, ONE_THREAD, alone=alone, run=here)
    regret = least_regret(base, scenarios, afford_of(seed))
    assert answer.level.level == answer.level.bound == level_offset(alone) - regret
    weights = weights_in(composed, answer.plan.built)
    assert regret == max(one.weight - weight for one, weight in zip(alone, weights, strict=True))


def fixing(problem, name, fixed):
    candidates = (dataclasses.replace(c, fixed=fixed if c.id == name else None) for c in problem.candidates)
    return problem.replace(candidates=tuple(candidates))


def named(*problems, **changes):
    return [Scenario(name=f"s{n}", problem=problem, **changes) for n, problem in enumerate(problems)]


def priced(problem, factor, budget=None):
    candidates = tuple(dataclasses.replace(c, cost=round(factor * c.cost)) for c in problem.candidates)
    return problem.replace(candidates=candidates, budget=problem.budget if budget is None else budget)


def test_scenarios_of_equal_networks_share_one_copy():
    base = line()
    slower = base.replace(arcs=tuple((t, h, s + 1) for t, h, s in base.arcs))
    other_limits = base.replace(pairs=tuple(dataclasses.replace(p, limit=p.limit + 9) for p in base.pairs))
    composed = compose(base, named(base, slower, other_limits, priced(base, 2)))
    assert composed.problem.nodes == ("s0/a", "s0/b", "s0/c", "s0/d", "s1/a", "s1/b", "s1/c", "s1/d")
    assert [len(c.arcs) for c in composed.problem.candidates] == [4, 4, 4]
    assert composed.problem.groups == ("s0", "s1", "s2", "s3")
    assert composed.pairs == (range(5), range(5, 10), range(10, 15), range(15, 20))


def test_a_budget_that_another_implies_needs_no_row():
    base = line()
    composed = compose(base, named(*(priced(base, factor) for factor in (1, 2, 3, 3, 0.5))))
    use = (("ac", 9), ("ad", 27), ("bd", 12))
    assert composed.problem.capacities == (Capacity("s2: budget", use, 7),)
    rich = compose(base, named(priced(base, 3, budget=48)))
    assert rich.problem.capacities == ()


def test_the_mean_budget_takes_the_place_of_that_of_the_base():
    base = line(caps=(("subsidy", 4),))
    scenarios = named(priced(base, 2), priced(base, 4, budget=8), weight=2)
    problem = compose(base, scenarios, afford="expected").problem
    assert (problem.budget, problem.caps) == (16, ())
    # Sums of 36, 108 and 48 against one of 30, over their common divisor.
    assert problem.capacities == (Capacity("expected cost", (("ac", 3), ("ad", 9), ("bd", 4)), 2),)


def test_what_fails_in_a_scenario_is_paid_for_and_opens_nothing_there():
    base = line()
    failing = fixing(base, "ac", "out")
    composed = compose(base, named(base, failing))
    assert [c.fixed for c in composed.problem.candidates] == [None, None, None]
    assert weights_in(composed, ["ac"]) == (14, 2)
    assert composed.problem.cost_of(["ac"]) == 3


def test_what_a_scenario_needs_is_built_in_all():
    base = line()
    needing = fixing(base, "bd", "in")
    assert [c.fixed for c in compose(base, named(base, needing)).problem.candidates] == [None, "in", None]


def test_all_pairs_of_all_scenarios_are_covered_at_least_cost_where_there_is_no_budget():
    base = line(budget=None)
    slower = base.replace(pairs=tuple(dataclasses.replace(p, limit=max(0, p.limit - 20)) for p in base.pairs))
    composed = compose(base, named(base, slower))
    assert best(composed.problem) == 16


def test_demands_of_scenarios_do_not_go_with_those_of_a_kind():
    base = line(cities=(City("dee", 3, (1, 2), 2, "core"),), targets=(Target("small", 4),))
    composed = compose(base, named(base))
    for ask in (lambda: with_least(composed, [3]), lambda: covered_in_most(composed, 1)):
        with pytest.raises(ProblemError) as caught:
            ask()
        assert caught.value.faults == (
            "scenario 's0': it has targets",
            "scenario 's0': it has cities that count",
        )


def test_pairs_cannot_be_counted_over_more_scenarios_than_there_are():
    composed = compose(line(), named(line(), line()))
    with pytest.raises(ProblemError) as caught:
        covered_in_most(composed, 3)
    assert caught.value.faults == ("need: 3 is not within 1..2, the scenarios",)


def test_a_scenario_without_a_plan_is_named(here):
    impossible = line(targets=(Target("small", 9),), budget=1)
    with pytest.raises(ProblemError, match="scenario 's0' has no plan by itself"):
        solve_alone(named(impossible)[0], ONE_THREAD, here)


def test_no_plan_for_all_scenarios_is_an_answer(here):
    base = line()
    needing = fixing(base.replace(budget=20), "ad", "in")
    composed = compose(base, named(needing))
    for kind in ("expected", "max_min"):
        answer = robust_plan(composed, Robust(kind=kind), ONE_THREAD, run=here)
        assert (answer.result.status, answer.plan) == ("infeasible", None)


# ---- plans of robust money, and plans that keep most budgets


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_the_best_plan_with_a_share_of_its_money_on_some_candidates_is_that_of_trying_every_plan(seed):
    base, _ = futures(seed, demands=seed % 2 == 0)
    share = (*SHARES[1:], Fraction(1))[seed % 4]
    some = {name for name in sorted(everything(base)) if random.Random(f"{seed} {name}").random() < 0.4}  # noqa: S311
    found = best(with_share_on(base, some, share))
    tried = best_of_own(base, lambda built: base.cost_of(built & some) >= share * base.cost_of(built))
    assert (None if found is None else found - 1) == tried


def test_money_set_aside_counts_for_no_share():
    assert built_by(with_share_on(apart(), "z", Fraction(1))) == "z"
    assert built_by(with_share_on(apart(), "z", Fraction(1), aside="x")) == "xz"


@pytest.mark.parametrize("seed", thinned(SEEDS, 6))
def test_the_best_plan_that_keeps_the_budget_in_most_scenarios_is_that_of_trying_every_plan(seed):
    base, scenarios = futures(seed, demands=seed % 2 == 0)
    need = 1 + seed % len(scenarios)
    found = best(affordable_in_most(base, [s.problem for s in scenarios], need))
    tried = best_of_own(base, lambda built: sum(pays(s.problem, built) for s in scenarios) >= need)
    assert (None if found is None else found - 1) == tried


def apart():
    """Three towns and their markets: x (cost 10) covers 10, y (10) covers 9, z (4) covers 3; budget 14."""
    links = (("x", 10, 10), ("y", 10, 9), ("z", 4, 3))
    return DesignProblem(
        name="apart",
        nodes=("a", "A", "b", "B", "c", "C"),
        arcs=(),
        candidates=tuple(
            Candidate(name, cost, ((2 * k, 2 * k + 1, 60),)) for k, (name, cost, _) in enumerate(links)
        ),
        pairs=tuple(Pair(2 * k, 2 * k + 1, 60, weight, "small") for k, (*_, weight) in enumerate(links)),
        budget=14,
    )


def built_by(problem):
    """Return what the proven best plan builds of x, y and z."""
    return "".join(name for name in verify.check(problem, outcome_of(problem)).built if len(name) == 1)


@pytest.mark.parametrize(
    ("some", "share", "built"),
    [
        ("y", "0.7", "yz"),  # 10 of 14: 0.714, where the best plan, x and z, has nothing of y
        ("y", "0.72", "y"),
        ("z", "0.7", "z"),
        ("z", "0.28", "xz"),  # 4 of 14: 0.286
        ("xy", "0.7", "xz"),
        ("", "0.7", ""),
        ("", "0", "xz"),
        ("xz", "1", "xz"),
    ],
)
def test_money_goes_to_some_candidates_where_a_share_is_asked_for(some, share, built):
    assert built_by(with_share_on(apart(), some, Fraction(share))) == built


def test_a_budget_is_kept_in_as_many_scenarios_as_asked_for():
    base = apart()
    dear = base.replace(
        candidates=tuple(dataclasses.replace(c, cost=12 if c.id == "x" else c.cost) for c in base.candidates)
    )
    priced = [dear, base, base.replace(budget=9)]  # x and z; y and z at most; z alone
    found = [built_by(affordable_in_most(base, priced, need)) for need in range(4)]
    assert found == ["xz", "xz", "yz", "z"]
    both = affordable_in_most(with_share_on(base, "z", Fraction(1, 4)), priced, 3)
    assert built_by(both) == "z"

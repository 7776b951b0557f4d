"""The largest level that groups attain together is that of trying every plan."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import floor

import pytest
from core_drawing import dense_problem, line, plan_value
from engine_running import LONG_S, HereProcess
from hypothesis import given
from hypothesis import strategies as st
from level_drawing import budgeted, drawn_targets, largest, level_of, weights
from ring_drawing import open_in, ring_choices, ring_problem, starts_of, whole_value
from tiers import thinned

from optimiser import verify
from optimiser.engine.search.task import LevelRow, SolveParameters
from optimiser.frontier import askers, levels
from optimiser.frontier.axes import with_least
from optimiser.frontier.levels import LevelTarget, highest_level, lexicographic_shares
from optimiser.problem import Pair, Target
from optimiser.problem.errors import InfeasibleError

EXACT = SolveParameters(time_limit_s=LONG_S, threads=1)
RINGED = [seed for seed in range(24) if ring_problem(seed).budget is not None]
SEEDS = budgeted(33)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    for module in (askers, levels):
        monkeypatch.setattr(module, "ChildProcess", HereProcess)


@pytest.mark.parametrize("seed", thinned(SEEDS, 7))
def test_the_level_is_that_of_trying_every_plan(seed):
    problem = dense_problem(seed)
    targets = drawn_targets(problem, seed)
    found, expected = highest_level(problem, targets, EXACT), largest(problem, targets)
    if expected is None:
        assert (found.status, found.level, found.bound) == ("infeasible", None, None)
        return
    assert (found.status, found.level, found.bound, found.gap) == ("optimal", expected, expected, 0.0)
    assert plan_value(problem, set(found.built)) is not None
    covered = weights(problem, targets, set(found.built))
    assert min(t.level(weight) for t, weight in zip(targets, covered, strict=True)) == expected


@pytest.mark.parametrize("seed", SEEDS[:12])
def test_decisions_level_by_level_find_the_same(seed, monkeypatch):
    problem = dense_problem(seed)
    targets = drawn_targets(problem, seed)
    monkeypatch.setattr(levels, "_ask_for_the_largest", levels._bisect)
    found = highest_level(problem, targets, EXACT)
    expected = largest(problem, targets)
    assert (found.level, found.bound) == (expected, expected)


@given(
    factor=st.fractions(min_value=Fraction(1, 9), max_value=50, max_denominator=9),
    base=st.fractions(min_value=-99, max_value=99, max_denominator=9),
    weight=st.integers(0, 500),
)
def test_a_level_and_what_it_demands_agree(factor, base, weight):
    target = LevelTarget(("small",), factor, base)
    level = target.level(weight)
    assert factor * level + base <= weight < factor * (level + 1) + base
    assert target.least(level) <= weight < target.row.least(level + 1)
    assert target.row == LevelRow(*target.row)


def test_more_in_every_group_never_lowers_the_level():
    targets = (LevelTarget(("small",), Fraction(1, 2)), LevelTarget(("core",), 2, -3))
    before = highest_level(line(budget=3), targets, EXACT)
    after = highest_level(line(budget=9), targets, EXACT)
    assert before.level <= after.level
    heavier = tuple(Pair(p.origin, p.destination, p.limit, p.weight + 1, p.group) for p in line().pairs)
    assert highest_level(line(budget=3, pairs=heavier), targets, EXACT).level >= before.level


def test_a_plan_and_a_bound_that_are_known_leave_nothing_to_ask():
    targets = (LevelTarget(("small",)), LevelTarget(("core",)))
    best = highest_level(line(), targets, EXACT)
    again = highest_level(line(), targets, EXACT, known=[best.built], bound=best.bound)
    assert (again.level, again.status, again.questions) == (best.level, "optimal", 0)


def test_a_plan_beyond_the_budget_is_left_out():
    targets = (LevelTarget(("small",)), LevelTarget(("core",)))
    found = highest_level(line(), targets, EXACT, known=[["ac", "bd", "ad"]])
    assert found.level == largest(line(), targets)


def test_the_own_targets_of_a_problem_hold():
    both = tuple(
        Pair(p.origin, p.destination, 60 if p.weight == 7 else p.limit, p.weight, p.group)
        for p in line().pairs
    )
    free = line(budget=9, pairs=both)
    bound = free.replace(targets=(Target("core", 9),))
    found = [highest_level(problem, [LevelTarget(("small",))], EXACT) for problem in (free, bound)]
    assert [answer.built for answer in found] == [("ac", "bd"), ("ad",)]
    assert [answer.level for answer in found] == [9, 0]


@pytest.mark.parametrize("seed", thinned(RINGED, 5))
def test_the_level_with_rings_and_periods_is_that_of_trying_every_plan(seed):
    problem = ring_problem(seed)
    targets = drawn_targets(problem, seed)
    names, reached = [c.id for c in problem.candidates], []
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            for starts in starts_of(problem, built):
                final = open_in(problem, starts, len(problem.periods) - 1) if problem.periods else built
                if any(
                    whole_value(problem, built, circuits, starts) is not None
                    for circuits in ring_choices(problem, final)
                ):
                    reached.append(level_of(targets, weights(problem, targets, final)))
    found = highest_level(problem, targets, EXACT)
    expected = max(reached, default=None)
    assert (found.level, found.bound) == (expected, expected)
    assert found.status == ("infeasible" if expected is None else "optimal")


@pytest.mark.parametrize("seed", [594, 770])
def test_pairs_without_a_group_are_kept_apart_from_groups_that_no_demand_names(seed):
    problem = dense_problem(seed)
    targets = drawn_targets(problem, seed)
    assert {group for target in targets for group in target.groups} < set(problem.groups)
    found = highest_level(problem, targets, EXACT)
    assert found.bound == found.level == largest(problem, targets)


def test_a_sum_of_groups_becomes_a_target_of_cities():
    asked = with_least(line(), (("core", "small"), ("small",), ("core",)), [16, 9, 0])
    assert asked.targets == (Target("core and small", 16, "cities"), Target("small", 9))
    assert verify.score(asked, ("ac", "bd")).cities


# ---- one group after the other


def of_plans(totals, *plans, steps):
    """Answer by looking through plans, each a weight a tier."""

    def common_level(fixed):
        levels = [
            {tier: steps * plan[tier] // totals[tier] for tier in totals if totals[tier]} for plan in plans
        ]
        kept = [one for one in levels if all(one[tier] >= level for tier, level in fixed.items())]
        return max(
            (min(level for tier, level in one.items() if tier not in fixed) for one in kept), default=None
        )

    return common_level


def shares_of(totals, *plans, steps=1000):
    return lexicographic_shares(totals, of_plans(totals, *plans, steps=steps), steps=steps)


def test_the_worst_tier_is_raised_first():
    found = shares_of({"a": 10, "b": 10}, {"a": 9, "b": 1}, {"a": 3, "b": 3}, steps=10)
    assert found == {"a": Fraction(3, 10), "b": Fraction(3, 10)}


def test_then_the_second_worst_is_raised():
    found = shares_of({"a": 10, "b": 10}, {"a": 3, "b": 3}, {"a": 3, "b": 8}, steps=10)
    assert found == {"a": Fraction(3, 10), "b": Fraction(8, 10)}


def test_the_tier_that_stays_behind_is_found_by_trying_each():
    # Either tier may stay at 3; the other gets 4 or 9.
    found = shares_of({"a": 10, "b": 10}, {"a": 3, "b": 4}, {"a": 9, "b": 3}, steps=10)
    assert found == {"a": Fraction(9, 10), "b": Fraction(3, 10)}


def test_everything_may_be_attained():
    assert shares_of({"a": 7, "b": 3}, {"a": 7, "b": 3}) == {"a": 1, "b": 1}


def test_a_tier_without_weight_is_covered_and_holds_nobody_back():
    found = shares_of({"a": 0, "b": 4}, {"b": 3}, steps=4)
    assert found == {"a": 1, "b": Fraction(3, 4)}


def test_shares_are_rounded_down_to_steps():
    assert shares_of({"a": 3}, {"a": 2}, steps=10)["a"] == Fraction(6, 10)


def test_demands_that_no_plan_meets_are_refused():
    with pytest.raises(InfeasibleError):
        shares_of({"a": 1})


@pytest.mark.parametrize(("budget", "small", "core"), [(0, 0, 2), (3, 5, 9), (7, 10, 9)])
def test_a_design_problem_answers_by_its_targets(budget, small, core):
    # Of core pairs (10) today covers 2 and ac (3) 9; of small ones (9) ac covers 5, and with bd (7) all.
    problem = line(budget=budget)

    totals = {"small": 9, "core": 10}

    def common_level(fixed):
        raised = problem.replace(
            targets=tuple(Target(t, -(-level * totals[t] // 10)) for t, level in fixed.items())
        )
        free = [LevelTarget((tier,), Fraction(totals[tier], 10)) for tier in totals if tier not in fixed]
        return highest_level(raised, free, EXACT).level

    found = lexicographic_shares(totals, common_level, steps=10)
    assert found == {"small": Fraction(small, 10), "core": Fraction(core, 10)}


def test_the_number_of_questions_is_bounded():
    asked, totals = [], {"a": 1000, "b": 1000, "c": 1000}
    look = of_plans(totals, {"a": 300, "b": 500, "c": 700}, steps=1000)

    def common_level(fixed):
        asked.append(fixed)
        return look(fixed)

    lexicographic_shares(totals, common_level, steps=1000)
    assert len(asked) <= 1 + 3 + 3 * 2


tiers = st.sampled_from(["abc", "ab", "abcd"])


@given(st.data(), tiers, st.sampled_from([4, 7]))
def test_no_plan_is_better_for_the_worst_tiers(data, names, steps):
    totals = {name: data.draw(st.integers(1, 6)) for name in names}
    plan = st.fixed_dictionaries({name: st.integers(0, total) for name, total in totals.items()})
    plans = data.draw(st.lists(plan, min_size=1, max_size=6))
    found = shares_of(totals, *plans, steps=steps)
    rounded = [[Fraction(floor(Fraction(p[t], totals[t]) * steps), steps) for t in totals] for p in plans]
    assert sorted(found.values()) == max(sorted(shares) for shares in rounded)

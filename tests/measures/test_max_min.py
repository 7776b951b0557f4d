"""Check lexicographic max-min shares against all plans one by one, and the price of fairness."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from core_drawing import brute_force, line
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.max_min import lexicographic_shares, price_of_fairness
from optimiser.problem import Target
from optimiser.problem.errors import ProblemError


def of_plans(*plans):
    """Answer by looking through plans, each a weight a tier."""

    def attains(least):
        return any(all(plan.get(tier, 0) >= weight for tier, weight in least.items()) for plan in plans)

    return attains


def test_the_worst_tier_is_raised_first():
    found = lexicographic_shares({"a": 10, "b": 10}, of_plans({"a": 9, "b": 1}, {"a": 3, "b": 3}), steps=10)
    assert found == {"a": Fraction(3, 10), "b": Fraction(3, 10)}


def test_then_the_second_worst_is_raised():
    found = lexicographic_shares({"a": 10, "b": 10}, of_plans({"a": 3, "b": 3}, {"a": 3, "b": 8}), steps=10)
    assert found == {"a": Fraction(3, 10), "b": Fraction(8, 10)}


def test_the_tier_that_stays_behind_is_found_by_trying_each():
    # Either tier may stay at 3; the other gets 4 or 9.
    found = lexicographic_shares({"a": 10, "b": 10}, of_plans({"a": 3, "b": 4}, {"a": 9, "b": 3}), steps=10)
    assert found == {"a": Fraction(9, 10), "b": Fraction(3, 10)}


def test_everything_may_be_attained():
    assert lexicographic_shares({"a": 7, "b": 3}, of_plans({"a": 7, "b": 3})) == {"a": 1, "b": 1}


def test_a_tier_without_weight_is_covered_and_holds_nobody_back():
    found = lexicographic_shares({"a": 0, "b": 4}, of_plans({"b": 3}), steps=4)
    assert found == {"a": 1, "b": Fraction(3, 4)}


def test_shares_are_rounded_down_to_steps():
    assert lexicographic_shares({"a": 3}, of_plans({"a": 2}), steps=10)["a"] == Fraction(6, 10)


def test_demands_that_no_plan_meets_are_refused():
    with pytest.raises(ProblemError):
        lexicographic_shares({"a": 1}, of_plans())


@pytest.mark.parametrize(("budget", "small", "core"), [(0, 0, 2), (3, 5, 9), (7, 10, 9)])
def test_a_design_problem_answers_by_its_targets(budget, small, core):
    # Of core pairs (10) today covers 2 and ac (3) 9; of small ones (9) ac covers 5, and with bd (7) all.
    problem = line(budget=budget)

    def attains(least):
        targets = tuple(Target(tier, weight) for tier, weight in sorted(least.items()))
        return brute_force(problem.replace(targets=targets)) is not None

    found = lexicographic_shares({"small": 9, "core": 10}, attains, steps=10)
    assert found == {"small": Fraction(small, 10), "core": Fraction(core, 10)}


def test_the_number_of_questions_is_bounded():
    asked = []
    look = of_plans({"a": 300, "b": 500, "c": 700})

    def attains(least):
        asked.append(least)
        return look(least)

    lexicographic_shares({"a": 1000, "b": 1000, "c": 1000}, attains, steps=1000)
    assert len(asked) <= 2**3 * 11


tiers = st.sampled_from(["abc", "ab", "abcd"])


@given(st.data(), tiers, st.sampled_from([4, 7]))
def test_no_plan_is_better_for_the_worst_tiers(data, names, steps):
    totals = {name: data.draw(st.integers(1, 6)) for name in names}
    plan = st.fixed_dictionaries({name: st.integers(0, total) for name, total in totals.items()})
    plans = data.draw(st.lists(plan, min_size=1, max_size=6))
    found = lexicographic_shares(totals, of_plans(*plans), steps=steps)
    rounded = [[Fraction(floor(Fraction(p[t], totals[t]) * steps), steps) for t in totals] for p in plans]
    assert sorted(found.values()) == max(sorted(shares) for shares in rounded)


def test_the_price_of_fairness_is_the_share_given_up():
    assert price_of_fairness(80, 60) == Fraction(1, 4)


def test_fairness_has_no_price_where_nothing_is_to_be_had():
    assert price_of_fairness(0, 0) == 0


@pytest.mark.parametrize(("best", "fair"), [(1, 2), (1, -1)])
def test_a_fair_plan_cannot_be_better_than_the_best(best, fair):
    with pytest.raises(ProblemError):
        price_of_fairness(best, fair)

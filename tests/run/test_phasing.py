"""Periods of a job become budgets, factors and leads."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.job import loads
from optimiser.problem import Candidate, DesignProblem, Pair, Period
from optimiser.run.phasing import budgets, factor, lead, phase

REGION = '[region]\nname = "jing-jin-ji"\n'
KINDS = ("rail_link", "road_link", "gap", "rail_service", "own")


def problem(budget=100):
    candidates = tuple(Candidate(kind, 10, ((0, 1, 50),), kind) for kind in KINDS)
    return DesignProblem("two", ("a", "b"), ((0, 1, 100),), candidates, (Pair(0, 1, 60, 5),), budget)


def job(*settings):
    return loads(REGION, settings=['phasing.names=["one","two","three"]', *settings])


def test_without_periods_the_problem_stays_as_it_is():
    assert phase(problem(), loads(REGION)) == problem()


def test_factors_are_present_values_of_the_years_in_hundredths():
    # Sums of 1.06^-y: years 1-5 give 4.2124, 6-10 3.1477, 11-15 2.3522, and 16-25 3.0711.
    found = phase(problem(), job()).periods
    assert [period.factor for period in found] == [421, 315, 235, 307]


def test_without_discount_each_year_counts_alike():
    found = phase(problem(), job("phasing.discount_rate=0.0", "phasing.years=[2, 3, 5]")).periods
    assert [period.factor for period in found] == [200, 300, 500, 1000]


def test_budgets_come_with_their_shares_and_the_years_of_use_after_them_bring_none():
    found = phase(problem(), job("phasing.shares=[0.5, 0.3, 0.2]", "phasing.discount_rate=0")).periods
    assert found == (
        Period("one", 50, 500),
        Period("two", 30, 500),
        Period("three", 20, 500),
        Period("after", 0, 1000),
    )


def test_no_years_after_the_last_period_make_no_further_one():
    assert [p.id for p in phase(problem(), job("phasing.after_years=0")).periods] == ["one", "two", "three"]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 10**9))
def test_budgets_sum_to_the_whole_and_none_is_a_unit_off_its_share(parts, budget):
    total = sum(parts) or 1
    shares = tuple(Fraction(part, total) for part in (parts if sum(parts) else [1, *parts[1:]]))
    found = budgets(shares, budget)
    assert sum(found) == budget
    assert all(abs(money - share * budget) < 1 for money, share in zip(found, shares, strict=True))


def test_leads_are_building_years_over_the_years_of_a_period_a_half_rounded_up():
    assert {c.id: c.lead for c in phase(problem(), job()).candidates} == {
        "rail_link": 1,
        "road_link": 1,
        "gap": 0,
        "rail_service": 0,
        "own": 1,
    }
    assert lead(job("phasing.years=[2, 2, 2]").phasing, "rail_link") == 3
    assert lead(job("phasing.years=[8, 8, 8]").phasing, "road_link") == 1
    assert lead(job("phasing.years=[9, 9, 9]").phasing, "road_link") == 0


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(6, 100), Fraction(1)])
def test_two_periods_count_as_much_as_one_of_their_length(rate):
    assert abs(factor(0, 4, rate) + factor(4, 6, rate) - factor(0, 10, rate)) <= 1

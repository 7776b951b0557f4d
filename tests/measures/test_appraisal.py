"""Check the appraisal of links and plans."""

from __future__ import annotations

from fractions import Fraction

import pytest
from core_drawing import line, problems
from hypothesis import given
from tiers import examples

from optimiser.measures.appraisal import RAIL, ROADS, Assumptions, CostRange, appraise, gains
from optimiser.measures.valuation import Valuer

PEOPLE = [1000, 10, 100, 1]
"""People at a, b, c and d of the line."""


def test_there_is_one_row_a_link():
    assert [row.id for row in appraise(Valuer.of(line()), ["bd", "ac"], PEOPLE).links] == ["ac", "bd"]


def test_a_row_has_the_value_alone_and_on_top_of_the_others():
    # ac alone covers a-c (5) and a-d (7), which bd covers too.
    row = appraise(Valuer.of(line()), ["ac", "bd"], PEOPLE).links[0]
    assert (row.value.alone, row.value.last) == (12, 5)


def test_the_cost_is_divided_by_the_people_brought_on_top_of_the_others():
    # ac brings c (100 people) within the limit of a; bd brings d (1) within that of b.
    rows = appraise(Valuer.of(line()), ["ac", "bd"], PEOPLE).links
    assert [row.cost_per_person for row in rows] == [Fraction(3, 100), Fraction(4, 1)]


def test_a_link_that_brings_nobody_has_no_cost_per_person():
    assert appraise(Valuer.of(line()), ["ac", "ad"], PEOPLE).links[1].cost_per_person is None


def test_the_plan_brings_the_people_that_its_links_bring():
    plan = appraise(Valuer.of(line()), ["ac", "bd"], PEOPLE)
    assert (plan.gains.people_brought, plan.cost_per_person, plan.value) == (101, Fraction(7, 101), 16)


def test_a_cost_without_a_range_is_that_of_the_problem():
    assert appraise(Valuer.of(line()), ["ac"], PEOPLE).links[0].cost == CostRange(3, 3, 3)


def test_costs_given_as_ranges_are_summed():
    given_costs = Assumptions(costs={"ac": CostRange(2, 3, 5)})
    assert appraise(Valuer.of(line()), ["ac", "bd"], PEOPLE, given_costs).cost == CostRange(6, 7, 9)


def test_the_class_of_a_link_is_that_of_its_kind():
    rows = appraise(Valuer.of(line()), ["ac", "ad"], PEOPLE).links
    assert [row.reference for row in rows] == [ROADS, RAIL]


def test_the_class_of_a_link_may_be_given():
    rows = appraise(Valuer.of(line()), ["ad"], PEOPLE, Assumptions(classes={"ad": ROADS})).links
    assert (rows[0].reference, rows[0].risk) == (ROADS, ROADS.risk(9))


def test_the_risk_of_a_plan_is_the_sum_of_those_of_its_links():
    found = appraise(Valuer.of(line()), ["ac", "bd"], PEOPLE, Assumptions(correlation=1)).risk
    assert (found.mean, found.deviation) == pytest.approx((7 * 1.204, 7 * 0.299))


def test_break_even_needs_trips():
    assert appraise(Valuer.of(line()), ["ac"], PEOPLE).break_even is None


def test_break_even_of_the_plan_is_that_computed_by_hand():
    # 24 trips a year on a-c save 150 s each: one hour a year for two years at a cost of 3.
    given_trips = Assumptions(trips=[24, 0, 0, 0, 0], rate=0, years=2)
    assert appraise(Valuer.of(line()), ["ac"], PEOPLE, given_trips).break_even == 1.5


def test_an_empty_plan_costs_and_gains_nothing():
    found = appraise(Valuer.of(line()), (), PEOPLE)
    assert (found.links, found.cost, found.value) == ((), CostRange(0, 0, 0), 0)


@examples(40)
@given(problems(most_candidates=4))
def test_rows_agree_with_gains_computed_one_by_one(problem):
    built, people = [c.id for c in problem.candidates], [3] * len(problem.nodes)
    valuer = Valuer.of(problem)
    found, whole = appraise(valuer, built, people), valuer.times(built)
    assert found.gains == gains(problem, valuer.times(()), whole, people)
    for row in found.links:
        others = [name for name in built if name != row.id]
        assert row.gains == gains(problem, valuer.times(others), whole, people)

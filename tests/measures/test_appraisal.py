"""Check the appraisal of links and plans."""

from __future__ import annotations

import pytest
from core_drawing import line, problems
from hypothesis import given
from tiers import examples

from optimiser.measures.appraisal import (
    RAIL,
    ROADS,
    CostRange,
    appraise,
    break_even,
    class_of,
    gains,
)
from optimiser.measures.valuation import Valuer

PEOPLE = [1000, 10, 100, 1]
"""People at a, b, c and d of the line."""


def appraised(built, problem=None, people=PEOPLE, **changes):
    """Return plan and links of the line, at the costs of the problem and the classes of their kinds."""
    problem = line() if problem is None else problem
    own = [problem.candidates[problem.index[name]] for name in built]
    usual = {
        "costs": {one.id: CostRange(one.cost, one.cost, one.cost) for one in own},
        "classes": {one.id: class_of(one.kind) for one in own},
        "correlation": 0.0,
    }
    return appraise(Valuer.of(problem), built, people, **(usual | changes))


def test_there_is_one_row_a_link():
    assert list(appraised(["bd", "ac"])[1]) == ["ac", "bd"]


def test_a_row_has_the_value_alone_and_on_top_of_the_others():
    # ac alone covers a-c (5) and a-d (7), which bd covers too.
    row = appraised(["ac", "bd"])[1]["ac"]
    assert (row.alone, row.last) == (12, 5)


def test_people_are_those_brought_on_top_of_the_others():
    # ac brings c (100 people) within the limit of a; bd brings d (1) within that of b.
    _, rows = appraised(["ac", "bd"])
    assert [row.gains.people_brought for row in rows.values()] == [100, 1]
    assert appraised(["ac", "ad"])[1]["ad"].gains.people_brought == 0


def test_the_plan_brings_the_people_that_its_links_bring():
    plan, _ = appraised(["ac", "bd"])
    assert (plan.gains.people_brought, plan.cost.central) == (101, 7)
    assert (plan.alone, plan.last) == (16, 16)


def test_costs_are_ranges_which_are_summed():
    costs = {"ac": CostRange(2, 3, 5), "bd": CostRange(4, 4, 4)}
    assert appraised(["ac", "bd"], costs=costs)[0].cost == CostRange(6, 7, 9)


def test_the_class_of_a_link_gives_its_risk():
    assert [class_of(one.kind) for one in line().candidates if one.id in ("ac", "ad")] == [ROADS, RAIL]
    assert appraised(["ad"], classes={"ad": ROADS})[1]["ad"].risk == ROADS.risk(9)


def test_the_risk_of_a_plan_is_the_sum_of_those_of_its_links():
    found = appraised(["ac", "bd"], correlation=1)[0].risk
    assert (found.mean, found.deviation) == pytest.approx((7 * 1.204, 7 * 0.299))


def test_break_even_of_the_plan_is_that_computed_by_hand():
    # 24 trips a year on a-c save 150 s each: one hour a year for two years at a cost of 3.
    plan, _ = appraised(["ac"])
    assert break_even(plan.cost.central, plan.gains.seconds, [24, 0, 0, 0, 0], rate=0, years=2) == 1.5


def test_an_empty_plan_costs_and_gains_nothing():
    plan, links = appraised([])
    assert (links, plan.cost, plan.last) == ({}, CostRange(0, 0, 0), 0)


@examples(40)
@given(problems(most_candidates=4))
def test_rows_agree_with_gains_computed_one_by_one(problem):
    built, people = [c.id for c in problem.candidates], [3] * len(problem.nodes)
    valuer = Valuer.of(problem)
    (plan, links), whole = appraised(built, problem, people), valuer.times(built)
    assert plan.gains == gains(problem, valuer.times(()), whole, people)
    for name, row in links.items():
        others = [other for other in built if other != name]
        assert row.gains == gains(problem, valuer.times(others), whole, people)

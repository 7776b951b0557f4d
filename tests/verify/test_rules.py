"""Periods in the independent check: budgets, openings and the objective."""

from __future__ import annotations

import pytest
from ring_drawing import leading, phased, ringed

from optimiser import verify
from optimiser.problem import Capacity, Period
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import Result
from optimiser.verify import rules


def test_the_objective_weights_each_period_by_its_factor():
    problem = phased()
    early = verify.score(problem, ["fast"], starts={"fast": 0})
    late = verify.score(problem, ["fast"], starts={"fast": 1})
    assert (early.objective, early.coverage_by_period) == (30, (10, 10))
    assert (late.objective, late.coverage_by_period) == (21, (1, 10))


def test_a_budget_carries_over_and_cannot_be_spent_in_advance():
    problem = phased(periods=(Period("early", 3, 1), Period("late", 6, 2)))
    assert verify.score(problem, ["fast", "across"], starts={"fast": 1, "across": 1}).objective == 21
    with pytest.raises(VerificationError, match="4 is spent up to period 'early'"):
        verify.score(problem, ["fast"], starts={"fast": 0})


def test_what_opens_after_the_last_period_costs_but_does_not_count():
    plan = verify.score(leading(phased(), fast=2), ["fast"], starts={"fast": 0})
    assert (plan.cost, plan.objective, plan.coverage.after) == (4, 3, 1)


def test_a_capacity_counts_everything_built_whenever_it_opens():
    trains = Capacity("trains", (("across", 1), ("fast", 2)), 2)
    problem = leading(phased(capacities=(trains,)), across=2)
    assert verify.score(problem, ["fast"], starts={"fast": 0}).objective == 30
    with pytest.raises(VerificationError, match="it takes 3 of the capacity 'trains', more than the 2"):
        verify.score(problem, ["fast", "across"], starts={"fast": 0, "across": 1})


def test_a_required_candidate_may_not_open_later():
    problem = leading(phased(requires=(("fast", "north"),)), north=1)
    starts = {"fast": 1, "north": 0}
    assert verify.score(problem, list(starts), starts=starts).objective == 21
    with pytest.raises(VerificationError, match="'fast' requires 'north', which opens later"):
        verify.score(problem, list(starts), starts={"fast": 1, "north": 1})


@pytest.mark.parametrize(
    ("starts", "answer"),
    [
        ({}, "'fast' is built, and no period is named"),
        ({"fast": 2}, "period 2, which is not one of"),
        ({"fast": 0, "west": 0}, "'west' is not built"),
    ],
)
def test_starts_must_name_a_period_for_each_built_candidate(starts, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.score(phased(), ["fast"], starts=starts)


def test_starts_without_periods_are_rejected():
    with pytest.raises(VerificationError, match="has no periods"):
        verify.score(ringed(), ["north", "west"], rings={"square": (0, 1, 2, 3)}, starts={"north": 0})


THREE = (Period("a", 2, 1), Period("b", 3, 2), Period("c", 4, 3))


@pytest.mark.parametrize(
    ("starts", "faults"),
    [
        ({"north": 0, "west": 1, "fast": 2}, []),
        ({"west": 0}, ["3 is spent up to period 'a', more than its budgets of 2 so far"]),
        ({"north": 0, "fast": 1}, ["6 is spent up to period 'b', more than its budgets of 5 so far"]),
        (
            {"fast": 0, "north": 1},
            [
                "4 is spent up to period 'a', more than its budgets of 2 so far",
                "6 is spent up to period 'b', more than its budgets of 5 so far",
            ],
        ),
    ],
)
def test_money_is_added_up_from_period_to_period(starts, faults):
    assert list(rules.schedule_faults(phased(periods=THREE), starts)) == faults


@pytest.mark.parametrize(
    ("starts", "late"),
    [
        ({"fast": 1, "north": 1}, False),
        ({"fast": 0, "north": 1}, True),
        ({"fast": 0}, False),
        ({"north": 2}, False),
    ],
)
def test_openings_count_and_not_starts(starts, late):
    problem = phased(requires=(("fast", "north"),), periods=THREE, budget=9)
    plenty = problem.replace(periods=tuple(Period(p.id, 9, p.factor) for p in THREE), budget=27)
    assert (
        list(rules.schedule_faults(plenty, starts)) == ["'fast' requires 'north', which opens later"] * late
    )
    led = leading(plenty, fast=1)
    assert list(rules.schedule_faults(led, {"fast": 0, "north": 1})) == []


def test_a_candidate_is_open_from_its_start_and_lead_on():
    problem = leading(phased(periods=THREE), north=1)
    starts = {"fast": 1, "north": 1}
    assert rules.opening_periods(problem, starts) == {"fast": 1, "north": 2}
    states = rules.period_states(problem, ["fast", "north"], starts)
    assert [(s.factor, s.is_open) for s in states] == [(1, ()), (2, ("fast",)), (3, ("fast", "north"))]
    assert rules.total_factor(problem) == 6
    assert rules.total_factor(ringed()) == 1
    (only,) = rules.period_states(ringed(), ["west", "north"], {})
    assert (only.factor, only.is_open) == (1, ("north", "west"))


def test_a_start_in_the_last_period_is_one_and_the_next_is_not():
    assert list(rules.start_faults(phased(), ("fast",), {"fast": 1})) == []
    assert list(rules.start_faults(phased(), ("fast",), {"fast": 2})) == [
        "starts: 'fast' is started in period 2, which is not one of 0..1"
    ]
    assert len(list(rules.start_faults(phased(), ("fast",), {"fast": -1}))) == 1
    one = phased(periods=(Period("only", 9, 1),))
    assert list(rules.start_faults(one, ("fast",), {"fast": 0})) == []


def test_the_gain_of_a_plan_counts_over_all_periods():
    """Today covers 1 in both periods, which count 1 and 2: 3 of the objective of 30; the bound allows 33."""
    claim = Result(
        "ringed", "feasible", ("fast",), 4, 10, 30, 33.0, 0.1, "", 0.0, 1, 1, "", starts={"fast": 0}
    )
    plan = verify.check(phased(), claim)
    assert (plan.gap, plan.gap_of_gain) == (0.1, 3 / 27)

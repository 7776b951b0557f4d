"""Periods in the independent check: budgets, openings and the objective."""

from __future__ import annotations

import pytest
from ring_drawing import leading, phased, ringed

from optimiser import verify
from optimiser.problem import Capacity, Period
from optimiser.problem.errors import VerificationError


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

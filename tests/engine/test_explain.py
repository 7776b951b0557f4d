"""Explanations of why a problem has no plan."""

from __future__ import annotations

import itertools

import pytest
from core_drawing import best_plans, crowded_line, line, side_problems
from hypothesis import assume, given
from hypothesis import strategies as st
from problem_files import validate
from tiers import examples

from optimiser.engine import explain
from optimiser.engine.explain import quick_explain
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import Capacity, Pair, Target
from optimiser.problem.result import parse


def nothing_proves(_part, _seconds):
    return False


def explained(problem):
    return [str(reason) for reason in explain.explain(problem, nothing_proves, seconds=0.0)]


@given(st.sets(st.integers(0, 9), min_size=1), st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=3))
@examples(100)
def test_a_conflict_is_minimal(first, more):
    conflicts = [first, *more]

    def is_empty(some):
        return any(conflict <= set(some) for conflict in conflicts)

    found = quick_explain(range(10), is_empty)
    assert is_empty(found)
    assert not any(is_empty(part) for part in itertools.combinations(found, len(found) - 1))


@given(st.sets(st.integers(0, 9), min_size=1), st.data())
@examples(60)
def test_a_conflict_remains_valid_when_proofs_are_missed(conflict, data):
    found = quick_explain(range(10), lambda some: conflict <= set(some) and data.draw(st.booleans()))
    assert conflict <= set(found)


@given(side_problems())
@examples(120)
def test_the_constraints_reported_as_a_conflict_cannot_be_met(problem):
    assume(best_plans(problem) == [])
    reasons = [str(reason) for reason in explain.conflict_among(problem, nothing_proves, seconds=0.0)]
    named = [item for item in explain.constraints(problem) if item.reason.text in reasons]
    assert best_plans(explain.with_only(problem, named)) == []


def test_constraints_that_conflict_only_together_are_named():
    problem = line(
        targets=(Target("small", 9), Target("core", 2)), excludes=(("ac", "bd"),), requires=(("ad", "ac"),)
    )
    assert explained(problem)[1:] == [
        "'ac' and 'bd' exclude each other",
        "the target of 9 for the pairs of group 'small'",
    ]


def test_a_budget_too_small_for_a_target_is_named_with_it():
    problem = line(targets=(Target("small", 9),), budget=6, money="kEUR")
    assert explained(problem)[1:] == [
        "the target of 9 for the pairs of group 'small'",
        "the budget of 6 kEUR",
    ]


def test_a_capacity_too_small_for_a_target_is_named_with_it():
    trains = Capacity("east - west", (("ac", 8), ("bd", 16)), 20)
    problem = line(targets=(Target("small", 9),), capacities=(trains,))
    reasons = explain.explain(problem, nothing_proves, seconds=0.0)
    assert [str(reason) for reason in reasons][1:] == [
        "the target of 9 for the pairs of group 'small'",
        "the capacity 'east - west' of 20",
    ]
    assert [reason.capacity for reason in reasons] == ["", "", "east - west"]


@pytest.mark.usefixtures("here")
def test_a_result_keeps_the_capacity_of_a_reason():
    trains = Capacity("east - west", (("ac", 8), ("bd", 16)), 20)
    problem = line(targets=(Target("small", 9),), capacities=(trains,))
    result = solve(problem, params=SolveParameters(threads=1, time_limit_s=20.0))
    assert (result.status, result.reasons[-1].capacity) == ("infeasible", "east - west")
    validate(result.as_dict(), "result.schema.json")
    assert parse(result.as_dict()).reasons == result.reasons


def test_pairs_that_must_be_covered_and_exclude_each_other_are_named():
    problem = line(budget=None, excludes=(("ac", "bd"),), pairs=(Pair(0, 2, 120, 5), Pair(1, 3, 120, 4)))
    assert explained(problem)[1:] == [
        "'ac' and 'bd' exclude each other",
        "the pair a - c must be covered within 120 s",
        "the pair b - d must be covered within 120 s",
    ]


@pytest.mark.usefixtures("here")
def test_a_solve_proves_and_explains_infeasibility_where_not_every_plan_can_be_tried():
    problem = crowded_line(
        targets=(Target("small", 9), Target("core", 2)),
        excludes=(("ac", "bd"),),
        requires=tuple((f"idle{i:02d}", "ac") for i in range(13)),
    )
    result = solve(problem, params=SolveParameters(threads=1, time_limit_s=20.0))
    assert (result.status, result.termination, result.built) == ("infeasible", "infeasible", ())
    assert "'ac' and 'bd' exclude each other" in result.message.splitlines()
    assert "the target of 9 for the pairs of group 'small'" in result.message.splitlines()
    validate(result.as_dict(), "result.schema.json")
    assert Target("small", 9) in [reason.target for reason in result.reasons]
    assert parse(result.as_dict()).reasons == result.reasons

"""Where there is no plan: who proves it, and what the user is told."""

from __future__ import annotations

import itertools

import jsonschema
import pytest
from core_drawing import best_plans, both_ways, brute_force, claim, line, side_problems
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_files import schema_of

from optimiser import verify
from optimiser.engine import explain
from optimiser.engine.conflict import quick_explain
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import Candidate, City, Pair, Target
from optimiser.problem.errors import VerificationError
from optimiser.verify.infeasible import judge
from optimiser.verify.obstacles import obstacles


def nothing_proves(_part, _seconds):
    return False


def fixed(*choices, **changes):
    """The line with candidates fixed as in `ac=in`."""
    how = dict(choice.split("=") for choice in choices)
    candidates = [Candidate(c.id, c.cost, c.arcs, c.kind, None, how.get(c.id)) for c in line().candidates]
    return line(candidates=tuple(candidates), **changes)


# ---- arguments without a search


@given(side_problems())
@settings(max_examples=150, deadline=None)
def test_an_obstacle_is_named_only_where_there_is_no_plan(problem):
    if obstacles(problem):
        assert best_plans(problem) == []


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            fixed("ac=in", "ad=in"),
            "fixed in: ac, ad; together cost 12, the budget is 7",
        ),
        (
            fixed("ac=in", "ad=out", requires=(("ac", "bd"), ("bd", "ad"))),
            "'ac' is fixed in and requires 'bd', which requires 'ad', yet 'ad' is fixed out",
        ),
        (
            fixed("ac=in", "bd=in", excludes=(("ac", "bd"),)),
            "'ac' and 'bd' exclude each other, yet both must be built: 'ac' is fixed in; 'bd' is fixed in",
        ),
        (
            fixed("ac=in", requires=(("ac", "ad"),)),
            "fixed in or required by that: ac, ad; together cost 12, the budget is 7",
        ),
        (
            line(targets=(Target("core", 10),), budget=16),
            (
                "the target of 10 for the pairs of group 'core' is 1 short even with everything built; "
                "beyond their limits even then: d - a (60 s, limit 10 s)"
            ),
        ),
        (
            line(targets=(Target("small", 10),), budget=16),
            (
                "the target of 10 for the pairs of group 'small' is 1 short even with everything built, "
                "and all of them are covered then"
            ),
        ),
        (
            fixed("ad=in", budget=None, excludes=(("ac", "ad"),)),
            (
                "the pair a - c (160 s, limit 120 s) must be covered, and cannot be with what may be built; "
                "not to be built: 'ac' excludes 'ad', which must be built"
            ),
        ),
        (
            line(cities=(City("dee", 3, (3, 4), 2, "core"),), targets=(Target("core", 3, "cities"),)),
            (
                "the target of 3 for the cities of group 'core' is 3 short even with everything built that "
                "may be; dee has 1 of the 2 pairs that it needs, without d - a (150 s, limit 10 s)"
            ),
        ),
        (
            line(targets=(Target("small", 9),), excludes=(("ac", "bd"),), requires=(("bd", "ac"),)),
            (
                "the target of 9 for the pairs of group 'small' is 4 short even with everything built that "
                "may be; beyond their limits even then: b - d (200 s, limit 120 s); not to be built: 'bd' "
                "requires 'ac', which it excludes"
            ),
        ),
    ],
)
def test_an_obstacle_is_told_with_its_names_and_numbers(problem, told):
    assert brute_force(problem) is None
    assert told in obstacles(problem)


# ---- the independent check


@given(side_problems())
@settings(max_examples=150, deadline=None)
def test_a_claim_of_no_plan_is_proved_or_refuted_where_every_plan_can_be_tried(problem):
    verdict = judge(problem)
    assert (verdict.plan is None) == (best_plans(problem) == [])
    assert (verdict.by == "") == (verdict.plan is not None)


def empty_claim(**changes):
    nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
    return claim(status="infeasible", **(nothing | changes))


def test_a_claim_of_no_plan_that_is_not_true_is_refused_with_a_plan():
    with pytest.raises(VerificationError, match="building ac, bd meets every constraint"):
        verify.check(line(targets=(Target("small", 9),)), empty_claim())


def test_who_proved_that_there_is_no_plan_is_said():
    assert verify.check(line(targets=(Target("core", 10),)), empty_claim()).infeasible_by == "argument"
    both = line(targets=(Target("small", 9),), excludes=(("ac", "bd"),))
    assert verify.check(both, empty_claim()).infeasible_by == "enumeration"


def crowded(**changes):
    """The line with as many candidates that lead nowhere as make trying every plan too long."""
    idle = tuple(Candidate(f"idle{i:02d}", 1, both_ways((0, 1, 900))) for i in range(13))
    return line(candidates=(*line().candidates, *idle), **changes)


def test_a_proof_that_is_too_long_to_repeat_is_the_word_of_the_solver():
    problem = crowded(targets=(Target("small", 9),), excludes=(("ac", "bd"),))
    assert verify.check(problem, empty_claim()).infeasible_by == "solver"


# ---- the explanation


@given(st.sets(st.integers(0, 9), min_size=1), st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=3))
@settings(max_examples=100, deadline=None)
def test_a_conflict_is_one_from_which_nothing_can_be_left_out(first, more):
    conflicts = [first, *more]

    def is_empty(some):
        return any(conflict <= set(some) for conflict in conflicts)

    found = quick_explain(range(10), is_empty)
    assert is_empty(found)
    assert not any(is_empty(part) for part in itertools.combinations(found, len(found) - 1))


@given(st.sets(st.integers(0, 9), min_size=1), st.data())
@settings(max_examples=60, deadline=None)
def test_a_conflict_stays_one_when_proofs_are_missed(conflict, data):
    found = quick_explain(range(10), lambda some: conflict <= set(some) and data.draw(st.booleans()))
    assert conflict <= set(found)


@given(side_problems())
@settings(max_examples=120, deadline=None)
def test_what_is_told_to_conflict_cannot_be_met(problem):
    assume(best_plans(problem) == [])
    told = explain.conflict_among(problem, nothing_proves, seconds=0.0)
    named = [item for item in explain.constraints(problem) if item.text in told.splitlines()]
    assert best_plans(explain.with_only(problem, named)) == []


def test_constraints_that_conflict_together_are_named():
    problem = line(
        targets=(Target("small", 9), Target("core", 2)), excludes=(("ac", "bd"),), requires=(("ad", "ac"),)
    )
    assert explain.explain(problem, nothing_proves, seconds=0.0).splitlines()[1:] == [
        "'ac' and 'bd' exclude each other",
        "the target of 9 for the pairs of group 'small'",
    ]


def test_a_budget_that_is_too_small_for_a_target_is_named_with_it():
    problem = line(targets=(Target("small", 9),), budget=6, money="kEUR")
    assert explain.explain(problem, nothing_proves, seconds=0.0).splitlines()[1:] == [
        "the target of 9 for the pairs of group 'small'",
        "the budget of 6 kEUR",
    ]


def test_pairs_that_must_be_covered_and_exclude_each_other_are_named():
    problem = line(budget=None, excludes=(("ac", "bd"),), pairs=(Pair(0, 2, 120, 5), Pair(1, 3, 120, 4)))
    assert explain.explain(problem, nothing_proves, seconds=0.0).splitlines()[1:] == [
        "'ac' and 'bd' exclude each other",
        "the pair a - c must be covered within 120 s",
        "the pair b - d must be covered within 120 s",
    ]


def test_a_solve_without_a_plan_proves_it_and_says_why_even_where_every_plan_cannot_be_tried():
    problem = crowded(
        targets=(Target("small", 9), Target("core", 2)),
        excludes=(("ac", "bd"),),
        requires=tuple((f"idle{i:02d}", "ac") for i in range(13)),
    )
    result = solve(problem, params=SolveParameters(threads=1, time_limit_s=20.0))
    assert (result.status, result.termination, result.built) == ("infeasible", "infeasible", ())
    assert "'ac' and 'bd' exclude each other" in result.message.splitlines()
    assert "the target of 9 for the pairs of group 'small'" in result.message.splitlines()
    jsonschema.validate(result.as_dict(), schema_of("result.schema.json"))

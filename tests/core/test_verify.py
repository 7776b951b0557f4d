from __future__ import annotations

import copy

import pytest
from core_drawing import line, problems
from hypothesis import given, settings

from optimiser import verify
from optimiser.errors import VerificationError
from optimiser.problem import Candidate
from optimiser.result import Result, gap_of


def claim(**changes):
    honest = Result(
        problem="line",
        status="optimal",
        built=("ac", "bd"),
        cost=7,
        coverage=18,
        objective=18,
        bound=18.4,
        gap=0.0,
        variant="cuts",
        seconds=0.1,
        seed=1,
        threads=1,
        solver="",
    )
    return honest.replace(**changes)


def test_an_honest_result_becomes_a_plan_with_its_proof():
    plan = verify.check(line(), claim())
    assert (plan.status, plan.bound, plan.gap, plan.gap_of_gain) == ("optimal", 18.4, 0.0, 0.0)


@pytest.mark.parametrize(
    ("lie", "answer"),
    [
        ({"cost": 6}, "cost: 6 was claimed, 7 is true"),
        ({"coverage": 19}, "coverage: 19 was claimed, 18 is true"),
        ({"objective": 17}, "objective: 17 was claimed, 18 is true"),
        ({"built": ("ac", "bd", "ad")}, "more than the budget"),
        ({"built": ("ac", "zz")}, "no candidate 'zz'"),
        ({"built": ("ac", "ac")}, "'ac' stands twice"),
        ({"bound": 17.2}, "wrong side"),
        ({"bound": None, "gap": None}, "without a bound"),
        ({"bound": 19.0, "gap": 1 / 18}, "called optimal with a gap"),
        ({"status": "feasible", "bound": 20.0, "gap": 0.0}, "gap: 0.0 was claimed"),
        ({"problem": "other"}, "for problem 'other'"),
        ({"status": "infeasible"}, "something is claimed"),
    ],
)
def test_a_lie_is_named(lie, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.check(line(), claim(**lie))


def test_what_is_fixed_is_enforced():
    must = Candidate("must", 1, (), fixed="in")
    barred = Candidate("barred", 1, (), fixed="out")
    with pytest.raises(VerificationError) as caught:
        verify.score(line(candidates=(must, barred)), ["barred"])
    assert len(caught.value.faults) == 2


def test_without_a_budget_every_coverable_pair_must_be_covered():
    with pytest.raises(VerificationError, match="1 pairs that could be covered"):
        verify.score(line(budget=None), ["ac"])


def test_the_gap_counts_the_bound_as_the_integer_that_it_allows():
    assert gap_of(18, 18.999) == 0.0
    assert gap_of(18, 19.0 - 1e-8) == pytest.approx(1 / 18)
    assert gap_of(10, 9.2, minimise=True) == 0.0
    assert gap_of(10, 9.0 + 1e-8, minimise=True) == pytest.approx(0.1)
    assert gap_of(0, 3.0) == 3.0
    assert gap_of(5, None) is None


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_certificate_of_every_plan_holds(problem):
    built = [c.id for c in problem.candidates if c.fixed != "out"]
    problem = problem.replace(budget=problem.cost_of(built))
    plan = verify.score(problem, built)
    verify.check_certificate(problem, verify.certificate(problem, plan))


def spoil_time(evidence):
    evidence["paths"][0]["seconds"][0] -= 1


def spoil_candidate(evidence):
    evidence["paths"][0]["candidates"][0] = "ad"


def spoil_cost(evidence):
    evidence["cost"] = 1


def spoil_coverage(evidence):
    evidence["paths"].pop()


def spoil_ends(evidence):
    evidence["paths"][0]["nodes"][-1] = "b"


def spoil_twice(evidence):
    evidence["paths"].append(evidence["paths"][0])


def spoil_shape(evidence):
    del evidence["paths"][0]["nodes"]


@pytest.mark.parametrize(
    "spoil",
    [spoil_time, spoil_candidate, spoil_cost, spoil_coverage, spoil_ends, spoil_twice, spoil_shape],
)
def test_a_spoilt_certificate_is_refused(spoil):
    plan = verify.score(line(), ["ac", "bd"])
    evidence = copy.deepcopy(verify.certificate(line(), plan))
    spoil(evidence)
    with pytest.raises(VerificationError):
        verify.check_certificate(line(), evidence)

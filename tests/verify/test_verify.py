from __future__ import annotations

import copy
import dataclasses

import pytest
from core_drawing import claim, line, problems
from hypothesis import given, settings

from optimiser import verify
from optimiser.problem import Candidate, City, Target
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import gap_of


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


def sided(**changes):
    """The line with a row of each family, met by ac and bd: cost 7, pairs 18, the city 3."""
    ac, bd, ad = line().candidates
    whole = {
        "candidates": (ac, dataclasses.replace(bd, instrument="subsidy"), ad),
        "caps": (("subsidy", 4),),
        "targets": (Target("small", 9), Target("core", 3, "cities")),
        "excludes": (("ac", "ad"),),
        "requires": (("bd", "ac"),),
        "cities": (City("dee", 3, (1, 2), 2, "core"), City("gee", 2, (4,), 1)),
    }
    return line(**(whole | changes))


@pytest.mark.parametrize(
    ("change", "built", "answer"),
    [
        ({"caps": (("subsidy", 3),)}, ["ac", "bd"], "instrument 'subsidy' cost 4, more than the cap of 3"),
        ({"budget": 20}, ["ac", "ad", "bd"], "'ac' and 'ad' exclude each other and both are built"),
        ({}, ["bd"], "'bd' requires 'ac', which is not built"),
        ({}, ["ac"], "target for the pairs of group 'small': 5 of 9 is reached"),
        ({}, ["ac"], "target for the cities of group 'core': 0 of 3 is reached"),
        ({"budget": None, "cover": "targets"}, ["ac"], "5 of 9 is reached"),
    ],
)
def test_a_side_constraint_that_is_broken_is_named(change, built, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.score(sided(**change), built)


def test_covered_cities_count_in_the_objective_and_not_in_the_coverage():
    plan = verify.score(sided(), ["ac", "bd"])
    assert (plan.coverage.after, plan.objective, plan.cities, plan.cities_before) == (18, 21, ("dee",), ())


def test_the_targets_alone_leave_coverable_pairs_uncovered():
    problem = line(budget=None, cover="targets", targets=(Target("small", 5),))
    plan = verify.score(problem, ["ac"])
    assert (plan.objective, plan.coverage.after) == (3, 14)


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


def spoil_city(evidence):
    evidence["cities"][0]["pairs"].pop()


def spoil_city_weight(evidence):
    evidence["cities"][0]["weight"] += 1


def spoil_city_pair(evidence):
    evidence["cities"][0]["pairs"][0] = 0


@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (spoil_city, "1 of the 2 pairs that it needs"),
        (spoil_city_weight, "weight 4 was claimed, 3 is true"),
        (spoil_city_pair, "not one of its own"),
    ],
)
def test_a_certificate_of_a_city_that_does_not_hold_is_refused(spoil, answer):
    evidence = verify.certificate(sided(), verify.score(sided(), ["ac", "bd"]))
    verify.check_certificate(sided(), evidence)
    spoil(evidence)
    with pytest.raises(VerificationError, match=answer):
        verify.check_certificate(sided(), evidence)


def test_a_certificate_shows_that_targets_are_met():
    evidence = verify.certificate(sided(), verify.score(sided(), ["ac", "bd"]))
    with pytest.raises(VerificationError, match="9 of 10 is reached"):
        verify.check_certificate(sided(targets=(Target("small", 10),)), evidence)


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

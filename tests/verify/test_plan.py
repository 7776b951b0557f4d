"""The independent check of results, and plans given by hand."""

from __future__ import annotations

import pytest
from core_drawing import claim, line, side_line

from optimiser import verify
from optimiser.problem import Candidate, Target
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import ProofSource


def test_a_correct_result_becomes_a_plan_with_its_bound():
    plan = verify.check(line(), claim())
    assert (plan.status, plan.bound, plan.gap, plan.gap_of_gain) == ("optimal", 18.4, 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"cost": 6}, "cost: 6 was claimed, 7 is true"),
        ({"coverage": 19}, "coverage: 19 was claimed, 18 is true"),
        ({"objective": 17}, "objective: 17 was claimed, 18 is true"),
        ({"built": ("ac", "bd", "ad")}, "more than the budget"),
        ({"built": ("ac", "zz")}, "no candidate 'zz'"),
        ({"built": ("ac", "ac")}, "'ac' occurs twice"),
        ({"bound": 17.2}, "wrong side"),
        ({"bound": None, "gap": None}, "without a bound"),
        ({"bound": 19.0, "gap": 1 / 18}, "called optimal with a gap"),
        ({"status": "feasible", "bound": 20.0, "gap": 0.0}, "gap: 0.0 was claimed"),
        ({"problem": "other"}, "for problem 'other'"),
        ({"status": "infeasible"}, "something is claimed"),
    ],
)
def test_a_false_claim_is_reported(change, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.check(line(), claim(**change))


def test_a_bound_called_trivial_is_recomputed():
    claimed = claim(bound_source=ProofSource("search", "cuts", "HiGHS"))
    assert verify.check(line(), claimed).bound_source == claimed.bound_source
    poor = line(budget=4)
    plan = claim(built=("ac",), cost=3, coverage=14, objective=14, bound=14.0)
    verify.check(poor, plan.replace(bound_source=ProofSource("presolve")))
    with pytest.raises(VerificationError, match=r"the bound 14.0 is called trivial, and sums of the problem"):
        verify.check(poor, plan.replace(bound_source=ProofSource("trivial")))


def test_a_cost_bound_called_trivial_is_what_is_fixed_in():
    dear = claim(bound=7.0, objective=7, bound_source=ProofSource("trivial"))
    with pytest.raises(VerificationError, match="sums of the problem give 0"):
        verify.check(line(budget=None), dear)
    verify.check(line(budget=None), dear.replace(status="feasible", bound=0.0, gap=1.0))


def test_a_source_without_a_bound_is_reported():
    with pytest.raises(VerificationError, match="a source is named for a bound that is not there"):
        verify.check(
            line(), claim(status="feasible", bound=None, gap=None, bound_source=ProofSource("search"))
        )


def test_fixed_candidates_are_enforced():
    must = Candidate("must", 1, (), fixed="in")
    barred = Candidate("barred", 1, (), fixed="out")
    with pytest.raises(VerificationError) as caught:
        verify.score(line(candidates=(must, barred)), ["barred"])
    assert len(caught.value.faults) == 2


def test_without_a_budget_every_coverable_pair_must_be_covered():
    with pytest.raises(VerificationError, match="1 pairs that could be covered"):
        verify.score(line(budget=None), ["ac"])


def test_pairs_covered_by_a_barred_candidate_do_not_offset_missed_pairs():
    barred = Candidate("da", 1, ((3, 0, 5),), fixed="out")
    problem = line(candidates=(*line().candidates, barred), budget=None)
    with pytest.raises(VerificationError) as caught:
        verify.score(problem, ["ac", "da"])
    assert caught.value.faults == (
        "candidate 'da' must not be built and is",
        "1 pairs that could be covered are not",
    )


@pytest.mark.parametrize(
    ("change", "built", "answer"),
    [
        ({"caps": (("subsidy", 3),)}, ["ac", "bd"], "instrument 'subsidy' cost 4, more than the cap of 3"),
        (
            {"budget": 20, "excludes": ()},
            ["ac", "ad", "bd"],
            "it takes 10 of the capacity 'trains', more than the 5 there are",
        ),
        ({"budget": 20}, ["ac", "ad", "bd"], "'ac' and 'ad' exclude each other and both are built"),
        ({}, ["bd"], "'bd' requires 'ac', which is not built"),
        ({}, ["ac"], "target for the pairs of group 'small': 5 of 9 is reached"),
        ({}, ["ac"], "target for the cities of group 'core': 0 of 3 is reached"),
        ({"budget": None, "cover": "targets"}, ["ac"], "5 of 9 is reached"),
    ],
)
def test_a_broken_side_constraint_is_reported(change, built, answer):
    with pytest.raises(VerificationError, match=answer):
        verify.score(side_line(**change), built)


def test_covered_cities_count_in_the_objective_but_not_in_the_coverage():
    plan = verify.score(side_line(), ["ac", "bd"])
    assert (plan.coverage.after, plan.objective, plan.cities, plan.cities_before) == (18, 21, ("dee",), ())


def test_coverable_pairs_may_stay_uncovered_where_only_targets_count():
    problem = line(budget=None, cover="targets", targets=(Target("small", 5),))
    plan = verify.score(problem, ["ac"])
    assert (plan.objective, plan.coverage.after) == (3, 14)

"""The independent check of results, and plans given by hand."""

from __future__ import annotations

import pytest
from core_drawing import claim, line, side_line

from optimiser import verify
from optimiser.problem import Candidate, Pair, Target
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import ProofSource
from optimiser.verify.rules import covered_pairs, fastest_steps, pair_times, shortest_paths


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


@pytest.mark.parametrize(
    ("bound", "status", "gap", "fault"),
    [
        (18.0, "optimal", 0.0, ""),
        (18.999, "optimal", 0.0, ""),
        (19.0, "feasible", 1 / 18, ""),
        (19.0, "feasible", 1 / 18 + 9e-10, ""),
        (19.0, "feasible", 1 / 18 + 2e-9, "gap"),
        (19.0, "feasible", 1 / 18 - 2e-9, "gap"),
        (19.0, "feasible", None, ""),
        (17.9, "feasible", None, "wrong side"),
        (None, "feasible", None, ""),
    ],
)
def test_a_bound_and_a_gap_are_held_against_the_plan(bound, status, gap, fault):
    found = claim(bound=bound, status=status, gap=gap)
    if fault:
        with pytest.raises(VerificationError, match=fault) as caught:
            verify.check(line(), found)
        assert len(caught.value.faults) == 1
    else:
        assert verify.check(line(), found).bound == bound


@pytest.mark.parametrize(("bound", "fault"), [(7.0, ""), (6.2, ""), (7.2, "wrong side"), (6.0, "with a gap")])
def test_a_bound_on_the_least_cost_lies_below_the_cost(bound, fault):
    problem = line(budget=None)
    found = claim(bound=bound, gap=None, objective=7)
    if fault:
        with pytest.raises(VerificationError, match=fault):
            verify.check(problem, found)
    else:
        assert verify.check(problem, found).gap_of_gain is None


def test_the_gain_is_what_a_plan_covers_beyond_today():
    """Of 18, 2 are covered today; a bound of 19 leaves 1 of a gain of 16."""
    plan = verify.check(line(), claim(status="feasible", bound=19.0, gap=None))
    assert (plan.covered_before, plan.covered) == ((3,), (0, 1, 2, 3))
    assert plan.gap_of_gain == 1 / 16
    assert (plan.coverage.before, plan.coverage.after, plan.coverage.all_built) == (2, 18, 18)
    assert (plan.groups["core"].total, plan.groups["core"].after) == (10, 9)


@pytest.mark.parametrize("change", [{"cost": 1}, {"coverage": 1}, {"built": ("ac",)}, {"rings": {"r": (0,)}}])
def test_a_result_without_a_plan_claims_nothing(change):
    nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
    assert verify.check(line(), claim(status="none", **nothing)).built == ()
    with pytest.raises(VerificationError, match="it is called none, yet something is claimed"):
        verify.check(line(), claim(**{"status": "none", **nothing, **change}))


def test_every_wrong_value_is_reported_at_once():
    with pytest.raises(VerificationError) as caught:
        verify.check(line(), claim(cost=6, coverage=19, objective=17))
    assert caught.value.faults[:3] == (
        "cost: 6 was claimed, 7 is true",
        "coverage: 19 was claimed, 18 is true",
        "objective: 17 was claimed, 18 is true",
    )


# ---- times


def test_times_are_those_of_the_fastest_steps_and_of_equal_ones_that_of_today():
    arcs = (*line().arcs, (0, 1, 90), (0, 1, 90))
    same = Candidate("same", 1, ((0, 1, 90), (1, 2, 99)))
    problem = line(arcs=arcs, candidates=(same,))
    steps = {
        (s.tail, s.head): (s.seconds, s.candidate)
        for row in fastest_steps(problem, ["same"]).values()
        for s in row
    }
    assert (steps[0, 1], steps[1, 2], steps[2, 1]) == ((90, None), (99, "same"), (100, None))
    times, last = shortest_paths(fastest_steps(problem, ["same"]), 0)
    assert times == {0: 0, 1: 90, 2: 189, 3: 289}
    assert last[2].candidate == "same"


def test_a_pair_is_covered_up_to_its_limit_and_never_without_a_path():
    pairs = (Pair(0, 2, 200, 1), Pair(0, 2, 199, 1), Pair(0, 4, 10**9, 1), Pair(1, 1, 0, 1))
    problem = line(nodes=("a", "b", "c", "d", "e"), pairs=pairs)
    assert pair_times(problem, ()) == (200, 200, None, 0)
    assert covered_pairs(problem, ()) == {0, 3}

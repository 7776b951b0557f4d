from __future__ import annotations

import dataclasses

import pytest
from core_drawing import brute_force, covered_by, line, side_problems
from cut_drawing import two_of_three
from hypothesis import given
from ring_drawing import ring_problem, ringed, square, whole_brute_force
from tiers import examples, thinned

from optimiser.engine.attempt import CheckedClaims
from optimiser.engine.child import Ending
from optimiser.engine.search.task import NamedPlan
from optimiser.problem import Target


def claims_of(problem, *messages, ending=None, proves=True):
    """Return what is known after some messages and an ending."""
    claims = CheckedClaims(problem, None)
    for message in messages:
        claims.receive({"step": "s", **message})
    if ending is not None:
        claims.finish(Ending(ending), proves=proves)
    return claims


def plan(*built, **more):
    return {"kind": "plan", "built": list(built), **more}


def bound(value):
    return {"kind": "bound", "bound": value}


READY = {"kind": "ready"}


# ---- what is certain without a solver


@given(side_problems())
@examples(150)
def test_the_first_bound_holds_for_every_plan_and_the_first_plan_is_feasible(problem):
    best, optimum = claims_of(problem).best(), brute_force(problem)
    if best["status"] == "none":
        assert (best["built"], best["bound"], best["gap"]) == ((), None, None)
        return
    assert best["status"] in ("feasible", "optimal")
    if problem.budget is None:
        assert best["bound"] <= optimum <= best["objective"]
    else:
        assert best["objective"] <= optimum <= best["bound"]


@pytest.mark.parametrize("seed", thinned(range(30), 6))
def test_the_first_bound_of_a_problem_with_rings_and_periods_holds(seed):
    problem = ring_problem(seed)
    best, optimum = claims_of(problem).best(), whole_brute_force(problem)
    if best["bound"] is not None:
        assert best["bound"] <= optimum if problem.budget is None else best["bound"] >= optimum


def test_the_first_bound_leaves_out_what_cannot_be_covered():
    coverable = covered_by(line(), {"ac", "bd", "ad"})
    weights = [pair.weight for pair, able in zip(line().pairs, coverable, strict=True) if able]
    assert claims_of(line()).best()["bound"] == sum(weights) == 18.0


def test_the_first_bound_of_a_cost_is_what_is_fixed_in():
    first, *others = line().candidates
    problem = line(candidates=(dataclasses.replace(first, fixed="in"), *others), budget=None)
    assert claims_of(problem).best()["bound"] == 3.0


def test_the_first_bound_has_the_rewards_of_rings():
    assert claims_of(ringed(square(required=False, reward=5))).best()["bound"] == 15.0


def test_where_neither_nothing_nor_everything_is_feasible_there_is_no_first_plan():
    claims = claims_of(line(targets=(Target("small", 5),)))
    assert claims.best()["status"] == "none"


# ---- plans and bounds


def test_plans_are_evaluated_anew():
    best = claims_of(line(), plan("bd", "ac")).best()
    assert (best["built"], best["cost"], best["coverage"], best["objective"]) == (("ac", "bd"), 7, 18, 18)


def test_a_worse_plan_does_not_replace_a_better_one():
    assert claims_of(line(), plan("ac", "bd"), plan("ac")).best()["built"] == ("ac", "bd")


def test_a_plan_beyond_the_budget_is_refused_with_its_step():
    claims = claims_of(line(), plan("ad", step="lns"), ending="time")
    (refusal,) = claims.refusals
    assert refusal.startswith("a plan of step 'lns' violates a rule: ")


def test_a_plan_with_a_ring_needs_its_circuit():
    assert claims_of(ringed(), plan("north", "west")).refusals
    claims = claims_of(ringed(), plan("north", "west", rings={"square": [0, 1, 2, 3]}))
    assert not claims.refusals
    assert claims.best()["rings"] == {"square": (0, 1, 2, 3)}


def test_bounds_of_a_trusted_process_tighten_the_first_one():
    claims = claims_of(line(budget=4), plan("ac"), bound(30.0), bound(14.2), ending="proof")
    best = claims.best()
    assert not claims.refusals
    assert (best["bound"], best["gap"], best["status"]) == (14.2, 0.0, "optimal")


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "plan"},
        {"kind": "plan", "built": ["xy"]},
        {"kind": "plan", "built": 7},
        {"kind": "bound", "bound": "x"},
        {"kind": "bound", "bound": float("nan")},
        {"kind": "bound", "bound": None},
        {"kind": "count", "cuts": "many", "nodes": 0},
        {},
    ],
)
def test_a_malformed_message_is_refused(message):
    claims = claims_of(line(), message)
    assert len(claims.refusals) == 1
    assert "is invalid" in claims.refusals[0]


# ---- the ending


@pytest.mark.parametrize(
    ("messages", "ending", "refusal"),
    [
        (
            [plan("ac", "bd")],
            "infeasible",
            "the solver claimed that the problem is infeasible, but a plan is known",
        ),
        (
            [plan("ac", "bd"), bound(17.0)],
            "proof",
            "a plan with objective 18 contradicts the solver's bound 17.0",
        ),
        (
            [plan("ac"), bound(15.0)],
            "proof",
            "the solver claimed a proof of optimality that its bound does not support",
        ),
    ],
)
def test_a_contradiction_at_the_end_is_refused_and_resets_the_bound(messages, ending, refusal):
    claims = claims_of(line(), *messages, ending=ending)
    assert claims.refusals == [refusal]
    assert claims.best()["bound"] == 18.0


@pytest.mark.parametrize("ending", ["proof", "gap"])
def test_a_proof_without_a_plan_is_refused(ending):
    claims = claims_of(line(targets=(Target("small", 5),)), ending=ending)
    assert claims.refusals == [f"the solver claimed to have ended with {ending!r}, but found no plan"]


def test_a_heuristic_proves_nothing_by_its_ending():
    assert not claims_of(line(), plan("ac"), ending="proof", proves=False).refusals


def test_a_proof_that_there_is_no_plan_is_taken():
    best = claims_of(line(targets=(Target("small", 10),)), ending="infeasible").best()
    assert (best["status"], best["built"]) == ("infeasible", ())


def test_a_false_claim_outweighs_a_proof_that_there_is_no_plan():
    claims = claims_of(line(targets=(Target("small", 10),)), plan("xy"), ending="infeasible")
    assert claims.best()["status"] == "none"


@pytest.mark.parametrize("reason", ["crash", "memory", "killed"])
def test_a_broken_process_without_a_plan_leaves_that_of_the_reverse_greedy_heuristic(reason):
    assert claims_of(line(), READY, ending=reason).best()["built"] == ("ac", "bd")
    assert claims_of(line(), READY, plan("bd"), ending=reason).best()["built"] == ("bd",)


@pytest.mark.parametrize("reason", ["crash", "memory", "killed"])
def test_where_a_plan_of_ours_does_not_count_a_broken_process_has_only_its_own(reason):
    def left(*messages, start=None):
        claims = CheckedClaims(line(), None, start)
        for message in messages:
            claims.receive({"step": "s", **message})
        claims.finish(Ending(reason), proves=True, rescues=False)
        return claims

    claims = left(bound(14.0))
    assert [claims.best()[name] for name in ("status", "built", "bound")] == ["none", (), None]
    assert [(point.objective, point.bound) for point in claims.trace] == [(None, 18.0), (None, 14.0)]
    for own in (left(plan()), left(start=NamedPlan(()))):  # building nothing is a plan, once it is found
        assert (own.best()["status"], own.best()["built"]) == ("feasible", ())
    assert left(plan("bd")).best()["built"] == ("bd",)


# ---- claims that are not believed


def unbelieved(problem, *messages, ending):
    """Return what is known after claims of a process whose word does not count."""
    claims = CheckedClaims(problem, None, believes=False)
    for message in messages:
        claims.receive({"step": "mine", **message})
    claims.finish(Ending(ending), proves=True)
    return claims


def test_a_bound_that_is_not_believed_waits_beside_the_trivial_one():
    claims = unbelieved(line(budget=4), plan("ac"), bound(16.0), bound(14.0), bound(15.0), ending="proof")
    best = claims.best()
    assert (claims.claimed_bound, claims.bound_kind, claims.refusals) == (14.0, "trivial", [])
    assert (best["bound"], best["status"]) == (18.0, "feasible")
    assert [point.bound for point in claims.trace] == [18.0, 18.0, 16.0, 14.0]


def test_the_first_bound_of_the_reduction_is_believed_and_none_after_it():
    reduction = {"kind": "bound", "step": "presolve"}
    claims = unbelieved(
        line(budget=4), {**reduction, "bound": 17.0}, {**reduction, "bound": 2.5}, ending="time"
    )
    assert (claims.best()["bound"], claims.bound_kind) == (17.0, "presolve")
    assert claims.claimed_bound == 2.5
    late = unbelieved(line(budget=4), bound(17.5), {**reduction, "bound": 17.0}, ending="time")
    assert (late.best()["bound"], late.bound_kind) == (18.0, "trivial")


def test_a_bound_that_is_not_believed_is_refused_where_a_plan_contradicts_it():
    claims = unbelieved(line(), plan("ac", "bd"), bound(17.0), ending="proof")
    assert claims.refusals == ["a plan with objective 18 contradicts the solver's bound 17.0"]
    assert claims.claimed_bound is None


def test_a_bound_that_was_rounded_is_named_as_it_was_claimed():
    claims = unbelieved(line(), plan("ac", "bd"), {**bound(0.0), "told": 5.5}, ending="proof")
    (refusal,) = claims.refusals
    assert refusal.endswith("contradicts the solver's bound 5.5")


def test_that_no_plan_exists_is_no_status_where_it_is_not_believed():
    claims = unbelieved(line(targets=(Target("small", 10),)), ending="infeasible")
    assert claims.is_called_infeasible
    assert claims.best()["status"] == "none"


def test_a_bound_proved_elsewhere_replaces_the_claimed_one_and_corrects_the_trace():
    claims = unbelieved(line(budget=4), plan("ac"), bound(14.0), ending="proof")
    claims.replace_bound(16.5, "search")
    assert (claims.best()["bound"], claims.bound_kind, claims.claimed_bound) == (16.5, "search", None)
    assert [(point.bound, point.claimed) for point in claims.trace] == [
        (18.0, None), (18.0, None), (16.5, 14.0),
    ]  # fmt: skip


def test_a_bound_that_is_confirmed_later_stays_in_the_trace():
    claims = unbelieved(line(budget=4), plan("ac"), bound(16.0), bound(14.0), ending="proof")
    claims.drop_claimed_bound()
    assert [(point.bound, point.claimed) for point in claims.trace][2:] == [(18.0, 16.0), (18.0, 14.0)]
    claims.replace_bound(14.0, "search")
    assert [(point.bound, point.claimed) for point in claims.trace][2:] == [(16.0, None), (14.0, None)]
    claims.refuse("false")
    assert {(point.bound, point.claimed) for point in claims.trace} == {(18.0, None)}


def test_a_weaker_bound_proved_elsewhere_leaves_the_one_believed():
    first = {"kind": "bound", "step": "presolve", "bound": 15.0}
    claims = unbelieved(line(budget=4), plan("ac"), first, bound(14.0), ending="proof")
    claims.replace_bound(18.0, "trivial")
    assert (claims.best()["bound"], claims.bound_kind) == (15.0, "presolve")
    assert [point.bound for point in claims.trace] == [18.0, 18.0, 15.0, 15.0]


def test_a_cost_from_below_is_corrected_downwards():
    claims = unbelieved(line(budget=None), plan("ac", "bd"), bound(7.0), ending="proof")
    claims.replace_bound(5.0, "relaxation")
    assert [point.bound for point in claims.trace][-1] == 5.0
    assert max(point.bound for point in claims.trace) == 5.0


def test_a_claim_refused_after_the_end_keeps_the_plan_that_contradicts_it():
    claims = claims_of(line(targets=(Target("small", 9),), excludes=(("ac", "ad"),)), ending="infeasible")
    assert claims.best()["status"] == "infeasible"
    claims.refuse("there is a plan", NamedPlan(("ac", "bd")))
    assert claims.refusals == ["there is a plan"]
    assert (claims.best()["built"], claims.is_called_infeasible) == (("ac", "bd"), False)


@pytest.mark.parametrize(
    ("step", "kind"),
    [("presolve", "presolve"), ("relaxation", "relaxation"), ("columns", "relaxation"), ("tree", "search")],
)
def test_what_the_best_bound_rests_on_is_known_by_its_step(step, kind):
    claims = claims_of(line(budget=4), plan("ac"), {**bound(15.0), "step": step}, bound(17.0))
    assert claims.bound_kind == kind
    claims.refuse("false")
    assert claims.bound_kind == "trivial"


# ---- the trace


def test_the_trace_has_each_improvement_and_goes_to_the_listener():
    heard = []
    claims = CheckedClaims(line(), heard.append)
    count = {"kind": "count", "cuts": 3, "nodes": 2}
    for sent_s, message in enumerate((READY, bound(18.5), plan("ac", step="lns"), bound(99.0), count)):
        claims.receive({"step": "tree", "seconds": sent_s, **message})
    assert [(p.step, p.objective, p.bound, p.cuts, p.nodes) for p in claims.trace] == [
        ("start", 2, 18.0, 0, None),
        ("lns", 14, 18.0, 0, None),
        ("tree", 14, 18.0, 3, 2),
    ]
    assert heard == claims.trace
    assert [p.seconds for p in heard] == [0.0, 2.0, 4.0]  # when each was sent


def test_an_equal_plan_replaces_the_best_one_only_where_its_message_says_so():
    """Links c0 to c2 of the triangle: any two of them cover one pair each way."""
    problem = two_of_three(budget=2)
    first, second = plan("c0", "c1"), plan("c1", "c2")
    assert claims_of(problem, first, second).best()["built"] == ("c0", "c1")
    assert claims_of(problem, first, {**second, "over_equal": True}).best()["built"] == ("c1", "c2")
    assert claims_of(problem, first, {**second, "over_equal": "yes"}).best()["built"] == ("c0", "c1")

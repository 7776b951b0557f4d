"""Proofs that a problem has no plan, by arguments and by enumeration."""

from __future__ import annotations

import dataclasses

import pytest
from core_drawing import best_plans, brute_force, claim, crowded_line, line, side_problems
from hypothesis import given
from ring_drawing import leading, phased, ring_problem, ringed, whole_brute_force
from tiers import examples, thinned

from optimiser import verify
from optimiser.problem import Candidate, Capacity, City, Target
from optimiser.problem.errors import VerificationError
from optimiser.verify import infeasible
from optimiser.verify.infeasible import obstacles, prove_infeasible


def fixed(*choices, **changes):
    """The line with candidates fixed as in `ac=in`."""
    how = dict(choice.split("=") for choice in choices)
    candidates = [Candidate(c.id, c.cost, c.arcs, c.kind, None, how.get(c.id)) for c in line().candidates]
    return line(candidates=tuple(candidates), **changes)


# ---- arguments without a search


@given(side_problems())
@examples(150)
def test_obstacles_are_found_only_where_there_is_no_plan(problem):
    if obstacles(problem):
        assert best_plans(problem) == []


@pytest.mark.parametrize(
    ("problem", "sentence"),
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
            fixed("ac=in", "bd=in", capacities=(Capacity("line", (("ac", 3), ("ad", 1), ("bd", 4)), 6),)),
            "fixed in: ac, bd; together take 7 of the capacity 'line', which is 6",
        ),
        (
            fixed("ac=in", capacities=(Capacity("line", (("ac", 3),), 2),)),
            "fixed in: ac; alone takes 3 of the capacity 'line', which is 2",
        ),
        (
            line(budget=None, capacities=(Capacity("line", (("ac", 3),), 2),)),
            (
                "the pair a - c (160 s, limit 120 s) must be covered, and cannot be with what may be built; "
                "not to be built: 'ac' takes more than the capacity 'line' leaves, with all that it requires"
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
            line(
                cities=(City("dee", 3, (3, 4), 2, "core"), City("ess", 3, (4,), 1, "small")),
                targets=(Target("core", 3, "cities"),),
            ),
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
def test_an_obstacle_is_reported_with_names_and_numbers(problem, sentence):
    assert brute_force(problem) is None
    assert sentence in map(str, obstacles(problem))


def test_an_obstacle_names_the_capacity_that_is_exceeded():
    problem = fixed(
        "ac=in", capacities=(Capacity("line", (("ac", 3),), 2), Capacity("other", (("ac", 1),), 1))
    )
    assert [reason.capacity for reason in obstacles(problem)] == ["line"]


# ---- the independent check


@given(side_problems())
@examples(150)
def test_infeasibility_is_proved_or_refuted_where_every_plan_can_be_tried(problem):
    verdict = prove_infeasible(problem)
    assert (verdict.plan is None) == (best_plans(problem) == [])
    assert (verdict.by == "") == (verdict.plan is not None)


def empty_claim(**changes):
    nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
    return claim(status="infeasible", **(nothing | changes))


def test_a_false_claim_of_infeasibility_is_rejected_with_a_plan():
    with pytest.raises(VerificationError, match="building ac, bd meets every constraint"):
        verify.check(line(targets=(Target("small", 9),)), empty_claim())


def test_the_plan_states_what_proves_infeasibility():
    assert verify.check(line(targets=(Target("core", 10),)), empty_claim()).infeasible_by == "argument"
    both = line(targets=(Target("small", 9),), excludes=(("ac", "bd"),))
    assert verify.check(both, empty_claim()).infeasible_by == "enumeration"


def test_a_proof_too_long_to_repeat_is_attributed_to_the_solver():
    problem = crowded_line(targets=(Target("small", 9),), excludes=(("ac", "bd"),))
    assert verify.check(problem, empty_claim()).infeasible_by == "solver"


# ---- rings and periods, where not every plan can be tried


@pytest.fixture
def too_many(monkeypatch):
    """Let no problem be small enough to try every plan."""
    monkeypatch.setattr(infeasible, "is_enumerable", lambda _problem: False)


def test_building_everything_refutes_the_claim_that_a_ring_cannot_be_formed(too_many):
    assert prove_infeasible(ringed(budget=10)).plan == ("across", "fast", "north", "west")
    assert prove_infeasible(ringed(budget=9)).by == "solver"


def test_what_must_be_built_is_tried_where_the_budget_is_too_small_for_all(too_many):
    candidates = tuple(
        dataclasses.replace(c, fixed=None if c.id == "across" else "in") for c in ringed().candidates
    )
    assert prove_infeasible(ringed(candidates=candidates, budget=9)).plan == ("fast", "north", "west")


def test_a_start_is_the_first_period_with_the_money_or_the_last_one(too_many):
    dear = tuple(dataclasses.replace(c, cost=10 if c.id == "fast" else c.cost) for c in phased().candidates)
    assert infeasible.earliest_starts(phased(), ["fast", "west", "north"]) == {
        "fast": 0, "west": 1, "north": 1
    }  # fmt: skip
    assert infeasible.earliest_starts(phased(candidates=dear), ["fast"]) == {"fast": 1}
    assert infeasible.earliest_starts(ringed(), ["fast"]) == {"fast": 0}


def test_what_must_be_built_is_tried_in_the_first_periods_that_have_the_money(too_many):
    candidates = tuple(dataclasses.replace(c, fixed="in") for c in phased().candidates if c.id != "across")
    pairs = tuple(dataclasses.replace(pair, group="all") for pair in phased().pairs)
    problem = phased(candidates=candidates, pairs=pairs, targets=(Target("all", 10),))
    assert prove_infeasible(problem).plan == ("fast", "north", "west")
    late = leading(problem, fast=2)
    assert prove_infeasible(late).by == "solver"


@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_a_plan_that_refutes_a_claim_exists(seed, too_many):
    problem = ring_problem(seed)
    verdict = prove_infeasible(problem)
    assert verdict.plan is None or whole_brute_force(problem) is not None
    assert verdict.by != "argument" or whole_brute_force(problem) is None

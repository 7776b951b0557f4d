"""Each condition under which a candidate, a pair or a set may leave, on a problem that it decides."""

from __future__ import annotations

import pytest
from core_drawing import both_ways, brute_force, line
from reduction_drawing import optimum, with_sets

from optimiser.engine.presolve.pairs import (
    Effort,
    Families,
    build_essential,
    by_minimal_sets,
    close_unaffordable_pairs,
    drop_replaced,
    drop_unneeded,
    first_stage,
    merge_equivalent_pairs,
    minimal_sets,
)
from optimiser.problem import Candidate, Capacity, City, Pair, Target

DEPOT = Candidate("depot", 5, ())


def ids(stage):
    return [c.id for c in stage.problem.candidates]


def with_better(*more, cost=2, instrument=None, **changes):
    """The line with `better`, which does all that `ac` (cost 3) does: ac and bd for 7 are worth 18."""
    better = Candidate("better", cost, both_ways((0, 2, 40)), "road", instrument)
    return line(candidates=(*line().candidates, better, *more), **changes)


def check(problem, *, leaves):
    after = with_sets(drop_replaced, first_stage(problem))
    assert ("ac" not in ids(after)) == leaves
    assert optimum(after) == brute_force(problem)


STAY = {
    "it costs more": with_better(cost=4),
    "it excludes what the other one does not": with_better(excludes=(("bd", "better"),)),
    "it requires what the other one does not": with_better(DEPOT, requires=(("better", "depot"),)),
    "it requires over another one": with_better(
        DEPOT, Candidate("halt", 0, ()), requires=(("better", "halt"), ("halt", "depot"))
    ),
    "the other one is required": with_better(requires=(("bd", "ac"),)),
    "its instrument has a cap": with_better(instrument="subsidy", caps=(("subsidy", 1),)),
}

STAY |= {
    "it alone uses a capacity": with_better(capacities=(Capacity("trains", (("bd", 1), ("better", 1)), 1),)),
    "it uses more of a capacity": with_better(
        capacities=(Capacity("trains", (("ac", 2), ("bd", 1), ("better", 3)), 3),)
    ),
    "it uses less of one capacity and more of another": with_better(
        capacities=(
            Capacity("east", (("ac", 2), ("bd", 1), ("better", 1)), 2),
            Capacity("west", (("ac", 1), ("bd", 1), ("better", 2)), 2),
        )
    ),
}

LEAVE = {
    "nothing is said of either": with_better(),
    "they exclude each other": with_better(excludes=(("ac", "better"),)),
    "both exclude the same": with_better(excludes=(("ac", "bd"), ("bd", "better"))),
    "the other one excludes more": with_better(excludes=(("ac", "bd"),)),
    "both require the same": with_better(DEPOT, requires=(("ac", "depot"), ("better", "depot"))),
    "the other one requires more": with_better(DEPOT, requires=(("ac", "depot"),)),
    "it requires what the other one requires over another": with_better(
        DEPOT,
        Candidate("halt", 0, ()),
        requires=(("ac", "halt"), ("halt", "depot"), ("better", "depot")),
    ),
    "it uses as much of a capacity": with_better(
        capacities=(Capacity("trains", (("ac", 2), ("bd", 1), ("better", 2)), 3),)
    ),
    "the other one alone uses a capacity": with_better(capacities=(Capacity("trains", (("ac", 1),), 0),)),
    "the other one's instrument has a cap": with_better(
        Candidate("paid", 2, both_ways((0, 1, 1)), "road", "subsidy"), caps=(("subsidy", 1),)
    ),
}


@pytest.mark.parametrize("problem", STAY.values(), ids=STAY)
def test_a_candidate_stays_although_another_one_does_all_that_it_does_when(problem):
    check(problem, leaves=False)


@pytest.mark.parametrize("problem", LEAVE.values(), ids=LEAVE)
def test_a_candidate_leaves_for_another_one_that_does_all_that_it_does_when(problem):
    check(problem, leaves=True)


def test_of_three_that_replace_each_other_one_stays():
    alike = tuple(Candidate(name, 3, both_ways((0, 1, 50))) for name in ("one", "three", "two"))
    problem = line(candidates=alike, pairs=(Pair(0, 1, 60, 5),))
    after = with_sets(drop_replaced, first_stage(problem))
    assert ids(after) == ["one"]
    assert optimum(after) == brute_force(problem) == 5


def test_what_two_others_replace_together_stays():
    """`whole` does as `left` and `right` together; the dearer way to do as `right` does leaves."""
    whole = Candidate("whole", 4, both_ways((0, 1, 50), (1, 2, 50)))
    left, right = Candidate("left", 2, both_ways((0, 1, 50))), Candidate("right", 2, both_ways((1, 2, 50)))
    dearer = Candidate("dearer", 3, both_ways((1, 2, 50)))
    problem = line(candidates=(whole, left, right, dearer), pairs=(Pair(0, 2, 100, 5),), budget=9)
    after = with_sets(drop_replaced, first_stage(problem))
    assert ids(after) == ["left", "right", "whole"]
    assert optimum(after) == brute_force(problem) == 5


def ways_of_a_pair_with_three():
    """Pair ab by `fast` or `slow`; pair ac by `fast`, or by one of two dear links."""
    fast, slow = Candidate("fast", 3, both_ways((0, 1, 50))), Candidate("slow", 2, both_ways((0, 1, 90)))
    dear = (Candidate("x", 9, both_ways((1, 2, 20))), Candidate("y", 9, both_ways((1, 2, 30))))
    return line(candidates=(fast, slow, *dear), pairs=(Pair(0, 1, 95, 1), Pair(0, 2, 175, 1)), budget=9)


TWO = Effort(sets=2, labels=99)
ONE = Effort(sets=1, labels=99)


def test_a_candidate_that_a_pair_with_unknown_sets_can_use_is_not_replaced():
    problem = ways_of_a_pair_with_three()
    families = minimal_sets(problem.canonical(), TWO)
    assert families.of == ((("fast",), ("slow",)), None)
    after = drop_replaced(first_stage(problem), families)
    assert "fast" in ids(after)
    assert optimum(after) == brute_force(problem) == 2


def test_a_candidate_that_a_pair_with_unknown_sets_cannot_use_is_replaced_all_the_same():
    problem = ways_of_a_pair_with_three()
    problem = problem.replace(pairs=(Pair(0, 1, 95, 1), Pair(2, 3, 60, 1)))
    more = tuple(Candidate(f"z{i}", 3 - i, both_ways((2, 3, 50 + i))) for i in range(3))
    problem = problem.replace(candidates=(*problem.candidates, *more))
    families = minimal_sets(problem.canonical(), TWO)
    assert families.of == ((("fast",), ("slow",)), None)
    after = drop_replaced(first_stage(problem), families)
    assert ids(after) == ["slow", "x", "y", "z0", "z1", "z2"]
    assert optimum(after) == brute_force(problem)


def test_a_candidate_that_only_a_pair_with_unknown_sets_needs_stays():
    problem = ways_of_a_pair_with_three()
    families = minimal_sets(problem.canonical(), ONE)
    assert families.of == (None, None)
    after = drop_unneeded(first_stage(problem), families)
    assert ids(after) == ["fast", "slow", "x", "y"]
    assert optimum(after) == brute_force(problem) == 2


def test_a_candidate_that_a_pair_with_unknown_sets_cannot_use_and_no_other_one_needs_leaves():
    idle = Candidate("idle", 1, both_ways((2, 3, 99)))
    problem = ways_of_a_pair_with_three()
    problem = problem.replace(candidates=(*problem.candidates, idle))
    families = minimal_sets(problem.canonical(), ONE)
    assert ids(drop_unneeded(first_stage(problem), families)) == ["fast", "slow", "x", "y"]


def two_pairs_with_two_ways_each(**changes):
    links = [("p", (0, 1, 50)), ("q", (0, 1, 60)), ("r", (2, 3, 50)), ("s", (2, 3, 60))]
    candidates = tuple(Candidate(name, 3, both_ways(link)) for name, link in links)
    return line(candidates=candidates, pairs=(Pair(0, 1, 70, 4), Pair(2, 3, 70, 6)), budget=3, **changes)


def test_pairs_with_unknown_sets_are_not_merged_and_stay_open():
    problem = two_pairs_with_two_ways_each()
    for rule in (merge_equivalent_pairs, close_unaffordable_pairs):
        after = rule(first_stage(problem), minimal_sets(problem.canonical(), ONE))
        assert len(after.problem.pairs) == 2
        assert optimum(after) == brute_force(problem) == 6


def test_where_all_must_be_covered_a_pair_with_unknown_sets_is_asked_for_and_builds_nothing():
    problem = two_pairs_with_two_ways_each().replace(budget=None)
    families = Families(((("p",), ("q",)), None), frozenset("rs"))
    after = build_essential(first_stage(problem), families)
    assert (after.forced, len(after.problem.pairs)) == ((), 2)
    assert optimum(after) == brute_force(problem) == 6


def test_only_what_all_sets_of_a_pair_share_is_built():
    """Pair ac needs `ab`, and `bc` or the dearer `cb` with it."""
    ab, bc = Candidate("ab", 3, both_ways((0, 1, 10))), Candidate("bc", 3, both_ways((1, 2, 10)))
    cb = Candidate("cb", 2, both_ways((1, 2, 11)))
    problem = line(candidates=(ab, bc, cb), pairs=(Pair(0, 2, 25, 1),), budget=None)
    after = with_sets(build_essential, first_stage(problem))
    assert after.forced == ("ab",)
    assert optimum(after) == brute_force(problem) == 5


@pytest.mark.parametrize("effort", [ONE, TWO, Effort(sets=9, labels=1), Effort(sets=9, labels=4)])
@pytest.mark.parametrize("budget", [None, 3, 9])
@pytest.mark.parametrize(
    "sides",
    [
        {},
        {"cities": (City("a", 3, (0, 1), 2),)},
        {"targets": (Target("core", 1),)},
    ],
    ids=["plain", "city", "target"],
)
def test_all_rules_on_sets_keep_the_optimum_where_some_are_unknown(effort, budget, sides):
    pairs = (Pair(0, 1, 95, 1, "core"), Pair(0, 2, 175, 1), Pair(0, 2, 140, 2))
    problem = ways_of_a_pair_with_three().replace(pairs=pairs, budget=budget, **sides)
    assert optimum(by_minimal_sets(first_stage(problem), effort)) == brute_force(problem)

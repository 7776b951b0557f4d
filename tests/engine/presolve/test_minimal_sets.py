from __future__ import annotations

from core_drawing import both_ways, line
from hypothesis import HealthCheck, given
from reduction_drawing import families_by_trial, problems, with_sets
from tiers import examples

from optimiser.engine.presolve import reduce
from optimiser.engine.presolve.pairs import (
    Effort,
    close_unaffordable_pairs,
    drop_replaced,
    drop_unneeded,
    first_stage,
    minimal_sets,
)
from optimiser.problem import Candidate, Pair


@given(problem=problems(fixed=(None,)))
@examples(80, suppress_health_check=[HealthCheck.too_slow])
def test_the_minimal_sets_are_those_found_by_trying_all(problem):
    problem = problem.canonical()
    assert list(minimal_sets(problem).of) == families_by_trial(problem)


def test_the_minimal_sets_of_the_line():
    problem = line(budget=20)
    assert minimal_sets(problem).of == ((("ac",),), (("bd",),), (("ac",), ("ad",), ("bd",)), ((),), ())


def test_a_set_dearer_than_the_budget_is_no_set():
    assert minimal_sets(line()).of[2] == (("ac",), ("bd",))


def test_a_pair_with_too_many_sets_is_given_up():
    assert minimal_sets(line(budget=20), Effort(sets=2, labels=99)).of[2] is None


def test_a_pair_that_needs_more_money_than_there_is_leaves():
    problem = line(
        arcs=both_ways((1, 2, 100)),
        candidates=(Candidate("ab", 4, both_ways((0, 1, 5))), Candidate("cd", 4, both_ways((2, 3, 5)))),
        pairs=(Pair(0, 3, 200, 9), Pair(0, 2, 200, 1)),
    )
    after = with_sets(close_unaffordable_pairs, first_stage(problem))
    assert [p.weight for p in after.problem.pairs] == [1]


def test_pairs_with_the_same_sets_become_one():
    problem = line(pairs=(Pair(0, 2, 120, 5), Pair(2, 0, 110, 4), Pair(1, 3, 120, 2)))
    assert sorted(p.weight for p in reduce(problem).problem.pairs) == [2, 9]


def test_the_only_way_of_a_pair_that_must_be_covered_is_built():
    reduced = reduce(line(budget=None))
    assert reduced.forced == ("ac", "bd")
    assert reduced.problem.pairs == ()


def test_a_candidate_that_a_cheaper_one_replaces_in_every_set_leaves():
    fast, slow = Candidate("fast", 3, both_ways((0, 1, 50))), Candidate("slow", 2, both_ways((0, 1, 90)))
    problem = line(candidates=(fast, slow), pairs=(Pair(0, 1, 95, 1), Pair(0, 2, 195, 1)))
    assert [c.id for c in left(drop_replaced, problem).candidates] == ["slow"]


def test_a_candidate_that_one_pair_alone_needs_for_its_speed_stays():
    fast, slow = Candidate("fast", 3, both_ways((0, 1, 50))), Candidate("slow", 2, both_ways((0, 1, 90)))
    problem = line(candidates=(fast, slow), pairs=(Pair(0, 1, 95, 1), Pair(0, 2, 175, 1)))
    assert len(left(drop_replaced, problem).candidates) == 2


def test_a_candidate_in_no_minimal_set_leaves():
    problem = line(candidates=(*line().candidates, Candidate("cd", 1, both_ways((2, 3, 99)))), budget=20)
    assert "cd" not in [c.id for c in left(drop_unneeded, problem).candidates]


def left(rule, problem):
    return with_sets(rule, first_stage(problem)).problem

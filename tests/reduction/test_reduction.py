from __future__ import annotations

from core_drawing import both_ways, brute_force, covered_by, line, problems
from hypothesis import given, settings

from optimiser.problem import Candidate, Pair
from optimiser.reduction import reduce


@given(problems())
@settings(max_examples=100, deadline=None)
def test_the_reduced_problem_has_the_same_optimum(problem):
    reduced = reduce(problem)
    optimum = brute_force(problem)
    if not reduced.feasible:
        assert optimum is None
        return
    base = reduced.forced_cost if problem.budget is None else reduced.base_weight
    assert brute_force(reduced.problem) + base == optimum


@given(problems())
@settings(max_examples=60, deadline=None)
def test_a_plan_of_the_reduced_problem_covers_as_much_in_the_original(problem):
    reduced = reduce(problem)
    built = {c.id for c in reduced.problem.candidates[::2]}
    small = covered_by(reduced.problem, built)
    gained = sum(p.weight for p, yes in zip(reduced.problem.pairs, small, strict=True) if yes)
    whole = covered_by(problem, {*built, *reduced.forced})
    weight = sum(p.weight for p, yes in zip(problem.pairs, whole, strict=True) if yes)
    if problem.budget is not None:
        assert weight == gained + reduced.base_weight


def test_pairs_covered_already_or_never_leave():
    reduced = reduce(line())
    assert len(reduced.problem.pairs) == 3
    assert (reduced.base_weight, reduced.closed_weight) == (2, 1)


def test_a_candidate_dearer_than_the_budget_leaves():
    assert [c.id for c in reduce(line()).problem.candidates] == ["ac", "bd"]


def test_a_candidate_that_no_pair_can_use_within_its_limit_leaves():
    far = Candidate("far", 1, both_ways((1, 2, 99)))
    assert "far" not in [c.id for c in reduce(line(candidates=(*line().candidates, far))).problem.candidates]


def test_nodes_off_every_useful_walk_leave():
    problem = line(nodes=(*line().nodes, "e"), arcs=(*line().arcs, *both_ways((3, 4, 500))))
    assert "e" not in reduce(problem).problem.nodes


def test_what_is_free_of_charge_is_built():
    gift = Candidate("gift", 0, both_ways((0, 2, 10)))
    assert reduce(line(candidates=(gift,))).forced == ("gift",)


def test_what_must_be_built_and_cannot_be_paid_for_is_infeasible():
    must = Candidate("must", 8, (), fixed="in")
    assert not reduce(line(candidates=(must,))).feasible


def test_pairs_alike_but_for_weight_become_one():
    twin = Pair(0, 2, 120, 6)
    assert sorted(p.weight for p in reduce(line(pairs=(*line().pairs, twin))).problem.pairs) == [4, 7, 11]

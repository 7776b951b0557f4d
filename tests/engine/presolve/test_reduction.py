from __future__ import annotations

from core_drawing import both_ways, line

from optimiser.engine.presolve import reduce
from optimiser.problem import Candidate, Pair


def test_pairs_covered_already_or_never_leave():
    reduced = reduce(line())
    assert len(reduced.problem.pairs) == 3
    assert reduced.base_weight == 2


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

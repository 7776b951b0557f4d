from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem, line
from engine_running import COUNT, outcome_of
from tiers import thinned

from optimiser.engine.presolve import Reduction
from optimiser.engine.presolve.sequence import drop_irrelevant_arcs
from optimiser.engine.search.paths import arc_table
from optimiser.engine.search.tables import Reach, islands_of, tables, usable_candidate_arcs


def beside(one, other):
    """Return a problem with the networks of two beside each other, each candidate opening arcs in both."""
    n = len(one.nodes)

    def shifted(arcs):
        return tuple((n + tail, n + head, seconds) for tail, head, seconds in arcs)

    there = {c.id: c for c in other.candidates}
    return one.replace(
        nodes=(*(f"one/{name}" for name in one.nodes), *(f"other/{name}" for name in other.nodes)),
        arcs=(*one.arcs, *shifted(other.arcs)),
        candidates=tuple(
            dataclasses.replace(c, arcs=(*c.arcs, *shifted(there[c.id].arcs if c.id in there else ())))
            for c in one.candidates
        ),
        pairs=(
            *one.pairs,
            *(
                dataclasses.replace(p, origin=n + p.origin, destination=n + p.destination)
                for p in other.pairs
            ),
        ),
        targets=(),
        cover="all",
    )


def test_an_island_is_what_no_arc_joins_to_the_rest():
    problem = beside(line(), line()).replace(nodes=(*"abcdefgh", "alone"))
    assert islands_of(problem).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    without = [dataclasses.replace(c, arcs=()) for c in problem.candidates]
    assert islands_of(problem.replace(candidates=tuple(without))).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    alone = problem.replace(arcs=(), candidates=(problem.candidates[0], *without[1:]))
    assert islands_of(alone).tolist() == [0, 1, 0, 2, 3, 4, 3, 5, 6]


@pytest.mark.parametrize("seed", thinned(range(COUNT), 6))
def test_several_islands_are_reduced_and_solved_as_trying_every_plan_finds(seed):
    problem = beside(dense_problem(seed), dense_problem(seed + 1000))
    result = outcome_of(problem)
    best = brute_force(problem)
    assert (result.objective if result.has_plan else None) == best


@pytest.mark.parametrize("seed", thinned(range(COUNT), 6))
def test_what_pairs_can_use_is_found_island_by_island(seed):
    problem = beside(dense_problem(seed), dense_problem(seed + 1000)).canonical()
    arcs = arc_table(problem)
    usable = Reach.of(problem).usable(arcs, np.arange(len(arcs)), len(arcs))
    left = sorted(arc_table(drop_irrelevant_arcs(Reduction(problem)).problem)[:, 2].tolist())
    assert left == sorted(arcs[usable.any(axis=0), 2].tolist())
    start, found = usable_candidate_arcs(tables(problem))
    by_pair = [sorted(found[a:b].tolist()) for a, b in itertools.pairwise(start)]
    assert by_pair == [np.flatnonzero(row[len(problem.arcs) :]).tolist() for row in usable]


def test_the_candidates_that_a_pair_can_use_are_the_owners_of_its_usable_arcs():
    problem = line(budget=20).canonical()
    arcs = arc_table(problem)[len(problem.arcs) :]
    t = tables(problem)
    usable = Reach.of(problem).usable(arcs, np.arange(len(arcs)), len(arcs))
    by_arcs = [sorted({a // 2 for a in row.nonzero()[0].tolist()}) for row in usable]
    assert [t.use[a:b].tolist() for a, b in itertools.pairwise(t.use_start)] == by_arcs


def test_tables_with_another_budget_keep_the_rest():
    t = tables(line(budget=20).canonical())
    other = t._replace(budget=5)
    assert (t.budget, other.budget) == (20, 5)
    assert other.cost is t.cost

from __future__ import annotations

import itertools

from core_drawing import line

from optimiser.engine.search.tables import tables, usable_arcs


def test_the_candidates_that_a_pair_can_use_are_the_owners_of_its_usable_arcs():
    problem = line(budget=20).canonical()
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    t = tables(problem)
    by_arcs = [sorted({a // 2 for a in row.nonzero()[0].tolist()}) for row in usable_arcs(problem, arcs)]
    assert [t.use[a:b].tolist() for a, b in itertools.pairwise(t.use_start)] == by_arcs


def test_tables_with_another_budget_keep_the_rest():
    t = tables(line(budget=20).canonical())
    other = t._replace(budget=5)
    assert (t.budget, other.budget) == (20, 5)
    assert other.cost is t.cost

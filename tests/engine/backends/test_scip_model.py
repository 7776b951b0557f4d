from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import linprog
from stated_rows import (
    COSTS,
    TOWN_MODEL,
    given_rows,
    integer_best,
    rows_of,
    rows_of_town,
    splits_of,
    town,
    town_splits,
    weighted_triangle,
)
from tiers import examples

pytest.importorskip("pyscipopt")

from optimiser.engine.backends.scip_tree import add_rows, tree_model
from optimiser.engine.search.task import Task


def asked(problem):
    return Task(problem, "cuts", 60.0, 0.0, 1, 1, "scip")


@given_rows
def test_a_model_keeps_to_rows_of_several_pairs(lines, budget):
    made = tree_model(asked(weighted_triangle(budget)))
    add_rows(made, "row", made.terms(rows_of(*lines)))
    made.model.hideOutput()
    made.model.optimize()
    best = integer_best(lines, budget)
    assert made.model.getStatus() == ("infeasible" if best is None else "optimal")
    sign = -1.0 if budget is None else 1.0
    assert best is None or sign * made.divisor * made.model.getObjVal() == pytest.approx(best, abs=1e-3)


@given(town_splits())
@examples(40)
def test_a_model_keeps_to_lift_and_project_cuts(drawn):
    lines, budget = drawn
    made = tree_model(asked(town(budget)))
    add_rows(made, "split", made.split_terms(splits_of(*lines)))
    made.model.hideOutput()
    made.model.optimize()
    matrix, sides = rows_of_town(lines, budget)
    weights, size = np.array(TOWN_MODEL[budget][2]), len(COSTS)
    found = []
    for values in itertools.product((0, 1), repeat=len(weights) - (2 if budget else 0)):
        fixed = [(v, v) for v in values]
        bounds = [*fixed[:size], (0, 1), (0, 1), *fixed[size:]] if budget else fixed
        best = linprog(-weights, A_ub=-matrix, b_ub=-sides, bounds=bounds, method="highs")
        found += [-best.fun] if best.success else []
    assert made.model.getStatus() == ("optimal" if found else "infeasible")
    sign = 1.0 if budget else -1.0
    assert not found or sign * made.divisor * made.model.getObjVal() == pytest.approx(max(found), abs=1e-3)


@pytest.mark.parametrize("has_y", [True, False])
def test_constraints_have_the_coefficients_of_lift_and_project_cuts(has_y):
    made = tree_model(asked(town(508 if has_y else None)))
    before = len(made.model.getConss())
    lines = [({0: 0.5, 2: -1.0}, 0.25), ({1: 2.0}, -0.5)]
    if has_y:
        lines += [({0: -0.5, 3: 0.25, 5: 0.75}, 0.0), ({4: -1.0, 5: -2.0}, -1.5)]
    add_rows(made, "split", made.split_terms(splits_of(*lines)))
    constraints = made.model.getConss()[before:]
    names = [x.name for x in (*made.x, *made.y, *made.z)]
    assert len(names) == (6 if has_y else 3)
    assert [cons.name for cons in constraints] == [f"split{i}" for i in range(len(lines))]
    for cons, (terms, least) in zip(constraints, lines, strict=True):
        coefficients = made.model.getValsLinear(cons)
        assert {str(name): value for name, value in coefficients.items()} == {
            names[i]: v for i, v in terms.items()
        }
        assert made.model.getLhs(cons) == least
        assert made.model.isInfinity(made.model.getRhs(cons))

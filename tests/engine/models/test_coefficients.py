"""Coefficients of the models stay in a range within which tolerances of solvers cannot decide."""

from __future__ import annotations

import pytest
from toys import toy

from optimiser.bench.generators.families import GridParameters, HardParameters, grid, hard
from optimiser.engine.models.compact import build_compact
from optimiser.problem import DesignProblem

WIDEST = 1e6
"""Largest ratio of two coefficients of a row that holds no money."""

PROBLEMS = [
    *(toy(seed) for seed in range(5)),
    grid(GridParameters(rows=5, columns=5, candidates=15, pairs=40, seed=1)),
    hard(HardParameters(seed=1, places=30, candidates=60, pairs=80, relevant=30)),
]


def _rows(lp) -> list[list[float]]:
    return [[abs(value) for value in row.values() if value] for row in lp.constraints()]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_no_row_but_the_budget_spans_more_than_six_orders_of_magnitude(problem: DesignProblem) -> None:
    lp, _ = build_compact(problem)
    costs = {float(c.cost) for c in problem.candidates}
    rows = [row for row in _rows(lp) if len(row) > 1 and not set(row) <= costs]
    assert rows
    assert max(max(row) / min(row) for row in rows) <= WIDEST

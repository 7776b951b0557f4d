"""The method that the hard family is compared with proves the same optima, without rows of several pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.bench import generators as g
from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.heuristics.lns import start_plans
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import SolveParameters, Task
from optimiser.engine.solve import solve

HERE = Path(__file__).resolve().parents[2] / "benchmarks" / "single_pairs.py"


@pytest.mark.parametrize("seed", [1, 2])
def test_it_proves_the_optimum_that_auto_proves(seed):
    problem = g.grid(g.GridParameters(rows=4, columns=4, candidates=10, pairs=20, seed=seed))
    found, wanted = (
        solve(problem, variant=way, params=SolveParameters(time_limit_s=60)) for way in (HERE, "auto")
    )
    assert (found.variant, found.status) == ("single-pairs", "optimal")
    assert found.objective == wanted.objective


def test_it_finds_no_rows_of_several_pairs():
    asked = g.HardParameters(seed=1, places=20, candidates=40, pairs=60, relevant=20)
    problem = reduce(g.hard(asked)).problem
    t = tables(problem)
    several = []
    for cuts in (CutFinder.of(t), CutFinder(t, joins=None)):
        progress = Progress(t, seconds=60.0, send=lambda _message: None)
        start_plans(t, progress, seed=1)
        begun = opened(t, progress, Task(problem, "cuts", 60.0, 0.0, 1, 1, "scip"), cuts=cuts)
        several.append(sum(int((rows.claims > 1).sum()) for rows in begun.relaxed.rows))
    assert several[0] > 0
    assert several[1] == 0

"""Check the method of single pairs that benchmarks compare the hard family with."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.bench.generators.families import GridParameters, HardParameters, grid, hard
from optimiser.engine.methods.cuts.relaxation import FAMILIES, CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import solve_root
from optimiser.engine.methods.heuristics.lns import start_plans
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve

HERE = Path(__file__).resolve().parents[2] / "benchmarks" / "single_pairs.py"


@pytest.mark.long
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_method_of_single_pairs_proves_the_same_optimum_as_auto(seed):
    problem = grid(GridParameters(rows=4, columns=4, candidates=10, pairs=20, seed=seed))
    found, wanted = (
        solve(problem, variant=one, params=SolveParameters(time_limit_s=60)) for one in (HERE, "auto")
    )
    assert (found.variant, found.status) == ("single-pairs", "optimal")
    assert found.objective == wanted.objective


@pytest.mark.long
def test_the_method_of_single_pairs_has_no_rows_of_several_pairs():
    asked = HardParameters(seed=1, places=20, candidates=40, pairs=60, relevant=20)
    problem = reduce(hard(asked)).problem
    t = tables(problem)
    several = []
    for families in (FAMILIES, ()):
        incumbent = mask_incumbent(t, seconds=60.0, send=lambda _message: None)
        start_plans(t, incumbent, seed=1)
        cuts = CutFinder(t, families=families)
        root = solve_root(t, incumbent, Relaxation(problem, seed=1), cuts, gap=0.0)
        several.append(sum(int((rows.pair_counts > 1).sum()) for rows in root.rows))
    assert several[0] > 0
    assert several[1] == 0

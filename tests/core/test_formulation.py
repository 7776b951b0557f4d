from __future__ import annotations

from pathlib import Path

import pulp
import pytest
from core_drawing import line

from optimiser.formulation.compact import build_compact
from optimiser.formulation.cuts_master import add_time_cuts, build_master
from optimiser.formulation.document import page
from optimiser.reduction import reduce
from optimiser.solvers.registry import SOLVERS, available, instance

HERE = Path(__file__).resolve().parent


def master_with_cuts(problem):
    lp, decisions = build_master(problem)
    add_time_cuts(lp, decisions, [(0, [0]), (1, [0, 1]), (2, [1])])
    return lp, decisions


CASES = {
    "compact": (build_compact, 7),
    "compact_null": (build_compact, None),
    "cuts": (master_with_cuts, 7),
    "cuts_null": (master_with_cuts, None),
}


def small(budget):
    return reduce(line(candidates=line().candidates[:2], budget=budget)).problem


@pytest.mark.parametrize("name", CASES)
def test_the_model_of_the_line_is_the_golden_one(name, tmp_path):
    build, budget = CASES[name]
    lp, _ = build(small(budget))
    lp.writeLP(str(tmp_path / "model.lp"))
    assert (tmp_path / "model.lp").read_text() == (HERE / "golden" / f"{name}.lp").read_text()


@pytest.mark.parametrize("name", CASES)
def test_the_golden_model_has_the_optimum_of_the_line(name):
    build, budget = CASES[name]
    lp, _ = build(small(budget))
    stats = lp.solve(pulp.HiGHS(msg=False, threads=1))
    assert stats.objective == pytest.approx(7.0 if budget is None else 16.0)


def test_the_page_in_the_documentation_is_made_from_the_docstrings():
    assert (HERE.parents[1] / "docs" / "formulation.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("name", [name for name, here in available().items() if here])
def test_every_solver_that_is_here_solves_the_compact_model(name):
    lp, decisions = build_compact(small(7))
    stats = lp.solve(instance(name, seconds=20, gap=0.0, threads=1, seed=1))
    assert stats.has_solution
    assert [round(x.varValue) for x in decisions.built] == [1, 1]


def test_the_default_solver_is_here():
    assert available()["highs"]
    assert set(available()) == set(SOLVERS)

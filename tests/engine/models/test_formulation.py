from __future__ import annotations

import dataclasses
from pathlib import Path

import pulp
import pytest
from core_drawing import line
from engine_running import INSTALLED

from optimiser.engine.backends.pulp_solvers import instance
from optimiser.engine.backends.solvers import SOLVERS
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.cuts_master import add_partition_inequalities, build_master
from optimiser.problem import Capacity, City, Target
from tools.model_pages import formulation

HERE = Path(__file__).resolve().parent


def master_with_cuts(problem):
    lp, decisions = build_master(problem)
    add_partition_inequalities(lp, decisions, [((0,), {0: 1}), ((1,), {0: 1, 1: 1}), ((2,), {1: 1})])
    return lp, decisions


def with_side_constraints(problem):
    """The first two candidates of the line with a row of each family."""
    candidates = tuple(dataclasses.replace(c, instrument="subsidy") for c in problem.candidates)
    pairs = tuple(dataclasses.replace(p, group="small") for p in problem.pairs)
    return problem.replace(
        candidates=candidates,
        pairs=pairs,
        caps=(("subsidy", 5),),
        capacities=(
            Capacity("even", (("ac", 8), ("bd", 16)), 21),
            Capacity("slack", (("ac", 1), ("bd", 1)), 2),
            Capacity("tight", (("bd", 3),), 2),
        ),
        excludes=(("ac", "bd"),),
        requires=(("bd", "ac"),),
        cities=(City("all", 3, (0, 1), 2, "east"), City("some", 2, (0, 1, 2), 2, "east")),
        targets=(Target("small", 4), Target("east", 2, "cities"), Target("small", 99)),
    )


def side_master(problem):
    return build_master(with_side_constraints(problem))


def side_master_of_targets(problem):
    return build_master(with_side_constraints(problem).replace(budget=None, cover="targets"))


CASES = {
    "compact": (build_compact, 7),
    "compact_null": (build_compact, None),
    "cuts": (master_with_cuts, 7),
    "cuts_null": (master_with_cuts, None),
}
SIDE_CASES = {"side": (side_master, 7), "side_targets": (side_master_of_targets, 7)}


def small(budget):
    """The line with what is open in it, as a reduction that settles nothing would leave it."""
    return line(candidates=line().candidates[:2], pairs=line().pairs[:3], budget=budget).canonical()


@pytest.mark.parametrize("name", [*CASES, *SIDE_CASES])
def test_the_model_of_the_line_is_the_golden_one(name, tmp_path):
    build, budget = (CASES | SIDE_CASES)[name]
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
    assert (HERE.parents[2] / "docs" / "formulation.md").read_text(encoding="utf-8") == formulation()


@pytest.mark.parametrize("name", [name for name, yes in INSTALLED.items() if yes])
def test_every_solver_that_is_here_solves_the_compact_model(name):
    lp, decisions = build_compact(small(7))
    stats = lp.solve(instance(name, seconds=20, gap=0.0, threads=1, seed=1))
    assert stats.has_solution
    assert [round(x.varValue) for x in decisions.x] == [1, 1]


def test_the_default_solver_is_here():
    assert INSTALLED["highs"]
    assert set(INSTALLED) == set(SOLVERS)

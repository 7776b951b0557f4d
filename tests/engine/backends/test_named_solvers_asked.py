"""A solver by PuLP's name, asked for in a solve, on the command line and in a bench."""

from __future__ import annotations

import pytest
from core_drawing import line

from optimiser.bench.plan import configurations
from optimiser.cli import call
from optimiser.engine.backends.pulp_solvers import _installed, find
from optimiser.engine.methods.variants import VARIANTS, chosen
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import result as results
from optimiser.problem import save
from optimiser.problem.errors import EnvironmentFault, ProblemError

needs_glpk = pytest.mark.skipif(not _installed(find("GLPK_CMD")), reason="glpsol is not installed")


def nothing_amiss(name):
    """Take every solver for installed."""


def test_only_a_variant_that_runs_with_any_solver_takes_one_by_the_name_of_pulp():
    assert [variant.name for variant in VARIANTS.values() if variant.any_solver] == ["compact"]
    for asked in ("compact", "auto"):
        assert chosen(asked, covers_all=False, solver="glpk_cmd") == ("compact", "glpk_cmd")
        assert chosen(asked, covers_all=False, solver="glpk_cmd", whole=True) == ("compact", "glpk_cmd")
    with pytest.raises(ProblemError, match="does not run with solver 'glpk_cmd'"):
        chosen("cuts", covers_all=False, solver="glpk_cmd")


def test_a_bench_takes_the_name_and_all_solvers_are_still_those_with_short_names():
    assert [one.label for one in configurations(["compact:glpk_cmd"], [], check=nothing_amiss)[0]] == [
        "compact/glpk_cmd"
    ]
    every = configurations(["compact"], ["all"], check=nothing_amiss)[0]
    assert tuple(one.solver for one in every) == VARIANTS["compact"].solvers
    assert configurations(["compact", "cuts"], ["glpk_cmd"], check=nothing_amiss)[1] == (
        "cuts does not run with glpk_cmd",
    )


def test_a_bench_leaves_out_a_solver_that_is_not_here():
    found, *left_out = configurations(["compact", "compact:fast"], [])
    assert [one.label for one in found] == ["compact/highs"]
    assert "'fast' is not here" in str(left_out)


def test_a_solve_names_the_solvers_that_are_here_when_the_one_asked_for_is_not():
    with pytest.raises(EnvironmentFault, match=r"'fast' is not here \(here are: .*highs") as caught:
        solve(line(), variant="compact", params=SolveParameters(solver="fast"))
    assert caught.value.exit_code == 5


@needs_glpk
@pytest.mark.parametrize("name", ["GLPK_CMD", "glpk_cmd"])
def test_a_solve_with_glpk_is_proved(name):
    result = solve(line(), variant="compact", params=SolveParameters(solver=name, threads=1))
    assert (result.status, result.objective) == ("optimal", 18)
    assert result.solver == "GLPK_CMD (not told: gap, threads, seed)"


@needs_glpk
def test_the_command_takes_the_name(tmp_path):
    save(line(), tmp_path / "line.json")
    out = tmp_path / "line.result.json"
    words = ["solve", str(tmp_path / "line.json"), "-o", str(out), "--solver", "glpk_cmd", "--threads", "1"]
    assert call(words) == 0
    assert (results.load(out).variant, results.load(out).status) == ("compact", "optimal")

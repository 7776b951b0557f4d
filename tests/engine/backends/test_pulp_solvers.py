"""Solvers given by PuLP's name: found, passed what they can be passed, and believed no further than that."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pulp
import pytest
from core_drawing import brute_force, dense_problem, line, plan_value
from engine_running import INSTALLED, outcome_of
from ring_drawing import ring_problem, whole_brute_force

from optimiser.bench.instances import configurations
from optimiser.cli.app import call
from optimiser.engine.backends import pulp_solvers
from optimiser.engine.backends.pulp_solvers import (
    find,
    installed_solver,
    instance,
    is_installed,
    others,
    proved_bound,
    result_name,
    solve_in_time,
    solve_model,
)
from optimiser.engine.backends.solvers import GAP, NODES, SEED, SOLVERS, THREADS, TIME
from optimiser.engine.child import ChildProcess
from optimiser.engine.methods.variants import VARIANTS, choose
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.presolve import reduce
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import Period, save
from optimiser.problem import result as results
from optimiser.problem.errors import EnvironmentFault, ProblemError
from optimiser.problem.result import rounded_bound

POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell script stands for a solver")
BUSY_S = 60.0
"""Room for a machine that does other work as well."""

OTHERS = [name for name, solver in others().items() if is_installed(solver)]
EXACT = [name for name in OTHERS if others()[name].proves_within(0.0) is not None]


def test_every_solver_that_pulp_knows_has_a_name():
    known = {name.lower() for name in pulp.listSolvers()}
    assert known == {solver.pulp_name.lower() for solver in (*SOLVERS.values(), *others().values())}
    assert all(find(name) is not None for name in known)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("HIGHS", "highs"),
        ("HiGHS", "highs"),
        ("coin_cmd", "cbc"),
        ("SCIP_PY", "scip"),
        ("glpk_cmd", "GLPK_CMD"),
    ],
)
def test_a_solver_is_found_by_either_name_in_capitals_or_not(typed, name):
    assert find(typed).name == name


@pytest.mark.parametrize("name", others())
def test_a_class_gets_only_settings_that_its_signature_names_or_passes_on(name):
    solver = others()[name]
    signature = inspect.signature(type(pulp.getSolver(name, msg=False)).__init__).parameters
    passes_on = any(part.kind is part.VAR_KEYWORD for part in signature.values())
    assert passes_on or set(solver.keywords.values()) <= set(signature)
    assert solver.takes_start == ("warmStart" in signature) or name == "PYGLPK"
    assert set(solver.missing_settings) | set(solver.keywords) == {TIME, GAP, THREADS, SEED, NODES}


@pytest.mark.parametrize("name", others())
def test_every_class_can_be_made_with_its_limits(name, monkeypatch):
    monkeypatch.setattr(pulp_solvers, "is_installed", lambda _solver: True)
    made = instance(name, seconds=2.5, gap=0.0, threads=1, seed=1, warm=True)
    assert made.name == name
    if TIME in others()[name].keywords and hasattr(made, "timeLimit") and name != "COPT_CMD":
        assert abs(made.timeLimit) == (2 if others()[name].is_command else 2.5)


def test_a_missing_solver_is_reported_with_those_that_are_installed(monkeypatch):
    monkeypatch.setattr(pulp_solvers, "is_installed", lambda solver: solver.name in ("highs", "GLPK_CMD"))
    with pytest.raises(
        EnvironmentFault, match=r"'cplex_cmd' is not available \(available: highs, GLPK_CMD\)"
    ) as caught:
        installed_solver("cplex_cmd")
    assert "CPLEX_CMD" in caught.value.remedy
    with pytest.raises(EnvironmentFault, match="'fast' is not available") as caught:
        installed_solver("fast")
    assert "highs" in caught.value.remedy
    assert "MOSEK" in caught.value.remedy


def record(status=pulp.LpSolveStatus.Optimal, *, best_bound=None, has_solution=True):
    return SimpleNamespace(
        status=status,
        objective=100.0 if has_solution else None,
        has_solution=has_solution,
        best_bound=best_bound,
        solver="X",
        solver_version=None,
    )


@pytest.mark.parametrize("name", ["GUROBI_CMD", "COPT_CMD", "FSCIP_CMD", "MOSEK", "MIPCL_CMD", "SAS94"])
def test_an_optimal_status_proves_nothing_where_its_gap_is_unknown(name):
    assert proved_bound(record(), others()[name], gap=0.0, minimise=False) is None
    assert proved_bound(record(best_bound=120.0), others()[name], gap=0.0, minimise=False) == 120.0


def test_an_optimal_status_proves_the_gap_and_a_time_out_proves_nothing():
    def bound(name, *status, minimise=False):
        return proved_bound(record(*status), others()[name], gap=0.25, minimise=minimise)

    assert bound("CPLEX_CMD") == pytest.approx(100 / 0.75)
    assert bound("CPLEX_CMD", minimise=True) == pytest.approx(75)
    assert bound("GLPK_CMD") == pytest.approx(100, abs=1e-4)
    assert bound("CPLEX_CMD", pulp.LpSolveStatus.TimeLimit) is None
    assert bound("GLPK_CMD", pulp.LpSolveStatus.Stopped) is None
    assert not others()["CPLEX_CMD"].proves_infeasible


@pytest.mark.parametrize("name", ["highs", "scip", "cbc", "gurobi", "cpsat"])
def test_a_bound_without_a_solution_does_not_count(name):
    for status in (pulp.LpSolveStatus.Stopped, pulp.LpSolveStatus.TimeLimit, pulp.LpSolveStatus.NotSolved):
        found = record(status, best_bound=0.0, has_solution=False)
        assert proved_bound(found, SOLVERS[name], gap=0.0, minimise=False) is None


@pytest.mark.parametrize("minimise", [False, True])
@pytest.mark.parametrize("periods", [False, True])
@pytest.mark.parametrize("name", [*(name for name, yes in INSTALLED.items() if yes), *OTHERS])
def test_a_solver_that_ends_with_nothing_proves_nothing(name, periods, minimise):
    problem = line(budget=None) if minimise else line()
    if periods and not minimise:
        problem = problem.replace(periods=(Period("now", problem.budget, 1),))
    for seconds in (1e-4, 3e-4, 1e-3, 1e-2):
        found = outcome_of(problem, "compact", name, seconds=seconds)
        bound = rounded_bound(found.bound, minimise=minimise)
        assert bound <= brute_force(line(budget=None)) if minimise else bound >= brute_force(line())


def test_a_result_names_the_settings_that_its_solver_does_not_support():
    missing = "gap, threads, seed, effort"
    assert result_name(record(), others()["GLPK_CMD"]) == f"X (settings not supported: {missing})"
    assert result_name(record(), SOLVERS["highs"]) == "X"


class Sleeper(pulp.LpSolver):
    """A solver that keeps no limit and stops every thread beside it, like a library that never answers."""

    name = "Sleeper"

    def actualSolve(self, _lp, **_more):  # noqa: N802 - PuLP's name
        sum(range(10**12))


class Failing(pulp.LpSolver):
    name = "Failing"

    def actualSolve(self, _lp, **_more):  # noqa: N802 - PuLP's name
        raise ValueError("no licence")


def test_a_solver_that_ignores_the_time_limit_is_ended_at_it():
    lp, _ = build_compact(line())
    begun = time.monotonic()
    assert solve_in_time(lp, Sleeper(), 0.3) is None
    assert time.monotonic() - begun > 0.2  # of the hours that it would take


def test_a_command_that_ignores_the_time_limit_is_ended_with_the_process_that_called_it(tmp_path):
    command, noted = tmp_path / "glpsol", tmp_path / "pid"
    command.write_text(f"#!/bin/sh\necho $$ > {noted}\nexec sleep 600\n")
    command.chmod(0o755)
    lp, _ = build_compact(line())
    assert solve_in_time(lp, pulp.GLPK_CMD(path=str(command), msg=False), 2.0) is None
    pid = int(noted.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def hanging(tmp_path, monkeypatch):
    """Put a glpsol on the path that notes its process id and never answers; return the file of the note."""
    (tmp_path / "bin").mkdir()
    command, noted = tmp_path / "bin" / "glpsol", tmp_path / "pid"
    command.write_text(f"#!/bin/sh\necho $$ > {noted}\nexec sleep 600\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    return noted


def is_gone(pid, *, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@POSIX
def test_a_command_that_hangs_costs_little_more_than_the_time_limit(hanging):
    seconds = []
    with ChildProcess() as process:

        def run(task, receive, *, time_limit_s):
            begun = []
            ending = process(
                task, lambda m: (begun.append(time.monotonic()), receive(m)), time_limit_s=time_limit_s
            )
            seconds.append(time.monotonic() - begun[0])
            return ending

        params = SolveParameters(solver="GLPK_CMD", time_limit_s=1.0, threads=1)
        result = solve(line(), variant="compact", params=params, run=run)
    assert result.termination in ("time", "killed")
    assert result.built == ("ac", "bd")
    assert seconds[0] < 1.0 + 2.0 + BUSY_S
    assert is_gone(int(hanging.read_text()), seconds=5)


PARENT = """
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import load
solve(load({path!r}), variant="compact", params=SolveParameters(solver="GLPK_CMD", time_limit_s=100.0))
"""


@POSIX
def test_a_command_does_not_outlive_a_killed_parent(hanging, tmp_path):
    save(line(), tmp_path / "line.json")
    code = PARENT.format(path=str(tmp_path / "line.json"))
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as parent:
        end = time.monotonic() + 60
        while not (hanging.exists() and hanging.read_text().strip()) and time.monotonic() < end:
            time.sleep(0.05)
        parent.kill()
    assert is_gone(int(hanging.read_text()), seconds=5 + BUSY_S)


@pytest.mark.skipif(not INSTALLED["scip"], reason="SCIP is not installed")
def test_scip_that_ends_at_its_gap_or_its_time_reports_the_bound_that_it_has():
    for seed in range(12):
        problem = reduce(dense_problem(seed)).problem
        optimum = brute_force(problem)
        if optimum is None or not problem.candidates:
            continue
        lp, _ = build_compact(problem)
        stats = solve_model(lp, SOLVERS["scip"], seconds=60.0, gap=1.0, threads=1, seed=1)
        assert stats.best_bound is not None, seed
        best = rounded_bound(stats.best_bound * scale_of(problem), minimise=problem.budget is None)
        assert (best <= optimum) if problem.budget is None else (best >= optimum), seed


def test_a_run_of_highs_that_leaves_no_values_is_no_crash(monkeypatch):
    """Without values PuLP fails where it reads them."""
    monkeypatch.setattr(pulp.HiGHS, "findSolutionValues", lambda *_: next(iter([[]])).pop(0))
    lp, _ = build_compact(line())
    stats = solve_model(lp, SOLVERS["highs"], seconds=60.0, gap=0.0, threads=1, seed=1)
    assert not stats.has_solution
    assert proved_bound(stats, SOLVERS["highs"], gap=0.0, minimise=False) is None


def test_highs_proves_with_another_number_of_threads_than_in_the_solve_before():
    for threads in (1, 2, 1):
        for seed in (1, 5, 7):
            assert outcome_of(dense_problem(seed), "compact", "highs", threads=threads).status == "optimal"


def test_a_solver_within_its_time_limit_answers_as_without_one():
    (lp, decisions), (other, same) = build_compact(line()), build_compact(line())
    stats, direct = solve_in_time(lp, pulp.HiGHS(msg=False), 60.0), other.solve(pulp.HiGHS(msg=False))
    assert (stats.status, stats.objective) == (direct.status, direct.objective)
    assert [x.varValue for x in decisions.x] == [x.varValue for x in same.x]


def test_a_solver_that_fails_in_the_copied_process_fails_here():
    with pytest.raises(pulp.PulpError, match="no licence"):
        solve_in_time(build_compact(line())[0], Failing(), 60.0)


@pytest.mark.parametrize("name", EXACT)
def test_the_optimum_is_that_of_trying_every_plan(name):
    for seed in range(30):
        problem = dense_problem(seed)
        optimum, found = brute_force(problem), outcome_of(problem, "compact", name)
        if optimum is None:
            assert found.status in ("infeasible", "none"), seed
            continue
        assert (found.status, found.objective) == ("optimal", optimum), seed
        assert plan_value(problem, set(found.built)) == (optimum, found.cost), seed


@pytest.mark.parametrize("name", EXACT)
def test_with_rings_and_periods_the_optimum_is_that_of_trying_every_plan(name):
    for seed in range(8):
        problem = ring_problem(seed)
        optimum, found = whole_brute_force(problem), outcome_of(problem, "compact", name)
        if optimum is None:
            assert found.status in ("infeasible", "none"), seed
            continue
        assert (found.status, found.objective) == ("optimal", optimum), seed


# ---- asked for in a solve, on the command line and in a bench


needs_glpk = pytest.mark.skipif("GLPK_CMD" not in OTHERS, reason="glpsol is not installed")


def all_installed(_name):
    """Accept every solver."""


def test_only_a_variant_that_runs_with_any_solver_takes_one_by_the_name_of_pulp():
    assert [variant.name for variant in VARIANTS.values() if variant.any_solver] == ["compact"]
    for asked in ("compact", "auto"):
        assert choose(asked, has_budget=True, solver="glpk_cmd") == ("compact", "glpk_cmd")
        assert choose(asked, has_budget=True, solver="glpk_cmd", is_extended=True) == ("compact", "glpk_cmd")
    with pytest.raises(ProblemError, match="does not run with solver 'glpk_cmd'"):
        choose("cuts", has_budget=True, solver="glpk_cmd")


def test_a_bench_takes_the_name_and_all_solvers_are_still_those_with_short_names():
    assert [one.label for one in configurations(["compact:glpk_cmd"], [], check=all_installed)[0]] == [
        "compact/glpk_cmd"
    ]
    every = configurations(["compact"], ["all"], check=all_installed)[0]
    assert tuple(one.solver for one in every) == VARIANTS["compact"].solvers
    assert configurations(["compact", "cuts"], ["glpk_cmd"], check=all_installed)[1] == (
        "cuts does not run with glpk_cmd",
    )


def test_a_bench_leaves_out_a_solver_that_is_not_here():
    found, *left_out = configurations(["compact", "compact:fast"], [])
    assert [one.label for one in found] == ["compact/highs"]
    assert "'fast' is not available" in str(left_out)


def test_a_solve_names_the_solvers_that_are_here_when_the_one_asked_for_is_not():
    with pytest.raises(EnvironmentFault, match=r"'fast' is not available \(available: .*highs") as caught:
        solve(line(), variant="compact", params=SolveParameters(solver="fast"))
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("glpk_cmd", "PuLP's GLPK_CMD needs the command 'glpsol'. More: docs/solvers.md."),
        ("MOSEK", "PuLP's MOSEK needs a package. More"),
        ("gurobi", "Install the extra `gurobi`: in a clone begin with `uv run --extra gurobi`"),
        ("scip", "PuLP's SCIP_PY needs `pip install pyscipopt`. More"),
    ],
)
def test_what_a_solver_needs_that_is_not_here_is_said_in_words(name, remedy, monkeypatch):
    monkeypatch.setattr(pulp_solvers, "is_installed", lambda _solver: False)
    with pytest.raises(EnvironmentFault) as caught:
        pulp_solvers.installed_solver(name)
    assert caught.value.remedy.startswith(remedy)


@needs_glpk
@pytest.mark.parametrize("name", ["GLPK_CMD", "glpk_cmd"])
def test_a_solve_with_glpk_is_proved(name):
    result = solve(line(), variant="compact", params=SolveParameters(solver=name, threads=1))
    assert (result.status, result.objective) == ("optimal", 18)
    assert result.solver == "GLPK_CMD (settings not supported: gap, threads, seed)"


@needs_glpk
def test_the_command_takes_the_name(tmp_path):
    save(line(), tmp_path / "line.json")
    out = tmp_path / "line.result.json"
    words = ["solve", str(tmp_path / "line.json"), "-o", str(out), "--solver", "glpk_cmd", "--threads", "1"]
    assert call(words) == 0
    assert (results.load(out).variant, results.load(out).status) == ("compact", "optimal")


def test_the_missing_only_solver_of_a_variant_is_reported(monkeypatch):
    monkeypatch.setattr(pulp_solvers, "is_installed", lambda solver: solver.name == "highs")
    with pytest.raises(EnvironmentFault, match="scip") as caught:
        solve(line(), variant="benders")
    assert "pip install" in caught.value.remedy


@pytest.mark.parametrize("name", ["highs", "scip"])
def test_a_time_that_is_over_is_no_negative_limit(name):
    solver = instance(name, seconds=-1e-4, gap=0.0, threads=1, seed=1)
    assert solver.timeLimit == 0.0

"""Solvers given by PuLP's name: found, told what they can be told, and believed no further than that."""

from __future__ import annotations

import inspect
import time
from types import SimpleNamespace

import psutil
import pulp
import pytest
from core_drawing import brute_force, dense_problem, line, plan_value
from ring_drawing import ring_problem, whole_brute_force

from optimiser.engine.attempt import unreduced
from optimiser.engine.backends import pulp_solvers
from optimiser.engine.backends.compact import bound_of, name_of
from optimiser.engine.backends.pulp_solvers import GAP, SEED, SOLVERS, THREADS, TIME, available, find, here, instance, others
from optimiser.engine.backends.pulp_solvers import solve_in_time
from optimiser.engine.ledger import Ledger
from optimiser.engine.models.compact import build_compact
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import Task
from optimiser.engine.work import work
from optimiser.problem import Period
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.result import rounded_bound

HERE = [name for name, solver in others().items() if pulp_solvers._installed(solver)]
EXACT = [name for name in HERE if others()[name].word_holds_within(0.0) is not None]


def outcome_of(problem, reduced, solver, seconds=300.0):
    ledger = Ledger(problem, reduced, None)
    ending = Ending("proof" if ledger.has_plan else "infeasible", "", "", 0.0)
    if reduced.feasible and ((reduced.problem.candidates and reduced.problem.pairs) or not problem.is_plain):
        task = Task(reduced.problem, "compact", seconds, 0.0, 1, 1, solver, reduced.base)
        ending = Ending(*_ended(work(task, ledger.receive)))
    if reduced.feasible:
        ledger.finish(ending, proves=True)
    assert not ledger.refusals
    return ledger.best(), ending


def _ended(said):
    return said[0], "", said[1], 0.0


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
def test_a_class_is_told_nothing_that_its_signature_does_not_name_or_pass_on(name):
    solver = others()[name]
    signature = inspect.signature(type(pulp.getSolver(name, msg=False)).__init__).parameters
    passes_on = any(part.kind is part.VAR_KEYWORD for part in signature.values())
    assert passes_on or set(solver.keywords.values()) <= set(signature)
    assert solver.takes_start == ("warmStart" in signature) or name == "PYGLPK"
    assert set(solver.untold) | set(solver.keywords) == {TIME, GAP, THREADS, SEED}


@pytest.mark.parametrize("name", others())
def test_every_class_can_be_made_with_its_limits(name, monkeypatch):
    monkeypatch.setattr(registry, "_installed", lambda _solver: True)
    made = instance(name, seconds=2.5, gap=0.0, threads=1, seed=1, warm=True)
    assert made.name == name
    if TIME in others()[name].keywords and hasattr(made, "timeLimit") and name != "COPT_CMD":
        assert abs(made.timeLimit) == (3 if others()[name].is_command else 2.5)


def test_a_solver_that_is_not_here_is_told_with_those_that_are(monkeypatch):
    monkeypatch.setattr(registry, "_installed", lambda solver: solver.name in ("highs", "GLPK_CMD"))
    with pytest.raises(
        EnvironmentFault, match=r"'cplex_cmd' is not here \(here are: highs, GLPK_CMD\)"
    ) as caught:
        here("cplex_cmd")
    assert "CPLEX_CMD" in caught.value.remedy
    with pytest.raises(EnvironmentFault, match="'fast' is not here") as caught:
        here("fast")
    assert "highs" in caught.value.remedy
    assert "MOSEK" in caught.value.remedy


def said(status=pulp.LpSolveStatus.Optimal, *, best_bound=None, has_solution=True):
    return SimpleNamespace(
        status=status,
        objective=100.0 if has_solution else None,
        has_solution=has_solution,
        best_bound=best_bound,
        solver="X",
        solver_version=None,
    )


@pytest.mark.parametrize("name", ["GUROBI_CMD", "COPT_CMD", "FSCIP_CMD", "MOSEK", "MIPCL_CMD", "SAS94"])
def test_being_done_proves_nothing_where_nobody_knows_within_which_gap(name):
    task = Task(line(), "compact", 1.0, 0.0, 1, 1, name, 0)
    assert bound_of(said(), task, others()[name]) is None
    assert bound_of(said(best_bound=120.0), task, others()[name]) == 120.0


def test_being_done_proves_what_is_within_the_gap_and_a_time_out_proves_nothing():
    task = Task(line(), "compact", 1.0, 0.25, 1, 1, "", 0)
    assert bound_of(said(), task, others()["CPLEX_CMD"]) == pytest.approx(100 / 0.75)
    assert bound_of(said(), task, others()["GLPK_CMD"]) == pytest.approx(100, abs=1e-4)
    assert bound_of(said(pulp.LpSolveStatus.TimeLimit), task, others()["CPLEX_CMD"]) is None
    assert bound_of(said(pulp.LpSolveStatus.Stopped), task, others()["GLPK_CMD"]) is None
    assert not others()["CPLEX_CMD"].knows_infeasible


@pytest.mark.parametrize("name", ["highs", "scip", "cbc", "gurobi", "cpsat"])
def test_a_bound_without_a_solution_does_not_count(name):
    task = Task(line(), "compact", 1.0, 0.0, 1, 1, name, 0)
    for status in (pulp.LpSolveStatus.Stopped, pulp.LpSolveStatus.TimeLimit, pulp.LpSolveStatus.NotSolved):
        assert bound_of(said(status, best_bound=0.0, has_solution=False), task, SOLVERS[name]) is None


@pytest.mark.parametrize("minimise", [False, True])
@pytest.mark.parametrize("periods", [False, True])
@pytest.mark.parametrize("name", [*(name for name, here in available().items() if here), *HERE])
def test_a_solver_that_ends_with_nothing_proves_nothing(name, periods, minimise):
    problem = line(budget=None) if minimise else line()
    if periods and not minimise:
        problem = problem.replace(periods=(Period("now", problem.budget, 1),))
    for seconds in (1e-4, 3e-4, 1e-3, 1e-2):
        best, _ = outcome_of(problem, unreduced(problem), name, seconds)
        bound = rounded_bound(best["bound"], minimise=minimise)
        assert bound <= brute_force(line(budget=None)) if minimise else bound >= brute_force(line())


def test_a_result_names_what_its_solver_could_not_be_told():
    assert name_of(said(), others()["GLPK_CMD"]) == "X (not told: gap, threads, seed)"
    assert name_of(said(), SOLVERS["highs"]) == "X"


class Sleeper(pulp.LpSolver):
    """A solver that keeps no limit and stops every thread beside it, like a library that never answers."""

    name = "Sleeper"

    def actualSolve(self, _lp, **_more):  # noqa: N802 - PuLP's name
        sum(range(10**12))


class Failing(pulp.LpSolver):
    name = "Failing"

    def actualSolve(self, _lp, **_more):  # noqa: N802 - PuLP's name
        raise ValueError("no licence")


def test_a_solver_that_keeps_no_limit_is_ended_at_it():
    lp, _ = build_compact(line())
    begun = time.monotonic()
    assert solve_in_time(lp, Sleeper(), 0.3) is None
    assert 0.2 < time.monotonic() - begun < 30.0


def test_a_command_that_keeps_no_limit_is_ended_with_the_copy_that_called_it(tmp_path):
    command, noted = tmp_path / "glpsol", tmp_path / "pid"
    command.write_text(f"#!/bin/sh\necho $$ > {noted}\nexec sleep 600\n")
    command.chmod(0o755)
    lp, _ = build_compact(line())
    assert solve_in_time(lp, pulp.GLPK_CMD(path=str(command), msg=False), 2.0) is None
    pid = int(noted.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_solver_that_keeps_to_the_limit_answers_as_it_does_without_one():
    (lp, decisions), (other, same) = build_compact(line()), build_compact(line())
    stats, direct = solve_in_time(lp, pulp.HiGHS(msg=False), 60.0), other.solve(pulp.HiGHS(msg=False))
    assert (stats.status, stats.objective) == (direct.status, direct.objective)
    assert [x.varValue for x in decisions.x] == [x.varValue for x in same.x]


def test_a_solver_that_fails_in_the_copy_fails_here():
    with pytest.raises(pulp.PulpError, match="no licence"):
        solve_in_time(build_compact(line())[0], Failing(), 60.0)


@pytest.mark.parametrize("name", EXACT)
def test_the_optimum_is_that_of_trying_every_plan(name):
    for seed in range(30):
        problem = dense_problem(seed)
        optimum, reduced = brute_force(problem), reduce(problem)
        outcome, _ = outcome_of(problem, reduced, name)
        if optimum is None:
            assert outcome["status"] in ("infeasible", "none"), seed
            continue
        assert (outcome["status"], outcome["objective"]) == ("optimal", optimum), seed
        assert plan_value(problem, set(outcome["built"])) == (optimum, outcome["cost"]), seed


@pytest.mark.parametrize("name", EXACT)
def test_with_rings_and_periods_the_optimum_is_that_of_trying_every_plan(name):
    for seed in range(8):
        problem = ring_problem(seed)
        optimum, (outcome, _) = whole_brute_force(problem), outcome_of(problem, unreduced(problem), name)
        if optimum is None:
            assert outcome["status"] in ("infeasible", "none"), seed
            continue
        assert (outcome["status"], outcome["objective"]) == ("optimal", optimum), seed

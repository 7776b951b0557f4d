"""Solve problems with rings or periods: the compact model, again and again until no ring is in pieces."""

from __future__ import annotations

from typing import Any

import pulp

from optimiser.formulation.whole import Whole, build_whole
from optimiser.progress import Send
from optimiser.solvers.registry import instance
from optimiser.solvers.task import Task
from optimiser.solvers.whole_claims import Claims

STEP = "compact"
"""What messages name as the source of plans and bounds."""


def solve_whole(task: Task, send: Send) -> tuple[str, str]:
    """Solve the compact model with rings and periods; plans and bounds go out as messages.

    Parameters
    ----------
    task
        The task.
    send
        Takes messages.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.

    Notes
    -----
    Each model is a relaxation of the problem, so that its bound holds. Where the best point of a model has a
    ring of several circuits of which none forms it, rows that forbid this are added and the model is solved
    again; there are finitely many sets of circuits, and each row forbids one at least.
    """
    whole = build_whole(task.problem)
    claims, name = Claims(task, whole, send), task.solver
    claims.begin()
    while claims.left():
        stats = _solved(task, whole, claims.left())
        name = f"{stats.solver} {stats.solver_version or ''}".strip()
        if stats.status == pulp.LpSolveStatus.Infeasible:
            return ("proof" if claims.has_plan else "infeasible"), name
        bound = _bound_of(stats, task)
        if bound is not None:
            claims.bound(bound, STEP)
        values = {v.name: float(v.varValue or 0.0) for v in whole.lp.variables()}
        rows = claims.point(values, STEP) if stats.has_solution else []
        if claims.closed() or not rows:
            break
        for tag, row in rows:
            whole.lp.addConstraint(row, f"detached{tag}_{len(whole.lp.constraints()) + 1:07d}")
        claims.count(len(rows), STEP)
    return claims.ending(), name


def _solved(task: Task, whole: Whole, seconds: float) -> Any:  # noqa: ANN401 - PuLP's own
    solver = instance(task.solver, seconds=seconds, gap=task.gap, threads=task.threads, seed=task.seed)
    return whole.lp.solve(solver)


def _bound_of(stats: Any, task: Task) -> float | None:  # noqa: ANN401 - PuLP's own
    """Return the bound that a solver gave, or that its word of being done gives; None without one."""
    if stats.best_bound is not None:
        return float(stats.best_bound)
    done = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
    if stats.objective is None or stats.status not in done or task.gap >= 1.0:
        return None
    share = 1.0 - task.gap
    return float(stats.objective * share if task.problem.budget is None else stats.objective / share)

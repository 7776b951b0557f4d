"""Solve problems with rings or periods: the compact model, again and again until no ring is in pieces."""

from __future__ import annotations

import pulp

from optimiser.engine.backends.compact import bound_of, name_of, solved
from optimiser.engine.backends.registry import here
from optimiser.engine.methods.whole_claims import Claims
from optimiser.engine.models.extended import build_extended
from optimiser.engine.search.incumbent import Send
from optimiser.engine.search.task import Task

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
    whole, solver = build_extended(task.problem), here(task.solver)
    claims, name = Claims(task, whole, send), name_of(None, solver)
    claims.begin()
    while claims.left():
        stats = solved(whole.lp, task, solver, claims.left())
        if stats is None:
            break
        name = name_of(stats, solver)
        if stats.status == pulp.LpSolveStatus.Infeasible and solver.knows_infeasible:
            return ("proof" if claims.has_plan else "infeasible"), name
        bound = bound_of(stats, task, solver)
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

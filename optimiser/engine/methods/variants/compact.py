"""Solve the compact model by any solver that PuLP can call."""

from __future__ import annotations

from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress, Send
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="compact",
    about="The arc-flow model of every pair in one integer program: the reference, for small problems.",
    proves=True,
    solvers=("highs", "scip", "cbc", "gurobi", "cpsat"),
    whole=("highs", "scip", "cbc", "gurobi", "cpsat"),
    any_solver=True,
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Build and solve the compact model, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    from optimiser.engine.backends.compact import solve_compact
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return solve_compact(task, progress)


def run_whole(task: Task, send: Send) -> tuple[str, str]:
    """Solve a problem with rings or periods.

    Parameters
    ----------
    task
        What was asked.
    send
        Takes messages.
    """
    from optimiser.engine.methods.whole import solve_whole

    return solve_whole(task, send)

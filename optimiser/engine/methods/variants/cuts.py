"""Prove plans by fractional time cuts in one tree."""

from __future__ import annotations

import dataclasses

from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress, Send
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="cuts",
    about="Fractional time cuts: cut the relaxation first, then search one tree with cuts at its nodes.",
    proves=True,
    solvers=("auto", "highs", "scip", "gurobi"),
    whole=("highs",),
)


SMALL = 1_000
"""Open pairs up to which SCIP searches the tree faster on one thread than ours on two; above, its relaxations
take too long (benchmarks/RESULTS.md)."""


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run the time-cut method, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    from optimiser.engine.methods.cut_trees import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    if task.solver == "auto":
        task = dataclasses.replace(task, solver="scip" if len(t.limit) <= SMALL else "highs")
    improver = start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return prove(t, progress, task, improver)


def run_whole(task: Task, send: Send) -> tuple[str, str]:
    """Solve a problem with rings or periods: one model, cut and solved again until its best point is right.

    Parameters
    ----------
    task
        What was asked.
    send
        Takes messages.
    """
    from optimiser.engine.methods.whole_cuts import solve_whole_by_cuts

    return solve_whole_by_cuts(task, send)

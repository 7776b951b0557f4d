"""Prove plans by branch-and-Benders-cut with normalised cuts."""

from __future__ import annotations

from optimiser.engine.methods.benders.separation import Kind
from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="benders",
    about="Branch-and-Benders-cut after Bucarey et al. (2022), normalised cuts.",
    proves=True,
    solvers=("scip",),
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run branch-and-Benders-cut with normalised cuts, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    return run_with(t, progress, task, kind="normalised")


def run_with(t: Tables, progress: Progress, task: Task, *, kind: Kind) -> tuple[str, str]:
    """Run branch-and-Benders-cut with one kind of cuts, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    kind
        Kind of the cuts.
    """
    from optimiser.engine.methods.benders.tree import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return prove(t, progress, task, kind=kind)

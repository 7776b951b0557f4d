"""Prove plans by branch-and-Benders-cut with normalised cuts."""

from __future__ import annotations

from optimiser.benders.separation import Kind
from optimiser.progress import Progress
from optimiser.solvers.task import Task
from optimiser.tables import Tables
from optimiser.variants.variant import Variant

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
    from optimiser.heuristics.start import start_plans
    from optimiser.solvers.benders_tree import prove

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return prove(t, progress, task, kind=kind)

"""Prove plans by branch-and-Benders-cut with normalised cuts."""

from __future__ import annotations

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
    """Run branch-and-Benders-cut, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    from optimiser.heuristics.start import start_plans
    from optimiser.solvers.benders_tree import prove

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return prove(t, progress, task, kind="normalised")

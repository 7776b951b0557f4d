"""Prove plans by fractional time cuts in a loop of integer solves."""

from __future__ import annotations

from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="cuts-loop",
    about="Fractional time cuts: cut the relaxation first, then solve an integer model, cut, solve again.",
    proves=True,
    solvers=("highs", "cpsat"),
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run the time-cut method in a loop, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    from optimiser.engine.methods.cut_loop import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    return prove(t, progress, task)

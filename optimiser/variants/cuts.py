"""Prove plans by time cuts."""

from __future__ import annotations

from optimiser.progress import Progress
from optimiser.solvers.task import Task
from optimiser.tables import Tables
from optimiser.variants import swap
from optimiser.variants.variant import Variant

VARIANT = Variant(
    name="cuts",
    about="Time cuts on a live model: relax, cut, solve again until proved.",
    proves=True,
    solvers=("highs",),
)


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
    from optimiser.cuts.loop import prove
    from optimiser.solvers.live_highs import LiveHighs, version

    swap.run(t, progress, task)
    if progress.stop():
        return "time", ""
    master = LiveHighs(task.problem, threads=task.threads, seed=task.seed)
    return prove(t, master, progress, gap=task.gap, seed=task.seed), version()

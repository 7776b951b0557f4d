"""Improve the plan of the reverse greedy heuristic by exchanging one candidate at a time."""

from __future__ import annotations

from optimiser.progress import Progress
from optimiser.solvers.task import Task
from optimiser.tables import Tables
from optimiser.variants import reverse_greedy
from optimiser.variants.variant import Variant

VARIANT = Variant(name="swap", about="Reverse greedy, then exchange one candidate at a time.", proves=False)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Report the plans of the reverse greedy heuristic and of exchanges.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    task
        What was asked.
    """
    from optimiser.heuristics.greedy import swap

    reverse_greedy.run(t, progress, task)
    if progress.best is not None and not progress.stop():
        progress.plan(swap(t, progress.best, stop=progress.stop), "swap")
    return ("time" if progress.stop() else "heuristic"), ""

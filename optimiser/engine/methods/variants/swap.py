"""Improve the plan of the reverse greedy heuristic by exchanging one candidate at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.variants import reverse_greedy
from optimiser.engine.methods.variants.variant import Variant

if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import Progress
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

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
    from optimiser.engine.methods.heuristics.greedy import swap

    reverse_greedy.run(t, progress, task)
    if progress.best is not None and not progress.stop():
        progress.plan(swap(t, progress.best, stop=progress.stop), "swap")
    return ("time" if progress.stop() else "heuristic"), ""

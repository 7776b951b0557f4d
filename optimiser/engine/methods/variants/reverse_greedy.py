"""Start from everything and drop the least loss per money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.variants.variant import Variant

if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import Progress
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="reverse-greedy", about="Start from everything and drop the least loss per money.", proves=False
)


def run(t: Tables, progress: Progress, _task: Task) -> tuple[str, str]:
    """Report the plan of the reverse greedy heuristic.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    """
    from optimiser.engine.methods.heuristics.greedy import everything, nothing, reverse_greedy

    progress.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    if progress.stop():
        return "time", ""
    progress.plan(reverse_greedy(t, stop=progress.stop), "reverse-greedy")
    return ("time" if progress.stop() else "heuristic"), ""

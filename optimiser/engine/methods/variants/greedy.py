"""Build the most gain per money as long as money is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.variants.variant import Variant

if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import Progress
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="greedy",
    about="Build the most gain per money, candidates alone or those that cover a pair together.",
    proves=False,
)


def run(t: Tables, progress: Progress, _task: Task) -> tuple[str, str]:
    """Report the plan of the greedy heuristic.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    """
    from optimiser.engine.methods.heuristics.greedy import greedy, nothing

    progress.plan(nothing(t), "start")
    if progress.stop():
        return "time", ""
    progress.plan(greedy(t, stop=progress.stop), "greedy")
    return ("time" if progress.stop() else "heuristic"), ""

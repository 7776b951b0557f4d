"""Build only what must be built."""

from __future__ import annotations

from optimiser.progress import Progress
from optimiser.solvers.task import Task
from optimiser.tables import Tables
from optimiser.variants.variant import Variant

VARIANT = Variant(name="do-nothing", about="Build only what must be built.", proves=False, covers_all=False)


def run(t: Tables, progress: Progress, _task: Task) -> tuple[str, str]:
    """Report the plan that builds nothing.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    """
    from optimiser.heuristics.greedy import nothing

    progress.plan(nothing(t), "do-nothing")
    return "heuristic", ""

"""Build only what must be built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.variants.variant import Variant

if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import Progress
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

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
    from optimiser.engine.methods.heuristics.greedy import nothing

    progress.plan(nothing(t), "do-nothing")
    return "heuristic", ""

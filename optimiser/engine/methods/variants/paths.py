"""Prove plans by paths as columns."""

from __future__ import annotations

from functools import partial

from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="paths",
    about="Paths as columns: generate, list, solve; strong where every pair must be covered.",
    proves=True,
    solvers=("highs",),
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run column generation over paths, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    from optimiser.engine.backends.live_paths import LivePaths
    from optimiser.engine.backends.live_program import version
    from optimiser.engine.methods.column_generation.proof import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, progress, seed=task.seed)
    if progress.stop():
        return "time", ""
    build = partial(LivePaths, task.problem, t, threads=task.threads, seed=task.seed)
    return prove(t, build, progress, gap=task.gap), version()

"""Prove plans by paths as columns."""

from __future__ import annotations

from functools import partial

from optimiser.progress import Progress
from optimiser.solvers.task import Task
from optimiser.tables import Tables
from optimiser.variants import reverse_greedy
from optimiser.variants.variant import Variant

VARIANT = Variant(
    name="paths",
    about="Paths as columns: generate, list, solve; strong where every pair must be covered.",
    proves=True,
    solvers=("highs",),
)

SWAP_SHARE = 0.1
"""Most of the time that exchanges get."""


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
    from optimiser.column_generation.proof import prove
    from optimiser.solvers.live_highs import version
    from optimiser.solvers.live_paths import LivePaths

    _begin(t, progress, task)
    if progress.stop():
        return "time", ""
    build = partial(LivePaths, task.problem, t, threads=task.threads, seed=task.seed)
    return prove(t, build, progress, gap=task.gap), version()


def _begin(t: Tables, progress: Progress, task: Task) -> None:
    """Report the plans of the heuristics; where all must be covered, rounding finds better ones at once."""
    from optimiser.heuristics.greedy import swap

    reverse_greedy.run(t, progress, task)
    if progress.best is None or t.must_cover:
        return
    least = (1.0 - SWAP_SHARE) * progress.left()
    progress.plan(swap(t, progress.best, stop=lambda: progress.left() <= least), "swap")

"""Improve plans by large neighbourhood search until the time is up."""

from __future__ import annotations

from optimiser.engine.methods.variants.variant import Variant
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="lns",
    about="Destroy and repair parts of the plan until the time is up or it gains no more.",
    proves=False,
)

PATIENCE = 20_000
"""Attempts without a better plan after which the search ends."""


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Report the plans of the greedy heuristics and of the large neighbourhood search.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    task
        What was asked.
    """
    from optimiser.engine.methods.heuristics.lns import start_plans

    search, idle = start_plans(t, progress, seed=task.seed), 0
    while idle < PATIENCE and not progress.stop():
        quiet = search.improve(attempts=100, stop=progress.stop, take=lambda plan: progress.plan(plan, "lns"))
        idle = idle + quiet if quiet == 100 else quiet
    return ("time" if progress.stop() else "heuristic"), ""

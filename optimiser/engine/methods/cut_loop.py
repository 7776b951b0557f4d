"""Prove plans by time cuts in a loop: solve a live integer master, cut, solve it again."""

from __future__ import annotations

from optimiser.engine.backends.live_program import version as highs_version
from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.cut_single_tree import near_rows
from optimiser.engine.methods.cuts.loop import Master
from optimiser.engine.methods.cuts.loop import prove as run_loop
from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task


def prove(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run the relaxation and then the loop; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked; its solver is `highs` or `cpsat`.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver of the master.
    """
    begun = opened(t, progress, task)
    if isinstance(begun, str):
        return begun, highs_version()
    master, name = _master_of(task)
    master.add(near_rows(begun, t.size))
    reason = run_loop(
        t,
        master,
        begun.cuts,
        progress,
        gap=task.gap,
        seed=task.seed,
        towards=begun.relaxed.towards,
        improve=Rounding(t, progress),
    )
    return reason, name


def _master_of(task: Task) -> tuple[Master, str]:
    if task.solver == "cpsat":
        from optimiser.engine.backends import live_cpsat

        made = live_cpsat.LiveCpsat(task.problem, threads=task.threads, seed=task.seed)
        return made, live_cpsat.version()
    from optimiser.engine.backends.live_highs import LiveHighs

    return LiveHighs(task.problem, threads=task.threads, seed=task.seed), highs_version()

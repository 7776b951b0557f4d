"""Run one variant on one reduced problem inside the child process."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.methods.variants.own import SUFFIX, ended
from optimiser.engine.methods.variants.registry import module_of
from optimiser.engine.search.incumbent import Progress, Send
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task


def work(task: Task, send: Send) -> tuple[str, str]:
    """Run a variant; plans and bounds go out as messages.

    Parameters
    ----------
    task
        What to do.
    send
        Takes messages.

    Returns
    -------
    tuple
        Why it ended (`proof`, `gap`, `time`, `heuristic`, `infeasible`), and the name of the solver.
    """
    if not task.problem.is_plain:
        return _ended(task, module_of(task.variant).run_whole(task, send))
    t = tables(task.problem)
    progress = Progress(t, seconds=task.seconds, send=send, base=task.base)
    if not t.size or not len(t.limit):
        return ("proof" if progress.plan(nothing(t), "do-nothing") else "infeasible"), ""
    return _ended(task, module_of(task.variant).run(t, progress, task))


def _ended(task: Task, outcome: tuple[str, str]) -> tuple[str, str]:
    """Return how a run ended; a user's own may have returned anything."""
    return ended(outcome) if task.variant.endswith(SUFFIX) else outcome

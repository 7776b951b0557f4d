"""Run one variant on one reduced problem inside the child process."""

from __future__ import annotations

from optimiser.heuristics.greedy import everything, greedy, nothing, reverse_greedy, swap
from optimiser.progress import Progress, Send
from optimiser.solvers.task import Task
from optimiser.tables import Tables, tables


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
        Why it ended (`proof`, `gap`, `time`, `heuristic`), and the name of the solver.
    """
    t = tables(task.problem)
    progress = Progress(t, seconds=task.seconds, send=send, base=task.base)
    if not t.size or not len(t.limit):
        progress.plan(nothing(t), "do-nothing")
        return "proof", ""
    start_plans(t, progress, task.variant)
    if task.variant == "cuts":
        return _cuts(t, progress, task)
    if task.variant == "compact":
        from optimiser.solvers.compact import solve_compact

        return solve_compact(task, progress)
    return ("time" if progress.stop() else "heuristic"), ""


def start_plans(t: Tables, progress: Progress, variant: str) -> None:
    """Report the plans of the heuristics that a variant stands on."""
    progress.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    if variant == "do-nothing" or progress.stop():
        return
    if variant == "greedy":
        progress.plan(greedy(t), "greedy")
        return
    plan = reverse_greedy(t, stop=progress.stop)
    progress.plan(plan, "reverse-greedy")
    if variant == "reverse-greedy" or t.budget < 0 or progress.stop():
        return
    progress.plan(swap(t, plan, stop=progress.stop), "swap")


def _cuts(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    from optimiser.cuts.loop import prove
    from optimiser.solvers.live_highs import LiveHighs, version

    master = LiveHighs(task.problem, threads=task.threads, seed=task.seed)
    return prove(t, master, progress, gap=task.gap, seed=task.seed), version()

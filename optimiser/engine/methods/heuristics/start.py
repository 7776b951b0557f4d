"""Give exact methods good plans to start from, in a time that suits the size."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.desk import desk
from optimiser.engine.methods.heuristics.greedy import everything, filled, nothing, thinned
from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.methods.heuristics.steps import move_to
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.scoring import breach_of
from optimiser.engine.search.tables import Tables

WORK = 12_000_000
"""Attempts times candidates that pairs can use: what a start may take, about a second at county size."""

LEAST, MOST = 30, 400
"""Bounds of the attempts."""


def attempts_for(t: Tables) -> int:
    """Return how many attempts of a large neighbourhood search suit a problem.

    Parameters
    ----------
    t
        The problem.
    """
    return max(LEAST, min(MOST, WORK // max(1, len(t.use))))


def start_plans(t: Tables, progress: MaskIncumbent, *, seed: int = 0) -> Improver:
    """Report plans of the greedy heuristics and of a short large neighbourhood search.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    seed
        For the random numbers.

    Returns
    -------
    Improver
        The search, which can go on later, for example guided by a point of a relaxation.
    """
    progress.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    at = desk(t, nothing(t), seed=seed)
    search = Improver(t, seed=seed, at=at)
    for step, begin in (("greedy", nothing(t)), ("reverse-greedy", everything(t))):
        if progress.stop():
            return search
        move_to(at.state, begin)
        at.lost[:] = -1.0
        if step == "reverse-greedy":
            thinned(at, stop=progress.stop)
        filled(at, stop=progress.stop)
        plan = thinned(at, stop=progress.stop)
        progress.plan(plan, step)
        if breach_of(t, plan) == 0:
            search.begin(plan)
    search.improve(attempts=attempts_for(t), stop=progress.stop, take=lambda plan: progress.plan(plan, "lns"))
    return search

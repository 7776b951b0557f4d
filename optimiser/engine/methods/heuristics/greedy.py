"""Construct plans by greedy heuristics, and improve them by exchanges."""

import numpy as np

from optimiser.engine.methods.heuristics.moves import (
    close_redundant,
    close_weakest,
    open_best,
    plan_breach,
    plan_rank,
)
from optimiser.engine.methods.heuristics.workspace import (
    SearchWorkspace,
    add_dependants,
    flip,
    move_to,
    new_workspace,
)
from optimiser.engine.search.incumbent import MaskIncumbent, Stop, never_stop
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

TRIES = 8
"""Uncovered pairs for which each step of the greedy heuristic searches a covering group of candidates."""

LOW_PREFERENCE = 1e-9
"""Preference of a candidate that is opened only when nothing else gains."""


def nothing(t: Tables) -> Mask:
    """Return the plan that builds nothing, bool [J + 1]; the last entry stands for existing arcs."""
    mask: Mask = np.arange(t.size + 1) == t.size
    return mask


def everything(t: Tables) -> Mask:
    """Return the plan that builds all candidates, bool [J + 1]."""
    return np.ones(t.size + 1, dtype=np.bool_)


def fill_greedily(
    workspace: SearchWorkspace, *, tries: int = TRIES, noise: float = 0.0, stop: Stop = never_stop
) -> Mask:
    """Open candidates, largest gain per cost first, until nothing gains; return the plan.

    Parameters
    ----------
    workspace
        The plan to extend, changed in place.
    tries
        Uncovered pairs for which each step searches the cheapest group of candidates that covers them; with
        0, candidates are opened one by one.
    noise
        Largest relative increase of the gain of a single candidate by a random factor.
    stop
        Called before each step.
    """
    while not stop() and open_best(workspace, tries, noise):
        pass
    return workspace.is_open.copy()


def repair_breaches(workspace: SearchWorkspace, *, stop: Stop = never_stop) -> None:
    """Close candidates, least loss per cost first, until the plan keeps every limit, excludes and requires.

    Parameters
    ----------
    workspace
        The plan, changed in place.
    stop
        Called before each step.
    """
    while plan_breach(workspace) and not stop() and close_weakest(workspace):
        pass


def prune(workspace: SearchWorkspace, *, stop: Stop = never_stop) -> Mask:
    """Repair the breaches of a plan, close all redundant candidates, and return the plan.

    Parameters
    ----------
    workspace
        The plan, changed in place.
    stop
        Called before each step; when it returns True, the plan may still violate constraints.
    """
    repair_breaches(workspace, stop=stop)
    if not stop():
        close_redundant(workspace)
    return workspace.is_open.copy()


def greedy(t: Tables, *, tries: int = TRIES, stop: Stop = never_stop) -> Mask:
    """Return the plan of the greedy heuristic: build what gains most per cost while the money lasts.

    Parameters
    ----------
    t
        The problem.
    tries
        As in `fill_greedily`.
    stop
        Called before each step.
    """
    return fill_greedily(new_workspace(t, nothing(t)), tries=tries, stop=stop)


def reverse_greedy(t: Tables, *, stop: Stop = never_stop) -> Mask:
    """Return the plan of the reverse greedy heuristic: drop what loses least per cost until the plan fits.

    Parameters
    ----------
    t
        The problem.
    stop
        Called before each step; when it returns True, the plan may still violate constraints.

    Returns
    -------
    NDArray
        bool [J + 1], without redundant candidates. What must be covered stays covered where budget, caps,
        capacities and excludes allow it.
    """
    return prune(new_workspace(t, everything(t)), stop=stop)


def swap(t: Tables, start: Mask, *, stop: Stop = never_stop, passes: int = 20) -> Mask:
    """Improve a plan by exchanges: close one candidate, spend its cost otherwise, keep improvements.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from, bool [J + 1].
    stop
        Called before each exchange.
    passes
        Largest number of passes over all built candidates.

    Returns
    -------
    NDArray
        bool [J + 1], the best plan found.
    """
    workspace = new_workspace(t, start)
    best = fill_greedily(workspace, stop=stop)
    value = plan_rank(workspace)
    for _ in range(passes):
        before = value
        for j in np.flatnonzero(best[:-1]).tolist():
            if stop():
                return best
            if best[j]:
                move_to(workspace, best)
                flip_candidates(workspace, np.array([j]))
                workspace.preference[j] = LOW_PREFERENCE  # opened again only when nothing else gains
                fill_greedily(workspace, tries=2)
                workspace.preference[j] = 1.0
                if t.budget < 0:
                    close_redundant(workspace)
                if plan_rank(workspace) > value:
                    best, value = workspace.is_open.copy(), plan_rank(workspace)
        if value == before:
            break
    return best


def run(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Construct a plan; the variants `greedy`, `reverse-greedy`, `swap` and `do-nothing`."""
    if task.variant == "do-nothing":
        incumbent.plan(nothing(t), "do-nothing")
        return "heuristic", ""
    step, build = ("greedy", greedy) if task.variant == "greedy" else ("reverse-greedy", reverse_greedy)
    incumbent.plan(everything(t) if build is reverse_greedy and t.budget < 0 else nothing(t), "start")
    if not incumbent.stop():
        incumbent.plan(build(t, stop=incumbent.stop), step)
    if task.variant == "swap" and incumbent.best is not None and not incumbent.stop():
        incumbent.plan(swap(t, incumbent.best, stop=incumbent.stop), "swap")
    return ("time" if incumbent.stop() else "heuristic"), ""


def flip_candidates(workspace: SearchWorkspace, js: Integers) -> None:
    """Toggle candidates, all open or all closed, together with what requirements force to follow."""
    if len(js):
        workspace.group[: len(js)] = js
        flip(workspace, add_dependants(workspace, len(js)))

"""Find good plans fast: greedy, reverse greedy, and exchanges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.engine.methods.heuristics.moves import (
    close_redundant,
    close_weakest,
    open_best,
    plan_breach,
    rank_values,
)
from optimiser.engine.methods.heuristics.workspace import (
    SearchWorkspace,
    add_dependants,
    flip,
    move_to,
    new_workspace,
)
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.tables import Tables

type Stop = Callable[[], bool]
"""Says whether the time is up."""

TRIES = 8
"""Uncovered pairs for which a group of candidates is looked for at each step of the greedy heuristic."""

AVOIDED = 1e-9
"""Preference of a candidate that is opened only when nothing else gains."""


def never() -> bool:
    """Say that the time is not up."""
    return False


def nothing(t: Tables) -> Mask:
    """Return the plan that builds nothing."""
    mask = np.zeros(t.size + 1, dtype=np.bool_)
    mask[-1] = True
    return mask


def everything(t: Tables) -> Mask:
    """Return the plan that builds all candidates."""
    return np.ones(t.size + 1, dtype=np.bool_)


def fill_greedily(at: SearchWorkspace, *, tries: int = TRIES, noise: float = 0.0, stop: Stop = never) -> Mask:
    """Return a plan with more built, the most gain per money first, as long as anything gains.

    Parameters
    ----------
    at
        Holds the plan, and the one returned afterwards.
    tries
        Uncovered pairs looked at each time for the cheapest candidates that cover them together; with 0,
        candidates are opened one by one.
    noise
        How far chance may raise the preference of a single candidate.
    stop
        Asked now and then.
    """
    while not stop() and open_best(at, tries, noise):
        pass
    return at.is_open.copy()


def repair_breaches(at: SearchWorkspace, *, stop: Stop = never) -> None:
    """Close the least loss per money until no row is broken.

    Parameters
    ----------
    at
        Holds the plan.
    stop
        Asked now and then.
    """
    while plan_breach(at) and not stop() and close_weakest(at):
        pass


def prune(at: SearchWorkspace, *, stop: Stop = never) -> Mask:
    """Return a plan that breaks no row: the least loss per money is closed, and what loses nothing.

    Parameters
    ----------
    at
        Holds the plan, and the one returned afterwards.
    stop
        Asked now and then; the plan is then returned as it is, and may break constraints.
    """
    repair_breaches(at, stop=stop)
    if not stop():
        close_redundant(at)
    return at.is_open.copy()


def greedy(t: Tables, start: Mask | None = None, *, tries: int = TRIES, stop: Stop = never) -> Mask:
    """Build what gains most per money as long as money is left.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from, which breaks nothing; default nothing.
    tries
        As in `fill_greedily`.
    stop
        Asked now and then.
    """
    return fill_greedily(new_workspace(t, nothing(t) if start is None else start), tries=tries, stop=stop)


def reverse_greedy(t: Tables, start: Mask | None = None, *, stop: Stop = never) -> Mask:
    """Start from everything and drop the candidate of least loss per money until the plan fits.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from; default everything.
    stop
        Asked now and then; the plan is then returned as it is, and may not fit.

    Returns
    -------
    NDArray
        bool [J + 1]; nothing in it can be left out without loss. What `start` covers of what must be covered
        stays covered where budget, caps and excludes allow it.
    """
    return prune(new_workspace(t, everything(t) if start is None else start), stop=stop)


def swap(t: Tables, start: Mask, *, stop: Stop = never, passes: int = 20) -> Mask:
    """Close one candidate, spend its money better, and keep the change when that is better.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from.
    stop
        Asked before each try.
    passes
        Most rounds over all built candidates.
    """
    at = new_workspace(t, start)
    best = fill_greedily(at, stop=stop)
    value = rank(at)
    for _ in range(passes):
        before = value
        for j in np.flatnonzero(best[:-1]).tolist():
            if stop():
                return best
            if best[j]:
                move_to(at, best)
                _exchange(at, j)
                if rank(at) > value:
                    best, value = at.is_open.copy(), rank(at)
        if value == before:
            break
    return best


def _exchange(at: SearchWorkspace, j: int) -> None:
    """Close a candidate and spend its money better; it may come back when nothing else gains."""
    flip_candidates(at, np.array([j]))
    at.preference[j] = AVOIDED
    fill_greedily(at, tries=2)
    at.preference[j] = 1.0
    if at.t.budget < 0:
        close_redundant(at)


def flip_candidates(at: SearchWorkspace, js: Integers) -> None:
    """Change the side of candidates, all open or all closed, and of what must follow them."""
    if len(js):
        at.group[: len(js)] = js
        flip(at, add_dependants(at, len(js)))


def rank(at: SearchWorkspace) -> tuple[float, float, float]:
    """Return what plans are compared by: breaking less, then what is maximised, then the money saved."""
    broken, value, cost = rank_values(at)
    return -broken, value, -cost

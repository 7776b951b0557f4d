"""Find good plans fast: greedy, reverse greedy, and exchanges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.engine.methods.heuristics.desk import Desk, desk
from optimiser.engine.methods.heuristics.moves import close_weakest, open_best, thin
from optimiser.engine.methods.heuristics.neighbourhoods import change
from optimiser.engine.methods.heuristics.steps import move_to
from optimiser.engine.methods.heuristics.values import levels, over
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.tables import Tables

type Stop = Callable[[], bool]
"""Says whether the time is up."""

WAYS = 8
"""Uncovered pairs whose cheapest way is looked for at each step of the greedy heuristic."""


SHUNNED = 1e-9
"""How little a candidate is liked that comes in when nothing else does."""


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


def filled(at: Desk, *, ways: int = WAYS, noise: float = 0.0, stop: Stop = never) -> Mask:
    """Return the plan on a desk with more built, the most gain per money first, as long as anything gains.

    Parameters
    ----------
    at
        Where the plan is; it holds the one returned afterwards.
    ways
        Uncovered pairs looked at each time for the cheapest candidates that cover them together; with 0,
        candidates are judged one by one.
    noise
        How far chance may raise what a single candidate is liked.
    stop
        Asked now and then.
    """
    while not stop() and open_best(at.state, ways, noise):
        pass
    return at.is_open.copy()


def relieved(at: Desk, *, stop: Stop = never) -> None:
    """Close on a desk the least loss per money until nothing is broken.

    Parameters
    ----------
    at
        Where the plan is.
    stop
        Asked now and then.
    """
    while over(at.state) and not stop() and close_weakest(at.state):
        pass


def thinned(at: Desk, *, stop: Stop = never) -> Mask:
    """Return the plan on a desk with less built: the least loss per money goes until nothing is broken.

    What loses nothing goes as well.

    Parameters
    ----------
    at
        Where the plan is; it holds the one returned afterwards.
    stop
        Asked now and then; the plan is then returned as it is, and may break constraints.
    """
    relieved(at, stop=stop)
    if not stop():
        thin(at.state)
    return at.is_open.copy()


def greedy(t: Tables, start: Mask | None = None, *, ways: int = WAYS, stop: Stop = never) -> Mask:
    """Build what gains most per money as long as money is left.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from, which breaks nothing; default nothing.
    ways
        As in `filled`.
    stop
        Asked now and then.
    """
    return filled(desk(t, nothing(t) if start is None else start), ways=ways, stop=stop)


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
    return thinned(desk(t, everything(t) if start is None else start), stop=stop)


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
    at = desk(t, start)
    best = filled(at, stop=stop)
    worth = worth_on(at)
    for _ in range(passes):
        before = worth
        for j in np.flatnonzero(best[:-1]).tolist():
            if stop():
                return best
            if best[j]:
                move_to(at.state, best)
                exchange(at, j)
                if worth_on(at) > worth:
                    best, worth = at.is_open.copy(), worth_on(at)
        if worth == before:
            break
    return best


def exchange(at: Desk, j: int) -> None:
    """Close a candidate and spend its money better; it may come back when nothing else gains.

    Parameters
    ----------
    at
        Where the plan is.
    j
        An open candidate.
    """
    change(at, np.array([j]))
    at.tilt[j] = SHUNNED
    filled(at, ways=2)
    at.tilt[j] = 1.0
    if at.t.budget < 0:
        thin(at.state)


def worth_on(at: Desk) -> tuple[float, float, float]:
    """Return what plans are compared by: first breaking less, then what is maximised, then the money saved.

    Parameters
    ----------
    at
        Where the plan is.
    """
    broken, value, cost = levels(at.state)
    return -broken, value, -cost

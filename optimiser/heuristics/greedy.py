"""Find good plans fast: greedy, reverse greedy, and exchanges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.heuristics.moves import drop, exchange, fill, thin
from optimiser.heuristics.neighbourhoods import worth_of
from optimiser.heuristics.state import Desk, desk, move_to
from optimiser.paths import Mask
from optimiser.tables import Tables

type Stop = Callable[[], bool]
"""Says whether the time is up."""

PIECE = 16
"""Steps between two looks at the clock."""

WAYS = 8
"""Uncovered pairs whose cheapest way is looked for at each step of the greedy heuristic."""


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


def filled(at: Desk, *, ways: int = WAYS, stop: Stop = never) -> Mask:
    """Return the plan on a desk with more built, the most gain per money first, as long as anything gains.

    Parameters
    ----------
    at
        Where the plan is; it holds the one returned afterwards.
    ways
        Uncovered pairs looked at each time for the cheapest candidates that cover them together; with 0,
        candidates are judged one by one.
    stop
        Asked now and then.
    """
    while not stop() and not fill(at.state, ways, 0.0, PIECE):
        pass
    return at.is_open.copy()


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
    while not stop():
        if drop(at.state, PIECE):
            thin(at.state)
            break
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
    level = worth_of(at.state)
    for _ in range(passes):
        improved = False
        for j in np.flatnonzero(best[:-1]).tolist():
            if stop():
                return best
            if not best[j]:
                continue
            move_to(at.state, best)
            exchange(at.state, j, 2)
            found = worth_of(at.state)
            if found > level:
                best, level, improved = at.is_open.copy(), found, True
        if not improved:
            break
    return best

"""Find good plans fast: reverse greedy, greedy, and swaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.heuristics.kernels import gains, losses_of, weight_of
from optimiser.paths import Integers, Mask
from optimiser.scoring import covered_pairs
from optimiser.tables import Tables

type Stop = Callable[[], bool]
"""Says whether the time is up."""


def nothing(t: Tables) -> Mask:
    """Return the plan that builds nothing."""
    mask = np.zeros(t.size + 1, dtype=np.bool_)
    mask[-1] = True
    return mask


def everything(t: Tables) -> Mask:
    """Return the plan that builds all candidates."""
    return np.ones(t.size + 1, dtype=np.bool_)


def cost_of(t: Tables, is_open: Mask) -> int:
    """Return the money that a plan costs."""
    return int(t.cost[is_open[:-1]].sum())


def fits(t: Tables, is_open: Mask) -> bool:
    """Say whether a plan keeps to the budget, or covers every pair when there is none."""
    if t.budget < 0:
        return bool(covered_pairs(t, is_open).all())
    return cost_of(t, is_open) <= t.budget


def reverse_greedy(
    t: Tables, start: Mask | None = None, *, keep: Mask | None = None, stop: Stop = lambda: False
) -> Mask:
    """Start from everything and drop the candidate of least loss per money until the plan fits.

    Parameters
    ----------
    t
        The problem.
    start
        Plan to start from; default everything.
    keep
        bool [J], candidates that are dropped last.
    stop
        Asked before each drop; the plan is then returned as it is, and may not fit.

    Returns
    -------
    NDArray
        bool [J + 1]; nothing in it can be left out without loss. Without a budget every pair that `start`
        covers stays covered.
    """
    is_open = everything(t) if start is None else start.copy()
    value = t.weight if t.budget >= 0 else np.ones_like(t.weight)
    late = np.zeros(t.size, np.bool_) if keep is None else keep
    lost = np.zeros((len(t.origins), t.size), np.int64)
    losses_of(t, is_open, value, np.arange(len(t.origins)), lost)
    weight = int(value[covered_pairs(t, is_open)].sum())
    while is_open[:-1].any() and not stop():
        over = t.budget >= 0 and cost_of(t, is_open) > t.budget
        j, weight = _least(t, is_open, lost, value, late, weight, over=over)
        if j < 0:
            break
        is_open[j] = False
        losses_of(t, is_open, value, np.flatnonzero(lost[:, j] >= 0), lost)
    return is_open


def _least(
    t: Tables,
    is_open: Mask,
    lost: Integers,
    value: Integers,
    late: Mask,
    weight: int,
    *,
    over: bool,
) -> tuple[int, int]:
    """Return the candidate to drop next and the weight left, or -1.

    A loss known from earlier may be too small, since paths that took over may be gone by now: the loss of
    the candidate chosen is found anew, and the choice repeated until it stands.
    """
    total = np.where(lost > 0, lost, 0).sum(axis=0)
    fresh = np.zeros(t.size, np.bool_)
    while True:
        allowed = is_open[:-1] if over else is_open[:-1] & (total == 0)
        if not allowed.any():
            return -1, weight
        j = int(np.lexsort((np.arange(t.size), -t.cost, total / t.cost, late & (total > 0), ~allowed))[0])
        if fresh[j]:
            return j, weight - int(total[j])
        is_open[j] = False
        total[j] = weight - int(value[covered_pairs(t, is_open)].sum())
        is_open[j] = True
        fresh[j] = True


def greedy(t: Tables, start: Mask | None = None, *, barred: int = -1) -> Mask:
    """Build the candidate of most gain per money as long as money is left.

    Parameters
    ----------
    t
        The problem (with a budget).
    start
        Plan to start from; default nothing.
    barred
        A candidate that may not be built; -1: none.
    """
    is_open = nothing(t) if start is None else start.copy()
    while True:
        left = t.budget - cost_of(t, is_open)
        may = ~is_open[:-1] & (t.cost <= left)
        if barred >= 0:
            may[barred] = False
        if not may.any():
            return is_open
        gained = np.where(may, gains(t, is_open, t.weight), 0)
        if not gained.any():
            return is_open
        is_open[int(np.lexsort((np.arange(t.size), -gained / t.cost))[0])] = True


def swap(t: Tables, start: Mask, *, stop: Stop = lambda: False, passes: int = 20) -> Mask:
    """Close one candidate, spend its money better, and keep the change when more is covered.

    Parameters
    ----------
    t
        The problem (with a budget).
    start
        Plan to start from.
    stop
        Asked before each try.
    passes
        Most rounds over all built candidates.
    """
    best = greedy(t, start)
    weight = weight_of(t, best)
    for _ in range(passes):
        improved = False
        for j in np.flatnonzero(best[:-1]):
            if stop():
                return best
            if not best[j]:
                continue
            tried = best.copy()
            tried[j] = False
            tried = greedy(t, tried, barred=int(j))
            tried = greedy(t, tried)
            found = weight_of(t, tried)
            if (found, -cost_of(t, tried)) > (weight, -cost_of(t, best)):
                best, weight, improved = tried, found, True
        if not improved:
            break
    return best

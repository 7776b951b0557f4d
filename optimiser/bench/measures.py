"""Compute the measures that benchmarks of solvers report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

LEAST_S = 0.001
"""Times are taken to be at least this long, so that ratios exist."""


def shifted_geometric_mean(values: Sequence[float], shift: float) -> float:
    """Return (prod (v + shift))^(1/n) - shift.

    Parameters
    ----------
    values
        At least one, each > -shift.
    shift
        Keeps small values from ruling the mean.

    Raises
    ------
    ValueError
        When there is no value.
    """
    if not values:
        raise ValueError("a mean needs a value")
    return math.exp(sum(math.log(value + shift) for value in values) / len(values)) - shift


def performance_ratios(times: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """Return the performance ratios r_{p,s} = t_{p,s} / min_s t_{p,s} (Dolan and More 2002, section 2).

    Parameters
    ----------
    times
        For each solver s the times t_{p,s} on the same problems p in the same order; infinity: not solved.

    Returns
    -------
    dict
        Ratios >= 1 for each solver; infinity where it failed, and for all where all failed.

    Raises
    ------
    ValueError
        When the solvers have different numbers of problems.
    """
    columns = {name: [max(value, LEAST_S) for value in column] for name, column in times.items()}
    best = [min(row) for row in zip(*columns.values(), strict=True)]
    return {
        name: tuple(
            value / least if math.isfinite(value) else math.inf
            for value, least in zip(column, best, strict=True)
        )
        for name, column in columns.items()
    }


def performance_profile(ratios: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Return rho_s as a step function: rho_s(tau) = (number of problems with r_{p,s} <= tau) / n_p.

    Parameters
    ----------
    ratios
        Ratios of one solver over all problems; infinite ones never count as solved.

    Returns
    -------
    tuple of tuple
        (tau, rho) at each step, tau rising, rho the value from there on; empty when nothing was solved.
    """
    finite = sorted(ratio for ratio in ratios if math.isfinite(ratio))
    steps = {tau: (number + 1) / len(ratios) for number, tau in enumerate(finite)}
    return tuple(steps.items())


def profile_at(profile: Sequence[tuple[float, float]], tau: float) -> float:
    """Return the value of a profile: the share of problems solved within tau times the best time."""
    return max((rho for step, rho in profile if step <= tau), default=0.0)


def paired_ratio(slow: Sequence[float], fast: Sequence[float], shift: float) -> float:
    """Return the shifted geometric mean of one list over that of another on the same problems.

    Parameters
    ----------
    slow, fast
        Times on the same problems in the same order.
    shift
        Of both means; it also stands in the ratio, so that it is that of the shifted times.

    Returns
    -------
    float
        (prod (slow + shift) / (fast + shift))^(1/n); above 1 where `fast` is faster.

    Raises
    ------
    ValueError
        When there is no problem or their numbers differ.
    """
    if not slow:
        raise ValueError("a ratio needs a problem")
    logs = [math.log((a + shift) / (b + shift)) for a, b in zip(slow, fast, strict=True)]
    return math.exp(sum(logs) / len(logs))


def plain_ratio(slow: Sequence[float], fast: Sequence[float], shift: float) -> float:
    """Return sgm(slow) / sgm(fast): the ratio of the shifted geometric means themselves.

    Parameters
    ----------
    slow, fast
        Times on the same problems in the same order.
    shift
        Of both means.
    """
    least = max(shifted_geometric_mean(fast, shift), LEAST_S)
    return shifted_geometric_mean(slow, shift) / least

"""Say what an hour must be worth for a link to pay for itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from optimiser.problem.errors import ProblemError

HOUR = 3600
"""Seconds."""


def annuity(rate: float, years: int) -> float:
    """Return the present value of 1 a year, paid at the end of each year.

    Parameters
    ----------
    rate
        Discount rate a year, >= 0: 0.05 is 5 %.
    years
        Number of years, >= 1.

    Raises
    ------
    ProblemError
        When the rate is below 0 or there is not one year.

    Notes
    -----
    (1 - (1 + r)^-n) / r, and n without discount.
    """
    if rate < 0 or years < 1:
        raise ProblemError(f"rate {rate} must be at least 0 and years {years} at least 1")
    return (1 - (1 + rate) ** -years) / rate if rate > 0 else float(years)


def break_even(
    cost: float,
    seconds: Sequence[int],
    trips: Sequence[float] | NDArray[np.float64],
    *,
    rate: float,
    years: int,
) -> float:
    """Return the value of an hour at which the time saved is worth the cost.

    Parameters
    ----------
    cost
        Money, spent at the start.
    seconds
        Seconds saved by each pair, a trip.
    trips
        Trips of each pair, a year, >= 0.
    rate
        Discount rate a year.
    years
        Years over which time is saved.

    Returns
    -------
    float
        Money an hour; infinite when no time is saved at a cost, 0 when there is no cost.

    Raises
    ------
    ProblemError
        When there is not one number of trips a pair, or a number is not allowed.

    Notes
    -----
    The value of time at which the net present value is nought, with the same trips every year and none new.
    """
    number = np.asarray(trips, dtype=np.float64)
    if len(seconds) != len(number) or not np.all((number >= 0) & np.isfinite(number)):
        raise ProblemError(f"each of {len(seconds)} pairs needs a number of trips, at least 0")
    hours = float(np.dot(np.asarray(seconds, dtype=np.float64), number)) / HOUR
    present = hours * annuity(rate, years)
    if cost == 0:
        return 0.0
    return cost / present if present > 0 else inf

"""Estimate trips between places, and the value of time at which a link pays for itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.inequality import Floats, Numbers
from optimiser.problem.errors import ProblemError

HOUR_S = 3600


def annuity(rate: float, years: int) -> float:
    """Return the present value of 1 per year, paid at the end of each year.

    Parameters
    ----------
    rate
        Discount rate per year, >= 0: 0.05 is 5 %.
    years
        Number of years, >= 1.

    Raises
    ------
    ProblemError
        When the rate is below 0 or the number of years below 1.

    Notes
    -----
    (1 - (1 + r)^-n) / r, and n without discounting.
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
    """Return the value of time at which the time saved is worth the cost.

    Parameters
    ----------
    cost
        Money, spent at the start.
    seconds
        Seconds saved per trip by each pair.
    trips
        Trips per year of each pair, >= 0.
    rate
        Discount rate per year.
    years
        Years over which time is saved.

    Returns
    -------
    float
        Money per hour; infinity when there is a cost and no time is saved, 0 when there is no cost.

    Raises
    ------
    ProblemError
        When there is not one number of trips per pair, or a number is out of range.

    Notes
    -----
    The value of time at which the net present value is 0, with the same trips every year and no new ones.
    """
    number = np.asarray(trips, dtype=np.float64)
    if len(seconds) != len(number) or not np.all((number >= 0) & np.isfinite(number)):
        raise ProblemError(f"each of {len(seconds)} pairs needs a number of trips, at least 0")
    hours = float(np.dot(np.asarray(seconds, dtype=np.float64), number)) / HOUR_S
    present = hours * annuity(rate, years)
    if cost == 0:
        return 0.0
    return cost / present if present > 0 else inf


def gravity_trips(
    ends: Sequence[tuple[int, int]], seconds: Sequence[int | None], people: Numbers, *, per_person: float
) -> Floats:
    r"""Return an estimate of the trips of each pair, per year, both directions together.

    Parameters
    ----------
    ends
        Two places per pair.
    seconds
        Time of each pair today; a pair that no path joins, or of a place with itself, has no trips.
    people
        People of each place.
    per_person
        Trips per year that each inhabitant makes, >= 0.

    Raises
    ------
    ProblemError
        When there is not one time per pair, or the number of trips is below 0.

    Notes
    -----
    A singly constrained gravity model (Wilson 1967, A statistical theory of spatial distribution models,
    Transportation Research 1): the trips of a place are distributed over its partners in proportion to their
    people divided by the time,

    .. math:: T_{ij} = t n_i \frac{n_j / s_{ij}}{\sum_k n_k / s_{ik}}

    The exponent 1 of time is an assumption; it is not fitted to counts.
    """
    if len(ends) != len(seconds) or per_person < 0:
        raise ProblemError(f"{len(ends)} pairs, {len(seconds)} times and {per_person} trips do not match")
    number = np.asarray(people, dtype=np.float64)
    one, other = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    joined = np.array([time is not None for time in seconds], dtype=np.bool_) & (one != other)
    time = np.array([max(time or 1, 1) for time in seconds], dtype=np.float64)
    attraction = [np.where(joined, number[there] / time, 0.0) for there in (other, one)]
    total = np.zeros(len(number))
    for place, attracted in zip((one, other), attraction, strict=True):
        np.add.at(total, place, attracted)
    rate = np.divide(per_person * number, total, out=np.zeros(len(number)), where=total > 0)
    found: Floats = rate[one] * attraction[0] + rate[other] * attraction[1]
    return found

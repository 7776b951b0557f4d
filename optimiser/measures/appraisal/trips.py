"""Guess the trips of pairs from people and times, where no count of trips is at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.measures.equity.population import Floats, Numbers
from optimiser.problem.errors import ProblemError


def trips(
    ends: Sequence[tuple[int, int]], seconds: Sequence[int | None], people: Numbers, *, per_person: float
) -> Floats:
    r"""Return the trips of each pair, a year, both directions together.

    Parameters
    ----------
    ends
        Two places a pair.
    seconds
        Time of each pair today; a pair that no path joins has no trips, nor has one of a place with itself.
    people
        People of each place.
    per_person
        Trips a year that begin with each inhabitant, >= 0.

    Raises
    ------
    ProblemError
        When there is not one time a pair, or the number of trips is below 0.

    Notes
    -----
    A gravity model with given trip ends (Wilson 1967, A statistical theory of spatial distribution models,
    Transportation Research 1, singly constrained): the trips of a place go to its partners in proportion to
    their people per time,

    .. math:: T_{ij} = t n_i \frac{n_j / s_{ij}}{\sum_k n_k / s_{ik}}

    The exponent 1 of time is an assumption; it is not fitted to counts.
    """
    if len(ends) != len(seconds) or per_person < 0:
        raise ProblemError(f"{len(ends)} pairs, {len(seconds)} times and {per_person} trips do not match")
    number = np.asarray(people, dtype=np.float64)
    one, other = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    joined = np.array([time is not None for time in seconds], dtype=np.bool_) & (one != other)
    time = np.array([max(time or 1, 1) for time in seconds], dtype=np.float64)
    pull = [np.where(joined, number[there] / time, 0.0) for there in (other, one)]
    whole = np.zeros(len(number))
    for place, drawn in zip((one, other), pull, strict=True):
        np.add.at(whole, place, drawn)
    rate = np.divide(per_person * number, whole, out=np.zeros(len(number)), where=whole > 0)
    found: Floats = rate[one] * pull[0] + rate[other] * pull[1]
    return found

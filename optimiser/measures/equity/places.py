"""Turn the times of pairs into one time a place: how far off its people find the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.equity.population import Floats, Numbers
from optimiser.problem.errors import ProblemError


def place_times(
    ends: Sequence[tuple[int, int]], times: Sequence[float | None], people: Numbers
) -> tuple[NDArray[np.int64], Floats]:
    """Return the mean time of each place to the others, weighted by the people there.

    Parameters
    ----------
    ends
        Two places a pair; a pair stands for both directions.
    times
        Time of each pair; None when no path joins it.
    people
        People of each place.

    Returns
    -------
    places
        int64: the places that a pair with people at its other end joins or should join, rising.
    times
        float64: mean time of each over the pairs that a path joins, infinite when none is joined.

    Raises
    ------
    ProblemError
        When there is not one time a pair.
    """
    if len(ends) != len(times):
        raise ProblemError(f"{len(ends)} pairs and {len(times)} times do not match")
    number = np.asarray(people, dtype=np.float64)
    whole, met, partners = np.zeros(len(number)), np.zeros(len(number)), np.zeros(len(number))
    for (one, other), time in zip(ends, times, strict=True):
        for place, there in ((one, other), (other, one)):
            weight = number[there] if one != other else 0.0
            partners[place] += weight
            if time is not None:
                met[place] += weight
                whole[place] += weight * time
    places = np.flatnonzero(partners > 0).astype(np.int64)
    mean = np.full(len(number), np.inf)
    np.divide(whole, met, out=mean, where=met > 0)
    return places, mean[places]

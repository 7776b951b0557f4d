"""Turn the times of pairs into one time a place: how far off its people find the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.equity.population import Floats, Numbers
from optimiser.errors import ProblemError


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
        float64: mean time of each, infinite when a pair of the place has no path.

    Raises
    ------
    ProblemError
        When there is not one time a pair.
    """
    if len(ends) != len(times):
        raise ProblemError(f"{len(ends)} pairs and {len(times)} times do not match")
    number = np.asarray(people, dtype=np.float64)
    whole, met = np.zeros(len(number)), np.zeros(len(number))
    for (one, other), time in zip(ends, times, strict=True):
        for place, there in ((one, other), (other, one)):
            if one != other and number[there] > 0:
                met[place] += number[there]
                whole[place] += number[there] * (np.inf if time is None else time)
    places = np.flatnonzero(met > 0).astype(np.int64)
    return places, whole[places] / met[places]

"""Measure how evenly importance is spread over places (morphological polycentricity)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.problem.errors import ProblemError

type Numbers = NDArray[np.int64] | NDArray[np.float64] | list[int] | list[float]

COUNTS = (2, 3, 4)
"""Numbers of largest places over which slopes are averaged."""


def ordinary(importance: Numbers) -> float:
    r"""Return the ordinary polycentricity of Green, 0 to 1 (all places are equally important).

    Parameters
    ----------
    importance
        Importance of each place, >= 0: people, jobs, or people in reach.

    Raises
    ------
    ProblemError
        When there are fewer than two places, or none has importance.

    Notes
    -----
    Green (2007), Functional polycentricity, Urban Studies 44, 2077-2103; used so by Burger and Meijers
    (2012), Form follows function?, Urban Studies 49, 1127-1149:

    .. math:: P = 1 - \sigma_{obs} / \sigma_{max}

    with the standard deviation of importance, and that of two places of which one has none and the other as
    much as the most important place. Both are those of a whole population, so that :math:`\sigma_{max}` is
    half the largest importance, and P is never below 0 (Popoviciu's inequality, 1935).
    """
    value = _checked(importance)
    return float(max(0.0, 1.0 - np.std(value) / (value.max() / 2)))


def primacy(importance: Numbers) -> float:
    """Return the share of the most important place in the importance of all.

    Parameters
    ----------
    importance
        Importance of each place, >= 0.

    Raises
    ------
    ProblemError
        When there are fewer than two places, or none has importance.
    """
    value = _checked(importance)
    return float(value.max() / value.sum())


def rank_size_slope(importance: Numbers, *, largest: int | None = None) -> float:
    r"""Return the slope of the rank-size line, at most 0; the flatter, the more polycentric.

    Parameters
    ----------
    importance
        Importance of each place; places without any are left out.
    largest
        Number of largest places on the line; None: all.

    Raises
    ------
    ProblemError
        When fewer than two places are on the line, or fewer than asked for.

    Notes
    -----
    Meijers and Burger (2010), Spatial structure and productivity in US metropolitan areas, Environment and
    Planning A 42, and Burger and Meijers (2012): the least-squares :math:`\beta` of

    .. math:: \ln \mathrm{size} = \alpha + \beta \ln \mathrm{rank}

    Zipf's rule is -1. Places of equal size take ranks one after the other.
    """
    value = _checked(importance)
    size = np.sort(value[value > 0])[::-1][:largest]
    if len(size) < 2 or (largest is not None and len(size) < largest):
        raise ProblemError(f"a rank-size line needs {largest or 2} places, at least 2; there are {len(size)}")
    ranks, sizes = np.log(np.arange(1, len(size) + 1)), np.log(size)
    spread = ranks - ranks.mean()
    return float(min(0.0, np.sum(spread * sizes) / np.sum(spread * spread)))


def mean_slope(importance: Numbers) -> float:
    """Return the mean of the rank-size slopes of the two, three and four largest places.

    Parameters
    ----------
    importance
        Importance of each place; with fewer than four places the shorter lines alone are averaged.

    Raises
    ------
    ProblemError
        When fewer than two places have importance.

    Notes
    -----
    The mean over several numbers of places, since the slope depends on how many are taken (Meijers and Burger
    2010).
    """
    places = int(np.count_nonzero(_checked(importance) > 0))
    slopes = [rank_size_slope(importance, largest=n) for n in COUNTS if n <= max(places, 2)]
    return float(np.mean(slopes))


def _checked(importance: Numbers) -> NDArray[np.float64]:
    value = np.asarray(importance, dtype=np.float64)
    if value.ndim != 1 or len(value) < 2:
        raise ProblemError("polycentricity needs at least two places")
    if not np.all(np.isfinite(value)) or np.any(value < 0) or not np.any(value > 0):
        raise ProblemError("importance must be finite, at least 0, and above 0 for one place")
    return value

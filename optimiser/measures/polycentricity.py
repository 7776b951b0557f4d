"""Measure how evenly importance and relations are spread over places (polycentricity)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.equity import Numbers, TimedPairs

type Matrix = NDArray[np.int64] | NDArray[np.float64] | Sequence[Sequence[float]]

LARGEST_PLACES = (2, 3, 4)
"""Numbers of largest places over which rank-size slopes are averaged."""


def ordinary_polycentricity(importance: Numbers) -> float:
    r"""Return the ordinary polycentricity of Green, from 0 to 1 (all places equally important).

    Parameters
    ----------
    importance
        Importance of each place, >= 0: people, jobs, or people in reach.

    Notes
    -----
    Green (2007), Functional polycentricity, Urban Studies 44, 2077-2103; used in this form by Burger and
    Meijers (2012), Form follows function?, Urban Studies 49, 1127-1149:

    .. math:: P = 1 - \sigma_{obs} / \sigma_{max}

    with the standard deviation of importance, and that of two places of which one has no importance and the
    other as much as the most important place. Both are population standard deviations, so that
    :math:`\sigma_{max}` is half the largest importance, and P is never below 0 (Popoviciu's inequality,
    1935).
    """
    value = np.asarray(importance, dtype=np.float64)
    return float(max(0.0, 1.0 - np.std(value) / (value.max() / 2)))


def primacy(importance: Numbers) -> float:
    """Return the share of the most important place in the importance of all places.

    Parameters
    ----------
    importance
        Importance of each place, >= 0.
    """
    value = np.asarray(importance, dtype=np.float64)
    return float(value.max() / value.sum())


def rank_size_slope(importance: Numbers, *, largest: int | None = None) -> float:
    r"""Return the slope of the rank-size line, at most 0; the flatter, the more polycentric.

    Parameters
    ----------
    importance
        Importance of each place; places without any are left out.
    largest
        Number of largest places that the line is fitted to; None: all.

    Notes
    -----
    Meijers and Burger (2010), Spatial structure and productivity in US metropolitan areas, Environment and
    Planning A 42, and Burger and Meijers (2012): the least-squares :math:`\beta` of

    .. math:: \ln \mathrm{size} = \alpha + \beta \ln \mathrm{rank}

    Zipf's law is -1. Places of equal size take consecutive ranks.
    """
    value = np.asarray(importance, dtype=np.float64)
    size = np.sort(value[value > 0])[::-1][:largest]
    ranks, sizes = np.log(np.arange(1, len(size) + 1)), np.log(size)
    spread = ranks - ranks.mean()
    return float(min(0.0, np.sum(spread * sizes) / np.sum(spread * spread)))


def mean_rank_size_slope(importance: Numbers) -> float:
    """Return the mean of the rank-size slopes of the two, three and four largest places.

    Parameters
    ----------
    importance
        Importance of each place; with fewer than four places only the shorter lines are averaged.

    Notes
    -----
    The slope depends on the number of places on the line, hence the mean over several numbers (Meijers and
    Burger 2010).
    """
    places = int(np.count_nonzero(np.asarray(importance, dtype=np.float64) > 0))
    slopes = [rank_size_slope(importance, largest=n) for n in LARGEST_PLACES if n <= max(places, 2)]
    return float(np.mean(slopes))


def functional_polycentricity(flows: Matrix, *, most: float) -> float:
    r"""Return the special functional polycentricity of Green, 0 to 1.

    Parameters
    ----------
    flows
        [P x P]: relation from each place (row) to each other, >= 0; the diagonal is ignored. The degree of a
        place sums its relations in both directions.
    most
        Sum of all relations that could exist, > 0: the density is the sum of `flows` divided by it.

    Returns
    -------
    float
        0 when there is no relation, or when a single place has all of them.

    Notes
    -----
    Green (2007), Functional polycentricity: a formal definition in terms of social network analysis, Urban
    Studies 44, 2077-2103:

    .. math:: P = (1 - \sigma_\partial / \sigma_{\partial max}) \Delta

    with the standard deviation of the degrees, that of a network of two places with degrees 0 and the largest
    degree found (half of it), and the density. Without the density a network with hardly any relations could
    count as polycentric.
    """
    table = np.array(flows, dtype=np.float64)
    np.fill_diagonal(table, 0.0)
    degrees = table.sum(axis=0) + table.sum(axis=1)
    if not np.any(degrees > 0):
        return 0.0
    return ordinary_polycentricity(degrees) * float(table.sum() / most)


def polycentricity_of_coverage(pairs: TimedPairs, places: int) -> float | None:
    """Return the functional polycentricity of the covered pairs, whose weights are the relations.

    Parameters
    ----------
    pairs
        Pairs with their times; pairs of a place with itself are no relations.
    places
        Number of places.

    Returns
    -------
    float or None
        The largest possible sum is the weight of all pairs. None where it is 0, or with fewer than two
        places.
    """
    flows, most = np.zeros((places, places), dtype=np.int64), 0
    for (one, other), weight, within in zip(pairs.ends, pairs.weights, pairs.within, strict=True):
        if one != other:
            most += weight
            flows[one, other] += weight if within else 0
    return functional_polycentricity(flows, most=most) if places > 1 and most else None


def people_in_reach(
    ends: Iterable[tuple[int, int]], within: Iterable[bool], people: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the people within reach of each place, its own among them, each counted once.

    Parameters
    ----------
    ends
        Two places per pair; a pair within its limit brings each end within reach of the other.
    within
        Whether each pair is within its limit.
    people
        int64 [P]: people of each place.

    Returns
    -------
    NDArray
        int64 [P].
    """
    reached = {pair for pair, yes in zip(ends, within, strict=True) if yes}
    found = people.copy()
    for one, other in reached | {(other, one) for one, other in reached}:
        if one != other:
            found[one] += people[other]
    return found

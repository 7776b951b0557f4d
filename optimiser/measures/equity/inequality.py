"""Measure the inequality of a value over people: Gini, Theil and Palma.

Each function takes one value a place and the people of the place, and counts each person once. All are 0
(Palma: 1/4) when everybody has the same value, and change neither when all values are scaled nor when the
people are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.measures.equity.population import Floats, Numbers, weighed

TOP = 0.1
"""Share of people whose part is the numerator of the Palma ratio."""

BOTTOM = 0.4
"""Share of people whose part is its denominator."""


def lorenz(values: Numbers, people: Numbers) -> tuple[Floats, Floats]:
    """Return the corners of the Lorenz curve, from (0, 0) to (1, 1).

    Parameters
    ----------
    values
        One value a place, >= 0.
    people
        People of each place.

    Returns
    -------
    people, values
        float64: shares of the people with the least values, rising, and the share of the whole that they
        hold. When all values are 0 the curve is the diagonal.

    Notes
    -----
    Lorenz (1905), Methods of measuring the concentration of wealth.
    """
    value, share = weighed(values, people)
    order = np.argsort(value, kind="stable")
    held = value[order] * share[order]
    held = held / held.sum() if held.sum() > 0 else share[order]
    below, part = np.cumsum(share[order]), np.cumsum(held)
    return _from_zero(below / below[-1]), _from_zero(part / part[-1])


def _from_zero(sums: Floats) -> Floats:
    return np.concatenate((np.zeros(1), sums))


def gini(values: Numbers, people: Numbers) -> float:
    r"""Return the Gini coefficient, 0 (all alike) to below 1.

    Parameters
    ----------
    values
        One value a place, >= 0.
    people
        People of each place.

    Notes
    -----
    Twice the area between the diagonal and the Lorenz curve, which equals half the mean difference of two
    persons drawn at random, related to the mean (Gini 1912; Sen 1973, On Economic Inequality, section 2.9):

    .. math:: G = 1 - \sum_i (F_i - F_{i-1})(L_i + L_{i-1})

    There is no correction for small samples: the places are all places, not a sample of them.
    """
    below, part = lorenz(values, people)
    return float(max(0.0, 1.0 - np.sum(np.diff(below) * (part[1:] + part[:-1]))))


def theil_t(values: Numbers, people: Numbers) -> float:
    r"""Return Theil's T, the generalised entropy of order 1, in nats.

    Parameters
    ----------
    values
        One value a place, >= 0; a value of 0 adds nothing.
    people
        People of each place.

    Notes
    -----
    Theil (1967), Economics and Information Theory, chapter 4, with shares of people :math:`p_i` and their
    mean :math:`\mu`:

    .. math:: T = \sum_i p_i \frac{x_i}{\mu} \ln \frac{x_i}{\mu}
    """
    value, share = weighed(values, people)
    mean = float(np.sum(value * share))
    if mean == 0:
        return 0.0
    ratio = value / mean
    logs = np.log(np.where(ratio > 0, ratio, 1.0))
    return float(max(0.0, np.sum(share * ratio * logs)))


def theil_l(values: Numbers, people: Numbers) -> float:
    r"""Return Theil's L, the mean logarithmic deviation, in nats.

    Parameters
    ----------
    values
        One value a place, >= 0.
    people
        People of each place.

    Returns
    -------
    float
        Infinite when some have 0 and others do not.

    Notes
    -----
    Theil (1967), chapter 4, the generalised entropy of order 0:

    .. math:: L = \sum_i p_i \ln \frac{\mu}{x_i}
    """
    value, share = weighed(values, people)
    mean = float(np.sum(value * share))
    if mean == 0:
        return 0.0
    if np.any(value == 0):
        return float("inf")
    return float(max(0.0, -np.sum(share * np.log(value / mean))))


@dataclass(frozen=True, slots=True)
class Split:
    """Theil's T of all, split into what lies within tiers and what lies between them.

    Attributes
    ----------
    within
        Sum over tiers of the tier's share of the whole times its own T.
    between
        T of the tiers' means.
    """

    within: float
    between: float


def split_theil(values: Numbers, people: Numbers, tiers: Sequence[str]) -> Split:
    r"""Split Theil's T into inequality within tiers and between them.

    Parameters
    ----------
    values
        One value a place, >= 0.
    people
        People of each place.
    tiers
        Tier of each place.

    Notes
    -----
    Shorrocks (1980), The class of additively decomposable inequality measures, Econometrica 48: with the
    tier's share of people :math:`p_g`, its mean and its own :math:`T_g`,

    .. math:: T = \sum_g p_g \frac{\mu_g}{\mu} T_g + \sum_g p_g \frac{\mu_g}{\mu} \ln \frac{\mu_g}{\mu}
    """
    weighed(values, people)
    value, number = np.asarray(values, np.float64), np.asarray(people, np.float64)
    label = np.asarray(tiers)
    rows = [(value[label == tier], number[label == tier]) for tier in sorted(set(tiers))]
    rows = [(x, n) for x, n in rows if n.sum() > 0]
    sizes = np.array([n.sum() for _, n in rows])
    means = np.array([np.average(x, weights=n) for x, n in rows])
    whole = float(np.sum(sizes * means))
    if whole == 0:
        return Split(0.0, 0.0)
    own = np.array([theil_t(x, n) for x, n in rows])
    return Split(float(np.sum(sizes * means / whole * own)), theil_t(means, sizes))


def palma(values: Numbers, people: Numbers, *, top: float = TOP, bottom: float = BOTTOM) -> float:
    """Return the Palma ratio: what the tenth with most holds, per what the four tenths with least hold.

    Parameters
    ----------
    values
        One value a place, >= 0. Of travel times: the slowest tenth's part of all time spent, per that of the
        fastest four tenths.
    people
        People of each place; those of a place at the border of a tenth are divided.
    top, bottom
        Shares of people above and below.

    Returns
    -------
    float
        `top / bottom` (1/4) when everybody has the same; infinite when those with least hold nothing.

    Notes
    -----
    Palma (2011), Homogeneous middles vs. heterogeneous tails, Development and Change 42; the ratio is that of
    Cobham and Sumner (2013), Is it all about the tails? Read off the Lorenz curve, straight between corners.
    """
    below, part = lorenz(values, people)
    low = float(np.interp(bottom, below, part))
    high = 1.0 - float(np.interp(1.0 - top, below, part))
    return high / low if low > 0 else float("inf")

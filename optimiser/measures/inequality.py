"""Measure inequality and poverty of a value over people.

Each function takes one value per place and the number of people living there, and counts each person once.
The inequality measures are 0 (Palma: 1/4) when all values are equal. They do not change when all values or
all numbers of people are multiplied by a constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.problem.errors import ProblemError

type Floats = NDArray[np.float64]
type Numbers = Sequence[float] | NDArray[np.int64] | NDArray[np.float64]

TOP_SHARE = 0.1
"""Share of people whose part is the numerator of the Palma ratio."""

BOTTOM_SHARE = 0.4
"""Share of people whose part is its denominator."""


def lorenz(values: Numbers, people: Numbers) -> tuple[Floats, Floats]:
    """Return the corners of the Lorenz curve, from (0, 0) to (1, 1).

    Parameters
    ----------
    values
        One value per place, >= 0.
    people
        People of each place.

    Returns
    -------
    people, values
        float64: cumulative shares of people in order of rising value, and of the sum of all values that they
        hold. When all values are 0 the curve is the diagonal.

    Notes
    -----
    Lorenz (1905), Methods of measuring the concentration of wealth.
    """
    value, share = _values_and_shares(values, people)
    order = np.argsort(value, kind="stable")
    held = value[order] * share[order]
    held = held / held.sum() if held.sum() > 0 else share[order]
    below, part = np.cumsum(share[order]), np.cumsum(held)
    return _from_zero(below / below[-1]), _from_zero(part / part[-1])


def _from_zero(sums: Floats) -> Floats:
    return np.concatenate((np.zeros(1), sums))


def gini(values: Numbers, people: Numbers) -> float:
    r"""Return the Gini coefficient, from 0 (all values equal) to below 1.

    Parameters
    ----------
    values
        One value per place, >= 0.
    people
        People of each place.

    Notes
    -----
    Twice the area between the diagonal and the Lorenz curve. It equals half the mean absolute difference of
    two persons drawn at random, divided by the mean (Gini 1912; Sen 1973, On Economic Inequality, section
    2.9):

    .. math:: G = 1 - \sum_i (F_i - F_{i-1})(L_i + L_{i-1})

    No small-sample correction applies: the places are the whole population, not a sample.
    """
    below, part = lorenz(values, people)
    return float(max(0.0, 1.0 - np.sum(np.diff(below) * (part[1:] + part[:-1]))))


def theil_t(values: Numbers, people: Numbers) -> float:
    r"""Return Theil's T, the generalised entropy index of order 1, in nats.

    Parameters
    ----------
    values
        One value per place, >= 0; a value of 0 contributes nothing.
    people
        People of each place.

    Notes
    -----
    Theil (1967), Economics and Information Theory, chapter 4, with population shares :math:`p_i` and their
    mean :math:`\mu`:

    .. math:: T = \sum_i p_i \frac{x_i}{\mu} \ln \frac{x_i}{\mu}
    """
    value, share = _values_and_shares(values, people)
    mean = float(np.sum(value * share))
    if mean == 0:
        return 0.0
    ratio = value / mean
    logs = np.log(np.where(ratio > 0, ratio, 1.0))
    return float(max(0.0, np.sum(share * ratio * logs)))


def palma(values: Numbers, people: Numbers) -> float:
    """Return the Palma ratio: what the highest tenth holds divided by what the lowest four tenths hold.

    Parameters
    ----------
    values
        One value per place, >= 0. For travel times: the time spent by the slowest tenth of people, divided by
        that of the fastest four tenths.
    people
        People of each place; a place at the border of a tenth is divided.

    Returns
    -------
    float
        1/4 when all values are equal; infinity when the lowest four tenths hold nothing.

    Notes
    -----
    Palma (2011), Homogeneous middles vs. heterogeneous tails, Development and Change 42; the ratio is that of
    Cobham and Sumner (2013), Is it all about the tails? It is read off the Lorenz curve, which is linear
    between its corners.
    """
    below, part = lorenz(values, people)
    low = float(np.interp(BOTTOM_SHARE, below, part))
    high = 1.0 - float(np.interp(1.0 - TOP_SHARE, below, part))
    return high / low if low > 0 else float("inf")


def poverty(values: Numbers, people: Numbers, *, line: float, exponent: float = 0) -> float:
    r"""Return the poverty measure of Foster, Greer and Thorbecke for values above a line.

    Parameters
    ----------
    values
        One value per place, >= 0; infinity for a place that is cut off.
    people
        People of each place.
    line
        Poverty line, > 0, in the unit of the values. A value on the line is not poor, as a travel time equal
        to its limit is within the limit.
    exponent
        0: share of people who are poor; 1: mean gap as a share of the line; 2: mean squared gap, which gives
        more weight to people far above the line. Any number >= 0.

    Returns
    -------
    float
        At least 0; at most 1 for exponent 0. Infinity for an exponent above 0 when a place with people is cut
        off.

    Raises
    ------
    ProblemError
        When the line or the exponent is out of range.

    Notes
    -----
    Foster, Greer and Thorbecke (1984), A class of decomposable poverty measures, Econometrica 52, 761-766.
    With the gap :math:`g_i` to the line :math:`z` and population shares :math:`p_i`,

    .. math:: P_a = \sum_{i\ \mathrm{poor}} p_i (g_i / z)^a

    The paper measures incomes, where the gap is z - x of values below the line. Here it is x - z of travel
    times above the line, so that the measure has no upper bound.
    """
    if not line > 0 or not np.isfinite(line) or not exponent >= 0:
        raise ProblemError(f"line {line} must be above 0 and exponent {exponent} at least 0")
    value, share = _values_and_shares(values, people, infinite=True)
    gap = (value - line) / line
    is_poor = gap > 0
    if exponent == 0:
        return float(min(1.0, np.sum(share[is_poor])))
    return float(np.sum(share[is_poor] * gap[is_poor] ** exponent))


def _values_and_shares(values: Numbers, people: Numbers, *, infinite: bool = False) -> tuple[Floats, Floats]:
    """Return values and shares of people as arrays, without the places where nobody lives.

    Parameters
    ----------
    values, people
        One value and one number of people per place.
    infinite
        Allow infinite values.

    Raises
    ------
    ProblemError
        When the arrays differ in length, nobody lives anywhere, or an entry is out of range.
    """
    value = np.asarray(values, dtype=np.float64)
    number = np.asarray(people, dtype=np.float64)
    faults = _faults(value, number, infinite=infinite)
    if faults:
        raise ProblemError("values and people cannot be measured", faults=faults)
    lived_in = number > 0
    return value[lived_in], number[lived_in] / number.sum()


def _faults(value: Floats, people: Floats, *, infinite: bool) -> list[str]:
    if value.shape != people.shape or value.ndim != 1:
        return [f"shapes {value.shape} and {people.shape} are not those of two lists of equal length"]
    if not np.all(np.isfinite(people)) or np.any(people < 0):
        return ["a number of people is below 0 or not finite"]
    faults = []
    if np.any(np.isnan(value)) or np.any(value < 0) or (not infinite and np.any(np.isinf(value))):
        faults.append("a value is below 0 or not finite")
    if not np.any(people > 0):
        faults.append("there are no people")
    return faults

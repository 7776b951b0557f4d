"""Measure travel-time poverty: how many people are beyond a line, and how far."""

from __future__ import annotations

from typing import Literal

import numpy as np

from optimiser.measures.equity.population import Numbers, weighed
from optimiser.problem.errors import ProblemError

type Poor = Literal["above", "below"]


def poverty(
    values: Numbers, people: Numbers, *, line: float, exponent: float = 0, poor: Poor = "above"
) -> float:
    r"""Return the poverty measure of Foster, Greer and Thorbecke.

    Parameters
    ----------
    values
        One value a place, >= 0; infinite for a place that is cut off.
    people
        People of each place.
    line
        Where poverty begins, > 0, in the unit of the values. A value on the line is not poor: a limit of
        travel time is inclusive.
    exponent
        0: share of people who are poor; 1: mean gap, as a share of the line; 2: mean squared gap, which
        counts those far beyond the line more. Any number >= 0.
    poor
        `above` the line, as for travel times, or `below` it, as for incomes.

    Returns
    -------
    float
        At least 0; at most 1 for exponent 0 or `below`. Infinite for an exponent above 0 when somebody is cut
        off.

    Raises
    ------
    ProblemError
        When the line or the exponent is not allowed.

    Notes
    -----
    Foster, Greer and Thorbecke (1984), A class of decomposable poverty measures, Econometrica 52, 761-766.
    With the gap :math:`g_i`, the distance beyond the line :math:`z`, and shares of people :math:`p_i`,

    .. math:: P_a = \sum_{i\ \mathrm{poor}} p_i (g_i / z)^a

    There it is z - x of those below; for travel times it is x - z of those above, so that it has no upper
    bound.
    """
    if not line > 0 or not np.isfinite(line) or not exponent >= 0:
        raise ProblemError(f"line {line} must be above 0 and exponent {exponent} at least 0")
    value, share = weighed(values, people, endless=True)
    gap = (value - line if poor == "above" else line - value) / line
    is_poor = gap > 0
    if exponent == 0:
        return float(min(1.0, np.sum(share[is_poor])))
    return float(np.sum(share[is_poor] * gap[is_poor] ** exponent))

"""Measure how travel times are distributed over the places and people of each tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.engine.search.paths import Floats

ALL = "all"
"""Name of the row that covers every place and pair."""

HALF = 0.5
"""Share of its partners within the limits from which on a place counts as one that reaches half of them."""


@dataclass(frozen=True, slots=True)
class TimedPairs:
    """Pairs of places with their travel times in one state of the network; K pairs.

    Attributes
    ----------
    ends
        int64 [K, 2]: two places per pair, by position; a pair stands for both directions.
    seconds
        float64 [K], infinity where no path joins a pair.
    limits
        int64 [K], seconds, inclusive.
    weights
        int64 [K], in the objective.
    groups
        str [K], tier of each pair.
    """

    ends: NDArray[np.int64]
    seconds: Floats
    limits: NDArray[np.int64]
    weights: NDArray[np.int64]
    groups: NDArray[np.str_]

    @property
    def within(self) -> NDArray[np.bool_]:
        """Return for each pair whether its time is within its limit, bool [K]."""
        return np.asarray(self.seconds <= self.limits)


def share_of(part: float, whole: float) -> float | None:
    """Return a share, None of nothing."""
    return part / whole if whole else None


def equity_by_tier(
    pairs: TimedPairs,
    *,
    people: Numbers,
    tiers: Sequence[str],
    names: Sequence[str],
    line: int,
    decay_s: float = 3600.0,
    compared: NDArray[np.bool_] | None = None,
) -> list[dict[str, Any]]:
    """Measure one state of the network for each tier of places and for all places.

    Parameters
    ----------
    pairs
        Pairs with their times; their ends are positions in `people`, `tiers` and `names`.
    people, tiers, names
        One entry per place.
    line
        Poverty line: mean travel time above which people are poor in time, seconds, > 0.
    decay_s
        As of `reach`.
    compared
        bool [K], pairs of which mean times are taken: those joined in all states that are compared. A place
        without any counts for `poor_share` and `worst_city` alone, by its other pairs. None: all.

    Returns
    -------
    list of dict
        A row of `equity.csv` for each tier in alphabetical order, then `ALL`; pairs are those whose group is
        the tier, cities those that are of the tier themselves: `tier`; `pairs`, `pairs_joined` by a path,
        `pairs_within`, `pairs_share`, `weight`, `weight_within`, `weight_share`, shares None of nothing;
        `people` living in the cities; `cities` that have partners, `cities_all_within`, `cities_half_within`
        and `cities_core_within`, those that reach all partners, at least half of them, or every one in the
        core tier within the limits (None where no partner is of the core tier); `mean_minutes`, the mean over
        people of the mean time from their city to all partners, over the cities that a path joins with a
        partner (None where there is none); the columns of `reach`, means over people; `worst_city` with the
        largest mean time, empty where there is none, and its `worst_minutes`, None where it is cut off;
        `gini`, `theil` and `palma`, the inequality of the mean times over people (None where no city is
        joined); `poor_share`, `poverty_gap` and `poverty_severity`, their poverty with exponents 0, 1 and 2
        (Foster, Greer and Thorbecke 1984); `people_cut_off`, those in cities that no path joins with any
        partner.
    """
    number = np.asarray(people, dtype=np.int64)
    rows, mean = mean_times(pairs.ends, pairs.seconds, people)
    alike = pairs.seconds if compared is None else np.where(compared, pairs.seconds, np.inf)
    same = mean_times(pairs.ends, alike, people)[1]
    columns = {"tier": tiers, "name": names, "people": number, "mean": np.inf, "same": np.inf}
    places = pd.DataFrame(columns | reach(pairs, number, decay_s), index=range(len(number)))
    places.loc[rows, "same"], places.loc[rows, "mean"] = same, np.where(np.isfinite(same), same, mean)
    places["share"] = _shares_within(pairs, np.ones(len(number), dtype=np.bool_))
    places["share_of_core"] = _shares_within(pairs, (places["tier"] == "core").to_numpy())
    places = places.loc[rows[number[rows] > 0]]
    return [
        _tier_equity(places if tier == ALL else places[places["tier"] == tier], pairs, tier, line)
        for tier in (*sorted(set(tiers)), ALL)
    ]


def _shares_within(pairs: TimedPairs, counts: NDArray[np.bool_]) -> Floats:
    """Return for each place the share of its counted partners within the limits; nan without any."""
    place, there = pairs.ends.ravel(), pairs.ends[:, ::-1].ravel()
    counted = counts[there] & (place != there)
    met, partners = (
        np.bincount(place, weights=yes, minlength=len(counts))
        for yes in (counted & np.repeat(pairs.within, 2), counted)
    )
    found: Floats = np.divide(met, partners, out=np.full(len(counts), np.nan), where=partners > 0)
    return found


HOURS = (2, 3, 4)
"""Hours within which the people of other cities are counted."""
REACH = (*(f"people_within_{hours}h" for hours in HOURS), "gravity_people")
"""Columns of `reach`."""


def reach(pairs: TimedPairs, people: NDArray[np.int64], decay_s: float) -> dict[str, Floats]:
    r"""Return how many people of other cities each place reaches, float64 [P] by column of `REACH`.

    Parameters
    ----------
    pairs
        Pairs with their times.
    people
        People of each place.
    decay_s
        Seconds by which the weight of a person falls to 1/e, > 0.

    Notes
    -----
    The last column is the accessibility of Hansen (1959, How accessibility shapes land use, Journal of the
    American Institute of Planners 25) with an exponential decay,
    :math:`A_i = \sum_{j \neq i} n_j e^{-t_{ij}/d}`.
    """
    place, there = pairs.ends.ravel(), pairs.ends[:, ::-1].ravel()
    seconds = np.where(place == there, np.inf, np.repeat(pairs.seconds, 2))
    parts = (*(seconds <= 3600 * hours for hours in HOURS), np.exp(-seconds / decay_s))
    return {
        name: np.bincount(place, weights=people[there] * part, minlength=len(people))
        for name, part in zip(REACH, parts, strict=True)
    }


def _tier_equity(places: pd.DataFrame, pairs: TimedPairs, tier: str, line: int) -> dict[str, Any]:
    mine = (pairs.groups == tier) | (tier == ALL)
    inside = mine & pairs.within
    mean, people = places["mean"].to_numpy(), places["people"].to_numpy()
    is_same = np.isfinite(places["same"].to_numpy())
    times, there = mean[is_same], people[is_same]
    some, with_core = len(times) > 0, places["share_of_core"].dropna()
    ranked = zip(-mean, -people, places["name"].tolist(), strict=True)
    worst_s, _, worst_city = min(ranked, default=(-np.inf, 0, ""))
    number, number_within = int(mine.sum()), int(inside.sum())
    weight, weight_within = (sum(pairs.weights[rows].tolist()) for rows in (mine, inside))
    return {
        "tier": tier,
        "pairs": number,
        "pairs_joined": int((mine & np.isfinite(pairs.seconds)).sum()),
        "pairs_within": number_within,
        "pairs_share": share_of(number_within, number),
        "weight": weight,
        "weight_within": weight_within,
        "weight_share": share_of(weight_within, weight),
        "people": int(people.sum()),
        "cities": len(mean),
        "cities_all_within": int((places["share"] == 1.0).sum()),
        "cities_half_within": int((places["share"] >= HALF).sum()),
        "cities_core_within": int((with_core == 1.0).sum()) if len(with_core) else None,
        "mean_minutes": float(np.average(times, weights=there)) / 60 if some else None,
        **{name: float(np.average(places[name], weights=people)) if len(people) else 0.0 for name in REACH},
        "worst_city": worst_city,
        "worst_minutes": -float(worst_s) / 60 if np.isfinite(worst_s) else None,
        "gini": gini(times, there) if some else None,
        "theil": theil_t(times, there) if some else None,
        "palma": palma(times, there) if some else None,
        "poor_share": poverty(mean, people, line=line) if len(mean) else 0.0,
        "poverty_gap": poverty(times, there, line=line, exponent=1) if some else 0.0,
        "poverty_severity": poverty(times, there, line=line, exponent=2) if some else 0.0,
        "people_cut_off": int(people[~np.isfinite(mean)].sum()),
    }


def mean_times(ends: NDArray[np.int64], times: Floats, people: Numbers) -> tuple[NDArray[np.int64], Floats]:
    """Return the mean time from each place to its partners, weighted by the people living there.

    Parameters
    ----------
    ends
        int64 [K, 2]: two places per pair; a pair stands for both directions.
    times
        float64 [K], infinity where no path joins a pair.
    people
        People of each place.

    Returns
    -------
    places
        int64: the places that have an inhabited partner, rising.
    times
        float64: mean time of each over the partners that a path joins it with; infinity when there is none.
    """
    place, there = ends.ravel(), ends[:, ::-1].ravel()
    number, time = np.asarray(people, dtype=np.float64), np.repeat(times, 2)
    weight = np.where(place != there, number[there], 0.0)
    met = np.where(np.isfinite(time), weight, 0.0)
    partners, joined, whole = (
        np.bincount(place, weights=amount, minlength=len(number))
        for amount in (weight, met, met * np.where(np.isfinite(time), time, 0.0))
    )
    mean = np.divide(whole, joined, out=np.full(len(number), np.inf), where=joined > 0)
    places = np.flatnonzero(partners > 0)
    return places, mean[places]


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
    below, part = (np.concatenate((np.zeros(1), np.cumsum(one))) for one in (share[order], held))
    return below / below[-1], part / part[-1]


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

    Notes
    -----
    Foster, Greer and Thorbecke (1984), A class of decomposable poverty measures, Econometrica 52, 761-766.
    With the gap :math:`g_i` to the line :math:`z` and population shares :math:`p_i`,

    .. math:: P_a = \sum_{i\ \mathrm{poor}} p_i (g_i / z)^a

    The paper measures incomes, where the gap is z - x of values below the line. Here it is x - z of travel
    times above the line, so that the measure has no upper bound.
    """
    value, share = _values_and_shares(values, people)
    gap = (value - line) / line
    is_poor = gap > 0
    if exponent == 0:
        return float(min(1.0, np.sum(share[is_poor])))
    return float(np.sum(share[is_poor] * gap[is_poor] ** exponent))


def _values_and_shares(values: Numbers, people: Numbers) -> tuple[Floats, Floats]:
    """Return values and shares of people as arrays, without the places where nobody lives."""
    value, number = (np.asarray(column, dtype=np.float64) for column in (values, people))
    lived_in = number > 0
    return value[lived_in], number[lived_in] / number.sum()

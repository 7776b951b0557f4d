"""Measure how travel times are distributed over the places and people of each tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.problem.errors import ProblemError

ALL = "all"
"""Name of the row that covers every place and pair."""

HALF = 0.5
"""Share of its partners that a place must reach within the limits to count in `TierEquity.places_half`."""


@dataclass(frozen=True, slots=True)
class TimedPairs:
    """Pairs of places with their travel times in one state of the network; K pairs.

    Attributes
    ----------
    ends
        Two places per pair, by position; a pair stands for both directions.
    seconds
        Travel time of each pair; None when no path joins it.
    limits
        Limit of each pair, seconds, inclusive.
    weights
        Weight of each pair in the objective.
    groups
        Tier of each pair.
    """

    ends: tuple[tuple[int, int], ...]
    seconds: tuple[int | None, ...]
    limits: tuple[int, ...]
    weights: tuple[int, ...]
    groups: tuple[str, ...]

    @property
    def within(self) -> tuple[bool, ...]:
        """Return for each pair whether its time is within its limit."""
        rows = zip(self.seconds, self.limits, strict=True)
        return tuple(time is not None and time <= limit for time, limit in rows)


@dataclass(frozen=True, slots=True)
class WorstPlace:
    """The place with the largest mean travel time.

    Attributes
    ----------
    place
        Name of the place.
    value
        Mean time, seconds; infinity when no path joins the place with any partner.
    people
        People living there.
    """

    place: str
    value: float
    people: int


@dataclass(frozen=True, slots=True)
class TierEquity:
    """Travel times of one tier, or of all tiers, in one state of the network.

    Pairs are those whose group is the tier; places are those that are of the tier themselves.

    Attributes
    ----------
    tier
        Name of the tier, or `ALL`.
    pairs, pairs_within, weight, weight_within
        Number and weight of the pairs, of all and of those within their limits.
    people
        People living in the places.
    places, places_all, places_half, places_core
        Places that have partners; those that reach all partners, at least half of them, or every partner in
        the core tier within the limits. `places_core` is None where no partner is of the core tier.
    mean
        Mean over people of the mean time from their place to all partners, seconds, over the places that a
        path joins with a partner; None where there is none.
    gini, theil, palma
        Inequality of the mean times over people; None where no place is joined.
    headcount, gap, severity
        Poverty of the mean times with exponents 0, 1 and 2 (Foster, Greer and Thorbecke 1984).
    cut_off
        People living in places that no path joins with any partner.
    worst
        Place with the largest mean time; None without places.
    """

    tier: str
    pairs: int
    pairs_within: int
    weight: int
    weight_within: int
    people: int
    places: int
    places_all: int
    places_half: int
    places_core: int | None
    mean: float | None
    gini: float | None
    theil: float | None
    palma: float | None
    headcount: float
    gap: float
    severity: float
    cut_off: int
    worst: WorstPlace | None


def equity_by_tier(
    pairs: TimedPairs, *, people: Numbers, tiers: Sequence[str], names: Sequence[str], line: int
) -> tuple[TierEquity, ...]:
    """Measure one state of the network for each tier of places and for all places.

    Parameters
    ----------
    pairs
        Pairs with their times; their ends are positions in `people`, `tiers` and `names`.
    people, tiers, names
        One entry per place.
    line
        Poverty line: mean travel time above which people are poor in time, seconds, > 0.

    Returns
    -------
    tuple of TierEquity
        One per tier in alphabetical order, then `ALL`.
    """
    table = _Places.of(pairs, people, tiers, names)
    return tuple(_tier_equity(table, pairs, tier, line) for tier in (*sorted(set(tiers)), ALL))


@dataclass(frozen=True, slots=True)
class _Places:
    """The P inhabited places that have partners, one row each."""

    mean: Floats
    people: NDArray[np.int64]
    tier: NDArray[np.str_]
    name: NDArray[np.str_]
    share: Floats
    share_of_core: Floats

    @classmethod
    def of(cls, pairs: TimedPairs, people: Numbers, tiers: Sequence[str], names: Sequence[str]) -> _Places:
        row, mean = mean_times(pairs.ends, pairs.seconds, people)
        number, label = np.asarray(people, dtype=np.int64), np.array(tiers, dtype=np.str_)
        lived_in = number[row] > 0
        row, mean = row[lived_in], mean[lived_in]
        everyone = np.ones(len(number), dtype=np.bool_)
        return cls(
            mean=mean,
            people=number[row],
            tier=label[row],
            name=np.array(names, dtype=np.str_)[row],
            share=_shares_within(pairs, everyone)[row],
            share_of_core=_shares_within(pairs, label == "core")[row],
        )


def _shares_within(pairs: TimedPairs, counts: NDArray[np.bool_]) -> Floats:
    """Return for each place the share of its counted partners within the limits; nan without any."""
    met, partners = np.zeros(len(counts)), np.zeros(len(counts))
    for (one, other), yes in zip(pairs.ends, pairs.within, strict=True):
        for place, there in ((one, other), (other, one)):
            if one != other and counts[there]:
                partners[place] += 1
                met[place] += yes
    found = np.full(len(counts), np.nan)
    np.divide(met, partners, out=found, where=partners > 0)
    return found


def _tier_equity(table: _Places, pairs: TimedPairs, tier: str, line: int) -> TierEquity:
    counted = table.tier == tier if tier != ALL else np.ones(len(table.tier), dtype=np.bool_)
    ks = [k for k, group in enumerate(pairs.groups) if tier in (ALL, group)]
    mean, people = table.mean[counted], table.people[counted]
    joined = np.isfinite(mean)
    times, there = mean[joined], people[joined]
    within, some = pairs.within, len(times) > 0
    share_of_core = table.share_of_core[counted]
    return TierEquity(
        tier=tier,
        pairs=len(ks),
        pairs_within=sum(within[k] for k in ks),
        weight=sum(pairs.weights[k] for k in ks),
        weight_within=sum(pairs.weights[k] for k in ks if within[k]),
        people=int(people.sum()),
        places=len(mean),
        places_all=int(np.sum(table.share[counted] == 1.0)),
        places_half=int(np.sum(table.share[counted] >= HALF)),
        places_core=int(np.sum(share_of_core == 1.0)) if np.any(np.isfinite(share_of_core)) else None,
        mean=float(np.average(times, weights=there)) if some else None,
        gini=gini(times, there) if some else None,
        theil=theil_t(times, there) if some else None,
        palma=palma(times, there) if some else None,
        headcount=poverty(mean, people, line=line) if len(mean) else 0.0,
        gap=poverty(times, there, line=line, exponent=1) if some else 0.0,
        severity=poverty(times, there, line=line, exponent=2) if some else 0.0,
        cut_off=int(people[~joined].sum()),
        worst=worst_place(mean.tolist(), people.tolist(), table.name[counted].tolist())
        if len(mean)
        else None,
    )


def mean_times(
    ends: Sequence[tuple[int, int]], times: Sequence[float | None], people: Numbers
) -> tuple[NDArray[np.int64], Floats]:
    """Return the mean time from each place to its partners, weighted by the people living there.

    Parameters
    ----------
    ends
        Two places per pair; a pair stands for both directions.
    times
        Time of each pair; None when no path joins it.
    people
        People of each place.

    Returns
    -------
    places
        int64: the places that have an inhabited partner, rising.
    times
        float64: mean time of each over the partners that a path joins it with; infinity when there is none.

    Raises
    ------
    ProblemError
        When the number of times is not that of the pairs.
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


def worst_place(values: Numbers, people: Numbers, places: Sequence[str]) -> WorstPlace:
    """Return the place with the largest value; ties go to more people, then to the first name.

    Parameters
    ----------
    values
        One value per place, such as the mean travel time; infinity when the place is cut off.
    people
        People of each place; places without people are left out.
    places
        Name of each place.

    Raises
    ------
    ProblemError
        When nobody lives anywhere, or the three differ in length.
    """
    if not len(values) == len(people) == len(places):
        raise ProblemError(
            f"{len(values)} values, {len(people)} people and {len(places)} places do not match"
        )
    rows = [(-v, -n, p) for v, n, p in zip(values, people, places, strict=True) if n > 0]
    if not rows:
        raise ProblemError("there are no people")
    value, number, place = min(rows)
    return WorstPlace(place, -float(value), -int(number))


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

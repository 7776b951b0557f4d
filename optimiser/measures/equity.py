"""Measure how travel times are distributed over the places and people of each tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.inequality import Floats, Numbers, gini, palma, poverty, theil_t
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
    mine = table.tier == tier if tier != ALL else np.ones(len(table.tier), dtype=np.bool_)
    ks = [k for k, group in enumerate(pairs.groups) if tier in (ALL, group)]
    mean, people = table.mean[mine], table.people[mine]
    joined = np.isfinite(mean)
    times, there = mean[joined], people[joined]
    within, some = pairs.within, len(times) > 0
    share_of_core = table.share_of_core[mine]
    return TierEquity(
        tier=tier,
        pairs=len(ks),
        pairs_within=sum(within[k] for k in ks),
        weight=sum(pairs.weights[k] for k in ks),
        weight_within=sum(pairs.weights[k] for k in ks if within[k]),
        people=int(people.sum()),
        places=len(mean),
        places_all=int(np.sum(table.share[mine] == 1.0)),
        places_half=int(np.sum(table.share[mine] >= HALF)),
        places_core=int(np.sum(share_of_core == 1.0)) if np.any(np.isfinite(share_of_core)) else None,
        mean=float(np.average(times, weights=there)) if some else None,
        gini=gini(times, there) if some else None,
        theil=theil_t(times, there) if some else None,
        palma=palma(times, there) if some else None,
        headcount=poverty(mean, people, line=line) if len(mean) else 0.0,
        gap=poverty(times, there, line=line, exponent=1) if some else 0.0,
        severity=poverty(times, there, line=line, exponent=2) if some else 0.0,
        cut_off=int(people[~joined].sum()),
        worst=worst_place(mean.tolist(), people.tolist(), table.name[mine].tolist()) if len(mean) else None,
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

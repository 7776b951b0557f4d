"""Say for each tier of places how far off its people are from the others, and who is left beyond a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.equity.inequality import gini, palma, theil_t
from optimiser.measures.equity.places import place_times
from optimiser.measures.equity.population import Floats, Numbers
from optimiser.measures.equity.poverty import poverty
from optimiser.measures.equity.tiers import Worst, worst_place
from optimiser.measures.equity.timed import TimedPairs

ALL = "all"
"""Name of the row that holds every place and pair."""

HALF = 0.5
"""Share of its partners that a place has within reach at least, to count as joined to half of them."""


@dataclass(frozen=True, slots=True)
class TierEquity:
    """How one tier, or all, fares in one state of the network.

    Pairs are those whose group is the tier; places are those whose own tier it is.

    Attributes
    ----------
    tier
        Its name, or `ALL`.
    pairs, pairs_within, weight, weight_within
        Pairs and their weight, all and within the limits.
    people
        People of its places.
    places, places_all, places_half, places_core
        Places with partners; those that have all partners, half of them, or every partner in the core tier
        within the limits. `places_core` is None where no place is of the core tier.
    mean
        Mean over people of the mean time of their place to all others, seconds; over the places that are
        joined with another, None where there is none.
    gini, theil, palma
        Inequality of the mean times over people; None where no place is joined.
    headcount, gap, severity
        Poverty of the mean times with exponents 0, 1 and 2 (Foster, Greer and Thorbecke 1984).
    cut_off
        People of places that no path joins with a partner.
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
    worst: Worst | None


def equity_by_tier(
    pairs: TimedPairs, *, people: Numbers, tiers: Sequence[str], names: Sequence[str], line: int
) -> tuple[TierEquity, ...]:
    """Measure one state of the network for each tier of places and for all.

    Parameters
    ----------
    pairs
        Pairs with their times; ends are positions in the three lists that follow.
    people, tiers, names
        Of each place.
    line
        Mean travel time beyond which people are poor in time, seconds, > 0.

    Returns
    -------
    tuple of TierEquity
        One a tier, sorted by name, then `ALL`.
    """
    table = _Places.of(pairs, people, tiers, names)
    return tuple(_row(table, pairs, tier, line) for tier in (*sorted(set(tiers)), ALL))


@dataclass(frozen=True, slots=True)
class _Places:
    """Places that have partners, one row each."""

    row: NDArray[np.int64]
    mean: Floats
    people: NDArray[np.int64]
    tier: NDArray[np.str_]
    name: NDArray[np.str_]
    share: Floats
    to_core: Floats

    @classmethod
    def of(cls, pairs: TimedPairs, people: Numbers, tiers: Sequence[str], names: Sequence[str]) -> _Places:
        """Take the mean times of places, and their shares of partners within the limits."""
        row, mean = place_times(pairs.ends, pairs.seconds, people)
        number, label = np.asarray(people, dtype=np.int64), np.array(tiers, dtype=np.str_)
        lived_in = number[row] > 0
        row, mean = row[lived_in], mean[lived_in]
        everyone = np.ones(len(number), dtype=np.bool_)
        return cls(
            row=row,
            mean=mean,
            people=number[row],
            tier=label[row],
            name=np.array(names, dtype=np.str_)[row],
            share=_shares(pairs, everyone)[row],
            to_core=_shares(pairs, label == "core")[row],
        )


def _shares(pairs: TimedPairs, counts: NDArray[np.bool_]) -> Floats:
    """Return for each place the share of its partners that count which is within the limits; nan without."""
    met, partners = np.zeros(len(counts)), np.zeros(len(counts))
    for (one, other), yes in zip(pairs.ends, pairs.within, strict=True):
        for place, there in ((one, other), (other, one)):
            if one != other and counts[there]:
                partners[place] += 1
                met[place] += yes
    found = np.full(len(counts), np.nan)
    np.divide(met, partners, out=found, where=partners > 0)
    return found


def _row(table: _Places, pairs: TimedPairs, tier: str, line: int) -> TierEquity:
    mine = table.tier == tier if tier != ALL else np.ones(len(table.tier), dtype=np.bool_)
    ks = [k for k, group in enumerate(pairs.groups) if tier in (ALL, group)]
    mean, people = table.mean[mine], table.people[mine]
    joined = np.isfinite(mean)
    times, there = mean[joined], people[joined]
    within, some = pairs.within, len(times) > 0
    to_core = table.to_core[mine]
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
        places_core=int(np.sum(to_core == 1.0)) if np.any(np.isfinite(to_core)) else None,
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

"""Sum up how evenly a plan lets people travel: inequality, poverty, the worst place and the tiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.equity.inequality import Split, gini, palma, split_theil, theil_l, theil_t
from optimiser.measures.equity.places import place_times
from optimiser.measures.equity.poverty import poverty
from optimiser.measures.equity.tiers import TierShare, Worst, coverage_by_tier, worst_place
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.verify.times import covered, pair_times

type People = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Inequality:
    """Inequality of the mean travel time over the people of places that are joined with another.

    Attributes
    ----------
    gini, theil_t, theil_l, palma
        See the functions of these names.
    theil_split
        Theil's T within and between tiers of places.
    """

    gini: float
    theil_t: float
    theil_l: float
    palma: float
    theil_split: Split


@dataclass(frozen=True, slots=True)
class Equity:
    """How evenly travel time falls on people with one set of links.

    Attributes
    ----------
    tiers
        Covered weight of pairs by their group, sorted.
    inequality
        None when no place is joined with another.
    headcount, gap, severity
        Poverty of mean travel time with exponents 0, 1 and 2; the latter two over the places that are joined
        with another (0 when none is), the first over all: who is cut off is poor.
    cut_off
        People of places that no path joins with any of their partners.
    unjoined
        Pairs that no path joins. They have no time to take a mean of: where a plan joins some of them, means
        before and after are not of the same pairs.
    worst
        Place with the largest mean time.
    """

    tiers: tuple[TierShare, ...]
    inequality: Inequality | None
    headcount: float
    gap: float
    severity: float
    cut_off: int
    unjoined: int
    worst: Worst


def equity(
    problem: DesignProblem,
    built: Iterable[str],
    *,
    people: People,
    tiers: Sequence[str] | None = None,
    line: int,
) -> Equity:
    """Measure how evenly travel time falls on people with one set of links.

    Parameters
    ----------
    problem
        The problem. A pair stands for both directions.
    built
        Ids of what is built; none for today's state.
    people
        People living at each node, [n]; 0 at nodes that are no places.
    tiers
        Tier of each node, [n], for the split of Theil's T; None: all are of one tier.
    line
        Mean travel time beyond which people are poor in time, seconds, > 0.

    Raises
    ------
    ProblemError
        When an array does not fit the problem, or no pair joins places with people.
    """
    number = np.asarray(people, dtype=np.int64)
    labels = tuple(tiers) if tiers is not None else ("",) * len(problem.nodes)
    if number.shape != (len(problem.nodes),) or np.any(number < 0) or len(labels) != len(problem.nodes):
        raise ProblemError(f"each of {len(problem.nodes)} nodes needs people, at least 0, and a tier")
    seconds = pair_times(problem, built)
    places, mean = place_times([(p.origin, p.destination) for p in problem.pairs], seconds, number)
    lived_in = number[places] > 0
    places, mean = places[lived_in], mean[lived_in]
    joined = np.isfinite(mean)
    mine, there = mean[joined], number[places[joined]]
    return Equity(
        tiers=coverage_by_tier(
            covered(problem, seconds), [p.weight for p in problem.pairs], [p.group for p in problem.pairs]
        ),
        inequality=_inequality(mine, there, [labels[i] for i in places[joined]]) if len(mine) else None,
        headcount=poverty(mean, number[places], line=line),
        gap=poverty(mine, there, line=line, exponent=1) if len(mine) else 0.0,
        severity=poverty(mine, there, line=line, exponent=2) if len(mine) else 0.0,
        cut_off=int(number[places[~joined]].sum()),
        unjoined=sum(time is None for time in seconds),
        worst=worst_place(mean.tolist(), number[places].tolist(), [problem.nodes[i] for i in places]),
    )


def _inequality(times: NDArray[np.float64], people: NDArray[np.int64], tiers: Sequence[str]) -> Inequality:
    return Inequality(
        gini=gini(times, people),
        theil_t=theil_t(times, people),
        theil_l=theil_l(times, people),
        palma=palma(times, people),
        theil_split=split_theil(times, people, tiers),
    )

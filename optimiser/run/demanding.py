"""Turn the least shares, cities and caps that a job asks for into integers of the problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

from optimiser.job.model import Job
from optimiser.job.sections import TIERS, Caps, CityCoverage, Least
from optimiser.problem import City, DesignProblem, Target
from optimiser.problem.errors import JobError
from optimiser.problem.model import Instrument
from optimiser.proposals.prepare import root_weight

_CAPPED: tuple[Instrument, ...] = ("barrier", "infrastructure", "subsidy")
_CORE = "core"


def demand(problem: DesignProblem, pairs: pd.DataFrame, cities: Any, job: Job) -> DesignProblem:  # noqa: ANN401 (a frame with or without geometry)
    """Return a problem with the cities, targets and caps that a job asks for.

    Parameters
    ----------
    problem
        The problem, its pairs with the weights that count.
    pairs
        One row a pair of the problem: `origin`, `destination` (rows of cities), `coverable` (bool).
    cities
        Table of cities: `city_id`, `tier`, `population`.
    job
        The job.

    Raises
    ------
    JobError
        When a share is asked of a tier that has no pairs or no cities.

    Notes
    -----
    A share is taken as the decimal number that is written, not as its nearest binary fraction: a target is
    ceil(share x weight of what can be covered), a cap floor(share x budget).
    """
    can = tuple(bool(yes) for yes in pairs["coverable"])
    counted = tuple(_cities(job.city_coverage, pairs, cities)) if job.city_coverage.weight else ()
    faults = [*_absent(job.least, problem), *_absent_cities(job.city_coverage, counted)]
    if faults:
        raise JobError(
            "a least share is asked of a tier that is empty",
            faults=faults,
            done="No problem was written.",
            remedy="Take the share out, or move the thresholds of the tiers under [cities].",
        )
    targets = (
        *_targets_of_pairs(job.least, problem, can),
        *_targets_of_cities(job.city_coverage, counted, can),
    )
    return problem.replace(
        cities=counted,
        targets=targets,
        caps=tuple(_caps(job.caps, problem.budget)),
        cover=job.budget.cover if targets else "all",
    )


def exact(share: float) -> Fraction:
    """Return a share as the decimal number that a user wrote: 0.9 is nine tenths."""
    return Fraction(repr(share))


def least_weight(share: float | Fraction, total: int) -> int:
    """Return the least integer weight that is at least a share of a total: ceil(share x total)."""
    share = exact(share) if isinstance(share, float) else share
    return -(-share.numerator * total // share.denominator)


def coverable_weight(problem: DesignProblem, group: str, can: Sequence[bool]) -> int:
    """Return the weight of the pairs of a group that can be covered.

    Parameters
    ----------
    problem, group
        The problem and one of its groups.
    can
        For each pair whether it is coverable.
    """
    rows = zip(problem.pairs, can, strict=True)
    return sum(pair.weight for pair, yes in rows if yes and pair.group == group)


def _targets_of_pairs(least: Least, problem: DesignProblem, can: Sequence[bool]) -> Iterator[Target]:
    for tier in TIERS:
        weight = least_weight(getattr(least, tier), coverable_weight(problem, tier, can))
        if weight:
            yield Target(tier, weight, "pairs")


def _targets_of_cities(asked: CityCoverage, counted: Sequence[City], can: Sequence[bool]) -> Iterator[Target]:
    for tier in TIERS:
        share = getattr(asked, f"least_{tier}")
        total = sum(city.weight for city in counted if city.group == tier and is_coverable(city, can))
        weight = least_weight(share, total)
        if weight:
            yield Target(tier, weight, "cities")


def is_coverable(city: City, can: Sequence[bool]) -> bool:
    """Tell whether a city is covered when every coverable pair is."""
    return sum(can[k] for k in city.pairs) >= city.need


def _cities(asked: CityCoverage, pairs: pd.DataFrame, cities: Any) -> Iterator[City]:  # noqa: ANN401 (as in demand)
    """Yield each city that has pairs which count, with how many of them it needs."""
    tiers = cities["tier"].astype(str).tolist()
    ends = list(zip(pairs["origin"].tolist(), pairs["destination"].tolist(), strict=True))
    for row, (name, people) in enumerate(zip(cities["city_id"], cities["population"], strict=True)):
        own = tuple(_own(row, ends, tiers, asked.pairs))
        if own:
            yield City(
                id=str(name),
                weight=asked.weight * root_weight(int(people)),
                pairs=own,
                need=least_weight(asked.share, len(own)),
                group=tiers[row],
            )


def _own(
    row: int, ends: Iterable[tuple[int, int]], tiers: Sequence[str], which: Literal["all", "cores"]
) -> Iterator[int]:
    """Yield the positions of the pairs of a city that count for it."""
    for k, (a, b) in enumerate(ends):
        if row in (a, b) and (which == "all" or tiers[b if row == a else a] == _CORE):
            yield k


def _caps(caps: Caps, budget: int | None) -> Iterator[tuple[Instrument, int]]:
    for name in _CAPPED:
        share = exact(getattr(caps, name))
        if budget is not None and share < 1:
            yield name, share.numerator * budget // share.denominator


def _absent(least: Least, problem: DesignProblem) -> Iterator[str]:
    for tier in TIERS:
        if getattr(least, tier) and tier not in problem.groups:
            yield f"least.{tier}: no pair is of the tier '{tier}'"


def _absent_cities(asked: CityCoverage, counted: Sequence[City]) -> Iterator[str]:
    for tier in TIERS:
        if getattr(asked, f"least_{tier}") and all(city.group != tier for city in counted):
            yield f"city_coverage.least_{tier}: no city that counts is of the tier '{tier}'"

"""Say what share of each tier is covered, and which place is worst off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.equity.population import Numbers
from optimiser.problem.errors import ProblemError


@dataclass(frozen=True, slots=True)
class TierShare:
    """Weight of one tier, and how much of it is covered.

    Attributes
    ----------
    tier
        Its name.
    covered, total
        Weights.
    """

    tier: str
    covered: int
    total: int

    @property
    def share(self) -> Fraction:
        """Return the covered share, exactly; 1 for a tier without weight."""
        return Fraction(self.covered, self.total) if self.total else Fraction(1)


def coverage_by_tier(
    covered: Sequence[bool] | NDArray[np.bool_],
    weights: Sequence[int] | NDArray[np.int64],
    tiers: Sequence[str],
) -> tuple[TierShare, ...]:
    """Return the coverage of each tier, sorted by name.

    Parameters
    ----------
    covered
        For each pair (or city) whether it is covered.
    weights
        Weight of each, >= 0.
    tiers
        Tier of each.

    Raises
    ------
    ProblemError
        When the three differ in length.
    """
    if not len(covered) == len(weights) == len(tiers):
        raise ProblemError(
            f"{len(covered)} coverages, {len(weights)} weights and {len(tiers)} tiers do not match"
        )
    done, every = dict.fromkeys(tiers, 0), dict.fromkeys(tiers, 0)
    for yes, weight, tier in zip(covered, weights, tiers, strict=True):
        every[tier] += int(weight)
        done[tier] += int(weight) * bool(yes)
    return tuple(TierShare(tier, done[tier], every[tier]) for tier in sorted(every))


@dataclass(frozen=True, slots=True)
class Worst:
    """The place that is worst off.

    Attributes
    ----------
    place
        Its id.
    value
        Its value; infinite when it is cut off.
    people
        Its people.
    """

    place: str
    value: float
    people: int


def worst_place(values: Numbers, people: Numbers, places: Sequence[str]) -> Worst:
    """Return the place with the largest value; of equals that with most people, then the first by id.

    Parameters
    ----------
    values
        One value a place, for example the mean travel time; infinite when it is cut off.
    people
        People of each place; those without people are left out.
    places
        Id of each place.

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
    return Worst(place, -float(value), -int(number))

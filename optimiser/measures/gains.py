"""Count the pairs, people and seconds that gain when links are built, by tier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import UNREACHED, Integers
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

type People = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TierGains:
    """Gains of the pairs of one tier.

    Attributes
    ----------
    tier
        Group of the pairs.
    faster
        Pairs that become faster, those joined for the first time among them.
    brought
        Pairs that come within their limits.
    people_brought
        People of the places for which a pair comes within its limit; each place counts once per tier.
    """

    tier: str
    faster: int
    brought: int
    people_brought: int


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains of all pairs; a place that gains in two tiers counts once.

    Attributes
    ----------
    tiers
        By tier, sorted.
    people
        People of the places for which a pair becomes faster.
    people_brought
        People of the places for which a pair comes within its limit.
    seconds
        Seconds saved by each pair, in the order of the problem; 0 for a pair that had no path before.
    """

    tiers: tuple[TierGains, ...]
    people: int
    people_brought: int
    seconds: tuple[int, ...]

    @property
    def faster(self) -> int:
        """Return the number of pairs that become faster."""
        return sum(tier.faster for tier in self.tiers)

    @property
    def brought(self) -> int:
        """Return the number of pairs that come within their limits."""
        return sum(tier.brought for tier in self.tiers)

    @property
    def minutes(self) -> float:
        """Return the minutes saved, summed over the pairs that had a path, each pair counted once."""
        return sum(self.seconds) / 60


def gains(problem: DesignProblem, before: Integers, after: Integers, people: People) -> Gains:
    """Return the gains when the times of pairs fall.

    Parameters
    ----------
    problem
        The problem.
    before, after
        int64 [K], seconds, from `Valuer.times`.
    people
        People living at each node, [n]. A pair counts for its end with fewer people (of equal ends the
        destination), as does its tier: a link to a capital does not benefit everybody who lives there.

    Raises
    ------
    ProblemError
        When there is not one number of people, at least 0, per node.
    """
    number = np.asarray(people, dtype=np.int64)
    if number.shape != (len(problem.nodes),) or np.any(number < 0):
        raise ProblemError(f"each of {len(problem.nodes)} nodes needs a number of people, at least 0")
    faster = np.flatnonzero(after < before).tolist()
    brought = [k for k in faster if after[k] <= problem.pairs[k].limit < before[k]]
    groups = [pair.group for pair in problem.pairs]
    return Gains(
        tiers=tuple(
            TierGains(
                tier=tier,
                faster=sum(groups[k] == tier for k in faster),
                brought=sum(groups[k] == tier for k in brought),
                people_brought=_people_of(problem, (k for k in brought if groups[k] == tier), number),
            )
            for tier in problem.groups
        ),
        people=_people_of(problem, faster, number),
        people_brought=_people_of(problem, brought, number),
        seconds=tuple(np.where(before < UNREACHED, before - after, 0).tolist()),
    )


def _people_of(problem: DesignProblem, ks: Iterable[int], people: NDArray[np.int64]) -> int:
    places = set()
    for k in ks:
        one, other = problem.pairs[k].origin, problem.pairs[k].destination
        places.add(one if people[one] < people[other] else other)
    return sum(int(people[place]) for place in places)

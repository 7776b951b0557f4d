"""Say who gains from links: pairs, people and minutes, by tier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import FAR, Integers
from optimiser.measures.appraisal.valuing import checked, valuer
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

type People = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TierGains:
    """What the pairs of one tier gain.

    Attributes
    ----------
    tier
        Group of the pairs.
    faster
        Pairs that become faster, those joined for the first time among them.
    joined
        Pairs that had no path before.
    brought
        Pairs that come within their limits.
    weight_brought
        Their weight.
    people
        People of the places with a pair that becomes faster; each place is counted once a tier.
    people_brought
        People of the places with a pair that comes within its limit.
    saved
        Weight x seconds saved, of the pairs that had a path before.
    """

    tier: str
    faster: int
    joined: int
    brought: int
    weight_brought: int
    people: int
    people_brought: int
    saved: int


@dataclass(frozen=True, slots=True)
class Gains:
    """What all pairs gain; a place that gains in two tiers is counted once.

    Attributes
    ----------
    tiers
        By tier, sorted.
    people, people_brought
        As in `TierGains`, over all tiers.
    seconds
        Seconds saved by each pair, in the order of the problem; 0 for a pair that had no path.
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
    def saved(self) -> int:
        """Return weight x seconds saved."""
        return sum(tier.saved for tier in self.tiers)

    @property
    def minutes(self) -> float:
        """Return the minutes saved, summed over pairs that had a path, each pair counted once."""
        return sum(self.seconds) / 60


def gains(problem: DesignProblem, before: Iterable[str], after: Iterable[str], people: People) -> Gains:
    """Return what is gained from one set of links to a larger one.

    Parameters
    ----------
    problem
        The problem.
    before, after
        Ids of what is built.
    people
        People living at each node, [n]. A pair speaks for the end with fewer people (of equals the
        destination), as its tier does: a link to a capital is no gain of all who live there.

    Raises
    ------
    ProblemError
        When an id is unknown, or there is not one number of people, at least 0, a node.
    """
    return gains_between(problem, times_with(problem, before), times_with(problem, after), people)


def times_with(problem: DesignProblem, built: Iterable[str]) -> Integers:
    """Return the seconds of each pair, whatever its limit; `FAR` when no path joins it.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Raises
    ------
    ProblemError
        When an id is unknown.
    """
    return valuer(problem).times(checked(problem, built))


def gains_between(problem: DesignProblem, before: Integers, after: Integers, people: People) -> Gains:
    """Return what is gained when times fall.

    Parameters
    ----------
    problem
        The problem.
    before, after
        int64 [K], from `times_with`.
    people
        People living at each node, [n]; see `gains`.

    Raises
    ------
    ProblemError
        When there is not one number of people, at least 0, a node.
    """
    number = np.asarray(people, dtype=np.int64)
    if number.shape != (len(problem.nodes),) or np.any(number < 0):
        raise ProblemError(f"each of {len(problem.nodes)} nodes needs a number of people, at least 0")
    faster = np.flatnonzero(after < before).tolist()
    seconds = np.where(before < FAR, before - after, 0).tolist()
    brought = [k for k in faster if after[k] <= problem.pairs[k].limit < before[k]]
    return Gains(
        tiers=tuple(
            _tier_gains(problem, tier, (faster, brought), before, after, number) for tier in problem.groups
        ),
        people=_people_of(problem, faster, number),
        people_brought=_people_of(problem, brought, number),
        seconds=tuple(seconds),
    )


def _tier_gains(
    problem: DesignProblem,
    tier: str,
    gaining: tuple[Iterable[int], Iterable[int]],
    before: Integers,
    after: Integers,
    people: NDArray[np.int64],
) -> TierGains:
    pairs = problem.pairs
    faster, brought = ([k for k in ks if pairs[k].group == tier] for ks in gaining)
    had_path = [k for k in faster if before[k] < FAR]
    return TierGains(
        tier=tier,
        faster=len(faster),
        joined=len(faster) - len(had_path),
        brought=len(brought),
        weight_brought=sum(pairs[k].weight for k in brought),
        people=_people_of(problem, faster, people),
        people_brought=_people_of(problem, brought, people),
        saved=sum(pairs[k].weight * int(before[k] - after[k]) for k in had_path),
    )


def _people_of(problem: DesignProblem, ks: Iterable[int], people: NDArray[np.int64]) -> int:
    places = set()
    for k in ks:
        one, other = problem.pairs[k].origin, problem.pairs[k].destination
        places.add(one if people[one] < people[other] else other)
    return sum(int(people[place]) for place in places)

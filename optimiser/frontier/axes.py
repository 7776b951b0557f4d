"""Say what a frontier weighs against each other, and which problem each of its points solves."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.engine.search.paths import Integers
from optimiser.engine.search.task import Question
from optimiser.problem import DesignProblem, Target
from optimiser.problem.errors import ProblemError
from optimiser.problem.model import Period

type Kind = Literal["two_way", "three_way"]

TIERS = ("secondary", "small")
"""Groups of a three-way frontier where nothing else is said."""

ALL_GROUPS = "all"
"""Group that stands for all pairs in a problem that a frontier makes."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What is weighed: cost against all coverage, or cost against the coverage of two groups.

    Attributes
    ----------
    kind
        `two_way`: cost and the objective; `three_way`: cost and the weight of covered pairs of each group.
    groups
        The groups of a three-way frontier.
    """

    kind: Kind
    groups: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the measures of coverage."""
        return (ALL_GROUPS,) if self.kind == "two_way" else self.groups

    def measures(self, problem: DesignProblem) -> Integers:
        """Return what each covered pair and city adds to each measure, int64 [M, K + C].

        Parameters
        ----------
        problem
            The problem, or its reduction.
        """
        pair, city = problem.pairs, problem.cities
        if self.kind == "two_way":
            return np.array([[*(p.weight for p in pair), *(c.weight for c in city)]], np.int64)
        rows = [
            [*(p.weight if p.group == group else 0 for p in pair), *(0 for _ in city)]
            for group in self.groups
        ]
        return np.array(rows, np.int64).reshape(len(self.groups), len(pair) + len(city))


def axes_of(kind: Kind, problem: DesignProblem, groups: tuple[str, ...] = ()) -> Axes:
    """Return the axes asked for, held against a problem.

    Parameters
    ----------
    kind
        `two_way` or `three_way`.
    problem
        The problem.
    groups
        The two groups of a three-way frontier; default `secondary` and `small`.

    Raises
    ------
    ProblemError
        When the problem has no such groups, or the axes do not suit its periods.
    """
    if kind == "two_way":
        return Axes(kind)
    wanted = groups or TIERS
    where = f"problem {problem.name!r}"
    missing = [name for name in wanted if name not in problem.groups]
    if missing or len(wanted) != 2:
        raise ProblemError(
            "a three-way frontier needs two groups of pairs that the problem has",
            where=where,
            faults=[f"there is no pair of group {name!r}" for name in missing],
            remedy=f"It has: {', '.join(problem.groups) or 'none'}. A two-way frontier needs no groups.",
        )
    if problem.periods:
        raise ProblemError(
            "a three-way frontier minimises the cost, which goes with no periods",
            where=where,
            remedy='Choose axes = "two_way", or take the periods out.',
        )
    return Axes(kind, wanted)


def everything(problem: DesignProblem) -> int:
    """Return the cost of all candidates."""
    return sum(candidate.cost for candidate in problem.candidates)


def with_budget(problem: DesignProblem, budget: int) -> DesignProblem:
    """Return a problem with another budget; periods keep their shares of it.

    Parameters
    ----------
    problem
        The problem.
    budget
        Money, >= 0.

    Notes
    -----
    The budgets up to a period are `floor(share x budget)`, so that they never fall when the budget rises:
    a plan at one budget is a plan at every larger one.
    """
    periods = _scaled(problem.periods, budget)
    return problem.replace(budget=budget, cover="all", periods=periods)


def shares_of(periods: tuple[Period, ...]) -> list[tuple[int, int]]:
    """Return what share of the whole budget may be spent up to each period, as numerator and denominator.

    Parameters
    ----------
    periods
        The periods; where none of them has money, they share it alike.
    """
    whole = sum(period.budget for period in periods)
    upto = [sum(period.budget for period in periods[: t + 1]) for t in range(len(periods))]
    return [(part, whole) if whole else (t + 1, len(periods)) for t, part in enumerate(upto)]


def _scaled(periods: tuple[Period, ...], budget: int) -> tuple[Period, ...]:
    found, spent = [], 0
    for period, (part, whole) in zip(periods, shares_of(periods), strict=True):
        upto = budget * part // whole
        found.append(dataclasses.replace(period, budget=upto - spent))
        spent = upto
    return tuple(found)


def most_money(problem: DesignProblem) -> int:
    """Return the least budget that buys everything as early as money comes; more buys nothing more.

    Parameters
    ----------
    problem
        The problem; with periods, its first share that is not 0 must pay for all.
    """
    cost = everything(problem)
    first = next(((part, whole) for part, whole in shares_of(problem.periods) if part), (1, 1))
    return -(-cost * first[1] // first[0])


def top_of(problem: DesignProblem) -> DesignProblem:
    """Return a problem with money for everything, the largest of all questions."""
    return with_budget(problem, most_money(problem))


def own_problem(problem: DesignProblem, axes: Axes, asked: Question) -> DesignProblem:
    """Return the problem that a point of the frontier solves, as a problem file can say it.

    Parameters
    ----------
    problem
        The problem of the frontier.
    axes
        What is weighed.
    asked
        The question of the point.

    Raises
    ------
    ValueError
        When a file cannot say it.
    """
    if not asked.cheapest:
        if asked.budget is None or any(least > 0 for least in asked.least):
            raise ValueError(asked)
        return with_budget(problem, asked.budget).replace(name=f"{problem.name} with {asked.budget}")
    if axes.kind == "three_way":
        least = tuple(
            Target(group, max(0, value)) for group, value in zip(axes.groups, asked.least, strict=True)
        )
        told = " and ".join(f"{target.group} {target.least}" for target in least)
        return _least_cost(problem, (*problem.targets, *least), f"{problem.name} for {told}")
    if problem.targets and asked.least[0] <= 0:
        return _least_cost(problem, problem.targets, f"{problem.name} at least cost")
    if problem.targets or not problem.pairs or _worth_beyond_pairs(problem):
        raise ValueError(asked)
    pairs = tuple(dataclasses.replace(pair, group=ALL_GROUPS) for pair in problem.pairs)
    whole = (Target(ALL_GROUPS, max(0, asked.least[0])),)
    return _least_cost(problem.replace(pairs=pairs), whole, f"{problem.name} for {asked.least[0]}")


def _least_cost(problem: DesignProblem, targets: tuple[Target, ...], name: str) -> DesignProblem:
    if problem.periods:
        raise ValueError(name)
    return problem.replace(budget=None, cover="targets", targets=targets, name=name)


def _worth_beyond_pairs(problem: DesignProblem) -> bool:
    """Say whether the objective counts more than pairs, which a target cannot add up."""
    return any(city.weight for city in problem.cities) or any(ring.reward for ring in problem.rings)

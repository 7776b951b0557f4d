"""Define the axes of a frontier, and the problem that each of its points solves."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.engine.search.paths import Integers
from optimiser.engine.search.task import Question
from optimiser.problem import City, DesignProblem, Target, errors, model

type AxesKind = Literal["two_way", "three_way", "summed"]

TIERS = ("secondary", "small")
"""Default groups of a three-way frontier."""

ALL_GROUPS = "all"
"""Name of the group of all pairs in the problems of points."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of a frontier: cost and total coverage, or cost and the coverage of two groups.

    Attributes
    ----------
    kind
        `two_way`: cost and the objective; `three_way`: cost and the weight of covered pairs of each group;
        `summed`: the weight of covered pairs of several groups together, for each of the `sums`.
    groups
        The groups of a frontier that is not two-way; with sums, all that a sum names at least.
    sums
        Groups that are added up, for each measure of `summed`.
    """

    kind: AxesKind
    groups: tuple[str, ...] = ()
    sums: tuple[tuple[str, ...], ...] = ()

    def measures(self, problem: DesignProblem) -> Integers:
        """Return int64 [M, K + C], the weight of each pair and city in each measure.

        Parameters
        ----------
        problem
            The problem, or its reduction.
        """
        pair, city = problem.pairs, problem.cities
        if self.kind == "two_way":
            return np.array([[*(p.weight for p in pair), *(c.weight for c in city)]], np.int64)
        found = np.zeros((len(self.measured), len(pair) + len(city)), np.int64)
        for row, groups in enumerate(self.measured):
            found[row, : len(pair)] = [p.weight if p.group in groups else 0 for p in pair]
        return found

    @property
    def measured(self) -> tuple[tuple[str, ...], ...]:
        """Return the groups whose weights make up each measure, of axes that are not two-way."""
        return self.sums or tuple((group,) for group in self.groups)


def axes_of(kind: AxesKind, problem: DesignProblem, groups: tuple[str, ...] = ()) -> Axes:
    """Return the requested axes, checked against a problem.

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
    requested = groups or TIERS
    where = f"problem {problem.name!r}"
    missing = [name for name in requested if name not in problem.groups]
    if missing or len(requested) != 2:
        raise errors.ProblemError(
            "a three-way frontier needs two groups of pairs of the problem",
            where=where,
            faults=[f"there is no pair of group {name!r}" for name in missing],
            remedy=f"It has: {', '.join(problem.groups) or 'none'}. A two-way frontier needs no groups.",
        )
    if problem.periods:
        raise errors.ProblemError(
            "a three-way frontier minimises the cost, which is not possible with periods",
            where=where,
            remedy='Choose axes = "two_way", or remove the periods.',
        )
    return Axes(kind, requested)


def everything(problem: DesignProblem) -> int:
    """Return the cost of all candidates."""
    return sum(candidate.cost for candidate in problem.candidates)


def with_budget(problem: DesignProblem, budget: int) -> DesignProblem:
    """Return a problem with another budget, of which periods keep their shares.

    Parameters
    ----------
    problem
        The problem.
    budget
        The new budget, >= 0.

    Notes
    -----
    The budget up to a period is `floor(share x budget)`, which does not decrease when the budget increases.
    So a plan that is feasible at one budget is feasible at every larger one.
    """
    periods, allotted = [], 0
    for period, (part, whole) in zip(problem.periods, shares_of(problem.periods), strict=True):
        cumulative = budget * part // whole
        periods.append(dataclasses.replace(period, budget=cumulative - allotted))
        allotted = cumulative
    return problem.replace(budget=budget, cover="all", periods=tuple(periods))


def shares_of(periods: tuple[model.Period, ...]) -> list[tuple[int, int]]:
    """Return the share of the total budget available up to each period, as numerator and denominator.

    Parameters
    ----------
    periods
        The periods; if none of them has a budget, they share it equally.
    """
    whole = sum(period.budget for period in periods)
    cumulative = [sum(period.budget for period in periods[: t + 1]) for t in range(len(periods))]
    return [(part, whole) if whole else (t + 1, len(periods)) for t, part in enumerate(cumulative)]


def most_money(problem: DesignProblem) -> int:
    """Return the least budget that pays for everything as early as possible.

    Parameters
    ----------
    problem
        The problem; with periods, their first share other than 0 must pay for all candidates.
    """
    cost = everything(problem)
    first = next(((part, whole) for part, whole in shares_of(problem.periods) if part), (1, 1))
    return -(-cost * first[1] // first[0])


def top_of(problem: DesignProblem) -> DesignProblem:
    """Return a problem with a budget for everything, the largest budget of all questions."""
    return with_budget(problem, most_money(problem))


def own_problem(problem: DesignProblem, axes: Axes, question: Question) -> DesignProblem:
    """Return the problem that a point of the frontier solves, as a problem of its own.

    Parameters
    ----------
    problem
        The problem of the frontier.
    axes
        Axes of the frontier.
    question
        The question of the point.

    Raises
    ------
    ValueError
        When the problem format cannot express the question.
    """
    if not question.cheapest:
        if question.budget is None or any(least > 0 for least in question.least):
            raise ValueError(question)
        return with_budget(problem, question.budget).replace(name=f"{problem.name} with {question.budget}")
    if axes.kind == "three_way":
        least = tuple(
            Target(group, max(0, value)) for group, value in zip(axes.groups, question.least, strict=True)
        )
        description = " and ".join(f"{target.group} {target.least}" for target in least)
        return _least_cost(problem, (*problem.targets, *least), f"{problem.name} for {description}")
    if problem.targets and question.least[0] <= 0:
        return _least_cost(problem, problem.targets, f"{problem.name} at least cost")
    # What cities and rings earn cannot be added to pairs by a target.
    counts_more = any(city.weight for city in problem.cities) or any(ring.reward for ring in problem.rings)
    if problem.targets or not problem.pairs or counts_more:
        raise ValueError(question)
    pairs = tuple(dataclasses.replace(pair, group=ALL_GROUPS) for pair in problem.pairs)
    whole = (Target(ALL_GROUPS, max(0, question.least[0])),)
    return _least_cost(problem.replace(pairs=pairs), whole, f"{problem.name} for {question.least[0]}")


def _least_cost(problem: DesignProblem, targets: tuple[Target, ...], name: str) -> DesignProblem:
    if problem.periods:
        raise ValueError(name)
    return problem.replace(budget=None, cover="targets", targets=targets, name=name)


def with_least(
    problem: DesignProblem, sums: Sequence[tuple[str, ...]], least: Sequence[int]
) -> DesignProblem:
    """Return a problem that demands a least covered weight of the pairs of each of some sums of groups.

    Parameters
    ----------
    problem
        The problem; its own targets stay.
    sums
        Groups whose covered weights are added up.
    least
        Weight for each sum; nothing is demanded where it is not above 0.

    Notes
    -----
    The problem format has targets for single groups. A sum of several, or of pairs without a group, becomes a
    target of cities: one for each of its pairs, which that pair covers. They add to the objective.
    """
    cities, found = list(problem.cities), list(problem.targets)
    taken = {*problem.groups, *(city.group for city in cities)}
    for groups, weight in zip(sums, least, strict=True):
        if weight <= 0:
            continue
        if len(groups) == 1 and groups[0]:
            found.append(Target(groups[0], weight))
            continue
        name = model.unused_id(" and ".join(groups) or "pairs", taken)
        taken.add(name)
        cities += (
            City(f"{name}: pair {k}", pair.weight, (k,), 1, name)
            for k, pair in enumerate(problem.pairs)
            if pair.group in groups
        )
        found.append(Target(name, weight, "cities"))
    return problem.replace(cities=tuple(cities), targets=tuple(found))

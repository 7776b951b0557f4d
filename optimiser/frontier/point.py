"""Hold a point of a frontier: a plan, what it costs and reaches, and what is proved about it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optimiser.engine.search.task import Question
from optimiser.engine.solve import versions
from optimiser.frontier.axes import Axes, own_problem
from optimiser.frontier.evaluation import EvaluatedPoint
from optimiser.frontier.region import Region
from optimiser.problem import DesignProblem
from optimiser.problem.result import Result, gap_of


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a frontier.

    Attributes
    ----------
    asked
        The question that it answers: the most coverage for a budget, or the least cost for coverage.
    plan
        What is built, what that costs and reaches.
    bound
        Proven limit: of coverage from above with the budget asked, or of cost from below for the coverage
        asked; None without one.
    seconds
        Of the answer, without the start of a process.
    whole_seconds
        With everything, as the caller waited.
    warm
        It started from the cuts and plans of other points.
    nodes, cuts
        Nodes of trees, and cuts added.
    solver
        Name and version.
    seed, threads
        What was asked for.
    late
        Time cut off its search.
    """

    asked: Question
    plan: EvaluatedPoint
    bound: float | None
    seconds: float
    whole_seconds: float
    warm: bool
    nodes: int
    cuts: int
    solver: str
    seed: int
    threads: int
    late: bool = False

    @property
    def cost(self) -> int:
        """Return the money that the plan costs."""
        return self.plan.cost

    @property
    def value(self) -> int:
        """Return what was optimised: the cost, or the coverage."""
        return self.plan.cost if self.asked.cheapest else self.plan.reached[0]

    @property
    def gap(self) -> float | None:
        """Return the relative gap; None without a bound."""
        return gap_of(self.value, self.bound, minimise=self.asked.cheapest)

    @property
    def status(self) -> str:
        """Return `optimal` with a gap of 0, else `feasible`."""
        return "optimal" if self.gap == 0 else "feasible"

    @property
    def place(self) -> tuple[int, ...]:
        """Return where it lies: the money it needs, less is better, then what it reaches."""
        return self.plan.needs, *self.plan.reached

    def replace(self, **changes: Any) -> Point:  # noqa: ANN401 - any field may be exchanged
        """Return it with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    def problem(self, problem: DesignProblem, axes: Axes) -> DesignProblem:
        """Return the problem that the point solves.

        Parameters
        ----------
        problem
            The problem of the frontier.
        axes
            What is weighed.
        """
        return own_problem(problem, axes, self.asked)

    def result(self, name: str) -> Result:
        """Return what is claimed about the point's own problem.

        Parameters
        ----------
        name
            Name of that problem.
        """
        return Result(
            problem=name,
            status="optimal" if self.gap == 0 else "feasible",
            built=self.plan.built,
            cost=self.plan.cost,
            coverage=self.plan.by_group["all"],
            objective=self.value,
            bound=self.bound,
            gap=self.gap,
            variant="frontier",
            seconds=round(self.seconds, 3),
            seed=self.seed,
            threads=self.threads,
            solver=self.solver,
            versions=versions(),
            termination="proof" if self.gap == 0 else "time" if self.late else "gap",
            rings=self.plan.rings,
            starts=self.plan.starts,
        )


def dominates(first: Point, second: Point) -> bool:
    """Say whether a point is no worse than another one in anything, and better in something."""
    less, more = first.place, second.place
    no_worse = less[0] <= more[0] and all(a >= b for a, b in zip(less[1:], more[1:], strict=True))
    return no_worse and less != more


def front(points: Iterable[Point], region: Region, levels: Mapping[Question, tuple[int, ...]]) -> list[Point]:
    """Return the points that no other one dominates, by cost, each with the best bound that any gives.

    Parameters
    ----------
    points
        All points found.
    region
        What is proved.
    levels
        The level of each question.

    Notes
    -----
    Plans are compared in whole numbers, so the filter is exact: nothing that is returned is dominated by a
    plan found. With gaps of 0 and no open box, it is dominated by no plan at all; otherwise a plan that
    dominates it would have to lie within its band, between its value and its bound.
    """
    best: dict[tuple[int, ...], Point] = {}
    for point in points:
        tight = _tightened(point, region, levels[point.asked])
        known = best.get(point.place)
        if known is None or _loose(tight) < _loose(known):
            best[point.place] = tight
    kept = [point for point in best.values() if not any(dominates(other, point) for other in best.values())]
    return sorted(kept, key=lambda point: (point.place[0], tuple(-value for value in point.place[1:])))


def _tightened(point: Point, region: Region, level: tuple[int, ...]) -> Point:
    bound = region.lower(level)
    if math.isinf(bound):
        return point
    turned = bound if point.asked.cheapest else -bound
    return point.replace(bound=float(turned))


def _loose(point: Point) -> float:
    return math.inf if point.gap is None else point.gap

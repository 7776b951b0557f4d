"""Represent points of a frontier: a plan, its cost and coverage, and a proven bound."""

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
from optimiser.problem.result import ProofSource, Result, gap_of


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a frontier.

    Attributes
    ----------
    asked
        The question that it answers: the most coverage for a budget, or the least cost for a coverage.
    plan
        The plan, evaluated.
    bound
        Proven upper bound on the coverage for the budget, or lower bound on the cost for the coverage of the
        question; None without one.
    seconds
        Solve time, without the start of a process.
    whole_seconds
        Elapsed time, with everything.
    warm
        Whether cuts and plans of other points were used.
    nodes, cuts
        Numbers of nodes of trees and of cuts added.
    solver
        Solver with its version.
    seed, threads
        Random seed and number of threads.
    late
        Whether the time limit ended the solve.
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
        """Return the cost of the plan."""
        return self.plan.cost

    @property
    def value(self) -> int:
        """Return the objective of the question: the cost, or the coverage."""
        return self.plan.cost if self.asked.cheapest else self.plan.reached[0]

    @property
    def gap(self) -> float | None:
        """Return the relative gap; None without a bound."""
        return gap_of(self.value, self.bound, minimise=self.asked.cheapest)

    @property
    def status(self) -> str:
        """Return `optimal` for a gap of 0, `feasible` otherwise."""
        return "optimal" if self.gap == 0 else "feasible"

    @property
    def place(self) -> tuple[int, ...]:
        """Return the position of the point: the budget that it needs, then the measures that it reaches."""
        return self.plan.needs, *self.plan.reached

    def replace(self, **changes: Any) -> Point:  # noqa: ANN401 - any field may be exchanged
        """Return the point with some fields replaced."""
        return dataclasses.replace(self, **changes)

    def problem(self, problem: DesignProblem, axes: Axes) -> DesignProblem:
        """Return the problem that the point solves.

        Parameters
        ----------
        problem
            The problem of the frontier.
        axes
            Axes of the frontier.
        """
        return own_problem(problem, axes, self.asked)

    def result(self, name: str) -> Result:
        """Return the point as a result of the problem that it solves.

        Parameters
        ----------
        name
            Name of this problem.
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
            bound_source=None if self.bound is None else ProofSource("search", "frontier", self.solver),
        )


def dominates(first: Point, second: Point) -> bool:
    """Return whether the first point is nowhere worse than the second, and better in at least one axis."""
    first_place, second_place = first.place, second.place
    no_worse = first_place[0] <= second_place[0] and all(
        a >= b for a, b in zip(first_place[1:], second_place[1:], strict=True)
    )
    return no_worse and first_place != second_place


def front(points: Iterable[Point], region: Region, levels: Mapping[Question, tuple[int, ...]]) -> list[Point]:
    """Return the non-dominated points by cost, each with the best bound that any question proved for it.

    Parameters
    ----------
    points
        All points found.
    region
        The proven bounds.
    levels
        The level of each question.

    Notes
    -----
    Plans are compared by integers, so the filter is exact: no returned point is dominated by a plan that was
    found. With gaps of 0 and no open box, no plan at all dominates it; otherwise a dominating plan would have
    to lie in the band between its value and its bound.
    """
    best: dict[tuple[int, ...], Point] = {}
    for point in points:
        tightened = _tightened(point, region, levels[point.asked])
        known = best.get(point.place)
        if known is None or _gap_or_infinity(tightened) < _gap_or_infinity(known):
            best[point.place] = tightened
    kept = [point for point in best.values() if not any(dominates(other, point) for other in best.values())]
    return sorted(kept, key=lambda point: (point.place[0], tuple(-value for value in point.place[1:])))


def _tightened(point: Point, region: Region, level: tuple[int, ...]) -> Point:
    bound = region.lower(level)
    if math.isinf(bound):
        return point
    signed_bound = bound if point.asked.cheapest else -bound
    return point.replace(bound=float(signed_bound))


def _gap_or_infinity(point: Point) -> float:
    return math.inf if point.gap is None else point.gap

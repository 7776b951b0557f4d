"""Define what methods and solvers exchange: solutions of relaxations, and turns of integer masters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.engine.search.paths import Floats
from optimiser.problem import DesignProblem

type LpStatus = Literal["optimal", "infeasible", "limit"]


def solver_noise(value: float) -> float:
    """Return the error to expect in a bound of this size that a floating-point solver reports."""
    return max(1e-3, 1e-8 * abs(value))


@dataclass(frozen=True, slots=True)
class LpSolution:
    """The solution of a linear relaxation.

    Attributes
    ----------
    status
        `optimal`, `infeasible` (no point, or none better than the cutoff), or `limit` (iterations or time).
    objective
        Scaled objective: divided by its divisor, and always maximised (minus the cost where that is
        minimised). Minus infinity when infeasible, infinity at a limit.
    decisions
        float64 [J + C], values of x and z: candidates built and cities covered.
    y
        float64 [K], coverage of the pairs; ones where every pair must be covered.
    reduced_costs
        float64 [J + C], reduced costs of the decisions.
    """

    status: LpStatus
    objective: float
    decisions: Floats
    y: Floats
    reduced_costs: Floats


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the master problem: x, float64 [J], and y, float64 [K]."""

    x: Floats
    y: Floats


def start_values(problem: DesignProblem, start: Point) -> Floats:
    """Return the values of x, y and z at a plan; of x alone where every pair must be covered."""
    if problem.must_cover:
        return start.x
    reached = [start.y[list(city.pairs)].sum() >= city.need for city in problem.cities]
    return np.concatenate([start.x, start.y, np.array(reached, np.float64)])


def unscaled(bound: float | None, unit: float) -> float | None:
    """Return a bound on an objective that a model divides by a unit; None where there is none."""
    return None if bound is None or not math.isfinite(bound) else bound * unit


type OnPoint = Callable[[float | None, Point | None], bool]
"""Called with a bound or an integer point while a master is solved; returns whether to stop."""


@dataclass(frozen=True, slots=True)
class MasterSolution[P]:
    """Result of one turn of an integer master.

    Attributes
    ----------
    bound
        Proven bound on the objective of the problem; None without one.
    points
        Integer points found, the best last.
    complete
        Whether the solver closed the requested gap, rather than reaching a limit of work or time.
    infeasible
        Whether it is proved that no integer point satisfies the rows.
    nodes
        Number of nodes of the tree.
    """

    bound: float | None
    points: tuple[P, ...]
    complete: bool
    infeasible: bool = False
    nodes: int = 0

    def converted[Q](self, unit: float, point: Callable[[P], Q]) -> MasterSolution[Q]:
        """Return the result with another unit of the objective and another form of the points."""
        bound, points = unscaled(self.bound, unit), tuple(point(one) for one in self.points)
        return MasterSolution(bound, points, self.complete, self.infeasible, self.nodes)

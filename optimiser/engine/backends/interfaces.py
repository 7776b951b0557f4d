"""Define what methods and solvers exchange: solutions of relaxations, turns of integer masters, and trees.

The trees of SCIP and Gurobi share their model and one reporter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Rows, SplitRows
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.result import rounded_bound

FEASIBILITY_TOLERANCE = 1e-6
"""Feasibility tolerance of the solvers: distance from an integer up to which a value counts as integer."""

CLAIM_TOLERANCE = 1e-9
"""Largest y of an uncovered pair in an accepted solution."""

MEMORY_MB = 6000.0
"""Memory limit of a solver."""

DEEPEST = 1000
"""Largest depth of a node at which fractional points are separated; below the root in one round."""

REPORT_INTERVAL_S = 0.2
"""Least time between two reports, in seconds."""

type Improve = Callable[[Floats], None]
"""Searches for plans near a fractional point x, float64 [J], and reports them to the incumbent."""

type RowTerms = tuple[list[Any], list[float], float]
"""Variables of a solver, their coefficients, and the least value of their sum."""

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


class Separator(Protocol):
    """Separates points of the master problem."""

    def __call__(self, x: Floats, y: Floats, /, *, integer: bool) -> Rows:
        """Return rows that the point violates, possibly none.

        Parameters
        ----------
        x
            float64 [J], from 0 to 1.
        y
            float64 [K], from 0 to 1; ones where every pair must be covered.
        integer
            Whether every x is 0 or 1.
        """


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """Result of a tree search.

    Attributes
    ----------
    bound
        Proven bound on the objective of the reduced problem; None without one.
    reason
        `proof`, `infeasible`, `gap`, `time`, `nodes` (a limit of memory) or `stalled`.
    nodes, cuts
        Numbers of nodes, and of rows added.
    """

    bound: float | None
    reason: str
    nodes: int
    cuts: int


@dataclass(frozen=True, slots=True)
class TreeModel:
    """A master problem in SCIP or Gurobi.

    Attributes
    ----------
    model
        The `pyscipopt.Model` or `gurobipy.Model`.
    x, y, z
        Variables, one per candidate, pair and city; y and z are empty where every pair must be covered.
    divisor
        Number by which the objective of the problem is divided in the model.
    maximise
        Whether the objective is maximised.
    owner
        What deletes the model with itself: PuLP's solver.
    """

    model: Any
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    divisor: int
    maximise: bool
    z: tuple[Any, ...] = ()
    owner: Any = None

    def terms(self, rows: Rows) -> Iterator[RowTerms]:
        """Yield the rows `sum of value x - sum of y >= 0`.

        Without y, where every pair must be covered, the right side is the number of pairs.
        """
        for i in range(len(rows)):
            inside, pairs = slice(rows.start[i], rows.start[i + 1]), rows.pairs_of(i).tolist()
            x = [self.x[j] for j in rows.candidate[inside].tolist()]
            y = [self.y[k] for k in pairs] if self.y else []
            values = [*rows.value[inside].tolist(), *[-1.0] * len(y)]
            yield [*x, *y], values, 0.0 if self.y else float(len(pairs))

    def split_terms(self, rows: SplitRows) -> Iterator[RowTerms]:
        """Yield lift-and-project cuts over x, y and z."""
        columns = (*self.x, *self.y, *self.z)
        for i, least in enumerate(rows.least.tolist()):
            inside = slice(rows.start[i], rows.start[i + 1])
            variables = [columns[column] for column in rows.column[inside].tolist()]
            yield variables, rows.value[inside].tolist(), least


def fractional(values: Floats) -> Integers:
    """Return the positions of the values, float64 [N], that are no integers."""
    return np.flatnonzero(np.abs(values - np.round(values)) > FEASIBILITY_TOLERANCE)


@dataclass
class TreeSearch:
    """State of a search in a solver's tree: its checks of points, and the reporter of progress and bounds.

    Attributes
    ----------
    t, master, separator, incumbent
        Problem, model, separation, and incumbent.
    gap
        Relative gap at which to stop.
    end
        Makes the solver end its search.
    cuts
        Number of rows added so far.
    failure
        Exception raised in a callback, which the solvers do not propagate.
    """

    t: Tables
    master: TreeModel
    separator: Separator
    incumbent: MaskIncumbent
    gap: float
    end: Callable[[], object]
    cuts: int = 0
    failure: BaseException | None = None
    _checks: dict[bytes, tuple[Mask, bool]] = field(default_factory=dict)
    _reported: tuple[int, int] = (0, 0)
    _next_s: float = 0.0
    _rounds: tuple[int, int] = (-1, 0)

    def run[T](self, work: Callable[[], T], otherwise: T) -> T:
        """Return the result of a callback; on an exception, store it and end the search."""
        try:
            return work()
        except BaseException as error:  # noqa: BLE001 - raised again when the solver has returned
            self.failure = self.failure or error
            self.end()
            return otherwise

    def check(self, x: Floats, y: Floats, *, least: float = CLAIM_TOLERANCE) -> tuple[Mask, bool]:
        """Return the pairs that an integer point claims and does not cover, and whether it fits the problem.

        Both are found in exact integers. A new point is reported to the incumbent as a plan.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point.
        least
            A pair is claimed by a y above this.
        """
        is_open = np.append(x > 0.5, True)
        key = np.packbits(is_open).tobytes()
        if key not in self._checks:
            self._checks[key] = covered_pairs(self.t, is_open), fits(self.t, is_open)
            self.incumbent.plan(is_open, "tree")
        covered, is_fitting = self._checks[key]
        return ~covered & (y > least), is_fitting

    def point(self, x: Iterable[float], y: Iterable[float]) -> tuple[Floats, Floats]:
        """Return values of x and y clipped to [0, 1]; y is ones where every pair must be covered."""
        claims = np.fromiter(y, np.float64) if self.master.y else np.ones(len(self.t.limit))
        return np.clip(np.fromiter(x, np.float64), 0.0, 1.0), np.clip(claims, 0.0, 1.0)

    def separated(self, x: Floats, y: Floats) -> Rows:
        """Return the rows of the separator that a point violates."""
        return self.violated(self.separator(x, y, integer=not len(fractional(x))), x, y)

    def violated(self, rows: Rows, x: Floats, y: Floats) -> Rows:
        """Return those rows that a point violates, counted as cuts."""
        rows = rows.only(rows.right_side(x) < rows.left_side(y) - FEASIBILITY_TOLERANCE)
        self.cuts += len(rows)
        return rows

    def is_due(self, node: int, depth: int) -> bool:
        """Return whether the relaxation of a node is separated once more."""
        self._rounds = (node, self._rounds[1] + 1 if node == self._rounds[0] else 1)
        return depth <= DEEPEST and (not depth or self._rounds[1] == 1)

    def proven(self, found: float, infinity: float) -> float | None:
        """Return the bound on the objective of the problem that follows from the bound of the solver.

        It is a multiple of the divisor; None while the solver has no bound.
        """
        if abs(found) >= infinity:
            return None
        noise, master = solver_noise(found), self.master
        return float(rounded_bound(found, minimise=not master.maximise, tolerance=noise) * master.divisor)

    def report(self, bound: float | None, nodes: int, *, now: bool = False) -> None:
        """Report bound and counts, and end the search when it should stop.

        That is done when the bound closes the gap, else at most every `REPORT_INTERVAL_S` seconds, unless it
        must be `now`. Whether the gap is closed is asked at every call, so that where the search ends does
        not depend on how fast the machine is.
        """
        incumbent, gap, time_s = self.incumbent, self.gap, time.monotonic()
        closes = bound is not None and incumbent.closed(gap, bound)
        if not (now or closes or time_s >= self._next_s):
            return
        self._next_s = time_s + REPORT_INTERVAL_S
        if bound is not None:
            incumbent.bound(bound, "tree" if nodes > 1 else "root")
        cuts, known = self._reported
        incumbent.count("tree", cuts=self.cuts - cuts, nodes=nodes - known)
        self._reported = (self.cuts, nodes)
        if incumbent.stop() or incumbent.closed(gap):
            self.end()

"""Solve problems by an integer master problem: solve it, cut off points that are no plans, and repeat."""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from optimiser.engine.backends.highs import MasterHighs, reset_threads
from optimiser.engine.backends.interfaces import MasterSolution, OnPoint, Point, start_values, unscaled
from optimiser.engine.backends.solvers import BUNDLED, SOLVERS, label
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import binding_rows, solve_root
from optimiser.engine.methods.heuristics.lns import Rounding, start_plans
from optimiser.engine.search.incumbent import Incumbent, MaskIncumbent
from optimiser.engine.search.rows import Floats, Rows, joined
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

FIRST_NODES = 200
"""Node limit of the first turn of an integer master; it doubles each turn, so that cuts are found early."""

IN_OUT_WEIGHT = 0.3
"""In-out weight of cuts against an integer point."""

ORDERS = 4
"""Random orders of the candidates: each may give another minimal cut of the same pair."""


class Master[P](Protocol):
    """An integer relaxation that is solved in turns; after each, points that are no plans are cut off."""

    def solve(
        self, *, gap: float, turn: int, seconds: float, on_point: Callable[[float | None, P | None], bool]
    ) -> MasterSolution[P]:
        """Solve the model within the seconds given; each turn may take twice the work of the turn before."""

    def take(self, point: P) -> None:
        """Report the plan of an integer point found during the solve."""

    def refute(self, points: tuple[P, ...]) -> int:
        """Report the plans of the points of a turn, and add rows that cut off points which are no plans.

        Returns
        -------
        int
            Number of rows; 0 when every point is a plan with the coverage that it claims.
        """


def prove_by_master[P, Plan](
    master: Master[P], incumbent: Incumbent[Plan], *, gap: float, step: str = "master"
) -> str:
    """Solve an integer master and cut off its points until the gap is closed; bounds go to the incumbent.

    Parameters
    ----------
    master
        The integer master.
    incumbent
        Receives bounds and counts, and knows the time left.
    gap
        Relative gap at which to stop.
    step
        Name of this step in messages.

    Returns
    -------
    str
        `proof`, `gap`, `time`, `nodes`, `infeasible` or `stalled`.

    Notes
    -----
    The master is a relaxation of the problem in every turn, so its bounds are valid. The loop is finite: an
    integer point is either a plan, or at least one row cuts it off, and there are finitely many points.
    """
    turn, master_gap = 0, gap

    def on_point(bound: float | None, point: P | None) -> bool:
        if bound is not None:
            incumbent.bound(bound, step)
        if point is not None:
            master.take(point)
        return incumbent.stop() or incumbent.closed(gap)

    while not incumbent.closed(gap):
        if incumbent.is_spent():
            return incumbent.ending(gap)
        solution = master.solve(gap=master_gap, turn=turn, seconds=incumbent.left(), on_point=on_point)
        if solution.infeasible:
            return "infeasible" if incumbent.best is None else "stalled"
        if solution.bound is not None:
            incumbent.bound(solution.bound, step)
        added = master.refute(solution.points)
        incumbent.count(step, cuts=added, nodes=max(1, solution.nodes))
        if incumbent.stop():
            break  # the points may not have been separated to the end
        if not added and solution.complete and not incumbent.closed(gap):
            # The gap of the master relates to its own scaled objective, so the gap of the problem may still
            # be open: solve once more to optimality. If that does not close it, nothing else will.
            if master_gap == 0.0:
                return "stalled"
            master_gap = 0.0
        turn += 1
    return incumbent.ending(gap)


class SolverMaster(Protocol):
    """The integer master problem of the time-cut method, in a solver."""

    def add(self, rows: Rows) -> None:
        """Add rows for all later turns."""

    def forbid(self, x: Floats) -> None:
        """Cut off a single plan, float64 [J]."""

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Solve the model within the seconds given; each turn may take twice the work of the turn before."""


class IntegerMaster(MasterHighs):
    """The integer master problem of the time-cut method."""

    def __init__(self, problem: DesignProblem, **settings: Any) -> None:  # noqa: ANN401 - several types
        reset_threads()
        super().__init__(problem, **settings)

    def forbid(self, x: Floats) -> None:
        """Add `sum_{j not built} x_j - sum_{j built} x_j >= 1 - number built` for a plan, float64 [J]."""
        least = np.array([1.0 - x.sum()])
        self.add_rows(least, np.zeros(1, np.int64), self._x, np.where(x > 0.5, -1.0, 1.0))

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Solve the model within the seconds given; the node limit doubles with each turn.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        return self.solve_integer(
            seconds=seconds,
            gap=gap,
            nodes=FIRST_NODES << min(turn, 31),
            start=None if start is None else (self._xyz, start_values(self._problem, start)),
            on_progress=lambda bound, values, _nodes: on_point(
                unscaled(bound, self.divisor), None if values is None else self._point(values)
            ),
        ).converted(self.divisor, self._point)


@dataclass
class TimeCutMaster:
    """The integer master of a problem, cut off by time cuts.

    Points that violate only side constraints are cut off one by one.

    Attributes
    ----------
    t
        The problem.
    incumbent
        Receives plans.
    cuts
        Separates time cuts and tightening rows.
    solver
        The model, with the rows of the relaxation.
    seed
        Seed of the random orders of candidates.
    improve
        Searches for plans near a point, float64 [J].
    """

    t: Tables
    incumbent: MaskIncumbent
    cuts: CutFinder
    solver: SolverMaster
    seed: int
    improve: Callable[[Floats], None]

    def solve(self, *, gap: float, turn: int, seconds: float, on_point: OnPoint) -> MasterSolution[Point]:
        """Solve the model, starting from the best known plan."""
        best, start = self.incumbent.best, None
        if best is not None:
            start = Point(best[:-1].astype(np.float64), covered_pairs(self.t, best).astype(np.float64))
        return self.solver.solve(start=start, gap=gap, turn=turn, seconds=seconds, on_point=on_point)

    def take(self, point: Point) -> None:
        """Report the plan of an integer point."""
        self.incumbent.plan(np.append(point.x > 0.5, True), "master")

    def refute(self, points: tuple[Point, ...]) -> int:
        """Report the plans; add violated cuts or, without any, forbid plans that violate side constraints."""
        for point in points:
            self.take(point)
        orders = np.random.default_rng(self.seed).random((ORDERS, self.t.size))
        rows = joined(
            self.cuts.refuting(np.round(point.x), point.y, orders=orders, in_out_weight=IN_OUT_WEIGHT)
            for point in points
        )
        self.solver.add(rows)
        infeasible_points = [point for point in points if not fits(self.t, np.append(point.x > 0.5, True))]
        for point in () if len(rows) else infeasible_points:
            self.solver.forbid(np.round(point.x))
        for point in points[-1:]:
            self.improve(point.x)
        return len(rows) or len(infeasible_points)


def prove(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Solve a problem by an integer master in HiGHS or CP-SAT; the variant `cuts-loop`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans, bounds and counts.

    Returns
    -------
    tuple
        Why the solve ended, and the solver with its version.
    """
    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    reset_threads()
    program = Relaxation.of(task)
    root = solve_root(t, incumbent, program, CutFinder(t, stop=incumbent.stop), gap=task.gap)
    if isinstance(root, str):
        return root, label()
    name = task.solver if task.solver in SOLVERS else BUNDLED
    master_of = pkgutil.resolve_name(SOLVERS[name].master)
    solver: SolverMaster = master_of(task.problem, **task.settings_of(name))
    solver.add(binding_rows(root))
    improve = Rounding(t, incumbent)
    master = TimeCutMaster(t, incumbent, root.cuts, solver, seed=task.seed, improve=improve)
    return prove_by_master(master, incumbent, gap=task.gap), label(name)

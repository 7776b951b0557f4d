"""Keep the integer master of the time-cut method alive in CP-SAT."""

from __future__ import annotations

import math
from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from optimiser.engine.backends.interfaces import MasterSolution, OnPoint, Point
from optimiser.engine.backends.pulp_solvers import instance
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.rows import Floats, Rows
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

DENOMINATOR = 2520
"""Common denominator of the coefficients of rows; 1/2 to 1/10 are whole multiples of it."""

FIRST_DETERMINISTIC_S = 2.0
"""Deterministic seconds of the first turn; later ones have twice as many each, so that cuts come in early."""

LEAST_TEAM = 8
"""Threads from which on CP-SAT gets them all, else one.

Its searches complement each other from eight on; with two, the one that follows the relaxation was starved:
siouxfalls_03 took 3 s on one thread, and was open after 25 s on two.
"""


def version() -> str:
    """Return name and version of the solver."""
    return f"CP-SAT {version_of('ortools')}"


class CpsatMaster:
    """The master problem of `models.cuts_master`, built by PuLP and then kept as a model of CP-SAT.

    Parameters
    ----------
    problem
        A reduced problem.
    threads, seed
        Passed on to CP-SAT.

    Notes
    -----
    Levels are whole here, so that a pair is covered or not. Columns are built [J], levels [K] and cities [C]
    (the last two unless every pair must be covered). Where several threads work they take turns, so that a
    seed repeats its outcome.
    """

    def __init__(self, problem: DesignProblem, *, threads: int, seed: int) -> None:
        count = 0 if problem.must_cover else len(problem.pairs)
        self._pairs = len(problem.pairs)
        self._cities = () if problem.must_cover else problem.cities
        self._divisor = scale_of(problem)
        self._threads, self._seed = threads, seed
        lp, decisions = build_master(problem)
        solver: Any = instance("cpsat", seconds=1.0, gap=0.0, threads=threads, seed=seed)
        handles = solver.buildSolverModel(lp)
        column = {v.id: handle for v, handle in zip(lp.exported_variables(), handles, strict=True)}
        self._model: Any = lp.solverModel
        self._x = [column[x.id] for x in decisions.x]
        self._y = [column[y.id] for y in decisions.y[:count]]
        self._z = [column[z.id] for z in decisions.z]

    def add(self, rows: Rows) -> None:
        """Add rows `sum of value x >= sum of y` with integer coefficients, values rounded up.

        Larger values make a row weaker, so it stays valid, at a loss of at most one part in `DENOMINATOR` a
        term. 0/1 time cuts, whose values are one, lose nothing.
        """
        scaled = np.ceil(rows.value * DENOMINATOR).astype(np.int64)
        for i in range(len(rows)):
            inside = slice(rows.start[i], rows.start[i + 1])
            pairs, mine = rows.pairs_of(i).tolist(), scaled[inside]
            if len(pairs) == 1:
                mine = np.minimum(mine, DENOMINATOR)
            self._add_row(rows.candidate[inside].tolist(), mine.tolist(), pairs)

    def _add_row(self, candidates: list[int], values: list[int], pairs: list[int]) -> None:
        built = [self._x[j] for j in candidates]
        if len(pairs) == 1 and all(value == DENOMINATOR for value in values):
            self._model.add_bool_or([*built, *(self._y[k].negated() for k in pairs if self._y)])
            return
        needed = DENOMINATOR * (sum(self._y[k] for k in pairs) if self._y else len(pairs))
        self._model.add(cp_model.LinearExpr.weighted_sum(built, values) >= needed)

    def forbid(self, x: Floats) -> None:
        """Add the clause that something differs from a plan."""
        self._model.add_bool_or(
            [
                variable.negated() if is_built else variable
                for variable, is_built in zip(self._x, (x > 0.5).tolist(), strict=True)
            ]
        )

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Return what the model answers within the seconds given.

        Raises
        ------
        SolverError
            When CP-SAT refuses the model.
        """
        solver = self._solver(gap, turn, seconds)
        self._hint(start)
        listener = _Listener(self, on_point)

        def heard(bound: float) -> None:
            if on_point(self._bound(bound), None):
                solver.stop_search()

        solver.best_bound_callback = heard
        status = solver.solve(self._model, listener)
        if status == cp_model.MODEL_INVALID:
            raise SolverError("CP-SAT refuses the master problem", remedy="Try --solver highs.")
        known = (cp_model.OPTIMAL, cp_model.FEASIBLE)
        return MasterSolution(
            self._bound(solver.best_objective_bound) if status in known else None,
            tuple(listener.points),
            complete=status == cp_model.OPTIMAL,
            infeasible=status == cp_model.INFEASIBLE,
        )

    def _solver(self, gap: float, turn: int, seconds: float) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self._threads if self._threads >= LEAST_TEAM else 1
        solver.parameters.interleave_search = self._threads >= LEAST_TEAM
        solver.parameters.random_seed = self._seed % 2**31
        solver.parameters.relative_gap_limit = gap
        solver.parameters.linearization_level = 2  # all rows in the relaxation: they are what bounds
        solver.parameters.max_time_in_seconds = max(0.0, seconds)
        solver.parameters.max_deterministic_time = FIRST_DETERMINISTIC_S * 2.0 ** min(turn, 40)
        return solver

    def _hint(self, start: Point | None) -> None:
        self._model.clear_hints()
        if start is None:
            return
        reached = [start.y[list(city.pairs)].sum() >= city.need for city in self._cities]
        values = np.concatenate([start.x, start.y[: len(self._y)], np.array(reached, np.float64)])
        for variable, value in zip([*self._x, *self._y, *self._z], values.tolist(), strict=True):
            self._model.add_hint(variable, round(value))

    def read(self, value: Any) -> Point:  # noqa: ANN401 - a function of CP-SAT
        """Return the point that a function gives the values of.

        Parameters
        ----------
        value
            Gives the value of a variable.
        """
        level = [float(value(y)) for y in self._y] if self._y else [1.0] * self._pairs
        return Point(np.array([float(value(x)) for x in self._x]), np.array(level))

    def _bound(self, found: float) -> float | None:
        return found * self._divisor if math.isfinite(found) else None


class _Listener(cp_model.CpSolverSolutionCallback):
    """Collect the points found, and end early when told to."""

    def __init__(self, master: CpsatMaster, on_point: OnPoint) -> None:
        super().__init__()
        self._master = master
        self._on_point = on_point
        self.points: list[Point] = []

    def on_solution_callback(self) -> None:
        """Take in a point."""
        self.points.append(self._master.read(self.value))
        if self._on_point(None, self.points[-1]):
            self.stop_search()

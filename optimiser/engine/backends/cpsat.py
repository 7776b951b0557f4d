"""Maintain the integer master of the time-cut method as a CP-SAT model."""

from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from optimiser.engine.backends.interfaces import MasterSolution, OnPoint, Point, start_values, unscaled
from optimiser.engine.backends.pulp_solvers import SOUND, instance, stated_master
from optimiser.engine.backends.solvers import set_options
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.rows import Floats, Rows
from optimiser.engine.search.task import NO_OPTIONS, Options
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

DENOMINATOR = 2520
"""Common denominator of integer coefficients: the multiples of 1/2, 1/3, ..., 1/10 are exact."""

FIRST_DETERMINISTIC_S = 2.0
"""Deterministic time limit of the first turn, in seconds; it doubles each turn, so that cuts are found
early."""

LEAST_WORKERS = 8
"""Number of threads from which CP-SAT uses all of them; with fewer it uses one.

Its portfolio of searches is complete from eight workers. With two, the search by the relaxation got too
little time: siouxfalls_03 took 3 s on one thread, and was open after 25 s on two.
"""


class CpsatMaster:
    """The master problem of `models.cuts_master` as a live CP-SAT model.

    Parameters
    ----------
    problem
        A reduced problem.
    threads, seed, log, options
        Settings of CP-SAT, as in `Task`.

    Notes
    -----
    All variables are binary here, y as well. They are x [J], y [K] and z [C]; y and z are missing where every
    pair must be covered. With several threads the searches are interleaved, so that the result depends on
    the seed alone.
    """

    def __init__(
        self,
        problem: DesignProblem,
        *,
        threads: int,
        seed: int,
        log: bool = False,
        options: Options = NO_OPTIONS,
    ) -> None:
        self._problem, self._divisor = problem, scale_of(problem)
        self._threads, self._seed, self._log, self._options = threads, seed, log, options
        solver = instance("cpsat", seconds=1.0, gap=0.0, threads=threads, seed=seed)
        self._model, (self._x, self._y, self._z) = stated_master(problem, solver)

    def add(self, rows: Rows) -> None:
        """Add rows `sum of value x >= sum of y` with integer coefficients, values rounded up.

        Rounding up weakens a row, so it stays valid; the loss is at most `1 / DENOMINATOR` per term. 0/1 time
        cuts are exact.
        """
        scaled = np.ceil(rows.value * DENOMINATOR).astype(np.int64)
        for i in range(len(rows)):
            inside = slice(rows.start[i], rows.start[i + 1])
            pairs, values = rows.pairs_of(i).tolist(), scaled[inside]
            if len(pairs) == 1:
                values = np.minimum(values, DENOMINATOR)
            built = [self._x[j] for j in rows.candidate[inside].tolist()]
            if len(pairs) == 1 and bool((values == DENOMINATOR).all()):
                self._model.add_bool_or([*built, *(self._y[k].negated() for k in pairs if self._y)])
                continue
            needed = DENOMINATOR * (sum(self._y[k] for k in pairs) if self._y else len(pairs))
            self._model.add(cp_model.LinearExpr.weighted_sum(built, values.tolist()) >= needed)

    def forbid(self, x: Floats) -> None:
        """Cut off a single plan, float64 [J], by a clause."""
        self._model.add_bool_or(
            [
                variable.negated() if is_built else variable
                for variable, is_built in zip(self._x, (x > 0.5).tolist(), strict=True)
            ]
        )

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Solve the model within the seconds given; the deterministic time limit doubles with each turn.

        Raises
        ------
        SolverError
            When CP-SAT rejects the model.
        """
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self._threads if self._threads >= LEAST_WORKERS else 1
        solver.parameters.interleave_search = self._threads >= LEAST_WORKERS
        solver.parameters.random_seed = self._seed % 2**31
        solver.parameters.relative_gap_limit = gap
        solver.parameters.log_search_progress = self._log
        solver.parameters.linearization_level = 2  # all rows in the relaxation: the bound rests on them
        set_options(solver.parameters, {**SOUND, **self._options})
        solver.parameters.max_time_in_seconds = max(0.0, seconds)
        solver.parameters.max_deterministic_time = FIRST_DETERMINISTIC_S * 2.0 ** min(turn, 40)
        self._model.clear_hints()
        if start is not None:
            values = start_values(self._problem, start).tolist()
            for variable, value in zip([*self._x, *self._y, *self._z], values, strict=True):
                self._model.add_hint(variable, round(value))
        collector = _SolutionCollector(self, on_point)

        def on_bound(bound: float) -> None:
            if on_point(unscaled(bound, self._divisor), None):
                solver.stop_search()

        solver.best_bound_callback = on_bound
        status = solver.solve(self._model, collector)
        if status == cp_model.MODEL_INVALID:
            raise SolverError("CP-SAT rejected the master problem as invalid", remedy="Try --solver highs.")
        has_bound = (cp_model.OPTIMAL, cp_model.FEASIBLE)
        return MasterSolution(
            unscaled(solver.best_objective_bound, self._divisor) if status in has_bound else None,
            tuple(collector.points),
            complete=status == cp_model.OPTIMAL,
            infeasible=status == cp_model.INFEASIBLE,
        )

    def read(self, value: Any) -> Point:  # noqa: ANN401 - a function of CP-SAT
        """Return the point of a solution.

        Parameters
        ----------
        value
            Returns the value of a variable in the solution.
        """
        y = [float(value(y)) for y in self._y] if self._y else [1.0] * len(self._problem.pairs)
        return Point(np.array([float(value(x)) for x in self._x]), np.array(y))


class _SolutionCollector(cp_model.CpSolverSolutionCallback):
    """Collects the solutions found, and stops the search when `on_point` says so."""

    def __init__(self, master: CpsatMaster, on_point: OnPoint) -> None:
        super().__init__()
        self._master = master
        self._on_point = on_point
        self.points: list[Point] = []

    def on_solution_callback(self) -> None:
        """Collect a solution."""
        self.points.append(self._master.read(self.value))
        if self._on_point(None, self.points[-1]):
            self.stop_search()

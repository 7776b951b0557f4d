"""Keep the linear relaxation of the time-cut method alive in HiGHS."""

from __future__ import annotations

import math
from importlib.metadata import version as version_of
from typing import Any

import highspy
import numpy as np
import pulp
from scipy.sparse import csc_array, csr_array, vstack

from optimiser.engine.backends.highs_rows import add_rows
from optimiser.engine.methods.branching.program import Answer, Ending, Floats
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Rows, SplitRows
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

INFINITY = highspy.kHighsInf

EDGE = 1e-6
"""Tolerance of a whole worth, relative to max(1, worth)."""

SLACK = 1e-2
"""Distance at which a row no longer counts as binding."""


def version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {version_of('highspy')}"


class LiveProgram:
    """The master problem of `formulation.cuts_master` without integrality, kept in HiGHS.

    Parameters
    ----------
    problem
        A reduced problem.
    seed
        Passed on to HiGHS.

    Notes
    -----
    PuLP states the model; it would build it anew at each solve, so rows and bounds change in HiGHS itself.
    Columns are built [J], levels [K] and cities [C] (the last two unless every pair must be covered). It
    minimises minus the worth. One thread, so that programs can run beside each other.
    """

    def __init__(self, problem: DesignProblem, *, seed: int) -> None:
        self._built = len(problem.candidates)
        self._levels = 0 if problem.must_cover else len(problem.pairs)
        cities = 0 if problem.must_cover else len(problem.cities)
        self._pairs = len(problem.pairs)
        self._decisions = np.concatenate(
            [np.arange(self._built), self._built + self._levels + np.arange(cities)]
        ).astype(np.int32)
        lp, _ = build_master(problem)
        solver = pulp.HiGHS(msg=False, threads=1, random_seed=seed, mip=False)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        model: Any = lp.solverModel
        self._model: Any = model
        self._relax(problem)
        self._fixed_rows = int(model.getNumRow())
        self._lower = np.zeros(len(self._decisions))
        self._upper = np.ones(len(self._decisions))
        self.divisor = scale_of(problem)

    def _relax(self, problem: DesignProblem) -> None:
        """Drop integrality and turn a maximum into a minimum, so that signs are the same for all."""
        model, count = self._model, self._model.getNumCol()
        index = np.arange(count, dtype=np.int32)
        model.changeColsIntegrality(count, index, np.full(count, highspy.HighsVarType.kContinuous))
        if problem.budget is not None:
            costs = np.array(model.getLp().col_cost_)
            model.changeObjectiveSense(highspy.ObjSense.kMinimize)
            model.changeColsCost(count, index, -costs)

    def by_interior_point(self, *, wanted: bool) -> None:
        """Choose the interior point method, for large programs far from their optimum, or simplex.

        Parameters
        ----------
        wanted
            The former. It leaves no basis, so that the next solve by simplex starts anew.
        """
        self._model.setOptionValue("solver", "ipm" if wanted else "choose")
        self._model.setOptionValue("run_crossover", "off" if wanted else "on")

    def add(self, rows: Rows) -> None:
        """Add rows `sum of value x - sum of levels >= 0` (`>= number of pairs` where all must be covered).

        Parameters
        ----------
        rows
            The rows.
        """
        add_rows(self._model, rows, built=self._built, levels=self._levels)

    def add_splits(self, rows: SplitRows) -> None:
        """Add lift-and-project cuts.

        Parameters
        ----------
        rows
            The rows.
        """
        if len(rows):
            self._model.addRows(
                len(rows),
                rows.least,
                np.full(len(rows), INFINITY),
                len(rows.column),
                rows.start[:-1].astype(np.int32),
                rows.column.astype(np.int32),
                rows.value,
            )

    def rows(self) -> tuple[csr_array, Floats, Mask]:
        """Return all rows as `G v >= g`, and which of them `drop_slack` leaves: those that are no cuts.

        Returns
        -------
        tuple
            float64 [r x (J + K + C)], float64 [r] and bool [r].
        """
        lp = self._model.getLp()
        held = lp.a_matrix_
        parts = (np.array(held.value_), np.array(held.index_), np.array(held.start_))
        order = csc_array if held.format_ == highspy.MatrixFormat.kColwise else csr_array
        matrix = csr_array(order(parts, shape=(lp.num_row_, lp.num_col_)))
        least, most = np.array(lp.row_lower_), np.array(lp.row_upper_)
        below, above = np.flatnonzero(np.isfinite(least)), np.flatnonzero(np.isfinite(most))
        return (
            csr_array(vstack((matrix[below], -matrix[above]))),
            np.concatenate((least[below], -most[above])),
            np.concatenate((below, above)) < self._fixed_rows,
        )

    def columns_of(self, answer: Answer) -> Floats:
        """Return the point of an answer as float64 [J + K + C], without levels where there are none.

        Parameters
        ----------
        answer
            Of this program.
        """
        built, cities = answer.decided[: self._built], answer.decided[self._built :]
        return np.concatenate((built, answer.level[: self._levels], cities))

    def keep(self) -> None:
        """Count all rows there are as the model's own, which `drop_slack` leaves."""
        self._fixed_rows = int(self._model.getNumRow())

    def limit(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions.

        Parameters
        ----------
        lower, upper
            float64 [J + C] each.
        """
        moved = np.flatnonzero((lower != self._lower) | (upper != self._upper))
        if len(moved):
            columns = self._decisions[moved]
            self._model.changeColsBounds(len(moved), columns, lower[moved], upper[moved])
            self._lower, self._upper = lower.copy(), upper.copy()

    def cut_off(self, worth: float) -> None:
        """Let solves end as soon as no whole worth above this one is left: they are then empty.

        Parameters
        ----------
        worth
            Of the best plan known; minus infinity without one.
        """
        least = -(worth + 1.0 - EDGE * max(1.0, abs(worth))) if math.isfinite(worth) else INFINITY
        self._model.setOptionValue("objective_bound", least)

    def solve(self, *, seconds: float) -> Answer:
        """Solve from where the last solve ended.

        Parameters
        ----------
        seconds
            Time allowed.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        self._run(seconds)
        ending = self._ending()
        solution = self._model.getSolution()
        values = np.array(solution.col_value)
        if len(values) == 0:
            values = np.zeros(self._model.getNumCol())
        duals = np.array(solution.col_dual)
        reduced = -duals[self._decisions] if len(duals) else np.zeros(len(self._decisions))
        level = values[self._built : self._built + self._levels] if self._levels else np.ones(self._pairs)
        worth = {"optimal": self._worth(), "empty": -math.inf, "limit": math.inf}[ending]
        return Answer(ending, worth, values[self._decisions], level, reduced)

    def probe(self, decision: int, value: float, *, iterations: int) -> tuple[float, bool]:
        """Fix one decision, take a few steps of the dual simplex method, and return to the state before.

        Parameters
        ----------
        decision, value
            Position of what is fixed, and 0 or 1.
        iterations
            Most steps.

        Returns
        -------
        tuple
            The worth met, minus infinity when nothing is left; and whether it is an upper bound. After a
            limit of steps it is none: the simplex method may still work with perturbed costs.
        """
        model, column = self._model, self._decisions[decision]
        basis = model.getBasis()
        model.changeColBounds(column, value, value)
        model.setOptionValue("simplex_iteration_limit", iterations)
        self._run(60.0)
        ending = self._ending()
        worth = -model.getInfo().objective_function_value
        model.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        model.changeColBounds(column, self._lower[decision], self._upper[decision])
        model.setBasis(basis)
        return -math.inf if ending == "empty" else worth, ending != "limit"

    def drop_slack(self) -> int:
        """Take out cuts that do not bind at the last point, and return how many are left."""
        least: Floats = np.array(self._model.getLp().row_lower_, np.float64)
        activity: Floats = np.array(self._model.getSolution().row_value, np.float64)
        slack = np.flatnonzero(activity > least + SLACK)
        slack = slack[slack >= self._fixed_rows].astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)
        return int(self._model.getNumRow()) - self._fixed_rows

    def _run(self, seconds: float) -> None:
        self._model.setOptionValue("time_limit", self._model.getRunTime() + max(0.0, seconds))
        if self._model.run() != highspy.HighsStatus.kError:
            return
        self._model.clearSolver()  # a basis can be too near to singular to start from
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve a relaxation", remedy="Try --solver scip.")

    def _worth(self) -> float:
        """Return the worth of the point, and twice its distance from what the duals prove on top.

        The interior point method ends some 1e-8 of the worth below the optimum, which would be no bound;
        HiGHS gives the distance of both objectives relative to `1 + |primal| + |dual|`.
        """
        info = self._model.getInfo()
        worth = -float(info.objective_function_value)
        apart = float(info.primal_dual_objective_error)
        return worth + 2.0 * apart * (1.0 + 2.0 * abs(worth)) if 0.0 < apart < 1.0 else worth

    def _ending(self) -> Ending:
        status, kinds = self._model.getModelStatus(), highspy.HighsModelStatus
        if status == kinds.kOptimal:
            return "optimal"
        over = (kinds.kInfeasible, kinds.kUnboundedOrInfeasible, kinds.kObjectiveBound)
        return "empty" if status in over else "limit"

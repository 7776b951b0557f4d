"""Maintain PuLP models as live HiGHS models: relaxations, integer masters, models with rings or periods.

Each model is built with PuLP once. PuLP would create a new HiGHS model for every solve, so rows, bounds and
objectives are changed in the HiGHS model directly, which then continues from its last basis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as version_of
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, vstack

from optimiser.engine.backends.interfaces import LpSolution, LpStatus, MasterSolution, OnPoint, Point
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import divisor, scale_of
from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.models.modelling import pulp
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import Floats, Rows, SplitRows
from optimiser.engine.search.task import LevelRow
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError
from optimiser.problem.result import bound_tolerance

INFINITY = highspy.kHighsInf

CUTOFF_TOLERANCE = 1e-6
"""Tolerance of integer objectives, relative to max(1, |objective|)."""

BINDING = 1e-2
"""Slack up to which a row counts as binding."""

MOST_NODES = MOST_ITERATIONS = 2**31 - 1
"""Node and iteration limits that are never reached."""

BELOW_ONE = 0.999
"""Absolute gap at which the optimum is proved: scaled objectives are integer. See `proving_gap`."""

FIRST_NODES = 200
"""Node limit of the first turn of an integer master; it doubles each turn, so that cuts are found early."""

PROBE_S = 60.0
"""Time limit of a probe, in seconds; reached only where HiGHS stalls."""

SMALL_LP_ITERATIONS = 20_000
"""Limit on the simplex iterations of a small linear program."""

type OnProgress = Callable[[float | None, Floats | None], bool]
"""Called with a bound or the values of an integer point while HiGHS solves; returns whether to stop."""


def version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {version_of('highspy')}"


@dataclass(frozen=True, slots=True)
class IntegerSolution:
    """Result of an integer model.

    Attributes
    ----------
    bound
        Proven bound on the objective of the model, which is scaled; None without one.
    values
        float64, a value for each column; None when no point was found.
    infeasible
        Whether the model is proved infeasible.
    complete
        Whether the requested gap was closed, rather than a limit reached.
    nodes
        Number of nodes of the tree.
    """

    bound: float | None
    values: Floats | None
    infeasible: bool
    complete: bool
    nodes: int


class HighsModel:
    """A live HiGHS model with named columns.

    Parameters
    ----------
    model
        The `highspy.Highs` instance, with its options set.
    names
        Names of the columns, in order.
    integers
        int32, positions of the integer columns.
    """

    def __init__(self, model: Any, names: Sequence[str], integers: NDArray[np.int32]) -> None:  # noqa: ANN401
        self._model = model
        self._names = names
        self._integers = integers
        self._fixed_rows = self._row_count()

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self._names)}

    def columns(self, variables: Iterable[pulp.LpVariable]) -> Integers:
        """Return int64, the column positions of PuLP variables."""
        return np.array([self._column[v.name] for v in variables], dtype=np.int64)

    def by_name(self, values: Floats) -> dict[str, float]:
        """Return the values of a point by variable name."""
        return dict(zip(self._names, values.tolist(), strict=True))

    def _row_count(self) -> int:
        return int(self._model.getNumRow())

    def add_rows(self, least: Floats, start: Integers, index: Integers, value: Floats) -> None:
        """Add R rows `sum of value * column >= least`.

        Parameters
        ----------
        least
            float64 [R], right sides.
        start
            int64 [R], position of the first entry of each row.
        index, value
            Columns and coefficients of all entries, row by row.
        """
        if len(least):
            self._model.addRows(
                len(least),
                least,
                np.full(len(least), INFINITY),
                len(index),
                start.astype(np.int32),
                index.astype(np.int32),
                value.astype(np.float64),
            )

    def add_cuts(self, rows: Rows, x: Integers, y: Integers | None) -> None:
        """Add rows `sum of value x - sum of y >= 0`, or `sum of value x >= number of pairs` without y.

        Parameters
        ----------
        rows
            The rows.
        x, y
            int64, columns of candidates and pairs, in the numbering of the rows; `y` is None where every pair
            must be covered.
        """
        start, pair_counts = rows.start[:-1], rows.pair_counts
        index, value, least = x[rows.candidate], rows.value, pair_counts.astype(np.float64)
        if y is not None:
            # The entries of y come before those of x in each row.
            before = np.repeat(start, pair_counts)
            index = np.insert(index, before, y[rows.pair])
            value = np.insert(value, before, -1.0)
            start, least = start + np.cumsum(pair_counts) - pair_counts, np.zeros(len(rows))
        self.add_rows(least, start, index, value)

    def add_expressions(self, rows: Sequence[pulp.LpAffineExpression]) -> None:
        """Add PuLP rows `expression >= 0` or `<= 0`, which `drop_slack_rows` keeps."""
        signs = [-1.0 if row.sense == pulp.LpConstraintLE else 1.0 for row in rows]
        terms = [
            [(self._column[v.name], factor * sign) for v, factor in row.items()]
            for row, sign in zip(rows, signs, strict=True)
        ]
        least = np.array([-float(row.constant) * sign for row, sign in zip(rows, signs, strict=True)])
        start = np.cumsum([0, *(len(row) for row in terms)])[:-1]
        flat = [term for row in terms for term in row]
        self.add_rows(least, start, np.array([i for i, _ in flat]), np.array([f for _, f in flat]))
        self.keep_rows()

    def forbid_plan(self, columns: Integers, x: Floats) -> None:
        """Add `sum_{j not built} x_j - sum_{j built} x_j >= 1 - number built` for a plan, float64 [J]."""
        least = np.array([1.0 - x.sum()])
        self.add_rows(least, np.zeros(1, np.int64), columns, np.where(x > 0.5, -1.0, 1.0))

    def keep_rows(self) -> None:
        """Exempt all current rows from `drop_slack_rows`."""
        self._fixed_rows = self._row_count()

    def drop_slack_rows(self) -> int:
        """Remove added rows that do not bind at the last point, and return the number of added rows left."""
        slack = self._slack_rows().astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)
        return self._row_count() - self._fixed_rows

    def _slack_rows(self) -> Integers:
        """Return the positions of the added rows that do not bind at the last point."""
        least = np.array(self._model.getLp().row_lower_)
        activity = np.array(self._model.getSolution().row_value)
        slack = np.flatnonzero(activity > least + BINDING)
        return slack[slack >= self._fixed_rows]

    def change_bounds(self, columns: Integers, lower: Floats, upper: Floats) -> None:
        """Set the bounds of columns."""
        if len(columns):
            self._model.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def probe_column(
        self, column: int, value: float, bounds: tuple[float, float], *, iterations: int
    ) -> tuple[float, bool]:
        """Fix a column of a model that HiGHS minimises, run a few iterations, and restore bounds and basis.

        Returns
        -------
        tuple
            Minus the objective reached, minus infinity when infeasible; and whether it is an upper bound.
        """
        model = self._model
        basis = model.getBasis()
        model.changeColBounds(column, value, value)
        model.setOptionValue("simplex_iteration_limit", iterations)
        self._run(PROBE_S)
        status = self._status()
        objective = -model.getInfo().objective_function_value
        model.setOptionValue("simplex_iteration_limit", MOST_ITERATIONS)
        model.changeColBounds(column, *bounds)
        model.setBasis(basis)
        return -math.inf if status == "infeasible" else objective, status != "limit"

    def _set_integer(self, *, enabled: bool) -> None:
        kind = highspy.HighsVarType.kInteger if enabled else highspy.HighsVarType.kContinuous
        self._model.changeColsIntegrality(
            len(self._integers), self._integers, np.full(len(self._integers), kind)
        )

    def _run(self, seconds: float) -> None:
        # The clock of HiGHS runs over all solves of a model.
        self._model.setOptionValue("time_limit", self._model.getRunTime() + max(0.0, seconds))
        if self._model.run() != highspy.HighsStatus.kError:
            return
        self._model.clearSolver()  # the last basis may be too close to singular to start from
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError(
                "HiGHS could not solve a model", remedy="Try --solver scip, or another --variant."
            )

    def _status(self) -> LpStatus:
        """Return how the last solve ended.

        Every column is bounded, so `kUnboundedOrInfeasible` means infeasible. `kObjectiveBound` means that no
        objective better than the cutoff is possible.
        """
        status, kinds = self._model.getModelStatus(), highspy.HighsModelStatus
        if status == kinds.kOptimal:
            return "optimal"
        infeasible = (kinds.kInfeasible, kinds.kUnboundedOrInfeasible, kinds.kObjectiveBound)
        return "infeasible" if status in infeasible else "limit"

    def _values(self) -> Floats:
        return np.array(self._model.getSolution().col_value, np.float64)

    def solve_relaxation(self, *, seconds: float) -> tuple[LpStatus, float, Floats]:
        """Return status, scaled objective and column values of the linear relaxation."""
        self._set_integer(enabled=False)
        self._run(seconds)
        return self._status(), float(self._model.getInfo().objective_function_value), self._values()

    def solve_integer(
        self,
        *,
        seconds: float,
        gap: float,
        nodes: int = MOST_NODES,
        start: tuple[Integers, Floats] | None = None,
        on_progress: OnProgress | None = None,
    ) -> IntegerSolution:
        """Solve the model with integrality.

        Parameters
        ----------
        seconds
            Time limit.
        gap
            Relative gap at which to stop.
        nodes
            Node limit.
        start
            Columns and values of a start solution; HiGHS completes it.
        on_progress
            Called with bounds and integer points as they are found.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        self._set_integer(enabled=True)
        self._model.setOptionValue("mip_rel_gap", gap)
        costs = np.array(self._model.getLp().col_cost_)
        self._model.setOptionValue("mip_abs_gap", proving_gap(float(np.abs(costs).sum())))
        self._model.setOptionValue("mip_max_nodes", min(nodes, MOST_NODES))
        if start is not None:
            columns, values = start
            self._model.setSolution(len(columns), columns.astype(np.int32), values)
        if on_progress is not None:
            self._register_callbacks(on_progress)
        self._run(seconds)
        info, status = self._model.getInfo(), self._status()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if start is not None and found and self._is_misled(info.objective_function_value):
            self._model.clearSolver()
            return self.solve_integer(seconds=seconds, gap=gap, nodes=nodes, on_progress=on_progress)
        return IntegerSolution(
            bound=_finite(info.mip_dual_bound),
            values=self._values() if found else None,
            infeasible=status == "infeasible",
            complete=status == "optimal",
            nodes=max(0, int(info.mip_node_count)),
        )

    def _is_misled(self, objective: float) -> bool:
        """Return whether HiGHS reports values with an objective that is not theirs.

        HiGHS 1.16 may call a start solution optimal, with an objective that no point has.
        """
        lp = self._model.getLp()
        own = float(np.array(lp.col_cost_) @ self._values()) + lp.offset_
        return not math.isclose(own, objective, rel_tol=1e-6, abs_tol=1e-6)

    def _register_callbacks(self, on_progress: OnProgress) -> None:
        """Pass points and bounds to `on_progress`.

        Bounds are read from the interrupt callback only: the bound reported with a new point may belong to a
        smaller model in which HiGHS completes a start solution. Points of such a model have another length.
        """
        kinds = highspy.cb.HighsCallbackType

        def on_callback(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:  # noqa: ANN401
            if kind == kinds.kCallbackMipImprovingSolution:
                if len(out.mip_solution) == len(self._names):
                    on_progress(None, np.array(out.mip_solution, np.float64))
            elif on_progress(_finite(out.mip_dual_bound), None):
                into.user_interrupt = True

        self._model.setCallback(on_callback, None)
        for kind in (kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt):
            self._model.startCallback(kind)


def callback_options(on_progress: OnProgress) -> dict[str, object]:
    """Return options of PuLP's HiGHS class that report bounds and integer points during the solve.

    Parameters
    ----------
    on_progress
        Called with bounds and column values; its result is ignored.
    """
    kinds = highspy.cb.HighsCallbackType

    def on_callback(kind: int, _message: str, out: Any, _into: Any, _data: Any) -> None:  # noqa: ANN401
        if kind == kinds.kCallbackMipImprovingSolution:
            on_progress(None, np.array(out.mip_solution, np.float64))
        else:
            on_progress(_finite(out.mip_dual_bound), None)

    activated = [kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt]
    return {"callbackTuple": (on_callback, None), "callbacksToActivate": activated}


def proving_gap(largest: float) -> float:
    """Return an absolute gap at which the rounded bound of an integer objective proves its optimum.

    A bound is relaxed by its tolerance before it is rounded, and so must the gap be narrower by it.

    Parameters
    ----------
    largest
        Largest absolute value of the objective.
    """
    return max(0.0, BELOW_ONE - 2.0 * bound_tolerance(largest))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def to_highs(
    lp: pulp.LpProblem, *, threads: int, seed: int, integer: bool = True, log: bool = False
) -> tuple[Any, list[str], NDArray[np.int32]]:
    """Return a PuLP model as a HiGHS model, with the names of its columns and the integer columns.

    Parameters
    ----------
    lp
        The PuLP model.
    threads, seed
        Options of HiGHS.
    integer
        False: build the linear relaxation.
    log
        Whether HiGHS writes its log.

    Notes
    -----
    PuLP does not export variables that occur in no row and not in the objective. Cuts may use them later, so
    they are added as the last columns.
    """
    exported = lp.exported_variables()
    names = {v.name for v in exported}
    unused = [v for v in lp.variables() if v.name not in names]
    variables = [*exported, *unused]
    solver = pulp.HiGHS(msg=log, threads=threads, random_seed=seed, mip=integer)
    solver.createAndConfigureSolver(lp)
    solver.buildSolverModel(lp)
    model: Any = lp.solverModel
    for v in unused:
        model.addVar(v.lowBound, v.upBound)
    integers = np.array([i for i, v in enumerate(variables) if v.cat == pulp.LpInteger], dtype=np.int32)
    return model, [v.name for v in variables], integers


class Relaxation(HighsModel):
    """The linear relaxation of the master problem (`models.cuts_master`), a `LinearProgram`.

    Parameters
    ----------
    problem
        A reduced problem.
    seed
        Random seed of HiGHS.

    Notes
    -----
    The columns are x [J], y [K] and z [C]; y and z are missing where every pair must be covered. The
    objective is always maximised; HiGHS minimises its negative. Each relaxation uses one thread, so that
    several can be solved in parallel.
    """

    def __init__(self, problem: DesignProblem, *, seed: int) -> None:
        lp, variables = build_master(problem)
        super().__init__(*to_highs(lp, threads=1, seed=seed, integer=False))
        self._set_integer(enabled=False)
        self._seed = seed
        self._pairs = len(problem.pairs)
        self._x = self.columns(variables.x)
        self._y = None if problem.must_cover else self.columns(variables.y)
        self._z = self.columns(variables.z)
        self._decisions = np.concatenate([self._x, self._z])
        self._xyz = self._decisions if self._y is None else np.concatenate([self._x, self._y, self._z])
        if problem.budget is not None:
            costs = np.array(self._model.getLp().col_cost_)
            self._model.changeObjectiveSense(highspy.ObjSense.kMinimize)
            self._set_costs(-costs)
        self._lower = np.zeros(len(self._decisions))
        self._upper = np.ones(len(self._decisions))
        self.divisor = scale_of(problem)

    def _set_costs(self, costs: Floats) -> None:
        self._model.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    @property
    def cuts(self) -> int:
        """Return the number of cuts in the relaxation."""
        return self._row_count() - self._fixed_rows

    def use_interior_point(self, *, enabled: bool) -> None:
        """Choose the interior point method without crossover, or leave the choice to HiGHS.

        Parameters
        ----------
        enabled
            True for the first rounds of large problems, where the simplex method is slow. The points are then
            no vertices, and the objective is corrected to a bound (`_objective`).
        """
        self._model.setOptionValue("solver", "ipm" if enabled else "choose")
        self._model.setOptionValue("run_crossover", "off" if enabled else "on")

    def add(self, rows: Rows) -> None:
        """Add cuts."""
        self.add_cuts(rows, self._x, self._y)

    def add_splits(self, rows: SplitRows) -> None:
        """Add lift-and-project cuts over x, y and z."""
        self.add_rows(rows.least, rows.start[:-1], self._xyz[rows.column], rows.value)

    def rows(self) -> tuple[csr_array, Floats, Mask]:
        """Return all rows as `G v >= g` with v = (x, y, z).

        Returns
        -------
        tuple
            G, float64 [R x (J + K + C)]; g, float64 [R]; and bool [R], rows of the model itself, which
            `drop_slack_rows` keeps.
        """
        lp = self._model.getLp()
        stored = lp.a_matrix_
        parts = (np.array(stored.value_), np.array(stored.index_), np.array(stored.start_))
        order = csc_array if stored.format_ == highspy.MatrixFormat.kColwise else csr_array
        matrix = csr_array(order(parts, shape=(lp.num_row_, lp.num_col_)))[:, self._xyz]
        least, most = np.array(lp.row_lower_), np.array(lp.row_upper_)
        below, above = np.flatnonzero(np.isfinite(least)), np.flatnonzero(np.isfinite(most))
        return (
            csr_array(vstack((matrix[below], -matrix[above]))),
            np.concatenate((least[below], -most[above])),
            np.concatenate((below, above)) < self._fixed_rows,
        )

    def point(self, solution: LpSolution) -> Floats:
        """Return the point (x, y, z) of a solution, without y where every pair must be covered."""
        x, z = solution.decisions[: len(self._x)], solution.decisions[len(self._x) :]
        return np.concatenate([x, z] if self._y is None else [x, solution.y, z])

    def set_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions, float64 [J + C] each."""
        changed = np.flatnonzero((lower != self._lower) | (upper != self._upper))
        if len(changed):
            self.change_bounds(self._decisions[changed], lower[changed], upper[changed])
            self._lower, self._upper = lower.copy(), upper.copy()

    def set_cutoff(self, objective: float) -> None:
        """End later solves as infeasible once no integer objective above this one is possible.

        Parameters
        ----------
        objective
            Scaled objective of the best known plan; minus infinity without one.
        """
        tolerance = CUTOFF_TOLERANCE * max(1.0, abs(objective))
        bound = -(objective + 1.0 - tolerance) if math.isfinite(objective) else INFINITY
        self._model.setOptionValue("objective_bound", bound)

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from the last basis.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        self._run(seconds)
        status, solution = self._status(), self._model.getSolution()
        values, duals = np.array(solution.col_value), np.array(solution.col_dual)
        if not len(values):
            values = np.zeros(len(self._names))
        reduced_costs = -duals[self._decisions] if len(duals) else np.zeros(len(self._decisions))
        y = np.ones(self._pairs) if self._y is None else values[self._y]
        objective = {"optimal": self._objective(), "infeasible": -math.inf, "limit": math.inf}[status]
        return LpSolution(status, objective, values[self._decisions], y, reduced_costs)

    def solve_anew(self, *, seconds: float) -> LpSolution:
        """Solve by the interior point method with crossover, which leaves a basis for later solves.

        Without a basis to start from, large problems take the simplex method ten times as long.
        """
        self._model.setOptionValue("solver", "ipm")
        try:
            return self.solve(seconds=seconds)
        finally:
            self._model.setOptionValue("solver", "choose")

    def _objective(self) -> float:
        """Return the objective of the last solution, raised to the bound that its duals prove.

        The interior point method stops about 1e-8 (relative) below the optimum, which is no upper bound.
        HiGHS reports the difference of primal and dual objective relative to `1 + |primal| + |dual|`.
        """
        info = self._model.getInfo()
        objective = -float(info.objective_function_value)
        error = float(info.primal_dual_objective_error)
        return objective + 2.0 * error * (1.0 + 2.0 * abs(objective)) if 0.0 < error < 1.0 else objective

    def probe(self, decision: int, value: float, *, iterations: int) -> tuple[float, bool]:
        """Fix a decision, run a few dual simplex iterations, and restore bounds and basis.

        Parameters
        ----------
        decision, value
            Position of the decision, and the value 0 or 1 at which it is fixed.
        iterations
            Limit on the iterations.

        Returns
        -------
        tuple
            The scaled objective reached, minus infinity when infeasible; and whether it is an upper bound. At
            the iteration limit it is not: the simplex method may still use perturbed costs.
        """
        return self.probe_column(
            int(self._decisions[decision]),
            value,
            (self._lower[decision], self._upper[decision]),
            iterations=iterations,
        )


class QuestionRelaxation(Relaxation):
    """The linear relaxation for a sequence of questions with different budgets, targets and objectives.

    The model contains a row for the cost and a row for each measure; a question sets their sides and the
    objective. Cuts are kept between questions, since they are valid at every budget.

    Parameters
    ----------
    problem
        A reduced problem with the largest budget of all questions.
    measures
        int64 [M x (K + C)], the weight of each pair and city in each measure.
    seed
        Random seed of HiGHS.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self._cost = np.array([c.cost for c in problem.candidates], np.int64)
        self._covered = self._z if self._y is None else np.concatenate([self._y, self._z])
        self._cost_unit = divisor(self._cost.tolist())
        self._units = [divisor(row) for row in measures.tolist()]
        self._minimises_cost = False
        self._level_column: int | None = None
        self._first_row = self._row_count()
        self._append(self._x, self._cost / self._cost_unit)
        for row, unit in zip(measures, self._units, strict=True):
            self._append(self._covered, row / unit)
        self.keep_rows()

    def _append(self, columns: Integers, values: Floats) -> None:
        used = np.flatnonzero(values)
        index = columns[used].astype(np.int32)
        self._model.addRow(-INFINITY, INFINITY, len(used), index, values[used])

    def set_question(
        self,
        *,
        budget: int | None,
        least: Sequence[int],
        weights: Integers | None,
        levels: Sequence[LevelRow] = (),
    ) -> None:
        """Set budget, targets and objective, and reset the bounds of all decisions.

        Parameters
        ----------
        budget
            Budget; None: unlimited.
        least
            Least value of each measure.
        weights
            int64 [K + C], objective coefficients of covered pairs and cities; None: minimise the cost.
        levels
            For each measure what a level asks of it: the level is maximised, whatever the weights, and a
            measure with a slope has no other target.
        """
        most = INFINITY if budget is None else math.floor(budget / self._cost_unit)
        self._model.changeRowBounds(self._first_row, -INFINITY, most)
        for row, (value, unit) in enumerate(zip(least, self._units, strict=True), start=self._first_row + 1):
            self._model.changeRowBounds(row, -(-value // unit), INFINITY)
        costs = np.zeros(len(self._names))
        self._minimises_cost = weights is None and not levels
        self._set_levels(levels)
        if levels:
            self.divisor = 1
        elif weights is None:
            self.divisor = self._cost_unit
            costs[self._x] = self._cost / self._cost_unit
        else:
            self.divisor = divisor(weights.tolist())
            costs[self._covered] = -weights / self.divisor
        self._set_costs(costs)
        self._free_decisions()
        self.set_cutoff(-math.inf)

    def _set_levels(self, levels: Sequence[LevelRow]) -> None:
        """Let the level, a free column, be the objective and part of the rows of measures; or take it out.

        The row of a measure, in its unit, becomes `measure - slope / scale * level >= offset / scale`.
        """
        if self._level_column is None:
            if not levels:
                return
            self._level_column = int(self._model.getNumCol())
            self._model.addCol(0.0, -INFINITY, INFINITY, 0, [], [])
        self._model.changeColCost(self._level_column, -1.0 if levels else 0.0)
        for row, unit in enumerate(self._units):
            asked = levels[row] if levels else None
            scale = unit * (asked.scale if asked else 1)
            place = self._first_row + 1 + row
            self._model.changeCoeff(place, self._level_column, -asked.slope / scale if asked else 0.0)
            if asked and asked.slope:
                self._model.changeRowBounds(place, asked.offset / scale, INFINITY)

    def _free_decisions(self) -> None:
        self.set_bounds(np.zeros(len(self._decisions)), np.ones(len(self._decisions)))

    def solve_integer_copy(
        self, start: Floats | None, *, gap: float, seconds: float, forbidden: Sequence[Floats] = ()
    ) -> MasterSolution[Point]:
        """Solve a copy of the model with its current cuts, in which all columns are binary.

        Parameters
        ----------
        start
            float64 [J], the best known plan.
        gap
            Relative gap at which to stop.
        seconds
            Time limit.
        forbidden
            Plans to cut off, float64 [J] each.

        Notes
        -----
        y is integer too. That cuts off no plan (`models.decisions.declare`), and lets the solver derive cuts
        from the rows of measures, in which only y and z occur. Most of these models are solved at the root,
        where heuristics and symmetry detection would take a third of the time; both are switched off.
        """
        model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", self._seed),
            ("mip_heuristic_effort", 0.0),
            ("mip_heuristic_run_feasibility_jump", False),
            ("mip_detect_symmetry", False),
        ):
            model.setOptionValue(name, value)
        self._free_decisions()  # the bounds of the last node of a tree may still be set
        model.passModel(self._model.getLp())
        copy = HighsModel(model, self._names, np.arange(len(self._names), dtype=np.int32))
        for x in forbidden:
            copy.forbid_plan(self._x, x)
        found = copy.solve_integer(
            seconds=seconds, gap=gap, start=None if start is None else (self._x, start)
        )
        points: tuple[Point, ...] = ()
        if found.values is not None:
            y = np.ones(self._pairs) if self._y is None else np.round(found.values[self._y])
            points = (Point(np.round(found.values[self._x]), y),)
        sign = 1 if self._minimises_cost else -1
        bound = None if found.bound is None else sign * found.bound * self.divisor
        return MasterSolution(bound, points, found.complete, found.infeasible)


def reset_threads() -> None:
    """Let the next model set the number of threads.

    The scheduler of HiGHS is global to the process: it keeps the number of the model that was solved first,
    and a model with another number ends with an error. No model may be running meanwhile.
    """
    highspy.Highs.resetGlobalScheduler(True)


class IntegerMaster(HighsModel):
    """The integer master problem of the time-cut method (`models.cuts_master`).

    Parameters
    ----------
    problem
        A reduced problem.
    threads, seed, log
        Options of HiGHS, as in `Task`.
    """

    def __init__(self, problem: DesignProblem, *, threads: int, seed: int, log: bool = False) -> None:
        reset_threads()
        lp, variables = build_master(problem)
        super().__init__(*to_highs(lp, threads=threads, seed=seed, log=log))
        self._pairs = len(problem.pairs)
        self._x = self.columns(variables.x)
        self._y = None if problem.must_cover else self.columns(variables.y)
        self._z = self.columns(variables.z)
        self._cities = () if problem.must_cover else problem.cities
        self._divisor = scale_of(problem)

    def add(self, rows: Rows) -> None:
        """Add rows for all later turns."""
        self.add_cuts(rows, self._x, self._y)

    def forbid(self, x: Floats) -> None:
        """Cut off a single plan, float64 [J]."""
        self.forbid_plan(self._x, x)

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Solve the model within the seconds given; the node limit doubles with each turn.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        points: list[Point] = []

        def report_progress(bound: float | None, values: Floats | None) -> bool:
            if values is not None:
                points.append(self._point(values))
            return on_point(self._unscaled(bound), None if values is None else points[-1])

        found = self.solve_integer(
            seconds=seconds,
            gap=gap,
            nodes=FIRST_NODES << min(turn, 31),
            start=None if start is None else self._start(start),
            on_progress=report_progress,
        )
        if found.values is not None:
            points.append(self._point(found.values))
        return MasterSolution(self._unscaled(found.bound), tuple(points), found.complete, found.infeasible)

    def _unscaled(self, bound: float | None) -> float | None:
        return None if bound is None else bound * self._divisor

    def _start(self, start: Point) -> tuple[Integers, Floats]:
        reached = [start.y[list(city.pairs)].sum() >= city.need for city in self._cities]
        y = np.zeros(0, np.int64) if self._y is None else self._y
        columns = np.concatenate([self._x, y, self._z])
        return columns, np.concatenate([start.x, start.y[: len(y)], np.array(reached, np.float64)])

    def _point(self, values: Floats) -> Point:
        y = np.ones(self._pairs) if self._y is None else values[self._y]
        return Point(values[self._x], y)


class ExtendedHighs(HighsModel):
    """The model of a problem with rings or periods (`models.extended`), without flows.

    Parameters
    ----------
    model
        The PuLP model.
    threads, seed, log
        Options of HiGHS, as in `Task`.

    Notes
    -----
    Each integer solve starts from scratch: HiGHS 1.16 would take the last point as a start solution, complete
    it in a smaller model, and sometimes end with the result of that model.
    """

    def __init__(self, model: ExtendedModel, *, threads: int, seed: int, log: bool = False) -> None:
        reset_threads()
        super().__init__(*to_highs(model.lp, threads=threads, seed=seed, log=log))

    def solve_integer(self, **options: Any) -> IntegerSolution:  # noqa: ANN401 - as in the parent
        """Solve the model with integrality, from scratch."""
        self._model.clearSolver()
        return super().solve_integer(**options)


class SmallLps:
    """Solves many small linear programs, one after another, in one instance of HiGHS.

    Parameters
    ----------
    left
        Returns the seconds left.
    """

    def __init__(self, left: Callable[[], float] = lambda: math.inf) -> None:
        self._left = left
        model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("simplex_iteration_limit", SMALL_LP_ITERATIONS),
        ):
            model.setOptionValue(name, value)
        self._model = model

    def __call__(
        self, matrix: csr_array, least: Floats, lower: Floats, upper: Floats
    ) -> tuple[Floats, Floats] | None:
        """Minimise the last column over `matrix v >= least`, `lower <= v <= upper`.

        Returns
        -------
        tuple or None
            The solution, float64 [columns], and the duals of the rows, float64 [rows]; None where HiGHS found
            no optimum.
        """
        rows, columns = matrix.shape
        lp: Any = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = rows, columns
        lp.col_cost_ = np.append(np.zeros(columns - 1), 1.0)
        lp.col_lower_, lp.col_upper_ = lower, upper
        lp.row_lower_, lp.row_upper_ = least, np.full(rows, INFINITY)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self._model.passModel(lp)
        self._model.setOptionValue("time_limit", self._model.getRunTime() + max(0.0, self._left()))
        self._model.run()
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._model.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)

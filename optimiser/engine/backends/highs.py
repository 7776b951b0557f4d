"""Maintain PuLP models as live HiGHS models: masters of time cuts, and models with rings or periods.

Each model is built with PuLP once. PuLP would create a new HiGHS model for every solve, so rows, bounds and
objectives are changed in the HiGHS model directly, which then continues from its last basis.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from optimiser.engine.backends.interfaces import LpSolution, LpStatus, MasterSolution, Point
from optimiser.engine.backends.solvers import set_options
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import pulp, scale_of
from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats, Rows
from optimiser.engine.search.task import NO_OPTIONS, Options
from optimiser.problem import DesignProblem, errors, result

INFINITY = highspy.kHighsInf

BINDING = 1e-2
"""Slack up to which a row counts as binding."""

MOST_NODES = MOST_ITERATIONS = 2**31 - 1
"""Node and iteration limits that are never reached."""

BELOW_ONE = 0.999
"""Absolute gap at which the optimum is proved: scaled objectives are integer. See `proving_gap`."""

PROBE_S = 60.0
"""Time limit of a probe, in seconds; reached only where HiGHS stalls."""

SMALL_LP_ITERATIONS = 20_000
"""Limit on the simplex iterations of a small linear program."""

type OnProgress = Callable[[float | None, Floats | None, int], bool]
"""Called while HiGHS solves, with a bound or the values of an integer point, and with the number of nodes
solved (0: at the root); returns whether to stop."""


def empty_model(**options: object) -> Any:  # noqa: ANN401 - highspy's own
    """Return an empty model of HiGHS on one thread, without a log."""
    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        model.setOptionValue(name, value)
    return model


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

    Attributes
    ----------
    decisions
        int64 [N], columns on which a search may branch.
    values
        float64, values of all columns at the last solution of the relaxation.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - highspy's own
        names: Sequence[str] = (),
        integers: Sequence[int] | NDArray[np.integer] = (),
    ) -> None:
        self._model, self.names, self._integers = model, names, np.array(integers, np.int32)
        self._fixed_rows = self._row_count()
        self._sense = 1.0 if model.getLp().sense_ == highspy.ObjSense.kMaximize else -1.0
        self._pairs = 0
        self._y: Integers | None = np.zeros(0, np.int64)
        self._decide(np.zeros(0, np.int64))

    def _decide(self, decisions: Integers) -> None:
        """Name the columns, int64 [N], on which a search may branch."""
        lp = self._model.getLp()
        self.decisions = decisions
        self._lower = np.array(lp.col_lower_)[decisions]
        self._upper = np.array(lp.col_upper_)[decisions]

    def _relax(self) -> None:
        """Leave integrality out, and let HiGHS minimise the negative of an objective that is maximised."""
        self._set_integer(enabled=False)
        if self._sense > 0:
            self._model.changeObjectiveSense(highspy.ObjSense.kMinimize)
            self._set_costs(-np.array(self._model.getLp().col_cost_))
            self._sense = -1.0

    def _set_costs(self, costs: Floats) -> None:
        self._model.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def columns(self, variables: Iterable[pulp.LpVariable]) -> Integers:
        """Return int64, the column positions of PuLP variables."""
        return np.array([self._column[v.name] for v in variables], dtype=np.int64)

    def by_name(self, values: Floats) -> dict[str, float]:
        """Return the values of a point by variable name."""
        return dict(zip(self.names, values.tolist(), strict=True))

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

    def _matrix(self) -> csr_array:
        """Return the coefficients of all rows, float64 [rows x columns]."""
        lp = self._model.getLp()
        stored = lp.a_matrix_
        parts = (np.array(stored.value_), np.array(stored.index_), np.array(stored.start_))
        order = csc_array if stored.format_ == highspy.MatrixFormat.kColwise else csr_array
        return csr_array(order(parts, shape=(lp.num_row_, lp.num_col_)))

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

    def set_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions, float64 [N] each."""
        changed = np.flatnonzero((lower != self._lower) | (upper != self._upper))
        self.change_bounds(self.decisions[changed], lower[changed], upper[changed])
        self._lower, self._upper = lower.copy(), upper.copy()

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
        model, column = self._model, int(self.decisions[decision])
        basis = model.getBasis()
        model.changeColBounds(column, value, value)
        model.setOptionValue("simplex_iteration_limit", iterations)
        self._run(PROBE_S)
        status = self._status()
        objective = self._objective()
        model.setOptionValue("simplex_iteration_limit", MOST_ITERATIONS)
        model.changeColBounds(column, self._lower[decision], self._upper[decision])
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
            raise errors.SolverError(
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

    def solve_lp(self, *, seconds: float) -> LpSolution:
        """Solve a model without integrality from the last basis.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        self._run(seconds)
        status, solution = self._status(), self._model.getSolution()
        values, duals = np.array(solution.col_value), np.array(solution.col_dual)
        self.values = values if len(values) else np.zeros(len(self.names))
        reduced_costs = duals[self.decisions] if len(duals) else np.zeros(len(self.decisions))
        objective = {"optimal": self._objective(), "infeasible": -math.inf, "limit": math.inf}[status]
        y = self._coverage(self.values)
        return LpSolution(status, objective, self.values[self.decisions], y, self._sense * reduced_costs)

    def _objective(self) -> float:
        """Return the objective of the last solution, maximised."""
        return self._sense * float(self._model.getInfo().objective_function_value)

    def _coverage(self, values: Floats) -> Floats:
        """Return y of a point; ones where every pair must be covered."""
        return np.ones(self._pairs) if self._y is None else values[self._y]

    def solve_relaxation(self, *, seconds: float) -> LpSolution:
        """Solve the linear relaxation of a model that is solved with integrality at other times."""
        self._set_integer(enabled=False)
        return self.solve_lp(seconds=seconds)

    def solve_integer(
        self,
        *,
        seconds: float,
        gap: float,
        nodes: int = MOST_NODES,
        start: tuple[Integers, Floats] | None = None,
        on_progress: OnProgress | None = None,
    ) -> MasterSolution[Floats]:
        """Solve the model with integrality; the point is a value for each column.

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
            Called with bounds and integer points as they are found; the points are returned as well.

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
        points = list[Floats]()
        if on_progress is not None:

            def take(bound: float | None, values: Floats | None, nodes: int) -> bool:
                points.extend(() if values is None else (values,))
                return on_progress(bound, values, nodes)

            self._model.setCallback(_callback(take, len(self.names)), None)
            for kind in _PROGRESS:
                self._model.startCallback(kind)
        self._run(seconds)
        info, status = self._model.getInfo(), self._status()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        point: Floats = np.array(self._model.getSolution().col_value, np.float64)
        if start is not None and found and self._is_misled(info.objective_function_value, point):
            self._model.clearSolver()
            again = self.solve_integer(seconds=seconds, gap=gap, nodes=nodes, on_progress=on_progress)
            return replace(again, points=(*points, *again.points))
        return MasterSolution(
            info.mip_dual_bound,
            (*points, point) if found else tuple(points),
            complete=status == "optimal",
            infeasible=status == "infeasible",
            nodes=max(0, int(info.mip_node_count)),
        )

    def _is_misled(self, objective: float, values: Floats) -> bool:
        """Return whether HiGHS reports values with an objective that is not theirs.

        HiGHS 1.16 may call a start solution optimal, with an objective that no point has.
        """
        lp = self._model.getLp()
        own = float(np.array(lp.col_cost_) @ values) + lp.offset_
        return not math.isclose(own, objective, rel_tol=1e-6, abs_tol=1e-6)


_PROGRESS = (
    highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution,
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
)
"""Callbacks that report points, and bounds."""


def _callback(on_progress: OnProgress, size: int | None = None) -> Callable[..., None]:
    """Return what passes points and bounds to `on_progress`.

    Bounds are read from the interrupt callback only: the bound reported with a new point may belong to a
    smaller model in which HiGHS completes a start solution. Points of such a model have another length than
    `size`, the number of columns.
    """

    def on_callback(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:  # noqa: ANN401
        nodes = int(out.mip_node_count)
        if kind == _PROGRESS[0]:
            if size is None or len(out.mip_solution) == size:
                on_progress(None, np.array(out.mip_solution, np.float64), nodes)
        elif on_progress(float(out.mip_dual_bound), None, nodes):
            into.user_interrupt = True

    return on_callback


def callback_options(on_progress: OnProgress) -> dict[str, object]:
    """Return options of PuLP's HiGHS class that report bounds and integer points during the solve.

    Parameters
    ----------
    on_progress
        Called with bounds, column values and numbers of nodes.
    """
    return {"callbackTuple": (_callback(on_progress), None), "callbacksToActivate": list(_PROGRESS)}


def proving_gap(largest: float) -> float:
    """Return an absolute gap at which the rounded bound of an integer objective proves its optimum.

    A bound is relaxed by its tolerance before it is rounded, and so must the gap be narrower by it.

    Parameters
    ----------
    largest
        Largest absolute value of the objective.
    """
    return max(0.0, BELOW_ONE - 2.0 * result.bound_tolerance(largest))


def to_highs(
    lp: pulp.LpProblem,
    *,
    threads: int,
    seed: int,
    integer: bool = True,
    log: bool = False,
    options: Options = NO_OPTIONS,
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
    options
        Options of the user.

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
    model: Any = lp.solverModel
    model.setOptionValue("large_matrix_value", INFINITY)  # rows with numbers above 10^15 would be left out
    solver.buildSolverModel(lp)
    set_options(model, options)
    for v in unused:
        model.addVar(v.lowBound, v.upBound)
    integers = np.array([i for i, v in enumerate(variables) if v.cat == pulp.LpInteger], dtype=np.int32)
    return model, [v.name for v in variables], integers


class MasterHighs(HighsModel):
    """The master problem (`models.cuts_master`), with columns x [J], y [K] and z [C].

    y and z are missing where every pair must be covered.

    Parameters
    ----------
    problem
        A reduced problem.
    **settings
        As for `to_highs`.
    """

    def __init__(self, problem: DesignProblem, **settings: Any) -> None:  # noqa: ANN401 - several types
        lp, variables = build_master(problem)
        super().__init__(*to_highs(lp, **settings))
        self._problem, self.divisor = problem, scale_of(problem)
        self._pairs = len(problem.pairs)
        self._x, self._z = self.columns(variables.x), self.columns(variables.z)
        self._y = None if problem.must_cover else self.columns(variables.y)
        self._xyz = np.concatenate([self._x, self.columns(variables.y), self._z])
        self._decide(np.concatenate([self._x, self._z]))

    def add(self, rows: Rows) -> None:
        """Add cuts."""
        self.add_cuts(rows, self._x, self._y)

    def _point(self, values: Floats) -> Point:
        return Point(values[self._x], self._coverage(values))


def reset_threads() -> None:
    """Let the next model set the number of threads.

    The scheduler of HiGHS is global to the process: it keeps the number of the model that was solved first,
    and a model with another number ends with an error. No model may be running meanwhile.
    """
    highspy.Highs.resetGlobalScheduler(True)


class ExtendedHighs(HighsModel):
    """The model of a problem with rings or periods (`models.extended`), without flows.

    Parameters
    ----------
    model
        The PuLP model.
    **settings
        As for `to_highs`.

    Notes
    -----
    Each integer solve starts from scratch: HiGHS 1.16 would take the last point as a start solution, complete
    it in a smaller model, and sometimes end with the result of that model.
    """

    def __init__(self, model: ExtendedModel, **settings: Any) -> None:  # noqa: ANN401 - several types
        reset_threads()
        super().__init__(*to_highs(model.lp, **settings))
        self._decide(np.arange(len(self.names)))

    def solve_integer(self, **options: Any) -> MasterSolution[Floats]:  # noqa: ANN401 - as in the parent
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
        self._model = empty_model(presolve="off", simplex_iteration_limit=SMALL_LP_ITERATIONS)

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

"""Keep models of PuLP alive in HiGHS: relaxations, integer masters, and models with rings or periods.

PuLP states each model once; it would build a new HiGHS model at every solve. So rows, bounds and objectives
change in the HiGHS model itself, which continues from its last basis.
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
import pulp
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, vstack

from optimiser.engine.backends.interfaces import LpSolution, LpStatus, MasterSolution, OnPoint, Point
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import divisor, scale_of
from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import Floats, Rows, SplitRows
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

INFINITY = highspy.kHighsInf

CUTOFF_TOLERANCE = 1e-6
"""Tolerance of an integer objective, relative to max(1, |objective|)."""

BINDING = 1e-2
"""A row whose activity is within this of its side counts as binding."""

MOST_NODES = MOST_ITERATIONS = 2**31 - 1
"""Limits that limit nothing."""

BELOW_ONE = 0.999
"""Absolute gap that proves an integer objective: models divide it by its greatest common divisor."""

FIRST_NODES = 200
"""Nodes of the first solve of an integer master; later ones have twice as many each: cuts come early."""

PROBE_S = 60.0
"""Time limit of a few simplex steps; reached only where HiGHS stalls."""

SMALL_LP_STEPS = 20_000
"""Most simplex iterations of a small linear program."""

type OnProgress = Callable[[float | None, Floats | None], bool]
"""Takes a bound or the values of an integer point while HiGHS works; returns whether to end."""


def version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {version_of('highspy')}"


@dataclass(frozen=True, slots=True)
class IntegerSolution:
    """What HiGHS found for an integer model.

    Attributes
    ----------
    bound
        Proven bound of the model's objective; None when there is none.
    values
        float64, one value a column; None when no point was found.
    infeasible
        No point exists, proved.
    complete
        Solved to the gap asked for, not ended by a limit.
    nodes
        Nodes of the tree.
    """

    bound: float | None
    values: Floats | None
    infeasible: bool
    complete: bool
    nodes: int


class HighsModel:
    """A model kept in HiGHS, with the names of its columns.

    Parameters
    ----------
    model
        The HiGHS model, its options set.
    names
        Names of its columns, in order.
    integers
        int32, columns that are integer.
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
        """Return the columns of variables, int64."""
        return np.array([self._column[v.name] for v in variables], dtype=np.int64)

    def by_name(self, values: Floats) -> dict[str, float]:
        """Return the values of a point by the names of the variables."""
        return dict(zip(self._names, values.tolist(), strict=True))

    def _row_count(self) -> int:
        return int(self._model.getNumRow())

    def add_rows(self, least: Floats, start: Integers, index: Integers, value: Floats) -> None:
        """Add rows `sum of value * column >= least`.

        Parameters
        ----------
        least
            float64 [R].
        start
            int64 [R], where the entries of each row begin.
        index, value
            Columns and coefficients of all rows, one after another.
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
        """Add rows `sum of value x - sum of y >= 0`, or `sum of value x >= number of pairs`.

        Parameters
        ----------
        rows
            The rows.
        x, y
            Columns of candidates and pairs, in the order in which the rows number them; `y` is None where
            every pair must be covered.
        """
        start, claims = rows.start[:-1], rows.pair_counts
        index, value, least = x[rows.candidate], rows.value, claims.astype(np.float64)
        if y is not None:
            # the claims of a row stand before its candidates
            before = np.repeat(start, claims)
            index = np.insert(index, before, y[rows.pair])
            value = np.insert(value, before, -1.0)
            start, least = start + np.cumsum(claims) - claims, np.zeros(len(rows))
        self.add_rows(least, start, index, value)

    def add_expressions(self, rows: Sequence[pulp.LpAffineExpression]) -> None:
        """Add rows of PuLP, each `left >= 0` or `left <= 0`, which are never dropped."""
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
        """Never drop the rows that the model has now."""
        self._fixed_rows = self._row_count()

    def drop_slack_rows(self) -> int:
        """Remove added rows that do not bind at the last point, and return how many are left."""
        least = np.array(self._model.getLp().row_lower_)
        activity = np.array(self._model.getSolution().row_value)
        slack = np.flatnonzero(activity > least + BINDING)
        slack = slack[slack >= self._fixed_rows].astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)
        return self._row_count() - self._fixed_rows

    def change_bounds(self, columns: Integers, lower: Floats, upper: Floats) -> None:
        """Set the bounds of columns."""
        if len(columns):
            self._model.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def _set_integer(self, *, enabled: bool) -> None:
        kind = highspy.HighsVarType.kInteger if enabled else highspy.HighsVarType.kContinuous
        self._model.changeColsIntegrality(
            len(self._integers), self._integers, np.full(len(self._integers), kind)
        )

    def _run(self, seconds: float) -> None:
        # the clock of HiGHS counts all solves of a model together
        self._model.setOptionValue("time_limit", self._model.getRunTime() + max(0.0, seconds))
        if self._model.run() != highspy.HighsStatus.kError:
            return
        self._model.clearSolver()  # a basis can be too near to singular to start from
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError(
                "HiGHS could not solve a model", remedy="Try --solver scip, or another --variant."
            )

    def _status(self) -> LpStatus:
        """Return how the last solve ended; every column is bounded, so unbounded means infeasible too."""
        status, kinds = self._model.getModelStatus(), highspy.HighsModelStatus
        if status == kinds.kOptimal:
            return "optimal"
        infeasible = (kinds.kInfeasible, kinds.kUnboundedOrInfeasible, kinds.kObjectiveBound)
        return "infeasible" if status in infeasible else "limit"

    def _values(self) -> Floats:
        return np.array(self._model.getSolution().col_value, np.float64)

    def solve_relaxation(self, *, seconds: float) -> tuple[LpStatus, float, Floats]:
        """Return status, objective and point of the linear relaxation."""
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
            Relative gap at which to end.
        nodes
            Limit of nodes.
        start
            Columns and values to start from.
        on_progress
            Takes bounds and integer points as they are found.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        self._set_integer(enabled=True)
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("mip_abs_gap", BELOW_ONE)
        self._model.setOptionValue("mip_max_nodes", min(nodes, MOST_NODES))
        if start is not None:
            columns, values = start
            self._model.setSolution(len(columns), columns.astype(np.int32), values)
        if on_progress is not None:
            self._listen(on_progress)
        self._run(seconds)
        info, status = self._model.getInfo(), self._status()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return IntegerSolution(
            bound=_finite(info.mip_dual_bound),
            values=self._values() if found else None,
            infeasible=status == "infeasible",
            complete=status == "optimal",
            nodes=max(0, int(info.mip_node_count)),
        )

    def _listen(self, on_progress: OnProgress) -> None:
        """Pass on points and bounds.

        Bounds are read where HiGHS asks whether to go on: the one reported with a new point may be that of a
        smaller model in which HiGHS completes a start.
        """
        kinds = highspy.cb.HighsCallbackType

        def heard(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:  # noqa: ANN401
            if kind == kinds.kCallbackMipImprovingSolution:
                if len(out.mip_solution) == len(self._names):
                    on_progress(None, np.array(out.mip_solution, np.float64))
            elif on_progress(_finite(out.mip_dual_bound), None):
                into.user_interrupt = True

        self._model.setCallback(heard, None)
        for kind in (kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt):
            self._model.startCallback(kind)


def callback_options(on_progress: OnProgress) -> dict[str, object]:
    """Return options of PuLP's HiGHS class that pass on bounds and integer points while it solves.

    Parameters
    ----------
    on_progress
        Takes bounds and the values of the columns; what it returns is ignored.
    """
    kinds = highspy.cb.HighsCallbackType

    def heard(kind: int, _message: str, out: Any, _into: Any, _data: Any) -> None:  # noqa: ANN401
        if kind == kinds.kCallbackMipImprovingSolution:
            on_progress(None, np.array(out.mip_solution, np.float64))
        else:
            on_progress(_finite(out.mip_dual_bound), None)

    activated = [kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt]
    return {"callbackTuple": (heard, None), "callbacksToActivate": activated}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def stated(
    lp: pulp.LpProblem, *, threads: int, seed: int, integer: bool = True
) -> tuple[Any, list[str], NDArray[np.int32]]:
    """Return a model of PuLP as a HiGHS model, with the names of its columns and which are integer.

    Parameters
    ----------
    lp
        The model.
    threads, seed
        Passed on to HiGHS.
    integer
        False: HiGHS gets the linear relaxation.

    Notes
    -----
    PuLP does not export variables that are in no row and not in the objective. Cuts may name them later, so
    they become the last columns.
    """
    exported = lp.exported_variables()
    names = {v.name for v in exported}
    idle = [v for v in lp.variables() if v.name not in names]
    variables = [*exported, *idle]
    solver = pulp.HiGHS(msg=False, threads=threads, random_seed=seed, mip=integer)
    solver.createAndConfigureSolver(lp)
    solver.buildSolverModel(lp)
    model: Any = lp.solverModel
    for v in idle:
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
        Passed on to HiGHS.

    Notes
    -----
    Columns are x [J], y [K] and z [C] (the last two unless every pair must be covered). The objective is
    always maximised; HiGHS minimises its negative. It has one thread, so that relaxations can be solved
    beside each other.
    """

    def __init__(self, problem: DesignProblem, *, seed: int) -> None:
        lp, variables = build_master(problem)
        super().__init__(*stated(lp, threads=1, seed=seed, integer=False))
        self._set_integer(enabled=False)
        self._seed = seed
        self._pairs = len(problem.pairs)
        self._x = self.columns(variables.x)
        self._y = None if problem.must_cover else self.columns(variables.y)
        self._z = self.columns(variables.z)
        self._decided = np.concatenate([self._x, self._z])
        self._xyz = self._decided if self._y is None else np.concatenate([self._x, self._y, self._z])
        if problem.budget is not None:
            costs = np.array(self._model.getLp().col_cost_)
            self._model.changeObjectiveSense(highspy.ObjSense.kMinimize)
            self._set_costs(-costs)
        self._lower = np.zeros(len(self._decided))
        self._upper = np.ones(len(self._decided))
        self.divisor = scale_of(problem)

    def _set_costs(self, costs: Floats) -> None:
        self._model.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    @property
    def cuts(self) -> int:
        """Return the number of cuts that the relaxation holds."""
        return self._row_count() - self._fixed_rows

    def use_interior_point(self, *, enabled: bool) -> None:
        """Choose the interior point method without crossover, or what HiGHS finds best.

        Parameters
        ----------
        enabled
            For the first rounds of large problems, where the simplex method is slow. The points are not
            vertices, and the bound is corrected (`_objective`).
        """
        self._model.setOptionValue("solver", "ipm" if enabled else "choose")
        self._model.setOptionValue("run_crossover", "off" if enabled else "on")

    def add(self, rows: Rows) -> None:
        """Add cuts, which stay for all that follows."""
        self.add_cuts(rows, self._x, self._y)

    def add_splits(self, rows: SplitRows) -> None:
        """Add lift-and-project cuts, over x, y and z one after another."""
        self.add_rows(rows.least, rows.start[:-1], self._xyz[rows.column], rows.value)

    def rows(self) -> tuple[csr_array, Floats, Mask]:
        """Return all rows as `G v >= g` with v = (x, y, z), and which of them are the model's own.

        Returns
        -------
        tuple
            float64 [R x (J + K + C)], float64 [R], and bool [R]: rows that `drop_slack_rows` leaves.
        """
        lp = self._model.getLp()
        held = lp.a_matrix_
        parts = (np.array(held.value_), np.array(held.index_), np.array(held.start_))
        order = csc_array if held.format_ == highspy.MatrixFormat.kColwise else csr_array
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
        moved = np.flatnonzero((lower != self._lower) | (upper != self._upper))
        if len(moved):
            self.change_bounds(self._decided[moved], lower[moved], upper[moved])
            self._lower, self._upper = lower.copy(), upper.copy()

    def set_cutoff(self, objective: float) -> None:
        """Let solves end as infeasible as soon as no integer objective above this one is possible.

        Parameters
        ----------
        objective
            Of the best plan known; minus infinity without one.
        """
        tolerance = CUTOFF_TOLERANCE * max(1.0, abs(objective))
        bound = -(objective + 1.0 - tolerance) if math.isfinite(objective) else INFINITY
        self._model.setOptionValue("objective_bound", bound)

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from where the last solve ended.

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
        reduced_costs = -duals[self._decided] if len(duals) else np.zeros(len(self._decided))
        y = np.ones(self._pairs) if self._y is None else values[self._y]
        objective = {"optimal": self._objective(), "infeasible": -math.inf, "limit": math.inf}[status]
        return LpSolution(status, objective, values[self._decided], y, reduced_costs)

    def _objective(self) -> float:
        """Return the objective of the last point, raised to what its duals prove.

        The interior point method ends some 1e-8 of the objective below the optimum, which would be no bound.
        HiGHS reports the distance of primal and dual objective relative to `1 + |primal| + |dual|`.
        """
        info = self._model.getInfo()
        objective = -float(info.objective_function_value)
        error = float(info.primal_dual_objective_error)
        return objective + 2.0 * error * (1.0 + 2.0 * abs(objective)) if 0.0 < error < 1.0 else objective

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
            The objective reached, minus infinity when infeasible; and whether it is an upper bound. After a
            limit of steps it is none: the simplex method may still work with perturbed costs.
        """
        model, column = self._model, self._decided[decision]
        basis = model.getBasis()
        model.changeColBounds(column, value, value)
        model.setOptionValue("simplex_iteration_limit", iterations)
        self._run(PROBE_S)
        status = self._status()
        objective = -model.getInfo().objective_function_value
        model.setOptionValue("simplex_iteration_limit", MOST_ITERATIONS)
        model.changeColBounds(column, self._lower[decision], self._upper[decision])
        model.setBasis(basis)
        return -math.inf if status == "infeasible" else objective, status != "limit"


class QuestionRelaxation(Relaxation):
    """The linear relaxation for one question after another: other money, other targets, another objective.

    Rows for the money spent and for each measure stand in the model from the start; a question sets their
    sides and the objective. Cuts stay, since they are valid at every budget.

    Parameters
    ----------
    problem
        A reduced problem with a budget that buys everything.
    measures
        int64 [M x (K + C)]: the weight of each pair and city in each measure.
    seed
        Passed on to HiGHS.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self._cost = np.array([c.cost for c in problem.candidates], np.int64)
        self._covered = self._z if self._y is None else np.concatenate([self._y, self._z])
        self._cost_unit = divisor(self._cost.tolist())
        self._units = [divisor(row) for row in measures.tolist()]
        self._minimises_cost = False
        self._first = self._row_count()
        self._append(self._x, self._cost / self._cost_unit)
        for row, unit in zip(measures, self._units, strict=True):
            self._append(self._covered, row / unit)
        self.keep_rows()

    def _append(self, columns: Integers, values: Floats) -> None:
        used = np.flatnonzero(values)
        index = columns[used].astype(np.int32)
        self._model.addRow(-INFINITY, INFINITY, len(used), index, values[used])

    def ask(self, *, budget: int | None, least: Sequence[int], weights: Integers | None) -> None:
        """Set money, targets and objective, and free every decision.

        Parameters
        ----------
        budget
            Most money; None: any.
        least
            Least value of each measure.
        weights
            int64 [K + C], gain of each covered pair and city; None: the cost is minimised.
        """
        most = INFINITY if budget is None else math.floor(budget / self._cost_unit)
        self._model.changeRowBounds(self._first, -INFINITY, most)
        for row, (value, unit) in enumerate(zip(least, self._units, strict=True), start=self._first + 1):
            self._model.changeRowBounds(row, -(-value // unit), INFINITY)
        costs = np.zeros(len(self._names))
        self._minimises_cost = weights is None
        if weights is None:
            self.divisor = self._cost_unit
            costs[self._x] = self._cost / self._cost_unit
        else:
            self.divisor = divisor(weights.tolist())
            costs[self._covered] = -weights / self.divisor
        self._set_costs(costs)
        self._free_decisions()
        self.set_cutoff(-math.inf)

    def _free_decisions(self) -> None:
        self.set_bounds(np.zeros(len(self._decided)), np.ones(len(self._decided)))

    def solve_integer_copy(
        self, start: Floats | None, *, gap: float, seconds: float, forbidden: Sequence[Floats] = ()
    ) -> MasterSolution[Point]:
        """Free every decision, and return the best point whose every column is 0 or 1 under the cuts held.

        Parameters
        ----------
        start
            float64 [J], the best plan known.
        gap
            Relative gap at which to end.
        seconds
            Time limit.
        forbidden
            Plans that are cut off, float64 [J] each.

        Notes
        -----
        y is asked to be integer too. That loses nothing (`models.decisions.declare`) and lets the solver cut
        with the rows of measures, in which only y and z occur. Most of these models close at the root, where
        the search for plans and symmetries would take a third of the time.
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
        self._free_decisions()  # a tree leaves the bounds of its last node
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


class IntegerMaster(HighsModel):
    """The integer master problem of the time-cut method (`models.cuts_master`).

    Parameters
    ----------
    problem
        A reduced problem.
    threads, seed
        Passed on to HiGHS.
    """

    def __init__(self, problem: DesignProblem, *, threads: int, seed: int) -> None:
        highspy.Highs.resetGlobalScheduler(True)  # the relaxation ran on one thread
        lp, variables = build_master(problem)
        super().__init__(*stated(lp, threads=threads, seed=seed))
        self._pairs = len(problem.pairs)
        self._x = self.columns(variables.x)
        self._y = None if problem.must_cover else self.columns(variables.y)
        self._z = self.columns(variables.z)
        self._cities = () if problem.must_cover else problem.cities
        self._divisor = scale_of(problem)

    def add(self, rows: Rows) -> None:
        """Add rows; they stay."""
        self.add_cuts(rows, self._x, self._y)

    def forbid(self, x: Floats) -> None:
        """Cut off one plan, float64 [J]."""
        self.forbid_plan(self._x, x)

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, on_point: OnPoint
    ) -> MasterSolution[Point]:
        """Return what the model answers within the seconds given, with twice the nodes of the turn before.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        points: list[Point] = []

        def heard(bound: float | None, values: Floats | None) -> bool:
            if values is not None:
                points.append(self._point(values))
            return on_point(self._scaled(bound), None if values is None else points[-1])

        found = self.solve_integer(
            seconds=seconds,
            gap=gap,
            nodes=FIRST_NODES << min(turn, 31),
            start=None if start is None else self._start(start),
            on_progress=heard,
        )
        if found.values is not None:
            points.append(self._point(found.values))
        return MasterSolution(self._scaled(found.bound), tuple(points), found.complete, found.infeasible)

    def _scaled(self, bound: float | None) -> float | None:
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
    """The model of a problem with rings or periods (`models.whole`), without flows.

    Parameters
    ----------
    model
        The model as stated.
    threads, seed
        Passed on to HiGHS.

    Notes
    -----
    Each integer solve begins anew: HiGHS 1.16 takes the last point for a start, completes it in a smaller
    model, and at times ends with what it finds there.
    """

    def __init__(self, model: ExtendedModel, *, threads: int, seed: int) -> None:
        super().__init__(*stated(model.lp, threads=threads, seed=seed))

    def solve_integer(self, **options: Any) -> IntegerSolution:  # noqa: ANN401 - as in the parent
        """Solve the model with integrality, from scratch."""
        self._model.clearSolver()
        return super().solve_integer(**options)


class SmallLps:
    """Solve many small linear programs, one after another, in one instance of HiGHS."""

    def __init__(self) -> None:
        model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("simplex_iteration_limit", SMALL_LP_STEPS),
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
            The point, float64 [columns], and the duals of the rows, float64 [rows]; None where HiGHS did not
            reach an optimum.
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
        self._model.run()
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._model.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)

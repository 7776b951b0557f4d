"""Keep the model of a problem with rings or periods alive in HiGHS."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows
from optimiser.problem.errors import SolverError

INFINITY = highspy.kHighsInf

MOST_NODES = 2**31 - 1
"""Largest limit of nodes that HiGHS takes."""

SLACK = 1e-2
"""Distance at which a row no longer counts as binding."""

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solved:
    """What the model answered.

    Attributes
    ----------
    bound
        Proven limit of the model's objective; None without one.
    values
        float64 [columns]; None without a point.
    empty
        It is proved that there is no point.
    complete
        It ended by proof or gap, not by a limit of work or time.
    """

    bound: float | None
    values: Floats | None
    empty: bool
    complete: bool = True


type Tell = Callable[[float | None, Floats | None], bool]
"""Takes a bound or an integer point while the model is solved; says whether to end."""


def deaf(_bound: float | None, _values: Floats | None) -> bool:
    """Take in nothing, and go on."""
    return False


class LiveWhole:
    """The model of `formulation.whole` without flows, built by PuLP and then kept in HiGHS.

    Parameters
    ----------
    whole
        The model.
    threads, seed
        Passed on to HiGHS.

    Notes
    -----
    PuLP leaves out variables that stand in no row yet and not in the objective; cuts may name them, so they
    are added as the last columns.
    """

    def __init__(self, whole: ExtendedModel, *, threads: int, seed: int) -> None:
        used = whole.lp.exported_variables()
        names = {v.name for v in used}
        idle = [v for v in whole.lp.variables() if v.name not in names]
        variables = [*used, *idle]
        self._names = [v.name for v in variables]
        self._column = {name: i for i, name in enumerate(self._names)}
        self._integer = np.array(
            [i for i, v in enumerate(variables) if v.cat == pulp.LpInteger], dtype=np.int32
        )
        solver = pulp.HiGHS(msg=False, threads=threads, random_seed=seed)
        solver.createAndConfigureSolver(whole.lp)
        solver.buildSolverModel(whole.lp)
        model: Any = whole.lp.solverModel
        self._model: Any = model
        for v in idle:
            model.addVar(v.lowBound, v.upBound)
        self._fixed_rows = int(model.getNumRow())

    def columns(self, variables: Iterable[pulp.LpVariable]) -> Integers:
        """Return the columns of variables."""
        return np.array([self._column[v.name] for v in variables], dtype=np.int64)

    def named(self, values: Floats) -> dict[str, float]:
        """Return the values of a point by name."""
        return dict(zip(self._names, values.tolist(), strict=True))

    def add_cuts(self, rows: Rows, built: Integers, level: Integers) -> None:
        """Add rows `sum of value x - sum of y >= 0`.

        Parameters
        ----------
        rows
            The rows.
        built, level
            int64: columns of candidates and pairs, in the order in which the rows number them.
        """
        count = len(rows)
        if not count:
            return
        starts, claims = rows.start[:-1], rows.claims
        before = np.repeat(starts, claims)
        index = np.insert(built[rows.candidate], before, level[rows.pair])
        value = np.insert(rows.value, before, -1.0)
        self._add(np.zeros(count), starts + np.cumsum(claims) - claims, index, value)

    def add_rows(self, rows: Sequence[pulp.LpAffineExpression]) -> None:
        """Add rows of PuLP, each `left >= 0` or `left <= 0`."""
        if not rows:
            return
        signs = [-1.0 if row.sense == pulp.LpConstraintLE else 1.0 for row in rows]
        terms = [
            [(self._column[v.name], f * sign) for v, f in row.items()]
            for row, sign in zip(rows, signs, strict=True)
        ]
        starts = np.concatenate(([0], np.cumsum([len(line) for line in terms])))[:-1]
        flat = [term for line in terms for term in line]
        least = np.array([-float(row.constant) * sign for row, sign in zip(rows, signs, strict=True)])
        self._add(least, starts, np.array([i for i, _ in flat]), np.array([f for _, f in flat]))
        self._fixed_rows = int(self._model.getNumRow())

    def _add(self, least: Floats, starts: Integers, index: Integers, value: Floats) -> None:
        self._model.addRows(
            len(least),
            least,
            np.full(len(least), INFINITY),
            len(index),
            starts.astype(np.int32),
            index.astype(np.int32),
            value.astype(np.float64),
        )

    def limit(self, columns: Integers, lower: Floats, upper: Floats) -> None:
        """Set the bounds of columns."""
        if len(columns):
            self._model.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def drop_slack(self) -> None:
        """Take out rows that were added and do not bind at the last point."""
        activity = np.array(self._model.getSolution().row_value)
        lower = np.array(self._model.getLp().row_lower_)
        slack = np.flatnonzero(activity > lower + SLACK)
        slack = slack[slack >= self._fixed_rows].astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)

    def relax(self, *, seconds: float) -> Solved:
        """Return bound and point of the linear relaxation."""
        self._integrality(highspy.HighsVarType.kContinuous)
        self._run(seconds)
        status, kinds = self._model.getModelStatus(), highspy.HighsModelStatus
        if status == kinds.kOptimal:
            return Solved(self._model.getInfo().objective_function_value, self._read(), empty=False)
        return Solved(None, None, empty=status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible))

    def solve(
        self,
        *,
        seconds: float,
        gap: float,
        nodes: int = MOST_NODES,
        tell: Tell = deaf,
    ) -> Solved:
        """Return what the integer model answers.

        Parameters
        ----------
        seconds
            Time allowed.
        gap
            Relative gap at which it may end.
        nodes
            Most nodes of its tree.
        tell
            Hears of points and bounds on the way.

        Notes
        -----
        Every column is bounded, so that a model that is unbounded or infeasible is infeasible. Each solve
        begins anew: HiGHS 1.16 takes the last point for a start, completes it in a small model,
        and at times ends with what it finds there.
        """
        self._integrality(highspy.HighsVarType.kInteger)
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("mip_abs_gap", 0.999)
        self._model.setOptionValue("mip_max_nodes", min(nodes, MOST_NODES))
        self._model.clearSolver()
        self._listen(tell)
        self._run(seconds)
        status, kinds, info = self._model.getModelStatus(), highspy.HighsModelStatus, self._model.getInfo()
        has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return Solved(
            _finite(info.mip_dual_bound),
            self._read() if has_point else None,
            empty=status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible),
            complete=status == kinds.kOptimal,
        )

    def _listen(self, tell: Tell) -> None:
        """Hear of points and of bounds; the bound told with a new point may be below that of the model."""
        kinds = highspy.cb.HighsCallbackType

        def heard(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:  # noqa: ANN401 - HiGHS's own
            if kind == kinds.kCallbackMipImprovingSolution:
                if len(out.mip_solution) == len(self._names):
                    tell(None, np.array(out.mip_solution))
            elif tell(_finite(out.mip_dual_bound), None):
                into.user_interrupt = True

        self._model.setCallback(heard, None)
        for kind in (kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt):
            self._model.startCallback(kind)

    def _integrality(self, kind: highspy.HighsVarType) -> None:
        self._model.changeColsIntegrality(
            len(self._integer), self._integer, np.full(len(self._integer), kind)
        )

    def _run(self, seconds: float) -> None:
        self._model.setOptionValue("time_limit", self._model.getRunTime() + max(0.0, seconds))
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve the model", remedy="Try --variant compact.")

    def _read(self) -> Floats:
        return np.array(self._model.getSolution().col_value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""Keep one linear relaxation alive for every question of a frontier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from optimiser.engine.backends.live_program import INFINITY, LiveProgram
from optimiser.engine.methods.branching.program import Floats
from optimiser.engine.models.decisions import divisor
from optimiser.engine.search.paths import Integers, Mask
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

WHOLE_OPTIONS: Mapping[str, object] = MappingProxyType(
    {
        "output_flag": False,
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_heuristic_effort": 0.0,
        "mip_heuristic_run_feasibility_jump": False,
        "mip_detect_symmetry": False,
    }
)
"""Options of HiGHS for the small integer programs of a sweep: they close at the root, where searching for
plans and symmetries took a third of the time."""


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """What an integer program answered.

    Attributes
    ----------
    built
        float64 [J], 0 or 1; None without a point.
    level
        float64 [K], 0 or 1.
    worth
        Upper bound of the worth, infinity without one.
    empty
        There is no point, proved.
    nodes
        Nodes of the tree.
    """

    built: Floats | None
    level: Floats
    worth: float
    empty: bool
    nodes: int


class SweepProgram(LiveProgram):
    """The relaxation of the time-cut method with rows and an objective that change between questions.

    Parameters
    ----------
    problem
        A reduced problem with the largest budget of the sweep.
    measures
        int64 [M, K + C]: what each covered pair and city adds to each measure.
    seed
        Passed on to HiGHS.

    Notes
    -----
    On top of the rows of `LiveProgram` stand `cost: sum_j c_j x_j <= B` and, for each measure m,
    `measure_m: sum_k a_mk y_k + sum_i a_mi z_i >= e_m`, each divided by the divisor of its factors. Rows of
    `cuts.finder` hold for every plan, whatever money and targets, so those that were added stay.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
        self._seed = seed
        self._cost = np.array([c.cost for c in problem.candidates], np.int64)
        self._measures = measures
        self._coverage = self._built + np.arange(self._measures.shape[1], dtype=np.int32)
        self._columns = np.arange(self._built + self._measures.shape[1], dtype=np.int32)
        self._spent = _divisor(self._cost)
        self._parts = [_divisor(row) for row in self._measures]
        self._first = self._fixed_rows
        self._append(self._columns[: self._built], self._cost / self._spent, -INFINITY, INFINITY)
        for row, part in zip(self._measures, self._parts, strict=True):
            self._append(self._coverage, row / part, -INFINITY, INFINITY)
        self._fixed_rows = int(self._model.getNumRow())

    def _append(self, columns: NDArray[np.int32], values: Floats, lower: float, upper: float) -> None:
        used = np.flatnonzero(values)
        self._model.addRow(lower, upper, len(used), columns[used].astype(np.int32), values[used])

    def ask(self, *, budget: int | None, least: Sequence[int], counted: Integers | None) -> None:
        """Set money, targets and objective.

        Parameters
        ----------
        budget
            Most money; None: any.
        least
            Least value of each measure.
        counted
            int64 [K + C], what each covered pair and city is worth; None: the cost is minimised.
        """
        most = INFINITY if budget is None else math.floor(budget / self._spent)
        self._model.changeRowBounds(self._first, -INFINITY, most)
        for row, (value, part) in enumerate(zip(least, self._parts, strict=True), start=self._first + 1):
            self._model.changeRowBounds(row, -(-value // part), INFINITY)
        costs = np.zeros(len(self._columns))
        if counted is None:
            self.divisor = self._spent
            costs[: self._built] = self._cost / self._spent
        else:
            self.divisor = _divisor(counted)
            costs[self._built :] = -counted / self.divisor
        self._model.changeColsCost(len(costs), self._columns, costs)
        self.limit(np.zeros(len(self._decisions)), np.ones(len(self._decisions)))
        self.cut_off(-math.inf)

    def whole(self, start: Mask | None, *, gap: float, seconds: float) -> WholeAnswer:
        """Return the best point whose every column is 0 or 1, as far as the cuts there are tell.

        Parameters
        ----------
        start
            bool [J + 1], the best plan known.
        gap
            Distance of worth and bound at which to end.
        seconds
            Time allowed.

        Notes
        -----
        Levels are asked to be whole too. That loses nothing (`formulation.decisions.declare`) and lets the
        solver cut with the rows of measures, in which only levels stand.
        """
        model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in WHOLE_OPTIONS.items():
            model.setOptionValue(name, value)
        model.setOptionValue("random_seed", self._seed)
        model.passModel(self._model.getLp())
        count = len(self._columns)
        kinds = np.full(count, highspy.HighsVarType.kInteger)
        model.changeColsIntegrality(count, self._columns, kinds)
        model.setOptionValue("mip_abs_gap", gap)
        model.setOptionValue("time_limit", max(0.0, seconds))
        if start is not None:
            index = self._columns[: self._built]
            model.setSolution(len(index), index, start[:-1].astype(np.float64))
        if model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve an integer program", remedy="Try another seed.")
        return self._read(model)

    def _read(self, model: Any) -> WholeAnswer:  # noqa: ANN401 - highspy is untyped
        info, status, kinds = model.getInfo(), model.getModelStatus(), highspy.HighsModelStatus
        bound = -float(info.mip_dual_bound)
        values = np.array(model.getSolution().col_value)
        there = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        first, last = self._built, self._built + self._levels
        return WholeAnswer(
            built=np.round(values[:first]) if there else None,
            level=np.round(values[first:last]) if there and self._levels else np.ones(self._pairs),
            worth=bound if math.isfinite(bound) else math.inf,
            empty=status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible),
            nodes=max(0, int(info.mip_node_count)),
        )

    @property
    def cuts(self) -> int:
        """Return the number of cuts that the program holds."""
        return int(self._model.getNumRow()) - self._fixed_rows


def _divisor(numbers: Integers) -> int:
    return divisor(int(number) for number in numbers)

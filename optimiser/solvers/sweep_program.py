"""Keep one linear relaxation alive for every question of a frontier."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.branching.program import Floats
from optimiser.formulation.decisions import divisor
from optimiser.paths import Integers
from optimiser.problem import DesignProblem
from optimiser.solvers.live_program import INFINITY, LiveProgram


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
    `measure_m: sum_k a_mk y_k + sum_i a_mi z_i >= e_m`, each divided by the divisor of its factors. Time cuts
    hold for every plan, whatever money and targets, so those that were added stay.
    """

    def __init__(self, problem: DesignProblem, measures: Integers, *, seed: int) -> None:
        super().__init__(problem, seed=seed)
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

    @property
    def cuts(self) -> int:
        """Return the number of cuts that the program holds."""
        return int(self._model.getNumRow()) - self._fixed_rows


def _divisor(numbers: Integers) -> int:
    return divisor(int(number) for number in numbers)

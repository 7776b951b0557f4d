"""Keep the master problem of the time-cut method alive in HiGHS."""

from __future__ import annotations

import math

import highspy
import numpy as np

from optimiser.cuts.loop import MasterOutcome, Point
from optimiser.cuts.separation import Cuts
from optimiser.errors import SolverError
from optimiser.tables import Tables

INFINITY = highspy.kHighsInf


def version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {highspy.Highs().version()}"


class LiveHighs:
    """A master problem in HiGHS; columns are built [J], then levels [K].

    Parameters
    ----------
    t
        The problem.
    threads, seed
        Passed on to HiGHS.

    Notes
    -----
    Weights are divided by their greatest common divisor, so that an absolute gap below one closes the proof.
    """

    def __init__(self, t: Tables, *, threads: int, seed: int) -> None:
        self._t = t
        self._divisor = int(np.gcd.reduce(t.cost if t.budget < 0 else t.weight)) or 1
        self._minimise = t.budget < 0
        self._model = highspy.Highs()
        self._fixed_rows = 0
        for name, value in (("output_flag", False), ("threads", threads), ("random_seed", seed)):
            self._model.setOptionValue(name, value)
        self._columns()

    def _columns(self) -> None:
        t, pairs = self._t, len(self._t.limit)
        empty = np.zeros(0, np.int32)
        worth = np.concatenate([np.zeros(t.size), t.weight / self._divisor])
        price = np.concatenate([t.cost / self._divisor, np.zeros(pairs)])
        lower = np.concatenate([np.zeros(t.size), np.full(pairs, 1.0 if self._minimise else 0.0)])
        objective = price if self._minimise else worth
        count = t.size + pairs
        self._model.addCols(count, objective, lower, np.ones(count), 0, empty, empty, np.zeros(0))
        if self._minimise:
            return
        self._model.changeObjectiveSense(highspy.ObjSense.kMaximize)
        scale = int(np.gcd.reduce(t.cost)) or 1
        index = np.arange(t.size, dtype=np.int32)
        self._model.addRow(-INFINITY, float(t.budget // scale), t.size, index, (t.cost / scale).astype(float))
        self._fixed_rows = 1

    def add(self, cuts: Cuts) -> None:
        """Add rows `level_pair - sum of built over candidates <= 0`."""
        count = len(cuts)
        if not count:
            return
        sizes = np.diff(cuts.start)
        starts = (cuts.start[:-1] + np.arange(count)).astype(np.int32)
        index = np.insert(cuts.candidate, cuts.start[:-1], cuts.pair + self._t.size).astype(np.int32)
        value = np.full(len(index), -1.0)
        value[starts] = 1.0
        self._model.addRows(
            count, np.full(count, -INFINITY), np.zeros(count), int(sizes.sum()) + count, starts, index, value
        )

    def relax(self, *, seconds: float) -> tuple[float, Point] | None:
        """Return bound and point of the linear relaxation; None when it did not end in time."""
        self._integrality(highspy.HighsVarType.kContinuous)
        self._run(seconds)
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return self._model.getInfo().objective_function_value * self._divisor, self._read()

    def drop_slack(self) -> None:
        """Take out rows that do not bind at the point of the last `relax`."""
        activity = np.array(self._model.getSolution().row_value)
        slack = np.flatnonzero(activity < -1e-2)
        slack = slack[slack >= self._fixed_rows].astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)

    def solve(self, *, start: Point | None, gap: float, seconds: float) -> MasterOutcome:
        """Return what the integer model answers within the seconds given."""
        self._integrality(highspy.HighsVarType.kInteger)
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("mip_abs_gap", 0.999)
        if start is not None:
            values = np.concatenate([start.built, start.level])
            self._model.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)
        self._run(seconds)
        status, info = self._model.getModelStatus(), self._model.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return MasterOutcome(None, (), infeasible=True)
        bound = info.mip_dual_bound * self._divisor if math.isfinite(info.mip_dual_bound) else None
        has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return MasterOutcome(bound, (self._read(),) if has_point else ())

    def _integrality(self, kind: highspy.HighsVarType) -> None:
        index = np.arange(self._t.size, dtype=np.int32)
        self._model.changeColsIntegrality(self._t.size, index, np.full(self._t.size, kind))

    def _run(self, seconds: float) -> None:
        self._model.setOptionValue("time_limit", max(0.0, seconds))
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve the master problem", remedy="Try --variant compact.")

    def _read(self) -> Point:
        values = np.array(self._model.getSolution().col_value)
        return Point(values[: self._t.size], values[self._t.size :])

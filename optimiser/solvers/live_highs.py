"""Keep the master problem of the time-cut method alive in HiGHS."""

from __future__ import annotations

import math
from importlib.metadata import version as version_of
from typing import Any

import highspy
import numpy as np
import pulp

from optimiser.cuts.loop import MasterOutcome, Point
from optimiser.cuts.separation import Cuts, Floats
from optimiser.errors import SolverError
from optimiser.formulation.cuts_master import build_master
from optimiser.formulation.decisions import scale_of
from optimiser.problem import DesignProblem

INFINITY = highspy.kHighsInf

MOST_NODES = 2**31 - 1
"""Largest limit of nodes that HiGHS takes."""


def version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {version_of('highspy')}"


class LiveHighs:
    """The master problem of `formulation.cuts_master`, built by PuLP and then kept in HiGHS.

    Parameters
    ----------
    problem
        A reduced problem.
    threads, seed
        Passed on to HiGHS.

    Notes
    -----
    Columns are built [J], then, unless every pair must be covered, levels [K] and cities [C]. PuLP would
    build a new model at each solve; rows are therefore added to the HiGHS model itself. The objective is
    divided by the greatest common divisor of its numbers, so that an absolute gap below one closes the proof.
    """

    def __init__(self, problem: DesignProblem, *, threads: int, seed: int) -> None:
        self._built = len(problem.candidates)
        self._levels = 0 if problem.must_cover else len(problem.pairs)
        self._cities = () if problem.must_cover else problem.cities
        self._pairs = len(problem.pairs)
        self._divisor = scale_of(problem)
        lp, _ = build_master(problem)
        solver = pulp.HiGHS(msg=False, threads=threads, random_seed=seed)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        model: Any = lp.solverModel
        self._model: Any = model
        self._fixed_rows = model.getNumRow()

    def add(self, cuts: Cuts) -> None:
        """Add rows `sum of built over candidates >= level_pair` (`>= 1` where every pair must be covered)."""
        count = len(cuts)
        if not count:
            return
        starts, index, value = cuts.start[:-1], cuts.candidate, np.ones(len(cuts.candidate))
        if self._levels:
            index = np.insert(cuts.candidate, starts, cuts.pair + self._built)
            value = np.insert(value, starts, -1.0)
            starts = starts + np.arange(count)
        self._model.addRows(
            count,
            np.full(count, 0.0 if self._levels else 1.0),
            np.full(count, INFINITY),
            len(index),
            starts.astype(np.int32),
            index.astype(np.int32),
            value,
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
        least = 0.0 if self._levels else 1.0
        activity = np.array(self._model.getSolution().row_value)
        slack = np.flatnonzero(activity > least + 1e-2)
        slack = slack[slack >= self._fixed_rows].astype(np.int32)
        if len(slack):
            self._model.deleteRows(len(slack), slack)

    def solve(self, *, start: Point | None, gap: float, nodes: int, seconds: float) -> MasterOutcome:
        """Return what the integer model answers within the nodes and seconds given."""
        self._integrality(highspy.HighsVarType.kInteger)
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("mip_abs_gap", 0.999)
        self._model.setOptionValue("mip_max_nodes", min(nodes, MOST_NODES))
        if start is not None:
            values = np.concatenate([start.built, start.level[: self._levels], self._reached(start.level)])
            self._model.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)
        self._run(seconds)
        status, info = self._model.getModelStatus(), self._model.getInfo()
        bound = info.mip_dual_bound * self._divisor if math.isfinite(info.mip_dual_bound) else None
        has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        complete = status == highspy.HighsModelStatus.kOptimal
        empty = status == highspy.HighsModelStatus.kInfeasible
        return MasterOutcome(bound, (self._read(),) if has_point else (), complete, empty)

    def _reached(self, level: Floats) -> Floats:
        """Return for each city whether enough of its pairs are covered."""
        reached = [level[list(city.pairs)].sum() >= city.need for city in self._cities]
        return np.array(reached, dtype=np.float64)

    def _integrality(self, kind: highspy.HighsVarType) -> None:
        city = self._built + self._levels + np.arange(len(self._cities))
        index = np.concatenate([np.arange(self._built), city]).astype(np.int32)
        self._model.changeColsIntegrality(len(index), index, np.full(len(index), kind))

    def _run(self, seconds: float) -> None:
        self._model.setOptionValue("time_limit", max(0.0, seconds))
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve the master problem", remedy="Try --variant compact.")

    def _read(self) -> Point:
        values = np.array(self._model.getSolution().col_value)
        level = values[self._built :][: self._levels] if self._levels else np.ones(self._pairs)
        return Point(values[: self._built], level)

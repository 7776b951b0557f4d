"""Keep the master problem of the path formulation alive in HiGHS."""

from __future__ import annotations

import math
from typing import Any

import highspy
import numpy as np
import pulp

from optimiser.engine.methods.column_generation.columns import Columns
from optimiser.engine.methods.column_generation.master import Outcome, Relaxed
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

INFINITY = highspy.kHighsInf

MOST_NODES = 2**31 - 1
"""Largest limit of nodes that HiGHS takes."""


class LivePaths:
    """The path formulation over the columns found so far.

    Parameters
    ----------
    problem
        A reduced problem.
    t
        Its tables.
    by_columns
        bool [K]: pairs that need a column to be covered; the others are held by cuts alone.
    threads, seed
        Passed on to HiGHS.

    Notes
    -----
    What is built, levels, budget and side rows are those of `formulation.cuts_master`, built by PuLP. Added
    to it are a variable `f_p >= 0` for each column p, and two families of rows:

    * `cover_k: sum_{p of k} f_p - y_k >= 0`, with 1 in the place of `y_k` where every pair must be covered;
    * `use_kj: x_j - sum_{p of k using j} f_p >= 0`, for each pair k and candidate j that a column of k uses.

    f may stay continuous: with x integer, `f_p > 0` needs all of p built. The objective is divided by the
    greatest common divisor of its numbers, so that an absolute gap below one closes the proof.
    """

    def __init__(
        self, problem: DesignProblem, t: Tables, *, by_columns: Mask, threads: int, seed: int
    ) -> None:
        self._t = t
        self._by_columns = by_columns
        self._levels = 0 if t.must_cover else len(t.limit)
        self._minimise = t.budget < 0
        self._divisor = scale_of(problem)
        lp, _ = build_master(problem)
        solver = pulp.HiGHS(msg=False, threads=threads, random_seed=seed)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        model: Any = lp.solverModel
        self._model: Any = model
        self._decided = model.getNumCol()
        self._kinds = [model.getColIntegrality(i)[1] for i in range(self._decided)]
        self._cover = model.getNumRow()
        self._row_of = np.full(len(t.use), -1, dtype=np.int64)
        self._add_cover_rows()

    def _add_cover_rows(self) -> None:
        count = len(self._t.limit)
        places = self._t.size + np.arange(self._levels)
        self._rows(
            np.where(self._by_columns, 0.0 if self._levels else 1.0, -INFINITY),
            np.arange(count) if self._levels else np.zeros(count, np.int64),
            places,
            np.full(self._levels, -1.0),
        )

    def _rows(self, least: Floats, start: Integers, index: Integers, value: Floats) -> None:
        self._model.addRows(
            len(least),
            least,
            np.full(len(least), INFINITY),
            len(index),
            start.astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def add(self, columns: Columns) -> None:
        """Add columns, and the use rows that they need."""
        if not len(columns):
            return
        count = len(columns)
        pair = np.repeat(columns.pair, np.diff(columns.start))
        place = self._places(pair, columns.candidate)
        self._add_use_rows(place)
        index = np.insert(self._row_of[place], columns.start[:-1], columns.pair + self._cover)
        value = np.insert(np.full(len(place), -1.0), columns.start[:-1], 1.0)
        self._model.addCols(
            count,
            np.zeros(count),
            np.zeros(count),
            np.full(count, INFINITY),
            len(index),
            (columns.start[:-1] + np.arange(count)).astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def _places(self, pair: Integers, candidate: Integers) -> Integers:
        """Return where candidates of pairs stand in `Tables.use`, which rises within each pair."""
        width = self._t.size
        owner = np.repeat(np.arange(len(self._t.limit)), np.diff(self._t.use_start))
        places: Integers = np.searchsorted(owner * width + self._t.use, pair * width + candidate)
        return places

    def _add_use_rows(self, place: Integers) -> None:
        new = np.unique(place[self._row_of[place] < 0])
        self._row_of[new] = self._model.getNumRow() + np.arange(len(new))
        self._rows(np.zeros(len(new)), np.arange(len(new)), self._t.use[new], np.ones(len(new)))

    def relieve(self, penalty: float) -> None:
        """Let each pair be covered at a penalty, so that the relaxation has a solution."""
        count = len(self._t.limit)
        self._relief = np.arange(self._model.getNumCol(), self._model.getNumCol() + count, dtype=np.int32)
        self._model.addCols(
            count,
            np.full(count, (penalty if self._minimise else -penalty) / self._divisor),
            np.zeros(count),
            np.full(count, INFINITY),
            count,
            np.arange(count, dtype=np.int32),
            (self._cover + np.arange(count)).astype(np.int32),
            np.ones(count),
        )

    def relax(self, *, seconds: float) -> Relaxed | None:
        """Return the optimum of the relaxation; None when there is none or it took too long."""
        self._integrality([highspy.HighsVarType.kContinuous] * self._decided)
        self._run(seconds)
        status = self._model.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        solution, sign = self._model.getSolution(), 1.0 if self._minimise else -1.0
        duals = sign * self._divisor * np.array(solution.row_dual)
        cover = duals[self._cover : self._cover + len(self._t.limit)]
        used = np.where(self._row_of >= 0, duals[self._row_of], 0.0)
        return Relaxed(
            self._model.getInfo().objective_function_value * self._divisor,
            np.array(solution.col_value[: self._t.size]),
            np.maximum(cover, 0.0),
            np.maximum(used, 0.0),
            self._divisor * np.array(solution.col_dual[: self._t.size]),
        )

    def fix(self, *, closed: Mask, free: Mask) -> None:
        """Never build some candidates, build others in any case; bool [J] each."""
        index = np.arange(self._t.size, dtype=np.int32)
        self._model.changeColsBounds(len(index), index, free.astype(np.float64), 1.0 - closed)

    def add_cuts(self, pair: Integers, start: Integers, candidate: Integers, coefficient: Floats) -> None:
        """Add rows `sum_j coefficient_j x_j >= y_pair` (`>= 1` where every pair must be covered)."""
        begin = start[:-1]
        if self._levels:
            candidate = np.insert(candidate, begin, self._t.size + pair)
            coefficient = np.insert(coefficient, begin, -1.0)
            begin = begin + np.arange(len(pair))
        self._rows(np.full(len(pair), 0.0 if self._levels else 1.0), begin, candidate, coefficient)

    def solve(self, *, start: Mask | None, gap: float, nodes: int, seconds: float) -> Outcome:
        """Return what the integer model over the columns there are answers."""
        self._integrality(self._kinds)
        self._model.setOptionValue("mip_rel_gap", gap)
        self._model.setOptionValue("mip_abs_gap", 0.999)
        self._model.setOptionValue("mip_max_nodes", min(nodes, MOST_NODES))
        if start is not None:
            index = np.arange(self._t.size, dtype=np.int32)
            self._model.setSolution(len(index), index, start[:-1].astype(np.float64))
        self._run(seconds)
        return self._outcome()

    def _outcome(self) -> Outcome:
        status, info = self._model.getModelStatus(), self._model.getInfo()
        nodes = max(0, info.mip_node_count)
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Outcome("infeasible", None, None, np.zeros(len(self._t.limit)), nodes)
        bound = info.mip_dual_bound * self._divisor if math.isfinite(info.mip_dual_bound) else None
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = np.array(self._model.getSolution().col_value)
        plan = np.append(values[: self._t.size] > 0.5, True) if found else None
        level = np.ones(len(self._t.limit))
        if found and self._levels:
            level = values[self._t.size : self._t.size + self._levels]
        state = "optimal" if status == highspy.HighsModelStatus.kOptimal else "open"
        return Outcome(state, bound, plan, level, nodes)

    def _integrality(self, kinds: list[Any]) -> None:
        index = np.arange(self._decided, dtype=np.int32)
        self._model.changeColsIntegrality(self._decided, index, np.array(kinds))

    def _run(self, seconds: float) -> None:
        clock = self._model.getRunTime()  # of all runs of the model together
        self._model.setOptionValue("time_limit", clock + max(0.0, seconds))
        if self._model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve the master problem", remedy="Try --variant compact.")

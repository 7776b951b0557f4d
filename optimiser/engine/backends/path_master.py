"""Maintain the master problem of the path formulation as a live HiGHS model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.engine.backends.highs import INFINITY, MOST_NODES, HighsModel, to_highs
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Columns, Rows
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class RelaxedPaths:
    """Optimal solution of the linear relaxation over the columns found so far.

    Attributes
    ----------
    objective
        Objective of the problem, unscaled.
    x
        float64 [J], values of the candidates.
    pair_dual
        float64 [K] >= 0, duals of the cover rows: the value of one more unit of columns of each pair.
    use_dual
        float64 >= 0, aligned with `Tables.use`: duals of the use rows, 0 where the row does not exist yet.
    reduced_costs
        float64 [J], reduced costs of x.
    """

    objective: float
    x: Floats
    pair_dual: Floats
    use_dual: Floats
    reduced_costs: Floats


@dataclass(frozen=True, slots=True)
class PathPlan:
    """Result of the integer model over the columns found so far.

    Attributes
    ----------
    status
        `open` when a limit of time or nodes was reached.
    bound
        Proven bound on the objective of the model, unscaled; None when HiGHS has none.
    plan
        bool [J + 1]; None when no plan was found.
    y
        float64 [K], the coverage that the model claims for the plan.
    nodes
        Number of nodes of the tree.
    """

    status: Literal["optimal", "infeasible", "open"]
    bound: float | None
    plan: Mask | None
    y: Floats
    nodes: int


class PathMaster(HighsModel):
    """The path formulation over a subset of its columns.

    Parameters
    ----------
    problem, t
        A reduced problem, and its arrays.
    by_columns
        bool [K], pairs that need a column to be covered; the coverage of the others is limited by cuts alone.
    threads, seed
        Options of HiGHS.

    Notes
    -----
    x, y, budget and side rows are those of `models.cuts_master`. Added to it are a variable `f_p >= 0` for
    each column p, and two families of rows:

    * `cover_k: sum_{p of k} f_p - y_k >= 0`, with 1 in the place of `y_k` where every pair must be covered;
    * `use_kj: x_j - sum_{p of k using j} f_p >= 0`, for each pair k and candidate j that a column of k uses.

    f may stay continuous: with x integer, `f_p > 0` needs all of p built. The objective is divided by the
    greatest common divisor of its numbers, so that an absolute gap below one closes the proof.
    """

    def __init__(
        self, problem: DesignProblem, t: Tables, *, by_columns: Mask, threads: int, seed: int
    ) -> None:
        lp, variables = build_master(problem)
        super().__init__(*to_highs(lp, threads=threads, seed=seed))
        self._t = t
        self._minimise = t.budget < 0
        self._divisor = scale_of(problem)
        self._x = self.columns(variables.x)
        self._y = None if t.must_cover else self.columns(variables.y)
        self._cover = self._row_count()
        self._use_row = np.full(len(t.use), -1, dtype=np.int64)
        self._add_cover_rows(by_columns)

    def _add_cover_rows(self, by_columns: Mask) -> None:
        """Add the cover row of each pair; it is free for a pair that needs no column."""
        count = len(self._t.limit)
        if self._y is None:
            least, start, index = np.ones(count), np.zeros(count, np.int64), np.zeros(0, np.int64)
        else:
            least, start, index = np.zeros(count), np.arange(count), self._y
        self.add_rows(np.where(by_columns, least, -INFINITY), start, index, np.full(len(index), -1.0))

    def add_columns(self, columns: Columns) -> None:
        """Add columns, and the use rows that they need and that do not exist yet."""
        if not len(columns):
            return
        position = self._positions(np.repeat(columns.pair, np.diff(columns.start)), columns.candidate)
        self._add_use_rows(position)
        before = columns.start[:-1]
        index = np.insert(self._use_row[position], before, columns.pair + self._cover)
        value = np.insert(np.full(len(position), -1.0), before, 1.0)
        self._add_paths(0.0, before + np.arange(len(columns)), index, value)

    def _add_paths(self, objective: float, start: Integers, index: Integers, value: Floats) -> None:
        """Add columns >= 0 with a common objective coefficient; `index` and `value` are their row entries."""
        count = len(start)
        self._model.addCols(
            count,
            np.full(count, objective),
            np.zeros(count),
            np.full(count, INFINITY),
            len(index),
            start.astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def _positions(self, pair: Integers, candidate: Integers) -> Integers:
        """Return the positions in `Tables.use` of pairs and candidates; `use` rises within each pair."""
        width = self._t.size
        owner = np.repeat(np.arange(len(self._t.limit)), np.diff(self._t.use_start))
        positions: Integers = np.searchsorted(owner * width + self._t.use, pair * width + candidate)
        return positions

    def _add_use_rows(self, position: Integers) -> None:
        new = np.unique(position[self._use_row[position] < 0])
        count = len(new)
        self._use_row[new] = self._row_count() + np.arange(count)
        self.add_rows(np.zeros(count), np.arange(count), self._x[self._t.use[new]], np.ones(count))

    def add_penalty_columns(self, penalty: float) -> None:
        """Add a column for each pair that covers it at a penalty, so that the relaxation is feasible."""
        pairs = np.arange(len(self._t.limit))
        objective = (penalty if self._minimise else -penalty) / self._divisor
        self._add_paths(objective, pairs, self._cover + pairs, np.ones(len(pairs)))

    def fix(self, *, closed: Mask, free: Mask) -> None:
        """Fix candidates at 0 (`closed`) and at 1 (`free`); bool [J] each."""
        self.change_bounds(self._x, free.astype(np.float64), (~closed).astype(np.float64))

    def add(self, rows: Rows) -> None:
        """Add cuts."""
        self.add_cuts(rows, self._x, self._y)

    def relax(self, *, seconds: float) -> RelaxedPaths | None:
        """Return the optimum of the relaxation; None when it is infeasible or the time is up."""
        status, objective, values = self.solve_relaxation(seconds=seconds)
        if status != "optimal":
            return None
        solution, sign = self._model.getSolution(), 1.0 if self._minimise else -1.0
        duals = sign * self._divisor * np.array(solution.row_dual)
        pair_dual = duals[self._cover : self._cover + len(self._t.limit)]
        use_dual = np.where(self._use_row >= 0, duals[self._use_row], 0.0)
        return RelaxedPaths(
            objective * self._divisor,
            values[self._x],
            np.maximum(pair_dual, 0.0),
            np.maximum(use_dual, 0.0),
            self._divisor * np.array(solution.col_dual)[self._x],
        )

    def solve(self, *, start: Mask | None, gap: float, seconds: float, nodes: int = MOST_NODES) -> PathPlan:
        """Solve the integer model over the current columns.

        Parameters
        ----------
        start
            bool [J + 1], a plan to start from; None: no start.
        gap
            Relative gap at which to stop.
        seconds, nodes
            Limits of time and nodes.
        """
        start_values = None if start is None else (self._x, start[:-1].astype(np.float64))
        found = self.solve_integer(seconds=seconds, gap=gap, nodes=nodes, start=start_values)
        y = np.ones(len(self._t.limit))
        if found.infeasible:
            return PathPlan("infeasible", None, None, np.zeros_like(y), found.nodes)
        plan = None
        if found.values is not None:
            plan = np.append(found.values[self._x] > 0.5, True)
            y = y if self._y is None else found.values[self._y]
        bound = None if found.bound is None else found.bound * self._divisor
        return PathPlan("optimal" if found.complete else "open", bound, plan, y, found.nodes)

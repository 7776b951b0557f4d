"""Maintain the master problem of the path formulation as a live HiGHS model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.highs import INFINITY, MOST_NODES, MasterHighs
from optimiser.engine.backends.interfaces import MasterSolution, Point
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Columns
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


class PathMaster(MasterHighs):
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
        super().__init__(problem, threads=threads, seed=seed)
        self._t = t
        self._cover = self._row_count()
        self._use_row = np.full(len(t.use), -1, dtype=np.int64)
        # The cover row of each pair; it is free for a pair that needs no column.
        count = len(t.limit)
        if self._y is None:
            least, start, index = np.ones(count), np.zeros(count, np.int64), np.zeros(0, np.int64)
        else:
            least, start, index = np.zeros(count), np.arange(count), self._y
        self.add_rows(np.where(by_columns, least, -INFINITY), start, index, np.full(len(index), -1.0))

    def add_columns(self, columns: Columns) -> None:
        """Add columns, and the use rows that they need and that do not exist yet."""
        if not len(columns):
            return
        # `Tables.use` rises within each pair.
        t, pair = self._t, np.repeat(columns.pair, np.diff(columns.start))
        owner = np.repeat(np.arange(len(t.limit)), np.diff(t.use_start))
        position = np.searchsorted(owner * t.size + t.use, pair * t.size + columns.candidate)
        new = np.unique(position[self._use_row[position] < 0])
        self._use_row[new] = self._row_count() + np.arange(len(new))
        self.add_rows(np.zeros(len(new)), np.arange(len(new)), self._x[t.use[new]], np.ones(len(new)))
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

    def add_penalty_columns(self, penalty: float) -> None:
        """Add a column for each pair that covers it at a penalty, so that the relaxation is feasible."""
        pairs = np.arange(len(self._t.limit))
        self._add_paths(
            -self._sense * penalty / self.divisor, pairs, self._cover + pairs, np.ones(len(pairs))
        )

    def fix(self, *, closed: Mask, free: Mask) -> None:
        """Fix candidates at 0 (`closed`) and at 1 (`free`); bool [J] each."""
        self.change_bounds(self._x, free.astype(np.float64), (~closed).astype(np.float64))

    def relax(self, *, seconds: float) -> RelaxedPaths | None:
        """Return the optimum of the relaxation; None when it is infeasible or the time is up."""
        solution, unit = self.solve_relaxation(seconds=seconds), self._sense * self.divisor
        if solution.status != "optimal":
            return None
        duals = -unit * np.array(self._model.getSolution().row_dual)
        pair_dual = duals[self._cover : self._cover + self._pairs]
        use_dual = np.where(self._use_row >= 0, duals[self._use_row], 0.0)
        count = len(self._x)
        return RelaxedPaths(
            unit * solution.objective,
            solution.decisions[:count],
            np.maximum(pair_dual, 0.0),
            np.maximum(use_dual, 0.0),
            unit * solution.reduced_costs[:count],
        )

    def solve(
        self, *, start: Mask | None, gap: float, seconds: float, nodes: int = MOST_NODES
    ) -> MasterSolution[Point]:
        """Solve the integer model over the current columns; its point has the plan and what it claims.

        Parameters
        ----------
        start
            bool [J + 1], a plan to start from; None: no start.
        gap
            Relative gap at which to stop.
        seconds, nodes
            Limits of time and nodes.
        """
        values = None if start is None else (self._x, start[:-1].astype(np.float64))
        found = self.solve_integer(seconds=seconds, gap=gap, nodes=nodes, start=values)
        return found.converted(self.divisor, self._point)

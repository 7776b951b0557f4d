"""Keep the integer master of the time-cut method alive in HiGHS."""

from __future__ import annotations

import math
from typing import Any

import highspy
import numpy as np
import pulp

from optimiser.engine.backends.highs_rows import add_rows
from optimiser.engine.methods.cuts.loop import MasterOutcome, Point, Tell
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.rows import Floats, Rows
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

INFINITY = highspy.kHighsInf

FIRST_NODES = 200
"""Nodes of the first turn; later ones have twice as many each, so that cuts come in early."""

MOST_NODES = 2**31 - 1
"""Largest limit of nodes that HiGHS takes."""


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
        highspy.Highs.resetGlobalScheduler(True)  # the relaxation ran on one thread
        lp, _ = build_master(problem)
        solver = pulp.HiGHS(msg=False, threads=threads, random_seed=seed)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        model: Any = lp.solverModel
        self._model: Any = model
        model.setOptionValue("mip_abs_gap", 0.999)

    def add(self, rows: Rows) -> None:
        """Add rows `sum of value x - sum of levels >= 0` (`>= number of pairs` where all must be covered)."""
        add_rows(self._model, rows, built=self._built, levels=self._levels)

    def forbid(self, built: Floats) -> None:
        """Add `sum_{j not built} x_j - sum_{j built} x_j >= 1 - number built`."""
        index = np.arange(self._built, dtype=np.int32)
        self._model.addRow(1.0 - built.sum(), INFINITY, self._built, index, np.where(built > 0.5, -1.0, 1.0))

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, tell: Tell
    ) -> MasterOutcome:
        """Return what the model answers within the seconds given.

        Raises
        ------
        SolverError
            When HiGHS fails.
        """
        model = self._model
        model.setOptionValue("mip_rel_gap", gap)
        model.setOptionValue("mip_max_nodes", min(FIRST_NODES << min(turn, 31), MOST_NODES))
        model.setOptionValue("time_limit", model.getRunTime() + max(0.0, seconds))
        if start is not None:
            values = np.concatenate([start.built, start.level[: self._levels], self._reached(start.level)])
            model.setSolution(len(values), np.arange(len(values), dtype=np.int32), values)
        points: list[Point] = []
        self._listen(points, tell)
        if model.run() == highspy.HighsStatus.kError:
            raise SolverError("HiGHS could not solve the master problem", remedy="Try --variant cuts.")
        info, status, kinds = model.getInfo(), model.getModelStatus(), highspy.HighsModelStatus
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            points.append(self._read(model.getSolution().col_value))
        return MasterOutcome(
            self._bound(info.mip_dual_bound),
            tuple(points),
            complete=status == kinds.kOptimal,
            empty=status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible),
        )

    def _listen(self, points: list[Point], tell: Tell) -> None:
        """Collect integer points, pass on bounds, and end early when told to.

        The bound told with a new point may be that of the small model in which HiGHS completes a start.
        """
        kinds = highspy.cb.HighsCallbackType

        def heard(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:  # noqa: ANN401 - HiGHS's own
            if kind == kinds.kCallbackMipImprovingSolution:
                points.append(self._read(out.mip_solution))
                tell(None, points[-1])
            elif tell(self._bound(out.mip_dual_bound), None):
                into.user_interrupt = True

        self._model.setCallback(heard, None)
        for kind in (kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt):
            self._model.startCallback(kind)

    def _bound(self, found: float) -> float | None:
        return found * self._divisor if math.isfinite(found) else None

    def _reached(self, level: Floats) -> Floats:
        """Return for each city whether enough of its pairs are covered."""
        reached = [level[list(city.pairs)].sum() >= city.need for city in self._cities]
        return np.array(reached, dtype=np.float64)

    def _read(self, found: Any) -> Point:  # noqa: ANN401 - a list or an array of HiGHS
        values = np.array(found)
        level = values[self._built :][: self._levels] if self._levels else np.ones(self._pairs)
        return Point(values[: self._built], level)

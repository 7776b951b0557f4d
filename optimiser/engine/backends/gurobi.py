"""Search a branch-and-cut tree in Gurobi, with lazy rows."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import gurobipy
import numpy as np
from gurobipy import GRB

from optimiser.engine.backends import interfaces
from optimiser.engine.backends.pulp_solvers import instance, stated_master
from optimiser.engine.backends.solvers import set_options
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, stacked, unbuilt_rows
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Options, Task
from optimiser.problem.errors import SolverError

SETTINGS: Options = MappingProxyType(
    {
        "LazyConstraints": 1,
        "PreCrush": 1,
        "MIPGap": 0.0,
        "MIPGapAbs": 0.999,
        "IntFeasTol": interfaces.FEASIBILITY_TOLERANCE,
        "SoftMemLimit": interfaces.MEMORY_MB / 1000,
    }
)
"""Parameters of Gurobi.

Rows are added as lazy constraints and as cuts, so no reduction may rely on the current rows alone. The scaled
objective is integer, so an absolute gap below one proves optimality.
"""


def search_tree(
    t: Tables,
    task: Task,
    incumbent: MaskIncumbent,
    separator: interfaces.Separator,
    *,
    rows: Rows = NO_ROWS,
    improve: interfaces.Improve | None = None,
) -> interfaces.TreeOutcome:
    """Search one tree in Gurobi; plans, bounds and counts go to the incumbent.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans and bounds; its best plan is the start solution.
    separator
        Separates points; an integer point that it fails to cut off is cut off by the weakest time cuts
        (`unbuilt_rows`).
    rows
        Cuts known from the start.
    improve
        Searches for plans near fractional points and reports them to the incumbent.

    Raises
    ------
    SolverError
        When Gurobi fails or its licence does not allow a model of this size.
    """
    try:
        seconds, seed = max(0.0, min(task.seconds, incumbent.left())), task.seed % 2_000_000_000
        solver = instance("gurobi", seconds=seconds, gap=0.0, threads=task.threads, seed=seed, log=task.log)
        model, (x, y, _) = stated_master(task.problem, solver)
        limits = {"TimeLimit": seconds, "NodeLimit": task.nodes}
        set_options(model, {**task.options_of("gurobi"), **SETTINGS, **limits})
        scale, maximise = scale_of(task.problem), task.problem.budget is not None
        master = interfaces.TreeModel(model, x, y, scale, maximise=maximise, owner=solver)
        for row in constraints(master, rows):
            model.addConstr(row)
        if incumbent.best is not None:
            plan = incumbent.best
            for variables, values in ((master.x, plan[:-1]), (master.y, covered_pairs(t, plan))):
                for variable, value in zip(variables, values.tolist(), strict=False):  # y may be missing
                    variable.Start = float(value)
        state = interfaces.TreeSearch(t, master, separator, incumbent, task.gap, model.terminate)
        model.optimize(_Callback(state, improve))
        if state.failure is not None:
            raise state.failure
        status, nodes = model.Status, int(model.NodeCount)
        if status in (GRB.INFEASIBLE, GRB.INF_OR_UNBD):
            return interfaces.TreeOutcome(
                None, "stalled" if incumbent.best is not None else "infeasible", nodes, state.cuts
            )
        bound = state.proven(model.ObjBound, GRB.INFINITY)
        state.report(bound, nodes, now=True)
        reason = incumbent.ending(task.gap)
        if reason in ("time", "stalled"):
            timed_out = reason == "time" or status == GRB.TIME_LIMIT
            reason = "stalled" if status == GRB.OPTIMAL else "time" if timed_out else "nodes"
        return interfaces.TreeOutcome(bound, reason, nodes, state.cuts)
    except gurobipy.GurobiError as error:
        raise SolverError(
            f"Gurobi could not solve this problem: {error}",
            remedy="The licence that comes with gurobipy is for small models; --solver highs needs none.",
        ) from error


def constraints(master: interfaces.TreeModel, rows: Rows) -> Iterator[Any]:
    """Yield rows `sum of value x - sum of y >= 0`, or `>= number of pairs` without y, for Gurobi."""
    for variables, values, least in master.terms(rows):
        yield gurobipy.LinExpr(values, variables) >= least


class _Callback:
    """Callback of Gurobi: checks integer solutions, separates relaxations, and reports progress."""

    def __init__(self, state: interfaces.TreeSearch, improve: interfaces.Improve | None) -> None:
        self._state, self._improve = state, improve

    def __call__(self, model: Any, where: int) -> None:  # noqa: ANN401 - Gurobi's own
        """Do what is to be done at a place of the search."""
        self._state.run(lambda: self._at(model, where), None)

    def _at(self, model: Any, where: int) -> None:  # noqa: ANN401
        kinds, state = GRB.Callback, self._state
        if where == kinds.MIPSOL:
            self._check(model)
        elif where == kinds.MIPNODE and model.cbGet(kinds.MIPNODE_STATUS) == GRB.OPTIMAL:
            node = int(model.cbGet(kinds.MIPNODE_NODCNT))
            if state.is_due(node, min(node, 1)):  # Gurobi gives no depth
                x, y = self._point(model.cbGetNodeRel)
                for row in constraints(state.master, state.separated(x, y)):
                    model.cbCut(row)
                if self._improve is not None:
                    self._improve(x)
        elif where == kinds.MIP:
            bound = state.proven(model.cbGet(kinds.MIP_OBJBND), GRB.INFINITY)
            state.report(bound, int(model.cbGet(kinds.MIP_NODCNT)))

    def _point(self, values: Any) -> tuple[Floats, Floats]:  # noqa: ANN401 - a function of Gurobi
        master = self._state.master
        return self._state.point(values(list(master.x)), values(list(master.y)) if master.y else ())

    def _check(self, model: Any) -> None:  # noqa: ANN401
        """Report the plan of an integer point; cut it off unless the plan covers all pairs with y > 0."""
        state, (x, y) = self._state, self._point(model.cbGetSolution)
        x = np.round(x)
        false_claims, is_fitting = state.check(x, y, least=interfaces.FEASIBILITY_TOLERANCE)
        if false_claims.any():
            rows = state.separated(x, y)
            false_claims[rows.only(rows.pair_counts == 1).pair] = False
            unbuilt = unbuilt_rows(state.t, np.flatnonzero(false_claims), x)
            for row in constraints(state.master, stacked(rows, state.violated(unbuilt, x, y))):
                model.cbLazy(row)
        elif not is_fitting:
            # The plan violates a side constraint by less than the tolerances of Gurobi: cut it off alone.
            signs = np.where(x > 0, -1.0, 1.0).tolist()
            model.cbLazy(gurobipy.LinExpr(signs, list(state.master.x)) >= 1.0 - x.sum())

"""Search a branch-and-cut tree in Gurobi, with lazy rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import gurobipy
import numpy as np
from gurobipy import GRB

from optimiser.engine.backends.interfaces import Improve, Separator, TreeLimits, TreeOutcome, solver_noise
from optimiser.engine.backends.pulp_solvers import instance
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, unbuilt_rows
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError
from optimiser.problem.result import rounded_bound

SETTINGS: Mapping[str, object] = MappingProxyType(
    {"LazyConstraints": 1, "PreCrush": 1, "MIPGap": 0.0, "MIPGapAbs": 0.999, "IntFeasTol": 1e-6}
)


"""Parameters of Gurobi.

Rows are added as lazy constraints and as cuts, so no reduction may rely on the current rows alone. The scaled
objective is integer, so an absolute gap below one proves optimality.
"""


@dataclass(frozen=True, slots=True)
class GurobiMaster:
    """A master problem in Gurobi.

    Attributes
    ----------
    model
        The `gurobipy.Model`.
    x
        Variables x, one per candidate.
    y
        Variables y, one per pair; empty where every pair must be covered.
    divisor
        Number by which the objective of the problem is divided in the model.
    maximise
        Whether the objective is maximised.
    pulp_solver
        PuLP's solver object; the model is deleted together with it.
    """

    model: Any
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    divisor: int
    maximise: bool
    pulp_solver: Any

    def constraints(self, rows: Rows) -> list[Any]:
        """Return rows `sum of value x - sum of y >= 0`, or `>= number of pairs` without y, for Gurobi."""
        master = []
        for i in range(len(rows)):
            pairs = rows.pairs_of(i).tolist()
            inside = slice(rows.start[i], rows.start[i + 1])
            x = [self.x[j] for j in rows.candidate[inside].tolist()]
            left = gurobipy.LinExpr(rows.value[inside].tolist(), x)
            if self.y:
                left.addTerms([-1.0] * len(pairs), [self.y[k] for k in pairs])
            master.append(left >= (0.0 if self.y else float(len(pairs))))
        return master

    def objective(self, bound: float) -> float | None:
        """Return the bound on the objective of the problem that follows from a bound of the model.

        It is a multiple of the divisor; None where the bound of the model is infinite.
        """
        if abs(bound) >= gurobipy.GRB.INFINITY:
            return None
        return float(
            rounded_bound(bound, minimise=not self.maximise, tolerance=solver_noise(bound)) * self.divisor
        )


def gurobi_master(problem: DesignProblem, limits: TreeLimits, rows: Rows) -> GurobiMaster:
    """Return the master problem with its first cuts.

    Parameters
    ----------
    problem
        A reduced problem.
    limits
        Limits and options of the search.
    rows
        Cuts known from the start.
    """
    lp, decisions = build_master(problem)
    seed, seconds = limits.seed % 2_000_000_000, max(0.0, limits.seconds)
    solver: Any = instance(
        "gurobi", seconds=seconds, gap=0.0, threads=limits.threads, seed=seed, msg=limits.log
    )
    handles, _ = solver.buildSolverModel(lp)
    column = {v.id: handle for v, handle in zip(lp.exported_variables(), handles, strict=True)}
    master = GurobiMaster(
        lp.solverModel,
        tuple(column[x.id] for x in decisions.x),
        tuple(column[y.id] for y in decisions.y),
        scale_of(problem),
        maximise=problem.budget is not None,
        pulp_solver=solver,
    )
    _prepare(master, limits)
    for row in master.constraints(rows):
        master.model.addConstr(row)
    return master


def _prepare(master: GurobiMaster, limits: TreeLimits) -> None:
    nodes = math.inf if limits.nodes < 0 else limits.nodes
    limit_parameters = {
        "NodeLimit": nodes,
        "TimeLimit": max(0.0, limits.seconds),
        "SoftMemLimit": limits.memory_mb / 1000,
    }
    for name, value in {**SETTINGS, **limit_parameters}.items():
        master.model.setParam(name, value)


def start_from(master: GurobiMaster, t: Tables, best: Mask) -> None:
    """Set a start solution, before the model is solved.

    Parameters
    ----------
    master
        The model.
    t
        The problem.
    best
        bool [J + 1], a feasible plan.
    """
    for x, value in zip(master.x, best[:-1].tolist(), strict=True):
        x.Start = float(value)
    if master.y:
        for y, value in zip(master.y, covered_pairs(t, best).tolist(), strict=True):
            y.Start = float(value)


FEASIBILITY_TOLERANCE = 1e-6
"""Feasibility tolerance of Gurobi: distance from an integer up to which a value counts as integer."""


def version() -> str:
    """Return name and version of the solver."""
    return "Gurobi " + ".".join(str(part) for part in gurobipy.gurobi.version())


def search_tree(
    t: Tables,
    problem: DesignProblem,
    incumbent: MaskIncumbent,
    separator: Separator,
    *,
    limits: TreeLimits,
    rows: Rows = NO_ROWS,
    improve: Improve | None = None,
) -> TreeOutcome:
    """Search one tree in Gurobi; plans, bounds and counts go to the incumbent.

    Parameters
    ----------
    t, problem
        The reduced problem, as arrays and as a problem.
    incumbent
        Receives plans and bounds; its best plan is the start solution.
    separator
        Separates points; an integer point that it fails to cut off is cut off by the weakest time cuts
        (`unbuilt_rows`).
    limits
        Limits and options of the search.
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
        master = gurobi_master(problem, limits, rows)
        if incumbent.best is not None:
            start_from(master, t, incumbent.best)
        state = SearchState(t, master, separator, incumbent, limits, improve)
        master.model.optimize(state.callback)
        if state.failure is not None:
            raise state.failure
        return _outcome(state)
    except gurobipy.GurobiError as error:
        raise SolverError(
            f"Gurobi could not solve this problem: {error}",
            remedy="The licence that comes with gurobipy is for small models; --solver highs needs none.",
        ) from error


class SearchState:
    """Callback of Gurobi, with the state of the search.

    Parameters
    ----------
    t, master, separator, incumbent, limits, improve
        As for `search_tree`.

    Attributes
    ----------
    cuts
        Number of rows added so far.
    failure
        Exception raised in the callback; Gurobi does not propagate it.
    """

    def __init__(
        self,
        t: Tables,
        master: GurobiMaster,
        separator: Separator,
        incumbent: MaskIncumbent,
        limits: TreeLimits,
        improve: Improve | None,
    ) -> None:
        self.t, self.master, self.incumbent, self.limits = t, master, incumbent, limits
        self._separator, self._improve = separator, improve
        self.cuts = 0
        self.failure: BaseException | None = None
        self._reported = (0, 0)
        self._rounds = (-1, 0)

    def callback(self, model: Any, where: int) -> None:  # noqa: ANN401 - Gurobi's own
        """Check integer solutions, separate relaxations, and report progress."""
        kinds = GRB.Callback
        try:
            if where == kinds.MIPSOL:
                self._check(model)
            elif where == kinds.MIPNODE and model.cbGet(kinds.MIPNODE_STATUS) == GRB.OPTIMAL:
                self._separate(model)
            elif where == kinds.MIP:
                self.report(model.cbGet(kinds.MIP_OBJBND), int(model.cbGet(kinds.MIP_NODCNT)))
        except BaseException as error:  # noqa: BLE001 - raised again when Gurobi has returned
            self.failure = self.failure or error
            model.terminate()

    def _check(self, model: Any) -> None:  # noqa: ANN401
        """Report the plan of an integer point; cut it off unless the plan covers all pairs with y > 0."""
        x, y = self._point(model.cbGetSolution)
        x = np.round(x)
        is_open = np.append(x > 0, True)
        self.incumbent.plan(is_open, "tree")
        false_claims = np.flatnonzero(~covered_pairs(self.t, is_open) & (y > FEASIBILITY_TOLERANCE))
        if len(false_claims):
            rows = self._violated(x, y, integer=True)
            self._lazy(model, rows)
            separated = rows.only(rows.pair_counts == 1).pair
            self._lazy(model, unbuilt_rows(self.t, np.setdiff1d(false_claims, separated), x))
        elif not fits(self.t, is_open):
            self._forbid(model, x)

    def _point(self, values: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
        """Return x and y of the current point, clipped to [0, 1]."""
        master = self.master
        y = values(list(master.y)) if master.y else np.ones(len(self.t.limit))
        x = np.array(values(list(master.x)))
        return np.clip(x, 0.0, 1.0), np.clip(np.array(y), 0.0, 1.0)

    def _violated(self, x: Floats, y: Floats, *, integer: bool) -> Rows:
        rows = self._separator(x, y, integer=integer)
        return rows.only(rows.right_side(x) < rows.left_side(y) - FEASIBILITY_TOLERANCE)

    def _lazy(self, model: Any, rows: Rows) -> None:  # noqa: ANN401
        self.cuts += len(rows)
        for row in self.master.constraints(rows):
            model.cbLazy(row)

    def _forbid(self, model: Any, x: Floats) -> None:  # noqa: ANN401
        """Cut off a single plan that violates a side constraint by less than the tolerances of Gurobi."""
        signs = np.where(x > 0, -1.0, 1.0).tolist()
        model.cbLazy(gurobipy.LinExpr(signs, list(self.master.x)) >= 1.0 - x.sum())

    def _separate(self, model: Any) -> None:  # noqa: ANN401
        """Separate the relaxation of a node, if the schedule says so."""
        if not self._is_due(int(model.cbGet(GRB.Callback.MIPNODE_NODCNT))):
            return
        x, y = self._point(model.cbGetNodeRel)
        rows = self._violated(x, y, integer=bool((np.abs(x - np.round(x)) <= FEASIBILITY_TOLERANCE).all()))
        self.cuts += len(rows)
        for row in self.master.constraints(rows):
            model.cbCut(row)
        if self._improve is not None:
            self._improve(x)

    def _is_due(self, node: int) -> bool:
        """Return whether the schedule allows another round at a node.

        Gurobi gives the number of explored nodes but not the depth, so `schedule.every` is not applied.
        """
        self._rounds = (node, self._rounds[1] + 1 if node == self._rounds[0] else 1)
        schedule = self.limits.schedule
        return schedule.depth >= 0 and (not node or self._rounds[1] <= schedule.rounds)

    def report(self, bound: float, nodes: int) -> None:
        """Report bound and counts, and terminate Gurobi when the search should stop."""
        incumbent, proven = self.incumbent, self.master.objective(bound)
        if proven is not None:
            incumbent.bound(proven, "tree")
        if (self.cuts, nodes) != self._reported:
            incumbent.count("tree", cuts=self.cuts - self._reported[0], nodes=nodes - self._reported[1])
            self._reported = (self.cuts, nodes)
        if incumbent.stop() or incumbent.closed(self.limits.gap):
            self.master.model.terminate()


def _outcome(state: SearchState) -> TreeOutcome:
    model, incumbent = state.master.model, state.incumbent
    status, nodes = model.Status, int(model.NodeCount)
    if status in (GRB.INFEASIBLE, GRB.INF_OR_UNBD):
        return TreeOutcome(None, "stalled" if incumbent.best is not None else "infeasible", nodes, state.cuts)
    state.report(model.ObjBound, nodes)
    return TreeOutcome(state.master.objective(model.ObjBound), _reason(state, status), nodes, state.cuts)


def _reason(state: SearchState, status: int) -> str:
    incumbent = state.incumbent
    if incumbent.closed(0.0):
        return "proof"
    if incumbent.closed(state.limits.gap):
        return "gap"
    if status == GRB.OPTIMAL:
        return "stalled"
    return "time" if status == GRB.TIME_LIMIT or incumbent.stop() else "nodes"

"""Search one branch-and-cut tree in Gurobi, with lazy rows."""

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


"""Settings of Gurobi, by name.

Rows come lazily, so that no reduction may rest on those there are, and as cuts; the objective is whole, so
that a gap below one closes the proof.
"""


@dataclass(frozen=True, slots=True)
class GurobiMaster:
    """A master problem in Gurobi.

    Attributes
    ----------
    model
        The `gurobipy.Model`.
    x
        Its variables x, one a candidate.
    y
        Its variables y, one a pair; none when every pair must be covered.
    divisor
        The objective of the model is that of the problem divided by this.
    maximise
        Whether it is maximised.
    keeper
        PuLP's solver: the model lives as long as this does.
    """

    model: Any
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    divisor: int
    maximise: bool
    keeper: Any

    def stated(self, rows: Rows) -> list[Any]:
        """Return rows: `sum of value x - sum of y >= 0`, or `>= number of pairs` without levels.

        Parameters
        ----------
        rows
            The rows.
        """
        made = []
        for i in range(len(rows)):
            pairs = rows.pairs_of(i).tolist()
            inside = slice(rows.start[i], rows.start[i + 1])
            x = [self.x[j] for j in rows.candidate[inside].tolist()]
            left = gurobipy.LinExpr(rows.value[inside].tolist(), x)
            if self.y:
                left.addTerms([-1.0] * len(pairs), [self.y[k] for k in pairs])
            made.append(left >= (0.0 if self.y else float(len(pairs))))
        return made

    def objective(self, bound: float) -> float | None:
        """Return the bound of the problem that follows from Gurobi's: a whole multiple of the divisor.

        Parameters
        ----------
        bound
            Of the model; infinite when there is none yet.
        """
        if abs(bound) >= gurobipy.GRB.INFINITY:
            return None
        return float(
            rounded_bound(bound, minimise=not self.maximise, tolerance=solver_noise(bound)) * self.divisor
        )


def gurobi_master(problem: DesignProblem, limits: TreeLimits, rows: Rows) -> GurobiMaster:
    """Return the master problem with some rows.

    Parameters
    ----------
    problem
        A reduced problem.
    limits
        Of the search.
    rows
        Rows known from the start.
    """
    lp, decisions = build_master(problem)
    seed, seconds = limits.seed % 2_000_000_000, max(0.0, limits.seconds)
    solver: Any = instance("gurobi", seconds=seconds, gap=0.0, threads=limits.threads, seed=seed)
    handles, _ = solver.buildSolverModel(lp)
    column = {v.id: handle for v, handle in zip(lp.exported_variables(), handles, strict=True)}
    made = GurobiMaster(
        lp.solverModel,
        tuple(column[x.id] for x in decisions.x),
        tuple(column[y.id] for y in decisions.y),
        scale_of(problem),
        maximise=problem.budget is not None,
        keeper=solver,
    )
    _prepare(made, limits)
    for row in made.stated(rows):
        made.model.addConstr(row)
    return made


def _prepare(made: GurobiMaster, limits: TreeLimits) -> None:
    nodes = math.inf if limits.nodes < 0 else limits.nodes
    limited = {
        "NodeLimit": nodes,
        "TimeLimit": max(0.0, limits.seconds),
        "SoftMemLimit": limits.memory_mb / 1000,
    }
    for name, value in {**SETTINGS, **limited}.items():
        made.model.setParam(name, value)


def start_from(made: GurobiMaster, t: Tables, best: Mask) -> None:
    """Give a plan to Gurobi, before the model is solved.

    Parameters
    ----------
    made
        The model.
    t
        The problem.
    best
        bool [J + 1].
    """
    for x, value in zip(made.x, best[:-1].tolist(), strict=True):
        x.Start = float(value)
    if made.y:
        for y, value in zip(made.y, covered_pairs(t, best).tolist(), strict=True):
            y.Start = float(value)


FEASIBILITY_TOLERANCE = 1e-6
"""How near to an integer a value counts as that: Gurobi's feasibility tolerance."""


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
    """Search one tree; plans, bounds and counts go to `incumbent`.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    incumbent
        Takes plans and bounds; its best plan is given to Gurobi at the start.
    separator
        Finds rows that a point violates; an integer point that it lets pass is cut off by plain time cuts.
    limits
        When to end.
    rows
        Rows known from the start.
    improve
        Makes plans near fractional points and reports them to `incumbent`.

    Raises
    ------
    SolverError
        When Gurobi fails or its licence does not reach.
    """
    try:
        made = gurobi_master(problem, limits, rows)
        if incumbent.best is not None:
            start_from(made, t, incumbent.best)
        state = SearchState(t, made, separator, incumbent, limits, improve)
        made.model.optimize(state.called)
        if state.failure is not None:
            raise state.failure
        return _outcome(state)
    except gurobipy.GurobiError as error:
        raise SolverError(
            f"Gurobi does not solve this: {error}",
            remedy="The licence that comes with gurobipy is for small models; --solver highs needs none.",
        ) from error


class SearchState:
    """What Gurobi calls while it searches.

    Parameters
    ----------
    t, made, separator, incumbent, limits, improve
        As given to `search_tree`.

    Attributes
    ----------
    cuts
        Rows added so far.
    failure
        What a call raised; Gurobi does not pass it on.
    """

    def __init__(
        self,
        t: Tables,
        made: GurobiMaster,
        separator: Separator,
        incumbent: MaskIncumbent,
        limits: TreeLimits,
        improve: Improve | None,
    ) -> None:
        self.t, self.made, self.incumbent, self.limits = t, made, incumbent, limits
        self._separator, self._improve = separator, improve
        self.cuts = 0
        self.failure: BaseException | None = None
        self._points = 0
        self._reported = (0, 0)
        self._rounds = (-1, 0)

    def called(self, model: Any, where: int) -> None:  # noqa: ANN401 - Gurobi's own
        """Do what is due at a point of the search."""
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
        """Cut off an integer point that claims what is not true; report its plan."""
        x, y = self._point(model.cbGetSolution)
        x = np.round(x)
        is_open = np.append(x > 0, True)
        self.incumbent.plan(is_open, "tree")
        missing = np.flatnonzero(~covered_pairs(self.t, is_open) & (y > FEASIBILITY_TOLERANCE))
        if len(missing):
            rows = self._violated(x, y, integer=True)
            self._lazy(model, rows)
            alone = rows.only(rows.pair_counts == 1).pair
            self._lazy(model, unbuilt_rows(self.t, np.setdiff1d(missing, alone), x))
        elif not fits(self.t, is_open):
            self._forbid(model, x)

    def _point(self, values: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
        """Return x and y of the point that Gurobi is at."""
        made = self.made
        y = values(list(made.y)) if made.y else np.ones(len(self.t.limit))
        x = np.array(values(list(made.x)))
        return np.clip(x, 0.0, 1.0), np.clip(np.array(y), 0.0, 1.0)

    def _violated(self, x: Floats, y: Floats, *, integer: bool) -> Rows:
        rows = self._separator(x, y, integer=integer)
        return rows.only(rows.right_side(x) < rows.left_side(y) - FEASIBILITY_TOLERANCE)

    def _lazy(self, model: Any, rows: Rows) -> None:  # noqa: ANN401
        self.cuts += len(rows)
        for row in self.made.stated(rows):
            model.cbLazy(row)

    def _forbid(self, model: Any, x: Floats) -> None:  # noqa: ANN401
        """Cut off one plan: a budget may be overdrawn by less than Gurobi can tell apart."""
        signs = np.where(x > 0, -1.0, 1.0).tolist()
        model.cbLazy(gurobipy.LinExpr(signs, list(self.made.x)) >= 1.0 - x.sum())

    def _separate(self, model: Any) -> None:  # noqa: ANN401
        """Cut off the point of the relaxation of a node, in the rhythm asked for."""
        if not self._due(int(model.cbGet(GRB.Callback.MIPNODE_NODCNT))):
            return
        x, y = self._point(model.cbGetNodeRel)
        rows = self._violated(x, y, integer=bool((np.abs(x - np.round(x)) <= FEASIBILITY_TOLERANCE).all()))
        self.cuts += len(rows)
        for row in self.made.stated(rows):
            model.cbCut(row)
        self._points += 1
        if self._improve is not None and (self._points & (self._points - 1) == 0 or self._points % 200 == 0):
            self._improve(x)

    def _due(self, node: int) -> bool:
        """Say whether a node is separated once more; Gurobi tells how many nodes are done, not the depth."""
        self._rounds = (node, self._rounds[1] + 1 if node == self._rounds[0] else 1)
        schedule = self.limits.schedule
        return schedule.depth >= 0 and (not node or self._rounds[1] <= schedule.rounds)

    def report(self, bound: float, nodes: int) -> None:
        """Pass on bound and counts, and stop Gurobi when there is no more to do."""
        incumbent, proven = self.incumbent, self.made.objective(bound)
        if proven is not None:
            incumbent.bound(proven, "tree")
        if (self.cuts, nodes) != self._reported:
            incumbent.count("tree", cuts=self.cuts - self._reported[0], nodes=nodes - self._reported[1])
            self._reported = (self.cuts, nodes)
        if incumbent.stop() or incumbent.closed(self.limits.gap):
            self.made.model.terminate()


def _outcome(state: SearchState) -> TreeOutcome:
    model, incumbent = state.made.model, state.incumbent
    status, nodes = model.Status, int(model.NodeCount)
    if status in (GRB.INFEASIBLE, GRB.INF_OR_UNBD):
        return TreeOutcome(None, "stalled" if incumbent.best is not None else "infeasible", nodes, state.cuts)
    state.report(model.ObjBound, nodes)
    return TreeOutcome(state.made.objective(model.ObjBound), _reason(state, status), nodes, state.cuts)


def _reason(state: SearchState, status: int) -> str:
    incumbent = state.incumbent
    if incumbent.closed(0.0):
        return "proof"
    if incumbent.closed(state.limits.gap):
        return "gap"
    if status == GRB.OPTIMAL:
        return "stalled"
    return "time" if status == GRB.TIME_LIMIT or incumbent.stop() else "nodes"

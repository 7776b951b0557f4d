"""Search one branch-and-cut tree in Gurobi, with rows that are found as points violate them."""

from __future__ import annotations

from typing import Any

import gurobipy
import numpy as np
from gurobipy import GRB

from optimiser.engine.backends.gurobi_model import GurobiMaster, gurobi_master, start_from
from optimiser.engine.backends.tree import Improve, Separator, TreeLimits, TreeOutcome, plain_rows
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError

EDGE = 1e-6
"""How near to an integer a value counts as that: Gurobi's feasibility tolerance."""


def version() -> str:
    """Return name and version of the solver."""
    return "Gurobi " + ".".join(str(part) for part in gurobipy.gurobi.version())


def search_tree(
    t: Tables,
    problem: DesignProblem,
    progress: Progress,
    separator: Separator,
    *,
    limits: TreeLimits,
    rows: Rows = NO_ROWS,
    improve: Improve | None = None,
) -> TreeOutcome:
    """Search one tree; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    progress
        Takes plans and bounds; its best plan is given to Gurobi at the start.
    separator
        Finds rows that a point violates; an integer point that it lets pass is cut off by plain time cuts.
    limits
        When to end.
    rows
        Rows known from the start.
    improve
        Makes plans near fractional points and reports them to `progress`.

    Raises
    ------
    SolverError
        When Gurobi fails or its licence does not reach.
    """
    try:
        made = gurobi_master(problem, limits, rows)
        if progress.best is not None:
            start_from(made, t, progress.best)
        watch = Watch(t, made, separator, progress, limits, improve)
        made.model.optimize(watch.called)
        if watch.failure is not None:
            raise watch.failure
        return _outcome(watch)
    except gurobipy.GurobiError as error:
        raise SolverError(
            f"Gurobi does not solve this: {error}",
            remedy="The licence that comes with gurobipy is for small models; --solver highs needs none.",
        ) from error


class Watch:
    """What Gurobi calls while it searches.

    Parameters
    ----------
    t, made, separator, progress, limits, improve
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
        progress: Progress,
        limits: TreeLimits,
        improve: Improve | None,
    ) -> None:
        self.t, self.made, self.progress, self.limits = t, made, progress, limits
        self._separator, self._improve = separator, improve
        self.cuts = 0
        self.failure: BaseException | None = None
        self._points = 0
        self._told = (0, 0)
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
        built, level = self._point(model.cbGetSolution)
        built = np.round(built)
        is_open = np.append(built > 0, True)
        self.progress.plan(is_open, "tree")
        missing = np.flatnonzero(~covered_pairs(self.t, is_open) & (level > EDGE))
        if len(missing):
            rows = self._violated(built, level, integer=True)
            self._lazy(model, rows)
            alone = rows.only(rows.claims == 1).pair
            self._lazy(model, plain_rows(self.t, np.setdiff1d(missing, alone), built))
        elif not fits(self.t, is_open):
            self._forbid(model, built)

    def _point(self, values: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
        """Return x and y of the point that Gurobi is at."""
        made = self.made
        level = values(list(made.level)) if made.level else np.ones(len(self.t.limit))
        built = np.array(values(list(made.built)))
        return np.clip(built, 0.0, 1.0), np.clip(np.array(level), 0.0, 1.0)

    def _violated(self, built: Floats, level: Floats, *, integer: bool) -> Rows:
        rows = self._separator(built, level, integer=integer)
        return rows.only(rows.at(built) < rows.claimed(level) - EDGE)

    def _lazy(self, model: Any, rows: Rows) -> None:  # noqa: ANN401
        self.cuts += len(rows)
        for row in self.made.stated(rows):
            model.cbLazy(row)

    def _forbid(self, model: Any, built: Floats) -> None:  # noqa: ANN401
        """Cut off one plan: a budget may be overdrawn by less than Gurobi can tell apart."""
        signs = np.where(built > 0, -1.0, 1.0).tolist()
        model.cbLazy(gurobipy.LinExpr(signs, list(self.made.built)) >= 1.0 - built.sum())

    def _separate(self, model: Any) -> None:  # noqa: ANN401
        """Cut off the point of the relaxation of a node, in the rhythm asked for."""
        if not self._due(int(model.cbGet(GRB.Callback.MIPNODE_NODCNT))):
            return
        built, level = self._point(model.cbGetNodeRel)
        rows = self._violated(built, level, integer=bool((np.abs(built - np.round(built)) <= EDGE).all()))
        self.cuts += len(rows)
        for row in self.made.stated(rows):
            model.cbCut(row)
        self._points += 1
        if self._improve is not None and (self._points & (self._points - 1) == 0 or self._points % 200 == 0):
            self._improve(built)

    def _due(self, node: int) -> bool:
        """Say whether a node is separated once more; Gurobi tells how many nodes are done, not the depth."""
        self._rounds = (node, self._rounds[1] + 1 if node == self._rounds[0] else 1)
        rhythm = self.limits.rhythm
        return rhythm.depth >= 0 and (not node or self._rounds[1] <= rhythm.rounds)

    def report(self, bound: float, nodes: int) -> None:
        """Pass on bound and counts, and stop Gurobi when there is no more to do."""
        progress, proven = self.progress, self.made.objective(bound)
        if proven is not None:
            progress.bound(proven, "tree")
        if (self.cuts, nodes) != self._told:
            progress.count("tree", cuts=self.cuts - self._told[0], nodes=nodes - self._told[1])
            self._told = (self.cuts, nodes)
        if progress.stop() or progress.closed(self.limits.gap):
            self.made.model.terminate()


def _outcome(watch: Watch) -> TreeOutcome:
    model, progress = watch.made.model, watch.progress
    status, nodes = model.Status, int(model.NodeCount)
    if status in (GRB.INFEASIBLE, GRB.INF_OR_UNBD):
        return TreeOutcome(None, "stalled" if progress.best is not None else "infeasible", nodes, watch.cuts)
    watch.report(model.ObjBound, nodes)
    return TreeOutcome(watch.made.objective(model.ObjBound), _reason(watch, status), nodes, watch.cuts)


def _reason(watch: Watch, status: int) -> str:
    progress = watch.progress
    if progress.closed(0.0):
        return "proof"
    if progress.closed(watch.limits.gap):
        return "gap"
    if status == GRB.OPTIMAL:
        return "stalled"
    return "time" if status == GRB.TIME_LIMIT or progress.stop() else "nodes"

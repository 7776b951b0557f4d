"""Search a branch-and-cut tree in SCIP, with cuts from a constraint handler."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from pyscipopt import Model
from pyscipopt.scip import PY_SCIP_EVENTTYPE as EVENT
from pyscipopt.scip import PY_SCIP_HEURTIMING as TIMING
from pyscipopt.scip import PY_SCIP_RESULT as RESULT
from pyscipopt.scip import Conshdlr, Eventhdlr, Heur

from optimiser.engine.backends.interfaces import (
    Improve,
    SeparationSchedule,
    Separator,
    TreeLimits,
    TreeOutcome,
    solver_noise,
)
from optimiser.engine.backends.scip_model import TreeModel, add_rows, add_splits, tree_model
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_ROWS, NO_SPLITS, Floats, Rows, SplitRows, unbuilt_rows
from optimiser.engine.search.scoring import covered_pairs, fits, objective_of
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.result import rounded_bound

FEASIBILITY_TOLERANCE = 1e-6
"""Feasibility tolerance of SCIP: distance from an integer up to which a value counts as integer."""


CLAIM_TOLERANCE = 1e-9
"""Largest y of an uncovered pair in an accepted solution."""


@dataclass(frozen=True, slots=True)
class PointCheck:
    """Result of checking an integer point.

    Attributes
    ----------
    covered
        bool [K], pairs that the plan covers.
    fits
        Whether the plan satisfies all side constraints in exact integer arithmetic.
    """

    covered: Mask
    fits: bool


@dataclass
class SearchState:
    """Shared state of the plug-ins of one tree.

    Attributes
    ----------
    t, master, separator, incumbent, schedule
        Problem, model, separation, and incumbent of the search.
    cuts
        Number of rows added so far.
    limiting_plan, cutoff
        The plan to which the objective limit of SCIP was set last, and its scaled objective.
    failure
        Exception raised in a callback; SCIP cannot propagate it.
    checks
        Results of the checks of integer points so far.
    """

    t: Tables
    master: TreeModel
    separator: Separator
    incumbent: MaskIncumbent
    schedule: SeparationSchedule
    cuts: int = 0
    limiting_plan: Mask | None = None
    cutoff: int | None = None
    failure: BaseException | None = None
    checks: dict[bytes, PointCheck] = field(default_factory=dict)

    def check(self, x: Floats) -> PointCheck:
        """Check an integer point; a new point is reported to the incumbent as a plan."""
        is_open = np.append(x > 0.5, True)
        key = np.packbits(is_open).tobytes()
        if key not in self.checks:
            self.checks[key] = PointCheck(covered_pairs(self.t, is_open), fits(self.t, is_open))
            self.incumbent.plan(is_open, "tree")
        return self.checks[key]

    def point(self) -> tuple[Floats, Floats]:
        """Return x and y of the current relaxation, clipped to [0, 1]."""
        y = [variable.getLPSol() for variable in self.master.y] or [1.0] * len(self.t.limit)
        return self.candidates(), np.clip(np.array(y), 0.0, 1.0)

    def candidates(self) -> Floats:
        """Return x of the current relaxation, clipped to [0, 1]."""
        x: Floats = np.clip(np.array([variable.getLPSol() for variable in self.master.x]), 0.0, 1.0)
        return x

    def run(self, work: Callable[[], int], otherwise: int) -> dict[str, int]:
        """Return the result of a callback; on an exception, store it and interrupt SCIP."""
        try:
            return {"result": work()}
        except BaseException as error:  # noqa: BLE001 - raised again when SCIP has returned
            self.failure = self.failure or error
            self.master.model.interruptSolve()
            return {"result": otherwise}


class TimeRows(Conshdlr):
    """Constraint handler: y_k may be positive only where the plan covers pair k.

    Parameters
    ----------
    state
        Shared state of the plug-ins.

    Notes
    -----
    A row says `sum of y <= sum of value x` with values >= 0: lowering an x or raising a y may violate it,
    raising an x or lowering a y cannot. The variable locks say the same to SCIP, so that no reduction relies
    on the absence of rows that come later. A solution is accepted only after `covered_pairs` has confirmed
    its y.
    """

    def __init__(self, state: SearchState) -> None:
        self._state = state
        self._node = -1
        self._round = 0

    def conslock(self, _constraint: Any, locktype: int, positive: int, negative: int) -> None:  # noqa: ANN401
        """Lock every x downwards and every y upwards."""
        master = self._state.master
        for variable in master.x:
            master.model.addVarLocksType(
                master.model.getTransformedVar(variable), locktype, positive, negative
            )
        for variable in master.y:
            master.model.addVarLocksType(
                master.model.getTransformedVar(variable), locktype, negative, positive
            )

    def conscheck(self, _constraints: Any, solution: Any, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Accept a solution if the plan covers every pair with a positive y."""
        return self._state.run(lambda: self._check(solution), RESULT.INFEASIBLE)

    def consenfolp(self, _constraints: Any, _useful: int, _infeasible: bool) -> dict[str, int]:  # noqa: ANN401, FBT001
        """Enforce an integer solution of the relaxation: accept it, or cut it off."""
        return self._state.run(self._enforce, RESULT.INFEASIBLE)

    def consenfops(self, _constraints: Any, _useful: int, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Enforce a pseudo solution, for which no relaxation was solved."""
        return self._state.run(self._enforce_pseudo, RESULT.INFEASIBLE)

    def conssepalp(self, _constraints: Any, _useful: int) -> dict[str, int]:  # noqa: ANN401
        """Separate the solution of the relaxation."""
        return self._state.run(self._separate, RESULT.DIDNOTRUN)

    def _check(self, solution: Any) -> int:  # noqa: ANN401
        master = self._state.master
        x = np.array([solution[variable] for variable in master.x])
        if _fractional(x):
            return RESULT.INFEASIBLE
        found = self._state.check(x)
        y = np.array([solution[variable] for variable in master.y] or [1.0] * len(found.covered))
        is_valid = found.fits and not (y[~found.covered] > CLAIM_TOLERANCE).any()
        return RESULT.FEASIBLE if is_valid else RESULT.INFEASIBLE

    def _enforce(self) -> int:
        x, y = self._state.point()
        if _fractional(x):
            return RESULT.INFEASIBLE
        x = np.round(x)
        found = self._state.check(x)
        false_claims = ~found.covered & (y > CLAIM_TOLERANCE)
        if not false_claims.any():
            return RESULT.FEASIBLE if found.fits else self._forbid(x)
        if (false_claims & (y > FEASIBILITY_TOLERANCE)).any():
            rows = self._state.separator(x, y, integer=True)
            added = self._add(rows, x, y)
            if added is not None:
                return added
            added = self._add(unbuilt_rows(self._state.t, np.flatnonzero(false_claims), x), x, y)
            if added is not None:
                return added
        return self._resolve_within_tolerance()

    def _resolve_within_tolerance(self) -> int:
        """Decide about a node whose point violates cuts by less than the tolerances of SCIP.

        With all x fixed the node contains no further plan and is pruned; otherwise SCIP branches.
        """
        master = self._state.master
        if all(variable.getLbLocal() > 0.5 or variable.getUbLocal() < 0.5 for variable in master.x):
            return RESULT.CUTOFF
        return RESULT.INFEASIBLE

    def _forbid(self, x: Floats) -> int:
        """Cut off a single plan P: `sum_{j not in P} x_j - sum_{j in P} x_j >= 1 - |P|`.

        Needed where a plan violates a side constraint by less than the tolerances of SCIP.
        """
        master = self._state.master
        row = master.model.createEmptyRowUnspec("plan", 1.0 - x.sum(), None, local=False)
        for variable, is_built in zip(master.x, (x > 0.5).tolist(), strict=True):
            master.model.addVarToRow(row, variable, -1.0 if is_built else 1.0)
        infeasible: bool = master.model.addCut(row, forcecut=True)
        master.model.releaseRow(row)
        return RESULT.CUTOFF if infeasible else RESULT.SEPARATED

    def _enforce_pseudo(self) -> int:
        master = self._state.master
        x = np.array([master.model.getSolVal(None, variable) for variable in master.x])
        y = np.array(
            [master.model.getSolVal(None, variable) for variable in master.y]
            or [1.0] * len(self._state.t.limit)
        )
        found = self._state.check(x)
        if found.fits and not (y[~found.covered] > CLAIM_TOLERANCE).any():
            return RESULT.FEASIBLE
        if any(variable.getUbLocal() - variable.getLbLocal() > 0.5 for variable in master.x):
            return RESULT.INFEASIBLE
        return RESULT.SOLVELP if found.fits else RESULT.CUTOFF

    def _separate(self) -> int:
        model, schedule = self._state.master.model, self._state.schedule
        depth, node = model.getDepth(), model.getCurrentNode().getNumber()
        self._round = self._round + 1 if node == self._node else 1
        self._node = node
        if depth > schedule.depth or (depth and (depth % schedule.every or self._round > schedule.rounds)):
            return RESULT.DIDNOTRUN
        x, y = self._state.point()
        rows = self._state.separator(x, y, integer=not _fractional(x))
        added = self._add(rows, x, y)
        return RESULT.DIDNOTFIND if added is None else added

    def _add(self, rows: Rows, x: Floats, y: Floats) -> int | None:
        """Add the rows that the point violates, and return the result for SCIP; None without such rows."""
        rows = rows.only(rows.right_side(x) < rows.left_side(y) - FEASIBILITY_TOLERANCE)
        if not len(rows):
            return None
        self._state.cuts += len(rows)
        for i in range(len(rows)):
            if self._add_row(rows, i):
                return RESULT.CUTOFF
        return RESULT.SEPARATED

    def _add_row(self, rows: Rows, i: int) -> bool:
        """Add row i to the relaxation and the cut pool; return whether the node became infeasible."""
        master = self._state.master
        pairs = rows.pairs_of(i).tolist()
        least = 0.0 if master.y else float(len(pairs))
        row = master.model.createEmptyRowUnspec("time", least, None, local=False)
        master.model.cacheRowExtensions(row)
        inside = slice(rows.start[i], rows.start[i + 1])
        for j, value in zip(rows.candidate[inside].tolist(), rows.value[inside].tolist(), strict=True):
            master.model.addVarToRow(row, master.x[j], value)
        for k in pairs if master.y else ():
            master.model.addVarToRow(row, master.y[k], -1.0)
        master.model.flushRowExtensions(row)
        infeasible: bool = master.model.addCut(row, forcecut=True)
        master.model.addPoolCut(row)
        master.model.releaseRow(row)
        return infeasible


def _fractional(x: Floats) -> bool:
    return bool((np.abs(x - np.round(x)) > FEASIBILITY_TOLERANCE).any())


REPORT_INTERVAL_S = 0.2
"""Least time between two reports, in seconds."""


def proven_bound(state: SearchState) -> float | None:
    """Return the bound on the objective of the problem that follows from the dual bound of SCIP.

    It is a multiple of the divisor; None while SCIP has no bound.
    """
    found = state.master.model.getDualbound()
    if abs(found) >= state.master.model.infinity():
        return None
    return float(
        rounded_bound(found, minimise=not state.master.maximise, tolerance=solver_noise(found))
        * state.master.divisor
    )


def set_objective_limit(state: SearchState) -> None:
    """Restrict SCIP to plans better than the incumbent."""
    best, master = state.incumbent.best, state.master
    if best is None or best is state.limiting_plan:
        return
    state.limiting_plan = best
    value = objective_of(state.t, best) // master.divisor
    if value == state.cutoff:
        return
    state.cutoff = value
    step = 1.0 - solver_noise(value)
    master.model.setObjlimit(value + step if master.maximise else value - step)


class IncumbentHeuristic(Heur):
    """Primal heuristic that prunes with plans found elsewhere, and searches for plans near fractional points.

    Parameters
    ----------
    state
        Shared state of the plug-ins.
    improve
        Searches for plans near a point; None: no search.

    Notes
    -----
    The objective of a plan is a multiple of the divisor, so a better plan is better by at least one step. An
    objective limit expresses this without a solution in SCIP, which the fixings of a part might not admit.
    """

    def __init__(self, state: SearchState, improve: Improve | None) -> None:
        self._state = state
        self._improve = improve

    def heurexec(self, timing: int, _infeasible: bool) -> dict[str, int]:  # noqa: FBT001 - SCIP's signature
        """Update the objective limit, and search for plans now and then."""
        return self._state.run(lambda: self._update(timing), RESULT.DIDNOTRUN)

    def _update(self, timing: int) -> int:
        if self._improve is not None and timing != TIMING.BEFORENODE:
            self._improve(self._state.candidates())
        set_objective_limit(self._state)
        return RESULT.DIDNOTFIND


class Reporter(Eventhdlr):
    """Event handler that reports bounds and counts, and interrupts SCIP when the gap is closed.

    Parameters
    ----------
    state
        Shared state of the plug-ins.
    gap
        Relative gap at which to stop.
    """

    def __init__(self, state: SearchState, gap: float) -> None:
        self._state = state
        self._gap = gap
        self._next = 0.0
        self._reported = (0, 0)

    def eventinitsol(self) -> None:
        """Register for solved nodes and relaxations."""
        for kind in (EVENT.NODESOLVED, EVENT.LPSOLVED):
            self.model.catchEvent(kind, self)

    def eventexec(self, _event: Any) -> None:  # noqa: ANN401 - SCIP's own
        """Report when the gap is closed, else at most every `REPORT_INTERVAL_S` seconds.

        Whether the gap is closed is asked at every event, so that where the search ends does not depend on
        how fast the machine is.
        """
        self._state.run(self._report_if_due, 0)

    def _report_if_due(self) -> int:
        bound, now = proven_bound(self._state), time.monotonic()
        closes = bound is not None and self._state.incumbent.closed_by(bound, self._gap)
        if not closes and now < self._next:
            return 0
        self._next = now + REPORT_INTERVAL_S
        return self.report()

    def report(self) -> int:
        """Report the current bound and counts, and interrupt SCIP when the search should stop."""
        incumbent, state = self._state.incumbent, self._state
        bound = proven_bound(state)
        if bound is not None:
            incumbent.bound(bound, "tree")
        nodes = int(self.model.getNTotalNodes())
        incumbent.count("tree", cuts=state.cuts - self._reported[0], nodes=nodes - self._reported[1])
        self._reported = (state.cuts, nodes)
        if incumbent.stop() or incumbent.closed(self._gap):
            self.model.interruptSolve()
        return 0


def version() -> str:
    """Return name and version of the solver."""
    return f"SCIP {Model().version()} (pyscipopt {version_of('pyscipopt')})"


def search_tree(  # noqa: PLR0913 (those behind the limits have defaults)
    t: Tables,
    problem: DesignProblem,
    incumbent: MaskIncumbent,
    separator: Separator,
    *,
    limits: TreeLimits,
    rows: Rows = NO_ROWS,
    splits: SplitRows = NO_SPLITS,
    fixed: Integers | None = None,
    improve: Improve | None = None,
) -> TreeOutcome:
    """Search one tree in SCIP; plans, bounds and counts go to the incumbent.

    Parameters
    ----------
    t, problem
        The reduced problem, as arrays and as a problem.
    incumbent
        Receives plans and bounds. Its best plan serves as cutoff, also when it changes during the search.
    separator
        Separates points. Rows that are not violated are dropped; an integer point that it fails to cut off is
        cut off by the weakest time cuts (`unbuilt_rows`).
    limits
        Limits and options of the search.
    rows, splits
        Cuts and lift-and-project cuts known from the start.
    fixed
        int64 [J], 0 or 1 where a candidate is fixed, -1 elsewhere. The search then covers this part only.
    improve
        Searches for plans near fractional points and reports them to the incumbent.

    Notes
    -----
    SCIP uses one thread and releases Python's global interpreter lock except in callbacks, so several trees
    can run in parallel. The result depends on the seed alone, as long as no time limit is reached and
    `separator` and `improve` are deterministic.
    """
    master = tree_model(problem, fixed=fixed, seed=limits.seed, log=limits.log)
    add_rows(master, rows)
    add_splits(master, splits)
    state = SearchState(t, master, separator, incumbent, limits.schedule)
    reporter = Reporter(state, limits.gap)
    _include(state, reporter, improve)
    master.model.setParams(
        {
            "limits/time": max(0.0, min(limits.seconds, incumbent.left())),
            "limits/totalnodes": limits.nodes,
            "limits/memory": limits.memory_mb,
        }
    )
    if not limits.dives:
        master.model.setParam("nodeselection/bfs/maxplungedepth", 0)
    set_objective_limit(state)
    master.model.optimizeNogil()
    if state.failure is not None:
        raise state.failure
    return _outcome(state, reporter, limits.gap)


def _include(state: SearchState, reporter: Reporter, improve: Improve | None) -> None:
    model, handler = state.master.model, TimeRows(state)
    model.includeConshdlr(
        handler, "timerows", "coverage is true", sepapriority=10, enfopriority=-1, chckpriority=-1, sepafreq=1
    )
    model.addPyCons(model.createCons(handler, "timerows"))
    model.includeEventhdlr(reporter, "reporter", "passes on bounds")
    timing = TIMING.BEFORENODE | TIMING.DURINGLPLOOP | TIMING.AFTERLPNODE
    heuristic = IncumbentHeuristic(state, improve)
    model.includeHeur(heuristic, "incumbents", "prunes with plans found elsewhere", "p", timingmask=timing)


def _outcome(state: SearchState, reporter: Reporter, gap: float) -> TreeOutcome:
    incumbent, status = state.incumbent, state.master.model.getStatus()
    complete = status in ("optimal", "infeasible", "inforunbd")
    reporter.report()
    nodes = int(state.master.model.getNTotalNodes())
    if complete and incumbent.best is None:
        return TreeOutcome(None, "infeasible", nodes, state.cuts)
    if complete and incumbent.best is not None:
        bound = float(objective_of(state.t, incumbent.best))
        incumbent.bound(bound, "tree")
        return TreeOutcome(bound, "proof", nodes, state.cuts)
    reason = "time" if status == "timelimit" or incumbent.stop() else "nodes"
    if incumbent.closed(gap):
        reason = "proof" if incumbent.closed(0.0) else "gap"
    return TreeOutcome(proven_bound(state), reason, nodes, state.cuts)

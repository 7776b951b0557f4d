"""Search one branch-and-cut tree in SCIP, with rows that a constraint handler finds."""

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
"""How near to an integer a value counts as that: SCIP's feasibility tolerance."""


CLAIM_TOLERANCE = 1e-9
"""Most that an uncovered pair may claim in a solution that is kept."""


@dataclass(frozen=True, slots=True)
class PointCheck:
    """What is found of an integer point.

    Attributes
    ----------
    covered
        bool [K].
    fits
        The plan keeps to every row, counted in whole numbers.
    """

    covered: Mask
    fits: bool


@dataclass
class SearchState:
    """What the plug-ins of one tree share.

    Attributes
    ----------
    t, made, separator, incumbent, schedule
        As given.
    cuts
        Rows added so far.
    known, cutoff
        The best plan that SCIP has heard of, and its objective divided by the divisor.
    failure
        What a callback raised; SCIP cannot pass it on.
    seen
        Verdicts on integer points met so far.
    """

    t: Tables
    made: TreeModel
    separator: Separator
    incumbent: MaskIncumbent
    schedule: SeparationSchedule
    cuts: int = 0
    known: Mask | None = None
    cutoff: int | None = None
    failure: BaseException | None = None
    seen: dict[bytes, PointCheck] = field(default_factory=dict)

    def check(self, x: Floats) -> PointCheck:
        """Return what is found of an integer point; a new point is reported as a plan."""
        is_open = np.append(x > 0.5, True)
        key = np.packbits(is_open).tobytes()
        if key not in self.seen:
            self.seen[key] = PointCheck(covered_pairs(self.t, is_open), fits(self.t, is_open))
            self.incumbent.plan(is_open, "tree")
        return self.seen[key]

    def point(self) -> tuple[Floats, Floats]:
        """Return x and y of the relaxation."""
        x = np.array([variable.getLPSol() for variable in self.made.x])
        y = [variable.getLPSol() for variable in self.made.y] or [1.0] * len(self.t.limit)
        return np.clip(x, 0.0, 1.0), np.clip(np.array(y), 0.0, 1.0)

    def run(self, work: Callable[[], int], otherwise: int) -> dict[str, int]:
        """Return the result of a callback; keep what it raises, and stop SCIP then."""
        try:
            return {"result": work()}
        except BaseException as error:  # noqa: BLE001 - raised again when SCIP has returned
            self.failure = self.failure or error
            self.made.model.interruptSolve()
            return {"result": otherwise}


class TimeRows(Conshdlr):
    """The constraint that no pair claims to be covered when it is not.

    Parameters
    ----------
    state
        What the plug-ins share.

    Notes
    -----
    A row says `sum of y <= sum of value x` with values >= 0: lowering an x or raising a y may break it,
    raising an x or lowering a y never does. The locks tell SCIP so, and with them no reduction can rest on
    rows that are not there yet. A solution is accepted only when its y are found to `covered_pairs`.
    """

    def __init__(self, state: SearchState) -> None:
        self._state = state
        self._node = -1
        self._round = 0

    def conslock(self, _constraint: Any, locktype: int, positive: int, negative: int) -> None:  # noqa: ANN401
        """Lock every x downwards and every y upwards."""
        made = self._state.made
        for variable in made.x:
            made.model.addVarLocksType(made.model.getTransformedVar(variable), locktype, positive, negative)
        for variable in made.y:
            made.model.addVarLocksType(made.model.getTransformedVar(variable), locktype, negative, positive)

    def conscheck(self, _constraints: Any, solution: Any, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Accept a solution if every y in it is true."""
        return self._state.run(lambda: self._check(solution), RESULT.INFEASIBLE)

    def consenfolp(self, _constraints: Any, _useful: int, _infeasible: bool) -> dict[str, int]:  # noqa: ANN401, FBT001
        """Cut off an integer point of the relaxation with a false y."""
        return self._state.run(self._enforce, RESULT.INFEASIBLE)

    def consenfops(self, _constraints: Any, _useful: int, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Say whether a point made without a relaxation is found."""
        return self._state.run(self._enforce_pseudo, RESULT.INFEASIBLE)

    def conssepalp(self, _constraints: Any, _useful: int) -> dict[str, int]:  # noqa: ANN401
        """Cut off the point of the relaxation."""
        return self._state.run(self._separate, RESULT.DIDNOTRUN)

    def _check(self, solution: Any) -> int:  # noqa: ANN401
        made = self._state.made
        x = np.array([solution[variable] for variable in made.x])
        if _fractional(x):
            return RESULT.INFEASIBLE
        found = self._state.check(x)
        y = np.array([solution[variable] for variable in made.y] or [1.0] * len(found.covered))
        kept = found.fits and not (y[~found.covered] > CLAIM_TOLERANCE).any()
        return RESULT.FEASIBLE if kept else RESULT.INFEASIBLE

    def _enforce(self) -> int:
        x, y = self._state.point()
        if _fractional(x):
            return RESULT.INFEASIBLE
        x = np.round(x)
        found = self._state.check(x)
        missing = ~found.covered & (y > CLAIM_TOLERANCE)
        if not missing.any():
            return RESULT.FEASIBLE if found.fits else self._forbid(x)
        if (missing & (y > FEASIBILITY_TOLERANCE)).any():
            rows = self._state.separator(x, y, integer=True)
            added = self._add(rows, x, y)
            if added is not None:
                return added
            added = self._add(unbuilt_rows(self._state.t, np.flatnonzero(missing), x), x, y)
            if added is not None:
                return added
        return self._settle()

    def _settle(self) -> int:
        """Decide about a node whose point is untrue by less than SCIP can tell apart."""
        made = self._state.made
        if all(variable.getLbLocal() > 0.5 or variable.getUbLocal() < 0.5 for variable in made.x):
            return RESULT.CUTOFF
        return RESULT.INFEASIBLE

    def _forbid(self, x: Floats) -> int:
        """Cut off one plan: `sum_{j not in it} x_j - sum_{j in it} x_j >= 1 - its size`.

        A budget may be overdrawn by less than SCIP can tell apart, which no row of the model forbids.
        """
        made = self._state.made
        row = made.model.createEmptyRowUnspec("plan", 1.0 - x.sum(), None, local=False)
        for variable, is_built in zip(made.x, (x > 0.5).tolist(), strict=True):
            made.model.addVarToRow(row, variable, -1.0 if is_built else 1.0)
        infeasible: bool = made.model.addCut(row, forcecut=True)
        made.model.releaseRow(row)
        return RESULT.CUTOFF if infeasible else RESULT.SEPARATED

    def _enforce_pseudo(self) -> int:
        made = self._state.made
        x = np.array([made.model.getSolVal(None, variable) for variable in made.x])
        y = np.array(
            [made.model.getSolVal(None, variable) for variable in made.y] or [1.0] * len(self._state.t.limit)
        )
        found = self._state.check(x)
        if found.fits and not (y[~found.covered] > CLAIM_TOLERANCE).any():
            return RESULT.FEASIBLE
        if any(variable.getUbLocal() - variable.getLbLocal() > 0.5 for variable in made.x):
            return RESULT.INFEASIBLE
        return RESULT.SOLVELP if found.fits else RESULT.CUTOFF

    def _separate(self) -> int:
        model, schedule = self._state.made.model, self._state.schedule
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
        """Add those rows that the point violates; None when there are none."""
        rows = rows.only(rows.right_side(x) < rows.left_side(y) - FEASIBILITY_TOLERANCE)
        if not len(rows):
            return None
        self._state.cuts += len(rows)
        for i in range(len(rows)):
            if self._add_row(rows, i):
                return RESULT.CUTOFF
        return RESULT.SEPARATED

    def _add_row(self, rows: Rows, i: int) -> bool:
        """Add one row; say whether the node cannot keep it."""
        made = self._state.made
        pairs = rows.pairs_of(i).tolist()
        least = 0.0 if made.y else float(len(pairs))
        row = made.model.createEmptyRowUnspec("time", least, None, local=False)
        made.model.cacheRowExtensions(row)
        inside = slice(rows.start[i], rows.start[i + 1])
        for j, value in zip(rows.candidate[inside].tolist(), rows.value[inside].tolist(), strict=True):
            made.model.addVarToRow(row, made.x[j], value)
        for k in pairs if made.y else ():
            made.model.addVarToRow(row, made.y[k], -1.0)
        made.model.flushRowExtensions(row)
        infeasible: bool = made.model.addCut(row, forcecut=True)
        made.model.addPoolCut(row)
        made.model.releaseRow(row)
        return infeasible


def _fractional(x: Floats) -> bool:
    return bool((np.abs(x - np.round(x)) > FEASIBILITY_TOLERANCE).any())


REPORT_INTERVAL_S = 0.2
"""Seconds between two reports."""


def bound_of(state: SearchState) -> float | None:
    """Return the bound of the problem that follows from SCIP's: a whole multiple of the divisor.

    Parameters
    ----------
    state
        What the plug-ins share.

    Returns
    -------
    float or None
        None when SCIP has no bound yet.
    """
    found = state.made.model.getDualbound()
    if abs(found) >= state.made.model.infinity():
        return None
    return float(
        rounded_bound(found, minimise=not state.made.maximise, tolerance=solver_noise(found))
        * state.made.divisor
    )


def set_objective_limit(state: SearchState) -> None:
    """Tell SCIP to look only for plans better than the best one.

    Parameters
    ----------
    state
        What the plug-ins share.
    """
    best, made = state.incumbent.best, state.made
    if best is None or best is state.known:
        return
    state.known = best
    value = objective_of(state.t, best) // made.divisor
    if value == state.cutoff:
        return
    state.cutoff = value
    step = 1.0 - solver_noise(value)
    made.model.setObjlimit(value + step if made.maximise else value - step)


class IncumbentHeuristic(Heur):
    """Let SCIP prune with plans that were found elsewhere, and look for plans near fractional points.

    Parameters
    ----------
    state
        What the plug-ins share.
    improve
        Makes plans near a point.

    Notes
    -----
    The objective of a plan is a multiple of the divisor, so only plans better by one step are of interest.
    An objective limit says that without a solution of SCIP's own, which fixings may not admit.
    """

    def __init__(self, state: SearchState, improve: Improve | None) -> None:
        self._state = state
        self._improve = improve
        self._calls = 0

    def heurexec(self, timing: int, _infeasible: bool) -> dict[str, int]:  # noqa: FBT001 - SCIP's signature
        """Take in what is new."""
        return self._state.run(lambda: self._take(timing), RESULT.DIDNOTRUN)

    def _take(self, timing: int) -> int:
        if self._improve is not None and timing != TIMING.BEFORENODE:
            self._calls += 1
            if (self._calls & (self._calls - 1)) == 0 or self._calls % 200 == 0:
                self._improve(self._state.point()[0])
        set_objective_limit(self._state)
        return RESULT.DIDNOTFIND


class Reporter(Eventhdlr):
    """Pass on bounds and counts, and stop SCIP when there is no more to do.

    Parameters
    ----------
    state
        What the plug-ins share.
    gap
        Relative gap at which to end.
    """

    def __init__(self, state: SearchState, gap: float) -> None:
        self._state = state
        self._gap = gap
        self._next = 0.0
        self._reported = (0, 0)

    def eventinitsol(self) -> None:
        """Listen to the search."""
        for kind in (EVENT.NODESOLVED, EVENT.LPSOLVED):
            self.model.catchEvent(kind, self)

    def eventexec(self, _event: Any) -> None:  # noqa: ANN401 - SCIP's own
        """Report, not too often."""
        if time.monotonic() >= self._next:
            self._state.run(self.report, 0)
            self._next = time.monotonic() + REPORT_INTERVAL_S

    def report(self) -> int:
        """Report what there is now."""
        incumbent, state = self._state.incumbent, self._state
        bound = bound_of(state)
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
    """Search one tree; plans, bounds and counts go to `incumbent`.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    incumbent
        Takes plans and bounds; its best plan, also one that comes later, cuts off all that is not better.
    separator
        Finds rows that a point violates. Rows that are not violated are dropped; an integer point that it
        lets pass is cut off by plain time cuts.
    limits
        When to end.
    rows
        Rows known from the start.
    splits
        Lift-and-project cuts.
    fixed
        int64 [J]: 0 or 1 where every plan better than `incumbent.best` has that value, -1 elsewhere.
    improve
        Makes plans near fractional points and reports them to `incumbent`.

    Notes
    -----
    SCIP runs on one thread, without Python's lock except in callbacks, so that trees can run beside each
    other; the outcome is the same for one seed as long as no limit of time is met and `separator` and
    `improve` are deterministic.
    """
    made = tree_model(problem, fixed=fixed, seed=limits.seed)
    add_rows(made, rows)
    add_splits(made, splits)
    state = SearchState(t, made, separator, incumbent, limits.schedule)
    reporter = Reporter(state, limits.gap)
    _include(state, reporter, improve)
    made.model.setParams(
        {
            "limits/time": max(0.0, min(limits.seconds, incumbent.left())),
            "limits/totalnodes": limits.nodes,
            "limits/memory": limits.memory_mb,
        }
    )
    set_objective_limit(state)
    made.model.optimizeNogil()
    if state.failure is not None:
        raise state.failure
    return _outcome(state, reporter, limits.gap)


def _include(state: SearchState, reporter: Reporter, improve: Improve | None) -> None:
    model, handler = state.made.model, TimeRows(state)
    model.includeConshdlr(
        handler, "timerows", "coverage is true", sepapriority=10, enfopriority=-1, chckpriority=-1, sepafreq=1
    )
    model.addPyCons(model.createCons(handler, "timerows"))
    model.includeEventhdlr(reporter, "reporter", "passes on bounds")
    when = TIMING.BEFORENODE | TIMING.DURINGLPLOOP | TIMING.AFTERLPNODE
    heuristic = IncumbentHeuristic(state, improve)
    model.includeHeur(heuristic, "incumbents", "prunes with plans found elsewhere", "p", timingmask=when)


def _outcome(state: SearchState, reporter: Reporter, gap: float) -> TreeOutcome:
    incumbent, status = state.incumbent, state.made.model.getStatus()
    complete = status in ("optimal", "infeasible", "inforunbd")
    reporter.report()
    nodes = int(state.made.model.getNTotalNodes())
    if complete and incumbent.best is None:
        return TreeOutcome(None, "infeasible", nodes, state.cuts)
    if complete and incumbent.best is not None:
        bound = float(objective_of(state.t, incumbent.best))
        incumbent.bound(bound, "tree")
        return TreeOutcome(bound, "proof", nodes, state.cuts)
    reason = "time" if status == "timelimit" or incumbent.stop() else "nodes"
    if incumbent.closed(gap):
        reason = "proof" if incumbent.closed(0.0) else "gap"
    return TreeOutcome(bound_of(state), reason, nodes, state.cuts)

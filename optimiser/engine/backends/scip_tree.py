"""Search a branch-and-cut tree in SCIP, with cuts from a constraint handler."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version as version_of
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from pyscipopt import Model, quicksum
from pyscipopt.scip import PY_SCIP_EVENTTYPE as EVENT
from pyscipopt.scip import PY_SCIP_HEURTIMING as TIMING
from pyscipopt.scip import PY_SCIP_PARAMSETTING as SETTING
from pyscipopt.scip import PY_SCIP_RESULT as RESULT
from pyscipopt.scip import Conshdlr, Eventhdlr, Heur

from optimiser.engine.backends import interfaces, pulp_solvers, solvers
from optimiser.engine.models.decisions import pulp, scale_of
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import NO_ROWS, NO_SPLITS, Floats, Rows, SplitRows, unbuilt_rows
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

SETTINGS = Path(__file__).parents[1] / "data" / "scip.set"
"""Parameters of SCIP, with the reason for each."""
MOST_NODES = 2**62
"""Most nodes that SCIP counts, about."""


def tree_model(task: Task, *, fixed: Integers | None = None) -> interfaces.TreeModel:
    """Return the master problem of a task without cuts.

    Parameters
    ----------
    task
        A reduced problem with its solve parameters.
    fixed
        int64 [J], 0 or 1 where a candidate is fixed, -1 where it is free; None: all are free.
    """
    solver: Any = pulp.SCIP_PY
    model, (x, y, z) = pulp_solvers.stated_master(task.problem, solver(msg=task.log))
    model.setHeuristics(SETTING.OFF)
    model.readParams(str(SETTINGS))
    solvers.set_options(model, task.options_of("scip"))
    model.setParam("randomization/randomseedshift", task.seed % 2**31)
    for variable in x:  # branch on x before z
        model.chgVarBranchPriority(variable, 1)
    for variable, value in zip(x, () if fixed is None else fixed.tolist(), strict=False):
        if value >= 0:
            model.chgVarLb(variable, float(value))
            model.chgVarUb(variable, float(value))
    maximise = task.problem.budget is not None
    return interfaces.TreeModel(model, x, y, scale_of(task.problem), maximise=maximise, z=z)


def add_rows(master: interfaces.TreeModel, name: str, rows: Iterable[interfaces.RowTerms]) -> None:
    """Add cuts as constraints of the model, before it is solved.

    Parameters
    ----------
    master
        The model.
    name
        Begin of the names of the constraints; their number follows.
    rows
        The cuts (`TreeModel.terms`, `TreeModel.split_terms`).
    """
    for i, (variables, values, least) in enumerate(rows):
        left = quicksum(value * variable for value, variable in zip(values, variables, strict=True))
        master.model.addCons(left >= least, name=f"{name}{i}", removable=True)


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

    def __init__(self, state: interfaces.TreeSearch) -> None:
        self._state, self._master = state, state.master

    def conslock(self, _constraint: Any, locktype: int, positive: int, negative: int) -> None:  # noqa: ANN401
        """Lock every x downwards and every y upwards."""
        model = self._master.model
        for variables, one, other in (
            (self._master.x, positive, negative),
            (self._master.y, negative, positive),
        ):
            for variable in variables:
                model.addVarLocksType(model.getTransformedVar(variable), locktype, one, other)

    def conscheck(self, _constraints: Any, solution: Any, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Accept a solution if the plan covers every pair with a positive y."""
        return {"result": self._state.run(lambda: self._check(solution), RESULT.INFEASIBLE)}

    def consenfolp(self, _constraints: Any, _useful: int, _infeasible: bool) -> dict[str, int]:  # noqa: ANN401, FBT001
        """Enforce an integer solution of the relaxation: accept it, or cut it off."""
        return {"result": self._state.run(self._enforce, RESULT.INFEASIBLE)}

    def consenfops(self, _constraints: Any, _useful: int, *_flags: bool) -> dict[str, int]:  # noqa: ANN401
        """Enforce a pseudo solution, for which no relaxation was solved."""
        return {"result": self._state.run(self._enforce_pseudo, RESULT.INFEASIBLE)}

    def conssepalp(self, _constraints: Any, _useful: int) -> dict[str, int]:  # noqa: ANN401
        """Separate the solution of the relaxation."""
        return {"result": self._state.run(self._separate, RESULT.DIDNOTRUN)}

    def _point(self, value: Any) -> tuple[Floats, Floats]:  # noqa: ANN401 - a function of SCIP
        """Return x and y of a point of which SCIP gives the value of each variable."""
        return self._state.point(map(value, self._master.x), map(value, self._master.y))

    def _check(self, solution: Any) -> int:  # noqa: ANN401
        x, y = self._point(solution.__getitem__)
        if len(interfaces.fractional(x)):
            return RESULT.INFEASIBLE
        false_claims, is_fitting = self._state.check(x, y)
        return RESULT.FEASIBLE if is_fitting and not false_claims.any() else RESULT.INFEASIBLE

    def _enforce(self) -> int:
        state, (x, y) = self._state, self._point(_relaxed)
        if len(interfaces.fractional(x)):
            return RESULT.INFEASIBLE
        x = np.round(x)
        false_claims, is_fitting = state.check(x, y)
        if not false_claims.any():
            return RESULT.FEASIBLE if is_fitting else self._forbid(x)
        if (false_claims & (y > interfaces.FEASIBILITY_TOLERANCE)).any():
            rows = state.separated(x, y)
            if not len(rows):
                rows = state.violated(unbuilt_rows(state.t, np.flatnonzero(false_claims), x), x, y)
            if len(rows):
                return self._add(rows)
        # The point violates cuts by less than the tolerances of SCIP. With all x fixed the node contains no
        # further plan and is pruned; otherwise SCIP branches.
        is_fixed = all(x.getLbLocal() > 0.5 or x.getUbLocal() < 0.5 for x in self._master.x)
        return RESULT.CUTOFF if is_fixed else RESULT.INFEASIBLE

    def _forbid(self, x: Floats) -> int:
        """Cut off a single plan P: `sum_{j not in P} x_j - sum_{j in P} x_j >= 1 - |P|`.

        Needed where a plan violates a side constraint by less than the tolerances of SCIP.
        """
        signs = np.where(x > 0.5, -1.0, 1.0).tolist()
        is_infeasible = self._add_row("plan", 1.0 - x.sum(), self._master.x, signs)
        return RESULT.CUTOFF if is_infeasible else RESULT.SEPARATED

    def _enforce_pseudo(self) -> int:
        x, y = self._point(lambda variable: self._master.model.getSolVal(None, variable))
        false_claims, is_fitting = self._state.check(x, y)
        if is_fitting and not false_claims.any():
            return RESULT.FEASIBLE
        if any(variable.getUbLocal() - variable.getLbLocal() > 0.5 for variable in self._master.x):
            return RESULT.INFEASIBLE
        return RESULT.SOLVELP if is_fitting else RESULT.CUTOFF

    def _separate(self) -> int:
        model = self._master.model
        if not self._state.is_due(model.getCurrentNode().getNumber(), model.getDepth()):
            return RESULT.DIDNOTRUN
        x, y = self._point(_relaxed)
        rows = self._state.separated(x, y)
        return self._add(rows) if len(rows) else RESULT.DIDNOTFIND

    def _add(self, rows: Rows) -> int:
        """Add rows to the relaxation and the cut pool, until the node is infeasible."""
        for variables, values, least in self._master.terms(rows):
            if self._add_row("time", least, variables, values, pooled=True):
                return RESULT.CUTOFF
        return RESULT.SEPARATED

    def _add_row(
        self,
        name: str,
        least: float,
        variables: Sequence[Any],
        values: Sequence[float],
        *,
        pooled: bool = False,
    ) -> bool:
        """Add the row `sum of value * variable >= least`; return whether the node became infeasible."""
        model = self._master.model
        row = model.createEmptyRowUnspec(name, least, None, local=False)
        model.cacheRowExtensions(row)
        for variable, value in zip(variables, values, strict=True):
            model.addVarToRow(row, variable, value)
        model.flushRowExtensions(row)
        infeasible: bool = model.addCut(row, forcecut=True)
        if pooled:
            model.addPoolCut(row)
        model.releaseRow(row)
        return infeasible


_relaxed = methodcaller("getLPSol")
"""Returns the value of a variable in the current relaxation."""


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

    def __init__(self, state: interfaces.TreeSearch, improve: interfaces.Improve | None) -> None:
        self._state, self._improve = state, improve
        self._limiting: Mask | None = None
        self._cutoff: int | None = None

    def heurexec(self, timing: int, _infeasible: bool) -> dict[str, int]:  # noqa: FBT001 - SCIP's signature
        """Update the objective limit, and search for plans now and then."""
        return {"result": self._state.run(lambda: self._update(timing), RESULT.DIDNOTRUN)}

    def _update(self, timing: int) -> int:
        if self._improve is not None and timing != TIMING.BEFORENODE:
            self._improve(np.clip(np.array([_relaxed(x) for x in self._state.master.x]), 0.0, 1.0))
        self.limit()
        return RESULT.DIDNOTFIND

    def limit(self) -> None:
        """Restrict SCIP to plans better than the incumbent."""
        best, master = self._state.incumbent.best, self._state.master
        if best is None or best is self._limiting:
            return
        self._limiting = best
        value = objective_of(self._state.t, best) // master.divisor
        if value != self._cutoff:
            self._cutoff = value
            step = 1.0 - interfaces.solver_noise(value)
            master.model.setObjlimit(value + step if master.maximise else value - step)


class Reporter(Eventhdlr):
    """Event handler that reports bounds and counts."""

    def __init__(self, state: interfaces.TreeSearch) -> None:
        self._state = state

    def eventinitsol(self) -> None:
        """Register for solved nodes and relaxations."""
        for kind in (EVENT.NODESOLVED, EVENT.LPSOLVED):
            self.model.catchEvent(kind, self)

    def eventexec(self, _event: Any) -> None:  # noqa: ANN401 - SCIP's own
        """Report bound and counts when it is time."""
        self._state.run(lambda: self.report(now=False), None)

    def report(self, *, now: bool) -> float | None:
        """Report bound and counts, at once or when it is time; return the bound."""
        model = self._state.master.model
        bound = self._state.proven(model.getDualbound(), model.infinity())
        self._state.report(bound, int(model.getNTotalNodes()), now=now)
        return bound


def version() -> str:
    """Return name and version of the solver."""
    return f"SCIP {Model().version()} (pyscipopt {version_of('pyscipopt')})"


def search_tree(  # noqa: PLR0913 (the last ones have defaults)
    t: Tables,
    task: Task,
    incumbent: MaskIncumbent,
    separator: interfaces.Separator,
    *,
    rows: Rows = NO_ROWS,
    splits: SplitRows = NO_SPLITS,
    fixed: Integers | None = None,
    dives: bool = True,
    improve: interfaces.Improve | None = None,
) -> interfaces.TreeOutcome:
    """Search one tree in SCIP; plans, bounds and counts go to the incumbent.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans and bounds. Its best plan serves as cutoff, also when it changes during the search.
    separator
        Separates points. Rows that are not violated are dropped; an integer point that it fails to cut off is
        cut off by the weakest time cuts (`unbuilt_rows`).
    rows, splits
        Cuts and lift-and-project cuts known from the start.
    fixed
        int64 [J], 0 or 1 where a candidate is fixed, -1 elsewhere. The search then covers this part only.
    dives
        Whether SCIP goes on with a child of the last node before it turns to the node of the weakest bound.
        That makes a node cheaper, and the bound rise later.
    improve
        Searches for plans near fractional points and reports them to the incumbent.

    Notes
    -----
    SCIP uses one thread and releases Python's global interpreter lock except in callbacks, so several trees
    can run in parallel. The result depends on the seed alone, as long as no time limit is reached and
    `separator` and `improve` are deterministic.
    """
    master = tree_model(task, fixed=fixed)
    add_rows(master, "row", master.terms(rows))
    add_rows(master, "split", master.split_terms(splits))
    model = master.model
    state = interfaces.TreeSearch(t, master, separator, incumbent, task.gap, model.interruptSolve)
    reporter, handler, heuristic = Reporter(state), TimeRows(state), IncumbentHeuristic(state, improve)
    model.includeConshdlr(
        handler, "timerows", "coverage is true", sepapriority=10, enfopriority=-1, chckpriority=-1, sepafreq=1
    )
    model.addPyCons(model.createCons(handler, "timerows"))
    model.includeEventhdlr(reporter, "reporter", "passes on bounds")
    timing = TIMING.BEFORENODE | TIMING.DURINGLPLOOP | TIMING.AFTERLPNODE
    model.includeHeur(heuristic, "incumbents", "prunes with plans found elsewhere", "p", timingmask=timing)
    seconds = max(0.0, min(task.seconds, incumbent.left()))
    nodes = int(min(incumbent.most_nodes, MOST_NODES))
    model.setParams(
        {"limits/time": seconds, "limits/totalnodes": nodes, "limits/memory": interfaces.MEMORY_MB}
    )
    if not dives:
        model.setParam("nodeselection/bfs/maxplungedepth", 0)
    heuristic.limit()
    model.optimizeNogil()
    if state.failure is not None:
        raise state.failure
    bound, nodes = reporter.report(now=True), int(model.getNTotalNodes())
    status, reason = model.getStatus(), incumbent.ending(task.gap)
    if status in ("optimal", "infeasible", "inforunbd"):
        if incumbent.best is None:
            return interfaces.TreeOutcome(None, "infeasible", nodes, state.cuts)
        bound, reason = float(objective_of(t, incumbent.best)), "proof"
        incumbent.bound(bound, "tree")
    elif reason == "stalled":
        reason = "time" if status == "timelimit" else "nodes"
    return interfaces.TreeOutcome(bound, reason, nodes, state.cuts)

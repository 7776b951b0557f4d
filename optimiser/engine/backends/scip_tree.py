"""Search one branch-and-cut tree in SCIP, with rows that are found as points violate them."""

from __future__ import annotations

from importlib.metadata import version as version_of

from pyscipopt import Model
from pyscipopt.scip import PY_SCIP_HEURTIMING as TIMING

from optimiser.engine.backends.scip_handler import TimeRows, Watch
from optimiser.engine.backends.scip_model import add_rows, add_splits, tree_model
from optimiser.engine.backends.scip_plugins import Incumbents, Reporter, bound_of, cut_off
from optimiser.engine.backends.tree import Improve, Separator, TreeLimits, TreeOutcome
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import NO_ROWS, NO_SPLITS, Rows, SplitRows
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem


def version() -> str:
    """Return name and version of the solver."""
    return f"SCIP {Model().version()} (pyscipopt {version_of('pyscipopt')})"


def search_tree(  # noqa: PLR0913 (those behind the limits have defaults)
    t: Tables,
    problem: DesignProblem,
    progress: Progress,
    separator: Separator,
    *,
    limits: TreeLimits,
    rows: Rows = NO_ROWS,
    splits: SplitRows = NO_SPLITS,
    fixed: Integers | None = None,
    improve: Improve | None = None,
) -> TreeOutcome:
    """Search one tree; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    progress
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
        int64 [J]: 0 or 1 where every plan better than `progress.best` has that value, -1 elsewhere.
    improve
        Makes plans near fractional points and reports them to `progress`.

    Notes
    -----
    SCIP runs on one thread, without Python's lock except in callbacks, so that trees can run beside each
    other; the outcome is the same for one seed as long as no limit of time is met and `separator` and
    `improve` are deterministic.
    """
    made = tree_model(problem, fixed=fixed, seed=limits.seed)
    add_rows(made, rows)
    add_splits(made, splits)
    watch = Watch(t, made, separator, progress, limits.rhythm)
    reporter = Reporter(watch, limits.gap)
    _include(watch, reporter, improve)
    made.model.setParams(
        {
            "limits/time": max(0.0, min(limits.seconds, progress.left())),
            "limits/totalnodes": limits.nodes,
            "limits/memory": limits.memory_mb,
        }
    )
    cut_off(watch)
    made.model.optimizeNogil()
    if watch.failure is not None:
        raise watch.failure
    return _outcome(watch, reporter, limits.gap)


def _include(watch: Watch, reporter: Reporter, improve: Improve | None) -> None:
    model, handler = watch.made.model, TimeRows(watch)
    model.includeConshdlr(
        handler, "timerows", "coverage is true", sepapriority=10, enfopriority=-1, chckpriority=-1, sepafreq=1
    )
    model.addPyCons(model.createCons(handler, "timerows"))
    model.includeEventhdlr(reporter, "reporter", "passes on bounds")
    when = TIMING.BEFORENODE | TIMING.DURINGLPLOOP | TIMING.AFTERLPNODE
    incumbents = Incumbents(watch, improve)
    model.includeHeur(incumbents, "incumbents", "takes in plans from outside", "p", timingmask=when)


def _outcome(watch: Watch, reporter: Reporter, gap: float) -> TreeOutcome:
    progress, status = watch.progress, watch.made.model.getStatus()
    complete = status in ("optimal", "infeasible", "inforunbd")
    reporter.tell()
    nodes = int(watch.made.model.getNTotalNodes())
    if complete and progress.best is None:
        return TreeOutcome(None, "infeasible", nodes, watch.cuts)
    if complete and progress.best is not None:
        bound = float(objective_of(watch.t, progress.best))
        progress.bound(bound, "tree")
        return TreeOutcome(bound, "proof", nodes, watch.cuts)
    reason = "time" if status == "timelimit" or progress.stop() else "nodes"
    if progress.closed(gap):
        reason = "proof" if progress.closed(0.0) else "gap"
    return TreeOutcome(bound_of(watch), reason, nodes, watch.cuts)

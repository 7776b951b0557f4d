"""Prove plans by the path formulation: column generation, then one integer model over the columns left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.engine.backends.highs import MOST_NODES
from optimiser.engine.backends.path_master import PathMaster, PathPlan
from optimiser.engine.methods.column_generation.columns import Caps, Listed, Pool, first_columns, list_columns
from optimiser.engine.methods.column_generation.generation import (
    NEAR_ZERO,
    Narrowed,
    Root,
    generate,
    narrow,
    tightened,
    try_plans,
)
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.scoring import covered_pairs, objective_of
from optimiser.engine.search.tables import Tables

CAPS = Caps(columns=200, labels=5_000)
"""Pairs with more columns than this are held by cuts in the integer phase."""

FIRST_NODES = 2000
"""Nodes of the first integer round while pairs are held by cuts; later ones have twice as many each."""

type Build = Callable[[Mask], PathMaster]
"""Makes a master problem without columns; the pairs of the mask, bool [K], need columns."""


def prove(t: Tables, build: Build, progress: MaskIncumbent, *, gap: float) -> str:
    """Run the method and report plans and bounds as they are found.

    Parameters
    ----------
    t
        The problem.
    build
        Makes an empty master problem for it.
    progress
        Takes incumbents and bounds, knows the clock.
    gap
        Relative gap asked for.

    Returns
    -------
    str
        Why it ended: `proof`, `gap`, `time`, `infeasible`; `stalled` when numerical noise keeps it open.

    Notes
    -----
    Exact: the integer model holds a pair either by all paths by which a better plan can cover it (`narrow`,
    `list_columns`), or by cuts that are added wherever a plan is said to cover it and does not.
    """
    root = _relaxed(t, build, progress)
    if progress.closed(gap):
        return _ending(progress)
    if root is None or progress.stop():
        return "time"
    narrowed = narrow(t, root, _value(t, progress))
    prices = _prices(t, root, narrowed)
    listed = list_columns(t, prices, narrowed.most, narrowed.free, CAPS, stop=progress.stop)
    master = build(listed.complete)
    master.add_columns(listed.columns)
    master.fix(closed=narrowed.closed, free=narrowed.free)
    _project(t, master, root, listed)
    return _integer_rounds(t, master, progress, gap=gap, complete=listed.complete)


def _ending(progress: MaskIncumbent) -> str:
    return "proof" if progress.closed(0.0) else "gap"


def _value(t: Tables, progress: MaskIncumbent) -> int | None:
    return None if progress.best is None else objective_of(t, progress.best)


def _relaxed(t: Tables, build: Build, progress: MaskIncumbent) -> Root | None:
    master, pool = build(np.ones(len(t.limit), np.bool_)), Pool()
    master.add_columns(pool.new(first_columns(t, progress.best)))
    if progress.best is None:
        master.add_penalty_columns(_penalty(t))
    return generate(t, master, pool, progress)


def _penalty(t: Tables) -> float:
    """Return more than any plan can be worth."""
    return float(t.cost.sum() if t.budget < 0 else t.weight.sum() + t.side.city_weight.sum()) + 1.0


def _prices(t: Tables, root: Root, narrowed: Narrowed) -> Floats:
    prices = root.relaxed.use_dual.copy()
    prices[narrowed.closed[t.use]] = np.inf
    return prices


def _project(t: Tables, master: PathMaster, root: Root, listed: Listed) -> None:
    """Add for each pair held by cuts the cut that the duals of the root give.

    Every path of pair k within its limit costs at least `root.cheapest_k` at these duals, so that
    `sum_j price_kj x_j >= cheapest_k y_k` (Benders). Together these cuts give the bound of the root again.
    """
    pairs = np.flatnonzero(~listed.complete & (root.cheapest > NEAR_ZERO))
    if not len(pairs):
        return
    rows = [np.arange(t.use_start[k], t.use_start[k + 1]) for k in pairs.tolist()]
    rows = [row[root.relaxed.use_dual[row] > 0.0] for row in rows]
    flat = np.concatenate(rows)
    start = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    least = np.repeat(root.cheapest[pairs], np.diff(start)) * (1.0 - 1e-9)
    value = np.minimum(root.relaxed.use_dual[flat] / least, 1.0)
    master.add(Rows(pairs, start, t.use[flat], value))


def _integer_rounds(
    t: Tables, master: PathMaster, progress: MaskIncumbent, *, gap: float, complete: Mask
) -> str:
    nodes, asked = (MOST_NODES if complete.all() else FIRST_NODES), gap
    while not progress.stop():
        outcome = master.solve(start=progress.best, gap=asked, seconds=progress.left(), nodes=nodes)
        progress.count("integer", nodes=outcome.nodes)
        if outcome.status == "infeasible" and progress.best is None:
            return "infeasible"
        missing = _missing(t, outcome, complete)
        if outcome.plan is not None:
            progress.plan(outcome.plan, "integer")
            try_plans(t, outcome.plan[:-1].astype(np.float64), progress)
        _report_bound(t, outcome, progress)
        if progress.closed(gap):
            return _ending(progress)
        if outcome.plan is not None and len(missing):
            _cut_off(t, master, outcome.plan, outcome.y, missing)
        elif outcome.status == "optimal" and asked == 0.0:
            return "stalled"
        elif outcome.status == "optimal":
            asked = 0.0
        nodes = min(2 * nodes, MOST_NODES)
    return "time"


def _report_bound(t: Tables, outcome: PathPlan, progress: MaskIncumbent) -> None:
    """Report what the integer model proves; it leaves out plans no better than the best known."""
    known = _value(t, progress)
    bound = known if outcome.status == "infeasible" else outcome.bound
    if bound is None:
        return
    if known is not None:
        bound = min(bound, known) if t.budget < 0 else max(bound, known)
    progress.bound(tightened(t, bound), "integer")


def _missing(t: Tables, outcome: PathPlan, complete: Mask) -> Integers:
    """Return the pairs that a plan is said to cover and does not."""
    if outcome.plan is None:
        return np.zeros(0, np.int64)
    claimed = (outcome.y > NEAR_ZERO) & ~complete
    return np.flatnonzero(claimed & ~covered_pairs(t, outcome.plan)).astype(np.int64)


def _cut_off(t: Tables, master: PathMaster, plan: Mask, y: Floats, missing: Integers) -> None:
    """Add minimal time cuts of the pairs that a plan does not cover, in two orders."""
    built, ties = plan[:-1].astype(np.float64), np.arange(t.size) / t.size
    for tie in (ties, 1.0 - ties):
        master.add(separate(t, missing, built, y, -built + 0.4 * tie))

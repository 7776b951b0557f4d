"""Solve problems by the path formulation: column generation, then an integer model over listed columns."""

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
    round_to_plans,
    tightened,
)
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.scoring import covered_pairs, objective_of
from optimiser.engine.search.tables import Tables

CAPS = Caps(columns=200, labels=5_000)
"""Pairs with more columns than this are modelled by cuts in the integer phase."""

FIRST_NODES = 2000
"""Node limit of the first integer round where some pairs are modelled by cuts; it doubles each round."""

type Build = Callable[[Mask], PathMaster]
"""Builds a master problem without columns; the pairs of the mask, bool [K], need columns to be covered."""


def prove(t: Tables, build: Build, incumbent: MaskIncumbent, *, gap: float) -> str:
    """Solve a problem by the path formulation; the variant `paths`.

    Parameters
    ----------
    t
        The problem.
    build
        Builds an empty master problem.
    incumbent
        Receives plans and bounds, and knows the time left.
    gap
        Relative gap at which to stop.

    Returns
    -------
    str
        Why the solve ended: `proof`, `gap`, `time`, `infeasible`, or `stalled` when numerical tolerances keep
        the gap open.

    Notes
    -----
    The method is exact. In the integer model, a pair has either all paths by which a better plan can cover it
    (`narrow`, `list_columns`), or cuts, which are added whenever the model claims a pair that its plan does
    not cover.
    """
    root = _solve_root(t, build, incumbent)
    if incumbent.closed(gap):
        return _ending(incumbent)
    if root is None or incumbent.stop():
        return "time"
    narrowed = narrow(t, root, _value(t, incumbent))
    prices = _prices(t, root, narrowed)
    listed = list_columns(t, prices, narrowed.most, narrowed.free, CAPS, stop=incumbent.stop)
    master = build(listed.complete)
    master.add_columns(listed.columns)
    master.fix(closed=narrowed.closed, free=narrowed.free)
    _add_benders_cuts(t, master, root, listed)
    return _integer_rounds(t, master, incumbent, gap=gap, complete=listed.complete)


def _ending(incumbent: MaskIncumbent) -> str:
    return "proof" if incumbent.closed(0.0) else "gap"


def _value(t: Tables, incumbent: MaskIncumbent) -> int | None:
    return None if incumbent.best is None else objective_of(t, incumbent.best)


def _solve_root(t: Tables, build: Build, incumbent: MaskIncumbent) -> Root | None:
    master, pool = build(np.ones(len(t.limit), np.bool_)), Pool()
    master.add_columns(pool.new(first_columns(t, incumbent.best)))
    if incumbent.best is None:
        master.add_penalty_columns(_penalty(t))
    return generate(t, master, pool, incumbent)


def _penalty(t: Tables) -> float:
    """Return a number larger than any difference of objectives."""
    return float(t.cost.sum() if t.budget < 0 else t.weight.sum() + t.side.city_weight.sum()) + 1.0


def _prices(t: Tables, root: Root, narrowed: Narrowed) -> Floats:
    prices = root.relaxed.use_dual.copy()
    prices[narrowed.closed[t.use]] = np.inf
    return prices


def _add_benders_cuts(t: Tables, master: PathMaster, root: Root, listed: Listed) -> None:
    """Add, for each pair modelled by cuts, the Benders cut of the duals of the root.

    At these duals, every path of pair k within its limit costs at least `root.cheapest_k`, so that
    `sum_j price_kj x_j >= cheapest_k y_k`. Together these cuts reproduce the bound of the root.
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
    t: Tables, master: PathMaster, incumbent: MaskIncumbent, *, gap: float, complete: Mask
) -> str:
    nodes, master_gap = (MOST_NODES if complete.all() else FIRST_NODES), gap
    while not incumbent.stop():
        outcome = master.solve(start=incumbent.best, gap=master_gap, seconds=incumbent.left(), nodes=nodes)
        incumbent.count("integer", nodes=outcome.nodes)
        if outcome.status == "infeasible" and incumbent.best is None:
            return "infeasible"
        false_claims = _false_claims(t, outcome, complete)
        if outcome.plan is not None:
            incumbent.plan(outcome.plan, "integer")
            round_to_plans(t, outcome.plan[:-1].astype(np.float64), incumbent)
        _report_bound(t, outcome, incumbent)
        if incumbent.closed(gap):
            return _ending(incumbent)
        if outcome.plan is not None and len(false_claims):
            _cut_off(t, master, outcome.plan, outcome.y, false_claims)
        elif outcome.status == "optimal" and master_gap == 0.0:
            return "stalled"
        elif outcome.status == "optimal":
            master_gap = 0.0
        nodes = min(2 * nodes, MOST_NODES)
    return "time"


def _report_bound(t: Tables, outcome: PathPlan, incumbent: MaskIncumbent) -> None:
    """Report the bound of the integer model, which excludes plans no better than the best known one.

    So the bound is at best the objective of that plan.
    """
    known = _value(t, incumbent)
    bound = known if outcome.status == "infeasible" else outcome.bound
    if bound is None:
        return
    if known is not None:
        bound = min(bound, known) if t.budget < 0 else max(bound, known)
    incumbent.bound(tightened(t, bound), "integer")


def _false_claims(t: Tables, outcome: PathPlan, complete: Mask) -> Integers:
    """Return the pairs that the model claims to be covered, but that its plan does not cover."""
    if outcome.plan is None:
        return np.zeros(0, np.int64)
    claimed = (outcome.y > NEAR_ZERO) & ~complete
    return np.flatnonzero(claimed & ~covered_pairs(t, outcome.plan)).astype(np.int64)


def _cut_off(t: Tables, master: PathMaster, plan: Mask, y: Floats, false_claims: Integers) -> None:
    """Add minimal time cuts of the pairs that a plan does not cover, for two orders of the candidates."""
    x, ties = plan[:-1].astype(np.float64), np.arange(t.size) / t.size
    for tie in (ties, 1.0 - ties):
        master.add(separate(t, false_claims, x, y, -x + 0.4 * tie))

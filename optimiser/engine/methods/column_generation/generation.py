"""Solve the relaxation of the path formulation by column generation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.path_master import PathMaster, RelaxedPaths
from optimiser.engine.methods.column_generation.columns import Pool, price_columns
from optimiser.engine.methods.heuristics.greedy import greedy, reverse_greedy
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.labels import PathFinder
from optimiser.engine.search.paths import Floats, Mask
from optimiser.engine.search.scoring import fits, objective_unit
from optimiser.engine.search.tables import Tables
from optimiser.problem.result import rounded_bound

COLUMNS_A_ROUND = 3
"""Most columns that a pair gets in a round."""

ROUNDS_PER_PLAN = 5
"""Number of rounds after which the relaxation is rounded to a plan again."""

NEAR_ZERO = 1e-6
"""Values up to this count as 0."""


@dataclass(frozen=True, slots=True)
class Root:
    """The relaxation at the end of column generation.

    Attributes
    ----------
    relaxed
        Optimal solution over the columns found.
    bound
        Lagrangean bound on the objective at the duals of `relaxed`.
    cheapest
        float64 [K], lower bound on the price of the cheapest path of each pair at these duals, capped at the
        dual of the pair.
    ended
        Whether pricing found no further column.
    """

    relaxed: RelaxedPaths
    bound: float
    cheapest: Floats
    ended: bool


def tightened(t: Tables, bound: float) -> float:
    """Return a proven bound, rounded to the nearest multiple of the objective's unit that it allows."""
    return float(rounded_bound(bound, minimise=t.budget < 0, unit=objective_unit(t)))


def round_to_plans(t: Tables, x: Floats, incumbent: MaskIncumbent) -> None:
    """Round a point to plans, and report them to the incumbent.

    Parameters
    ----------
    t
        The problem.
    x
        float64 [J], values of the candidates; they are rounded up from just above 0 and from one half.
    incumbent
        Receives the plans.
    """
    for threshold in (NEAR_ZERO, 0.5):
        plan = np.append(x > threshold, True)
        if threshold == NEAR_ZERO or not fits(t, plan):
            plan = reverse_greedy(t, plan, stop=incumbent.stop)
        if t.budget >= 0:
            plan = reverse_greedy(t, greedy(t, plan), stop=incumbent.stop)
        if fits(t, plan):
            incumbent.plan(plan, "rounding")


def generate(t: Tables, master: PathMaster, pool: Pool, incumbent: MaskIncumbent) -> Root | None:
    """Solve the relaxation by column generation; bounds and plans go to the incumbent.

    Parameters
    ----------
    t
        The problem.
    master
        A master problem whose relaxation is feasible.
    pool
        The columns of the master.
    incumbent
        Receives bounds and plans, and knows the time left.

    Returns
    -------
    Root or None
        The best bound and the relaxation that gave it; None when the time was up before the first bound.

    Notes
    -----
    Dantzig-Wolfe column generation. The bound of each round is the Lagrangean bound: the optimum over the
    current columns, corrected by the reduced cost of the best missing column of each pair (Desrosiers and
    Lübbecke, "A primer in column generation", 2005, section 2.1). The correction counts each pair once, since
    a pair uses at most one unit of columns: more can be scaled down.
    """
    finder = PathFinder(t, paths=COLUMNS_A_ROUND)
    best: Root | None = None
    round_number = 0
    while not incumbent.stop():
        relaxed = master.relax(seconds=incumbent.left())
        if relaxed is None:
            break
        priced = price_columns(t, relaxed.pair_dual, relaxed.use_dual, finder)
        new = pool.new(priced.columns)
        excess = float(priced.excess.sum())
        bound = relaxed.objective - excess if t.budget < 0 else relaxed.objective + excess
        if best is None or not len(new) or ((bound > best.bound) == (t.budget < 0)):
            best = Root(relaxed, bound, relaxed.pair_dual - priced.excess, ended=not len(new))
        incumbent.bound(tightened(t, bound), "columns")
        if round_number % ROUNDS_PER_PLAN == 0 or not len(new):
            round_to_plans(t, relaxed.x, incumbent)
        if not len(new) or incumbent.closed(0.0):
            break
        master.add_columns(new)
        round_number += 1
    return best


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Properties of every plan that is better than the best known one.

    Attributes
    ----------
    closed, free
        bool [J], candidates that no such plan builds, and candidates that every such plan builds.
    most
        float64 [K]: such a plan covers a pair by a path whose price at the duals of the root is below this.
    """

    closed: Mask
    free: Mask
    most: Floats


def narrow(t: Tables, root: Root, value: int | None) -> Narrowed:
    """Fix candidates and limit the prices of paths by the bound of the root.

    Parameters
    ----------
    t
        The problem.
    root
        The relaxation.
    value
        Objective of the best known plan; None: nothing is excluded.

    Notes
    -----
    By Lagrangean duality, the objective of a plan is at most the bound of the root minus the reduced costs of
    all decisions in which it differs from the relaxation. Let `slack` be the distance between the bound and
    the least improvement of the best plan. Then a candidate whose reduced cost exceeds `slack` keeps its
    value, and each pair is covered by a path whose price is at most `slack` above `root.cheapest` (as in
    Baldacci, Christofides and Mingozzi 2008 for routes). A tolerance on `slack` allows for rounding.
    """
    if value is None:
        return Narrowed(np.zeros(t.size, np.bool_), np.zeros(t.size, np.bool_), np.full(len(t.limit), np.inf))
    sign = 1.0 if t.budget < 0 else -1.0
    slack = sign * (value - root.bound) - objective_unit(t)
    slack += 1e-6 * max(1.0, abs(value))
    slope = sign * root.relaxed.reduced_costs
    return Narrowed(slope > slack, -slope > slack, root.cheapest + slack)

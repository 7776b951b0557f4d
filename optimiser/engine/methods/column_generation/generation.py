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

ROUNDS_A_PLAN = 5
"""Rounds from one rounding of the relaxation to the next."""

NEAR_ZERO = 1e-6
"""Values up to this count as 0."""


@dataclass(frozen=True, slots=True)
class Root:
    """The relaxation at the end of column generation.

    Attributes
    ----------
    relaxed
        Optimum over the columns found.
    bound
        Proven limit of the objective at the duals of `relaxed`.
    cheapest
        float64 [K]: a lower bound of the price of the cheapest path of each pair at these duals, or its worth
        where that is less.
    ended
        No column is missing.
    """

    relaxed: RelaxedPaths
    bound: float
    cheapest: Floats
    ended: bool


def tightened(t: Tables, bound: float) -> float:
    """Return a proven bound, rounded to the multiple of the objective's unit that it allows."""
    return float(rounded_bound(bound, minimise=t.budget < 0, unit=objective_unit(t)))


def try_plans(t: Tables, built: Floats, progress: MaskIncumbent) -> None:
    """Reduce what a point builds, and what it builds by half, to plans, and report them.

    Parameters
    ----------
    t
        The problem.
    built
        float64 [J], how far each candidate is built.
    progress
        Takes plans.
    """
    for level in (NEAR_ZERO, 0.5):
        plan = np.append(built > level, True)
        if level == NEAR_ZERO or not fits(t, plan):
            plan = reverse_greedy(t, plan, stop=progress.stop)
        if t.budget >= 0:
            plan = reverse_greedy(t, greedy(t, plan), stop=progress.stop)
        if fits(t, plan):
            progress.plan(plan, "rounding")


def generate(t: Tables, master: PathMaster, pool: Pool, progress: MaskIncumbent) -> Root | None:
    """Add columns until none is missing or the time is up; report bounds and plans on the way.

    Parameters
    ----------
    t
        The problem.
    master
        A master problem whose relaxation has a solution.
    pool
        Its columns.
    progress
        Takes bounds and plans.

    Returns
    -------
    Root or None
        The best bound found and the relaxation that gave it; None when the time was up before there was one.

    Notes
    -----
    Dantzig and Wolfe; the bound of each round is Lagrange's: the optimum over the columns there are, moved
    by what the best missing column of each pair would add (Desrosiers and Lübbecke, "A primer in column
    generation", 2005, section 2.1). A pair takes at most one unit of columns, since more than that can be
    scaled down.
    """
    finder = PathFinder(t, paths=COLUMNS_A_ROUND)
    best: Root | None = None
    turn = 0
    while not progress.stop():
        relaxed = master.relax(seconds=progress.left())
        if relaxed is None:
            break
        priced = price_columns(t, relaxed.pair_dual, relaxed.use_dual, finder)
        new = pool.new(priced.columns)
        excess = float(priced.excess.sum())
        bound = relaxed.objective - excess if t.budget < 0 else relaxed.objective + excess
        if best is None or not len(new) or ((bound > best.bound) == (t.budget < 0)):
            best = Root(relaxed, bound, relaxed.pair_dual - priced.excess, ended=not len(new))
        progress.bound(tightened(t, bound), "columns")
        if turn % ROUNDS_A_PLAN == 0 or not len(new):
            try_plans(t, relaxed.x, progress)
        if not len(new) or progress.closed(0.0):
            break
        master.add_columns(new)
        turn += 1
    return best


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a plan better than the best known can look like.

    Attributes
    ----------
    closed, free
        bool [J]: candidates that it does not build, and candidates that it builds in any case.
    most
        float64 [K]: it covers a pair by a path of a price below this (at the duals of the root).
    """

    closed: Mask
    free: Mask
    most: Floats


def narrow(t: Tables, root: Root, value: int | None) -> Narrowed:
    """Return what the bound of the root leaves of candidates and paths.

    Parameters
    ----------
    t
        The problem.
    root
        Its relaxation.
    value
        Objective of the best plan known; None: nothing is left out.

    Notes
    -----
    At the duals of the root each plan is worth at most the bound less the reduced costs of what it does
    otherwise than the relaxation (Lagrange). Let `slack` be the distance from the bound to the least
    improvement of the best plan. A candidate whose reduced cost is above `slack` stays as the relaxation has
    it, and a pair is covered by a path whose price is at most `slack` above `root.cheapest` (as Baldacci,
    Christofides and Mingozzi 2008 for routes).
    """
    if value is None:
        return Narrowed(np.zeros(t.size, np.bool_), np.zeros(t.size, np.bool_), np.full(len(t.limit), np.inf))
    sign = 1.0 if t.budget < 0 else -1.0
    slack = sign * (value - root.bound) - objective_unit(t)
    slack += 1e-6 * max(1.0, abs(value))
    slope = sign * root.relaxed.reduced_costs
    return Narrowed(slope > slack, -slope > slack, root.cheapest + slack)

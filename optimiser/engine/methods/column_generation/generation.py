"""Solve the relaxation of the path formulation by column generation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.column_generation.columns import Columns, Pool, columns_of
from optimiser.engine.methods.column_generation.master import Master, Relaxed
from optimiser.engine.methods.column_generation.plans import try_plans
from optimiser.engine.methods.column_generation.pricing import price
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.label_store import Floats, Scratch
from optimiser.engine.search.labels import cheapest_path
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.tables import Tables

COLUMNS_A_ROUND = 3
"""Most columns that a pair gets in a round."""

ROUNDS_A_PLAN = 5
"""Rounds from one rounding of the relaxation to the next."""


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

    relaxed: Relaxed
    bound: float
    cheapest: Floats
    ended: bool


def granule(t: Tables) -> int:
    """Return the greatest common divisor of what the objective adds up: it is always a multiple of that."""
    numbers = t.cost if t.budget < 0 else np.concatenate((t.weight, t.side.city_weight))
    return math.gcd(*numbers.tolist()) or 1


def tightened(t: Tables, bound: float) -> float:
    """Return a proven bound, rounded to the multiple of `granule` that it allows."""
    unit = granule(t)
    noise = 1e-6 + 1e-9 * abs(bound) / unit
    if t.budget < 0:
        return float(unit * math.ceil(bound / unit - noise))
    return float(unit * math.floor(bound / unit + noise))


def first_columns(t: Tables, plan: Mask | None, scratch: Scratch) -> Columns:
    """Return a cheap path of each pair by itself, and one over what a plan builds where it covers the pair.

    Parameters
    ----------
    t
        The problem.
    plan
        bool [J + 1]; None: there is no plan yet.
    scratch
        From `new_scratch`.
    """
    cost = t.cost.astype(np.float64)
    prices = [cost] if plan is None else [cost, np.where(plan[:-1], cost, np.inf)]
    pair, rows = [], []
    for alpha in prices:
        for k in range(len(t.limit)):
            value, used = cheapest_path(t, k, alpha, np.inf, -1.0, scratch)
            if value < np.inf:
                pair.append(k)
                rows.append(used)
    return columns_of(pair, rows)


def generate(t: Tables, master: Master, pool: Pool, progress: MaskIncumbent, scratch: Scratch) -> Root | None:
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
    scratch
        From `new_scratch`.

    Returns
    -------
    Root or None
        The best bound found and the relaxation that gave it; None when the time was up before there was one.

    Notes
    -----
    Dantzig and Wolfe; the bound of each round is Lagrange's: the optimum over the columns there are, moved by
    what the best missing column of each pair would add (Desrosiers and Lübbecke, "A primer in column
    generation", 2005, section 2.1). A pair takes at most one unit of columns, since more than that can be
    scaled down.
    """
    best: Root | None = None
    turn = 0
    while not progress.stop():
        relaxed = master.relax(seconds=progress.left())
        if relaxed is None:
            break
        priced = price(t, relaxed.worth, relaxed.price, scratch, count=COLUMNS_A_ROUND)
        new = pool.new(priced.columns)
        excess = float(priced.excess.sum())
        bound = relaxed.value - excess if t.budget < 0 else relaxed.value + excess
        if best is None or not len(new) or ((bound > best.bound) == (t.budget < 0)):
            best = Root(relaxed, bound, relaxed.worth - priced.excess, ended=not len(new))
        progress.bound(tightened(t, bound), "columns")
        if turn % ROUNDS_A_PLAN == 0 or not len(new):
            try_plans(t, relaxed.built, progress)
        if not len(new) or progress.closed(0.0):
            break
        master.add(new)
        turn += 1
    return best

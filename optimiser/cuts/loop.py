"""Run the time-cut method: relax, cut, solve, cut again, until no cut is violated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from optimiser.cuts.separation import Cuts, Floats, joined, separate
from optimiser.heuristics.greedy import greedy, reverse_greedy
from optimiser.paths import Mask
from optimiser.progress import Progress
from optimiser.scoring import covered_pairs, fits
from optimiser.tables import Tables

EDGE = 1e-6
"""How near to 0 or 1 a value counts as that."""


FIRST_NODES = 400
"""Nodes of the first integer round; later ones have twice as many each, so that cuts come in early."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the master problem.

    Attributes
    ----------
    built
        float64 [J].
    level
        float64 [K].
    """

    built: Floats
    level: Floats


@dataclass(frozen=True, slots=True)
class MasterOutcome:
    """What the master problem answered.

    Attributes
    ----------
    bound
        Proven limit of its objective; None when the solver gave none.
    points
        Integer points found, the best last.
    complete
        The solver ended by proof or gap, not by a limit of nodes or time.
    empty
        The solver proved that no integer point meets the rows, and so no plan the constraints.
    """

    bound: float | None
    points: tuple[Point, ...]
    complete: bool
    empty: bool = False


class Master(Protocol):
    """A live linear model of building, coverage levels, the budget and the cuts found so far."""

    def add(self, cuts: Cuts) -> None:
        """Add rows `level_pair <= sum of built over candidates`."""

    def relax(self, *, seconds: float) -> tuple[float, Point] | None:
        """Return bound and point of the linear relaxation; None when it did not end in time."""

    def drop_slack(self) -> None:
        """Take out rows that do not bind at the point of the last `relax`."""

    def solve(self, *, start: Point | None, gap: float, nodes: int, seconds: float) -> MasterOutcome:
        """Return what the integer model answers within the nodes and seconds given."""


def prove(t: Tables, master: Master, progress: Progress, *, gap: float, seed: int) -> str:
    """Run the method and report plans and bounds as they are found.

    Parameters
    ----------
    t
        The problem.
    master
        An empty master problem for it.
    progress
        Takes incumbents and bounds, knows the clock.
    gap
        Relative gap asked for.
    seed
        For the orders in which cuts are looked for.

    Returns
    -------
    str
        Why it ended: `proof`, `gap`, `time` or `infeasible`; `stalled` when numerical noise keeps the proof
        open.
    """
    orders = _tie_orders(t, seed)
    _relaxed_rounds(t, master, progress, orders)
    nodes, asked = FIRST_NODES, gap
    while not progress.closed(gap):
        if progress.left() <= 0:
            return "time"
        start = _point(t, progress.best)
        outcome = master.solve(start=start, gap=asked, nodes=nodes, seconds=progress.left())
        if outcome.empty:
            return "infeasible" if progress.best is None else "stalled"
        if outcome.bound is not None:
            progress.bound(outcome.bound, "master")
        for point in outcome.points:
            _try_plans(t, point.built, progress)
        if progress.closed(gap):
            break
        cuts = joined([_integer_cuts(t, point, orders) for point in outcome.points])
        if len(cuts):
            master.add(cuts)
        elif outcome.complete and asked == 0.0:
            return "stalled"
        elif outcome.complete:
            asked = 0.0
        nodes *= 2
    return "proof" if progress.closed(0.0) else "gap"


def _point(t: Tables, best: Mask | None) -> Point | None:
    if best is None:
        return None
    return Point(best[:-1].astype(np.float64), covered_pairs(t, best).astype(np.float64))


def _tie_orders(t: Tables, seed: int) -> list[Floats]:
    """Return orders of candidates, each within 0..1: two by size and some by chance."""
    generator = np.random.default_rng(seed)
    degree = np.bincount(t.use, minlength=t.size).astype(np.float64)
    by_use = degree.argsort(kind="stable").argsort(kind="stable") / max(1, t.size)
    chance = [generator.permutation(t.size) / max(1, t.size) for _ in range(4)]
    return [by_use, 1.0 - by_use, *chance]


def _relaxed_rounds(t: Tables, master: Master, progress: Progress, orders: list[Floats]) -> None:
    """Cut off fractional points until the bound of the relaxation stalls."""
    history: list[float] = []
    pairs = np.arange(len(t.limit))
    generator = np.random.default_rng(0)
    for turn in range(200):
        answer = master.relax(seconds=progress.left())
        if answer is None or progress.left() <= 0:
            return
        bound, point = answer
        progress.bound(bound, "relaxation")
        if progress.closed(0.0):
            return
        if turn % 5 == 4:
            _try_plans(t, point.built, progress)
        history.append(bound)
        if len(history) > 6 and abs(history[-7] - bound) < 1e-3 * abs(bound):
            return
        wanted = pairs[point.level > EDGE]
        noise = [0.01 * orders[turn % len(orders)], 0.1 * generator.random(t.size)]
        found = [
            separate(t, wanted, point.built, point.level, -point.built + shift, margin=1e-3)
            for shift in noise
        ]
        cuts = joined(found)
        if not len(cuts):
            return
        if turn % 8 == 7:
            master.drop_slack()
        master.add(cuts)


def _integer_cuts(t: Tables, point: Point, orders: list[Floats]) -> Cuts:
    built = np.round(point.built)
    is_open = np.append(built > 0, True)
    missing = np.flatnonzero((point.level > EDGE) & ~covered_pairs(t, is_open))
    found = [separate(t, missing, built, point.level, -built + 0.5 * order) for order in orders]
    return joined(found)


def _try_plans(t: Tables, built: Floats, progress: Progress) -> None:
    """Make plans near a point and report them."""
    rounded = np.append(built > 0.5, True)
    support = np.append(built > EDGE, True)
    for start in (rounded, support):
        plan = start
        if not fits(t, plan):
            plan = reverse_greedy(t, _completed(t, plan))
        if t.budget >= 0:
            plan = reverse_greedy(t, greedy(t, plan))
        if fits(t, plan):
            progress.plan(plan, "rounding")


def _completed(t: Tables, plan: Mask) -> Mask:
    """Return a plan that can be thinned out: as it is with a budget, everything without."""
    return plan if t.budget >= 0 else np.ones_like(plan)

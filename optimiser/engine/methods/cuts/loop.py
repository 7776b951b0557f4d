"""Solve an integer master, cut off what it claims without right, and solve it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.cuts.relaxation import EDGE
from optimiser.engine.methods.cuts.separation import separate
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats, Rows, joined
from optimiser.engine.search.scoring import covered_pairs, fits
from optimiser.engine.search.tables import Tables

PULL = 0.3
"""Share of the way to the interior point at which a fractional cut of an integer point is sought first."""

ORDERS = 4
"""Orders by chance in which candidates are opened: each may give another minimal cut of the same pair."""


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
        The solver ended by proof or gap, not by a limit of work or time.
    empty
        The solver proved that no integer point meets the rows, and so no plan the constraints.
    """

    bound: float | None
    points: tuple[Point, ...]
    complete: bool
    empty: bool = False


type Tell = Callable[[float | None, Point | None], bool]
"""Takes a bound or an integer point while the master is at work; says whether to end."""


class Master(Protocol):
    """A live integer model of building, coverage, the rules and the rows found so far."""

    def add(self, rows: Rows) -> None:
        """Add rows; they stay."""

    def forbid(self, built: Floats) -> None:
        """Cut off one plan, float64 [J]."""

    def solve(
        self, *, start: Point | None, gap: float, turn: int, seconds: float, tell: Tell
    ) -> MasterOutcome:
        """Return what the model answers within the seconds given, with twice the work of the turn before."""


def prove(
    t: Tables,
    master: Master,
    cuts: CutFinder,
    progress: Progress,
    *,
    gap: float,
    seed: int,
    towards: Floats,
    improve: Callable[[Floats], None],
) -> str:
    """Run the loop and report plans and bounds as they are found.

    Parameters
    ----------
    t
        The problem.
    master
        Its master problem, with the rows of the relaxation.
    cuts
        Finds cuts.
    progress
        Takes incumbents and bounds, knows the clock.
    gap
        Relative gap asked for.
    seed
        For the orders in which cuts are looked for.
    towards
        float64 [J], interior point.
    improve
        Makes plans near a point and reports them.

    Returns
    -------
    str
        Why it ended: `proof`, `gap`, `time` or `infeasible`; `stalled` when numerical noise keeps the proof
        open.

    Notes
    -----
    Cutting planes at integer points alone, as in the first methods by decomposition (Benders 1962;
    logic-based: Hooker and Ottosson 2003). Invariant: every row holds for every plan, and rows found here
    stay, so that no point claims the same twice; there are finitely many, and the master's bound holds all
    the while. Rows of the relaxation that were slack at its end do not get here.
    """
    turn, asked = 0, gap
    orders = np.random.default_rng(seed).random((ORDERS, t.size))
    while not progress.closed(gap):
        if progress.stop():
            return "time"
        outcome = master.solve(
            start=_point(t, progress.best),
            gap=asked,
            turn=turn,
            seconds=progress.left(),
            tell=_teller(progress, gap),
        )
        progress.count("master", nodes=1)
        if outcome.empty:
            return "infeasible" if progress.best is None else "stalled"
        if outcome.bound is not None:
            progress.bound(outcome.bound, "master")
        added = _refute(t, master, cuts, progress, outcome.points, towards, orders)
        for point in outcome.points[-1:]:
            improve(point.built)
        if not added and outcome.complete and not progress.closed(gap):
            if asked == 0.0:
                return "stalled"
            asked = 0.0
        turn += 1
    return "proof" if progress.closed(0.0) else "gap"


def _teller(progress: Progress, gap: float) -> Tell:
    def tell(bound: float | None, point: Point | None) -> bool:
        if bound is not None:
            progress.bound(bound, "master")
        if point is not None:
            progress.plan(np.append(point.built > 0.5, True), "master")
        return progress.stop() or progress.closed(gap)

    return tell


def _point(t: Tables, best: Mask | None) -> Point | None:
    if best is None:
        return None
    return Point(best[:-1].astype(np.float64), covered_pairs(t, best).astype(np.float64))


def _refute(
    t: Tables,
    master: Master,
    cuts: CutFinder,
    progress: Progress,
    points: tuple[Point, ...],
    towards: Floats,
    orders: Floats,
) -> bool:
    """Cut off the points that claim what is not true; say whether there were any."""
    rows = joined([_false_claims(t, cuts, point, towards, orders) for point in points])
    master.add(rows)
    progress.count("master", cuts=len(rows))
    broken = [point for point in points if not fits(t, np.append(point.built > 0.5, True))]
    for point in () if len(rows) else broken:
        master.forbid(np.round(point.built))
    return bool(len(rows) or broken)


def _false_claims(t: Tables, cuts: CutFinder, point: Point, towards: Floats, orders: Floats) -> Rows:
    """Return violated rows for every pair that is said to be covered and is not.

    Opened in an order that begins with what is built, such a pair always has a violated time cut.
    """
    built = np.round(point.built)
    missing = np.flatnonzero((point.level > EDGE) & ~covered_pairs(t, np.append(built > 0, True)))
    parts = [cuts.violated(missing, built, point.level, towards=towards, pull=PULL, margin=EDGE)]
    for order in orders:
        found = separate(t, missing, built, point.level, -built + 0.5 * order)
        parts.append(Rows(found.pair, found.start, found.candidate, np.ones(len(found.candidate))))
    return joined(parts)

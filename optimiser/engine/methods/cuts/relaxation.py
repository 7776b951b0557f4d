"""Cut off the points of the linear relaxation until its bound stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.branching.program import Answer, Floats, Program
from optimiser.engine.methods.cuts.finder import MOST, CutFinder
from optimiser.engine.search.rows import NO_ROWS, Rows
from optimiser.engine.search.tables import Tables

EDGE = 1e-6
"""How near to 0 a value counts as that."""

SLOW = 0.01
"""Relative progress of a round below which partition inequalities come in: time cuts go further at first."""

DEEP = 0.8
"""Share of the greatest violation from which on a row comes in at a turn: those that are not nearly as deep
may be kept by those that are."""

PATIENCE = 5
"""Rounds over which the bound must have moved."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Where the rounds ended.

    Attributes
    ----------
    answer
        Of the last solve; None when not even the first ended in time.
    rows
        Cuts found, in the order of the rounds.
    towards
        float64 [J], interior point.
    complete
        The bound stood still, or nothing was violated.
    """

    answer: Answer | None
    rows: tuple[Rows, ...]
    towards: Floats
    complete: bool


def relax(
    t: Tables,
    program: Program,
    cuts: CutFinder,
    *,
    left: Callable[[], float],
    tell: Callable[[Answer, int], bool],
    wide: Callable[[], bool] = lambda: True,
    pull: float = 0.3,
    least: float = 2e-4,
) -> Relaxed:
    """Solve, cut and solve again.

    Parameters
    ----------
    t
        The problem.
    program
        A live relaxation without cuts.
    cuts
        Finds cuts.
    left
        Says how many seconds are left.
    tell
        Takes each answer and the number of cuts found for it; says whether to end.
    wide
        Says whether the gap is still so wide that rows of several pairs pay for what they make slower.
    pull
        Share of the way to the interior point at which cuts are sought; it shrinks from round to round.
    least
        Relative progress of the bound over `PATIENCE` rounds below which they end.

    Returns
    -------
    Relaxed
        The last answer, the cuts and the interior point.

    Notes
    -----
    Cutting planes with stabilised separation (Ben-Ameur and Neto 2007; Fischetti and Salvagnin 2010): the
    interior point moves towards the points met. The first cuts are sought at the interior point itself, since
    the first point of the relaxation, nothing built and all covered, says nothing. Invariant: every row holds
    for every plan, so that each answer bounds the best one from above.
    """
    pairs = np.arange(len(t.limit))
    towards = _centre(t)
    rows = [
        cuts.violated(
            pairs, towards, np.full(len(pairs), np.inf), towards=towards, pull=0.0, margin=EDGE, joint=0
        )
    ]
    program.add(rows[0])
    history: list[float] = []
    answer: Answer | None = None
    while True:
        latest = program.solve(seconds=left())
        if latest.ending == "limit":
            return Relaxed(answer, tuple(rows), towards, complete=False)
        answer = latest
        if answer.ending == "empty" or tell(answer, len(rows[-1])):
            return Relaxed(answer, tuple(rows), towards, complete=False)
        history.append(answer.worth)
        if stands(history, least):
            return Relaxed(answer, tuple(rows), towards, complete=True)
        built = answer.decided[: t.size]
        wanted = pairs[answer.level > EDGE]
        joint = MOST if wide() and stands(history, SLOW, 1) else 0
        found = cuts.violated(
            wanted, built, answer.level, towards=towards, pull=pull, margin=1e-4, joint=joint
        )
        if not (len(found) or joint) and wide():
            found = cuts.joining(built, answer.level)
        if not len(found):
            return Relaxed(answer, tuple(rows), towards, complete=True)
        if len(history) % 4 == 0:
            program.drop_slack()
            pull = max(0.05, 0.7 * pull)
        towards = 0.7 * towards + 0.3 * np.clip(built, 0.0, 1.0)
        rows.append(found)
        program.add(found)


def needed(program: Program, rows: Rows, *, left: Callable[[], float]) -> Rows:
    """Return some of the rows, such that the optimum of a program with them breaks none of the others.

    Parameters
    ----------
    program
        A live relaxation without the rows; those that are kept are added to it.
    rows
        The rows.
    left
        Says how many seconds are left; all rows are returned when a solve does not end in them, or finds
        that no point is left.

    Notes
    -----
    Many rows bind at one point, of which few hold it: where rows are dense, the others only make the solves
    of a tree dearer. They come in by turns, the deepest first, as long as the optimum breaks any. Invariant:
    every turn adds a row, so that the turns end, and the program then has the bound that all rows give.
    """
    if not len(rows):
        return NO_ROWS
    kept = np.zeros(len(rows), np.bool_)
    while True:
        answer = program.solve(seconds=left())
        if answer.ending != "optimal":
            return rows
        broken = np.where(kept, 0.0, rows.claimed(answer.level) - rows.at(answer.decided))
        deepest = float(broken.max())
        if deepest <= EDGE:
            return rows.only(kept)
        deep = broken >= max(EDGE, DEEP * deepest)
        program.add(rows.only(deep))
        kept |= deep


def _centre(t: Tables) -> Floats:
    share = 0.5 if t.budget < 0 else min(1.0, t.budget / max(1, int(t.cost.sum())))
    return np.full(t.size, max(share, 1e-3))


def stands(history: list[float], least: float, rounds: int = PATIENCE) -> bool:
    """Say whether a bound has moved little over the last rounds.

    Parameters
    ----------
    history
        Its values.
    least
        Relative progress that is not little.
    rounds
        How many.
    """
    if len(history) <= rounds:
        return False
    return history[-1 - rounds] - history[-1] < least * abs(history[-1])

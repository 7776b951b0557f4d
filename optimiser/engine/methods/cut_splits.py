"""Tighten the relaxation of the time-cut method by lift-and-project cuts, before the tree."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimiser.engine.backends.small_program import SmallPrograms
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.cut_opening import LARGE, Opening
from optimiser.engine.methods.cuts.lift_project import Splitter
from optimiser.engine.methods.cuts.relaxation import EDGE
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.rows import Rows, SplitRows, gathered
from optimiser.engine.search.tables import Tables

SHARE = 0.7
"""Share of the time left after which no new round begins."""

ROUNDS = 10
"""Most rounds: rows of rows of rows grow dense."""

LITTLE = 0.03
"""Share of the gap that a round has to close for another one to follow."""

WIDE = 0.05
"""Gap below which a tree is done sooner without the rows, which make each of its nodes dearer."""

MANY = 90
"""Candidates built in part from which on rows pay: with fewer, the tree is done before they are found."""

HALF = 0.01
"""How far from 0 and from 1 a candidate built in part is."""

AGAIN = 4
"""Most rounds of time cuts after each of these."""

PULL = 0.05
"""Share of the way to the interior point at which time cuts are sought."""

MARGIN = 1e-4
"""Least violation of a time cut."""

TIGHT = 1e-2
"""Distance up to which a row binds at the last point."""


def tightened(
    t: Tables, progress: Progress, begun: Opening, *, gap: float = 0.0, many: int = MANY
) -> Opening:
    """Add lift-and-project cuts as long as the gap is wide and they close much of it.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes bounds and counts.
    begun
        Where the relaxation ended; its program gets the rows.
    gap
        Relative gap that was asked for.
    many
        Candidates built in part below which nothing is done.

    Notes
    -----
    Nothing is done where partition inequalities came in, whose many terms make the membership programs slow
    (5 rounds in 50 s, and half a per cent of the bound, on a problem of the hard family), nor where the
    relaxation was solved without a basis. Whether the gap is wide is seen on what the reduction left: what it
    settled would hide that much of the rest is open.

    Returns
    -------
    Opening
        The same with the later answer, the time cuts found on the way, and the rows that bind at the end.
    """
    joint = any((rows.claims > 1).any() for rows in begun.relaxed.rows)
    if joint or len(t.limit) >= LARGE:
        return begun
    end = (1.0 - SHARE) * progress.left()
    answer, found, splits = begun.answer, list(begun.relaxed.rows), list[SplitRows]()
    solve = SmallPrograms()
    for _ in range(ROUNDS):
        known = -math.inf if progress.best is None else begun.scale.worth_of(progress.best)
        apart = answer.worth - known
        halves = np.flatnonzero(np.abs(answer.decided[: t.size] - 0.5) < 0.5 - HALF)
        if apart <= WIDE * max(1.0, abs(answer.worth)) or len(halves) < many:
            break
        if progress.stop() or progress.closed(gap) or progress.left() < end:
            break
        fresh = _round(begun, answer, halves.tolist(), solve, progress)
        if not len(fresh):
            break
        begun.program.add_splits(fresh)
        splits.append(fresh)
        later = _settled(t, begun, found, progress)
        if later is None:
            break
        progress.bound(begun.scale.objective(later.worth), "relaxation")
        progress.count("relaxation", cuts=len(fresh))
        closed, answer = answer.worth - later.worth, later
        if closed < LITTLE * (apart if math.isfinite(apart) else abs(answer.worth)):
            break
    rows = gathered(splits)
    binding = rows.only(rows.at(begun.program.columns_of(answer)) <= rows.least + TIGHT)
    if len(rows):
        begun.program.drop_slack()
    return replace(
        begun,
        answer=answer,
        relaxed=replace(begun.relaxed, answer=answer, rows=tuple(found)),
        splits=binding,
    )


def _round(
    begun: Opening, answer: Answer, halves: list[int], solve: SmallPrograms, progress: Progress
) -> SplitRows:
    """Return rows that the last point violates, from each candidate built in part."""
    splitter = Splitter(*begun.program.rows(), begun.program.columns_of(answer), solve)
    found = []
    for j in halves:
        if progress.stop():
            break
        found.append(splitter.cut(j))
    return splitter.kept(found)


def _settled(t: Tables, begun: Opening, found: list[Rows], progress: Progress) -> Answer | None:
    """Solve, and cut off the point by time cuts, which go to `found`.

    None when time was up at once, or no point is left, which the tree will find as well.
    """
    pairs, settled = np.arange(len(t.limit)), None
    answer = begun.program.solve(seconds=progress.left())
    for _ in range(AGAIN):
        if answer.ending != "optimal":
            break
        settled = answer
        rows = begun.cuts.violated(
            pairs[answer.level > EDGE],
            answer.decided[: t.size],
            answer.level,
            towards=begun.relaxed.towards,
            pull=PULL,
            margin=MARGIN,
            joint=0,
        )
        if not len(rows):
            break
        found.append(rows)
        begun.program.add(rows)
        answer = begun.program.solve(seconds=progress.left())
    return answer if answer.ending == "optimal" else settled

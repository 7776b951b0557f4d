"""Open the time-cut method: cut off the points of the linear relaxation first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.cuts.relaxation import Relaxed, relax, stands
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import NO_SPLITS, SplitRows
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

LARGE = 3_000
"""Pairs from which on the relaxation is solved by the interior point method."""

NARROW = 0.02
"""Gap below which rows of several pairs make nodes dearer than they save."""

FAR = 0.1
"""Gap from which on no proof is near."""

ENOUGH = 1e-3
"""Relative progress over some rounds below which the relaxation ends while the gap is as wide as that."""


class Scale:
    """Turn objectives into whole worths to be maximised, and back.

    Parameters
    ----------
    t
        The problem.
    divisor
        What the objective is divided by.
    """

    def __init__(self, t: Tables, divisor: int) -> None:
        self._t = t
        self._factor = -divisor if t.budget < 0 else divisor

    def objective(self, worth: float) -> float:
        """Return the objective that a worth stands for."""
        return worth * self._factor

    def worth(self, objective: float) -> float:
        """Return what an objective is worth."""
        return objective / self._factor

    def worth_of(self, plan: Mask) -> float:
        """Return what a plan is worth, -infinity when it breaks a rule."""
        if not fits(self._t, plan):
            return -math.inf
        return round(self.worth(objective_of(self._t, plan)))


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the integer phase starts from.

    Attributes
    ----------
    scale
        Between objectives and worths.
    program
        The live relaxation, with its cuts.
    cuts
        Finds cuts, and knows those found.
    relaxed
        Rows and interior point.
    answer
        Of the last solve.
    splits
        Lift-and-project cuts that bind there; the program holds them.
    """

    scale: Scale
    program: LiveProgram
    cuts: CutFinder
    relaxed: Relaxed
    answer: Answer
    splits: SplitRows = NO_SPLITS


def opened(t: Tables, progress: Progress, task: Task, *, cuts: CutFinder | None = None) -> Opening | str:
    """Cut off the points of the relaxation; bounds and counts go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes bounds.
    task
        What was asked.
    cuts
        Finds cuts; None: a finder of every kind there is.

    Returns
    -------
    Opening or str
        A word when that was the end: `proof`, `gap`, `infeasible` or `time`.
    """
    scale = Scale(t, scale_of(task.problem))
    program = LiveProgram(task.problem, seed=task.seed)
    cuts = cuts or CutFinder.of(t)
    program.by_interior_point(wanted=len(t.limit) >= LARGE)

    history: list[float] = []

    def tell(answer: Answer, found: int) -> bool:
        progress.count("relaxation", cuts=found)
        progress.bound(scale.objective(answer.worth), "relaxation")
        history.append(answer.worth)
        return progress.closed(task.gap) or (stands(history, ENOUGH) and not progress.closed(FAR))

    relaxed = relax(t, program, cuts, left=progress.left, tell=tell, wide=lambda: not progress.closed(NARROW))
    if relaxed.answer is not None and relaxed.answer.ending == "empty":
        return "infeasible"
    if progress.closed(task.gap):
        return ending(progress, task)
    if relaxed.answer is None or progress.stop():
        return "time"
    return Opening(scale, program, cuts, relaxed, relaxed.answer)


def ending(progress: Progress, task: Task) -> str:
    """Return why a search ended: `proof`, `gap`, `time`, or `stalled`."""
    if progress.closed(0.0):
        return "proof"
    if progress.closed(task.gap):
        return "gap"
    return "time" if progress.stop() else "stalled"

"""Prove plans by time cuts: the relaxation first, then one tree in SCIP."""

from __future__ import annotations

import numpy as np

from optimiser.branching.program import Answer
from optimiser.cuts.fractional import FractionalCuts
from optimiser.cuts.relaxation import Relaxed, relax
from optimiser.cuts.rows import Floats, Rows, joined
from optimiser.formulation.decisions import scale_of
from optimiser.progress import Progress
from optimiser.solvers.live_program import LiveProgram
from optimiser.solvers.rounding import Rounding
from optimiser.solvers.scip_handler import Rhythm
from optimiser.solvers.scip_tree import TreeLimits, search_tree, version
from optimiser.solvers.task import Task
from optimiser.tables import Tables

EDGE = 1e-6
"""How near to 0 a value counts as that."""

NEAR = 0.05
"""Slack up to which a row of the relaxation goes into the tree from the start."""

PULL = 0.1
"""Share of the way to the interior point at which cuts are sought first."""

MARGIN = 0.02
"""Least violation of a cut at a fractional point; with 0.001 the program outgrows what the bound gains."""

RHYTHM = Rhythm(depth=1000, every=1, rounds=1)
"""When fractional points are separated."""


class TimeCuts:
    """A separator by fractional time cuts, near an interior point at first.

    Parameters
    ----------
    cuts
        Finds cuts.
    towards
        float64 [J], the interior point.
    """

    def __init__(self, cuts: FractionalCuts, towards: Floats) -> None:
        self._cuts = cuts
        self._towards = towards

    def __call__(self, built: Floats, level: Floats, *, integer: bool) -> Rows:
        """Return a violated cut for each pair that has one."""
        pairs = np.flatnonzero(level > EDGE)
        pull, margin = (0.0, EDGE) if integer else (PULL, MARGIN)
        return self._cuts.violated(pairs, built, level, towards=self._towards, pull=pull, margin=margin)


def prove(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run the method; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.
    """
    cuts, rounding = FractionalCuts(t), Rounding(t, progress)
    relaxed = _relaxed(t, progress, task, cuts, rounding)
    if relaxed.answer is not None and relaxed.answer.ending == "empty":
        return "infeasible", version()
    if progress.closed(task.gap):
        return ("proof" if progress.closed(0.0) else "gap"), version()
    if relaxed.answer is None or progress.stop():
        return "time", version()
    outcome = search_tree(
        t,
        task.problem,
        progress,
        TimeCuts(cuts, relaxed.towards),
        limits=TreeLimits(progress.left(), task.gap, seed=task.seed, rhythm=RHYTHM),
        rows=_near(relaxed, relaxed.answer, t.size),
        improve=rounding,
    )
    return outcome.reason, version()


def _relaxed(t: Tables, progress: Progress, task: Task, cuts: FractionalCuts, rounding: Rounding) -> Relaxed:
    factor = -scale_of(task.problem) if t.budget < 0 else scale_of(task.problem)

    def tell(answer: Answer, found: int) -> bool:
        progress.count("relaxation", cuts=found)
        progress.bound(answer.worth * factor, "relaxation")
        rounding(answer.decided[: t.size])
        return progress.closed(task.gap)

    program = LiveProgram(task.problem, seed=task.seed)
    return relax(t, program, cuts, left=progress.left, tell=tell)


def _near(relaxed: Relaxed, answer: Answer, size: int) -> Rows:
    """Return the rows that bind or nearly do at the last point of the relaxation."""
    rows = joined(relaxed.rows)
    return rows.only(rows.at(answer.decided[:size]) <= answer.level[rows.pair] + NEAR)

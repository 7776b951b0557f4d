"""Prove plans by time cuts in one tree of SCIP or Gurobi, after the relaxation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.backends.tree import Improve, Separator, TreeLimits, TreeOutcome
from optimiser.engine.methods.branching.node import Node
from optimiser.engine.methods.cut_opening import LARGE, Opening
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.cuts.relaxation import EDGE, needed
from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.rows import Floats, Rows, joined, stacked
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

NEAR = 0.05
"""Slack up to which a row of the relaxation goes into the tree from the start."""

PULL = 0.2
"""Share of the way to the interior point at which cuts are sought first."""

MARGIN = 1e-3
"""Least violation of a cut at a fractional point."""

JOINT = 2
"""Most partition inequalities of a round in the tree: they are dense, and each round slows what follows."""

WIDE = 0.02
"""Gap after the relaxation from which on a search is split: below, one tree is done before the split is."""

HOPEFUL = 0.15
"""Gap up to which a proof is in reach: then there are two parts a thread, to even out the work.
Above, all parts are searched from the start, since the bound stands still as long as one waits."""

TO_CHOOSE = 0.1
"""Share of the time left that may go into choosing rows for the tree; after that it gets all."""

HASTY = 2
"""Decisions tried above that when a part is split: each costs two solves and brings no proof nearer."""


class TimeCuts:
    """A separator by fractional time cuts, near an interior point at first.

    Parameters
    ----------
    cuts
        Finds cuts.
    towards
        float64 [J], the interior point.
    """

    def __init__(self, cuts: CutFinder, towards: Floats) -> None:
        self._cuts = cuts
        self._towards = towards

    def __call__(self, built: Floats, level: Floats, *, integer: bool) -> Rows:
        """Return a violated cut for each pair that has one."""
        pairs = np.flatnonzero(level > EDGE)
        margin = EDGE if integer else MARGIN
        return self._cuts.violated(
            pairs, built, level, towards=self._towards, pull=PULL, margin=margin, joint=JOINT
        )


class SearchTree(Protocol):
    """Searches one tree with lazy rows."""

    def __call__(
        self,
        t: Tables,
        problem: DesignProblem,
        progress: Progress,
        separator: Separator,
        *,
        limits: TreeLimits,
        rows: Rows,
        improve: Improve | None,
    ) -> TreeOutcome:
        """Search; plans, bounds and counts go to `progress`."""


def prove_in_one_tree(t: Tables, progress: Progress, task: Task, begun: Opening) -> tuple[str, str]:
    """Run the integer phase in the solver of the task; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked; its solver is `scip` or `gurobi`.
    begun
        Where the relaxation ended.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.
    """
    search, name = _search_of(task.solver, begun)
    if task.solver == "scip" and task.threads > 1 and not progress.closed(WIDE):
        return _in_parts(t, progress, task, begun), name
    outcome = search(
        t,
        task.problem,
        progress,
        TimeCuts(begun.cuts, begun.relaxed.towards),
        limits=TreeLimits(progress.left(), task.gap, seed=task.seed, threads=task.threads),
        rows=first_rows(begun, task, progress.left),
        improve=Rounding(t, progress),
    )
    return outcome.reason, name


def _in_parts(t: Tables, progress: Progress, task: Task, begun: Opening) -> str:
    """Search in SCIP, which has one thread, in parts beside each other."""
    from optimiser.engine.backends import scip_tree
    from optimiser.engine.methods.parts import TRIED, fixed_in, search_parts, split

    rows = first_rows(begun, task, progress.left)

    def search(part: Node, seen: Progress) -> TreeOutcome:
        return scip_tree.search_tree(
            t,
            task.problem,
            seen,
            TimeCuts(begun.cuts.another(), begun.relaxed.towards),
            limits=TreeLimits(seen.left(), task.gap, seed=task.seed),
            rows=rows,
            splits=begun.splits,
            fixed=fixed_in(part, t.size),
            improve=Rounding(t, seen),
        )

    cutoff = -math.inf if progress.best is None else begun.scale.worth_of(progress.best)
    parts = split(
        begun.program,
        begun.answer,
        parts=task.threads * (2 if progress.closed(HOPEFUL) else 1),
        cutoff=cutoff,
        size=t.size,
        left=progress.left,
        tried=TRIED if progress.closed(HOPEFUL) else HASTY,
    )
    reason = search_parts(parts, progress, search, threads=task.threads, objective=begun.scale.objective)
    if reason == "proof" and progress.best is not None:
        progress.bound(begun.scale.objective(begun.scale.worth_of(progress.best)), "tree")
    return reason


def first_rows(begun: Opening, task: Task, left: Callable[[], float]) -> Rows:
    """Return the rows that a tree starts with.

    Parameters
    ----------
    begun
        Where the relaxation ended.
    task
        What was asked.
    left
        Says how many seconds are left.

    Returns
    -------
    Rows
        The time cuts that bind or nearly do at the last point of the relaxation, and of the partition
        inequalities that do, which are dense, those that hold the bound.
    """
    rows = near_rows(begun, len(task.problem.candidates))
    joint = rows.claims > 1
    if not joint.any() or len(task.problem.pairs) >= LARGE:
        return rows
    end = (1.0 - TO_CHOOSE) * left()
    times = rows.only(~joint)
    program = LiveProgram(task.problem, seed=task.seed)
    program.add(times)
    return stacked(times, needed(program, rows.only(joint), left=lambda: left() - end))


def near_rows(begun: Opening, size: int) -> Rows:
    """Return the rows that bind or nearly do at the last point of the relaxation.

    Parameters
    ----------
    begun
        Where the relaxation ended.
    size
        Number of candidates.
    """
    rows = joined(begun.relaxed.rows)
    return rows.only(rows.at(begun.answer.decided[:size]) <= rows.claimed(begun.answer.level) + NEAR)


def _search_of(solver: str, begun: Opening) -> tuple[SearchTree, str]:
    if solver == "gurobi":
        from optimiser.engine.backends import gurobi_tree

        return gurobi_tree.search_tree, gurobi_tree.version()
    from optimiser.engine.backends import scip_tree

    return partial(scip_tree.search_tree, splits=begun.splits), scip_tree.version()

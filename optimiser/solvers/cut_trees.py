"""Prove plans by time cuts: the relaxation first, then one tree on live programs or in SCIP."""

from __future__ import annotations

import math

import numpy as np

from optimiser.branching.node import Node
from optimiser.branching.plunge import Diver, Rules
from optimiser.branching.program import Answer, Floats
from optimiser.branching.search import Report, search
from optimiser.cuts.fractional import FractionalCuts
from optimiser.cuts.relaxation import EDGE, Relaxed, relax
from optimiser.cuts.rows import Rows, joined
from optimiser.formulation.decisions import scale_of
from optimiser.paths import Mask
from optimiser.progress import Progress
from optimiser.scoring import fits, objective_of
from optimiser.solvers.live_program import LiveProgram, version
from optimiser.solvers.task import Task
from optimiser.tables import Tables

LARGE = 3_000
"""Pairs from which on the relaxation is solved by the interior point method."""


class Scale:
    """Turn objectives into whole worths to be maximised, and back."""

    def __init__(self, t: Tables, problem_divisor: int) -> None:
        self._t = t
        self._factor = -problem_divisor if t.budget < 0 else problem_divisor

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
    scale = Scale(t, scale_of(task.problem))
    program = LiveProgram(task.problem, seed=task.seed)
    cuts = FractionalCuts(t)
    program.by_interior_point(wanted=len(t.limit) >= LARGE)

    def tell(answer: Answer, found: int) -> bool:
        progress.count("relaxation", cuts=found)
        progress.bound(scale.objective(answer.worth), "relaxation")
        return progress.closed(task.gap)

    relaxed = relax(t, program, cuts, left=progress.left, tell=tell)
    if relaxed.answer is not None and relaxed.answer.ending == "empty":
        return "infeasible", version()
    if progress.closed(task.gap):
        return _reason(progress, task), version()
    if relaxed.answer is None or progress.stop():
        return "time", version()
    if task.solver == "scip":
        return _in_scip(t, progress, task, cuts, relaxed)
    root = Node.root(relaxed.answer)
    return _branch(t, progress, task, scale, program, cuts, relaxed, root), version()


def _in_scip(
    t: Tables, progress: Progress, task: Task, cuts: FractionalCuts, relaxed: Relaxed
) -> tuple[str, str]:
    from optimiser.solvers import scip_tree

    def separator(built: Floats, level: Floats, *, integer: bool) -> Rows:
        pairs = np.flatnonzero(level > EDGE)
        margin = EDGE if integer else 1e-3
        return cuts.violated(pairs, built, level, towards=relaxed.towards, pull=0.2, margin=margin)

    limits = scip_tree.TreeLimits(seconds=progress.left(), gap=task.gap, seed=task.seed)
    binding = joined(relaxed.rows[-3:])
    outcome = scip_tree.search_tree(t, task.problem, progress, separator, limits=limits, rows=binding)
    return outcome.reason, scip_tree.version()


def _branch(
    t: Tables,
    progress: Progress,
    task: Task,
    scale: Scale,
    program: LiveProgram,
    cuts: FractionalCuts,
    relaxed: Relaxed,
    root: Node,
) -> str:
    program.by_interior_point(wanted=False)
    held = program.drop_slack()
    weight = (t.weight + 1.0).astype(np.float64)
    divers = []
    for number in range(task.threads):
        mine, finder = (
            (program, cuts) if number == 0 else (LiveProgram(task.problem, seed=task.seed), FractionalCuts(t))
        )
        if number:
            for part in relaxed.rows:
                mine.add(part)
            mine.solve(seconds=progress.left())
            mine.drop_slack()
        divers.append(
            Diver(mine, finder, relaxed.towards, weight, scale.worth_of, progress.left, Rules(), held)
        )

    def tell(report: Report) -> tuple[float, bool]:
        progress.count("tree", cuts=report.cuts, nodes=report.nodes)
        for plan in report.plans:
            progress.plan(plan, "tree")
        if math.isfinite(report.bound):
            progress.bound(scale.objective(report.bound), "tree")
        return _cutoff(progress, scale), progress.stop() or progress.closed(task.gap)

    outcome = search(root, divers, cutoff=_cutoff(progress, scale), tell=tell)
    if outcome.complete and progress.best is None and not math.isfinite(outcome.bound):
        return "infeasible"
    if math.isfinite(outcome.bound):
        progress.bound(scale.objective(outcome.bound), "tree")
    return _reason(progress, task)


def _cutoff(progress: Progress, scale: Scale) -> float:
    return -math.inf if progress.best is None else scale.worth_of(progress.best)


def _reason(progress: Progress, task: Task) -> str:
    if progress.closed(0.0):
        return "proof"
    if progress.closed(task.gap):
        return "gap"
    return "time" if progress.stop() else "stalled"

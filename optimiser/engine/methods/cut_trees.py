"""Prove plans by time cuts: the relaxation first, then one tree on live programs or in SCIP."""

from __future__ import annotations

import math

import numpy as np

from optimiser.engine.backends.live_program import LiveProgram, version
from optimiser.engine.methods.branching.node import Node
from optimiser.engine.methods.branching.plunge import Diver, Rules
from optimiser.engine.methods.branching.search import Report, search
from optimiser.engine.methods.cut_opening import FAR, Opening, Scale, ending, opened
from optimiser.engine.methods.cut_single_tree import prove_in_one_tree
from optimiser.engine.methods.cut_splits import tightened
from optimiser.engine.methods.heuristics.lns import Improver, attempts_for
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

PATIENCE, MOST = 15, 60
"""Rounds of the large neighbourhood search without a better plan after which it ends, and most rounds, where
no proof is near."""

MOST_QUIET = 2_500
"""Attempts without a better plan after which it ends there too, since rounds of small problems are long."""

TRIES = 3
"""Attempts of the large neighbourhood search after each round of the tree."""


def prove(t: Tables, progress: Progress, task: Task, improver: Improver) -> tuple[str, str]:
    """Run the method; plans, bounds and counts go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    improver
        Goes on looking for better plans.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.
    """
    begun = opened(t, progress, task)
    if isinstance(begun, str):
        return begun, version()
    _improve(progress, improver, attempts_for(t), begun.answer.decided[: t.size])
    if task.solver != "gurobi" and not progress.closed(task.gap):  # Gurobi has rows like these of its own
        begun = tightened(t, progress, begun, gap=task.gap)
    _persist(t, progress, improver, begun.answer.decided[: t.size])
    if progress.closed(task.gap):
        return ending(progress, task), version()
    if task.solver in ("scip", "gurobi"):
        return prove_in_one_tree(t, progress, task, begun)
    return _branch(t, progress, task, begun, improver), version()


def _improve(progress: Progress, improver: Improver, attempts: int, guide: Floats | None = None) -> int:
    return improver.improve(
        attempts=attempts, stop=progress.stop, take=lambda plan: progress.plan(plan, "lns"), guide=guide
    )


def _persist(t: Tables, progress: Progress, improver: Improver, guide: Floats) -> None:
    """Go on looking for better plans as long as the gap is wide and the search has not run dry."""
    attempts, quiet = attempts_for(t), 0
    for _ in range(MOST):
        if quiet >= min(PATIENCE * attempts, MOST_QUIET) or progress.stop() or progress.closed(FAR):
            return
        idle = _improve(progress, improver, attempts, guide)
        quiet = quiet + idle if idle == attempts else idle


def _branch(t: Tables, progress: Progress, task: Task, begun: Opening, improver: Improver) -> str:
    scale = begun.scale
    divers = [_diver(t, progress, task, begun, number) for number in range(task.threads)]
    root = Node.root(begun.answer)

    def tell(report: Report) -> tuple[float, bool]:
        progress.count("tree", cuts=report.cuts, nodes=report.nodes)
        for plan in report.plans:
            if progress.plan(plan, "tree"):
                improver.begin(plan)
        _improve(progress, improver, TRIES)
        if math.isfinite(report.bound):
            progress.bound(scale.objective(report.bound), "tree")
        return _cutoff(progress, scale), progress.stop() or progress.closed(task.gap)

    outcome = search(root, divers, cutoff=_cutoff(progress, scale), tell=tell)
    if outcome.complete and progress.best is None and not math.isfinite(outcome.bound):
        return "infeasible"
    if math.isfinite(outcome.bound):
        progress.bound(scale.objective(outcome.bound), "tree")
    return ending(progress, task)


def _diver(t: Tables, progress: Progress, task: Task, begun: Opening, number: int) -> Diver:
    """Return a worker; the first one goes on with the program of the relaxation, unless rows are to stay."""
    program, finder = begun.program, begun.cuts if number == 0 else begun.cuts.another()
    program.by_interior_point(wanted=False)
    if number or len(begun.splits):
        program = LiveProgram(task.problem, seed=task.seed)
        program.add_splits(begun.splits)
        program.keep()
        for part in begun.relaxed.rows:
            program.add(part)
        program.solve(seconds=progress.left())
    held = program.drop_slack()
    weight = (t.weight + 1.0).astype(np.float64)
    towards = begun.relaxed.towards
    return Diver(program, finder, towards, weight, begun.scale.worth_of, progress.left, Rules(), held)


def _cutoff(progress: Progress, scale: Scale) -> float:
    return -math.inf if progress.best is None else scale.worth_of(progress.best)

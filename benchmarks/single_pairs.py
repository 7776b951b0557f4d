"""A variant to compare with: fractional time cuts of single pairs, and no other rows, in one tree of SCIP.

It is what `cuts` was before partition inequalities and lift-and-project cuts: its bounds stay far from the
best plan where nothing is covered yet.

Usage: polyring bench --family hard --variant auto --variant benchmarks/single_pairs.py --time-limit-s 60
"""

from __future__ import annotations

from optimiser.engine.backends.scip_tree import version
from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.cut_single_tree import prove_in_one_tree
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.methods.heuristics.lns import attempts_for, start_plans
from optimiser.engine.methods.variants import Variant
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="single-pairs",
    about="Fractional time cuts of single pairs alone, in one tree of SCIP.",
    proves=True,
    solvers=("scip",),
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Cut the relaxation, look for plans near its point, then search one tree."""
    improver = start_plans(t, progress, seed=task.seed)
    begun = opened(t, progress, task, cuts=CutFinder(t, joins=None))
    if isinstance(begun, str):
        return begun, version()
    improver.improve(
        attempts=attempts_for(t),
        stop=progress.stop,
        take=lambda plan: progress.plan(plan, "lns"),
        guide=begun.answer.decided[: t.size],
    )
    return prove_in_one_tree(t, progress, task, begun)

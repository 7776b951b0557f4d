"""Prove with fractional time cuts of single pairs alone in one tree of SCIP: a variant for comparison.

This is `cuts` without partition inequalities and lift-and-project cuts: its bounds stay far from the best
plan where nothing is covered yet.

Usage: polyring bench --family hard --variant auto --variant benchmarks/single_pairs.py --time-limit-s 60
"""

from __future__ import annotations

from optimiser.engine.backends.scip_tree import version
from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.cut_single_tree import prove_in_one_tree
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.heuristics.start import attempts_for, start_plans
from optimiser.engine.methods.variants import Variant
from optimiser.engine.search.incumbent import Incumbent
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="single-pairs",
    about="Fractional time cuts of single pairs alone, in one tree of SCIP.",
    proves=True,
    solvers=("scip",),
)


def run(t: Tables, progress: Incumbent, task: Task) -> tuple[str, str]:
    """Cut the relaxation, search for plans near its solution, then search one tree."""
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

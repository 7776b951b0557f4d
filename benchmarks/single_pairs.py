"""Prove with fractional time cuts of single pairs alone in one tree of SCIP: a variant for comparison.

This is `cuts` without partition inequalities and lift-and-project cuts: its bounds stay far from the best
plan where nothing is covered yet.

Usage: polyring bench --family hard --variant auto --variant benchmarks/single_pairs.py --time-limit 60
"""

from optimiser.engine.backends.scip_tree import version
from optimiser.engine.methods.branching.tree_search import search_in_solver
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import solve_root
from optimiser.engine.methods.heuristics.lns import attempts_for, start_plans
from optimiser.engine.methods.own_variant import Variant
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="single-pairs",
    about="Fractional time cuts of single pairs alone, in one tree of SCIP.",
    proves=True,
    solvers=("scip",),
)


def run(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Cut the relaxation, search for plans near its solution, then search one tree."""
    improver = start_plans(t, incumbent, seed=task.seed)
    cuts = CutFinder(t, families=())
    root = solve_root(t, incumbent, Relaxation(task.problem, seed=task.seed), cuts, gap=task.gap)
    if isinstance(root, str):
        return root, version()
    improver.improve_for(incumbent, attempts_for(t), root.x)
    return search_in_solver(t, incumbent, task, root)

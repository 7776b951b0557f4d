"""Run branch-and-Benders-cut: a tree in SCIP, its cuts from flow problems in HiGHS.

The method follows Bucarey, Fortz, Gonzalez-Blanco, Labbe and Mesa, "Benders decomposition for network design
covering problems" (Computers & Operations Research 2022, arXiv 2007.06647): a master problem in x and y, one
flow problem a pair whose dual gives cuts at fractional and at integer points, cut-set inequalities in the
master problem from the start, an initial solution, and a network reduced to what each pair can use.

It departs from the paper in these points. SCIP takes the place of CPLEX, on one thread; HiGHS solves the
flow problems. The initial plan is that of the heuristics, so that all variants start alike, and plans are
made of fractional points by rounding, where CPLEX has heuristics of its own. An existing network, candidates
of several arcs and side constraints are added. Pairs that the candidates built in full cover are not
separated. Of the ways to choose among Benders cuts there are the normal and the normalised one, not the
facets after Conforti and Wolsey. The text of the paper was at hand only up to its introduction: details of
its cuts, and when it separates, are from memory and unchecked.
"""

from __future__ import annotations

from optimiser.engine.backends.flow_highs import FlowProgram
from optimiser.engine.backends.interfaces import SeparationSchedule, TreeLimits
from optimiser.engine.backends.scip_tree import search_tree, version
from optimiser.engine.methods.benders.separation import BendersCuts, Kind, cut_sets
from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.tables import Tables, commodities
from optimiser.engine.search.task import Task

SCHEDULE = SeparationSchedule(depth=1000, every=1, rounds=1)
"""Fractional points are separated at every node, below the root once."""


def prove(t: Tables, progress: MaskIncumbent, task: Task, *, kind: Kind) -> tuple[str, str]:
    """Prove plans by branch-and-Benders-cut; plans and bounds go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    kind
        How a cut is chosen.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.
    """
    parts = commodities(task.problem)
    separator = BendersCuts(t, parts, FlowProgram, kind=kind, stop=progress.stop)
    limits = TreeLimits(progress.left(), task.gap, seed=task.seed, schedule=SCHEDULE)
    outcome = search_tree(
        t,
        task.problem,
        progress,
        separator,
        limits=limits,
        rows=cut_sets(parts),
        improve=Rounding(t, progress),
    )
    return outcome.reason, version()

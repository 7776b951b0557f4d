"""Solve a problem by branch-and-Benders-cut: a tree in SCIP with cuts from flow problems in HiGHS.

The method follows Bucarey, Fortz, Gonzalez-Blanco, Labbe and Mesa, "Benders decomposition for network design
covering problems" (Computers & Operations Research 2022, arXiv 2007.06647): a master problem in x and y, one
flow problem a pair whose dual gives cuts at fractional and at integer points, cut-set inequalities in the
master problem from the start, an initial solution, and a network reduced to what each pair can use.

It differs from the paper as follows. SCIP on one thread replaces CPLEX; HiGHS solves the flow problems. The
initial plan comes from our heuristics, so that all variants start alike, and fractional points are rounded to
plans, where CPLEX has heuristics of its own. Existing networks, candidates of several arcs and side
constraints are added. Pairs that the candidates with x = 1 cover alone are not separated. Benders cuts are
selected by the normal or the normalised rule; the facet rule after Conforti and Wolsey is missing. Only the
introduction of the paper was available: details of its cuts and of its separation schedule are from memory
and unchecked.
"""

from __future__ import annotations

from optimiser.engine.backends.flow_highs import FlowProgram
from optimiser.engine.backends.interfaces import SeparationSchedule, TreeLimits
from optimiser.engine.backends.scip_tree import search_tree, version
from optimiser.engine.methods.benders.separation import BendersCuts, Kind, cut_set_rows
from optimiser.engine.methods.rounding import TreeHeuristics
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.tables import Tables, commodities
from optimiser.engine.search.task import Task

SCHEDULE = SeparationSchedule(depth=1000, every=1, rounds=1)
"""Fractional points are separated at every node; below the root in one round."""


def prove(t: Tables, incumbent: MaskIncumbent, task: Task, *, kind: Kind) -> tuple[str, str]:
    """Solve a problem by branch-and-Benders-cut; the variants `benders` and `benders-normal`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans, bounds and counts.
    kind
        Rule by which a cut is selected (`BendersCuts`).

    Returns
    -------
    tuple
        Why the solve ended, and the solver with its version.
    """
    parts = commodities(task.problem)
    separator = BendersCuts(t, parts, FlowProgram, kind=kind, stop=incumbent.stop)
    limits = TreeLimits(incumbent.left(), task.gap, seed=task.seed, schedule=SCHEDULE, log=task.log)
    outcome = search_tree(
        t,
        task.problem,
        incumbent,
        separator,
        limits=limits,
        rows=cut_set_rows(parts),
        improve=TreeHeuristics(t, incumbent),
    )
    return outcome.reason, version()

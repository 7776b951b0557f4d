"""Prove plans by time cuts: the root relaxation first, then one tree of our own, or in SCIP or Gurobi."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from optimiser.engine.backends.highs import Relaxation, version
from optimiser.engine.backends.interfaces import Improve, Separator, TreeLimits, TreeOutcome
from optimiser.engine.methods.branching.nodes import Node
from optimiser.engine.methods.branching.parts import TRIED, fixings, search_parts, split
from optimiser.engine.methods.branching.tree import PlungeRules, Report, Worker, search
from optimiser.engine.methods.cuts.relaxation import POSITIVE, CutFinder, needed_rows
from optimiser.engine.methods.cuts.root import (
    FAR_GAP,
    LARGE,
    RootRelaxation,
    add_split_cuts,
    binding_rows,
    solve_root,
)
from optimiser.engine.methods.heuristics.lns import Improver, attempts_for, start_plans
from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.rows import Floats, Rows, stacked
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

SMALL = 1_000
"""Most pairs with which `auto` leaves the tree to SCIP; it has more ways to prune, HiGHS faster
relaxations."""

QUIET_ROUNDS, MOST_ROUNDS = 15, 60
"""Rounds of the large neighbourhood search without a better plan after which it ends, and most rounds, where
no proof is near."""

MOST_QUIET = 2_500
"""Attempts without a better plan after which it ends there too, since rounds of small problems are long."""

ATTEMPTS_IN_TREE = 3
"""Attempts of the large neighbourhood search after each round of the tree."""

IN_OUT_WEIGHT, MARGIN, PARTITIONS = 0.2, 1e-3, 2
"""In a tree of SCIP or Gurobi: in-out weight, least violation of a cut at a fractional point, and most
partition inequalities of a round (they are dense, and each slows down what follows)."""

SPLIT_BEYOND = 0.02
"""Gap after the root from which on a search in SCIP is split into parts; below, one tree ends before."""

PROOF_WITHIN = 0.15
"""Gap up to which a proof is in reach. Then there are two parts a thread, to balance the work. Beyond, all
parts are searched from the start, since the bound does not move as long as one waits."""

TRIED_BEYOND = 2
"""Decisions tried when a part is split beyond that gap: each costs two solves and brings no proof nearer."""

CHOICE_SHARE = 0.1
"""Share of the time left for choosing the rows of the tree; after that it gets all."""


def prove(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Prove plans by time cuts; the variant `cuts`.

    Parameters
    ----------
    t, incumbent, task
        The problem, what takes its plans and bounds, and how it is to be solved.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.
    """
    if task.solver == "auto":
        task = replace(task, solver="scip" if len(t.limit) <= SMALL else "highs")
    improver = start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    program = Relaxation(task.problem, seed=task.seed)
    root = solve_root(t, incumbent, program, CutFinder.of(t), gap=task.gap)
    if isinstance(root, str):
        return root, version()
    improve(incumbent, improver, attempts_for(t), root.x)
    if task.solver != "gurobi" and not incumbent.closed(task.gap):  # Gurobi has cuts like these of its own
        root = add_split_cuts(incumbent, root, gap=task.gap)
    _improve_far_from_proof(t, incumbent, improver, root.x)
    if incumbent.closed(task.gap):
        return incumbent.ending(task.gap), version()
    if task.solver in ("scip", "gurobi"):
        return search_in_solver(t, incumbent, task, root)
    workers = [_worker(incumbent, task, root, number) for number in range(task.threads)]
    after_round = partial(_improve_in_tree, incumbent, improver)
    return search_tree(incumbent, root, workers, gap=task.gap, after_round=after_round), version()


def improve(incumbent: MaskIncumbent, improver: Improver, attempts: int, guide: Floats | None = None) -> int:
    """Look for better plans by large neighbourhood search, and return the attempts since the last one.

    Parameters
    ----------
    incumbent
        Takes plans.
    improver
        The search with its best plan.
    attempts
        Most attempts.
    guide
        float64 [J], a point of the relaxation that the search follows.
    """
    return improver.improve(
        attempts=attempts, stop=incumbent.stop, take=lambda plan: incumbent.plan(plan, "lns"), guide=guide
    )


def _improve_far_from_proof(t: Tables, incumbent: MaskIncumbent, improver: Improver, guide: Floats) -> None:
    """Look longer for better plans where the gap is wide: there the plan is what the user gets."""
    attempts, quiet = attempts_for(t), 0
    for _ in range(MOST_ROUNDS):
        if quiet >= min(QUIET_ROUNDS * attempts, MOST_QUIET) or incumbent.stop() or incumbent.closed(FAR_GAP):
            return
        idle = improve(incumbent, improver, attempts, guide)
        quiet = quiet + idle if idle == attempts else idle


def _improve_in_tree(incumbent: MaskIncumbent, improver: Improver, report: Report) -> None:
    for plan in report.plans:
        if incumbent.plan(plan, "tree"):
            improver.begin(plan)
    improve(incumbent, improver, ATTEMPTS_IN_TREE)


def search_tree(
    incumbent: MaskIncumbent,
    root: RootRelaxation,
    workers: Sequence[Worker],
    *,
    gap: float,
    after_round: Callable[[Report], None],
    most_nodes: int | None = None,
) -> str:
    """Search the tree of our own; bounds, counts and plans go to the incumbent, and why it ended is returned.

    Parameters
    ----------
    incumbent
        Takes bounds and counts.
    root
        The root relaxation.
    workers
        One a thread.
    gap
        Relative gap asked for.
    after_round
        Reports the plans of each round, and may look for better ones.
    most_nodes
        Number of nodes after which the search ends; None: none.
    """
    scale, before = root.scale, incumbent.nodes

    def report(now: Report) -> tuple[float, bool]:
        incumbent.count("tree", cuts=now.cuts, nodes=now.nodes)
        after_round(now)
        incumbent.bound(scale.to_objective(now.bound), "tree")
        enough = most_nodes is not None and incumbent.nodes - before >= most_nodes
        return scale.of_plan(incumbent.best), enough or incumbent.stop() or incumbent.closed(gap)

    outcome = search(Node.root(root.solution), workers, cutoff=scale.of_plan(incumbent.best), report=report)
    if outcome.complete and incumbent.best is None and not math.isfinite(outcome.bound):
        return "infeasible"
    incumbent.bound(scale.to_objective(outcome.bound), "tree")
    return incumbent.ending(gap)


def new_worker(
    incumbent: MaskIncumbent, root: RootRelaxation, program: Relaxation, cuts: CutFinder, held: int
) -> Worker:
    """Return a worker of the tree.

    Parameters
    ----------
    incumbent, root
        As of the search.
    program, cuts
        A relaxation, and what finds its cuts, for this worker alone.
    held
        Number of cuts that the relaxation holds.
    """
    weight = (root.t.weight + 1.0).astype(np.float64)
    return Worker(program, cuts, weight, root.scale.of_plan, incumbent.left, PlungeRules(), held)


def _worker(incumbent: MaskIncumbent, task: Task, root: RootRelaxation, number: int) -> Worker:
    """Return a worker whose program holds the rows that bind at the root; the first takes over the root's."""
    program, cuts = root.program, root.cuts if number == 0 else root.cuts.another()
    if number or len(root.splits):
        program = Relaxation(task.problem, seed=task.seed)
        program.add_splits(root.splits)
        program.keep_rows()
        for rows in root.rows:
            program.add(rows)
        program.solve(seconds=incumbent.left())
    return new_worker(incumbent, root, program, cuts, program.drop_slack_rows())


class SolverTree(Protocol):
    """Searches one tree with lazy rows in a solver."""

    def __call__(
        self,
        t: Tables,
        problem: DesignProblem,
        incumbent: MaskIncumbent,
        separator: Separator,
        *,
        limits: TreeLimits,
        rows: Rows,
        improve: Improve | None,
    ) -> TreeOutcome:
        """Search; plans, bounds and counts go to the incumbent."""


class TimeCutSeparator:
    """Finds the rows that a point of a solver's tree violates.

    Parameters
    ----------
    cuts
        Finds cuts.
    """

    def __init__(self, cuts: CutFinder) -> None:
        self._cuts = cuts

    def __call__(self, x: Floats, y: Floats, *, integer: bool) -> Rows:
        """Return a violated cut for each pair that has one, and a few partition inequalities."""
        margin = POSITIVE if integer else MARGIN
        return self._cuts.violated(x, y, in_out_weight=IN_OUT_WEIGHT, margin=margin, partitions=PARTITIONS)


def search_in_solver(
    t: Tables, incumbent: MaskIncumbent, task: Task, root: RootRelaxation
) -> tuple[str, str]:
    """Search the tree in SCIP or Gurobi; return why it ended, and the name of the solver.

    Parameters
    ----------
    t, incumbent, task
        The problem, what takes its plans and bounds, and how it is to be solved.
    root
        The root relaxation.
    """
    solver_tree, name = _solver_tree(task.solver, root)
    if task.solver == "scip" and task.threads > 1 and not incumbent.closed(SPLIT_BEYOND):
        return _search_in_parts(t, incumbent, task, root), name
    outcome = solver_tree(
        t,
        task.problem,
        incumbent,
        TimeCutSeparator(root.cuts),
        limits=TreeLimits(incumbent.left(), task.gap, seed=task.seed, threads=task.threads),
        rows=first_rows(root, task, incumbent.left),
        improve=Rounding(t, incumbent),
    )
    return outcome.reason, name


def _solver_tree(solver: str, root: RootRelaxation) -> tuple[SolverTree, str]:
    if solver == "gurobi":
        from optimiser.engine.backends import gurobi

        return gurobi.search_tree, gurobi.version()
    from optimiser.engine.backends import scip_tree

    return partial(scip_tree.search_tree, splits=root.splits), scip_tree.version()


def _search_in_parts(t: Tables, incumbent: MaskIncumbent, task: Task, root: RootRelaxation) -> str:
    """Search in SCIP, which has one thread, in parts beside each other."""
    from optimiser.engine.backends import scip_tree

    rows = first_rows(root, task, incumbent.left)

    def search_part(part: Node, seen: MaskIncumbent) -> TreeOutcome:
        return scip_tree.search_tree(
            t,
            task.problem,
            seen,
            TimeCutSeparator(root.cuts.another()),
            limits=TreeLimits(seen.left(), task.gap, seed=task.seed),
            rows=rows,
            splits=root.splits,
            fixed=fixings(part, t.size),
            improve=Rounding(t, seen),
        )

    scale, in_reach = root.scale, incumbent.closed(PROOF_WITHIN)
    parts = split(
        root.program,
        root.solution,
        parts=task.threads * (2 if in_reach else 1),
        cutoff=scale.of_plan(incumbent.best),
        size=t.size,
        left=incumbent.left,
        tried=TRIED if in_reach else TRIED_BEYOND,
    )
    reason = search_parts(
        parts, incumbent, search_part, threads=task.threads, to_objective=scale.to_objective
    )
    if reason == "proof" and incumbent.best is not None:
        incumbent.bound(scale.to_objective(scale.of_plan(incumbent.best)), "tree")
    return reason


def first_rows(root: RootRelaxation, task: Task, left: Callable[[], float]) -> Rows:
    """Return the rows that a solver's tree starts with.

    Parameters
    ----------
    root
        The root relaxation.
    task
        How the problem is to be solved.
    left
        Returns the seconds left.

    Returns
    -------
    Rows
        The time cuts that bind or nearly do at the root, and of the partition inequalities that do, which are
        dense, those that the bound needs.
    """
    rows = binding_rows(root)
    is_partition = rows.claims > 1
    if not is_partition.any() or len(task.problem.pairs) >= LARGE:
        return rows
    end = (1.0 - CHOICE_SHARE) * left()
    time_cuts = rows.only(~is_partition)
    program = Relaxation(task.problem, seed=task.seed)
    program.add(time_cuts)
    return stacked(time_cuts, needed_rows(program, rows.only(is_partition), left=lambda: left() - end))

"""Solve problems by branch and cut with time cuts, in our own tree, or in a tree of SCIP or Gurobi."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from threading import Lock
from typing import Protocol

import numpy as np

from optimiser.engine.backends.highs import Relaxation, reset_threads, version
from optimiser.engine.backends.interfaces import Improve, Separator, TreeLimits, TreeOutcome
from optimiser.engine.methods.branching.nodes import Node, fractional
from optimiser.engine.methods.branching.parts import BRANCHING_CANDIDATES, fixings, search_parts, split
from optimiser.engine.methods.branching.tree import PlungeRules, Report, Worker, search
from optimiser.engine.methods.cuts.relaxation import FAMILIES, POSITIVE, CutFamily, CutFinder, needed_rows
from optimiser.engine.methods.cuts.root import (
    FAR_GAP,
    LARGE,
    LEAST_FRACTIONAL,
    RootRelaxation,
    add_split_cuts,
    binding_rows,
    solve_root,
)
from optimiser.engine.methods.heuristics.lns import (
    DESTROY_OPERATORS,
    Destroy,
    Improver,
    attempts_for,
    start_plans,
)
from optimiser.engine.methods.rounding import TreeHeuristics
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats, Rows, stacked
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

SMALL = 1_000
"""Most pairs with which `auto` chooses the tree of SCIP, which prunes better; beyond, our own tree solves its
relaxations faster in HiGHS."""

FAR_STARTS, FAR_SHARE = 2, 0.3
"""Where a proof is out of reach: starts of the large neighbourhood search before the tree for each thread,
and share of the time left after which all end."""

FAR_ROUNDS, FAR_ATTEMPTS = 15, 2_500
"""Rounds, and attempts, without a better plan after which each of them ends: whichever comes first."""

ATTEMPTS_IN_TREE = 3
"""Attempts of the large neighbourhood search after each round of the tree."""

IN_OUT_WEIGHT, MARGIN, TIGHTENING = 0.2, 1e-3, 2
"""In a tree of SCIP or Gurobi: in-out weight, least violation of a cut at a fractional point, and most
rows of each tightening family in a round (they are dense, and each slows down all later nodes)."""

SPLIT_BEYOND = 0.02
"""Gap of the root above which a search in SCIP is split into parts; below, a single tree ends sooner."""

PROOF_WITHIN = 0.15
"""Gap up to which a proof is in reach, so that choosing the parts well pays off."""

FEW_BRANCHING_CANDIDATES = 2
"""Decisions evaluated when a part is split above that gap: each costs two solves and brings no proof
nearer."""

CHOICE_SHARE = 0.1
"""Share of the time left for choosing the first rows of the tree; when it is used up, the tree gets all
rows."""


def prove(
    t: Tables,
    incumbent: MaskIncumbent,
    task: Task,
    *,
    families: Sequence[CutFamily] = FAMILIES,
    destroy: Sequence[Destroy] = DESTROY_OPERATORS,
) -> tuple[str, str]:
    """Solve a problem by branch and cut with time cuts; the variant `cuts`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans, bounds and counts.
    families
        Families of rows that tighten the relaxation, beside the time cuts.
    destroy
        Destroy operators of the large neighbourhood search.

    Returns
    -------
    tuple
        Why the solve ended, and the solver with its version.
    """
    if task.solver == "auto":
        task = replace(task, solver="scip" if len(t.limit) <= SMALL else "highs")
    improver = start_plans(t, incumbent, seed=task.seed, destroy=destroy)
    if incumbent.stop():
        return "time", ""
    reset_threads()
    program = Relaxation(task.problem, seed=task.seed)
    cuts = CutFinder.of(t, families=families, stop=incumbent.stop, threads=task.threads)
    root = solve_root(t, incumbent, program, cuts, gap=task.gap)
    if isinstance(root, str):
        return root, version()
    improve(incumbent, improver, attempts_for(t), root.x)
    if task.solver != "gurobi" and not incumbent.closed(task.gap):  # Gurobi has cuts like these of its own
        root = add_split_cuts(incumbent, root, gap=task.gap)
    if not incumbent.closed(FAR_GAP):
        starts = FAR_STARTS * task.threads if is_far_from_proof(incumbent, root) else 1
        others = [Improver(t, seed=task.seed + i, destroy=destroy) for i in range(1, starts)]
        searches = [improver, *others]
        improve_beyond(FAR_GAP, t, incumbent, searches, root.x, threads=task.threads)
    if incumbent.best is not None:
        improver.start_from(incumbent.best)
    if incumbent.closed(task.gap):
        return incumbent.ending(task.gap), version()
    root.cuts.on_one_thread()  # few cuts are sought at a node: sharing them takes longer than it saves
    if task.solver in ("scip", "gurobi"):
        return search_in_solver(t, incumbent, task, root)
    workers = [_worker(incumbent, task, root, number) for number in range(task.threads)]
    after_round = partial(_improve_in_tree, incumbent, improver)
    return search_tree(incumbent, root, workers, gap=task.gap, after_round=after_round), version()


def improve(incumbent: MaskIncumbent, improver: Improver, attempts: int, guide: Floats | None = None) -> int:
    """Run the large neighbourhood search; return the number of attempts since the last improvement.

    Parameters
    ----------
    incumbent
        Receives better plans.
    improver
        The search, which continues from its best plan.
    attempts
        Largest number of attempts.
    guide
        float64 [J], a point of the relaxation that guides the search.
    """
    return improver.improve(
        attempts=attempts, stop=incumbent.stop, take=lambda plan: incumbent.plan(plan, "lns"), guide=guide
    )


def is_far_from_proof(incumbent: MaskIncumbent, root: RootRelaxation) -> bool:
    """Return whether a proof is out of reach: the gap is wide, and many candidates are built in part."""
    return len(fractional(root.x)) >= LEAST_FRACTIONAL and not incumbent.closed(FAR_GAP)


def improve_beyond(
    gap: float,
    t: Tables,
    incumbent: MaskIncumbent,
    searches: Sequence[Improver],
    guide: Floats,
    *,
    threads: int = 1,
) -> None:
    """Search longer for better plans where the gap is wide: there a better plan is all that can be gained.

    Each search ends by itself (`FAR_ROUNDS`), and all end after a share of the time left (`FAR_SHARE`). The
    plans do not depend on the number of threads, as long as that share suffices.

    Parameters
    ----------
    gap
        Gap within which a single search ends.
    t, incumbent
        The problem, and the incumbent, which receives the plans.
    searches
        Searches of different starts.
    guide
        float64 [J], a point of the relaxation, which guides every other round of each search.
    threads
        Number of searches that run at a time.
    """
    attempts, end, lock = attempts_for(t), (1.0 - FAR_SHARE) * incumbent.left(), Lock()
    most_quiet = min(FAR_ROUNDS * attempts, FAR_ATTEMPTS)

    def is_late() -> bool:
        return incumbent.stop() or incumbent.left() <= end

    def take(plan: Mask) -> None:
        with lock:
            incumbent.plan(plan, "lns")

    def run(one: Improver) -> None:
        quiet = 0
        for number in count():
            # Several searches do not look at each other's plans, so that threads change nothing.
            if quiet >= most_quiet or is_late() or (len(searches) == 1 and incumbent.closed(gap)):
                return
            near = guide if number % 2 else None
            idle = one.improve(attempts=attempts, stop=is_late, take=take, guide=near)
            quiet = quiet + idle if idle == attempts else idle

    with ThreadPoolExecutor(threads) as executor:
        list(executor.map(run, searches))


def _improve_in_tree(incumbent: MaskIncumbent, improver: Improver, report: Report) -> None:
    """Report the plans of a round of the tree, and run a few attempts of the neighbourhood search."""
    for plan in report.plans:
        if incumbent.plan(plan, "tree"):
            improver.start_from(plan)
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
    """Search our own tree from a root; bounds and counts go to the incumbent.

    Parameters
    ----------
    incumbent
        Receives bounds and counts, and knows the time left.
    root
        The solved root relaxation.
    workers
        One worker per thread.
    gap
        Relative gap at which to stop.
    after_round
        Called after each round; reports its plans, and may search for better ones.
    most_nodes
        Number of nodes after which the search ends; None: no limit.

    Returns
    -------
    str
        Why the search ended: `proof`, `gap`, `time`, `infeasible` or `stalled`.
    """
    scale, before = root.scale, incumbent.nodes

    def report(progress: Report) -> tuple[float, bool]:
        incumbent.count("tree", cuts=progress.cuts, nodes=progress.nodes)
        after_round(progress)
        incumbent.bound(scale.to_objective(progress.bound), "tree")
        enough = most_nodes is not None and incumbent.nodes - before >= most_nodes
        return scale.of_plan(incumbent.best), enough or incumbent.stop() or incumbent.closed(gap)

    outcome = search(Node.root(root.solution), workers, cutoff=scale.of_plan(incumbent.best), report=report)
    if outcome.complete and incumbent.best is None and not math.isfinite(outcome.bound):
        return "infeasible"
    incumbent.bound(scale.to_objective(outcome.bound), "tree")
    return incumbent.ending(gap)


def new_worker(
    incumbent: MaskIncumbent, root: RootRelaxation, program: Relaxation, cuts: CutFinder, cut_count: int
) -> Worker:
    """Return a worker of our own tree.

    Parameters
    ----------
    incumbent, root
        The incumbent and the root of the search.
    program, cuts
        A relaxation and the separation of its cuts, used by this worker alone.
    cut_count
        Number of cuts in the relaxation.
    """
    weight = (root.t.weight + 1.0).astype(np.float64)
    return Worker(program, cuts, weight, root.scale.of_plan, incumbent.left, PlungeRules(), cut_count)


def _worker(incumbent: MaskIncumbent, task: Task, root: RootRelaxation, number: int) -> Worker:
    """Return a worker with the rows that bind at the root; worker 0 takes over the program of the root.

    With lift-and-project cuts, worker 0 too gets a new program, in which only those that bind are kept.
    """
    program, cuts = root.program, root.cuts if number == 0 else root.cuts.another()
    if number or len(root.splits):
        program = Relaxation(task.problem, seed=task.seed)
        program.add_splits(root.splits)
        program.keep_rows()
        for rows in root.rows:
            program.add(rows)
        (program.solve_anew if len(root.t.limit) >= LARGE else program.solve)(seconds=incumbent.left())
    return new_worker(incumbent, root, program, cuts, program.drop_slack_rows())


class SolverTree(Protocol):
    """Searches one tree of a solver, with the cuts as lazy rows."""

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
    """Separates points of a solver's tree; the callable that the adapters of SCIP and Gurobi take.

    Parameters
    ----------
    cuts
        Separates time cuts and tightening rows.
    """

    def __init__(self, cuts: CutFinder) -> None:
        self._cuts = cuts

    def __call__(self, x: Floats, y: Floats, *, integer: bool) -> Rows:
        """Return a violated time cut for each pair that has one, and a few tightening rows.

        At an integer point any violation counts, since a point without cuts is accepted as a plan.
        """
        margin = POSITIVE if integer else MARGIN
        return self._cuts.violated(x, y, in_out_weight=IN_OUT_WEIGHT, margin=margin, tightening=TIGHTENING)


def search_in_solver(
    t: Tables, incumbent: MaskIncumbent, task: Task, root: RootRelaxation
) -> tuple[str, str]:
    """Search the tree in SCIP or Gurobi.

    Parameters
    ----------
    t, incumbent, task
        As for `prove`.
    root
        The solved root relaxation.

    Returns
    -------
    tuple
        Why the search ended, and the solver with its version.
    """
    solver_tree, name = _solver_tree(task.solver, root)
    if task.solver == "scip" and task.threads > 1 and not incumbent.closed(SPLIT_BEYOND):
        return _search_in_parts(t, incumbent, task, root), name
    is_far = is_far_from_proof(incumbent, root)
    rows = first_rows(root, task, incumbent.left)
    outcome = solver_tree(
        t,
        task.problem,
        incumbent,
        TimeCutSeparator(root.cuts),
        limits=TreeLimits(
            incumbent.left(),
            task.gap,
            seed=task.seed,
            threads=task.threads,
            log=task.log,
            dives=not is_far,
        ),
        rows=rows,
        improve=_tree_heuristics(t, incumbent, task.seed, is_far=is_far),
    )
    return outcome.reason, name


def _tree_heuristics(t: Tables, incumbent: MaskIncumbent, seed: int, *, is_far: bool) -> TreeHeuristics:
    """Return the heuristics of a solver's tree. Near a proof, time is better spent on the bound."""
    return TreeHeuristics(t, incumbent, Improver(t, seed=seed) if is_far else None)


def _solver_tree(solver: str, root: RootRelaxation) -> tuple[SolverTree, str]:
    if solver == "gurobi":
        from optimiser.engine.backends import gurobi

        return gurobi.search_tree, gurobi.version()
    from optimiser.engine.backends import scip_tree

    return partial(scip_tree.search_tree, splits=root.splits), scip_tree.version()


def _search_in_parts(t: Tables, incumbent: MaskIncumbent, task: Task, root: RootRelaxation) -> str:
    """Search parts of the tree in parallel, each in an instance of SCIP, which uses one thread."""
    from optimiser.engine.backends import scip_tree

    rows = first_rows(root, task, incumbent.left)

    is_far = is_far_from_proof(incumbent, root)

    def search_part(part: Node, part_incumbent: MaskIncumbent) -> TreeOutcome:
        return scip_tree.search_tree(
            t,
            task.problem,
            part_incumbent,
            TimeCutSeparator(root.cuts.another()),
            limits=TreeLimits(
                part_incumbent.left(),
                task.gap,
                seed=task.seed,
                log=task.log,
                dives=not is_far,
            ),
            rows=rows,
            splits=root.splits,
            fixed=fixings(part, t.size),
            improve=_tree_heuristics(t, part_incumbent, task.seed + parts.index(part), is_far=is_far),
        )

    scale, is_proof_in_reach = root.scale, incumbent.closed(PROOF_WITHIN)
    parts = split(
        root.program,
        root.solution,
        parts=task.threads,
        cutoff=scale.of_plan(incumbent.best),
        size=t.size,
        left=incumbent.left,
        tried=BRANCHING_CANDIDATES if is_proof_in_reach else FEW_BRANCHING_CANDIDATES,
    )
    reason = search_parts(
        parts, incumbent, search_part, threads=task.threads, to_objective=scale.to_objective
    )
    if reason == "proof" and incumbent.best is not None:
        incumbent.bound(scale.to_objective(scale.of_plan(incumbent.best)), "tree")
    return reason


def first_rows(root: RootRelaxation, task: Task, left: Callable[[], float]) -> Rows:
    """Return the rows with which a solver's tree starts.

    Parameters
    ----------
    root
        The solved root relaxation.
    task
        The problem with its solve parameters.
    left
        Returns the seconds left.

    Returns
    -------
    Rows
        The time cuts that bind, or nearly bind, at the root. Of the rows of several pairs that do, which are
        dense, only those that the bound needs.
    """
    rows = binding_rows(root)
    is_dense = rows.pair_counts > 1
    if not is_dense.any() or len(task.problem.pairs) >= LARGE:
        return rows
    end = (1.0 - CHOICE_SHARE) * left()
    time_cuts = rows.only(~is_dense)
    program = Relaxation(task.problem, seed=task.seed)
    program.add(time_cuts)
    return stacked(time_cuts, needed_rows(program, rows.only(is_dense), left=lambda: left() - end))

"""Solve problems by branch and cut with time cuts, in our own tree, or in a tree of SCIP or Gurobi."""

import math
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from threading import Lock
from typing import Any

import numpy as np

from optimiser.engine.backends.highs import reset_threads
from optimiser.engine.backends.interfaces import LpSolution, Separator, TreeOutcome, fractional
from optimiser.engine.backends.solvers import ALTERNATIVE, ANY, BUNDLED, SOLVERS, UNNAMED, label
from optimiser.engine.methods.branching.tree import (
    LEAST_CHANGE,
    Node,
    PlungeResult,
    PlungeRules,
    Worker,
    integer_bound,
    search,
)
from optimiser.engine.methods.cuts.relaxation import (
    FAMILIES,
    POSITIVE,
    CutFamily,
    CutFinder,
    Relaxation,
    needed_rows,
)
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
    TreeHeuristics,
    attempts_for,
    start_plans,
)
from optimiser.engine.search.incumbent import MaskIncumbent, PartIncumbent
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import Floats, Rows, stacked
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task

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

BRANCHING_CANDIDATES = 12
"""Default number of decisions that strong branching evaluates when a part is split."""


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
    if task.solver in UNNAMED:  # a variant of the user's own may run with none
        is_small = task.solver == ANY and len(t.limit) <= SMALL
        task = replace(task, solver=ALTERNATIVE if is_small else BUNDLED)
    improver = start_plans(t, incumbent, seed=task.seed, destroy=destroy)
    if incumbent.stop():
        return "time", ""
    reset_threads()
    program = Relaxation.of(task)
    cuts = CutFinder(t, families=families, stop=incumbent.stop, threads=task.threads)
    root = solve_root(t, incumbent, program, cuts, gap=task.gap)
    if isinstance(root, str):
        return root, label()
    improver.improve_for(incumbent, attempts_for(t), root.x)
    solver = SOLVERS[task.solver]
    if solver.splits and not incumbent.closed(task.gap):
        root = add_split_cuts(incumbent, root, gap=task.gap)
    if not incumbent.closed(FAR_GAP):
        starts = FAR_STARTS * task.threads if is_far_from_proof(incumbent, root) else 1
        others = [Improver(t, seed=task.seed + i, destroy=destroy) for i in range(1, starts)]
        improve_beyond(FAR_GAP, t, incumbent, [improver, *others], root.x, threads=task.threads)
    if incumbent.best is not None:
        improver.start_from(incumbent.best)
    if incumbent.closed(task.gap):
        return incumbent.ending(task.gap), label()
    root.cuts.times.threads = 1  # few cuts are sought at a node: sharing them takes longer than it saves
    if solver.tree:
        return search_in_solver(t, incumbent, task, root)
    workers = [_worker(incumbent, task, root, number) for number in range(task.threads)]

    def after_round(plans: Iterable[Mask]) -> None:
        for plan in plans:
            if incumbent.plan(plan, "tree"):
                improver.start_from(plan)
        improver.improve_for(incumbent, ATTEMPTS_IN_TREE)

    return search_tree(incumbent, root, workers, gap=task.gap, after_round=after_round), label()


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


def search_tree(
    incumbent: MaskIncumbent,
    root: RootRelaxation,
    workers: Sequence[Worker],
    *,
    gap: float,
    after_round: Callable[[Iterable[Mask]], None],
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
        Called with the plans of each round; reports them, and may search for better ones.

    Returns
    -------
    str
        Why the search ended: `proof`, `gap`, `time`, `nodes`, `infeasible` or `stalled`.
    """
    scale = root.scale

    def report(bound: float, plunges: Sequence[PlungeResult]) -> tuple[float, bool]:
        cuts = sum(len(rows) for plunge in plunges for rows in plunge.rows)
        incumbent.count("tree", cuts=cuts, nodes=sum(plunge.nodes for plunge in plunges))
        after_round(plan for plunge in plunges for plan in plunge.plans)
        incumbent.bound(scale.to_objective(bound), "tree")
        return scale.of_plan(incumbent.best), incumbent.is_spent() or incumbent.closed(gap)

    first, cutoff = Node.root(root.solution), scale.of_plan(incumbent.best)
    bound, is_complete = search(first, workers, cutoff=cutoff, report=report)
    if is_complete and incumbent.best is None and not math.isfinite(bound):
        return "infeasible"
    incumbent.bound(scale.to_objective(bound), "tree")
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
        program = Relaxation.of(task)
        program.add_splits(root.splits)
        program.keep_rows()
        for rows in root.rows:
            program.add(rows)
        (program.solve_anew if len(root.t.limit) >= LARGE else program.solve)(seconds=incumbent.left())
    return new_worker(incumbent, root, program, cuts, program.drop_slack_rows())


def time_cut_separator(cuts: CutFinder) -> Separator:
    """Return what separates points of a solver's tree: a time cut for each pair that has one, and a few rows.

    At an integer point any violation counts, since a point without cuts is accepted as a plan.

    Parameters
    ----------
    cuts
        Separates time cuts and tightening rows.
    """

    def separate(x: Floats, y: Floats, *, integer: bool) -> Rows:
        margin = POSITIVE if integer else MARGIN
        return cuts.violated(x, y, in_out_weight=IN_OUT_WEIGHT, margin=margin, tightening=TIGHTENING)

    return separate


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
    solver, scale = SOLVERS[task.solver], root.scale
    is_far, rows = is_far_from_proof(incumbent, root), first_rows(root, task, incumbent.left)
    options: dict[str, Any] = {"splits": root.splits} if solver.splits else {}
    if solver.searches_parts:
        options["dives"] = not is_far
    solver_tree, name = pkgutil.resolve_name(solver.tree), label(solver.name)

    def search_one(one: MaskIncumbent, cuts: CutFinder, seed: int, **fixed: Integers) -> TreeOutcome:
        # Near a proof, time is better spent on the bound than on plans.
        improve = TreeHeuristics(t, one, Improver(t, seed=seed) if is_far else None)
        separator = time_cut_separator(cuts)
        found: TreeOutcome = solver_tree(
            t, task, one, separator, rows=rows, improve=improve, **options, **fixed
        )
        return found

    if not solver.searches_parts or task.threads == 1 or incumbent.closed(SPLIT_BEYOND):
        return search_one(incumbent, root.cuts, task.seed).reason, name
    is_proof_in_reach = incumbent.closed(PROOF_WITHIN)
    parts = split(
        root.program,
        root.solution,
        parts=task.threads,
        cutoff=scale.of_plan(incumbent.best),
        size=t.size,
        left=incumbent.left,
        tried=BRANCHING_CANDIDATES if is_proof_in_reach else FEW_BRANCHING_CANDIDATES,
    )

    def search_part(part: Node, one: MaskIncumbent) -> TreeOutcome:
        return search_one(
            one, root.cuts.another(), task.seed + parts.index(part), fixed=fixings(part, t.size)
        )

    reason = search_parts(
        parts, incumbent, search_part, threads=task.threads, to_objective=scale.to_objective
    )
    if reason == "proof" and incumbent.best is not None:
        incumbent.bound(scale.to_objective(scale.of_plan(incumbent.best)), "tree")
    return reason, name


def split(
    program: Relaxation,
    solution: LpSolution,
    *,
    parts: int,
    cutoff: float,
    size: int,
    left: Callable[[], float],
    tried: int = BRANCHING_CANDIDATES,
) -> list[Node]:
    """Return parts of the search space that together contain every plan better than the cutoff.

    Parameters
    ----------
    program
        The relaxation with its cuts; its bounds are reset at the end.
    solution
        Optimal solution of the relaxation.
    parts
        Largest number of parts; fewer are returned when some contain no better plan.
    cutoff
        Scaled objective of the best known plan.
    size
        Number of candidates J; only the first J decisions are branched on.
    left
        Returns the seconds left. A child whose solve ends at the limit keeps the bound of its parent.
    tried
        Number of decisions that are evaluated when a part is split.

    Notes
    -----
    Strong branching (Applegate, Bixby, Chvátal and Cook 1995): the part of the weakest bound is split on
    that decision, among those nearest to one half, which improves the bounds of both children most.
    """

    def children_of(node: Node, point: LpSolution) -> list[tuple[Node, LpSolution]] | None:
        """Return the children that can contain a better plan; None without fractional decisions or time left.

        The score of a decision is the product of the bound changes of its two children; a change counts only
        down to the cutoff, where the child is pruned anyway.
        """
        x = point.decisions[:size]
        candidates = fractional(x)
        best: tuple[float, list[tuple[Node, LpSolution]]] | None = None
        for decision in candidates[np.lexsort((candidates, np.abs(x[candidates] - 0.5)))][:tried].tolist():
            if left() <= 0:
                break
            children = []
            for side in (0, 1):
                child = node.child(decision, side, bound=node.bound, value=float(x[decision]))
                program.set_bounds(child.lower, child.upper)
                found = program.solve(seconds=left())
                bound = node.bound if found.status == "limit" else min(node.bound, found.objective)
                children.append((replace(child, bound=bound), found))
            score = math.prod(max(node.bound - max(one.bound, cutoff), LEAST_CHANGE) for one, _ in children)
            if best is None or score > best[0]:
                best = (score, [one for one in children if integer_bound(one[0].bound) > cutoff])
        return None if best is None else best[1]

    open_nodes, whole = [(Node.root(solution), solution)], list[Node]()
    while open_nodes and len(open_nodes) + len(whole) < parts:
        open_nodes.sort(key=lambda pair: -pair[0].bound)
        node, point = open_nodes.pop(0)
        children = children_of(node, point)
        if children is None:
            whole.append(node)
        else:
            open_nodes += children
    count = len(solution.decisions)
    program.set_bounds(np.zeros(count), np.ones(count))
    return [*whole, *(node for node, _ in open_nodes)]


def fixings(node: Node, size: int) -> Integers:
    """Return int64 [J], the value 0 or 1 at which a part fixes each candidate; -1 where it is free."""
    return np.where(node.lower == node.upper, node.lower, -1.0)[:size].astype(np.int64)


def search_parts(
    parts: Sequence[Node],
    incumbent: MaskIncumbent,
    search: Callable[[Node, MaskIncumbent], TreeOutcome],
    *,
    threads: int,
    to_objective: Callable[[float], float],
) -> str:
    """Search every part, several at a time; the overall bound goes to the incumbent.

    Parameters
    ----------
    parts
        Parts from `split`.
    incumbent
        Shared by all parts.
    search
        Searches one part.
    threads
        Number of parts that are searched at a time.
    to_objective
        Converts a scaled objective to an objective.

    Returns
    -------
    str
        Why the search ended: `proof`, `infeasible`, `time`, `nodes`, `stalled` or `gap`.

    Notes
    -----
    Of equally good plans that of the first part counts, whichever part was faster.

    Invariant: the overall bound is the weakest bound of all parts. A part that was searched completely
    without a better plan is closed: its bound no longer limits the overall one.
    """
    lock = Lock()
    weakest, tighter = (min, max) if incumbent.minimise else (max, min)
    closed = math.inf if incumbent.minimise else -math.inf
    bounds, owner = [to_objective(node.bound) for node in parts], -1

    def tighten_part(i: int, bound: float) -> None:
        bounds[i] = tighter(bounds[i], bound)
        incumbent.bound(weakest(bounds), "tree")

    def take_plan(i: int, plan: Mask, step: str) -> None:
        nonlocal owner
        if incumbent.plan(plan, step, over_equal=i < owner):
            owner = i

    def search_part(i: int) -> TreeOutcome:
        part = PartIncumbent(incumbent, lock, partial(take_plan, i), lambda bound: tighten_part(i, bound))
        outcome = search(parts[i], part)
        if outcome.reason == "infeasible":
            with lock:
                tighten_part(i, closed)
        return outcome

    with ThreadPoolExecutor(threads) as executor:
        reasons = {outcome.reason for outcome in executor.map(search_part, range(len(parts)))}
    if reasons <= {"proof", "infeasible"}:
        return "infeasible" if incumbent.best is None else "proof"
    return next(reason for reason in ("time", "nodes", "stalled", "gap", *reasons) if reason in reasons)


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
    program = Relaxation.of(task)
    program.add(time_cuts)
    return stacked(time_cuts, needed_rows(program, rows.only(is_dense), left=lambda: left() - end))

"""Split a search space into parts, and search them in parallel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Lock

import numpy as np

from optimiser.engine.backends.interfaces import LinearProgram, LpSolution, TreeOutcome
from optimiser.engine.methods.branching.nodes import LEAST_CHANGE, Node, fractional, integer_bound
from optimiser.engine.search.incumbent import MaskIncumbent, PartIncumbent
from optimiser.engine.search.paths import Integers, Mask

BRANCHING_CANDIDATES = 12
"""Default number of decisions that strong branching evaluates when a part is split."""


def split(
    program: LinearProgram,
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
    open_nodes, whole = [(Node.root(solution), solution)], list[Node]()
    while open_nodes and len(open_nodes) + len(whole) < parts:
        open_nodes.sort(key=lambda pair: -pair[0].bound)
        node, point = open_nodes.pop(0)
        children = _children(program, node, point, cutoff=cutoff, size=size, left=left, tried=tried)
        if children is None:
            whole.append(node)
        else:
            open_nodes += children
    count = len(solution.decisions)
    program.set_bounds(np.zeros(count), np.ones(count))
    return [*whole, *(node for node, _ in open_nodes)]


def _children(
    program: LinearProgram,
    node: Node,
    point: LpSolution,
    *,
    cutoff: float,
    size: int,
    left: Callable[[], float],
    tried: int,
) -> list[tuple[Node, LpSolution]] | None:
    """Return the children that can contain a better plan; None without fractional decisions or time left.

    The score of a decision is the product of the bound changes of its two children; a change counts only down
    to the cutoff, where the child is pruned anyway.
    """
    x = point.decisions[:size]
    candidates = fractional(x)
    order = candidates[np.lexsort((candidates, np.abs(x[candidates] - 0.5)))][:tried]
    best: tuple[float, list[tuple[Node, LpSolution]]] | None = None
    for decision in order.tolist():
        if left() <= 0:
            break
        children = []
        for side in (0, 1):
            child = node.child(decision, side, bound=node.bound, value=float(x[decision]))
            program.set_bounds(child.lower, child.upper)
            solution = program.solve(seconds=left())
            bound = node.bound if solution.status == "limit" else min(node.bound, solution.objective)
            children.append((replace(child, bound=bound), solution))
        score = math.prod(max(node.bound - max(child.bound, cutoff), LEAST_CHANGE) for child, _ in children)
        if best is None or score > best[0]:
            best = (score, [one for one in children if integer_bound(one[0].bound) > cutoff])
    return None if best is None else best[1]


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

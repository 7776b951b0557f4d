"""Split a search space into parts, and search them beside each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

import numpy as np

from optimiser.engine.backends.interfaces import LinearProgram, LpSolution, TreeOutcome
from optimiser.engine.methods.branching.nodes import LEAST_CHANGE, Node, fractional, integer_bound
from optimiser.engine.search.incumbent import MaskIncumbent, PartIncumbent
from optimiser.engine.search.paths import Integers

TRIED = 12
"""Decisions that are tried when a part is split, as a rule."""


def split(
    program: LinearProgram,
    solution: LpSolution,
    *,
    parts: int,
    cutoff: float,
    size: int,
    left: Callable[[], float],
    tried: int = TRIED,
) -> list[Node]:
    """Return parts of the search space that together hold every plan better than the cutoff.

    Parameters
    ----------
    program
        The relaxation with its cuts; its bounds are reset at the end.
    solution
        Its optimum.
    parts
        Most parts; fewer when some hold no better plan.
    cutoff
        Objective of the best plan known.
    size
        Number of candidates: only they are split on.
    left
        Returns the seconds left. A solve that does not end in time leaves the bound of the part it came from.
    tried
        Decisions that are tried when a part is split.

    Notes
    -----
    Strong branching (Applegate, Bixby, Chvátal and Cook 1995): of the decisions nearest to one half, in the
    part whose bound is weakest, the one that moves the bounds of both children most.
    """
    todo, done = [(Node.root(solution), solution)], list[Node]()
    while todo and len(todo) + len(done) < parts:
        todo.sort(key=lambda pair: -pair[0].bound)
        node, point = todo.pop(0)
        children = _children(program, node, point, cutoff=cutoff, size=size, left=left, tried=tried)
        if children is None:
            done.append(node)
        else:
            todo += children
    count = len(solution.decisions)
    program.set_bounds(np.zeros(count), np.ones(count))
    return [*done, *(node for node, _ in todo)]


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
    """Return the children that can hold a better plan; None without fractional decisions or time left."""
    x = point.decisions[:size]
    candidates = fractional(x)
    order = candidates[np.lexsort((candidates, np.abs(x[candidates] - 0.5)))][:tried]
    best: tuple[float, list[tuple[Node, LpSolution]]] | None = None
    for decision in order.tolist():
        if left() <= 0:
            break
        pair = []
        for side in (0, 1):
            child = node.child(decision, side, bound=node.bound, value=float(x[decision]))
            program.set_bounds(child.lower, child.upper)
            solution = program.solve(seconds=left())
            bound = node.bound if solution.status == "limit" else min(node.bound, solution.objective)
            pair.append((replace(child, bound=bound), solution))
        score = math.prod(max(node.bound - max(child.bound, cutoff), LEAST_CHANGE) for child, _ in pair)
        if best is None or score > best[0]:
            best = (score, [one for one in pair if integer_bound(one[0].bound) > cutoff])
    return None if best is None else best[1]


def fixings(node: Node, size: int) -> Integers:
    """Return int64 [J]: 0 or 1 where a part fixes a candidate, -1 elsewhere."""
    return np.where(node.lower == node.upper, node.lower, -1.0)[:size].astype(np.int64)


def search_parts(
    parts: Sequence[Node],
    incumbent: MaskIncumbent,
    search: Callable[[Node, MaskIncumbent], TreeOutcome],
    *,
    threads: int,
    to_objective: Callable[[float], float],
) -> str:
    """Search every part, several at a time, pass on the bound of the whole, and return why it ended.

    Parameters
    ----------
    parts
        What `split` returned.
    incumbent
        Of the whole search.
    search
        Searches one part.
    threads
        How many at a time.
    to_objective
        Converts a scaled objective.

    Notes
    -----
    Invariant: the bound of the whole is the weakest of the bounds of its parts, and no part's bound is
    tighter than the best plan that it knows.
    """
    lock = Lock()
    weakest, tighter = (min, max) if incumbent.minimise else (max, min)
    closed = math.inf if incumbent.minimise else -math.inf
    bounds = [to_objective(node.bound) for node in parts]

    def limit(i: int, bound: float) -> None:
        bounds[i] = tighter(bounds[i], bound)
        incumbent.bound(weakest(bounds), "tree")

    def work(i: int) -> TreeOutcome:
        outcome = search(parts[i], PartIncumbent(incumbent, lock, lambda bound: limit(i, bound)))
        if outcome.reason == "infeasible":
            with lock:
                limit(i, closed)
        return outcome

    with ThreadPoolExecutor(threads) as crew:
        reasons = {outcome.reason for outcome in crew.map(work, range(len(parts)))}
    if reasons <= {"proof", "infeasible"}:
        return "infeasible" if incumbent.best is None else "proof"
    return next(reason for reason in ("time", "nodes", "stalled", "gap", *reasons) if reason in reasons)

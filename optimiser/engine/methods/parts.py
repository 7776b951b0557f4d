"""Split a search into parts, and search them beside each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np

from optimiser.engine.backends.tree import TreeOutcome
from optimiser.engine.methods.branching.node import Node, whole
from optimiser.engine.methods.branching.program import Answer, Program
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Integers, Mask

TRIED = 12
"""Decisions that are tried when a part is split, as a rule."""


def split(
    program: Program,
    answer: Answer,
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
        The relaxation with its cuts; its bounds are opened again at the end.
    answer
        Its optimum.
    parts
        Most parts; fewer when some hold no better plan.
    cutoff
        Worth of the best plan known.
    size
        Number of candidates: only they are split on.
    left
        Says how many seconds are left; a solve that does not end in them leaves the bound of the part it came
        from, and none is begun without.
    tried
        Decisions that are tried when a part is split.

    Notes
    -----
    Strong branching (Applegate, Bixby, Chvátal and Cook 1995): of the decisions nearest to one half, on the
    part whose bound is weakest, the one that moves the bounds of both halves most.
    """
    count = len(answer.decided)
    todo, done = [(Node.root(answer), answer)], list[Node]()
    while todo and len(todo) + len(done) < parts:
        todo.sort(key=lambda pair: -pair[0].worth)
        node, point = todo.pop(0)
        halves = _halves(program, node, point, cutoff=cutoff, size=size, left=left, tried=tried)
        if halves is None:
            done.append(node)
        else:
            todo += halves
    program.limit(np.zeros(count), np.ones(count))
    return [*done, *(node for node, _ in todo)]


def _halves(
    program: Program,
    node: Node,
    point: Answer,
    *,
    cutoff: float,
    size: int,
    left: Callable[[], float],
    tried: int,
) -> list[tuple[Node, Answer]] | None:
    """Return the halves that can hold a better plan; None when there is nothing to split on, or no time."""
    distance = np.abs(point.decided[:size] - 0.5)
    order = np.lexsort((np.arange(size), distance))[:tried]
    best: tuple[float, list[tuple[Node, Answer]]] | None = None
    for decision in order[distance[order] < 0.5 - 1e-6].tolist():
        if left() <= 0:
            break
        halves = []
        for side in (0, 1):
            half = node.child(decision, side, worth=node.worth, value=float(point.decided[decision]))
            program.limit(half.lower, half.upper)
            answer = program.solve(seconds=left())
            worth = node.worth if answer.ending == "limit" else min(node.worth, answer.worth)
            halves.append((node.child(decision, side, worth=worth, value=half.distance), answer))
        score = math.prod(max(node.worth - max(half.worth, cutoff), 1e-6) for half, _ in halves)
        if best is None or score > best[0]:
            best = (score, [pair for pair in halves if whole(pair[0].worth) > cutoff])
    return None if best is None else best[1]


def fixed_in(node: Node, size: int) -> Integers:
    """Return int64 [J]: 0 or 1 where a part fixes a candidate, -1 elsewhere."""
    return np.where(node.lower == node.upper, node.lower, -1.0)[:size].astype(np.int64)


class PartProgress(Progress):
    """What one part sees of a solve: the best plan of the start, and what it finds itself.

    Parameters
    ----------
    solve
        Of the whole; plans and counts go there at once.
    lock
        Held while that is told something.
    limit
        Takes the bound of the part.

    Notes
    -----
    What other parts find later is not seen, so that the outcome does not hang on which of them is faster.
    """

    def __init__(self, solve: Progress, lock: Lock, limit: Callable[[float], None]) -> None:
        self._solve = solve
        self._lock = lock
        self._limit = limit
        self.best = solve.best
        self._worth = solve.worth(solve.best)

    def left(self) -> float:
        """Return the seconds left."""
        return self._solve.left()

    def plan(self, is_open: Mask, step: str) -> bool:
        """Take a plan; say whether it is better than what this part knows."""
        worth = self._solve.worth(is_open)
        with self._lock:
            self._solve.plan(is_open, step)
        if worth <= self._worth:
            return False
        self.best, self._worth = is_open.copy(), worth
        return True

    def bound(self, bound: float, _step: str) -> None:
        """Take a proven bound of the part."""
        with self._lock:
            self._limit(bound)

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add cuts and nodes to what is counted."""
        with self._lock:
            self._solve.count(step, cuts=cuts, nodes=nodes)

    def closed(self, gap: float) -> bool:
        """Say whether the gap of the whole is within the one asked for."""
        with self._lock:
            return self._solve.closed(gap)


def search_parts(
    parts: Sequence[Node],
    progress: Progress,
    search: Callable[[Node, Progress], TreeOutcome],
    *,
    threads: int,
    objective: Callable[[float], float],
) -> str:
    """Search every part, several at a time, pass on the bound of the whole, and say why it ended.

    Parameters
    ----------
    parts
        What `split` returned.
    progress
        Of the whole.
    search
        Searches one part.
    threads
        How many at a time.
    objective
        Turns a worth into an objective.

    Notes
    -----
    Invariant: the bound of the whole is the weakest of the bounds of its parts, and no part's bound is
    tighter than the best plan that it knows.
    """
    lock, minimise = Lock(), objective(1.0) < 0
    nothing = math.inf if minimise else -math.inf
    weakest = min if minimise else max
    bounds = [objective(node.worth) for node in parts]

    def limit(i: int, bound: float) -> None:
        bounds[i] = max(bounds[i], bound) if minimise else min(bounds[i], bound)
        if math.isfinite(weakest(bounds)):
            progress.bound(weakest(bounds), "tree")

    def work(i: int) -> TreeOutcome:
        outcome = search(parts[i], PartProgress(progress, lock, lambda bound: limit(i, bound)))
        if outcome.reason == "infeasible":
            with lock:
                limit(i, nothing)
        return outcome

    with ThreadPoolExecutor(threads) as crew:
        reasons = {outcome.reason for outcome in crew.map(work, range(len(parts)))}
    if reasons <= {"proof", "infeasible"}:
        return "infeasible" if progress.best is None else "proof"
    return next(reason for reason in ("time", "nodes", "stalled", "gap", *reasons) if reason in reasons)

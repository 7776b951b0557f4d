"""Search a tree of linear programs with cuts, several workers beside each other, reproducibly."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.backends.interfaces import LinearProgram, LpSolution
from optimiser.engine.methods.branching.nodes import (
    INTEGRAL,
    Node,
    Pseudocosts,
    branch,
    fix_by_reduced_cost,
    fractional,
    integer_bound,
)
from optimiser.engine.methods.cuts.relaxation import CutFinder, cut_rounds
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats, Rows

GROWTH, SPARE = 1.2, 50
"""Cuts that do not bind are dropped when there are more than this factor times those at the root, and so many
more."""

SLOW_SHARE = 0.02
"""Share of the gap of a node that a round of cuts must close for another one to follow."""


@dataclass
class PlungeResult:
    """What a plunge found.

    Attributes
    ----------
    open_nodes
        Nodes that are still to be searched.
    plans
        bool [J + 1] each, in the order in which they were found.
    best
        Objective of the best of them, minus infinity without one.
    rows
        Cuts found.
    nodes
        Nodes solved.
    pseudocosts
        Changes of the objective observed.
    doubtful
        Largest bound of a node given up although no plan meets it (numerical noise), or minus infinity.
    """

    open_nodes: list[Node] = field(default_factory=list)
    plans: list[Mask] = field(default_factory=list)
    best: float = -math.inf
    rows: list[Rows] = field(default_factory=list)
    nodes: int = 0
    pseudocosts: Pseudocosts = field(default_factory=lambda: Pseudocosts.none(0))
    doubtful: float = -math.inf


@dataclass(frozen=True)
class PlungeRules:
    """Limits of a plunge.

    Attributes
    ----------
    length
        Most nodes of a plunge.
    rounds
        Most rounds of cuts at a node with fractional decisions.
    in_out_weight
        Share of the way to the core point at which cuts are sought first.
    margin
        Least violation of a cut at a node with fractional decisions.
    most_rows
        Most cuts of a round at such a node: those that matter most for the objective.
    known_enough
        Number of violated known cuts at such a node from which on no new ones are sought.
    partitions
        Most partition inequalities of a round.
    """

    length: int = 8
    rounds: int = 6
    in_out_weight: float = 0.2
    margin: float = 1e-2
    most_rows: int = 150
    known_enough: int = 150
    partitions: int = 2


class Worker:
    """One worker of the search, with a linear program, cuts and paths of its own.

    Parameters
    ----------
    program
        A live relaxation that holds the cuts of the root.
    cuts
        Finds cuts.
    weight
        float64 [K], importance of each pair in the choice of cuts.
    value_of
        Returns the scaled objective of a plan, bool [J + 1]; minus infinity where it violates a constraint.
    left
        Returns the seconds left.
    rules
        Limits of a plunge.
    held
        Number of cuts that the program holds.
    """

    def __init__(
        self,
        program: LinearProgram,
        cuts: CutFinder,
        weight: Floats,
        value_of: Callable[[Mask], float],
        left: Callable[[], float],
        rules: PlungeRules,
        held: int,
    ) -> None:
        self._program = program
        self._cuts = cuts
        self._weight = weight
        self._value_of = value_of
        self._left = left
        self._rules = rules
        self._held = held
        self._most = int(GROWTH * held) + SPARE

    def learn(self, rows: list[Rows]) -> None:
        """Add cuts that other workers found."""
        for part in rows:
            self._program.add(part)
            self._held += len(part)

    def tidy(self) -> None:
        """Drop cuts that do not bind when there are too many."""
        if self._held > self._most:
            self._held = self._program.drop_slack_rows()

    def plunge(self, node: Node, cutoff: float, known: Pseudocosts) -> PlungeResult:
        """Follow the better child from a node downwards, until its branch ends or the limit of nodes is met.

        Parameters
        ----------
        node
            Where to start.
        cutoff
            Objective of the best plan known; nodes that cannot beat it are dropped.
        known
            Pseudocosts so far.

        Returns
        -------
        PlungeResult
            Its plans and open nodes hold every plan of the node with an objective above the cutoff.
        """
        size = len(node.lower)
        result = PlungeResult(pseudocosts=Pseudocosts.none(size))
        at: Node | None = node
        while at is not None and integer_bound(at.bound) > cutoff:
            if result.nodes >= self._rules.length or self._left() <= 0:
                result.open_nodes.append(at)
                break
            children, cutoff = self._step(at, cutoff, known, result)
            children.sort(key=lambda child: (-child.bound, child.side))
            at = children[0] if children else None
            result.open_nodes.extend(children[1:])
        return result

    def _step(
        self, node: Node, cutoff: float, known: Pseudocosts, result: PlungeResult
    ) -> tuple[list[Node], float]:
        """Solve a node; return its children and the cutoff."""
        result.nodes += 1
        self._program.set_bounds(node.lower, node.upper)
        self._program.set_cutoff(cutoff)
        solution = self._solve_with_cuts(cutoff, result)
        if solution.status == "limit":
            if self._left() > 0:
                return [node], cutoff
            result.open_nodes.append(node)
            return [], cutoff
        if node.decision >= 0 and solution.status == "optimal" and math.isfinite(node.bound):
            result.pseudocosts.note(node.decision, node.side, node.bound - solution.objective, node.distance)
        if solution.status == "infeasible" or integer_bound(solution.objective) <= cutoff:
            return [], cutoff
        plan = np.append(np.round(solution.decisions[: self._cuts.size]) > 0, True)
        value = self._value_of(plan)
        if value > cutoff:
            result.plans.append(plan)
            result.best = cutoff = value
        if not fractional(solution.decisions).size:
            if integer_bound(solution.objective) > cutoff:
                result.doubtful = max(result.doubtful, solution.objective)
            return [], cutoff
        if integer_bound(solution.objective) <= cutoff:
            return [], cutoff
        observed = result.pseudocosts
        children = branch(
            self._program,
            fix_by_reduced_cost(node, solution, cutoff),
            solution,
            cutoff=cutoff,
            known=known.plus(observed),
            observed=observed,
        )
        return children, cutoff

    def _solve_with_cuts(self, cutoff: float, result: PlungeResult) -> LpSolution:
        """Solve and cut until the node is pruned, nothing is violated, or the bound moves little."""
        rules, rounds, before = self._rules, 0, math.inf

        def is_done(solution: LpSolution) -> bool:
            if solution.status != "optimal" or integer_bound(solution.objective) <= cutoff:
                return True
            if not fractional(solution.decisions).size:
                return False
            gap = before - cutoff if math.isfinite(cutoff) else abs(before)
            slow = rounds > 0 and before - solution.objective < SLOW_SHARE * gap
            return slow or rounds >= rules.rounds

        def cut(solution: LpSolution) -> int:
            nonlocal rounds, before
            is_integer = not fractional(solution.decisions).size
            x = solution.decisions[: self._cuts.size]
            rows = self._cuts.violated(
                x,
                solution.y,
                in_out_weight=rules.in_out_weight,
                margin=INTEGRAL if is_integer else rules.margin,
                known_enough=2**31 if is_integer else rules.known_enough,
                partitions=rules.partitions,
            )
            if not len(rows):
                return 0
            if not is_integer and len(rows) > rules.most_rows:
                rows = _strongest(rows, solution, x, self._weight, rules.most_rows)
            result.rows.append(rows)
            self.learn([rows])
            rounds, before = rounds + 1, solution.objective
            return len(rows)

        return cut_rounds(lambda: self._program.solve(seconds=self._left()), is_done, cut)


def _strongest(rows: Rows, solution: LpSolution, x: Floats, weight: Floats, most: int) -> Rows:
    """Return the rows whose violation, times the mean weight of their pairs, is largest."""
    violation = (rows.claimed(solution.y) - rows.at(x)) * rows.claimed(weight) / rows.claims
    kept = np.zeros(len(rows), np.bool_)
    kept[np.argsort(-violation, kind="stable")[:most]] = True
    return rows.only(kept)


@dataclass(frozen=True, slots=True)
class Report:
    """State of the search after a round.

    Attributes
    ----------
    bound
        Upper bound of the objective of every plan.
    nodes, cuts
        Numbers of nodes solved and cuts found in the round.
    plans
        Better plans found in it.
    """

    bound: float
    nodes: int
    cuts: int
    plans: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a search ended.

    Attributes
    ----------
    bound
        Upper bound of the objective of every plan; minus infinity when there is no plan.
    complete
        No node is left.
    """

    bound: float
    complete: bool


def search(
    root: Node,
    workers: Sequence[Worker],
    *,
    cutoff: float,
    report: Callable[[Report], tuple[float, bool]],
) -> Outcome:
    """Search a tree, best bound first, one plunge a worker at a time.

    Parameters
    ----------
    root
        The whole search space.
    workers
        Each round gives every worker the best node left, and ends when all plunges are done.
    cutoff
        Objective of the best plan known, minus infinity without one.
    report
        Takes the state after each round; returns the objective of the best plan, and whether to end.

    Notes
    -----
    Branch and cut (Padberg and Rinaldi 1991). Invariant: every plan with an objective above `cutoff` lies in
    a node that is open or being searched, or its objective is at most `doubtful`. Rounds make the outcome
    depend on the number of workers, and not on which of them is faster.
    """
    serial = 0
    heap: list[tuple[float, int, int, Node]] = [(-root.bound, 0, serial, root)]
    pseudocosts = Pseudocosts.none(len(root.lower))
    doubtful = -math.inf
    with ThreadPoolExecutor(len(workers)) as crew:
        while True:
            batch = _batch(heap, cutoff, len(workers))
            if not batch:
                return Outcome(max(cutoff, doubtful), complete=True)
            results = _worked(crew, workers, batch, cutoff, pseudocosts)
            _share(workers, results)
            for result in results:
                pseudocosts = pseudocosts.plus(result.pseudocosts)
                doubtful = max(doubtful, result.doubtful)
                cutoff = max(cutoff, result.best)
                for node in result.open_nodes:
                    serial += 1
                    heapq.heappush(heap, (-node.bound, -node.depth, serial, node))
            bound = max(cutoff, doubtful, -heap[0][0] if heap else -math.inf)
            cutoff, ends = report(
                Report(
                    bound,
                    sum(h.nodes for h in results),
                    sum(len(part) for h in results for part in h.rows),
                    tuple(plan for h in results for plan in h.plans),
                )
            )
            if ends:
                bound = max(cutoff, doubtful, -heap[0][0] if heap else -math.inf)
                return Outcome(bound, complete=False)


def _worked(
    crew: ThreadPoolExecutor,
    workers: Sequence[Worker],
    batch: Sequence[Node],
    cutoff: float,
    known: Pseudocosts,
) -> list[PlungeResult]:
    return list(
        crew.map(lambda worker, node: worker.plunge(node, cutoff, known), workers[: len(batch)], batch)
    )


def _batch(heap: list[tuple[float, int, int, Node]], cutoff: float, count: int) -> list[Node]:
    batch: list[Node] = []
    while heap and len(batch) < count:
        node = heapq.heappop(heap)[3]
        if integer_bound(node.bound) > cutoff:
            batch.append(node)
    return batch


def _share(workers: Sequence[Worker], results: Sequence[PlungeResult]) -> None:
    """Give each worker the cuts of the others."""
    for worker in workers:
        for other, result in zip(workers, results, strict=False):
            if other is not worker:
                worker.learn(result.rows)
        worker.tidy()

"""Search a tree of linear programs with cuts by several workers in parallel, with reproducible results."""

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
"""A worker drops slack cuts when it has more than `GROWTH` times the cuts of the root plus `SPARE`."""

SLOW_SHARE = 0.02
"""Share of the gap of a node that a round of cuts must close for another round to follow."""


@dataclass
class PlungeResult:
    """Result of a plunge.

    Attributes
    ----------
    open_nodes
        Nodes that are still to be searched.
    plans
        bool [J + 1] each, in the order in which they were found.
    best
        Scaled objective of the best of these plans; minus infinity without one.
    rows
        Cuts found.
    nodes
        Number of nodes solved.
    pseudocosts
        Observed changes of the objective.
    unresolved
        Largest bound of a node that was closed although its plan does not attain the bound, because of
        numerical tolerances; minus infinity without one.
    """

    open_nodes: list[Node] = field(default_factory=list)
    plans: list[Mask] = field(default_factory=list)
    best: float = -math.inf
    rows: list[Rows] = field(default_factory=list)
    nodes: int = 0
    pseudocosts: Pseudocosts = field(default_factory=lambda: Pseudocosts.none(0))
    unresolved: float = -math.inf


@dataclass(frozen=True)
class PlungeRules:
    """Limits of a plunge, and of cut separation at its nodes.

    Attributes
    ----------
    length
        Most nodes of a plunge.
    rounds
        Most rounds of cuts at a node with fractional decisions.
    in_out_weight
        In-out weight of the separation (`CutFinder.violated`).
    margin
        Least violation of a cut at a node with fractional decisions.
    most_rows
        Most cuts of a round at such a node; those of largest weighted violation are kept.
    known_enough
        Number of violated cuts in the store at such a node from which no new cuts are sought.
    tightening
        Most rows of each tightening family in a round.
    """

    length: int = 8
    rounds: int = 6
    in_out_weight: float = 0.2
    margin: float = 1e-2
    most_rows: int = 150
    known_enough: int = 150
    tightening: int = 2


class Worker:
    """A worker of the search, with a linear program and a cut store of its own.

    Parameters
    ----------
    program
        A live relaxation with the cuts of the root.
    cuts
        Separates cuts.
    weight
        float64 [K], weight of each pair in the selection of cuts.
    value_of
        Returns the scaled objective of a plan, bool [J + 1]; minus infinity where the plan is infeasible.
    left
        Returns the seconds left.
    rules
        Limits of each plunge.
    cut_count
        Number of cuts in the program.
    """

    def __init__(
        self,
        program: LinearProgram,
        cuts: CutFinder,
        weight: Floats,
        value_of: Callable[[Mask], float],
        left: Callable[[], float],
        rules: PlungeRules,
        cut_count: int,
    ) -> None:
        self._program = program
        self._cuts = cuts
        self._weight = weight
        self._value_of = value_of
        self._left = left
        self._rules = rules
        self._cut_count = cut_count
        self._most_cuts = int(GROWTH * cut_count) + SPARE

    def add_cuts(self, rows: list[Rows]) -> None:
        """Add cuts to the program."""
        for part in rows:
            self._program.add(part)
            self._cut_count += len(part)

    def drop_slack_cuts(self) -> None:
        """Drop slack cuts when the program has too many cuts."""
        if self._cut_count > self._most_cuts:
            self._cut_count = self._program.drop_slack_rows()

    def plunge(self, node: Node, cutoff: float, known: Pseudocosts) -> PlungeResult:
        """Dive from a node, always to the child of better bound, until it is pruned or a limit is reached.

        Parameters
        ----------
        node
            The node to start from.
        cutoff
            Scaled objective of the best known plan; nodes that cannot beat it are pruned.
        known
            Pseudocosts so far.

        Returns
        -------
        PlungeResult
            Every plan of the node with an objective above the cutoff is among its plans or in its open nodes.
        """
        size = len(node.lower)
        result = PlungeResult(pseudocosts=Pseudocosts.none(size))
        current: Node | None = node
        while current is not None and integer_bound(current.bound) > cutoff:
            if result.nodes >= self._rules.length or self._left() <= 0:
                result.open_nodes.append(current)
                break
            children, cutoff = self._step(current, cutoff, known, result)
            children.sort(key=lambda child: (-child.bound, child.side))
            current = children[0] if children else None
            result.open_nodes.extend(children[1:])
        return result

    def _step(
        self, node: Node, cutoff: float, known: Pseudocosts, result: PlungeResult
    ) -> tuple[list[Node], float]:
        """Solve a node; return its children, and the cutoff, which a new plan may have raised."""
        result.nodes += 1
        self._program.set_bounds(node.lower, node.upper)
        self._program.set_cutoff(cutoff)
        solution = self._solve_with_cuts(cutoff, result)
        if solution.status == "limit":
            if self._left() > 0:
                # The solver gave up early for reasons of its own: try the node again.
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
                result.unresolved = max(result.unresolved, solution.objective)
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
        """Solve and cut until the node is pruned, no cut is violated, or the bound hardly improves.

        A node with integer decisions is cut off until its point is a plan with the coverage that it claims.
        """
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
                tightening=rules.tightening,
            )
            if not len(rows):
                return 0
            if not is_integer and len(rows) > rules.most_rows:
                rows = _strongest(rows, solution, x, self._weight, rules.most_rows)
            result.rows.append(rows)
            self.add_cuts([rows])
            rounds, before = rounds + 1, solution.objective
            return len(rows)

        return cut_rounds(lambda: self._program.solve(seconds=self._left()), is_done, cut)


def _strongest(rows: Rows, solution: LpSolution, x: Floats, weight: Floats, most: int) -> Rows:
    """Return the `most` rows of largest violation times mean weight of their pairs."""
    violation = (rows.left_side(solution.y) - rows.right_side(x)) * rows.left_side(weight) / rows.pair_counts
    kept = np.zeros(len(rows), np.bool_)
    kept[np.argsort(-violation, kind="stable")[:most]] = True
    return rows.only(kept)


@dataclass(frozen=True, slots=True)
class Report:
    """State of the search after a round.

    Attributes
    ----------
    bound
        Upper bound on the scaled objective of every plan.
    nodes, cuts
        Numbers of nodes solved and cuts found in the round.
    plans
        Improving plans found in the round.
    """

    bound: float
    nodes: int
    cuts: int
    plans: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a search.

    Attributes
    ----------
    bound
        Upper bound on the scaled objective of every plan; minus infinity when there is no plan.
    complete
        Whether the whole tree was searched.
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
    """Search a tree by branch and cut, best bound first.

    Parameters
    ----------
    root
        The root node.
    workers
        In each round, every worker plunges from one of the best open nodes; the round ends when all plunges
        have ended.
    cutoff
        Scaled objective of the best known plan; minus infinity without one.
    report
        Called with the state after each round; returns the scaled objective of the best plan, and whether to
        stop.

    Notes
    -----
    Branch and cut (Padberg and Rinaldi 1991). Invariant: every plan with an objective above `cutoff` lies in
    an open node, or its objective is at most `unresolved`. Because of the rounds, the result depends on the
    number of workers, but not on their speed.
    """
    serial = 0
    heap: list[tuple[float, int, int, Node]] = [(-root.bound, 0, serial, root)]
    pseudocosts = Pseudocosts.none(len(root.lower))
    unresolved = -math.inf
    with ThreadPoolExecutor(len(workers)) as executor:
        while True:
            nodes = _next_nodes(heap, cutoff, len(workers))
            if not nodes:
                return Outcome(max(cutoff, unresolved), complete=True)
            results = _plunge_all(executor, workers, nodes, cutoff, pseudocosts)
            _share_cuts(workers, results)
            for result in results:
                pseudocosts = pseudocosts.plus(result.pseudocosts)
                unresolved = max(unresolved, result.unresolved)
                cutoff = max(cutoff, result.best)
                for node in result.open_nodes:
                    serial += 1
                    heapq.heappush(heap, (-node.bound, -node.depth, serial, node))
            bound = max(cutoff, unresolved, -heap[0][0] if heap else -math.inf)
            cutoff, is_done = report(
                Report(
                    bound,
                    sum(h.nodes for h in results),
                    sum(len(part) for h in results for part in h.rows),
                    tuple(plan for h in results for plan in h.plans),
                )
            )
            if is_done:
                bound = max(cutoff, unresolved, -heap[0][0] if heap else -math.inf)
                return Outcome(bound, complete=False)


def _plunge_all(
    executor: ThreadPoolExecutor,
    workers: Sequence[Worker],
    nodes: Sequence[Node],
    cutoff: float,
    known: Pseudocosts,
) -> list[PlungeResult]:
    return list(
        executor.map(lambda worker, node: worker.plunge(node, cutoff, known), workers[: len(nodes)], nodes)
    )


def _next_nodes(heap: list[tuple[float, int, int, Node]], cutoff: float, count: int) -> list[Node]:
    nodes: list[Node] = []
    while heap and len(nodes) < count:
        node = heapq.heappop(heap)[3]
        if integer_bound(node.bound) > cutoff:
            nodes.append(node)
    return nodes


def _share_cuts(workers: Sequence[Worker], results: Sequence[PlungeResult]) -> None:
    """Add to each program the cuts that the other workers found, which are valid in the whole tree."""
    for worker in workers:
        for other, result in zip(workers, results, strict=False):
            if other is not worker:
                worker.add_cuts(result.rows)
        worker.drop_slack_cuts()

"""Search a tree of linear programs with cuts by several workers in parallel, with reproducible results."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from optimiser.engine.backends.highs import HighsModel
from optimiser.engine.backends.interfaces import FEASIBILITY_TOLERANCE, LpSolution, fractional
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.presolve.fixings import fixed_by_bound
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import Floats, Rows
from optimiser.problem.result import rounded_bound


def integer_bound(bound: float) -> float:
    """Return the largest integer objective that an upper bound allows; infinite bounds stay."""
    return float(rounded_bound(bound)) if math.isfinite(bound) else bound


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node of the search tree: all plans whose decisions lie within bounds.

    Attributes
    ----------
    bound
        Upper bound on the scaled objective of its plans.
    lower, upper
        float64 [N] each, bounds of the decisions.
    depth
        Number of branchings between the root and the node.
    decision, side, distance
        The decision that was branched on last (-1 at the root), the side (0: down, 1: up), and the distance
        from its fractional value to the value on that side.
    """

    bound: float
    lower: Floats
    upper: Floats
    depth: int = 0
    decision: int = -1
    side: int = 0
    distance: float = 1.0

    @classmethod
    def root(cls, solution: LpSolution) -> Node:
        """Return the root of the tree, given the solution of the root relaxation."""
        size = len(solution.decisions)
        return cls(solution.objective, np.zeros(size), np.ones(size))

    def child(self, decision: int, side: int, *, bound: float, value: float) -> Node:
        """Return the child in which one more decision is fixed.

        Parameters
        ----------
        decision, side
            Position of the decision, and the value 0 or 1 at which it is fixed.
        bound
            Upper bound on the scaled objective of the child.
        value
            Value of the decision in the relaxation of the node.
        """
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[decision] = upper[decision] = float(side)
        distance = value if side == 0 else 1.0 - value
        return Node(bound, lower, upper, self.depth + 1, decision, side, distance)


RELIABLE = 4
"""Observations of each side from which the pseudocosts of a decision count as reliable."""


LEAST_CHANGE = 1e-6
"""Lower limit of a change in a score, so that a product with a change of 0 still ranks decisions."""


@dataclass(frozen=True)
class Pseudocosts:
    """Observed changes of the objective per unit change of each decision, by side (0: down, 1: up).

    Attributes
    ----------
    total
        float64 [2, N], sum of the changes per unit.
    count
        int64 [2, N], number of observations.
    """

    total: Floats
    count: Integers

    @classmethod
    def none(cls, size: int) -> Pseudocosts:
        """Return pseudocosts of `size` decisions without any observation."""
        return cls(np.zeros((2, size)), np.zeros((2, size), np.int64))

    def plus(self, other: Pseudocosts) -> Pseudocosts:
        """Return the sum of the observations of both."""
        return Pseudocosts(self.total + other.total, self.count + other.count)

    def note(self, decision: int, side: int, change: float, distance: float) -> None:
        """Record the change of the objective after branching.

        Parameters
        ----------
        decision, side
            The decision that was branched on, and the side.
        change
            Decrease of the bound; ignored where it is not finite.
        distance
            Distance from the fractional value of the decision to its value on that side.
        """
        if not math.isfinite(change):
            return
        self.total[side, decision] += max(change, 0.0) / max(distance, LEAST_CHANGE)
        self.count[side, decision] += 1

    def reliable(self, decision: int) -> bool:
        """Return whether both sides were observed often enough (Achterberg, Koch and Martin 2005)."""
        return bool(self.count[:, decision].min() >= RELIABLE)

    def scores(self, fraction: Floats) -> Floats:
        """Return the product of the estimated changes on both sides, for each decision.

        Parameters
        ----------
        fraction
            float64 [N], values of the decisions in the relaxation.

        Returns
        -------
        NDArray
            float64 [N]; a decision not yet observed on a side gets the mean of all observations of that side.
        """
        known = self.count > 0
        mean = self.total.sum(axis=1) / np.maximum(1, self.count.sum(axis=1))
        per_unit = np.where(known, self.total / np.maximum(1, self.count), mean[:, None])
        down, up = per_unit[0] * fraction, per_unit[1] * (1.0 - fraction)
        scores: Floats = np.maximum(down, LEAST_CHANGE) * np.maximum(up, LEAST_CHANGE)
        return scores


MOST_PROBED = 8
"""Most decisions that are probed at a node."""


PROBE_ITERATIONS = 60
"""Limit on the iterations of the dual simplex method in a probe."""


def fix_by_reduced_cost(node: Node, solution: LpSolution, cutoff: float) -> Node:
    """Return the node with additional decisions fixed by their reduced costs.

    A decision is fixed at the value that it has in every plan of the node better than the cutoff.

    Parameters
    ----------
    node, solution
        The node, and the solution of its relaxation.
    cutoff
        Scaled objective of the best known plan.
    """
    if not math.isfinite(cutoff):
        return node
    at_one, at_zero = fixed_by_bound(solution.reduced_costs, solution.decisions, solution.objective, cutoff)
    lower, upper = np.where(at_one, 1.0, node.lower), np.where(at_zero, 0.0, node.upper)
    return replace(node, lower=lower, upper=upper)


def branch(
    program: HighsModel,
    node: Node,
    solution: LpSolution,
    *,
    cutoff: float,
    known: Pseudocosts,
    observed: Pseudocosts,
) -> list[Node]:
    """Branch on the best decision; return the children that can contain a better plan.

    Parameters
    ----------
    program
        The relaxation at the optimum of the node; probes leave it there.
    node, solution
        The node, and the solution of its relaxation.
    cutoff
        Scaled objective of the best known plan.
    known
        Pseudocosts so far.
    observed
        Receives the observations of the probes.

    Notes
    -----
    Reliability branching (Achterberg, Koch and Martin 2005): decisions are considered in falling order of
    their pseudocost scores, and those with unreliable pseudocosts are probed. Invariant: every plan of the
    node with an objective above `cutoff` lies in one of the children.
    """
    candidates = fractional(solution.decisions)
    candidates = candidates[node.upper[candidates] > node.lower[candidates]]
    if not candidates.size:
        # Reduced costs have fixed every fractional decision since the solve: solve the node again.
        return [Node(solution.objective, node.lower, node.upper, node.depth + 1)]
    scores, whole = known.scores(solution.decisions), (solution.objective, solution.objective)
    best, best_score, best_bounds, probed = -1, -1.0, whole, 0
    for decision in candidates[np.lexsort((candidates, -scores[candidates]))].tolist():
        score, bounds = float(scores[decision]), whole
        if not known.reliable(decision) and probed < MOST_PROBED:
            probed += 1
            score, bounds = _probe(program, decision, solution, cutoff, observed)
            sides = [side for side in (0, 1) if integer_bound(bounds[side]) > cutoff]
            if len(sides) < 2:
                return _children(node, decision, solution, dict.fromkeys(sides, solution.objective))
        if score > best_score:
            best, best_score, best_bounds = decision, score, bounds
    return _children(node, best, solution, dict(enumerate(best_bounds)))


def _probe(
    program: HighsModel, decision: int, solution: LpSolution, cutoff: float, observed: Pseudocosts
) -> tuple[float, tuple[float, float]]:
    """Probe both sides of a decision; return its score, and upper bounds on the scaled objective of both.

    The changes are recorded if neither side is pruned. A probe that was not solved far enough to prove a
    bound still gives a change for the score.
    """
    value, bounds, changes = float(solution.decisions[decision]), list[float](), list[float]()
    for side in (0, 1):
        bound, proved = program.probe(decision, float(side), iterations=PROBE_ITERATIONS)
        bounds.append(min(solution.objective, bound) if proved else solution.objective)
        changes.append(solution.objective - min(solution.objective, bound))
    down, up = bounds
    if min(integer_bound(down), integer_bound(up)) > cutoff:
        observed.note(decision, 0, changes[0], value)
        observed.note(decision, 1, changes[1], 1.0 - value)
    return max(changes[0], LEAST_CHANGE) * max(changes[1], LEAST_CHANGE), (down, up)


def _children(node: Node, decision: int, solution: LpSolution, bounds: dict[int, float]) -> list[Node]:
    value = float(solution.decisions[decision])
    return [node.child(decision, side, bound=bound, value=value) for side, bound in bounds.items()]


def branch_on_integers(node: Node, solution: LpSolution, size: int) -> list[Node]:
    """Return the children of a node whose integer point is no plan, or claims more than its plan.

    Within its tolerances HiGHS may find such a point: three units more can be spent with 0.9999997 of a
    candidate that costs 10^7. The one of the first `size` decisions that is furthest from an integer is
    branched on. There are no children where all of these are fixed: if they are the candidates, the node held
    one plan, whose value was computed exactly, and nothing is left open.
    """
    free = np.flatnonzero(node.lower[:size] < node.upper[:size])
    if not free.size:
        return []
    decision = int(free[np.argmin(np.abs(solution.decisions[free] - 0.5))])
    return _children(node, decision, solution, dict.fromkeys((0, 1), solution.objective))


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
    """

    open_nodes: list[Node] = field(default_factory=list)
    plans: list[Mask] = field(default_factory=list)
    best: float = -math.inf
    rows: list[Rows] = field(default_factory=list)
    nodes: int = 0
    pseudocosts: Pseudocosts = field(default_factory=lambda: Pseudocosts.none(0))


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
    tightening
        Most rows of each tightening family in a round.
    """

    length: int = 8
    rounds: int = 6
    in_out_weight: float = 0.2
    margin: float = 1e-2
    most_rows: int = 150
    tightening: int = 2


@dataclass
class Worker:
    """A worker of the search, with a linear program and a cut finder of its own.

    Attributes
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

    program: Relaxation
    cuts: CutFinder
    weight: Floats
    value_of: Callable[[Mask], float]
    left: Callable[[], float]
    rules: PlungeRules
    cut_count: int

    def __post_init__(self) -> None:
        """Allow for some more cuts than now."""
        self.most_cuts = int(GROWTH * self.cut_count) + SPARE

    def add_cuts(self, rows: list[Rows]) -> None:
        """Add cuts to the program."""
        for part in rows:
            self.program.add(part)
            self.cut_count += len(part)

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
        result = PlungeResult(pseudocosts=Pseudocosts.none(len(node.lower)))
        current: Node | None = node
        while current is not None and integer_bound(current.bound) > cutoff:
            if result.nodes >= self.rules.length or self.left() <= 0:
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
        self.program.set_bounds(node.lower, node.upper)
        self.program.set_cutoff(cutoff)
        solution = self._solve_with_cuts(cutoff, result)
        if solution.status == "limit":
            if self.left() > 0:
                # The solver gave up early for reasons of its own: try the node again.
                return [node], cutoff
            result.open_nodes.append(node)
            return [], cutoff
        if node.decision >= 0 and solution.status == "optimal" and math.isfinite(node.bound):
            result.pseudocosts.note(node.decision, node.side, node.bound - solution.objective, node.distance)
        if solution.status == "infeasible" or integer_bound(solution.objective) <= cutoff:
            return [], cutoff
        plan = np.append(np.round(solution.decisions[: self.cuts.size]) > 0, True)
        value = self.value_of(plan)
        if value > cutoff:
            result.plans.append(plan)
            result.best = cutoff = value
        if integer_bound(solution.objective) <= cutoff:
            return [], cutoff
        if not fractional(solution.decisions).size:
            return branch_on_integers(node, solution, self.cuts.size), cutoff
        observed = result.pseudocosts
        children = branch(
            self.program,
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
        rules, before = self.rules, math.inf
        for rounds in count():
            solution = self.program.solve(seconds=self.left())
            if solution.status != "optimal" or integer_bound(solution.objective) <= cutoff:
                break
            is_integer = not fractional(solution.decisions).size
            gap = before - cutoff if math.isfinite(cutoff) else abs(before)
            slow = rounds > 0 and before - solution.objective < SLOW_SHARE * gap
            if not is_integer and (slow or rounds >= rules.rounds):
                break
            x = solution.decisions[: self.cuts.size]
            rows = self.cuts.violated(
                x,
                solution.y,
                in_out_weight=rules.in_out_weight,
                margin=FEASIBILITY_TOLERANCE if is_integer else rules.margin,
                tightening=rules.tightening,
            )
            if not len(rows):
                break
            if not is_integer and len(rows) > rules.most_rows:
                rows = _strongest(rows, solution, x, self.weight, rules.most_rows)
            result.rows.append(rows)
            self.add_cuts([rows])
            before = solution.objective
        return solution


def _strongest(rows: Rows, solution: LpSolution, x: Floats, weight: Floats, most: int) -> Rows:
    """Return the `most` rows of largest violation times mean weight of their pairs."""
    violation = (rows.left_side(solution.y) - rows.right_side(x)) * rows.left_side(weight) / rows.pair_counts
    kept = np.zeros(len(rows), np.bool_)
    kept[np.argsort(-violation, kind="stable")[:most]] = True
    return rows.only(kept)


def search(
    root: Node,
    workers: Sequence[Worker],
    *,
    cutoff: float,
    report: Callable[[float, Sequence[PlungeResult]], tuple[float, bool]],
) -> tuple[float, bool]:
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
        Called after each round with an upper bound on the scaled objective of every plan and the results of
        the plunges; returns the scaled objective of the best plan, and whether to stop.

    Returns
    -------
    tuple
        Upper bound on the scaled objective of every plan, minus infinity when there is no plan; and whether
        the whole tree was searched.

    Notes
    -----
    Branch and cut (Padberg and Rinaldi 1991). Invariant: every plan with an objective above `cutoff` lies in
    an open node. Because of the rounds, the result depends on the number of workers, but not on their speed.
    """
    serial = 0
    heap: list[tuple[float, int, int, Node]] = [(-root.bound, 0, serial, root)]
    pseudocosts = Pseudocosts.none(len(root.lower))
    with ThreadPoolExecutor(len(workers)) as executor:
        while True:
            nodes = list[Node]()
            while heap and len(nodes) < len(workers):
                node = heapq.heappop(heap)[3]
                nodes += [node] if integer_bound(node.bound) > cutoff else []
            if not nodes:
                return cutoff, True
            plunges = [
                executor.submit(worker.plunge, node, cutoff, pseudocosts)
                for worker, node in zip(workers, nodes, strict=False)
            ]
            results = [plunge.result() for plunge in plunges]
            for worker in workers:  # cuts that other workers found are valid in the whole tree
                for other, result in zip(workers, results, strict=False):
                    if other is not worker:
                        worker.add_cuts(result.rows)
                if worker.cut_count > worker.most_cuts:
                    worker.cut_count = worker.program.drop_slack_rows()
            for result in results:
                pseudocosts = pseudocosts.plus(result.pseudocosts)
                cutoff = max(cutoff, result.best)
                for node in result.open_nodes:
                    serial += 1
                    heapq.heappush(heap, (-node.bound, -node.depth, serial, node))
            bound = max(cutoff, -heap[0][0] if heap else -math.inf)
            cutoff, is_done = report(bound, results)
            if is_done:
                return max(cutoff, bound), False

"""Hold parts of the search space, and choose the decision on which one is split."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.interfaces import LinearProgram, LpSolution
from optimiser.engine.presolve.fixings import fixed_by_bound
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats
from optimiser.problem.result import rounded_bound


def integer_bound(bound: float) -> float:
    """Return the integer objective that a bound to be maximised allows; infinite bounds stay."""
    return float(rounded_bound(bound)) if math.isfinite(bound) else bound


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """All plans whose decisions lie within bounds.

    Attributes
    ----------
    bound
        Upper bound of the objective of its plans, in the scale of the relaxation.
    lower, upper
        float64 [N] each, bounds of the decisions.
    depth
        Number of branchings above it.
    decision, side, distance
        What was branched on last (-1 at the root), to which side (0: down, 1: up), and how far it moved.
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
        """Return the whole search space, given the solution of its relaxation."""
        size = len(solution.decisions)
        return cls(solution.objective, np.zeros(size), np.ones(size))

    def child(self, decision: int, side: int, *, bound: float, value: float) -> Node:
        """Return the node in which a decision is fixed as well.

        Parameters
        ----------
        decision, side
            Position, and the value 0 or 1 that is fixed.
        bound
            Upper bound of the objective of the child.
        value
            Value of the decision in the solution of the relaxation.
        """
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[decision] = upper[decision] = float(side)
        distance = value if side == 0 else 1.0 - value
        return Node(bound, lower, upper, self.depth + 1, decision, side, distance)


RELIABLE = 4
"""Observations of each side from which on a decision is no longer probed."""


LEAST_CHANGE = 1e-6
"""Replaces a change of 0, so that products of changes still rank decisions."""


@dataclass(frozen=True)
class Pseudocosts:
    """Changes of the objective per unit of a decision, for each decision and side (0: down, 1: up).

    Attributes
    ----------
    total
        float64 [2, N], sum of the changes observed.
    count
        int64 [2, N], number of observations.
    """

    total: Floats
    count: Integers

    @classmethod
    def none(cls, size: int) -> Pseudocosts:
        """Return pseudocosts of N decisions without any observation."""
        return cls(np.zeros((2, size)), np.zeros((2, size), np.int64))

    def plus(self, other: Pseudocosts) -> Pseudocosts:
        """Return the observations of both together."""
        return Pseudocosts(self.total + other.total, self.count + other.count)

    def note(self, decision: int, side: int, change: float, distance: float) -> None:
        """Record a change of the objective.

        Parameters
        ----------
        decision, side
            What was branched on, and to which side.
        change
            Decrease of the bound; ignored where it is not finite.
        distance
            How far the decision moved.
        """
        if not math.isfinite(change):
            return
        self.total[side, decision] += max(change, 0.0) / max(distance, LEAST_CHANGE)
        self.count[side, decision] += 1

    def reliable(self, decision: int) -> bool:
        """Return whether both sides were observed often enough (Achterberg, Koch and Martin 2005)."""
        return bool(self.count[:, decision].min() >= RELIABLE)

    def scores(self, fraction: Floats) -> Floats:
        """Return the product of the expected changes on both sides, for each decision.

        Parameters
        ----------
        fraction
            float64 [N], distance of each value from 0.

        Returns
        -------
        NDArray
            float64 [N]; a side without observations counts as the mean of all sides with some.
        """
        known = self.count > 0
        mean = self.total.sum(axis=1) / np.maximum(1, self.count.sum(axis=1))
        per_unit = np.where(known, self.total / np.maximum(1, self.count), mean[:, None])
        down, up = per_unit[0] * fraction, per_unit[1] * (1.0 - fraction)
        scores: Floats = np.maximum(down, LEAST_CHANGE) * np.maximum(up, LEAST_CHANGE)
        return scores


INTEGRAL = 1e-6
"""Distance from an integer within which a value counts as integer."""


MOST_PROBED = 8
"""Most decisions probed at one node."""


PROBE_ITERATIONS = 60
"""Iterations of the dual simplex method in a probe."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A decision with its score, and upper bounds of the objective on both sides."""

    decision: int
    score: float
    bounds: tuple[float, float]

    def open_sides(self, cutoff: float) -> list[int]:
        """Return the sides that can hold a better plan."""
        return [side for side in (0, 1) if integer_bound(self.bounds[side]) > cutoff]


def fractional(decisions: Floats) -> Integers:
    """Return the positions of decisions, float64 [N], that are neither 0 nor 1."""
    return np.flatnonzero(np.abs(decisions - np.round(decisions)) > INTEGRAL)


def fix_by_reduced_cost(node: Node, solution: LpSolution, cutoff: float) -> Node:
    """Return the node with those decisions fixed that have one value in all of its better plans.

    Parameters
    ----------
    node, solution
        The node and the solution of its relaxation.
    cutoff
        Objective of the best plan known.
    """
    if not math.isfinite(cutoff):
        return node
    must, never = fixed_by_bound(solution.reduced_costs, solution.decisions, solution.objective, cutoff)
    return Node(
        node.bound,
        np.where(must, 1.0, node.lower),
        np.where(never, 0.0, node.upper),
        node.depth,
        node.decision,
        node.side,
        node.distance,
    )


def branch(
    program: LinearProgram,
    node: Node,
    solution: LpSolution,
    *,
    cutoff: float,
    known: Pseudocosts,
    observed: Pseudocosts,
) -> list[Node]:
    """Return the children on the best decision that can hold a better plan.

    Parameters
    ----------
    program
        At the optimum of the node; probes leave it there.
    node, solution
        The node and the solution of its relaxation.
    cutoff
        Objective of the best plan known.
    known
        Pseudocosts so far.
    observed
        Takes what probes show.

    Notes
    -----
    Reliability branching (Achterberg, Koch and Martin 2005): decisions are tried in falling order of their
    scores, and those with few observations are probed. Invariant: every plan of the node with an objective
    above `cutoff` lies in one of the children.
    """
    candidates = fractional(solution.decisions)
    candidates = candidates[node.upper[candidates] > node.lower[candidates]]
    if not candidates.size:
        # reduced costs fixed every fractional decision after the solve: the node is solved again
        return [Node(solution.objective, node.lower, node.upper, node.depth + 1)]
    scores = known.scores(solution.decisions)
    best = _Choice(-1, -1.0, (solution.objective, solution.objective))
    probed = 0
    for decision in candidates[np.lexsort((candidates, -scores[candidates]))].tolist():
        choice = _Choice(decision, float(scores[decision]), (solution.objective, solution.objective))
        if not known.reliable(decision) and probed < MOST_PROBED:
            probed += 1
            choice = _probed(program, decision, solution, cutoff, observed)
            sides = choice.open_sides(cutoff)
            if len(sides) < 2:
                return _children(node, decision, solution, dict.fromkeys(sides, solution.objective))
        if choice.score > best.score:
            best = choice
    return _children(node, best.decision, solution, dict(enumerate(best.bounds)))


def _probed(
    program: LinearProgram, decision: int, solution: LpSolution, cutoff: float, observed: Pseudocosts
) -> _Choice:
    """Probe both sides of a decision, and record the changes where both sides stay open."""
    value = float(solution.decisions[decision])
    seen = [program.probe(decision, float(side), iterations=PROBE_ITERATIONS) for side in (0, 1)]
    down, up = (min(solution.objective, bound) if proved else solution.objective for bound, proved in seen)
    changes = [solution.objective - min(solution.objective, bound) for bound, _ in seen]
    choice = _Choice(decision, max(changes[0], LEAST_CHANGE) * max(changes[1], LEAST_CHANGE), (down, up))
    if len(choice.open_sides(cutoff)) == 2:
        observed.note(decision, 0, changes[0], value)
        observed.note(decision, 1, changes[1], 1.0 - value)
    return choice


def _children(node: Node, decision: int, solution: LpSolution, bounds: dict[int, float]) -> list[Node]:
    value = float(solution.decisions[decision])
    return [node.child(decision, side, bound=bound, value=value) for side, bound in bounds.items()]

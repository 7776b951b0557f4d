"""Represent nodes of the search tree, and choose the decision to branch on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.interfaces import LpSolution, Probing
from optimiser.engine.presolve.fixings import fixed_by_bound
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats
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


INTEGRAL = 1e-6
"""Distance from 0 and 1 up to which a value counts as integer."""


MOST_PROBED = 8
"""Most decisions that are probed at a node."""


PROBE_ITERATIONS = 60
"""Limit on the iterations of the dual simplex method in a probe."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A decision with its score, and upper bounds on the scaled objective on both sides."""

    decision: int
    score: float
    bounds: tuple[float, float]

    def open_sides(self, cutoff: float) -> list[int]:
        """Return the sides that can contain a plan better than the cutoff."""
        return [side for side in (0, 1) if integer_bound(self.bounds[side]) > cutoff]


def fractional(decisions: Floats) -> Integers:
    """Return the positions of the decisions, float64 [N], with fractional values."""
    return np.flatnonzero(np.abs(decisions - np.round(decisions)) > INTEGRAL)


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
    return Node(
        node.bound,
        np.where(at_one, 1.0, node.lower),
        np.where(at_zero, 0.0, node.upper),
        node.depth,
        node.decision,
        node.side,
        node.distance,
    )


def branch(
    program: Probing,
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
    scores = known.scores(solution.decisions)
    best = _Choice(-1, -1.0, (solution.objective, solution.objective))
    probed = 0
    for decision in candidates[np.lexsort((candidates, -scores[candidates]))].tolist():
        choice = _Choice(decision, float(scores[decision]), (solution.objective, solution.objective))
        if not known.reliable(decision) and probed < MOST_PROBED:
            probed += 1
            choice = _probe(program, decision, solution, cutoff, observed)
            sides = choice.open_sides(cutoff)
            if len(sides) < 2:
                return _children(node, decision, solution, dict.fromkeys(sides, solution.objective))
        if choice.score > best.score:
            best = choice
    return _children(node, best.decision, solution, dict(enumerate(best.bounds)))


def _probe(
    program: Probing, decision: int, solution: LpSolution, cutoff: float, observed: Pseudocosts
) -> _Choice:
    """Probe both sides of a decision; record the changes if neither side is pruned.

    A probe that was not solved far enough to prove a bound still gives a change for the score.
    """
    value = float(solution.decisions[decision])
    probes = [program.probe(decision, float(side), iterations=PROBE_ITERATIONS) for side in (0, 1)]
    down, up = (min(solution.objective, bound) if proved else solution.objective for bound, proved in probes)
    changes = [solution.objective - min(solution.objective, bound) for bound, _ in probes]
    choice = _Choice(decision, max(changes[0], LEAST_CHANGE) * max(changes[1], LEAST_CHANGE), (down, up))
    if len(choice.open_sides(cutoff)) == 2:
        observed.note(decision, 0, changes[0], value)
        observed.note(decision, 1, changes[1], 1.0 - value)
    return choice


def _children(node: Node, decision: int, solution: LpSolution, bounds: dict[int, float]) -> list[Node]:
    value = float(solution.decisions[decision])
    return [node.child(decision, side, bound=bound, value=value) for side, bound in bounds.items()]

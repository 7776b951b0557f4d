"""Hold a part of the search space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.branching.program import Answer, Floats


def whole(worth: float) -> float:
    """Return the largest whole worth that a bound allows, tolerances of the solver granted.

    Parameters
    ----------
    worth
        The bound; infinite ones stay as they are.
    """
    return math.floor(worth + 1e-6 + 1e-9 * abs(worth)) if math.isfinite(worth) else worth


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """All plans whose decisions lie within bounds.

    Attributes
    ----------
    worth
        Upper bound of the worth of a plan in it.
    lower, upper
        float64 [N] each, bounds of the decisions.
    depth
        Number of branchings above it.
    decision, side, distance
        What was branched on last (-1 at the root), to which side (0: down, 1: up), and from how far.
    """

    worth: float
    lower: Floats
    upper: Floats
    depth: int = 0
    decision: int = -1
    side: int = 0
    distance: float = 1.0

    @classmethod
    def root(cls, answer: Answer) -> Node:
        """Return the whole search space.

        Parameters
        ----------
        answer
            Of the relaxation of it all.
        """
        size = len(answer.decided)
        return cls(answer.worth, np.zeros(size), np.ones(size))

    def child(self, decision: int, side: int, *, worth: float, value: float) -> Node:
        """Return the part of it in which a decision is fixed.

        Parameters
        ----------
        decision
            Position.
        side
            0: not built, 1: built.
        worth
            Upper bound of the worth in the part.
        value
            The decision at the optimum of the relaxation.
        """
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[decision] = upper[decision] = float(side)
        distance = value if side == 0 else 1.0 - value
        return Node(worth, lower, upper, self.depth + 1, decision, side, distance)

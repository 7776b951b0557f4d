"""Learn what branching on a decision does to the bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.branching.program import Floats
from optimiser.engine.search.paths import Integers

RELIABLE = 4
"""Times that each side of a decision must have been seen before it is not probed any more."""

LEAST = 1e-6
"""Stands for no change, so that products still tell decisions apart."""


@dataclass(frozen=True)
class Experience:
    """Mean change of worth per unit, for each decision and side (0: down, 1: up).

    Attributes
    ----------
    total
        float64 [2, N], sum of changes per unit.
    count
        int64 [2, N].
    """

    total: Floats
    count: Integers

    @classmethod
    def none(cls, size: int) -> Experience:
        """Return what is known before the first branching.

        Parameters
        ----------
        size
            Number of decisions N.
        """
        return cls(np.zeros((2, size)), np.zeros((2, size), np.int64))

    def plus(self, other: Experience) -> Experience:
        """Return what both have seen together.

        Parameters
        ----------
        other
            Seen by another worker, or later.
        """
        return Experience(self.total + other.total, self.count + other.count)

    def note(self, decision: int, side: int, change: float, distance: float) -> None:
        """Take in a change of worth seen at a distance from the old value.

        Parameters
        ----------
        decision, side
            What was branched on, and to which side.
        change
            Fall of the bound; one that is not finite says nothing and is left out.
        distance
            How far the decision was moved.
        """
        if not math.isfinite(change):
            return
        self.total[side, decision] += max(change, 0.0) / max(distance, LEAST)
        self.count[side, decision] += 1

    def reliable(self, decision: int) -> bool:
        """Say whether both sides have been seen often enough (Achterberg, Koch and Martin 2005).

        Parameters
        ----------
        decision
            Position.
        """
        return bool(self.count[:, decision].min() >= RELIABLE)

    def scores(self, fraction: Floats) -> Floats:
        """Return the product of the changes expected on both sides, for each decision.

        Parameters
        ----------
        fraction
            float64 [N], distance of each value from 0.

        Returns
        -------
        NDArray
            float64 [N]; a side that was never seen is taken as the mean of those that were.
        """
        known = self.count > 0
        mean = self.total.sum(axis=1) / np.maximum(1, self.count.sum(axis=1))
        per_unit = np.where(known, self.total / np.maximum(1, self.count), mean[:, None])
        down, up = per_unit[0] * fraction, per_unit[1] * (1.0 - fraction)
        scores: Floats = np.maximum(down, LEAST) * np.maximum(up, LEAST)
        return scores

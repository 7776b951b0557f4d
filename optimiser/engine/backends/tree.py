"""Say what every search of one tree with lazy rows is given, and what it returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats, Rows, starts
from optimiser.engine.search.tables import Tables

NOISE = 1e-8
"""Relative error that a bound of a solver may have."""


class Separator(Protocol):
    """Finds rows that a point violates."""

    def __call__(self, built: Floats, level: Floats, *, integer: bool) -> Rows:
        """Return rows, none when there are none to find.

        Parameters
        ----------
        built
            float64 [J], 0 to 1.
        level
            float64 [K], 0 to 1; ones when every pair must be covered.
        integer
            Every value of `built` is 0 or 1.
        """


class Improve(Protocol):
    """Looks for plans near a fractional point, and reports them."""

    def __call__(self, built: Floats) -> None:
        """Look at a point, float64 [J]."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When fractional points are separated.

    Attributes
    ----------
    depth
        Greatest depth of a node at which they are.
    every
        Below the root, only nodes at depths divisible by this.
    rounds
        Most rounds at a node below the root.
    """

    depth: int = 1000
    every: int = 1
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """When a search ends, and how often it separates.

    Attributes
    ----------
    seconds
        Time limit.
    gap
        Relative gap at which to end.
    nodes
        Limit of nodes; -1: none.
    memory_mb
        Memory at which the solver ends the search.
    seed
        Shifts the random numbers of the solver.
    threads
        For solvers that use several.
    rhythm
        When fractional points are separated.
    """

    seconds: float
    gap: float = 0.0
    nodes: int = -1
    memory_mb: float = 6000.0
    seed: int = 1
    threads: int = 1
    rhythm: Rhythm = field(default_factory=Rhythm)


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """How a search ended.

    Attributes
    ----------
    bound
        Proven limit of the objective of the reduced problem; None when there is none yet.
    reason
        `proof`, `infeasible`, `gap`, `time`, `nodes` (a limit of nodes or of memory) or `stalled`.
    nodes
        Nodes of the tree.
    cuts
        Rows added.
    """

    bound: float | None
    reason: str
    nodes: int
    cuts: int


def noise(value: float) -> float:
    """Return the error that a solver's bound of this size may have."""
    return max(1e-3, NOISE * abs(value))


def whole(bound: float, *, maximise: bool) -> int:
    """Return the tightest whole number that a solver's bound of a whole objective proves."""
    return math.floor(bound + noise(bound)) if maximise else math.ceil(bound - noise(bound))


def plain_rows(t: Tables, pairs: Integers, built: Floats) -> Rows:
    """Return, for pairs that a plan leaves uncovered, `y_pair <= sum of x it can use and has not built`.

    Parameters
    ----------
    t
        The problem.
    pairs
        int64, the pairs.
    built
        float64 [J], 0 or 1.

    Notes
    -----
    What is not built is a time cut of each such pair: the weakest there is, and always at hand.
    """
    lists = [t.use[t.use_start[k] : t.use_start[k + 1]] for k in pairs.tolist()]
    lists = [mine[built[mine] < 0.5] for mine in lists]
    index = np.concatenate([*lists, np.zeros(0, np.int64)])
    counts = np.array([len(mine) for mine in lists], np.int64)
    return Rows(pairs, starts(counts), index, np.ones(len(index)))

"""Say what the methods ask of solvers: linear relaxations, integer masters and trees with lazy rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from optimiser.engine.search.rows import Floats, Rows


def solver_noise(value: float) -> float:
    """Return the error that a bound of this size may have when it comes from a solver in floating point."""
    return max(1e-3, 1e-8 * abs(value))


type LpStatus = Literal["optimal", "infeasible", "limit"]

type Improve = Callable[[Floats], None]
"""Looks for plans near a fractional point x, float64 [J], and reports them."""


@dataclass(frozen=True, slots=True)
class LpSolution:
    """The solution of a linear relaxation.

    Attributes
    ----------
    status
        `optimal`, `infeasible` (no point, or none better than the cutoff), or `limit` (of iterations or
        time).
    objective
        Of the optimum, in units of the divisor of the objective, always to be maximised (minus the cost where
        that is minimised); minus infinity when infeasible, infinity at a limit.
    decisions
        float64 [J + C]: how far each candidate is built, and each city covered.
    y
        float64 [K]: how far each pair is covered; ones where every pair must be.
    reduced_costs
        float64 [J + C]: change of the objective with each decision.
    """

    status: LpStatus
    objective: float
    decisions: Floats
    y: Floats
    reduced_costs: Floats


class LinearProgram(Protocol):
    """A live linear relaxation of the master problem, with the cuts found so far."""

    def add(self, rows: Rows) -> None:
        """Add cuts; they are valid for every plan and stay for all that follows."""

    def set_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions, float64 [J + C] each."""

    def set_cutoff(self, objective: float) -> None:
        """Let solves end as infeasible as soon as no integer objective above this one is possible."""

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from where the last solve ended, within the seconds allowed."""

    def probe(self, decision: int, value: float, *, iterations: int) -> tuple[float, bool]:
        """Fix one decision, take a few steps of the simplex method, and return to the state before.

        Parameters
        ----------
        decision, value
            Position of what is fixed, and 0 or 1.
        iterations
            Most steps.

        Returns
        -------
        tuple
            The objective reached, minus infinity when infeasible; and whether it is an upper bound.
        """

    def drop_slack_rows(self) -> int:
        """Remove cuts that do not bind at the last point, and return how many are left."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the master problem: x, float64 [J], and y, float64 [K]."""

    x: Floats
    y: Floats


type OnPoint = Callable[[float | None, Point | None], bool]
"""Takes a bound or an integer point while a master is solved; returns whether to end."""


@dataclass(frozen=True, slots=True)
class MasterSolution[P]:
    """What an integer master found.

    Attributes
    ----------
    bound
        Proven bound of the objective; None when there is none.
    points
        Integer points found, the best last.
    complete
        The solver ended by proof or gap, not by a limit of work or time.
    infeasible
        No integer point meets the rows, proved.
    """

    bound: float | None
    points: tuple[P, ...]
    complete: bool
    infeasible: bool = False


class Separator(Protocol):
    """Finds rows that a point of the master problem violates."""

    def __call__(self, x: Floats, y: Floats, /, *, integer: bool) -> Rows:
        """Return violated rows, possibly none.

        Parameters
        ----------
        x
            float64 [J], 0 to 1.
        y
            float64 [K], 0 to 1; ones where every pair must be covered.
        integer
            Every value of `x` is 0 or 1.
        """


@dataclass(frozen=True, slots=True)
class SeparationSchedule:
    """Where in a tree fractional points are separated.

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
    """When a tree search ends, and how often it separates.

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
    schedule
        Where fractional points are separated.
    """

    seconds: float
    gap: float = 0.0
    nodes: int = -1
    memory_mb: float = 6000.0
    seed: int = 1
    threads: int = 1
    schedule: SeparationSchedule = SeparationSchedule()


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """How a tree search ended.

    Attributes
    ----------
    bound
        Proven bound of the objective of the reduced problem; None when there is none yet.
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

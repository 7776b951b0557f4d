"""Define the interfaces between methods and solvers: relaxations, integer masters, trees with lazy rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from optimiser.engine.search.rows import Floats, Rows


def solver_noise(value: float) -> float:
    """Return the error to expect in a bound of this size that a floating-point solver reports."""
    return max(1e-3, 1e-8 * abs(value))


type LpStatus = Literal["optimal", "infeasible", "limit"]

type Improve = Callable[[Floats], None]
"""Searches for plans near a fractional point x, float64 [J], and reports them to the incumbent."""


@dataclass(frozen=True, slots=True)
class LpSolution:
    """The solution of a linear relaxation.

    Attributes
    ----------
    status
        `optimal`, `infeasible` (no point, or none better than the cutoff), or `limit` (iterations or time).
    objective
        Scaled objective: divided by its divisor, and always maximised (minus the cost where that is
        minimised). Minus infinity when infeasible, infinity at a limit.
    decisions
        float64 [J + C], values of x and z: candidates built and cities covered.
    y
        float64 [K], coverage of the pairs; ones where every pair must be covered.
    reduced_costs
        float64 [J + C], reduced costs of the decisions.
    """

    status: LpStatus
    objective: float
    decisions: Floats
    y: Floats
    reduced_costs: Floats


class Probing(Protocol):
    """A live relaxation that can be probed: what `branching.nodes.branch` needs."""

    def probe(self, decision: int, value: float, *, iterations: int) -> tuple[float, bool]:
        """Fix a decision, run a few simplex iterations, and restore the state before.

        Parameters
        ----------
        decision, value
            Position of the decision, and the value 0 or 1 at which it is fixed.
        iterations
            Limit on the iterations.

        Returns
        -------
        tuple
            The scaled objective reached, minus infinity when infeasible; and whether it is an upper bound.
        """


class LinearProgram(Probing, Protocol):
    """A live linear relaxation of the master problem, with the cuts found so far."""

    def add(self, rows: Rows) -> None:
        """Add cuts that are valid for every plan."""

    def set_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of the decisions, float64 [J + C] each."""

    def set_cutoff(self, objective: float) -> None:
        """End later solves as infeasible once no integer objective above this one is possible."""

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from the last basis within the seconds given."""

    def drop_slack_rows(self) -> int:
        """Remove cuts that do not bind at the last point, and return the number of cuts left."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the master problem: x, float64 [J], and y, float64 [K]."""

    x: Floats
    y: Floats


type OnPoint = Callable[[float | None, Point | None], bool]
"""Called with a bound or an integer point while a master is solved; returns whether to stop."""


@dataclass(frozen=True, slots=True)
class MasterSolution[P]:
    """Result of one turn of an integer master.

    Attributes
    ----------
    bound
        Proven bound on the objective of the problem; None without one.
    points
        Integer points found, the best last.
    complete
        Whether the solver closed the requested gap, rather than reaching a limit of work or time.
    infeasible
        Whether it is proved that no integer point satisfies the rows.
    """

    bound: float | None
    points: tuple[P, ...]
    complete: bool
    infeasible: bool = False


class Separator(Protocol):
    """Separates points of the master problem."""

    def __call__(self, x: Floats, y: Floats, /, *, integer: bool) -> Rows:
        """Return rows that the point violates, possibly none.

        Parameters
        ----------
        x
            float64 [J], from 0 to 1.
        y
            float64 [K], from 0 to 1; ones where every pair must be covered.
        integer
            Whether every x is 0 or 1.
        """


@dataclass(frozen=True, slots=True)
class SeparationSchedule:
    """Nodes of a tree at which fractional points are separated.

    Attributes
    ----------
    depth
        Largest depth of such a node; -1: none.
    every
        Below the root, only nodes at depths divisible by this number.
    rounds
        Most rounds of separation at a node below the root.
    """

    depth: int = 1000
    every: int = 1
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """Limits and options of a tree search.

    Attributes
    ----------
    seconds
        Time limit.
    gap
        Relative gap at which to stop.
    nodes
        Node limit; -1: none.
    memory_mb
        Memory limit of the solver.
    seed
        Random seed of the solver.
    threads
        Number of threads, for solvers that use several.
    schedule
        Nodes at which fractional points are separated.
    log
        Whether the solver writes its log on the standard output.
    dives
        Whether SCIP goes on with a child of the last node before it turns to the node of the weakest bound.
        That makes a node cheaper, and the bound rise later.
    """

    seconds: float
    gap: float = 0.0
    nodes: int = -1
    memory_mb: float = 6000.0
    seed: int = 1
    threads: int = 1
    schedule: SeparationSchedule = SeparationSchedule()
    log: bool = False
    dives: bool = True


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """Result of a tree search.

    Attributes
    ----------
    bound
        Proven bound on the objective of the reduced problem; None without one.
    reason
        `proof`, `infeasible`, `gap`, `time`, `nodes` (a limit of nodes or memory) or `stalled`.
    nodes
        Number of nodes.
    cuts
        Number of rows added.
    """

    bound: float | None
    reason: str
    nodes: int
    cuts: int

"""State what column generation asks of a live master problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from optimiser.engine.methods.column_generation.columns import Columns
from optimiser.engine.search.paths import Floats, Integers, Mask


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The optimum of the linear relaxation over the columns found so far.

    Attributes
    ----------
    value
        Its objective; infinite (of the worse sign) when it has no solution.
    built
        float64 [J], how far each candidate is built.
    worth
        float64 [K] >= 0, what one more column of a pair would be worth: the duals of the cover rows.
    price
        float64, aligned with `Tables.use`, >= 0: duals of the use rows, 0 where there is none yet.
    slope
        float64 [J], reduced costs of what is built (change of the objective a unit).
    """

    value: float
    built: Floats
    worth: Floats
    price: Floats
    slope: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of solving the integer model.

    Attributes
    ----------
    state
        `optimal`, `infeasible` or `open`.
    bound
        Proven limit of its objective; None when the solver gave none.
    plan
        bool [J + 1]; None when none was found.
    level
        float64 [K], how far the plan is said to cover each pair.
    nodes
        Nodes of its tree.
    """

    state: str
    bound: float | None
    plan: Mask | None
    level: Floats
    nodes: int


class Master(Protocol):
    """A live path formulation over some of its columns."""

    def add(self, columns: Columns) -> None:
        """Add columns, and the rows that they need."""

    def relieve(self, penalty: float) -> None:
        """Let each pair be covered at a penalty, so that the relaxation has a solution."""

    def relax(self, *, seconds: float) -> Relaxed | None:
        """Return the optimum of the relaxation; None when there is none or it took too long."""

    def fix(self, *, closed: Mask, free: Mask) -> None:
        """Never build some candidates, build others in any case; bool [J] each."""

    def add_cuts(self, pair: Integers, start: Integers, candidate: Integers, coefficient: Floats) -> None:
        """Add rows `sum_j coefficient_j x_j >= y_pair` (`>= 1` where every pair must be covered)."""

    def solve(self, *, start: Mask | None, gap: float, nodes: int, seconds: float) -> Outcome:
        """Solve the integer model over the columns that there are."""


class Build(Protocol):
    """Makes a master problem without columns."""

    def __call__(self, *, by_columns: Mask) -> Master:
        """Return one in which the pairs of a mask (bool [K]) need columns; cuts hold the others."""

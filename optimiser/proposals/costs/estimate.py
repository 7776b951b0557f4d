"""Estimate what a link costs, in whole units of money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from optimiser.proposals.costs.table import CostTable
from optimiser.proposals.terrain import CLASSES


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """A low, a central and a high estimate, whole units of money."""

    low: int
    central: int
    high: int

    def __add__(self, other: Cost) -> Cost:
        """Add estimates part by part."""
        return Cost(self.low + other.low, self.central + other.central, self.high + other.high)


def estimate(
    table: CostTable, standard: str, quantity: float, shares: Sequence[float] = (1.0, 0.0, 0.0)
) -> Cost:
    """Estimate the cost of a length of line, or of a number of pieces.

    Parameters
    ----------
    table
        Rates.
    standard
        What is built, a standard of the table.
    quantity
        Length in km, or number of pieces, as the rate says.
    shares
        Shares of plain, hill and mountain, summing to one.

    Returns
    -------
    Cost
        Sum over terrain of share x quantity x rate, each estimate rounded half up once, at least 1 when the
        quantity is not 0.

    Raises
    ------
    CandidateError
        When the table lacks the standard.
    """
    rates = [table.rate(standard, terrain) for terrain in CLASSES]
    exact = [Fraction(quantity) * Fraction(share) for share in shares]
    sums = [
        sum(part * Fraction(value) for part, value in zip(exact, values, strict=True))
        for values in (
            [rate.low for rate in rates],
            [rate.central for rate in rates],
            [rate.high for rate in rates],
        )
    ]
    least = 1 if quantity > 0 else 0
    low, central, high = (max(least, int(value + Fraction(1, 2))) for value in sums)
    return Cost(low, central, high)

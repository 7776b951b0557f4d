"""Hold a cost as a low, a central and a high estimate."""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.problem.errors import ProblemError


@dataclass(frozen=True, slots=True, order=True)
class CostRange:
    """Three estimates of one cost, whole units of money, 0 <= low <= central <= high."""

    low: int
    central: int
    high: int

    def __post_init__(self) -> None:
        """Refuse estimates that are out of order."""
        if not 0 <= self.low <= self.central <= self.high:
            raise ProblemError(f"cost {self.low}, {self.central}, {self.high} is not in rising order from 0")

    def __add__(self, other: CostRange) -> CostRange:
        """Add estimates part by part: low with low, as when all costs err alike."""
        return CostRange(self.low + other.low, self.central + other.central, self.high + other.high)

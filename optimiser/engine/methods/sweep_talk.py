"""Hold the running answer to one question of a frontier."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.sweep_state import Seen
from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.search.incumbent import Send
from optimiser.problem.result import gap_of, rounded_bound


@dataclass
class Talk:
    """The running answer to one question.

    Attributes
    ----------
    asked
        The question.
    end
        Time (monotonic) at which to stop.
    gap
        Relative gap asked for.
    base
        What the objective of the original problem has on top.
    send
        Takes plans and bounds.
    best, bound
        Of the reduced problem, so far; the bound is infinite without one.
    nodes, cuts
        Done and found so far.
    """

    asked: Asked
    end: float
    gap: float
    base: int
    send: Send
    best: Seen | None = None
    bound: float = math.inf
    nodes: int = 0
    cuts: int = 0

    def left(self) -> float:
        """Return the seconds left."""
        return self.end - time.monotonic()

    def plan(self, seen: Seen | None) -> None:
        """Take a plan that answers the question, when it is better than the best so far."""
        if seen is None or not seen.answers(self.asked):
            return
        sign = 1 if self.asked.cheapest else -1
        if self.best is not None and (sign * seen.value(self.asked), seen.cost) >= (
            sign * self.best.value(self.asked),
            self.best.cost,
        ):
            return
        self.best = seen
        self.send({"kind": "plan", "built": np.flatnonzero(seen.plan[:-1]).tolist()})

    def limit(self, worth: float, divisor: int) -> None:
        """Take a proven bound of the worth, in units of the divisor.

        Worths are whole in these units, and numerical noise is small in them; it would not be after
        multiplying. So the bound is rounded first, where there is something to multiply by.
        """
        if not math.isfinite(worth):
            return
        rounded = worth if divisor == 1 else float(rounded_bound(worth) * divisor)
        found = -rounded if self.asked.cheapest else rounded
        closer = found > self.bound if self.asked.cheapest else found < self.bound
        if closer or math.isinf(self.bound):
            self.bound = found
            self.send({"kind": "bound", "bound": found})

    def room(self, divisor: int) -> float:
        """Return the distance of worth and bound that the gap asked for allows, in units of the divisor."""
        value = 0 if self.best is None else abs(self.best.value(self.asked) + self.base)
        return max(0.999, 0.99 * self.gap * value / divisor)

    def closed(self) -> bool:
        """Say whether the gap is within the one asked for."""
        if self.best is None or math.isinf(self.bound):
            return False
        value, bound = self.best.value(self.asked) + self.base, self.bound + self.base
        gap = gap_of(value, bound, minimise=self.asked.cheapest)
        return gap is not None and gap <= self.gap

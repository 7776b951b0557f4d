"""Keep the best plan and bound of a running solve, and pass them on as they come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from optimiser.engine.search.paths import Mask
from optimiser.engine.search.scoring import cost_of, fits, objective_of
from optimiser.engine.search.tables import Tables
from optimiser.problem.result import gap_of, rounded_bound

type Send = Callable[[dict[str, object]], None]
"""Takes one message, a JSON object."""


class Progress:
    """The state of a running solve: clock, best plan, best bound.

    Parameters
    ----------
    t
        The problem.
    seconds
        Time allowed from now.
    send
        Takes each new plan and bound.
    base
        What the objective of the original problem has on top; the gap relates to the whole.
    """

    def __init__(self, t: Tables, *, seconds: float, send: Send, base: int = 0) -> None:
        self._t = t
        self._send = send
        self._base = base
        self._end = time.monotonic() + seconds
        self._minimise = t.budget < 0
        worths = [t.cost] if self._minimise else [t.weight, t.side.city_weight]
        self._unit = math.gcd(*(int(worth) for part in worths for worth in part)) or 1
        self._bound = 0.0 if self._minimise else float(t.weight.sum() + t.side.city_weight.sum())
        self._value: int | None = None
        self._cuts = self._nodes = 0
        self.best: Mask | None = None

    def left(self) -> float:
        """Return the seconds left."""
        return self._end - time.monotonic()

    def stop(self) -> bool:
        """Say whether the time is up."""
        return self.left() <= 0

    def plan(self, is_open: Mask, step: str) -> bool:
        """Take a plan; say whether it is better than the best so far.

        Parameters
        ----------
        is_open
            bool [J + 1].
        step
            What found it.
        """
        if not fits(self._t, is_open):
            return False
        cost = cost_of(self._t, is_open)
        value = objective_of(self._t, is_open)
        if not self._better(value, cost):
            return False
        self._value, self.best = value, is_open.copy()
        self._send({"kind": "plan", "step": step, "built": np.flatnonzero(is_open[:-1]).tolist()})
        return True

    def _better(self, value: int, cost: int) -> bool:
        """Compare with the best plan so far: by the objective, then by the cost."""
        if self._value is None or self.best is None:
            return True
        if self._minimise:
            return value < self._value
        return (value, -cost) > (self._value, -cost_of(self._t, self.best))

    def worth(self, is_open: Mask | None) -> float:
        """Return the objective of a plan, turned so that more is better; -infinity when it does not fit."""
        if is_open is None or not fits(self._t, is_open):
            return -math.inf
        value = objective_of(self._t, is_open)
        return float(-value if self._minimise else value)

    def bound(self, bound: float, step: str) -> None:
        """Take a proven bound of the objective.

        Objectives are multiples of a unit, by which models divide them (`formulation.decisions.scale_of`).
        The noise of a bound is small in that unit, and would not be after multiplying: it is rounded there.
        """
        if self._unit > 1 and math.isfinite(bound):
            bound = float(rounded_bound(bound / self._unit, minimise=self._minimise) * self._unit)
        if (bound > self._bound) if self._minimise else (bound < self._bound):
            self._bound = bound
            self._send({"kind": "bound", "step": step, "bound": bound})

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add cuts and nodes to what is counted, and tell."""
        self._cuts += cuts
        self._nodes += nodes
        self._send({"kind": "count", "step": step, "cuts": self._cuts, "nodes": self._nodes})

    def gap(self) -> float | None:
        """Return the relative gap; None without a plan."""
        if self._value is None:
            return None
        return gap_of(self._value + self._base, self._bound + self._base, minimise=self._minimise)

    def closed(self, gap: float) -> bool:
        """Say whether the gap is within the one asked for."""
        now = self.gap()
        return now is not None and now <= gap

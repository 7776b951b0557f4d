"""Keep the best plan and the best bound of a question, with the clock that limits the search for them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.paths import Mask
from optimiser.engine.search.scoring import cost_of, fits, objective_of
from optimiser.engine.search.tables import Tables
from optimiser.problem.result import gap_of, rounded_bound

type Send = Callable[[dict[str, object]], None]
"""Takes one message, a JSON object."""


class Evaluated[Plan](NamedTuple):
    """A feasible plan with what it achieves.

    Attributes
    ----------
    plan
        The plan, to be kept; it must not change later.
    objective
        In the sense of the question.
    cost
        Settles ties: of equal objectives the cheaper plan is better.
    message
        The plan as a message passes it on.
    """

    plan: Plan
    objective: int
    cost: int
    message: Mapping[str, object]


class Incumbent[Plan]:
    """The best plan, the best bound and the clock of one question.

    Everybody who searches reports plans and bounds here; what is better than before is passed on at once, so
    that nothing is lost when the process ends.

    Parameters
    ----------
    evaluate
        Returns what a plan achieves, None where it violates a constraint.
    minimise
        Sense of the objective.
    seconds
        Time allowed from now.
    send
        Takes messages of kind `plan`, `bound` and `count`.
    base
        Constant that the objective of the original problem has on top; the gap relates to the sum.
    unit
        Every objective is a multiple of it.
    bound
        Bound known from the start; None: none.
    """

    def __init__(
        self,
        evaluate: Callable[[Plan], Evaluated[Plan] | None],
        *,
        minimise: bool,
        seconds: float,
        send: Send,
        base: int = 0,
        unit: int = 1,
        bound: float | None = None,
    ) -> None:
        self.evaluate = evaluate
        self._send = send
        self._base = base
        self._unit = unit
        self._end = time.monotonic() + seconds
        self._bound = bound
        self.minimise = minimise
        self.evaluated: Evaluated[Plan] | None = None
        self.cuts = self.nodes = 0

    @property
    def best(self) -> Plan | None:
        """Return the best plan; None where none is known."""
        return None if self.evaluated is None else self.evaluated.plan

    @property
    def best_bound(self) -> float | None:
        """Return the best bound; None where none is known."""
        return self._bound

    def reset_bound(self, bound: float) -> None:
        """Forget the bounds that were taken, and go back to one that is certain."""
        self._bound = bound

    def left(self) -> float:
        """Return the seconds left; negative when the time is up."""
        return self._end - time.monotonic()

    def stop(self) -> bool:
        """Return whether the time is up."""
        return self.left() <= 0

    def plan(self, plan: Plan, step: str) -> bool:
        """Take a plan; return whether it is feasible and better than the best so far.

        Parameters
        ----------
        plan
            A plan of the kind that `evaluate` takes.
        step
            Name of what found it, for messages.
        """
        found = self.evaluate(plan)
        if found is None or (self.evaluated is not None and self._rank(found) >= self._rank(self.evaluated)):
            return False
        self.evaluated = found
        self._send({"kind": "plan", "step": step, **found.message})
        return True

    def _rank(self, found: Evaluated[Plan]) -> tuple[int, int]:
        return (found.objective if self.minimise else -found.objective), found.cost

    def bound(self, bound: float, step: str) -> None:
        """Take a proven bound of the objective.

        Models divide the objective by its unit, and the numerical noise of their bounds is small in that
        unit. It would not be after multiplying, so the bound is rounded in units first.

        Parameters
        ----------
        bound
            In the unit of the objective; infinite where nothing is proved.
        step
            Name of what proved it, for messages.
        """
        if not math.isfinite(bound):
            return
        if self._unit > 1:
            bound = float(rounded_bound(bound, minimise=self.minimise, unit=self._unit))
        if self._bound is None or ((bound > self._bound) if self.minimise else (bound < self._bound)):
            self._bound = bound
            self._send({"kind": "bound", "step": step, "bound": bound})

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add cuts and nodes to the counts, and pass the sums on."""
        self.cuts += cuts
        self.nodes += nodes
        self._send({"kind": "count", "step": step, "cuts": self.cuts, "nodes": self.nodes})

    def gap(self) -> float | None:
        """Return the relative gap; None without a plan or a bound."""
        if self.evaluated is None or self._bound is None:
            return None
        return gap_of(self.evaluated.objective + self._base, self._bound + self._base, minimise=self.minimise)

    def closed(self, gap: float) -> bool:
        """Return whether the gap is at most the one asked for."""
        now = self.gap()
        return now is not None and now <= gap

    def ending(self, gap: float) -> str:
        """Return why a search that stops now ends: `proof`, `gap`, `time` or `stalled`.

        Parameters
        ----------
        gap
            Relative gap asked for.
        """
        if self.closed(0.0):
            return "proof"
        if self.closed(gap):
            return "gap"
        return "time" if self.stop() else "stalled"


type MaskIncumbent = Incumbent[Mask]
"""The incumbent of a problem in arrays; its plans are masks, bool [J + 1]."""


class PartIncumbent[Plan](Incumbent[Plan]):
    """The incumbent of one of several parts of a search space that are searched beside each other.

    A part compares its plans with its own best one alone, so that its outcome does not depend on which of the
    others is faster. Plans and counts go on to the incumbent of the whole search, bounds to whoever combines
    the bounds of the parts, and the search of a part ends when the gap of the whole is closed.

    Parameters
    ----------
    whole
        Incumbent of the whole search.
    lock
        Held while `whole` is used.
    limit
        Takes the bounds of this part; called with the lock held.
    """

    def __init__(self, whole: Incumbent[Plan], lock: Lock, limit: Callable[[float], None]) -> None:
        super().__init__(
            whole.evaluate, minimise=whole.minimise, seconds=whole.left(), send=lambda _message: None
        )
        self._whole, self._lock, self._limit = whole, lock, limit
        self.evaluated = whole.evaluated

    def plan(self, plan: Plan, step: str) -> bool:
        """Take a plan of the part; return whether it is feasible and better than the best of the part."""
        with self._lock:
            self._whole.plan(plan, step)
        return super().plan(plan, step)

    def bound(self, bound: float, _step: str) -> None:
        """Take a bound of the part."""
        with self._lock:
            self._limit(bound)

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add cuts and nodes to the counts of the whole search."""
        with self._lock:
            self._whole.count(step, cuts=cuts, nodes=nodes)

    def closed(self, gap: float) -> bool:
        """Return whether the gap of the whole search is at most the one asked for."""
        with self._lock:
            return self._whole.closed(gap)


def mask_incumbent(t: Tables, *, seconds: float, send: Send, base: int = 0) -> MaskIncumbent:
    """Return the incumbent of a problem in arrays.

    Parameters
    ----------
    t
        The problem.
    seconds, send, base
        As for `Incumbent`.
    """

    def evaluate(is_open: Mask) -> Evaluated[Mask] | None:
        if not fits(t, is_open):
            return None
        message = {"built": np.flatnonzero(is_open[:-1]).tolist()}
        return Evaluated(is_open.copy(), objective_of(t, is_open), cost_of(t, is_open), message)

    minimise = t.budget < 0
    gains = np.concatenate([t.weight, t.side.city_weight])
    return Incumbent(
        evaluate,
        minimise=minimise,
        seconds=seconds,
        send=send,
        base=base,
        unit=math.gcd(*(t.cost if minimise else gains).tolist()) or 1,
        bound=0.0 if minimise else float(gains.sum()),
    )

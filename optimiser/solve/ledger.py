"""Keep what a solver process claims, recomputed on the original problem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from optimiser.heuristics.greedy import reverse_greedy
from optimiser.paths import covered
from optimiser.problem import DesignProblem
from optimiser.reduction import Reduction
from optimiser.result import TracePoint, gap_of, rounded_bound
from optimiser.solvers.process import Ending
from optimiser.tables import tables

BROKEN = ("crash", "memory", "killed")


class Ledger:
    """The best checked plan and bound of a running solve.

    Parameters
    ----------
    problem
        The original problem.
    reduced
        Its reduction; the solver speaks of this one.
    progress
        Called with each improvement.
    """

    def __init__(
        self, problem: DesignProblem, reduced: Reduction, progress: Callable[[TracePoint], None] | None
    ) -> None:
        self.problem = problem
        self.refusals: list[str] = []
        self.trace: list[TracePoint] = []
        self._reduced = reduced
        self._progress = progress
        self._begun = time.monotonic()
        self._cuts = self._nodes = 0
        self._minimise = problem.budget is None
        self._built: tuple[str, ...] | None = None
        self._value = 0
        self._bound = self._first_bound()
        if reduced.feasible:
            count = len(reduced.problem.candidates)
            self._take(range(count) if self._minimise else (), "start")

    def _first_bound(self) -> float:
        if self._minimise:
            return float(self._reduced.forced_cost)
        return float(self._reduced.base_weight + sum(pair.weight for pair in self._reduced.problem.pairs))

    def receive(self, message: dict[str, Any]) -> None:
        """Take a message of the solver process; `ready` starts the clock of the trace, as of the result."""
        try:
            if message["kind"] == "ready":
                self._begun = time.monotonic()
            elif message["kind"] == "plan":
                self._take([int(j) for j in message["built"]], str(message["step"]))
            elif message["kind"] == "bound":
                self._limit(float(message["bound"]), str(message["step"]))
            elif message["kind"] == "count":
                self._cuts, self._nodes = int(message["cuts"]), int(message["nodes"])
                self._note(str(message["step"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refusals.append(f"a message of the solver process makes no sense ({error!r})")

    def _take(self, built: Sequence[int] | range, step: str) -> None:
        names = tuple(
            sorted({*self._reduced.forced, *(self._reduced.problem.candidates[j].id for j in built)})
        )
        cost = self.problem.cost_of(names)
        mask = covered(self.problem, [self.problem.index[name] for name in names])
        if not self._allowed(cost, int(mask.sum())):
            self.refusals.append(f"a plan of step {step!r} breaks the budget or leaves pairs uncovered")
            return
        weight = sum(pair.weight for pair, yes in zip(self.problem.pairs, mask.tolist(), strict=True) if yes)
        value = cost if self._minimise else weight
        if self._built is None or self._better(value, cost):
            self._built, self._value = names, value
            self._note(step)

    def _allowed(self, cost: int, count: int) -> bool:
        if self.problem.budget is not None:
            return cost <= self.problem.budget
        allowed = [j for j, c in enumerate(self.problem.candidates) if c.fixed != "out"]
        return count == int(covered(self.problem, allowed).sum())

    def _better(self, value: int, cost: int) -> bool:
        if self._minimise:
            return value < self._value
        return (value, -cost) > (self._value, -self.problem.cost_of(self._built or ()))

    def _limit(self, bound: float, step: str) -> None:
        if not math.isfinite(bound):
            raise ValueError(bound)
        total = bound + self._reduced.base
        if (total > self._bound) if self._minimise else (total < self._bound):
            self._bound = total
            self._note(step)

    def _note(self, step: str) -> None:
        seconds = round(time.monotonic() - self._begun, 3)
        value = None if self._built is None else self._value
        point = TracePoint(seconds, step, value, self._bound, self._cuts, self._nodes)
        self.trace.append(point)
        if self._progress is not None:
            self._progress(point)

    def finish(self, ending: Ending, *, proves: bool) -> None:
        """Judge the bound at the end, and find a plan where the solver process left none.

        A solver that said one thing that is not true is not believed in its bound either.
        """
        if ending.reason in BROKEN and len(self.trace) <= 1:
            plan = reverse_greedy(tables(self._reduced.problem))
            self._take([j for j, is_open in enumerate(plan[:-1].tolist()) if is_open], "reverse-greedy")
        best = rounded_bound(self._bound, minimise=self._minimise)
        if (best > self._value) if self._minimise else (best < self._value):
            self.refusals.append(f"the solver's bound {self._bound} is beaten by a plan worth {self._value}")
        elif proves and ending.reason == "proof" and best != self._value:
            self.refusals.append("the solver claimed a proof that its bound does not give")
        if self.refusals:
            self._bound = self._first_bound()

    def best(self) -> dict[str, Any]:
        """Return the part of a `Result` that says what is built, what it is worth, and its bound."""
        if self._built is None:
            nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
            return {"status": "infeasible", **nothing}
        cost = self.problem.cost_of(self._built)
        mask = covered(self.problem, [self.problem.index[name] for name in self._built]).tolist()
        gap = gap_of(self._value, self._bound, minimise=self._minimise)
        return {
            "status": "optimal" if gap == 0 else "feasible",
            "built": self._built,
            "cost": cost,
            "coverage": sum(pair.weight for pair, yes in zip(self.problem.pairs, mask, strict=True) if yes),
            "objective": self._value,
            "bound": self._bound,
            "gap": gap,
        }

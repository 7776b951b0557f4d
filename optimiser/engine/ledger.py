"""Keep what a solver process claims, recomputed on the original problem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from optimiser.engine.methods.heuristics.greedy import reverse_greedy
from optimiser.engine.presolve import Reduction
from optimiser.engine.process import Ending
from optimiser.engine.search.judge import Judge, Judged
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem
from optimiser.problem.model import lifted_circuits
from optimiser.problem.result import TracePoint, bound_tolerance, gap_of, rounded_bound
from optimiser.verify.rules import total_factor

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
    spent
        Seconds that the reduction took; the trace counts them, as the result does.
    """

    def __init__(
        self,
        problem: DesignProblem,
        reduced: Reduction,
        progress: Callable[[TracePoint], None] | None,
        *,
        spent: float = 0.0,
    ) -> None:
        self.problem = problem
        self.refusals: list[str] = []
        self.trace: list[TracePoint] = []
        self._reduced = reduced
        self._progress = progress
        self._spent = spent
        self._begun = time.monotonic() - spent
        self._cuts = self._nodes = 0
        self._minimise = problem.budget is None
        self._judge = Judge(problem)
        self._best: Judged | None = None
        self._empty = not reduced.feasible
        self._bound = self._first_bound()
        if reduced.feasible:
            self._start()

    def _start(self) -> None:
        """Take the plan that builds nothing more, or else everything, where it meets the constraints."""
        every = range(len(self._reduced.problem.candidates))
        for built in ((), every):
            plan = self._judge(self._reduced.lifted(built))
            if not plan.faults:
                self._keep(plan, "start")
                return

    def _first_bound(self) -> float:
        if self._minimise:
            return float(self._reduced.forced_cost)
        left = self._reduced.problem
        open_weight = sum(pair.weight for pair in left.pairs) + sum(city.weight for city in left.cities)
        rewards = sum(ring.reward for ring in left.rings)
        return float(self._reduced.base_weight + (open_weight + rewards) * total_factor(left))

    @property
    def has_plan(self) -> bool:
        """Say whether a plan that meets every constraint is known."""
        return self._best is not None

    def receive(self, message: dict[str, Any]) -> None:
        """Take a message of the solver process; `ready` starts the clock of the trace, as of the result."""
        try:
            if message["kind"] == "ready":
                self._begun = time.monotonic() - self._spent
            elif message["kind"] == "plan":
                self._take(message, str(message["step"]))
            elif message["kind"] == "bound":
                self._limit(float(message["bound"]), str(message["step"]))
            elif message["kind"] == "count":
                self._cuts, self._nodes = int(message["cuts"]), int(message["nodes"])
                self._note(str(message["step"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refusals.append(f"a message of the solver process makes no sense ({error!r})")

    def _take(self, message: dict[str, Any], step: str) -> None:
        built = [int(j) for j in message["built"]]
        rings = lifted_circuits(self.problem, message.get("rings", {}))
        plan = self._judge(self._reduced.lifted(built), rings=rings, starts=message.get("starts"))
        if plan.faults:
            self.refusals.append(f"a plan of step {step!r} breaks a rule: {plan.faults[0]}")
            return
        self._keep(plan, step)

    def _keep(self, plan: Judged, step: str) -> None:
        if self._best is None or self._rank(plan) < self._rank(self._best):
            self._best = plan
            self._note(step)

    def _rank(self, plan: Judged) -> tuple[int, int]:
        """Return what orders plans: the objective, better ones first, then the cost."""
        return (plan.objective if self._minimise else -plan.objective), plan.cost

    def _limit(self, bound: float, step: str) -> None:
        if not math.isfinite(bound):
            raise ValueError(bound)
        total = bound + self._reduced.base
        if (total > self._bound) if self._minimise else (total < self._bound):
            self._bound = total
            self._note(step)

    def _note(self, step: str) -> None:
        seconds = round(time.monotonic() - self._begun, 3)
        value = None if self._best is None else self._best.objective
        point = TracePoint(seconds, step, value, self._bound, self._cuts, self._nodes)
        self.trace.append(point)
        if self._progress is not None:
            self._progress(point)

    def finish(self, ending: Ending, *, proves: bool) -> None:
        """Judge the bound at the end, and find a plan where the solver process left none.

        A solver that said one thing that is not true is not believed in its bound either.
        """
        if ending.reason in BROKEN and len(self.trace) <= 1:
            self._rescue()
        self.refusals.extend(self._contradictions(ending, proves=proves))
        if self.refusals:
            self._bound = self._first_bound()
        elif ending.reason == "infeasible":
            self._empty = True

    def _rescue(self) -> None:
        plan = reverse_greedy(tables(self._reduced.problem))
        judged = self._judge(self._reduced.lifted(np.flatnonzero(plan[:-1]).tolist()))
        if not judged.faults:
            self._keep(judged, "reverse-greedy")

    def _contradictions(self, ending: Ending, *, proves: bool) -> Iterator[str]:
        """Yield what the solver claims and cannot be true."""
        if self._best is None:
            if ending.reason in ("proof", "gap"):
                yield f"the solver claimed the end by {ending.reason!r} and gave no plan"
            return
        if ending.reason == "infeasible":
            yield "the solver claimed that there is no plan, yet there is one"
        value, best = self._best.objective, rounded_bound(self._bound, minimise=self._minimise)
        if (best > value) if self._minimise else (best < value):
            yield f"the solver's bound {self._bound} is beaten by a plan worth {value}"
        elif proves and ending.reason == "proof" and abs(best - value) > bound_tolerance(self._bound):
            yield "the solver claimed a proof that its bound does not give"

    def best(self) -> dict[str, Any]:
        """Return the part of a `Result` that says what is built, what it is worth, and its bound."""
        if self._best is None:
            nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
            nothing |= {"rings": {}, "starts": {}}
            return {"status": "infeasible" if self._empty else "none", **nothing}
        gap = gap_of(self._best.objective, self._bound, minimise=self._minimise)
        return {
            "status": "optimal" if gap == 0 else "feasible",
            "built": self._best.built,
            "cost": self._best.cost,
            "coverage": self._best.coverage,
            "objective": self._best.objective,
            "bound": self._bound,
            "gap": gap,
            "rings": self._best.rings,
            "starts": self._best.starts,
        }

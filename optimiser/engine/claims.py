"""Check what a solver process claims against the original problem, and keep what holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optimiser.engine.child import Ending
from optimiser.engine.search.evaluation import EvaluatedPlan, PlanEvaluator
from optimiser.engine.search.incumbent import Evaluated, Incumbent
from optimiser.problem import DesignProblem
from optimiser.problem.result import TracePoint, bound_tolerance, gap_of, rounded_bound

BROKEN = ("crash", "memory", "killed")
"""Endings that leave nothing to believe."""


class CheckedClaims:
    """The best plan and bound of a running solve, each plan evaluated anew on the original problem.

    Parameters
    ----------
    problem
        The original problem.
    progress
        Takes each improvement.

    Attributes
    ----------
    refusals
        Claims that are false. A process that made one is not believed in its bound either.
    trace
        Improvements so far.
    """

    def __init__(self, problem: DesignProblem, progress: Callable[[TracePoint], None] | None) -> None:
        self.problem = problem
        self.refusals: list[str] = []
        self.trace: list[TracePoint] = []
        self._progress = progress
        self._begun: float | None = None
        self._cuts = self._nodes = 0
        self._proved_infeasible = False
        self._evaluator = PlanEvaluator(problem)
        self._start()

    def _start(self) -> None:
        """Begin with the plan that builds what must be built, or else everything, where it is feasible."""
        self._incumbent: Incumbent[EvaluatedPlan] = Incumbent(
            lambda plan: None if plan.faults else Evaluated(plan, plan.objective, plan.cost, {}),
            minimise=self.problem.budget is None,
            seconds=math.inf,
            send=self._improved,
            bound=self._trivial_bound(),
        )
        must = tuple(c.id for c in self.problem.candidates if c.fixed == "in")
        allowed = tuple(c.id for c in self.problem.candidates if c.fixed != "out")
        for built in (must, allowed):
            if self._incumbent.plan(self._evaluator(built), "start"):
                return

    def _trivial_bound(self) -> float:
        """Return a bound that needs no solver: the cost of what is fixed in, or all that can be gained."""
        problem, coverable = self.problem, self._evaluator.coverable
        if problem.budget is None:
            return float(problem.cost_of({c.id for c in problem.candidates if c.fixed == "in"}))
        gains = sum(pair.weight for pair, able in zip(problem.pairs, coverable, strict=True) if able)
        gains += sum(
            city.weight for city in problem.cities if sum(coverable[k] for k in city.pairs) >= city.need
        )
        gains += sum(ring.reward for ring in problem.rings)
        return float(gains * (sum(period.factor for period in problem.periods) if problem.periods else 1))

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take a message of the solver process; `ready` starts the clock of the trace."""
        try:
            step = str(message.get("step", ""))
            if message["kind"] == "ready":
                self._begun = time.monotonic()
            elif message["kind"] == "plan":
                self._take(message, step)
            elif message["kind"] == "bound":
                if not math.isfinite(message["bound"]):
                    raise ValueError(message["bound"])  # noqa: TRY301 - joins the faults of messages below
                self._incumbent.bound(float(message["bound"]), step)
            elif message["kind"] == "count":
                self._cuts, self._nodes = int(message["cuts"]), int(message["nodes"])
                self._improved({"step": step})
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refusals.append(f"a message of the solver process is not valid ({error!r})")

    def _take(self, message: Mapping[str, Any], step: str) -> None:
        rings = {name: tuple(links) for name, links in message.get("rings", {}).items()}
        plan = self._evaluator(message["built"], rings=rings, starts=message.get("starts") or None)
        if plan.faults:
            self.refusals.append(f"a plan of step {step!r} breaks a rule: {plan.faults[0]}")
        else:
            self._incumbent.plan(plan, step)

    def _improved(self, message: Mapping[str, Any]) -> None:
        """Extend the trace."""
        seconds = 0.0 if self._begun is None else round(time.monotonic() - self._begun, 3)
        best = self._incumbent.evaluated
        value = None if best is None else best.objective
        bound = self._incumbent.best_bound
        point = TracePoint(seconds, str(message["step"]), value, bound, self._cuts, self._nodes)
        self.trace.append(point)
        if self._progress is not None:
            self._progress(point)

    def finish(self, ending: Ending, *, proves: bool) -> None:
        """Check the claims of the end, and look for a plan where a broken process left none.

        Parameters
        ----------
        ending
            How the process ended.
        proves
            The variant proves bounds.
        """
        if ending.reason in BROKEN and len(self.trace) <= 1:
            self._rescue()
        self.refusals.extend(self._contradictions(ending, proves=proves))
        if self.refusals:
            self._incumbent.reset_bound(self._trivial_bound())
        elif ending.reason == "infeasible":
            self._proved_infeasible = True

    def _rescue(self) -> None:
        """Report the plan of the reverse greedy heuristic."""
        import numpy as np

        from optimiser.engine.methods.heuristics.greedy import reverse_greedy
        from optimiser.engine.search.tables import tables
        from optimiser.engine.work import reduction_of

        reduced = reduction_of(self.problem)
        if reduced.feasible:
            plan = reverse_greedy(tables(reduced.problem))
            built = reduced.lifted(np.flatnonzero(plan[:-1]).tolist())
            self._incumbent.plan(self._evaluator(built), "reverse-greedy")

    def _contradictions(self, ending: Ending, *, proves: bool) -> Iterator[str]:
        """Yield claims of the end that cannot be true."""
        best = self._incumbent.evaluated
        if best is None:
            if ending.reason in ("proof", "gap"):
                yield f"the solver claimed to end by {ending.reason!r} without a plan"
            return
        if ending.reason == "infeasible":
            yield "the solver claimed that there is no plan, and a plan is known"
        bound, minimise = self._incumbent.best_bound, self._incumbent.minimise
        if bound is None:
            return
        allowed = rounded_bound(bound, minimise=minimise)
        if (allowed > best.objective) if minimise else (allowed < best.objective):
            yield f"a plan with objective {best.objective} contradicts the solver's bound {bound}"
        elif proves and ending.reason == "proof" and abs(allowed - best.objective) > bound_tolerance(bound):
            yield "the solver claimed a proof that its bound does not give"

    def best(self) -> dict[str, Any]:
        """Return the part of a `Result` that says what is built, what it achieves, and its bound."""
        plan = self._incumbent.best
        if plan is None:
            nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
            nothing |= {"rings": {}, "starts": {}}
            return {"status": "infeasible" if self._proved_infeasible else "none", **nothing}
        bound = self._incumbent.best_bound
        gap = gap_of(plan.objective, bound, minimise=self._incumbent.minimise)
        return {
            "status": "optimal" if gap == 0 else "feasible",
            "built": plan.built,
            "cost": plan.cost,
            "coverage": plan.coverage,
            "objective": plan.objective,
            "bound": bound,
            "gap": gap,
            "rings": plan.rings,
            "starts": plan.starts,
        }

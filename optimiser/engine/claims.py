"""Check the claims of a solver process against the original problem."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optimiser.engine.child import Ending
from optimiser.engine.search.evaluation import EvaluatedPlan, PlanEvaluator
from optimiser.engine.search.incumbent import Evaluated, Incumbent
from optimiser.engine.search.task import NamedPlan
from optimiser.problem import DesignProblem
from optimiser.problem.result import TracePoint, bound_tolerance, gap_of, rounded_bound
from optimiser.verify.rules import trivial_bound

BROKEN = ("crash", "memory", "killed")
"""Reasons for the end of a process after which its final claims are not trusted."""

_KIND_OF_STEP = {"presolve": "presolve", "relaxation": "relaxation", "columns": "relaxation"}
"""What a bound rests on, by the step that proved it; a search with any other step."""


class CheckedClaims:
    """The best plan and bound of a running solve; every plan is evaluated on the original problem.

    Parameters
    ----------
    problem
        The original problem.
    progress
        Called with each improvement; None: no calls. Also an attribute.
    start
        A plan to start from, feasible or not, by names that the problem has.
    believes
        Whether bounds of the process, and its word that there is no plan, count. Where they do not, the bound
        is that of the reduction, which comes first, and `claimed_bound` and `is_called_infeasible` wait for
        confirmation.

    Attributes
    ----------
    start_faults
        Rules that `start` violates, as sentences.
    refusals
        False claims, as sentences. The bounds of a process that made one are discarded.
    trace
        Improvements so far, with the bounds that the process claimed.
    claimed_bound
        The best bound of a process that is not believed; None without one.
    is_called_infeasible
        Whether the process claims that there is no plan, and nothing contradicts it.
    bound_kind
        What the best bound rests on (`ProofSource`).
    """

    def __init__(
        self,
        problem: DesignProblem,
        progress: Callable[[TracePoint], None] | None,
        start: NamedPlan | None = None,
        *,
        believes: bool = True,
    ) -> None:
        self.problem = problem
        self.start_faults: tuple[str, ...] = ()
        self.refusals: list[str] = []
        self.trace: list[TracePoint] = []
        self.progress = progress
        self._seconds = 0.0
        self._cuts = self._nodes = 0
        self._believes = believes
        self._heard_bound = False
        self.claimed_bound: float | None = None
        self.is_called_infeasible = False
        self.bound_kind = "trivial"
        self._evaluator = PlanEvaluator(problem)
        self._start(start)

    def _start(self, start: NamedPlan | None) -> None:
        """Start with the plan given, that of all candidates fixed in, or of all allowed ones, if feasible."""
        self._incumbent: Incumbent[EvaluatedPlan] = Incumbent(
            lambda plan: None if plan.faults else Evaluated(plan, plan.objective, plan.cost, {}),
            minimise=self.problem.budget is None,
            seconds=math.inf,
            send=self._improved,
            bound=trivial_bound(self.problem, self._evaluator.coverable),
        )
        if start is not None:
            plan = self._evaluator(start.built, rings=start.circuits, starts=start.starts or None)
            self.start_faults = plan.faults
            if self._incumbent.plan(plan, "start"):
                return
        must = tuple(c.id for c in self.problem.candidates if c.fixed == "in")
        allowed = tuple(c.id for c in self.problem.candidates if c.fixed != "out")
        for built in (must, allowed):
            if self._incumbent.plan(self._evaluator(built), "start"):
                return

    def receive(self, message: Mapping[str, Any]) -> None:
        """Process a message of the solver process, which says when it was sent."""
        try:
            self._seconds = float(message.get("seconds", 0.0))
            step = str(message.get("step", ""))
            if message["kind"] == "plan":
                self._check_plan(message, step)
            elif message["kind"] == "bound":
                if not math.isfinite(message["bound"]):
                    raise ValueError(message["bound"])  # noqa: TRY301 - handled with all invalid messages below
                self._take_bound(float(message["bound"]), step)
            elif message["kind"] == "count":
                self._cuts, self._nodes = int(message["cuts"]), int(message["nodes"])
                self._improved({"step": step})
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refusals.append(f"a message of the solver process is invalid ({error!r})")

    def _check_plan(self, message: Mapping[str, Any], step: str) -> None:
        rings = {name: tuple(links) for name, links in message.get("rings", {}).items()}
        plan = self._evaluator(message["built"], rings=rings, starts=message.get("starts") or None)
        if plan.faults:
            self.refusals.append(f"a plan of step {step!r} violates a rule: {plan.faults[0]}")
        else:
            self._incumbent.plan(plan, step, over_equal=message.get("over_equal") is True)

    def _take_bound(self, bound: float, step: str) -> None:
        # The first bound is that of the reduction: it is sent before any other code sees the problem.
        is_of_reduction, self._heard_bound = step == "presolve" and not self._heard_bound, True
        if self._believes or is_of_reduction:
            self._incumbent.bound(bound, step)
            return
        best = self._best_claimed()
        if best is None or ((bound > best) if self._incumbent.minimise else (bound < best)):
            self.claimed_bound = bound
            self._improved({"step": step})

    def _best_claimed(self) -> float | None:
        """Return the best bound, believed or not."""
        return self._incumbent.best_bound if self.claimed_bound is None else self.claimed_bound

    def _improved(self, message: Mapping[str, Any]) -> None:
        """Append the current state to the trace."""
        if message.get("kind") == "bound":
            self.bound_kind = _KIND_OF_STEP.get(str(message["step"]), "search")
        best = self._incumbent.evaluated
        value = None if best is None else best.objective
        bound = self._best_claimed()
        point = TracePoint(self._seconds, str(message["step"]), value, bound, self._cuts, self._nodes)
        self.trace.append(point)
        if self.progress is not None:
            self.progress(point)

    def finish(self, ending: Ending, *, proves: bool, seconds: float = math.inf) -> None:
        """Check the final claims, and find a plan by a heuristic if a failed process left none.

        Parameters
        ----------
        ending
            How the process ended.
        proves
            Whether the variant proves bounds.
        seconds
            Time left for the heuristic; without any it does not run.
        """
        self._seconds = round(ending.seconds, 3)
        if ending.reason in BROKEN and len(self.trace) <= 1 and seconds > 0:
            self._rescue(seconds)
        self.refusals.extend(self._contradictions(ending, proves=proves))
        if self.refusals:
            self._reset_bound()
        else:
            self.is_called_infeasible = ending.reason == "infeasible"

    def refuse(self, claim: str, plan: NamedPlan | None = None) -> None:
        """Refuse the final claims after the end, and keep a plan that contradicts them.

        Parameters
        ----------
        claim
            What is false, as a sentence.
        plan
            The plan, if it is known in full.
        """
        self.refusals.append(claim)
        self.is_called_infeasible = False
        self._reset_bound()
        if plan is not None:
            self._incumbent.plan(
                self._evaluator(plan.built, rings=plan.circuits, starts=plan.starts or None), "check"
            )

    def replace_bound(self, bound: float, kind: str) -> None:
        """Believe a bound that was proved elsewhere, if it is better than the one believed so far.

        Parameters
        ----------
        bound
            The bound.
        kind
            What it rests on (`ProofSource`).
        """
        known = self._incumbent.best_bound
        if known is None or ((bound > known) if self._incumbent.minimise else (bound < known)):
            self._set_bound(bound, kind)
        self.drop_claimed_bound()

    def drop_claimed_bound(self) -> None:
        """Forget the bound that the process claimed, in the trace too."""
        self.claimed_bound, believed = None, self._incumbent.best_bound
        if believed is not None:
            weaker = min if self._incumbent.minimise else max
            self.trace = [
                dataclasses.replace(p, bound=None if p.bound is None else weaker(p.bound, believed))
                for p in self.trace
            ]

    def _reset_bound(self) -> None:
        self._set_bound(trivial_bound(self.problem, self._evaluator.coverable), "trivial")
        self.drop_claimed_bound()

    def _set_bound(self, bound: float, kind: str) -> None:
        self.bound_kind = kind
        self._incumbent.reset_bound(bound)

    def _rescue(self, seconds: float) -> None:
        """Report the plan of the reverse greedy heuristic, as far as it comes in some seconds."""
        import numpy as np

        from optimiser.engine.methods.heuristics.greedy import reverse_greedy
        from optimiser.engine.search.tables import tables
        from optimiser.engine.work import reduction_of

        end = time.monotonic() + seconds

        def stop() -> bool:
            return time.monotonic() >= end

        reduced = reduction_of(self.problem, stop=stop)
        if reduced.feasible:
            plan = reverse_greedy(tables(reduced.problem), stop=stop)
            built = reduced.lifted(np.flatnonzero(plan[:-1]).tolist())
            self._incumbent.plan(self._evaluator(built), "reverse-greedy")

    def _contradictions(self, ending: Ending, *, proves: bool) -> Iterator[str]:
        """Yield final claims that contradict what is known."""
        best = self._incumbent.evaluated
        if best is None:
            if ending.reason in ("proof", "gap"):
                yield f"the solver claimed to have ended with {ending.reason!r}, but found no plan"
            return
        if ending.reason == "infeasible":
            yield "the solver claimed that the problem is infeasible, but a plan is known"
        bound, minimise = self._best_claimed(), self._incumbent.minimise
        if bound is None:
            return
        allowed = rounded_bound(bound, minimise=minimise)
        if (allowed > best.objective) if minimise else (allowed < best.objective):
            yield f"a plan with objective {best.objective} contradicts the solver's bound {bound}"
        elif proves and ending.reason == "proof" and abs(allowed - best.objective) > bound_tolerance(bound):
            yield "the solver claimed a proof of optimality that its bound does not support"

    def best(self) -> dict[str, Any]:
        """Return the fields of a `Result` for status, plan, objective and bound."""
        plan = self._incumbent.best
        if plan is None:
            nothing = {"built": (), "cost": 0, "coverage": 0, "objective": 0, "bound": None, "gap": None}
            nothing |= {"rings": {}, "starts": {}}
            is_infeasible = self.is_called_infeasible and self._believes
            return {"status": "infeasible" if is_infeasible else "none", **nothing}
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

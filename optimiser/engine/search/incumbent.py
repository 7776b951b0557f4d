"""Evaluate plans on the original problem, and track the best plan and bound of a solve and its time limit."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.paths import UNREACHED, Mask, PairTimes
from optimiser.engine.search.scoring import cost_of, fits, objective_of, objective_unit
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, Starts, gap_of, rounded_bound
from optimiser.verify import rules

type Send = Callable[[dict[str, object]], None]
"""Sends a message, a JSON object."""


type Stop = Callable[[], bool]
"""Returns whether the time is up."""


def never_stop() -> bool:
    """Return False: the time is never up."""
    return False


def stop_after(seconds: float) -> Stop:
    """Return what says whether some seconds from now have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


class Evaluated[Plan](NamedTuple):
    """A feasible plan with its objective and cost.

    Attributes
    ----------
    plan
        The plan; it must not be changed later.
    objective
        Objective of the plan.
    cost
        Cost of the plan; of plans with equal objectives, the cheaper one is better.
    message
        Content of the message that reports the plan.
    """

    plan: Plan
    objective: int
    cost: int
    message: Mapping[str, object]


class Incumbent[Plan]:
    """The best plan, the best bound and the time limit of a solve.

    All methods report plans and bounds here. Improvements are sent at once, so that nothing is lost when the
    process ends.

    Parameters
    ----------
    evaluate
        Evaluates a plan; returns None if it is infeasible.
    minimise
        Whether the objective is minimised.
    seconds
        Time limit, from now.
    send
        Sends messages of the kinds `plan`, `bound` and `count`.
    base
        Constant by which the objective of the original problem is larger; gaps relate to that objective.
    unit
        Number of which every objective is a multiple.
    bound
        Bound known from the start; None without one.

    Attributes
    ----------
    most_nodes
        Nodes that the search may have (`Task.nodes`); infinite until it is set.
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
        self.base = base
        self._unit = unit
        self._end = time.monotonic() + seconds
        self.best_bound = bound
        self.minimise = minimise
        self.evaluated: Evaluated[Plan] | None = None
        self.cuts = self.nodes = 0
        self.most_nodes = math.inf

    @property
    def best(self) -> Plan | None:
        """Return the best plan; None without one."""
        return None if self.evaluated is None else self.evaluated.plan

    @property
    def objective(self) -> int | None:
        """Return the objective of the best plan; None without one."""
        return None if self.evaluated is None else self.evaluated.objective

    def is_tighter(self, bound: float, than: float | None) -> bool:
        """Return whether a bound is better than another one; None: there is none."""
        return than is None or ((bound > than) if self.minimise else (bound < than))

    def left(self) -> float:
        """Return the seconds left; negative when the time is up."""
        return self._end - time.monotonic()

    def stop(self) -> bool:
        """Return whether the time is up."""
        return self.left() <= 0

    def is_spent(self) -> bool:
        """Return whether the time is up, or the nodes are used up."""
        return self.stop() or self.nodes >= self.most_nodes

    def plan(self, plan: Plan, step: str, *, over_equal: bool = False) -> bool:
        """Report a plan; return whether it is feasible and better than the best so far.

        Parameters
        ----------
        plan
            A plan of the kind that `evaluate` takes.
        step
            Name of the step that found it, for messages.
        over_equal
            Whether it also replaces an equally good plan; its message then says so.
        """
        found = self.evaluate(plan)
        if found is None:
            return False
        new, old = self._rank(found), None if self.evaluated is None else self._rank(self.evaluated)
        replaces = over_equal and new == old
        if old is not None and new >= old and not replaces:
            return False
        self.evaluated = found
        self.pass_on({**found.message, **({"over_equal": True} if replaces else {})}, step)
        return True

    def pass_on(self, message: Mapping[str, object], step: str) -> None:
        """Send a plan that a solver calls feasible and `evaluate` does not: the receiver says what it breaks.

        Parameters
        ----------
        message
            Content of the message that reports the plan.
        step
            Name of the step that found it.
        """
        self._send({"kind": "plan", "step": step, **message})

    def _rank(self, found: Evaluated[Plan]) -> tuple[int, int]:
        return (found.objective if self.minimise else -found.objective), found.cost

    def bound(self, bound: float, step: str) -> None:
        """Report a proven bound on the objective.

        Models divide the objective by its unit, and the numerical error of their bounds is small relative to
        that unit, but not after multiplication. So the bound is rounded to multiples of the unit first.

        Parameters
        ----------
        bound
            Bound on the objective, unscaled; infinite when nothing was proved.
        step
            Name of the step that proved it, for messages.
        """
        if not math.isfinite(bound):
            return
        sure = rounded_bound(bound, minimise=self.minimise, unit=self._unit) if self._unit > 1 else bound
        if self.is_tighter(sure, self.best_bound):
            self.best_bound = float(sure)
            self._send({"kind": "bound", "step": step, "bound": self.best_bound, "told": bound})

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add to the numbers of cuts and nodes, and send the totals."""
        self.cuts += cuts
        self.nodes += nodes
        self._send({"kind": "count", "step": step, "cuts": self.cuts, "nodes": self.nodes})

    def gap(self, bound: float | None = None) -> float | None:
        """Return the relative gap to a bound, by default the best one; None without a plan or a bound."""
        bound = self.best_bound if bound is None else bound
        if self.evaluated is None or bound is None:
            return None
        return gap_of(self.evaluated.objective + self.base, bound + self.base, minimise=self.minimise)

    def closed(self, gap: float, bound: float | None = None) -> bool:
        """Return whether the relative gap to a bound, by default the best one, is at most `gap`.

        From 1e9 units on, that of a bound equal to the objective is above 0, for its tolerance spans whole
        units (`rounded_bound`). No search closes it further.
        """
        current = self.gap(bound)
        if current is None or self.evaluated is None:
            return False
        value = self.evaluated.objective + self.base
        return current <= max(gap, gap_of(value, value, minimise=self.minimise) or 0.0)

    def ending(self, gap: float) -> str:
        """Return the reason for a search that ends now: `proof`, `gap`, `time`, `nodes` or `stalled`.

        Parameters
        ----------
        gap
            Requested relative gap.
        """
        if self.closed(gap):
            return "proof" if self.closed(0.0) else "gap"
        return "time" if self.stop() else "nodes" if self.is_spent() else "stalled"


type MaskIncumbent = Incumbent[Mask]
"""Incumbent whose plans are masks, bool [J + 1]."""


class PartIncumbent[Plan](Incumbent[Plan]):
    """The incumbent of one part of a search space whose parts are searched in parallel.

    A part compares its plans and its bound only with its own best plan, and ends when its own gap is closed,
    so that its result does not depend on the speed of other parts. Plans and counts are passed to the shared
    incumbent, bounds to a function that combines the bounds of all parts.

    Parameters
    ----------
    shared
        Incumbent of the whole search.
    lock
        Held while `shared` is used.
    report_plan, report_bound
        Called with the plans and steps, and with the bounds, that improve on those of this part, with the
        lock held.
    """

    def __init__(
        self,
        shared: Incumbent[Plan],
        lock: Lock,
        report_plan: Callable[[Plan, str], object],
        report_bound: Callable[[float], None],
    ) -> None:
        super().__init__(
            shared.evaluate,
            minimise=shared.minimise,
            seconds=shared.left(),
            send=lambda _message: None,
            base=shared.base,
        )
        self.most_nodes = shared.most_nodes
        self._shared, self._lock = shared, lock
        self._report_plan, self._report_bound = report_plan, report_bound
        self.evaluated = shared.evaluated

    def plan(self, plan: Plan, step: str, *, over_equal: bool = False) -> bool:
        """Report a plan; return whether it is feasible and better than the best plan of the part."""
        if not super().plan(plan, step, over_equal=over_equal):
            return False
        with self._lock:
            self._report_plan(plan, step)
        return True

    def bound(self, bound: float, _step: str) -> None:
        """Report a bound of the part."""
        if self.is_tighter(bound, self.best_bound):
            self.best_bound = bound
        with self._lock:
            self._report_bound(bound)

    def count(self, step: str, *, cuts: int = 0, nodes: int = 0) -> None:
        """Add to the numbers of cuts and nodes of the whole search."""
        with self._lock:
            self._shared.count(step, cuts=cuts, nodes=nodes)


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
    return Incumbent(
        evaluate,
        minimise=minimise,
        seconds=seconds,
        send=send,
        base=base,
        unit=objective_unit(t),
        bound=0.0 if minimise else float(t.weight.sum() + t.side.city_weight.sum()),
    )


@dataclass(frozen=True, slots=True)
class EvaluatedPlan:
    """A plan with its cost, coverage and objective.

    Attributes
    ----------
    built
        Sorted ids of the built candidates.
    cost, coverage, objective
        Cost, weight of the pairs covered in the last period, and objective of the problem.
    faults
        Violated rules, as sentences; empty for a feasible plan.
    rings, starts
        As in `Result`.
    """

    built: tuple[str, ...]
    cost: int
    coverage: int
    objective: int
    faults: tuple[str, ...]
    rings: Circuits = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)


class PlanEvaluator:
    """Evaluates plans of one problem; the arrays of the network are built once.

    Parameters
    ----------
    problem
        Any problem, including those with rings and periods.

    Attributes
    ----------
    coverable
        Positions of the pairs that are covered when all candidates are built that may be.
    """

    def __init__(self, problem: DesignProblem) -> None:
        self.problem = problem
        self._times = PairTimes(problem)
        allowed = [c.id for c in problem.candidates if c.fixed != "out"]
        self.coverable = set[int](np.flatnonzero(self.covered(allowed)).tolist())

    def __call__(
        self, built: Collection[str], *, rings: Circuits | None = None, starts: Starts | None = None
    ) -> EvaluatedPlan:
        """Evaluate a plan.

        Parameters
        ----------
        built
            Ids of the built candidates.
        rings
            Circuit of each ring that is formed.
        starts
            Period in which each candidate is started; default: the first one, where there are periods.
        """
        problem, names, circuits = self.problem, set(built), dict(rings or {})
        first = dict.fromkeys(sorted(names), 0) if problem.periods else {}
        started = first if starts is None else dict(starts)
        states = rules.period_states(problem, names, started)
        pairs = [set(np.flatnonzero(self.covered(state.is_open)).tolist()) for state in states]
        cost = problem.cost_of(names)
        return EvaluatedPlan(
            built=tuple(sorted(names)),
            cost=cost,
            coverage=sum(problem.pairs[k].weight for k in pairs[-1]),
            objective=cost
            if problem.budget is None
            else rules.objective_of(problem, states, pairs, circuits),
            faults=(
                *rules.start_faults(problem, tuple(names), started),
                *rules.plan_faults(problem, names, circuits, started),
                *rules.coverage_faults(problem, pairs[-1], self.coverable),
            ),
            rings=circuits,
            starts=started,
        )

    def covered(self, built: Collection[str]) -> Mask:
        """Return bool [K]: pairs whose shortest time with these candidates open is within their limit."""
        return self._times([self.problem.index[name] for name in built]) < UNREACHED

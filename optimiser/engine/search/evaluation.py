"""Evaluate plans on the original problem: cost, coverage, objective, and violated rules."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.search.paths import UNREACHED, Mask, PairTimes
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, Starts
from optimiser.verify.rules import coverage_faults, objective_of, period_states, plan_faults, start_faults


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
        states = period_states(problem, names, started)
        pairs = [set(np.flatnonzero(self.covered(state.is_open)).tolist()) for state in states]
        cost = problem.cost_of(names)
        return EvaluatedPlan(
            built=tuple(sorted(names)),
            cost=cost,
            coverage=sum(problem.pairs[k].weight for k in pairs[-1]),
            objective=cost if problem.budget is None else objective_of(problem, states, pairs, circuits),
            faults=(
                *start_faults(problem, tuple(names), started),
                *plan_faults(problem, names, circuits, started),
                *coverage_faults(problem, pairs[-1], self.coverable),
            ),
            rings=circuits,
            starts=started,
        )

    def covered(self, built: Collection[str]) -> Mask:
        """Return bool [K]: pairs whose shortest time with these candidates open is within their limit."""
        return self._times([self.problem.index[name] for name in built]) < UNREACHED

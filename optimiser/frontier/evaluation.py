"""Evaluate plans of a frontier on the original problem."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.engine.search.paths import Mask
from optimiser.frontier.axes import Axes, shares_of, top_of
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, Starts
from optimiser.verify.rules import period_states


@dataclass(frozen=True, slots=True)
class EvaluatedPoint:
    """A plan with its cost and coverage.

    Attributes
    ----------
    built
        Sorted ids of the built candidates.
    cost
        Cost of the plan.
    needs
        Least budget with which it can be built: its cost, or more where early periods have little budget.
    reached
        Value of each measure of the axes.
    by_group
        Weight of the covered pairs by group, and of all pairs under `all`.
    faults
        Rules that it violates with an unlimited budget.
    rings, starts
        As in `Result`.
    """

    built: tuple[str, ...]
    cost: int
    needs: int
    reached: tuple[int, ...]
    by_group: Mapping[str, int]
    faults: tuple[str, ...] = ()
    rings: Circuits = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)


class FrontierEvaluator:
    """Evaluates plans of a problem by the measures of a frontier.

    Parameters
    ----------
    problem
        The problem of the frontier.
    axes
        Axes of the frontier.
    """

    def __init__(self, problem: DesignProblem, axes: Axes) -> None:
        self._top = top_of(problem)
        self._shares = shares_of(problem.periods)
        self._axes = axes
        self._evaluator = PlanEvaluator(self._top)
        self._weight = np.array([pair.weight for pair in problem.pairs], np.int64)
        self._group = np.array([pair.group for pair in problem.pairs])

    def __call__(
        self, built: Collection[str], *, rings: Circuits | None = None, starts: Starts | None = None
    ) -> EvaluatedPoint:
        """Evaluate a plan.

        Parameters
        ----------
        built
            Ids of the built candidates.
        rings, starts
            As in `Result`.
        """
        plan = self._evaluator(built, rings=rings, starts=starts)
        last = period_states(self._top, set(built), dict(plan.starts))[-1].is_open
        by_group = self._by_group(self._evaluator.covered(last))
        sums = self._axes.sums or tuple((group,) for group in self._axes.groups)
        groups = tuple(sum(by_group[group] for group in summed) for summed in sums)
        return EvaluatedPoint(
            built=plan.built,
            cost=plan.cost,
            needs=self._needs(plan.cost, plan.starts),
            reached=(plan.objective,) if self._axes.kind == "two_way" else groups,
            by_group=by_group,
            faults=plan.faults,
            rings=plan.rings,
            starts=plan.starts,
        )

    def _needs(self, cost: int, starts: Starts) -> int:
        """Return the least budget whose shares up to each period pay for all that is started until then."""
        needs = cost
        for number, (part, total) in enumerate(self._shares):
            spent = self._top.cost_of(name for name, start in starts.items() if start <= number)
            if part:
                needs = max(needs, -(-spent * total // part))
        return needs

    def _by_group(self, covered: Mask) -> dict[str, int]:
        groups = {
            group: int(self._weight[covered & (self._group == group)].sum()) for group in self._top.groups
        }
        return {**groups, "all": int(self._weight[covered].sum())}

    def totals(self) -> dict[str, int]:
        """Return the weight of all pairs by group, and the total weight under `all`."""
        return self._by_group(np.ones(len(self._weight), np.bool_))

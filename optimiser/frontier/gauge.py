"""Measure plans on the original problem, whatever the question."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.search.judge import Judge
from optimiser.engine.search.paths import Mask, graph, opened, times_from
from optimiser.frontier.axes import Axes, shares_of, top_of
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, Starts
from optimiser.verify.rules import period_states


@dataclass(frozen=True, slots=True)
class Measured:
    """What a plan costs and reaches.

    Attributes
    ----------
    built
        Ids, sorted.
    cost
        Money.
    needs
        Least budget with which it can be built: its cost, or more where periods hold money back.
    reached
        Value of each measure of the axes.
    by_group
        Weight of the covered pairs of each group; of all under `all`.
    faults
        Rules that it breaks, with money for everything.
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


class Gauge:
    """Knows a problem and its axes, and says what plans cost and reach.

    Parameters
    ----------
    problem
        The problem of the frontier.
    axes
        What is weighed.
    """

    def __init__(self, problem: DesignProblem, axes: Axes) -> None:
        self._top = top_of(problem)
        self._shares = shares_of(problem.periods)
        self._axes = axes
        self._judge = Judge(self._top)
        self._net = graph(problem)
        self._rows: dict[int, list[int]] = {}
        for k, pair in enumerate(problem.pairs):
            self._rows.setdefault(pair.origin, []).append(k)
        self._destination = np.array([pair.destination for pair in problem.pairs], np.int64)
        self._limit = np.array([pair.limit for pair in problem.pairs], np.int64)
        self._weight = np.array([pair.weight for pair in problem.pairs], np.int64)
        self._group = np.array([pair.group for pair in problem.pairs])

    def __call__(
        self, built: Collection[str], *, rings: Circuits | None = None, starts: Starts | None = None
    ) -> Measured:
        """Return what a plan costs and reaches.

        Parameters
        ----------
        built
            Ids.
        rings, starts
            As in `Result`.
        """
        judged = self._judge(built, rings=rings, starts=starts)
        last = period_states(self._top, set(built), dict(judged.starts))[-1].is_open
        by_group = self._by_group(self._covered(last))
        groups = tuple(by_group[group] for group in self._axes.groups)
        return Measured(
            built=judged.built,
            cost=judged.cost,
            needs=self._needs(judged.cost, judged.starts),
            reached=(judged.objective,) if self._axes.kind == "two_way" else groups,
            by_group=by_group,
            faults=judged.faults,
            rings=judged.rings,
            starts=judged.starts,
        )

    def _needs(self, cost: int, starts: Starts) -> int:
        """Return the least budget of which the shares of the periods pay for all that is started in time."""
        needs = cost
        for number, (part, whole) in enumerate(self._shares):
            spent = self._top.cost_of(name for name, start in starts.items() if start <= number)
            if part:
                needs = max(needs, -(-spent * whole // part))
        return needs

    def _covered(self, names: Collection[str]) -> Mask:
        is_open = opened(self._top, [self._top.index[name] for name in names])
        found = np.zeros(len(self._limit), np.bool_)
        for origin, ks in self._rows.items():
            limits = self._limit[ks]
            found[ks] = times_from(self._net, is_open, origin, limits.max())[self._destination[ks]] <= limits
        return found

    def _by_group(self, covered: Mask) -> dict[str, int]:
        groups = {
            group: int(self._weight[covered & (self._group == group)].sum()) for group in self._top.groups
        }
        return {**groups, "all": int(self._weight[covered].sum())}

    def totals(self) -> dict[str, int]:
        """Return the weight of all pairs of each group; of all under `all`."""
        return self._by_group(np.ones(len(self._limit), np.bool_))

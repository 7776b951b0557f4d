"""Judge a plan on the original problem, by compiled searches on arrays made once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.search.paths import Integers, Mask, graph, opened, times_from
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, Starts
from optimiser.verify.rules import coverage_faults, objective_of, period_states, plan_faults, start_faults


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan as the original problem sees it.

    Attributes
    ----------
    built
        Ids, sorted.
    cost, coverage, objective
        Money, weight of covered pairs, and what is optimised.
    faults
        The rules that it breaks.
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


class Judge:
    """Knows a problem, and says what plans are worth in it.

    Parameters
    ----------
    problem
        Any problem.
    """

    def __init__(self, problem: DesignProblem) -> None:
        self._problem = problem
        self._net = graph(problem)
        self._destination = _integers([pair.destination for pair in problem.pairs])
        self._limit = _integers([pair.limit for pair in problem.pairs])
        self._rows: dict[int, list[int]] = {}
        for k, pair in enumerate(problem.pairs):
            self._rows.setdefault(pair.origin, []).append(k)
        allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
        self._wanted = self._covered(allowed).tolist()

    def __call__(
        self, names: Collection[str], *, rings: Circuits | None = None, starts: Starts | None = None
    ) -> Judged:
        """Return what a plan costs, covers, is worth and breaks.

        Parameters
        ----------
        names
            Ids of what is built.
        rings
            Links of each ring that is formed.
        starts
            Period of start of each; default with periods: all in the first one.
        """
        problem, built, circuits = self._problem, set(names), dict(rings or {})
        first = dict.fromkeys(sorted(built), 0) if problem.periods else {}
        when = first if starts is None else dict(starts)
        opened_in = period_states(problem, built, when)
        pairs = [self._pairs(state.is_open) for state in opened_in]
        cost = problem.cost_of(built)
        faults = (
            *start_faults(problem, tuple(built), when),
            *plan_faults(problem, built, circuits, when),
            *coverage_faults(problem, pairs[-1], self._wanted),
        )
        gained = objective_of(problem, opened_in, pairs, circuits)
        return Judged(
            built=tuple(sorted(built)),
            cost=cost,
            coverage=sum(problem.pairs[k].weight for k in pairs[-1]),
            objective=cost if problem.budget is None else gained,
            faults=faults,
            rings=circuits,
            starts=when,
        )

    def _pairs(self, names: Collection[str]) -> set[int]:
        """Return the positions of the pairs that are covered when candidates are open."""
        return set(np.flatnonzero(self._covered([self._problem.index[name] for name in names])).tolist())

    def _covered(self, built: Sequence[int]) -> Mask:
        is_open = opened(self._problem, built)
        found = np.zeros(len(self._limit), np.bool_)
        for origin, ks in self._rows.items():
            limits = self._limit[ks]
            found[ks] = times_from(self._net, is_open, origin, limits.max())[self._destination[ks]] <= limits
        return found


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)

"""Judge a plan on the original problem, by compiled searches on arrays made once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.paths import Integers, Mask, graph, opened, times_from
from optimiser.problem import DesignProblem
from optimiser.verify.rules import building_faults, covering_faults, weight_of


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
    """

    built: tuple[str, ...]
    cost: int
    coverage: int
    objective: int
    faults: tuple[str, ...]


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

    def __call__(self, names: Collection[str]) -> Judged:
        """Return what a plan costs, covers, is worth and breaks.

        Parameters
        ----------
        names
            Ids of what is built.
        """
        problem, built = self._problem, set(names)
        mask = self._covered([problem.index[name] for name in built])
        pairs = set(np.flatnonzero(mask).tolist())
        cost = problem.cost_of(built)
        faults = (*building_faults(problem, built), *covering_faults(problem, pairs, self._wanted))
        return Judged(
            built=tuple(sorted(built)),
            cost=cost,
            coverage=sum(problem.pairs[k].weight for k in pairs),
            objective=cost if problem.budget is None else weight_of(problem, pairs),
            faults=faults,
        )

    def _covered(self, built: Sequence[int]) -> Mask:
        is_open = opened(self._problem, built)
        found = np.zeros(len(self._limit), np.bool_)
        for origin, ks in self._rows.items():
            limits = self._limit[ks]
            found[ks] = times_from(self._net, is_open, origin, limits.max())[self._destination[ks]] <= limits
        return found


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)

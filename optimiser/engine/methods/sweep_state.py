"""Remember every plan of a sweep, with what it costs and reaches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.scoring import cost_of, covered_cities, covered_pairs, fits
from optimiser.engine.search.tables import Side, Tables
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan that keeps to every rule but perhaps money and targets.

    Attributes
    ----------
    plan
        bool [J + 1].
    cost
        Money.
    reached
        int64 [M], value of each measure.
    """

    plan: Mask
    cost: int
    reached: Integers

    def answers(self, asked: Asked) -> bool:
        """Say whether the plan keeps to money and targets of a question."""
        within = asked.budget is None or self.cost <= asked.budget
        return within and all(has >= least for has, least in zip(self.reached, asked.least, strict=True))

    def value(self, asked: Asked) -> int:
        """Return what the question asks to optimise."""
        return self.cost if asked.cheapest else int(self.reached.sum())


class Plans:
    """The plans met in a sweep: a plan of one question is a start for every other one that it answers.

    Parameters
    ----------
    t
        The problem, with the largest budget of the sweep.
    measures
        int64 [M, K + C]: what each covered pair and city adds to each measure.
    """

    def __init__(self, t: Tables, measures: Integers) -> None:
        self._t = t
        self._measures = measures
        self._seen: dict[bytes, Seen | None] = {}

    def see(self, plan: Mask) -> Seen | None:
        """Return what a plan costs and reaches; None when it breaks a rule that every question has.

        Parameters
        ----------
        plan
            bool [J + 1].
        """
        key = np.packbits(plan).tobytes()
        if key not in self._seen:
            self._seen[key] = self._judged(plan) if fits(self._t, plan) else None
        return self._seen[key]

    def _judged(self, plan: Mask) -> Seen:
        pair = covered_pairs(self._t, plan)
        covered = np.concatenate([pair, covered_cities(self._t, pair)])
        return Seen(plan.copy(), cost_of(self._t, plan), self._measures @ covered)

    def best(self, asked: Asked) -> Seen | None:
        """Return the best plan known for a question, of equal ones the cheapest."""
        sign = 1 if asked.cheapest else -1
        able = (one for one in self._every() if one.answers(asked))
        return min(able, key=lambda one: (sign * one.value(asked), one.cost), default=None)

    def _every(self) -> Iterator[Seen]:
        return (one for one in self._seen.values() if one is not None)

    def worth(self, plan: Mask, asked: Asked, divisor: int) -> float:
        """Return what a plan is worth to a question, in units of a divisor; -infinity when it is no answer.

        Parameters
        ----------
        plan
            bool [J + 1].
        asked
            The question.
        divisor
            Of the objective.
        """
        seen = self.see(plan)
        if seen is None or not seen.answers(asked):
            return -math.inf
        value = seen.value(asked) // divisor
        return float(-value if asked.cheapest else value)


def tables_for(t: Tables, problem: DesignProblem, measures: Integers, asked: Asked) -> Tables:
    """Return the arrays of a problem with money and targets of a question, for the heuristics.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    measures
        int64 [M, K + C].
    asked
        The question. What it maximises is taken to be all coverage, which is near enough for a search.
    """
    pairs = len(problem.pairs)
    rows = [row for row, least in enumerate(asked.least) if least > 0]
    mine = [np.flatnonzero(measures[row]) for row in rows]
    side = _with_targets(
        t.side,
        np.array([asked.least[row] for row in rows], np.int64),
        [places[places < pairs] for places in mine],
        [places[places >= pairs] - pairs for places in mine],
    )
    budget = -1 if asked.cheapest else asked.budget
    return t._replace(budget=t.budget if budget is None else budget, side=side)


def _with_targets(side: Side, least: Integers, pairs: list[Integers], cities: list[Integers]) -> Side:
    def longer(start: Integers, held: Integers, parts: list[Integers]) -> tuple[Integers, Integers]:
        counts = np.array([len(part) for part in parts], np.int64)
        return np.concatenate([start, start[-1] + np.cumsum(counts)]), np.concatenate([held, *parts])

    pair_start, pair = longer(side.target_pair_start, side.target_pair, pairs)
    city_start, city = longer(side.target_city_start, side.target_city, cities)
    return side._replace(
        target_least=np.concatenate([side.target_least, least]),
        target_pair_start=pair_start,
        target_pair=pair,
        target_city_start=city_start,
        target_city=city,
    )

"""Stand for a live program by a knapsack whose relaxation is solved by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from optimiser.engine.methods.branching.nodes import Node
from optimiser.engine.methods.branching.tree import Diver, Rules
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.branching.tree import search
from optimiser.engine.search.rows import NO_ROWS


class NoCuts:
    """Finds nothing."""

    def violated(self, *_point, **_options):
        return NO_ROWS


@dataclass
class Knapsack:
    """`max values x, sizes x <= room, 0 <= x <= 1`, filled in falling order of value per size (Dantzig).

    Every `failing`-th solve ends at a limit; probes of a `slow` one prove nothing and fall too
    low;
    a knapsack that `refuses` takes no plan for one that fits.
    """

    values: tuple[int, ...]
    sizes: tuple[int, ...]
    room: int
    failing: int = 0
    slow: bool = False
    refuses: bool = False
    solves: int = 0
    known: float = -math.inf
    lower: np.ndarray = field(default_factory=lambda: np.zeros(0))
    upper: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self):
        self.limit(np.zeros(len(self.values)), np.ones(len(self.values)))

    def add(self, rows):
        assert not len(rows)

    def limit(self, lower, upper):
        self.lower, self.upper = lower.copy(), upper.copy()

    def cut_off(self, worth):
        self.known = worth

    def solve(self, *, seconds):
        self.solves += 1
        count = len(self.values)
        if seconds <= 0 or (self.failing and self.solves % self.failing == 0):
            return Answer("limit", math.inf, np.zeros(count), np.ones(1), np.zeros(count))
        return self._better()

    def probe(self, decision, value, *, iterations):
        assert iterations > 0
        before = self.lower.copy(), self.upper.copy()
        self.lower[decision] = self.upper[decision] = value
        worth = self._better().worth
        self.limit(*before)
        return (worth - 3.0, False) if self.slow else (worth, True)

    def drop_slack(self):
        return 0

    def _better(self):
        """Return the optimum, an empty answer where it is no better by one than what is known."""
        answer = self._optimum()
        if answer.worth < self.known + 1.0 - 1e-6:
            return dataclasses.replace(answer, ending="empty", worth=-math.inf)
        return answer

    def _optimum(self):
        values, sizes = np.array(self.values, float), np.array(self.sizes, float)
        taken = self.lower.copy()
        left = self.room - sizes @ taken
        if left < 0:
            return Answer("empty", -math.inf, taken, np.ones(1), np.zeros(len(values)))
        price = 0.0
        for j in np.argsort(-values / sizes, kind="stable"):
            if self.upper[j] > self.lower[j]:
                taken[j] = min(1.0, left / sizes[j])
                left -= sizes[j] * taken[j]
                if taken[j] < 1.0:
                    price = values[j] / sizes[j]
                    break
        return Answer("optimal", float(values @ taken), taken, np.ones(1), values - price * sizes)

    def worth_of(self, plan):
        chosen = plan[:-1]
        fits = np.array(self.sizes)[chosen].sum() <= self.room and not self.refuses
        return float(np.array(self.values)[chosen].sum()) if fits else -math.inf

    def brute_force(self):
        plans = itertools.product((False, True), repeat=len(self.values))
        return max(self.worth_of(np.array([*plan, True])) for plan in plans)


@dataclass
class Run:
    """What a search said on its way."""

    outcome: object = None
    reports: list = field(default_factory=list)
    best: float = -math.inf
    plans: list = field(default_factory=list)

    @property
    def nodes(self):
        return sum(report.nodes for report in self.reports)


def run(knapsack, *, threads=1, cutoff=-math.inf, rules=None, left=lambda: 10.0, ends=None):
    """Return what a search of a knapsack says; `ends` says after each round whether to end."""
    programs = [dataclasses.replace(knapsack, solves=0) for _ in range(threads)]
    divers = [
        Diver(
            program,
            NoCuts(),
            np.full(len(program.values), 0.5),
            np.ones(1),
            program.worth_of,
            left,
            rules or Rules(),
            0,
        )
        for program in programs
    ]
    seen = Run(best=cutoff)

    def tell(report):
        seen.reports.append(report)
        seen.plans += [plan.tolist() for plan in report.plans]
        seen.best = max([seen.best, *(programs[0].worth_of(plan) for plan in report.plans)])
        return seen.best, ends() if ends else False

    seen.outcome = search(Node.root(programs[0].solve(seconds=1.0)), divers, cutoff=cutoff, tell=tell)
    return seen

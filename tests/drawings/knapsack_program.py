"""Replace a linear program by a knapsack whose relaxation is solved by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.methods.branching.tree import Node, PlungeRules, Worker, search
from optimiser.engine.search.rows import NO_ROWS


class NoCuts:
    """Finds nothing."""

    def __init__(self, size):
        self.size = size

    def violated(self, *_point, **_options):
        return NO_ROWS


@dataclass
class Knapsack:
    """`max values x, sizes x <= room, 0 <= x <= 1`, filled in falling order of value per size (Dantzig).

    Every `failing`-th solve ends at a limit. Probes of a `slow` knapsack prove nothing and end too low. One
    that `refuses` accepts no plan.
    """

    values: tuple[int, ...]
    sizes: tuple[int, ...]
    room: int
    failing: int = 0
    slow: bool = False
    refuses: bool = False
    solves: int = 0
    cutoff: float = -math.inf
    lower: np.ndarray = field(default_factory=lambda: np.zeros(0))
    upper: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self):
        self.set_bounds(np.zeros(len(self.values)), np.ones(len(self.values)))

    def add(self, rows):
        assert not len(rows)

    def set_bounds(self, lower, upper):
        self.lower, self.upper = lower.copy(), upper.copy()

    def set_cutoff(self, objective):
        self.cutoff = objective

    def solve(self, *, seconds):
        self.solves += 1
        count = len(self.values)
        if seconds <= 0 or (self.failing and self.solves % self.failing == 0):
            return LpSolution("limit", math.inf, np.zeros(count), np.ones(1), np.zeros(count))
        return self._better()

    def probe(self, decision, value, *, iterations):
        assert iterations > 0
        before = self.lower.copy(), self.upper.copy()
        self.lower[decision] = self.upper[decision] = value
        objective = self._better().objective
        self.set_bounds(*before)
        return (objective - 3.0, False) if self.slow else (objective, True)

    def drop_slack_rows(self):
        return 0

    def _better(self):
        """Return the optimum; infeasible where it does not beat the cutoff by one."""
        found = self._optimum()
        if found.objective < self.cutoff + 1.0 - 1e-6:
            return dataclasses.replace(found, status="infeasible", objective=-math.inf)
        return found

    def _optimum(self):
        values, sizes = np.array(self.values, float), np.array(self.sizes, float)
        taken = self.lower.copy()
        left = self.room - sizes @ taken
        if left < 0:
            return LpSolution("infeasible", -math.inf, taken, np.ones(1), np.zeros(len(values)))
        price = 0.0
        for j in np.argsort(-values / sizes, kind="stable"):
            if self.upper[j] > self.lower[j]:
                taken[j] = min(1.0, left / sizes[j])
                left -= sizes[j] * taken[j]
                if taken[j] < 1.0:
                    price = values[j] / sizes[j]
                    break
        return LpSolution("optimal", float(values @ taken), taken, np.ones(1), values - price * sizes)

    def value_of(self, plan):
        chosen = plan[:-1]
        fits = np.array(self.sizes)[chosen].sum() <= self.room and not self.refuses
        return float(np.array(self.values)[chosen].sum()) if fits else -math.inf

    def brute_force(self):
        plans = itertools.product((False, True), repeat=len(self.values))
        return max(self.value_of(np.array([*plan, True])) for plan in plans)


@dataclass
class Run:
    """What a search reported."""

    outcome: object = None
    reports: list = field(default_factory=list)
    best: float = -math.inf
    plans: list = field(default_factory=list)

    @property
    def nodes(self):
        return sum(report.nodes for report in self.reports)


def round_of(bound, plunges):
    """Return what a round of a search reported, its plunges together."""
    return SimpleNamespace(
        bound=bound,
        nodes=sum(plunge.nodes for plunge in plunges),
        cuts=sum(len(rows) for plunge in plunges for rows in plunge.rows),
        plans=[plan for plunge in plunges for plan in plunge.plans],
    )


def run(knapsack, *, threads=1, cutoff=-math.inf, rules=None, left=lambda: 10.0, ends=None):
    """Search a knapsack and return what was reported; `ends` returns after each round whether to end."""
    programs = [dataclasses.replace(knapsack, solves=0) for _ in range(threads)]
    size, rules = len(knapsack.values), rules or PlungeRules()
    workers = [
        Worker(program, NoCuts(size), np.ones(1), program.value_of, left, rules, 0) for program in programs
    ]
    seen = Run(best=cutoff)

    def report(bound, plunges):
        now = round_of(bound, plunges)
        seen.reports.append(now)
        seen.plans += [plan.tolist() for plan in now.plans]
        seen.best = max([seen.best, *(programs[0].value_of(plan) for plan in now.plans)])
        return seen.best, ends() if ends else False

    root = Node.root(programs[0].solve(seconds=1.0))
    bound, complete = search(root, workers, cutoff=cutoff, report=report)
    seen.outcome = SimpleNamespace(bound=bound, complete=complete)
    return seen

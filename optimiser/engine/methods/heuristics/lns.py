"""Improve plans by large neighbourhood search, as long as there is time."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from optimiser.engine.methods.heuristics.desk import Desk, desk
from optimiser.engine.methods.heuristics.greedy import Stop, filled, never, nothing, relieved, worth_on
from optimiser.engine.methods.heuristics.moves import thin
from optimiser.engine.methods.heuristics.neighbourhoods import DESTROYS, follow
from optimiser.engine.methods.heuristics.relation import relation
from optimiser.engine.methods.heuristics.state import Floats
from optimiser.engine.methods.heuristics.steps import move_to, stay
from optimiser.engine.methods.heuristics.ways import prices
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.tables import Tables

FIRST_CYCLE = 128
"""Attempts of the first cycle of cooling."""

HOT, COLD = 1e-2, 1e-5
"""Loss accepted with a chance of 37 % at the begin and the end of a cycle, against the best plan's worth."""

NEUTRAL = 0.7
"""A guide that likes all candidates alike."""

REWARDS = (10.0, 3.0, 0.5, 0.0)
"""What a way to destroy earns for the best plan, a better plan, one accepted and one refused."""

type Take = Callable[[Mask], object]
"""Takes a better plan."""


class Improver:
    """A large neighbourhood search that goes on where it was left.

    The same problem, seed, starts and attempts give the same plans, whatever the clock says.

    Parameters
    ----------
    t
        The problem.
    seed
        For the random numbers.
    at
        A desk of the problem to work on; default a new one.

    Notes
    -----
    Adaptive large neighbourhood search after Ropke and Pisinger, Transportation Science 40 (2006), sections
    3.3 to 3.5: ways to destroy are drawn by their success, plans are accepted as in simulated annealing.
    Since nobody knows how long the search may last, cycles of cooling double in length, each from the best
    plan.
    """

    def __init__(self, t: Tables, *, seed: int = 0, at: Desk | None = None) -> None:
        self._desk = desk(t, nothing(t), seed=seed) if at is None else at
        self._near = relation(t)
        self._chance = np.random.default_rng(seed)
        self._home = self._best = nothing(t)
        self._value = self._record = (-math.inf, -math.inf, -math.inf)
        self._tally = np.ones(len(DESTROYS) + 1)
        self._turn, self._cycle = 0, FIRST_CYCLE

    @property
    def best(self) -> Mask:
        """Return the best plan so far."""
        return self._best.copy()

    def begin(self, start: Mask) -> None:
        """Go on from a plan if it is better than the best so far.

        Parameters
        ----------
        start
            bool [J + 1].
        """
        move_to(self._desk.state, start)
        value = worth_on(self._desk)
        if value > self._record:
            self._home = self._best = start.copy()
            self._value = self._record = value
            self._turn = 0
        move_to(self._desk.state, self._home)

    def improve(
        self,
        *,
        attempts: int,
        stop: Stop = never,
        take: Take | None = None,
        guide: Floats | None = None,
    ) -> int:
        """Destroy and repair some times; return the attempts since the last better plan.

        Parameters
        ----------
        attempts
            Most attempts.
        stop
            Asked before each attempt.
        take
            Given each better plan.
        guide
            float64 [J], 0..1: how far each candidate should be built, for example a point of a relaxation.
        """
        idle = 0
        for _ in range(attempts):
            if stop():
                break
            idle += 1
            if self._attempt(guide):
                idle = 0
                if take is not None:
                    take(self.best)
        return idle

    def _attempt(self, guide: Floats | None) -> bool:
        """Destroy and repair once; say whether the best plan was improved."""
        if self._turn >= self._cycle:
            self._turn, self._cycle = 0, 2 * self._cycle
            self._home, self._value = self._best, self._record
            move_to(self._desk.state, self._home)
        kind = self._drawn(guided=guide is not None)
        self._destroy(kind, guide)
        self._repair()
        reward = self._judged()
        self._tally[kind] = 0.95 * self._tally[kind] + 0.05 * REWARDS[reward]
        self._turn += 1
        return reward == 0

    def _drawn(self, *, guided: bool) -> int:
        """Draw a way to destroy by how well each did; none ever goes out of use."""
        odds = np.cumsum(self._tally[: len(DESTROYS) + int(guided)] + 0.05)
        return int(np.searchsorted(odds, self._chance.random() * odds[-1]))

    def _destroy(self, kind: int, guide: Floats | None) -> None:
        at, chance = self._desk, self._chance
        at.tilt[:] = (0.3 + (NEUTRAL if guide is None else guide)) * chance.uniform(0.8, 1.2, at.t.size)
        at.lost[:] = 0.9 * at.lost
        prices(at.state)
        most = min(40.0, 2 + 0.3 * np.count_nonzero(at.is_open[:-1]))
        size = 1 + int(chance.random() ** 2 * most)
        if guide is not None and kind == len(DESTROYS):
            follow(at, chance, size, guide)
        else:
            DESTROYS[kind](at, chance, size, self._near)

    def _repair(self) -> None:
        relieved(self._desk)
        filled(self._desk, ways=int(self._chance.integers(6)), noise=0.3 * self._chance.random())
        if self._desk.t.budget < 0:
            thin(self._desk.state)

    def _judged(self) -> int:
        """Keep or refuse the plan on the desk; return the place of the reward that it earns."""
        value = worth_on(self._desk)
        if value > self._record:
            thin(self._desk.state)
            filled(self._desk, ways=4)
            self._home = self._best = self._desk.is_open.copy()
            self._value = self._record = worth_on(self._desk)
            reward = 0
        elif self._accepts(value):
            reward = 1 if value > self._value else 2
            self._home, self._value = self._desk.is_open.copy(), value
        else:
            move_to(self._desk.state, self._home)
            return 3
        stay(self._desk.state)
        return reward

    def _accepts(self, value: tuple[float, float, float]) -> bool:
        """Say whether a plan becomes the one to start from (Metropolis)."""
        heat = HOT * (COLD / HOT) ** (self._turn / self._cycle) * max(1.0, abs(self._record[1]))
        least = self._value[1] + heat * math.log(max(self._chance.random(), 1e-12))
        return value[0] >= self._value[0] and value[1] >= least


def lns(
    t: Tables,
    start: Mask,
    *,
    attempts: int,
    seed: int = 0,
    stop: Stop = never,
    take: Take | None = None,
    guide: Floats | None = None,
) -> Mask:
    """Return the best plan that a large neighbourhood search finds from a plan.

    Parameters
    ----------
    t
        The problem.
    start
        bool [J + 1].
    attempts, stop, take, guide
        As in `Improver.improve`.
    seed
        For the random numbers.
    """
    search = Improver(t, seed=seed)
    search.begin(start)
    search.improve(attempts=attempts, stop=stop, take=take, guide=guide)
    return search.best

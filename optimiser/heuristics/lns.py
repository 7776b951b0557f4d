"""Improve plans by large neighbourhood search, as long as there is time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.heuristics.greedy import Stop, never
from optimiser.heuristics.neighbourhoods import KINDS, campaign, relation, worth_of
from optimiser.heuristics.state import Desk, Floats, desk, move_to
from optimiser.paths import Mask
from optimiser.tables import Tables

FIRST_CYCLE = 128
"""Attempts of the first cycle of cooling."""

FOLLOW = KINDS - 1
"""The way to destroy that needs a guide."""

NEUTRAL = 0.7
"""A guide that likes all candidates alike."""

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
    """

    def __init__(self, t: Tables, *, seed: int = 0, at: Desk | None = None) -> None:
        start = np.zeros(t.size + 1, np.bool_)
        start[-1] = True
        self._desk = desk(t, start, seed=seed) if at is None else at
        self._near = relation(t)
        self._home, self._best = start.copy(), start.copy()
        self._level = np.full(4, -np.inf)
        self._tally = np.ones(KINDS)
        self._clock = np.array([0, 0, FIRST_CYCLE], np.int64)
        self._neutral: Floats = np.full(t.size, NEUTRAL)

    @property
    def best(self) -> Mask:
        """Return the best plan so far."""
        return self._best.copy()

    def begin(self, start: Mask) -> None:
        """Go on from a plan if it is better than the best so far.

        Parameters
        ----------
        start
            bool [J + 1]; it breaks no budget, cap, exclude or require.
        """
        move_to(self._desk.state, start)
        value, saved = worth_of(self._desk.state)
        if (value, saved) > (self._level[2], -self._level[3]):
            self._best[:] = self._home[:] = start
            self._level[:] = value, -saved, value, -saved
            self._clock[1] = self._clock[0]
        move_to(self._desk.state, self._home)

    def improve(
        self,
        *,
        attempts: int,
        stop: Stop = never,
        take: Take | None = None,
        guide: Floats | None = None,
        piece: int = 1,
    ) -> int:
        """Destroy and repair some times; return the attempts since the last better plan.

        Parameters
        ----------
        attempts
            Most attempts.
        stop
            Asked before each piece.
        take
            Given each better plan.
        guide
            float64 [J], 0..1: how far each candidate should be built, for example a point of a relaxation.
        piece
            Attempts between two looks at the clock.
        """
        self._tally[FOLLOW] = -1.0 if guide is None else max(self._tally[FOLLOW], 0.5)
        leaning = self._neutral if guide is None else np.clip(np.asarray(guide, np.float64), 0.0, 1.0)
        idle = 0
        for begun in range(0, attempts, piece):
            if stop():
                break
            count = min(piece, attempts - begun)
            if self._piece(leaning, count):
                idle = 0
                if take is not None:
                    take(self.best)
            else:
                idle += count
        return idle

    def _piece(self, guide: Floats, count: int) -> int:
        return campaign(
            self._desk.state,
            self._near,
            guide,
            self._home,
            self._best,
            self._level,
            self._tally,
            self._clock,
            count,
        )


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

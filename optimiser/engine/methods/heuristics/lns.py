"""Improve plans by large neighbourhood search, and give exact methods good plans to start from."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from optimiser.engine.methods.heuristics.constrained_paths import cheapest_group, set_prices
from optimiser.engine.methods.heuristics.greedy import (
    Stop,
    everything,
    fill_greedily,
    flip_candidates,
    never,
    nothing,
    prune,
    rank,
    repair_breaches,
)
from optimiser.engine.methods.heuristics.moves import close_redundant
from optimiser.engine.methods.heuristics.workspace import (
    SearchWorkspace,
    add_dependants,
    flip,
    move_to,
    new_workspace,
    restart_logs,
)
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.scoring import breach
from optimiser.engine.search.tables import Tables

FIRST_CYCLE = 128
"""Attempts of the first cycle of cooling."""

HOT, COLD = 1e-2, 1e-5
"""Loss accepted with a chance of 37 % at the begin and end of a cycle, as a share of the best objective."""

NEUTRAL = 0.7
"""A guide that prefers no candidate."""

REWARDS = (10.0, 3.0, 0.5, 0.0)
"""Score of a way to destroy for the best plan, a better plan, one accepted and one refused."""

WORK = 12_000_000
"""Attempts times candidates that pairs can use: what a start may take, about a second at county size."""

LEAST, MOST = 30, 400
"""Bounds of the attempts of a start."""


def relation(t: Tables) -> Floats:
    """Return the share of a candidate's pairs that can use another one too.

    Returns
    -------
    NDArray
        float64 [J x J], 0..1, by rows; 2 on the diagonal, so that every candidate is nearest to itself.
    """
    pair = np.repeat(np.arange(len(t.limit)), np.diff(t.use_start))
    uses = np.zeros((len(t.limit), t.size), np.float32)
    uses[pair, t.use] = 1.0
    shared = (uses.T @ uses).astype(np.float64)
    found: Floats = shared / np.maximum(1.0, shared.diagonal())[:, None]
    np.fill_diagonal(found, 2.0)
    return found


type Destroy = Callable[[SearchWorkspace, np.random.Generator, int, Floats], None]
"""Changes the plan of a workspace: with random numbers, a size, and the relation of candidates."""


def _drawn(weight: Floats, allowed: Mask, size: int, chance: np.random.Generator) -> Integers:
    """Draw candidates without replacement, likelier the more they weigh (Efraimidis and Spirakis, 2006)."""
    js = np.flatnonzero(allowed)
    size = min(size, len(js))
    if size <= 0:
        return js[:0]
    key = np.log(chance.random(len(js)) + 1e-12) / np.maximum(weight[js], 1e-9)
    return np.sort(js[np.argpartition(-key, size - 1)[:size]])


def close_related(at: SearchWorkspace, chance: np.random.Generator, size: int, near: Floats) -> None:
    """Close open candidates that share pairs with one of them."""
    built = np.flatnonzero(at.is_open[:-1])
    if len(built):
        flip_candidates(at, _drawn(near[chance.choice(built)] ** 2, at.is_open[:-1], size, chance))


def close_weak(at: SearchWorkspace, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Close open candidates whose closing loses little for their cost, as far as losses are known."""
    weak = at.t.cost / np.maximum(1.0, at.loss)
    flip_candidates(at, _drawn(weak / max(weak.max(initial=0.0), 1e-9), at.is_open[:-1], size, chance))


def close_any(at: SearchWorkspace, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Close open candidates, each as likely as another."""
    flip_candidates(at, _drawn(np.ones(at.t.size), at.is_open[:-1], size, chance))


def open_groups(at: SearchWorkspace, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Open the cheapest groups that cover some uncovered pairs, beyond the budget; else one candidate."""
    for _ in range(1 + size // 3):
        uncovered = np.flatnonzero(~at.is_covered)
        if not len(uncovered):
            flip_candidates(at, _drawn(np.ones(at.t.size), ~at.is_open[:-1], 1, chance))
            return
        flip(at, add_dependants(at, cheapest_group(at, chance.choice(uncovered))))


def open_related(at: SearchWorkspace, chance: np.random.Generator, size: int, near: Floats) -> None:
    """Open closed candidates that share pairs with one of them, beyond the budget."""
    closed = np.flatnonzero(~at.is_open[:-1])
    if len(closed):
        flip_candidates(at, _drawn(near[chance.choice(closed)] ** 2, ~at.is_open[:-1], size, chance))


def follow_guide(at: SearchWorkspace, chance: np.random.Generator, size: int, guide: Floats) -> None:
    """Open and close about `size` candidates that a guide (float64 [J], 0..1) has on the other side."""
    flip_candidates(at, _drawn(guide, ~at.is_open[:-1], size, chance))
    flip_candidates(at, _drawn(1.0 - guide, at.is_open[:-1], size // 2, chance))


DESTROY_OPERATORS: tuple[Destroy, ...] = (close_related, close_weak, close_any, open_groups, open_related)
"""Ways to destroy that need no guide."""

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
        A workspace of the problem; default a new one.

    Notes
    -----
    Adaptive large neighbourhood search after Ropke and Pisinger, Transportation Science 40 (2006), sections
    3.3 to 3.5: ways to destroy are drawn by their success, plans are accepted as in simulated annealing.
    Since the time available is not known, cycles of cooling double in length, each from the best plan.
    """

    def __init__(self, t: Tables, *, seed: int = 0, at: SearchWorkspace | None = None) -> None:
        self._at = new_workspace(t, nothing(t), seed=seed) if at is None else at
        self._near = relation(t)
        self._chance = np.random.default_rng(seed)
        self._current = self._best = nothing(t)
        self._rank = self._best_rank = (-math.inf, -math.inf, -math.inf)
        self._scores = np.ones(len(DESTROY_OPERATORS) + 1)
        self._turn, self._cycle = 0, FIRST_CYCLE

    @property
    def best(self) -> Mask:
        """Return the best plan so far."""
        return self._best.copy()

    def begin(self, start: Mask) -> None:
        """Go on from a plan (bool [J + 1]) if it is better than the best so far."""
        move_to(self._at, start)
        value = rank(self._at)
        if value > self._best_rank:
            self._current = self._best = start.copy()
            self._rank = self._best_rank = value
            self._turn = 0
        move_to(self._at, self._current)

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
            self._current, self._rank = self._best, self._best_rank
            move_to(self._at, self._current)
        kind = self._drawn_kind(guided=guide is not None)
        self._destroy(kind, guide)
        self._repair()
        reward = self._judged()
        self._scores[kind] = 0.95 * self._scores[kind] + 0.05 * REWARDS[reward]
        self._turn += 1
        return reward == 0

    def _drawn_kind(self, *, guided: bool) -> int:
        """Draw a way to destroy by how well each did; each keeps some chance."""
        odds = np.cumsum(self._scores[: len(DESTROY_OPERATORS) + int(guided)] + 0.05)
        return int(np.searchsorted(odds, self._chance.random() * odds[-1]))

    def _destroy(self, kind: int, guide: Floats | None) -> None:
        at, chance = self._at, self._chance
        at.preference[:] = (0.3 + (NEUTRAL if guide is None else guide)) * chance.uniform(0.8, 1.2, at.t.size)
        at.loss[:] = 0.9 * at.loss
        set_prices(at)
        most = min(40.0, 2 + 0.3 * np.count_nonzero(at.is_open[:-1]))
        size = 1 + int(chance.random() ** 2 * most)
        if guide is not None and kind == len(DESTROY_OPERATORS):
            follow_guide(at, chance, size, guide)
        else:
            DESTROY_OPERATORS[kind](at, chance, size, self._near)

    def _repair(self) -> None:
        repair_breaches(self._at)
        fill_greedily(self._at, tries=int(self._chance.integers(6)), noise=0.3 * self._chance.random())
        if self._at.t.budget < 0:
            close_redundant(self._at)

    def _judged(self) -> int:
        """Keep or refuse the plan of the workspace; return the place of the reward that it earns."""
        value = rank(self._at)
        if value > self._best_rank:
            close_redundant(self._at)
            fill_greedily(self._at, tries=4)
            self._current = self._best = self._at.is_open.copy()
            self._rank = self._best_rank = rank(self._at)
            reward = 0
        elif self._accepts(value):
            reward = 1 if value > self._rank else 2
            self._current, self._rank = self._at.is_open.copy(), value
        else:
            move_to(self._at, self._current)
            return 3
        restart_logs(self._at)
        return reward

    def _accepts(self, value: tuple[float, float, float]) -> bool:
        """Say whether a plan becomes the one to start from (Metropolis)."""
        heat = HOT * (COLD / HOT) ** (self._turn / self._cycle) * max(1.0, abs(self._best_rank[1]))
        least = self._rank[1] + heat * math.log(max(self._chance.random(), 1e-12))
        return value[0] >= self._rank[0] and value[1] >= least


def attempts_for(t: Tables) -> int:
    """Return how many attempts of a large neighbourhood search suit the size of a problem."""
    return max(LEAST, min(MOST, WORK // max(1, len(t.use))))


def start_plans(t: Tables, progress: MaskIncumbent, *, seed: int = 0) -> Improver:
    """Report plans of the greedy heuristics and of a short large neighbourhood search.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    seed
        For the random numbers.

    Returns
    -------
    Improver
        The search, which can go on later, for example guided by a point of a relaxation.
    """
    progress.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    at = new_workspace(t, nothing(t), seed=seed)
    search = Improver(t, seed=seed, at=at)
    for step, begin in (("greedy", nothing(t)), ("reverse-greedy", everything(t))):
        if progress.stop():
            return search
        move_to(at, begin)
        at.loss[:] = -1.0
        if step == "reverse-greedy":
            prune(at, stop=progress.stop)
        fill_greedily(at, stop=progress.stop)
        plan = prune(at, stop=progress.stop)
        progress.plan(plan, step)
        if breach(t, plan) == 0:
            search.begin(plan)
    search.improve(attempts=attempts_for(t), stop=progress.stop, take=lambda plan: progress.plan(plan, "lns"))
    return search

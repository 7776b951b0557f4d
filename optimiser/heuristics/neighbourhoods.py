"""Destroy a part of a plan and repair it, again and again, compiled."""

from __future__ import annotations

import numpy as np

from optimiser.compiled import compiled
from optimiser.heuristics.moves import drop, fill, thin, turn
from optimiser.heuristics.rows import BROKEN
from optimiser.heuristics.state import Floats, State, draw, merit, move_to, spent, with_dependants
from optimiser.heuristics.ways import prices, way
from optimiser.paths import Integers, Mask, Whole
from optimiser.scoring import breach
from optimiser.tables import Tables

KINDS = 6
"""Ways to destroy: close related, weak or any ones; open ways of pairs, or related ones; follow a guide."""

TURN, BEGUN, LENGTH = 0, 1, 2
"""Places of the clock: attempts so far, where the cycle of cooling began, and how long it is."""

HOT, COLD = 3e-3, 1e-5
"""Loss accepted with a chance of 37 % at the begin and the end of a cycle, against the best plan's worth."""


@compiled
def relation(t: Tables) -> Integers:
    """Return how many pairs can use both of two candidates.

    Parameters
    ----------
    t
        The problem.

    Returns
    -------
    NDArray
        int64 [J x J].
    """
    shared = np.zeros((t.cost.size, t.cost.size), np.int64)
    for k in range(t.limit.size):
        for a in range(t.use_start[k], t.use_start[k + 1]):
            for b in range(t.use_start[k], t.use_start[k + 1]):
                shared[t.use[a], t.use[b]] += 1
    return shared


@compiled
def energy(s: State) -> float:
    """Return what is maximised: the merit, and without a budget the money saved.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    return merit(s) - (spent(s) if s.t.budget < 0 else 0.0)


@compiled
def worth_of(s: State) -> tuple[float, float]:
    """Return what plans are compared by: the energy, then the money saved.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    return energy(s), -float(spent(s))


@compiled
def campaign(  # noqa: PLR0913, PLR0917 - the memory of a search that is called in pieces
    s: State,
    near: Integers,
    guide: Floats,
    home: Mask,
    best: Mask,
    level: Floats,
    tally: Floats,
    clock: Integers,
    attempts: Whole,
) -> int:
    """Destroy and repair some times; return how often the best plan was improved.

    Parameters
    ----------
    s
        The state; it holds `home` before and after.
    near
        int64 [J x J]: how related candidates are.
    guide
        float64 [J], 0..1: how far each candidate should be built.
    home, best
        bool [J + 1]: the plan to start attempts from, and the best plan.
    level
        float64 [4]: energy and cost of `home` and of `best`.
    tally
        float64 [KINDS]: how well each way to destroy did of late.
    clock
        int64 [3]: see `TURN`, `BEGUN` and `LENGTH`.
    attempts
        How many times.

    Notes
    -----
    Adaptive large neighbourhood search after Ropke and Pisinger, Transportation Science 40 (2006), sections
    3.3 to 3.5: roulette by success, acceptance as in simulated annealing. Since nobody knows how long the
    search may last, cycles of cooling double in length, each from the best plan. Everything depends on the
    seed and the number of attempts alone.
    """
    improved = 0
    for _ in range(attempts):
        if clock[TURN] - clock[BEGUN] >= clock[LENGTH]:
            clock[BEGUN], clock[LENGTH] = clock[TURN], 2 * clock[LENGTH]
            home[:] = best
            level[0], level[1] = level[2], level[3]
            move_to(s, home)
        kind = _roulette(s, tally)
        _attempt(s, near, guide, kind)
        found, cost = energy(s), float(spent(s))
        gain = 0.0
        if (found, -cost) > (level[2], -level[3]):
            thin(s)
            fill(s, 4, 0.0, s.cost.size)
            found, cost, gain = energy(s), float(spent(s)), 10.0
            best[:] = s.ahead.is_open
            level[2], level[3] = found, cost
            improved += 1
        if _accepts(s, found, level, (clock[TURN] - clock[BEGUN]) / clock[LENGTH]):
            gain = max(gain, 3.0 if found > level[0] else 0.5)
            home[:] = s.ahead.is_open
            level[0], level[1] = found, cost
            s.ahead.meter[:] = 0
            s.behind.meter[BROKEN] = 1
        move_to(s, home)
        tally[kind] = 0.95 * tally[kind] + 0.05 * gain
        clock[TURN] += 1
    return improved


@compiled
def _accepts(s: State, found: float, level: Floats, age: float) -> bool:
    """Say whether a plan becomes the one to start from (Metropolis)."""
    heat = HOT * (COLD / HOT) ** age * max(1.0, abs(level[2]))
    return bool(found >= level[0] + heat * np.log(max(draw(s), 1e-12)))


@compiled
def _roulette(s: State, tally: Floats) -> int:
    """Draw a way to destroy by how well each did; none ever goes out of use."""
    total = 0.0
    for kind in range(tally.size):
        total += tally[kind] + 0.05 if tally[kind] >= 0.0 else 0.0
    rank = draw(s) * total
    for kind in range(tally.size):
        rank -= tally[kind] + 0.05 if tally[kind] >= 0.0 else 0.0
        if rank < 0.0:
            return kind
    return 0


@compiled
def _attempt(s: State, near: Integers, guide: Floats, kind: Whole) -> None:
    """Destroy and repair once."""
    count = 0
    for j in range(s.cost.size):
        count += s.ahead.is_open[j]
        s.tilt[j] = (0.3 + guide[j]) * (0.8 + 0.4 * draw(s))
        s.lost[j] *= 0.9
    prices(s)
    size = 1 + int(draw(s) ** 2 * min(40.0, 2 + 0.3 * count))
    if kind == 3:
        for _ in range(1 + size // 3):
            _open_way(s)
    elif kind == 5:
        _follow(s, guide, size)
    else:
        _move_related(s, near, kind, size)
    if breach(s.t, s.ahead.is_open) > 0:
        drop(s, s.cost.size)
    fill(s, int(draw(s) * 6), 0.3 * draw(s), s.cost.size)
    if s.t.budget < 0:
        thin(s)


@compiled
def _open_way(s: State) -> None:
    """Open the way of an uncovered pair, or one closed candidate when all are covered."""
    k = int(draw(s) * s.met.size)
    for step in range(s.met.size):
        at = (k + step) % s.met.size
        if not s.met[at]:
            turn(s, with_dependants(s, way(s, at)))
            return
    j = int(draw(s) * s.cost.size)
    if not s.ahead.is_open[j]:
        s.listed[0] = j
        turn(s, with_dependants(s, 1))


@compiled
def _move_related(s: State, near: Integers, kind: Whole, size: Whole) -> None:
    """Close (kinds 0 to 2) or open (kind 4) some candidates: related to one, weak, or any."""
    side, related = kind != 4, kind in (0, 4)
    seed = int(draw(s) * s.cost.size)
    for _ in range(s.cost.size):
        if s.ahead.is_open[seed] == side:
            break
        seed = (seed + 1) % s.cost.size
    rank = np.zeros(s.cost.size, np.float64)
    for j in range(s.cost.size):
        if related:
            rank[j] = near[seed, j] / (1.0 + near[j, j]) * (0.2 + draw(s))
        elif kind == 1:
            rank[j] = s.cost[j] / max(1.0, s.lost[j]) * (0.2 + draw(s))
        else:
            rank[j] = draw(s)
    if related:
        rank[seed] = np.inf
    for _ in range(size):
        best = -1
        for j in range(s.cost.size):
            if s.ahead.is_open[j] == side and rank[j] > 0.0 and (best < 0 or rank[j] > rank[best]):
                best = j
        if best < 0:
            return
        rank[best] = 0.0
        s.listed[0] = best
        turn(s, with_dependants(s, 1))


@compiled
def _follow(s: State, guide: Floats, size: Whole) -> None:
    """Change the side of candidates that the guide sees there."""
    for _ in range(4 * size):
        j = int(draw(s) * s.cost.size)
        off = 1.0 - guide[j] if s.ahead.is_open[j] else guide[j]
        if draw(s) < off:
            s.listed[0] = j
            turn(s, with_dependants(s, 1))

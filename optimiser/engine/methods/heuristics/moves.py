"""Open and close candidates for the better: gains, losses, filling up, thinning out."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.rows import toggle
from optimiser.engine.methods.heuristics.state import State, draw
from optimiser.engine.methods.heuristics.steps import turn, turned, with_dependants
from optimiser.engine.methods.heuristics.values import FIRST, breach_turned, merit, money_of, over, spent
from optimiser.engine.methods.heuristics.ways import way
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Whole


@compiled
def may_open(s: State, count: Whole) -> bool:
    """Say whether the listed candidates may be opened within budget, caps and excludes.

    Parameters
    ----------
    s
        The state.
    count
        How many candidates `s.listed` names.
    """
    if s.plain[0]:
        return bool(s.budget < 0 or money_of(s, count) <= s.budget - spent(s))
    return bool(breach_turned(s, count) == 0)


@compiled
def pull(s: State) -> None:
    """Write into `s.value` what covering each pair is worth now, targets that lack something first.

    Parameters
    ----------
    s
        The state, refreshed.

    Notes
    -----
    An uncovered city shares its weight among the pairs that it lacks.
    """
    for k in range(s.value.size):
        s.value[k] = (FIRST if s.must_cover else 0.0) + (0.0 if s.budget < 0 else s.weight[k])
    for target in range(s.target_least.size):
        if _short(s, target) <= 0:
            continue
        for k in s.target_pair[s.target_pair_start[target] : s.target_pair_start[target + 1]]:
            s.value[k] += FIRST * s.weight[k]
        for city in s.target_city[s.target_city_start[target] : s.target_city_start[target + 1]]:
            _share(s, city, FIRST)
    if s.budget >= 0:
        for city in range(s.city_need.size):
            _share(s, city, 1.0)


@compiled
def _short(s: State, target: Whole) -> int:
    short = int(s.target_least[target])
    for k in s.target_pair[s.target_pair_start[target] : s.target_pair_start[target + 1]]:
        if s.met[k]:
            short -= int(s.weight[k])
    for city in s.target_city[s.target_city_start[target] : s.target_city_start[target + 1]]:
        if _lacks(s, city) <= 0:
            short -= int(s.city_weight[city])
    return short


@compiled
def _lacks(s: State, city: Whole) -> int:
    lacking = int(s.city_need[city])
    for k in s.city_pair[s.city_start[city] : s.city_start[city + 1]]:
        lacking -= int(s.met[k])
    return lacking


@compiled
def _share(s: State, city: Whole, factor: float) -> None:
    lacking = _lacks(s, city)
    if lacking > 0:
        for k in s.city_pair[s.city_start[city] : s.city_start[city + 1]]:
            s.value[k] += factor * s.city_weight[city] / lacking


@compiled
def gains(s: State) -> None:
    """Write into `s.gained` what opening each closed candidate alone gains, by `s.value`.

    Parameters
    ----------
    s
        The state, refreshed; `behind` is brought up to date.

    Notes
    -----
    A pair that needs two arcs of one candidate is not seen.
    """
    for j in range(s.cost.size):
        if s.behind.is_open[j] != s.ahead.is_open[j]:
            toggle(s.behind, j)
    s.now[0] += 1
    for row in range(s.changed_behind.size):
        if s.behind.touched[row]:
            s.behind.touched[row] = False
            s.changed_behind[row] = s.now[0]
    gained, value, start, owner, hit, is_open = (
        s.gained,
        s.value,
        s.hops.start,
        s.hops.owner,
        s.hit,
        s.ahead.is_open,
    )
    gained[:] = 0.0
    for k in range(value.size):
        if s.met[k] or value[k] <= 0.0:
            continue
        if s.seen[k] < max(s.changed[s.origin_row[k]], s.changed_behind[s.destination_row[k]]):
            _look(s, k)
        for hop in range(start[k], start[k + 1]):
            if hit[hop] and not is_open[owner[hop]]:
                gained[owner[hop]] += value[k]


@compiled
def _look(s: State, k: Whole) -> None:
    """Say for each hop of a pair whether it alone brings the pair within its limit; one for a candidate."""
    start, tail, head, owner, seconds = s.hops
    away, back = s.ahead.time[s.origin_row[k]], s.behind.time[s.destination_row[k]]
    hit, limit, before = s.hit, s.limit[k], -1
    for hop in range(start[k], start[k + 1]):
        to, on = away[tail[hop]], back[head[hop]]
        hit[hop] = to <= limit and on <= limit and to + seconds[hop] + on <= limit and owner[hop] != before
        if hit[hop]:
            before = owner[hop]
    s.seen[k] = s.now[0]


@compiled
def open_best(s: State, tries: Whole, noise: float) -> bool:
    """Open what gains most per money, a single candidate or the way of a pair; say whether anything did.

    Parameters
    ----------
    s
        The state, changed in place.
    tries
        How many uncovered pairs are drawn to look for a way.
    noise
        How far chance may raise what a single candidate is liked.
    """
    pull(s)
    gains(s)
    best, j = _single(s, noise)
    ratio, count = _joint(s, tries, best)
    if ratio <= best:
        if j < 0:
            return False
        s.listed[0] = j
        count = with_dependants(s, 1)
    turn(s, count)
    return True


@compiled
def _single(s: State, noise: float) -> tuple[float, int]:
    """Return the best gain per money of a single candidate, and which; 0 and -1 when none gains."""
    best, chosen = 0.0, -1
    for j in range(s.cost.size):
        if s.ahead.is_open[j] or s.gained[j] <= 0.0:
            continue
        s.listed[0] = j
        count = with_dependants(s, 1)
        ratio = s.gained[j] * s.tilt[j] * (1.0 + noise * draw(s)) / max(1, money_of(s, count))
        if ratio > best and may_open(s, count):
            best, chosen = ratio, j
    return best, chosen


@compiled
def _joint(s: State, tries: Whole, least: float) -> tuple[float, int]:
    """List the best way among those of some uncovered pairs; return its gain per money and its length.

    Where something is lacking and no single candidate helps, pairs are gone through until one has a way.
    """
    best, count, open_pairs = least, 0, 0
    for k in range(s.met.size):
        open_pairs += not s.met[k] and s.value[k] > 0.0
    if open_pairs == 0:
        return best, 0
    now, first = merit(s), 0
    every = least <= 0.0 and now < 0.0
    for _ in range(open_pairs if every else min(tries, open_pairs)):
        if every and count > 0:
            break
        k = _next(s, first) if every else _drawn(s, open_pairs)
        first = k + 1
        length = with_dependants(s, way(s, k))
        if length == 0 or (length == 1 and not every) or not may_open(s, length):
            continue
        ratio = (turned(s, length) - now) / max(1, money_of(s, length))
        if ratio > best:
            best, count = ratio, length
            for at in range(length):
                s.kept[at] = s.listed[at]
    for at in range(count):
        s.listed[at] = s.kept[at]
    return best, count


@compiled
def _next(s: State, first: int) -> int:
    """Return the next uncovered pair that is worth something."""
    k = first
    while s.met[k] or s.value[k] <= 0.0:
        k += 1
    return k


@compiled
def _drawn(s: State, count: Whole) -> int:
    """Draw one of the uncovered pairs that are worth something."""
    rank = int(draw(s) * count)
    for k in range(s.met.size):
        if not s.met[k] and s.value[k] > 0.0:
            if rank == 0:
                return k
            rank -= 1
    return 0


@compiled
def close_weakest(s: State) -> bool:
    """Close what loses least per money and leaves less broken; say whether anything did.

    Parameters
    ----------
    s
        The state, changed in place. Losses known from before (`s.lost`) are taken as a first guess.

    Notes
    -----
    A loss known from earlier may be wrong by now: that of the candidate chosen is found anew, and the choice
    repeated until it stands.
    """
    now, broken = merit(s), over(s)
    s.fresh[:] = False
    while True:
        best, j = np.inf, -1
        for i in range(s.cost.size):
            key = s.lost[i] * s.tilt[i] / max(1, s.cost[i])
            if s.ahead.is_open[i] and (key < best or (key == best and s.cost[i] > s.cost[j])):
                s.listed[0] = i
                if s.plain[0] or breach_turned(s, with_dependants(s, 1)) < broken:
                    best, j = key, i
        if j < 0:
            return False
        s.listed[0] = j
        count = with_dependants(s, 1)
        if s.fresh[j]:
            turn(s, count)
            return True
        s.lost[j] = now - turned(s, count)
        s.fresh[j] = True


@compiled
def thin(s: State) -> None:
    """Close all that loses nothing, the dearest first; every loss is known afterwards.

    Parameters
    ----------
    s
        The state, changed in place.

    Notes
    -----
    What loses something keeps losing it when less is built, since coverage is monotone: one look at each
    candidate is enough.
    """
    s.fresh[:] = False
    now = merit(s)
    while True:
        j, dearest = -1, 0.0
        for i in range(s.cost.size):
            if s.ahead.is_open[i] and not s.fresh[i] and (j < 0 or s.cost[i] / s.tilt[i] > dearest):
                j, dearest = i, s.cost[i] / s.tilt[i]
        if j < 0:
            return
        s.fresh[j] = True
        s.listed[0] = j
        count = with_dependants(s, 1)
        s.lost[j] = now - turned(s, count)
        if s.lost[j] <= 0.0:
            turn(s, count)

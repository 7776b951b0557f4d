"""Open and close candidates for the better: gains, losses, filling up, thinning out."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.constrained_paths import cheapest_group
from optimiser.engine.methods.heuristics.dynamic_sssp import LENGTH
from optimiser.engine.methods.heuristics.workspace import (
    SearchWorkspace,
    draw,
    flip,
    flip_back,
    follow,
    group_of,
    with_dependants,
)
from optimiser.engine.search.compiled import ONE, ZERO, compiled, compiled_inner
from optimiser.engine.search.paths import Whole
from optimiser.engine.search.scoring import breach, covered_weight, shortfall

PENALTY = 2.0**40
"""What one unit of a shortfall counts against one unit of objective."""


@compiled_inner
def merit(s: SearchWorkspace) -> float:
    """Return the objective of a plan but for its cost, less the penalty of what it lacks."""
    t = s.t
    value = 0.0 if t.budget < 0 else float(covered_weight(t, s.is_covered))
    if t.must_cover or t.side.target_least.size:
        value -= PENALTY * shortfall(t, s.is_covered)
    return value


@compiled_inner
def spent(s: SearchWorkspace) -> Whole:
    """Return what the plan costs."""
    cost, is_open, money = s.t.cost, s.ahead.is_open, ZERO
    for j in range(cost.size):
        if is_open[j]:
            money += cost[j]
    return money


@compiled_inner
def group_cost(s: SearchWorkspace, count: Whole) -> Whole:
    """Return what the first candidates of the group cost together."""
    cost, group, money = s.t.cost, s.group, ZERO
    for at in range(count):
        money += cost[group[at]]
    return money


@compiled
def excess(s: SearchWorkspace) -> Whole:
    """Return the breach of the plan: money above budget and caps, and broken excludes and requires."""
    t = s.t
    if s.is_plain:
        return 0 if t.budget < 0 else max(0, spent(s) - t.budget)
    return breach(t, s.ahead.is_open)


@compiled
def levels(s: SearchWorkspace) -> tuple[float, float, float]:
    """Return the breach, what is maximised (the merit, less the cost without a budget), and the cost."""
    cost = float(spent(s))
    return float(excess(s)), merit(s) - (cost if s.t.budget < 0 else 0.0), cost


@compiled_inner
def _breach_flipped(s: SearchWorkspace, count: Whole) -> Whole:
    """Return the breach that the plan would have with the group on its other side."""
    group, is_open = s.group, s.ahead.is_open
    for at in range(count):
        is_open[group[at]] = not is_open[group[at]]
    found = breach(s.t, is_open)
    for at in range(count):
        is_open[group[at]] = not is_open[group[at]]
    return found


@compiled
def merit_flipped(s: SearchWorkspace, count: Whole) -> float:
    """Return the merit that the plan would have with the group on its other side; the plan is kept.

    Parameters
    ----------
    s
        The plan.
    count
        Size of the group.
    """
    length = s.ahead.meter[LENGTH]
    flip(s, count)
    value = merit(s)
    flip_back(s, length, count)
    return value


@compiled_inner
def _may_open(s: SearchWorkspace, count: Whole) -> bool:
    """Say whether the group may be opened within budget, caps and excludes."""
    if s.is_plain:
        return bool(s.t.budget < 0 or group_cost(s, count) <= s.t.budget - spent(s))
    return bool(_breach_flipped(s, count) == 0)


@compiled
def value_pairs(s: SearchWorkspace) -> None:
    """Write into `s.value` what covering each pair is worth now, targets that lack something first.

    Notes
    -----
    An uncovered city shares its weight among the pairs that it lacks.
    """
    t, side, value, is_covered = s.t, s.t.side, s.value, s.is_covered
    pair_start, pair, city_start, city_of = (
        side.target_pair_start,
        side.target_pair,
        side.target_city_start,
        side.target_city,
    )
    for k in range(value.size):
        value[k] = (PENALTY if t.must_cover else 0.0) + (0.0 if t.budget < 0 else t.weight[k])
    for target in range(side.target_least.size):
        short = side.target_least[target]
        for at in range(pair_start[target], pair_start[target + 1]):
            if is_covered[pair[at]]:
                short -= t.weight[pair[at]]
        for at in range(city_start[target], city_start[target + 1]):
            if _missing_pairs(s, city_of[at]) <= 0:
                short -= side.city_weight[city_of[at]]
        if short > 0:
            for at in range(pair_start[target], pair_start[target + 1]):
                value[pair[at]] += PENALTY * t.weight[pair[at]]
            for at in range(city_start[target], city_start[target + 1]):
                _share_city(s, city_of[at], PENALTY)
    if t.budget >= 0:
        for city in range(side.city_need.size):
            _share_city(s, city, 1.0)


@compiled_inner
def _missing_pairs(s: SearchWorkspace, city: Whole) -> Whole:
    """Return how many more pairs a city needs."""
    side = s.t.side
    missing: Whole = side.city_need[city]
    for at in range(side.city_start[city], side.city_start[city + 1]):
        if s.is_covered[side.city_pair[at]]:
            missing -= 1
    return missing


@compiled_inner
def _share_city(s: SearchWorkspace, city: Whole, factor: float) -> None:
    """Add the weight of an uncovered city to the value of its pairs."""
    side, missing = s.t.side, _missing_pairs(s, city)
    if missing > 0:
        for at in range(side.city_start[city], side.city_start[city + 1]):
            s.value[side.city_pair[at]] += factor * side.city_weight[city] / missing


@compiled
def find_gains(s: SearchWorkspace) -> None:
    """Write into `s.gain` what opening each closed candidate alone gains, by `s.value`.

    Notes
    -----
    A pair that needs two arcs of one candidate is not seen.
    """
    follow(s)
    clock = s.clock
    clock[0] += 1
    for row in range(s.changed_behind_at.size):
        if s.behind.touched[row]:
            s.behind.touched[row] = False
            s.changed_behind_at[row] = clock[0]
    gain, value, enables, is_open, is_covered = s.gain, s.value, s.enables, s.ahead.is_open, s.is_covered
    start, tail, head, owner, seconds = s.pair_arcs
    origin_row, destination_row, limits = s.t.origin_row, s.t.destination_row, s.t.limit
    gain[:] = 0.0
    for k in range(value.size):
        if is_covered[k] or value[k] <= 0.0:
            continue
        row, row_behind, limit = origin_row[k], destination_row[k], limits[k]
        if s.checked_at[k] < max(s.changed_at[row], s.changed_behind_at[row_behind]):
            # Say for each arc whether it alone brings the pair within its limit; one for each candidate.
            away, back, before = s.ahead.time[row], s.behind.time[row_behind], -ONE
            for arc in range(start[k], start[k + 1]):
                to, on = away[tail[arc]], back[head[arc]]
                enables[arc] = (
                    to <= limit and on <= limit and to + seconds[arc] + on <= limit and owner[arc] != before
                )
                if enables[arc]:
                    before = int(owner[arc])
            s.checked_at[k] = clock[0]
        for arc in range(start[k], start[k + 1]):
            if enables[arc] and not is_open[owner[arc]]:
                gain[owner[arc]] += value[k]


@compiled
def open_best(s: SearchWorkspace, tries: Whole, noise: float) -> bool:
    """Open what gains most per money, a candidate or a group that covers a pair; say whether anything did.

    Parameters
    ----------
    s
        Changed in place.
    tries
        How many uncovered pairs are drawn to look for a group.
    noise
        How far chance may raise the preference of a single candidate.
    """
    value_pairs(s)
    find_gains(s)
    best, j = _best_single(s, noise)
    ratio, count = _best_group(s, tries, best)
    if ratio <= best:
        if j < 0:
            return False
        count = group_of(s, j)
    flip(s, count)
    return True


@compiled_inner
def _best_single(s: SearchWorkspace, noise: float) -> tuple[float, int]:
    """Return the best gain per money of a single candidate, and which; 0 and -1 when none gains."""
    best, chosen = 0.0, -ONE
    for j in range(s.gain.size):
        if s.ahead.is_open[j] or s.gain[j] <= 0.0:
            continue
        count = group_of(s, j)
        ratio = s.gain[j] * s.preference[j] * (1.0 + noise * draw(s)) / max(1, group_cost(s, count))
        if ratio > best and _may_open(s, count):
            best, chosen = ratio, j
    return best, chosen


@compiled_inner
def _best_group(s: SearchWorkspace, tries: Whole, least: float) -> tuple[float, int]:
    """Make the best group that covers an uncovered pair the group; return its gain per money and its size.

    Where something is lacking and no single candidate helps, pairs are gone through until one has a group.
    """
    open_pairs = 0
    best = least
    count = ZERO
    value, is_covered = s.value, s.is_covered
    for k in range(is_covered.size):
        open_pairs += not is_covered[k] and value[k] > 0.0
    if open_pairs == 0:
        return best, count
    now, k = merit(s), -ONE
    in_turn = least <= 0.0 and now < 0.0
    for _ in range(open_pairs if in_turn else min(tries, open_pairs)):
        if in_turn and count > 0:
            break
        # The next open pair, or one drawn among them.
        skip = 0
        if not in_turn:
            k, skip = -ONE, int(draw(s) * open_pairs)
        while skip >= 0:
            k += 1
            if not is_covered[k] and value[k] > 0.0:
                skip -= 1
        length = with_dependants(s, cheapest_group(s, k))
        if length == 0 or (length == 1 and not in_turn) or not _may_open(s, length):
            continue
        ratio = (merit_flipped(s, length) - now) / max(1, group_cost(s, length))
        if ratio > best:
            best, count = ratio, length
            for at in range(count):
                s.best_group[at] = s.group[at]
    for at in range(count):
        s.group[at] = s.best_group[at]
    return best, count


@compiled
def close_weakest(s: SearchWorkspace) -> bool:
    """Close what loses least per money and leaves less broken; say whether anything did.

    Parameters
    ----------
    s
        Changed in place. Losses known from before (`s.loss`) are taken as a first guess.

    Notes
    -----
    A loss known from earlier may be wrong by now: that of the candidate chosen is found anew, and the choice
    repeated until it stands.
    """
    now, broken, cost, loss, is_fresh = merit(s), excess(s), s.t.cost, s.loss, s.is_fresh
    is_fresh[:] = False
    while True:
        best, j = np.inf, -ONE
        for i in range(cost.size):
            key = loss[i] * s.preference[i] / max(1, cost[i])
            if (
                s.ahead.is_open[i]
                and (key < best or (key == best and cost[i] > cost[j]))
                and (s.is_plain or _breach_flipped(s, group_of(s, i)) < broken)
            ):
                best, j = key, i
        if j < 0:
            return False
        count = group_of(s, j)
        if is_fresh[j]:
            flip(s, count)
            return True
        loss[j] = now - merit_flipped(s, count)
        is_fresh[j] = True


@compiled
def thin(s: SearchWorkspace) -> None:
    """Close all that loses nothing, the dearest first; every loss is known afterwards.

    Parameters
    ----------
    s
        Changed in place.

    Notes
    -----
    What loses something keeps losing it when less is built, since coverage is monotone: one look at each
    candidate is enough.
    """
    now, cost, loss, is_fresh = merit(s), s.t.cost, s.loss, s.is_fresh
    is_fresh[:] = False
    while True:
        j, dearest = -ONE, 0.0
        for i in range(cost.size):
            key = cost[i] / s.preference[i]
            if s.ahead.is_open[i] and not is_fresh[i] and (j < 0 or key > dearest):
                j, dearest = i, key
        if j < 0:
            return
        is_fresh[j] = True
        count = group_of(s, j)
        loss[j] = now - merit_flipped(s, count)
        if loss[j] <= 0.0:
            flip(s, count)

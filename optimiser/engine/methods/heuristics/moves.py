"""Compute gains and losses of candidates, and open or close the best of them."""

import numpy as np

from optimiser.engine.methods.heuristics.workspace import (
    LOG_LENGTH,
    SearchWorkspace,
    add_dependants,
    flip,
    flip_back,
    is_in_group,
    random_number,
    set_group,
    update_backward,
)
from optimiser.engine.search.compiled import ONE, ZERO, compiled, compiled_inner
from optimiser.engine.search.paths import UNREACHED, Whole, pop, push
from optimiser.engine.search.scoring import breach, covered_weight, shortfall

PENALTY = 2.0**40
"""Penalty of one unit of shortfall, in units of the objective: larger than any objective."""

KEY, ENTRY, NODE, TIME, PRICE, BEFORE, OPENS = 0, 1, 2, 3, 4, 5, 6
"""Rows of `SearchWorkspace.labels`: the heap; then node, time, price, parent label and candidate opened."""

TIME_STEPS = 1 << 20
"""Resolution of time within one unit of price in the heap keys, which order labels by price, then by time."""


@compiled_inner
def penalised_value(s: SearchWorkspace) -> float:
    """Return the covered weight (0 when cost is minimised) minus the penalty of the shortfall."""
    t = s.t
    value = 0.0 if t.budget < 0 else float(covered_weight(t, s.is_covered))
    if t.must_cover or t.side.target_least.size:
        value -= PENALTY * shortfall(t, s.is_covered)
    return value


@compiled_inner
def plan_cost(s: SearchWorkspace) -> Whole:
    """Return the cost of the plan."""
    cost, total_cost = s.t.cost, ZERO
    for j in range(cost.size):
        if s.forward.is_open[j]:
            total_cost += cost[j]
    return total_cost


@compiled_inner
def group_cost(s: SearchWorkspace, count: Whole) -> Whole:
    """Return the total cost of the first `count` candidates of the group."""
    total_cost = ZERO
    for at in range(count):
        total_cost += s.t.cost[s.group[at]]
    return total_cost


@compiled
def plan_breach(s: SearchWorkspace) -> Whole:
    """Return by how much the plan violates budget, caps, capacities, excludes and requires; 0 when feasible.

    See `scoring.breach`.
    """
    t = s.t
    if s.is_plain:
        return 0 if t.budget < 0 else max(0, plan_cost(s) - t.budget)
    return breach(t, s.forward.is_open)


@compiled
def plan_rank(s: SearchWorkspace) -> tuple[float, float, float]:
    """Return the sort key of the plan, larger is better: less breach, then more value, then less cost.

    The value is `penalised_value`, minus the cost where there is no budget.
    """
    cost = float(plan_cost(s))
    return -float(plan_breach(s)), penalised_value(s) - (cost if s.t.budget < 0 else 0.0), -cost


@compiled_inner
def _breach_flipped(s: SearchWorkspace, count: Whole) -> Whole:
    """Return the breach of the plan after toggling the group; the plan is left unchanged."""
    is_open = s.forward.is_open.copy()
    for j in s.group[:count]:
        is_open[j] = not is_open[j]
    return breach(s.t, is_open)


@compiled_inner
def penalised_value_flipped(s: SearchWorkspace, count: Whole) -> float:
    """Return the penalised value of the plan after toggling the group; the plan is left unchanged.

    Parameters
    ----------
    s
        The plan with its group.
    count
        Size of the group.
    """
    length = s.forward.log_state[LOG_LENGTH]
    flip(s, count)
    value = penalised_value(s)
    flip_back(s, length, count)
    return value


@compiled_inner
def _may_open(s: SearchWorkspace, count: Whole) -> bool:
    """Return whether opening the group respects budget, caps, capacities and excludes."""
    if s.is_plain:
        return bool(s.t.budget < 0 or group_cost(s, count) <= s.t.budget - plan_cost(s))
    return bool(_breach_flipped(s, count) == 0)


@compiled_inner
def update_pair_values(s: SearchWorkspace) -> None:
    """Write to `s.value` the increase of the penalised value when each pair is covered.

    Notes
    -----
    A pair of an unmet target counts its weight times `PENALTY`, so that targets come before coverage. The
    weight of a city is divided by the number of pairs that it still needs, and added to each of its pairs:
    an estimate, since the city counts only when all of them are covered.
    """
    t, side, value, is_covered = s.t, s.t.side, s.value, s.is_covered
    pair_start, pair = side.target_pair_start, side.target_pair
    city_start, city_of = side.target_city_start, side.target_city
    for k in range(value.size):
        value[k] = (PENALTY if t.must_cover else 0.0) + (t.weight[k] if t.budget >= 0 else 0.0)
    for target in range(side.target_least.size):
        mine = pair[pair_start[target] : pair_start[target + 1]]
        cities = city_of[city_start[target] : city_start[target + 1]]
        short = side.target_least[target]
        for k in mine:
            if is_covered[k]:
                short -= t.weight[k]
        for city in cities:
            if _missing_pairs(s, city) <= 0:
                short -= side.city_weight[city]
        if short > 0:
            for k in mine:
                value[k] += PENALTY * t.weight[k]
            for city in cities:
                _share_city(s, city, PENALTY)
    if t.budget >= 0:
        for city in range(side.city_need.size):
            _share_city(s, city, 1.0)


@compiled_inner
def _missing_pairs(s: SearchWorkspace, city: Whole) -> Whole:
    """Return the number of pairs that a city still needs."""
    side = s.t.side
    pairs = side.city_pair[side.city_start[city] : side.city_start[city + 1]]
    missing: Whole = side.city_need[city]
    for k in pairs:
        missing -= s.is_covered[k]
    return missing


@compiled_inner
def _share_city(s: SearchWorkspace, city: Whole, factor: float) -> None:
    """Divide the weight of an uncovered city among the pairs that it needs, and add it to their values."""
    side, missing = s.t.side, _missing_pairs(s, city)
    if missing > 0:
        for at in range(side.city_start[city], side.city_start[city + 1]):
            s.value[side.city_pair[at]] += factor * side.city_weight[city] / missing


@compiled_inner
def compute_gains(s: SearchWorkspace) -> None:
    """Write to `s.gain` the value of the pairs that each closed candidate alone would cover.

    Notes
    -----
    Only paths with one arc of the candidate are considered, so a gain is a lower bound: a pair that needs two
    of its arcs is missed. Pairs whose two rows of times did not change since the last call are not checked
    again.
    """
    update_backward(s)
    clock = s.clock
    clock[0] += 1
    for row in range(s.changed_backward_at.size):
        if s.backward.touched[row]:
            s.backward.touched[row] = False
            s.changed_backward_at[row] = clock[0]
    gain, value, enables, is_open, is_covered = s.gain, s.value, s.enables, s.forward.is_open, s.is_covered
    start, tail, head, owner, seconds = s.pair_arcs
    origin_row, destination_row, limits = s.t.origin_row, s.t.destination_row, s.t.limit
    gain[:] = 0.0
    for k in range(value.size):
        if is_covered[k] or value[k] <= 0.0:
            continue
        row, row_backward, limit = origin_row[k], destination_row[k], limits[k]
        if s.checked_at[k] < max(s.changed_at[row], s.changed_backward_at[row_backward]):
            # An arc enables the pair when it alone brings it within its limit. Only the first such arc of a
            # candidate is marked, so that the pair counts once; the arcs of a candidate are consecutive.
            from_origin, to_destination, last_owner = s.forward.time[row], s.backward.time[row_backward], -ONE
            for arc in range(start[k], start[k + 1]):
                to_tail, from_head = from_origin[tail[arc]], to_destination[head[arc]]
                enables[arc] = (
                    to_tail <= limit
                    and from_head <= limit
                    and to_tail + seconds[arc] + from_head <= limit
                    and owner[arc] != last_owner
                )
                if enables[arc]:
                    last_owner = int(owner[arc])
            s.checked_at[k] = clock[0]
        for arc in range(start[k], start[k + 1]):
            if enables[arc] and not is_open[owner[arc]]:
                gain[owner[arc]] += value[k]


@compiled
def open_best(s: SearchWorkspace, attempts: Whole, noise: float) -> bool:
    """Open the candidate, or the group that covers a pair, of largest gain per cost.

    Parameters
    ----------
    s
        Changed in place.
    attempts
        Number of uncovered pairs that are drawn to look for a group.
    noise
        Largest relative increase of the gain of a single candidate by a random factor.

    Returns
    -------
    bool
        Whether anything was opened; if not, nothing gains within the constraints.
    """
    update_pair_values(s)
    compute_gains(s)
    best, j = _best_candidate(s, noise)
    ratio, count = _best_group(s, attempts, best)
    if ratio <= best:
        if j < 0:
            return False
        count = set_group(s, j)
    flip(s, count)
    return True


@compiled_inner
def _best_candidate(s: SearchWorkspace, noise: float) -> tuple[float, int]:
    """Return the largest gain per cost of a single candidate, and its position; 0 and -1 when none gains."""
    best, chosen = 0.0, -ONE
    for j in range(s.gain.size):
        if s.forward.is_open[j] or s.gain[j] <= 0.0:
            continue
        count = set_group(s, j)
        ratio = s.gain[j] * s.preference[j] * (1.0 + noise * random_number(s)) / max(1, group_cost(s, count))
        if ratio > best and _may_open(s, count):
            best, chosen = ratio, j
    return best, chosen


@compiled_inner
def _best_group(s: SearchWorkspace, attempts: Whole, to_beat: float) -> tuple[float, int]:
    """Set the group to the best one that covers an uncovered pair; return its gain per cost and its size.

    A group must beat the ratio `to_beat`. Where the plan has a shortfall and no single candidate helps, all
    uncovered pairs are tried in order until one has a group, instead of a few random ones.
    """
    open_pairs = 0
    best = to_beat
    count = ZERO
    value, is_covered = s.value, s.is_covered
    for k in range(is_covered.size):
        open_pairs += not is_covered[k] and value[k] > 0.0
    if open_pairs == 0:
        return best, count
    current, k = penalised_value(s), -ONE
    is_exhaustive = to_beat <= 0.0 and current < 0.0
    for _ in range(open_pairs if is_exhaustive else min(attempts, open_pairs)):
        if is_exhaustive and count > 0:
            break
        # The next uncovered pair, or a random one.
        skipped = 0
        if not is_exhaustive:
            k, skipped = -ONE, int(random_number(s) * open_pairs)
        while skipped >= 0:
            k += 1
            if not is_covered[k] and value[k] > 0.0:
                skipped -= 1
        length = add_dependants(s, cheapest_group(s, k))
        if length == 0 or (length == 1 and not is_exhaustive) or not _may_open(s, length):
            continue
        ratio = (penalised_value_flipped(s, length) - current) / max(1, group_cost(s, length))
        if ratio > best:
            best, count = ratio, length
            for at in range(count):
                s.best_group[at] = s.group[at]
    for at in range(count):
        s.group[at] = s.best_group[at]
    return best, count


@compiled
def close_weakest(s: SearchWorkspace) -> bool:
    """Close the candidate of least loss per cost whose closing reduces the breach.

    Parameters
    ----------
    s
        Changed in place. Losses from earlier plans (`s.loss`) serve as estimates.

    Returns
    -------
    bool
        Whether a candidate was closed.

    Notes
    -----
    Lazy evaluation: an earlier loss may be out of date, so that of the chosen candidate is computed anew, and
    the choice is repeated until the chosen loss is up to date.
    """
    current, current_breach = penalised_value(s), plan_breach(s)
    cost, loss, is_fresh = s.t.cost, s.loss, s.is_fresh
    is_fresh[:] = False
    while True:
        best, j = np.inf, -ONE
        for i in range(cost.size):
            key = loss[i] * s.preference[i] / max(1, cost[i])
            if (
                s.forward.is_open[i]
                and (key < best or (key == best and cost[i] > cost[j]))
                and (s.is_plain or _breach_flipped(s, set_group(s, i)) < current_breach)
            ):
                best, j = key, i
        if j < 0:
            return False
        count = set_group(s, j)
        if is_fresh[j]:
            flip(s, count)
            return True
        loss[j] = current - penalised_value_flipped(s, count)
        is_fresh[j] = True


@compiled
def close_redundant(s: SearchWorkspace) -> None:
    """Close all candidates without loss, the most expensive first; afterwards every loss has been computed.

    Parameters
    ----------
    s
        Changed in place.

    Notes
    -----
    One pass over the candidates is enough: coverage is monotone, so a candidate whose closing uncovers a pair
    would still uncover it after others are closed.
    """
    current, cost, loss, is_fresh = penalised_value(s), s.t.cost, s.loss, s.is_fresh
    is_fresh[:] = False
    while True:
        j, dearest = -ONE, 0.0
        for i in range(cost.size):
            key = cost[i] / s.preference[i]
            if s.forward.is_open[i] and not is_fresh[i] and (j < 0 or key > dearest):
                j, dearest = i, key
        if j < 0:
            return
        is_fresh[j] = True
        count = set_group(s, j)
        loss[j] = current - penalised_value_flipped(s, count)
        if loss[j] <= 0.0:
            flip(s, count)


@compiled
def set_prices(s: SearchWorkspace) -> None:
    """Write to `s.price` an integer in 1..65,536 proportional to cost over preference of each candidate."""
    cost, preference, price = s.t.cost, s.preference, s.price
    top = 1.0
    for j in range(price.size):
        top = max(top, cost[j] / preference[j])
    for j in range(price.size):
        price[j] = 1 + int(65535 * cost[j] / preference[j] / top)


@compiled
def cheapest_group(s: SearchWorkspace, k: Whole) -> int:
    """Set the group to closed candidates of small total price that cover a pair; return their number, or 0.

    Parameters
    ----------
    s
        Its `group` is overwritten.
    k
        Position of the pair.

    Notes
    -----
    Labels of price and time are settled in lexicographic order, so that one is dominated at a node when it
    is not faster than the last one settled there (Desrochers and Soumis, INFOR 26 (1988), section 3). Labels
    that cannot reach the destination in time even with everything built are dropped. A candidate is paid for
    once on a path. Dominance does not consider which candidates a path has already paid for, so a cheaper
    group may be missed where a candidate is used twice: the search is a heuristic, simpler and faster than
    `search.labels`. It gives up when all labels are used.
    """
    t, labels, settled, price, is_open = s.t, s.labels, s.settled, s.price, s.forward.is_open
    start, head, seconds, owners = t.net
    goal, limit, rest_time = t.destination[k], t.limit[k], t.to_destination[t.destination_row[k]]
    scale = (TIME_STEPS - 1) / max(1, limit)
    settled[:] = UNREACHED
    labels[NODE, 0], labels[TIME, 0], labels[PRICE, 0] = t.origin[k], 0, 0
    labels[BEFORE, 0] = labels[OPENS, 0] = -1
    labels[KEY, 0] = labels[ENTRY, 0] = 0
    created, size = ONE, ONE
    while size:
        size = pop(labels[KEY], labels[ENTRY], size)
        label = labels[ENTRY, size]
        node, time = labels[NODE, label], labels[TIME, label]
        if time >= settled[node]:
            continue
        settled[node] = time
        if node == goal:
            return _set_group_from(s, label)
        for arc in range(start[node], start[node + 1]):
            to, arrival, owner = head[arc], time + seconds[arc], owners[arc]
            if arrival + min(rest_time[to], limit + 1) > limit or arrival >= settled[to]:
                continue
            path_price = labels[PRICE, label]
            if not is_open[owner]:
                at = label
                while at >= 0 and labels[OPENS, at] != owner:
                    at = labels[BEFORE, at]
                if at < 0:
                    path_price += price[owner]
            if created == labels.shape[1]:
                return 0
            labels[NODE, created], labels[TIME, created], labels[PRICE, created] = to, arrival, path_price
            labels[BEFORE, created], labels[OPENS, created] = label, -1 if is_open[owner] else owner
            size = push(
                labels[KEY], labels[ENTRY], size, path_price * TIME_STEPS + int(arrival * scale), created
            )
            created += 1
    return 0


@compiled_inner
def _set_group_from(s: SearchWorkspace, label: Whole) -> int:
    """Set the group to the distinct candidates that the path of a label opens; return their number."""
    count = 0
    while label >= 0:
        owner = s.labels[OPENS, label]
        if owner >= 0 and not is_in_group(s, count, owner):
            s.group[count] = owner
            count += 1
        label = s.labels[BEFORE, label]
    return count

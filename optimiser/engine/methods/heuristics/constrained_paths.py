"""Find the cheapest closed candidates that together bring a pair within its limit."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.workspace import SearchWorkspace
from optimiser.engine.search.compiled import ONE, compiled, compiled_inner
from optimiser.engine.search.paths import UNREACHED, Whole, pop, push

KEY, ENTRY, NODE, TIME, PRICE, BEFORE, OPENS = 0, 1, 2, 3, 4, 5, 6
"""Rows of `SearchWorkspace.labels`: the heap; then node, time, price, parent label and candidate opened."""

TIME_STEPS = 1 << 20
"""Resolution of time within one unit of price in the heap keys, which order labels by price, then by time."""


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
        is_listed = owner < 0
        for at in range(count):
            is_listed |= s.group[at] == owner
        if not is_listed:
            s.group[count] = owner
            count += 1
        label = s.labels[BEFORE, label]
    return count

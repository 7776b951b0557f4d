"""Find the cheapest closed candidates that together bring a pair within its limit."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.workspace import SearchWorkspace
from optimiser.engine.search.compiled import ONE, compiled, compiled_inner
from optimiser.engine.search.paths import FAR, Whole, pop, push

KEY, ENTRY, NODE, TIME, PRICE, BEFORE, OPENS = 0, 1, 2, 3, 4, 5, 6
"""Rows of `SearchWorkspace.labels`: the heap; then node, time, price, label before and candidate opened."""

TIME_STEPS = 1 << 20
"""Steps of time within one unit of price in the order of labels."""


@compiled
def set_prices(s: SearchWorkspace) -> None:
    """Write into `s.price` 1 to 65,536 in proportion to the cost of each candidate, less when preferred."""
    cost, preference, price = s.t.cost, s.preference, s.price
    top = 1.0
    for j in range(price.size):
        top = max(top, cost[j] / preference[j])
    for j in range(price.size):
        price[j] = 1 + int(65535 * cost[j] / preference[j] / top)


@compiled
def cheapest_group(s: SearchWorkspace, k: Whole) -> int:
    """Make closed candidates of least price that cover a pair the group; return their number, 0 without any.

    Parameters
    ----------
    s
        `group` is written.
    k
        The pair.

    Notes
    -----
    Labels of price and time are settled in lexicographic order, so that one is dominated at a node when it
    is not faster than the last one settled there (Desrochers and Soumis, INFOR 26 (1988), section 3); what
    cannot arrive in time even with everything built is left out. A candidate counts once on a path.
    Dominance ignores what a path has paid for already, so a cheaper set may be missed where a candidate is
    used twice: this search is simpler and faster than `search.labels`, and a heuristic. It gives up when all
    labels are used.
    """
    t, labels, settled, price, is_open = s.t, s.labels, s.settled, s.price, s.ahead.is_open
    start, head, seconds, owned = t.net
    goal, limit, rest = t.destination[k], t.limit[k], t.back[t.destination_row[k]]
    scale = (TIME_STEPS - 1) / max(1, limit)
    settled[:] = FAR
    labels[NODE, 0], labels[TIME, 0], labels[PRICE, 0] = t.origin[k], 0, 0
    labels[BEFORE, 0] = labels[OPENS, 0] = -1
    labels[KEY, 0] = labels[ENTRY, 0] = 0
    made, size = ONE, ONE
    while size:
        size = pop(labels[KEY], labels[ENTRY], size)
        label = labels[ENTRY, size]
        node, time = labels[NODE, label], labels[TIME, label]
        if time >= settled[node]:
            continue
        settled[node] = time
        if node == goal:
            return _traced(s, label)
        for arc in range(start[node], start[node + 1]):
            to, reached, owner = head[arc], time + seconds[arc], owned[arc]
            if reached + min(rest[to], limit + 1) > limit or reached >= settled[to]:
                continue
            paid = labels[PRICE, label]
            if not is_open[owner]:
                at = label
                while at >= 0 and labels[OPENS, at] != owner:
                    at = labels[BEFORE, at]
                if at < 0:
                    paid += price[owner]
            if made == labels.shape[1]:
                return 0
            labels[NODE, made], labels[TIME, made], labels[PRICE, made] = to, reached, paid
            labels[BEFORE, made], labels[OPENS, made] = label, -1 if is_open[owner] else owner
            size = push(labels[KEY], labels[ENTRY], size, paid * TIME_STEPS + int(reached * scale), made)
            made += 1
    return 0


@compiled_inner
def _traced(s: SearchWorkspace, label: Whole) -> int:
    """Make the candidates that the path of a label opens the group, each once; return their number."""
    count = 0
    while label >= 0:
        owner = s.labels[OPENS, label]
        known = owner < 0
        for at in range(count):
            known |= s.group[at] == owner
        if not known:
            s.group[count] = owner
            count += 1
        label = s.labels[BEFORE, label]
    return count

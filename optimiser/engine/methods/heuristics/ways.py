"""Find the cheapest candidates that together bring a pair within its limit."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.state import State
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Integers, Whole, pop, push

KEY, HELD, NODE, TIME, PRICE, FROM, BY = 0, 1, 2, 3, 4, 5, 6
"""Rows of `State.labels`: keys and labels in the heap; then node, time, price, label before and owner."""

FINE = 1 << 20
"""Steps of time within one unit of price in the order of labels."""


@compiled
def prices(s: State) -> None:
    """Write into `s.price` what candidates count in label searches: 1 to 65,536, less when they are liked.

    Parameters
    ----------
    s
        The state; its `tilt` is read.
    """
    top = 1.0
    for j in range(s.price.size):
        top = max(top, s.cost[j] / s.tilt[j])
    for j in range(s.price.size):
        s.price[j] = 1 + int(65535 * s.cost[j] / s.tilt[j] / top)


@compiled
def way(s: State, k: Whole) -> int:
    """List closed candidates of least price that cover a pair; return their number, 0 when none were found.

    Parameters
    ----------
    s
        The state; `listed` is written.
    k
        The pair.

    Notes
    -----
    Labels of price and time are settled in lexicographic order, so that one is dominated at a node when it is
    not faster than the last one settled there (Desrochers and Soumis, INFOR 26 (1988), section 3); what
    cannot arrive in time even with everything built is left out. A candidate counts once on a path. Dominance
    does not see what a path has paid for already, so a cheaper set may be missed where a candidate is used
    twice. With `LABELS` labels made the search gives up.
    """
    labels, settled, price, is_open = s.labels, s.settled, s.price, s.ahead.is_open
    start, head, seconds, owned = s.net
    goal, limit, rest = s.destination[k], s.limit[k], s.back[s.destination_row[k]]
    fine = (FINE - 1) / max(1, limit)
    settled[:] = FAR
    labels[NODE, 0], labels[TIME, 0], labels[PRICE, 0] = s.origin[k], 0, 0
    labels[FROM, 0] = labels[BY, 0] = -1
    made, size = 1, push(labels[KEY], labels[HELD], 0, 0, 0)
    while size:
        size = pop(labels[KEY], labels[HELD], size)
        label = labels[HELD, size]
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
            if not is_open[owner] and not _paid(labels, label, owner):
                paid += price[owner]
            if made == labels.shape[1]:
                return 0
            labels[NODE, made], labels[TIME, made], labels[PRICE, made] = to, reached, paid
            labels[FROM, made], labels[BY, made] = label, -1 if is_open[owner] else owner
            size = push(labels[KEY], labels[HELD], size, paid * FINE + int(reached * fine), made)
            made += 1
    return 0


@compiled
def _paid(labels: Integers, label: Whole, owner: Whole) -> bool:
    """Say whether the path of a label has opened a candidate already."""
    while label >= 0:
        if labels[BY, label] == owner:
            return True
        label = labels[FROM, label]
    return False


@compiled
def _traced(s: State, label: Whole) -> int:
    """List each candidate that the path of a label opens; return their number."""
    count = 0
    while label >= 0:
        owner = s.labels[BY, label]
        known = owner < 0
        for at in range(count):
            known |= s.listed[at] == owner
        if not known:
            s.listed[count] = owner
            count += 1
        label = s.labels[FROM, label]
    return count

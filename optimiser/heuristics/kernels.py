"""Evaluate sets of built candidates, compiled."""

from __future__ import annotations

import numpy as np

from optimiser.compiled import compiled
from optimiser.paths import FAR, Graph, Integers, Mask, Whole, pop, push, times_from
from optimiser.scoring import covered_pairs
from optimiser.tables import Tables


def weight_of(t: Tables, is_open: Mask) -> int:
    """Return the covered weight of a plan."""
    return int(t.weight[covered_pairs(t, is_open)].sum())


@compiled
def losses(t: Tables, is_open: Mask, value: Integers, row: int) -> Integers:
    """Return what the pairs of one origin lose when one open candidate is closed.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1].
    value
        int64 [K], what a covered pair is worth.
    row
        Position of the origin in `t.origins`.

    Returns
    -------
    NDArray
        int64 [J]; -1 for candidates that no fastest path of a covered pair uses.
    """
    low, high = t.first_pair[row], t.first_pair[row + 1]
    radius = t.limit[low:high].max()
    times, before, by = _tree(t.net, is_open, t.origins[row], radius)
    count = is_open.size - 1
    lost = np.full(count, -1, np.int64)
    for k in range(low, high):
        node = t.destination[k]
        if times[node] <= t.limit[k]:
            while before[node] >= 0:
                if by[node] < count:
                    lost[by[node]] = 0
                node = before[node]
    closed = is_open.copy()
    for j in range(count):
        if lost[j] < 0:
            continue
        closed[j] = False
        without = times_from(t.net, closed, t.origins[row], radius)
        closed[j] = True
        for k in range(low, high):
            if times[t.destination[k]] <= t.limit[k] < without[t.destination[k]]:
                lost[j] += value[k]
    return lost


@compiled
def losses_of(t: Tables, is_open: Mask, value: Integers, rows: Integers, lost: Integers) -> None:
    """Write the losses of some origins anew into their rows of a table.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1].
    value
        int64 [K].
    rows
        Positions of origins.
    lost
        int64 [O x J], changed in place.
    """
    for row in rows:
        lost[row] = losses(t, is_open, value, row)


@compiled
def gains(t: Tables, is_open: Mask, value: Integers) -> Integers:
    """Return what opening one more candidate gains, for each that is closed.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1].
    value
        int64 [K], what a covered pair is worth.

    Returns
    -------
    NDArray
        int64 [J]; a pair that needs two arcs of one candidate is not seen.
    """
    nodes, radius = t.net.start.size - 1, t.limit.max()
    away = np.empty((t.origins.size, nodes), np.int64)
    back = np.empty((t.destinations.size, nodes), np.int64)
    for row in range(t.origins.size):
        away[row] = times_from(t.net, is_open, t.origins[row], radius)
    for row in range(t.destinations.size):
        back[row] = times_from(t.back_net, is_open, t.destinations[row], radius)
    gained = np.zeros(is_open.size - 1, np.int64)
    for k in range(t.limit.size):
        a, b = away[t.origin_row[k]], back[t.destination_row[k]]
        if a[t.destination[k]] <= t.limit[k]:
            continue
        for j in t.use[t.use_start[k] : t.use_start[k + 1]]:
            if not is_open[j] and _joins(t, j, a, b, t.limit[k]):
                gained[j] += value[k]
    return gained


@compiled
def _joins(t: Tables, j: int, away: Integers, back: Integers, limit: Whole) -> bool:
    for arc in range(t.arc_start[j], t.arc_start[j + 1]):
        to, on = away[t.arc_tail[arc]], back[t.arc_head[arc]]
        if to <= limit and on <= limit and to + t.arc_seconds[arc] + on <= limit:
            return True
    return False


@compiled
def _tree(net: Graph, is_open: Mask, origin: Whole, radius: Whole) -> tuple[Integers, Integers, Integers]:
    """Return times from a node, and the node and owner before each node on its fastest path."""
    found = np.full(net.start.size - 1, FAR)
    before, by = np.full(net.start.size - 1, -1), np.full(net.start.size - 1, -1)
    heap_time, heap_node = np.empty(net.head.size + 1, np.int64), np.empty(net.head.size + 1, np.int64)
    found[origin] = 0
    size = push(heap_time, heap_node, 0, 0, origin)
    while size:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > found[node]:
            continue
        for arc in range(net.start[node], net.start[node + 1]):
            reached, to = time + net.seconds[arc], net.head[arc]
            if is_open[net.owner[arc]] and reached <= radius and reached < found[to]:
                found[to], before[to], by[to] = reached, node, net.owner[arc]
                size = push(heap_time, heap_node, size, reached, to)
    return found, before, by

"""Evaluate sets of built candidates, compiled."""

from __future__ import annotations

import numpy as np

from optimiser.compiled import compiled
from optimiser.paths import FAR, Integers, Mask, pop, push, times_from
from optimiser.tables import Tables


def covered_pairs(t: Tables, is_open: Mask) -> Mask:
    """Say which pairs are covered.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1], the last place True.
    """
    return _covered(
        t.start, t.head, t.seconds, t.owner, t.origins, t.first_pair, t.destination, t.limit, is_open
    )


def weight_of(t: Tables, is_open: Mask) -> int:
    """Return the covered weight."""
    return int(t.weight[covered_pairs(t, is_open)].sum())


def losses(t: Tables, is_open: Mask, value: Integers, row: int) -> Integers:
    """Return what the pairs of one origin lose when one open candidate is closed, for each candidate.

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
    """
    return _losses(
        t.start, t.head, t.seconds, t.owner, t.origins, t.first_pair, t.destination, t.limit, value, is_open, row
    )


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
    """
    return _gains(
        t.start, t.head, t.seconds, t.owner, t.back_start, t.back_head, t.back_seconds, t.back_owner,
        t.arc_start, t.arc_tail, t.arc_head, t.arc_seconds, t.origins, t.destinations,
        t.origin_row, t.destination_row, t.destination, t.limit, t.use_start, t.use, value, is_open,
    )  # fmt: skip


@compiled
def _covered(
    start: Integers,
    head: Integers,
    seconds: Integers,
    owner: Integers,
    origins: Integers,
    first_pair: Integers,
    destination: Integers,
    limit: Integers,
    is_open: Mask,
) -> Mask:
    found = np.zeros(destination.size, np.bool_)
    for row in range(origins.size):
        low, high = first_pair[row], first_pair[row + 1]
        times = times_from(start, head, seconds, owner, is_open, origins[row], limit[low:high].max())
        for k in range(low, high):
            found[k] = times[destination[k]] <= limit[k]
    return found


@compiled
def _tree(
    start: Integers, head: Integers, seconds: Integers, owner: Integers, is_open: Mask, origin: int, radius: int
) -> tuple[Integers, Integers, Integers]:
    """Return times from a node, and the node and owner before each node on its fastest path."""
    found = np.full(start.size - 1, FAR)
    before, by = np.full(start.size - 1, -1), np.full(start.size - 1, -1)
    heap_time, heap_node = np.empty(head.size + 1, np.int64), np.empty(head.size + 1, np.int64)
    found[origin] = 0
    size = push(heap_time, heap_node, 0, 0, origin)
    while size:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > found[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            reached, to = time + seconds[arc], head[arc]
            if is_open[owner[arc]] and reached <= radius and reached < found[to]:
                found[to], before[to], by[to] = reached, node, owner[arc]
                size = push(heap_time, heap_node, size, reached, to)
    return found, before, by


@compiled
def _losses(
    start: Integers,
    head: Integers,
    seconds: Integers,
    owner: Integers,
    origins: Integers,
    first_pair: Integers,
    destination: Integers,
    limit: Integers,
    value: Integers,
    is_open: Mask,
    row: int,
) -> Integers:
    low, high = first_pair[row], first_pair[row + 1]
    radius = limit[low:high].max()
    times, before, by = _tree(start, head, seconds, owner, is_open, origins[row], radius)
    count = is_open.size - 1
    lost = np.full(count, -1, np.int64)
    for k in range(low, high):
        node = destination[k]
        if times[node] <= limit[k]:
            while before[node] >= 0:
                if by[node] < count:
                    lost[by[node]] = 0
                node = before[node]
    closed = is_open.copy()
    for j in range(count):
        if lost[j] < 0:
            continue
        closed[j] = False
        without = times_from(start, head, seconds, owner, closed, origins[row], radius)
        closed[j] = True
        for k in range(low, high):
            if times[destination[k]] <= limit[k] < without[destination[k]]:
                lost[j] += value[k]
    return lost


@compiled
def _gains(
    start: Integers, head: Integers, seconds: Integers, owner: Integers,
    back_start: Integers, back_head: Integers, back_seconds: Integers, back_owner: Integers,
    arc_start: Integers, arc_tail: Integers, arc_head: Integers, arc_seconds: Integers,
    origins: Integers, destinations: Integers, origin_row: Integers, destination_row: Integers,
    destination: Integers, limit: Integers, use_start: Integers, use: Integers, value: Integers, is_open: Mask,
) -> Integers:  # fmt: skip
    nodes, radius = start.size - 1, limit.max()
    away, back = np.empty((origins.size, nodes), np.int64), np.empty((destinations.size, nodes), np.int64)
    for row in range(origins.size):
        away[row] = times_from(start, head, seconds, owner, is_open, origins[row], radius)
    for row in range(destinations.size):
        back[row] = times_from(
            back_start, back_head, back_seconds, back_owner, is_open, destinations[row], radius
        )
    gained = np.zeros(is_open.size - 1, np.int64)
    for k in range(limit.size):
        a, b = away[origin_row[k]], back[destination_row[k]]
        if a[destination[k]] <= limit[k]:
            continue
        for place in range(use_start[k], use_start[k + 1]):
            j = use[place]
            if is_open[j]:
                continue
            for arc in range(arc_start[j], arc_start[j + 1]):
                to, on = a[arc_tail[arc]], b[arc_head[arc]]
                if to <= limit[k] and on <= limit[k] and to + arc_seconds[arc] + on <= limit[k]:
                    gained[j] += value[k]
                    break
    return gained

"""Find what the closing of a candidate affects in a row of shortest times, and start those nodes anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.heuristics.row_log import log
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Graph, Integers, Mask, Whole, pop, push

if TYPE_CHECKING:
    from optimiser.engine.methods.heuristics.rows import Rows

SUSPECT, AFFECTED = 1, 2
"""Marks of a node while a candidate is closed."""


@compiled
def repaired(r: Rows, row: Whole, j: Whole) -> int:
    """Find what a candidate just closed affects and start those nodes anew; return the size of the heap.

    Parameters
    ----------
    r
        Rows, changed in place; the change is logged.
    row
        The row.
    j
        The candidate.
    """
    count, size = _affected(r, row, j), 0
    if count == 0:
        return 0
    time, mark, listed, is_open = r.time[row], r.mark, r.listed, r.is_open
    start, near, seconds, owner = r.into
    heap_time, heap_node = r.heap_time, r.heap_node
    for at in range(count):
        node = listed[at]
        if mark[node] == AFFECTED:
            log(r.log_at, r.log_time, r.meter, row * time.size + node, time[node])
            time[node] = FAR
            r.touched[row] = True
    for at in range(count):
        node = listed[at]
        if mark[node] != AFFECTED:
            mark[node] = 0
            continue
        best = FAR
        for arc in range(start[node], start[node + 1]):
            if time[near[arc]] < FAR and mark[near[arc]] != AFFECTED and is_open[owner[arc]]:
                best = min(best, time[near[arc]] + seconds[arc])
        if best <= r.reach[row, node]:
            heap_time[size], heap_node[size] = best, node
            size += 1
    for at in range(count):
        mark[listed[at]] = 0
    return _heaped(time, heap_time, heap_node, size)


@compiled
def _heaped(time: Integers, heap_time: Integers, heap_node: Integers, size: int) -> int:
    """Write the times of nodes in an unsorted heap, and sort it; return its size."""
    for at in range(size):
        time[heap_node[at]] = heap_time[at]
        push(heap_time, heap_node, at, heap_time[at], heap_node[at])
    return size


@compiled
def _affected(r: Rows, row: Whole, j: Whole) -> int:
    """List suspects of a closure, the affected ones marked so; return their number."""
    time, mark, is_open = r.time[row], r.mark, r.is_open
    heap_time, heap_node = r.heap_time, r.heap_node
    size = count = 0
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] < FAR and time[tail] + r.arc_seconds[arc] == time[head] and mark[head] == 0:
            mark[head] = SUSPECT
            size = push(heap_time, heap_node, size, time[head], head)
    if size == 0:
        return 0
    start, near, seconds, owner = r.out
    while size:
        size = pop(heap_time, heap_node, size)
        node = heap_node[size]
        r.listed[count] = node
        count += 1
        if _explained(r.into, is_open, mark, time, node):
            continue
        mark[node] = AFFECTED
        for arc in range(start[node], start[node + 1]):
            to = near[arc]
            if mark[to] == 0 and time[node] + seconds[arc] == time[to] and is_open[owner[arc]]:
                mark[to] = SUSPECT
                size = push(heap_time, heap_node, size, time[to], to)
    return count


@compiled
def _explained(into: Graph, is_open: Mask, mark: Integers, time: Integers, node: Whole) -> bool:
    """Say whether an open arc from a node that is not affected gives a node its time."""
    for arc in range(into.start[node], into.start[node + 1]):
        near = into.head[arc]
        if (
            mark[near] != AFFECTED
            and is_open[into.owner[arc]]
            and time[near] + into.seconds[arc] == time[node]
        ):
            return True
    return False

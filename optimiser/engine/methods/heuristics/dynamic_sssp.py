"""Keep shortest times from many nodes right while candidates are opened and closed.

Opening a candidate lets times fall outwards from its arcs. Closing one follows Ramalingam and Reps, "An
incremental algorithm for a generalization of the shortest-path problem", Journal of Algorithms 21 (1996),
section 3.
"""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.compiled import ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import FAR, Graph, Integers, Mask, Whole, pop, push, times_from

LENGTH, OVERFLOWED = 0, 1
"""Places of `ShortestTimes.meter`: entries in the log, and 1 when the log had no room for all of them."""

SUSPECT, AFFECTED = 1, 2
"""Marks of a node while a candidate is closed."""


class ShortestTimes(Record):
    """Times from R nodes to all n nodes over open arcs, with a log of what changed.

    Attributes
    ----------
    out, into
        The arcs by tail and by head.
    arc_start, arc_tail, arc_head, arc_seconds
        Arcs of each candidate: int64 [J + 1], then one place an arc.
    reach
        int64 [R x n]: latest time of interest at each node, in seconds. It may fall by no more along an arc
        than the arc takes, so that what leads to a node of interest is of interest too.
    time
        int64 [R x n], seconds; `FAR` beyond the reach.
    is_open
        bool [J + 1], the last place True.
    touched
        bool [R]: rows that changed since the mark was last taken off.
    log_at, log_time
        int64 [L]: place in `time` and the time it held; or -1 - j for a candidate that changed sides.
    meter
        int64 [2]: see `LENGTH` and `OVERFLOWED`.
    heap_time, heap_node, mark, suspects
        Work space; `mark` int64 [n] is zero between calls.
    """

    out: Graph
    into: Graph
    arc_start: Integers
    arc_tail: Integers
    arc_head: Integers
    arc_seconds: Integers
    reach: Integers
    time: Integers
    is_open: Mask
    touched: Mask
    log_at: Integers
    log_time: Integers
    meter: Integers
    heap_time: Integers
    heap_node: Integers
    mark: Integers
    suspects: Integers


def shortest_times(
    out: Graph,
    into: Graph,
    candidate_arcs: tuple[Integers, Integers, Integers, Integers],
    sources: Integers,
    reach: Integers,
) -> ShortestTimes:
    """Return the times from some nodes with nothing built.

    Parameters
    ----------
    out, into
        The arcs by tail and by head.
    candidate_arcs
        `arc_start`, `arc_tail`, `arc_head` and `arc_seconds` of `ShortestTimes`.
    sources
        int64 [R]: nodes to start from.
    reach
        int64 [R x n], seconds.
    """
    nodes, candidates = out.start.size - 1, candidate_arcs[0].size - 1
    log = max(1 << 14, 2 * len(sources) * nodes)
    heap = out.head.size + candidate_arcs[1].size + nodes + 1
    is_open = np.zeros(candidates + 1, np.bool_)
    is_open[-1] = True
    arc_start, arc_tail, arc_head, arc_seconds = candidate_arcs
    time = np.full((len(sources), nodes), FAR)
    for row, source in enumerate(sources.tolist()):
        time[row] = times_from(out, is_open, source, int(reach[row].max()))
    return ShortestTimes(
        out=out,
        into=into,
        arc_start=arc_start,
        arc_tail=arc_tail,
        arc_head=arc_head,
        arc_seconds=arc_seconds,
        reach=reach,
        time=np.where(time <= reach, time, FAR),
        is_open=is_open,
        touched=np.ones(len(sources), np.bool_),
        log_at=np.empty(log, np.int64),
        log_time=np.empty(log, np.int64),
        meter=np.zeros(2, np.int64),
        heap_time=np.empty(heap, np.int64),
        heap_node=np.empty(heap, np.int64),
        mark=np.zeros(nodes, np.int64),
        suspects=np.empty(nodes, np.int64),
    )


@compiled
def toggle(r: ShortestTimes, j: Whole) -> None:
    """Open a candidate that is closed, or close one that is open, and put all times right.

    Parameters
    ----------
    r
        Changed in place; the change is logged.
    j
        The candidate.

    Notes
    -----
    Invariant: `time` equals a fresh search of Dijkstra over the open arcs.
    """
    r.is_open[j] = not r.is_open[j]
    _log(r, -1 - j, FAR)
    for row in range(r.time.shape[0]):
        size = _open_arcs(r, row, j) if r.is_open[j] else _close_arcs(r, row, j)
        if size:
            _spread(r, row, size)


@compiled_inner
def _log(r: ShortestTimes, at: Whole, time: Whole) -> None:
    """Note what a place held before a change; the meter tells when there was no room for it."""
    length = r.meter[LENGTH]
    if length < r.log_at.size:
        r.log_at[length] = at
        r.log_time[length] = time
        r.meter[LENGTH] = length + 1
    else:
        r.meter[OVERFLOWED] = 1


@compiled_inner
def _spread(r: ShortestTimes, row: Whole, size: int) -> None:
    """Let times fall outwards from the nodes in the heap (Dijkstra)."""
    time, reach, is_open = r.time[row], r.reach[row], r.is_open
    start, head, seconds, owner = r.out
    heap_time, heap_node = r.heap_time, r.heap_node
    while size:
        size = pop(heap_time, heap_node, size)
        now, node = heap_time[size], heap_node[size]
        if now > time[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            reached, to = now + seconds[arc], head[arc]
            if reached < time[to] and reached <= reach[to] and is_open[owner[arc]]:
                _log(r, row * time.size + to, time[to])
                time[to] = reached
                size = push(heap_time, heap_node, size, reached, to)


@compiled_inner
def _open_arcs(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Let the arcs of a candidate just opened shorten times; return the size of the heap."""
    time, size = r.time[row], ZERO
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] >= FAR:
            continue
        reached = time[tail] + r.arc_seconds[arc]
        if reached < time[head] and reached <= r.reach[row, head]:
            _log(r, row * time.size + head, time[head])
            time[head] = reached
            r.touched[row] = True
            size = push(r.heap_time, r.heap_node, size, reached, head)
    return size


@compiled_inner
def _close_arcs(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Give nodes that a closure affects their best time from unaffected ones; return the size of the heap."""
    count = _mark_affected(r, row, j)
    time, mark, suspects = r.time[row], r.mark, r.suspects
    start, near, seconds, owner = r.into
    for at in range(count):
        node = suspects[at]
        if mark[node] == AFFECTED:
            _log(r, row * time.size + node, time[node])
            time[node] = FAR
            r.touched[row] = True
    size = ZERO
    for at in range(count):
        node = suspects[at]
        best = FAR
        if mark[node] == AFFECTED:
            for arc in range(start[node], start[node + 1]):
                if time[near[arc]] < FAR and mark[near[arc]] != AFFECTED and r.is_open[owner[arc]]:
                    best = min(best, time[near[arc]] + seconds[arc])
        if best <= r.reach[row, node]:
            size = push(r.heap_time, r.heap_node, size, best, node)
    for at in range(count):
        mark[suspects[at]] = 0
    # Times are written last: while nodes are given theirs, an affected neighbour must not count.
    for at in range(size):
        time[r.heap_node[at]] = r.heap_time[at]
    return size


@compiled_inner
def _mark_affected(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """List the suspects of a closure and mark the affected ones; return the number of suspects.

    In order of time, a node is affected when no open arc from an unaffected node explains its time. Arcs
    take at least one second, so the nodes that could explain it are decided before it.
    """
    time, mark, is_open = r.time[row], r.mark, r.is_open
    heap_time, heap_node = r.heap_time, r.heap_node
    size, count = ZERO, 0
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] < FAR and time[tail] + r.arc_seconds[arc] == time[head] and mark[head] == 0:
            mark[head] = SUSPECT
            size = push(heap_time, heap_node, size, time[head], head)
    start, near, seconds, owner = r.out
    while size:
        size = pop(heap_time, heap_node, size)
        node = heap_node[size]
        r.suspects[count] = node
        count += 1
        if _is_explained(r, row, node):
            continue
        mark[node] = AFFECTED
        for arc in range(start[node], start[node + 1]):
            to = near[arc]
            if mark[to] == 0 and time[node] + seconds[arc] == time[to] and is_open[owner[arc]]:
                mark[to] = SUSPECT
                size = push(heap_time, heap_node, size, time[to], to)
    return count


@compiled_inner
def _is_explained(r: ShortestTimes, row: Whole, node: Whole) -> bool:
    """Say whether an open arc from a node that is not affected gives a node its time."""
    time, mark = r.time[row], r.mark
    start, near, seconds, owner = r.into
    for arc in range(start[node], start[node + 1]):
        if (
            mark[near[arc]] != AFFECTED
            and r.is_open[owner[arc]]
            and time[near[arc]] + seconds[arc] == time[node]
        ):
            return True
    return False


@compiled
def undo(r: ShortestTimes, length: Whole) -> None:
    """Take back changes until the log has its earlier length (it must not have overflowed since).

    Parameters
    ----------
    r
        Changed in place.
    length
        What `meter[LENGTH]` was.
    """
    nodes, log_at, log_time, is_open = r.time.shape[1], r.log_at, r.log_time, r.is_open
    last = r.meter[LENGTH]
    while last > length:
        last -= 1
        at = log_at[last]
        if at < 0:
            is_open[-1 - at] = not is_open[-1 - at]
        else:
            row = at // nodes
            r.time[row, at - row * nodes] = log_time[last]
            r.touched[row] = True
    r.meter[LENGTH] = last

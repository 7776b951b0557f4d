"""Maintain shortest times from many nodes while candidates are opened and closed.

Opening a candidate propagates shorter times from its arcs. Closing one follows Ramalingam and Reps, "An
incremental algorithm for a generalization of the shortest-path problem", Journal of Algorithms 21 (1996),
section 3.
"""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.compiled import ZERO, Record, compiled, compiled_inner
from optimiser.engine.search.paths import UNREACHED, Graph, Integers, Mask, Whole, pop, push, times_from

LOG_LENGTH, LOG_OVERFLOWED = 0, 1
"""Positions in `ShortestTimes.log_state`: the entries in the log, and 1 once the log was too short."""

SUSPECT, AFFECTED = 1, 2
"""Marks of a node while a candidate is closed."""


class ShortestTimes(Record):
    """Shortest times from R sources to all n nodes over open arcs, with a log for undoing changes.

    Attributes
    ----------
    by_tail, by_head
        All arcs in compressed rows, by tail and by head.
    arc_start, arc_tail, arc_head, arc_seconds
        Arcs of each candidate: int64 [J + 1], then one entry per arc.
    reach
        int64 [R x n]: latest time of interest at each node, in seconds. Along an arc it decreases by at most
        the time of the arc, so that every path to a node of interest passes nodes of interest only.
    time
        int64 [R x n], seconds; `UNREACHED` beyond the reach.
    is_open
        bool [J + 1], the last entry True: it stands for existing arcs.
    touched
        bool [R]: rows that changed since a caller last cleared the flag.
    log_at, log_time
        int64 [L]: flat position in `time` and the previous time; or -1 - j for a candidate that was toggled.
    log_state
        int64 [2]: see `LOG_LENGTH` and `LOG_OVERFLOWED`.
    heap_time, heap_node, mark, suspects
        Working arrays; `mark` int64 [n] is zero between calls.
    """

    by_tail: Graph
    by_head: Graph
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
    log_state: Integers
    heap_time: Integers
    heap_node: Integers
    mark: Integers
    suspects: Integers


def shortest_times(
    by_tail: Graph,
    by_head: Graph,
    candidate_arcs: tuple[Integers, Integers, Integers, Integers],
    sources: Integers,
    reach: Integers,
) -> ShortestTimes:
    """Return the shortest times from the sources with nothing built.

    Parameters
    ----------
    by_tail, by_head
        All arcs in compressed rows, by tail and by head.
    candidate_arcs
        `arc_start`, `arc_tail`, `arc_head` and `arc_seconds` of `ShortestTimes`.
    sources
        int64 [R], nodes.
    reach
        int64 [R x n], latest time of interest at each node, in seconds.
    """
    nodes, candidates = by_tail.start.size - 1, candidate_arcs[0].size - 1
    log = max(1 << 14, 2 * len(sources) * nodes)
    heap = by_tail.head.size + candidate_arcs[1].size + nodes + 1
    is_open = np.zeros(candidates + 1, np.bool_)
    is_open[-1] = True
    arc_start, arc_tail, arc_head, arc_seconds = candidate_arcs
    time = np.full((len(sources), nodes), UNREACHED)
    for row, source in enumerate(sources.tolist()):
        time[row] = times_from(by_tail, is_open, source, int(reach[row].max()))
    return ShortestTimes(
        by_tail=by_tail,
        by_head=by_head,
        arc_start=arc_start,
        arc_tail=arc_tail,
        arc_head=arc_head,
        arc_seconds=arc_seconds,
        reach=reach,
        time=np.where(time <= reach, time, UNREACHED),
        is_open=is_open,
        touched=np.ones(len(sources), np.bool_),
        log_at=np.empty(log, np.int64),
        log_time=np.empty(log, np.int64),
        log_state=np.zeros(2, np.int64),
        heap_time=np.empty(heap, np.int64),
        heap_node=np.empty(heap, np.int64),
        mark=np.zeros(nodes, np.int64),
        suspects=np.empty(nodes, np.int64),
    )


@compiled
def toggle(r: ShortestTimes, j: Whole) -> None:
    """Open a closed candidate, or close an open one, and update all times.

    Parameters
    ----------
    r
        Changed in place; the changes are logged.
    j
        Position of the candidate.

    Notes
    -----
    Invariant: `time` equals the result of Dijkstra's algorithm over the open arcs, within the reach.
    """
    r.is_open[j] = not r.is_open[j]
    _log(r, -1 - j, UNREACHED)
    for row in range(r.time.shape[0]):
        size = _apply_opening(r, row, j) if r.is_open[j] else _apply_closing(r, row, j)
        if size:
            _propagate_decreases(r, row, size)


@compiled_inner
def _log(r: ShortestTimes, at: Whole, time: Whole) -> None:
    """Append a position and its previous time to the log; a full log sets the overflow flag instead."""
    length = r.log_state[LOG_LENGTH]
    if length < r.log_at.size:
        r.log_at[length] = at
        r.log_time[length] = time
        r.log_state[LOG_LENGTH] = length + 1
    else:
        r.log_state[LOG_OVERFLOWED] = 1


@compiled_inner
def _propagate_decreases(r: ShortestTimes, row: Whole, size: int) -> None:
    """Propagate shorter times from the nodes in the heap (Dijkstra's algorithm)."""
    time, reach, is_open = r.time[row], r.reach[row], r.is_open
    start, head, seconds, owner = r.by_tail
    heap_time, heap_node = r.heap_time, r.heap_node
    while size:
        size = pop(heap_time, heap_node, size)
        popped, node = heap_time[size], heap_node[size]
        if popped > time[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            arrival, to = popped + seconds[arc], head[arc]
            if arrival < time[to] and arrival <= reach[to] and is_open[owner[arc]]:
                _log(r, row * time.size + to, time[to])
                time[to] = arrival
                size = push(heap_time, heap_node, size, arrival, to)


@compiled_inner
def _apply_opening(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Shorten times along the arcs of an opened candidate; return the size of the heap of improved nodes."""
    time, size = r.time[row], ZERO
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] >= UNREACHED:
            continue
        arrival = time[tail] + r.arc_seconds[arc]
        if arrival < time[head] and arrival <= r.reach[row, head]:
            _log(r, row * time.size + head, time[head])
            time[head] = arrival
            r.touched[row] = True
            size = push(r.heap_time, r.heap_node, size, arrival, head)
    return size


@compiled_inner
def _apply_closing(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """Reset the nodes that a closing affects; return the size of the heap that holds their tentative times.

    A tentative time comes from an unaffected neighbour. `_propagate_decreases` then settles the affected
    nodes among themselves.
    """
    count = _mark_affected(r, row, j)
    time, mark, suspects = r.time[row], r.mark, r.suspects
    start, neighbour, seconds, owner = r.by_head
    for at in range(count):
        node = suspects[at]
        if mark[node] == AFFECTED:
            _log(r, row * time.size + node, time[node])
            time[node] = UNREACHED
            r.touched[row] = True
    size = ZERO
    for at in range(count):
        node = suspects[at]
        best = UNREACHED
        if mark[node] == AFFECTED:
            for arc in range(start[node], start[node + 1]):
                if (
                    time[neighbour[arc]] < UNREACHED
                    and mark[neighbour[arc]] != AFFECTED
                    and r.is_open[owner[arc]]
                ):
                    best = min(best, time[neighbour[arc]] + seconds[arc])
        if best <= r.reach[row, node]:
            size = push(r.heap_time, r.heap_node, size, best, node)
    for at in range(count):
        mark[suspects[at]] = 0
    # Write times last: a tentative time must not rest on another affected node.
    for at in range(size):
        time[r.heap_node[at]] = r.heap_time[at]
    return size


@compiled_inner
def _mark_affected(r: ShortestTimes, row: Whole, j: Whole) -> int:
    """List the suspects of a closing and mark the affected nodes; return the number of suspects.

    A suspect lost a tight arc (`time[tail] + seconds == time[head]`). It is affected when no other tight arc
    from an unaffected node is left. Suspects are decided in order of time: arcs take at least one second, so
    the tail of every tight arc is decided before its head.
    """
    time, mark, is_open = r.time[row], r.mark, r.is_open
    heap_time, heap_node = r.heap_time, r.heap_node
    size, count = ZERO, 0
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] < UNREACHED and time[tail] + r.arc_seconds[arc] == time[head] and mark[head] == 0:
            mark[head] = SUSPECT
            size = push(heap_time, heap_node, size, time[head], head)
    start, neighbour, seconds, owner = r.by_tail
    while size:
        size = pop(heap_time, heap_node, size)
        node = heap_node[size]
        r.suspects[count] = node
        count += 1
        if _has_tight_arc(r, row, node):
            continue
        mark[node] = AFFECTED
        for arc in range(start[node], start[node + 1]):
            to = neighbour[arc]
            if mark[to] == 0 and time[node] + seconds[arc] == time[to] and is_open[owner[arc]]:
                mark[to] = SUSPECT
                size = push(heap_time, heap_node, size, time[to], to)
    return count


@compiled_inner
def _has_tight_arc(r: ShortestTimes, row: Whole, node: Whole) -> bool:
    """Return whether a tight open arc leads from an unaffected node to this one."""
    time, mark = r.time[row], r.mark
    start, neighbour, seconds, owner = r.by_head
    for arc in range(start[node], start[node + 1]):
        if (
            mark[neighbour[arc]] != AFFECTED
            and r.is_open[owner[arc]]
            and time[neighbour[arc]] + seconds[arc] == time[node]
        ):
            return True
    return False


@compiled
def undo(r: ShortestTimes, length: Whole) -> None:
    """Undo changes, latest first, until the log has an earlier length again.

    Parameters
    ----------
    r
        Changed in place. Its log must not have overflowed since.
    length
        `log_state[LOG_LENGTH]` at the time to return to.
    """
    nodes, log_at, log_time, is_open = r.time.shape[1], r.log_at, r.log_time, r.is_open
    last = r.log_state[LOG_LENGTH]
    while last > length:
        last -= 1
        at = log_at[last]
        if at < 0:
            is_open[-1 - at] = not is_open[-1 - at]
        else:
            row = at // nodes
            r.time[row, at - row * nodes] = log_time[last]
            r.touched[row] = True
    r.log_state[LOG_LENGTH] = last

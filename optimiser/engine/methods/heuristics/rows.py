"""Keep shortest times from many nodes right while candidates are opened and closed."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numba import types
from numba.experimental import structref

from optimiser.engine.methods.heuristics.closing import repaired
from optimiser.engine.methods.heuristics.row_log import BROKEN, LENGTH, log
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Graph, Integers, Mask, Whole, pop, push

__all__ = ["BROKEN", "LENGTH", "Rows", "RowsHeld", "RowsType", "begin", "held", "rows", "toggle", "undo"]


class Rows(NamedTuple):
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
        int64 [2]: see `LENGTH` and `BROKEN`.
    heap_time, heap_node, mark, listed
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
    listed: Integers


@structref.register
class RowsType(types.StructRef):
    """Type of `Rows` in compiled code: one pointer, where a tuple would be passed as a hundred numbers."""


class RowsHeld(structref.StructRefProxy):
    """`Rows` as compiled code takes them: the same arrays behind one pointer."""


structref.define_proxy(RowsHeld, RowsType, list(Rows._fields))  # type: ignore[no-untyped-call] # numba does not say


@compiled
def _held(r: Rows) -> RowsHeld:
    return RowsHeld(  # type: ignore[no-untyped-call] # numba does not say
        r.out,
        r.into,
        r.arc_start,
        r.arc_tail,
        r.arc_head,
        r.arc_seconds,
        r.reach,
        r.time,
        r.is_open,
        r.touched,
        r.log_at,
        r.log_time,
        r.meter,
        r.heap_time,
        r.heap_node,
        r.mark,
        r.listed,
    )


def held(r: Rows) -> Rows:
    """Return rows in the form that the compiled functions take; the arrays are shared.

    Parameters
    ----------
    r
        The rows.
    """
    return cast("Rows", _held(r))


def rows(
    out: Graph,
    into: Graph,
    candidate_arcs: tuple[Integers, Integers, Integers, Integers],
    sources: Integers,
    reach: Integers,
) -> Rows:
    """Return the rows of some nodes with nothing built.

    Parameters
    ----------
    out, into
        The arcs by tail and by head.
    candidate_arcs
        `arc_start`, `arc_tail`, `arc_head` and `arc_seconds` of `Rows`.
    sources
        int64 [R]: nodes to start from.
    reach
        int64 [R x n], seconds.
    """
    nodes, candidates = out.start.size - 1, candidate_arcs[0].size - 1
    room = max(1 << 14, 2 * len(sources) * nodes)
    heap = out.head.size + candidate_arcs[1].size + nodes + 1
    is_open = np.zeros(candidates + 1, np.bool_)
    is_open[-1] = True
    found = Rows(
        out,
        into,
        *candidate_arcs,
        reach=reach,
        time=np.full((len(sources), nodes), FAR),
        is_open=is_open,
        touched=np.ones(len(sources), np.bool_),
        log_at=np.empty(room, np.int64),
        log_time=np.empty(room, np.int64),
        meter=np.zeros(2, np.int64),
        heap_time=np.empty(heap, np.int64),
        heap_node=np.empty(heap, np.int64),
        mark=np.zeros(nodes, np.int64),
        listed=np.empty(nodes, np.int64),
    )
    begin(held(found), sources)
    return found


@compiled
def begin(r: Rows, sources: Integers) -> None:
    """Fill the rows from their sources, and forget the log.

    Parameters
    ----------
    r
        Rows, changed in place.
    sources
        int64 [R].
    """
    for row in range(sources.size):
        time = r.time[row]
        time[:] = FAR
        time[sources[row]] = 0
        _spread(r, row, push(r.heap_time, r.heap_node, 0, 0, sources[row]))
    r.meter[:] = 0


@compiled
def toggle(r: Rows, j: Whole) -> None:
    """Open a candidate that is closed, or close one that is open, and put all times right.

    Parameters
    ----------
    r
        Rows, changed in place; the change is logged.
    j
        The candidate.

    Notes
    -----
    Invariant: `time` equals a fresh search of Dijkstra over the open arcs. Opening lets times fall outwards
    from the new arcs. Closing follows Ramalingam and Reps, Journal of Algorithms 21 (1996), section 3: in
    order of time, a node is affected when no open arc from an unaffected node explains its time (arcs take
    at least one second, so those before it are decided); affected nodes are then searched anew from their
    unaffected neighbours.
    """
    r.is_open[j] = not r.is_open[j]
    log(r.log_at, r.log_time, r.meter, -1 - j, 0)
    for row in range(r.time.shape[0]):
        size = _falling(r, row, j) if r.is_open[j] else repaired(r, row, j)
        if size:
            _spread(r, row, size)


@compiled
def _spread(r: Rows, row: Whole, size: int) -> None:
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
                log(r.log_at, r.log_time, r.meter, row * time.size + to, time[to])
                time[to] = reached
                size = push(heap_time, heap_node, size, reached, to)


@compiled
def _falling(r: Rows, row: Whole, j: Whole) -> int:
    """Let the arcs of a candidate just opened shorten times; return the size of the heap."""
    time, size = r.time[row], 0
    for arc in range(r.arc_start[j], r.arc_start[j + 1]):
        tail, head = r.arc_tail[arc], r.arc_head[arc]
        if time[tail] >= FAR:
            continue
        reached = time[tail] + r.arc_seconds[arc]
        if reached < time[head] and reached <= r.reach[row, head]:
            log(r.log_at, r.log_time, r.meter, row * time.size + head, time[head])
            time[head] = reached
            r.touched[row] = True
            size = push(r.heap_time, r.heap_node, size, reached, head)
    return size


@compiled
def undo(r: Rows, length: Whole) -> None:
    """Take back changes until the log has its earlier length (it must not be broken since).

    Parameters
    ----------
    r
        Rows, changed in place.
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

"""Find time cuts: sets of candidates of which a covered pair needs at least one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Mask, pop, push
from optimiser.engine.search.tables import Tables

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Time cuts `y_pair <= sum of x over candidates`, one after the other.

    Attributes
    ----------
    pair
        int64 [c].
    start
        int64 [c + 1]: candidates of cut i are `candidate[start[i]:start[i + 1]]`.
    candidate
        int64, positions of candidates, rising in each cut.
    """

    pair: Integers
    start: Integers
    candidate: Integers

    def __len__(self) -> int:
        """Return the number of cuts."""
        return len(self.pair)


def separate(
    t: Tables, pairs: Integers, x: Floats, level: Floats, order: Floats, *, margin: float = 1e-6
) -> Cuts:
    """Return a violated minimal time cut for each pair that has one in the order given.

    Parameters
    ----------
    t
        The problem.
    pairs
        int64, positions of pairs to look at.
    x
        float64 [J], how far each candidate is built, 0 to 1.
    level
        float64 [K], how far each pair is said to be covered.
    order
        float64 [J] (one order for all) or [len(pairs) x J]; candidates are opened in rising order of it as
        long as the pair stays uncovered; the refused ones are the cut.
    margin
        Least violation `level - sum of x` of a cut that is returned.
    """
    orders = np.broadcast_to(order, (len(pairs), t.size))
    counts, found = _separate(t, pairs, x, level, np.ascontiguousarray(orders), margin)
    violated = counts > 0
    start = np.concatenate(([0], np.cumsum(counts[violated]))).astype(np.int64)
    return Cuts(pairs[violated], start, found)


class Scratch(NamedTuple):
    """Arrays that the searches work in, so that they are made once."""

    heap_time: Integers
    heap_node: Integers
    log_node: Integers
    log_time: Integers


@compiled
def _separate(
    t: Tables, pairs: Integers, x: Floats, level: Floats, orders: Floats, margin: float
) -> tuple[Integers, Integers]:
    size = 2 * t.net.head.size + 2
    scratch = Scratch(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    )
    counts = np.zeros(pairs.size, np.int64)
    found = np.empty(max(1024, t.use.size), np.int64)
    filled = 0
    for i in range(pairs.size):
        k = pairs[i]
        mine = t.use[t.use_start[k] : t.use_start[k + 1]]
        order = np.argsort(orders[i][mine], kind="mergesort")
        refused = _refused(t, k, mine[order], x, level[k] - margin, scratch)
        if not refused.any():
            continue
        if filled + mine.size > found.size:
            larger = np.empty(2 * found.size + mine.size, np.int64)
            larger[:filled] = found[:filled]
            found = larger
        for j in mine:
            if refused[j]:
                found[filled] = j
                filled += 1
                counts[i] += 1
    return counts, found[:filled].copy()


@compiled
def _refused(t: Tables, k: int, order: Integers, x: Floats, most: float, scratch: Scratch) -> Mask:
    """Open candidates in order while the pair stays uncovered; return the refused, none above `most`."""
    times = t.base[t.origin_row[k]].copy()
    is_open = np.zeros(t.cost.size + 1, np.bool_)
    is_open[-1] = True
    refused = np.zeros(t.cost.size, np.bool_)
    total = 0.0
    for j in order:
        is_open[j] = True
        if _reaches(t, k, j, is_open, times, scratch):
            is_open[j] = False
            refused[j] = True
            total += x[j]
            if total > most:
                refused[:] = False
                break
    return refused


@compiled
def _reaches(t: Tables, k: int, j: int, is_open: Mask, times: Integers, scratch: Scratch) -> bool:
    """Open a candidate in the times from an origin; undo it and say True when the pair is covered then."""
    back_row, limit = t.back[t.destination_row[k]], t.limit[k]
    heap_time, heap_node = scratch.heap_time, scratch.heap_node
    size = 0
    logged = 0
    reached = False
    for arc in range(t.arc_start[j], t.arc_start[j + 1]):
        time, node = times[t.arc_tail[arc]] + t.arc_seconds[arc], t.arc_head[arc]
        if time < times[node] and time + back_row[node] <= limit:
            scratch.log_node[logged], scratch.log_time[logged] = node, times[node]
            logged += 1
            times[node] = time
            size = push(heap_time, heap_node, size, time, node)
    while size and not reached:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > times[node]:
            continue
        reached = node == t.destination[k]
        for arc in range(t.net.start[node], t.net.start[node + 1]):
            later, to = time + t.net.seconds[arc], t.net.head[arc]
            if is_open[t.net.owner[arc]] and later < times[to] and later + back_row[to] <= limit:
                scratch.log_node[logged], scratch.log_time[logged] = to, times[to]
                logged += 1
                times[to] = later
                size = push(heap_time, heap_node, size, later, to)
    if reached:
        for entry in range(logged - 1, -1, -1):
            times[scratch.log_node[entry]] = scratch.log_time[entry]
    return reached

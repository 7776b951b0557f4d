"""Find time cuts: sets of candidates of which a covered pair needs at least one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.compiled import compiled
from optimiser.paths import Integers, Mask, pop, push
from optimiser.tables import Tables

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
    counts, found = _separate(
        t.start,
        t.head,
        t.seconds,
        t.owner,
        t.arc_start,
        t.arc_tail,
        t.arc_head,
        t.arc_seconds,
        t.destination,
        t.limit,
        t.origin_row,
        t.destination_row,
        t.base,
        t.back,
        t.use_start,
        t.use,
        pairs,
        x,
        level,
        np.ascontiguousarray(orders),
        margin,
    )
    violated = counts > 0
    start = np.concatenate(([0], np.cumsum(counts[violated]))).astype(np.int64)
    return Cuts(pairs[violated], start, found)


def joined(parts: list[Cuts]) -> Cuts:
    """Return several lists of cuts as one, each cut once."""
    seen: set[tuple[int, bytes]] = set()
    pair: list[int] = []
    rows: list[Integers] = []
    for part in parts:
        for i in range(len(part)):
            row = part.candidate[part.start[i] : part.start[i + 1]]
            key = (int(part.pair[i]), row.tobytes())
            if key not in seen:
                seen.add(key)
                pair.append(key[0])
                rows.append(row)
    start = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    return Cuts(np.array(pair, np.int64), start, np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64))


@compiled
def _separate(
    start: Integers,
    head: Integers,
    seconds: Integers,
    owner: Integers,
    arc_start: Integers,
    arc_tail: Integers,
    arc_head: Integers,
    arc_seconds: Integers,
    destination: Integers,
    limit: Integers,
    origin_row: Integers,
    destination_row: Integers,
    base: Integers,
    back: Integers,
    use_start: Integers,
    use: Integers,
    pairs: Integers,
    x: Floats,
    level: Floats,
    orders: Floats,
    margin: float,
) -> tuple[Integers, Integers]:
    size = 2 * head.size + 2
    heap_time, heap_node = np.empty(size, np.int64), np.empty(size, np.int64)
    log_node, log_time = np.empty(size, np.int64), np.empty(size, np.int64)
    is_open = np.zeros(arc_start.size, np.bool_)
    counts = np.zeros(pairs.size, np.int64)
    found = np.empty(max(1024, use.size), np.int64)
    filled = 0
    for i in range(pairs.size):
        k = pairs[i]
        mine = use[use_start[k] : use_start[k + 1]]
        times = base[origin_row[k]].copy()
        back_row = back[destination_row[k]]
        is_open[:] = False
        is_open[-1] = True
        refused = np.zeros(x.size, np.bool_)
        total = 0.0
        for place in np.argsort(orders[i][mine], kind="mergesort"):
            j = mine[place]
            is_open[j] = True
            if _reaches(
                start, head, seconds, owner, arc_start, arc_tail, arc_head, arc_seconds, is_open, times,
                back_row, destination[k], limit[k], j, heap_time, heap_node, log_node, log_time,
            ):  # fmt: skip
                is_open[j] = False
                refused[j] = True
                total += x[j]
                if total > level[k] - margin:
                    break
        if total > level[k] - margin:
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
def _reaches(
    start: Integers,
    head: Integers,
    seconds: Integers,
    owner: Integers,
    arc_start: Integers,
    arc_tail: Integers,
    arc_head: Integers,
    arc_seconds: Integers,
    is_open: Mask,
    times: Integers,
    back_row: Integers,
    destination: int,
    limit: int,
    j: int,
    heap_time: Integers,
    heap_node: Integers,
    log_node: Integers,
    log_time: Integers,
) -> bool:
    """Open a candidate in the times from an origin; undo it and say True when the pair is covered then."""
    size = 0
    logged = 0
    reached = False
    for arc in range(arc_start[j], arc_start[j + 1]):
        time, node = times[arc_tail[arc]] + arc_seconds[arc], arc_head[arc]
        if time < times[node] and time + back_row[node] <= limit:
            log_node[logged], log_time[logged] = node, times[node]
            logged += 1
            times[node] = time
            size = push(heap_time, heap_node, size, time, node)
    while size and not reached:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > times[node]:
            continue
        if node == destination:
            reached = True
        for arc in range(start[node], start[node + 1]):
            if not is_open[owner[arc]]:
                continue
            later, to = time + seconds[arc], head[arc]
            if later < times[to] and later + back_row[to] <= limit:
                log_node[logged], log_time[logged] = to, times[to]
                logged += 1
                times[to] = later
                size = push(heap_time, heap_node, size, later, to)
    if reached:
        for entry in range(logged - 1, -1, -1):
            times[log_node[entry]] = log_time[entry]
    return reached

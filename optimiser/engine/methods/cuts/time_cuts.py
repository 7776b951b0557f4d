"""Separate time cuts: without a candidate from each of its cuts, a pair has no path within its limit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np

from optimiser.engine.methods.cuts.packing import (
    CUT,
    LOST,
    PackingWorkspace,
    PathPool,
    new_pool,
    new_workspace,
    pack,
)
from optimiser.engine.search.compiled import compiled, compiled_inner
from optimiser.engine.search.incumbent import Stop, never_stop
from optimiser.engine.search.paths import Integers, Mask, pop, push, starts
from optimiser.engine.search.rows import NO_ROWS, PRICE_UNIT, Floats, Rows, stacked
from optimiser.engine.search.tables import Tables


def separate(
    t: Tables, pairs: Integers, x: Floats, y: Floats, order: Floats, *, margin: float = 1e-6
) -> Rows:
    """Return for each pair the minimal 0/1 time cut that a greedy order gives, where the point violates it.

    Parameters
    ----------
    t
        The problem.
    pairs
        int64, positions of the pairs to separate.
    x, y
        float64 [J] and [K], the point to cut off.
    order
        float64 [J] (one order for all pairs) or [len(pairs) x J], sort keys of the candidates.
    margin
        Least violation `y_k - sum_{j in cut} x_j` of a cut that is returned.

    Notes
    -----
    Candidates are opened in rising order of their keys; one that would cover the pair is refused. The refused
    candidates are a cut, since all others together do not cover the pair. The cut is minimal, since each
    refused candidate covers the pair together with those opened before it.
    """
    orders = np.broadcast_to(order, (len(pairs), t.size))
    usable = (t.use[t.use_start[k] : t.use_start[k + 1]] for k in pairs)
    ranked = [own[np.argsort(keys[own], kind="stable")] for own, keys in zip(usable, orders, strict=True)]
    first = starts([len(own) for own in ranked])
    counts, found = _separate(t, pairs, x, y, np.concatenate([t.use[:0], *ranked]), first, margin)
    violated = counts > 0
    return Rows(pairs[violated], starts(counts[violated]), found, np.ones(len(found)))


class SearchArrays(NamedTuple):
    """Working arrays of the shortest path searches: a heap, and a log of the times that a search changed."""

    heap_time: Integers
    heap_node: Integers
    log_node: Integers
    log_time: Integers


@compiled
def _separate(
    t: Tables, pairs: Integers, x: Floats, y: Floats, ranked: Integers, first: Integers, margin: float
) -> tuple[Integers, Integers]:
    """Return the size of each pair's cut (0: none is violated), and the candidates of all cuts.

    `ranked` has the candidates that each pair can use in the order of its keys, from position `first[i]` on.
    """
    # An arc enters the heap at most once a search for each head it improves; the log holds as many entries.
    size = 2 * t.net.head.size + 2
    arrays = SearchArrays(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    )
    counts = np.zeros(pairs.size, np.int64)
    found = np.empty(ranked.size, np.int64)
    filled = 0
    for i in range(pairs.size):
        k = pairs[i]
        refused = _refused(t, k, ranked[first[i] : first[i + 1]], x, y[k] - margin, arrays)
        for j in t.use[t.use_start[k] : t.use_start[k + 1]]:
            if refused[j]:
                found[filled] = j
                filled += 1
                counts[i] += 1
    return counts, found[:filled].copy()


@compiled_inner
def _most_terms(t: Tables, pairs: Integers) -> int:
    """Return the number of candidates that pairs can use, which one cut of each has at most."""
    most = 0
    for k in pairs:
        most += t.use_start[k + 1] - t.use_start[k]
    return most


@compiled_inner
def _refused(t: Tables, k: int, order: Integers, x: Floats, most: float, arrays: SearchArrays) -> Mask:
    """Return bool [J], the candidates refused in the given order; none if their x add up to more than `most`.

    Invariant: `times` are the shortest times from the origin over existing arcs and opened candidates, where
    they can still lie on a path within the limit.
    """
    times = t.base[t.origin_row[k]].copy()
    is_open = np.zeros(t.cost.size + 1, np.bool_)
    is_open[-1] = True
    refused = np.zeros(t.cost.size, np.bool_)
    total = 0.0
    for j in order:
        is_open[j] = True
        if _covers_pair(t, k, j, is_open, times, arrays):
            is_open[j] = False
            refused[j] = True
            total += x[j]
            if total > most:
                refused[:] = False
                break
    return refused


@compiled_inner
def _covers_pair(t: Tables, k: int, j: int, is_open: Mask, times: Integers, arrays: SearchArrays) -> bool:
    """Open candidate j and repair the times from the origin; if that covers the pair, undo it, return True.

    Times can only fall, so a search that starts from the improved heads of j's arcs is enough. It leaves out
    nodes from which the destination is out of reach even with everything built.
    """
    to_destination, limit = t.to_destination[t.destination_row[k]], t.limit[k]
    heap_time, heap_node = arrays.heap_time, arrays.heap_node
    size = 0
    logged = 0
    reached = False
    for arc in range(t.arc_start[j], t.arc_start[j + 1]):
        time, node = times[t.arc_tail[arc]] + t.arc_seconds[arc], t.arc_head[arc]
        if time < times[node] and time + to_destination[node] <= limit:
            arrays.log_node[logged], arrays.log_time[logged] = node, times[node]
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
            if is_open[t.net.owner[arc]] and later < times[to] and later + to_destination[to] <= limit:
                arrays.log_node[logged], arrays.log_time[logged] = to, times[to]
                logged += 1
                times[to] = later
                size = push(heap_time, heap_node, size, later, to)
    if reached:
        # Undo in reverse order: a node may be in the log more than once, and its first entry is the old time.
        for entry in range(logged - 1, -1, -1):
            times[arrays.log_node[entry]] = arrays.log_time[entry]
    return reached


TOLERANCE = 0.5
"""Tolerance of a packing where no point is cut off: the last columns take most of the time of pairs with much
slack, and later rounds find better cuts where they matter."""

PORTION = 16
"""Pairs of one compiled call of a separation: between two calls the clock is read, and the threads that share
the pairs have equal work."""


def in_portions(pairs: Integers, stop: Stop) -> Iterator[Integers]:
    """Yield pairs in portions, until the time is up.

    Parameters
    ----------
    pairs
        int64, positions of pairs.
    stop
        Called before each portion.
    """
    for at in range(0, len(pairs), PORTION):
        if stop():
            return
        yield pairs[at : at + PORTION]


class FractionalCuts:
    """Separates fractional time cuts: prices at which every path within the limit costs at least 1.

    Paths and cuts are kept between calls, since most of them are needed again.

    Parameters
    ----------
    t
        A reduced problem.
    stop
        Returns whether the time is up; the remaining pairs are then not separated.
    threads
        Threads that separate pairs at the same time; the cuts do not depend on it, and it may be lowered.
    """

    def __init__(self, t: Tables, *, stop: Stop = never_stop, threads: int = 1) -> None:
        self._t, self.stop = t, stop
        self._pool = new_pool(t)
        self.threads = threads
        self._free = SimpleQueue[PackingWorkspace]()
        for _ in range(threads):
            self._free.put(new_workspace(t))

    def violated(
        self,
        pairs: Integers,
        x: Floats,
        y: Floats,
        *,
        core_point: Floats,
        in_out_weight: float,
        margin: float,
    ) -> Rows:
        """Return a violated cut for each pair that has one.

        Parameters
        ----------
        pairs
            int64, positions of the pairs to separate.
        x, y
            float64 [J] and [K], the point to cut off.
        core_point
            float64 [J], a point in the interior of the relaxation.
        in_out_weight, margin
            As for `CutFinder.violated`.
        """
        x = np.clip(x, 0.0, 1.0)
        target = y - margin

        def pack_pairs(portion: Integers) -> list[tuple[Rows, Integers]]:
            if self.stop():
                return []
            workspace = self._free.get()
            try:
                counts, candidate, value = _violated(
                    self._t, portion, x, target, core_point, in_out_weight, self._pool, workspace
                )
            finally:
                self._free.put(workspace)
            rows = Rows(portion[counts > 0], starts(counts[counts > 0]), candidate, value)
            return [(rows, portion[counts < 0])]

        portions = list(in_portions(pairs, never_stop))
        if self.threads == 1 or len(portions) == 1:
            results = [pack_pairs(portion) for portion in portions]
        else:
            with ThreadPoolExecutor(self.threads) as executor:
                results = list(executor.map(pack_pairs, portions))
        parts = [part for result in results for part in result]
        packed = [NO_ROWS, *(rows for rows, _ in parts)]
        lost = [np.zeros(0, np.int64), *(pairs for _, pairs in parts)]
        # Where the packing failed, fall back on the greedy cut that opens large x first.
        greedy = [
            separate(self._t, portion, x, y, -x, margin=margin)
            for portion in in_portions(np.concatenate(lost), self.stop)
        ]
        return stacked(*packed, *greedy)


@compiled
def _violated(
    t: Tables,
    pairs: Integers,
    x: Floats,
    target: Floats,
    core_point: Floats,
    in_out_weight: float,
    pool: PathPool,
    workspace: PackingWorkspace,
) -> tuple[Integers, Integers, Floats]:
    """Return the number of terms of each pair's cut (0: none, -1: the packing failed), and all terms.

    The first packing, at the point itself, only decides whether a violated cut exists. The cut itself is
    separated at a point on the way to the core point (in-out separation), and nearer to the point where that
    cut does not cut the point off; at last the point itself is separated exactly. `target` is y less the
    margin.
    """
    counts = np.zeros(pairs.size, np.int64)
    candidate = np.empty(_most_terms(t, pairs), np.int64)
    value = np.empty(candidate.size, np.float64)
    filled = 0
    for i in range(pairs.size):
        k = pairs[i]
        usable = t.use[t.use_start[k] : t.use_start[k + 1]]
        tolerance = 0.0 if np.isfinite(target[k]) else TOLERANCE
        if np.isfinite(target[k]):
            ending = pack(t, k, x, target[k], 0.0, pool, workspace)
            if ending != CUT:
                counts[i] = -1 if ending == LOST else 0
                continue
        for part, most in ((1.0, np.inf), (0.1, np.inf), (0.0, np.inf), (0.0, target[k])):
            share = part * in_out_weight
            capacity = (1.0 - share) * x + share * core_point
            ending = pack(t, k, capacity, most, tolerance, pool, workspace)
            counts[i] = -1 if ending == LOST else 0
            if ending == CUT:
                total, count = 0.0, 0
                for j in usable:
                    if workspace.price[j] > 0:
                        candidate[filled + count] = j
                        value[filled + count] = workspace.price[j] / PRICE_UNIT
                        total += value[filled + count] * x[j]
                        count += 1
                if total < target[k]:
                    counts[i] = count
                    filled += count
                    break
    return counts, candidate[:filled].copy(), value[:filled].copy()

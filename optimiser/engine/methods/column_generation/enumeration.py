"""List every set of candidates that brings a pair within its limit, where there are few."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from optimiser.engine.methods.column_generation.columns import Columns, joined
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.label_store import Floats, Labels, Scratch, new_labels, pop, push
from optimiser.engine.search.labels import look_ahead
from optimiser.engine.search.paths import Integers, Mask, Whole
from optimiser.engine.search.tables import Tables

BLOCK = 64
"""Pairs from one look at the clock to the next."""


class Caps(NamedTuple):
    """How far an enumeration goes.

    Attributes
    ----------
    columns
        Most sets of a pair.
    labels
        Most labels of a search.
    """

    columns: int
    labels: int


class Asked(NamedTuple):
    """What all pairs go by, as in `enumerate_sets`."""

    price: Floats
    most: Floats
    free: Mask


class Way(NamedTuple):
    """What the search of one pair goes by.

    Attributes
    ----------
    pair
        Position of the pair.
    most
        Sets of this price or dearer are left out.
    price
        float64 [J].
    bit
        int64 [J]: place of a candidate in the sets, -1 for those that are left out of them.
    """

    pair: Whole
    most: float
    price: Floats
    bit: Integers


class Enumerated(NamedTuple):
    """What an enumeration found.

    Attributes
    ----------
    columns
        Minimal enabling sets of the pairs that were completed.
    complete
        bool [K]: every minimal enabling set within its price is there.
    """

    columns: Columns
    complete: Mask


def enumerate_sets(
    t: Tables,
    price: Floats,
    most: Floats,
    free: Mask,
    scratch: Scratch,
    caps: Caps,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Enumerated:
    """Return all minimal sets of candidates that enable each pair below a price.

    Parameters
    ----------
    t
        The problem.
    price
        float64, aligned with `t.use`, >= 0: what a path of the pair pays for each candidate; infinite for
        candidates that are not built.
    most
        float64 [K]: sets of this price or dearer are left out.
    free
        bool [J]: candidates that are built in any case, and are left out of the sets.
    scratch
        From `new_scratch`.
    caps
        A pair that goes beyond these is given up.
    stop
        Asked between blocks of pairs; the pairs left are then given up.

    Notes
    -----
    Label setting with dominance on sets: a label is needless when one at the same node is no later and has a
    subset of its candidates, or when a set that enables the pair is a subset of its candidates. Labels come
    in order of size, then time, so that what is settled is never dominated later (invariant), and what is
    settled at the destination is minimal.
    """
    words = -(-int(np.diff(t.use_start).max(initial=1)) // 63)
    room = new_labels(caps.labels + 1, words)
    complete = np.zeros(len(most), np.bool_)
    parts: list[Columns] = []
    asked = Asked(price, most, free)
    for low in range(0, len(most), BLOCK):
        if stop():
            break
        pairs = np.arange(low, min(low + BLOCK, len(most)))
        pair, start, rows = _enumerate(t, pairs, asked, scratch, room, complete, caps.columns)
        parts.append(Columns(pair, start, rows))
    return Enumerated(joined(parts), complete)


@compiled
def _enumerate(
    t: Tables,
    pairs: Integers,
    asked: Asked,
    scratch: Scratch,
    room: Labels,
    complete: Mask,
    columns: int,
) -> tuple[Integers, Integers, Integers]:
    alpha = np.full(t.cost.size, np.inf)
    bit_of = np.zeros(t.cost.size, np.int64)
    ends = np.empty(columns, np.int64)
    pair, start = [np.int64(0) for _ in range(0)], [np.int64(0)]
    rows = np.empty(1024, np.int64)
    filled = 0
    for k in pairs:
        low, high = t.use_start[k], t.use_start[k + 1]
        for u in range(low, high):
            bit_of[t.use[u]] = -1 if asked.free[t.use[u]] else u - low
            alpha[t.use[u]] = 0.0 if asked.free[t.use[u]] else asked.price[u]
        count = _sets_of(t, Way(k, asked.most[k], alpha, bit_of), scratch, room, ends)
        if count < 0:
            continue
        complete[k] = True
        for i in range(count):
            while filled + high - low > rows.size:
                rows = np.concatenate((rows, rows))
            for u in range(low, high):
                bit = u - low
                if room.paid[ends[i], bit // 63] >> (bit % 63) & 1:
                    rows[filled] = t.use[u]
                    filled += 1
            pair.append(np.int64(k))
            start.append(np.int64(filled))
    return np.array(pair), np.array(start), rows[:filled].copy()


@compiled
def _sets_of(t: Tables, way: Way, scratch: Scratch, room: Labels, ends: Integers) -> int:
    """Write the labels of the minimal sets of a pair to `ends`; return how many, or -1 beyond the caps."""
    k = way.pair
    scratch.turn[0] += 1
    if not way.most > 0.0 or not look_ahead(t, k, way.price, way.most, scratch):
        return 0
    room.node[0], room.time[0], room.price[0], room.paid[0] = t.origin[k], 0, 0.0, 0
    size, filled, found = push(room, 0, 0.0, 0, 0), 1, 0
    while size:
        size = pop(room, size)
        at, members = room.entry[size], room.key[size]
        node, here = room.node[at], scratch.visited[room.node[at]] == scratch.turn[0]
        if _needless(room, at, scratch.last[node] if here else -1, ends, found):
            continue
        room.below[at] = scratch.last[node] if here else -1
        scratch.last[node], scratch.visited[node] = at, scratch.turn[0]
        if node == t.destination[k]:
            if found == ends.size:
                return -1
            ends[found] = at
            found += 1
            continue
        for arc in range(t.net.start[node], t.net.start[node + 1]):
            added = _extend(t, way, scratch, room, at, arc, filled)
            to = room.node[filled]
            here = scratch.visited[to] == scratch.turn[0]
            if added < 0 or _needless(room, filled, scratch.last[to] if here else -1, ends, found):
                continue
            later = room.time[filled] + t.back[t.destination_row[k], to]
            size = push(room, size, members + added, later, filled)
            filled += 1
            if filled == room.node.size:
                return -1
    return found


@compiled
def _extend(t: Tables, way: Way, scratch: Scratch, room: Labels, old: Whole, arc: Whole, new: Whole) -> int:
    """Write the label that an arc makes of an old one; return the candidates added, -1 when of no use."""
    to, j = t.net.head[arc], t.net.owner[arc]
    time = room.time[old] + t.net.seconds[arc]
    room.node[new], room.time[new], room.price[new] = to, time, room.price[old]
    if (
        scratch.seen[to] != scratch.turn[0]
        or time + t.back[t.destination_row[way.pair], to] > t.limit[way.pair]
    ):
        return -1
    room.paid[new] = room.paid[old]
    added = 0
    if j < way.bit.size and way.bit[j] >= 0:
        word, bit = way.bit[j] // 63, np.int64(1) << (way.bit[j] % 63)
        if not room.paid[new, word] & bit:
            room.paid[new, word] |= bit
            room.price[new] += way.price[j]
            added = 1
    return added if room.price[new] < way.most else -1


@compiled
def _needless(room: Labels, new: Whole, last: Whole, ends: Integers, found: int) -> bool:
    """Say whether a label at the same node or a set found makes a new label needless."""
    old = last
    while old >= 0:
        if room.time[old] <= room.time[new] and _within(room.paid, old, new):
            return True
        old = room.below[old]
    i = 0
    while i < found and not _within(room.paid, ends[i], new):
        i += 1
    return i < found


@compiled
def _within(paid: Integers, small: Whole, large: Whole) -> bool:
    """Say whether the bits of one row are among those of another."""
    word, words = 0, paid.shape[1]
    while word < words and not paid[small, word] & ~paid[large, word]:
        word += 1
    return bool(word == words)

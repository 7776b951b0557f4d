"""Hold the labels of a search, and the heap of those to expand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Whole
from optimiser.engine.search.tables import Tables

type Floats = NDArray[np.float64]

FIRST_LABELS = 4096
"""Labels that a scratch holds; a search that needs more makes larger arrays for itself."""


class Labels(NamedTuple):
    """Labels of a search and the heap of those to expand.

    Attributes
    ----------
    node, time, before, candidate, below
        int64 [labels]: where it is, seconds, label it came from, candidate of the last arc (J: none), and the
        label settled before it at the same node.
    price, spread
        float64 [labels]: price of the set, and the same with the prices of lines spread over their arcs.
    paid
        int64 [labels x words]: lines paid for, one bit each.
    key, second, entry
        float64, int64, int64 [labels + 1]: the heap; least bound of price first, then of time.
    """

    node: Integers
    time: Integers
    before: Integers
    candidate: Integers
    below: Integers
    price: Floats
    spread: Floats
    paid: Integers
    key: Floats
    second: Integers
    entry: Integers


class Scratch(NamedTuple):
    """Arrays that the searches of one problem work in; not to be shared by threads.

    Attributes
    ----------
    turn
        int64 [1]: number of the current search; what a node holds is of now where its stamp is that number.
    seen, ahead
        int64 and float64 [n]: stamp, and least price from the node to the destination.
    visited, last, earliest
        int64 [n]: stamp, the label settled last, and the least time of those settled.
    slot
        int64 [J]: number of a line, -1 for a candidate that a simple path uses once.
    share
        float64 [J]: one over the most arcs that a simple path takes of a candidate.
    lines
        int64 [lines]: candidate of each line.
    labels
        Labels and heap.
    """

    turn: Integers
    seen: Integers
    ahead: Floats
    visited: Integers
    last: Integers
    earliest: Integers
    slot: Integers
    share: Floats
    lines: Integers
    labels: Labels


def new_scratch(t: Tables) -> Scratch:
    """Return the arrays that searches of a problem work in.

    Parameters
    ----------
    t
        The problem.
    """
    n = t.net.start.size - 1
    most = np.array([_arcs_at_most(t, j) for j in range(t.size)], dtype=np.int64)
    slot = np.where(most > 1, np.cumsum(most > 1) - 1, -1)
    words = -(-int((most > 1).sum()) // 63)
    return Scratch(
        turn=np.zeros(1, np.int64),
        seen=np.zeros(n, np.int64),
        ahead=np.zeros(n),
        visited=np.zeros(n, np.int64),
        last=np.zeros(n, np.int64),
        earliest=np.zeros(n, np.int64),
        slot=slot.astype(np.int64),
        share=1.0 / np.maximum(most, 1),
        lines=np.flatnonzero(most > 1).astype(np.int64),
        labels=new_labels(max(FIRST_LABELS, t.net.head.size + 2), words),
    )


def _arcs_at_most(t: Tables, j: int) -> int:
    """Return the most arcs of a candidate that a simple path can take."""
    arcs = range(t.arc_start[j], t.arc_start[j + 1])
    links = {frozenset((int(t.arc_tail[a]), int(t.arc_head[a]))) for a in arcs}
    nodes: set[int] = set().union(*links)
    return min(len(links), len(nodes) - 1)


@compiled
def new_labels(count: int, words: int) -> Labels:
    """Return room for labels, with so many words of lines paid for in each."""
    return Labels(
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.float64),
        np.empty(count, np.float64),
        np.zeros((count, words), np.int64),
        np.empty(count + 1, np.float64),
        np.empty(count + 1, np.int64),
        np.empty(count + 1, np.int64),
    )


@compiled
def larger(labels: Labels) -> Labels:
    """Return the same labels and heap with twice the room."""
    count, words = labels.paid.shape
    new = new_labels(2 * count, words)
    new.node[:count] = labels.node
    new.time[:count] = labels.time
    new.before[:count] = labels.before
    new.candidate[:count] = labels.candidate
    new.below[:count] = labels.below
    new.price[:count] = labels.price
    new.spread[:count] = labels.spread
    new.paid[:count] = labels.paid
    new.key[: count + 1] = labels.key
    new.second[: count + 1] = labels.second
    new.entry[: count + 1] = labels.entry
    return new


@compiled
def push(heap: Labels, size: int, key: float, second: Whole, entry: Whole) -> int:
    """Put an entry into the heap; return its new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap.key[above] < key or (heap.key[above] == key and heap.second[above] <= second):
            break
        heap.key[at] = heap.key[above]
        heap.second[at] = heap.second[above]
        heap.entry[at] = heap.entry[above]
        at = above
    heap.key[at] = key
    heap.second[at] = second
    heap.entry[at] = entry
    return size + 1


@compiled
def pop(heap: Labels, size: int) -> int:
    """Take the first entry off the heap; it is left at the old last place. Return the new size."""
    size -= 1
    key, second, entry = heap.key[size], heap.second[size], heap.entry[size]
    first = (heap.key[0], heap.second[0], heap.entry[0])
    at = 0
    while True:
        next_ = 2 * at + 1
        if next_ >= size:
            break
        if next_ + 1 < size and (
            heap.key[next_ + 1] < heap.key[next_]
            or (heap.key[next_ + 1] == heap.key[next_] and heap.second[next_ + 1] < heap.second[next_])
        ):
            next_ += 1
        if heap.key[next_] > key or (heap.key[next_] == key and heap.second[next_] >= second):
            break
        heap.key[at] = heap.key[next_]
        heap.second[at] = heap.second[next_]
        heap.entry[at] = heap.entry[next_]
        at = next_
    heap.key[at] = key
    heap.second[at] = second
    heap.entry[at] = entry
    heap.key[size], heap.second[size], heap.entry[size] = first
    return size

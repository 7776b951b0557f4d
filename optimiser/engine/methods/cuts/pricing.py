"""Find the cheapest path of a pair within its time limit, when candidates have prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Integers, Mask, pop, push
from optimiser.engine.search.tables import Tables

ONE = 2**20
"""Prices are integers; this one stands for 1, so that a path is at least 1 or not, without rounding."""

_SHIFT = 2**40
_TIME = _SHIFT - 1
_MOST_LABELS = 1 << 18


class Labels(NamedTuple):
    """Arrays that the search works in, made once a thread.

    Attributes
    ----------
    node, time, price, before, owner, following
        int64, one place a label; `before` is the label it came from, `owner` the candidate of its last arc (J
        for what is open today), `following` the next settled label of the same node.
    first
        int64 [n], the settled labels of each node.
    rest
        int64 [n], least price from a node on, whatever the time.
    heap_key, heap_label
        The heap; it has room for every arc once, which is what `_rests` may put there.
    """

    node: Integers
    time: Integers
    price: Integers
    before: Integers
    owner: Integers
    following: Integers
    first: Integers
    rest: Integers
    heap_key: Integers
    heap_label: Integers


def new_labels(t: Tables) -> Labels:
    """Return arrays for searches on a problem.

    Parameters
    ----------
    t
        The problem.
    """
    nodes, heap = len(t.net.start) - 1, max(_MOST_LABELS, len(t.net.head) + 1)
    labels = [np.empty(_MOST_LABELS, np.int64) for _ in range(6)]
    return Labels(
        node=labels[0],
        time=labels[1],
        price=labels[2],
        before=labels[3],
        owner=labels[4],
        following=labels[5],
        first=np.empty(nodes, np.int64),
        rest=np.empty(nodes, np.int64),
        heap_key=np.empty(heap, np.int64),
        heap_label=np.empty(heap, np.int64),
    )


def winding(t: Tables) -> Mask:
    """Say which candidates a path may use twice, at places apart: those with more than one link.

    Parameters
    ----------
    t
        The problem.

    Returns
    -------
    NDArray
        bool [J + 1]. Two arcs that are each other's reverse count as one link, since no fastest path uses
        both.
    """
    found = np.zeros(t.size + 1, np.bool_)
    for j in range(t.size):
        arcs = slice(t.arc_start[j], t.arc_start[j + 1])
        ends = zip(t.arc_tail[arcs].tolist(), t.arc_head[arcs].tolist(), strict=True)
        found[j] = len({(min(a, b), max(a, b)) for a, b in ends}) > 1
    return found


@compiled
def cheapest_path(
    t: Tables, k: int, price: Integers, most: int, winds: Mask, work: Labels, found: Integers
) -> tuple[int, int]:
    """Return the least price of a path of a pair within its limit, and write down what it is made of.

    Parameters
    ----------
    t
        The problem.
    k
        The pair.
    price
        int64 [J + 1], price of each candidate >= 0, in units of `ONE`; the last is 0. A path pays once for a
        candidate, however many of its arcs it uses.
    most
        Only paths cheaper than this count.
    winds
        bool [J + 1] (`winding`).
    work
        Arrays to work in.
    found
        int64, takes the candidates of the path, in no order.

    Returns
    -------
    tuple
        Price (`most` when there is no cheaper path, -1 when the search grew too large) and number of
        candidates (-1 when they are more than `found` has places).

    Notes
    -----
    Label setting for the shortest path with one resource (Desrochers and Soumis 1988), in order of price and
    a lower bound of the price ahead. Invariant: labels leave the heap in rising order of price + `rest`, so
    that the first at the destination is the cheapest. A label a at the same node stands for b when it is no
    later, and no dearer even if b is given back all that it paid for winding candidates that a has not: then
    whatever follows b costs no more after a.
    """
    rest = _rests(t, k, price, most, winds, work)
    origin, destination, limit = t.origin[k], t.destination[k], t.limit[k]
    back = t.back[t.destination_row[k]]
    if rest[origin] >= most or back[origin] > limit:
        return most, 0
    work.first[:] = -1
    work.node[0], work.time[0], work.price[0], work.before[0], work.owner[0] = (
        origin,
        0,
        0,
        -1,
        price.size - 1,
    )
    size = push(work.heap_key, work.heap_label, 0, rest[origin] * _SHIFT, 0)
    count = 1
    while size:
        size = pop(work.heap_key, work.heap_label, size)
        label = work.heap_label[size]
        node = work.node[label]
        if node == destination:
            return work.price[label], _listed(work, label, price.size - 1, found)
        if _stood_for(work, label, price, winds):
            continue
        work.following[label] = work.first[node]
        work.first[node] = label
        for arc in range(t.net.start[node], t.net.start[node + 1]):
            head = t.net.head[arc]
            time = work.time[label] + t.net.seconds[arc]
            if back[head] > limit or time + back[head] > limit:
                continue
            owner = t.net.owner[arc]
            paid = work.price[label]
            if price[owner] > 0 and not (winds[owner] and _holds(work, label, owner)):
                paid += price[owner]
            if paid + rest[head] >= most:
                continue
            if count >= work.node.size or size >= work.heap_key.size:
                return -1, 0
            work.node[count], work.time[count], work.price[count] = head, time, paid
            work.before[count], work.owner[count] = label, owner
            key = (paid + rest[head]) * _SHIFT + min(time, _TIME)
            size = push(work.heap_key, work.heap_label, size, key, count)
            count += 1
    return most, 0


@compiled
def _rests(t: Tables, k: int, price: Integers, most: int, winds: Mask, work: Labels) -> Integers:
    """Return a lower bound of the price from each node to the destination: winding candidates for nothing."""
    rest = work.rest
    rest[:] = FAR
    away, limit = t.away[t.origin_row[k]], t.limit[k]
    back = t.back[t.destination_row[k]]
    destination = t.destination[k]
    rest[destination] = 0
    size = push(work.heap_key, work.heap_label, 0, 0, destination)
    while size:
        size = pop(work.heap_key, work.heap_label, size)
        paid, node = work.heap_key[size], work.heap_label[size]
        if paid > rest[node]:
            continue
        for arc in range(t.back_net.start[node], t.back_net.start[node + 1]):
            tail = t.back_net.head[arc]
            if away[tail] > limit or away[tail] + t.back_net.seconds[arc] + back[node] > limit:
                continue
            owner = t.back_net.owner[arc]
            total = paid if winds[owner] else paid + price[owner]
            if total < most and total < rest[tail]:
                rest[tail] = total
                size = push(work.heap_key, work.heap_label, size, total, tail)
    return rest


@compiled
def _stood_for(work: Labels, label: int, price: Integers, winds: Mask) -> bool:
    other = work.first[work.node[label]]
    while other >= 0:
        if work.time[other] <= work.time[label] and work.price[other] <= work.price[label]:
            spare = work.price[label] - work.price[other]
            at = label
            while at >= 0 and spare >= 0:
                owner = work.owner[at]
                if winds[owner] and not (_holds(work, other, owner) or _holds(work, work.before[at], owner)):
                    spare -= price[owner]
                at = work.before[at]
            if spare >= 0:
                return True
        other = work.following[other]
    return False


@compiled
def _holds(work: Labels, label: int, owner: int) -> bool:
    while label >= 0:
        if work.owner[label] == owner:
            return True
        label = work.before[label]
    return False


@compiled
def _listed(work: Labels, label: int, today: int, found: Integers) -> int:
    count = 0
    while label >= 0:
        owner = work.owner[label]
        if owner != today and not _holds(work, work.before[label], owner):
            if count >= found.size:
                return -1
            found[count] = owner
            count += 1
        label = work.before[label]
    return count

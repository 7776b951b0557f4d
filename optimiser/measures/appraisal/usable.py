"""Search a network laid out in rows for what lies on fastest paths, and for what could lie on one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Graph, Integers, Mask, Whole, pop, push, times_from
from optimiser.measures.appraisal.asked import Asked


def tails(net: Graph) -> Integers:
    """Return the tail of each arc."""
    found: Integers = np.repeat(np.arange(net.start.size - 1), np.diff(net.start))
    return found


def turned(net: Graph) -> Graph:
    """Return the network with every arc turned round."""
    order = np.argsort(net.head, kind="stable")
    return _in_rows(net, net.head[order], tails(net)[order], net.seconds[order], net.owner[order])


def some_arcs(net: Graph, kept: Mask) -> Graph:
    """Return the network with some of its arcs.

    Parameters
    ----------
    net
        All arcs.
    kept
        bool [m].
    """
    return _in_rows(net, tails(net)[kept], net.head[kept], net.seconds[kept], net.owner[kept])


def _in_rows(net: Graph, tail: Integers, head: Integers, seconds: Integers, owner: Integers) -> Graph:
    counts = np.bincount(tail, minlength=net.start.size - 1)
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Graph(start=start, head=head.astype(np.int64), seconds=seconds, owner=owner)


def usable(net: Graph, is_open: Mask, asked: Asked) -> tuple[Mask, Mask]:
    """Return which arcs pairs can use within their limits, and which pairs can use which candidates.

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [J + 1]: the most that is ever open.
    asked
        The pairs.

    Returns
    -------
    arcs, candidates
        bool [m], and bool [A, J + 1], whose last column stands for what is open today.
    """
    ends, end = np.unique(asked.destination, return_inverse=True)
    away = rows_from(net, is_open, asked.origins)
    back = rows_from(turned(net), is_open, ends)
    tail, arcs = tails(net), np.zeros(net.head.size, dtype=np.bool_)
    candidates = np.zeros((asked.pair.size, is_open.size), dtype=np.bool_)
    for row in range(asked.origins.size):
        first = away[row][tail] + net.seconds
        for k in range(asked.start[row], asked.start[row + 1]):
            fits = is_open[net.owner] & (first + back[end[k]][net.head] <= asked.limit[k])
            arcs |= fits
            candidates[k, net.owner[fits]] = True
    return arcs, candidates


@compiled
def rows_from(net: Graph, is_open: Mask, nodes: Integers) -> Integers:
    """Return the seconds from each of some nodes to all, half of `FAR` where no path leads.

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [J + 1].
    nodes
        int64: where to start.
    """
    found = np.empty((nodes.size, net.start.size - 1), np.int64)
    for row in range(nodes.size):
        times = times_from(net, is_open, nodes[row], FAR // 4)
        for node in range(times.size):
            found[row, node] = min(times[node], FAR // 2)
    return found


def slack(net: Graph, is_open: Mask, asked: Asked) -> Integers:
    """Return the latest second at which a path of each origin may be at each node and still be of use.

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [J + 1]: the most that is ever open.
    asked
        The pairs.

    Returns
    -------
    NDArray
        int64 [O x n]: largest limit less the least time onward, over the pairs of the origin; below 0 where a
        node is of no use to any.
    """
    ends, end = np.unique(asked.destination, return_inverse=True)
    back = rows_from(turned(net), is_open, ends)
    found = np.empty((asked.origins.size, net.start.size - 1), dtype=np.int64)
    for row in range(asked.origins.size):
        mine = slice(asked.start[row], asked.start[row + 1])
        found[row] = (asked.limit[mine, None] - back[end[mine]]).max(axis=0)
    return found


class Search(NamedTuple):
    """What searches for pairs within their limits run on.

    Attributes
    ----------
    net
        Arcs that some pair can use within its limit.
    latest
        int64 [O x n], from `slack`.
    row
        int64 [A]: row of the origin of each pair.
    origin, destination, limit
        int64 [A].
    """

    net: Graph
    latest: Integers
    row: Integers
    origin: Integers
    destination: Integers
    limit: Integers


@compiled
def within_of(search: Search, is_open: Mask, rows: Integers) -> Mask:
    """Say which of some pairs are within their limits.

    Parameters
    ----------
    search
        The network and all pairs.
    is_open
        bool [J + 1].
    rows
        int64, rising: the pairs asked for.

    Returns
    -------
    NDArray
        bool, one a row.
    """
    found = np.zeros(rows.size, np.bool_)
    last, times = np.int64(-1), np.empty(0, np.int64)
    for i in range(rows.size):
        k = rows[i]
        if search.row[k] != last:
            last = search.row[k]
            times = paths_from(search.net, is_open, search.origin[k], search.latest[last])[0]
        found[i] = times[search.destination[k]] <= search.limit[k]
    return found


@compiled
def uses_of(search: Search, is_open: Mask) -> Mask:
    """Say which candidates lie on a fastest path of each pair that is within its limit.

    Parameters
    ----------
    search
        The network and all pairs.
    is_open
        bool [J + 1].

    Returns
    -------
    NDArray
        bool [A, J + 1]; the last column stands for what is open today, and is False throughout for pairs
        beyond their limits, and for those of a place with itself. One fastest path counts.
    """
    found = np.zeros((search.row.size, is_open.size), np.bool_)
    last = np.int64(-1)
    times, came, over = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    for k in range(search.row.size):
        if search.row[k] != last:
            last = search.row[k]
            times, came, over = paths_from(search.net, is_open, search.origin[k], search.latest[last])
        node = search.destination[k]
        if times[node] > search.limit[k]:
            continue
        while came[node] >= 0:
            found[k, over[node]] = True
            node = came[node]
    return found


@compiled
def paths_from(
    net: Graph, is_open: Mask, origin: Whole, latest: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return times from a node, the node before each on a fastest path, and the owner of the arc between.

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [J + 1].
    origin
        Node to start from.
    latest
        int64 [n]: a node is not passed later than this, seconds.

    Returns
    -------
    tuple
        int64 [n] each: times, `FAR` where a node is not reached in time; -1 where no node is before it.
    """
    count = net.start.size - 1
    found, came, over = np.full(count, FAR), np.full(count, -1), np.full(count, -1)
    heap_time = np.empty(net.head.size + 1, np.int64)
    heap_node = np.empty(net.head.size + 1, np.int64)
    found[origin] = 0
    size = push(heap_time, heap_node, 0, 0, origin)
    while size:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        if time > found[node]:
            continue
        for arc in range(net.start[node], net.start[node + 1]):
            reached, to = time + net.seconds[arc], net.head[arc]
            if is_open[net.owner[arc]] and reached <= latest[to] and reached < found[to]:
                found[to], came[to], over[to] = reached, node, net.owner[arc]
                size = push(heap_time, heap_node, size, reached, to)
    return found, came, over

"""Find shortest times on ids and integer seconds, compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

FAR = np.int64(2**62)
"""Time of a node that is out of reach."""

LONGEST = 2**60
"""Largest limit that the compiled code takes, in seconds."""

type Integers = NDArray[np.int64]
type Mask = NDArray[np.bool_]
type Whole = int | np.int64


class Graph(NamedTuple):
    """All arcs of a problem, open or not, in compressed rows by tail.

    Attributes
    ----------
    start
        int64 [n + 1]: arcs of node u are `start[u]:start[u + 1]`.
    head, seconds
        int64 [m].
    owner
        int64 [m]: candidate that opens the arc (position), or the number of candidates for arcs open today.
    """

    start: Integers
    head: Integers
    seconds: Integers
    owner: Integers


def graph(problem: DesignProblem, *, reverse: bool = False) -> Graph:
    """Return the arcs of a problem in compressed rows.

    Parameters
    ----------
    problem
        The problem.
    reverse
        Turn every arc round, for times to a destination.

    Raises
    ------
    ProblemError
        When a limit is larger than the compiled code can add up.
    """
    longest = max((pair.limit for pair in problem.pairs), default=0)
    if longest > LONGEST:
        raise ProblemError(f"a limit of {longest} s is beyond the {LONGEST} s that can be added up")
    rows = [(t, h, s, len(problem.candidates)) for t, h, s in problem.arcs]
    rows += [(t, h, s, j) for j, c in enumerate(problem.candidates) for t, h, s in c.arcs]
    table = np.array([row for row in rows if row[2] <= longest], dtype=np.int64).reshape(-1, 4)
    tail, head = (table[:, 1], table[:, 0]) if reverse else (table[:, 0], table[:, 1])
    order = np.lexsort((table[:, 3], table[:, 2], head, tail))
    counts = np.bincount(tail, minlength=len(problem.nodes))
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Graph(
        start=start,
        head=np.ascontiguousarray(head[order]),
        seconds=np.ascontiguousarray(table[order, 2]),
        owner=np.ascontiguousarray(table[order, 3]),
    )


@compiled
def push(times: Integers, nodes: Integers, size: int, time: Whole, node: Whole) -> int:
    """Put an entry into a binary heap held in two arrays; return its new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if times[above] <= time:
            break
        times[at] = times[above]
        nodes[at] = nodes[above]
        at = above
    times[at] = time
    nodes[at] = node
    return size + 1


@compiled
def pop(times: Integers, nodes: Integers, size: int) -> int:
    """Take the first entry off a binary heap; it is left at the old last place. Return the new size."""
    size -= 1
    time, node = times[size], nodes[size]
    first_time, first_node = times[0], nodes[0]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and times[below + 1] < times[below]:
            below += 1
        if times[below] >= time:
            break
        times[at] = times[below]
        nodes[at] = nodes[below]
        at = below
    times[at] = time
    nodes[at] = node
    times[size] = first_time
    nodes[size] = first_node
    return size


@compiled
def times_from(net: Graph, is_open: Mask, origin: Whole, radius: Whole) -> Integers:
    """Return the times from one node over open arcs, `FAR` beyond the radius (Dijkstra).

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [candidates + 1]: what is built; the last place stands for what is open today and is True.
    origin
        Node to start from.
    radius
        Largest time of interest, in seconds.

    Returns
    -------
    NDArray
        int64 [n], seconds.
    """
    nodes = net.start.size - 1
    found = np.full(nodes, FAR)
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
            if not is_open[net.owner[arc]]:
                continue
            reached, to = time + net.seconds[arc], net.head[arc]
            if reached <= radius and reached < found[to]:
                found[to] = reached
                size = push(heap_time, heap_node, size, reached, to)
    return found


def opened(problem: DesignProblem, built: Iterable[int]) -> Mask:
    """Return the mask of what is open when the candidates at the given positions are built."""
    mask = np.zeros(len(problem.candidates) + 1, dtype=np.bool_)
    mask[-1] = True
    mask[list(built)] = True
    return mask


def pair_times(problem: DesignProblem, built: Iterable[int]) -> Integers:
    """Return the time of each pair when candidates are built, `FAR` beyond the pair's limit.

    Parameters
    ----------
    problem
        The problem.
    built
        Positions of what is built.

    Returns
    -------
    NDArray
        int64 [pairs], seconds.
    """
    net = graph(problem)
    mask = opened(problem, built)
    by_origin: dict[int, list[int]] = {}
    for k, pair in enumerate(problem.pairs):
        by_origin.setdefault(pair.origin, []).append(k)
    times = np.full(len(problem.pairs), FAR)
    for origin, ks in by_origin.items():
        radius = max(problem.pairs[k].limit for k in ks)
        found = times_from(net, mask, origin, radius)
        times[ks] = found[[problem.pairs[k].destination for k in ks]]
    limits = np.array([pair.limit for pair in problem.pairs], dtype=np.int64)
    return np.where(times <= limits, times, FAR)


def covered(problem: DesignProblem, built: Iterable[int]) -> Mask:
    """Say for each pair whether it is within its limit when candidates are built.

    Parameters
    ----------
    problem
        The problem.
    built
        Positions of what is built.
    """
    mask: Mask = pair_times(problem, built) < FAR
    return mask

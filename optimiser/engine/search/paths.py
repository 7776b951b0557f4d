"""Compute shortest times on networks of integer seconds by compiled code."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import ONE, compiled
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError

UNREACHED = np.int64(2**62)
"""Time of a node that cannot be reached, in seconds; a sum of two of them overflows."""

LONGEST = 2**60
"""Largest time limit that the compiled code supports, in seconds."""

type Integers = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]
type Whole = int | np.int64


class Graph(NamedTuple):
    """All arcs of a problem, open or not, in compressed rows by tail.

    Attributes
    ----------
    start
        int64 [n + 1]: the arcs of node u are `start[u]:start[u + 1]`.
    head, seconds
        int64 [m], heads and times; the arcs of a node are sorted by head, then by time, then by owner.
    owner
        int64 [m], position of the candidate that opens the arc; the number of candidates for existing arcs.
    """

    start: Integers
    head: Integers
    seconds: Integers
    owner: Integers


def graph(problem: DesignProblem, *, reverse: bool = False, beyond_limits: bool = False) -> Graph:
    """Return the arcs of a problem in compressed rows.

    Parameters
    ----------
    problem
        The problem.
    reverse
        Whether to reverse all arcs, for times to a destination.
    beyond_limits
        Whether to keep arcs that take longer than every limit.

    Raises
    ------
    ProblemError
        When a time limit, or without limits a path, may last longer than `LONGEST`: sums could overflow.
    """
    longest = longest_limit(problem)
    table = arc_table(problem)
    if not beyond_limits and longest > LONGEST:
        raise ProblemError(f"the time limit of {longest} s is above the largest supported one, {LONGEST} s")
    if beyond_limits and int(table[:, 2].max(initial=0)) * len(problem.nodes) > LONGEST:
        raise ProblemError(f"paths may last longer than the {LONGEST} s that can be added up")
    tail, head, seconds, owner = (table if beyond_limits else table[table[:, 2] <= longest]).T
    ends = (head, tail) if reverse else (tail, head)
    return in_rows(*ends, seconds, owner, nodes=len(problem.nodes))


def in_rows(tail: Integers, head: Integers, seconds: Integers, owner: Integers, *, nodes: int) -> Graph:
    """Return arcs, int64 [m] each, in compressed rows by tail."""
    order = np.lexsort((owner, seconds, head, tail))
    start = starts(np.bincount(tail, minlength=nodes))
    return Graph(start, *(np.ascontiguousarray(column[order]) for column in (head, seconds, owner)))


def arc_table(problem: DesignProblem) -> Integers:
    """Return int64 [m x 4], the tail, head, seconds and owner of each arc.

    Arcs that are open today come first, with the number of candidates as owner; then those of each candidate.
    """
    rows = [(*arc, len(problem.candidates)) for arc in problem.arcs]
    rows += [(*arc, j) for j, c in enumerate(problem.candidates) for arc in c.arcs]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def starts(counts: Sequence[int] | Integers) -> Integers:
    """Return int64 [c + 1], where each row starts and the last one ends, from the lengths of the c rows."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def longest_limit(problem: DesignProblem) -> int:
    """Return the largest time limit of all pairs, in seconds; 0 without pairs."""
    return max((pair.limit for pair in problem.pairs), default=0)


@compiled
def push(keys: Integers | Floats, entries: Integers, size: int, key: float | np.int64, entry: Whole) -> int:
    """Push an entry onto a binary heap in two arrays, least key first; return the new size of the heap."""
    # Position i lies above 2 i + 1 and 2 i + 2, and no key is less than the one above it. Larger keys on the
    # way to the top move down until the new one fits.
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] <= key:
            break
        keys[at] = keys[above]
        entries[at] = entries[above]
        at = above
    keys[at] = key
    entries[at] = entry
    return size + 1


@compiled
def pop(keys: Integers | Floats, entries: Integers, size: int) -> int:
    """Pop the first entry of a binary heap to position `size - 1`, and return this new size."""
    # The last entry takes the first place, and moves down below the lesser of the two keys beneath it.
    size -= 1
    key, entry = keys[size], entries[size]
    first_key, first_entry = keys[0], entries[0]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[at] = keys[below]
        entries[at] = entries[below]
        at = below
    keys[at] = key
    entries[at] = entry
    keys[size] = first_key
    entries[size] = first_entry
    return size


@compiled
def times_from(net: Graph, is_open: Mask, origin: Whole, radius: Whole) -> Integers:
    """Return the shortest times from a node over open arcs (Dijkstra's algorithm).

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [J + 1], built candidates; the last entry stands for existing arcs and is True.
    origin
        Node to start from.
    radius
        Largest time of interest, in seconds; nodes beyond are `UNREACHED`.

    Returns
    -------
    NDArray
        int64 [n], seconds.
    """
    found = np.full(net.start.size - 1, UNREACHED)
    # A node enters the heap whenever an arc shortens its time: at most once for each arc, plus the origin.
    heap_time = np.empty(net.head.size + 1, np.int64)
    heap_node = np.empty(net.head.size + 1, np.int64)
    found[origin] = 0
    heap_time[0], heap_node[0] = 0, origin
    size = ONE
    while size:
        size = pop(heap_time, heap_node, size)
        time, node = heap_time[size], heap_node[size]
        # An entry that a shorter time has overtaken stays on the heap; the first one of a node is final.
        if time > found[node]:
            continue
        for arc in range(net.start[node], net.start[node + 1]):
            if not is_open[net.owner[arc]]:
                continue
            arrival, to = time + net.seconds[arc], net.head[arc]
            if arrival <= radius and arrival < found[to]:
                found[to] = arrival
                size = push(heap_time, heap_node, size, arrival, to)
    return found


def opened(problem: DesignProblem, built: Iterable[int]) -> Mask:
    """Return bool [J + 1], the mask of the candidates at the given positions; the last entry is True."""
    mask = np.zeros(len(problem.candidates) + 1, dtype=np.bool_)
    mask[-1] = True
    mask[list(built)] = True
    return mask


def time_rows(
    problem: DesignProblem, sources: Integers, built: Iterable[int], *, reverse: bool = False
) -> Integers:
    """Return the shortest times from several nodes to all nodes.

    Parameters
    ----------
    problem
        The problem.
    sources
        int64 [s], positions of nodes.
    built
        Positions of the built candidates.
    reverse
        Whether to return times to the sources instead.

    Returns
    -------
    NDArray
        int64 [s x n], seconds; `UNREACHED` beyond the largest limit.
    """
    net, mask, radius = graph(problem, reverse=reverse), opened(problem, built), longest_limit(problem)
    found = [times_from(net, mask, source, radius) for source in sources.tolist()]
    return np.array(found, np.int64).reshape(len(sources), len(problem.nodes))


class PairTimes:
    """Computes the times of all pairs in plans of one problem; the arrays of the network are built once.

    Parameters
    ----------
    problem
        Any problem.
    """

    def __init__(self, problem: DesignProblem) -> None:
        self._problem, self._net = problem, graph(problem)
        ends = np.array([(p.origin, p.destination, p.limit) for p in problem.pairs], np.int64).reshape(-1, 3)
        self._destination, self._limit = ends[:, 1], ends[:, 2]
        origins, first = np.unique(np.sort(ends[:, 0]), return_index=True)
        groups = np.split(np.argsort(ends[:, 0], kind="stable"), first)[1:]
        self._searches = list(zip(origins.tolist(), groups, strict=True))

    def __call__(self, built: Iterable[int]) -> Integers:
        """Return int64 [K], the time of each pair in seconds, `UNREACHED` beyond its limit.

        Parameters
        ----------
        built
            Positions of the built candidates.
        """
        is_open, found = opened(self._problem, built), np.full(len(self._limit), UNREACHED)
        for origin, pairs in self._searches:
            times = times_from(self._net, is_open, origin, self._limit[pairs].max())
            found[pairs] = times[self._destination[pairs]]
        return np.where(found <= self._limit, found, UNREACHED)


def pair_times(problem: DesignProblem, built: Iterable[int]) -> Integers:
    """Return the times of all pairs in one plan, as `PairTimes` does."""
    return PairTimes(problem)(built)


def covered(problem: DesignProblem, built: Iterable[int]) -> Mask:
    """Return bool [K], the pairs within their limits when the candidates at the given positions are built."""
    return pair_times(problem, built) < UNREACHED

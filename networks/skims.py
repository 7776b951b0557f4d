"""Compute the best travel time between all cities, and the paths behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.errors import SchemaError
from networks.timegraph import UNREACHABLE, TimeGraph

_EXACT = 2**53
_MOST_CELLS = 2**23  # distances held at a time: 64 MB
_NO_PREDECESSOR = -9999


@dataclass(frozen=True, slots=True)
class Path:
    """One best path.

    Attributes
    ----------
    nodes
        int64 [k + 1]: rows of the graph's nodes, in order of travel.
    arcs
        int64 [k]: positions in the graph's arc arrays.
    seconds
        Sum of the arcs' seconds.
    """

    nodes: NDArray[np.int64]
    arcs: NDArray[np.int64]
    seconds: int


def travel_times(graph: TimeGraph) -> NDArray[np.int64]:
    """Compute the skim: best seconds from every city to every city.

    Parameters
    ----------
    graph
        Graph whose `origin` and `destination` name the nodes of the cities.

    Returns
    -------
    numpy.ndarray of int64, shape [n, n]
        Row = origin, column = destination, in the order of the cities; 0 on the diagonal; `UNREACHABLE` where
        no path leads.

    Raises
    ------
    SchemaError
        When an arc takes less than one second, names a node that is not there, or the seconds of all arcs add
        up to 2**53 or more (beyond that the float arithmetic of the search would no longer be exact).
    """
    matrix = _matrix(graph)
    sources, inverse = np.unique(graph.origin, return_inverse=True)
    if sources.size == 0:
        return np.zeros((0, 0), dtype=np.int64)
    block = max(1, _MOST_CELLS // len(graph.nodes))
    parts = [
        dijkstra(matrix, indices=sources[first : first + block])[:, graph.destination]
        for first in range(0, sources.size, block)
    ]
    distance = np.concatenate(parts)[inverse]
    skim = np.full(distance.shape, UNREACHABLE, dtype=np.int64)
    reached = np.isfinite(distance)
    skim[reached] = distance[reached].astype(np.int64)
    np.fill_diagonal(skim, 0)
    return skim


def path(graph: TimeGraph, origin: int, destination: int) -> Path | None:
    """Return the best path between two cities.

    Parameters
    ----------
    graph
        The graph that the skim was computed on.
    origin, destination
        Positions of the cities in `graph.origin` and `graph.destination`.

    Returns
    -------
    Path or None
        None where no path leads. From a city to itself: no arcs.
    """
    if origin == destination:
        return Path(graph.origin[[origin]], np.zeros(0, dtype=np.int64), 0)
    return paths(graph, origin).get(destination)


def paths(graph: TimeGraph, origin: int) -> dict[int, Path]:
    """Return the best paths from one city to all others that it reaches.

    Parameters
    ----------
    graph
        The graph that the skim was computed on.
    origin
        Position of the city in `graph.origin`.

    Returns
    -------
    dict of int to Path
        By position of the destination; the city itself and those out of reach are left out.
    """
    chosen = _fastest_arcs(graph)
    source = int(graph.origin[origin])
    _, before = dijkstra(_matrix(graph), indices=source, return_predecessors=True)
    key = graph.tail[chosen] * len(graph.nodes) + graph.head[chosen]
    order = np.argsort(key, kind="stable")
    lookup = (key[order], chosen[order])
    found = {}
    for position, target in enumerate(graph.destination.tolist()):
        if position != origin and (target == source or before[target] != _NO_PREDECESSOR):
            found[position] = _trace(graph, before, lookup, source=source, target=target)
    return found


def _trace(
    graph: TimeGraph,
    before: NDArray[np.int32],
    lookup: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    source: int,
    target: int,
) -> Path:
    rows = [target]
    while rows[-1] != source:
        rows.append(int(before[rows[-1]]))
    nodes = np.array(rows[::-1], dtype=np.int64)
    keys, arcs_by_key = lookup
    arcs = arcs_by_key[np.searchsorted(keys, nodes[:-1] * len(graph.nodes) + nodes[1:])]
    return Path(nodes=nodes, arcs=arcs, seconds=int(graph.seconds[arcs].sum()))


def _fastest_arcs(graph: TimeGraph) -> NDArray[np.int64]:
    """Keep of parallel arcs the fastest (the first of equals), of self-loops none."""
    order = np.lexsort((graph.seconds, graph.head, graph.tail))
    tail, head = graph.tail[order], graph.head[order]
    first = np.ones(order.size, dtype=bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    chosen: NDArray[np.int64] = order[first & (tail != head)]
    return chosen


def _matrix(graph: TimeGraph) -> csr_array:
    _check(graph)
    arcs, size = _fastest_arcs(graph), len(graph.nodes)
    seconds = graph.seconds[arcs].astype(np.float64)
    return csr_array((seconds, (graph.tail[arcs], graph.head[arcs])), shape=(size, size))


def _check(graph: TimeGraph) -> None:
    size, faults = len(graph.nodes), []
    slow = np.flatnonzero(graph.seconds < 1)
    if slow.size:
        faults.append(f"{slow.size} arc(s) take less than one second, the first at position {slow[0]}")
    for name in ("tail", "head", "origin", "destination"):
        rows = getattr(graph, name)
        if rows.size and (rows.min() < 0 or rows.max() >= size):
            faults.append(f"'{name}' names a node outside 0 to {size - 1}")
    if float(graph.seconds.astype(np.float64).sum()) >= _EXACT:
        faults.append("the seconds of all arcs add up to 2**53 or more")
    if faults:
        raise SchemaError("travel times cannot be computed on this graph", faults=faults)

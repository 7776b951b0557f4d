"""Define the graph of travel times, and compute the shortest times and paths between all cities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.errors import SchemaError
from networks.schema import Ints

UNREACHABLE: int = int(np.iinfo(np.int64).max)
"""Travel time of a pair without a path."""

ARC_KINDS = (
    "road",
    "ferry",
    "connector",
    "access",
    "egress",
    "board",
    "ride",
    "alight",
    "transfer",
    "matrix",
    "check_in",
)
"""Kinds of arcs; `TimeGraph.kind` holds positions in this tuple."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Directed arcs; the attributes are those of `TimeGraph`."""

    tail: Ints
    head: Ints
    seconds: Ints
    kind: NDArray[np.int8]
    ref: Ints

    @classmethod
    def of(cls, kind: str, tail: Ints, head: Ints, seconds: Ints | int, *, ref: Ints | int = -1) -> Arcs:
        """Create arcs of one kind.

        Parameters
        ----------
        kind
            One of `ARC_KINDS`.
        tail, head
            Rows of nodes [m].
        seconds
            Travel times [m], or one for all; values below 1 become 1.
        ref
            Rows of the links or services that the arcs represent [m], or one for all.
        """
        count = len(tail)
        return cls(
            tail=np.asarray(tail, dtype=np.int64),
            head=np.asarray(head, dtype=np.int64),
            seconds=np.maximum(np.broadcast_to(np.asarray(seconds, dtype=np.int64), count), 1),
            kind=np.full(count, ARC_KINDS.index(kind), dtype=np.int8),
            ref=np.broadcast_to(np.asarray(ref, dtype=np.int64), count).copy(),
        )

    @classmethod
    def join(cls, pieces: Iterable[Arcs]) -> Arcs:
        """Concatenate arcs in order."""
        found = list(pieces) or [cls.of("road", *(np.empty(0, dtype=np.int64) for _ in range(3)))]
        return cls(
            **{name: np.concatenate([getattr(piece, name) for piece in found]) for name in cls.__slots__}
        )

    def shifted(self, by: int) -> Arcs:
        """Return the arcs with `by` added to the rows of their nodes."""
        return Arcs(self.tail + by, self.head + by, self.seconds, self.kind, self.ref)


@dataclass(frozen=True, slots=True)
class TimeGraph:
    """Roads and trains as one directed graph with integer travel times.

    Attributes
    ----------
    nodes
        Index 0..n-1; columns `node_id` (str, unique: `city:<id>`, `road:<n>`, `station:<n>`,
        `station:<n>/<hall>`, `stop:<service>/<seq>`), `kind` (str: city, road, station, stop), `lon`,
        `lat` (float64, degrees).
    tail, head, seconds
        int64 [m]: rows of `nodes`, and travel times, at least 1.
    kind
        int8 [m]: positions in `ARC_KINDS`.
    ref
        int64 [m]: row of the links of the road network for road and ferry arcs, row of the services for
        board, ride and alight arcs, otherwise -1.
    origin, destination
        int64 [c]: nodes at which the trips of each city start and end, in the order of the cities table.
    definition
        `door_to_door` or `in_vehicle`; see `networks.intermodal.join`.
    """

    nodes: pd.DataFrame
    tail: Ints
    head: Ints
    seconds: Ints
    kind: NDArray[np.int8]
    ref: Ints
    origin: Ints
    destination: Ints
    definition: str

    @classmethod
    def of(
        cls, nodes: pd.DataFrame, arcs: Arcs, *, origin: Ints, destination: Ints, definition: str
    ) -> TimeGraph:
        """Create a graph from its nodes and arcs; the parameters are those of the class."""
        columns = {name: getattr(arcs, name) for name in Arcs.__slots__}
        return cls(nodes=nodes, **columns, origin=origin, destination=destination, definition=definition)

    def arcs(self, which: NDArray[np.bool_] | slice = slice(None)) -> Arcs:
        """Return some of the arcs; default all."""
        return Arcs(**{name: getattr(self, name)[which] for name in Arcs.__slots__})

    def with_arcs(self, arcs: Arcs) -> TimeGraph:
        """Return a graph of the same nodes with other arcs."""
        return replace(self, **{name: getattr(arcs, name) for name in Arcs.__slots__})


_EXACT_FLOATS = 2**53
"""Integers below this bound are exact as float64, which the shortest-path search uses."""
_MOST_CELLS = 2**23
"""Number of distances computed at a time: 64 MB."""
_NO_PREDECESSOR = -9999
"""Marks nodes without a predecessor in scipy's `dijkstra`."""


@dataclass(frozen=True, slots=True)
class Path:
    """A shortest path.

    Attributes
    ----------
    nodes
        int64 [k + 1]: rows of the nodes of the graph, in order of travel.
    arcs
        int64 [k]: positions in the arc arrays of the graph.
    seconds
        Total travel time.
    """

    nodes: Ints
    arcs: Ints
    seconds: int


def travel_times(graph: TimeGraph) -> Ints:
    """Compute the skim matrix: the shortest travel times between all cities in seconds.

    Parameters
    ----------
    graph
        Graph with the nodes of the cities in `origin` and `destination`.

    Returns
    -------
    numpy.ndarray of int64, shape [n, n]
        Rows are origins and columns are destinations, in the order of the cities; 0 on the diagonal, and
        `UNREACHABLE` for pairs without a path.

    Raises
    ------
    SchemaError
        If an arc takes less than one second or refers to a missing node, or if the seconds of all arcs sum to
        2**53 or more, so that the search in float64 would not be exact.
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
    reached = np.isfinite(distance)
    skim = np.where(reached, np.where(reached, distance, 0).astype(np.int64), UNREACHABLE)
    np.fill_diagonal(skim, 0)
    return skim


def path(graph: TimeGraph, origin: int, destination: int) -> Path | None:
    """Return a shortest path between two cities.

    Parameters
    ----------
    graph
        The graph of the skim matrix.
    origin, destination
        Positions of the cities in `graph.origin` and `graph.destination`.

    Returns
    -------
    Path or None
        None if there is no path. A path from a city to itself has no arcs.
    """
    if origin == destination:
        return Path(graph.origin[[origin]], np.zeros(0, dtype=np.int64), 0)
    return next(paths(graph, [origin])).get(destination)


def paths(graph: TimeGraph, origins: Iterable[int]) -> Iterator[dict[int, Path]]:
    """Yield shortest paths from each of some cities to all others.

    Parameters
    ----------
    graph
        The graph of the skim matrix.
    origins
        Positions of cities in `graph.origin`.

    Yields
    ------
    dict of int to Path
        Paths by position of the destination, without the city itself and unreachable cities.
    """
    matrix, size = _matrix(graph), len(graph.nodes)
    chosen = fastest_arcs(graph.tail, graph.head, graph.seconds)
    keys = graph.tail[chosen] * size + graph.head[chosen]
    for origin in origins:
        source, found = int(graph.origin[origin]), dict[int, Path]()
        _, before = dijkstra(matrix, indices=source, return_predecessors=True)
        for position, target in enumerate(graph.destination.tolist()):
            if position == origin or (target != source and before[target] == _NO_PREDECESSOR):
                continue
            rows = [target]
            while rows[-1] != source:
                rows.append(int(before[rows[-1]]))
            nodes = np.array(rows[::-1], dtype=np.int64)
            arcs = chosen[np.searchsorted(keys, nodes[:-1] * size + nodes[1:])]
            found[position] = Path(nodes=nodes, arcs=arcs, seconds=int(graph.seconds[arcs].sum()))
        yield found


def fastest_arcs(tail: Ints, head: Ints, seconds: Ints) -> Ints:
    """Return the positions of the arcs that remain without loops and slower parallel arcs.

    Parameters
    ----------
    tail, head, seconds
        int64 [m].

    Returns
    -------
    numpy.ndarray
        int64 [k], in order of tail and head; of equally fast parallel arcs the first remains.
    """
    order = np.lexsort((seconds, head, tail))
    t, h = tail[order], head[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (t[1:] != t[:-1]) | (h[1:] != h[:-1])
    return np.asarray(order[first & (t != h)], dtype=np.int64)


def time_matrix(count: int, tail: Ints, head: Ints, seconds: Ints) -> csr_array:
    """Return arcs as a sparse matrix of seconds [count, count]; the fastest of parallel arcs counts."""
    kept = fastest_arcs(tail, head, seconds)
    return csr_array((seconds[kept].astype(np.float64), (tail[kept], head[kept])), shape=(count, count))


def _matrix(graph: TimeGraph) -> csr_array:
    _check(graph)
    return time_matrix(len(graph.nodes), graph.tail, graph.head, graph.seconds)


def _check(graph: TimeGraph) -> None:
    size, faults = len(graph.nodes), []
    slow = np.flatnonzero(graph.seconds < 1)
    if slow.size:
        faults.append(f"{slow.size} arc(s) take less than one second, the first at position {slow[0]}")
    for name in ("tail", "head", "origin", "destination"):
        rows = getattr(graph, name)
        if rows.size and (rows.min() < 0 or rows.max() >= size):
            faults.append(f"'{name}' has a node outside 0 to {size - 1}")
    if float(graph.seconds.astype(np.float64).sum()) >= _EXACT_FLOATS:
        faults.append("the seconds of all arcs sum to 2**53 or more")
    if faults:
        raise SchemaError("travel times cannot be computed on this graph", faults=faults)

"""Compute the shortest times and paths between all cities: on a graph, and by the clock times of trains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.errors import SchemaError
from networks.schema import Floats, Ints, Mask, Services

if TYPE_CHECKING:
    from networks.intermodal.parameters import AccessParameters

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


def way(before: NDArray[np.integer], start: int, end: int) -> list[int]:
    """Return the nodes of a path from the root of a shortest-path tree; empty where there is none.

    Parameters
    ----------
    before
        The node before each in the tree, below 0 for none.
    start, end
        Root and end.
    """
    nodes = [end]
    while nodes[-1] != start:
        nodes.append(int(before[nodes[-1]]))
        if nodes[-1] < 0:
            return []
    return nodes[::-1]


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
            rows = [] if position == origin else way(before, source, target)
            if rows:
                nodes = np.array(rows, dtype=np.int64)
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


# ---- means over the departures of a timetable

STEP_S = 600
"""Passengers wish to set out every so many seconds of the window, its ends included."""
_NEVER = 10**8
_MOST_STATES = 2**25
"""Stations or trains times departures that are scanned at a time."""

type Ways = tuple[Ints, Ints, Ints]
"""Rows of cities, nodes of their stations, and the seconds between them."""
type Across = Mapping[int, Sequence[tuple[int, int]]]
"""For nodes of stations, others that passengers reach from its trains, and in how many seconds."""


class MeanTimes(NamedTuple):
    """Times between cities, means over the departures; all are arrays [cities, cities].

    Attributes
    ----------
    seconds
        From door to door, with what the wait until it counts; infinite without a journey.
    wait_s
        What that wait counts.
    fast
        Share of the passengers whose first train is fast.
    journeys
        Journeys of the window that no other one beats in departure and arrival.
    """

    seconds: Floats
    wait_s: Floats
    fast: Floats
    journeys: Floats


def mean_times(
    services: Services, ways: Ways, access: AccessParameters, *, across: Across | None = None
) -> MeanTimes:
    """Return the mean times between cities over the departures of the window.

    At each time passengers take that journey of the day whose length, and what the wait until it counts, are
    least together; as in the model no wait counts more than `wait_cap_s`, so that those who have one train a
    day fit their day to it. Access, check-in, the least time of a change and what a wait counts are those of
    the model; the rest are clock times.
    """
    start, end = services.window_s
    wished = np.arange(start, end + 1, STEP_S)[:, None]
    share = np.array([float(access.wait_share(is_fast=kind)) for kind in (False, True)])
    size = 1 + int(ways[0].max())
    found = MeanTimes(np.full((size, size), np.inf), *(np.zeros((size, size)) for _ in range(3)))
    for city, leaves, fast, arrives in _journeys(hops_of(services, access), ways, access, across or {}):
        ahead_s = leaves - wished
        counted = np.minimum(np.where(ahead_s < 0, np.inf, ahead_s * share[fast]), access.wait_cap_s)
        length_s = np.where(arrives < _NEVER, arrives - leaves[:, None], np.inf)
        taken = np.array([(length_s + one[:, None]).argmin(axis=0) for one in counted])
        wait_s = np.take_along_axis(counted, taken, axis=1)
        later = np.minimum.accumulate(np.vstack([arrives[1:], np.full(size, _NEVER)])[::-1])[::-1]
        in_window = ((leaves >= start) & (leaves <= end))[:, None]
        found.seconds[city] = (wait_s + np.take_along_axis(length_s, taken, axis=0)).mean(axis=0)
        found.wait_s[city], found.fast[city] = wait_s.mean(axis=0), fast[taken].mean(axis=0)
        found.journeys[city] = ((arrives < later) & in_window).sum(axis=0)
    return found


def hops_of(services: Services, access: AccessParameters) -> pd.DataFrame:
    """Return the hops of all trains from call to call in the order of their departures.

    Columns `departs`, `arrives` (seconds after midnight), `trip`, `a`, `b` (nodes), `fast` (0 or 1).
    """
    calls, is_fast = services.calls, services.lines["link_class"].isin(access.fast_classes).to_numpy()
    then = calls.shift(-1, fill_value=-1)
    fast = is_fast[calls["service"]].astype(np.int64)
    ends = calls["departs_s"], then["arrives_s"], calls["trip"], calls["node"], then["node"], fast
    names = ["departs", "arrives", "trip", "a", "b", "fast"]
    hops = pd.DataFrame(np.column_stack(ends), columns=names)[(calls["trip"] == then["trip"]).to_numpy()]
    return hops.sort_values(names[:2], kind="stable", ignore_index=True)


def mean_change_s(
    comes_s: Sequence[int], leaves_s: Sequence[int], *, least_s: int, window_s: tuple[int, int]
) -> int | None:
    """Return the mean seconds from trains that come in a window to the next that leaves, None without one.

    Parameters
    ----------
    comes_s, leaves_s
        Clock times, rising.
    least_s
        Least time of a change. Trains after which none leaves that day do not count.
    """
    comes, leaves = np.array(comes_s, dtype=np.int64), np.array(leaves_s, dtype=np.int64)
    comes = comes[(comes >= window_s[0]) & (comes <= window_s[1])]
    after = np.searchsorted(leaves, comes + least_s)
    met = after < len(leaves)
    return round(float((leaves[after[met]] - comes[met]).mean())) if met.any() else None


def _journeys(
    hops: pd.DataFrame, ways: Ways, access: AccessParameters, across: Across
) -> Iterator[tuple[int, Ints, Ints, Ints]]:
    """Yield for each city when passengers may set out, whether by a fast train (0 or 1), when they arrive.

    Arrivals have one row a departure and one column a city; those who do not arrive do so at `_NEVER`.

    Notes
    -----
    The trains of the day are scanned in the order of their departures for all who set out at once: the
    connection scan of Dibbelt, Pajor, Strasser and Wagner, ACM Journal of Experimental Algorithmics 23
    (2018), with any number of changes.
    """
    check_in_s = np.array([access.check_in_conv_s, access.check_in_hsr_s])
    reach = pd.DataFrame(dict(zip(("city", "a", "seconds"), ways, strict=True)))
    first = hops[["a", "departs", "fast"]].merge(reach, on="a")
    first["leaves"] = first["departs"] - first["seconds"] - check_in_s[first["fast"]]
    starts = first[["city", "leaves", "fast"]].drop_duplicates().sort_values(["city", "leaves", "fast"])
    row = {node: at for at, node in enumerate({*hops["a"], *hops["b"], *reach["a"]})}
    hops, reach = hops.assign(a=hops["a"].map(row), b=hops["b"].map(row)), reach.assign(a=reach["a"].map(row))
    onward = {row[a]: [(row[b], s) for b, s in others] for a, others in across.items()}
    size, trips = len(row), 1 + int(hops["trip"].max())
    part = np.arange(len(starts)) // max(1, _MOST_STATES // max(size, trips))
    part = part[np.searchsorted(starts["city"], starts["city"])]  # those of a city stay together
    for _, own in starts.groupby(part):
        city, leaves, fast = own.to_numpy().T
        # When passengers could take a train of either kind at a station, and when they have arrived there.
        ready, there = (np.full((*of, size, len(own)), _NEVER, dtype=np.int32) for of in ((2,), ()))
        for one, station, seconds in reach.to_numpy().tolist():
            at = city == one
            ready[:, station, at] = leaves[at] + seconds + check_in_s[:, None]
        aboard = np.zeros((trips, len(own)), dtype=bool)
        for departs, arrives, trip, a, b, kind in hops.to_numpy().tolist():
            on: Mask = aboard[trip]
            on |= ready[kind, a] <= departs
            if on.any():
                np.minimum(there[b], arrives, out=there[b], where=on)
                np.minimum(ready[:, b], arrives + access.transfer_s, out=ready[:, b], where=on)
                for other, seconds in onward.get(b, ()):
                    by = (arrives + seconds + check_in_s)[:, None]
                    np.minimum(ready[:, other], by, out=ready[:, other], where=on)
        reached = np.full((len(own), 1 + int(reach["city"].max())), _NEVER)
        for to, station, seconds in reach.to_numpy().tolist():
            by = np.where(there[station] < _NEVER, there[station] + (access.alight_s + seconds), _NEVER)
            np.minimum(reached[:, to], by, out=reached[:, to])
        for one in np.unique(city).tolist():
            at = city == one
            yield one, leaves[at], fast[at], reached[at]

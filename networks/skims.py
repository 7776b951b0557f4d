"""Compute the shortest times and paths between all cities: on a graph, and by the clock times of trains."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.errors import SchemaError
from networks.schema import Floats, Ints, Services

if TYPE_CHECKING:
    from networks.intermodal.parameters import AccessParameters

UNREACHABLE: int = int(np.iinfo(np.int64).max)
"""Travel time of a pair without a path."""

ARC_KINDS = (
    "road", "ferry", "connector", "access", "egress", "board", "ride", "alight", "transfer", "matrix",
    "check_in",
)  # fmt: skip
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
    return time_matrix(size, graph.tail, graph.head, graph.seconds)


# ---- means over the departures of a timetable

STEP_S = 600
"""Passengers wish to set out every so many seconds of the window, its ends included."""
_NEVER = 10**8
_MOST_LABELS = 2**25
"""Hops of trains times cities whose arrivals are kept at a time."""

type Ways = tuple[Ints, Ints, Ints]
"""Rows of cities, nodes of their stations, and the seconds between them."""


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
    services: Services, ways: Ways, access: AccessParameters, *, centres: Ways | None = None
) -> MeanTimes:
    """Return the mean times between cities over the departures of the window.

    At each time passengers take that journey of the day whose length, and what the wait until it counts, are
    least together; as in the model no wait counts more than `wait_cap_s`, so that those who have one train a
    day fit their day to it. Access, check-in, the least time of a change and what a wait counts are those of
    the model; the rest are clock times.

    Parameters
    ----------
    ways
        Where trips start and end.
    centres
        Ways by which passengers change between two stations of one city, over its centre; None for `ways`.
    """
    start, end = services.window_s
    share = np.array([float(access.wait_share(is_fast=kind)) for kind in (False, True)])
    size = 1 + int(ways[0].max())
    found = MeanTimes(np.full((size, size), np.inf), *(np.zeros((size, size)) for _ in range(3)))
    for city, to, leaves, fast, arrives in _journeys(
        services, ways, access, ways if centres is None else centres
    ):
        length_s = np.where(arrives < _NEVER, arrives - leaves[:, None], np.inf)
        # Who has no journey soon takes the shortest of the day; its wait counts most.
        day, columns, cap_s = length_s.argmin(axis=0), np.arange(arrives.shape[1]), float(access.wait_cap_s)
        totals = np.zeros((3, len(columns)))
        for wished in range(start, end + 1, STEP_S):
            counted = (leaves - wished) * share[fast]
            soon = np.flatnonzero((leaves >= wished) & (counted < cap_s))
            rows, waits = np.append(soon, 0), np.append(counted[soon], cap_s)
            whole_s = length_s[rows] + waits[:, None]
            whole_s[-1] = length_s[day, columns] + cap_s
            taken = whole_s.argmin(axis=0)
            first = np.where(taken < len(soon), rows[taken], day)
            totals += whole_s[taken, columns], waits[taken], fast[first]
        wishes = len(range(start, end + 1, STEP_S))
        found.seconds[city, to], found.wait_s[city, to], found.fast[city, to] = totals / wishes
        later = np.minimum.accumulate(np.vstack([arrives[1:], np.full(len(columns), _NEVER)])[::-1])[::-1]
        in_window = ((leaves >= start) & (leaves <= end))[:, None]
        found.journeys[city, to] = ((arrives < later) & in_window).sum(axis=0)
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
    services: Services, ways: Ways, access: AccessParameters, centres: Ways
) -> Iterator[tuple[int, slice, Ints, Ints, Ints]]:
    """Yield for each city when passengers may set out, whether by a fast train (0 or 1), when they arrive.

    Arrivals have one row a departure and one column a city, of those in the slice; those who do not arrive do
    so at `_NEVER`.
    """
    hops, check_in_s = hops_of(services, access), np.array([access.check_in_conv_s, access.check_in_hsr_s])
    groups = hops.groupby(2 * hops["a"] + hops["fast"]).indices
    boards = {divmod(int(str(key)), 2): np.asarray(rows, dtype=np.int64) for key, rows in groups.items()}
    departs = {key: hops["departs"].to_numpy()[rows] for key, rows in boards.items()}
    # Where passengers can board after a train has come to a station, and in how many seconds.
    change_s, onward = dict(services.changes.to_numpy().tolist()), defaultdict[int, list[_Change]](list)
    here = np.unique(hops["b"])
    least_s = np.array([change_s.get(b, access.transfer_s) for b in here.tolist()])
    for *ways_on, check_s in ((here, here, least_s, (0, 0)), (*over_centres(centres, access), check_in_s)):
        for b, other, way_s in zip(*(one.tolist() for one in ways_on), strict=True):
            for key in {(other, 0), (other, 1)} & boards.keys():
                onward[b].append((departs[key].tolist(), boards[key].tolist(), way_s + int(check_s[key[1]])))
    reach = pd.DataFrame(dict(zip(("city", "node", "seconds"), ways, strict=True)))
    first = hops[["a", "departs", "fast"]].merge(reach, left_on="a", right_on="node")
    first["leaves"] = first["departs"] - first["seconds"] - check_in_s[first["fast"]]
    set_out = first[["city", "leaves", "fast"]].drop_duplicates().sort_values(["city", "leaves", "fast"])
    size = 1 + int(reach["city"].max())
    wide = max(1, _MOST_LABELS // (len(hops) + 1))
    for to in (slice(left, min(left + wide, size)) for left in range(0, size, wide)):
        labels = _labels(
            hops, boards, onward, reach[reach["city"].between(to.start, to.stop - 1)], access, to
        )
        for city, own in set_out.groupby("city"):
            leaves, fast = own[["leaves", "fast"]].to_numpy().T
            arrives = np.full((len(own), to.stop - to.start), _NEVER, dtype=np.int64)
            for node, seconds in reach.loc[reach["city"] == city, ["node", "seconds"]].to_numpy().tolist():
                for key in {(node, 0), (node, 1)} & boards.keys():
                    at = np.searchsorted(departs[key], leaves + seconds + check_in_s[key[1]])
                    np.minimum(arrives, labels[np.append(boards[key], -1)[at]], out=arrives)
            yield int(str(city)), to, leaves, fast, arrives


type _Change = tuple[list[int], list[int], int]
"""Departures of trains of one kind at a station, their hops, and the seconds that passengers need there."""


def _labels(
    hops: pd.DataFrame,
    boards: Mapping[tuple[int, int], Ints],
    onward: Mapping[int, Sequence[_Change]],
    reach: pd.DataFrame,
    access: AccessParameters,
    to: slice,
) -> NDArray[np.int32]:
    """Return the labels of the hops of all trains, one row each, and one for those who miss the last train.

    The label of a hop holds the earliest arrivals, in the cities of a slice, of those who are ready at its
    station for a train of its kind when it leaves: they take it, or a later one.

    Notes
    -----
    The profile connection scan of Dibbelt, Pajor, Strasser and Wagner, ACM Journal of Experimental
    Algorithmics 23 (2018), with any number of changes: hops are looked at from the last departure to the
    first, so that what passengers can do on arrival is known, for all cities at once.
    """
    egress = {
        int(str(node)): ((own["city"] - to.start).to_numpy(), (own["seconds"] + access.alight_s).to_numpy())
        for node, own in reach.groupby("node")
    }
    after = np.full(len(hops), -1, dtype=np.int64)  # the next hop of its kind at the station
    for rows in boards.values():
        after[rows[:-1]] = rows[1:]
    labels = np.full((len(hops) + 1, to.stop - to.start), _NEVER, dtype=np.int32)
    aboard = defaultdict[int, NDArray[np.int32]](labels[-1].copy)
    columns = (hops[name].tolist()[::-1] for name in ("arrives", "trip", "b"))
    each = zip(range(len(hops) - 1, -1, -1), *columns, after[::-1].tolist(), strict=True)
    for hop, arrives, trip, b, later in each:
        staying = aboard[trip]
        if b in egress:
            cities, seconds = egress[b]
            staying[cities] = np.minimum(staying[cities], arrives + seconds)
        for times, others, change_s in onward.get(b, ()):
            at = bisect_left(times, arrives + change_s)
            while at < len(others) and others[at] <= hop:  # of trains that leave at once only later ones
                at += 1
            if at < len(others):
                np.minimum(staying, labels[others[at]], out=staying)
        np.minimum(staying, labels[later], out=labels[hop])
    return labels


def over_centres(ways: Ways, access: AccessParameters) -> Ways:
    """Return two stations of a city, and the seconds from the trains of one to the other over its centre.

    Check-in comes on top.
    """
    reach = pd.DataFrame(dict(zip(("city", "node", "seconds"), ways, strict=True)))
    pairs = reach.merge(reach, on="city")
    pairs = pairs[pairs["node_x"] != pairs["node_y"]]
    pairs["seconds"] = pairs["seconds_x"] + pairs["seconds_y"] + access.alight_s
    least = pairs.groupby(["node_x", "node_y"], as_index=False)["seconds"].min()
    return tuple(least[name].to_numpy(dtype=np.int64) for name in ("node_x", "node_y", "seconds"))

"""Compute shortest travel times between some nodes of a graph, contracted to them where there are many.

Graphs are sparse matrices of whole seconds, [n, n]: row the tail and column the head of an arc.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

NO_PATH_S: int = 2**52
"""Travel time where no path exists: above every true time, and two of them add up without overflow."""


def no_path_s(seconds: NDArray[np.integer]) -> int:
    """Return the travel time where no path exists of a matrix in 64 bits, or in 32, which hold two such."""
    return NO_PATH_S if seconds.dtype == np.int64 else 2**30 - 1


def widened(seconds: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return travel times of 32 bits in 64, `NO_PATH_S` where no path exists; those of 64 bits stay."""
    return np.where(seconds < no_path_s(seconds), seconds.astype(np.int64), NO_PATH_S)


def sums_along(
    before: NDArray[np.int64], links: Mapping[tuple[int, int], int], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sums of a value of links over the paths of trees to every node; int64 [trees, n].

    Parameters
    ----------
    before
        int64 [trees, n], the node before each; negative at the root, and without a path.
    links
        Row of the link between two nodes.
    values
        The value of each link.

    Notes
    -----
    Pointer jumping (Wyllie, "The complexity of parallel computations", 1979). For each node there is an
    earlier node of its path, and the sum from there. Each round goes on to the earlier node of that one and
    adds its sum, so that the number of links behind it doubles until the root is reached.
    """
    count, here = before.shape[1], np.broadcast_to(np.arange(before.shape[1]), before.shape)
    keys = np.array([a * count + b for a, b in links], dtype=np.int64)
    order = np.argsort(keys)
    of_link = values[np.array(list(links.values()), dtype=np.int64)[order]]
    back = np.where(before >= 0, before, here)
    moves = back != here
    found = np.zeros(before.shape, dtype=np.int64)
    found[moves] = of_link[np.searchsorted(keys[order], back[moves] * count + here[moves])]
    while True:
        farther = np.take_along_axis(back, back, axis=1)
        if (farther == back).all():
            return found
        found += np.take_along_axis(found, back, axis=1)
        back = farther


def faster_of(times: csr_array, others: csr_array) -> csr_array:
    """Return the arcs of two matrices of seconds, of parallel ones the faster.

    Parameters
    ----------
    times, others
        Sparse matrices; the second has the nodes of the first, and perhaps more.
    """
    start = np.pad(times.indptr, (0, others.shape[0] - times.shape[0]), mode="edge")
    # An entry that is missing counts as 0, so that the larger of what is spared is the smaller of the times.
    spared = csr_array((NO_PATH_S - times.data, times.indices, start), shape=others.shape)
    both = spared.maximum(csr_array((NO_PATH_S - others.data, others.indices, others.indptr), others.shape))
    both.data = NO_PATH_S - both.data
    return both


MANY = 100
"""Sources from which it pays to contract a graph first."""

_VERY_MANY = 500
"""Sources from which it pays to contract the sources and targets themselves."""
_FEW_MORE = 4
"""Arcs by which the removal of a node may increase their number: fewer nodes then outweigh more arcs."""

_MOST_SHORTCUTS = 2500
"""Nodes with more ways through them (arcs into it times arcs out of it) are not contracted: so many shortcuts
take longer to make than they save."""


def times_between(
    graph: csr_array, sources: NDArray[np.int64], targets: NDArray[np.int64], *, most_s: float = np.inf
) -> NDArray[np.int64]:
    """Compute shortest travel times.

    Parameters
    ----------
    graph
        Sparse matrix of whole seconds.
    sources, targets
        Rows of nodes.
    most_s
        Longer times are of no interest.

    Returns
    -------
    numpy.ndarray
        int64 [sources, targets], `NO_PATH_S` where no path exists, or none that is short enough.
    """
    if len(sources) >= MANY:
        nodes = np.union1d(sources, targets)
        if len(sources) >= _VERY_MANY and most_s == np.inf:
            rows, columns = (np.searchsorted(nodes, some) for some in (sources, targets))
            return widened(times_on_each([graph], nodes)[0, rows[:, None], columns])
        row, graph = contracted(graph, nodes, most_more=_FEW_MORE)
        sources, targets = row[sources], row[targets]
    found = np.empty((len(sources), len(targets)), dtype=np.int64)
    # Dijkstra returns the times to all nodes; blocks of sources keep that matrix small.
    for block in (slice(start, start + 128) for start in range(0, len(sources), 128)):
        some = dijkstra(graph, indices=sources[block], limit=most_s)[:, targets]
        found[block] = np.minimum(some, NO_PATH_S, out=some)
    return found


def times_on_each(graphs: Sequence[csr_array], nodes: NDArray[np.int64]) -> NDArray[np.integer]:
    """Compute shortest travel times between some nodes, on k graphs that differ in few arcs.

    Returns
    -------
    numpy.ndarray
        [k, nodes, nodes]; int32 where no time can be too long for it, else int64; `no_path_s` of it where no
        path exists.

    Notes
    -----
    First the other nodes are contracted, then those that are asked for, while that makes few shortcuts. What
    is left is a small graph, the core, on which Dijkstra's algorithm is fast. The contracted nodes come back
    in reverse order. When a node was removed, the graph kept the distances between all nodes that were there,
    and its arcs led to and from nodes whose times are known again by then. So its times are the least over
    its arcs of the time of the arc and the known time at the other end, which is one operation on whole rows
    (the elimination of Carre, "An algebra for network routing problems", 1971). No step but Dijkstra's looks
    at seconds, so that all graphs are contracted at once.
    """
    adjacency, every = _Adjacency.of(graphs), np.arange(graphs[0].shape[0])
    others = adjacency.contract_cheapest(np.setdiff1d(every, nodes).tolist())
    asked = adjacency.contract_cheapest(nodes.tolist())
    core = np.setdiff1d(every, others + asked)
    row = np.argsort([*core, *reversed(asked), *others])
    longest = adjacency.seconds.max(initial=0, where=np.isfinite(adjacency.seconds))
    for kind in (np.int32, np.int64):  # 32 bits halve the largest array of a run
        seconds = np.zeros((len(graphs), *(len(core) + len(asked),) * 2), dtype=kind)
        none = no_path_s(seconds)
        for at in range(len(graphs) if len(core) else 0):
            seconds[at, : len(core), : len(core)] = np.minimum(dijkstra(adjacency.matrix(core, at)), none)
        arcs = np.minimum(adjacency.seconds.T, none).astype(kind)
        for known, node in enumerate(reversed(asked), start=len(core)):
            into, out = adjacency.before[node], adjacency.after[node]
            onward = seconds[:, row[list(out)], :known] + arcs[:, [*out.values()], None]
            so_far = seconds[:, :known, row[list(into)]] + arcs[:, None, [*into.values()]]
            seconds[:, known, :known] = onward.min(axis=1, initial=none)
            seconds[:, :known, known] = so_far.min(axis=2, initial=none)
        # A time is an arc longer than another one, so that before the first that is too long comes a gap.
        if seconds.max(initial=0, where=seconds < none) < none - longest:
            break
    # In place: a copy would be as large as all times.
    for block in (slice(start, start + 128) for start in range(0, len(core) + len(asked), 128)):
        seconds[:, block, : len(nodes)] = seconds[:, block][..., row[nodes]]
    for block in (slice(start, start + 128) for start in range(0, len(nodes), 128)):
        seconds[:, : len(nodes), block] = seconds[:, row[nodes], block]
    return seconds[:, : len(nodes), : len(nodes)]


@dataclass(slots=True)
class _Adjacency:
    """The arcs of k graphs by node, from which nodes are removed without a change of distances.

    Attributes
    ----------
    before, after
        For each node the rows of the arcs into it by their tails, and of those out of it by their heads.
        Those of a removed node stay as they were when it was removed.
    seconds
        Of each arc on each graph, infinite where it has none, float64 [rows, k]; row 0 and those from `size`
        on stand for no arc.
    """

    before: list[dict[int, int]]
    after: list[dict[int, int]]
    seconds: NDArray[np.float64]
    size: int

    @classmethod
    def of(cls, graphs: Sequence[csr_array]) -> Self:
        """Return the arcs of sparse matrices on the same nodes."""
        count, found = graphs[0].shape[0], [graph.tocoo() for graph in graphs]
        keys = [one.row * np.int64(count) + one.col for one in found]
        every = np.unique(np.concatenate(keys))
        seconds = np.full((1 + len(every), len(graphs)), np.inf)
        for at, (one, key) in enumerate(zip(found, keys, strict=True)):
            seconds[1 + np.searchsorted(every, key), at] = one.data
        before, after = ([dict[int, int]() for _ in range(count)] for _ in range(2))
        for arc, key in enumerate(every.tolist(), start=1):
            tail, head = divmod(key, count)
            after[tail][head] = before[head][tail] = arc
        return cls(before, after, seconds, len(seconds))

    def remove(self, node: int) -> None:
        """Remove a node, and join each node before it to each node after it.

        A path over the node has a shortcut of the same length, and each shortcut stands for a path, so that
        no distance between others changes (as in contraction hierarchies: Geisberger, Sanders, Schultes and
        Delling 2008).
        """
        before, after, size = self.before, self.after, self.size
        into, out = before[node], after[node]
        for tail in into:
            del after[tail][node]
        for head in out:
            del before[head][node]
        shortcuts = []
        for tail in into:
            arcs = after[tail]
            for head in out:
                arc = arcs.get(head) if head != tail else 0
                if arc is None:
                    arc = arcs[head] = before[head][tail] = size
                    size += 1
                shortcuts.append(arc)
        if size > len(self.seconds):
            self.seconds = np.pad(self.seconds, ((0, size), (0, 0)), constant_values=np.inf)
        self.size, seconds = size, self.seconds
        times = seconds[[*into.values()], None] + seconds[[*out.values()]]
        seconds[shortcuts] = np.minimum(seconds[shortcuts], times.reshape(len(shortcuts), seconds.shape[1]))

    def contract_cheapest(self, nodes: Iterable[int]) -> list[int]:
        """Remove nodes, those with the fewest ways through them first; return them in that order."""
        before, after, removed = self.before, self.after, list[int]()
        heap = [(len(before[node]) * len(after[node]), node) for node in nodes]
        heapq.heapify(heap)
        while heap:
            ways, node = heap[0]
            now = len(before[node]) * len(after[node])
            if now > ways:  # its neighbours went, and left it shortcuts
                heapq.heapreplace(heap, (now, node))
            elif now > _MOST_SHORTCUTS:
                break
            else:
                heapq.heappop(heap)
                self.remove(node)
                removed.append(node)
        return removed

    def matrix(self, left: NDArray[np.int64], at: int = 0) -> csr_array:
        """Return the arcs of a graph between the nodes that are left, which rise, as a sparse matrix."""
        found = [(tail, head, arc) for tail in left.tolist() for head, arc in self.after[tail].items()]
        tails, heads, arcs = np.array(found, dtype=np.int64).reshape(-1, 3).T
        ends, times = np.searchsorted(left, [tails, heads]), self.seconds[arcs, at]
        is_open = np.isfinite(times)
        return csr_array((times[is_open], tuple(ends[:, is_open])), shape=(len(left), len(left)))


def contracted(
    graph: csr_array, kept: NDArray[np.int64], *, most_more: int
) -> tuple[NDArray[np.int64], csr_array]:
    """Remove nodes of a graph, and keep the distances between the others.

    Parameters
    ----------
    graph
        Sparse matrix of seconds [n, n], each > 0.
    kept
        Rows of nodes that stay.
    most_more
        Arcs by which the removal of a node may increase their number.

    Returns
    -------
    tuple
        int64 [n], the row of each node in the smaller graph, -1 where it was removed; and that graph.

    Notes
    -----
    Nodes are looked at in order of their rows, and again when a neighbour was removed, so that which nodes
    and arcs remain does not depend on the seconds.
    """
    count, adjacency = graph.shape[0], _Adjacency.of([graph])
    before, after, is_kept = adjacency.before, adjacency.after, np.isin(np.arange(count), kept)
    stays, is_waiting, is_left = is_kept.tolist(), (~is_kept).tolist(), [True] * count
    waiting = deque(np.flatnonzero(~is_kept).tolist())
    while waiting:
        node = waiting.popleft()
        is_waiting[node] = False
        into, out = before[node], after[node]
        shortcuts = len(into) * len(out) - len(into.keys() & out.keys())
        if shortcuts > len(into) + len(out) + most_more:
            continue
        adjacency.remove(node)
        is_left[node] = False
        for other in into.keys() | out.keys():
            if not stays[other] and not is_waiting[other]:
                waiting.append(other)
                is_waiting[other] = True
    row = np.where(is_left, np.cumsum(is_left) - 1, -1)
    return row, adjacency.matrix(np.flatnonzero(is_left))


def without_detours(graph: csr_array, *, share: float) -> csr_array:
    """Leave out arcs that are no faster than a path over other nodes; distances stay.

    Parameters
    ----------
    graph
        Sparse matrix of seconds [n, n], each > 0.
    share
        Share of the arcs that are looked at, the fastest first; long arcs take the longest.

    Notes
    -----
    An arc u-v is left out if another arc u-w and a path from w to v take no longer. All such arcs can be left
    out at once: arc and path are each shorter than u-v, so that by induction over the distance every pair
    keeps a shortest path.
    """
    count, seconds = graph.shape[0], graph.data
    if not len(seconds):
        return graph
    distance, out = dijkstra(graph, limit=np.quantile(seconds, share)), np.diff(graph.indptr)
    tail = np.repeat(np.arange(count), out)
    # Every arc beside every other one from the same tail.
    arc = np.repeat(np.arange(len(seconds)), out[tail])
    other = (
        graph.indptr[tail[arc]] + np.arange(len(arc)) - np.repeat(np.cumsum(out[tail]) - out[tail], out[tail])
    )
    arc, other = arc[arc != other], other[arc != other]
    is_detour = seconds[other] + distance[graph.indices[other], graph.indices[arc]] <= seconds[arc]
    kept = ~np.isin(np.arange(len(seconds)), arc[is_detour])
    return csr_array((seconds[kept], (tail[kept], graph.indices[kept])), shape=graph.shape)

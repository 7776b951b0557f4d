"""Hold and contract the graph that a ring is chosen from: junctions or stations, and two-way links."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import ray_crossings

UNITS_A_DEGREE = 10_000_000
"""Units of the coordinates of a problem in one degree."""
CHARGED = "ring-standard:"
"""Ids of existing stretches that are paid for begin with this; alone: a stretch that has no id yet."""
_KM_A_DEGREE = 111.2
"""Length of a degree of a great circle, km."""

type Stops = Mapping[int, Mapping[int, int]]
"""Rows of cities to nodes of a ring graph to seconds of driving."""


def point_of(lon: float, lat: float) -> Point:
    """Return a position as a point of the problem, in 1e-7 degree."""
    return round(lon * UNITS_A_DEGREE), round(lat * UNITS_A_DEGREE)


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A junction, station or end of a candidate.

    Attributes
    ----------
    key
        Its id in the time graph (`road:12`, `station:7`, `new:station/<city>`).
    lon, lat
        Degrees.
    can_stop
        Whether a city may be served here: at any junction of roads, but only at stations of railways.
    """

    key: str
    lon: float
    lat: float
    can_stop: bool = True

    @property
    def point(self) -> Point:
        """Return the position in 1e-7 degree."""
        return point_of(self.lon, self.lat)


@dataclass(frozen=True, slots=True)
class GraphLink:
    """A two-way link.

    Attributes
    ----------
    tail, head
        Positions of its ends in the nodes.
    line
        Its line from tail to head, degrees; it may begin and end a little off the nodes.
    length_km
        Length on the ground.
    name
        Number or name of most of it.
    candidate
        Id of the candidate that must be paid for; empty where there is none.
    """

    tail: int
    head: int
    line: shapely.LineString
    length_km: float
    name: str = ""
    candidate: str = ""

    @property
    def exists(self) -> bool:
        """Return whether it exists, and a candidate only brings it to the standard of the ring."""
        return not self.candidate or self.candidate.startswith(CHARGED)


@dataclass(frozen=True, slots=True)
class RingGraph:
    """Nodes and links; links name nodes by position."""

    nodes: tuple[GraphNode, ...]
    links: tuple[GraphLink, ...]

    @property
    def row(self) -> dict[str, int]:
        """Return the position of each node by its key."""
        return {node.key: position for position, node in enumerate(self.nodes)}

    @property
    def lon(self) -> NDArray[np.float64]:
        """Return the longitudes of the nodes, degrees."""
        return np.array([node.lon for node in self.nodes], dtype=np.float64)

    @property
    def lat(self) -> NDArray[np.float64]:
        """Return the latitudes of the nodes, degrees."""
        return np.array([node.lat for node in self.nodes], dtype=np.float64)

    @property
    def ends(self) -> NDArray[np.int64]:
        """Return the positions of both ends of each link; int64 [links, 2]."""
        return np.array([(link.tail, link.head) for link in self.links], dtype=np.int64).reshape(-1, 2)

    def links_at_nodes(self) -> list[list[int]]:
        """Return the positions of the links at each node; a loop is listed twice."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for position, link in enumerate(self.links):
            found[link.tail].append(position)
            found[link.head].append(position)
        return found

    def take(self, links: Iterable[int], *, also: Iterable[int] = ()) -> RingGraph:
        """Return some of the links, in the order given, and the nodes at them.

        Parameters
        ----------
        links
            Positions of links.
        also
            Positions of nodes to keep without a link.
        """
        kept = [self.links[position] for position in links]
        used = sorted({end for link in kept for end in (link.tail, link.head)} | set(also))
        new = {old: position for position, old in enumerate(used)}
        return RingGraph(
            nodes=tuple(self.nodes[old] for old in used),
            links=tuple(replace(link, tail=new[link.tail], head=new[link.head]) for link in kept),
        )

    def corners(self, link: int) -> list[Point]:
        """Return the corners of the line of a link in 1e-7 degree, from node to node."""
        one = self.links[link]
        inner = [point_of(lon, lat) for lon, lat in one.line.coords]
        line = [self.nodes[one.tail].point, *inner, self.nodes[one.head].point]
        return [point for at, point in enumerate(line) if at == 0 or point != line[at - 1]]


type Chain = tuple[tuple[int, bool], ...]
"""Positions of consecutive links, each with whether it is run from head to tail."""


def contract(graph: RingGraph, keep: Collection[int]) -> RingGraph:
    """Return a graph in which consecutive links that meet at a node of no interest are one.

    A circuit that uses one of them uses the other as well, so no circuit is lost or gained.

    Parameters
    ----------
    graph
        The graph.
    keep
        Positions of nodes to keep besides those at which not exactly two links of one kind meet.

    Returns
    -------
    RingGraph
        Nodes in `keep` remain even without a link.
    """
    found = tuple(_joined_link(graph, chain) for chain in _chains(graph, keep))
    return RingGraph(graph.nodes, found).take(range(len(found)), also=keep)


def nodes_to_keep(graph: RingGraph, stops: Stops) -> set[int]:
    """Return nodes that may not be contracted, so that a circuit serves the cities that it served before.

    A circuit that runs along a chain of links passes both of its ends. So a city needs an inner node only
    where neither end serves it: the one nearest to it.

    Parameters
    ----------
    graph
        The graph.
    stops
        Where cities are served.
    """
    kept: set[int] = set()
    served: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for city, nodes in stops.items():
        for node, seconds in nodes.items():
            served[node].append((city, seconds))
    for chain in _chains(graph, ()):
        path = _nodes_along(graph, chain)
        best: dict[int, tuple[int, int]] = {}
        for node in path[1:-1]:
            for city, seconds in served.get(node, ()):
                best[city] = min(best.get(city, (seconds, node)), (seconds, node))
        kept |= {node for city, (_, node) in best.items() if not {path[0], path[-1]} & stops[city].keys()}
        if path[0] == path[-1]:  # a circuit without a junction would else begin at another of its nodes
            kept.add(path[0])
    return kept


def runs(graph: RingGraph) -> list[tuple[tuple[int, int], Chain]]:
    """Return the chains between nodes at which not exactly two links of one kind meet, and their ends."""
    paths = [(chain, _nodes_along(graph, chain)) for chain in _chains(graph, ())]
    return [((path[0], path[-1]), chain) for chain, path in paths]


def _chains(graph: RingGraph, keep: Collection[int]) -> list[Chain]:
    """Return the links of a graph as chains from one node that remains to the next."""
    at, wanted = graph.links_at_nodes(), set(keep)
    remains = [node in wanted or not _is_passed(graph, links) for node, links in enumerate(at)]
    for node in list(_nodes_of_closed_chains(graph, at, remains)):
        remains[node] = True
    used = [False] * len(graph.links)
    found = []
    for node in np.flatnonzero(remains).tolist():
        for first in at[node]:
            if not used[first]:
                chain = _chain(graph, at, remains, node, first)
                for position, _ in chain:
                    used[position] = True
                found.append(chain)
    return found


def _is_passed(graph: RingGraph, links: Sequence[int]) -> bool:
    """Tell whether two links meet at a node that both cost nothing, or belong to one candidate."""
    if len(links) != 2 or links[0] == links[1]:
        return False
    return graph.links[links[0]].candidate == graph.links[links[1]].candidate


def _nodes_of_closed_chains(graph: RingGraph, at: list[list[int]], remains: list[bool]) -> Iterator[int]:
    """Yield a node of each circuit that has no node that remains."""
    seen = list(remains)
    for start in [*np.flatnonzero(remains).tolist(), *range(len(remains))]:
        if not seen[start]:
            yield start
        stack = [start] if not seen[start] or remains[start] else []
        seen[start] = True
        while stack:
            for position in at[stack.pop()]:
                for end in (graph.links[position].tail, graph.links[position].head):
                    if not seen[end]:
                        seen[end] = True
                        stack.append(end)


def _chain(graph: RingGraph, at: list[list[int]], remains: list[bool], node: int, first: int) -> Chain:
    """Return the links from a node on to the next one that remains."""
    chain, here, position = [], node, first
    while True:
        link = graph.links[position]
        back = link.tail != here
        chain.append((position, back))
        here = link.tail if back else link.head
        if remains[here]:
            return tuple(chain)
        position = next(other for other in at[here] if other != position)


def _nodes_along(graph: RingGraph, chain: Chain) -> list[int]:
    """Return the nodes of a chain from its first end to its last."""
    ends = [(graph.links[position].tail, graph.links[position].head) for position, _ in chain]
    run = [two[::-1] if back else two for two, (_, back) in zip(ends, chain, strict=True)]
    return [run[0][0], *(end for _, end in run)]


def _joined_link(graph: RingGraph, chain: Chain) -> GraphLink:
    """Return the links of a chain as one."""
    links = [graph.links[position] for position, _ in chain]
    points: list[tuple[float, float]] = []
    for (_, back), link in zip(chain, links, strict=True):
        coords = [(float(x), float(y)) for x, y in link.line.coords]
        points += reversed(coords) if back else coords
    apart = [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]
    km: dict[str, float] = defaultdict(float)
    for link in links:
        km[link.name] += link.length_km
    named = sorted((-length, name) for name, length in km.items() if name)
    path = _nodes_along(graph, chain)
    return GraphLink(
        tail=path[0],
        head=path[-1],
        line=shapely.LineString(apart),
        length_km=sum(link.length_km for link in links),
        name=named[0][1] if named else "",
        candidate=links[0].candidate,
    )


def without_twins(graph: RingGraph, centres: Sequence[Point], *, keep_short: bool = False) -> RingGraph:
    """Keep one of the links that join the same nodes and wind alike round every centre.

    What exists comes before what must be built, and of what exists or belongs to one candidate, the shortest.
    Where one of them can be used the other can be as well, at no more cost and with the same windings, so
    only longer or dearer rings are lost. Where the length of the ring is limited, a link that must be built
    and is shorter than what exists remains as well. Loops that wind round no centre are left out, and so are
    links through a centre.

    Parameters
    ----------
    graph
        The graph.
    centres
        Centres in 1e-7 degree.
    keep_short
        Keep links that are shorter than what exists.
    """
    alike: dict[tuple[object, ...], dict[str, tuple[float, int]]] = defaultdict(dict)
    for position, link in enumerate(graph.links):
        turns = _turns(graph, position, centres)
        if turns is not None:
            ends = min(link.tail, link.head), max(link.tail, link.head)
            best = alike[ends, turns]
            best[link.candidate] = min(best.get(link.candidate, (math.inf, -1)), (link.length_km, position))
    kept = [best[""] for best in alike.values() if "" in best]
    for best in alike.values():
        longest_km = best[""][0] if "" in best else math.inf
        if keep_short or "" not in best:
            kept += [one for name, one in best.items() if name and one[0] < longest_km]
    return graph.take(sorted(position for _, position in kept))


def _turns(graph: RingGraph, position: int, centres: Sequence[Point]) -> tuple[int, ...] | None:
    """Return the crossings of a link with the ray of each centre, from its lower node on; None: of no use."""
    link = graph.links[position]
    line = graph.corners(position)
    counted = [ray_crossings(line if link.tail <= link.head else line[::-1], centre) for centre in centres]
    turns = tuple(n for n in counted if n is not None)
    if len(turns) < len(counted) or (link.tail == link.head and not any(turns)):
        return None
    # A loop can be run either way; the larger of its two tuples stands for both.
    return max(turns, tuple(-n for n in turns)) if link.tail == link.head else turns


def thinned(line: Sequence[Point], centres: Sequence[Point], *, within_km: float) -> tuple[Point, ...]:
    """Return the inner corners of a line, of which as many as possible are left out.

    Between the old line and the new one lies no centre, so every circuit winds round each centre as often as
    before (Douglas and Peucker 1973 for the choice of corners; the windings are counted in integers).

    Parameters
    ----------
    line
        Corners from node to node, 1e-7 degree.
    centres
        Centres, 1e-7 degree.
    within_km
        The line moves by at most this much.
    """
    closest = within_km
    while closest > within_km / 100 and len(line) > 2:
        kept = _simplified(line, closest)
        # The old line and back along the new one is a closed curve; it must not wind round a centre.
        if all(ray_crossings([*line, *kept[-2::-1]], centre) == 0 for centre in centres):
            return tuple(kept[1:-1])
        closest /= 4
    return tuple(line[1:-1])


def _simplified(line: Sequence[Point], within_km: float) -> list[Point]:
    """Return a line simplified on a plane of km round its first point, ends kept."""
    scale = _KM_A_DEGREE / UNITS_A_DEGREE
    narrow = scale * math.cos(math.radians(line[0][1] / UNITS_A_DEGREE))
    plane = shapely.LineString([(x * narrow, y * scale) for x, y in line])
    chosen = plane.simplify(within_km, preserve_topology=False)
    places = {(x * narrow, y * scale): (x, y) for x, y in line}
    kept = [places[x, y] for x, y in chosen.coords]
    return kept if len(kept) > 1 else [line[0], line[-1]]

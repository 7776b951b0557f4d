"""State what a ring may consist of and where it may run; hold and contract the graph it is chosen from."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from networks.schema import components
from optimiser.problem.ring import Point
from optimiser.problem.ring_geometry import ray_crossings
from optimiser.proposals.base_case import BaseCase, great_circle_km, project
from optimiser.proposals.generate import KINDS, OWN

ROAD_CLASSES = ("motorway",)
"""Default classes of road at standard; their slip roads belong to them."""
RAIL_SPEED_KMH = 160.0
"""Default least design speed of tracks at standard."""

RING_KINDS = (*(name for name, kind in KINDS.items() if kind.in_rings), OWN)
"""Kinds of candidates of which a ring may consist: what lays or widens a line, not what runs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRules:
    """Rules of one ring.

    Attributes
    ----------
    id
        Name of the ring.
    mode
        `road` or `rail`.
    classes
        Classes of link at standard; all where empty.
    speed_kmh
        Least speed of links at standard, and of candidates.
    centres
        Rows of the cities that it goes round.
    rivals
        Rows of cities whose surroundings it avoids: it keeps to where one of its own centres is the nearest
        of all.
    radius_km
        Least and greatest straight-line distance from the nearest centre.
    within
        Area that it keeps to, degrees; None: anywhere.
    tiers
        Tiers of the cities that may lie on it.
    least_cities
        How many of them must.
    least_by_tier
        How many of a tier must: tier and number.
    must
        Rows of the cities that must lie on it, whatever their tier.
    longest_km
        Greatest length of the circuit.
    most_stretch
        Greatest length of the circuit over that of the shortest one that meets the same demands.
    on_s
        A city lies on it when the drive from the city to one of its junctions or stations takes at most this.
    required, reward, apart
        As in `optimiser.problem.Ring`.
    is_proposed
        Whether a web proposes it: where it cannot exist, there is no such ring.
    gap_count, gap_longest_km
        At most so many further links are proposed to close it, and none is longer (straight line).
    tie_km
        A new line that ends in a city reaches on to links at standard that are at most this far away: a new
        expressway ends at the ones round the city and not in the market square.
    junction_km
        Ends of slip roads at most this far apart (straight line) are one junction.
    slip_km
        A slip road at most this long lies within one junction.
    thin_km
        Corners of the line of a link are left out where that moves it by at most this much.
    """

    id: str
    mode: str
    classes: tuple[str, ...]
    speed_kmh: float
    centres: tuple[int, ...]
    rivals: tuple[int, ...] = ()
    radius_km: tuple[float, float] = (0.0, float("inf"))
    within: shapely.Geometry | None = None
    tiers: tuple[str, ...] = ("secondary", "small")
    least_cities: int = 0
    least_by_tier: tuple[tuple[str, int], ...] = ()
    must: tuple[int, ...] = ()
    longest_km: float = float("inf")
    most_stretch: float = float("inf")
    on_s: int = 1200
    required: bool = True
    reward: int = 0
    apart: tuple[str, ...] = ()
    is_proposed: bool = False
    gap_count: int = 12
    gap_longest_km: float = 80.0
    tie_km: float = 10.0
    junction_km: float = 0.75
    slip_km: float = 2.0
    thin_km: float = 0.5

    @property
    def is_short(self) -> bool:
        """Return whether the length of the circuit is limited, so that of twin links short ones count."""
        return min(self.longest_km, self.most_stretch) < float("inf")

    def may_serve(self, city: int, tier: str) -> bool:
        """Return whether a city, given by its row, may lie on the ring."""
        return (tier in self.tiers or city in self.must) and city not in self.centres


UNITS_A_DEGREE = 10_000_000
"""Units of the coordinates of a problem in one degree."""
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
    tie_km
        Length of its ties: today's streets from the end of a candidate to what is at standard.
    direction
        1: open from tail to head alone, -1: from head to tail alone, 0: both ways.
    inner
        Keys of the nodes along it.
    """

    tail: int
    head: int
    line: shapely.LineString
    length_km: float
    name: str = ""
    candidate: str = ""
    tie_km: float = 0.0
    direction: int = 0
    inner: tuple[str, ...] = ()


@dataclass(frozen=True)
class RingGraph:
    """Nodes and links; links name nodes by position."""

    nodes: tuple[GraphNode, ...]
    links: tuple[GraphLink, ...]

    @cached_property
    def row(self) -> dict[str, int]:
        """Return the position of each node by its key."""
        return {node.key: position for position, node in enumerate(self.nodes)}

    @cached_property
    def lon(self) -> NDArray[np.float64]:
        """Return the longitudes of the nodes, degrees."""
        return np.array([node.lon for node in self.nodes], dtype=np.float64)

    @cached_property
    def lat(self) -> NDArray[np.float64]:
        """Return the latitudes of the nodes, degrees."""
        return np.array([node.lat for node in self.nodes], dtype=np.float64)

    @cached_property
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
        inner = (point_of(lon, lat) for lon, lat in one.line.coords)
        line = (self.nodes[one.tail].point, *inner, self.nodes[one.head].point)
        return [point for point, _ in itertools.groupby(line)]


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
    found = tuple(joined_link(graph, chain, path) for chain, path in chains(graph, keep))
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
    served = defaultdict[int, list[tuple[int, int]]](list)
    for city, nodes in stops.items():
        for node, seconds in nodes.items():
            served[node].append((city, seconds))
    for _, path in chains(graph):
        best: dict[int, tuple[int, int]] = {}
        for node in path[1:-1]:
            for city, seconds in served.get(node, ()):
                best[city] = min(best.get(city, (seconds, node)), (seconds, node))
        kept |= {node for city, (_, node) in best.items() if not {path[0], path[-1]} & stops[city].keys()}
        if path[0] == path[-1]:  # a circuit without a junction would else begin at another of its nodes
            kept.add(path[0])
    return kept


def chains(graph: RingGraph, keep: Collection[int] = ()) -> list[tuple[Chain, list[int]]]:
    """Return the links of a graph as chains from one node that remains to the next, with their nodes.

    Nodes to keep remain, and those at which not exactly two links of one kind meet.
    """
    at, wanted = graph.links_at_nodes(), set(keep)
    remains = np.ones(len(at), dtype=np.bool_)
    for node, links in enumerate(at):
        kinds = {graph.links[position].candidate for position in links}
        remains[node] = node in wanted or len(links) != 2 or links[0] == links[1] or len(kinds) > 1
    # Of a circuit without a node that remains, the first one does.
    first = joined_to(graph.ends, len(at))
    remains[np.setdiff1d(first, first[remains])] = True
    used, found = set[int](), []
    for node in np.flatnonzero(remains).tolist():
        for onward in at[node]:
            chain, path, position = list[tuple[int, bool]](), [node], onward
            while position not in used:
                used.add(position)
                link = graph.links[position]
                back = link.tail != path[-1]
                chain.append((position, back))
                path.append(link.tail if back else link.head)
                if not remains[path[-1]]:
                    position = next(other for other in at[path[-1]] if other != position)
            if chain:
                found.append((tuple(chain), path))
    return found


def joined_to(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return for each of so many nodes the first of all those that pairs, int64 [n, 2], join it with."""
    label = components(*pairs.T, size=count)
    return np.asarray(np.unique(label, return_index=True)[1][label], dtype=np.int64)


def joined_link(graph: RingGraph, chain: Chain, path: Sequence[int]) -> GraphLink:
    """Return the links of a chain over some nodes as one."""
    links = [graph.links[position] for position, _ in chain]
    points: list[tuple[float, float]] = []
    for (_, back), link in zip(chain, links, strict=True):
        coords = [(float(x), float(y)) for x, y in link.line.coords]
        points += reversed(coords) if back else coords
    km = defaultdict[str, float](float)
    for link in links:
        km[link.name] += link.length_km
    named = sorted((-length, name) for name, length in km.items() if name)
    return GraphLink(
        tail=path[0],
        head=path[-1],
        line=shapely.LineString([point for point, _ in itertools.groupby(points)]),
        length_km=sum(link.length_km for link in links),
        name=named[0][1] if named else "",
        candidate=links[0].candidate,
        tie_km=sum(link.tie_km for link in links),
        inner=(*(graph.nodes[node].key for node in path[1:-1]), *(key for one in links for key in one.inner)),
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


_FARTHEST_KM = 5.0
"""A station is reached from the road node nearest to it, if that is at most this far away."""
_WALK_KMH = 20.0
"""Speed on the straight line between a station, or the end of a new road, and the nearest road node (assumed:
streets that the network does not contain)."""
_STEP_DEG = 0.01
"""Lines are sampled every hundredth of a degree, about a kilometre."""


def drive_times(graph: RingGraph, base: BaseCase) -> NDArray[np.float64]:
    """Return the driving seconds from each city to each node of a ring graph over the roads of today.

    Drives start where cities are snapped to the network. Nodes of roads are reached as they are, others from
    the road node nearest to them.

    Returns
    -------
    numpy.ndarray
        float64 [cities, nodes], infinite where no path exists.
    """
    found = np.full((len(base.ids), len(graph.nodes)), np.inf)
    roads = [k for k, node in enumerate(graph.nodes) if node.key.startswith("road:")]
    found[:, roads] = base.drive_s[:, [int(graph.nodes[k].key.removeprefix("road:")) for k in roads]]
    others = np.setdiff1d(np.arange(len(graph.nodes)), roads)
    reached = np.flatnonzero(np.isfinite(base.drive_s).any(axis=0))
    if not len(others) or not len(reached):
        return found
    lon, lat = (values[reached] for values in base.road_points)
    both = project(np.concatenate([lon, graph.lon[others]]), np.concatenate([lat, graph.lat[others]]))
    _, nearest = cKDTree(both[: len(lon)]).query(both[len(lon) :])
    km = great_circle_km(graph.lon[others], graph.lat[others], lon[nearest], lat[nearest])
    seconds = base.drive_s[:, reached[nearest]] + km / _WALK_KMH * 3600.0
    found[:, others] = np.where(km <= _FARTHEST_KM, seconds, np.inf)
    return found


def stops_of(graph: RingGraph, rules: RingRules, base: BaseCase) -> Stops:
    """Return for each city that may lie on a ring the nodes of the graph where it does.

    A city lies where the drive from it takes at most the time that the rules allow, to the second. The
    centres of the ring do not count.

    Parameters
    ----------
    graph
        The graph.
    rules
        Tiers, and the time allowed.
    base
        Cities and roads.
    """
    seconds = np.ceil(drive_times(graph, base))
    can_stop = np.array([node.can_stop for node in graph.nodes], dtype=bool)
    found = {}
    for city, tier in enumerate(base.tiers):
        if rules.may_serve(city, tier):
            near = np.flatnonzero(can_stop & (seconds[city] <= rules.on_s))
            if len(near):
                found[city] = {node: int(seconds[city, node]) for node in near.tolist()}
    return found


def within_distance(lines: Sequence[shapely.Geometry], rules: RingRules, base: BaseCase) -> NDArray[np.bool_]:
    """Tell which lines keep the distances of a ring from its centres, and its area, all along; bool [lines].

    The distance of a point is that from its nearest centre. A ring with rivals keeps to where the nearest of
    all these cities is a centre of its own.

    Parameters
    ----------
    lines
        Lines in degrees.
    rules
        Distances, centres, rivals and area.
    base
        Positions of the cities.
    """
    if not len(lines):
        return np.zeros(0, dtype=bool)
    points, owner = shapely.get_coordinates(
        shapely.segmentize(np.array(lines, dtype=object), _STEP_DEG), return_index=True
    )
    own = _nearest_km(points, rules.centres, base)
    inside = (own >= rules.radius_km[0]) & (own <= rules.radius_km[1])
    if rules.rivals:
        inside &= own < _nearest_km(points, rules.rivals, base)
    if rules.within is not None:
        inside &= shapely.intersects_xy(rules.within, *points.T)
    outside = np.bincount(owner, weights=~inside, minlength=len(lines))
    return np.asarray(outside == 0, dtype=bool)


def _nearest_km(points: NDArray[np.float64], cities: tuple[int, ...], base: BaseCase) -> NDArray[np.float64]:
    """Return the distance of points from the nearest of some cities, km."""
    found = [great_circle_km(points[:, 0], points[:, 1], base.lon[city], base.lat[city]) for city in cities]
    return np.asarray(np.min(found, axis=0), dtype=np.float64)

"""Generate a ring of the design problem from what a job asks of it, with its greatest length in metres.

A ring may consist of the network at its standard and of candidates, within its band. A stretch of road or
track is a candidate without arcs: it makes no trip faster, and a circuit that uses it needs it. Rings of one
standard share these candidates, so that what two of them use is paid for once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import ops

from networks.schema import Network
from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.engine.search.circuits import Circuit, divided_costs, lengths_m, through_links
from optimiser.engine.search.paths import UNREACHED
from optimiser.problem import Ring, RingLink, RingStop
from optimiser.problem.ring import Point
from optimiser.proposals.base_case import NEW, BaseCase, great_circle_km, line_km, nearby, project, road_label
from optimiser.proposals.rings import graph as graphs
from optimiser.proposals.table import Candidates, rows_by_candidate

_SLIP = "_link"
"""Suffix of the class of a slip road."""
_ON_LINE_DEG = 1e-6
"""A node lies on a line when it is at most this far from it, about a tenth of a metre."""
_TIES = 3
"""An end of a candidate off the standard reaches on to at most so many lines at standard."""


@dataclass(frozen=True)
class RingNetwork:
    """The network of a ring; what exists at its standard is gathered once for all sets of candidates.

    Attributes
    ----------
    base
        Networks and cities.
    rules
        What is asked of the ring.
    """

    base: BaseCase
    rules: graphs.RingRules

    @classmethod
    def of(cls, base: BaseCase, rules: graphs.RingRules) -> RingNetwork:
        """Return the network of a ring, the same for all limits."""
        return base.once(("ring network", rules), lambda: cls(base, rules))

    @cached_property
    def centres(self) -> tuple[Point, ...]:
        """Return the centres of the ring in 1e-7 degree."""
        return tuple(
            graphs.point_of(float(self.base.lon[city]), float(self.base.lat[city]))
            for city in self.rules.centres
        )

    @cached_property
    def network(self) -> Network:
        """Return the network of the ring's mode, without links where there is none."""
        road, rail = self.base.road, self.base.rail
        if self.rules.mode == "rail" and rail is not None:
            return rail
        return road if self.rules.mode == "road" else road.replace(links=road.links.iloc[:0])

    @cached_property
    def existing(self) -> graphs.RingGraph:
        """Return what exists at standard, also outside the band; rings of one standard share it."""
        rules = self.rules
        standard = (rules.mode, rules.classes, rules.speed_kmh)
        joined = (rules.junction_km, rules.slip_km)
        return self.base.once(
            ("ring standard", *standard, *joined), lambda: standard_graph(self.network, rules)
        )

    @cached_property
    def stretches(self) -> gpd.GeoDataFrame:
        """Return what exists from one interchange, where not exactly two links meet, to the next.

        Whatever other nodes lie between: `tail`, `head`, `metres`, `forward` and `backward` (whether it is
        open that way), `geometry`.
        """
        rows = []
        for chain, path in graphs.chains(self.existing):
            link = graphs.joined_link(self.existing, chain, path)
            ways = [self.existing.links[k].direction * (-1 if back else 1) for k, back in chain]
            metres = round(_METRES * link.length_km)
            rows.append((link.tail, link.head, metres, min(ways) >= 0, max(ways) <= 0, link.line))
        names = ["tail", "head", "metres", "forward", "backward", "geometry"]
        return gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs="EPSG:4326")

    def along(self, graph: graphs.RingGraph, candidates: Candidates) -> Iterator[tuple[int, int, int]]:
        """Yield what cities lie near an inner node of a link of a contracted graph: city, link, seconds."""
        whole = self.with_candidates(candidates)
        for city, nodes in sorted(graphs.stops_of(whole, self.rules, self.base).items()):
            drives = {whole.nodes[node].key: seconds for node, seconds in nodes.items()}
            for position, link in enumerate(graph.links):
                if near := [drives[key] for key in link.inner if key in drives]:
                    yield city, position, min(near)

    @cached_property
    def existing_in_band(self) -> graphs.RingGraph:
        """Return what exists at standard within the band."""
        return self._within_band(self.existing)

    @cached_property
    def off_standard(self) -> list[int]:
        """Return the cities that may lie on the ring, but near which nothing at standard runs today."""
        served = graphs.stops_of(self.existing_in_band, self.rules, self.base)
        return [
            city
            for city, tier in enumerate(self.base.tiers)
            if self.rules.may_serve(city, tier) and city not in served
        ]

    def with_candidates(self, candidates: Candidates) -> graphs.RingGraph:
        """Return all that exists at standard or may be built within the band; nothing is contracted."""
        return self._within_band(self._joined(candidates))

    def _within_band(self, graph: graphs.RingGraph) -> graphs.RingGraph:
        """Return the links of a graph, existing ones first, that lie within the band of the ring."""
        new = [link.line for link in graph.links[len(self.existing.links) :]]
        near = np.concatenate([self._existing_near, graphs.within_distance(new, self.rules, self.base)])
        return graph.take(np.flatnonzero(near).tolist())

    @cached_property
    def _existing_near(self) -> NDArray[np.bool_]:
        return graphs.within_distance([link.line for link in self.existing.links], self.rules, self.base)

    def _joined(self, candidates: Candidates) -> graphs.RingGraph:
        """Return what exists with the candidates of which a ring may consist.

        A candidate that ends off the standard, in a city say, is tied to the nearest nodes of a few lines at
        standard that are not too far away. The ties belong to it.
        """
        nodes, row, links = list(self.existing.nodes), dict(self.existing.row), list(self.existing.links)
        count, off, table = len(nodes), dict[tuple[str, str], graphs.GraphNode](), candidates.table
        columns = (table[name].tolist() for name in ("candidate_id", "from_name", "to_name", "length_km"))
        facts = list(zip(*columns, strict=True))
        for k, (a, b, line, share) in _pieces(candidates, self.base, self.usable_in(candidates)):
            name, start, end, length_km = facts[k]
            for node in (a, b):
                if node.key not in row:
                    row[node.key] = len(nodes)
                    nodes.append(node)
                if row[node.key] >= count:
                    off[node.key, name] = node
            two = row[a.key], row[b.key]
            links.append(graphs.GraphLink(*two, line, share * length_km, f"{start} - {end}", name))
        ends = {node.key: node for node in off.values()}
        ties = {key: list(self.ties_of(node)) for key, node in ends.items()}
        for key, name in sorted(off):
            links += [
                graphs.GraphLink(row[key], to, line, length_km, candidate=name, tie_km=length_km)
                for to, line, length_km in ties[key]
            ]
        return graphs.RingGraph(tuple(nodes), tuple(links))

    def usable_in(self, candidates: Candidates) -> list[int]:
        """Return the rows of the candidates of which the ring may consist."""
        table = candidates.table
        fits = table["kind"].isin(graphs.RING_KINDS) & (table["mode"] == self.rules.mode)
        fits &= (table["speed_kmh"] >= self.rules.speed_kmh) & (table["fixed"] != "out")
        return np.flatnonzero(fits.to_numpy()).tolist()

    @cached_property
    def _lines(self) -> list[int]:
        return lines_through(self.existing)

    def ties_of(self, node: graphs.GraphNode) -> Iterator[tuple[int, shapely.LineString, float]]:
        """Yield the nearest node of each of a few lines at standard, the straight line to it, its km."""
        places = self.existing.lon, self.existing.lat
        near, km = nearby(node.lon, node.lat, *places, within_km=self.rules.tie_km)
        reached: set[int] = set()
        for to in near[np.argsort(km, kind="stable")].tolist():
            if len(reached) == _TIES:
                return
            if self._lines[to] not in reached:
                reached.add(self._lines[to])
                end = self.existing.nodes[to]
                line = shapely.LineString([(node.lon, node.lat), (end.lon, end.lat)])
                yield to, line, line_km(line)


def standard_graph(network: Network, rules: graphs.RingRules) -> graphs.RingGraph:
    """Return the links of a network that are at the standard of a ring, junctions joined.

    Slip roads of the classes belong to them, however slow. A junction of expressways consists of many nodes:
    those that short slip roads join, and ends of slip roads that lie beside each other, are one node. So the
    two carriageways of an expressway become parallel links between the same junctions.

    Parameters
    ----------
    network
        Road or rail network.
    rules
        Mode, classes and speed of the standard.

    Returns
    -------
    RingGraph
        Its nodes have the ids that the time graph gives to nodes of the network; nothing is contracted.
    """
    links, points = network.links, network.nodes.geometry
    slip = links["link_class"].isin([f"{name}{_SLIP}" for name in rules.classes]).to_numpy()
    fast = links["speed_kmh"].to_numpy(dtype=np.float64) >= rules.speed_kmh
    if rules.classes:
        fast &= links["link_class"].isin(rules.classes).to_numpy()
    rows = np.flatnonzero((links["mode"] == rules.mode).to_numpy() & (fast | slip))
    table = links.iloc[rows]
    ends = table[["tail", "head"]].to_numpy(dtype=np.int64)
    kept = np.unique(ends)
    prefix = "road" if rules.mode == "road" else "station"
    can_stop = (network.nodes["kind"].iloc[kept] == "station").to_numpy() | (rules.mode == "road")
    lon, lat = points.x.iloc[kept].tolist(), points.y.iloc[kept].tolist()
    nodes = zip(kept.tolist(), lon, lat, can_stop.tolist(), strict=True)
    places = np.searchsorted(kept, ends).tolist()
    forward, backward = ((table[name] > 0).astype(int) for name in ("forward_s", "backward_s"))
    columns = (places, table.geometry, table["length_km"], table["ref"], table["name"], forward - backward)
    graph = graphs.RingGraph(
        tuple(graphs.GraphNode(f"{prefix}:{row}", x, y, stops) for row, x, y, stops in nodes),
        tuple(
            graphs.GraphLink(a, b, line, float(km), road_label(ref, name), direction=way)
            for (a, b), line, km, ref, name, way in zip(*columns, strict=True)
        ),
    )
    return _with_joined_junctions(graph, slip[rows], rules)


def _with_joined_junctions(
    graph: graphs.RingGraph, slip: NDArray[np.bool_], rules: graphs.RingRules
) -> graphs.RingGraph:
    """Let the nodes of each junction be one, at the place of the first of them."""
    if not slip.any():
        return graph
    ends, km = graph.ends, np.array([link.length_km for link in graph.links])
    slip_ends = np.unique(ends[slip])
    tree = cKDTree(project(graph.lon[slip_ends], graph.lat[slip_ends]))
    beside = slip_ends[tree.query_pairs(rules.junction_km, output_type="ndarray")]
    pairs = np.concatenate([ends[slip & (km <= rules.slip_km)], beside])
    moved = graphs.joined_to(pairs, len(graph.nodes))[ends]
    links = tuple(
        replace(link, tail=tail, head=head)
        for link, (tail, head) in zip(graph.links, moved.tolist(), strict=True)
    )
    return graphs.RingGraph(graph.nodes, links).take(np.flatnonzero(moved[:, 0] != moved[:, 1]).tolist())


def lines_through(graph: graphs.RingGraph) -> list[int]:
    """Return for each node the number of the line it lies on: a run of nodes at which two links meet."""
    degree = np.bincount(graph.ends.ravel(), minlength=len(graph.nodes))
    inner = graph.ends[(degree[graph.ends] == 2).all(axis=1)]
    lines: list[int] = graphs.joined_to(inner, len(graph.nodes)).tolist()
    return lines


type _Piece = tuple[graphs.GraphNode, graphs.GraphNode, shapely.LineString, float]
"""Both ends, line, and share of the length of a candidate."""


def _pieces(candidates: Candidates, base: BaseCase, rows: Sequence[int]) -> Iterator[tuple[int, _Piece]]:
    """Yield the pieces of some candidates between their interchanges, with the rows of the candidates."""
    table, arcs = candidates.table, candidates.arcs
    shapes, modes = list(table.geometry), list(table["mode"])
    ends = list(zip(arcs["tail_id"].tolist(), arcs["head_id"].tolist(), strict=True))
    own = rows_by_candidate(arcs["candidate"].to_numpy(dtype=np.int64), len(table))
    for row in rows:
        opened, shape = [ends[at] for at in own[row].tolist()], shapes[row]
        pairs = _station_pairs(opened, shape, base) if modes[row] == "rail" else _road_pairs(opened, base)
        cut = [(a, b, _line_between(shape, a, b)) for a, b in pairs]
        lengths = np.array([line_km(line) for _, _, line in cut])
        shares = (lengths / max(lengths.sum(), 1e-9)).tolist()
        yield from ((row, (*piece, share)) for piece, share in zip(cut, shares, strict=True))


def _road_pairs(
    opened: Sequence[tuple[str, str]], base: BaseCase
) -> Iterator[tuple[graphs.GraphNode, graphs.GraphNode]]:
    """Yield the two ends of each road that a candidate opens."""
    lon, lat = base.road_points
    for two in sorted(
        {tuple(sorted(two)) for two in opened if all(re.fullmatch(r"road:\d+", name) for name in two)}
    ):
        rows = [int(name.removeprefix("road:")) for name in two]
        a, b = (graphs.GraphNode(f"road:{row}", float(lon[row]), float(lat[row])) for row in rows)
        yield a, b


def _station_pairs(
    opened: Sequence[tuple[str, str]], shape: shapely.Geometry, base: BaseCase
) -> Iterator[tuple[graphs.GraphNode, graphs.GraphNode]]:
    """Yield the stations nearest to the ends of a line, of those at which its trains stop."""
    names = sorted({name for two in opened for name in two})
    stops = [stop for name in names if (stop := _station(name, base)) is not None]
    if len(stops) < 2:
        return
    coords = shapely.get_coordinates(shape)
    lon, lat = (np.array([getattr(stop, axis) for stop in stops]) for axis in ("lon", "lat"))
    from_ends = (great_circle_km(coords[end, 0], coords[end, 1], lon, lat) for end in (0, -1))
    a, b = (stops[int(np.argmin(km))] for km in from_ends)
    if a != b:
        yield a, b


def _station(name: str, base: BaseCase) -> graphs.GraphNode | None:
    """Return the node of a station's id, None for other ids."""
    number = name.removeprefix("station:")
    if name.startswith("station:") and number.isdecimal() and base.rail is not None:
        point = base.rail.nodes.geometry.iloc[int(number)]
        return graphs.GraphNode(name, point.x, point.y)
    city = name.removeprefix(f"{NEW}station/")
    if name.startswith(f"{NEW}station/") and city in base.ids:
        at = base.ids.index(city)
        return graphs.GraphNode(name, float(base.lon[at]), float(base.lat[at]))
    return None


def _line_between(shape: shapely.Geometry, a: graphs.GraphNode, b: graphs.GraphNode) -> shapely.LineString:
    """Return the part of a line between two nodes; the straight line where it does not contain both."""
    straight = shapely.LineString([(a.lon, a.lat), (b.lon, b.lat)])
    if isinstance(shape, shapely.LineString) and len(shape.coords) == 2:
        return straight
    ends, parts = (shapely.Point(a.lon, a.lat), shapely.Point(b.lon, b.lat)), shapely.get_parts(shape)
    for part in parts:
        if max(part.distance(end) for end in ends) <= _ON_LINE_DEG:
            cut = ops.substring(part, *(part.project(end) for end in ends))
            if isinstance(cut, shapely.LineString):
                return cut
    if len(parts) == 1 and len(parts[0].coords) > 2:  # a line of the user's own, its ends snapped to nodes
        first = shapely.Point(parts[0].coords[0])
        return parts[0] if first.distance(ends[0]) <= first.distance(ends[1]) else parts[0].reverse()
    return straight


# ---- the ring of the problem

_METRES = 1000
_PARTS = 10_000
"""A stretch is rounded to so many parts, so that limits do not depend on floating-point arithmetic."""
_MONEY_SHARES = (0.0, 0.25, 1.0, 4.0, 16.0, 1000.0)
"""What the cost of all links counts for against their metres in the search for a circuit within a budget; the
last share all but minimises the cost."""


def with_longest(
    rings: Sequence[tuple[graphs.RingRules, Ring]], candidates: Candidates, budget: int | None
) -> tuple[Ring, ...]:
    """Return rings with the most metres that the circuit of each may be long.

    Parameters
    ----------
    rings
        What is asked of each ring, and the ring; its links have lengths.
    candidates
        What may be built.
    budget
        Money that may be spent; None for no limit.

    Notes
    -----
    A stretch counts over the shortest circuit found that meets the demands of the ring, touches no circuit
    found for the rings before it from which it is apart, and can be paid for with those of the required ones.
    So these circuits together keep to the limits that are derived from them. Without such a circuit the
    stretch limits nothing.
    """
    costs, circuits = candidates.costs, dict[str, set[Point]]()
    table = candidates.table
    paid = set(table["candidate_id"][table["fixed"] == "in"])
    found = []
    for rules, ring in rings:
        limits = [math.floor(_METRES * rules.longest_km)] if math.isfinite(rules.longest_km) else []
        if math.isfinite(rules.most_stretch):
            others = {*ring.apart, *(other.id for _, other in rings if ring.id in other.apart)}
            taken = set[Point]().union(*(circuits.get(name, ()) for name in others))
            ends = [{ring.nodes[link.tail], ring.nodes[link.head]} for link in ring.links]
            closed = np.array([not taken.isdisjoint(two) for two in ends], dtype=np.bool_)
            left = None if budget is None else budget - sum(costs[name] for name in paid)
            price = {name: 0 if name in paid else cost for name, cost in costs.items()}
            shortest = shortest_circuit_within(ring, price, left, closed=closed)
            if shortest:
                metres = sum(ring.links[k].length or 0 for k in shortest)
                limits.append(metres * round(_PARTS * rules.most_stretch) // _PARTS)
                circuits[ring.id] = {
                    ring.nodes[v] for k in shortest for v in (ring.links[k].tail, ring.links[k].head)
                }
                if ring.required:
                    paid |= _names(ring, shortest)
        found.append(replace(ring, longest=min(limits, default=None)))
    return tuple(found)


def _names(ring: Ring, links: Circuit) -> set[str]:
    return {name for k in links if (name := ring.links[k].candidate) is not None}


def shortest_circuit_within(
    ring: Ring, price: Mapping[str, int], budget: int | None, *, closed: NDArray[np.bool_] | None = None
) -> Circuit:
    """Return the shortest circuit found that meets the demands of a ring within a budget; empty without one.

    Parameters
    ----------
    ring
        The ring; its links have lengths.
    price
        Cost of each candidate by its id; 0 for those that are paid for in any case.
    budget
        Money that may be spent; None for no limit.
    closed
        bool [links], links that may not be used; None: all may.

    Notes
    -----
    Circuits are sought by metres, and by metres and money in growing shares; of those that the budget can pay
    for, the shortest counts. Without demands on cities and with money enough it is the shortest of all, else
    a good one (`engine.search.circuit_starts`).
    """
    metres = lengths_m(ring)
    if metres is None or not ring.links:
        return ()
    costs = divided_costs([link.candidate for link in ring.links], price)
    a_unit = max(1, int(metres.sum())) / max(1, sum(costs))
    found: list[tuple[int, Circuit]] = []
    for share in _MONEY_SHARES:
        length = metres + np.rint(share * a_unit * np.array(costs, dtype=np.float64)).astype(np.int64)
        found += [
            (int(metres[list(links)].sum()), links)
            for links in start_circuits(ring, length, closed=closed)
            if budget is None or sum(price[name] for name in _names(ring, links)) <= budget
        ]
    return min(found, default=(0, ()))[1]


@dataclass(frozen=True, slots=True)
class GeneratedRing:
    """A ring of the design problem, and what its numbers mean.

    Attributes
    ----------
    ring
        Ids and integers alone.
    graph
        Its nodes and links, in the same order, with lines, lengths and names.
    stops
        Rows of cities to nodes of the graph to seconds of driving.
    """

    ring: Ring
    graph: graphs.RingGraph
    stops: graphs.Stops


def generate(
    network: RingNetwork, candidates: Candidates, *, budget: int | None = None, prune: bool = True
) -> GeneratedRing:
    """Return the ring of a design problem: everything that some circuit may use, and nothing else.

    Parameters
    ----------
    network
        What exists at the standard of the ring, and its rules.
    candidates
        What may be built.
    budget
        Money that may be spent; links are left out if every circuit over them costs more. None for no limit.
    prune
        Leave out what no circuit round all centres can use.

    Returns
    -------
    GeneratedRing
        Without links where no circuit goes round the centres.
    """
    graph = _contracted(network.with_candidates(candidates), network)
    if prune:
        graph = _contracted(links_on_circuits(graph, candidates, network, budget), network)
    stops = graphs.stops_of(graph, network.rules, network.base)
    return GeneratedRing(ring_of(graph, stops, network), graph, stops)


def _contracted(graph: graphs.RingGraph, network: RingNetwork) -> graphs.RingGraph:
    """Return a graph contracted to junctions and stops, without twins."""
    stops = graphs.stops_of(graph, network.rules, network.base)
    contracted = graphs.contract(graph, graphs.nodes_to_keep(graph, stops))
    return graphs.without_twins(contracted, network.centres, keep_short=network.rules.is_short)


def links_on_circuits(
    graph: graphs.RingGraph, candidates: Candidates, network: RingNetwork, budget: int | None
) -> graphs.RingGraph:
    """Return the links that lie on a circuit round all centres that the budget can pay for.

    A candidate is paid for once whatever number of its links is used, so a link costs at least its
    candidate's cost over the number of links that name it.

    Parameters
    ----------
    graph
        Contracted.
    candidates
        Their costs count.
    network
        The centres.
    budget
        None for no limit.
    """
    if not graph.links:
        return graph
    least = divided_costs([link.candidate for link in graph.links], candidates.costs)
    through = through_links(ring_of(graph, {}, network), np.array(least, dtype=np.int64))
    return graph.take(np.flatnonzero(through <= (UNREACHED - 1 if budget is None else budget)).tolist())


def ring_of(graph: graphs.RingGraph, stops: graphs.Stops, network: RingNetwork) -> Ring:
    """Return a graph as a ring of the design problem.

    Parameters
    ----------
    graph
        Contracted.
    stops
        Which city lies at which nodes.
    network
        The centres, and what is asked of the ring.
    """
    rules, base = network.rules, network.base
    cities = sorted({*stops, *rules.must})
    tiers = Counter(base.tiers[city] for city in cities)
    # A tier without cities is no group of the problem; asking for more stops than there are keeps the demand.
    lacks_tier = any(least and not tiers[tier] for tier, least in rules.least_by_tier)
    return Ring(
        id=rules.id,
        required=rules.required,
        centres=network.centres,
        nodes=tuple(node.point for node in graph.nodes),
        links=tuple(
            RingLink(
                tail=link.tail,
                head=link.head,
                candidate=link.candidate or None,
                via=graphs.thinned(graph.corners(k), network.centres, within_km=rules.thin_km),
                length=round(_METRES * link.length_km),
            )
            for k, link in enumerate(graph.links)
        ),
        stops=tuple(
            RingStop(base.ids[city], tuple(sorted(stops.get(city, ()))), base.tiers[city], city in rules.must)
            for city in cities
        ),
        least_stops=max(rules.least_cities, len(cities) + 1) if lacks_tier else rules.least_cities,
        least_by_group=tuple(sorted((tier, n) for tier, n in rules.least_by_tier if n and tiers[tier])),
        longest=math.floor(_METRES * rules.longest_km) if math.isfinite(rules.longest_km) else None,
        reward=rules.reward,
        apart=rules.apart,
    )

"""Gather all that a ring may consist of: the network at its standard and candidates, within its band.

A stretch of road or track is a candidate without arcs: it makes no trip faster, and a circuit that uses it
needs it. Rings of one standard share these candidates, so that what two of them use is paid for once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import ops

from networks.schema import Network
from optimiser.problem.ring import Point
from optimiser.proposals.base_case import NEW, BaseCase, great_circle_km, line_km, project
from optimiser.proposals.rings.graph import (
    RING_KINDS,
    GraphLink,
    GraphNode,
    RingGraph,
    RingRules,
    joined_to,
    point_of,
    stops_of,
    within_distance,
)
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
    rules: RingRules

    @classmethod
    def of(cls, base: BaseCase, rules: RingRules) -> RingNetwork:
        """Return the network of a ring, the same for all limits."""
        return base.once(("ring network", rules), lambda: cls(base, rules))

    @cached_property
    def centres(self) -> tuple[Point, ...]:
        """Return the centres of the ring in 1e-7 degree."""
        return tuple(
            point_of(float(self.base.lon[city]), float(self.base.lat[city])) for city in self.rules.centres
        )

    @cached_property
    def network(self) -> Network:
        """Return the network of the ring's mode, without links where there is none."""
        road, rail = self.base.road, self.base.rail
        if self.rules.mode == "rail" and rail is not None:
            return rail
        return road if self.rules.mode == "road" else road.replace(links=road.links.iloc[:0])

    @cached_property
    def existing(self) -> RingGraph:
        """Return what exists at standard, also outside the band; rings of one standard share it."""
        rules = self.rules
        standard = (rules.mode, rules.classes, rules.speed_kmh)
        joined = (rules.junction_km, rules.slip_km)
        return self.base.once(
            ("ring standard", *standard, *joined), lambda: standard_graph(self.network, rules)
        )

    @cached_property
    def existing_in_band(self) -> RingGraph:
        """Return what exists at standard within the band."""
        return self._within_band(self.existing)

    @cached_property
    def off_standard(self) -> list[int]:
        """Return the cities that may lie on the ring, but near which nothing at standard runs today."""
        served = stops_of(self.existing_in_band, self.rules, self.base)
        return [
            city
            for city, tier in enumerate(self.base.tiers)
            if self.rules.may_serve(city, tier) and city not in served
        ]

    def with_candidates(self, candidates: Candidates) -> RingGraph:
        """Return all that exists at standard or may be built within the band; nothing is contracted."""
        return self._within_band(self._joined(candidates))

    def _within_band(self, graph: RingGraph) -> RingGraph:
        """Return the links of a graph, existing ones first, that lie within the band of the ring."""
        new = [link.line for link in graph.links[len(self.existing.links) :]]
        near = np.concatenate([self._existing_near, within_distance(new, self.rules, self.base)])
        return graph.take(np.flatnonzero(near).tolist())

    @cached_property
    def _existing_near(self) -> NDArray[np.bool_]:
        return within_distance([link.line for link in self.existing.links], self.rules, self.base)

    def _joined(self, candidates: Candidates) -> RingGraph:
        """Return what exists with the candidates of which a ring may consist.

        A candidate that ends off the standard, in a city say, is tied to the nearest nodes of a few lines at
        standard that are not too far away. The ties belong to it.
        """
        nodes, row, links = list(self.existing.nodes), dict(self.existing.row), list(self.existing.links)
        count, off, table = len(nodes), dict[tuple[str, str], GraphNode](), candidates.table
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
            links.append(GraphLink(*two, line, share * length_km, f"{start} - {end}", name))
        ends = {node.key: node for node in off.values()}
        ties = {key: list(self.ties_of(node)) for key, node in ends.items()}
        for key, name in sorted(off):
            links += [
                GraphLink(row[key], to, line, length_km, candidate=name) for to, line, length_km in ties[key]
            ]
        return RingGraph(tuple(nodes), tuple(links))

    def usable_in(self, candidates: Candidates) -> list[int]:
        """Return the rows of the candidates of which the ring may consist."""
        table = candidates.table
        fits = table["kind"].isin(RING_KINDS) & (table["mode"] == self.rules.mode)
        fits &= (table["speed_kmh"] >= self.rules.speed_kmh) & (table["fixed"] != "out")
        return np.flatnonzero(fits.to_numpy()).tolist()

    @cached_property
    def _lines(self) -> list[int]:
        return lines_through(self.existing)

    def ties_of(self, node: GraphNode) -> Iterator[tuple[int, shapely.LineString, float]]:
        """Yield the nearest node of each of a few lines at standard, the straight line to it, its km."""
        km = great_circle_km(node.lon, node.lat, self.existing.lon, self.existing.lat)
        reached: set[int] = set()
        for to in np.argsort(km, kind="stable").tolist():
            if km[to] > self.rules.tie_km or len(reached) == _TIES:
                return
            if self._lines[to] not in reached:
                reached.add(self._lines[to])
                end = self.existing.nodes[to]
                line = shapely.LineString([(node.lon, node.lat), (end.lon, end.lat)])
                yield to, line, line_km(line)


def standard_graph(network: Network, rules: RingRules) -> RingGraph:
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
    columns = (places, table.geometry, table["length_km"], table["ref"], table["name"])
    graph = RingGraph(
        tuple(GraphNode(f"{prefix}:{row}", x, y, stops) for row, x, y, stops in nodes),
        tuple(
            GraphLink(a, b, line, float(km), str(ref) or str(name))
            for (a, b), line, km, ref, name in zip(*columns, strict=True)
        ),
    )
    return _with_joined_junctions(graph, slip[rows], rules)


def _with_joined_junctions(graph: RingGraph, slip: NDArray[np.bool_], rules: RingRules) -> RingGraph:
    """Let the nodes of each junction be one, at the place of the first of them."""
    if not slip.any():
        return graph
    ends, km = graph.ends, np.array([link.length_km for link in graph.links])
    slip_ends = np.unique(ends[slip])
    tree = cKDTree(project(graph.lon[slip_ends], graph.lat[slip_ends]))
    beside = slip_ends[tree.query_pairs(rules.junction_km, output_type="ndarray")]
    pairs = np.concatenate([ends[slip & (km <= rules.slip_km)], beside])
    moved = joined_to(pairs, len(graph.nodes))[ends]
    links = tuple(
        replace(link, tail=tail, head=head)
        for link, (tail, head) in zip(graph.links, moved.tolist(), strict=True)
    )
    return RingGraph(graph.nodes, links).take(np.flatnonzero(moved[:, 0] != moved[:, 1]).tolist())


def lines_through(graph: RingGraph) -> list[int]:
    """Return for each node the number of the line it lies on: a run of nodes at which two links meet."""
    degree = np.bincount(graph.ends.ravel(), minlength=len(graph.nodes))
    inner = graph.ends[(degree[graph.ends] == 2).all(axis=1)]
    lines: list[int] = joined_to(inner, len(graph.nodes)).tolist()
    return lines


type _Piece = tuple[GraphNode, GraphNode, shapely.LineString, float]
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


def _road_pairs(opened: Sequence[tuple[str, str]], base: BaseCase) -> Iterator[tuple[GraphNode, GraphNode]]:
    """Yield the two ends of each road that a candidate opens."""
    lon, lat = base.road_points
    for two in sorted(
        {tuple(sorted(two)) for two in opened if all(re.fullmatch(r"road:\d+", name) for name in two)}
    ):
        rows = [int(name.removeprefix("road:")) for name in two]
        a, b = (GraphNode(f"road:{row}", float(lon[row]), float(lat[row])) for row in rows)
        yield a, b


def _station_pairs(
    opened: Sequence[tuple[str, str]], shape: shapely.Geometry, base: BaseCase
) -> Iterator[tuple[GraphNode, GraphNode]]:
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


def _station(name: str, base: BaseCase) -> GraphNode | None:
    """Return the node of a station's id, None for other ids."""
    number = name.removeprefix("station:")
    if name.startswith("station:") and number.isdecimal() and base.rail is not None:
        point = base.rail.nodes.geometry.iloc[int(number)]
        return GraphNode(name, point.x, point.y)
    city = name.removeprefix(f"{NEW}station/")
    if name.startswith(f"{NEW}station/") and city in base.ids:
        at = base.ids.index(city)
        return GraphNode(name, float(base.lon[at]), float(base.lat[at]))
    return None


def _line_between(shape: shapely.Geometry, a: GraphNode, b: GraphNode) -> shapely.LineString:
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

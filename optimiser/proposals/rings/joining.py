"""Join candidates to the graph of a ring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely import ops

from optimiser.proposals.candidates import Candidates
from optimiser.proposals.candidates.neighbours import great_circle_km, line_km
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.trains import NEW
from optimiser.proposals.rings.graph import GraphLink, GraphNode, RingGraph
from optimiser.proposals.rings.rules import RING_KINDS, RingRules

_ON_LINE_DEG = 1e-6
"""A node lies on a line when it is at most so far off, about a tenth of a metre."""
_TIES = 3
"""An end of a candidate off the standard reaches on to at most so many lines at standard."""


def usable(candidates: Candidates, rules: RingRules) -> list[int]:
    """Return the rows of the candidates of which a ring may consist.

    Parameters
    ----------
    candidates
        All candidates.
    rules
        Mode and speed of the ring.
    """
    table = candidates.table
    fits = table["kind"].isin(RING_KINDS[rules.mode]) & (table["mode"] == rules.mode)
    fits &= (table["speed_kmh"] >= rules.speed_kmh) & (table["fixed"] != "out")
    return np.flatnonzero(fits.to_numpy()).tolist()


@dataclass(frozen=True)
class Ends:
    """Find where candidates begin and end.

    Attributes
    ----------
    candidates
        All candidates.
    situation
        Networks and cities.
    """

    candidates: Candidates
    situation: Situation

    def pieces(self, row: int) -> list[tuple[GraphNode, GraphNode, shapely.LineString, float]]:
        """Return the pieces of a candidate between its interchanges: ends, line, and share of its length."""
        table = self.candidates.table
        shape = table.geometry.iloc[row]
        if table["mode"].iloc[row] == "rail":
            ends = self._stations(row, shape)
            pairs = [] if ends is None else [ends]
        else:
            pairs = list(self._road_pairs(row))
        lines = [_between(shape, a, b) for a, b in pairs]
        lengths = np.array([line_km(line) for line in lines])
        shares = lengths / max(lengths.sum(), 1e-9)
        return [(a, b, line, float(share)) for (a, b), line, share in zip(pairs, lines, shares, strict=True)]

    @cached_property
    def _arcs(self) -> dict[int, list[tuple[str, str]]]:
        """Return the two ends of each arc of each candidate, by its row."""
        arcs = self.candidates.arcs
        columns = (arcs[name].tolist() for name in ("candidate", "tail_id", "head_id"))
        found: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for row, tail, head in zip(*columns, strict=True):
            found[row].append((tail, head))
        return found

    def _road_pairs(self, row: int) -> Iterator[tuple[GraphNode, GraphNode]]:
        """Yield the two ends of each road that a candidate opens."""
        pairs = {tuple(sorted(two)) for two in self._arcs.get(row, ()) if all(_is_road(name) for name in two)}
        for two in sorted(pairs):
            rows = [int(name.removeprefix("road:")) for name in two]
            a, b = (GraphNode(name, *self._road_points[row]) for name, row in zip(two, rows, strict=True))
            yield a, b

    @cached_property
    def _road_points(self) -> list[tuple[float, float]]:
        """Return the positions of the road nodes."""
        points = self.situation.road.nodes.geometry
        return list(zip(points.x.tolist(), points.y.tolist(), strict=True))

    def _stations(self, row: int, shape: shapely.Geometry) -> tuple[GraphNode, GraphNode] | None:
        """Return the stations nearest to the ends of a line, of those at which its trains stop."""
        names = {name for two in self._arcs.get(row, ()) for name in two}
        stops = [stop for name in sorted(names) if (stop := self._station(name)) is not None]
        if len(stops) < 2:
            return None
        coords = shapely.get_coordinates(shape)
        found = []
        for lon, lat in (coords[0], coords[-1]):
            far = [great_circle_km(*(np.array([v]) for v in (lon, lat, s.lon, s.lat)))[0] for s in stops]
            found.append(stops[int(np.argmin(far))])
        return None if found[0] == found[1] else (found[0], found[1])

    def _station(self, name: str) -> GraphNode | None:
        """Return the node of a station's id, None for other ids."""
        situation = self.situation
        number = name.removeprefix("station:")
        if name.startswith("station:") and number.isdecimal() and situation.rail is not None:
            point = situation.rail.nodes.geometry.iloc[int(number)]
            return GraphNode(name, point.x, point.y)
        city = name.removeprefix(f"{NEW}station/")
        if name.startswith(f"{NEW}station/") and city in situation.ids:
            at = situation.ids.index(city)
            return GraphNode(name, float(situation.lon[at]), float(situation.lat[at]))
        return None


def _is_road(name: str) -> bool:
    """Tell whether an id is that of a road node, in the copy before trains."""
    return name.startswith("road:") and name.removeprefix("road:").isdecimal()


def _between(shape: shapely.Geometry, a: GraphNode, b: GraphNode) -> shapely.LineString:
    """Return the part of a line between two nodes; the straight line where it does not hold both."""
    if isinstance(shape, shapely.LineString) and len(shape.coords) == 2:
        return shapely.LineString([(a.lon, a.lat), (b.lon, b.lat)])
    ends = shapely.Point(a.lon, a.lat), shapely.Point(b.lon, b.lat)
    for part in shapely.get_parts(shape):
        if max(part.distance(end) for end in ends) <= _ON_LINE_DEG:
            cut = ops.substring(part, *(part.project(end) for end in ends))
            if isinstance(cut, shapely.LineString):
                return cut
    parts = shapely.get_parts(shape)
    if len(parts) == 1 and len(parts[0].coords) > 2:  # a line of the user's own, its ends snapped to nodes
        first = shapely.Point(parts[0].coords[0])
        return parts[0] if first.distance(ends[0]) <= first.distance(ends[1]) else parts[0].reverse()
    return shapely.LineString([(a.lon, a.lat), (b.lon, b.lat)])


def with_candidates(
    graph: RingGraph, candidates: Candidates, situation: Situation, rules: RingRules
) -> RingGraph:
    """Return a graph with the candidates of which a ring may consist.

    A candidate that ends off the standard, in a city say, is tied to the nearest nodes of at most three
    lines at standard that are not too far off. The ties belong to it.

    Parameters
    ----------
    graph
        What exists at standard, not contracted.
    candidates
        All candidates.
    situation
        Networks and cities.
    rules
        Rules of the ring.
    """
    ends = Ends(candidates, situation)
    nodes, row, links = list(graph.nodes), graph.row, list(graph.links)
    lines, off = lines_through(graph), dict[tuple[str, str], GraphNode]()
    table = candidates.table
    for k in usable(candidates, rules):
        name, length_km = str(table["candidate_id"].iloc[k]), float(table["length_km"].iloc[k])
        for a, b, line, share in ends.pieces(k):
            for node in (a, b):
                if node.key not in row:
                    row[node.key] = len(nodes)
                    nodes.append(node)
                if row[node.key] >= len(graph.nodes):
                    off[node.key, name] = node
            title = f"{table['from_name'].iloc[k]} - {table['to_name'].iloc[k]}"
            links.append(GraphLink(row[a.key], row[b.key], line, share * length_km, title, name))
    for (key, name), node in sorted(off.items(), key=lambda item: item[0]):
        links += [
            GraphLink(row[key], to, line, line_km(line), candidate=name)
            for to, line in _ties(node, graph, lines, rules.tie_km)
        ]
    return RingGraph(tuple(nodes), tuple(links))


def lines_through(graph: RingGraph) -> list[int]:
    """Return for each node the number of the line it lies on: a run of nodes at which two links meet."""
    at = graph.at()
    line = [-1] * len(graph.nodes)
    for start in range(len(line)):
        if line[start] >= 0:
            continue
        line[start] = start
        stack = [start] if len(at[start]) == 2 else []
        while stack:
            for position in at[stack.pop()]:
                for end in (graph.links[position].tail, graph.links[position].head):
                    if line[end] < 0 and len(at[end]) == 2:
                        line[end] = start
                        stack.append(end)
    return line


def _ties(
    node: GraphNode, graph: RingGraph, lines: list[int], within_km: float
) -> Iterator[tuple[int, shapely.LineString]]:
    """Yield the nearest node of each of a few lines at standard, with the straight line to it."""
    if not graph.nodes:
        return
    count = len(graph.nodes)
    far = great_circle_km(np.full(count, node.lon), np.full(count, node.lat), graph.lon, graph.lat)
    reached: set[int] = set()
    for to in np.argsort(far, kind="stable").tolist():
        if far[to] > within_km or len(reached) == _TIES:
            return
        if lines[to] not in reached:
            reached.add(lines[to])
            end = graph.nodes[to]
            yield to, shapely.LineString([(node.lon, node.lat), (end.lon, end.lat)])

"""Hold the graph that a ring is chosen from: junctions or stations, and two-way links with their lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.problem.ring import Point

DEGREE = 10_000_000
"""Units of the coordinates of a problem in one degree."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A junction, station or end of a candidate.

    Attributes
    ----------
    key
        Its id in the time graph (`road:12`, `station:7`), or that of a city.
    lon, lat
        Degrees.
    can_stop
        Whether a city may be served here: at any junction of roads, but at stations only of railways.
    """

    key: str
    lon: float
    lat: float
    can_stop: bool = True

    @property
    def point(self) -> Point:
        """Return the position in 1e-7 degree."""
        return round(self.lon * DEGREE), round(self.lat * DEGREE)


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
        Id of the candidate that must be built for it; empty where it exists.
    """

    tail: int
    head: int
    line: shapely.LineString
    length_km: float
    name: str = ""
    candidate: str = ""


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
        """Return the longitudes of the nodes."""
        return np.array([node.lon for node in self.nodes], dtype=np.float64)

    @property
    def lat(self) -> NDArray[np.float64]:
        """Return the latitudes of the nodes."""
        return np.array([node.lat for node in self.nodes], dtype=np.float64)

    def at(self) -> list[list[int]]:
        """Return the positions of the links at each node; a loop stands twice."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for position, link in enumerate(self.links):
            found[link.tail].append(position)
            found[link.head].append(position)
        return found

    def take(self, links: Sequence[int], *, also: Iterable[int] = ()) -> RingGraph:
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
            links=tuple(
                GraphLink(new[k.tail], new[k.head], k.line, k.length_km, k.name, k.candidate) for k in kept
            ),
        )

    def corners(self, link: int) -> list[Point]:
        """Return the corners of the line of a link in 1e-7 degree, from node to node."""
        one = self.links[link]
        inner = [(round(lon * DEGREE), round(lat * DEGREE)) for lon, lat in one.line.coords]
        ends = self.nodes[one.tail].point, self.nodes[one.head].point
        line = [ends[0], *inner, ends[1]]
        return [point for at, point in enumerate(line) if at == 0 or point != line[at - 1]] or [ends[0]]

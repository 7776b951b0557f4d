"""Collect OpenStreetMap elements, and write them as a sorted, reproducible .osm.pbf file."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from networks.world.geograph import Point

type Tags = Mapping[str, str]

MOST_NODES_PER_WAY = 1900
"""Stays below the limit of OpenStreetMap, 2,000 nodes."""
_TIMESTAMP = "2024-04-01T00:00:00Z"
"""Fixed timestamp of all elements, so that the same input gives the same bytes."""


@dataclass(frozen=True)
class Way:
    """A way: its node ids in order, and its tags."""

    nodes: tuple[int, ...]
    tags: Tags


@dataclass(frozen=True)
class Relation:
    """A relation: its members as (type, id, role), and its tags."""

    members: tuple[tuple[str, int, str], ...]
    tags: Tags


@dataclass
class Elements:
    """Nodes, ways and relations of a file; the ids of each kind count up from 1.

    Parameters
    ----------
    nodes
        Point and tags by id.
    ways, relations
        Ways and relations by id.
    """

    nodes: dict[int, tuple[Point, Tags]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)

    def add_node(self, point: Point, tags: Tags) -> int:
        """Add a node and return its id."""
        self.nodes[len(self.nodes) + 1] = (point, dict(tags))
        return len(self.nodes)

    def add_way(self, nodes: Sequence[int], tags: Tags) -> int:
        """Add a way and return its id."""
        self.ways[len(self.ways) + 1] = Way(tuple(nodes), dict(tags))
        return len(self.ways)

    def add_relation(self, members: Iterable[tuple[str, int, str]], tags: Tags) -> int:
        """Add a relation and return its id."""
        self.relations[len(self.relations) + 1] = Relation(tuple(members), dict(tags))
        return len(self.relations)


def chains(edges: Mapping[tuple[int, int], Hashable]) -> list[list[int]]:
    """Join edges with the same key into the longest possible lines of nodes.

    Parameters
    ----------
    edges
        Key of each edge, given as two node indices. A line has one key. It ends at nodes where the number of
        edges with this key is not two, and after `MOST_NODES_PER_WAY` nodes.

    Returns
    -------
    list of list of int
        Nodes of each line; each edge is in exactly one line.
    """
    groups: dict[Hashable, dict[int, list[int]]] = {}
    for (a, b), key in sorted(edges.items(), key=lambda item: item[0]):
        neighbours = groups.setdefault(key, {})
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    # Long lines are cut into parts that share their end nodes.
    step = MOST_NODES_PER_WAY - 1
    lines = [line for neighbours in groups.values() for line in _lines(neighbours)]
    return [line[at : at + step + 1] for line in lines for at in range(0, len(line) - 1, step)]


def _lines(neighbours: dict[int, list[int]]) -> list[list[int]]:
    """Return all lines of one key: first those with ends, then the circles."""
    done: set[tuple[int, int]] = set()
    lines = []
    ends = [node for node, others in neighbours.items() if len(others) != 2]
    for start in [*ends, *neighbours]:
        for step in neighbours[start]:
            if (start, step) not in done:
                line = _walk(neighbours, start, step)
                done |= {pair for a, b in pairwise(line) for pair in ((a, b), (b, a))}
                lines.append(line)
    return lines


def _walk(neighbours: dict[int, list[int]], start: int, step: int) -> list[int]:
    """Follow a line until it branches, ends or closes."""
    line = [start, step]
    while len(neighbours[line[-1]]) == 2 and line[-1] != start:
        first, second = neighbours[line[-1]]
        onward = second if first == line[-2] else first
        line.append(onward)
    return line


def write(elements: Elements, path: Path) -> None:
    """Write the elements to a ``.osm.pbf`` file, sorted by kind and id; replace an existing file."""
    from osmium import SimpleWriter
    from osmium.osm import mutable

    path.unlink(missing_ok=True)
    fixed: dict[str, Any] = {"version": 1, "timestamp": _TIMESTAMP}
    with SimpleWriter(str(path)) as writer:
        for number, ((lat, lon), tags) in elements.nodes.items():
            place = (round(lon, 7), round(lat, 7))
            writer.add_node(mutable.Node(id=number, location=place, tags=tags, **fixed))
        for number, way in elements.ways.items():
            writer.add_way(mutable.Way(id=number, nodes=list(way.nodes), tags=way.tags, **fixed))
        for number, relation in elements.relations.items():
            members = list(relation.members)
            writer.add_relation(mutable.Relation(id=number, members=members, tags=relation.tags, **fixed))

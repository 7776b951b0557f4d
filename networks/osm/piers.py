"""Find the small roads that lead from ferries to the roads that were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.osm.access import SIDED_KEYS, access, access_of_value, carries_cars, closed_reason
from networks.osm.classes import ROAD_KEYS
from networks.osm.directions import BACKWARD, BOTH, FORWARD, NEITHER, direction, open_direction
from networks.osm.elements import Tags
from networks.osm.scan import RawWays, ints

ACCESS_CLASSES = ("unclassified", "residential", "living_street", "service")
"""Road classes that are searched for the way to a ferry, beside those that were asked for."""

MOST_WAYS = 40
"""Most ways between a ferry and the next road."""


def add_access_roads(path: Path, roads: RawWays, ferries: RawWays, *, classes: frozenset[str]) -> int:
    """Add the small roads that connect ferries with the roads that were read.

    Only where an end of a ferry that carries cars touches no road that was read, the file is read once more.
    From each such end the ways over fewest small roads are taken, those that cars leave by and those that
    they come by. What is open to customers, residents and the like alone is open to passengers.

    Parameters
    ----------
    path
        The file.
    roads, ferries
        Ways that were read; the small roads are added to `roads`.
    classes
        Road classes that were asked for.

    Returns
    -------
    int
        Number of ways added.
    """
    ends = _ends(ferries)
    wanted = [name for name in ACCESS_CLASSES if name not in classes]
    if not len(ends) or not len(roads.refs) or not wanted:
        return 0
    known = np.unique(ints(roads.refs))
    loose = ends[~np.isin(ends, known)]
    if not len(loose):
        return 0
    small = RawWays()
    keep = osmium.filter.TagFilter(*(("highway", name) for name in wanted))
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(keep):
        if isinstance(way, osmium.osm.Way):
            tags = dict(way.tags)
            small.add(way, {key: tags[key] for key in tags.keys() & ROAD_KEYS})
    search = _Search(small, known)
    paths = (search.ways(int(end), arriving=arriving) for end in loose for arriving in (False, True))
    chosen = sorted(set().union(*paths))
    for i in chosen:
        roads.id.append(small.id[i])
        roads.refs.extend(search.nodes(i).tolist())
        roads.ends.append(len(roads.refs))
        roads.tags.append(_for_passengers(small.tags[i]))
    return len(chosen)


def _for_passengers(tags: Tags) -> Tags:
    """Return tags without access for customers and the like alone, since passengers are those."""
    return {
        key: value
        for key, value in tags.items()
        if key not in SIDED_KEYS or access_of_value(value) != "restricted"
    }


def _ends(ferries: RawWays) -> NDArray[np.int64]:
    """Return the first and last nodes of the ferries that carry cars, without repeats."""
    stops, refs = ints(ferries.ends), ints(ferries.refs)
    starts = stops - np.diff(stops, prepend=0)
    used = (stops > starts) & np.array([carries_cars(tags) for tags in ferries.tags], bool)
    return np.unique(np.concatenate([refs[starts[used]], refs[stops[used] - 1]]))


class _Search:
    """Search for the ways over fewest small roads between ferries and known nodes, as cars drive."""

    def __init__(self, small: RawWays, known: NDArray[np.int64]) -> None:
        self._known = known
        self._tags = small.tags
        self._refs = ints(small.refs)
        self._stops = ints(small.ends)
        self._starts = np.concatenate([[0], self._stops[:-1]]).astype(np.int64)
        self._order = np.argsort(self._refs, kind="stable")
        self._sorted = self._refs[self._order]
        self._turns: dict[int, int] = {}

    def nodes(self, way: int) -> NDArray[np.int64]:
        """Return the nodes of a way."""
        return self._refs[self._starts[way] : self._stops[way]]

    def ways(self, end: int, *, arriving: bool) -> set[int]:
        """Return the ways on the path from the end of a ferry to a known node; the reverse if `arriving`."""
        came_from: dict[int, tuple[int, int]] = {end: (-1, -1)}
        queue = deque([(end, 0)])
        while queue:
            node, count = queue.popleft()
            if self._is_known(node):
                return _traced(node, came_from)
            if count == MOST_WAYS:
                continue
            for way, nodes in self._next(node, arriving=arriving):
                for following in nodes.tolist():
                    if following not in came_from:
                        came_from[following] = (way, node)
                        queue.append((following, count + 1))
        return set()

    def _is_known(self, node: int) -> bool:
        at = np.searchsorted(self._known, node)
        return bool(at < len(self._known) and self._known[at] == node)

    def _next(self, node: int, *, arriving: bool) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the ways at a node, each with the nodes that cars reach along it (or come from)."""
        first, last = np.searchsorted(self._sorted, node), np.searchsorted(self._sorted, node, side="right")
        for at in self._order[first:last].tolist():
            way = int(np.searchsorted(self._stops, at, side="right"))
            turn = self._turn(way)
            against = FORWARD if arriving else BACKWARD
            if turn in (BOTH, against):
                yield way, self._refs[self._starts[way] : at]
            if turn in (BOTH, -against):
                yield way, self._refs[at + 1 : self._stops[way]]

    def _turn(self, way: int) -> int:
        """Return the direction in which a way is open."""
        if way not in self._turns:
            tags = self._tags[way]
            tagged, _ = direction(tags, reversible="two_way")
            self._turns[way] = NEITHER if closed_reason(tags) else open_direction(tagged, access(tags))
        return self._turns[way]


def _traced(node: int, came_from: Mapping[int, tuple[int, int]]) -> set[int]:
    ways = set()
    way, node = came_from[node]
    while way >= 0:
        ways.add(way)
        way, node = came_from[node]
    return ways

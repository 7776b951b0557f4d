"""Find the small roads that lead from ferries to the roads that were asked for."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.osm.access import carries_cars
from networks.osm.classes import ROAD_KEYS
from networks.osm.scan import RawWays, ints

ACCESS_CLASSES = ("unclassified", "residential", "living_street", "service")
"""Road classes that are searched for the way to a ferry, beside those that were asked for."""

MOST_WAYS = 40
"""Most ways between a ferry and the next road."""


def add_access_roads(path: Path, roads: RawWays, ferries: RawWays, *, classes: frozenset[str]) -> int:
    """Add the small roads that connect ferries with the roads that were read.

    Only where an end of a ferry that carries cars touches no road that was read, the file is read once more.
    From each such end the way over fewest small roads is taken.

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
    chosen = sorted(_paths(small, loose, known))
    stops = ints(small.ends)
    refs = ints(small.refs)
    for i in chosen:
        roads.id.append(small.id[i])
        roads.refs.extend(refs[(stops[i - 1] if i else 0) : stops[i]].tolist())
        roads.ends.append(len(roads.refs))
        roads.tags.append(small.tags[i])
    return len(chosen)


def _ends(ferries: RawWays) -> NDArray[np.int64]:
    """Return the first and last nodes of the ferries that carry cars, without repeats."""
    stops, refs = ints(ferries.ends), ints(ferries.refs)
    starts = stops - np.diff(stops, prepend=0)
    used = (stops > starts) & np.array([carries_cars(tags) for tags in ferries.tags], bool)
    return np.unique(np.concatenate([refs[starts[used]], refs[stops[used] - 1]]))


def _paths(small: RawWays, loose: NDArray[np.int64], known: NDArray[np.int64]) -> set[int]:
    """Return the ways on the paths over fewest ways from each loose end to a known node."""
    stops, refs = ints(small.ends), ints(small.refs)
    way_of = np.repeat(np.arange(len(stops)), np.diff(stops, prepend=0))
    order = np.argsort(refs, kind="stable")
    sorted_refs, sorted_ways = refs[order], way_of[order]
    reaches = np.zeros(len(stops), bool)
    reaches[way_of[np.isin(refs, known)]] = True

    def ways_at(nodes: NDArray[np.int64]) -> list[int]:
        first = np.searchsorted(sorted_refs, nodes)
        last = np.searchsorted(sorted_refs, nodes, side="right")
        return sorted({int(w) for a, b in zip(first, last, strict=True) for w in sorted_ways[a:b]})

    chosen: set[int] = set()
    for end in loose:
        came_from = dict.fromkeys(ways_at(np.array([end])), -1)
        queue = deque((way, 1) for way in came_from)
        while queue:
            way, count = queue.popleft()
            if reaches[way]:
                while way >= 0:
                    chosen.add(way)
                    way = came_from[way]
                break
            if count < MOST_WAYS:
                nodes = refs[(stops[way - 1] if way else 0) : stops[way]]
                for following in ways_at(nodes):
                    if following not in came_from:
                        came_from[following] = way
                        queue.append((following, count + 1))
    return chosen

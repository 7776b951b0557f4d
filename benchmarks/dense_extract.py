"""Generate an extract of many million nodes at the density of OpenStreetMap: few are on main roads.

The shares are estimates from memory of extracts of European countries. Node ids are spread over those of
OpenStreetMap: the nodes of a way mostly follow each other, as they were drawn together, and ways lie
anywhere. Where lines of the lattice of main roads cross rows, their nodes have ids far apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from import_extract import CLASSES, WAY_STEPS, lattice
from numpy.typing import NDArray
from osmium.osm import mutable

type Tags = dict[str, str]

LAST_ID = 12_000_000_000
"""Ids of nodes in OpenStreetMap reach about so far."""
MAIN_ROAD_SHARE = 0.03
"""Share of the nodes that are on motorways to tertiary roads."""
BOX_DEGREES = (6.0, 6.0)
SOUTH_WEST = (112.0, 33.0)
_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True)
class _Sort:
    """Ways or single nodes of one sort: share of all nodes, nodes of each, tags, whether they are closed."""

    share: float
    size: int
    tags: Tags
    is_closed: bool = False


SORTS = (
    _Sort(0.72, 7, {"building": "yes", "source": "survey"}, is_closed=True),
    _Sort(0.12, 12, {"highway": "residential", "surface": "asphalt"}),
    _Sort(0.09, 25, {"landuse": "farmland"}, is_closed=True),
    _Sort(0.005, 20, {"railway": "rail", "usage": "main", "maxspeed": "120"}),
    _Sort(0.035, 1, {}),
)
"""Everything but the main roads."""
POINT_TAGS: tuple[tuple[int, Tags], ...] = (
    (2_000, {"railway": "station", "name": "Station"}),
    (8, {"barrier": "gate"}),
    (5, {"highway": "crossing"}),
    (1, {"natural": "tree"}),
)
"""Tags of single nodes; each comes once among so many."""


def save(path: Path, *, nodes: int, seed: int) -> Path:
    """Write an extract of about so many nodes.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    nodes
        Number of nodes, rounded by the sizes of ways.
    seed
        Seed of positions, ids and tags.
    """
    rng = np.random.default_rng(seed)
    lines, (lon, lat) = lattice(_side(round(nodes * MAIN_ROAD_SHARE)), rng)
    sizes = [np.full(-(-len(lon) // WAY_STEPS), WAY_STEPS)]
    sizes += [np.full(round(nodes * sort.share / sort.size), sort.size) for sort in SORTS]
    sizes[0][-1] -= sizes[0].sum() - len(lon)
    size = np.concatenate(sizes)
    # Runs of nodes that were drawn together come in any order, and their nodes one after the other.
    order = rng.permutation(len(size))
    first = np.empty(len(size), dtype=np.int64)
    first[order] = np.cumsum(size[order]) - size[order]
    gaps = rng.integers(1, 4, size=int(size.sum()))
    gaps[first] += rng.exponential(LAST_ID / len(size) * 0.95, len(size)).astype(np.int64)
    ids = np.cumsum(gaps)
    del gaps
    parts = np.cumsum([0, *map(len, sizes)])
    points = first[parts[-2] :]
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for node in _nodes(ids, *_places(size, first, (lon, lat), rng), set(points.tolist())):
            writer.add_node(node)
        at = first[: parts[1]].repeat(sizes[0]) + np.arange(len(lon)) % WAY_STEPS
        way = 0
        for way, (refs, tags) in enumerate(_ways(lines, ids[at], first, parts, ids, rng), start=1):
            writer.add_way(mutable.Way(id=way, nodes=refs, tags=tags, version=1))
        for one in range(1, max(2, nodes // 20_000)):
            members = [("w", int(member), "") for member in rng.integers(1, way, size=20)]
            writer.add_relation(mutable.Relation(id=one, members=members, tags={"route": "bus"}, version=1))
    return path


def _side(nodes: int) -> int:
    """Return how many lines each way a lattice of about so many nodes has: each has 5 a block."""
    return max(3, round(math.sqrt(nodes / 10)))


def _places(
    size: NDArray[np.int64],
    first: NDArray[np.int64],
    roads: tuple[NDArray[np.float64], NDArray[np.float64]],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of all nodes in the order of their ids."""
    count, on_roads = int(size.sum()), len(roads[0])
    found = []
    for axis in (0, 1):
        place = np.empty(count)
        start = rng.uniform(0, BOX_DEGREES[axis], len(size)) + SOUTH_WEST[axis]
        order = np.argsort(first)
        place[:] = np.repeat(start[order], size[order])
        place += rng.uniform(-2e-4, 2e-4, count)
        runs = -(-on_roads // WAY_STEPS)
        at = np.repeat(first[:runs], size[:runs]) + np.arange(on_roads) % WAY_STEPS
        place[at] = (roads[axis] - (115.0, 39.0)[axis]) / 2.0 * BOX_DEGREES[axis] + SOUTH_WEST[axis]
        found.append(place)
    return found[0], found[1]


def _nodes(
    ids: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64], tagged: set[int]
) -> Iterator[mutable.Node]:
    for start in range(0, len(ids), _CHUNK):
        part = (values[start : start + _CHUNK].tolist() for values in (ids, lon, lat))
        for at, (one, x, y) in enumerate(zip(*part, strict=True), start=start):
            tags = _point_tags(at) if at in tagged else {}
            yield mutable.Node(id=one, location=(x, y), tags=tags, version=1)


def _point_tags(at: int) -> Tags:
    return next(tags for every, tags in POINT_TAGS if at % every == 0)


def _ways(
    lines: list[NDArray[np.int64]],
    on_roads: NDArray[np.int64],
    first: NDArray[np.int64],
    parts: NDArray[np.int64],
    ids: NDArray[np.int64],
    rng: np.random.Generator,
) -> Iterator[tuple[list[int], Tags]]:
    """Yield the node ids and tags of all ways, main roads first."""
    for number, line in enumerate(lines):
        name = CLASSES[min(4, int(rng.exponential(1.5)))]
        refs = on_roads[line].tolist()
        for start in range(0, len(refs) - 1, WAY_STEPS):
            yield refs[start : start + WAY_STEPS + 1], {"highway": name, "ref": f"G{number}"}
    for at, sort in enumerate(SORTS[:-1], start=1):
        starts, steps = first[parts[at] : parts[at + 1]], np.arange(sort.size)
        for begin in range(0, len(starts), _CHUNK // 10):
            for refs in ids[starts[begin : begin + _CHUNK // 10, None] + steps].tolist():
                yield ([*refs, refs[0]] if sort.is_closed else refs), sort.tags

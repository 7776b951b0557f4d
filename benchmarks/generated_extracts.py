"""Generate OpenStreetMap extracts of a given size: a lattice of roads, or as dense as the map.

`generate` draws roads among many buildings with shuffled ids. `save_dense` writes many million nodes at the
density of OpenStreetMap, where few are on main roads: its shares are estimates from memory of extracts of
European countries. There ids are spread over those of OpenStreetMap: the nodes of a way mostly follow each
other, as they were drawn together, and ways lie anywhere. Where lines of the lattice of main roads cross
rows, their nodes have ids far apart.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.osm import mutable

WAY_STEPS = 10
"""Segments of one road way."""

BLOCK_STEPS = 5
"""Segments between two junctions."""

RING_NODES = 10
"""Nodes of one building."""

CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
LIMITS = ("", "", "", "120", "100", "80", "60", "50 mph", "CN:urban", "50;30", "signals", "none")


@dataclass(frozen=True, slots=True)
class Extract:
    """Node positions in order of their ids 1..n, and ways as (node ids, tags)."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    ways: list[tuple[list[int], dict[str, str]]]


def generate(*, roads: int, buildings: int, seed: int) -> Extract:
    """Draw a lattice of about `roads` road ways, and `buildings` closed ways that no import keeps.

    Parameters
    ----------
    roads
        Number of road ways, rounded down to a square; each has ten segments and passes two or three
        junctions.
    buildings
        Number of closed ways of ten nodes.
    seed
        Seed of positions, tags and ids.

    Returns
    -------
    Extract
        Node ids are shuffled, so that the nodes of a road lie all over the file, as they do in real files.
    """
    rng = np.random.default_rng(seed)
    lines, (lon, lat) = lattice(int(roads**0.5), rng)
    first_free = len(lon)
    corners = rng.uniform((115.0, 39.0), (117.0, 41.0), size=(buildings, 2))
    angle = np.linspace(0, 2 * np.pi, RING_NODES, endpoint=False)
    lon = np.concatenate([lon, (corners[:, :1] + 1e-4 * np.cos(angle)).ravel()])
    lat = np.concatenate([lat, (corners[:, 1:] + 1e-4 * np.sin(angle)).ravel()])
    ids = rng.permutation(len(lon)) + 1
    ways = [
        (ids[line[start : start + WAY_STEPS + 1]].tolist(), _road_tags(rng))
        for line in lines
        for start in range(0, len(line) - 1, WAY_STEPS)
    ]
    ways += [
        ([*ring, ring[0]], {"building": "yes", "source": "survey"})
        for ring in ids[first_free:].reshape(-1, RING_NODES).tolist()
    ]
    order = np.argsort(ids)
    return Extract(lon=lon[order], lat=lat[order], ways=[ways[i] for i in rng.permutation(len(ways))])


def lattice(
    side: int, rng: np.random.Generator
) -> tuple[list[NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the nodes of each row and column of a lattice, and their positions."""
    length = BLOCK_STEPS * (side - 1) + 1
    grid = np.full((length, length), -1, dtype=np.int64)
    on_line = np.zeros((length, length), dtype=bool)
    on_line[::BLOCK_STEPS, :] = True
    on_line[:, ::BLOCK_STEPS] = True
    grid[on_line] = np.arange(on_line.sum())
    row, column = np.nonzero(on_line)
    lon = 115.0 + 2.0 * column / length + rng.uniform(0, 0.5 / length, len(row))
    lat = 39.0 + 2.0 * row / length + rng.uniform(0, 0.5 / length, len(row))
    lines = [grid[k, :] for k in range(0, length, BLOCK_STEPS)]
    lines += [grid[:, k] for k in range(0, length, BLOCK_STEPS)]
    return lines, (lon, lat)


def _road_tags(rng: np.random.Generator) -> dict[str, str]:
    tags = {
        "highway": CLASSES[min(4, int(rng.exponential(1.5)))],
        "surface": "asphalt",
        "source": "imagery",
        "lanes": str(rng.integers(1, 5)),
    }
    if limit := LIMITS[rng.integers(len(LIMITS))]:
        tags["maxspeed"] = limit
    if rng.random() < 0.25:
        tags["oneway"] = ("yes", "-1")[int(rng.random() < 0.1)]
    if rng.random() < 0.6:
        tags |= {"name": f"路{rng.integers(10_000)}", "ref": f"G{rng.integers(999)}"}
    return tags


def save(extract: Extract, path: Path, *, roads_only: bool = False) -> Path:
    """Write an extract in the format that the suffix of the file names.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    roads_only
        Leave out the buildings and their nodes.

    Returns
    -------
    Path
        The file.
    """
    ways = [way for way in extract.ways if not roads_only or "highway" in way[1]]
    used = {ref for refs, _ in ways for ref in refs}
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for one, place in enumerate(zip(extract.lon.tolist(), extract.lat.tolist(), strict=True), start=1):
            if not roads_only or one in used:
                writer.add_node(mutable.Node(id=one, location=place, version=1))
        for one, (refs, tags) in enumerate(ways, start=1):
            writer.add_way(mutable.Way(id=one, nodes=refs, tags=tags, version=1))
    return path


# ---- as dense as the map

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


def save_dense(path: Path, *, nodes: int, seed: int) -> Path:
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
    # How many lines each way a lattice of about so many nodes has: each has 5 a block.
    lines, (lon, lat) = lattice(max(3, round(math.sqrt(round(nodes * MAIN_ROAD_SHARE) / 10))), rng)
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
            tags = next(tags for every, tags in POINT_TAGS if at % every == 0) if at in tagged else {}
            yield mutable.Node(id=one, location=(x, y), tags=tags, version=1)


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

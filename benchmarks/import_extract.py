"""Generate an OpenStreetMap extract of a given size: a lattice of roads among many buildings."""

from __future__ import annotations

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
    mixed = rng.permutation(len(ways))
    return Extract(lon=lon[order], lat=lat[order], ways=[ways[i] for i in mixed])


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
    extract
        The extract.
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

"""Fetch an area from an Overpass server, tile by tile, and read it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import osmium
import shapely

from networks.errors import FetchError, SourceError
from networks.osm import integrity
from networks.osm.areas import Area, outline, tiles
from networks.osm.classes import DEFAULT_CLASSES, with_links
from networks.osm.elements import Elements
from networks.osm.reader import read
from networks.osm.wire import Server, ask

_DIGITS = 6


def fetch(
    area: Area,
    *,
    cache_dir: str | Path,
    roads: frozenset[str] = DEFAULT_CLASSES,
    rail: bool = True,
    ferries: bool = True,
    tile_deg: float = 1.0,
    server: Server | None = None,
) -> Elements:
    """Download an area and read it.

    Each tile is one request and one file of the cache folder. A tile is written only when its answer is
    whole, so a call that was broken off goes on where it stopped, and a second call asks for nothing.

    Parameters
    ----------
    area
        A place name, a box (west, south, east, north) or a polygon, in degrees.
    cache_dir
        Folder for the answers.
    roads, rail, ferries
        As in `networks.osm.read`.
    tile_deg
        Side of a tile in degrees; smaller tiles for dense areas.
    server
        Addresses and patience.

    Returns
    -------
    Elements
        As read from a file.

    Raises
    ------
    FetchError
        When a server stays busy, cannot be reached, or gives partial answers (exit code 5).
    SourceError
        When the area means nothing or holds nothing of what is asked for.
    """
    server = server or Server()
    folder = Path(cache_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise FetchError(f"The cache folder cannot be made: {fault}.", where=str(folder)) from fault
    shape = outline(area, server=server)
    queries = [
        query(tile, roads=roads, rail=rail, ferries=ferries, timeout_s=server.timeout_s)
        for tile in tiles(shape, tile_deg=tile_deg)
    ]
    answers = [_tile(text, folder, server=server) for text in queries]
    return read(_joined(answers, folder), roads=roads, rail=rail, ferries=ferries)


def query(
    tile: shapely.Polygon, *, roads: frozenset[str], rail: bool, ferries: bool, timeout_s: float
) -> str:
    """Write the Overpass query of one tile.

    Parameters
    ----------
    tile
        Outline in degrees.
    roads, rail, ferries
        What to ask for.
    timeout_s
        Time that the server may take.

    Returns
    -------
    str
        A query in Overpass QL that answers in XML, with the nodes of all ways.
    """
    where = f'(poly:"{_corners(tile)}")'
    asked = ['node["place"~"^(city|town)$"]["population"]']
    if roads:
        asked.append(f'way["highway"~"^({"|".join(sorted(with_links(roads)))})$"]')
    if rail:
        asked += ['way["railway"="rail"]', 'nwr["railway"~"^(station|halt)$"]']
    if ferries:
        asked.append('way["route"="ferry"]')
    routes = "|".join(["train"] * rail + ["ferry"] * ferries)
    related = (
        f'rel(bw.found)["route"~"^({routes})$"]->.routes;node(r.routes){where}->.stops;' if routes else ""
    )
    union = "".join(f"{part}{where};" for part in asked)
    output = "(.found;.found >;.routes;.stops;);" if routes else "(.found;.found >;);"
    return f"[out:xml][timeout:{timeout_s:.0f}];({union})->.found;{related}{output}out body;"


def _corners(tile: shapely.Polygon) -> str:
    return " ".join(f"{lat:.{_DIGITS}f} {lon:.{_DIGITS}f}" for lon, lat in tile.exterior.coords)


def _tile(text: str, folder: Path, *, server: Server) -> Path:
    """Return the file of a query's answer; ask the server only when there is none yet."""
    path = folder / f"tile-{hashlib.sha256(text.encode()).hexdigest()[:24]}.osm"
    if path.is_file():
        return path
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.osm")
    try:
        part.write_bytes(ask(server.overpass, {"data": text}, server=server))
        integrity.check(part)
        part.replace(path)
    except FetchError:
        raise
    except SourceError as fault:
        raise FetchError(
            fault.what, where=server.overpass, done="This answer was not kept; the tiles before it are.",
            remedy="Ask with smaller tiles, try later, or read an extract of the region.",
        ) from fault  # fmt: skip
    except OSError as fault:
        raise FetchError(f"The answer cannot be written: {fault}.", where=str(folder)) from fault
    finally:
        part.unlink(missing_ok=True)
    return path


def _joined(answers: list[Path], folder: Path) -> Path:
    """Join the tiles to one file in which every element stands once."""
    names = "\n".join(path.name for path in answers)
    path = folder / f"area-{hashlib.sha256(names.encode()).hexdigest()[:24]}.osm.pbf"
    if path.is_file():
        return path
    part = path.with_name(f"{path.name.removesuffix('.osm.pbf')}.{os.getpid()}.part.osm.pbf")
    try:
        merger = osmium.MergeInputReader()
        for answer in answers:
            merger.add_file(str(answer))
        with osmium.SimpleWriter(str(part), overwrite=True) as writer:
            merger.apply(writer, simplify=True)
        part.replace(path)
    except RuntimeError as fault:
        raise FetchError(f"The tiles cannot be joined: {fault}.", where=str(folder)) from fault
    finally:
        part.unlink(missing_ok=True)
    return path

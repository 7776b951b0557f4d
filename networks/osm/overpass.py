"""Download an area from an Overpass server, tile by tile, and read it."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import osmium
import shapely

from networks.errors import FetchError
from networks.osm.areas import Area, outline, tiles
from networks.osm.classes import DEFAULT_CLASSES, with_slip_roads
from networks.osm.client import Server, ask, cache_folder
from networks.osm.elements import Elements
from networks.osm.reader import read
from networks.osm.scan import FERRY_TAGS, RAIL_TAGS, STATION_TAGS, STOP_AREA

_DECIMALS = 6
"""Decimals of the coordinates in a query: 0.1 m."""


def fetch(
    area: Area,
    *,
    cache_dir: str | Path | None = None,
    roads: frozenset[str] = DEFAULT_CLASSES,
    rail: bool = True,
    ferries: bool = True,
    tile_deg: float = 1.0,
    server: Server | None = None,
) -> Elements:
    """Download an area with OSMnx and read it.

    Each tile is one request and one file in the cache folder. A tile is stored only if its answer is
    complete, so an interrupted call resumes where it stopped, and a repeated call sends no requests.

    Parameters
    ----------
    area
        A place name, a box (west, south, east, north) or a polygon, in degrees.
    cache_dir
        Folder for the answers; None for that of `osmnx.settings`.
    roads, rail, ferries
        What to request; see `networks.osm.read`.
    tile_deg
        Side of a tile in degrees; choose smaller tiles for dense areas.
    server
        Addresses and time limits; None for the servers of `osmnx.settings` with the default limits.

    Returns
    -------
    Elements
        The same as `networks.osm.read` returns for an extract of the area.

    Raises
    ------
    FetchError
        If a server stays busy, cannot be reached, or returns incomplete answers (exit code 5).
    SourceError
        If the area is invalid, or contains nothing of what is requested.
    """
    server = server or Server()
    folder = cache_folder() if cache_dir is None else Path(cache_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise FetchError(f"The cache folder cannot be created: {fault}.", where=str(folder)) from fault
    shape = outline(area, server=server, cache_dir=folder)
    queries = [
        query(tile, roads=roads, rail=rail, ferries=ferries, timeout_s=server.limit_s)
        for tile in tiles(shape, tile_deg=tile_deg)
    ]
    answers = [_tile(text, folder, server=server) for text in queries]
    return read(_merged(answers, folder), roads=roads, rail=rail, ferries=ferries)


def query(
    tile: shapely.Polygon, *, roads: frozenset[str], rail: bool, ferries: bool, timeout_s: float
) -> str:
    """Write the Overpass query of one tile.

    Parameters
    ----------
    tile
        Outline in degrees.
    roads, rail, ferries
        What to request; see `networks.osm.read`.
    timeout_s
        Time limit for the server.

    Returns
    -------
    str
        Overpass QL. The answer is JSON and includes the nodes of all ways.
    """
    where = f'(poly:"{_corners(tile)}")'
    filters = ['node["place"~"^(city|town)$"]["population"]']
    if roads:
        filters.append(f'way["highway"~"^({"|".join(sorted(with_slip_roads(roads)))})$"]')
    if rail:
        filters += [f"way{_any_of(RAIL_TAGS)}", f"nwr{_any_of(STATION_TAGS[:2])}"]
        filters.append('nwr["public_transport"="station"]["train"="yes"]')
    if ferries:
        filters.append(f"way{_any_of(FERRY_TAGS)}")
    routes = "|".join(["train"] * rail + ["ferry", "shuttle_train"] * ferries)
    areas = "".join(f"rel(b{kind}.found){_any_of((STOP_AREA,))};" for kind in "nw" * rail)
    related = (
        f'rel(bw.found)["route"~"^({routes})$"]->.routes;({areas})->.areas;'
        f"node(r.routes){where}->.stops;way(r.routes){where}->.ways;"
        if routes
        else ""
    )
    union = "".join(f"{part}{where};" for part in filters)
    output = "(.found;.found >;.routes;.areas;.stops;.ways;.ways >;);" if routes else "(.found;.found >;);"
    return f"[out:json][timeout:{timeout_s:.0f}];({union})->.found;{related}{output}out body;"


def _any_of(tags: Sequence[tuple[str, str]]) -> str:
    """Return the filter for elements with one of several values of one key."""
    return f'["{tags[0][0]}"~"^({"|".join(value for _, value in tags)})$"]'


def _corners(tile: shapely.Polygon) -> str:
    return " ".join(f"{lat:.{_DECIMALS}f} {lon:.{_DECIMALS}f}" for lon, lat in tile.exterior.coords)


def _tile(text: str, folder: Path, *, server: Server) -> Path:
    """Return the file with the answer to a query; send the query only if the file does not exist."""
    from osmnx import _overpass
    from osmnx._errors import InsufficientResponseError

    path = folder / f"tile-{hashlib.sha256(text.encode()).hexdigest()[:24]}.osm.pbf"
    if path.is_file():
        return path
    # OSMnx has no public function for other queries, and its graphs have neither stations nor trains.
    part = path.with_name(f"{path.name.removesuffix('.osm.pbf')}.{os.getpid()}.part.osm.pbf")
    try:
        answer = ask(
            lambda: _overpass._overpass_request(OrderedDict(data=text)),  # noqa: SLF001
            service="overpass",
            server=server,
        )
        _write(answer, part)
        part.replace(path)
    except FetchError:
        raise
    except (InsufficientResponseError, KeyError, TypeError, ValueError, AttributeError) as fault:
        raise FetchError(
            f"The answer is no map data, or a part is missing: {fault}.", where=server.address("overpass"),
            done="This answer was discarded; earlier tiles are kept.",
            remedy="Use smaller tiles, try later, or read an extract of the region.",
        ) from fault  # fmt: skip
    except (OSError, RuntimeError) as fault:
        raise FetchError(f"The answer cannot be written: {fault}.", where=str(folder)) from fault
    finally:
        part.unlink(missing_ok=True)
    return path


def _write(answer: Mapping[str, Any], path: Path) -> None:
    """Write the elements of an answer as a PBF file; a way whose nodes were not sent is a `ValueError`."""
    elements = answer["elements"]
    sent = {item["id"] for item in elements if item["type"] == "node"}
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for item in elements:
            kind, ident, tags = item["type"], item["id"], item.get("tags", {})
            if kind == "node":
                place = (item["lon"], item["lat"])
                writer.add_node(osmium.osm.mutable.Node(id=ident, location=place, tags=tags))
            elif kind == "way":
                if not sent.issuperset(item["nodes"]):
                    raise ValueError(f"nodes of way {ident}")
                writer.add_way(osmium.osm.mutable.Way(id=ident, nodes=item["nodes"], tags=tags))
            else:
                members = [(one["type"][0], one["ref"], one["role"]) for one in item["members"]]
                writer.add_relation(osmium.osm.mutable.Relation(id=ident, members=members, tags=tags))


def _merged(answers: list[Path], folder: Path) -> Path:
    """Merge the tiles into one file without duplicate elements."""
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
        raise FetchError(f"The tiles cannot be merged: {fault}.", where=str(folder)) from fault
    finally:
        part.unlink(missing_ok=True)
    return path

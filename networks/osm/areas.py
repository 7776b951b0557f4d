"""Turn a place, a box or a polygon into tiles that a server can answer one by one."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import shapely

from networks.errors import FetchError, SourceError
from networks.osm.wire import Server, ask

type Shape = shapely.Polygon | shapely.MultiPolygon
type Area = str | Sequence[float] | Shape
"""A place name, a box (west, south, east, north) in degrees, or a polygon in degrees."""

_SURE = 0.1


def outline(area: Area, *, server: Server) -> shapely.Polygon | shapely.MultiPolygon:
    """Return the outline of an area.

    Parameters
    ----------
    area
        Place name, box or polygon.
    server
        Asked for the outline of a place.

    Returns
    -------
    shapely.Polygon or shapely.MultiPolygon
        In degrees, longitude first.

    Raises
    ------
    SourceError
        When the area is empty, outside the globe, unknown, or the name fits several places.
    FetchError
        When the server gives no answer.
    """
    if isinstance(area, str):
        return _place(area, server=server)
    shape = area if isinstance(area, shapely.Geometry) else _box(area)
    west, south, east, north = shape.bounds or (0, 0, 0, 0)
    if shape.is_empty or not shape.is_valid or shape.area == 0:
        raise SourceError("The area is empty or its outline crosses itself.")
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise SourceError(
            f"The area reaches outside the globe: {west:g}, {south:g}, {east:g}, {north:g}.",
            remedy="Give degrees, longitude before latitude: west, south, east, north.",
        )
    return shape


def _box(area: Sequence[float]) -> shapely.Polygon:
    if len(area) != 4 or not all(math.isfinite(value) for value in area):
        raise SourceError("A box needs four numbers: west, south, east, north, in degrees.")
    west, south, east, north = area
    if west >= east or south >= north:
        raise SourceError(
            f"The box {west:g}, {south:g}, {east:g}, {north:g} holds no area.",
            remedy="Give west, south, east, north, in degrees.",
        )
    return shapely.box(west, south, east, north)


def _place(name: str, *, server: Server) -> shapely.Polygon | shapely.MultiPolygon:
    fields = {"q": name, "format": "jsonv2", "polygon_geojson": "1", "limit": "10"}
    body = ask(server.nominatim, fields, server=server, method="GET")
    try:
        found: list[dict[str, Any]] = [
            entry for entry in json.loads(body) if entry["geojson"]["type"] in {"Polygon", "MultiPolygon"}
        ]
        ranked = sorted(found, key=lambda entry: -float(entry.get("importance", 0)))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise FetchError("The answer of the place search cannot be read.", where=server.nominatim) from fault
    if not ranked:
        raise SourceError(f"No area is called {name!r}.", remedy="Give a box: west, south, east, north.")
    best = float(ranked[0].get("importance", 0))
    rivals = [entry for entry in ranked if best - float(entry.get("importance", 0)) < _SURE]
    if len(rivals) > 1:
        raise SourceError(
            f"{name!r} fits several areas.", faults=[str(entry.get("display_name", "?")) for entry in rivals],
            remedy="Add the province or the country to the name, or give a box.",
        )  # fmt: skip
    shape = shapely.make_valid(shapely.geometry.shape(ranked[0]["geojson"]))
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon(polygons) if len(polygons) != 1 else polygons[0]


def tiles(shape: shapely.Polygon | shapely.MultiPolygon, *, tile_deg: float) -> list[shapely.Polygon]:
    """Cut an outline along a fixed grid, so that the same tiles return when an area grows.

    Parameters
    ----------
    shape
        Outline in degrees.
    tile_deg
        Side of a tile in degrees.

    Returns
    -------
    list of shapely.Polygon
        Parts of the outline, one or more for each tile, from the south-west.
    """
    if not math.isfinite(tile_deg) or tile_deg <= 0:
        raise SourceError(f"The side of a tile must be above 0 degrees, not {tile_deg:g}.")
    west, south, east, north = shape.bounds
    parts: list[shapely.Polygon] = []
    for row in range(math.floor(south / tile_deg), math.ceil(north / tile_deg)):
        for column in range(math.floor(west / tile_deg), math.ceil(east / tile_deg)):
            cell = shapely.box(
                column * tile_deg, row * tile_deg, (column + 1) * tile_deg, (row + 1) * tile_deg
            )
            cut = shape.intersection(cell).normalize()
            parts += [part for part in shapely.get_parts(cut) if isinstance(part, shapely.Polygon)]
    return parts

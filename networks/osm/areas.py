"""Resolve a place name, a box or a polygon to an outline, and divide it into tiles for download."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import shapely

from networks.errors import FetchError, SourceError
from networks.osm.client import Server, request

type Shape = shapely.Polygon | shapely.MultiPolygon
type Area = str | Sequence[float] | Shape
"""A place name, a box (west, south, east, north) in degrees, or a polygon in degrees."""

_LEAST_LEAD = 0.1
"""A search result is unambiguous when its `importance` exceeds that of the next one by at least this much."""


def outline(area: Area, *, server: Server) -> Shape:
    """Return the outline of an area.

    Parameters
    ----------
    area
        Place name, box or polygon.
    server
        Its Nominatim service resolves a place name; it is not used for a box or a polygon.

    Returns
    -------
    shapely.Polygon or shapely.MultiPolygon
        In degrees, longitude first.

    Raises
    ------
    SourceError
        If the area is empty, out of range, unknown, or the name matches several places.
    FetchError
        If the server does not answer.
    """
    if isinstance(area, str):
        return _place(area, server=server)
    shape = area if isinstance(area, shapely.Geometry) else _box(area)
    west, south, east, north = shape.bounds or (0, 0, 0, 0)
    if shape.is_empty or not shape.is_valid or shape.area == 0:
        raise SourceError("The area is empty or its outline intersects itself.")
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise SourceError(
            f"The area extends beyond valid coordinates: {west:g}, {south:g}, {east:g}, {north:g}.",
            remedy="Give degrees, longitude before latitude: west, south, east, north.",
        )
    return shape


def _box(area: Sequence[float]) -> shapely.Polygon:
    if len(area) != 4 or not all(math.isfinite(value) for value in area):
        raise SourceError("A box needs four numbers: west, south, east, north, in degrees.")
    west, south, east, north = area
    if west >= east or south >= north:
        raise SourceError(
            f"The box {west:g}, {south:g}, {east:g}, {north:g} is empty.",
            remedy="Give west, south, east, north, in degrees.",
        )
    return shapely.box(west, south, east, north)


def _place(name: str, *, server: Server) -> Shape:
    fields = {"q": name, "format": "jsonv2", "polygon_geojson": "1", "limit": "10"}
    body = request(server.nominatim, fields, server=server, method="GET")
    try:
        found: list[dict[str, Any]] = [
            entry for entry in json.loads(body) if entry["geojson"]["type"] in {"Polygon", "MultiPolygon"}
        ]
        ranked = sorted(found, key=lambda entry: -float(entry.get("importance", 0)))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise FetchError(
            "The response of the place search cannot be parsed.", where=server.nominatim
        ) from fault
    if not ranked:
        raise SourceError(f"No area is named {name!r}.", remedy="Give a box: west, south, east, north.")
    best = float(ranked[0].get("importance", 0))
    candidates = [entry for entry in ranked if best - float(entry.get("importance", 0)) < _LEAST_LEAD]
    if len(candidates) > 1:
        raise SourceError(
            f"{name!r} matches several areas.",
            faults=[str(entry.get("display_name", "?")) for entry in candidates],
            remedy="Add the province or the country to the name, or give a box.",
        )
    shape = shapely.make_valid(shapely.geometry.shape(ranked[0]["geojson"]))
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon(polygons) if len(polygons) != 1 else polygons[0]


def tiles(shape: Shape, *, tile_deg: float) -> list[shapely.Polygon]:
    """Divide an outline by a fixed grid.

    The grid starts at 0, 0, so an area that grows keeps its inner tiles, and cached answers stay valid.

    Parameters
    ----------
    shape
        Outline in degrees.
    tile_deg
        Side of a tile in degrees.

    Returns
    -------
    list of shapely.Polygon
        Parts of the outline, one or more for each tile, starting in the south-west.

    Raises
    ------
    SourceError
        If `tile_deg` is not a positive number.
    """
    if not math.isfinite(tile_deg) or tile_deg <= 0:
        raise SourceError(f"The tile size must be positive, not {tile_deg:g} degrees.")
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

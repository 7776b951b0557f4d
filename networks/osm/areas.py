"""Resolve a place name, a box or a polygon to an outline, and divide it into tiles for download."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from networks.errors import FetchError, SourceError
from networks.osm.client import Server, ask

type Shape = shapely.Polygon | shapely.MultiPolygon
type Area = str | Sequence[float] | Shape
"""A place name, a box (west, south, east, north) in degrees, or a polygon in degrees."""

_LEAST_LEAD = 0.1
"""A search result is unambiguous when its `importance` exceeds that of the next one by at least this much."""
_MOST_MATCHES = 5
"""Results of the geocoder that are looked at, a request each."""
_SAME_SHARE = 0.9
"""Outlines are of one place where this share of their union belongs to both."""


def outline(area: Area, *, server: Server, cache_dir: Path) -> Shape:
    """Return the outline of an area.

    Parameters
    ----------
    area
        Place name, box or polygon.
    server
        Its Nominatim service resolves a place name; it is not used for a box or a polygon.
    cache_dir
        Folder that keeps the outlines of place names.

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
        return _place(area, server=server, cache_dir=cache_dir)
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


def _place(name: str, *, server: Server, cache_dir: Path) -> Shape:
    """Return the outline of the one area that a name can mean; OSMnx alone takes the first of several."""
    key = hashlib.sha256(f"{server.address('nominatim')} {name}".encode()).hexdigest()[:24]
    path = cache_dir / f"place-{key}.geojson"
    if path.is_file():
        return _polygons(shapely.from_geojson(path.read_text(encoding="utf-8")))
    found = [match for match in _matches(name, server) if match.is_area]
    if not found:
        raise SourceError(f"No area is named {name!r}.", remedy="Give a box: west, south, east, north.")
    rivals = [match for match in found[1:] if not _is_same(match.shape, found[0].shape)]
    if rivals:
        raise SourceError(
            f"{name!r} matches several areas.",
            faults=[match.name for match in (found[0], *rivals)],
            remedy="Add the province or the country to the name, or give a box.",
        )
    shape = _polygons(found[0].shape)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part")
    part.write_text(shapely.to_geojson(shape), encoding="utf-8")
    part.replace(path)
    return shape


@dataclass(frozen=True, slots=True)
class _Match:
    """A result of the geocoder: its full name, its importance (0 to 1) and its shape."""

    name: str
    importance: float
    shape: shapely.Geometry

    @property
    def is_area(self) -> bool:
        return isinstance(self.shape, shapely.Polygon | shapely.MultiPolygon)


def _matches(name: str, server: Server) -> list[_Match]:
    """Return the most important area of a name, and what is about as important, the most important first."""
    best = _geocode(name, None, server)
    if best is None:
        return []
    found = [best]
    for rank in range(1, _MOST_MATCHES + 1):
        match = _geocode(name, rank, server)
        if match is None or best.importance - match.importance >= _LEAST_LEAD:
            break
        if match.name != best.name or not match.shape.equals(best.shape):
            found.append(match)
    return found


def _geocode(name: str, rank: int | None, server: Server) -> _Match | None:
    """Return the result of a rank, or the first area of all results; None if there is none."""
    import osmnx as ox
    from osmnx._errors import InsufficientResponseError

    try:
        table = ask(lambda: ox.geocode_to_gdf(name, which_result=rank), service="nominatim", server=server)
        row = table.iloc[0]
        return _Match(str(row.get("display_name", "?")), float(row["importance"]), row.geometry)
    except FetchError:
        raise
    except (InsufficientResponseError, TypeError):
        # There is no such result, or, as OSMnx says by the second, none of the results is an area.
        return None
    except (KeyError, ValueError, AttributeError) as fault:
        raise FetchError(
            "The response of the place search cannot be parsed.", where=server.address("nominatim")
        ) from fault


def _is_same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two outlines are those of one place, which may be both a city and a province."""
    one, other = shapely.make_valid(one), shapely.make_valid(other)
    return bool(one.intersection(other).area > _SAME_SHARE * one.union(other).area)


def _polygons(shape: shapely.Geometry) -> Shape:
    """Return a valid shape without its points and lines."""
    polygons = [
        part for part in shapely.get_parts(shapely.make_valid(shape)) if isinstance(part, shapely.Polygon)
    ]
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

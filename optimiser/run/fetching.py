"""Fetch the area that a job names, with its margin."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import shapely
from shapely import affinity

from networks.errors import SourceError
from networks.osm import Elements, overpass
from networks.osm.areas import outline
from networks.osm.client import Server
from optimiser.job.model import LoadedJob

_KM_A_DEGREE = 111.2


def fetch(loaded: LoadedJob, downloads: Path) -> Elements:
    """Download the area of a job, or take it from an earlier download.

    Parameters
    ----------
    loaded
        The job.
    downloads
        Folder that keeps the answers of the server.

    Returns
    -------
    Elements
        What was read.
    """
    job = loaded.job
    return overpass.fetch(
        area_of(loaded),
        cache_dir=downloads,
        roads=frozenset(job.times.road_classes),
        rail=job.times.rail,
        ferries=job.times.ferries,
        server=Server(overpass=job.region.overpass) if job.region.overpass else Server(),
    )


def area_of(loaded: LoadedJob) -> shapely.Geometry:
    """Return the outline of the area of a job, widened by its margin."""
    region = loaded.job.region
    if region.polygon:
        shape = _polygon(loaded.path(region.polygon))
    elif region.bbox:
        shape = shapely.box(*region.bbox)
    else:
        shape = outline(region.place, server=Server())
    return widened(shape, region.margin_km)


def widened(shape: shapely.Geometry, margin_km: float) -> shapely.Geometry:
    """Return an outline in degrees widened by a margin.

    Parameters
    ----------
    shape
        Polygon in degrees.
    margin_km
        Margin, km; kept to a percent in areas of some hundred km.

    Returns
    -------
    shapely.Geometry
        The wider polygon.
    """
    if margin_km == 0:
        return shape
    narrow = math.cos(math.radians(shape.centroid.y))
    flat = affinity.scale(shape, xfact=narrow, yfact=1.0, origin=(0, 0))
    wide = flat.buffer(margin_km / _KM_A_DEGREE)
    whole = affinity.scale(wide, xfact=1.0 / narrow, yfact=1.0, origin=(0, 0))
    return whole.intersection(shapely.box(-180.0, -90.0, 180.0, 90.0))


def _polygon(path: Path) -> shapely.Geometry:
    try:
        table = gpd.read_file(path).to_crs(4326)
    except Exception as fault:
        raise SourceError(f"the polygon cannot be read: {fault}", where=str(path)) from fault
    shape = table.geometry.union_all()
    if shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise SourceError("the file holds no polygon", where=str(path), done="Nothing was fetched.")
    return shape

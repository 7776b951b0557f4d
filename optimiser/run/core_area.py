"""Locate the core of a region: its cities, and the nodes and roads within a radius of their centres."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.timegraph import ARC_KINDS, TimeGraph

KM_PER_DEGREE = 111.195
"""Kilometres per degree of latitude, on a sphere of 6,371 km."""


def core_cities(cities: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows of the core cities, or of the largest city where no city is of the core tier."""
    rows = np.flatnonzero((cities["tier"] == "core").to_numpy())
    return rows if len(rows) else np.array([int(np.argmax(cities["population"].to_numpy()))])


def node_positions(graph: TimeGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of nodes.

    A new node has those of the first node with a position that an arc joins it to.
    """
    lon, lat = (graph.nodes[key].to_numpy(dtype=np.float64).copy() for key in ("lon", "lat"))
    placed = np.isfinite(lon)
    for one, other in ((graph.tail, graph.head), (graph.head, graph.tail)):
        # Reversed, so that of several assignments to one node the first arc has the last word.
        rows = np.flatnonzero(~placed[one] & placed[other])[::-1]
        lon[one[rows]], lat[one[rows]] = lon[other[rows]], lat[other[rows]]
    return lon, lat


def roads_in_core(
    graph: TimeGraph, lines: gpd.GeoSeries | None, centres: gpd.GeoSeries, radius_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which arcs follow a road link whose line enters the core."""
    crosses = np.zeros(len(graph.tail), dtype=np.bool_)
    if lines is None:
        return crosses
    within = enters_core(lines.to_numpy(), centres, radius_km)
    arcs = np.flatnonzero((graph.kind == ARC_KINDS.index("road")) & (graph.ref >= 0))
    crosses[arcs] = within[graph.ref[arcs]]
    return crosses


def enters_core(
    lines: NDArray[np.object_], centres: gpd.GeoSeries, radius_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which lines or points lie at least partly within the radius of a centre.

    Parameters
    ----------
    lines
        Geometries in degrees [n].
    centres
        Points in degrees [c].
    radius_km
        float64 [c].

    Returns
    -------
    numpy.ndarray
        bool [n].
    """
    within = np.zeros(len(lines), dtype=np.bool_)
    bounds = shapely.bounds(lines)
    for centre, km in zip(centres, radius_km.tolist(), strict=True):
        # Kilometres on a plane that touches the sphere at the centre (equirectangular).
        scale = np.array([np.cos(np.radians(centre.y)), 1.0]) * KM_PER_DEGREE
        # Most lines lie wholly to one side of the square round the circle, which their bounds tell.
        reach = (km + 1.0) / scale
        place = np.array([centre.x, centre.y])
        near = (bounds[:, :2] <= place + reach).all(axis=1) & (bounds[:, 2:] >= place - reach).all(axis=1)
        flat = shapely.transform(lines[near], lambda xy, c=centre, s=scale: (xy - [c.x, c.y]) * s)
        within[near] |= shapely.dwithin(flat, shapely.Point(0, 0), km)
    return within

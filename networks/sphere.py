"""Measure distances on the globe, and find nearest points."""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180.0
"""Length of a degree of latitude."""

Floats = NDArray[np.float64]


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Return points on the unit sphere.

    Chords between them grow with great-circle distances, so that a KD-tree finds nearest points anywhere on
    Earth, including the poles and the antimeridian.

    Parameters
    ----------
    lon, lat
        Degrees [n].

    Returns
    -------
    numpy.ndarray of float64, shape [n, 3]
        Cartesian coordinates.
    """
    a, b = np.radians(lon), np.radians(lat)
    return np.column_stack((np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)))


def chord_to_km(chord: Floats) -> Floats:
    """Convert chords between points on the unit sphere to great-circle distances in km."""
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))


def km_to_chord(km: float) -> float:
    """Convert a great-circle distance in km to a chord of the unit sphere."""
    return float(2.0 * np.sin(km / (2.0 * EARTH_RADIUS_KM)))


def nearest(points: Floats, places: Floats, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Find the nearest place of each point.

    Parameters
    ----------
    points, places
        Degrees, shape [n, 2] and [m, 2], longitude first.
    rows
        Rows of `places` that may be chosen, at least one.

    Returns
    -------
    tuple of arrays
        Row of the nearest place, and the great-circle distance to it in km, for each point.
    """
    chord, position = KDTree(unit_vectors(*places[rows].T)).query(unit_vectors(*points.T))
    return rows[position], chord_to_km(np.asarray(chord))


def within(points: Floats, places: Floats, limit_km: float) -> Iterator[dict[int, float]]:
    """Yield for each point the rows of the places within a distance, rising, with the chords to them.

    Parameters
    ----------
    points, places
        Degrees, shape [n, 2] and [m, 2], longitude first.
    limit_km
        Great-circle distance.
    """
    tree, limit = KDTree(unit_vectors(*places.T)), km_to_chord(limit_km)
    for at in unit_vectors(*points.T):
        rows = sorted(tree.query_ball_point(at, limit))
        yield {row: float(np.linalg.norm(tree.data[row] - at)) for row in rows}


def lines_near(
    tree: shapely.STRtree, place: ArrayLike, limit_km: float
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Find the lines within a distance of a place, in the plane tangent there.

    Parameters
    ----------
    tree
        Lines in degrees.
    place
        Longitude and latitude in degrees.
    limit_km
        Distance; without a line where it is negative.

    Returns
    -------
    tuple of arrays
        Rows of the lines, rising, their distances in km, and the shares of their lengths that are closest.
    """
    lon, lat = np.asarray(place, dtype=float).tolist()
    narrow, high = max(float(np.cos(np.radians(lat))), 0.01), limit_km / KM_PER_DEGREE
    wide = high / narrow
    rows = np.sort(tree.query(shapely.box(lon - wide, lat - high, lon + wide, lat + high)))
    flat = shapely.transform(tree.geometries[rows], lambda points: points * [narrow, 1.0])
    point = shapely.Point(lon * narrow, lat)
    km = KM_PER_DEGREE * shapely.distance(flat, point)
    found = np.flatnonzero(km <= limit_km)
    return rows[found], km[found], shapely.line_locate_point(flat[found], point, normalized=True)

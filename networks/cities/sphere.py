"""Find nearest places on the globe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def nearest(
    points: NDArray[np.float64], places: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each point the nearest of some places.

    Parameters
    ----------
    points, places
        Degrees, shape [n, 2] and [m, 2], longitude first.
    rows
        Rows of `places` that count, at least one.

    Returns
    -------
    tuple of arrays
        Row of the nearest place, and the great-circle distance in km, by point.
    """
    chord, position = KDTree(unit_vectors(places[rows])).query(unit_vectors(points))
    return rows[position], 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0))


def unit_vectors(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the unit sphere.

    Parameters
    ----------
    lon_lat
        Degrees, shape [n, 2].

    Returns
    -------
    numpy.ndarray of float64, shape [n, 3]
        Straight distances between them grow with great-circle distances, so a KD-tree finds the nearest
        anywhere on Earth, poles and the antimeridian included.
    """
    lon, lat = np.radians(lon_lat).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))

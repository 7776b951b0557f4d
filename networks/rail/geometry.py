"""Measure points and lines in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

METRES_A_DEGREE = 111_195.0
"""Of latitude, on the sphere of 6,371 km; good to 0.6 %, for limits of distance only."""

Floats = NDArray[np.float64]


def segment_lengths_km(lon: Floats, lat: Floats) -> Floats:
    """Measure the steps from each point to the next on the ellipsoid.

    Parameters
    ----------
    lon, lat
        Degrees in WGS 84 [n].

    Returns
    -------
    NDArray[np.float64]
        Kilometres [n - 1].
    """
    import pyproj  # slow to load, and only building a network needs it

    if len(lon) < 2:
        return np.empty(0)
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    return np.asarray(metres, dtype=np.float64) / 1000.0


def nearest_on_line(lon: Floats, lat: Floats, *, at_lon: float, at_lat: float) -> tuple[int, float, float]:
    """Find the point of a line that is nearest to a place.

    Parameters
    ----------
    lon, lat
        Points of the line, degrees [n], n >= 2.
    at_lon, at_lat
        The place, degrees.

    Returns
    -------
    segment, share, metres
        Segment from point `segment` to the next, share of it from 0 to 1, distance in metres.
    """
    x = (lon - at_lon) * METRES_A_DEGREE * np.cos(np.radians(at_lat))
    y = (lat - at_lat) * METRES_A_DEGREE
    dx, dy = np.diff(x), np.diff(y)
    square = dx * dx + dy * dy
    share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    metres = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
    segment = int(np.argmin(metres))
    return segment, float(share[segment]), float(metres[segment])


def on_sphere(lon: Floats, lat: Floats) -> Floats:
    """Put points on the unit sphere, where straight distance orders as distance on the ground.

    Parameters
    ----------
    lon, lat
        Degrees [n].

    Returns
    -------
    NDArray[np.float64]
        Coordinates [n, 3].
    """
    a, b = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])


def chord_to_km(chord: Floats) -> Floats:
    """Turn straight distance on the unit sphere into distance on the ground.

    Parameters
    ----------
    chord
        Distance between points of `on_sphere`.

    Returns
    -------
    NDArray[np.float64]
        Kilometres.
    """
    return 2.0 * 6371.0088 * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0))


def km_to_chord(km: float) -> float:
    """Turn distance on the ground into straight distance on the unit sphere.

    Parameters
    ----------
    km
        Kilometres.

    Returns
    -------
    float
        The chord.
    """
    return float(2.0 * np.sin(km / (2.0 * 6371.0088)))

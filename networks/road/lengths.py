"""Measure lines on the ellipsoid."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray

_SEMI_MAJOR_KM = 6378.137
_ECCENTRICITY_2 = 0.0066943799901413165
_LONG_DEGREES = 0.1

Floats = NDArray[np.float64]


def segment_km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Measure straight segments on the WGS 84 ellipsoid.

    Short segments are measured in the plane that touches the ellipsoid at their middle (radii of curvature of
    the meridian and the prime vertical; right to a millionth below 10 km), longer ones by the geodesic.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Ends in degrees, arrays of one shape.

    Returns
    -------
    numpy.ndarray of float64
        Lengths in km. Segments across the antimeridian go the short way.
    """
    east = (lon2 - lon1 + 180.0) % 360.0 - 180.0
    north = lat2 - lat1
    middle = np.radians((lat1 + lat2) / 2)
    bulge = 1.0 - _ECCENTRICITY_2 * np.sin(middle) ** 2
    vertical = _SEMI_MAJOR_KM / np.sqrt(bulge)
    meridian = vertical * (1.0 - _ECCENTRICITY_2) / bulge
    lengths = np.hypot(np.radians(east) * vertical * np.cos(middle), np.radians(north) * meridian)
    far = (np.abs(east) > _LONG_DEGREES) | (np.abs(north) > _LONG_DEGREES)
    if far.any():
        geod = pyproj.Geod(ellps="WGS84")
        lengths[far] = geod.inv(lon1[far], lat1[far], lon2[far], lat2[far])[2] / 1000.0
    return np.asarray(lengths)

"""Describe the part of the Earth that is read: a box, or a circle round a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from networks.sphere import chord_to_km, unit_vectors

type Floats = NDArray[np.float64]


class Area(Protocol):
    """A part of the Earth."""

    def holds(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Mark the points inside, borders included; degrees (WGS 84)."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box of latitudes and longitudes, borders included.

    Parameters
    ----------
    south, north
        Latitudes in degrees (WGS 84).
    west, east
        Longitudes in degrees (WGS 84); a box with `west` above `east` crosses the antimeridian.
    """

    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Mark the points inside, borders included; degrees (WGS 84)."""
        after, before = lon >= self.west, lon <= self.east
        between = after & before if self.west <= self.east else after | before
        return np.asarray((lat >= self.south) & (lat <= self.north) & between)


@dataclass(frozen=True, kw_only=True)
class Circle:
    """All points within a distance of a centre, also across a pole or the antimeridian.

    Parameters
    ----------
    lat, lon
        Centre, degrees (WGS 84).
    radius_km
        Great-circle distance in km.
    """

    lat: float
    lon: float
    radius_km: float

    def __str__(self) -> str:
        """Return the circle in words."""
        return f"{self.radius_km:g} km around {self.lat:g}, {self.lon:g}"

    def holds(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Mark the points inside, the border included; degrees (WGS 84)."""
        return np.asarray(self.distance_km(lat, lon) <= self.radius_km)

    def distance_km(self, lat: Floats, lon: Floats) -> Floats:
        """Return great-circle distances from the centre in km."""
        centre = unit_vectors(np.array([self.lon]), np.array([self.lat]))
        away = unit_vectors(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)) - centre
        return chord_to_km(np.linalg.norm(away, axis=1))

    def widened(self, margin_km: float) -> Circle:
        """Return the circle with a radius that is longer by a margin in km."""
        return Circle(lat=self.lat, lon=self.lon, radius_km=self.radius_km + margin_km)

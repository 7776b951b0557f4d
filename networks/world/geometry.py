"""Measure and bend lines on the sphere, at the scale of a region."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from networks.sphere import EARTH_RADIUS_KM

KM_PER_DEGREE = math.pi * EARTH_RADIUS_KM / 180

type Point = tuple[float, float]
"""Latitude and longitude, degrees."""


def distance_km(a: Point, b: Point) -> float:
    """Return the great-circle distance between two points in km (haversine formula)."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b[1] - a[1]) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def length_km(line: Sequence[Point]) -> float:
    """Return the length of a line of points in km."""
    return sum(distance_km(a, b) for a, b in itertools.pairwise(line))


def offset_km(a: Point, b: Point) -> tuple[float, float]:
    """Return the offset from a to b to the north and to the east in km, in a local plane."""
    north = (b[0] - a[0]) * KM_PER_DEGREE
    east = (b[1] - a[1]) * KM_PER_DEGREE * math.cos(math.radians((a[0] + b[0]) / 2))
    return north, east


def between(a: Point, b: Point, share: float) -> Point:
    """Return the point at a share of the straight line from a to b."""
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def foot_share(point: Point, a: Point, b: Point) -> float:
    """Return the share of the line from a to b at which it is closest to a point, 0 to 1."""
    north, east = offset_km(a, b)
    to_north, to_east = offset_km(a, point)
    square = north * north + east * east
    return 0.0 if square == 0 else min(1.0, max(0.0, (north * to_north + east * to_east) / square))

"""Measure turns and crossings of lines on the sphere, and bend lines to a length."""

import itertools
import math
from collections.abc import Sequence

from networks.sphere import KM_PER_DEGREE
from networks.world.geograph import Point, distance_km, length_km


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


def turn_deg(a: Point, b: Point, c: Point, d: Point) -> float:
    """Return the angle between the directions a to b and c to d, 0 to 180 degrees."""
    north, east = offset_km(a, b)
    then_north, then_east = offset_km(c, d)
    cross, dot = north * then_east - east * then_north, north * then_north + east * then_east
    return abs(math.degrees(math.atan2(cross, dot)))


def crossing(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Return the shares of a-b and c-d at which they cross, or None if they do not cross inside both."""
    rise, run = b[0] - a[0], b[1] - a[1]
    other_rise, other_run = d[0] - c[0], d[1] - c[1]
    cross = rise * other_run - run * other_rise
    if cross == 0:
        return None
    gap_rise, gap_run = c[0] - a[0], c[1] - a[1]
    first = (gap_rise * other_run - gap_run * other_rise) / cross
    second = (gap_rise * run - gap_run * rise) / cross
    return (first, second) if 0 < first < 1 and 0 < second < 1 else None


def stretched(line: Sequence[Point], target_km: float, *, piece_km: float = 6.0) -> list[list[Point]]:
    """Lengthen a line by bending each leg slightly to alternating sides.

    Parameters
    ----------
    line
        Points that keep their position.
    target_km
        Desired length; a line that is already longer stays straight.
    piece_km
        Approximate length of one bend.

    Returns
    -------
    list of list of (float, float)
        Inner points of each leg, in order.
    """
    straight = length_km(line)
    if straight == 0 or target_km <= straight * 1.0005:
        return [[] for _ in line[1:]]
    # Both halves of a bend lean sideways by the same slope s, which lengthens them by sqrt(1 + s^2).
    slope = math.sqrt((target_km / straight) ** 2 - 1)
    return [_bends(a, b, slope, piece_km) for a, b in itertools.pairwise(line)]


def _bends(a: Point, b: Point, slope: float, piece_km: float) -> list[Point]:
    """Return the inner points of one leg whose halves of bends lean sideways by a slope."""
    north, east = offset_km(a, b)
    pieces = max(1, round(distance_km(a, b) / piece_km))
    points: list[Point] = []
    for piece in range(pieces):
        side = (slope / 2 / pieces) * (1 if piece % 2 == 0 else -1)
        # A point moved to the north and to the east.
        point = between(a, b, (piece + 0.5) / pieces)
        scale = KM_PER_DEGREE * math.cos(math.radians(point[0]))
        points.append((point[0] + (-side * east) / KM_PER_DEGREE, point[1] + (side * north) / scale))
        if piece < pieces - 1:
            points.append(between(a, b, (piece + 1) / pieces))
    return points

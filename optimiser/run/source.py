"""Settle where the data of a job come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from networks import regions
from optimiser.job.model import LoadedJob
from optimiser.problem.errors import JobError

ATTRIBUTION = "© OpenStreetMap contributors"
"""Notice that the Open Database Licence asks for wherever its data are shown."""


@dataclass(frozen=True, slots=True)
class Source:
    """The files and facts that a job starts from.

    Attributes
    ----------
    title
        Name of the region for people.
    country
        ISO 3166 code that chooses default speeds and costs, or `world`.
    map_file
        OSM extract; None with a matrix, or with an area that is yet to be fetched.
    matrix_file
        Table of travel times; None with a network.
    cities_from, cities_file
        `region`, `csv`, `geonames` or `osm`; and the table of cities, None with the last two.
    terrain_file
        Raster or polygons; None: all plain.
    road_factor, rail_factor
        By what lengths of the geometry are multiplied to give lengths on the ground.
    attribution
        Notice that maps must carry.
    notes
        Sentences on data, vintage and licence.
    """

    title: str
    country: str
    map_file: Path | None = None
    matrix_file: Path | None = None
    cities_from: str = "csv"
    cities_file: Path | None = None
    terrain_file: Path | None = None
    road_factor: float = 1.0
    rail_factor: float = 1.0
    attribution: str = ATTRIBUTION
    notes: tuple[str, ...] = ()


def settle(loaded: LoadedJob) -> Source:
    """Return where the data of a job come from; every file named must be there.

    Parameters
    ----------
    loaded
        The job.

    Returns
    -------
    Source
        Files and facts.

    Raises
    ------
    JobError
        With all files that are missing, an unknown region or list, or rings round unknown cities.
    """
    region = loaded.job.region
    source = _embedded(loaded) if region.name else _own(loaded)
    own = {
        "cities.file": source.cities_file,
        "region.file": source.map_file,
        "region.matrix": source.matrix_file,
        "region.polygon": loaded.path(region.polygon) if region.polygon else None,
        "costs.table": loaded.path(loaded.job.costs.table) if loaded.job.costs.table else None,
        "costs.terrain": source.terrain_file,
        "candidates.file": loaded.path(loaded.job.candidates.file) if loaded.job.candidates.file else None,
        "objective.weights_file": (
            loaded.path(loaded.job.objective.weights_file) if loaded.job.objective.weights_file else None
        ),
    }
    faults = [f"{key}: there is no file {path}" for key, path in own.items() if path and not path.is_file()]
    if faults:
        raise JobError(
            "files that the job names are missing",
            where=loaded.name,
            faults=faults,
            done="Nothing was read or written.",
            remedy="Paths start from the folder of the job file; put the files there or correct the paths.",
        )
    if loaded.job.rings and source.cities_file is not None:
        from optimiser.run import ring_asking

        ring_asking.check_centres(loaded.job.rings, source.cities_file)
    return source


def cities_source(loaded: LoadedJob) -> str:
    """Return where the cities come from: `region`, `csv`, `geonames` or `osm`."""
    cities = loaded.job.cities
    if cities.source != "auto":
        return cities.source
    if cities.file:
        return "csv"
    return "region" if loaded.job.region.name else "osm"


def _embedded(loaded: LoadedJob) -> Source:
    job = loaded.job
    region = regions.read(job.region.name)
    regions.check(region)
    lists = {"cities": region.cities, "counties": region.counties}
    if job.cities.list not in lists:
        raise JobError(
            f"cities.list: the region {region.name} has no list '{job.cities.list}'",
            where=loaded.name,
            done="Nothing was read or written.",
            remedy=f"Choose one of: {', '.join(lists)}.",
        )
    own = loaded.path(job.cities.file) if job.cities.file else None
    listed = lists[job.cities.list] if cities_source(loaded) == "region" else own
    terrain = loaded.path(job.costs.terrain) if job.costs.terrain else region.terrain
    return Source(
        title=region.title,
        country=job.region.country or region.country,
        map_file=region.network,
        cities_from=cities_source(loaded),
        cities_file=listed,
        terrain_file=terrain,
        road_factor=region.road_length_factor,
        rail_factor=region.rail_length_factor,
        attribution=region.attribution,
        notes=(f"Data of the region: {region.vintage}.",),
    )


def _own(loaded: LoadedJob) -> Source:
    job = loaded.job
    where = job.region
    if cities_source(loaded) == "region" or (where.matrix and cities_source(loaded) == "osm"):
        raise JobError(
            "cities: this job has no embedded region to take cities from",
            where=loaded.name,
            done="Nothing was read or written.",
            remedy="Give cities.file, or cities.source = 'geonames' or 'osm' (osm needs a map).",
        )
    return Source(
        title=where.place or loaded.name,
        country=where.country or "world",
        map_file=loaded.path(where.file) if where.file else None,
        matrix_file=loaded.path(where.matrix) if where.matrix else None,
        cities_from=cities_source(loaded),
        cities_file=loaded.path(job.cities.file) if job.cities.file else None,
        terrain_file=loaded.path(job.costs.terrain) if job.costs.terrain else None,
        notes=("Map data © OpenStreetMap contributors, Open Database Licence 1.0.",),
    )

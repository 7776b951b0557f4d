"""Find the files and facts that a job starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from networks import borders, countries, regions, storage, world
from optimiser.job import sections
from optimiser.job.model import Job, LoadedJob
from optimiser.problem.errors import JobError

ATTRIBUTION = "© OpenStreetMap contributors"
"""Notice that the Open Database Licence requires wherever its data are shown."""
SCREENING = (
    "A screening: the world networks of scgraph_data have no classes, speeds or trains. Road classes are "
    "inferred from the demand between towns, stations and trains are assumed, so that times and costs are "
    "rough, and what is proposed may be there already. Relief is coarse, too: in hills costs are a lower "
    "bound. Use it to ask where to look closer, and read the cases beside each figure."
)
"""Caution on a region from the world networks."""
WORLD_NETWORKS = (
    "Roads and railways: OpenStreetMap, simplified by the package scgraph_data 2.0.0 (about 2024), Open "
    "Database Licence 1.0."
)
SCREENING_MARK = "Screening: road classes and trains are assumed"
"""The same on maps."""
_STATED = ("title", "attribution", "caution")
"""Keys of `[region]` that count before what its data say of themselves."""
_KNOWN_RINGS = "rings.csv"
_MAP_DATA = "Map data © OpenStreetMap contributors, Open Database Licence 1.0."
_NOTHING = "Nothing was read or written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files and facts that a job starts from.

    Attributes
    ----------
    title
        Name of the region for people.
    country
        ISO 3166 code that chooses default speeds and costs, or `world`.
    cities_from
        `region`, `csv`, `geonames` or `osm`.
    files
        Absolute paths by the key of a job that names such a file (`job.model.PATH_KEYS`): those of the job,
        and of the embedded region `cities.file`, `region.file`, `region.gtfs` (without it the trains are
        those of the map), `costs.terrain` (coarse relief), `backcast.built`,
        `measures.places` and `measures.known_rings`.
    has_map
        Whether there is a map, on file or to be fetched; else a timetable or a matrix takes its place.
    attribution
        Notice that maps must carry; empty where all data are the user's own.
    notes
        Sentences on data, vintage and licence.
    area
        Circle that the world networks are clipped to, without its margin; None with another source.
    caution
        What a reader must know of the region before taking a plan for an answer; may be empty.
    closed_borders
        Land borders that no car crosses, such as `BY-UA`.
    screening
        Caution on a network whose classes are inferred; empty where they are known.
    """

    title: str
    country: str
    cities_from: str
    files: Mapping[str, Path]
    has_map: bool = True
    attribution: str = ATTRIBUTION
    notes: tuple[str, ...] = ()
    area: world.Circle | None = None
    caution: str = ""
    closed_borders: tuple[str, ...] = ()
    screening: str = ""


def find_source(loaded: LoadedJob) -> Source:
    """Return the files and facts of a job; every file named must exist.

    Parameters
    ----------
    loaded
        The job.

    Raises
    ------
    JobError
        With all files that are missing, an unknown region or list, rings round unknown cities, or an unusable
        table of known rings.
    SourceError
        With all closed borders that are none.
    """
    job, region = loaded.job, loaded.job.region
    source = Source(
        title=region.place or loaded.name,
        country=region.country or "world",
        cities_from=_cities_from(job),
        files=loaded.files,
        closed_borders=borders.closed_borders(region.closed_borders),
        has_map=_has_map(region),
        attribution="" if region.matrix else ATTRIBUTION,
        notes=(f"Travel times: {region.matrix}, a table of the user's." if region.matrix else _MAP_DATA,),
    )
    if region.name:
        source = _with_region(source, loaded)
    elif region.around:
        source = _with_world(source, loaded)
    elif source.cities_from == "region" or ((region.matrix or region.graph) and source.cities_from == "osm"):
        raise JobError(
            "cities: this job has no embedded region or map to take cities from",
            where=loaded.name,
            done=_NOTHING,
            remedy="Give cities.file, or cities.source = 'geonames' or 'osm' (osm needs a map).",
        )
    if region.gtfs:
        source = _with_timetable(source, region)
    source = replace(source, **{key: text for key in _STATED if (text := getattr(region, key))})
    countries.lineage(source.country)  # refuses what is no country
    loaded.refuse_missing_files()
    if "region.file" in source.files and source.files["region.file"].suffix == storage.IMPORT_SUFFIX:
        source = _with_package(source, loaded)
    if job.rings:
        from optimiser.proposals.rings.reference_rings import read_reference_rings
        from optimiser.run import rings

        if "cities.file" in source.files:
            rings.check_centres(job.rings, source.files["cities.file"])
        if "measures.known_rings" in source.files:
            read_reference_rings(source.files["measures.known_rings"])
    return source


def _cities_from(job: Job) -> str:
    if job.cities.source != "auto":
        return job.cities.source
    if job.cities.file:
        return "csv"
    if job.region.around or job.region.graph:
        return "geonames"
    if job.region.name:
        return "region"
    return "osm" if _has_map(job.region) or job.region.matrix else "geonames"


def _has_map(region: sections.Region) -> bool:
    """Tell whether a job names a map, an embedded region aside."""
    return bool(region.file or region.place or region.bbox or region.polygon or region.around or region.graph)


def _with_timetable(source: Source, region: sections.Region) -> Source:
    """Return a source with the notice on the timetable of its job; what is no map needs no notice on one."""
    feed = f"timetable: {Path(region.gtfs).name}"
    if not (source.has_map or region.name):
        title = Path(region.gtfs).name.split(".")[0]
        return replace(source, title=title, attribution=feed.capitalize(), notes=(f"{feed.capitalize()}.",))
    return replace(
        source, attribution=f"{source.attribution}; {feed}", notes=(*source.notes, f"{feed.capitalize()}.")
    )


def _with_region(source: Source, loaded: LoadedJob) -> Source:
    """Return a source with the files and facts of the embedded region that its job names."""
    job = loaded.job
    region = regions.read(job.region.name)
    regions.check(region)
    given = {"cities": region.cities, "counties": region.counties}
    lists = {name: file for name, file in given.items() if file is not None}
    if job.cities.list not in lists:
        raise JobError(
            f"cities.list: the region {region.name} has no list '{job.cities.list}'",
            where=loaded.name,
            done=_NOTHING,
            remedy=f"Choose one of: {', '.join(lists)}.",
        )
    rings = None if region.facts is None else region.facts / _KNOWN_RINGS
    own = {
        "cities.file": lists[job.cities.list] if source.cities_from == "region" else None,
        "region.file": region.network,
        "region.gtfs": region.timetable,
        "costs.terrain": None if job.costs.is_plain else region.terrain,
        "backcast.built": region.built,
        "measures.places": region.counties,
        "measures.known_rings": rings if rings is not None and rings.is_file() else None,
    }
    return replace(
        source,
        title=region.title,
        country=job.region.country or region.country,
        files={key: file for key, file in own.items() if file is not None} | dict(source.files),
        has_map=region.network is not None,
        attribution=region.attribution,
        notes=(f"Data of the region: {region.vintage}. {region.gaps}".strip(),),
        caution=region.caution,
    )


def _with_world(source: Source, loaded: LoadedJob) -> Source:
    """Return a source that is clipped from the world networks around the place that its job names."""
    region = loaded.job.region
    if source.cities_from == "region":
        raise JobError(
            "cities.source: a job around a place has no embedded region to take cities from",
            where=loaded.name,
            done=_NOTHING,
            remedy="Choose geonames, or csv with cities.file.",
        )
    world.require()
    place = world.find_place(region.around)
    others = f"Other places of that name: {'; '.join(place.others)}." if place.others else ""
    return replace(
        source,
        title=f"{region.radius_km:g} km around {place.name}",
        country=region.country or place.country,
        attribution=f"{SCREENING_MARK}. {ATTRIBUTION}",
        notes=(WORLD_NETWORKS, "Place and towns: GeoNames, CC BY 4.0."),
        caution=others,
        area=world.Circle(lat=place.lat, lon=place.lon, radius_km=region.radius_km),
        screening=SCREENING,
    )


def _with_package(source: Source, loaded: LoadedJob) -> Source:
    """Return a source with the country by which its GeoPackage was imported, which must suit the job."""
    job, facts = loaded.job, storage.read_facts(source.files["region.file"])
    absent = sorted(set(job.times.road_classes) - facts.road_classes)
    faults = []
    if job.region.country and job.region.country != facts.country:
        faults.append(
            f"region.country is {job.region.country}, but the speeds of the file are those of {facts.country}"
        )
    if job.region.as_of is not None:
        faults.append("region.as_of: the file holds the network of the day of its map alone")
    if facts.report["simplified"]:
        faults.append("region.file: it is contracted (--simplify), which moves cities to other nodes")
    if absent:
        faults.append(f"times.road_classes: the file has no {', '.join(absent)}")
    JobError.refuse(
        faults,
        "the job asks for what the imported file does not hold",
        where=str(source.files["region.file"]),
        done=_NOTHING,
        remedy="Import the extract again (polyring import --country), or name it in region.file.",
    )
    return replace(source, country=facts.country)

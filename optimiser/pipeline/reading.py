"""Read road and rail networks from the map of a job."""

from __future__ import annotations

from pathlib import Path

from networks import cities, impedance, osm, rail, road
from networks.import_report import ImportReport
from networks.network import Network
from networks.osm import Elements
from optimiser.job.model import Job
from optimiser.pipeline import store
from optimiser.pipeline.source import Source


def read(map_file: Path, job: Job) -> Elements:
    """Read what a job asks for from an OSM extract.

    Parameters
    ----------
    map_file
        The extract.
    job
        Which classes of road; whether rail and ferries.

    Returns
    -------
    Elements
        The elements.
    """
    roads = frozenset(job.times.road_classes)
    return osm.read(map_file, roads=roads, rail=job.times.rail, ferries=job.times.ferries)


def write_networks(folder: Path, elements: Elements, *, source: Source, job: Job) -> None:
    """Build both networks and write them with their import report.

    Parameters
    ----------
    folder
        Where the tables of roads, railways, services and stations go, with `import_report.json`, and with
        `cities.parquet` where the cities are place nodes of the map.
    elements
        What was read.
    source, job
        Country, factors of length, date, cities.
    """
    roads, report = road.build(elements, country=source.country, opened_by=job.region.as_of)
    timed = impedance.add_travel_times(_lengthened(roads, source.road_factor))
    store.save_network(folder, "road", timed)
    tracks = rail.build(elements, opened_by=job.region.as_of)
    store.save_rail(folder, tracks)
    notes = () if source.road_factor == 1.0 else (f"Road lengths are multiplied by {source.road_factor:g}.",)
    whole = ImportReport.of(elements).replace(roads=report, rail=tracks.report.to_dict(), notes=notes)
    store.save_json(folder / "import_report.json", whole.to_json())
    if source.cities_from == "osm":
        places = cities.from_osm_places(
            elements, min_population=job.cities.least_population, thresholds=thresholds(job)
        )
        places.table.to_parquet(folder / "cities.parquet")


def thresholds(job: Job) -> cities.Thresholds:
    """Return the populations that divide the tiers of a job."""
    return cities.Thresholds(core=job.cities.core_above, secondary=job.cities.secondary_from)


def _lengthened(network: Network, factor: float) -> Network:
    """Return the network with lengths on the ground, where the geometry is known to be short."""
    if factor == 1.0:
        return network
    links = network.links
    return network.replace(links=links.assign(length_km=links["length_km"] * factor))

"""Read road and rail networks from the map of a job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import cities, impedance, osm, rail, road
from networks.import_report import ImportReport
from networks.network import Network
from networks.osm import Elements
from optimiser.job.model import Job
from optimiser.run import store
from optimiser.run.source import Source


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
    tracks = lengthened_rail(rail.build(elements, opened_by=job.region.as_of), source.rail_factor)
    store.save_rail(folder, tracks)
    factors = {"Road": source.road_factor, "Rail": source.rail_factor}
    notes = tuple(f"{mode} lengths are multiplied by {by:g}." for mode, by in factors.items() if by != 1.0)
    whole = ImportReport.of(elements).replace(
        roads=report, rail=tracks.report.to_dict(), notes=notes + tracks.report.warnings()
    )
    store.save_json(folder / "import_report.json", whole.to_json())
    if source.cities_from == "osm":
        places = cities.from_osm_places(
            elements, min_population=job.cities.least_population, thresholds=thresholds(job)
        )
        places.table.to_parquet(folder / "cities.parquet")


def warnings(folder: Path) -> tuple[str, ...]:
    """Return what the import of a map has to tell loudly.

    Parameters
    ----------
    folder
        Folder of a step with `import_report.json`.

    Returns
    -------
    tuple of str
        One sentence each; empty where a matrix took the place of a map.
    """
    counts = store.load_json(folder / "import_report.json").get("rail")
    return rail.RailReport(**counts).warnings() if counts else ()


def thresholds(job: Job) -> cities.Thresholds:
    """Return the populations that divide the tiers of a job."""
    return cities.Thresholds(core=job.cities.core_above, secondary=job.cities.secondary_from)


def lengthened_rail(railways: rail.RailBuild, factor: float) -> rail.RailBuild:
    """Return railways with lengths and running times on the ground, where the geometry is known to be short.

    Parameters
    ----------
    railways
        As built from the geometry.
    factor
        Length on the ground over length of the geometry.

    Returns
    -------
    rail.RailBuild
        Lengths times the factor, and running times likewise, in whole seconds; closed directions stay closed.
    """
    if factor == 1.0:
        return railways
    links, stops = railways.network.links, railways.services.stops
    times = {name: _scaled(links[name], factor) for name in ("forward_s", "backward_s")}
    longer = links.assign(length_km=links["length_km"] * factor, **times)
    run = stops.assign(length_km=stops["length_km"] * factor, run_s=_scaled(stops["run_s"], factor))
    return replace(
        railways,
        network=railways.network.replace(links=longer),
        services=replace(railways.services, stops=run),
    )


def _scaled(seconds: pd.Series[int], factor: float) -> NDArray[np.int64]:
    """Return times above zero times a factor, in whole seconds and at least one; others stay."""
    given = seconds.to_numpy(dtype=np.int64)
    return np.where(given > 0, np.maximum(1, np.rint(given * factor)), given).astype(np.int64)


def _lengthened(network: Network, factor: float) -> Network:
    """Return the network with lengths on the ground, where the geometry is known to be short."""
    if factor == 1.0:
        return network
    links = network.links
    return network.replace(links=links.assign(length_km=links["length_km"] * factor))

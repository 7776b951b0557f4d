"""Read road and rail networks from the map of a job, or from the area that it names."""

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import affinity

from networks import cities, gtfs, impedance, inputs, osm, rail, road, schema, storage, world
from networks.countries import thresholds
from networks.errors import SourceError
from networks.graph import CREATOR, from_graph, load_graphml, read_graph
from networks.osm import Elements, overpass, tags
from networks.world import Area, Town
from optimiser.job.model import Job
from optimiser.problem.errors import JobError
from optimiser.run.source import Source
from optimiser.tasks.cache import ALLOW_LOCAL

_KM_PER_DEGREE = 111.2
LEAST_RESIDENTS, ENOUGH, PAIR, MOST = (50_000, 20_000, 10_000, 5_000, 2_000, 1_000), 5, 2, 300
"""Residents from which places of GeoNames count as cities: the first that leaves enough of them (assumed).
Where a job sets no limit, at most the largest 300 count: a nation, whose time and memory were measured."""


@dataclass(frozen=True, slots=True)
class Networks:
    """What a map holds.

    Attributes
    ----------
    road
        Roads with travel times.
    rail
        Railways, services and stations.
    report
        Contents of `import_report.json`.
    places
        Cities that are place nodes of the map; None where the job takes them from elsewhere.
    built_up
        Areas of the map by which the extent of a town is known.
    """

    road: schema.Network
    rail: rail.RailBuild
    report: Mapping[str, Any]
    places: cities.Cities | None = None
    built_up: gpd.GeoDataFrame = field(default_factory=lambda: gpd.GeoDataFrame(geometry=[], crs=schema.CRS))


def read_networks(job: Job, source: Source, *, downloads: Path) -> Networks:
    """Read the road and rail networks of a job from its map, or fetch its area.

    Parameters
    ----------
    job, source
        The job and its data.
    downloads
        Folder that keeps the answers of servers, and maps from the world networks.
    """
    feed = None
    if "region.gtfs" in source.files and job.times.rail:
        feed = gtfs.read_feed(source.files["region.gtfs"], modes=job.region.gtfs_modes)
    map_file, graph_file = (source.files.get(f"region.{key}") for key in ("file", "graph"))
    if map_file is not None and map_file.suffix == storage.IMPORT_SUFFIX:
        found = storage.read_import(map_file)
        elements, timed, report = found.elements, _with_classes(found.road, job), dict(found.report)
        tracks = found.rail if job.times.rail else rail.build(Elements.none(elements.source))
    else:
        roads, counts = None, None
        if feed is not None and not source.has_map:
            elements, roads = Elements.none(osm.Source(feed.name, feed.sha256)), schema.empty_network()
        elif graph_file is None:
            elements = _read_elements(job, source, downloads)
        else:
            graph = load_graphml(graph_file)
            elements = read_graph(
                graph,
                roads=frozenset(job.times.road_classes),
                ferries=job.times.ferries,
                source=osm.Source(graph_file.name, inputs.checksum(graph_file)),
            )
            # The speeds of a graph count where the job says so, and those of `to_graph` always.
            if job.region.graph_speeds == "graph" or graph.graph.get("created_with") == CREATOR:
                roads = _with_classes(from_graph(graph), job)
                counts = road.report_of(roads)
        if roads is None:
            roads, counts = road.build(elements, country=source.country, opened_by=job.region.as_of)
        timed, known = impedance.add_travel_times(roads), roads.links[["forward_s", "backward_s"]]
        if not (known == 0).any(axis=None):  # the times of a graph of `to_graph`
            timed = timed.replace(links=timed.links.assign(**known))
        tracks = rail.build(
            elements,
            parameters=rail.RailParameters.default(source.country),
            opened_by=job.region.as_of,
            services_from="auto" if feed is None else "none",
        )
        report = storage.ImportReport(
            elements.source, elements.counts, counts, screening=bool(source.screening)
        ).to_json()
    remarks: tuple[str, ...] = ()
    if feed is not None:
        running = _build_timetable(feed, job, source, tracks=tracks if source.has_map else None, road=timed)
        tracks, remarks = running.rail, running.report.notes()
        report["timetable"] = asdict(running.report)
    # Services of a screening are assumed for want of relations in the source, not in this file.
    notes = (source.screening,) if source.screening else tracks.report.warnings()
    report |= {"rail": asdict(tracks.report), "notes": [*notes, *remarks]}
    report["closed_borders"] = [way[tags.BORDER] for way in elements.roads.tags if tags.BORDER in way]
    report["gaps_km"] = [float(way[tags.GAP_KM]) for way in elements.roads.tags if tags.GAP_KM in way]
    return Networks(timed, tracks, report, *_places(elements, job, source))


def _read_elements(job: Job, source: Source, downloads: Path) -> Elements:
    """Read what a job asks for from its extract or the world networks, or download its area."""
    asked: dict[str, Any] = job.times.model_dump(include={"rail", "ferries"})
    asked["roads"], region = frozenset(job.times.road_classes), job.region
    if source.area is not None:
        wide = source.area.widened(region.margin_km)
        people = [town.population for town in towns_around(source.area, job, source.area)[0]]
        least, closed = min(people, default=None), source.closed_borders
        path = world.region_file(wide, downloads, least_population=least, closed_borders=closed)
        return osm.read(path, **asked)
    if "region.file" in source.files:
        return osm.read(source.files["region.file"], **asked)
    # Whoever wrote the job must not reach what only this machine can reach.
    is_foreign = bool(region.overpass or region.nominatim) and not os.environ.get(ALLOW_LOCAL)
    server = overpass.Server(overpass=region.overpass, nominatim=region.nominatim, is_foreign=is_foreign)
    downloads.mkdir(parents=True, exist_ok=True)
    if "region.polygon" in source.files:
        area = _polygon(source.files["region.polygon"])
    else:
        area = overpass.outline(region.bbox or region.place, server=server, cache_dir=downloads)
    return overpass.fetch(widened(area, region.margin_km), cache_dir=downloads, server=server, **asked)


def towns_around(area: Area, job: Job, reach: Area, country: str = "") -> tuple[tuple[Town, ...], int]:
    """Return the cities of GeoNames in an area that a job asks for, and their least residents.

    They are those of a country where the job names none.

    Where the job names no limit, it falls until it leaves `ENOUGH` of them in what the roads reach.
    """
    given, countries = job.cities.least_population, job.cities.countries or ((country,) if country else ())
    steps = LEAST_RESIDENTS if given is None else (given,)
    for least in steps:
        # Places are counted first: it takes seconds to tell the districts among them.
        if least == steps[-1] or len(world.towns_in(reach, least_population=least)) >= ENOUGH:
            limits = {
                "least_population": least,
                "largest": job.cities.largest or (MOST if given is None else 0),
            }
            found = world.cities_in(area, **limits, keep=job.cities.keep, countries=countries)
            if len(world.towns.inside(reach, found)) >= ENOUGH:
                break
    return found, least


def _places(elements: Elements, job: Job, source: Source) -> tuple[cities.Cities | None, gpd.GeoDataFrame]:
    """Return the cities that are places of the map, None where the job has others, and built-up areas."""
    built_up = gpd.GeoDataFrame(geometry=elements.built_up, crs=schema.CRS)
    if source.cities_from != "osm":
        return None, built_up
    asked, tiers = job.cities, tier_thresholds(job, source)
    people = LEAST_RESIDENTS[0] if asked.least_population is None else asked.least_population
    try:
        found = cities.from_osm_places(elements, min_population=people, thresholds=tiers, keep=asked.keep)
    except SourceError:
        if asked.source != "auto":
            raise
        return None, built_up
    return None if len(found) < PAIR and asked.source == "auto" else found.largest(asked.largest), built_up


def _with_classes(network: schema.Network, job: Job) -> schema.Network:
    """Return a network with the road classes that a job asks for, and ferries if it asks for them."""
    classes = tags.with_slip_roads(frozenset(job.times.road_classes))
    links = network.links
    kept = (links["mode"] == "road") & links["link_class"].isin(classes)
    kept |= (links["mode"] == "ferry") & job.times.ferries
    return network if kept.all() else network.with_links(kept.to_numpy())


def _build_timetable(
    feed: gtfs.Feed, job: Job, source: Source, *, tracks: rail.RailBuild | None, road: schema.Network
) -> gtfs.GtfsBuild:
    """Build the services of a timetable.

    Parameters
    ----------
    feed
        The timetable.
    job, source
        Day and hours that count, and country.
    tracks
        Railways of the map; None without a map.
    road
        Roads of the map: what lies outside both is left out.
    """
    region = job.region
    box = None
    if tracks is not None:
        bounds = [one.nodes.total_bounds for one in (road, tracks.network) if len(one.nodes)]
        box = (*np.min(bounds, axis=0)[:2].tolist(), *np.max(bounds, axis=0)[2:].tolist()) if bounds else None
    return gtfs.build(
        feed,
        day=region.gtfs_date,
        hours=(region.gtfs_hours[0], region.gtfs_hours[1]) if region.gtfs_hours else None,
        tracks=tracks,
        box=box,
        rail=rail.RailParameters.default(source.country),
    )


def tier_thresholds(job: Job, source: Source) -> cities.Thresholds:
    """Return what divides the tiers of a job: its own limits, else those of the country, and its rule."""
    usual = thresholds(source.country)
    given = (job.cities.core_above, job.cities.secondary_from)
    core, secondary = (known if own is None else own for own, known in zip(given, usual, strict=True))
    if secondary > core:
        raise JobError(
            f"cities.secondary_from ({secondary}) exceeds cities.core_above ({core})",
            done="Nothing was written.",
            remedy="Give both keys.",
        )
    is_chosen = job.cities.tiers == "auto" and given != (None, None)
    return cities.Thresholds(core, secondary, rule="population" if is_chosen else job.cities.tiers)


def widened(shape: shapely.Geometry, margin_km: float) -> shapely.Geometry:
    """Return an outline in degrees widened by a margin.

    Parameters
    ----------
    shape
        Polygon in degrees.
    margin_km
        Margin, km; exact to a percent in areas of some hundred km.

    Returns
    -------
    shapely.Geometry
        The wider polygon.
    """
    if margin_km == 0:
        return shape
    # A degree of longitude is shorter than one of latitude: buffer where both are of equal length.
    narrow = math.cos(math.radians(shape.centroid.y))
    flat = affinity.scale(shape, xfact=narrow, yfact=1.0, origin=(0, 0))
    wide = flat.buffer(margin_km / _KM_PER_DEGREE)
    return affinity.scale(wide, xfact=1.0 / narrow, yfact=1.0, origin=(0, 0)).intersection(
        shapely.box(-180.0, -90.0, 180.0, 90.0)
    )


def _polygon(path: Path) -> shapely.Geometry:
    try:
        table = inputs.read_features(path)
    except Exception as fault:
        raise SourceError(f"the polygon cannot be read: {fault}", where=str(path)) from fault
    shape = table.geometry.union_all()
    if shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise SourceError("the file holds no polygon", where=str(path), done="Nothing was fetched.")
    return shape

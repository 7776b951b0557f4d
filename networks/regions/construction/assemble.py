"""Put a region's network together: roads, tracks, stations and services."""

from __future__ import annotations

import logging

from networks.regions import Region
from networks.regions.construction import facts
from networks.regions.construction.geograph import (
    Box,
    Geograph,
    merge_short_edges,
    package_file,
    read_clipped,
)
from networks.regions.construction.matching import WorkingGraph
from networks.regions.construction.osmfile import Elements
from networks.regions.construction.rails import add_tracks, lay_out
from networks.regions.construction.roads import add_roads, classify
from networks.regions.construction.services import add_services, line_services, through_services

LOG = logging.getLogger(__name__)

SHORT_TRACK_KM = 0.2
"""Tracks shorter than this are merged away: coordinates are exact to 100 m, their direction means nothing."""


def assemble(region: Region) -> Elements:
    """Build the OpenStreetMap elements of a region from the package and the region's fact tables.

    Parameters
    ----------
    region
        The region, with its box and its fact tables.

    Returns
    -------
    Elements
        Roads, tracks, stations and services.
    """
    south, west, north, east = region.bbox
    box = Box(south=south, west=west, north=north, east=east)
    elements = Elements()
    _roads(region, read_clipped(package_file("world_highways"), box), elements)
    tracks = merge_short_edges(read_clipped(package_file("world_railways"), box), SHORT_TRACK_KM)
    _rails(region, tracks, elements)
    LOG.info(
        "%d nodes, %d ways, %d relations", len(elements.nodes), len(elements.ways), len(elements.relations)
    )
    return elements


def _roads(region: Region, graph: Geograph, elements: Elements) -> None:
    """Classify the roads and add them."""
    corridors = facts.expressways(region.facts)
    canvas = WorkingGraph.of(graph)
    lengths = classify(canvas, corridors, region.road_length_factor)
    for corridor in corridors:
        km = lengths[corridor.id] * region.road_length_factor
        LOG.info("road %s: %.1f km, known %s", corridor.id, km, corridor.known_km)
    add_roads(canvas, corridors, elements)


def _rails(region: Region, graph: Geograph, elements: Elements) -> None:
    """Lay out the lines and add tracks, stations and services."""
    lines = facts.rail_lines(region.facts)
    runs = facts.through_running(region.facts)
    canvas = WorkingGraph.of(graph)
    layout = lay_out(canvas, lines, runs, length_factor=region.rail_length_factor)
    for line in lines:
        km = layout.lengths_km[line.id] * region.rail_length_factor
        LOG.info("rail %s: %.1f km, known %s", line.id, km, line.known_km)
    tracks = add_tracks(canvas, lines, layout, elements)
    by_id = {line.id: line for line in lines}
    services = [service for line in lines for service in line_services(line, layout)]
    services += through_services(by_id, runs, layout)
    add_services(services, by_id, tracks, elements)

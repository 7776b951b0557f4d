"""Build the network file of an embedded region: ``python -m tools.region.build NAME``."""

import argparse
import logging
import re
from itertools import pairwise
from pathlib import Path

from networks import world
from networks.errors import SourceError
from networks.inputs import checksum
from networks.regions import Region, folder, read
from networks.world.geograph import Elements, Geograph, merge_short_edges, package_file, read_clipped, write
from networks.world.towns import Box
from tools.region import facts
from tools.region.matching import WorkingGraph, edge_of
from tools.region.patterns import add_patterns, is_in_timetable, is_through_in_timetable
from tools.region.rails import add_tracks, lay_out, slow_zones
from tools.region.roads import Town, add_roads, classify, ground_lengths, terrain_of
from tools.region.services import add_services, line_services, through_services
from tools.region.timetable import read_patterns

LOG = logging.getLogger(__name__)

SHORT_TRACK_KM = 0.2
"""Shorter edges are merged away: coordinates are exact to 100 m, so their direction is meaningless."""


def main() -> None:
    """Parse the arguments, build the network and write it."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.build", description=__doc__)
    parser.add_argument("region", help="name of the region")
    parser.add_argument("--out", type=Path, help="file to write; default: the network file of the region")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    region = read(arguments.region)
    write(assemble(region), arguments.out or _given(region.network))
    if arguments.out is None:
        stamp(folder(arguments.region) / "region.toml", checksum(_given(region.network)))


def assemble(region: Region) -> Elements:
    """Build the OpenStreetMap elements of a region from the package scgraph_data and its fact tables.

    A region without fact tables has the roads of a screening (`networks.world`); trains are those of its
    timetable.

    Parameters
    ----------
    region
        The region, with its bounding box and fact tables.

    Returns
    -------
    Elements
        Roads, tracks, stations and services.
    """
    south, west, north, east = region.bbox
    box = Box(south=south, west=west, north=north, east=east)
    if region.facts is None:
        return world.assemble(box, with_rail=region.timetable is None)
    elements = Elements()
    # Classify the roads and add them.
    corridors = facts.expressways(_given(region.facts))
    graph = WorkingGraph.of(read_clipped(package_file("world_highways"), box))
    classify(graph, corridors, Town.read(_given(region.counties)))
    terrain = terrain_of(graph, _given(region.terrain))
    ground = ground_lengths(graph, corridors, terrain, region.road_length_factor)
    add_roads(
        graph,
        corridors,
        elements,
        ground=ground,
        terrain=terrain,
        design_kmh=region.design_kmh,
        towns=Town.read(_given(region.counties), beyond_core=True),
    )
    tracks = merge_short_edges(read_clipped(package_file("world_railways"), box), SHORT_TRACK_KM)
    _add_rails(region, tracks, elements)
    LOG.info(
        "%d nodes, %d ways, %d relations", len(elements.nodes), len(elements.ways), len(elements.relations)
    )
    return elements


def expressways_of(region: Region) -> tuple[Geograph, dict[tuple[int, int], float]]:
    """Return the roads of a region as the package has them, and which are expressways by the fact tables.

    Parameters
    ----------
    region
        The region.

    Returns
    -------
    Geograph, dict
        The clipped roads, and the share of each edge that belongs to an expressway, 0 to 1.
    """
    south, west, north, east = region.bbox
    box = Box(south=south, west=west, north=north, east=east)
    geograph = read_clipped(package_file("world_highways"), box)
    graph = WorkingGraph.of(geograph)
    classify(graph, facts.expressways(_given(region.facts)), Town.read(_given(region.counties)))
    shares = {}
    for edge, km in geograph.edges.items():
        pieces = [edge_of(a, b) for a, b in pairwise(graph.refined(edge))]
        claimed = sum(graph.edges[piece] for piece in pieces if graph.claims.get(piece))
        shares[edge] = claimed / km if km else 0.0
    return geograph, shares


def _add_rails(region: Region, geograph: Geograph, elements: Elements) -> None:
    """Lay out the lines, and add tracks, stations and services."""
    lines = facts.rail_lines(_given(region.facts))
    connections = facts.through_running(_given(region.facts))
    graph = WorkingGraph.of(geograph)
    factor = region.rail_length_factor
    layout = lay_out(graph, lines, connections, length_factor=factor)
    for line in lines:
        LOG.info("rail %s: %.1f km, known %s", line.id, layout.lengths_km[line.id] * factor, line.known_km)
    stretches = facts.rail_stretches(_given(region.facts))
    zones = slow_zones(_given(region.terrain), region.cities, stretches)
    tracks = add_tracks(graph, lines, layout, elements, factor, zones=zones, stretches=stretches)
    by_id = {line.id: line for line in lines}
    patterns = read_patterns(_given(region.facts))
    services = [
        service
        for line in lines
        if not is_in_timetable(line, patterns)
        for service in line_services(line, layout)
    ]
    others = [run for run in connections if not is_through_in_timetable(run, by_id, patterns)]
    services += through_services(by_id, others, layout)
    add_services(services, by_id, tracks, elements)
    add_patterns(patterns, by_id, layout, graph.points, tracks, elements, length_factor=factor)


def _given(path: Path | None) -> Path:
    """Return a path of a region that a network is built from."""
    if path is None:
        raise SourceError(
            "the region has no network of its own to build",
            remedy="Its file region.toml names network, counties, terrain and facts where it has one.",
        )
    return path


def stamp(description: Path, digest: str) -> None:
    """Write the checksum of a new network file to the description of its region.

    Parameters
    ----------
    description
        The file ``region.toml``; its line ``network_sha256`` is replaced.
    digest
        SHA-256 of the network file, hexadecimal.
    """
    text = description.read_text(encoding="utf-8")
    line = f'network_sha256 = "{digest}"'
    description.write_text(re.sub(r"(?m)^network_sha256 = .*$", line, text), encoding="utf-8")


if __name__ == "__main__":
    main()

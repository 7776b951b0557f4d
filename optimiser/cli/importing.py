"""Read an OSM extract and write its road and rail networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import Json

if TYPE_CHECKING:
    from networks.import_report import ImportReport
    from networks.network import Network
    from networks.osm import Elements
    from networks.rail import RailBuild, RailReport

_SERVICES_FROM = {
    "relations": "train relations",
    "lines": "a table of lines",
    "tracks": "tracks alone (assumed)",
    "none": "nowhere",
}


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".osm.pbf, .osm, .osm.gz or .osm.bz2")],
    output: Annotated[Path, typer.Option("-o", "--output", help="GeoPackage to write.")] = Path(
        "network.gpkg"
    ),
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds.")] = "",
    simplify: Annotated[
        bool, typer.Option(help="Contract nodes of degree two: a smaller file, for a GIS alone.")
    ] = False,
    json: Json = False,
) -> int:
    """Read an OpenStreetMap extract; write roads, railways and what was found on the way."""
    from networks import import_package, osm
    from optimiser.problem.errors import EnvironmentFault
    from optimiser.problem.jsonfile import refuse_special_file
    from optimiser.report import files
    from optimiser.run.store import save_json

    if output.is_dir():
        raise EnvironmentFault(
            "it is a folder, not a file",
            where=str(output),
            done="Nothing was read.",
            remedy=f"Name the file, for example {output / 'network.gpkg'}.",
        )
    if output.suffix != ".gpkg":
        output = output.with_name(f"{output.name}.gpkg")
    if not output.resolve().parent.is_dir():
        raise EnvironmentFault(
            "the folder does not exist", where=str(output.parent), done="Nothing was read."
        )
    report_file = output.with_suffix(".import_report.json")
    for path in (output, report_file):
        refuse_special_file(path, done="Nothing was read.")
    with screen.progress(quiet=json) as progress:
        with progress.step("read", f"Reading {file.name}"):
            elements = osm.read(file)
        with progress.step("build", "Building the network"):
            network, railways, report = build(elements, country=country or "world", contract=simplify)
        with progress.step("write", f"Writing {output.name}"):
            files.write_whole(
                output,
                lambda part: import_package.write(
                    part,
                    road=network,
                    rail=railways,
                    places=elements.places,
                    report=report,
                    country=country or "world",
                    road_classes=osm.DEFAULT_CLASSES,
                ),
            )
            files.write_whole(report_file, lambda part: save_json(part, report.to_json()))
    if json:
        screen.as_json(report.to_json())
    else:
        _show_roads(report)
        _show_rail(railways.report)
        screen.line(f"Files: {output}, {report_file}")
    screen.warn(railways.report.warnings())
    return 0


def build(elements: Elements, *, country: str, contract: bool) -> tuple[Network, RailBuild, ImportReport]:
    """Build the road network and the railways of an extract, and their report.

    Parameters
    ----------
    elements
        The elements of the extract.
    country
        ISO 3166 code for default speeds, or `world`.
    contract
        Contract nodes of degree two.

    Returns
    -------
    tuple of Network, RailBuild and ImportReport
        The roads with travel times, railways with their services, and the counts.
    """
    import numpy as np

    from networks import impedance, rail, road, simplify
    from networks.import_report import ImportReport

    roads, counts = road.build(elements, country=country)
    network = impedance.add_travel_times(roads)
    tracks = rail.build(elements, parameters=rail.RailParameters.default(country))
    report = ImportReport.of(elements).replace(
        roads=counts, rail=tracks.report.to_dict(), notes=tracks.report.warnings()
    )
    if contract:
        before = {"nodes_before": len(network.nodes), "links_before": len(network.links)}
        network = simplify.contract(network, keep=np.zeros(0, dtype=np.int64), prune=False).network
        report = report.replace(
            simplified={**before, "nodes": len(network.nodes), "links": len(network.links)}
        )
    return network, tracks, report


def _show_roads(report: ImportReport) -> None:
    roads = report.roads
    if roads is None:
        return
    lengths = {name: f"{km:,.1f}" for name, km in roads.length_km.items()}
    screen.pairs("Roads by class", lengths, heads=("class", "km"))
    facts = {
        "ways read": report.read.ways,
        "ways cut at the border": report.read.ways_cut,
        "speeds tagged": roads.speeds.tagged,
        "speeds imputed": roads.speeds.imputed,
        "speeds rejected": sum(roads.speeds.rejected.values()),
        "components": roads.components,
        **{name.replace("_", " "): value for name, value in report.simplified.items()},
    }
    screen.pairs("Counts of roads", facts, heads=("what", "count"))


def _show_rail(report: RailReport) -> None:
    lengths = {name: f"{km:,.1f}" for name, km in report.track_km.items()}
    screen.pairs("Tracks by class", lengths, heads=("class", "km"))
    facts = {
        "tracks": report.tracks,
        "stations on tracks": report.stations,
        "stations out of reach of tracks": len(report.stations_unreached),
        "services": report.services,
        "services come from": _SERVICES_FROM.get(report.services_source, report.services_source),
        "places where stops are not joined by track": len(report.faults),
    }
    screen.pairs("Counts of railways", facts if report.tracks else {"tracks": 0}, heads=("what", "count"))

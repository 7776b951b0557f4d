"""Read an OSM extract and write its road and rail networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from networks import impedance, osm, rail, road, simplify, storage
from networks.import_report import ImportReport
from networks.network import Network
from optimiser.cli import screen
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import refuse_special_file
from optimiser.report import files
from optimiser.run.store import save_json

_SERVICES_FROM = {
    "relations": "train relations",
    "lines": "a table of lines",
    "tracks": "tracks alone (assumed)",
    "none": "nowhere",
}


def import_file(file: Path, output: Path, *, country: str, contract: bool, as_json: bool = False) -> int:
    """Read an extract; write its roads, railways and services, and what was found on the way.

    Parameters
    ----------
    file
        The extract.
    output
        GeoPackage to write: roads in the layers `nodes` and `links`, railways in `rail_nodes`, `rail_links`,
        `services` and `stops`; the report goes beside it as `<name>.import_report.json`.
    country
        ISO 3166 code for default speeds; empty: those of the world.
    contract
        Contract nodes of degree two.
    as_json
        Print the report as JSON.

    Returns
    -------
    int
        0.

    Raises
    ------
    SourceError
        When the file cannot be read whole; nothing is written. Exit code 2.
    """
    if output.suffix != ".gpkg":
        output = output.with_name(f"{output.name}.gpkg")
    if not output.resolve().parent.is_dir():
        raise EnvironmentFault(
            "the folder does not exist", where=str(output.parent), done="Nothing was read."
        )
    beside = output.with_suffix(".import_report.json")
    for path in (output, beside):
        refuse_special_file(path, done="Nothing was read.")
    with screen.progress(quiet=as_json) as progress:
        with progress.step("read", f"Reading {file.name}"):
            elements = osm.read(file)
        with progress.step("build", "Building the network"):
            network, railways, report = build(elements, country=country or "world", contract=contract)
        with progress.step("write", f"Writing {output.name}"):
            files.write_whole(output, lambda part: _write(network, railways, part))
            files.write_whole(beside, lambda part: save_json(part, report.to_json()))
    if as_json:
        screen.as_json(report.to_json())
    else:
        _show_roads(report)
        _show_rail(railways.report)
        screen.line(f"Files: {output}, {beside}")
    screen.warn(railways.report.warnings())
    return 0


def build(
    elements: osm.Elements, *, country: str, contract: bool
) -> tuple[Network, rail.RailBuild, ImportReport]:
    """Build the road network and the railways of an extract, and their report.

    Parameters
    ----------
    elements
        What was read.
    country
        ISO 3166 code for default speeds, or `world`.
    contract
        Contract nodes of degree two.

    Returns
    -------
    tuple of Network, RailBuild and ImportReport
        The roads with travel times, railways with their services, and the counts.
    """
    roads, counts = road.build(elements, country=country)
    network = impedance.add_travel_times(roads)
    tracks = rail.build(elements)
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


def _write(network: Network, railways: rail.RailBuild, path: Path) -> None:
    """Write the layers of roads and, where there are tracks, those of railways."""
    storage.write_gpkg(network, path)
    if len(railways.network.links):
        storage.add_rail(railways.network, railways.services, path)


def _show_roads(report: ImportReport) -> None:
    roads = report.roads
    if roads is None:
        return
    rows = [{"class": name, "km": f"{km:,.1f}"} for name, km in roads.length_km.items()]
    screen.table("Roads by class", rows, right=["km"])
    facts = {
        "ways read": report.read.ways,
        "ways cut at the border": report.read.ways_cut,
        "speeds tagged": roads.speeds.tagged,
        "speeds imputed": roads.speeds.imputed,
        "speeds rejected": sum(roads.speeds.rejected.values()),
        "components": roads.components,
        **{name.replace("_", " "): value for name, value in report.simplified.items()},
    }
    screen.table(
        "Counts of roads", [{"what": name, "count": count} for name, count in facts.items()], right=["count"]
    )


def _show_rail(report: rail.RailReport) -> None:
    rows = [{"class": name, "km": f"{km:,.1f}"} for name, km in report.track_km.items()]
    screen.table("Tracks by class", rows, right=["km"])
    facts = {
        "tracks": report.tracks,
        "stations on tracks": report.stations,
        "stations out of reach of tracks": len(report.stations_unreached),
        "services": report.services,
        "services come from": _SERVICES_FROM.get(report.services_source, report.services_source),
        "places where stops are not joined by track": len(report.faults),
    }
    shown = facts if report.tracks else {"tracks": 0}
    screen.table("Counts of railways", [{"what": k, "count": v} for k, v in shown.items()], right=["count"])

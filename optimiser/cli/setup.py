"""What comes before a run: name what there is, check the machine, write a job, read an extract."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from networks import countries, regions
from optimiser.cli import screen
from optimiser.cli.options import Json, noted, refuse_output, target
from optimiser.engine.backends.solvers import SOLVERS, version_of
from optimiser.engine.methods.variants import VARIANTS
from optimiser.problem.errors import EnvironmentFault, JobError, ProblemError
from optimiser.problem.jsonfile import write_atomically, write_whole
from optimiser.report.wording import WORDS
from optimiser.tasks import cache

if TYPE_CHECKING:
    from networks.osm import Elements
    from networks.rail import RailBuild, RailReport
    from networks.schema import Network
    from networks.storage import ImportReport

_LIBRARIES = (
    "polyring", "pulp", "highspy", "numpy", "scipy", "pandas", "geopandas", "shapely", "osmium", "osmnx",
    "numba",
)  # fmt: skip
_NEEDED_MB = {"disk": 500, "memory": 2_000}
_UNFIT = 5
"""Exit code where something is missing."""
_UNWRITTEN = "Nothing was written."
_TITLE = "A job for polyring. Keys behind a # show their defaults; remove the # to change one."


# ---- list and doctor


def list_all(json: Json = False) -> None:
    """Name the regions, ready jobs, solver variants and solvers."""
    from optimiser.job.reading import ready_jobs

    found: dict[str, Any] = {
        "regions": {name: regions.read(name).title for name in regions.names()},
        "jobs": ready_jobs(),
        "variants": {name: variant.about for name, variant in VARIANTS.items()},
        "solvers": {name: version or "not installed" for name, version in _solvers().items()},
    }
    if json:
        screen.as_json(found)
        return
    screen.pairs("Regions", found["regions"], heads=("name", "title"), right=False)
    screen.pairs("Ready jobs", found["jobs"], heads=("name", "what"), right=False)
    for title, proves in (("Variants that prove", True), ("Variants without a proof", False)):
        some = {name: one.about for name, one in VARIANTS.items() if one.proves == proves}
        screen.pairs(title, some, heads=("name", "what"), right=False)
    screen.pairs("Solvers", found["solvers"], heads=("name", "version"), right=False)


def doctor(json: Json = False) -> int:
    """Tell whether this machine has what polyring needs."""
    machine = _machine()
    versions = {name: version_of(name) for name in _LIBRARIES}
    solvers = {name: version for name, version in _solvers().items() if version}
    missing = [
        f"{name} is not installed: `uv sync` in a clone, else `pip install {name}`"
        for name, version in versions.items()
        if not version
    ]
    missing += [
        f"Only {machine[f'{what} free, MB']} MB of {what} are free; a run needs about {needed} MB."
        for what, needed in _NEEDED_MB.items()
        if machine[f"{what} free, MB"] < needed
    ]
    if not solvers:
        missing.append("No solver is installed: `uv sync` in a clone, else `pip install highspy`")
    if not machine["cache writable"]:
        missing.append(
            f"The cache folder {machine['cache']} cannot be written; set POLYRING_CACHE to another one."
        )
    if json:
        screen.as_json({"machine": machine, "versions": versions, "solvers": solvers, "amiss": missing})
    else:
        for title, values in (("Machine", machine), ("Versions", versions), ("Solvers", solvers)):
            screen.pairs(title, values, heads=("what", "value"), right=False)
        screen.line("\n".join(missing) or "Everything that polyring needs is here.")
    return _UNFIT if missing else 0


def _solvers() -> dict[str, str]:
    """Return the version of each solver's package, empty where it is not installed."""
    return {name: version_of(solver.package) for name, solver in SOLVERS.items()}


def _machine() -> dict[str, Any]:
    import psutil

    place, is_writable = cache.folder(), True
    existing = next(path for path in (place, *place.parents) if path.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError:
        is_writable = False
    used = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "cores": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "memory free, MB": psutil.virtual_memory().available // 1_000_000,
        "disk free, MB": shutil.disk_usage(existing).free // 1_000_000,
        "cache": str(place),
        "cache used, MB": used // 1_000_000,
        "cache writable": is_writable,
    }


# ---- init


def init(
    path: Annotated[Path, typer.Argument(metavar="JOB.toml", help="Job file to write.")] = Path("job.toml"),
    *,
    region: Annotated[
        str, typer.Option(metavar="NAME", help="Embedded region that the job reads; see polyring list.")
    ] = "",
    file: Annotated[
        str,
        typer.Option(
            help="OSM extract that the job reads, street graph of OSMnx (.graphml), or GTFS timetable (.zip) "
            "[default: region.osm.pbf]."
        ),
    ] = "",
    cities: Annotated[
        Path | None,
        typer.Option(help="Table of cities; one that is not there yet is written with those of the region."),
    ] = None,
    money: Annotated[
        float | None, typer.Option(help="Budget in the money of the country, such as 65e9.")
    ] = None,
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds, costs and money.")] = "",
    place: Annotated[
        str, typer.Option(metavar="NAME", help="Place whose map is fetched over the network.")
    ] = "",
    full: Annotated[bool, typer.Option("--full", help="Write every key with its meaning.")] = False,
) -> None:
    """Write a job of your own: the keys that matter, or all of them."""
    from optimiser.job.model import WITHOUT_EXTRACT, path_from
    from optimiser.job.reading import loads, render, start
    from optimiser.job.sections import KEYS_BY_SUFFIX

    if sum(map(bool, (region, file, place))) > 1:
        raise typer.BadParameter("name a region, a file or a place, not several.", param_hint="--region")
    if path.suffix != ".toml":
        raise JobError("a job file ends in .toml", where=str(path), done=_UNWRITTEN)
    if path.exists():
        raise JobError(
            "the file exists", where=str(path), done="It was left as it is.", remedy="Choose another name."
        )
    refuse_output(path, done=_UNWRITTEN)
    countries.lineage(country or countries.WORLD)  # refuses what is no country
    file = file or ("" if region or place else "region.osm.pbf")
    known = regions.read(region) if region else None
    key = KEYS_BY_SUFFIX.get(Path(file).suffix, "file") if file else "place" if place else "name"
    source = {key: file or region or place} | ({"country": country} if country else {})
    budget = "" if money is None else _in_units(money, country or (known.country if known else "world"))
    written = _with_cities(cities, None if known is None else known.cities)
    table = "" if cities is None else path_from(path.resolve().parent, cities.resolve())
    text = start(source, cities=table, budget=budget)
    write_atomically(path, render(loads(text), title=_TITLE, quiet=True) if full else text)
    is_missing = bool(file) and not (path.parent / file).exists()
    put = f"Put {file} beside it, then: " if is_missing else "Then: "
    screen.line(f"{path} is written. {written}{put}polyring run {path}")
    if is_missing and key == "file":
        screen.line(WITHOUT_EXTRACT)


def _with_cities(table: Path | None, known: Path | None) -> str:
    """Write the cities of a region where there is no table yet; return what was done, as a sentence."""
    if table is None or table.is_file():
        return ""
    if known is None:
        raise JobError(
            "there is no such table of cities",
            where=str(table),
            done=_UNWRITTEN,
            remedy="Write one with the columns id, name, lat, lon, population; tier may be added.",
        )
    refuse_output(table, done=_UNWRITTEN)
    write_atomically(table, known.read_text(encoding="utf-8"))
    return f"{table} holds the cities of the region: add rows, or leave some out. "


def _in_units(money: float, country: str) -> str:
    """Return a budget in the unit in which the costs of a country are stated, as a line of a job."""
    from optimiser.proposals.costs import builtin_cost_table

    unit = builtin_cost_table(country).money
    size = {"million": 1e6, "billion": 1e9}[unit.split()[0]]
    if not size <= money < 2**63:
        zeros = len(f"{size:.0f}") - 1
        meant = f"less than one {unit}; write {money:g}e{zeros} for {money:g} {unit}"
        raise typer.BadParameter(
            f"{money:g} is {meant if money < size else 'too much'}.", param_hint="--money"
        )
    return f"{f'amount = {round(money / size):_}':<30} # {unit}"


# ---- import


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".osm.pbf, .osm, .osm.gz or .osm.bz2")],
    out: Annotated[Path, target("GeoPackage to write.")] = Path("network.gpkg"),
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds.")] = "",
    simplify: Annotated[
        bool, typer.Option(help="Contract nodes of degree two: a smaller file, for a GIS alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Read an OpenStreetMap extract; write roads, railways and what was found on the way."""
    if out.is_dir():
        raise EnvironmentFault(
            "it is a folder, not a file",
            where=str(out),
            done="Nothing was read.",
            remedy=f"Name the file, for example {out / 'network.gpkg'}.",
        )
    countries.lineage(country or countries.WORLD)  # refuses what is no country
    if out.suffix != ".gpkg":
        out = out.with_name(f"{out.name}.gpkg")
    report_file = out.with_suffix(".import_report.json")
    if not file.exists():
        raise ProblemError("there is no such file", where=str(file), done="Nothing was read.")
    for path in (out, report_file):
        refuse_output(path, done="Nothing was read.")

    from networks import osm, storage
    from optimiser.run.store import save_json

    with screen.Display(quiet=json) as display:
        with display.steps.step("read", f"Reading {file.name}"):
            elements = osm.read(file)
        with display.steps.step("build", "Building the network"):
            network, railways, report = build(elements, country=country or "world", contract=simplify)
        with display.steps.step("write", f"Writing {out.name}"):
            write_whole(
                noted(out),
                lambda part: storage.write_import(
                    part,
                    road=network,
                    rail=railways,
                    elements=elements,
                    report=report,
                    country=country or "world",
                    road_classes=osm.DEFAULT_CLASSES,
                ),
            )
            write_whole(noted(report_file), lambda part: save_json(part, report.to_json()))
    if json:
        screen.as_json(report.to_json())
    else:
        _show_roads(report)
        _show_rail(railways.report)
        screen.line(f"Files: {out}, {report_file}")
    screen.warn(report.notes)


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
    from networks.storage import ImportReport

    roads, counts = road.build(elements, country=country)
    network = impedance.add_travel_times(roads)
    tracks = rail.build(elements, parameters=rail.RailParameters.default(country))
    simplified = dict[str, int]()
    if contract:
        before = {"nodes_before": len(network.nodes), "links_before": len(network.links)}
        network = simplify.contract(network, keep=np.zeros(0, dtype=np.int64)).network
        simplified = {**before, "nodes": len(network.nodes), "links": len(network.links)}
    report = ImportReport(
        elements.source,
        elements.counts,
        roads=counts,
        rail=asdict(tracks.report),
        simplified=simplified,
        notes=(*tracks.report.warnings(), *([WORDS["notes"]["trains_alone"]] if roads.links.empty else [])),
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
    sources, lengths = WORDS["services_from"], {name: f"{km:,.1f}" for name, km in report.track_km.items()}
    screen.pairs("Tracks by class", lengths, heads=("class", "km"))
    facts = {
        "tracks": report.tracks,
        "stations on tracks": report.stations,
        "stations out of reach of tracks": len(report.stations_unreached),
        "services": report.services,
        "services come from": sources.get(report.services_source, report.services_source),
        "places where stops are not joined by track": len(report.faults),
    }
    screen.pairs("Counts of railways", facts if report.tracks else {"tracks": 0}, heads=("what", "count"))

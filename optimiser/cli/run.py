"""Run a job, or write one to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import Json, Settings, complete_job

if TYPE_CHECKING:
    from optimiser.run.pipeline import Written

AROUND_KM = 300.0
"""Radius of a screening where none is given, km."""
_TITLE = "A job for polyring. Keys behind a # show their defaults; remove the # to change one."


def run(
    job: Annotated[
        str,
        typer.Argument(
            metavar="[JOB]",
            help="A job file (*.toml), or a ready job's name; none with --around.",
            autocompletion=complete_job,
        ),
    ] = "",
    around: Annotated[
        str,
        typer.Option(
            "--around",
            metavar="PLACE",
            help="A town ('Cordoba, AR') or 'latitude,longitude': a screening of its surroundings, offline.",
        ),
    ] = "",
    radius: Annotated[
        float, typer.Option("--radius", metavar="KM", help="Radius of --around in km.")
    ] = AROUND_KM,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder [default: polyring-runs/<job>].")
    ] = None,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print sizes and the expected time; solve and write nothing.")
    ] = False,
    json: Json = False,
) -> int:
    """Run a job: from the map to a verified plan."""
    from optimiser.job import find, find_around
    from optimiser.run import pipeline, rehearsal

    if bool(job) == bool(around):
        raise typer.BadParameter("name either a job or, with --around, a place.", param_hint="JOB")
    changes = settings or []
    loaded = find_around(around, radius, settings=changes) if around else find(job, settings=changes)
    with screen.progress(quiet=json) as progress:
        if dry_run:
            sizes = rehearsal.rehearse(loaded, progress)
        else:
            done = pipeline.run(loaded, out=out, progress=progress)
    if dry_run:
        if json:
            screen.as_json(sizes)
        else:
            screen.pairs("Sizes", sizes, heads=("what", "value"))
            screen.line("Nothing was solved or written.")
        return 0
    if json:
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **done.summary})
    else:
        _show(done, asked_gap=loaded.job.solve.gap)
    screen.warn(done.summary["warnings"])
    return done.exit_code


def _show(done: Written, *, asked_gap: float) -> None:
    """Print the outcome of a run: coverage by tier, cost, gap and the ranked links."""
    from optimiser.report import wording
    from optimiser.report.screen import summary
    from optimiser.run.outcome import NOT_PROVEN

    screen.line()
    screen.rich(summary(done.report))
    if done.exit_code == NOT_PROVEN:
        asked = wording.percent(asked_gap, digits=3)
        screen.line(f"NOT proven to the gap of {asked} that was asked for; raise solve.time_limit_s.")
    screen.line(f"Files: {done.folder}  (open report.html, or plan.gpkg in a GIS)")


def init(
    path: Annotated[Path, typer.Argument(metavar="JOB.toml", help="Job file to write.")] = Path("job.toml"),
    file: Annotated[
        str,
        typer.Option(
            help="OSM extract that the job reads, street graph of OSMnx (.graphml), or GTFS timetable (.zip)."
        ),
    ] = "region.osm.pbf",
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds.")] = "",
) -> int:
    """Write a commented job for a new region."""
    from optimiser.job import template
    from optimiser.job.model import Job
    from optimiser.job.sections import FEED_SUFFIX, GRAPH_SUFFIX, Budget, Region
    from optimiser.problem.errors import EnvironmentFault, JobError
    from optimiser.report import files

    if path.suffix != ".toml":
        raise JobError("a job file ends in .toml", where=str(path), done="Nothing was written.")
    if path.exists():
        raise JobError(
            "the file exists", where=str(path), done="It was left as it is.", remedy="Choose another name."
        )
    if not path.parent.is_dir():
        raise EnvironmentFault(
            "the folder does not exist", where=str(path.parent), done="Nothing was written."
        )
    key = {GRAPH_SUFFIX: "graph", FEED_SUFFIX: "gtfs"}.get(Path(file).suffix, "file")
    given = {key: file, "country": country}
    job = Job(region=Region.model_validate(given), budget=Budget(share=0.1))
    files.write_text(path, template(job, title=_TITLE))
    screen.line(f"{path} is written. Put {file} beside it, then: polyring run {path}")
    return 0

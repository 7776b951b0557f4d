"""Declare the commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimiser.cli.convert import convert
from optimiser.cli.ranges import GAP, JOBS, POINTS, SECONDS, SEED, THREADS, within

app = typer.Typer(
    name="polyring",
    help="Propose links and ring roads that bring every city of a cluster within reach, with a proof.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.add_typer(convert)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a key of the job; the value is TOML. Repeatable."
    ),
]
Problem = Annotated[Path, typer.Argument(metavar="PROBLEM", help="A polyring-problem/1 file.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"polyring {metadata.version('polyring')}")
        raise typer.Exit


@app.callback()
def start(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere on the line.")
    ] = False,
) -> None:
    """Propose links and ring roads that bring every city of a cluster within reach, with a proof."""


@app.command()
def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job file (*.toml), or a ready job's name.")],
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
    from optimiser.cli import run as command

    return command.run(job, out=out, settings=settings or [], dry_run=dry_run, as_json=json)


@app.command()
def frontier(
    job: Annotated[
        str,
        typer.Argument(metavar="JOB|PROBLEM.json", help="A job file, a ready job's name, or a problem file."),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder [default: polyring-runs/<job>-frontier].")
    ] = None,
    axes: Annotated[
        str | None, typer.Option(help="two_way: cost and coverage; three_way: cost and two tiers.")
    ] = None,
    points: Annotated[
        int | None, typer.Option(callback=within(POINTS), help="Points wanted; 0: all there are.")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(callback=within(GAP), help="Relative gap of each point, 0 to 1.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(callback=within(SECONDS), help="Limit of all, seconds.")
    ] = None,
    settings: Settings = None,
    json: Json = False,
) -> int:
    """Trace what each level of spending buys: exact points with a proven band."""
    from optimiser.cli import frontier as command

    options = {"axes": axes, "points": points, "gap": gap, "total_s": time_limit}
    return command.frontier(job, out=out, settings=settings or [], options=options, as_json=json)


@app.command()
def solve(
    problem: Problem,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Result file to write.")],
    variant: Annotated[str, typer.Option(help="Formulation and solver; see polyring list.")] = "auto",
    time_limit: Annotated[float, typer.Option(callback=within(SECONDS), help="Limit, seconds.")] = 600.0,
    gap: Annotated[float, typer.Option(callback=within(GAP), help="Relative gap asked for, 0 to 1.")] = 0.0,
    threads: Annotated[int, typer.Option(callback=within(THREADS), help="Threads; 0: as many as cores.")] = 0,
    seed: Annotated[int, typer.Option(callback=within(SEED), help="Seed of everything random.")] = 1,
    solver: Annotated[str, typer.Option(help="Solver of the variants that have a choice.")] = "auto",
    canonical: Annotated[
        bool,
        typer.Option(
            "--canonical", help="Of equal optimal plans the cheapest, then the first by id; solves again."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Solve a problem file."""
    from optimiser.cli import solving as command

    return command.solve(
        problem,
        output,
        variant=variant,
        time_limit_s=time_limit,
        gap=gap,
        threads=threads,
        seed=seed,
        solver=solver,
        canonical=canonical,
        as_json=json,
    )


@app.command()
def score(
    problem: Problem,
    built: Annotated[
        str | None, typer.Option(help="Ids of what is built, with commas; empty text: nothing.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="File with a plan: a result, or one id a line.")] = None,
    best: Annotated[
        Path | None,
        typer.Option(help="Best known result to compare with [default: result.json beside PROBLEM]."),
    ] = None,
    json: Json = False,
) -> int:
    """Tell cost, coverage and distance from the best known of a plan given by hand."""
    from optimiser.cli import scoring as command

    return command.score(problem, built=built, plan=plan, best=best, as_json=json)


@app.command()
def verify(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM", help="A problem file, or a run folder.")],
    result: Annotated[
        Path | None, typer.Argument(metavar="[RESULT]", help="A result file; none with a run folder.")
    ] = None,
    json: Json = False,
) -> int:
    """Check a result against its problem, trusting no solver."""
    from optimiser.cli import scoring as command

    return command.verify(problem, result, as_json=json)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another run folder.")],
    json: Json = False,
) -> int:
    """Put two runs side by side."""
    from optimiser.cli import comparing as command

    return command.compare(first, second, as_json=json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".osm.pbf, .osm, .osm.gz or .osm.bz2")],
    output: Annotated[Path, typer.Option("-o", "--output", help="GeoPackage to write.")] = Path(
        "network.gpkg"
    ),
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds.")] = "",
    simplify: Annotated[bool, typer.Option(help="Contract nodes of degree two.")] = True,
    json: Json = False,
) -> int:
    """Read an OpenStreetMap extract; write roads, railways and what was found on the way."""
    from optimiser.cli import importing as command

    return command.import_file(file, output, country=country, contract=simplify, as_json=json)


@app.command()
def bench(
    *,
    instances: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE|FOLDER", help="Instance, pattern such as 'hard_*', problem file, or folder."
        ),
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="Every instance of a family.")] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Variant or a file of your own (mine.py), either with :SOLVER; or all [default: auto]."
        ),
    ] = None,
    solver: Annotated[
        list[str] | None,
        typer.Option(help="Solver of the variants that have a choice, or all [default: their first]."),
    ] = None,
    seeds: Annotated[list[int] | None, typer.Option(callback=within(SEED), help="Seed [default: 1].")] = None,
    time_limit_s: Annotated[
        float, typer.Option(callback=within(SECONDS), help="Limit of each solve, seconds.")
    ] = 60.0,
    gap: Annotated[
        float, typer.Option(callback=within(GAP), help="Relative gap at which a solve may end, 0 to 1.")
    ] = 0.0,
    threads: Annotated[
        int, typer.Option(callback=within((1, THREADS[1])), help="Threads of each solve.")
    ] = 1,
    jobs: Annotated[
        int, typer.Option(callback=within(JOBS), help="Solves at once; times then disturb each other.")
    ] = 1,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder; solves that it holds are not done again.")
    ] = Path("polyring-bench"),
    list_names: Annotated[bool, typer.Option("--list", help="Name instances and variants.")] = False,
    json: Json = False,
) -> int:
    """Measure solver variants on instances: table, profiles, gaps over time. Options repeat."""
    from optimiser.cli import benching as command

    if list_names:
        return command.show_names(as_json=json)
    return command.run(
        words=instances or [],
        families=family or [],
        variants=variant or [],
        solvers=solver or [],
        seeds=seeds or [],
        limits=command.Limits(time_limit_s=time_limit_s, gap=gap, threads=threads),
        jobs=jobs,
        out=output,
        as_json=json,
    )


@app.command("list")
def list_all(json: Json = False) -> int:
    """Name the regions, ready jobs, solver variants and solvers."""
    from optimiser.cli import listing as command

    return command.list_all(as_json=json)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="JOB.toml", help="Job file to write.")] = Path("job.toml"),
    file: Annotated[str, typer.Option(help="OSM extract that the job reads.")] = "region.osm.pbf",
    country: Annotated[str, typer.Option(help="ISO 3166 code for default speeds.")] = "",
) -> int:
    """Write a commented job for a new region."""
    from optimiser.cli import starting as command

    return command.init(path, file=file, country=country)


@app.command()
def doctor(json: Json = False) -> int:
    """Tell whether this machine has what polyring needs."""
    from optimiser.cli import checkup as command

    return command.doctor(as_json=json)

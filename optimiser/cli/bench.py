"""Bench solver variants on instances, with progress on the standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import (
    GAP,
    JOBS,
    SECONDS,
    SEED,
    THREADS,
    ClusterOption,
    Json,
    Scheduler,
    complete_variant,
    within,
)

if TYPE_CHECKING:
    from optimiser.bench.plan import Run
    from optimiser.bench.rows import Row
    from optimiser.bench.runner import Listener


_MOST_SEEDS = 10_000
"""Most seeds of a range."""


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
            help="Variant or a file of your own (mine.py), either with :SOLVER; or all [default: auto].",
            autocompletion=complete_variant,
        ),
    ] = None,
    solver: Annotated[
        list[str] | None,
        typer.Option(help="Solver of the variants that have a choice, or all [default: their first]."),
    ] = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(metavar="SEED|FIRST..LAST", help="Seed, or a range of them [default: 1]."),
    ] = None,
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
        int | None,
        typer.Option(
            callback=within(JOBS),
            help="Solves at once; times then disturb each other [default: 1; of a cluster, one a core].",
        ),
    ] = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder; solves that it holds are not done again.")
    ] = Path("polyring-bench"),
    list_names: Annotated[bool, typer.Option("--list", help="Name instances and variants.")] = False,
    json: Json = False,
) -> int:
    """Measure solver variants on instances: table, profiles, gaps over time. Options repeat."""
    from optimiser.bench.exit_status import fault_lines, incomplete
    from optimiser.bench.outputs import bench as bench_variants

    if list_names:
        return _show_names(as_json=json)
    with _listening(quiet=json) as listener:
        done = bench_variants(
            instances or (),
            families=family or (),
            variants=variant or (),
            solvers=solver or (),
            seeds=_seeds(seeds or ()),
            time_limit_s=time_limit_s,
            gap=gap,
            threads=threads,
            jobs=jobs,
            cluster=cluster or "none",
            scheduler=scheduler,
            out=output,
            listener=listener,
        )
    if json:
        files = {"table": str(output / "runs.csv"), "summary": str(output / "summary.md")}
        screen.as_json({"rows": len(done.rows), **files, "left_out": fault_lines(done.left_out)})
    else:
        right = ("objective", "bound", "gap", "seconds", "peak MB")
        screen.table("Solves", [_shown(row) for row in done.rows], right=right)
        screen.line(f"Files: {output}  (open summary.md)")
    if done.left_out:
        raise incomplete(done.left_out, solved=True)
    return 0


def _seeds(words: Sequence[str]) -> list[int]:
    """Return the seeds of words such as `3` and `1..10`, sorted."""
    found: set[int] = set()
    for word in words:
        first, dots, last = word.partition("..")
        least, most = SEED
        if not first.lstrip("-").isdecimal() or (dots and not last.isdecimal()):
            raise _bad_seeds(f"{word!r} is neither a seed nor a range such as 1..10.")
        numbers = range(int(first), int(last if dots else first) + 1)
        if not numbers:
            raise _bad_seeds(f"{word!r} is empty: the first seed lies beyond the last.")
        if not (least <= numbers[0] and numbers[-1] <= most):
            raise _bad_seeds(f"{word} is not within {least:,} and {most:,}.")
        if len(numbers) > _MOST_SEEDS:
            raise _bad_seeds(f"{word!r} has {len(numbers):,} seeds, more than {_MOST_SEEDS:,}.")
        found.update(numbers)
    return sorted(found)


def _bad_seeds(text: str) -> typer.BadParameter:
    return typer.BadParameter(text, param_hint="'--seeds'")


def _shown(row: Row) -> dict[str, object]:
    return {
        "instance": row.instance,
        "way": row.label,
        "seed": row.seed,
        "outcome": f"{row.status} ({row.termination})",
        "objective": "-" if row.objective is None else row.objective,
        "bound": "-" if row.bound is None else f"{row.bound:.1f}",
        "gap": "-" if row.gap is None else f"{100 * row.gap:.2f} %",
        "seconds": f"{row.seconds:.2f}",
        "peak MB": f"{row.peak_mb:.0f}",
    }


def _show_names(*, as_json: bool) -> int:
    """Print families, instances, variants and their solvers."""
    from optimiser.bench.instances import registered
    from optimiser.engine.methods.variants import VARIANTS

    instances = [{"family": one.family, "instance": one.name, "what": one.about} for one in registered()]
    variants = [
        {"variant": one.name, "solvers": ", ".join(one.solvers) or "-", "what": one.about}
        for one in VARIANTS.values()
    ]
    if as_json:
        screen.as_json({"instances": instances, "variants": variants})
        return 0
    screen.table("Instances", instances)
    screen.table("Variants", variants)
    return 0


# ---- progress


class _Lines:
    """Reports on a bench in plain lines.

    Parameters
    ----------
    write
        Takes each line.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Report what begins."""
        self._write(f"[{number}/{total}, about {_duration(left_s)} left] {_title(run)}")

    def ends(self, row: Row) -> None:
        """Report what came out."""
        self._write(_outcome(row))

    def notes(self, text: str) -> None:
        """Report a note."""
        self._write(text)


@contextmanager
def _listening(*, quiet: bool) -> Iterator[Listener | None]:
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as listener:
            yield listener
    else:
        yield _Lines(screen.note)


@contextmanager
def _bar() -> Iterator[Listener]:
    """Show a bar with the time left, and a line for each solve above it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("{task.fields[left]}"))  # fmt: skip

    class Bar(_Lines):
        def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
            left = f"about {_duration(left_s)} left"
            bar.update(task, description=escape(_title(run)), total=total, completed=number - 1, left=left)

        def ends(self, row: Row) -> None:
            super().ends(row)
            bar.advance(task)

    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None, left="")
        yield Bar(lambda text: console.print(escape(text)))


def _title(run: Run) -> str:
    return f"{run.instance.name}  {run.configuration.label}  seed {run.seed}"


def _outcome(row: Row) -> str:
    gap = "no bound" if row.gap is None else f"gap {100 * row.gap:.2f} %"
    message = f"  {row.message}" if row.message else ""
    return (
        f"{row.instance}  {row.label}  seed {row.seed}: {row.status} ({row.termination}), "
        f"{gap}, {row.seconds:.1f} s{message}"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"

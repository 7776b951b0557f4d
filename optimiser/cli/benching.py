"""Bench solver variants on instances, with progress on the standard error."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from optimiser.bench.exit_status import fault_lines, incomplete
from optimiser.bench.instances import choose, registered
from optimiser.bench.plan import Limits, Run, configurations, plan
from optimiser.bench.rows import Row
from optimiser.bench.runner import Listener, bench
from optimiser.bench.store import exclusive
from optimiser.cli import screen
from optimiser.engine.methods.variants import VARIANTS
from optimiser.problem.errors import ProblemError

__all__ = ["Limits", "run", "show_names"]

DEFAULT_VARIANTS = ("auto",)


def run(
    *,
    words: Sequence[str],
    families: Sequence[str],
    variants: Sequence[str],
    solvers: Sequence[str],
    seeds: Sequence[int],
    limits: Limits,
    jobs: int,
    out: Path,
    as_json: bool,
) -> int:
    """Bench variants on instances, and write table, traces, figures and summary.

    Parameters
    ----------
    words
        Names of instances, patterns, problem files or folders of them.
    families
        Families of instances.
    variants
        Variants or files of the user's own, each perhaps with its solver; none: the one that `auto` chooses.
    solvers
        Solvers to combine with the variants.
    seeds
        Seeds of each solve; none: 1.
    limits
        Of each solve.
    jobs
        Solves at once.
    out
        Folder of the bench; solves that it has a row of are not done again.
    as_json
        Print JSON.

    Returns
    -------
    int
        0.

    Raises
    ------
    VerificationError
        When outcomes contradict each other. Exit code 4.
    OptimiserError
        When some of what was asked for could not be solved; the rest is, and all is written. Exit code 2, or
        5 where the environment alone is to blame.
    EnvironmentFault
        When another process benches in the folder. Exit code 5.
    """
    instances = choose(words, families)
    found, notes, faults = configurations(variants or DEFAULT_VARIANTS, solvers)
    runs = plan(instances, found, sorted(set(seeds)) or [1], limits)
    command = _command(words, families, variants, solvers, seeds, limits)
    from optimiser.bench.outputs import write_outputs

    with exclusive(out), _listening(quiet=as_json) as listener:
        for text in (*notes, *fault_lines(faults)):
            listener.notes(f"left out: {text}")
        done = bench(runs, out, listener=listener, jobs=jobs)
        faults = (*faults, *done.faults)
        if not done.rows:
            raise incomplete(faults or [ProblemError(text) for text in done.unfit], solved=False)
        page = write_outputs(done.rows, out, command=command, left_out=fault_lines(faults))
    if as_json:
        told = {"rows": len(done.rows), "table": str(out / "runs.csv"), "summary": str(page)}
        screen.as_json({**told, "left_out": fault_lines(faults)})
    else:
        screen.table("Solves", [_shown(row) for row in done.rows], right=_RIGHT)
        screen.line(f"Files: {out}  (open summary.md)")
    if faults:
        raise incomplete(faults, solved=True)
    return 0


def _command(
    words: Sequence[str],
    families: Sequence[str],
    variants: Sequence[str],
    solvers: Sequence[str],
    seeds: Sequence[int],
    limits: Limits,
) -> str:
    """Return the command that does these solves, whoever called."""
    repeated = {
        "--instances": words,
        "--family": families,
        "--variant": variants,
        "--solver": solvers,
        "--seeds": map(str, seeds),
        "--time-limit-s": (f"{limits.time_limit_s:g}",),
        "--gap": (f"{limits.gap:g}",) if limits.gap else (),
        "--threads": (f"{limits.threads}",),
    }
    options = [text for name, values in repeated.items() for value in values for text in (name, value)]
    return shlex.join(["polyring", "bench", *options])


_RIGHT = ("objective", "bound", "gap", "seconds", "peak MB")


def _shown(row: Row) -> dict[str, object]:
    return {
        "instance": row.instance,
        "way": row.label,
        "seed": row.seed,
        "outcome": f"{row.status} ({row.termination})",
        "objective": "-" if row.objective is None else row.objective,
        "bound": "-" if row.bound is None else f"{row.bound:.1f}",
        "gap": "-" if row.gap is None else f"{row.gap:.2%}",
        "seconds": f"{row.seconds:.2f}",
        "peak MB": f"{row.peak_mb:.0f}",
    }


def show_names(*, as_json: bool) -> int:
    """Print families, instances, variants and their solvers.

    Parameters
    ----------
    as_json
        Print JSON.

    Returns
    -------
    int
        0.
    """
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


class _Lines:
    """Tell of a bench in plain lines."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Print what begins."""
        what = f"{run.instance.name}  {run.configuration.label}  seed {run.seed}"
        screen.note(f"[{number}/{total}, about {_duration(left_s)} left] {what}")

    def ends(self, row: Row) -> None:
        """Print what came out."""
        screen.note(_ended(row))

    def notes(self, text: str) -> None:
        """Print a note."""
        screen.note(text)


class _Silent:
    """Tell nothing of a bench."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Keep silent."""

    def ends(self, row: Row) -> None:
        """Keep silent."""

    def notes(self, text: str) -> None:
        """Keep silent."""


@contextmanager
def _listening(*, quiet: bool) -> Iterator[Listener]:
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        with _moving() as listener:
            yield listener
    else:
        yield _Lines()


@contextmanager
def _moving() -> Iterator[Listener]:
    """Show a bar with the time left, and a line for each solve above it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("{task.fields[left]}"))  # fmt: skip

    class Bar:
        def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
            what = escape(f"{run.instance.name}  {run.configuration.label}  seed {run.seed}")
            left = f"about {_duration(left_s)} left"
            bar.update(task, description=what, total=total, completed=number - 1, left=left)

        def ends(self, row: Row) -> None:
            console.print(escape(_ended(row)))
            bar.advance(task)

        def notes(self, text: str) -> None:
            console.print(escape(text))

    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None, left="")
        yield Bar()


def _ended(row: Row) -> str:
    gap = "no bound" if row.gap is None else f"gap {row.gap:.2%}"
    told = f"  {row.message}" if row.message else ""
    return (
        f"{row.instance}  {row.label}  seed {row.seed}: {row.status} ({row.termination}), "
        f"{gap}, {row.seconds:.1f} s{told}"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"

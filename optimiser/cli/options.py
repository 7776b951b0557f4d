"""State the options that commands share, and the values that options may have, as in a job."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from json import loads
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from optimiser.cli import screen
from optimiser.engine.methods.variants import VARIANTS
from optimiser.engine.search.task import cores
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import refuse_special_file
from optimiser.tasks import Executor, executor_of

Value = TypeVar("Value")

GAP = (0.0, 1.0)
"""Least and largest relative gap that can be asked for."""
SECONDS = (0.001, 10_000_000.0)
"""Least and largest time limit."""
THREADS = (0, 4096)
"""Threads of a solver; 0: as many as cores."""
SEED = (0, 2**31 - 1)
"""Least and largest seed."""
POINTS = (0, 100_000)
"""Points of a frontier; 0: all there are."""
FACTOR = (1e-9, 1e9)
"""Least and largest money or seconds of a unit of a public network."""
PERCENT = (0, 100)


def complete_job(incomplete: str) -> list[str]:
    """Return the ready jobs that begin with some letters; the shell adds files where there are none."""
    from optimiser.job import ready_names

    return [name for name in ready_names() if name.startswith(incomplete)]


def complete_variant(incomplete: str) -> list[str]:
    """Return the variants that begin with some letters."""
    return [name for name in VARIANTS if name.startswith(incomplete)]


def within(bounds: tuple[float, float]) -> Callable[[Value], Value]:
    """Return a callback of an option that returns its value, or refuses it.

    Parameters
    ----------
    bounds
        Least and largest value, inclusive. None passes; of a list each value is checked; nan is refused.
    """
    low, high = (f"{bound:,.0f}" if bound >= 1 or bound == 0 else f"{bound:g}" for bound in bounds)

    def checked(value: Value) -> Value:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int | float) and not bounds[0] <= one <= bounds[1]:
                raise typer.BadParameter(f"{one} is not within {low} and {high}.")
        return value

    return checked


def ranged(bounds: tuple[float, float], about: str, *names: str) -> Any:  # noqa: ANN401 - as `typer.Option`
    """Return an option whose value must be within bounds."""
    return typer.Option(*names, callback=within(bounds), help=about)


def note_threads(threads: int) -> int:
    """Return a number of threads; say what more of them than cores do."""
    if threads > cores():
        screen.note(f"Note: {threads} threads take turns on {cores()} cores, which makes no solve faster.")
    return threads


def target(about: str) -> Any:  # noqa: ANN401 - as `typer.Option`
    """Return the option that names the file or folder that a command writes."""
    return typer.Option("--out", "-o", "--output", help=about)


def job_named(metavar: str, about: str) -> Any:  # noqa: ANN401 - as `typer.Argument`
    """Return the argument that names a job, or what a command takes in its place."""
    return typer.Argument(metavar=metavar, help=about, autocompletion=complete_job)


Job = Annotated[str, job_named("JOB", "A job file (*.toml), or a ready job's name.")]
ResultFile = Annotated[
    Path | None, typer.Argument(metavar="[RESULT]", help="A result file; none with a run folder.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a key of the job; the value is TOML. Repeatable."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Tasks at a time, each in a process of its own; 0: in this process.",
        callback=within((0, 4096)),
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="local", help="Do the tasks on a Dask cluster on this machine, of N workers."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="Do the tasks on the workers of this Dask scheduler."
    ),
]
SolverOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE", help="Option of the solver named, in its own words; repeat for several."
    ),
]
Problem = Annotated[Path, typer.Argument(metavar="PROBLEM", help="A polyring-problem/1 file.")]


def solver_options(words: Iterable[str]) -> dict[str, str | int | float | bool]:
    """Return the options of words such as `presolve=off`: numbers, `true` and `false` as such, else text."""
    found: dict[str, str | int | float | bool] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not (name and sign):
            raise typer.BadParameter(f"{word!r} is not NAME=VALUE.", param_hint="'--solver-option'")
        found[name] = text
        with suppress(ValueError):
            value = loads(text)
            found[name] = value if isinstance(value, bool | int | float) else text
    return found


def refuse_output(path: Path, *, done: str) -> None:
    """Refuse a file to write that has no folder, or is no plain file.

    Parameters
    ----------
    done
        What was left undone, for the message.
    """
    if not path.resolve().parent.is_dir():
        remedy = "Make the folder, or name another file."
        raise EnvironmentFault("the folder does not exist", where=str(path.parent), done=done, remedy=remedy)
    refuse_special_file(path, done=done)


def noted(path: Path) -> Path:
    """Return a file that nothing keeps from being written any more; say so where it replaces another."""
    if path.exists():
        screen.note(f"It will replace the file {path}.")
    return path


@contextmanager
def chosen_executor(
    workers: int | None, cluster: str | None, scheduler: str | None
) -> Iterator[Executor | None]:
    """Give what does the tasks of a command, as its options say; None where none of them is set."""
    if workers is None and cluster is None and scheduler is None:
        yield None
        return
    with executor_of(workers=workers, cluster=cluster or "none", scheduler=scheduler) as executor:
        if dashboard := getattr(executor, "dashboard", ""):
            screen.note(f"Dask's dashboard: {dashboard}")
        yield executor

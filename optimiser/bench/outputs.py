"""Do the solves of a bench, and write and show what came out: table, figures and summary."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.analysis import (
    best_known,
    by_label,
    contradictions,
    line_of,
    longest,
    refuse_contradictions,
    with_plan_times,
)
from optimiser.bench.exit_status import fault_lines, incomplete
from optimiser.bench.instances import Instance, choose
from optimiser.bench.plan import Limits, Run, configurations, plan
from optimiser.bench.rows import Key, Row, slug_of
from optimiser.bench.runner import Listener
from optimiser.bench.runner import bench as solve_all
from optimiser.bench.store import Store, exclusive
from optimiser.bench.summary import summary
from optimiser.bench.traces import Trace
from optimiser.problem import DesignProblem
from optimiser.problem.errors import OptimiserError, ProblemError
from optimiser.problem.jsonfile import write_atomically
from optimiser.tasks import Executor, executor_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("instance", "variant", "solver", "seed", "status", "termination", "objective", "gap", "seconds")
"""Columns of the solves that a notebook shows."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Receives the progress of a bench and says nothing."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Receive the start of a solve."""

    def ends(self, row: Row) -> None:
        """Receive the end of a solve."""

    def notes(self, text: str) -> None:
        """Receive a note on something left out."""


@dataclass(frozen=True)
class Bench:
    """A finished bench.

    Attributes
    ----------
    folder
        Its folder, with `runs.csv`, `summary.md`, figures, problems, plans and traces.
    rows
        One a solve, those of earlier calls with this folder included.
    left_out
        What was asked for and could not be done.
    """

    folder: Path
    rows: tuple[Row, ...] = field(repr=False)
    left_out: tuple[OptimiserError, ...] = field(default=(), repr=False)

    @cached_property
    def solves(self) -> pd.DataFrame:
        """Return one row a solve: the columns of `runs.csv` (docs/bench.md)."""
        return pd.DataFrame([asdict(row) for row in self.rows])

    @cached_property
    def variants(self) -> pd.DataFrame:
        """Return one row a variant with its solver: solves, proofs, mean times and gaps (docs/bench.md)."""
        best = best_known(self.rows)
        return pd.DataFrame([asdict(line_of(name, rows, best)) for name, rows in by_label(self.rows).items()])

    def plot(self) -> Figure | None:
        """Draw the performance profile: the share of problems proved within a multiple of the best time.

        None where fewer than two variants that prove were run on the same problems.
        """
        from optimiser.bench.figures import draw_profile

        return draw_profile(longest(self.rows))

    def plot_gaps(self) -> Figure | None:
        """Draw the gap of each variant over time, a panel a problem; of many the nine largest.

        None where no variant can prove.
        """
        from optimiser.bench.figures import draw_gaps

        return draw_gaps(longest(self.rows), _trace_reader(Store(self.folder)))

    def _repr_html_(self) -> str:
        """Return variants and solves as HTML, for a notebook."""
        from optimiser.report import notebook

        shown = {name: name for name in SHOWN}
        return (
            notebook.heading("Variants")
            + notebook.table(self.variants)
            + notebook.heading("Solves")
            + notebook.table(self.solves, columns=shown)
        )


def bench(  # noqa: PLR0913 - the options of the command
    instances: Iterable[str | DesignProblem] = (),
    *,
    families: Sequence[str] = (),
    variants: Sequence[str] = (),
    solvers: Sequence[str] = (),
    seeds: Sequence[int] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    threads: int = 1,
    jobs: int | None = None,
    cluster: str = "none",
    scheduler: str | None = None,
    out: str | Path = "polyring-bench",
    listener: Listener | None = None,
) -> Bench:
    """Solve problems with variants, each solve in a process of its own, and check every outcome.

    Parameters
    ----------
    instances
        Names and patterns of ``polyring bench --list``, problem files, folders of them, or problems.
    families
        Families of which every instance is wanted.
    variants
        Variants, or files with one of your own, either with ``:SOLVER``; or ``all``; none: ``auto``.
    solvers
        Solvers of the variants that have a choice; none: the first of each.
    seeds
        Random seeds; none: 1.
    time_limit_s, gap, threads
        Of each solve: limit in seconds, relative gap at which it may end, number of threads.
    jobs
        Solves at once; times then disturb each other. None: one, or on a cluster one a core.
    cluster, scheduler
        Where the solves run, as in `run.tasks.executor_of`: each row names the machine that measured it.
    out
        Folder; solves that it holds are not done again.
    listener
        Receives the progress; None: nobody does.

    Raises
    ------
    OptimiserError
        When nothing can be solved, or outcomes contradict each other.
    """
    asked = list(instances)
    words = [one for one in asked if isinstance(one, str)]
    own = [one for one in asked if isinstance(one, DesignProblem)]
    chosen = choose(words, families) if words or families or not own else ()
    given = [Instance(one.name, "own", "a problem of the caller", partial(_same, one)) for one in own]
    listener, folder = listener or Silence(), Path(out)
    found, notes, faults = configurations(variants or ("auto",), solvers)
    limits = Limits(time_limit_s=time_limit_s, gap=gap, threads=threads)
    runs = plan([*chosen, *given], found, sorted(set(seeds)) or [1], limits)
    command = _command(
        {
            "--instances": [*words, *(one.name for one in own)],
            "--family": families,
            "--variant": variants,
            "--solver": solvers,
            "--seeds": map(str, seeds),
            "--time-limit-s": (f"{time_limit_s:g}",),
            "--gap": (f"{gap:g}",) if gap else (),
            "--threads": (f"{threads}",),
        }
    )
    with exclusive(folder):
        for text in (*notes, *fault_lines(faults)):
            listener.notes(f"left out: {text}")
        with _executor(jobs, cluster, scheduler) as executor:
            done = solve_all(runs, folder, listener=listener, executor=executor)
        faults = (*faults, *done.faults)
        if not done.rows:
            raise incomplete(faults or [ProblemError(text) for text in done.unfit], solved=False)
        write_outputs(done.rows, folder, command=command, left_out=fault_lines(faults))
    return Bench(folder, tuple(Store(folder).rows()), faults)  # as written: with the times to good plans


def _executor(jobs: int | None, cluster: str, scheduler: str | None) -> Executor:
    """Return what does the solves: this process for one at a time."""
    is_here = jobs in (None, 1) and cluster == "none" and scheduler is None
    return executor_of(workers=0 if is_here else jobs, cluster=cluster, scheduler=scheduler)


def _same(problem: DesignProblem) -> DesignProblem:
    return problem


def _command(repeated: Mapping[str, Iterable[str]]) -> str:
    """Return the command that does these solves, from the values of each option."""
    options = [text for name, values in repeated.items() for value in values for text in (name, value)]
    return shlex.join(["polyring", "bench", *options])


def _trace_reader(store: Store) -> Callable[[Row], Trace]:
    """Return what reads the progress of the solve of a row, each file once."""

    @cache
    def load(key: Key) -> Trace:
        return traces.load(store.trace(slug_of(key)))

    return lambda row: load(row.key)


def write_outputs(rows: Sequence[Row], folder: Path, *, command: str, left_out: Sequence[str] = ()) -> Path:
    """Write table, figures and summary of a bench.

    Parameters
    ----------
    rows
        Every row of the folder.
    folder
        Folder of the bench.
    command
        The command that was typed, for the summary.
    left_out
        What was asked for and could not be done, for the summary.

    Returns
    -------
    Path
        The summary.

    Raises
    ------
    VerificationError
        When outcomes contradict each other; all is written before.
    """
    from optimiser.bench.figures import write_figures

    store = Store(folder)
    trace_of = _trace_reader(store)
    filled = with_plan_times(rows, trace_of)
    table.save(filled, store.runs)
    shown = longest(filled)
    figures = write_figures(shown, trace_of, store.folder / "figures")
    page = store.folder / "summary.md"
    faults = contradictions(filled)
    write_atomically(
        page, summary(shown, trace_of, command=command, faults=faults, figures=figures, left_out=left_out)
    )
    refuse_contradictions(filled)
    return page

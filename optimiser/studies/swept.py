"""Open a finished sweep for Python: its tables, its pictures, and what they say in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.job import LoadedJob, find
from optimiser.report import page, sweep_page
from optimiser.report import sweep as results
from optimiser.report.sweep import SweepResults
from optimiser.studies import sweep as sweeps
from optimiser.tasks import executor_of
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINKS = 20
"""Links that a notebook shows before it is asked for more."""


class Sweep(SweepResults):
    """A finished sweep; `optimiser.report.sweep.SweepResults` says what its tables hold."""

    def plot(self, picture: str = "links") -> Figure:
        """Draw a picture of the sweep.

        Parameters
        ----------
        picture
            `links`, ranked by the share of futures in which each is right; `map`; `band`, what the plan of
            the job covers in each future; `indices` of the factors; `regret` of fixed plans.

        Raises
        ------
        ValueError
            For another name.
        """
        if picture not in sweep_page.PICTURES:
            known = ", ".join(sweep_page.PICTURES)
            raise ValueError(f"there is no picture {picture!r} of a sweep; choose one of {known}")
        return sweep_page.PICTURES[picture](self, dpi=100)

    def report(self, out: str | Path) -> Path:
        """Write the page `sweep.html` and the pictures into a folder, and return the page.

        Parameters
        ----------
        out
            The folder.
        """
        return sweep_page.write(self, Path(out))

    def __str__(self) -> str:
        """Return what was solved, and the value of waiting, in sentences."""
        return " ".join((sweep_page.lead(self), *sweep_page.waiting_sentences(self)))

    def _repr_html_(self) -> str:
        """Return what was solved, and the links by share, as HTML for a notebook."""
        columns = (
            "number",
            "kind",
            "from_name",
            "to_name",
            "cost",
            "share",
            "low",
            "high",
            "is_core",
            "in_plan",
        )
        title = page.heading(f"{self.facts['region']}: sweep", sweep_page.lead(self))
        return title + page.table(self.links[[*columns, "factor"]], most=MOST_LINKS)


def sweep_job(
    job: str | LoadedJob,
    *,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Solve a job in many cases drawn from what is uncertain, and open what came of it.

    Parameters
    ----------
    job
        Name of a ready job, path of a job file, or a job.
    settings
        Changes of keys such as ``sweep.cases=256``, values in TOML; only where `job` is a name or a path.
    out
        Folder; None: that of the job with `-sweep`.
    workers
        Cases at a time, each in a process of its own; None: as many as cores.
    scheduler
        Address of a running Dask scheduler, which solves the cases in place of processes here.
    progress
        Notified of each step.

    Raises
    ------
    OptimiserError, NetworksError
        When the job cannot be swept, or has no plan itself.
    """
    loaded = find(job, settings=settings) if isinstance(job, str) else job
    with executor_of(workers=workers, scheduler=scheduler) as executor:
        done = sweeps.sweep(
            loaded,
            out=None if out is None else Path(out),
            executor=executor,
            progress=progress or Progress(),
            watch=lambda _title, _state: None,
        )
    return load_sweep(done.folder)


def load_sweep(folder: str | Path) -> Sweep:
    """Open the folder of a finished sweep.

    Parameters
    ----------
    folder
        The folder.

    Raises
    ------
    ProblemError
        When it is not that of a finished sweep.
    """
    found = results.load(folder)
    return Sweep(**{one.name: getattr(found, one.name) for one in fields(found)})

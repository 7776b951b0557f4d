"""Run a job and show its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.cli import screen
from optimiser.job import find

if TYPE_CHECKING:
    from optimiser.run.pipeline import Run


def run(job: str, *, out: Path | None, settings: Sequence[str], dry_run: bool, as_json: bool) -> int:
    """Run a job.

    Parameters
    ----------
    job
        A job file, or the name of a ready job.
    out
        Run folder; None: the job's own.
    settings
        Changes such as `budget.share=0.05`.
    dry_run
        Print sizes and the expected time; solve and write nothing.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 within the gap asked for, 10 not proven to it.
    """
    loaded = find(job, settings=settings)
    if dry_run:
        from optimiser.run import rehearsal

        with screen.progress(quiet=as_json) as progress:
            sizes = rehearsal.rehearse(loaded, progress=progress)
        _show_sizes(sizes, as_json=as_json)
        return 0
    from optimiser.run.pipeline import run as run_job

    with screen.progress(quiet=as_json) as progress:
        done = run_job(loaded, out=out, progress=progress)
    if as_json:
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **done.summary})
    else:
        show(done, asked_gap=loaded.job.solve.gap)
    screen.warn(done.summary["warnings"])
    return done.exit_code


def show(done: Run, *, asked_gap: float) -> None:
    """Print the outcome of a run: coverage by tier, cost, gap and the ranked links.

    Parameters
    ----------
    done
        The finished run.
    asked_gap
        Relative gap that was asked for.
    """
    from optimiser.report.screen import summary

    screen.line()
    screen.rich(summary(done.report))
    if done.exit_code:
        screen.line(f"NOT proven to the gap of {asked_gap:.3%} that was asked for; raise solve.time_limit_s.")
    screen.line(f"Files: {done.folder}  (open report.html, or plan.gpkg in a GIS)")


def _show_sizes(sizes: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        screen.as_json(sizes)
        return
    screen.table("Sizes", [{"what": key, "value": value} for key, value in sizes.items()], right=["value"])
    screen.line("Nothing was solved or written.")

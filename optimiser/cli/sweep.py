"""Solve a job in many cases drawn from what is uncertain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.options import ClusterOption, Job, Json, Scheduler, Settings, Workers, chosen_executor

if TYPE_CHECKING:
    from optimiser.studies.sweep import SweepRun
    from optimiser.tasks import TaskProgress


def sweep(
    job: Job,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write [default: polyring-runs/<job>-sweep].")
    ] = None,
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many cases there are and what varies; solve none.")
    ] = False,
    json: Json = False,
) -> int:
    """Solve a job in many cases drawn from what is uncertain: which links hold, and what is at stake."""
    from optimiser.job import find
    from optimiser.studies import sweep as sweeps

    loaded = find(job, settings=settings or [])
    with screen.progress(quiet=json) as progress:
        if dry_run:
            found = sweeps.prepare(loaded, progress)
            answer = sweeps.expected(found, out or sweeps.default_folder(loaded), workers)
            if json:
                screen.as_json(answer)
            else:
                _show_plan(answer)
            return 0
        with chosen_executor(workers, cluster, scheduler) as executor:
            watch = _watching(progress.begins, progress.ends)
            done = sweeps.sweep(loaded, out=out, executor=executor, progress=progress, watch=watch)
    if json:
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **done.summary})
    else:
        _show(done)
    return done.exit_code


def _watching(
    begins: Callable[[str], object], ends: Callable[[str], object]
) -> Callable[[str, TaskProgress], object]:
    """Return what shows how far the tasks are, and leaves a line when all are done."""

    def show(title: str, state: TaskProgress) -> None:
        begins(f"{title}: {state}")
        if state.done == state.total:
            ends(f"{title}: {state}")

    return show


def _show_plan(answer: dict[str, Any]) -> None:
    rows = [
        {"factor": one["id"], "changes": one["changes"], "distribution": _words(one["distribution"])}
        for one in answer["factors"]
    ]
    screen.table("Factors", rows)
    screen.line(f"{answer['cases']:,} cases, the job itself included, {answer['workers']} at a time.")
    if "expected_s" in answer:
        screen.line(f"By the times of the last sweep in the folder: about {answer['expected_s']:.0f} s.")
    screen.line(f"At most {answer['most_s']:.0f} s of solving.")


def _words(distribution: dict[str, Any]) -> str:
    numbers = ", ".join(f"{key} {_short(value)}" for key, value in distribution.items() if key != "name")
    return f"{distribution['name']}: {numbers}"


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show(done: SweepRun) -> None:
    """Print how the cases ended, and the robust core."""
    found = done.summary
    figures = {
        "cases": found["cases"],
        f"proven within {100 * found['gap']:g} %": found["proven"],
        "without a plan": found["infeasible"],
        "ended by their time limit": found["ended_by_time"],
        "given up": len(found["quarantined"]),
        f"links chosen in {100 * found['core_share']:g} % of the cases or more": len(found["core"]),
    }
    screen.pairs("", figures, heads=("what", "count"))
    for one in found["quarantined"][:5]:
        screen.note(f"{one['task']} was given up: {one['fault']}")
    screen.line(f"Files: {done.folder}  (cases.parquet, case_links.parquet, regret.parquet, sweep.json)")

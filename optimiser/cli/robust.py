"""Find the one plan that serves many scenarios of a job."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import GAP, SECONDS, Job, Json, Settings, within

if TYPE_CHECKING:
    from optimiser.studies.robust import RobustRun


def robust(
    job: Job,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write [default: polyring-runs/<job>-robust].")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="expected, share, max_min, count or regret.")] = None,
    scenarios: Annotated[int | None, typer.Option(min=1, help="Number of scenarios.")] = None,
    gap: Annotated[
        float | None, typer.Option(callback=within(GAP), help="Relative gap of the plan, 0 to 1.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(callback=within(SECONDS), help="Limit of the robust plan, seconds.")
    ] = None,
    settings: Settings = None,
    json: Json = False,
) -> int:
    """Find one plan that is best over many scenarios under one budget, with a proof."""
    from optimiser.job import find
    from optimiser.studies.robust import robust as seek

    options = {"kind": kind, "scenarios": scenarios, "gap": gap, "time_limit_s": time_limit}
    given = {key: value for key, value in options.items() if value is not None}
    changes = [*(settings or []), *(f"robust.{key}={json_text.dumps(v)}" for key, v in given.items())]
    loaded = find(job, settings=changes)
    with screen.progress(quiet=json) as progress:
        done = seek(loaded, out=out, progress=progress)
    if json:
        rows = done.scenarios.astype(object).where(done.scenarios.notna(), None).to_dict("records")
        screen.as_json(
            {"folder": str(done.folder), "exit_code": done.exit_code, **done.summary, "rows": rows}
        )
    else:
        _show(done)
    return done.exit_code


def _show(done: RobustRun) -> None:
    """Print the figures of the plan, and what it is worth in each scenario."""
    from optimiser.report.robust import figures

    screen.pairs("Robust plan", figures(done.summary), heads=("what", "value"), right=False)
    columns = ["scenario", "today", "plan", "best", "regret", "cost", "budget"]
    kept = [name for name in columns if done.scenarios[name].notna().any()]
    rows = [
        {str(key): value for key, value in row.items()} for row in done.scenarios[kept].to_dict("records")
    ]
    screen.table("Weight within the limit", rows)
    screen.line(
        f"Files: {done.folder}  (robust.html, scenarios.csv, robust_links.csv, problem.json, result.json)"
    )

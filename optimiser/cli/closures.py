"""Find a plan that closures of links and sections do not break."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import Job, Json, Settings

if TYPE_CHECKING:
    from optimiser.report.closures import ClosedPlans

MOST_ROWS = 15
"""Closures that the table shows: those that leave least."""


def closures(
    job: Job,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write [default: polyring-runs/<job>-closures].")
    ] = None,
    settings: Settings = None,
    json: Json = False,
) -> int:
    """Find the plan that keeps a share of its coverage when any one link or section is closed."""
    from optimiser.job import find
    from optimiser.studies.closures import closures as seek

    loaded = find(job, settings=settings or [])
    with screen.progress(quiet=json) as progress:
        done = seek(loaded, out=out, progress=progress)
    if json:
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **done.found.as_dict()})
        return done.exit_code
    _show(done.found)
    screen.line(f"Files: {done.folder}  (closures.html, closures.csv, closures.png, closures.json)")
    return done.exit_code


def _show(found: ClosedPlans) -> None:
    from optimiser.report import wording

    rows = [
        {
            "closed": one.name,
            "what": one.what,
            "left": wording.integer(one.plan),
            "share": wording.percent(found.kept_share(one)),
            "job's plan": wording.percent(found.kept_share(one, of_plan=False)),
        }
        for one in found.closures[:MOST_ROWS]
    ]
    screen.line()
    screen.table("Closures that leave least", rows, right=("left", "share", "job's plan"))
    for sentence in found.sentences():
        screen.line(sentence)

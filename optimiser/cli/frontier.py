"""Trace a frontier and show its outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.cli import frontier_progress, screen
from optimiser.job import find
from optimiser.job.sections import Frontier, Solve
from optimiser.problem.errors import JobError

if TYPE_CHECKING:
    from optimiser.run.frontier import Traced

MOST_ROWS = 24
"""Points that the table shows; of more, every so many-th, the ends and the knee."""

MOST_LINKS = 20
"""Links that the table shows."""


def frontier(
    job: str, *, out: Path | None, settings: Sequence[str], options: Mapping[str, object], as_json: bool
) -> int:
    """Trace the frontier of a job or of a problem file.

    Parameters
    ----------
    job
        A job file, the name of a ready job, or a problem file (`*.json`).
    out
        Run folder; None: `polyring-runs/<name>-frontier`, or beside the folder that the job names.
    settings
        Changes such as `frontier.points=60`.
    options
        Keys of `[frontier]` given as options; None where not given.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 when every point is within the gap asked for and none was cut off by time, else 10.
    """
    given = {key: value for key, value in options.items() if value is not None}
    changes = [*settings, *(f"frontier.{key}={json.dumps(value)}" for key, value in given.items())]
    done = (
        _of_file(Path(job), out, changes, as_json)
        if job.endswith(".json")
        else _of_job(job, out, changes, as_json)
    )
    if as_json:
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **done.summary})
    else:
        show(done)
    return done.exit_code


def _of_job(job: str, out: Path | None, changes: Sequence[str], as_json: bool) -> Traced:
    loaded = find(job, settings=changes)
    from optimiser.run.frontier import trace_job

    asked = loaded.job.frontier
    with (
        screen.progress(quiet=as_json) as progress,
        frontier_progress.watched(wanted=asked.points, total_s=asked.total_s, quiet=as_json) as watch,
    ):
        return trace_job(loaded, out=out, progress=progress, watch=watch)


def _of_file(path: Path, out: Path | None, changes: Sequence[str], as_json: bool) -> Traced:
    from optimiser.run.frontier import ENDING, trace_file

    asked, solve = sections_of(changes)
    with frontier_progress.watched(wanted=asked.points, total_s=asked.total_s, quiet=as_json) as watch:
        return trace_file(
            path,
            asked,
            out=out or Path("polyring-runs") / f"{path.stem}{ENDING}",
            seed=solve.seed,
            threads=solve.threads,
            watch=watch,
        )


def sections_of(changes: Sequence[str]) -> tuple[Frontier, Solve]:
    """Return the two sections of a job that play a part for a problem file.

    Parameters
    ----------
    changes
        Such as `frontier.points=60` or `solve.seed=2`.

    Raises
    ------
    JobError
        When one of them is in another section, or no value of its key.
    """
    from optimiser.job.reading import loads

    others = [text for text in changes if text.split(".", 1)[0] not in ("frontier", "solve")]
    if others:
        raise JobError(
            "a problem file has no such settings",
            where="--set",
            faults=others,
            done="Nothing was read or written.",
            remedy="With a problem file, set keys of frontier and solve alone.",
        )
    job = loads('[region]\nname = "jing-jin-ji"\n', where="--set", settings=changes)
    return job.frontier, job.solve


def show(done: Traced) -> None:
    """Print the outcome: points, order of the links, robust core, files.

    Parameters
    ----------
    done
        The finished frontier.
    """
    from optimiser.frontier.links import STEADY
    from optimiser.report import wording

    curve = done.curve
    money = f", {curve.money}" if curve.money else ""
    screen.line()
    screen.table(
        f"Frontier of {curve.name}: cost{money}, and weight within the limit", _points(done), right=RIGHT
    )
    entered = done.links[:MOST_LINKS]
    screen.table(
        "Links by the cost at which they enter",
        [
            {
                "link": done.described[link.id].name,
                "what": wording.kind(done.described[link.id].kind),
                "enters at": f"{link.cost_of_entry:,}",
                "plans from there": f"{link.share:.0%}",
                "": "core" if link.core else "stays" if link.stays else "",
            }
            for link in entered
        ],
        right=("enters at", "plans from there"),
    )
    stay, core = sum(link.stays for link in done.links), sum(link.core for link in done.links)
    steady = f"{STEADY[done.curve.axes.kind]:.0%}"
    screen.line(f"Of {len(done.links)} links {stay} stay in every dearer plan once they enter.")
    screen.line(
        f"Robust core (in half of all plans, and in {steady} of those from its entry on): "
        f"{core} of {len(done.links)} links."
    )
    screen.line(_ended(done))
    if caps := done.summary.get("caps"):
        held = ", ".join(f"{name} {most:,}" for name, most in caps.items())
        screen.line(f"The caps are amounts, the same at every point: {held}.")
    screen.line(f"Files: {done.folder}  (frontier.csv, frontier.png, frontier_links.csv, plans in frontier/)")


RIGHT = ("cost", "bound", "gap", "links")


def _points(done: Traced) -> list[dict[str, object]]:
    curve = done.curve
    total = len(curve.points)
    step = max(1, -(-total // MOST_ROWS))
    kept = {*range(0, total, step), total - 1, *([] if curve.knee is None else [curve.knee])}
    rows = []
    for at in sorted(at for at in kept if at >= 0):
        point = curve.points[at]
        rows.append(
            {
                "#": at + 1,
                "cost": f"{point.cost:,}",
                **{group: f"{curve.share(point.plan, group):.1%}" for group in (*curve.groups, "all")},
                "bound": "none" if point.bound is None else f"{point.bound:,.0f}",
                "gap": "none" if point.gap is None else f"{point.gap:.3%}",
                "links": len(point.plan.built),
                "": "knee" if at == curve.knee else "",
            }
        )
    return rows


def _ended(done: Traced) -> str:
    curve = done.curve
    said = {
        "complete": "These are all non-dominated plans, within the gap asked for.",
        "points": f"There are more plans between these; {curve.open_boxes} gaps of the proven band are open.",
        "time": f"Time ran out with {curve.open_boxes} gaps of the proven band open.",
    }
    return said.get(curve.ended, "")

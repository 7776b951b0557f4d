"""Trace a frontier, and show how far it has come and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.jobs import changes_of, read_job, writes_folder
from optimiser.cli.options import (
    GAP,
    POINTS,
    SECONDS,
    ClusterOption,
    Scheduler,
    Settings,
    Workers,
    chosen_executor,
    job_named,
    ranged,
    target,
)
from optimiser.problem.errors import JobError
from optimiser.problem.jsonfile import read_bytes
from optimiser.report import wording

if TYPE_CHECKING:
    from optimiser.frontier import Tracer
    from optimiser.frontier.point import Curve
    from optimiser.job.model import Job
    from optimiser.job.sections import Frontier
    from optimiser.studies.frontier import Traced

MOST_ROWS = 24
"""Points that the table shows; of more, every n-th, the ends and the knee."""
MOST_LINKS = 20
"""Links that the table shows."""
ENDS = 2
"""Points of a frontier before the workers are asked for those between them."""


def _show(done: Traced) -> None:
    """Print the outcome: points, order of the links, steady core, files."""
    from optimiser.frontier.point import STEADY
    from optimiser.studies.frontier import page_name

    curve, links = done.found.curve, done.found.links.to_dict("records")
    money = f", {curve.money}" if curve.money else ""
    screen.line()
    screen.table(
        f"Frontier of {curve.name}: cost{money}, and weight within the limit",
        _points(curve),
        right=("cost", "bound", "gap", "links"),
    )
    screen.table(
        "Links by the cost at which they enter",
        [
            {
                "link": link["name"],
                "what": wording.kind(link["kind"]),
                "enters at": f"{link['enters_at_cost']:,}",
                "plans from there": wording.percent(link["share_from_entry"], digits=0),
                "": "core" if link["core"] else "stays" if link["stays"] else "",
            }
            for link in links[:MOST_LINKS]
        ],
        right=("enters at", "plans from there"),
    )
    stay, core = (sum(link[key] == "yes" for link in links) for key in ("stays", "core"))
    steady = wording.percent(STEADY[curve.axes.kind], digits=0)
    screen.line(f"Of {len(links)} links {stay} stay in every dearer plan once they enter.")
    screen.line(
        f"Steady core (in half of all plans, and in {steady} of those from its entry on): "
        f"{core} of {len(links)} links."
    )
    screen.line(wording.WORDS["frontier_ends"].get(curve.ended, "").format(open=curve.open_boxes))
    screen.warn(curve.faults)
    if not curve.counts_pairs_alone:
        screen.line(
            "The bounds hold for the objective: pairs within the limit, and what cities and rings earn."
        )
    if caps := done.summary.get("caps"):
        amounts = ", ".join(f"{name} {most:,}" for name, most in caps.items())
        screen.line(f"The caps are amounts, the same at every point: {amounts}.")
    page = page_name(done.folder)
    shown = f"{page}, " if (done.folder / page).exists() else ""
    files = f"{shown}frontier.csv, frontier.png, frontier_links.csv, plans in frontier/"
    screen.line(f"Files: {done.folder}  ({files})")


def _points(curve: Curve) -> list[dict[str, object]]:
    total = len(curve.points)
    step = max(1, -(-total // MOST_ROWS))
    kept = {*range(0, total, step), total - 1, *([] if curve.knee is None else [curve.knee])}
    has_rings = any(point.plan.rings for point in curve.points)
    return [
        {
            "#": at + 1,
            "cost": f"{point.cost:,}",
            **{group: wording.percent(curve.share(point.plan, group)) for group in (*curve.groups, "all")},
            "bound": "none" if point.bound is None else f"{point.bound:,.0f}",
            "gap": "none" if point.gap is None else wording.percent(point.gap, digits=3),
            "links": len(point.plan.built),
            **({"rings": ", ".join(sorted(point.plan.rings))} if has_rings else {}),
            "": "knee" if at == curve.knee else "",
        }
        for at, point in enumerate(curve.points)
        if at in kept
    ]


# ---- the command


@writes_folder(_show, lambda done: done.summary)
def frontier(
    job: Annotated[str, job_named("JOB|PROBLEM.json", "A job file, a ready job's name, or a problem file.")],
    *,
    out: Annotated[Path | None, target("Run folder [default: polyring-runs/<job>-frontier].")] = None,
    axes: Annotated[
        str | None, typer.Option(help="two_way: cost and coverage; three_way: cost and two tiers.")
    ] = None,
    points: Annotated[int | None, ranged(POINTS, "Points wanted; 0: all there are.")] = None,
    gap: Annotated[float | None, ranged(GAP, "Relative gap of each point, 0 to 1.")] = None,
    time_limit: Annotated[float | None, ranged(SECONDS, "Limit of the whole frontier, seconds.")] = None,
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    settings: Settings = None,
) -> Callable[[screen.Display], Traced]:
    """Trace what each level of spending buys: exact points with a proven band."""
    changes = changes_of(settings, "frontier", axes=axes, points=points, gap=gap, total_s=time_limit)
    loaded = None if job.endswith(".json") else read_job(job, changes)
    if loaded is None:
        read_bytes(Path(job))  # refused before anything heavy is loaded
    stated = _stated(changes) if loaded is None else loaded.job
    chosen = (workers, cluster, scheduler)

    from optimiser.job.model import RUNS, inside
    from optimiser.studies.frontier import ENDING, trace_file, trace_job

    def trace(display: screen.Display) -> Traced:
        is_even = stated.frontier.placing == "even"
        if not is_even and chosen != (None, None, None):
            screen.note(wording.WORDS["frontier_ends"]["one_session"])
        with chosen_executor(*(chosen if is_even else (None, None, None))) as executor:
            how: Any = {
                "watch": watching(stated.frontier, display),
                "executor": executor,
                "progress": display.steps,
            }
            if loaded is not None:
                return trace_job(loaded, out=out, **how)
            target = out or inside(Path(), RUNS / f"{Path(job).stem}{ENDING}")
            return trace_file(Path(job), stated, out=target, **how)

    return trace


def _stated(changes: Sequence[str]) -> Job:
    """Return a job with the two sections that count for a problem file."""
    from optimiser.job import loads

    others = [text for text in changes if text.split(".", 1)[0] not in ("frontier", "solve")]
    JobError.refuse(
        others,
        "a problem file has no such settings",
        where="--set",
        done="Nothing was read or written.",
        remedy="With a problem file, set keys of frontier and solve alone.",
    )
    return loads('[region]\nname = "jing-jin-ji"\n', where="--set", settings=changes)


def watching(asked: Frontier, display: screen.Display) -> Callable[[Tracer], None]:
    """Return a function to call before the first point and after each: it shows how far the frontier is."""

    def watch(tracer: Tracer) -> None:
        state, points = tracer.state, len(tracer.state.places)
        display.count(points, asked.points or None)
        if state.ahead and points <= ENDS:
            display.begins(f"Frontier: {len(state.ahead)} answers of workers")
            return
        many = f"{points} of {asked.points} points" if asked.points else f"{points} points"
        rest = "" if display.left_s is None else f", about {screen.duration(display.left_s)} left"
        display.begins(f"Frontier: {many}, {len(state.region.boxes)} gaps open{rest}")

    return watch

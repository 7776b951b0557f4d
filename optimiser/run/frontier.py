"""Trace the frontier of a job or of a problem file into a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimiser.frontier import Limits, Tracer, tracing
from optimiser.frontier.axes import axes_of
from optimiser.frontier.curve import Curve, curve
from optimiser.frontier.links import STEADY, LinkOnFrontier, marginal_order
from optimiser.job import render
from optimiser.job.model import LoadedJob
from optimiser.job.sections import Frontier
from optimiser.problem import DesignProblem, load, save
from optimiser.problem.errors import InfeasibleError, JobError, SolverError
from optimiser.run import folder, frontier_files
from optimiser.run.frontier_answers import kept_answers
from optimiser.run.frontier_files import Described
from optimiser.run.progress import Progress
from optimiser.run.solving import NOT_PROVEN

ENDING = "-frontier"
"""Ending of the default run folder."""

type Watch = Callable[[Tracer], object]
"""Told after each point, and once before the first."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A finished frontier.

    Attributes
    ----------
    folder
        The run folder.
    curve
        The frontier.
    links
        Candidates in the order in which they enter.
    described
        What people call them, by id.
    summary
        Contents of `frontier.json`.
    exit_code
        0 when every point is within the gap asked for and as many were found as were wanted, else 10.
    """

    folder: Path
    curve: Curve
    links: tuple[LinkOnFrontier, ...]
    described: Mapping[str, Described]
    summary: Mapping[str, Any]
    exit_code: int


def trace_job(
    loaded: LoadedJob, *, out: Path | None, progress: Progress, watch: Watch = lambda _tracer: None
) -> Traced:
    """Trace the frontier of a job.

    Parameters
    ----------
    loaded
        The job.
    out
        Run folder; None: that of the job with `ENDING`.
    progress
        Told of each step before the frontier.
    watch
        Told of each point.
    """
    from optimiser.run.chain import Chain
    from optimiser.run.proposing import load_candidates
    from optimiser.run.source import settle

    own = loaded.run_folder()
    target = out or own.with_name(f"{own.name}{ENDING}")
    chain = Chain(loaded=loaded, source=settle(loaded), progress=progress)
    with folder.staged(target) as stage:
        problem = chain.design
        title = f"Job {loaded.name} {folder.AS_RUN}"
        (stage / "job.toml").write_text(render(loaded.job, title=title), encoding="utf-8")
        table = load_candidates(chain.candidates.folder).table
        described = frontier_files.described_by_id(problem) | {
            str(row.candidate_id): Described(
                f"{row.from_name} – {row.to_name}", str(row.kind), round(float(row.length_km), 1)
            )
            for row in table.itertuples()
        }
        settings = loaded.job.solve
        return _traced(
            stage,
            target,
            problem,
            loaded.job.frontier,
            described,
            watch,
            seed=settings.seed,
            threads=settings.threads,
        )


def trace_file(
    path: Path,
    settings: Frontier,
    *,
    out: Path,
    seed: int,
    threads: int,
    watch: Watch = lambda _tracer: None,
) -> Traced:
    """Trace the frontier of a problem file.

    Parameters
    ----------
    path
        The problem file.
    settings
        What is weighed, how finely, for how long.
    out
        Run folder.
    seed, threads
        As in `[solve]` of a job.
    watch
        Told of each point.
    """
    problem = load(path)
    with folder.staged(out) as stage:
        described = frontier_files.described_by_id(problem)
        return _traced(stage, out, problem, settings, described, watch, seed=seed, threads=threads)


def limits_of(settings: Frontier) -> Limits:
    """Return the limits that a job sets."""
    return Limits(
        points=settings.points,
        placing=settings.placing,
        gap=settings.gap,
        point_s=settings.time_limit_s,
        total_s=settings.total_s,
    )


def _traced(
    stage: Path,
    target: Path,
    problem: DesignProblem,
    settings: Frontier,
    described: Mapping[str, Described],
    watch: Watch,
    *,
    seed: int,
    threads: int,
) -> Traced:
    from optimiser.engine.search.task import cores

    _refuse_other(target, problem)
    limits, threads = limits_of(settings), threads or cores()
    axes = axes_of(settings.axes, problem, settings.tiers)
    begun = time.monotonic()
    with (
        kept_answers(problem, axes, limits, seed=seed, threads=threads) as memory,
        tracing(
            problem,
            axes=axes.kind,
            groups=axes.groups,
            limits=limits,
            memory=memory,
            seed=seed,
            threads=threads,
        ) as tracer,
    ):
        watch(tracer)
        for _point in tracer:
            watch(tracer)
        found = curve(tracer)
    _refuse_empty(found)
    links = tuple(marginal_order(found.points, steady=STEADY[axes.kind]))
    save(problem, stage / "problem.json")
    frontier_files.write_points(stage, problem, found)
    frontier_files.write_links(stage, links, described, {c.id: c.cost for c in problem.candidates})
    summary = frontier_files.summary_of(found, links, seconds=time.monotonic() - begun)
    if problem.caps:
        summary = {**summary, "caps": dict(problem.caps)}
    frontier_files.save_summary(stage, summary)
    _draw(stage / "frontier.png", found)
    return Traced(target, found, links, described, summary, _exit_code(found))


def _refuse_other(target: Path, problem: DesignProblem) -> None:
    """Refuse the folder of a run of another problem, whose files would not fit together any more."""
    if not (target / "result.json").exists():
        return
    if not (target / "problem.json").exists() or load(target / "problem.json") != problem:
        raise JobError(
            "the folder holds the run of another problem",
            where=str(target),
            done="Nothing was written or changed.",
            remedy="Choose another folder with --out.",
        )


def _refuse_empty(found: Curve) -> None:
    """Refuse a frontier without a point: proved to have none, or cut off before the first."""
    if found.points:
        return
    where = f"problem {found.name!r}"
    if found.ended == "complete":
        raise InfeasibleError(
            "no plan meets the constraints, whatever it costs; proved.",
            where=where,
            done="No frontier was written.",
            remedy="Lower a target, or take back what is fixed, excluded or required.",
        )
    raise SolverError(
        "no point was found in time",
        where=where,
        done="No frontier was written.",
        remedy="Raise frontier.total_s and frontier.time_limit_s.",
    )


def _draw(path: Path, found: Curve) -> None:
    from optimiser.report.frontier_picture import write

    write(path, found)


def _exit_code(found: Curve) -> int:
    proven = all(point.gap is not None and point.gap <= found.asked_gap for point in found.points)
    return 0 if found.points and proven and found.ended != "time" else NOT_PROVEN

"""Trace the frontier of a job or of a problem file into a run folder."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from optimiser import verify
from optimiser.engine.child import STARTUP_S
from optimiser.engine.search.task import Question, cores
from optimiser.frontier import Limits, Memory, Point, Tracer, tracing
from optimiser.frontier.axes import axes_of, own_problem
from optimiser.frontier.point import STEADY, Answer, Curve, Level, answer_from, marginal_order
from optimiser.frontier.tracer import FAILED, curve
from optimiser.job.model import Job, LoadedJob
from optimiser.job.sections import Frontier, Solve
from optimiser.problem import DesignProblem, dumps, load, parse
from optimiser.problem.errors import InfeasibleError, JobError, SolverError
from optimiser.report import frontier as pictures
from optimiser.report import inputs, page, plots, wording
from optimiser.report.inputs import ReportInput, StateShown, StateStep
from optimiser.report.page import Views
from optimiser.run import folder, solving, source
from optimiser.run.chain import Chain
from optimiser.studies import folders
from optimiser.tasks import Contents, Executor, Outcome, Task, address_of, cache
from optimiser.tasks.cache import Progress
from optimiser.tasks.running import keep, load_kept
from optimiser.verify import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDING = "-frontier"
"""Ending of the default run folder."""
PICTURE = "frontier.png"
PLANS = "frontier"
"""Folder of the plans inside the run folder."""
DONE = ("answered", "thinned", "nodes", "stalled")
"""Endings of answers that would come out the same again; what a limit in seconds cut short is asked again."""

type Label = dict[str, str | float]
"""Name, kind and kilometres of a candidate, as in `frontier_links.csv`."""
type Watch = Callable[[Tracer], object]
"""Called after each point, and once before the first."""


@dataclass(frozen=True, eq=False)
class TracedFrontier:
    """A frontier for a notebook.

    Attributes
    ----------
    problem
        The problem.
    curve
        Points, bounds, knee.
    labels
        Name, kind and length of each candidate, by its id.
    """

    problem: DesignProblem = field(repr=False)
    curve: Curve = field(repr=False)
    labels: Mapping[str, Label] = field(repr=False)

    def __repr__(self) -> str:
        """Return name, number of points and their costs in one line."""
        costs = [point.cost for point in self.curve.points]
        span = f", {min(costs):,} to {max(costs):,} {self.problem.money}" if costs else ""
        return f"<TracedFrontier {self.problem.name}: {len(costs)} points{span}>"

    @cached_property
    def points(self) -> pd.DataFrame:
        """Return one row a point, by rising cost: the columns of `frontier.csv`, without those of files."""
        numbered = enumerate(self.curve.points, start=1)
        return pd.DataFrame(_point_row(number, point, self.curve) for number, point in numbered)

    @cached_property
    def links(self) -> pd.DataFrame:
        """Return the candidates in the order in which they enter: the columns of `frontier_links.csv`."""
        rows = [
            {
                "order": order,
                "candidate_id": link["candidate_id"],
                **self.labels[link["candidate_id"]],
                "cost": self.problem.cost_of([link["candidate_id"]]),
                **link,
            }
            for order, link in enumerate(
                marginal_order(self.curve.points, steady=STEADY[self.curve.axes.kind]), start=1
            )
        ]
        return pd.DataFrame(rows)

    def plot(self) -> Figure:
        """Draw coverage against cost, by tier, with the band in which better plans may lie."""
        return pictures.draw(self.curve, dpi=100)

    def browse(self) -> Views:
        """Return the plan of each point, which opens at a click; its `slider` leads from one to the next."""
        money, points = self.curve.money, self.curve.points
        pages = {}
        for number, point in enumerate(points, start=1):
            built = [self.labels[name] | {"cost": self.problem.cost_of([name])} for name in point.plan.built]
            kinds = {"kind": [wording.kind(str(row["kind"])) for row in built]}
            table = pd.DataFrame(built, columns=["name", "kind", "cost"]).assign(**kinds)
            lines = (f"{len(built)} links, {self.curve.share(point.plan, 'all'):.1%} of the weight",)
            name = f"{number}: {point.cost:,} {money}".strip()
            pages[name] = page.heading(name, *lines) + page.table(table, most=len(table))
        return Views(tuple(pages), tuple(pages.values()))

    def _repr_html_(self) -> str:
        """Return the points as a table, and the plan of each at a click, for a notebook."""
        title = page.heading(f"{self.curve.name}: frontier")
        return title + page.table(self.points) + self.browse()._repr_html_()


@dataclass(frozen=True)
class Traced(folders.StudyRun):
    """A finished frontier.

    Attributes
    ----------
    folder
        The run folder.
    found
        The frontier.
    plans
        The plan of each point, as the independent check found it.
    summary
        Contents of `frontier.json`.
    exit_code
        0 when every point is within the gap asked for and as many were found as were wanted, else 10.
    """

    found: TracedFrontier
    plans: tuple[Plan, ...]
    summary: Mapping[str, Any]


def trace_job(
    loaded: LoadedJob, *, out: Path | None, progress: Progress, watch: Watch, executor: Executor | None = None
) -> Traced:
    """Trace the frontier of a job.

    Parameters
    ----------
    loaded
        The job.
    out
        Run folder; None: that of the job with `ENDING`.
    progress
        Notified of each step before the frontier.
    watch
        Called after each point.
    executor
        As for `traced_curve`.
    """
    chain = Chain(loaded, source.find_source(loaded), progress)
    with folders.opened(loaded, ENDING, out, progress) as (_loaded, target, stage):
        problem, job = chain.counted.value, loaded.job
        labels = labels_of(problem, chain.candidates.value.table)
        done = _trace(stage, target, problem, labels, job.frontier, job.solve, watch, executor)
        if loaded.job.output.report:
            name = page_name(target)
            page.write(_shown(chain, done), stage / name, picture=stage / PICTURE)
        return done


def page_name(target: Path) -> str:
    """Return the name of the page of a frontier; in the folder of a run, whose page stays, it is another."""
    return "frontier.html" if (target / "result.json").exists() else "report.html"


def _shown(chain: Chain, done: Traced) -> ReportInput:
    """Return what the page of the frontier of a job shows."""
    problem, times, table = chain.counted.value, chain.times.value, chain.candidates.value.table
    known = table["candidate_id"].astype(str)
    entering = done.found.links.set_index("candidate_id")
    links = table.assign(candidate_id=known)[known.isin(entering.index).to_numpy()]
    own = entering.loc[links["candidate_id"]]
    columns = {"rank": "order", "cost": "cost", "enters_at": "enters_at_cost", "points": "points"}
    links = links.assign(
        **{name: own[column].to_numpy() for name, column in columns.items()},
        is_core=own["core"].eq("yes").to_numpy(),
        pairs=0,
        people=0,
    )
    shown = inputs.assemble(
        problem,
        done.plans[-1],
        region=chain.source.title,
        cities=times.cities,
        candidates=table,
        roads=times.road.links[["link_class", "geometry"]],
        rail=chain.rail_network.links[["link_class", "geometry"]],
        ends=chain.draft.value.pairs[["origin", "destination"]].to_numpy(dtype="int64"),
        definition=chain.loaded.job.times.definition,
        attribution=chain.source.attribution,
        screening=chain.source.screening,
        points=tuple(_points(problem, done, list(entering.sort_values("order").index))),
        knee=done.found.curve.knee,
    )
    return replace(shown, links=links.sort_values("rank", ignore_index=True))


def _points(problem: DesignProblem, done: Traced, order: Sequence[str]) -> Iterator[StateShown]:
    """Yield the points of a frontier; what each builds stands in one order, that in which links enter.

    In which order its pairs come within the limit is not asked: all come with the last link.
    """
    for number, (point, plan) in enumerate(zip(done.found.curve.points, done.plans, strict=True), start=1):
        new = tuple(sorted(set(plan.covered) - set(plan.covered_before)))
        built = [name for name in order if name in plan.built]
        yield StateShown(
            name=f"point {number}",
            rings="",
            cost=point.cost,
            gap=point.gap,
            covered=plan.covered,
            order=tuple(
                StateStep(name, problem.cost_of([name]), new if name == built[-1] else ()) for name in built
            ),
            circuits=plan.rings,
        )


def trace_file(
    path: Path, job: Job, *, out: Path, progress: Progress, watch: Watch, executor: Executor | None = None
) -> Traced:
    """Trace the frontier of a problem file.

    Parameters
    ----------
    path
        The problem file.
    job
        What is weighed, how finely, for how long (`frontier`); seed and threads (`solve`).
    out
        Run folder.
    progress
        Notified of what the folder holds already.
    watch
        Called after each point.
    executor
        As for `traced_curve`.
    """
    problem = load(path)
    with folder.staged(out, progress.ends) as stage:
        return _trace(stage, out, problem, _labels(problem), job.frontier, job.solve, watch, executor)


def _labels(problem: DesignProblem) -> dict[str, Label]:
    """Return what a problem alone says about its candidates, by id."""
    return {c.id: {"name": c.id, "kind": c.kind, "length_km": ""} for c in problem.candidates}


def labels_of(problem: DesignProblem, candidates: gpd.GeoDataFrame) -> dict[str, Label]:
    """Return name, kind and length of the candidates of a problem, by id.

    Parameters
    ----------
    problem
        The problem.
    candidates
        The table of candidates that it was made from.
    """
    columns = ("candidate_id", "from_name", "to_name", "kind", "length_km")
    rows = zip(*(candidates[name].tolist() for name in columns), strict=True)
    return _labels(problem) | {
        str(key): {"name": f"{start} – {end}", "kind": str(kind), "length_km": round(float(km), 1)}
        for key, start, end, kind, km in rows
    }


def _trace(
    stage: Path,
    target: Path,
    problem: DesignProblem,
    labels: Mapping[str, Label],
    settings: Frontier,
    solve: Solve,
    watch: Watch,
    executor: Executor | None,
) -> Traced:
    """Trace a frontier and write its files."""
    earlier = target / "problem.json"
    if (target / "result.json").exists() and (not earlier.exists() or load(earlier) != problem):
        raise JobError(
            "the folder holds the run of another problem",
            where=str(target),
            done="Nothing was written or changed.",
            remedy="Choose another folder with --out.",
        )
    begun = time.monotonic()
    curve = traced_curve(problem, settings, solve, watch, executor=executor)
    found = TracedFrontier(problem, curve, labels)
    summary = _summary(found, seconds=time.monotonic() - begun)
    (stage / PLANS).mkdir()
    plans, stems = list[Plan](), [f"{PLANS}/point-{at + 1:04d}" for at in range(len(curve.points))]
    for stem, point in zip(stems, curve.points, strict=True):
        own = own_problem(problem, curve.axes, point.asked)
        claimed = point.result(own.name)
        plans.append(verify.check(own, claimed))
        folders.write(stage, {f"{stem}.problem.json": own, f"{stem}.result.json": claimed})
    points = found.points.assign(plan=[f"{stem}.result.json" for stem in stems])
    folders.write(stage, {"frontier.csv": points, "frontier_links.csv": found.links})
    folders.write(stage, {"problem.json": problem, "frontier.json": summary})
    plots.write(pictures.draw(curve), stage / PICTURE)
    proven = all(point.gap is not None and point.gap <= curve.asked_gap for point in curve.points)
    code = 0 if proven and curve.ended != "time" else solving.NOT_PROVEN
    code = SolverError.exit_code if curve.ended == FAILED else code
    return Traced(target, code, found, tuple(plans), summary)


def traced_curve(
    problem: DesignProblem,
    settings: Frontier,
    solve: Solve,
    watch: Watch,
    *,
    executor: Executor | None = None,
) -> Curve:
    """Trace a frontier; answers of earlier tracings of the same problem are reused.

    Parameters
    ----------
    problem
        The problem; its own budget is ignored.
    settings
        What is weighed, how finely, for how long.
    solve
        Seed and threads.
    watch
        Called after each point, and once before the first.
    executor
        Answers portions of evenly placed points, each with one thread unless `solve` says how many; None: one
        session answers all, on all cores.

    Raises
    ------
    InfeasibleError, SolverError
        When there is no point.
    """
    limits = Limits(
        points=settings.points,
        placing=settings.placing,
        gap=settings.gap,
        point_s=settings.time_limit_s,
        total_s=settings.total_s,
    )
    axes = axes_of(settings.axes, problem, settings.tiers)
    seed, threads = solve.seed, solve.threads or (cores() if executor is None else 1)
    inputs = {
        "problem": address_of(dumps(problem).encode()),
        "axes": [axes.kind, *axes.groups],
        "gap": limits.gap,
        "point_s": limits.point_s,
        "seed": seed,
        "threads": threads,
    }

    # Answers are kept on disk as outcomes of tasks are, by all they depend on: an interrupted run resumes.
    def key_of(asked: Question) -> str:
        return cache.key("frontier", {**inputs, "asked": asked.as_dict()})

    def recall(asked: Question) -> Answer | None:
        kept = load_kept(key_of(asked), "point")
        return None if kept is None else answer_from(kept.value)

    def remember(answered: Answer) -> None:
        if answered.reason in DONE:
            keep(Outcome(key=key_of(answered.asked), name="point", value=answered.as_dict()))

    with tracing(
        problem,
        axes=axes.kind,
        groups=axes.groups,
        limits=limits,
        memory=Memory(recall=recall, keep=remember),
        ahead=None if executor is None else partial(answer_ahead, executor=executor, watch=watch),
        seed=seed,
        threads=threads,
    ) as tracer:
        watch(tracer)
        for _point in tracer:
            watch(tracer)
        found = curve(tracer)
    refuse_empty(found)
    return found


def refuse_empty(found: Curve) -> None:
    """Refuse a frontier without a point.

    Raises
    ------
    InfeasibleError
        When it is proven that there is none.
    SolverError
        When time ran out before the first point.
    """
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
        "no point was found",
        where=where,
        done="No frontier was written.",
        remedy="Raise frontier.total_s and frontier.time_limit_s.",
    )


# ---- files


def _point_row(number: int, point: Point, found: Curve) -> dict[str, object]:
    """Return a point as a row of `frontier.csv`."""
    groups = [*found.groups, "all"]
    asked = {"budget": point.asked.budget}
    if found.axes.kind == "three_way":
        asked = {f"least_{g}": v for g, v in zip(found.axes.groups, point.asked.least, strict=True)}
    return {
        "point": number,
        "knee": "yes" if found.knee == number - 1 else "",
        **{f"asked_{name}": value for name, value in asked.items()},
        "cost": point.cost,
        "cost_share": round(point.cost / max(1, found.everything.cost), 6),
        **{f"weight_{g}": point.plan.by_group.get(g, 0) for g in groups},
        **{f"share_{g}": round(found.share(point.plan, g), 6) for g in groups},
        "objective": point.value,
        "bound": "" if point.bound is None else f"{point.bound:.6f}".rstrip("0").rstrip("."),
        "gap": "" if point.gap is None else f"{point.gap:.3g}",
        "status": point.status,
        "links": len(point.plan.built),
        "rings": "; ".join(sorted(point.plan.rings)),
        "start": "warm" if point.warm else "cold",
        "seconds": f"{point.seconds:.3f}",
        "seconds_whole": f"{point.whole_seconds:.3f}",
        "nodes": point.nodes,
        "cuts": point.cuts,
    }


def _summary(traced: TracedFrontier, *, seconds: float) -> dict[str, Any]:
    """Return the contents of `frontier.json`."""
    found, problem = traced.curve, traced.problem
    gaps = [point.gap for point in found.points]
    return {
        "format": "polyring-frontier/1",
        "problem": found.name,
        "money": found.money,
        "axes": found.axes.kind,
        "groups": list(found.axes.groups),
        "points": len(found.points),
        "ended": found.ended,
        "asked_gap": found.asked_gap,
        "largest_gap": None if None in gaps else max((gap for gap in gaps if gap is not None), default=None),
        "open_boxes": found.open_boxes,
        **({"faults": list(found.faults)} if found.faults else {}),
        "knee": None if found.knee is None else found.knee + 1,
        "today": dict(found.today.by_group),
        "everything": {"cost": found.everything.cost, **found.everything.by_group},
        "totals": dict(found.totals),
        "band": [list(step) for step in found.band.items()],
        "steady_core": [row["candidate_id"] for row in traced.links.to_dict("records") if row["core"]],
        "seconds": round(seconds, 3),
        **({"caps": dict(problem.caps)} if problem.caps else {}),
    }


PORTION = 3
"""Levels of a portion. Its session is begun anew: it reduces the problem and finds its cuts again."""

STAGES = 2
"""Questions of a level, each with the time limit of a point."""


def answer_ahead(
    tracer: Tracer,
    levels: Sequence[Level],
    seconds: float,
    *,
    executor: Executor,
    watch: Callable[[Tracer], object],
) -> Iterator[Answer]:
    """Yield the answers to levels of a frontier, of which each portion is a task.

    A portion that fails is named among the faults of the tracer, which then answers its levels itself.

    Parameters
    ----------
    tracer
        The tracer that asks.
    levels
        Its levels, neighbours beside each other.
    seconds
        Time limit of all of them together.
    executor
        Does the tasks, within its block.
    watch
        Called after each portion.
    """
    content, end = dumps(tracer.problem).encode(), time.monotonic() + seconds
    limits, whole, address = tracer.limits, tracer.state.region.whole, address_of(content)
    shared = {
        "problem": address,
        "axes": tracer.axes.kind,
        "groups": tracer.axes.groups,
        "low": whole.low,
        "high": whole.high,
        "gap": limits.gap,
        "point_s": limits.point_s,
        "seed": tracer.asker.seed,
        "threads": tracer.asker.threads,
    }
    tasks = [
        Task(
            name=f"frontier from {part[0]} to {part[-1]}",
            function="optimiser.studies.frontier:answer",
            payload=shared | {"levels": part},
            contents=(address,),
            # All seconds are those of the whole frontier.
            time_limit_s=max(1.0, min(STARTUP_S + STAGES * limits.point_s * len(part), seconds)),
        )
        for part in itertools.batched(levels, PORTION)
    ]
    with closing(executor.run(tasks, {address: content})) as arriving:
        for outcome in arriving:
            if outcome.quarantined:
                tracer.state.faults.append(f"{outcome.name} failed and was answered here: {outcome.fault}")
            yield from map(answer_from, outcome.value or ())
            watch(tracer)
            if time.monotonic() > end:
                return


def answer(payload: Mapping[str, Any], contents: Contents) -> list[dict[str, Any]]:
    """Answer a portion of a frontier in a session of its own: the function of a task.

    Parameters
    ----------
    payload
        `problem`, the address of a problem; `axes` and `groups`; `low` and `high`, the ends of the frontier;
        `levels`; `gap` and `point_s` of each point; `seed` and `threads`.
    contents
        The problem.

    Returns
    -------
    list of dict
        `Answer.as_dict` of both questions of each level; of fewer levels where the solver failed.
    """
    found: list[Answer] = []
    limits = Limits(placing="even", gap=payload["gap"], point_s=payload["point_s"])
    with (
        suppress(SolverError),
        tracing(
            parse(json.loads(contents(payload["problem"]))),
            axes=payload["axes"],
            groups=tuple(payload["groups"]),
            limits=limits,
            memory=Memory(keep=found.append),
            seed=payload["seed"],
            threads=payload["threads"],
        ) as tracer,
    ):
        tracer.answer(
            tuple(payload["low"]), tuple(payload["high"]), [tuple(level) for level in payload["levels"]]
        )
    return [one.as_dict() for one in found]

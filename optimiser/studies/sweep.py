"""Solve a job in many cases drawn from what is uncertain, and write what is chosen and covered in each."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from optimiser.engine.search.task import cores
from optimiser.engine.solve import versions
from optimiser.frontier import designs
from optimiser.frontier.cases import Case, resolve
from optimiser.job import model
from optimiser.measures.uncertainty import least_for_core
from optimiser.problem.errors import JobError, SolverError
from optimiser.problem.jsonfile import packaged
from optimiser.problem.model import candidates_on
from optimiser.report import inputs, page, sweep_page
from optimiser.report import sweep as results
from optimiser.run import folder, solving, source
from optimiser.run.chain import Chain
from optimiser.studies import answers, folders, whatif
from optimiser.studies.closures import ClosedLinks, LinkFinder
from optimiser.studies.sweep_factors import case_of, columns, described, links_to_close
from optimiser.tasks import Executor, Outcome, Task, TaskProgress, address_of, executor_of
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDING = "-sweep"
"""Ending of the default folder of a sweep."""
FORMAT = "polyring-sweep/1"
MOST_PLANS = 20
"""Distinct plans that are scored in all cases."""
COMMITTED = "core committed"
"""Name of the tasks that solve a case with the robust core built."""
MOST_LINKS = 20
"""Links that a notebook shows before it is asked for more."""

type Watch = Callable[[str, TaskProgress], object]
"""Called with what is being done and how far it is, before the first task and after each."""

TABLES: dict[str, dict[str, str]] = packaged("optimiser.studies", "data/sweep.toml")
"""Columns of each table, with their types."""


@dataclass(frozen=True)
class SweepCases:
    """The cases of a job, and what they are resolved from.

    Attributes
    ----------
    chain
        The steps of the job.
    plan
        How the factors are drawn; None: as the job says.
    """

    chain: Chain
    plan: model.Sweep | None = None

    @cached_property
    def columns(self) -> tuple[designs.Factor, ...]:
        """The factors, one a column of the table of cases."""
        return columns(self.chain.loaded.job, self.chain.candidates.value, self.chain.times.value)

    @cached_property
    def table(self) -> designs.Table:
        """The value of each factor in each case."""
        plan = self.plan or self.chain.loaded.job.sweep
        return designs.table(self.columns, plan)

    @cached_property
    def closures(self) -> dict[str, ClosedLinks]:
        """What each link that may fail closes."""
        names = links_to_close(self.columns)
        return LinkFinder.of(self.chain).closures(names) if names else {}

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases; the first one is the job itself."""
        budget = self.chain.draft.value.problem.budget
        return tuple(
            case_of(number, values, self.columns, budget=budget, closures=self.closures)
            for number, values in enumerate(self.table.rows)
        )

    @cached_property
    def base(self) -> answers.AskedBase:
        """What the cases are resolved from."""
        return answers.AskedBase(self.chain, {name: closure.arcs for name, closure in self.closures.items()})


def prepare(loaded: model.LoadedJob, progress: Progress) -> SweepCases:
    """Return the cases of a job.

    Parameters
    ----------
    loaded
        The job.
    progress
        Notified of each step.

    Raises
    ------
    JobError
        When the job has no cases: it starts from a table of times, or raises levels.
    """
    chain = Chain(loaded, source.find_source(loaded), progress)
    fault = ""
    if chain.has_matrix:
        fault = "a table of travel times does not say what a trip is made of, so that nothing can be varied"
    elif loaded.job.objective.kind == "max_min":
        fault = "the levels of max_min would have to be raised anew in each case"
    elif not len(chain.candidates.value):
        fault = "there is nothing to choose: no candidate is proposed"
    if fault:
        raise JobError(
            f"the job cannot be swept: {fault}",
            where=loaded.name,
            done="Nothing was solved.",
            remedy="Start from a map, with candidates, and with objective.kind = 'coverage'.",
        )
    return SweepCases(chain)


@whatif.door
def sweep(
    job: str | Path | model.LoadedJob,
    *,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    watch: Watch = lambda _title, _state: None,
) -> Sweep:
    """Solve a job in many cases drawn from what is uncertain, and open what came of it.

    Solved cases are kept in the cache, so that an interrupted sweep goes on where it ended.

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
        Notified of each step before the cases.
    executor
        Does the tasks, within its block, in place of what `workers` and `scheduler` say.
    watch
        Called as the cases are solved.

    Raises
    ------
    OptimiserError, NetworksError
        When the job cannot be swept, or has no plan itself: there is nothing to compare with.
    """
    chosen = executor_of(workers=workers, scheduler=scheduler) if executor is None else nullcontext(executor)
    progress = progress or Progress()
    with folders.opened(job, ENDING, out, progress, settings) as (loaded, target, stage):
        found = prepare(loaded, progress)
        try:
            with chosen as own:
                solved = _solved(found, own, watch)
        finally:
            answers.close()
        _write(stage, found, solved)
    return load_sweep(target)


# ---- tasks


@dataclass(frozen=True, slots=True)
class _Solved:
    """Outcomes of the tasks of a sweep.

    Attributes
    ----------
    cases
        Of each case.
    core
        Ids of the robust core.
    plans
        Plans that were scored.
    scores
        For each case, weight and fit of each plan; None where they could not be scored.
    committed
        Of each case with the core built; empty where that was not asked.
    """

    cases: Sequence[Outcome]
    core: tuple[str, ...]
    plans: Sequence[Mapping[str, Any]]
    scores: Sequence[Outcome]
    committed: Sequence[Outcome]


def _solved(found: SweepCases, executor: Executor, watch: Watch) -> _Solved:
    """Ask the rounds of tasks: the job itself, its cases, plans in all cases, cases with the core built."""
    base, job = found.base.content, found.chain.loaded.job
    place, asked = address_of(base), job.sweep

    def run(title: str, tasks: Sequence[Task], *further: bytes) -> list[Outcome]:
        return answers.answers(tasks, [base, *further], executor, partial(watch, title))

    def task(number: int, case: Case, plan: Mapping[str, Any] | None, name: str = "case") -> Task:
        longest_s = asked.time_limit_s if plan else max(asked.time_limit_s, job.solve.time_limit_s)
        changes = {key: getattr(asked, key) for key in ("gap", "threads", "memory_mb")}
        settings = job.solve.of_study(**changes, time_limit_s=longest_s)
        return answers.case_task(place, case, settings, name=f"{name} {number}", plan=plan)

    first = run("The job itself", [task(0, found.cases[0], None)])[0]
    if first.value is None or first.value["objective"] is None:
        why = first.fault or f"it ended as {first.value['status']}"
        raise SolverError(
            f"the job itself has no plan that its cases could be compared with: {why}",
            where=found.chain.loaded.name,
            done="No sweep was written.",
            remedy="Run the job with polyring run, which says why, or raise solve.effort.",
        )
    plan = {"built": list(_ids(first.value)), **{key: first.value[key] for key in ("starts", "rings")}}
    numbered = list(enumerate(found.cases))
    outcomes = [first, *run("Cases", [task(n, case, plan) for n, case in numbered[1:]])]
    # The links that are chosen in enough of the settled cases, the job itself left out.
    rows = [one.value for one in outcomes[1:] if one.value is not None and one.value["objective"] is not None]
    settled = [row for row in rows if row["gap"] is not None and row["gap"] <= inputs.SETTLED_GAP]
    chosen = Counter(name for row in settled for name, _ in row["built"])
    # Below half of the cases there is no verdict.
    empty = sum(one.value is not None and one.value["status"] == "infeasible" for one in outcomes[1:])
    is_enough = 2 * (len(settled) + empty) >= len(outcomes) - 1
    least = least_for_core(len(settled), asked.core_share) if is_enough else math.inf
    core = tuple(sorted(name for name, count in chosen.items() if count >= least))
    plans = _plans(outcomes, core)
    content = json.dumps([{key: one[key] for key in ("built", "starts")} for one in plans]).encode()
    places = place, address_of(content)
    shared = {"base": places[0], "plan": plan, "plans": places[1]}
    scoring = [
        Task(
            name=f"plans {number}",
            function="optimiser.studies.answers:score_plans",
            payload={**shared, "case": case.as_dict()},
            contents=places,
            time_limit_s=answers.STATING_S,
        )
        for number, case in numbered
    ]
    scores = run("Plans in all cases", scoring, content)
    committed: list[Outcome] = []
    if asked.commit_core:
        built = (
            (n, replace(case, fixed_in=tuple(name for name in core if name not in case.fixed_out)))
            for n, case in numbered
        )
        tasks = [task(n, case, plan, COMMITTED) for n, case in built]
        committed = run("Cases with the robust core built", tasks)
    return _Solved(outcomes, core, plans, scores, committed)


def _plans(outcomes: Sequence[Outcome], core: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the plan of the job, the core, and the plans that were chosen most often, each once."""
    rows = [one.value for one in outcomes if one.value is not None and one.value["objective"] is not None]
    starts = {_ids(row): row["starts"] for row in reversed(rows)}  # those of the first case that chooses it
    counts, first = Counter(_ids(row) for row in rows), _ids(rows[0])
    names, when = {first: results.PLAN_OF_JOB}, dict(starts)
    if core and core != first:
        # With periods the core is started when the plan of the job starts it; what that lacks, at once.
        when[core] = {name: starts[first].get(name, 0) for name in core} if starts[first] else {}
        names[core] = results.CORE
    for built, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if len(names) < MOST_PLANS:
            names.setdefault(built, f"chosen in {count} case{'' if count == 1 else 's'}")
    return [{"name": name, "built": built, "starts": when[built]} for built, name in names.items()]


def _ids(row: answers.Row) -> tuple[str, ...]:
    return tuple(name for name, _ in row["built"])


# ---- tables


def _write(stage: Path, found: SweepCases, solved: _Solved) -> None:
    """Write the tables and `sweep.json`, what the map shows, and page and pictures."""
    ids = [column.id for column in found.columns]
    rows = [
        dict(zip(ids, values, strict=True)) | row
        for values, row in zip(found.table.rows, _rows(solved.cases), strict=True)
    ]
    links = [
        {"case": number, "candidate_id": name, "cost": cost}
        for number, one in enumerate(solved.cases)
        for name, cost in (one.value["built"] if one.value is not None else ())
    ]
    tables = {
        "cases.parquet": rows,
        "case_links.parquet": links,
        "times.parquet": [{"case": number, **asdict(one)} for number, one in enumerate(solved.cases)],
        "regret.parquet": list(_regrets(solved)),
        "plans.parquet": [
            {"plan": number, "name": plan["name"], "candidate_id": name}
            for number, plan in enumerate(solved.plans)
            for name in plan["built"]
        ],
    }
    if solved.committed:
        committed = _rows(solved.committed)
        tables[folder.COMMIT] = [row | {"weight": row.get("weight_best")} for row in committed]
    values = zip(*found.table.rows, strict=True)
    factors = {
        name: pa.string() if any(isinstance(one, str) for one in own) else pa.float64()
        for name, own in zip(ids, values, strict=True)
    }
    chain = found.chain
    folders.write(stage, {name: _table(name, content, factors) for name, content in tables.items()})
    problem, summary = resolve(found.base.base, found.cases[0]), _summary(found, solved, rows)
    folders.write(stage, {"problem.json": problem, "sweep.json": summary})
    results.write_layers(
        stage,
        cities=chain.times.value.cities,
        candidates=chain.candidates.value.table,
        roads=chain.times.value.road.links,
        rail=chain.rail_network.links,
        chosen=[row["candidate_id"] for row in links],
    )
    written = load_sweep(stage)
    if len(written.futures):
        sweep_page.write(written, stage)


def _rows(outcomes: Sequence[Outcome]) -> list[answers.Row]:
    """Return what came of each case, with its number."""
    return [
        {**(one.value or {}), "case": number, "fault": one.fault or None}
        for number, one in enumerate(outcomes)
    ]


def _table(name: str, rows: Sequence[Mapping[str, Any]], factors: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as a table with its columns: the same rows are the same bytes in a file."""
    (first, *others) = ((column, pa.type_for_alias(kind)) for column, kind in TABLES[name].items())
    schema = pa.schema([first, *(factors.items() if name == "cases.parquet" else ()), *others])
    return pa.table({one: [row.get(one) for row in rows] for one in schema.names}, schema=schema)


def _regrets(solved: _Solved) -> Iterator[dict[str, Any]]:
    for plan in range(len(solved.plans)):
        for case, (scored, best) in enumerate(zip(solved.scores, solved.cases, strict=True)):
            if scored.value is not None and best.value is not None:
                own, most = scored.value[plan], best.value["weight_best"]
                regret = most - own["weight"] if (own["fits"] and most is not None) else None
                yield {"plan": plan, "case": case, **own, "regret": regret}


def _summary(found: SweepCases, solved: _Solved, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the contents of `sweep.json`, the same whatever ran the tasks, and in whatever order."""
    loaded = found.chain.loaded
    asked, done = loaded.job.sweep, [row for row in rows if row["fault"] is None]
    problem, rings = resolve(found.base.base, found.cases[0]), solved.cases[0].value["rings"]
    return {
        "format": FORMAT,
        "name": loaded.name,
        "region": found.chain.source.title,
        "attribution": found.chain.source.attribution,
        "limit_s": loaded.job.times.limit_s,
        "money": found.chain.draft.value.problem.money,
        **asked.model_dump(
            include={"design", "seed", "levels", "gap", "time_limit_s", "threads", "core_share"}
        ),
        "factors": [described(column) for column in found.columns],
        "correlations": [one.model_dump(mode="json") for one in asked.correlations],
        "blocks": [asdict(block) for block in found.table.blocks],
        "weight_scale": found.chain.weight_scale,
        "cases": len(rows),
        "proven": sum(row["gap"] is not None and row["gap"] <= asked.gap for row in done),
        "infeasible": sum(row["status"] == "infeasible" for row in done),
        "ended_by_time": sum(row["termination"] in ("time", "killed") for row in done),
        "faulty": len(rows) - len(done),
        "quarantined": [
            {"task": one.name, "fault": one.fault}
            for one in (*solved.cases, *solved.scores, *solved.committed)
            if one.quarantined
        ],
        "core": list(solved.core),
        "on_rings": sorted(candidates_on(problem, rings)),
        "plans": len(solved.plans),
        "committed": bool(solved.committed),
        "versions": versions(),
    }


def expected(found: SweepCases, target: Path, workers: int | None) -> dict[str, Any]:
    """Return how large a sweep is, and how long it may take.

    Parameters
    ----------
    found
        The cases.
    target
        Folder of the sweep; an earlier one in it says how long a case took.
    workers
        Tasks at a time; None: one a core.
    """
    count = len(found.table.rows)
    workers = cores() if workers is None else max(1, workers)
    share = math.ceil(count / workers)
    answer: dict[str, Any] = {
        "cases": count,
        "factors": [described(column) for column in found.columns],
        "workers": workers,
    }
    known = target / "times.parquet"
    if known.exists():
        seconds = sorted(pq.read_table(known)["seconds"].to_pylist())
        answer["expected_s"] = round(share * seconds[len(seconds) // 2], 1)
    return answer


# ---- a finished sweep in Python


class Sweep(results.SweepResults):
    """A finished sweep; `optimiser.report.sweep.SweepResults` says what its tables hold."""

    @property
    def exit_code(self) -> int:
        """Return 0, or 10 where a case was given up or is not proven within its gap."""
        settled = self.facts["proven"] + self.facts["infeasible"]
        return solving.NOT_PROVEN if self.facts["quarantined"] or settled < self.facts["cases"] else 0

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
        ends, chosen = ("from_name", "to_name"), ("share", "low", "high", "is_core", "in_plan", "factor")
        title = page.heading(f"{self.facts['region']}: sweep", sweep_page.lead(self))
        return title + page.table(self.links[["number", "kind", *ends, "cost", *chosen]], most=MOST_LINKS)


def load_sweep(path: str | Path) -> Sweep:
    """Open the folder of a finished sweep.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    ProblemError
        When it is not that of a finished sweep.
    """
    return results.load(path, Sweep)

"""Solve a job in many cases drawn from what is uncertain, and write what is chosen and covered in each."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from optimiser.engine.search.task import cores
from optimiser.engine.solve import versions
from optimiser.frontier import designs
from optimiser.frontier.cases import Case, resolve
from optimiser.frontier.designs import Table
from optimiser.job.model import LoadedJob
from optimiser.job.sections import Solve
from optimiser.measures.uncertainty import least_for_core
from optimiser.problem import save
from optimiser.problem.errors import JobError, SolverError
from optimiser.report import sweep as results
from optimiser.report import sweep_page
from optimiser.report.cases import SETTLED_GAP
from optimiser.report.sweep import CORE, PLAN_OF_JOB
from optimiser.run import folder, pipeline, store
from optimiser.run.chain import Chain
from optimiser.run.solving import NOT_PROVEN
from optimiser.run.source import find_source
from optimiser.studies import answers
from optimiser.studies.answers import STATING_S, Row, base_of, case_task, pack
from optimiser.studies.closed_links import ClosedLinks, LinkFinder
from optimiser.studies.sweep_factors import Column, case_of, columns, links_to_close
from optimiser.tasks import Executor, Outcome, Task, TaskProgress, address_of, executor_of
from optimiser.tasks.cache import Progress

ENDING = "-sweep"
"""Ending of the default folder of a sweep."""
FORMAT = "polyring-sweep/1"
MOST_PLANS = 20
"""Distinct plans that are scored in all cases."""
COMMITTED = "core committed"
"""Name of the tasks that solve a case with the robust core built."""

type Watch = Callable[[str, TaskProgress], object]
"""Called with what is being done and how far it is, before the first task and after each."""

_SOLVED = {
    "status": pa.string(),
    "termination": pa.string(),
    "objective": pa.int64(),
    "bound": pa.float64(),
    "gap": pa.float64(),
    "cost": pa.int64(),
    "budget": pa.int64(),
    "pairs": pa.int64(),
    "pairs_today": pa.int64(),
    "pairs_best": pa.int64(),
    "pairs_plan": pa.int64(),
    "weight": pa.int64(),
    "weight_today": pa.int64(),
    "weight_best": pa.int64(),
    "weight_plan": pa.int64(),
    "cost_plan": pa.int64(),
    "plan_fits": pa.bool_(),
    "fault": pa.string(),
}
"""Columns of `cases.parquet` after `case` and the factors."""
_TABLES: Mapping[str, Mapping[str, pa.DataType]] = {
    "case_links.parquet": {"case": pa.int64(), "candidate_id": pa.string(), "cost": pa.int64()},
    "times.parquet": {
        "case": pa.int64(),
        "seconds": pa.float64(),
        "attempts": pa.int64(),
        "worker": pa.string(),
    },
    "regret.parquet": {
        "plan": pa.int64(),
        "case": pa.int64(),
        "weight": pa.int64(),
        "regret": pa.int64(),
        "fits": pa.bool_(),
    },
    "plans.parquet": {"plan": pa.int64(), "name": pa.string(), "candidate_id": pa.string()},
    folder.COMMIT: {
        "case": pa.int64(),
        "status": pa.string(),
        "gap": pa.float64(),
        "objective": pa.int64(),
        "bound": pa.float64(),
        "weight": pa.int64(),
        "cost": pa.int64(),
        "fault": pa.string(),
    },
}
"""Columns of the other tables."""


@dataclass(frozen=True, slots=True)
class SweepRun:
    """A finished sweep.

    Attributes
    ----------
    folder
        Where its files are.
    summary
        Contents of `sweep.json`.
    exit_code
        0, or 10 where a case was given up or is not proven within its gap.
    """

    folder: Path
    summary: Mapping[str, Any]
    exit_code: int


@dataclass(frozen=True)
class Sweep:
    """The cases of a job, and what they are resolved from.

    Attributes
    ----------
    chain
        The steps of the job.
    """

    chain: Chain

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The factors, one a column of the table of cases."""
        return columns(self.chain.loaded.job, self.chain.candidates.value, self.chain.times.value)

    @cached_property
    def table(self) -> Table:
        """The value of each factor in each case."""
        asked = self.chain.loaded.job.sweep
        plan = designs.Plan(asked.design, asked.cases, asked.seed, asked.levels)
        given = tuple(
            designs.Correlation(one.factors[0], one.factors[1], one.value) for one in asked.correlations
        )
        return designs.table([column.factor for column in self.columns], plan, given)

    @cached_property
    def closures(self) -> dict[str, ClosedLinks]:
        """What each link that may fail closes."""
        chain, names = self.chain, links_to_close(self.columns)
        if not names:
            return {}
        times, definition = chain.times.value, chain.loaded.job.times.definition
        rail = chain.rail if chain.loaded.job.times.rail else None
        finder = LinkFinder(
            times.graphs[definition], times.road.links, rail, chain.candidates.value, times.cities
        )
        return finder.closures(names)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases; the first one is the job itself."""
        budget = self.chain.draft.value.problem.budget
        return tuple(
            case_of(number, values, self.columns, budget=budget, closures=self.closures)
            for number, values in enumerate(self.table.rows)
        )

    def content(self) -> bytes:
        """Return all that the cases are resolved from as bytes."""
        chain = self.chain
        arcs = {name: closure.arcs for name, closure in self.closures.items()}
        return pack(chain.times.value, chain.candidates.value, chain.draft.value, chain.loaded.job, arcs)


def prepare(loaded: LoadedJob, progress: Progress) -> Sweep:
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
    chain = Chain(loaded, find_source(loaded), progress)
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
    return Sweep(chain)


def default_folder(loaded: LoadedJob) -> Path:
    """Return the folder of the sweep of a job where none is given."""
    own = loaded.run_folder()
    return own.with_name(f"{own.name}{ENDING}")


def sweep(
    loaded: LoadedJob, *, out: Path | None, executor: Executor | None, progress: Progress, watch: Watch
) -> SweepRun:
    """Solve the cases of a job and write their tables.

    Solved cases are kept in the cache, so that an interrupted sweep goes on where it ended.

    Parameters
    ----------
    loaded
        The job.
    out
        Folder to write; None: `default_folder`.
    executor
        Does the tasks, within its block; None: child processes, one a core.
    progress
        Notified of each step before the cases.
    watch
        Called as the cases are solved.

    Raises
    ------
    SolverError
        When the job itself has no plan: there is nothing to compare with.
    """
    target = out or default_folder(loaded)
    found = prepare(loaded, progress)
    with folder.staged(target) as stage:
        base = found.content()
        try:
            with nullcontext(executor) if executor is not None else executor_of() as own:
                solved = _Solving(found, base, own, watch).solved()
        finally:
            answers.close()
        pipeline.write_job(stage, loaded)
        problem = resolve(_base(found), found.cases[0])
        save(problem, stage / "problem.json")
        summary = _write(stage, found, solved)
        _show(stage, found.chain)
        return SweepRun(target, summary, NOT_PROVEN if _is_open(summary) else 0)


def _base(found: Sweep) -> Any:  # noqa: ANN401 - a Base
    chain = found.chain
    return base_of(chain.times.value, chain.candidates.value, chain.draft.value, chain.loaded.job)


# ---- tasks


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan that is scored in all cases."""

    name: str
    built: tuple[str, ...]
    starts: Mapping[str, int] = field(default_factory=dict)


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
    plans: Sequence[_Plan]
    scores: Sequence[Outcome]
    committed: Sequence[Outcome]


@dataclass(frozen=True)
class _Solving:
    """The rounds of tasks of a sweep: the job, its cases, plans in all cases, cases with the core built."""

    found: Sweep
    base: bytes
    executor: Executor
    watch: Watch

    def solved(self) -> _Solved:
        """Return the outcomes of all rounds."""
        first = self._run("The job itself", [self._task(0, self.found.cases[0], None)])[0]
        if first.value is None or first.value["objective"] is None:
            why = first.fault or f"it ended as {first.value['status']}"
            raise SolverError(
                f"the job itself has no plan that its cases could be compared with: {why}",
                where=self.found.chain.loaded.name,
                done="No sweep was written.",
                remedy="Run the job with polyring run, which says why, or raise solve.time_limit_s.",
            )
        plan = _plan_of(first.value)
        numbered = list(enumerate(self.found.cases))[1:]
        others = self._run("Cases", [self._task(n, case, plan) for n, case in numbered])
        outcomes = [first, *others]
        core, plans = self._core(outcomes), self._plans(outcomes)
        content = json.dumps([{"built": one.built, "starts": one.starts} for one in plans]).encode()
        scoring = [self._scoring(n, case, plan, content) for n, case in enumerate(self.found.cases)]
        scores = self._run("Plans in all cases", scoring, content)
        committed: list[Outcome] = []
        if self.found.chain.loaded.job.sweep.commit_core:
            tasks = [
                self._task(n, _with_core(case, core), plan, name=COMMITTED)
                for n, case in enumerate(self.found.cases)
            ]
            committed = self._run("Cases with the robust core built", tasks)
        return _Solved(outcomes, core, plans, scores, committed)

    def _run(self, title: str, tasks: Sequence[Task], *further: bytes) -> list[Outcome]:
        watch = partial(self.watch, title)
        return answers.answers(tasks, [self.base, *further], self.executor, watch)

    def _task(self, number: int, case: Case, plan: Mapping[str, Any] | None, *, name: str = "case") -> Task:
        settings = self._settings(is_job=plan is None)
        return case_task(address_of(self.base), case, settings, name=f"{name} {number}", plan=plan)

    def _settings(self, *, is_job: bool) -> Solve:
        job = self.found.chain.loaded.job
        asked, limit_s = job.sweep, job.sweep.time_limit_s
        return job.solve.model_copy(
            update={
                "gap": asked.gap,
                "time_limit_s": max(limit_s, job.solve.time_limit_s) if is_job else limit_s,
                "threads": asked.threads,
                "memory_mb": asked.memory_mb,
            }
        )

    def _scoring(self, number: int, case: Case, plan: Mapping[str, Any], plans: bytes) -> Task:
        base = address_of(self.base)
        payload = {"base": base, "case": case.as_dict(), "plan": plan, "plans": address_of(plans)}
        return Task(
            name=f"plans {number}",
            function="optimiser.studies.answers:score_plans",
            payload=payload,
            contents=(base, address_of(plans)),
            time_limit_s=STATING_S,
        )

    def _core(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Return the links that are chosen in enough of the settled cases, the job itself left out."""
        rows = [one.value for one in outcomes[1:] if one.value is not None]
        solved = [row for row in rows if row["objective"] is not None]
        settled = [row for row in solved if row["gap"] is not None and row["gap"] <= SETTLED_GAP]
        chosen = Counter(name for row in settled for name, _ in row["built"])
        least = least_for_core(len(settled), self.found.chain.loaded.job.sweep.core_share)
        return tuple(sorted(name for name, count in chosen.items() if count >= least))

    def _plans(self, outcomes: Sequence[Outcome]) -> list[_Plan]:
        """Return the plan of the job, the core, and the plans that were chosen most often, each once."""
        rows = [one.value for one in outcomes if one.value is not None and one.value["objective"] is not None]
        starts, counts = dict[tuple[str, ...], dict[str, int]](), Counter[tuple[str, ...]]()
        for row in rows:
            built = _ids(row)
            counts[built] += 1
            starts.setdefault(built, row["starts"])
        first, core = _ids(rows[0]), self._core(outcomes)
        found = {first: _Plan(PLAN_OF_JOB, first, starts[first])}
        if core:
            # With periods the core is started when the plan of the job starts it; what that lacks, at once.
            when = {name: starts[first].get(name, 0) for name in core} if starts[first] else {}
            found.setdefault(core, _Plan(CORE, core, when))
        for built, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            if len(found) < MOST_PLANS:
                name = f"chosen in {count} case{'' if count == 1 else 's'}"
                found.setdefault(built, _Plan(name, built, starts[built]))
        return list(found.values())


def _ids(row: Row) -> tuple[str, ...]:
    return tuple(name for name, _ in row["built"])


def _plan_of(row: Row) -> dict[str, Any]:
    return {"built": list(_ids(row)), "starts": row["starts"], "rings": row["rings"]}


def _with_core(case: Case, core: Sequence[str]) -> Case:
    """Return a case in which the core is built, as far as it can be."""
    return replace(case, fixed_in=tuple(name for name in core if name not in case.fixed_out))


# ---- tables


def _write(stage: Path, found: Sweep, solved: _Solved) -> dict[str, Any]:
    """Write the tables and `sweep.json`; return its contents."""
    ids = [column.factor.id for column in found.columns]
    texts = {
        name for name, own in zip(ids, zip(*found.table.rows, strict=True), strict=True) if _is_text(own)
    }
    factors = {name: pa.string() if name in texts else pa.float64() for name in ids}
    rows = [
        {
            "case": number,
            **dict(zip(ids, values, strict=True)),
            **(outcome.value or {}),
            "fault": outcome.fault or None,
        }
        for number, (values, outcome) in enumerate(zip(found.table.rows, solved.cases, strict=True))
    ]
    _save_table(stage / "cases.parquet", {"case": pa.int64(), **factors, **_SOLVED}, rows)
    tables = {
        "case_links.parquet": _links(solved.cases),
        "times.parquet": [
            {"case": number, **{key: getattr(one, key) for key in ("seconds", "attempts", "worker")}}
            for number, one in enumerate(solved.cases)
        ],
        "regret.parquet": _regrets(solved),
        "plans.parquet": [
            {"plan": number, "name": plan.name, "candidate_id": name}
            for number, plan in enumerate(solved.plans)
            for name in plan.built
        ],
    }
    if solved.committed:
        tables[folder.COMMIT] = [_commitment(number, one) for number, one in enumerate(solved.committed)]
    for name, content in tables.items():
        _save_table(stage / name, _TABLES[name], content)
    summary = _summary(found, solved, rows)
    store.save_json(stage / folder.SWEEP, summary)
    return summary


def _show(stage: Path, chain: Chain) -> None:
    """Write what the map shows, and page and pictures where some future was solved."""
    chosen = pq.read_table(stage / "case_links.parquet")["candidate_id"].to_pylist()
    results.write_layers(
        stage,
        cities=chain.times.value.cities,
        candidates=chain.candidates.value.table,
        roads=chain.times.value.road.links,
        rail=chain.rail_network.links,
        chosen=chosen,
    )
    found = results.load(stage)
    if len(found.futures):
        sweep_page.write(found, stage)


def _is_text(values: Sequence[designs.Value]) -> bool:
    return any(isinstance(value, str) for value in values)


def _save_table(path: Path, schema: Mapping[str, pa.DataType], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as Parquet: the same rows are the same bytes."""
    columns_ = {name: [row.get(name) for row in rows] for name in schema}
    table = pa.table(columns_, schema=pa.schema(list(schema.items())))
    pq.write_table(table, path, compression="zstd", version="2.6", row_group_size=1 << 20)


def _links(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {"case": number, "candidate_id": name, "cost": cost}
        for number, one in enumerate(outcomes)
        for name, cost in (one.value["built"] if one.value is not None else ())
    ]


def _regrets(solved: _Solved) -> list[dict[str, Any]]:
    found = []
    for plan in range(len(solved.plans)):
        for case, (scored, best) in enumerate(zip(solved.scores, solved.cases, strict=True)):
            if scored.value is None or best.value is None:
                continue
            own, most = scored.value[plan], best.value["weight_best"]
            is_known = own["fits"] and most is not None
            regret = most - own["weight"] if is_known else None
            found.append({"plan": plan, "case": case, **own, "regret": regret})
    return found


def _commitment(number: int, outcome: Outcome) -> dict[str, Any]:
    row = outcome.value or {}
    same = {key: row.get(key) for key in ("status", "gap", "objective", "bound", "cost")}
    return {"case": number, **same, "weight": row.get("weight_best"), "fault": outcome.fault or None}


def _summary(found: Sweep, solved: _Solved, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the contents of `sweep.json`, the same whatever ran the tasks, and in whatever order."""
    loaded = found.chain.loaded
    asked = loaded.job.sweep
    return {
        "format": FORMAT,
        "name": loaded.name,
        "region": found.chain.source.title,
        "attribution": found.chain.source.attribution,
        "limit_s": loaded.job.times.limit_s,
        "money": found.chain.draft.value.problem.money,
        "design": asked.design,
        "seed": asked.seed,
        "levels": asked.levels,
        "factors": [column.as_dict() for column in found.columns],
        "correlations": [one.model_dump(mode="json") for one in asked.correlations],
        "blocks": [asdict(block) for block in found.table.blocks],
        "weight_scale": found.chain.weight_scale,
        "gap": asked.gap,
        "time_limit_s": asked.time_limit_s,
        "threads": asked.threads,
        **_counts(rows, asked.gap),
        "quarantined": [
            {"task": one.name, "fault": one.fault}
            for one in (*solved.cases, *solved.scores, *solved.committed)
            if one.quarantined
        ],
        "core": list(solved.core),
        "core_share": asked.core_share,
        "plans": len(solved.plans),
        "committed": bool(solved.committed),
        "versions": versions(),
    }


def _counts(rows: Sequence[Mapping[str, Any]], gap: float) -> dict[str, int]:
    """Return how many cases there are, and how they ended."""

    def count(holds: Callable[[Mapping[str, Any]], bool]) -> int:
        return sum(holds(row) for row in rows if row["fault"] is None)

    return {
        "cases": len(rows),
        "proven": count(lambda row: row["gap"] is not None and row["gap"] <= gap),
        "infeasible": count(lambda row: row["status"] == "infeasible"),
        "ended_by_time": count(lambda row: row["termination"] in ("time", "killed")),
        "faulty": sum(row["fault"] is not None for row in rows),
    }


def _is_open(summary: Mapping[str, Any]) -> bool:
    """Return whether a case is neither proven nor infeasible, or a task was given up."""
    settled = summary["proven"] + summary["infeasible"]
    return bool(summary["quarantined"]) or settled < summary["cases"]


def expected(found: Sweep, target: Path, workers: int | None) -> dict[str, Any]:
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
    count, asked = len(found.table.rows), found.chain.loaded.job.sweep
    workers = cores() if workers is None else max(1, workers)
    share = math.ceil(count / workers)
    answer: dict[str, Any] = {
        "cases": count,
        "factors": [column.as_dict() for column in found.columns],
        "workers": workers,
        "most_s": share * asked.time_limit_s,
    }
    known = target / "times.parquet"
    if known.exists():
        seconds = sorted(pq.read_table(known)["seconds"].to_pylist())
        answer["expected_s"] = round(share * seconds[len(seconds) // 2], 1)
    return answer

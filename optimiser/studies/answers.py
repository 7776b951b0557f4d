"""Answer cases of a job: each is resolved from a base that travels as one content, solved, and checked."""

import atexit
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from optimiser import verify
from optimiser.engine.child import ChildProcess, hard_limit_s
from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.engine.search.task import NamedPlan
from optimiser.engine.solve import FAILED, SolveFailure
from optimiser.frontier import cases
from optimiser.job.model import Job
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem, errors, model
from optimiser.problem.result import UNSETTLED, Result, parse
from optimiser.proposals import line_capacity
from optimiser.proposals.table import Candidates
from optimiser.run import demands, independence, proposing, retiming, solving, store, timing
from optimiser.run.chain import Chain
from optimiser.tasks import Contents, Executor, Outcome, Task, TaskProgress, address_of, run_tasks, running
from optimiser.verify.rules import coverable

type Row = dict[str, Any]

WEIGHT_EXPONENTS = {"sqrt_population": 0.5, "population": 1.0, "equal": 0.0}
"""Power of the smaller population that a pair weighs, by what the job says."""
STATING_S = 600.0
"""Seconds that a task has besides solving: to read the base, time the network, state the problem, check."""
_SECTIONS = (
    "region", "times", "capacity", "objective", "steps", "independence", "budget", "least", "city_coverage",
    "caps", "phasing",
)  # fmt: skip
"""Sections of a job that say how its cases are resolved."""
_KEPT_STATES = 4
"""States of the network that a process remembers."""
_DIGITS = 9
"""Decimals of bounds and gaps."""


# ---- the base, and the base as a content


def base_of(
    times: timing.Times,
    candidates: Candidates,
    draft: proposing.StatedProblem,
    job: Job,
    *,
    closures: Mapping[str, NDArray[np.int64]] = MappingProxyType({}),
) -> cases.Base:
    """Return what the cases of a job are resolved from; the last states of the network are remembered.

    Parameters
    ----------
    times, candidates, draft
        Outcomes of the steps before; with max-min fairness the draft has the problem with its levels.
    job
        The job.
    closures
        Arcs of today by the names under which cases close them.
    """
    graph = times.graphs[job.times.definition]
    table = candidates.table
    ids = times.cities["city_id"].astype(str).tolist()
    ends = draft.pairs[["origin", "destination"]].to_numpy(dtype=np.int64).tolist()
    factor = {tier: getattr(job.objective, tier) for tier in model.TIERS}
    columns = (table[name].tolist() for name in ("candidate_id", "cost_low", "cost", "cost_high"))
    estimates = list(zip(*columns, strict=True))

    def stated(problem: DesignProblem, discounting: bool, delays: Mapping[str, int]) -> DesignProblem:  # noqa: FBT001
        if job.objective.kind == "max_min":
            return problem  # whose targets are the levels that were raised
        plain = problem.replace(periods=(), candidates=tuple(replace(c, lead=0) for c in problem.candidates))
        if problem.caps or problem.targets or problem.cities:
            pairs = draft.pairs.assign(coverable=np.isin(range(len(plain.pairs)), list(coverable(plain))))
            plain = demands.with_demands(plain, pairs, times.cities, job)
        phasing = demands.delayed(job.phasing, delays)
        rate = phasing.discount_rate if discounting else 0.0
        return demands.with_periods(plain, phasing.model_copy(update={"discount_rate": rate}))

    timer = retiming.Retimer(
        draft.problem, graph, candidates, times.cities, job.times.limit_s, closures, times.expressways
    )
    without = independence.without_core(times, candidates, job)
    layer_timer = None if without is None else retiming.LayerRetimer(timer, without, draft.pairs)

    def layer(changes: cases.TimeChanges) -> cases.Layer | None:
        if layer_timer is None or draft.layer is None or changes == cases.UNCHANGED:
            return draft.layer
        return layer_timer(changes)

    return cases.Base(
        problem=draft.problem,
        timer=cast("cases.Timer", lru_cache(maxsize=_KEPT_STATES)(timer)),
        costs={str(key): (int(low), int(mid), int(high)) for key, low, mid, high in estimates},
        people=cases.People(
            population=dict(zip(ids, times.cities["population"].astype("int64").tolist(), strict=True)),
            tier=dict(zip(ids, times.cities["tier"].astype(str).tolist(), strict=True)),
            ends=tuple((ids[one], ids[other]) for one, other in ends),
        ),
        exponent=WEIGHT_EXPONENTS.get(job.objective.weight),
        factors=tuple(factor.get(pair.group, 1) for pair in draft.problem.pairs),
        weights=tuple(draft.pairs["weight"].tolist()),
        demands=stated,
        steps=demands.limit_steps(job),
        capacities={
            level: line_capacity.capacities(
                proposing.line_sections(candidates, job.capacity.model_copy(update={"level": level}))
            )
            for level in ("low", "high")
        },
        layer=cast("cases.LayerTimer", lru_cache(maxsize=_KEPT_STATES)(layer)),
    )


def unpack(content: bytes) -> cases.Base:
    """Return the base of `AskedBase.content`."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
        told = store.load(Path(folder))
    arcs = {name: np.array(rows, dtype=np.int64) for name, rows in told["closures"].items()}
    times, candidates, draft = told["parts"]
    return base_of(times, candidates, draft, Job.model_validate_json(told["job"]), closures=arcs)


@dataclass(frozen=True)
class AskedBase:
    """A base to ask cases of.

    Attributes
    ----------
    chain
        The steps of the job, of which a case without changes is the problem of the job.
    closures
        Arcs of today, by the names under which cases close them.
    process
        Solves what is asked here, so that its code is loaded once; it is started by its first solve.
    """

    chain: Chain
    closures: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    process: ChildProcess = field(default_factory=ChildProcess)

    @property
    def draft(self) -> proposing.StatedProblem:
        """The draft of the job, of a max-min job with the levels that were raised."""
        draft = self.chain.draft.value
        raised = self.chain.loaded.job.objective.kind == "max_min"
        return replace(draft, problem=self.chain.counted.value) if raised else draft

    @cached_property
    def base(self) -> cases.Base:
        """What cases are resolved from."""
        times, candidates = self.chain.times.value, self.chain.candidates.value
        return base_of(times, candidates, self.draft, self.chain.loaded.job, closures=self.closures)

    @cached_property
    def content(self) -> bytes:
        """All that the cases are resolved from as bytes, which depend on nothing else."""
        times, job = self.chain.times.value, self.chain.loaded.job
        definition = job.times.definition
        counted = replace(
            times,
            graphs={definition: times.graphs[definition]},
            skims={definition: times.skims[definition]},
            report={},
        )
        told = {
            "parts": (counted, self.chain.candidates.value, self.draft),
            "job": job.model_dump_json(include=set(_SECTIONS)),
            "closures": {name: self.closures[name].tolist() for name in sorted(self.closures)},
        }
        buffer = io.BytesIO()
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w") as archive:
            store.save(Path(folder), told)
            for path in sorted(Path(folder).iterdir()):
                entry = zipfile.ZipInfo(path.name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
        content = buffer.getvalue()
        STATE.base = address_of(content), self.base  # tasks that are done in this process need not decode it
        return content

    @property
    def address(self) -> str:
        """The address of the content."""
        return address_of(self.content)

    def ask(self, case: cases.Case, settings: Solve, *, start: NamedPlan | None = None) -> Result:
        """Solve a case in the process; return what the solver claims.

        Parameters
        ----------
        start
            As of `case_task`; the rings of the case are decided anew.

        Raises
        ------
        SolverError
            If the solver failed.
        """
        task = case_task(self.address, case, settings, name=f"case {case.name}", start=start, whole=True)
        with solved_by(self.process):
            (outcome,) = answers([task], [self.content], running.InProcess())
        result = None if outcome.value is None else parse(outcome.value["result"])
        if result is not None and result.termination not in FAILED:
            return result
        fault = outcome.fault if result is None else f"the solver failed: {result.message}"
        raise errors.SolverError(fault, where=outcome.name, done="Nothing was solved.")


# ---- tasks


@dataclass(slots=True)
class ProcessState:
    """What a process keeps between two tasks: decoded contents by address, and the process that solves."""

    base: tuple[str, cases.Base] | None = None
    engine: ChildProcess | None = None

    def solver(self) -> ChildProcess:
        """Return the process that solves; it is started by its first solve."""
        if self.engine is None:
            self.engine = ChildProcess()
            atexit.register(self.engine.close)
        return self.engine


STATE = ProcessState()
"""Of this process."""


def close() -> None:
    """End the process that solves, where tasks were done in this process; a further task starts it again."""
    if STATE.engine is not None:
        STATE.engine.close()


@contextmanager
def solved_by(process: ChildProcess) -> Iterator[None]:
    """Let tasks that are done in this process be solved by a process of the caller, which stays open."""
    before, STATE.engine = STATE.engine, process
    try:
        yield
    finally:
        STATE.engine = before


def case_task(
    base: str,
    case: cases.Case,
    settings: Solve,
    *,
    name: str,
    plan: Mapping[str, Any] | None = None,
    start: NamedPlan | None = None,
    whole: bool = False,
    limit_s: Callable[[], float] | None = None,
) -> Task:
    """Return the task that solves a case.

    Parameters
    ----------
    base
        Address of the base.
    case
        What differs from it.
    settings
        Variant, solver, gap, limit, threads and seed.
    name
        For readers.
    plan
        Plan of the job (`built`, `starts`, `rings`): the search starts from it unless `is_start` is false,
        its rings are kept, and the row says what it does in the case. None: rings are decided anew.
    start
        A plan to start from where rings are decided anew.
    whole
        Whether the outcome is the `result` of the solver alone, in place of a row.
    limit_s
        Returns the seconds of the solve when the task begins; None: those of the settings.

    Notes
    -----
    What a limit in seconds cuts short is not kept, so that the next call asks it again. All other answers are
    kept whatever the limit.
    """
    payload: dict[str, Any] = {
        "base": base,
        "case": case.as_dict(),
        "solve": settings.model_dump(mode="json", exclude={"time_limit_s"}),
    }
    if plan is not None:
        payload["plan"] = plan
    if start is not None:
        circuits = {ring: list(links) for ring, links in start.circuits.items()}
        payload["start"] = {"built": list(start.built), "circuits": circuits, "starts": dict(start.starts)}
    return Task(
        name=name,
        function="optimiser.studies.answers:solve_case",
        payload=payload | ({"whole": True} if whole else {}),
        contents=(base,),
        time_limit_s=hard_limit_s(settings.time_limit_s) + STATING_S,
        late=lambda: {"time_limit_s": settings.time_limit_s if limit_s is None else limit_s()},
        keeps=lambda value: (value["result"] if whole else value)["termination"] not in UNSETTLED,
    )


def answers(
    tasks: Sequence[Task],
    contents: Sequence[bytes],
    executor: Executor,
    watch: Callable[[TaskProgress], object] = lambda _state: None,
) -> list[Outcome]:
    """Return the outcomes of tasks, in their order; those that are kept from before are not asked again.

    Parameters
    ----------
    tasks
        Tasks of `case_task` or of `score_plans`.
    contents
        The base, and what else they read.
    executor
        Does the tasks, within its block.
    watch
        As for `optimiser.tasks.run_tasks`.
    """
    found = run_tasks(tasks, {address_of(one): one for one in contents}, executor, watch=watch)
    return [found[task.key] for task in tasks]


def counted_of(base: cases.Base, case: cases.Case) -> DesignProblem:
    """Return the problem of a case whose pairs all count within the limit: without further pairs."""
    return cases.resolve(replace(base, steps=()), replace(case, steps=(), independence=False))


def solve_case(payload: Mapping[str, Any], contents: Contents) -> Row:
    """Solve a case, and check what it claims: the function of a task of `case_task`.

    Returns
    -------
    dict
        `result` alone where that is asked for; else `status`, `termination`, `objective`, `bound`, `gap`,
        `cost`, `budget`; `pairs` and `weight` that count within the limit, and of these `_today`, with the
        best plan of the case `_best`, with the plan of the job `_plan`; `cost_plan` and `plan_fits`; `built`
        with costs, `starts`, `rings`; `seconds` of the solve.

    Raises
    ------
    VerificationError
        When the check finds something else than the solver claims.
    """
    plan = payload.get("plan")
    problem = _problem(payload, contents)
    settings = Solve(**payload["solve"]).model_copy(update={"time_limit_s": payload["time_limit_s"]})
    start = NamedPlan(**payload["start"]) if "start" in payload else None
    if plan is not None and plan.get("is_start", True):
        start = NamedPlan(tuple(plan["built"]), starts=plan["starts"])
    try:
        result = solving.solve(problem, settings, run=STATE.solver(), start=start)
    except SolveFailure as failure:
        result = failure.result
    if payload.get("whole"):
        return {"result": result.as_dict()}
    if plan is None:  # rings are decided by the case that is the job itself, and kept by all others
        chosen = {name: list(links) for name, links in result.rings.items()}
        plan = {"built": list(result.built), "starts": dict(result.starts), "rings": chosen}
    evaluator, counted = PlanEvaluator(problem), cases.counted_pairs(problem)
    weights = np.array([pair.weight for pair in problem.pairs], dtype=np.int64)

    def covering(name: str, covered: NDArray[np.bool_]) -> Row:
        pairs = int(covered[list(counted)].sum())
        return {f"pairs_{name}": pairs, f"weight_{name}": int(weights[covered].sum())}

    own, starts = _available(problem, plan)
    scored = evaluator(own, rings=plan["rings"] if problem.rings else {}, starts=starts)
    row: Row = {
        "status": result.status,
        "termination": result.termination,
        **dict.fromkeys(("objective", "cost", "pairs_best", "weight_best")),
        "bound": _rounded(result.bound),
        "gap": _rounded(result.gap),
        "budget": problem.budget,
        "pairs": len(counted),
        "weight": int(weights[list(evaluator.coverable)].sum()),
        **covering("today", evaluator.covered(())),
        **covering("plan", evaluator.covered(own)),
        "cost_plan": scored.cost,
        "plan_fits": not scored.faults,
        "built": [],
        "starts": {},
        "rings": {},
        "seconds": round(result.seconds, 3),
    }
    if not result.has_plan:
        return row
    checked = verify.check(problem, result)
    best = np.isin(np.arange(len(problem.pairs)), checked.covered)
    costs = {candidate.id: candidate.cost for candidate in problem.candidates}
    return row | {
        "objective": checked.objective,
        "cost": checked.cost,
        **covering("best", best),
        "built": [[name, costs[name]] for name in checked.built],
        "starts": dict(sorted(checked.starts.items())),
        "rings": {name: list(links) for name, links in sorted(checked.rings.items())},
    }


def score_plans(payload: Mapping[str, Any], contents: Contents) -> list[Row]:
    """Return what plans are worth in a case: weight of the pairs covered, and whether they fit.

    Parameters
    ----------
    payload
        `base`, `case` and `plan` as for `solve_case`; `plans`: address of a list of plans, each with `built`
        and `starts`.
    contents
        Returns base and plans.

    Returns
    -------
    list of dict
        One for each plan. Links that the case excludes are not there, and cost nothing.
    """
    problem = _problem(payload, contents)
    evaluator, rows = PlanEvaluator(problem), []
    for plan in json.loads(contents(payload["plans"])):
        own, starts = _available(problem, plan)
        scored = evaluator(own, starts=starts)
        rows.append({"weight": scored.coverage, "fits": not scored.faults})
    return rows


def _problem(payload: Mapping[str, Any], contents: Contents) -> DesignProblem:
    address, plan = payload["base"], payload.get("plan")
    if STATE.base is None or STATE.base[0] != address:
        STATE.base = address, unpack(contents(address))
    problem = cases.resolve(STATE.base[1], cases.case_from(payload["case"]))
    return problem if plan is None else model.with_circuits(problem, cases.payable([problem], plan["rings"]))


def _available(
    problem: DesignProblem, plan: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, int] | None]:
    """Return what of a plan can be built, and when it is started; None without periods."""
    excluded = {candidate.id for candidate in problem.candidates if candidate.fixed == "out"}
    own = tuple(name for name in plan["built"] if name not in excluded)
    return own, {name: plan["starts"][name] for name in own} if plan["starts"] else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)

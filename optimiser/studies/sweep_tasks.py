"""Do the tasks of a sweep: solve a case, and score plans in it, from a base that travels as one content."""

from __future__ import annotations

import atexit
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.engine.search.task import NamedPlan
from optimiser.engine.solve import SolveFailure
from optimiser.frontier.cases import Base, LayerTimer, Timer, case_from, counted_pairs, resolve
from optimiser.job.model import Job
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem
from optimiser.problem.model import with_circuits
from optimiser.proposals.table import Candidates
from optimiser.run import store
from optimiser.run.cases import base_of
from optimiser.run.proposing import Draft
from optimiser.run.solving import solve
from optimiser.run.timing import Times

type Contents = Callable[[str], bytes]
type Row = dict[str, Any]

_SECTIONS = (
    "region", "times", "capacity", "objective", "steps", "independence", "budget", "least", "city_coverage",
    "caps", "phasing",
)  # fmt: skip
"""Sections of a job that say how its cases are resolved."""
_PARTS = ("times", "candidates", "draft")
_KEPT_STATES = 4
"""States of the network that a process remembers."""
_DIGITS = 9
"""Decimals of bounds and gaps."""


# ---- the base as a content


def pack(
    times: Times, candidates: Candidates, draft: Draft, job: Job, closures: Mapping[str, NDArray[np.int64]]
) -> bytes:
    """Return all that the cases of a job are resolved from as bytes, which depend on nothing else.

    Parameters
    ----------
    times, candidates, draft
        Outcomes of the steps of the job.
    job
        The job; only what resolving needs of it is packed.
    closures
        As for `optimiser.run.cases.base_of`.

    Notes
    -----
    A zip archive of the files that the cache has of these steps, in a fixed order and without times of day.
    """
    definition = job.times.definition
    counted = replace(
        times,
        graphs={definition: times.graphs[definition]},
        skims={definition: times.skims[definition]},
        report={},
    )
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for name in _PARTS:
            (folder / name).mkdir()
        store.save_times(folder / "times", counted)
        store.save_candidates(folder / "candidates", candidates)
        store.save_draft(folder / "draft", draft)
        (folder / "job.json").write_text(job.model_dump_json(include=set(_SECTIONS)), encoding="utf-8")
        store.save_json(
            folder / "closures.json", {name: closures[name].tolist() for name in sorted(closures)}
        )
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def unpack(content: bytes) -> Base:
    """Return the base that `pack` packed; it remembers the last states of the network that it timed."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
        closures = store.load_json(folder / "closures.json")
        base = base_of(
            store.load_times(folder / "times"),
            store.load_candidates(folder / "candidates"),
            store.load_draft(folder / "draft"),
            Job.model_validate_json((folder / "job.json").read_text(encoding="utf-8")),
            closures={name: np.array(rows, dtype=np.int64) for name, rows in closures.items()},
        )
    remembering = lru_cache(maxsize=_KEPT_STATES)
    return replace(
        base,
        timer=cast("Timer", remembering(base.timer)),
        layer=cast("LayerTimer", lru_cache(maxsize=_KEPT_STATES)(base.layer)),
    )


# ---- tasks


@dataclass(slots=True)
class _Kept:
    """What a process keeps between two tasks: decoded contents by address, and the process that solves."""

    base: tuple[str, Base] | None = None
    plans: tuple[str, list[dict[str, Any]]] | None = None
    engine: ChildProcess | None = None

    def base_at(self, address: str, contents: Contents) -> Base:
        if self.base is None or self.base[0] != address:
            self.base = address, unpack(contents(address))
        return self.base[1]

    def plans_at(self, address: str, contents: Contents) -> list[dict[str, Any]]:
        if self.plans is None or self.plans[0] != address:
            self.plans = address, json.loads(contents(address))
        return self.plans[1]

    def solver(self) -> ChildProcess:
        if self.engine is None:
            self.engine = ChildProcess()
            atexit.register(self.engine.close)
        return self.engine


_KEPT = _Kept()


def close() -> None:
    """End the process that solves, where tasks were done in this process; a further task starts it again."""
    if _KEPT.engine is not None:
        _KEPT.engine.close()


def solve_case(payload: Mapping[str, Any], contents: Contents) -> Row:
    """Solve a case, and check what it claims.

    Parameters
    ----------
    payload
        `base`: address of the base; `case`: as `Case.as_dict`; `solve`: section of the job; and, but for the
        first case, `plan`: that of case 0 (`built`, `starts`, `rings`), from which the search starts.
    contents
        Returns the base.

    Returns
    -------
    dict
        A row of `cases.parquet` without what the sweep itself knows, with `built`, `starts` and `rings`.

    Raises
    ------
    VerificationError
        When the check finds something else than the solver claims.
    """
    base, plan = _KEPT.base_at(payload["base"], contents), payload.get("plan")
    problem = _problem(base, payload)
    start = None if plan is None else NamedPlan(tuple(plan["built"]), starts=plan["starts"])
    try:
        result = solve(problem, Solve(**payload["solve"]), run=_KEPT.solver(), start=start)
    except SolveFailure as failure:
        result = failure.result
    if plan is None:  # rings are decided by the case that is the job itself, and kept by all others
        chosen = {name: list(links) for name, links in result.rings.items()}
        plan = {"built": list(result.built), "starts": dict(result.starts), "rings": chosen}
    evaluator, counted = PlanEvaluator(problem), counted_pairs(problem)
    weights = np.array([pair.weight for pair in problem.pairs], dtype=np.int64)

    def covering(name: str, covered: NDArray[np.bool_]) -> Row:
        pairs = int(covered[list(counted)].sum())
        return {f"pairs_{name}": pairs, f"weight_{name}": int(weights[covered].sum())}

    own = _available(problem, plan["built"])
    scored = evaluator(own, rings=plan["rings"] if problem.rings else {}, starts=_of(plan["starts"], own))
    row: Row = {
        "status": result.status,
        "termination": result.termination,
        "objective": None,
        "bound": _rounded(result.bound),
        "gap": _rounded(result.gap),
        "cost": None,
        "budget": problem.budget,
        "pairs": len(counted),
        "weight": int(weights[np.array(evaluator.coverable, dtype=np.bool_)].sum()),
        **covering("today", evaluator.covered(())),
        **covering("plan", evaluator.covered(own)),
        "pairs_best": None,
        "weight_best": None,
        "cost_plan": scored.cost,
        "plan_fits": not scored.faults,
        "built": [],
        "starts": {},
        "rings": {},
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
    base = _KEPT.base_at(payload["base"], contents)
    problem = _problem(base, payload)
    evaluator, rows = PlanEvaluator(problem), []
    for plan in _KEPT.plans_at(payload["plans"], contents):
        own = _available(problem, plan["built"])
        scored = evaluator(own, starts=_of(plan["starts"], own))
        rows.append({"weight": scored.coverage, "fits": not scored.faults})
    return rows


def _problem(base: Base, payload: Mapping[str, Any]) -> DesignProblem:
    problem, plan = resolve(base, case_from(payload["case"])), payload.get("plan")
    return problem if plan is None else with_circuits(problem, plan["rings"] if problem.rings else {})


def _available(problem: DesignProblem, built: Sequence[str]) -> tuple[str, ...]:
    """Return what of a plan can be built."""
    excluded = {candidate.id for candidate in problem.candidates if candidate.fixed == "out"}
    return tuple(name for name in built if name not in excluded)


def _of(starts: Mapping[str, int], built: Sequence[str]) -> dict[str, int] | None:
    return {name: starts[name] for name in built} if starts else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)

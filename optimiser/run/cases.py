"""Solve a stated set of plausible cases of a job, so that a reader sees how sure each proposal is."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from dataclasses import replace
from fractions import Fraction
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.intermodal import AccessParameters
from optimiser.engine.attempt import Runner
from optimiser.engine.child import ChildProcess, Ending, Receive
from optimiser.engine.search.task import NamedPlan, cores
from optimiser.engine.solve import SolveFailure
from optimiser.frontier.cases import (
    UNCHANGED,
    Base,
    Case,
    Layer,
    LimitStep,
    People,
    Price,
    TimeChanges,
    counted_pairs,
    resolve,
)
from optimiser.job.model import Job
from optimiser.job.sections import CaseName, Solve
from optimiser.problem import DesignProblem
from optimiser.problem.model import TIERS, with_circuits
from optimiser.proposals import line_capacity
from optimiser.proposals.table import Candidates
from optimiser.run import demands, proposing, solving
from optimiser.run.independence import without_core
from optimiser.run.proposing import Draft
from optimiser.run.retiming import LayerRetimer, Retimer
from optimiser.run.timing import Times
from optimiser.verify import Plan, check
from optimiser.verify.times import coverable, covered_pairs

_CASE_STEPS = (
    LimitStep(Fraction(7, 10), 0),
    LimitStep(Fraction(2, 10), 900),
    LimitStep(Fraction(1, 10), 1800),
)
"""Steps of the case without a cliff: 0.7 of the weight within the limit, 0.2 a quarter of an hour later, 0.1
half an hour later."""


SHORT_CHECK_IN_S = SHORT_WAIT_S = 900
"""Longest check-in and wait in the cases that shorten them."""
_OF_ROADS: tuple[CaseName, ...] = ("roads 10 % slower", "roads 10 % faster")
_OF_RIDES: tuple[CaseName, ...] = (
    "trains 10 % slower",
    "trains 10 % faster",
    "waits at most 15 min",
    "waits half as long again",
)
_OF_STATIONS: tuple[CaseName, ...] = ("check-in 15 min", "access 5 min faster", "access 10 min slower")
"""Cases on roads, on trains, and on what is before and after them."""
_OF_INFERRED_ROADS: tuple[CaseName, ...] = ("roads 25 % slower", "roads 25 % faster")
_OF_ASSUMED_TRAINS: tuple[CaseName, ...] = ("trains 40 % slower", "trains 60 % faster", "no trains")
"""Further cases of a screening on roads and on trains."""
UNCERTAIN = (*_OF_ROADS, *_OF_RIDES, *_OF_STATIONS, *_OF_INFERRED_ROADS, *_OF_ASSUMED_TRAINS)
"""Cases on what a screening infers and assumes."""

WEIGHT_EXPONENTS = {"sqrt_population": 0.5, "population": 1.0, "equal": 0.0}
"""Power of the smaller population that a pair weighs, by what the job says."""

LEAST_S = 3.0
"""Seconds that each case gets to be solved, whatever the others took."""


def stated_cases(
    job: Job,
    candidates: Candidates,
    *,
    has_ring: bool,
    left_out: Mapping[CaseName, str] = MappingProxyType({}),
) -> tuple[Case, ...]:
    """Return the plausible cases of a job.

    Parameters
    ----------
    job
        The job; what does not apply to it, and what `cases.only` does not name, is left out.
    candidates
        What may be built; it says which kinds there are.
    has_ring
        Whether the plan of the job forms a ring, which the other cases keep.
    left_out
        Cases that make no sense, as `senseless`.
    """
    stated, only = _cases(job, candidates, has_ring=has_ring), job.cases.only
    return tuple(case for case in stated if case.name not in left_out and (not only or case.name in only))


def senseless(
    job: Job, candidates: Candidates, access: AccessParameters, *, has_roads: bool, has_trains: bool
) -> dict[CaseName, str]:
    """Return the cases that change nothing in a region, each with the reason.

    Parameters
    ----------
    job
        The job.
    candidates
        What may be built.
    access
        Times at stations.
    has_roads, has_trains
        Whether there are roads, and whether trains run, today.
    """
    modes, found = set(candidates.table["mode"]), dict[CaseName, str]()
    is_screening = bool(job.region.around)
    of_roads = (*_OF_ROADS, *(_OF_INFERRED_ROADS if is_screening else ()))
    of_trains = (*_OF_RIDES, *_OF_STATIONS, *(_OF_ASSUMED_TRAINS if is_screening else ()))
    if not has_roads and "road" not in modes:
        found |= dict.fromkeys(of_roads, "there are neither roads nor candidates for any")
    if not job.times.rail:
        return found
    if not has_trains and "rail" not in modes:
        trains = "there are neither trains nor candidates for any"
        return found | dict.fromkeys(of_trains, trains)
    if job.times.definition == "in_vehicle":
        found |= dict.fromkeys(_OF_STATIONS, "times in vehicles leave stations out")
    most_s = max(access.check_in_hsr_s, access.check_in_conv_s)
    if most_s <= SHORT_CHECK_IN_S:
        found["check-in 15 min"] = (
            f"nobody is to arrive more than {round(most_s / 60)} minutes before a train"
        )
    if access.wait_cap_s <= SHORT_WAIT_S:
        found["waits at most 15 min"] = f"no wait counts more than {round(access.wait_cap_s / 60)} minutes"
    return found


def _cases(job: Job, candidates: Candidates, *, has_ring: bool) -> Iterator[Case]:
    table = candidates.table
    yield _timed("roads 10 % slower", "driving speeds times 0.9", road_speed=0.9)
    yield _timed("roads 10 % faster", "driving speeds times 1.1", road_speed=1.1)
    if (table["mode"] != "road").any() or job.times.rail:
        yield _timed("trains 10 % slower", "running speeds times 0.9; stops as they are", rail_speed=0.9)
        yield _timed("trains 10 % faster", "running speeds times 1.1; stops as they are", rail_speed=1.1)
        yield _timed(
            "check-in 15 min", "at most 15 minutes before departure", check_in_most_s=SHORT_CHECK_IN_S
        )
        yield _timed("waits at most 15 min", "half the headway, at most 15 minutes", wait_most_s=SHORT_WAIT_S)
        yield _timed("waits half as long again", "waits times 1.5", wait_factor=1.5)
        yield _timed("access 5 min faster", "between centre and station, at each end", access_s=-300)
        yield _timed("access 10 min slower", "between centre and station, at each end", access_s=600)
    if job.region.around:
        yield from _of_a_screening(job)
    if job.capacity.enabled and len(candidates.runs):
        yield _case("lines carry fewer trains", "low estimate", capacity="low")
        yield _case("lines carry more trains", "high estimate", capacity="high")
    yield from _priced(candidates)
    if job.objective.weight != "file":
        yield _case("pairs weigh as people", "smaller population", weight_exponent=1.0)
        yield _case("all pairs weigh the same", "weight 1", weight_exponent=0.0)
        yield _case(
            "demand less than the root", "fourth root of the smaller population", weight_exponent=0.25
        )
    yield _timed("limit 15 min shorter", "every pair", limit_s=-900)
    yield _timed("limit 15 min longer", "every pair", limit_s=900)
    if not job.steps.shares:
        yield _case(
            "no cliff",
            "0.7 of a weight within the limit, 0.2 within 15 and 0.1 within 30 minutes more",
            steps=_CASE_STEPS,
        )
    if job.independence.counts_pairs:
        yield _case("independence off", "pairs within the limit alone count", independence=False)
    if has_ring:
        yield _case("no rings", "none is asked for", rings=False)
    if job.phasing.names:
        yield _case("no discounting", "every year counts the same", discounting=False)


def _of_a_screening(job: Job) -> Iterator[Case]:
    """Yield cases on what is inferred and assumed where the source has neither classes nor trains."""
    yield _timed("roads 25 % slower", "fewer or worse roads than inferred", road_speed=0.75)
    yield _timed("roads 25 % faster", "more or better roads than inferred", road_speed=1.25)
    if job.times.rail:
        yield _timed("trains 40 % slower", "old tracks", rail_speed=0.6)
        yield _timed("trains 60 % faster", "modernised or new tracks", rail_speed=1.6)
        yield _timed("no trains", "tracks without trains for passengers, new ones included", rail_speed=0.01)


def _case(name: CaseName, description: str, **changes: Any) -> Case:  # noqa: ANN401 - fields of Case
    return Case(name=name, description=description, **changes)


def _timed(name: CaseName, description: str, **changes: Any) -> Case:  # noqa: ANN401 - fields of TimeChanges
    return _case(name, description, times=TimeChanges(**changes))


def _priced(candidates: Candidates) -> Iterator[Case]:
    """Yield cases in which a class of candidates, or all, cost their low or their high estimate."""
    names: dict[str, CaseName] = {
        "road": "roads at high costs",
        "rail": "rail lines at high costs",
        "service": "train services at high costs",
        "station": "access and stations at high costs",
    }
    for name, kinds in kinds_by_class(candidates).items():
        if kinds:
            prices: tuple[tuple[str, Price], ...] = tuple((kind, "high") for kind in kinds)
            yield _case(names[name], "high estimate", prices=prices)
    yield _case("all at low costs", "low estimate", prices=(("all", "low"),))
    yield _case("all at high costs", "high estimate", prices=(("all", "high"),))


def kinds_by_class(candidates: Candidates) -> dict[str, tuple[str, ...]]:
    """Return the kinds of candidates by what is built: `road`, `rail` lines, `service` of trains, `station`.

    Parameters
    ----------
    candidates
        What may be built.
    """
    table = candidates.table
    is_service = table["instrument"] == "subsidy"
    rows: dict[str, pd.Series] = {
        "road": table["mode"].eq("road"),
        "rail": table["mode"].eq("rail") & ~is_service,
        "service": is_service,
        "station": ~table["mode"].isin(["road", "rail"]) & ~is_service,
    }
    return {name: tuple(sorted({str(kind) for kind in table["kind"][own]})) for name, own in rows.items()}


def base_of(
    times: Times,
    candidates: Candidates,
    draft: Draft,
    job: Job,
    *,
    closures: Mapping[str, NDArray[np.int64]] = MappingProxyType({}),
) -> Base:
    """Return what the cases of a job are resolved from.

    Parameters
    ----------
    times, candidates, draft
        Outcomes of the steps before.
    job
        The job.
    closures
        Arcs of today by the names under which cases close them.
    """
    graph = times.graphs[job.times.definition]
    table = candidates.table
    ids = times.cities["city_id"].astype(str).tolist()
    ends = draft.pairs[["origin", "destination"]].to_numpy(dtype=np.int64).tolist()
    factor = {tier: getattr(job.objective, tier) for tier in TIERS}
    columns = (table[name].tolist() for name in ("candidate_id", "cost_low", "cost", "cost_high"))
    estimates = list(zip(*columns, strict=True))

    def stated(
        problem: DesignProblem, *, discounting: bool, delays: tuple[tuple[str, int], ...] = ()
    ) -> DesignProblem:
        plain = problem.replace(periods=(), candidates=tuple(replace(c, lead=0) for c in problem.candidates))
        if problem.caps or problem.targets or problem.cities:
            pairs = draft.pairs.assign(coverable=list(coverable(plain)))
            plain = demands.with_demands(plain, pairs, times.cities, job)
        rate = job.phasing.discount_rate if discounting else 0.0
        phasing = demands.delayed(job.phasing, dict(delays))
        return demands.with_periods(plain, phasing.model_copy(update={"discount_rate": rate}))

    timer = Retimer(draft.problem, graph, candidates, times.cities, job.times.limit_s, closures)
    without = without_core(times, candidates, job)
    layer_timer = None if without is None else LayerRetimer(timer, without, draft.pairs)

    def layer(changes: TimeChanges) -> Layer | None:
        if layer_timer is None or draft.layer is None or changes == UNCHANGED:
            return draft.layer
        return layer_timer(changes)

    return Base(
        problem=draft.problem,
        timer=timer,
        costs={str(key): (int(low), int(mid), int(high)) for key, low, mid, high in estimates},
        people=People(
            population=dict(zip(ids, times.cities["population"].astype("int64").tolist(), strict=True)),
            tier=dict(zip(ids, times.cities["tier"].astype(str).tolist(), strict=True)),
            ends=tuple((ids[one], ids[other]) for one, other in ends),
        ),
        exponent=WEIGHT_EXPONENTS.get(job.objective.weight),
        factors=tuple(factor.get(pair.group, 1) for pair in draft.problem.pairs),
        demands=stated,
        steps=demands.limit_steps(job),
        capacities={
            level: line_capacity.capacities(
                proposing.line_sections(candidates, job.capacity.model_copy(update={"level": level}))
            )
            for level in ("low", "high")
        },
        layer=layer,
    )


def solve_cases(
    base: Base,
    cases: tuple[Case, ...],
    plan: Plan,
    job: Job,
    processes: Sequence[ChildProcess],
    notify: Callable[[str], object],
) -> list[dict[str, Any]]:
    """Solve cases side by side; return a row each, every plan checked independently.

    Parameters
    ----------
    base, cases
        What they are resolved from, and the cases.
    plan
        The plan of the job. Its rings are kept: their circuits are built in every case, and rings that it
        does not form are formed in none, so that a case asks about links alone. The search starts from it,
        so that of plans that are equally good within the gap the case rather keeps that of the job.
    job
        Gap and time limits of the cases; seed and threads.
    processes
        Each solves one case after another on its share of the threads, so that its code is loaded once.
    notify
        Called with a line before each case.

    Returns
    -------
    list of dict
        `name`, `description`, `status`, `gap`, `seconds`, `cost`, `built`, and pairs within the limit of the
        case: `pairs`, of these `today`, with the best plan of the case `best`, with the plan of the job
        `plan`.
    """
    threads = max(1, (job.solve.threads or cores()) // len(processes))
    settings = job.solve.model_copy(update={"gap": job.cases.gap, "threads": threads})
    idle, numbers, is_ending = SimpleQueue[ChildProcess](), itertools.count(1), threading.Event()
    for process in processes:
        idle.put(process)
    end = time.monotonic() + job.cases.total_s

    def solved(case: Case) -> dict[str, Any]:
        problem = resolve(base, case)
        problem = with_circuits(problem, plan.rings if problem.rings else {})
        process = idle.get()

        def run(task: Mapping[str, Any], receive: Receive, *, time_limit_s: float) -> Ending:
            if is_ending.is_set():  # a task would start the process again
                raise CancelledError
            return process(task, receive, time_limit_s=time_limit_s)

        try:
            number = next(numbers)
            notify(f"Case {number} of {len(cases)}: {case.name}")
            share_s = (end - time.monotonic()) * len(processes) / (len(cases) - number + 1)
            limit_s = min(job.cases.time_limit_s, max(LEAST_S, share_s))
            limited = settings.model_copy(update={"time_limit_s": limit_s})
            return _solved(case, problem, limited, NamedPlan(plan.built, starts=plan.starts), run)
        finally:
            idle.put(process)

    # One more thread than processes, so that the next case is resolved while others are solved.
    pool = ThreadPoolExecutor(max_workers=len(processes) + 1)
    try:
        futures = [pool.submit(solved, case) for case in cases]
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            future.result()  # raises what one of them raised
        return [future.result() for future in futures]
    except BaseException:
        is_ending.set()
        for process in processes:
            process.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _solved(
    case: Case, problem: DesignProblem, settings: Solve, plan: NamedPlan, run: Runner
) -> dict[str, Any]:
    """Return the row of a case, solved from the plan of the job."""
    try:
        result = solving.solve(problem, settings, run=run, start=plan)
    except SolveFailure as failure:
        result = failure.result
    counted = set(counted_pairs(problem))
    row: dict[str, Any] = {
        "name": case.name,
        "description": case.description,
        "status": result.status,
        "gap": result.gap,
        "seconds": round(result.seconds, 3),
        "cost": None,
        "built": [],
        "pairs": len(counted),
        "today": len(counted & covered_pairs(problem, ())),
        "plan": len(counted & covered_pairs(problem, plan.built)),
        "best": None,
    }
    if result.has_plan:
        # The solve ended with the independent check; with periods, only that says what is covered at the end.
        covered = covered_pairs(problem, result.built) if problem.is_plain else check(problem, result).covered
        row |= {
            "cost": problem.cost_of(result.built),
            "built": sorted(result.built),
            "best": len(counted & set(covered)),
        }
    return row

"""Solve the problem of a job, and say why no plan meets it and what would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from optimiser.engine.attempt import Runner
from optimiser.engine.attempt import prepare as prepare_process
from optimiser.engine.child import ChildProcess
from optimiser.engine.methods.variants import choose
from optimiser.engine.search.task import NamedPlan, SolveParameters, cores
from optimiser.engine.solve import solve as solve_problem
from optimiser.job.model import Job, least_keys
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem
from optimiser.problem.model import TIERS
from optimiser.problem.result import Reason, Result, TracePoint
from optimiser.run.demands import coverable_pairs, weight_by_group
from optimiser.run.outcome import refuse_empty

SEARCH_S = 60.0
"""Time limit of each of the two solves that look for demands that can be met, seconds."""


def solve(
    problem: DesignProblem,
    settings: Solve,
    *,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
    start: NamedPlan | None = None,
) -> Result:
    """Solve a problem as a job says; return what the solver claims.

    Parameters
    ----------
    problem
        The problem.
    settings
        Variant, solver, gap, limit, threads and seed.
    progress
        Called with each improvement of plan or bound.
    run
        The process that solves it; default one of its own.
    start
        A known plan to start from.
    """
    params = parameters(settings).replace(start=start)
    return solve_problem(problem, variant=settings.variant, params=params, progress=progress, run=run)


def prepare(process: ChildProcess, job: Job) -> None:
    """Let a process load what the solve of a job will need, while its problem is still being made.

    Parameters
    ----------
    process
        The process that will solve it.
    job
        The job.
    """
    with_budget, with_ring = not job.budget.unlimited, bool(job.rings or job.phasing.names)
    params = parameters(job.solve)
    name, solver = choose(
        job.solve.variant,
        has_budget=with_budget,
        solver=params.solver,
        is_extended=with_ring,
        must_cover=not with_budget and job.budget.cover == "all",
    )
    params = params.replace(solver=solver)
    prepare_process(process, name, params, with_budget=with_budget, with_ring=with_ring)


def parameters(settings: Solve) -> SolveParameters:
    """Return the limits and choices of a solve as a job gives them."""
    return SolveParameters(
        time_limit_s=settings.time_limit_s,
        gap=settings.gap,
        threads=settings.threads or cores(),
        seed=settings.seed,
        solver=settings.solver,
        memory_mb=settings.memory_mb or None,
    )


def refuse_empty_run(problem: DesignProblem, result: Result, job: Job, names: Mapping[str, str]) -> None:
    """Refuse a result without a plan, in terms of the job and with demands that could be met.

    Parameters
    ----------
    problem
        The problem.
    result
        What the solver claims.
    job
        The job.
    names
        Names of cities by the ids of their nodes.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists.
    SolverError
        When nothing was found and nothing proven.
    """
    reasons, remedy = [in_terms_of_job(reason, job, names) for reason in result.reasons], ""
    is_on_target = not reasons or any(reason.target is not None for reason in result.reasons)
    if result.status == "infeasible" and is_on_target:
        remedy = " ".join(_remedies(problem, job))
    refuse_empty(result, reasons=reasons, remedy=remedy)


def in_terms_of_job(reason: Reason, job: Job, names: Mapping[str, str]) -> str:
    """Return a reason with cities by name, and with the key of the job that sets the target that it is about.

    Parameters
    ----------
    reason
        The reason.
    job
        The job.
    names
        Names of cities by their ids and those of their nodes; other nodes and stops keep their ids.
    """
    text = str(reason)
    # An id may begin another one, so the longest are replaced first.
    for node in sorted(set(reason.nodes) & names.keys(), key=len, reverse=True):
        text = text.replace(node, names[node])
    for stop in reason.stops:
        text = text.replace(repr(stop), names.get(stop, repr(stop)))
    if reason.target is None:
        return text
    section, prefix = (job.least, "") if reason.target.of == "pairs" else (job.city_coverage, "least_")
    key = f"{prefix}{reason.target.group}"
    share = getattr(section, key, 0.0)
    name = "least" if reason.target.of == "pairs" else "city_coverage"
    return f"{name}.{key} = {share:g}: {text}" if share else text


def _remedies(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield what would do, where shares are demanded."""
    keys = least_keys(job)
    if not keys:
        return
    yield f"Lower {' or '.join(keys)}, or raise the budget."
    if not problem.periods and problem.budget is not None:
        yield from _highest_share(problem, job)
        if not problem.caps:  # which grow with the budget
            yield from _least_budget(problem, job)


def _highest_share(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield how high the only share that is demanded can be with this budget."""
    if len(problem.targets) != 1 or problem.targets[0].of != "pairs":
        return
    tier = problem.targets[0].group
    pairs = tuple(replace(p, weight=p.weight if p.group == tier else 0) for p in problem.pairs)
    result = _solve_briefly(problem.replace(pairs=pairs, targets=(), cities=()), job)
    total = weight_by_group(problem, coverable_pairs(problem))[tier]
    if result.has_plan and total and tier in TIERS:
        share = 1000 * result.objective // total / 1000  # rounded down, so that it can be met
        yield f"With this budget least.{tier} = {share:g} can be met."


def _least_budget(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield the budget with which the shares that are demanded can be met."""
    result = _solve_briefly(problem.replace(budget=None, cover="targets"), job)
    if result.has_plan:
        cost = f"{result.cost:,} {problem.money}".strip()
        yield f"What is demanded can be met with budget.amount = {result.cost} ({cost})."
    elif result.status == "infeasible":
        yield "No budget meets it, whatever is built of these candidates."


def _solve_briefly(problem: DesignProblem, job: Job) -> Result:
    seconds = min(SEARCH_S, job.solve.time_limit_s)
    return solve(problem, job.solve.model_copy(update={"time_limit_s": seconds}))

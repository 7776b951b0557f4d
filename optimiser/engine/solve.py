"""Solve a problem: run a variant in a child process, and check and complete its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from optimiser import verify
from optimiser.engine.attempt import (
    Runner,
    UnsettledError,
    any_plan,
    attempt,
    plan_within_gap,
    runner,
)
from optimiser.engine.backends.solvers import BUNDLED, UNNAMED
from optimiser.engine.canonical import earlier_plans
from optimiser.engine.child import Ending
from optimiser.engine.claims import CheckedClaims
from optimiser.engine.confirming import (
    LEAST_S,
    Confirmation,
    confirm,
    in_new_process,
    named,
    prover_of,
    second_way,
    source_of,
)
from optimiser.engine.explain import explain
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.variants import choose, variant_of
from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError, VerificationError
from optimiser.problem.result import Result, TracePoint

KILLED = "killed"
"""Termination of a solve whose process did not stop at its limit by itself and was ended soon after. What it
had found before is a result as after any other time-out."""

FAILED = ("crash", "memory", "refused")
"""Terminations that mean a failure of the solver."""

UNCONFIRMED = "unconfirmed"
"""Termination of a solve whose claimed proof nothing confirmed."""

LEAST_EXPLAINING_S, MOST_EXPLAINING_S = 0.5, 30.0
"""Bounds on the time for explaining infeasibility, in seconds, which else is what the solve has left."""

PACKAGES = ("polyring", "highspy", "pulp", "numba", "numpy", "pyscipopt", "gurobipy", "ortools")
"""Packages whose versions a result records."""


class SolveFailure(SolverError):
    """A solver crashed or made a false claim; `result` still contains the best checked plan.

    Parameters
    ----------
    what
        What happened, as a sentence.
    result
        A usable result whose claims were checked.
    """

    def __init__(self, what: str, *, result: Result, **parts: Any) -> None:  # noqa: ANN401 - as in the parent
        super().__init__(what, **parts)
        self.result = result


def solve(
    problem: DesignProblem,
    *,
    variant: str | Path = "auto",
    params: SolveParameters | None = None,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
) -> Result:
    """Solve a problem.

    Parameters
    ----------
    problem
        The problem.
    variant
        A name in `VARIANTS`, or a Python file with a variant of the user's own (docs/bench.md); the file is
        executed.
    params
        Limits and options; default: `SolveParameters()`.
    progress
        Called with each improvement of plan or bound.
    run
        Runs tasks in a child process; default: a new process.

    Returns
    -------
    Result
        After a time-out, the best plan so far with its bound: at worst the plan that builds nothing or
        everything, if one of them is feasible. The status is `none` when no plan is known, and `infeasible`
        when infeasibility is proved and confirmed (`confirming.confirm`); the message then explains it.

    Raises
    ------
    ProblemError
        When the variant does not exist, cannot be loaded or does not suit the problem.
    EnvironmentFault
        When the requested solver, or the only one of the variant, is not installed.
    SolveFailure
        When the solver crashed or made a false claim, and a second one did not help; its `result` is usable.
    """
    params = params or SolveParameters()
    _require(params.solver)
    name, solver = choose(
        variant,
        has_budget=problem.budget is not None,
        solver=params.solver,
        is_extended=not problem.is_plain,
        must_cover=problem.must_cover,
    )
    _require(solver)
    params = params.replace(solver=solver)
    with runner(run) as run_task:
        return _solve(problem, name, params, progress, run_task)


def _require(solver: str) -> None:
    """Raise `EnvironmentFault` if a solver is not installed."""
    if solver not in (*UNNAMED, BUNDLED):
        # Imported here, since PuLP takes most of a second to import.
        from optimiser.engine.backends.pulp_solvers import installed_solver

        installed_solver(solver)


def _solve(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None,
    run: Runner,
) -> Result:
    """Solve a problem; where the solver fails, once more with another one."""
    result = _completed(problem, name, params, progress, run)
    fault = _fault(problem, result)
    if fault is None:
        return result
    left = params.time_limit_s - result.seconds
    if not params.second_solver or name.endswith(SUFFIX) or left < LEAST_S:
        raise fault
    prover, how = second_way(problem, name, params, Ending(result.termination, solver=result.solver))
    start = NamedPlan.of(result) if result.has_plan and isinstance(fault, SolveFailure) else None
    how = how.replace(time_limit_s=left, start=start)
    second = _completed(problem, prover, how, progress, in_new_process(run))
    if second.termination in (*FAILED, "interrupted") or _fault(problem, second) is not None:
        raise fault
    asked = "" if params.solver in UNNAMED else params.solver
    says = fault.result.message if isinstance(fault, SolveFailure) else "; ".join([fault.what, *fault.faults])
    why = says.splitlines()[0] if says else "without a message"
    note = (
        f"{named(name, result.solver or asked)} failed ({why}); solved again by "
        f"{named(prover, second.solver)}. --write-lp writes the model, for a report"
    )
    seconds = round(result.seconds + second.seconds, 3)
    return _with_note(second.replace(seconds=seconds), note)


def _completed(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None,
    run: Runner,
) -> Result:
    """Run a variant, confirm what it claims, and complete its result."""
    claims, ending = attempt(problem, name, params, progress, run)
    found = confirm(claims, ending, name, params, run)
    if name.endswith(SUFFIX):
        run = in_new_process(run)
    result = _result(claims, ending, found, name, params)
    note = "" if params.start is None else _note_on_start(problem, params.start, claims.start_faults)
    params = params.replace(start=None)  # what is solved below has other optima
    if params.canonical and result.status in ("optimal", "feasible"):
        result = _canonical(problem, result, params, run)
    if result.rings and result.seconds < params.time_limit_s:
        from optimiser.engine.tidy import tidied

        begun = time.monotonic()
        better = tidied(problem, result)
        result = better.replace(seconds=round(result.seconds + time.monotonic() - begun, 3))
    if result.status == "infeasible":
        result = _explained(problem, result, params, run)
    return _with_note(result, note)


def _result(
    claims: CheckedClaims, ending: Ending, found: Confirmation, name: str, params: SolveParameters
) -> Result:
    best, variant, reason = claims.best(), variant_of(name).name, ending.reason
    if claims.is_called_infeasible:
        best["status"] = "none" if found.source is None else "infeasible"
    if found.note and reason in ("proof", "gap", "infeasible"):
        reason = UNCONFIRMED
    messages = "; ".join(filter(None, [ending.message, *claims.refusals]))
    by_bound = None if best["bound"] is None else source_of(claims.bound_kind, variant, ending.solver)
    return Result(
        problem=claims.problem.name,
        **best,
        variant=variant,
        seconds=round(ending.seconds, 3),
        seed=params.seed,
        threads=params.threads,
        solver=ending.solver,
        versions=versions(),
        termination="refused" if claims.refusals else reason,
        message="\n".join(filter(None, [messages, found.note])),
        trace=tuple(claims.trace),
        bound_source=by_bound and (found.source or by_bound),
        infeasible_by=found.source if best["status"] == "infeasible" else None,
    )


def _note_on_start(problem: DesignProblem, start: NamedPlan, faults: Sequence[str]) -> str:
    """Return what kept a plan from being the start as it was given; empty where nothing did."""
    unknown = sorted({*start.built, *start.circuits} - {*problem.index, *(ring.id for ring in problem.rings)})
    reasons = [f"the problem lacks {', '.join(map(repr, unknown))}"] if unknown else []
    reasons += faults
    return f"the start was used only as a hint: {'; '.join(reasons)}" if reasons else ""


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that take part in a solve."""
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _canonical(problem: DesignProblem, result: Result, params: SolveParameters, run: Runner) -> Result:
    """Return the result with the canonical optimal plan, or with a note why it was not determined."""
    if not problem.is_plain:
        return _with_note(result, "the canonical plan is not determined for problems with rings or periods")
    if result.status != "optimal":
        return _with_note(result, "the canonical plan is not determined without a proof of optimality")
    name, params = prover_of(problem, params.replace(gap=0.0))
    end = time.monotonic() + params.time_limit_s

    def left() -> SolveParameters:
        return params.replace(time_limit_s=max(0.0, end - time.monotonic()))

    plans = earlier_plans(
        problem,
        result.built,
        result.objective,
        cheapest=lambda part: plan_within_gap(part, name, left(), run),
        some=lambda part: any_plan(part, name, left(), run),
    )
    known, note = result.built, ""
    try:
        for plan in plans:
            known = plan
    except UnsettledError:
        note = "the canonical plan was not determined within the time limit"
    found = PlanEvaluator(problem)(known)
    return _with_note(result.replace(built=found.built, cost=found.cost, coverage=found.coverage), note)


def _with_note(result: Result, note: str) -> Result:
    return result.replace(message="\n".join(filter(None, [result.message, note])))


def _explained(problem: DesignProblem, result: Result, params: SolveParameters, run: Runner) -> Result:
    """Return a result whose message explains why the problem is infeasible."""
    name, params = prover_of(problem, params)

    def has_no_plan(part: DesignProblem, seconds: float) -> bool:
        try:
            return any_plan(part, name, params.replace(time_limit_s=seconds), run) is None
        except UnsettledError:
            return False

    seconds = max(LEAST_EXPLAINING_S, min(MOST_EXPLAINING_S, params.time_limit_s - result.seconds))
    reasons = explain(problem, has_no_plan, seconds=seconds)
    return _with_note(result.replace(message="", reasons=reasons), "\n".join(map(str, reasons)))


def _fault(problem: DesignProblem, result: Result) -> SolverError | None:
    """Return what is wrong with a result: a failure of its solver, or what the independent check finds."""
    try:
        verify.check(problem, result)
    except VerificationError as error:
        return SolverError("the result failed the independent check", faults=error.faults)
    if result.termination not in FAILED:
        return None
    return SolveFailure(
        f"the solver failed: {result.message}",
        result=result,
        where=f"problem {problem.name!r}, variant {result.variant!r}",
        done="The best plan found before is kept; its cost and coverage are checked.",
        remedy="Try another --variant or --solver, a longer time limit, or more memory.",
    )

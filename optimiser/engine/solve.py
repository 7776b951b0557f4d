"""Solve a problem: reduce it, run a variant, keep the best plan, check the outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from optimiser import verify
from optimiser.engine.attempt import ANY_GAP, Runner, UnsettledError, answer, any_plan, attempt
from optimiser.engine.backends.installed import require
from optimiser.engine.canonical import earlier_plans
from optimiser.engine.explain import explain
from optimiser.engine.ledger import Ledger
from optimiser.engine.methods.variants.registry import VARIANTS, chosen, variant_of
from optimiser.engine.process import Ending
from optimiser.engine.search.judge import Judge
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.tidy import tidied
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError, VerificationError
from optimiser.problem.result import Result, TracePoint

FAILED = ("crash", "memory", "killed", "refused")
"""Endings that are a fault of the solver."""


PROVER = "cuts"
"""Variant that proves why there is no plan, where the one asked for proves nothing."""

MOST_EXPLAINING_S = 30.0
"""Most time spent on saying why there is no plan."""


class SolveFailure(SolverError):
    """A solver that crashed, hung or lied; `result` holds the best checked plan there is all the same.

    Parameters
    ----------
    what
        What happened.
    result
        A usable result, its claims recomputed.
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
    """Solve a problem and return what is claimed about it.

    Parameters
    ----------
    problem
        The problem.
    variant
        A name in `VARIANTS`, or the file of Python that holds a variant of one's own (docs/bench.md); it is
        run as code.
    params
        Limits and choices; default `SolveParameters()`.
    progress
        Called with each improvement of plan or bound.
    run
        Does the main task in a process of its own; default a new one (`solvers.process.run_child`).

    Returns
    -------
    Result
        A time-out gives the best plan so far with its bound: at worst the one that builds nothing or that
        builds everything, where one of them meets the constraints; the status is `none` when no plan is
        known. A proof that no plan exists gives the status `infeasible`, and the message says why.

    Raises
    ------
    ProblemError
        When the variant does not exist, cannot be loaded or does not fit the problem.
    EnvironmentFault
        When the solver asked for, or the only one of the variant, is not installed.
    SolveFailure
        When the solver crashed, hung or claimed what is not true; its `result` is usable.
    """
    params = params or SolveParameters()
    if params.solver not in ("auto", "highs"):
        require(params.solver)
    name, solver = chosen(
        variant,
        covers_all=problem.budget is None,
        solver=params.solver,
        whole=not problem.is_plain,
        must_cover=problem.must_cover,
    )
    if solver not in ("none", "highs", params.solver):
        require(solver)
    params = params.replace(solver=solver)
    ledger, ending = attempt(problem, name, params, progress, run)
    result = _result(ledger, ending, name, params)
    if params.canonical and result.status in ("optimal", "feasible"):
        result = _canonical(problem, result, params)
    if result.rings:
        result = _tidied(problem, result, params)
    return _checked(problem, _explained(problem, result, params))


def _tidied(problem: DesignProblem, result: Result, params: SolveParameters) -> Result:
    """Return the result with short rings, and without what they do not use, where time is left."""
    if result.seconds >= params.time_limit_s:
        return result
    begun = time.monotonic()
    better = tidied(problem, result)
    return better.replace(seconds=round(result.seconds + time.monotonic() - begun, 3))


def _canonical(problem: DesignProblem, result: Result, params: SolveParameters) -> Result:
    """Return the result with the cheapest of the optimal plans, and of these the first."""
    if not problem.is_plain:
        return _told(result, "which of equal plans is the canonical one is not asked with rings or periods")
    name, params = _prover(problem, result, params)
    if result.status != "optimal":
        return _told(result, "which of equal plans is the canonical one is open without a proof")
    end = time.monotonic() + params.time_limit_s

    def asked(gap: float) -> SolveParameters:
        return params.replace(time_limit_s=max(0.0, end - time.monotonic()), gap=gap)

    plans = earlier_plans(
        problem,
        result.built,
        result.objective,
        cheapest=lambda part: answer(part, name, asked(0.0)),
        some=lambda part: any_plan(part, name, asked(ANY_GAP)),
    )
    known, note = result.built, ""
    try:
        for plan in plans:
            known = plan
    except UnsettledError:
        note = "which of equal plans is the canonical one was not settled in time"
    judged = Judge(problem)(known)
    return _told(result.replace(built=judged.built, cost=judged.cost, coverage=judged.coverage), note)


def _prover(problem: DesignProblem, result: Result, params: SolveParameters) -> tuple[str, SolveParameters]:
    """Return the variant of a result, or another one where it proves nothing or is a user's own."""
    if result.variant in VARIANTS and VARIANTS[result.variant].proves:
        return result.variant, params
    name, solver = chosen(PROVER, covers_all=False, whole=not problem.is_plain)
    return name, params.replace(solver=solver)


def _told(result: Result, note: str) -> Result:
    return result.replace(message="\n".join(filter(None, [result.message, note])))


def _result(ledger: Ledger, ending: Ending, name: str, params: SolveParameters) -> Result:
    best = ledger.best()
    reason = "refused" if ledger.refusals else ending.reason
    return Result(
        problem=ledger.problem.name,
        **best,
        variant=variant_of(name).name,
        seconds=round(ending.seconds, 3),
        seed=params.seed,
        threads=params.threads,
        solver=ending.solver,
        versions=versions(),
        termination=reason,
        message="; ".join(filter(None, [ending.message, *ledger.refusals])),
        trace=tuple(ledger.trace),
    )


def _explained(problem: DesignProblem, result: Result, params: SolveParameters) -> Result:
    """Return a result whose message says why there is no plan, where that is proved."""
    if result.status != "infeasible":
        return result
    name, params = _prover(problem, result, params)

    def has_no_plan(part: DesignProblem, seconds: float) -> bool:
        try:
            return any_plan(part, name, params.replace(time_limit_s=seconds)) is None
        except UnsettledError:
            return False

    reasons = explain(problem, has_no_plan, seconds=min(MOST_EXPLAINING_S, params.time_limit_s))
    return _told(result.replace(reasons=reasons), "\n".join(map(str, reasons)))


def versions() -> dict[str, str]:
    """Return the versions of the packages that take part in a solve."""
    found = {}
    for package in ("polyring", "highspy", "pulp", "numba", "numpy", "pyscipopt", "gurobipy", "ortools"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _checked(problem: DesignProblem, result: Result) -> Result:
    try:
        verify.check(problem, result)
    except VerificationError as error:
        raise SolverError("the outcome failed the independent check", faults=error.faults) from error
    if result.termination in FAILED:
        raise SolveFailure(
            f"the solver failed: {result.message}",
            result=result,
            where=f"problem {problem.name!r}, variant {result.variant!r}",
            done="The best plan found before that is kept; its cost and coverage are checked.",
            remedy="Try another --variant or --solver, a longer time limit, or more memory.",
        )
    return result

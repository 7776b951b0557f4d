"""Solve a problem: reduce it, run a variant, keep the best plan, check the outcome."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from optimiser import verify
from optimiser.errors import SolverError, VerificationError
from optimiser.problem import DesignProblem, dumps
from optimiser.reduction import Reduction, reduce
from optimiser.result import Result, TracePoint
from optimiser.solve.explain import explain
from optimiser.solve.ledger import Ledger
from optimiser.solve.parameters import SolveParameters
from optimiser.solvers.installed import require
from optimiser.solvers.process import Ending, run_child
from optimiser.variants.registry import VARIANTS, chosen
from optimiser.verify.infeasible import judge, may_try_all

FAILED = ("crash", "memory", "killed", "refused")
"""Endings that are a fault of the solver."""


PROVER = "cuts"
"""Variant that proves why there is no plan, where the one asked for proves nothing."""

ANY_GAP = 1e12
"""A gap that any plan is within: the search may end with the first one."""

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
    variant: str = "auto",
    params: SolveParameters | None = None,
    progress: Callable[[TracePoint], None] | None = None,
) -> Result:
    """Solve a problem and return what is claimed about it.

    Parameters
    ----------
    problem
        The problem.
    variant
        A name in `VARIANTS`.
    params
        Limits and choices; default `SolveParameters()`.
    progress
        Called with each improvement of plan or bound.

    Returns
    -------
    Result
        A time-out gives the best plan so far with its bound: at worst the one that builds nothing or that
        builds everything, where one of them meets the constraints; the status is `none` when no plan is
        known. A proof that no plan exists gives the status `infeasible`, and the message says why.

    Raises
    ------
    ProblemError
        When the variant does not exist or does not fit the problem.
    EnvironmentFault
        When the solver asked for is not installed.
    SolveFailure
        When the solver crashed, hung or claimed what is not true; its `result` is usable.
    """
    params = params or SolveParameters()
    if params.solver not in ("auto", "highs"):
        require(params.solver)
    name, solver = chosen(variant, covers_all=problem.budget is None, solver=params.solver)
    params = dataclasses.replace(params, solver=solver)
    reduced = reduce(problem)
    ledger = Ledger(problem, reduced, progress)
    if not reduced.feasible:
        return _explained(problem, _result(ledger, Ending("infeasible", "", "", 0.0), name, params), params)
    ending = _run(reduced, ledger, name, params)
    ledger.finish(ending, proves=VARIANTS[name].proves)
    return _checked(problem, _explained(problem, _result(ledger, ending, name, params), params))


def _run(reduced: Reduction, ledger: Ledger, name: str, params: SolveParameters) -> Ending:
    if not reduced.problem.candidates or not reduced.problem.pairs:
        return Ending("proof" if ledger.has_plan else "infeasible", "", "", 0.0)
    task = {
        "problem": json.loads(dumps(reduced.problem)),
        "variant": name,
        "seconds": params.time_limit_s,
        "gap": params.gap,
        "threads": params.threads,
        "seed": params.seed,
        "solver": params.solver,
        "memory_mb": params.memory_mb,
        "base": reduced.base,
    }
    return run_child(task, ledger.receive, time_limit_s=params.time_limit_s)


def _result(ledger: Ledger, ending: Ending, name: str, params: SolveParameters) -> Result:
    best = ledger.best()
    reason = "refused" if ledger.refusals else ending.reason
    return Result(
        problem=ledger.problem.name,
        **best,
        variant=name,
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
    name = result.variant if VARIANTS[result.variant].proves else PROVER
    name, solver = chosen(name, covers_all=False, solver=params.solver if name == result.variant else "auto")

    def has_no_plan(part: DesignProblem, seconds: float) -> bool:
        asked = dataclasses.replace(params, time_limit_s=seconds, gap=ANY_GAP, solver=solver)
        reduced = reduce(part)
        ledger = Ledger(part, reduced, None)
        if ledger.has_plan or not reduced.feasible:
            return not ledger.has_plan
        if may_try_all(reduced.problem):
            return judge(reduced.problem).plan is None
        ledger.finish(_run(reduced, ledger, name, asked), proves=True)
        return bool(ledger.best()["status"] == "infeasible")

    seconds = min(MOST_EXPLAINING_S, params.time_limit_s)
    why = explain(problem, has_no_plan, seconds=seconds)
    return result.replace(message="\n".join(filter(None, [result.message, why])))


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

"""Solve the problem of a job, and say what its outcome means for the run."""

from __future__ import annotations

import os
from collections.abc import Callable

from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve as run_solver
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import Result, TracePoint

NOT_PROVEN = 10
"""Exit code of a usable plan whose gap is not proven to be within the asked one."""


def cores() -> int:
    """Return how many cores this process may use."""
    count = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return count or 1


def solve(
    problem: DesignProblem,
    settings: Solve,
    *,
    progress: Callable[[TracePoint], None] | None = None,
    canonical: bool = False,
) -> Result:
    """Solve a problem as a job says.

    Parameters
    ----------
    problem
        The problem.
    settings
        Variant, solver, gap, limit, threads and seed.
    progress
        Called with each improvement of plan or bound.
    canonical
        Choose the cheapest of equal optimal plans, and of these the first by id.

    Returns
    -------
    Result
        What the solver claims.
    """
    params = parameters(settings).replace(canonical=canonical)
    return run_solver(problem, variant=settings.variant, params=params, progress=progress)


def parameters(settings: Solve) -> SolveParameters:
    """Return the limits and choices of a solve as a job gives them."""
    return SolveParameters(
        time_limit_s=settings.time_limit_s,
        gap=settings.gap,
        threads=settings.threads or cores(),
        seed=settings.seed,
        solver=settings.solver,
    )


def is_proven(result: Result, gap: float) -> bool:
    """Tell whether a result is proven to a gap, or proven infeasible."""
    if result.status == "infeasible":
        return True
    return result.status in {"optimal", "feasible"} and result.gap is not None and result.gap <= gap


def exit_code(result: Result, gap: float) -> int:
    """Return the exit code of a result that holds a plan: 0 within the gap asked for, else 10."""
    return 0 if is_proven(result, gap) else NOT_PROVEN


def refuse_empty(result: Result) -> None:
    """Refuse a result without a plan.

    Parameters
    ----------
    result
        What the solver claims; the lines of its message say why there is no plan.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists.
    SolverError
        When nothing was found and nothing proven.
    """
    if result.status == "infeasible":
        raise InfeasibleError(
            "no plan meets the constraints, proved.",
            where=f"problem {result.problem}",
            faults=result.message.splitlines(),
            done="No plan was written.",
            remedy="Raise the budget, a cap or a limit, lower a target, or take back what is fixed, excluded "
            "or required.",
        )
    if result.status == "none":
        raise SolverError(
            f"no plan was found, and none is excluded. {result.message}".strip(),
            where=f"problem {result.problem}",
            done="No plan was written.",
            remedy="Allow more time, or choose another variant; polyring list names them.",
        )

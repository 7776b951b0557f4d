"""Solve the problem of a job, and say what its outcome means for the run."""

from __future__ import annotations

import os
from collections.abc import Callable

from optimiser.errors import InfeasibleError, SolverError
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem
from optimiser.result import Result, TracePoint
from optimiser.solve import SolveParameters
from optimiser.solve import solve as run_solver

NOT_PROVEN = 10
"""Exit code of a usable plan whose gap is not proven to be within the asked one."""
_NAMED = 10


def cores() -> int:
    """Return how many cores this process may use."""
    count = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return count or 1


def solve(
    problem: DesignProblem, settings: Solve, *, progress: Callable[[TracePoint], None] | None = None
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

    Returns
    -------
    Result
        What the solver claims.
    """
    params = SolveParameters(
        time_limit_s=settings.time_limit_s,
        gap=settings.gap,
        threads=settings.threads or cores(),
        seed=settings.seed,
        solver=settings.solver,
    )
    return run_solver(problem, variant=settings.variant, params=params, progress=progress)


def is_proven(result: Result, gap: float) -> bool:
    """Tell whether a result is proven to a gap, or proven infeasible."""
    if result.status == "infeasible":
        return True
    return result.status in {"optimal", "feasible"} and result.gap is not None and result.gap <= gap


def exit_code(result: Result, gap: float) -> int:
    """Return the exit code of a result that holds a plan: 0 within the gap asked for, else 10."""
    return 0 if is_proven(result, gap) else NOT_PROVEN


def refuse_empty(problem: DesignProblem, result: Result) -> None:
    """Refuse a result without a plan.

    Parameters
    ----------
    problem
        The problem.
    result
        What the solver claims.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists.
    SolverError
        When nothing was found and nothing proven.
    """
    if result.status == "infeasible":
        raise InfeasibleError(
            f"no plan meets the constraints, proved. {result.message}".strip(),
            where=f"problem {result.problem}",
            faults=_too_dear(problem),
            done="No plan was written.",
            remedy="Raise the budget or the limit, or take back candidates that are fixed in.",
        )
    if result.status == "none":
        raise SolverError(
            f"no plan was found, and none is excluded. {result.message}".strip(),
            where=f"problem {result.problem}",
            done="No plan was written.",
            remedy="Allow more time, or choose another variant; polyring list names them.",
        )


def _too_dear(problem: DesignProblem) -> list[str]:
    """Return the candidates fixed in, what they cost together and the budget, where that is too little."""
    fixed = sorted(candidate.id for candidate in problem.candidates if candidate.fixed == "in")
    cost = problem.cost_of(fixed)
    if problem.budget is None or cost <= problem.budget:
        return []
    named = ", ".join(fixed[:_NAMED]) + (f" and {len(fixed) - _NAMED} more" if len(fixed) > _NAMED else "")
    together = "alone costs" if len(fixed) == 1 else "together cost"
    unit = f" {problem.money}" if problem.money else ""
    return [f"fixed in: {named}; {together} {cost:,}{unit}, the budget is {problem.budget:,}{unit}"]

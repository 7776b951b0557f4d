"""Judge the outcome of a solve: its exit code, and the refusal of a result without a plan."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.engine.solve import FAILED, KILLED
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import Result

NOT_PROVEN = 10
"""Exit code of a usable plan whose gap is not proven to be within the one asked for."""
_REMEDY = (
    "Raise the budget, a cap or a limit, lower a target, or take back what is fixed, excluded or required."
)


def exit_code(result: Result, gap: float) -> int:
    """Return the exit code of a result that holds a plan.

    Returns
    -------
    int
        4 where the solver failed and the plan is the best one found before; else 0 within the gap asked for,
        and 10 beyond it.
    """
    if result.termination in FAILED:
        return SolverError.exit_code
    return 0 if result.is_proven(gap) else NOT_PROVEN


def describe_failure(result: Result, time_limit_s: float) -> str:
    """Say why a plan is only the best one found so far.

    Parameters
    ----------
    result
        A result whose solver failed, or did not stop at its time limit.
    time_limit_s
        The time limit.
    """
    if result.termination == KILLED:
        return (
            f"The solver did not stop at its time limit of {time_limit_s:g} s and was ended. Plan and bound "
            "are the best found by then; the plan is checked."
        )
    return (
        f"The solver failed: {result.message}. The plan is the best one found and checked before, and the "
        "bound is what was believed then."
    )


def refuse_empty(result: Result, *, reasons: Sequence[str] | None = None, remedy: str = "") -> None:
    """Refuse a result without a plan.

    Parameters
    ----------
    result
        What the solver claims.
    reasons
        Why no plan exists; default the reasons of the result.
    remedy
        What would do; default what may.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists, with the reasons.
    SolverError
        When nothing was found and nothing proven.
    """
    where, done = f"problem {result.problem}", "No plan was written."
    if result.status == "infeasible":
        raise InfeasibleError(
            "no plan meets the constraints, proved.",
            where=where,
            faults=[str(reason) for reason in result.reasons] if reasons is None else reasons,
            done=done,
            remedy=remedy or _REMEDY,
        )
    if result.status == "none":
        raise SolverError(
            f"no plan was found, and none is excluded. {result.message}".strip(),
            where=where,
            done=done,
            remedy="Allow more time, or choose another variant; polyring list names them.",
        )

"""Judge the outcome of a solve: its exit code, and the refusal of a result without a plan."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import Result

NOT_PROVEN = 10
"""Exit code of a usable plan whose gap is not proven to be within the one asked for."""
_REMEDY = (
    "Raise the budget, a cap or a limit, lower a target, or take back what is fixed, excluded or required."
)


def exit_code(result: Result, gap: float) -> int:
    """Return the exit code of a result that holds a plan: 0 within the gap asked for, else 10."""
    return 0 if result.is_proven(gap) else NOT_PROVEN


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

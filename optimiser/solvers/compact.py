"""Solve the compact model by a solver of choice through PuLP."""

from __future__ import annotations

import math
from typing import Any

import highspy
import numpy as np
import pulp

from optimiser.formulation.compact import build_compact
from optimiser.formulation.decisions import Decisions, scale_of
from optimiser.paths import Mask
from optimiser.progress import Progress
from optimiser.solvers.registry import instance
from optimiser.solvers.task import Task

COMPLETES_POORLY = ("highs",)
"""Solvers that get no start: HiGHS 1.16 completes one without flows in a small model, and may end with it."""


def solve_compact(task: Task, progress: Progress) -> tuple[str, str]:
    """Build and solve the compact model; plans and the bound go to `progress`.

    Parameters
    ----------
    task
        The task.
    progress
        Takes plans and bounds.

    Returns
    -------
    tuple
        Why it ended (`proof`, `gap`, `time` or `infeasible`), and the name of the solver.
    """
    lp, decisions = build_compact(task.problem)
    if progress.stop():
        return "time", task.solver
    warm = progress.best is not None and task.solver not in COMPLETES_POORLY
    if warm:
        _start_from(decisions, progress.best)
    solver = instance(
        task.solver,
        seconds=progress.left(),
        gap=task.gap,
        threads=task.threads,
        seed=task.seed,
        warm=warm,
        **_follow(task, progress),
    )
    stats = lp.solve(solver)
    if stats.has_solution:
        progress.plan(_mask([float(variable.varValue or 0.0) for variable in decisions.built]), "compact")
    bound = _bound(stats, task)
    if bound is not None and math.isfinite(bound):
        progress.bound(bound * scale_of(task.problem), "compact")
    empty = stats.status == pulp.LpSolveStatus.Infeasible and progress.best is None
    reason = "infeasible" if empty else _reason(progress, task.gap)
    return reason, f"{stats.solver} {stats.solver_version or ''}".strip()


def _bound(stats: Any, task: Task) -> float | None:  # noqa: ANN401 - PuLP's own
    """Return the bound that a solver gave, or that its word of being done gives; None without one."""
    if stats.best_bound is not None:
        return float(stats.best_bound)
    done = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
    if stats.objective is None or stats.status not in done or task.gap >= 1.0:
        return None
    share = 1.0 - task.gap
    return float(stats.objective * share if task.problem.budget is None else stats.objective / share)


def _reason(progress: Progress, gap: float) -> str:
    if progress.closed(0.0):
        return "proof"
    return "gap" if progress.closed(gap) else "time"


def _mask(values: list[float]) -> Mask:
    return np.append(np.array(values) > 0.5, True)


def _start_from(decisions: Decisions, best: Mask | None) -> None:
    """Give the best plan so far to the solver; it completes the flows."""
    if best is not None:
        for variable, is_open in zip(decisions.built, best[:-1].tolist(), strict=True):
            variable.setInitialValue(int(is_open))


def _follow(task: Task, progress: Progress) -> dict[str, object]:
    """Return options that pass on plans and bounds while HiGHS works, in case it ends early.

    Bounds are taken where HiGHS asks whether to go on: those told with points and with lines of its log may
    be of the small model in which it completes the start.
    """
    if task.solver != "highs":
        return {}
    kinds = highspy.cb.HighsCallbackType
    count, scale = len(task.problem.candidates), scale_of(task.problem)

    def heard(kind: int, _message: str, out: Any, _into: Any, _data: Any) -> None:  # noqa: ANN401 - HiGHS's own
        if kind == kinds.kCallbackMipImprovingSolution:
            progress.plan(_mask(list(out.mip_solution)[:count]), "compact")
        elif math.isfinite(out.mip_dual_bound):
            progress.bound(out.mip_dual_bound * scale, "compact")

    activated = [kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt]
    return {"callbackTuple": (heard, None), "callbacksToActivate": activated}

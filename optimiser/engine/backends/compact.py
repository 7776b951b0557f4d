"""Solve the compact model by a solver of choice through PuLP."""

from __future__ import annotations

import math
from typing import Any

import highspy
import numpy as np
import pulp

from optimiser.engine.backends.registry import TIME, Solver, here, instance
from optimiser.engine.backends.timed import solve_in_time
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.decisions import Decisions, scale_of
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.task import Task

COMPLETES_POORLY = ("highs", "HiGHS_CMD")
"""Solvers that get no start: HiGHS 1.16 completes one without flows in a small model, and may end with it."""

DONE = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
"""Words of a solver that it has proved what was asked for."""

PATIENCE, GRACE_S = 1.1, 2.0
"""A command that was told a limit is ended at so many times that limit and so many seconds more: GLPK gives
the relaxation and the tree the whole of it each. The child process has longer (`process.hard_limit_s`)."""


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
    chosen = here(task.solver)
    warm = progress.best is not None and chosen.takes_start and chosen.name not in COMPLETES_POORLY
    if warm:
        _start_from(decisions, progress.best)
    followed = _follow(task, progress) if chosen.name == "highs" else {}
    stats = solved(lp, task, chosen, progress.left(), warm=warm, **followed)
    if stats is None:
        return "time", name_of(None, chosen)
    if stats.has_solution:
        progress.plan(_mask([float(variable.varValue or 0.0) for variable in decisions.x]), "compact")
    bound = bound_of(stats, task, chosen)
    if bound is not None and math.isfinite(bound):
        progress.bound(bound * scale_of(task.problem), "compact")
    says_empty = stats.status == pulp.LpSolveStatus.Infeasible and chosen.knows_infeasible
    empty = says_empty and progress.best is None
    return "infeasible" if empty else _reason(progress, task.gap, stats.status), name_of(stats, chosen)


def solved(
    lp: pulp.LpProblem, task: Task, solver: Solver, seconds: float, *, warm: bool = False, **more: object
) -> Any | None:  # noqa: ANN401 - PuLP's own
    """Solve a model, and return what PuLP says of it; None when it was ended at the time limit.

    Parameters
    ----------
    lp
        The model.
    task
        What was asked.
    solver
        The solver.
    seconds
        Time limit.
    warm
        Start from the values of the variables.
    **more
        Further options of the solver's class.
    """
    made = instance(
        solver.name, seconds=seconds, gap=task.gap, threads=task.threads, seed=task.seed, warm=warm, **more
    )
    if TIME not in solver.keywords:
        return solve_in_time(lp, made, seconds)
    return solve_in_time(lp, made, PATIENCE * seconds + GRACE_S) if solver.is_command else lp.solve(made)


def name_of(stats: Any, solver: Solver) -> str:  # noqa: ANN401 - PuLP's own
    """Return the name of a solver for results, with what PuLP could not tell it.

    Parameters
    ----------
    stats
        What PuLP says of the solve; None when it was ended.
    solver
        The solver.
    """
    name = solver.pulp_name if stats is None else f"{stats.solver} {stats.solver_version or ''}".strip()
    return f"{name} (not told: {', '.join(solver.untold)})" if solver.untold else name


def bound_of(stats: Any, task: Task, solver: Solver) -> float | None:  # noqa: ANN401 - PuLP's own
    """Return the bound on the objective that a solve proved; None when it proved none.

    Parameters
    ----------
    stats
        PuLP's record of the solve.
    task
        What was asked; its gap decides what the status "optimal" proves.
    solver
        The solver.

    Notes
    -----
    A bound counts only together with a solution: CP-SAT ends UNKNOWN with a bound of 0, which would make a
    plan that covers nothing optimal. Bounds that HiGHS proves before its first solution come by callback.
    """
    if not stats.has_solution:
        return None
    if stats.best_bound is not None:
        return float(stats.best_bound)
    gap = solver.word_holds_within(task.gap)
    if stats.objective is None or stats.status not in DONE or gap is None or gap >= 1.0:
        return None
    share = 1.0 - gap
    return float(stats.objective * share if task.problem.budget is None else stats.objective / share)


def _reason(progress: Progress, gap: float, status: int) -> str:
    if progress.closed(0.0):
        return "proof"
    if progress.closed(gap):
        return "gap"
    return "time" if progress.stop() or status == pulp.LpSolveStatus.TimeLimit else "stalled"


def _mask(values: list[float]) -> Mask:
    return np.append(np.array(values) > 0.5, True)


def _start_from(decisions: Decisions, best: Mask | None) -> None:
    """Give the best plan so far to the solver; it completes the flows."""
    if best is not None:
        for variable, is_open in zip(decisions.x, best[:-1].tolist(), strict=True):
            variable.setInitialValue(int(is_open))


def _follow(task: Task, progress: Progress) -> dict[str, object]:
    """Return options that pass on plans and bounds while HiGHS works, in case it ends early.

    Bounds are taken where HiGHS asks whether to go on: those told with points and with lines of its log may
    be of the small model in which it completes the start.
    """
    kinds = highspy.cb.HighsCallbackType
    count, scale = len(task.problem.candidates), scale_of(task.problem)

    def heard(kind: int, _message: str, out: Any, _into: Any, _data: Any) -> None:  # noqa: ANN401 - HiGHS's own
        if kind == kinds.kCallbackMipImprovingSolution:
            progress.plan(_mask(list(out.mip_solution)[:count]), "compact")
        elif math.isfinite(out.mip_dual_bound):
            progress.bound(out.mip_dual_bound * scale, "compact")

    activated = [kinds.kCallbackMipImprovingSolution, kinds.kCallbackMipInterrupt]
    return {"callbackTuple": (heard, None), "callbacksToActivate": activated}

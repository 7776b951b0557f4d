"""Run one variant on one problem in a child process, and check what it claims."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from optimiser.engine.child import ChildProcess, Ending
from optimiser.engine.claims import CheckedClaims
from optimiser.engine.methods.variants import variant_of
from optimiser.engine.search.task import SolveParameters
from optimiser.problem import DesignProblem, dumps
from optimiser.problem.result import TracePoint
from optimiser.verify.infeasible import is_enumerable, prove_infeasible

ANY_GAP = 1e12
"""Relative gap that any plan meets, up to weights of a trillion in all."""


class Runner(Protocol):
    """Does a task in a child process, as `ChildProcess` does."""

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Do a task, and pass on its messages."""


class UnsettledError(Exception):
    """A solve ended without a plan within the gap asked for and without a proof that there is none."""


def attempt(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
) -> tuple[CheckedClaims, Ending]:
    """Run a variant on a problem.

    Parameters
    ----------
    problem
        The problem.
    name
        Name of a variant, or path of a file that holds one of the user's own; never `auto`.
    params
        Limits and choices; the solver is never `auto`.
    progress
        Takes each improvement of plan or bound.
    run
        Does the task; default a child process of its own.

    Returns
    -------
    tuple
        Plan and bound as far as they were checked, and how the run ended.

    Raises
    ------
    EnvironmentFault
        When the child process cannot be started.
    """
    if run is None:
        with ChildProcess() as process:
            process.start()
            return attempt(problem, name, params, progress, process)
    claims = CheckedClaims(problem, progress)
    task = {"problem": json.loads(dumps(problem)), **_task(name, params)}
    ending = run(task, claims.receive, time_limit_s=params.time_limit_s)
    claims.finish(ending, proves=variant_of(name).proves)
    return claims, ending


def prepare(
    process: ChildProcess, name: str, params: SolveParameters, *, with_budget: bool, with_ring: bool
) -> None:
    """Let a child process load what a solve will need, while its problem is still being made.

    Parameters
    ----------
    process
        The process that will be given the problem.
    name, params
        As for `attempt`.
    with_budget, with_ring
        What kind of problem it will be.

    Raises
    ------
    EnvironmentFault
        When the child process cannot be started.
    """
    process.prepare({"prepare": {"with_budget": with_budget, "with_ring": with_ring}, **_task(name, params)})


def _task(name: str, params: SolveParameters) -> dict[str, Any]:
    """Return a task without its problem."""
    return {
        "variant": name,
        "seconds": params.time_limit_s,
        "gap": params.gap,
        "threads": params.threads,
        "seed": params.seed,
        "solver": params.solver,
        "memory_mb": params.memory_mb,
    }


def any_plan(
    problem: DesignProblem, name: str, params: SolveParameters, run: Runner | None = None
) -> tuple[str, ...] | None:
    """Return any feasible plan, or None where it is proved that there is none; small problems are tried out.

    Raises
    ------
    UnsettledError
        When time ran out before.
    """
    if problem.is_plain:
        from optimiser.engine.presolve import reduce

        reduced = reduce(problem)
        if not reduced.feasible:
            return None
        if is_enumerable(reduced.problem):
            found = prove_infeasible(reduced.problem).plan
            return None if found is None else tuple(sorted({*reduced.forced, *found}))
    return plan_within_gap(problem, name, params.replace(gap=ANY_GAP), run)


def plan_within_gap(
    problem: DesignProblem, name: str, params: SolveParameters, run: Runner | None = None
) -> tuple[str, ...] | None:
    """Return a plan within the gap asked for, or None where it is proved that there is none.

    Raises
    ------
    UnsettledError
        When time ran out before.
    """
    best = attempt(problem, name, params, run=run)[0].best()
    if best["status"] == "infeasible":
        return None
    if best["gap"] is None or best["gap"] > params.gap:
        raise UnsettledError
    built: tuple[str, ...] = best["built"]
    return built

"""Run a variant on a problem in a child process, and check its claims."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from optimiser.engine.backends import solvers
from optimiser.engine.child import ChildProcess, Ending
from optimiser.engine.claims import CheckedClaims
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.variants import variant_of
from optimiser.engine.search.task import SolveParameters
from optimiser.problem import DesignProblem, dumps
from optimiser.problem.result import TracePoint
from optimiser.verify.infeasible import is_enumerable, prove_infeasible
from optimiser.verify.rules import coverable, pair_times

ANY_GAP = 1e12
"""Relative gap that every plan satisfies, for total weights up to a trillion."""


class Runner(Protocol):
    """Runs tasks in a child process, like `ChildProcess`."""

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Run a task, and pass its messages to `receive`."""


@contextmanager
def runner(run: Runner | None) -> Iterator[Runner]:
    """Give what runs tasks: the runner given, or a new child process, which ends with the block."""
    if run is not None:
        yield run
        return
    with ChildProcess() as process:
        process.start()
        yield process


def is_believed(name: str, solver: str) -> bool:
    """Return whether bounds of a variant with a solver, and its word that there is no plan, count.

    Parameters
    ----------
    name
        Name of a variant, or path of a file with a variant of the user's own.
    solver
        Name of its solver.
    """
    return not name.endswith(SUFFIX) and solvers.is_believed(solver)


class UnsettledError(Exception):
    """A solve ended without a plan within the requested gap, and without a proof of infeasibility."""


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
        Name of a variant other than `auto`, or path of a file with a variant of the user's own.
    params
        Limits and options; the solver must not be `auto`.
    progress
        Called with each improvement of plan or bound.
    run
        Runs the task; default: a new child process.

    Returns
    -------
    tuple
        The checked plan and bound, and how the run ended.

    Raises
    ------
    EnvironmentFault
        When the child process cannot be started.
    """
    start = None if params.start is None else params.start.known_to(problem)
    claims = CheckedClaims(problem, progress, start, believes=is_believed(name, params.solver))
    task = {
        "problem": json.loads(dumps(problem)),
        "start": start and [*start],
        "log": None if params.solver_log is None else str(params.solver_log.absolute()),
        **_task(name, params),
    }
    # The check of the plan asks for these times, and should not begin with them when the time is up.
    for times in (partial(pair_times, problem, ()), partial(coverable, problem)):
        threading.Thread(target=times, daemon=True).start()
    with runner(run) as run_task:
        ending = run_task(task, claims.receive, time_limit_s=params.time_limit_s)
    left = params.time_limit_s - ending.seconds
    claims.finish(ending, proves=variant_of(name).proves, seconds=left)
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
    """Return any feasible plan, or None if the problem is proved infeasible; small problems are enumerated.

    Raises
    ------
    UnsettledError
        When the time ran out first.
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
    """Return a plan within the requested gap, or None if the problem is proved infeasible.

    Raises
    ------
    UnsettledError
        When the time ran out first.
    """
    best = attempt(problem, name, params, run=run)[0].best()
    if best["status"] == "infeasible":
        return None
    if best["gap"] is None or best["gap"] > params.gap:
        raise UnsettledError
    built: tuple[str, ...] = best["built"]
    return built

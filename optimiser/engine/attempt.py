"""Run one variant on one problem, and hold what it claims against the problem."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from optimiser.engine.ledger import Ledger
from optimiser.engine.methods.variants.registry import variant_of
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.process import Ending, run_child
from optimiser.engine.search.task import SolveParameters
from optimiser.problem import DesignProblem, dumps
from optimiser.problem.result import TracePoint
from optimiser.verify.infeasible import is_enumerable, obstacles, prove_infeasible

ANY_GAP = 1e12
"""A gap that any plan is within: the search may end with the first one."""


class Runner(Protocol):
    """Does a task in a child process, as `run_child` does."""

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Do a task and pass on its messages."""


class UnsettledError(Exception):
    """Neither an answer nor the proof that there is none was found."""


def attempt(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
) -> tuple[Ledger, Ending]:
    """Reduce a problem and run a variant on what is left.

    Parameters
    ----------
    problem
        The problem.
    name
        A variant, not `auto`; the path of its file for one of the user's own.
    params
        Limits and choices, with the solver resolved.
    progress
        Called with each improvement of plan or bound.
    run
        Does the task; default `run_child`.

    Returns
    -------
    tuple
        What is known of the problem, and how the run ended; its seconds and the limit count the reduction.
    """
    _load()
    begun = time.monotonic()
    reduced = reduce(problem) if problem.is_plain else unreduced(problem)
    spent = time.monotonic() - begun
    ledger = Ledger(problem, reduced, progress, spent=spent)
    if not reduced.feasible:
        return ledger, Ending("infeasible", "", "", spent)
    ending = Ending("proof" if ledger.has_plan else "infeasible", "", "", spent)
    left = max(0.0, params.time_limit_s - spent)
    if (reduced.problem.candidates and reduced.problem.pairs) or not problem.is_plain:
        task = {
            "problem": json.loads(dumps(reduced.problem)),
            "variant": name,
            "seconds": left,
            "gap": params.gap,
            "threads": params.threads,
            "seed": params.seed,
            "solver": params.solver,
            "memory_mb": params.memory_mb,
            "base": reduced.base,
        }
        solved = (run or run_child)(task, ledger.receive, time_limit_s=left)
        ending = replace(solved, seconds=spent + solved.seconds)
    ledger.finish(ending, proves=variant_of(name).proves)
    return ledger, ending


@cache
def _load() -> None:
    """Load the compiled code of the reduction: that belongs to the imports, not to the seconds of a solve."""
    from optimiser.engine.warming import tiny_problem

    for with_budget in (True, False):
        reduce(tiny_problem(with_budget=with_budget))


def unreduced(problem: DesignProblem) -> Reduction:
    """Return a problem with rings or periods as it is, in canonical order, or the reason why it has no plan.

    Parameters
    ----------
    problem
        Any problem.
    """
    known = obstacles(problem)
    return Reduction(
        problem=problem.canonical(),
        forced=(),
        forced_cost=0,
        base_weight=0,
        feasible=not known,
        reason=known[0] if known else "",
    )


def any_plan(problem: DesignProblem, name: str, params: SolveParameters) -> tuple[str, ...] | None:
    """Return some plan of a problem, or None where it is proved that there is none.

    Parameters
    ----------
    problem, name, params
        As for `attempt`.

    Raises
    ------
    UnsettledError
        When time ran out before.
    """
    if not problem.is_plain:
        return answer(problem, name, params.replace(gap=ANY_GAP))
    reduced = reduce(problem)
    if reduced.feasible and is_enumerable(reduced.problem):
        found = prove_infeasible(reduced.problem).plan
        return None if found is None else tuple(sorted({*reduced.forced, *found}))
    return answer(problem, name, params.replace(gap=ANY_GAP))


def answer(problem: DesignProblem, name: str, params: SolveParameters) -> tuple[str, ...] | None:
    """Return a plan within the gap asked for, or None where it is proved that there is none.

    Parameters
    ----------
    problem, name, params
        As for `attempt`.

    Raises
    ------
    UnsettledError
        When time ran out before.
    """
    best = attempt(problem, name, params)[0].best()
    if best["status"] == "infeasible":
        return None
    if best["gap"] is None or best["gap"] > params.gap:
        raise UnsettledError
    built: tuple[str, ...] = best["built"]
    return built

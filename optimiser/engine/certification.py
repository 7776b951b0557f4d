"""Ask a child process for a proof of a bound, and check the proof."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from optimiser.engine.attempt import Runner, runner
from optimiser.engine.search.task import DAY_S
from optimiser.problem import DesignProblem, dumps, errors
from optimiser.problem.result import Result, rounded_bound
from optimiser.verify import bound_checker

WRITING_S = 15.0
"""Seconds beyond its limit that a proof may take to be written down, which needs every leaf."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A bound whose proof was checked in exact arithmetic.

    Attributes
    ----------
    bound
        Bound on the objective of every plan; None: there is no plan.
    seconds
        That the proof took; checking it not included.
    checked_s
        That the check took.
    document
        The proof, for `certificate.json`.
    """

    bound: int | None
    seconds: float
    checked_s: float
    document: dict[str, Any] = field(repr=False)


def claimed_bound(problem: DesignProblem, result: Result) -> int | None:
    """Return the bound of a result as an integer; None where it claims that there is no plan.

    Without a bound, it is the objective of the plan: as much is proved as the time allows.
    """
    if result.status == "infeasible":
        return None
    bound = result.objective if result.bound is None else result.bound
    return rounded_bound(bound, minimise=problem.budget is None)


def certify(
    problem: DesignProblem,
    claimed: Result | int | None,
    *,
    time_limit_s: float = DAY_S,
    seed: int = 1,
    memory_mb: int | None = None,
    progress: Callable[[float, int | None, int], None] = lambda _seconds, _bound, _nodes: None,
    run: Runner | None = None,
    take_plan: Callable[[dict[str, Any]], None] = lambda _message: None,
) -> Certified:
    """Prove a bound, or as much of it as effort and time allow; check the proof without trusting any solver.

    Parameters
    ----------
    problem
        Any problem.
    claimed
        What is to be proved: the bound of a result, a bound on the objective, or, with None, that there is no
        plan.
    time_limit_s
        Time limit of the proof.
    seed
        Random seed.
    memory_mb
        Memory limit of the child process; None: no limit.
    progress
        Called as the bound improves.
    run
        Runs the task in a child process; default: a new one.
    take_plan
        Called with plans that are better than what is claimed; the best one is what is proved then.

    Returns
    -------
    Certified
        The bound that the check found.

    Raises
    ------
    SolverError
        When the child process ended without a proof, or the check refused it.
    """
    if isinstance(claimed, Result):
        claimed = claimed_bound(problem, claimed)
    raw = json.loads(dumps(problem))
    question = {"claimed": claimed, "seconds": time_limit_s, "seed": seed}

    def receive(message: dict[str, Any]) -> None:
        if message["kind"] == "proof":
            progress(float(message["seconds"]), message["bound"], int(message["nodes"]))
        elif message["kind"] == "plan":
            take_plan({**message, "built": [problem.candidates[j].id for j in message["built"]]})

    task = {"certify": question, "problem": raw, "memory_mb": memory_mb}
    with runner(run) as run_task:
        ending = run_task(task, receive, time_limit_s=time_limit_s + WRITING_S)
    document = ending.details.get("document")
    failure = partial(
        errors.SolverError,
        where=f"problem {problem.name!r}",
        done="Plan and bound stay as they were; the bound is the word of the solver.",
    )
    if not isinstance(document, dict):
        raise failure(
            "no bound was certified",
            faults=[ending.message or f"the process ended by {ending.reason}"],
            remedy="Certify again with more time or memory: polyring certify RUN --time-limit SECONDS.",
        )
    begun = time.monotonic()
    try:
        bound = bound_checker.check_bound(bound_checker.Model(raw), document)
    except (bound_checker.Refused, LookupError, TypeError, ValueError) as error:
        raise failure(
            "the check refused the proof of a bound", faults=[str(error)], remedy="Report the problem file."
        ) from error
    # The prover rounds objectives beyond 2^53, which HiGHS cannot hold; what counts is the check.
    return Certified(bound, ending.seconds, time.monotonic() - begun, {**document, "bound": bound})

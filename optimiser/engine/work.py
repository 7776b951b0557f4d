"""Reduce a problem and run a variant on it, as the child process does."""

import dataclasses
import time
from typing import Any

from optimiser.engine.methods import own_variant
from optimiser.engine.methods.heuristics.greedy import nothing
from optimiser.engine.methods.heuristics.lns import report_start
from optimiser.engine.methods.variants import method_of
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.search.incumbent import Send, Stop, mask_incumbent, never_stop, stop_after
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem, model
from optimiser.verify.infeasible import obstacles
from optimiser.verify.rules import trivial_bound

REDUCTION_SHARE = 0.25
"""Share of the time limit after which the reduction begins no further round; a plan needs time as well."""


def solve(task: Task, send: Send) -> tuple[str, str, str]:
    """Reduce a problem and run a variant on it; plans and bounds of the original problem go out as messages.

    Parameters
    ----------
    task
        The original problem, and how it is to be solved.
    send
        Takes messages; plans are ids, circuits by the numbers of the original problem, and starts.

    Returns
    -------
    tuple
        Why it ended, the name of the solver, and why the reduction found no plan.
    """
    begun, problem, start = time.monotonic(), task.problem, task.start
    if not problem.pairs:  # the network then decides nothing
        bare = tuple(dataclasses.replace(candidate, arcs=()) for candidate in problem.candidates)
        problem = problem.replace(nodes=(), arcs=(), candidates=bare)
    reduced = reduction_of(problem, stop=stop_after(REDUCTION_SHARE * task.seconds))
    if not reduced.feasible:
        return "infeasible", "", reduced.reason
    open_bound = trivial_bound(reduced.problem, range(len(reduced.problem.pairs)))
    send({"kind": "bound", "step": "presolve", "bound": open_bound + reduced.base})
    left = max(0.0, task.seconds - (time.monotonic() - begun))
    if start is not None:
        start = start._replace(circuits=model.canonical_circuits(problem, start.circuits))
    inner = dataclasses.replace(task, problem=reduced.problem, seconds=left, base=reduced.base, start=start)
    outcome = _run(inner, _lifting(problem, reduced, send))
    if task.variant.endswith(own_variant.SUFFIX):  # it may have returned anything
        outcome = own_variant.checked_ending(outcome)
    return *outcome, ""


def _lifting(problem: DesignProblem, reduced: Reduction, send: Send) -> Send:
    """Return what turns messages about a reduced problem into messages about the original one."""

    def lift(message: dict[str, Any]) -> None:
        if message["kind"] == "plan":
            rings = model.lifted_circuits(problem, message.get("rings", {}))
            message = message | {
                "built": list(reduced.lifted(message["built"])),
                "rings": {name: list(links) for name, links in rings.items()},
                "starts": dict(message.get("starts", {})),
            }
        elif message["kind"] == "bound":
            bounds = message.keys() & {"bound", "told"}
            message = message | {name: message[name] + reduced.base for name in bounds}
        send(message)

    return lift


def reduction_of(problem: DesignProblem, *, stop: Stop = never_stop) -> Reduction:
    """Return the reduction of a problem; one with rings or periods is put into canonical order alone.

    The rules know neither: pairs are covered over time, and links earn their place by rings. It is infeasible
    where it has obstacles.

    Parameters
    ----------
    problem
        The problem.
    stop
        Returns whether the time for it is up.
    """
    if problem.is_plain:
        return reduce(problem, stop=stop)
    known = obstacles(problem)
    return Reduction(problem.canonical(), reason=str(known[0]) if known else "")


def _run(task: Task, send: Send) -> tuple[str, str]:
    """Run a variant on a reduced problem."""
    run, run_extended = method_of(task.variant)
    if not task.problem.is_plain:
        if run_extended is None:
            raise ValueError(task.variant)
        return run_extended(task, send)
    t = tables(task.problem)
    incumbent = mask_incumbent(t, seconds=task.seconds, send=send, base=task.base)
    incumbent.most_nodes = task.nodes
    if not t.size or not len(t.limit):
        return ("proof" if incumbent.plan(nothing(t), "presolve") else "infeasible"), ""
    if task.start is not None:
        report_start(t, incumbent, task.problem, task.start.built)
    return run(t, incumbent, task)

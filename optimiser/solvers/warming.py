"""Load libraries and compiled code before the clock of a solve starts, by solving a tiny problem."""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress

from optimiser.problem import Arc, Candidate, DesignProblem, Pair, Ring, RingLink, RingStop
from optimiser.solvers.task import Task
from optimiser.solvers.work import work

ROUND_S = 0.5
"""Time limit of a tiny solve; proofs take some hundredths once all is loaded."""

ROUNDS = 20
"""Tiny solves at most: one that loads or compiles overruns its limit before it has come to later steps."""


def warm(task: Task) -> None:
    """Solve a tiny problem in the way that a task will be solved, and forget the outcome.

    The seconds of a result are those of the solve, without imports; variants import their solvers when they
    run, and compiled code is loaded when it is first called. What fails here will fail again, and be told,
    when the task itself is done.

    Parameters
    ----------
    task
        What is to be done next.
    """
    tiny = tiny_problem(with_budget=task.problem.budget is not None)
    if not task.problem.is_plain:
        tiny = tiny.replace(rings=(_tiny_ring(),))
    asked = dataclasses.replace(task, problem=tiny, seconds=ROUND_S, base=0)
    with suppress(Exception):
        for _ in range(ROUNDS):
            begun = time.monotonic()
            work(asked, lambda _message: None)
            if time.monotonic() - begun < 2 * ROUND_S:
                return


def tiny_problem(*, with_budget: bool) -> DesignProblem:
    """Return a line of four places with three shortcuts, of which the budget allows two."""
    return DesignProblem(
        name="tiny",
        nodes=("a", "b", "c", "d"),
        arcs=(*_two_way(0, 1, 100), *_two_way(1, 2, 100), *_two_way(2, 3, 100)),
        candidates=(
            Candidate("ac", 3, _two_way(0, 2, 50)),
            Candidate("ad", 9, _two_way(0, 3, 60)),
            Candidate("bd", 4, _two_way(1, 3, 50)),
        ),
        pairs=(Pair(0, 2, 60, 2), Pair(0, 3, 155, 5), Pair(1, 3, 110, 3)),
        budget=7 if with_budget else None,
    )


def _tiny_ring() -> Ring:
    """Return a ring round one place, of which one side has to be built, with a stop on a way round."""
    nodes = ((0, 0), (4, 0), (4, 4), (0, 4), (6, 6))
    links = (*(RingLink(a, b) for a, b in ((0, 1), (1, 2), (2, 3), (1, 4), (2, 4))), RingLink(3, 0, "ac"))
    return Ring("tiny", True, ((1, 2),), nodes, links, (RingStop("far", (4,)),), least_stops=1)


def _two_way(a: int, b: int, seconds: int) -> tuple[Arc, ...]:
    return (a, b, seconds), (b, a, seconds)

"""Load libraries and compiled code before the clock of a solve starts, by solving a small problem."""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress

from numba.core import event

from optimiser.engine.search.task import Task
from optimiser.engine.work import work
from optimiser.problem import Arc, Candidate, DesignProblem, Pair, Ring, RingLink, RingStop

ROUND_S = 0.5
"""Time limit of a small solve; proofs take some hundredths once all is loaded."""

ROUNDS = 20
"""Small solves at most: one that loads or compiles overruns its limit before it has come to later steps."""


ROADS = (
    (0, 1, 2494, 382), (1, 2, 2575, 330), (2, 3, 3086, 684), (3, 4, 3497, 437), (5, 6, 1574, 238),
    (6, 7, 1803, 345), (7, 8, 3229, 564), (8, 9, 3493, 337), (0, 5, 3599, 311), (2, 7, 3749, 855),
    (4, 9, 5086, 1067),
)  # fmt: skip
"""Two lines of five places and three roads between them: places, seconds, cost of making it twice as fast."""

PAIRS = (
    (0, 3, 4689, 16), (0, 4, 6701, 18), (0, 7, 4012, 5), (1, 2, 1481, 12), (1, 7, 3637, 17), (1, 8, 5494, 6),
    (1, 9, 7503, 7), (2, 9, 6022, 17), (3, 4, 2011, 12), (3, 5, 5873, 11), (3, 7, 3930, 14), (3, 8, 5787, 11),
    (4, 5, 7884, 20), (4, 6, 6979, 16), (4, 8, 4933, 2), (4, 9, 2924, 3), (5, 6, 905, 11), (5, 9, 5808, 17),
    (6, 9, 4903, 2), (7, 8, 1857, 14),
)  # fmt: skip
"""Pairs of these places, their limits and weights."""


def warm(task: Task) -> None:
    """Solve a small problem in the way that a task will be solved, and forget the outcome.

    The seconds of a result are those of the solve, without imports; variants import their solvers when they
    run, and compiled code is loaded when it is first called. What fails here will fail again, and be told,
    when the task itself is done.

    Parameters
    ----------
    task
        What is to be done next.
    """
    with_budget = task.problem.budget is not None
    if task.problem.is_plain:
        problems = [small_problem(with_budget=yes) for yes in ((True,) if with_budget else (True, False))]
    else:
        problems = [tiny_problem(with_budget=with_budget).replace(rings=(_tiny_ring(),))]
    for problem in problems:
        _solve_until_loaded(dataclasses.replace(task, problem=problem, seconds=ROUND_S, base=0))


def _solve_until_loaded(asked: Task) -> None:
    """Solve a problem again and again until nothing is loaded or compiled any more."""
    with suppress(Exception):
        for _ in range(ROUNDS):
            begun = time.monotonic()
            with event.install_recorder("numba:compile") as compiled:
                work(asked, lambda _message: None)
            if not compiled.buffer and time.monotonic() - begun < 2 * ROUND_S:
                return


def small_problem(*, with_budget: bool) -> DesignProblem:
    """Return two lines of five places, whose roads may be made twice as fast, a third within the budget.

    With the budget no relaxation is tight at its root, so that all steps of a search are gone through.
    """
    return DesignProblem(
        name="small",
        nodes=tuple("abcdefghij"),
        arcs=tuple(arc for a, b, seconds, _ in ROADS for arc in _two_way(a, b, seconds)),
        candidates=tuple(
            Candidate(f"c{a}{b}", cost, _two_way(a, b, seconds // 2 + 1)) for a, b, seconds, cost in ROADS
        ),
        pairs=tuple(Pair(*pair) for pair in PAIRS),
        budget=1665 if with_budget else None,
    )


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

"""Load libraries and compiled code before the clock of a task starts, by solving small problems like it."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from optimiser.engine.methods.bound_prover import prove_bound
from optimiser.engine.methods.cuts.partitions import PartitionCuts, part_graph
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.questions import QuestionSession
from optimiser.engine.search.compiled import use_machine_code
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Question, Task
from optimiser.engine.work import solve
from optimiser.problem import Arc, Candidate, DesignProblem, Pair, Ring, RingLink, RingStop

WARM_UP_S, MOST_WARM_UPS = 0.5, 20
"""Time limit of one warm-up solve, and most of them: more follow as long as anything was compiled in the
last."""

MOST_IDLE_S = 4.0
"""Seconds of warm-ups that compile nothing: a solver that hangs would take all of them."""

PROVER, SOLVER = "cuts", "highs"
"""Variant and solver whose warm-up serves variants of the user's own."""

# Roads of the warm-up problem: ends, seconds today, cost of an upgrade. It is drawn so that its root stays
# open: every later step of a search is then compiled before the clock starts.
_ROADS = (
    (0, 1, 2494, 382), (1, 2, 2575, 330), (2, 3, 3086, 684), (3, 4, 3497, 437), (5, 6, 1574, 238),
    (6, 7, 1803, 345), (7, 8, 3229, 564), (8, 9, 3493, 337), (0, 5, 3599, 311), (2, 7, 3749, 855),
    (4, 9, 5086, 1067),
)  # fmt: skip
_PAIRS = (
    (0, 3, 4689, 16), (0, 4, 6701, 18), (0, 7, 4012, 5), (1, 2, 1481, 12), (1, 7, 3637, 17), (1, 8, 5494, 6),
    (1, 9, 7503, 7), (2, 9, 6022, 17), (3, 4, 2011, 12), (3, 5, 5873, 11), (3, 7, 3930, 14), (3, 8, 5787, 11),
    (4, 5, 7884, 20), (4, 6, 6979, 16), (4, 8, 4933, 2), (4, 9, 2924, 3), (5, 6, 905, 11), (5, 9, 5808, 17),
    (6, 9, 4903, 2), (7, 8, 1857, 14),
)  # fmt: skip


def warm_up(task: Task) -> None:
    """Load what a task needs before its clock starts, by solving small problems of the same kind.

    A variant of the user's own runs only within its time limit: what it calls is loaded by `PROVER`.

    Parameters
    ----------
    task
        The task; its problem is not touched.
    """
    if task.variant.endswith(SUFFIX):
        task = dataclasses.replace(task, variant=PROVER, solver=SOLVER)
    with_budget = task.problem.budget is not None
    if task.problem.is_plain:
        problems = [small_problem(with_budget=yes) for yes in ((True,) if with_budget else (True, False))]
    else:
        problems = [tiny_problem(with_budget=with_budget, with_ring=True)]
    for problem in problems:
        small = dataclasses.replace(task, problem=problem, seconds=WARM_UP_S, start=None)
        _repeat(lambda small=small: solve(small, lambda _message: None))  # type: ignore[misc]


def warm_up_questions(threads: int) -> None:
    """Load what questions need before their clock starts.

    Parameters
    ----------
    threads
        Threads of the session.
    """
    tiny = tiny_problem(with_budget=True)
    measures = np.array([[pair.weight for pair in tiny.pairs]], np.int64)

    def answer() -> None:
        session = QuestionSession(tiny, measures, seed=1, threads=threads)
        for question in (Question(7, (0,), cheapest=False), Question(None, (7,), cheapest=True)):
            session.answer(question, seconds=WARM_UP_S, gap=0.0, base=0, send=lambda _message: None)

    _repeat(answer)


def warm_up_proofs() -> None:
    """Load what proofs of bounds need before their clock starts."""
    problem = small_problem(with_budget=True)

    def prove() -> None:
        end = time.monotonic() + WARM_UP_S
        prove_bound(problem, 0, seed=1, left=lambda: end - time.monotonic())

    _repeat(prove)


def compile_last_steps() -> None:
    """Compile what a solve needs last, so that the process of the solver finds it on the disk.

    A process that waits for its solver to be ready has the time.
    """
    use_machine_code()
    t = tables(small_problem(with_budget=True))
    x, y = np.full(t.size, 0.5), np.ones(len(t.limit))
    separate(t, np.arange(len(t.limit)), x, y, x)
    PartitionCuts(part_graph(t)).violated(x, y, most=1)


def _repeat(work: Callable[[], object]) -> None:
    """Do some work until a round compiles nothing; what it raises is left to the real task.

    A round that compiles nothing and takes long all the same may load libraries, and is repeated for a while.
    """
    from optimiser.engine.search.native import watch_compilation

    use_machine_code()
    with suppress(Exception):
        idle_s = 0.0
        for _ in range(MOST_WARM_UPS):
            begun = time.monotonic()
            with watch_compilation() as compiled:
                work()
            took_s = time.monotonic() - begun
            idle_s += 0.0 if compiled() else took_s
            if not compiled() and (took_s < 2 * WARM_UP_S or idle_s > MOST_IDLE_S):
                return


def small_problem(*, with_budget: bool) -> DesignProblem:
    """Return a problem that takes every step of a search, and little time."""
    return DesignProblem(
        name="small",
        nodes=tuple("abcdefghij"),
        arcs=tuple(arc for a, b, seconds, _ in _ROADS for arc in _two_way(a, b, seconds)),
        candidates=tuple(
            Candidate(f"c{a}{b}", cost, _two_way(a, b, seconds // 2 + 1)) for a, b, seconds, cost in _ROADS
        ),
        pairs=tuple(Pair(*pair) for pair in _PAIRS),
        budget=1665 if with_budget else None,
    )


def tiny_problem(*, with_budget: bool, with_ring: bool = False) -> DesignProblem:
    """Return a problem of four nodes in a line and three shortcuts."""
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
        rings=(_tiny_ring(),) if with_ring else (),
    )


def _tiny_ring() -> Ring:
    nodes = ((0, 0), (4, 0), (4, 4), (0, 4), (6, 6))
    links = (*(RingLink(a, b) for a, b in ((0, 1), (1, 2), (2, 3), (1, 4), (2, 4))), RingLink(3, 0, "ac"))
    return Ring("tiny", True, ((1, 2),), nodes, links, (RingStop("far", (4,)),), least_stops=1)


def _two_way(a: int, b: int, seconds: int) -> tuple[Arc, ...]:
    return (a, b, seconds), (b, a, seconds)

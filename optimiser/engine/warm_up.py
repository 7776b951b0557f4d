"""Load libraries and compiled code before the clock of a task starts, by solving small problems like it."""

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import resources

import numpy as np

from optimiser.engine.methods.bound_prover import prove_bound
from optimiser.engine.methods.cuts.partitions import PartitionCuts, part_graph
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.questions import QuestionSession
from optimiser.engine.search.compiled import use_machine_code
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import NO_OPTIONS, Question, Task
from optimiser.engine.work import solve
from optimiser.problem import DesignProblem, parse

WARM_UP_S, MOST_WARM_UPS = 0.5, 20
"""Time limit of one warm-up solve, and most of them: more follow as long as anything was compiled in the
last."""

MOST_IDLE_S = 4.0
"""Seconds of warm-ups that compile nothing: a solver that hangs would take all of them."""

PROVER, SOLVER = "cuts", "highs"
"""Variant and solver whose warm-up serves variants of the user's own."""

_DRAWN = resources.files("optimiser.engine") / "data"
"""Holds the problems of the warm-ups."""


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
        problems = [small_problem(with_budget=with_budget, name="tiny", with_ring=True)]
    for problem in problems:
        small = dataclasses.replace(task, problem=problem, seconds=WARM_UP_S, start=None, options=NO_OPTIONS)
        _repeat(lambda small=small: solve(small, lambda _message: None))  # type: ignore[misc]


def warm_up_questions(threads: int) -> None:
    """Load what questions need before their clock starts.

    Parameters
    ----------
    threads
        Threads of the session.
    """
    tiny = small_problem(with_budget=True, name="tiny")
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


def small_problem(*, with_budget: bool, name: str = "small", with_ring: bool = False) -> DesignProblem:
    """Return a problem that takes every step of a search, and little time.

    Parameters
    ----------
    with_budget, with_ring
        What the problem has.
    name
        `small`, or `tiny`: four nodes in a line and three shortcuts.
    """
    found = parse(json.loads((_DRAWN / f"{name}.json").read_text(encoding="utf-8")))
    budget = found.budget if with_budget else None
    return found.replace(budget=budget, rings=found.rings if with_ring else ())

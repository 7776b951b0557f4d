"""Run the engine inside the test's own process."""

from __future__ import annotations

import json
import os

from optimiser import verify
from optimiser.engine import work
from optimiser.engine.attempt import CheckedClaims
from optimiser.engine.backends.pulp_solvers import is_installed
from optimiser.engine.backends.solvers import SOLVERS
from optimiser.engine.child import ChildProcess, Ending, ending_of
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import solve_root
from optimiser.engine.methods.variants import VARIANTS, variant_of
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.engine.worker import Session
from optimiser.problem.result import Result, rounded_bound

LONG_S = 300.0
"""Room for the compilation of a first run on a slow and busy machine; the clock must not decide a proof."""

INSTALLED = {name: is_installed(solver) for name, solver in SOLVERS.items()}
"""Solvers with a short name, and whether each is installed."""

JOBS = [
    (name, solver)
    for name, variant in VARIANTS.items()
    for solver in variant.solvers
    if variant.proves and INSTALLED.get(solver, False)
]
"""Variants that prove, each with each of its solvers that is installed."""

EXTENDED_JOBS = [
    (name, solver)
    for name, variant in VARIANTS.items()
    for solver in variant.extended
    if INSTALLED.get(solver, False)
]
"""Variants that solve problems with rings or periods, each with each of its solvers that is installed."""

COUNT = int(os.environ.get("POLYRING_RANDOM", "20"))
"""Random problems that each variant and solver is compared on."""


class HereProcess:
    """Stands for `ChildProcess`: does its tasks in this process, without loading anything beforehand."""

    def __init__(self):
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    @property
    def is_running(self):
        return self._session is not None

    def start(self):
        if self._session is None:
            self._session = Session(self._take, warms_up=False)

    def prepare(self, _task):
        self.start()

    def kill(self):
        self.close()

    def close(self):
        self._session = None

    def __call__(self, task, receive, *, time_limit_s):  # noqa: ARG002 - tasks keep their limits
        self.start()
        self._receive = receive
        self._session.do(json.loads(json.dumps(task)))
        return ending_of(self._done)

    def _take(self, message):
        message = json.loads(json.dumps(message))
        if message["kind"] == "done":
            self._done = message
        else:
            self._receive(message)


def solve_here(patch):
    """Let every solver process do its tasks in this process, which spares the start of another.

    Processes with a command of their own, such as those of tasks and of the bench, stay processes; plausible
    cases are asked one after the other in this one.
    """
    from optimiser.studies import cases

    start = ChildProcess.__init__

    def start_here(self, command=None, **others):
        if command is None and type(self) is ChildProcess:
            self.__class__ = HereProcess
            HereProcess.__init__(self)
        else:
            start(self, command, **others)

    patch.setattr(ChildProcess, "__init__", start_here)
    patch.setattr(cases, "workers_of", lambda _job, workers: workers or 0)


def solved_root(problem, *, solver="highs", threads=1, seconds=LONG_S):
    """Solve the root relaxation of a reduced problem.

    Returns the tables, the incumbent, the messages it sent, the task, and the root or why the solve ended.
    """
    t, sent = tables(problem), []
    incumbent = mask_incumbent(t, seconds=seconds, send=sent.append)
    root = solve_root(t, incumbent, Relaxation(problem, seed=1), CutFinder(t), gap=0.0)
    return t, incumbent, sent, Task(problem, "cuts", seconds, 0.0, threads, 1, solver), root


def outcome_of(problem, variant="cuts", solver=None, *, seconds=LONG_S, gap=0.0, threads=1, start=None):
    """Return the result of a solve in this process, without times; no claim in it may be false."""
    claims = CheckedClaims(problem, None, start)
    able = VARIANTS[variant].solvers if problem.is_plain else VARIANTS[variant].extended
    task = Task(problem, variant, seconds, gap, threads, 1, solver or next(iter(able), "none"), start=start)
    reason, used, message = work.solve(task, claims.receive)
    claims.finish(Ending(reason, message, used), proves=variant_of(variant).proves)
    assert not claims.refusals
    return Result(
        problem=problem.name,
        **claims.best(),
        variant=variant,
        seconds=0.0,
        seed=1,
        threads=threads,
        solver=used,
        termination=reason,
        message=message,
    )


def has_true_labels(problem, result, optimum):
    """Return whether no label of a result is false; the optimum is None where no plan exists."""
    if result.status == "infeasible":
        return optimum is None
    if not result.has_plan:
        return result.bound is None
    verify.check(problem, result)
    best, bound = (
        min if problem.budget is None else max,
        rounded_bound(result.bound, minimise=problem.budget is None),
    )
    is_between = best(result.objective, optimum) == optimum and best(bound, optimum) == bound
    return is_between and (result.status != "optimal" or result.objective == optimum)

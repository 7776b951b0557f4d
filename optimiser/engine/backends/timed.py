"""Keep the time limit of a solver that keeps none: it runs in a copy of the process, which is ended."""

from __future__ import annotations

import json
import os
import select
import signal
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, NoReturn

import psutil
import pulp

TOLD = ("solver", "solver_version", "has_solution", "objective", "best_bound")
"""What comes back of what PuLP says of a solve, besides the status and the values of variables."""

ALARM_S = 2.0
"""Seconds after the limit at which the system ends the copy, if nobody is left to do so."""


def solve_in_time(lp: pulp.LpProblem, solver: pulp.LpSolver, seconds: float) -> Any | None:  # noqa: ANN401
    """Solve a model, and return what PuLP says of it; None when time ran out before.

    Parameters
    ----------
    lp
        The model; its variables get their values as by `lp.solve`.
    solver
        A solver that may keep no limit of its own.
    seconds
        Time limit; when it is over the copy is ended, and with it the commands that it called.

    Raises
    ------
    PulpError
        When the solver failed.

    Notes
    -----
    A library that solves inside Python stops the threads beside it, so that none could watch the clock; a
    process can. Where processes cannot be copied (Windows) the solver runs here, and the hard limit of the
    whole child process counts (`process.hard_limit_s`).
    """
    if not hasattr(os, "fork"):
        return lp.solve(solver)
    source, sink = os.pipe()
    copy = os.fork()
    if not copy:
        _solve_and_end(lp, solver, max(seconds, 0.0) + ALARM_S, sink)
    os.close(sink)
    with os.fdopen(source, "rb") as stream:
        in_time = bool(select.select([stream], [], [], max(seconds, 0.0))[0])
        said = stream.read() if in_time else b""
    if not in_time:
        _end_with_commands(copy)
    os.waitpid(copy, 0)
    if not said:
        return None
    answer = json.loads(said)
    if "failed" in answer:
        raise pulp.PulpError(answer["failed"])
    lp.assignVarsVals(answer.pop("values"))
    return SimpleNamespace(**answer | {"status": pulp.LpSolveStatus(answer["status"])})


def _solve_and_end(lp: pulp.LpProblem, solver: pulp.LpSolver, seconds: float, sink: int) -> NoReturn:
    """Solve in the copy, write the answer, and end it."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            stats = lp.solve(solver)
            values = {v.name: v.varValue for v in lp.variables() if v.varValue is not None}
            answer = {name: getattr(stats, name) for name in TOLD}
            answer |= {"status": int(stats.status), "values": values}
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the process copied
            answer = {"failed": f"{type(error).__name__}: {error}"}
        with os.fdopen(sink, "wb") as stream:
            stream.write(json.dumps(answer).encode())
    finally:
        os._exit(0)


def _end_with_commands(copy: int) -> None:
    with suppress(psutil.Error):
        parent = psutil.Process(copy)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.Error):
                process.kill()

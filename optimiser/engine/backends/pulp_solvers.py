"""Call the solvers that PuLP knows, with limits, and say what each of them proves."""

from __future__ import annotations

import inspect
import json
import math
import os
import select
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn

import psutil

from optimiser.engine.models.modelling import pulp
from optimiser.problem.errors import EnvironmentFault

TIME, GAP, THREADS, SEED = "time limit", "gap", "threads", "seed"
"""Settings of a solve, as messages name them."""


_KEYWORDS = MappingProxyType({TIME: "timeLimit", GAP: "gapRel", THREADS: "threads", SEED: "randomSeed"})
"""Keywords of PuLP's classes for them; each class takes some."""


_OWN_KEYWORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "COPT": {THREADS: "Threads"},
        "COPT_CMD": {TIME: "TimeLimit", GAP: "RelGap", THREADS: "Threads"},
    }
)
"""Classes that take the solver's own names for some settings."""


_IGNORES_KEYWORDS = ("PYGLPK",)
"""Classes that accept keywords and ignore them."""


_SMALLEST_GAP = 1e-9
"""Passed on for a gap of 0, which some classes take for no setting; within the tolerance of bounds."""


_SHORTEST_S = 0.01
"""Passed on for a time limit of 0, which some classes take for none."""


_PROVES_WITHIN = MappingProxyType({"GLPK_CMD": 1e-7, "PYGLPK": 1e-7})
"""Classes without a gap setting that search to the end; GLPK prunes nodes that gain less (`tol_obj`)."""


_REPORTS_ALL_OPTIMAL = ("COPT_CMD", "FSCIP_CMD", "GUROBI_CMD")
"""Classes that report any solution in the solver's file as optimal."""


DONE = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
"""Statuses of a solve that ended at the gap asked for."""

PATIENCE, GRACE_S = 1.1, 2.0
"""A command with a time limit is ended after so many times that limit and so many seconds more: GLPK allows
the relaxation and the tree the whole of it each. The child process has longer (`child.hard_limit_s`)."""

_REPORTS_NONE_INFEASIBLE = ("COINMP_DLL", "CPLEX_CMD")
"""Classes that report infeasible where no solution was found."""


@dataclass(frozen=True, slots=True)
class Solver:
    """A solver of integer programs.

    Attributes
    ----------
    name
        As the user types it.
    pulp_name
        Name in PuLP.
    extra
        How to install it, as a sentence.
    keywords
        Keywords of PuLP's class for the settings `TIME`, `GAP`, `THREADS` and `SEED` that it takes.
    takes_start
        It can start from values of the variables.
    is_command
        PuLP runs a command: time limits are whole seconds, and not every command keeps them.
    """

    name: str
    pulp_name: str
    extra: str
    keywords: Mapping[str, str]
    takes_start: bool = True
    is_command: bool = False

    @property
    def missing_settings(self) -> tuple[str, ...]:
        """Return the settings that cannot be passed on."""
        return tuple(what for what in (TIME, GAP, THREADS, SEED) if what not in self.keywords)

    def proves_within(self, gap: float) -> float | None:
        """Return the relative gap that an optimal status proves; None where that is not known.

        Parameters
        ----------
        gap
            Relative gap asked for.

        Notes
        -----
        Many solvers end at a gap of 1e-4 by default. Where no other gap can be set, an optimal status proves
        nothing.
        """
        if self.pulp_name in _REPORTS_ALL_OPTIMAL:
            return None
        return gap if GAP in self.keywords else _PROVES_WITHIN.get(self.pulp_name)

    @property
    def proves_infeasible(self) -> bool:
        """Return whether its infeasible status is a proof."""
        return self.pulp_name not in _REPORTS_NONE_INFEASIBLE


def _keywords(time: str, gap: str, threads: str, seed: str | None = None) -> Mapping[str, str]:
    named = {TIME: time, GAP: gap, THREADS: threads, SEED: seed}
    return MappingProxyType({what: keyword for what, keyword in named.items() if keyword is not None})


_ALL = (
    Solver(
        "highs", "HiGHS", "comes with polyring", _keywords("timeLimit", "gapRel", "threads", "random_seed")
    ),
    Solver("scip", "SCIP_PY", "pip install pyscipopt", _keywords("timeLimit", "gapRel", "threads")),
    Solver(
        "cbc",
        "COIN_CMD",
        "pip install polyring[cbc]",
        _keywords("timeLimit", "gapRel", "threads", "randomSeed"),
    ),
    Solver(
        "gurobi",
        "GUROBI",
        "pip install polyring[gurobi], and a licence",
        _keywords("timeLimit", "gapRel", "Threads", "Seed"),
    ),
    Solver(
        "cpsat",
        "CPSAT",
        "pip install polyring[ortools]",
        _keywords("timeLimit", "relative_gap_limit", "num_workers", "random_seed"),
    ),
)


SOLVERS: Mapping[str, Solver] = MappingProxyType({solver.name: solver for solver in _ALL})
"""Solvers with a short name."""


@cache
def others() -> Mapping[str, Solver]:
    """Return the further solvers that PuLP knows, by PuLP's name."""
    short = {solver.pulp_name for solver in _ALL}
    names = dict.fromkeys(pulp.listSolvers())
    return MappingProxyType({name: _described(name) for name in names if name not in short})


def _described(name: str) -> Solver:
    """Return a solver as the signature of PuLP's class describes it."""
    made = type(pulp.getSolver(name, msg=False))
    takes = set() if name in _IGNORES_KEYWORDS else set(inspect.signature(made.__init__).parameters)
    keywords = {what: keyword for what, keyword in _KEYWORDS.items() if keyword in takes}
    return Solver(
        name,
        name,
        f"install what PuLP's {name} calls (PuLP's guide to solvers says what)",
        MappingProxyType({**keywords, **_OWN_KEYWORDS.get(name, {})}),
        takes_start="warmStart" in takes,
        is_command=issubclass(made, pulp.LpSolver_CMD),
    )


def find(name: str) -> Solver | None:
    """Return a solver by its short name or by PuLP's, whatever the case; None when there is none."""
    low = name.lower()
    if low in SOLVERS:
        return SOLVERS[low]
    known = (*_ALL, *others().values())
    return next((solver for solver in known if solver.pulp_name.lower() == low), None)


def is_installed(solver: Solver) -> bool:
    """Return whether a solver can be called here."""
    try:
        return bool(pulp.getSolver(solver.pulp_name, msg=False).available())
    except (pulp.PulpError, ImportError, OSError):
        return False


def here(name: str) -> Solver:
    """Return a solver that can be called here.

    Parameters
    ----------
    name
        As the user typed it.

    Raises
    ------
    EnvironmentFault
        When the solver is unknown or not installed.
    """
    solver = find(name)
    if solver is None or not is_installed(solver):
        able = ", ".join(one.name for one in (*_ALL, *others().values()) if is_installed(one))
        how = f"Solvers: {', '.join((*SOLVERS, *others()))}." if solver is None else solver.extra
        raise EnvironmentFault(f"solver {name!r} is not here (here are: {able})", remedy=how)
    return solver


def instance(
    name: str, *, seconds: float, gap: float, threads: int, seed: int, warm: bool = False, **more: object
) -> pulp.LpSolver:
    """Return a solver with its limits set, as far as PuLP passes them on.

    Parameters
    ----------
    name
        A short name, or PuLP's name.
    seconds
        Time limit.
    gap
        Relative gap at which it may stop.
    threads, seed
        Passed on where PuLP can.
    warm
        Start from the values of the variables.
    **more
        Further options of the solver's class.

    Raises
    ------
    EnvironmentFault
        When the solver is unknown or not installed.
    """
    solver = here(name)
    if solver.name not in SOLVERS:
        seconds, gap = max(seconds, _SHORTEST_S), max(gap, _SMALLEST_GAP)
    told = {
        TIME: max(1, math.ceil(seconds)) if solver.is_command else seconds,
        GAP: gap,
        THREADS: threads,
        SEED: seed,
    }
    options: dict[str, object] = {"msg": False, **more}
    options |= {keyword: told[what] for what, keyword in solver.keywords.items()}
    if solver.takes_start:
        options["warmStart"] = warm
    made: pulp.LpSolver = pulp.getSolver(solver.pulp_name, **options)
    return made


def require(name: str) -> None:
    """Return when a solver can be called here.

    Parameters
    ----------
    name
        As the user typed it.

    Raises
    ------
    EnvironmentFault
        When it is unknown or not installed.
    """
    here(name)


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


def result_name(stats: Any | None, solver: Solver) -> str:  # noqa: ANN401 - PuLP's own
    """Return the name of a solver for results, with the settings that it did not get.

    Parameters
    ----------
    stats
        PuLP's record of the solve; None when it was ended.
    solver
        The solver.
    """
    name = solver.pulp_name if stats is None else f"{stats.solver} {stats.solver_version or ''}".strip()
    missing = ", ".join(solver.missing_settings)
    return f"{name} (settings not supported: {missing})" if missing else name


def proved_bound(stats: Any, solver: Solver, *, gap: float, minimise: bool) -> float | None:  # noqa: ANN401
    """Return the bound on the objective that a solve proved; None when it proved none.

    Parameters
    ----------
    stats
        PuLP's record of the solve.
    solver
        The solver.
    gap
        Relative gap asked for; decides what the status "optimal" proves.
    minimise
        Sense of the model.

    Notes
    -----
    A bound counts only together with a solution: CP-SAT ends UNKNOWN with a bound of 0, which would make a
    plan that covers nothing optimal. Bounds that HiGHS proves before its first solution come by callback.
    """
    if not stats.has_solution:
        return None
    if stats.best_bound is not None:
        return float(stats.best_bound)
    proved = solver.proves_within(gap)
    if stats.objective is None or stats.status not in DONE or proved is None or proved >= 1.0:
        return None
    return float(stats.objective * (1.0 - proved) if minimise else stats.objective / (1.0 - proved))


def solve_model(
    lp: pulp.LpProblem,
    solver: Solver,
    *,
    seconds: float,
    gap: float,
    threads: int,
    seed: int,
    warm: bool = False,
    **more: object,
) -> Any | None:  # noqa: ANN401 - PuLP's own
    """Solve a model, and return PuLP's record of the solve; None when it was ended at the time limit.

    Parameters
    ----------
    lp
        The model; its variables get their values.
    solver
        The solver.
    seconds, gap, threads, seed, warm, more
        As for `instance`.
    """
    made = instance(solver.name, seconds=seconds, gap=gap, threads=threads, seed=seed, warm=warm, **more)
    if TIME not in solver.keywords:
        return solve_in_time(lp, made, seconds)
    return solve_in_time(lp, made, PATIENCE * seconds + GRACE_S) if solver.is_command else lp.solve(made)

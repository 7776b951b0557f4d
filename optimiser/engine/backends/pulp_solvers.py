"""Call solvers through PuLP within limits, and state what each of them proves."""

import inspect
import json
import math
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn

from optimiser.engine.backends.interfaces import solver_noise
from optimiser.engine.backends.solvers import GAP, NODES, SEED, SOLVERS, THREADS, TIME, Solver, set_options
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import pulp, state_whole
from optimiser.engine.search.lifeline import end_tree, end_with_parent
from optimiser.engine.search.task import MOST_COUNTED, NO_OPTIONS, Options
from optimiser.problem import DesignProblem
from optimiser.problem.errors import EnvironmentFault, install_extra

_KEYWORDS = {TIME: "timeLimit", GAP: "gapRel", THREADS: "threads", SEED: "randomSeed", NODES: "maxNodes"}
"""Keywords of PuLP's classes for these settings; each class accepts some of them."""


_OWN_KEYWORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"COPT": {THREADS: "Threads"}, "COPT_CMD": {TIME: "TimeLimit", GAP: "RelGap", THREADS: "Threads"}}
)
"""Classes that use the solver's own names for some settings."""


_IGNORES_KEYWORDS = ("PYGLPK",)
"""Classes that accept keywords and ignore them."""


_SMALLEST_GAP = 1e-9
"""Passed instead of a gap of 0, which some classes treat as unset; it is within the tolerance of bounds."""


_SHORTEST_S = 0.01
"""Passed instead of a time limit of 0, which some classes treat as no limit."""


DONE = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
"""Statuses of a solve that closed the requested gap."""

GRACE_S = 1.0
"""Seconds after the time limit at which a solver that runs in a forked process is killed: within them it can
end by itself and answer. The child process has more (`child.hard_limit_s`)."""


@cache
def others() -> Mapping[str, Solver]:
    """Return all other solvers that PuLP supports, by PuLP's name."""
    short = {solver.pulp_name for solver in SOLVERS.values()}
    names = dict.fromkeys(pulp.listSolvers())
    return MappingProxyType({name: _solver_of_class(name) for name in names if name not in short})


def _solver_of_class(name: str) -> Solver:
    """Return a solver with the settings found in the signature of PuLP's class."""
    solver_class = type(pulp.getSolver(name, msg=False))
    takes = set() if name in _IGNORES_KEYWORDS else set(inspect.signature(solver_class.__init__).parameters)
    accepted = {what: keyword for what, keyword in _KEYWORDS.items() if keyword in takes}
    return Solver(
        name,
        name,
        "",
        MappingProxyType({**accepted, **_OWN_KEYWORDS.get(name, {})}),
        takes_start="warmStart" in takes,
        is_command=issubclass(solver_class, pulp.LpSolver_CMD),
    )


def find(name: str) -> Solver | None:
    """Return the solver of a short name or a name of PuLP, ignoring case; None when it is unknown."""
    low = name.lower()
    if low in SOLVERS:
        return SOLVERS[low]
    known = (*SOLVERS.values(), *others().values())
    return next((solver for solver in known if solver.pulp_name.lower() == low), None)


def is_installed(solver: Solver) -> bool:
    """Return whether a solver can be called on this machine."""
    try:
        return bool(pulp.getSolver(solver.pulp_name, msg=False).available())
    except (pulp.PulpError, ImportError, OSError):
        return False


def installed_solver(name: str) -> Solver:
    """Return a solver that is installed.

    Parameters
    ----------
    name
        Short name or name of PuLP, in any case.

    Raises
    ------
    EnvironmentFault
        When the solver is unknown or not installed.
    """
    solver = find(name)
    if solver is None or not is_installed(solver):
        available = ", ".join(
            one.name for one in (*SOLVERS.values(), *others().values()) if is_installed(one)
        )
        how = f"Solvers: {', '.join((*SOLVERS, *others()))}."
        if solver is not None:
            package = f"`pip install {solver.package}`" if solver.package else "a package"
            own: Any = pulp.getSolver(solver.pulp_name, msg=False)
            needs = f"the command {own.path!r}" if solver.is_command else package
            how = install_extra(solver.extra) if solver.extra else f"PuLP's {solver.pulp_name} needs {needs}."
        raise EnvironmentFault(
            f"solver {name!r} is not available (available: {available})",
            remedy=f"{how} More: docs/solvers.md.",
        )
    return solver


def instance(  # noqa: PLR0913 - the settings of a solver
    name: str,
    *,
    seconds: float,
    gap: float,
    threads: int,
    seed: int,
    nodes: int = MOST_COUNTED,
    warm: bool = False,
    log: bool = False,
    options: Options = NO_OPTIONS,
    **more: object,
) -> pulp.LpSolver:
    """Return a PuLP solver with the settings that its class accepts.

    Parameters
    ----------
    name
        Short name or name of PuLP.
    seconds
        Time limit.
    gap
        Relative gap at which to stop.
    threads, seed
        Number of threads and random seed.
    nodes
        Limit on the nodes of its tree.
    warm
        Whether to start from the current values of the variables.
    log
        Whether it writes its log.
    options
        Options of the user.
    **more
        Further options of PuLP's class.

    Raises
    ------
    EnvironmentFault
        When the solver is unknown or not installed.
    """
    solver = installed_solver(name)
    if solver.name not in SOLVERS:
        seconds, gap = max(seconds, _SHORTEST_S), max(gap, _SMALLEST_GAP)
    settings = {
        # Solvers refuse a negative limit, which is left where building the model took the last of the time.
        TIME: max(1, math.floor(seconds)) if solver.is_command else max(0.0, seconds),
        GAP: gap,
        THREADS: threads,
        SEED: seed,
        NODES: min(nodes, MOST_COUNTED),
    }
    made = _OWN_CLASSES.get(solver.pulp_name) or partial(pulp.getSolver, solver.pulp_name)
    is_punctual = made in (PunctualHighs, PunctualScip)
    given: dict[str, Any] = {"msg": log, **more, **({"own": options} if is_punctual else options)}
    given |= {keyword: settings[what] for what, keyword in solver.keywords.items()}
    if solver.takes_start:
        given["warmStart"] = warm
    return made(**given)


def stated_master(problem: DesignProblem, solver: Any) -> tuple[Any, tuple[tuple[Any, ...], ...]]:  # noqa: ANN401
    """State the master problem of time cuts to a solver.

    Parameters
    ----------
    problem
        A reduced problem.
    solver
        A solver of PuLP that runs in this process.

    Returns
    -------
    tuple
        The solver's own model, and its variables for x, y and z.
    """
    lp, decisions = build_master(problem)
    built = solver.buildSolverModel(lp)  # the variables alone, or the first of several values
    variables = built[0] if isinstance(built, tuple) else built
    own = {v.id: variable for v, variable in zip(lp.exported_variables(), variables, strict=True)}
    parts = (decisions.x, decisions.y, decisions.z)
    return lp.solverModel, tuple(tuple(own[v.id] for v in part) for part in parts)


class _Punctual(pulp.LpSolver):
    """A class of PuLP whose time limit includes the construction of the model."""

    TIME_LIMIT: str
    """The solver's own option for the time limit."""

    def __init__(self, *, own: Options, **options: Any) -> None:  # noqa: ANN401 - as of PuLP's class
        super().__init__(**options)
        self._own = own

    def actualSolve(self, lp: pulp.LpProblem, **kwargs: Any) -> Any:  # noqa: ANN401, N802 - PuLP's own
        """Solve a model."""
        self._end = time.monotonic() + (_UNLIMITED_S if self.timeLimit is None else self.timeLimit)
        return super().actualSolve(lp, **kwargs)

    def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        """Run the solver for the rest of the time."""
        left = max(0.0, self._end - time.monotonic())
        set_options(lp.solverModel, {**self._own, self.TIME_LIMIT: left})
        super().callSolver(lp)  # type: ignore[misc]


class PunctualHighs(_Punctual, pulp.HiGHS):
    """PuLP's HiGHS; one that ends early or in an error may leave no values, at which PuLP fails."""

    TIME_LIMIT = "time_limit"

    def actualSolve(self, lp: pulp.LpProblem, **kwargs: Any) -> Any:  # noqa: ANN401, N802 - PuLP's own
        """Solve a model; the process may have solved another one with another number of threads before."""
        from optimiser.engine.backends.highs import reset_threads

        reset_threads()
        return super().actualSolve(lp, **kwargs)

    def findSolutionValues(self, lp: pulp.LpProblem) -> Any:  # noqa: ANN401, N802 - PuLP's own
        """Return the status, and whether there is a solution; the variables get its values."""
        model: Any = lp.solverModel
        with suppress(IndexError):
            return super().findSolutionValues(lp)  # type: ignore[no-untyped-call] # PuLP does not say
        statuses = {"kInfeasible": pulp.LpSolveStatus.Infeasible, "kTimeLimit": pulp.LpSolveStatus.TimeLimit}
        return statuses.get(model.getModelStatus().name, pulp.LpSolveStatus.Undefined), False


class PunctualScip(_Punctual, pulp.SCIP_PY):
    """PuLP's SCIP, which reports its bound."""

    TIME_LIMIT = "limits/time"

    def buildStats(self, lp: pulp.LpProblem, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, N802 - PuLP's own
        """Return statistics with the bound, relaxed by the noise of a floating-point solver."""
        model: Any = lp.solverModel
        bound = float(model.getDualbound())
        if abs(bound) < model.infinity():
            noise = solver_noise(bound)
            kwargs["best_bound"] = bound + (noise if lp.sense == pulp.LpMaximize else -noise)
        return super().buildStats(lp, *args, **kwargs)


SOUND: Options = MappingProxyType({"presolve_inclusion_work_limit": 0})
"""Options of CP-SAT; a rule of the presolve of 9.15 loses optima (google/or-tools, issue 5293)."""


class WholeCpsat(pulp.CPSAT):
    """PuLP's CP-SAT, which takes integers: rows are stated as before their division by a power of 2."""

    def buildSolverModel(self, lp: pulp.LpProblem) -> Any:  # noqa: ANN401, N802 - PuLP's own
        """State a model."""
        state_whole(lp)
        self.optionsDict = {**SOUND, **self.optionsDict}
        return super().buildSolverModel(lp)


_OWN_CLASSES: Mapping[str, Callable[..., pulp.LpSolver]] = MappingProxyType(
    {"HiGHS": PunctualHighs, "SCIP_PY": PunctualScip, "CPSAT": WholeCpsat}
)
"""Classes that take the place of those of PuLP."""


NO_MEMORY = "memory"
"""What the forked process answers when its memory is used up."""


STATISTICS = ("solver", "solver_version", "has_solution", "objective", "best_bound")
"""Attributes of PuLP's solve statistics that the forked process sends back, besides status and values."""


_UNLIMITED_S = 1e20
"""What solvers take for no time limit."""


ALARM_S = 2.0
"""Seconds after the time limit at which the system kills the forked process, should its parent be gone."""


def solve_in_time(lp: pulp.LpProblem, solver: pulp.LpSolver, seconds: float) -> Any | None:  # noqa: ANN401
    """Solve a model in a forked process, and return PuLP's solve statistics; None at the time limit.

    Parameters
    ----------
    lp
        The model; its variables get their values as by `lp.solve`.
    solver
        A solver that may ignore time limits.
    seconds
        Time limit, after which the forked process and the commands that it started are killed.

    Raises
    ------
    PulpError
        When the solver failed.

    Notes
    -----
    A library that holds Python's global interpreter lock while it solves blocks all threads, so that none of
    them can watch the clock; another process can. Where processes cannot be forked (Windows), the solver runs
    in this process, and only the hard limit of the child process applies (`child.hard_limit_s`).
    """
    if not hasattr(os, "fork"):
        return lp.solve(solver)
    (source, sink), caller = os.pipe(), os.getpid()
    process_id = os.fork()
    if not process_id:
        _solve_and_end(lp, solver, max(seconds, 0.0) + ALARM_S, sink, caller)
    os.close(sink)
    with os.fdopen(source, "rb") as stream:
        in_time = bool(select.select([stream], [], [], max(seconds, 0.0))[0])
        received = stream.read() if in_time else b""
    if not in_time:
        end_tree(process_id)
    os.waitpid(process_id, 0)
    if not received:
        return None
    answer = json.loads(received)
    if answer.get("failed") == NO_MEMORY:
        raise MemoryError
    if "failed" in answer:
        raise pulp.PulpError(answer["failed"])
    lp.assignVarsVals(answer.pop("values"))
    return SimpleNamespace(**answer | {"status": pulp.LpSolveStatus(answer["status"])})


def _solve_and_end(
    lp: pulp.LpProblem, solver: pulp.LpSolver, seconds: float, sink: int, caller: int
) -> NoReturn:
    """Solve in the forked process, write the answer to a pipe, and exit; end with the process that forked."""
    try:
        end_with_parent(caller)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            stats = lp.solve(solver)
            values = {v.name: v.varValue for v in lp.variables() if v.varValue is not None}
            answer = {name: getattr(stats, name) for name in STATISTICS}
            answer |= {"status": int(stats.status), "values": values}
        except MemoryError:
            answer = {"failed": NO_MEMORY}
        except Exception as error:  # noqa: BLE001 - every failure is reported to the parent process
            answer = {"failed": f"{type(error).__name__}: {error}"}
        with os.fdopen(sink, "wb") as stream:
            stream.write(json.dumps(answer).encode())
    finally:
        os._exit(0)


def result_name(stats: Any | None, solver: Solver) -> str:  # noqa: ANN401 - PuLP's own
    """Return the name of a solver for results, with the settings that it does not support.

    Parameters
    ----------
    stats
        PuLP's solve statistics; None when the solve was killed.
    solver
        The solver that was called.
    """
    name = solver.pulp_name if stats is None else f"{stats.solver} {stats.solver_version or ''}".strip()
    missing = ", ".join(solver.missing_settings)
    return f"{name} (settings not supported: {missing})" if missing else name


def nodes_of(lp: Any, solver: Solver) -> int | None:  # noqa: ANN401 - PuLP's own
    """Return the nodes of the tree of the last solve of a model; None where the solver does not tell."""
    return max(0, int(lp.solverModel.getInfo().mip_node_count)) if solver.is_watched else None


def proved_bound(stats: Any, solver: Solver, *, gap: float, minimise: bool) -> float | None:  # noqa: ANN401
    """Return the bound on the objective of a model that a solve proved; None without one.

    Parameters
    ----------
    stats
        PuLP's solve statistics.
    solver
        The solver that was called.
    gap
        Requested relative gap; it determines what an optimal status proves.
    minimise
        Sense of the model.

    Notes
    -----
    A bound is used only together with a solution: CP-SAT returns UNKNOWN with a bound of 0, which would make
    a plan that covers nothing optimal. Bounds that HiGHS proves before its first solution come by callback.
    """
    if not stats.has_solution:
        return None
    if stats.best_bound is not None:
        return float(stats.best_bound)
    proved = solver.proves_within(gap)
    if stats.objective is None or stats.status not in DONE or proved is None or proved >= 1.0:
        return None
    return float(stats.objective * (1.0 - proved) if minimise else stats.objective / (1.0 - proved))


def solve_model(lp: pulp.LpProblem, solver: Solver, *, seconds: float, **settings: Any) -> Any | None:  # noqa: ANN401
    """Solve a model, and return PuLP's solve statistics; None when the solve was killed at the time limit.

    Parameters
    ----------
    lp
        The model; its variables get their values.
    solver
        The solver to call. All but HiGHS, which reports its progress, run in a forked process, which is
        killed `GRACE_S` after the time limit: some ignore it, and others begin to count when PuLP has stated
        the model to them.
    seconds
        Time limit.
    **settings
        As for `instance`.
    """
    pulp_solver = instance(solver.name, seconds=seconds, **settings)
    if solver.is_watched:
        return lp.solve(pulp_solver)
    grace_s = GRACE_S if TIME in solver.keywords else 0.0
    return solve_in_time(lp, pulp_solver, max(0.0, seconds) + grace_s)

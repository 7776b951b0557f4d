"""List the solvers that PuLP can call here."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import pulp

from optimiser.problem.errors import EnvironmentFault

TIME, GAP, THREADS, SEED = "time limit", "gap", "threads", "seed"
"""What a solver may be told, as messages name it."""

_KEYWORDS = MappingProxyType({TIME: "timeLimit", GAP: "gapRel", THREADS: "threads", SEED: "randomSeed"})
"""What PuLP's classes call it; each takes some of them."""

_OWN_KEYWORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "COPT": {THREADS: "Threads"},
        "COPT_CMD": {TIME: "TimeLimit", GAP: "RelGap", THREADS: "Threads"},
    }
)
"""Classes that pass on further parameters of the solver by the solver's own names."""

_DEAF = ("PYGLPK",)
"""Classes that take keywords and do not heed them."""

_SMALLEST_GAP = 1e-9
"""Passed on for 0, which some classes take for nothing asked: within the noise that bounds are forgiven."""

_SHORTEST_S = 0.01
"""Passed on for a time limit of 0, which some classes take for none."""

_WORD_HOLDS_WITHIN = MappingProxyType({"GLPK_CMD": 1e-7, "PYGLPK": 1e-7})
"""Classes without a gap that search to the end; GLPK leaves nodes that gain less than this (`tol_obj`)."""

_CALLS_ALL_OPTIMAL = ("COPT_CMD", "FSCIP_CMD", "GUROBI_CMD")
"""Classes that say of any solution in the solver's file that it is optimal."""

_CALLS_NONE_INFEASIBLE = ("COINMP_DLL", "CPLEX_CMD")
"""Classes that say that there is no solution where none was found."""


@dataclass(frozen=True, slots=True)
class Solver:
    """A solver of integer programs.

    Attributes
    ----------
    name
        As the user types it.
    pulp_name
        PuLP's name of it.
    extra
        What installs it.
    keywords
        What PuLP's class calls what it is told: `TIME`, `GAP`, `THREADS`, `SEED`, as far as it can be told.
    takes_start
        It can start from values of the variables.
    is_command
        PuLP calls a command: a time limit is given in whole seconds, and not every command keeps to it.
    """

    name: str
    pulp_name: str
    extra: str
    keywords: Mapping[str, str]
    takes_start: bool = True
    is_command: bool = False

    @property
    def untold(self) -> tuple[str, ...]:
        """Return what it cannot be told."""
        return tuple(what for what in (TIME, GAP, THREADS, SEED) if what not in self.keywords)

    def word_holds_within(self, gap: float) -> float | None:
        """Return the relative gap that is proved when the solver says that it is done; None: not known.

        Parameters
        ----------
        gap
            Gap asked for.

        Notes
        -----
        Many solvers are done at a gap of 1e-4 of their own accord; one that cannot be told otherwise proves
        nothing by being done.
        """
        if self.pulp_name in _CALLS_ALL_OPTIMAL:
            return None
        return gap if GAP in self.keywords else _WORD_HOLDS_WITHIN.get(self.pulp_name)

    @property
    def knows_infeasible(self) -> bool:
        """Say whether its word that there is no plan is one of having proved it."""
        return self.pulp_name not in _CALLS_NONE_INFEASIBLE


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
    """Return a solver as the signature of PuLP's class tells it."""
    made = type(pulp.getSolver(name, msg=False))
    takes = set() if name in _DEAF else set(inspect.signature(made.__init__).parameters)
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
    """Return a solver by its short name or by PuLP's, in capitals or not; None when there is none.

    Parameters
    ----------
    name
        As the user typed it.
    """
    low = name.lower()
    if low in SOLVERS:
        return SOLVERS[low]
    known = (*_ALL, *others().values())
    return next((solver for solver in known if solver.pulp_name.lower() == low), None)


def available() -> dict[str, bool]:
    """Say for each solver with a short name whether it can be called here."""
    return {name: _installed(solver) for name, solver in SOLVERS.items()}


def _installed(solver: Solver) -> bool:
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
    if solver is None or not _installed(solver):
        able = ", ".join(one.name for one in (*_ALL, *others().values()) if _installed(one))
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

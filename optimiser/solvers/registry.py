"""List the solvers that PuLP can call here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pulp

from optimiser.errors import EnvironmentFault


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
    seed_option
        Name of the option that takes the seed, if PuLP passes one on.
    """

    name: str
    pulp_name: str
    extra: str
    seed_option: str | None = None


_ALL = (
    Solver("highs", "HiGHS", "comes with polyring", "random_seed"),
    Solver("scip", "SCIP_PY", "pip install pyscipopt"),
    Solver("cbc", "COIN_CMD", "pip install polyring[cbc]", "randomSeed"),
    Solver("gurobi", "GUROBI", "pip install polyring[gurobi], and a licence", "Seed"),
    Solver("cpsat", "CPSAT", "pip install polyring[ortools]", "random_seed"),
)

SOLVERS: Mapping[str, Solver] = MappingProxyType({solver.name: solver for solver in _ALL})
"""All solvers by name."""


def available() -> dict[str, bool]:
    """Say for each solver whether it can be called here."""
    return {name: _installed(solver) for name, solver in SOLVERS.items()}


def _installed(solver: Solver) -> bool:
    try:
        return bool(getattr(pulp, solver.pulp_name)(msg=False).available())
    except (pulp.PulpError, ImportError, OSError):
        return False


def instance(
    name: str, *, seconds: float, gap: float, threads: int, seed: int, warm: bool = False, **more: object
) -> pulp.LpSolver:
    """Return a solver with its limits set.

    Parameters
    ----------
    name
        A name in `SOLVERS`.
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
    if name not in SOLVERS or not _installed(SOLVERS[name]):
        able = ", ".join(key for key, yes in available().items() if yes)
        how = SOLVERS[name].extra if name in SOLVERS else f"Solvers: {', '.join(SOLVERS)}."
        raise EnvironmentFault(f"solver {name!r} is not here (here are: {able})", remedy=how)
    solver = SOLVERS[name]
    options: dict[str, object] = {"msg": False, "timeLimit": seconds, "warmStart": warm, **more}
    if name == "cpsat":
        options |= {"num_workers": threads, "relative_gap_limit": gap}
    else:
        options |= {"gapRel": gap}
    if name in ("highs", "cbc", "scip"):
        options["threads"] = threads
    if name == "gurobi":
        options["Threads"] = threads
    if solver.seed_option is not None:
        options[solver.seed_option] = seed
    made: pulp.LpSolver = getattr(pulp, solver.pulp_name)(**options)
    return made

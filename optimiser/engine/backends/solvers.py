"""List the solvers: what each can do, what its word proves, and the options that the user gives it.

The list is also read where nothing is solved, so that it imports none of them.
"""

import pkgutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

from optimiser.engine.search.lifeline import output_to
from optimiser.engine.search.task import Options
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import packaged

TIME, GAP, THREADS, SEED, NODES = "time limit", "gap", "threads", "seed", "effort"
"""Settings of a solve, as named in messages."""

ANY, NONE = "auto", "none"
"""Words in the place of a solver: the variant chooses one itself; it needs none."""

UNNAMED = (ANY, NONE)
"""Words that name no solver."""

BUNDLED = "highs"
"""The solver that comes with polyring, which therefore need not be looked for."""

ALTERNATIVE = "scip"
"""The solver whose tree `auto` chooses for small problems, since it prunes better, and which tries again
where another one failed."""

_PROVES_WITHIN = MappingProxyType({"GLPK_CMD": 1e-7, "PYGLPK": 1e-7})
"""Relative gap proved by classes of PuLP that have no gap setting but search to the end; GLPK prunes nodes
that gain less (`tol_obj`)."""

_REPORTS_ALL_OPTIMAL = ("COPT_CMD", "FSCIP_CMD", "GUROBI_CMD")
"""Classes that report every solution in the solver's file as optimal."""

_REPORTS_NONE_INFEASIBLE = ("COINMP_DLL", "CPLEX_CMD")
"""Classes that report infeasible when they found no solution."""

_MISLED_BY_START = ("HiGHS", "HiGHS_CMD")
"""Classes that get no start solution: HiGHS 1.16 completes a start without flows in a smaller model, and may
return the result of that model."""


@dataclass(frozen=True, slots=True)
class Solver:
    """A solver of integer programs.

    Attributes
    ----------
    name
        Name in options and messages.
    pulp_name
        Name of PuLP's class.
    extra
        Extra that it comes with; empty: it comes with polyring.
    keywords
        Keywords of PuLP's class for those of the settings `TIME`, `GAP`, `THREADS`, `SEED` and `NODES` that
        it accepts.
    takes_start
        Whether it accepts start values of the variables.
    is_command
        Whether PuLP runs a command. Time limits are then whole seconds, and not every command respects them.
    package
        Distribution that brings it; empty for classes of PuLP without a short name.
    is_believed
        Whether its word counts in variants of the program. Commands, and classes of PuLP that nobody tested,
        are confirmed by our own prover (`engine.solve.confirm`).
    is_watched
        Whether it reports its progress and keeps its time limit, so that it needs no process of its own.
    title
        Its own name, in results.
    version
        The function that returns its title and version where its package has another version
        (`pkgutil.resolve_name`); else empty.
    tree, master
        The function that searches a tree of time cuts, and the class that solves the integer master of time
        cuts (`pkgutil.resolve_name`); empty where there is none.
    options
        The class whose objects take its options (`set_options`); empty where none are passed on.
    refused
        Options that this program sets, and the option of `polyring solve` for each.
    splits
        Whether lift-and-project cuts of the root help its tree; Gurobi has cuts like these of its own.
    searches_parts
        Whether several threads search parts of a tree, since one tree uses one thread.
    """

    name: str
    pulp_name: str
    extra: str
    keywords: Mapping[str, str]
    takes_start: bool = True
    is_command: bool = False
    package: str = ""
    is_believed: bool = False
    is_watched: bool = False
    title: str = ""
    version: str = ""
    tree: str = ""
    master: str = ""
    options: str = ""
    refused: Mapping[str, str] = MappingProxyType({})
    splits: bool = True
    searches_parts: bool = False

    @property
    def missing_settings(self) -> tuple[str, ...]:
        """Return the settings that PuLP's class does not accept."""
        return tuple(what for what in (TIME, GAP, THREADS, SEED, NODES) if what not in self.keywords)

    @property
    def gets_start(self) -> bool:
        """Return whether it is given a start solution."""
        return self.takes_start and self.pulp_name not in _MISLED_BY_START

    def proves_within(self, gap: float) -> float | None:
        """Return the relative gap that an optimal status proves; None where it is unknown.

        Parameters
        ----------
        gap
            Requested relative gap.

        Notes
        -----
        Many solvers stop at a gap of 1e-4 by default. Where the gap cannot be set, an optimal status proves
        nothing.
        """
        if self.pulp_name in _REPORTS_ALL_OPTIMAL:
            return None
        return gap if GAP in self.keywords else _PROVES_WITHIN.get(self.pulp_name)

    @property
    def proves_infeasible(self) -> bool:
        """Return whether an infeasible status is a proof."""
        return self.pulp_name not in _REPORTS_NONE_INFEASIBLE


SOLVERS: Mapping[str, Solver] = MappingProxyType(
    {name: Solver(name, **row) for name, row in packaged("optimiser.engine", "data/solvers.toml").items()}
)
"""Solvers with a short name, by that name."""


def version_of(package: str) -> str:
    """Return the version of an installed package; empty where it is absent."""
    with suppress(PackageNotFoundError):
        return version(package)
    return ""


def label(name: str = BUNDLED) -> str:
    """Return the title and the version of an installed solver in the table, for results."""
    solver = SOLVERS[name]
    own = f"{solver.title} {version(solver.package)}"
    return pkgutil.resolve_name(solver.version)() if solver.version else own


def is_believed(name: str) -> bool:
    """Return whether the word of a solver counts, which may have any name; of none, our own code's."""
    return name in UNNAMED or (name in SOLVERS and SOLVERS[name].is_believed)


# ---- options of the user under the solvers' own names


def set_options(holder: Any, options: Options) -> None:  # noqa: ANN401 - a solver's own
    """Set options of a solver.

    Parameters
    ----------
    holder
        A `highspy.Highs`, `pyscipopt.Model` or `gurobipy.Model`; or the options of CP-SAT as an object with
        an attribute each.

    Raises
    ------
    Exception
        When one is unknown, or has no such value: each solver has errors of its own.
    """
    for name, value in options.items():
        if hasattr(holder, "setParam"):
            holder.setParam(name, value)
        elif hasattr(holder, "setOptionValue"):
            text = str(value).lower() if isinstance(value, bool) else str(value)  # HiGHS converts it
            if holder.setOptionValue(name, text).name != "kOk":
                raise (ValueError if holder.getOptionValue(name)[0].name == "kOk" else KeyError)(name)
        else:
            getattr(holder, name)  # setting makes no new attribute
            setattr(holder, name, value)


def refuse_options(name: str, options: Options, *, integer: bool = True, where: str = "") -> None:
    """Refuse options that an installed solver does not take, before it is asked anything.

    Parameters
    ----------
    integer
        Whether the solver of this name solves integer programs, which options `mip_...` of HiGHS are for.
    where
        What asks for them, for the message.

    Raises
    ------
    ProblemError
        With every option that it does not take, or where no options reach it.
    """
    able, faults = [one for one, row in SOLVERS.items() if row.options], []
    if name not in able:
        named = {ANY: "none is named", NONE: "this variant runs without any"}.get(name)
        other = f"Name one: --solver {', '.join(able)}; and with --variant one that runs with it."
        alone = (
            "Leave the options out; a bench in two calls into one folder (--out) has solves with and without."
        )
        raise ProblemError(
            f"options are those of a solver, and {named or f'they do not reach {name!r}'}",
            where=where,
            done="Nothing was solved.",
            remedy=alone if name == NONE else other,
        )
    with output_to():  # HiGHS says that it runs, and what it refuses
        holder = pkgutil.resolve_name(SOLVERS[name].options)()
        for option, value in options.items():
            own = SOLVERS[name].refused.get(option)
            if own or (not integer and option.startswith("mip_")):
                no_effect = "has no effect: this variant solves no integer program with HiGHS"
                faults.append(f"{option}: use {own}" if own else f"{option} {no_effect}")
                continue
            try:
                set_options(getattr(holder, "parameters", holder), {option: value})
            except (AttributeError, KeyError):
                faults.append(f"{option} is unknown")
            except Exception:  # noqa: BLE001 - each solver has errors of its own
                faults.append(f"{option} cannot be {value!r}")
    ProblemError.refuse(
        faults,
        f"{SOLVERS[name].title} does not take these options",
        where=where,
        done="Nothing was solved.",
        remedy="Write names and values as its manual does.",
    )

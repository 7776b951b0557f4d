"""List the ways to solve a problem."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

from optimiser.engine.methods.variants import own as owns
from optimiser.engine.methods.variants.own import Own
from optimiser.engine.methods.variants.variant import Variant
from optimiser.problem.errors import ProblemError

AUTO = Variant(name="auto", about="Pick the variant that suits the problem.", proves=True)

MODULES = (
    "cuts",
    "cuts_loop",
    "paths",
    "benders",
    "benders_normal",
    "compact",
    "lns",
    "swap",
    "reverse_greedy",
    "greedy",
    "do_nothing",
)
"""Modules of this package that hold a variant, in the order in which they are listed."""


def module_of(name: str) -> ModuleType:
    """Return the module that holds a variant: its `VARIANT`, and `run(t, progress, task)`.

    Parameters
    ----------
    name
        Of a variant, or the path of a file that holds one of the user's own.
    """
    if name.endswith(owns.SUFFIX):
        return owns.module(name)
    return import_module(f"optimiser.engine.methods.variants.{name.replace('-', '_')}")


def _every() -> dict[str, Variant]:
    listed: list[Variant] = [AUTO, *(module_of(name).VARIANT for name in MODULES)]
    return {variant.name: variant for variant in listed}


VARIANTS: Mapping[str, Variant] = MappingProxyType(_every())
"""All variants by name."""


class UnfitError(ProblemError):
    """A variant that cannot solve the problem, or not with the solver asked for."""


def own(path: Path) -> Own:
    """Return the variant of a user's own that a file holds.

    Parameters
    ----------
    path
        A file of Python.

    Raises
    ------
    ProblemError
        When it cannot be read or run, does not hold a variant, or has the name of one that is here already.
    """
    return owns.own(path, taken=VARIANTS)


def variant_of(name: str) -> Variant:
    """Return what a variant can do.

    Parameters
    ----------
    name
        A name in `VARIANTS`, or the path of a file that holds a variant of the user's own.
    """
    found: Variant = VARIANTS[name] if name in VARIANTS else module_of(name).VARIANT
    return found


def chosen(
    asked: str | Path,
    *,
    covers_all: bool,
    solver: str = "auto",
    whole: bool = False,
    must_cover: bool = False,
) -> tuple[str, str]:
    """Return variant and solver to run for what was asked; `auto` becomes a name of its own in both.

    Parameters
    ----------
    asked
        Name of the variant that the user asked for, or a file that holds one of the user's own: its absolute
        path is then the name that is returned.
    covers_all
        The problem has no budget.
    solver
        Solver asked for.
    whole
        The problem has rings or periods.
    must_cover
        Every coverable pair must be covered.

    Raises
    ------
    ProblemError
        When there is no such variant; `UnfitError` when it cannot solve the problem, or not with this solver.
    """
    if isinstance(asked, Path):
        found = own(asked)
        name, variant = found.path, found.variant
    else:
        name = _suited(solver, whole=whole, must_cover=must_cover) if asked == "auto" else asked
        if name not in VARIANTS:
            raise ProblemError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}.")
        variant = VARIANTS[name]
    if whole and not variant.whole:
        able = ", ".join(v.name for v in VARIANTS.values() if v.whole)
        raise UnfitError(
            f"variant {variant.name!r} does not solve problems with rings or periods",
            remedy=f"Choose from: {able}.",
        )
    if covers_all and not variant.covers_all:
        able = ", ".join(v.name for v in VARIANTS.values() if v.covers_all)
        raise UnfitError(
            f"variant {variant.name!r} needs a budget", remedy=f"Without one, choose from: {able}."
        )
    solvers = variant.whole if whole else variant.solvers
    if solver == "auto":
        return name, solvers[0] if solvers else "none"
    if solver not in solvers and not variant.any_solver:
        able = ", ".join(solvers) or "none"
        kind = " on problems with rings or periods" if whole else ""
        raise UnfitError(
            f"variant {variant.name!r} does not run with solver {solver!r}{kind}",
            remedy=f"It runs with: {able}.",
        )
    return name, solver


def _suited(solver: str, *, whole: bool, must_cover: bool) -> str:
    """Choose a variant: paths as columns where all must be covered, else time cuts, if the solver takes them.

    Where every pair must be covered the rows of paths are few after reduction, and the columns prove in
    seconds; with a budget their programs are large and degenerate (benchmarks/RESULTS.md).
    """
    if must_cover and not whole and solver in ("auto", *VARIANTS["paths"].solvers):
        return "paths"
    cuts = VARIANTS["cuts"].whole if whole else VARIANTS["cuts"].solvers
    return "cuts" if solver in ("auto", *cuts) else "compact"

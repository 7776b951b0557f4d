"""List the ways to solve a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optimiser.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to solve a problem, and what it can do.

    Attributes
    ----------
    name
        As the user types it.
    about
        One sentence.
    proves
        It gives a bound better than what is coverable at all.
    covers_all
        It solves problems without a budget (cover everything at least cost).
    chooses_solver
        It can be run with several solvers.
    """

    name: str
    about: str
    proves: bool
    covers_all: bool = True
    chooses_solver: bool = False


_ALL = (
    Variant("auto", "Pick the variant that suits the problem.", proves=True),
    Variant("cuts", "Time cuts on a live HiGHS model: relax, cut, solve again until proved.", proves=True),
    Variant(
        "compact",
        "The arc-flow model of every pair in one integer program: the reference, for small problems.",
        proves=True,
        chooses_solver=True,
    ),
    Variant("reverse-greedy", "Start from everything and drop the least loss per money.", proves=False),
    Variant("greedy", "Build the most gain per money.", proves=False, covers_all=False),
    Variant("swap", "Reverse greedy, then exchange one candidate at a time.", proves=False, covers_all=False),
    Variant("do-nothing", "Build only what must be built.", proves=False, covers_all=False),
)

VARIANTS: Mapping[str, Variant] = MappingProxyType({variant.name: variant for variant in _ALL})
"""All variants by name."""


def chosen(name: str, *, covers_all: bool, solver: str = "highs") -> str:
    """Return the variant to run for a name; `auto` becomes a variant of its own.

    Parameters
    ----------
    name
        What the user asked for.
    covers_all
        The problem has no budget.
    solver
        Solver asked for.

    Raises
    ------
    ProblemError
        When there is no such variant, or it cannot solve the problem.
    """
    if name not in VARIANTS:
        raise ProblemError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}.")
    if covers_all and not VARIANTS[name].covers_all:
        able = ", ".join(v.name for v in VARIANTS.values() if v.covers_all)
        raise ProblemError(f"variant {name!r} needs a budget", remedy=f"Without one, choose from: {able}.")
    if name == "auto":
        return "cuts" if solver == "highs" else "compact"
    if solver != "highs" and not VARIANTS[name].chooses_solver:
        able = ", ".join(v.name for v in VARIANTS.values() if v.chooses_solver)
        raise ProblemError(f"variant {name!r} has no choice of solver", remedy=f"Those that have: {able}.")
    return name

"""List the variants, and choose one for a problem."""

import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optimiser.engine.backends.solvers import ANY, NONE
from optimiser.engine.methods import own_variant
from optimiser.engine.methods.own_variant import OwnVariant, Variant
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import packaged

# The table is also read where nothing is solved; importing numpy and the arrays there would take too long.
if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import MaskIncumbent, Send
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

type Run = Callable[[Tables, MaskIncumbent, Task], tuple[str, str]]
"""Solves a reduced problem; plans and bounds go to the incumbent. Returns why the solve ended (`proof`,
`gap`, `time`, `heuristic`, `infeasible` or `stalled`) and the solver with its version."""

type RunExtended = Callable[[Task, Send], tuple[str, str]]
"""Solves a problem with rings or periods; plans and bounds are sent as messages. Returns as `Run`."""


_ROWS = packaged("optimiser.engine", "data/variants.toml")
_FUNCTIONS: Mapping[str, list[str]] = {name: row.pop("run", []) for name, row in _ROWS.items()}
"""`Run` of each variant, and `RunExtended` where it has one. The functions are imported when they are called:
the table is also read where nothing is solved."""


def _variant(name: str, row: dict[str, Any]) -> Variant:
    """Return a variant, given its row in the table."""
    lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    return Variant(name=name, **{**row, **lists})


VARIANTS: Mapping[str, Variant] = MappingProxyType({name: _variant(name, row) for name, row in _ROWS.items()})
"""The description of each variant, by name."""

AUTO = VARIANTS["auto"]


class UnfitError(ProblemError):
    """A variant cannot solve a problem, or not with the requested solver."""


def method_of(name: str) -> tuple[Run, RunExtended | None]:
    """Return the functions of a variant; None where it solves no problems with rings or periods.

    Parameters
    ----------
    name
        A name in `VARIANTS` other than `auto`, or the path of a file with a variant of the user's own.
    """
    if name.endswith(own_variant.SUFFIX):
        module = own_variant.module(name)
        return module.run, getattr(module, "run_extended", None)
    run, *extended = map(pkgutil.resolve_name, _FUNCTIONS[name])
    return run, extended[0] if extended else None


def variant_of(name: str) -> Variant:
    """Return the description of a variant; names are those of `method_of`, and `auto`."""
    if name in VARIANTS:
        return VARIANTS[name]
    variant: Variant = own_variant.module(name).VARIANT
    return variant


def own(path: Path) -> OwnVariant:
    """Load a variant of the user's own from a file.

    Raises
    ------
    ProblemError
        When the file cannot be read or executed, does not define a valid variant, or uses a name that is
        taken.
    """
    return own_variant.load(path, taken=VARIANTS)


def refuse_unknown(name: str) -> None:
    """Refuse a name that no variant has."""
    if name not in VARIANTS:
        raise ProblemError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}.")


def choose(
    requested: str | Path,
    *,
    has_budget: bool,
    solver: str = ANY,
    is_extended: bool = False,
    must_cover: bool = False,
) -> tuple[str, str]:
    """Return the variant and the solver to run.

    Parameters
    ----------
    requested
        Name of a variant, including `auto`, or a file with a variant of the user's own, for which its
        absolute path is returned.
    has_budget
        Whether the problem has a budget.
    solver
        Requested solver; `auto`: the first one that the variant supports.
    is_extended
        Whether the problem has rings or periods.
    must_cover
        Whether every coverable pair must be covered.

    Returns
    -------
    tuple
        Name or path of the variant, and the name of the solver; `none` where the variant needs none.

    Raises
    ------
    ProblemError
        When the variant does not exist; `UnfitError` when it cannot solve the problem, or not with this
        solver.
    """
    if isinstance(requested, Path):
        found = own(requested)
        name, variant = found.path, found.variant
    else:
        name = (
            _suitable(solver, is_extended=is_extended, must_cover=must_cover)
            if requested == AUTO.name
            else requested
        )
        refuse_unknown(name)
        variant = VARIANTS[name]
    able = variant.able(is_extended=is_extended)
    kind = "problems with rings or periods"
    if is_extended and not able:
        others = ", ".join(v.name for v in VARIANTS.values() if v.extended)
        raise UnfitError(f"variant {variant.name!r} does not solve {kind}", remedy=f"Choose from: {others}.")
    if not has_budget and not variant.covers_all:
        others = ", ".join(v.name for v in VARIANTS.values() if v.covers_all)
        raise UnfitError(
            f"variant {variant.name!r} needs a budget", remedy=f"Without one, choose from: {others}."
        )
    if solver == ANY:
        return name, able[0] if able else NONE
    where = f" on {kind}" if is_extended else ""
    if solver not in able and not variant.any_solver:
        raise UnfitError(
            f"variant {variant.name!r} does not run with solver {solver!r}{where}",
            remedy=f"It runs with: {', '.join(able)}." if able else "It uses no solver.",
        )
    return name, solver


def _suitable(solver: str, *, is_extended: bool, must_cover: bool) -> str:
    """Return the variant for `auto`.

    `paths` where every coverable pair must be covered, `cuts` otherwise; `compact` where the requested solver
    supports neither.
    """
    if must_cover and not is_extended and solver in (ANY, *VARIANTS["paths"].solvers):
        return "paths"
    return "cuts" if solver in (ANY, *VARIANTS["cuts"].able(is_extended=is_extended)) else "compact"

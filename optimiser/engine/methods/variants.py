"""List the variants, and choose one for a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from optimiser.engine.methods import own_variant
from optimiser.engine.methods.own_variant import OwnVariant, Variant
from optimiser.problem.errors import ProblemError

# The table is also read where nothing is solved; importing numpy and the arrays there would take too long.
if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import MaskIncumbent, Send
    from optimiser.engine.search.paths import Mask
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

type Run = Callable[[Tables, MaskIncumbent, Task], tuple[str, str]]
"""Solves a reduced problem; plans and bounds go to the incumbent. Returns why the solve ended (`proof`,
`gap`, `time`, `heuristic`, `infeasible` or `stalled`) and the solver with its version."""

type RunExtended = Callable[[Task, Send], tuple[str, str]]
"""Solves a problem with rings or periods; plans and bounds are sent as messages. Returns as `Run`."""


@dataclass(frozen=True, slots=True)
class Method:
    """A variant with its functions.

    Attributes
    ----------
    variant
        Its description.
    run
        Solves plain problems.
    run_extended
        Solves problems with rings or periods; None if the variant cannot.
    """

    variant: Variant
    run: Run
    run_extended: RunExtended | None = None


def _cuts(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.branching.tree_search import prove

    return prove(t, incumbent, task)


def _cuts_extended(task: Task, send: Send) -> tuple[str, str]:
    from optimiser.engine.methods.rings import prove

    return prove(task, send)


def _cuts_loop(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.cuts.master_loop import prove

    return prove(t, incumbent, task)


def _paths(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.backends.highs import version
    from optimiser.engine.backends.path_master import PathMaster
    from optimiser.engine.methods.column_generation.proof import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""

    def build(by_columns: Mask) -> PathMaster:
        return PathMaster(task.problem, t, by_columns=by_columns, threads=task.threads, seed=task.seed)

    return prove(t, build, incumbent, gap=task.gap), version()


def _benders(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.benders.tree import prove
    from optimiser.engine.methods.heuristics.lns import start_plans

    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    return prove(t, incumbent, task, kind="normal" if task.variant == "benders-normal" else "normalised")


def _compact(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.compact import prove

    return prove(t, incumbent, task)


def _compact_extended(task: Task, send: Send) -> tuple[str, str]:
    from optimiser.engine.methods.compact import prove_extended

    return prove_extended(task, send)


def _lns(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.heuristics.lns import search_until_quiet

    return search_until_quiet(t, incumbent, seed=task.seed), ""


def _reverse_greedy(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.heuristics.greedy import everything, nothing, reverse_greedy, swap

    incumbent.plan(everything(t) if t.budget < 0 else nothing(t), "start")
    if not incumbent.stop():
        incumbent.plan(reverse_greedy(t, stop=incumbent.stop), "reverse-greedy")
    if task.variant == "swap" and incumbent.best is not None and not incumbent.stop():
        incumbent.plan(swap(t, incumbent.best, stop=incumbent.stop), "swap")
    return ("time" if incumbent.stop() else "heuristic"), ""


def _greedy(t: Tables, incumbent: MaskIncumbent, _task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.heuristics.greedy import greedy, nothing

    incumbent.plan(nothing(t), "start")
    if not incumbent.stop():
        incumbent.plan(greedy(t, stop=incumbent.stop), "greedy")
    return ("time" if incumbent.stop() else "heuristic"), ""


def _do_nothing(t: Tables, incumbent: MaskIncumbent, _task: Task) -> tuple[str, str]:
    from optimiser.engine.methods.heuristics.greedy import nothing

    incumbent.plan(nothing(t), "do-nothing")
    return "heuristic", ""


_ANY = ("highs", "scip", "cbc", "gurobi", "cpsat")

_TABLE = (
    Method(
        Variant(
            name="cuts",
            about="Fractional time cuts: tighten the relaxation, then search a tree with cuts at its nodes.",
            proves=True,
            solvers=("auto", "highs", "scip", "gurobi"),
            extended=("highs",),
        ),
        _cuts,
        _cuts_extended,
    ),
    Method(
        Variant(
            name="cuts-loop",
            about="Fractional time cuts: tighten the relaxation, then solve and cut off an integer model.",
            proves=True,
            solvers=("highs", "cpsat"),
        ),
        _cuts_loop,
    ),
    Method(
        Variant(
            name="paths",
            about="Paths as columns: generate, list, solve; strong where every pair must be covered.",
            proves=True,
            solvers=("highs",),
        ),
        _paths,
    ),
    Method(
        Variant(
            name="benders",
            about="Branch-and-Benders-cut after Bucarey et al. (2022), normalised cuts.",
            proves=True,
            solvers=("scip",),
        ),
        _benders,
    ),
    Method(
        Variant(
            name="benders-normal",
            about="Branch-and-Benders-cut after Bucarey et al. (2022), normal cuts.",
            proves=True,
            solvers=("scip",),
        ),
        _benders,
    ),
    Method(
        Variant(
            name="compact",
            about="The arc-flow model of every pair in one program: the reference, for small problems.",
            proves=True,
            solvers=_ANY,
            extended=_ANY,
            any_solver=True,
        ),
        _compact,
        _compact_extended,
    ),
    Method(
        Variant(
            name="lns",
            about="Destroy and repair parts of the plan until the time is up or it gains no more.",
            proves=False,
        ),
        _lns,
    ),
    Method(
        Variant(name="swap", about="Reverse greedy, then exchange one candidate at a time.", proves=False),
        _reverse_greedy,
    ),
    Method(
        Variant(
            name="reverse-greedy",
            about="Start from everything and drop the least loss per money.",
            proves=False,
        ),
        _reverse_greedy,
    ),
    Method(
        Variant(
            name="greedy",
            about="Build the most gain per money, candidates alone or those that cover a pair together.",
            proves=False,
        ),
        _greedy,
    ),
    Method(
        Variant(name="do-nothing", about="Build only what must be built.", proves=False, covers_all=False),
        _do_nothing,
    ),
)

_METHODS: Mapping[str, Method] = MappingProxyType({method.variant.name: method for method in _TABLE})

AUTO = Variant(name="auto", about="Pick the variant that suits the problem.", proves=True)

VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {"auto": AUTO, **{name: method.variant for name, method in _METHODS.items()}}
)
"""The description of each variant, by name."""


class UnfitError(ProblemError):
    """A variant cannot solve a problem, or not with the requested solver."""


def method_of(name: str) -> Method:
    """Return a variant with its functions.

    Parameters
    ----------
    name
        A name in `VARIANTS` other than `auto`, or the path of a file with a variant of the user's own.
    """
    if not name.endswith(own_variant.SUFFIX):
        return _METHODS[name]
    module = own_variant.module(name)
    return Method(module.VARIANT, module.run, getattr(module, "run_extended", None))


def variant_of(name: str) -> Variant:
    """Return the description of a variant; names are those of `method_of`, and `auto`."""
    return VARIANTS[name] if name in VARIANTS else method_of(name).variant


def own(path: Path) -> OwnVariant:
    """Load a variant of the user's own from a file.

    Raises
    ------
    ProblemError
        When the file cannot be read or executed, does not define a valid variant, or uses a name that is
        taken.
    """
    return own_variant.load(path, taken=VARIANTS)


def choose(
    requested: str | Path,
    *,
    has_budget: bool,
    solver: str = "auto",
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
            if requested == "auto"
            else requested
        )
        if name not in VARIANTS:
            raise ProblemError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}.")
        variant = VARIANTS[name]
    if is_extended and not variant.extended:
        supported = ", ".join(v.name for v in VARIANTS.values() if v.extended)
        raise UnfitError(
            f"variant {variant.name!r} does not solve problems with rings or periods",
            remedy=f"Choose from: {supported}.",
        )
    if not has_budget and not variant.covers_all:
        supported = ", ".join(v.name for v in VARIANTS.values() if v.covers_all)
        raise UnfitError(
            f"variant {variant.name!r} needs a budget", remedy=f"Without one, choose from: {supported}."
        )
    solvers = variant.extended if is_extended else variant.solvers
    if solver == "auto":
        return name, solvers[0] if solvers else "none"
    if solver not in solvers and not variant.any_solver:
        supported = ", ".join(solvers) or "none"
        kind = " on problems with rings or periods" if is_extended else ""
        raise UnfitError(
            f"variant {variant.name!r} does not run with solver {solver!r}{kind}",
            remedy=f"It runs with: {supported}.",
        )
    return name, solver


def _suitable(solver: str, *, is_extended: bool, must_cover: bool) -> str:
    """Return the variant for `auto`.

    `paths` where every coverable pair must be covered, `cuts` otherwise; `compact` where the requested solver
    supports neither.
    """
    if must_cover and not is_extended and solver in ("auto", *VARIANTS["paths"].solvers):
        return "paths"
    cuts = VARIANTS["cuts"].extended if is_extended else VARIANTS["cuts"].solvers
    return "cuts" if solver in ("auto", *cuts) else "compact"

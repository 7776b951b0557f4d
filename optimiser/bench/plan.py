"""Choose solver configurations, and list the solves of a bench."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from optimiser.bench.instances import Instance
from optimiser.engine.backends.pulp_solvers import installed_solver
from optimiser.engine.methods.own_variant import SUFFIX, OwnVariant, Variant, parted
from optimiser.engine.methods.variants import AUTO, VARIANTS, own
from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of every solve of a bench.

    Attributes
    ----------
    time_limit_s
        Seconds of each solve.
    gap
        Relative gap at which a solve may end.
    threads
        Threads of the solver.
    """

    time_limit_s: float = 60.0
    gap: float = 0.0
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Configuration:
    """A variant with its solver.

    Attributes
    ----------
    variant
        Name of the variant.
    solver
        Name of the solver; `none` for a variant without one, `auto` for the variant that chooses.
    own
        File that the variant is loaded from, when it is the user's own.
    """

    variant: str
    solver: str
    own: OwnVariant | None = None

    @property
    def capabilities(self) -> Variant:
        """Return what the variant can do."""
        return VARIANTS[self.variant] if self.own is None else self.own.variant

    @property
    def label(self) -> str:
        """Return the name in tables and figures: the variant, with the solver where it has one."""
        return self.variant if self.solver in ("none", "auto") else f"{self.variant}/{self.solver}"


@dataclass(frozen=True, slots=True)
class Run:
    """One solve: an instance, a configuration, a seed and limits."""

    instance: Instance
    configuration: Configuration
    seed: int
    limits: Limits


def plan(
    instances: Iterable[Instance], found: Sequence[Configuration], seeds: Sequence[int], limits: Limits
) -> tuple[Run, ...]:
    """Return every solve of a bench, instance by instance, so that partial tables compare like with like."""
    return tuple(
        Run(instance, configuration, seed, limits)
        for instance in instances
        for seed in seeds
        for configuration in found
    )


def configurations(
    variants: Sequence[str],
    solvers: Sequence[str],
    *,
    check: Callable[[str], object] = installed_solver,
) -> tuple[tuple[Configuration, ...], tuple[str, ...], tuple[OptimiserError, ...]]:
    """Return the configurations that can run here, notes on others, and faults.

    A combination that does not exist is only noted. One that was named but cannot run is a fault.

    Parameters
    ----------
    variants
        Names in the registry of variants, or files of the user's own (`mine.py`), each optionally with a
        solver, as in `compact:cbc`; `all`: every variant of the registry.
    solvers
        Solvers to combine with the variants that name none; `all`: every solver that a variant runs with;
        empty: the default of each.
    check
        Raises `EnvironmentFault` when a solver cannot be called.

    Raises
    ------
    ProblemError
        When a variant does not exist or cannot be loaded, two have one name, or no configuration is left.
    """
    found: list[Configuration] = []
    notes: list[str] = []
    faults: list[OptimiserError] = []
    fitting: set[str] = set()
    absence_is_noted = "all" in solvers or ("all" in variants and not solvers)
    for word in _expanded(variants):
        name, solver = parted(word)
        misfits: list[str] = []
        for one in _with_solvers(_named(name), [solver] if solver else solvers, misfits):
            fitting.add(one.solver)
            absent = _absence(one, check)
            if absent is None:
                found.append(one)
            elif not solver and absence_is_noted:
                notes.append(absent.what)
            else:
                faults.append(absent)
        if solver:
            faults += [ProblemError(text) for text in misfits]
        else:
            notes += misfits
    unknown = [solver for solver in solvers if solver != "all" and solver not in fitting]
    faults += [ProblemError(f"no variant that was asked for runs with {solver!r}") for solver in unknown]
    if not found:
        reasons = [*(fault.what for fault in faults), *notes]
        raise ProblemError(
            "no variant can run with these solvers", faults=reasons, remedy="Choose other solvers."
        )
    _refuse_equal_names(found)
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(notes)), tuple(faults)


def _expanded(variants: Sequence[str]) -> Iterator[str]:
    for word in variants:
        yield from (name for name in VARIANTS if name != AUTO.name) if word == "all" else (word,)


def _named(name: str) -> Configuration:
    """Return a variant by its name or file, its solver left open."""
    if name.endswith(SUFFIX):
        found = own(Path(name))
        return Configuration(found.variant.name, "", found)
    if name not in VARIANTS:
        here = Path(f"{name}{SUFFIX}")
        hint = f"; did you mean the file {here}?" if here.is_file() else ""
        raise ProblemError(
            f"there is no variant {name!r}{hint}",
            done="Nothing was solved.",
            remedy=f"Variants: {', '.join(VARIANTS)}; or a file of your own such as mine.py (docs/bench.md).",
        )
    return Configuration(name, "")


def _with_solvers(
    variant: Configuration, solvers: Sequence[str], misfits: list[str]
) -> Iterator[Configuration]:
    """Yield a variant with each solver that it runs with; add the others to `misfits`."""
    if variant.variant == AUTO.name:
        yield replace(variant, solver="auto")
        return
    able = variant.capabilities.solvers
    if not able:
        yield replace(variant, solver="none")
    elif not solvers:
        yield replace(variant, solver=able[0])
    for solver in (able if "all" in solvers else solvers) if able else ():
        if solver in able or variant.capabilities.any_solver:
            yield replace(variant, solver=solver)
        else:
            misfits.append(f"{variant.variant} does not run with {solver}")


def _absence(one: Configuration, check: Callable[[str], object]) -> EnvironmentFault | None:
    if one.solver in ("none", "auto"):
        return None
    try:
        check(one.solver)
    except EnvironmentFault as fault:
        return EnvironmentFault(f"{one.label}: {fault.what}", remedy=fault.remedy)
    return None


def _refuse_equal_names(found: Iterable[Configuration]) -> None:
    """Refuse two different files of the user's own whose variants have one name."""
    files: dict[str, OwnVariant] = {}
    for one in found:
        if one.own is not None and files.setdefault(one.variant, one.own).digest != one.own.digest:
            raise ProblemError(
                f"two variants have the name {one.variant!r}",
                faults=[files[one.variant].path, one.own.path],
                done="Nothing was solved.",
                remedy="Give one of them another name in VARIANT.",
            )

"""Say which solves a bench consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from optimiser.bench.instances import Instance
from optimiser.engine.backends.pulp_solvers import require
from optimiser.engine.methods.own_variant import SUFFIX, OwnVariant
from optimiser.engine.methods.variants import AUTO, VARIANTS, Variant, own
from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What every solve of a bench is held to.

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
class Way:
    """A variant and its solver; `none` for a variant without one, `auto` for the variant that chooses.

    Attributes
    ----------
    variant, solver
        Their names.
    own
        Where the variant comes from when it is the user's own.
    """

    variant: str
    solver: str
    own: OwnVariant | None = None

    @property
    def able(self) -> Variant:
        """Return what the variant can do."""
        return VARIANTS[self.variant] if self.own is None else self.own.variant

    @property
    def label(self) -> str:
        """Return the name in tables and figures: the variant, with the solver where it has one."""
        return self.variant if self.solver in ("none", "auto") else f"{self.variant}/{self.solver}"


@dataclass(frozen=True, slots=True)
class Run:
    """One solve: an instance, a way to solve it, a seed and limits."""

    instance: Instance
    way: Way
    seed: int
    limits: Limits


def ways(
    variants: Sequence[str],
    solvers: Sequence[str],
    *,
    check: Callable[[str], None] = require,
) -> tuple[tuple[Way, ...], tuple[str, ...], tuple[OptimiserError, ...]]:
    """Return the ways to solve that can be gone here, notes on others, and what was asked for in vain.

    A combination that does not exist is worth a note; a way that was named and cannot be gone is a fault.

    Parameters
    ----------
    variants
        Names in the registry of variants, or files of the user's own (`mine.py`), each perhaps with a solver
        as `compact:cbc`; `all`: every one of the registry.
    solvers
        Solvers to combine with the variants that name none; `all`: every one that a variant runs with;
        empty: the default of each.
    check
        Raises `EnvironmentFault` where a solver cannot be called.

    Raises
    ------
    ProblemError
        When a variant does not exist or cannot be loaded, two have one name, or no way is left.
    """
    found: list[Way] = []
    notes: list[str] = []
    faults: list[OptimiserError] = []
    fitting: set[str] = set()
    for word in _expanded(variants):
        name, solver = _parted(word)
        odd: list[str] = []
        for way in _ways_of(_named(name), [solver] if solver else solvers, odd):
            fitting.add(way.solver)
            absent = _absence(way, check)
            if absent is None:
                found.append(way)
            elif not solver and ("all" in solvers or ("all" in variants and not solvers)):
                notes.append(absent.what)
            else:
                faults.append(absent)
        notes += [] if solver else odd
        faults += [ProblemError(text) for text in odd] if solver else []
    unknown = [solver for solver in solvers if solver != "all" and solver not in fitting]
    faults += [ProblemError(f"no variant that was asked for runs with {solver!r}") for solver in unknown]
    if not found:
        told = [*(fault.what for fault in faults), *notes]
        raise ProblemError("no variant can be run so", faults=told, remedy="Choose other solvers.")
    _refuse_two_of_one_name(found)
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(notes)), tuple(faults)


def _parted(word: str) -> tuple[str, str]:
    """Return the variant and the solver that a word names, the solver empty where it names none."""
    path, suffix, rest = word.rpartition(SUFFIX)
    if suffix and (not rest or rest.startswith(":")):
        return path + suffix, rest[1:]
    name, _, solver = word.partition(":")
    return name, solver


def _named(name: str) -> Way:
    """Return a variant by its name or file, its solver left open."""
    if name.endswith(SUFFIX):
        found = own(Path(name))
        return Way(found.variant.name, "", found)
    if name not in VARIANTS:
        here = Path(f"{name}{SUFFIX}")
        hint = f"; did you mean the file {here}?" if here.is_file() else ""
        raise ProblemError(
            f"there is no variant {name!r}{hint}",
            done="Nothing was solved.",
            remedy=f"Variants: {', '.join(VARIANTS)}; or a file of your own such as mine.py (docs/bench.md).",
        )
    return Way(name, "")


def _refuse_two_of_one_name(found: Iterable[Way]) -> None:
    digests: dict[str, OwnVariant] = {}
    for way in found:
        if way.own is not None and digests.setdefault(way.variant, way.own).digest != way.own.digest:
            raise ProblemError(
                f"two variants have the name {way.variant!r}",
                faults=[digests[way.variant].path, way.own.path],
                done="Nothing was solved.",
                remedy="Give one of them another name in VARIANT.",
            )


def _expanded(variants: Sequence[str]) -> Iterator[str]:
    for word in variants:
        yield from (name for name in VARIANTS if name != AUTO.name) if word == "all" else (word,)


def _ways_of(variant: Way, solvers: Sequence[str], notes: list[str]) -> Iterator[Way]:
    if variant.variant == AUTO.name:
        yield replace(variant, solver="auto")
        return
    able = variant.able.solvers
    if not able:
        yield replace(variant, solver="none")
    elif not solvers:
        yield replace(variant, solver=able[0])
    for solver in (able if "all" in solvers else solvers) if able else ():
        if solver in able or variant.able.any_solver:
            yield replace(variant, solver=solver)
        else:
            notes.append(f"{variant.variant} does not run with {solver}")


def _absence(way: Way, check: Callable[[str], None]) -> EnvironmentFault | None:
    if way.solver in ("none", "auto"):
        return None
    try:
        check(way.solver)
    except EnvironmentFault as fault:
        return EnvironmentFault(f"{way.label}: {fault.what}", remedy=fault.remedy)
    return None


def plan(
    instances: Iterable[Instance], found: Sequence[Way], seeds: Sequence[int], limits: Limits
) -> tuple[Run, ...]:
    """Return every solve of a bench: instance by instance, so that partial tables compare like with like.

    Parameters
    ----------
    instances
        Problems.
    found
        Ways to solve them.
    seeds
        Seeds; each solve is done with each of them.
    limits
        Of each solve.
    """
    return tuple(
        Run(instance, way, seed, limits) for instance in instances for seed in seeds for way in found
    )

"""Say which solves a bench consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from optimiser.bench.instances import Instance
from optimiser.errors import EnvironmentFault, ProblemError
from optimiser.solvers.installed import require
from optimiser.variants.registry import AUTO, VARIANTS


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
    """A variant and its solver; `none` for a variant without one, `auto` for the variant that chooses."""

    variant: str
    solver: str

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
) -> tuple[tuple[Way, ...], tuple[str, ...]]:
    """Return the ways to solve that were asked for and can be gone here, and what was left out and why.

    Parameters
    ----------
    variants
        Names in the registry of variants, each perhaps with a solver as `compact:cbc`; `all`: every one.
    solvers
        Solvers to combine with the variants that name none; `all`: every one that a variant runs with;
        empty: the default of each.
    check
        Raises `EnvironmentFault` where a solver cannot be called.

    Raises
    ------
    ProblemError
        When a variant does not exist or no way is left.
    """
    found: list[Way] = []
    notes: list[str] = []
    for word in _expanded(variants):
        name, _, solver = word.partition(":")
        if name not in VARIANTS:
            raise ProblemError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(VARIANTS)}.")
        for way in _ways_of(name, [solver] if solver else solvers, notes):
            note = _absence(way, check)
            if note:
                notes.append(note)
            else:
                found.append(way)
    if not found:
        raise ProblemError("no variant can be run so", faults=notes, remedy="Choose other solvers.")
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(notes))


def _expanded(variants: Sequence[str]) -> Iterator[str]:
    for word in variants:
        yield from (name for name in VARIANTS if name != AUTO.name) if word == "all" else (word,)


def _ways_of(name: str, solvers: Sequence[str], notes: list[str]) -> Iterator[Way]:
    if name == AUTO.name:
        yield Way(name, "auto")
        return
    able = VARIANTS[name].solvers
    if not able:
        yield Way(name, "none")
    elif not solvers:
        yield Way(name, able[0])
    for solver in (able if "all" in solvers else solvers) if able else ():
        if solver in able:
            yield Way(name, solver)
        else:
            notes.append(f"{name} does not run with {solver}")


def _absence(way: Way, check: Callable[[str], None]) -> str:
    if way.solver in ("none", "auto"):
        return ""
    try:
        check(way.solver)
    except EnvironmentFault as fault:
        return f"{way.label}: {fault.what}"
    return ""


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

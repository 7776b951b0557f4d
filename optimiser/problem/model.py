"""Define the network design problem as a frozen value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from optimiser.problem.ring import Period, Ring

FORMAT = "polyring-problem/1"
"""Name of the file format that these values are written in."""

type Arc = tuple[int, int, int]
"""Tail and head (positions in `DesignProblem.nodes`) and travel time in seconds (>= 1)."""

type Instrument = Literal["barrier", "infrastructure", "subsidy"]
type Fixed = Literal["in", "out"]
type Cover = Literal["all", "targets"]
type Counted = Literal["pairs", "cities"]

INSTRUMENTS = ("barrier", "infrastructure", "subsidy")
FIXED = ("in", "out")
COVERS = ("all", "targets")
COUNTED = ("pairs", "cities")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link or service that may be built; once built, all its arcs are open.

    Attributes
    ----------
    id
        Unique name.
    cost
        Money, >= 0, in the unit that `DesignProblem.money` names.
    arcs
        What it opens.
    kind
        Free label such as `road` or `rail`; empty when not said.
    instrument
        `barrier`, `infrastructure` or `subsidy`; None when not said.
    fixed
        `in` must be built, `out` must not, None is free.
    lead
        Periods from start to opening, >= 0; 0 without periods.
    """

    id: str
    cost: int
    arcs: tuple[Arc, ...]
    kind: str = ""
    instrument: Instrument | None = None
    fixed: Fixed | None = None
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """An origin and a destination that should be within a time limit of each other.

    Attributes
    ----------
    origin, destination
        Positions in `DesignProblem.nodes`.
    limit
        Seconds, inclusive.
    weight
        What covering the pair is worth, >= 0.
    group
        Free label such as a tier; empty when not said.
    """

    origin: int
    destination: int
    limit: int
    weight: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A least weight that must be covered in one group.

    Attributes
    ----------
    group
        Group of the pairs or cities that count.
    least
        Weight, >= 0.
    of
        What counts: the group's `pairs` or its `cities`.
    """

    group: str
    least: int
    of: Counted = "pairs"


@dataclass(frozen=True, slots=True)
class City:
    """A city that is covered when enough of its pairs are.

    Attributes
    ----------
    id
        Unique name.
    weight
        What covering the city is worth on top of its pairs, >= 0.
    pairs
        Its pairs: positions in `DesignProblem.pairs`, none twice.
    need
        Pairs that must be covered, 0 to the number of `pairs`.
    group
        Free label such as a tier; empty when not said.
    """

    id: str
    weight: int
    pairs: tuple[int, ...]
    need: int
    group: str = ""


@dataclass(frozen=True)
class DesignProblem:
    """A network design problem: which candidates to build so that pairs come within their limits.

    Attributes
    ----------
    name
        Name of the problem.
    nodes
        Unique ids.
    arcs
        What is open today.
    candidates
        What may be built.
    pairs
        Who should reach whom.
    budget
        Most money that may be spent while the weight of covered pairs and cities is maximised; None: reach
        at least cost what `cover` names.
    cover
        Without a budget: `all` coverable pairs must be covered, or only the `targets` must be met.
    caps
        Most money for the candidates of an instrument: instrument and money, sorted.
    targets
        Least weights that must be covered.
    excludes
        Ids of two candidates of which at most one is built.
    requires
        Ids of two candidates: the first is built only if the second is.
    cities
        Cities that count on top of the pairs.
    rings
        Rings that must be formed, or are worth something.
    periods
        Spans of time in which to build, in order; empty: everything is built at once.
    note
        Free text.
    money
        Unit of every cost, for example `million CNY`.
    """

    name: str
    nodes: tuple[str, ...]
    arcs: tuple[Arc, ...]
    candidates: tuple[Candidate, ...]
    pairs: tuple[Pair, ...]
    budget: int | None
    cover: Cover = "all"
    caps: tuple[tuple[Instrument, int], ...] = ()
    targets: tuple[Target, ...] = ()
    excludes: tuple[tuple[str, str], ...] = ()
    requires: tuple[tuple[str, str], ...] = ()
    cities: tuple[City, ...] = ()
    rings: tuple[Ring, ...] = ()
    periods: tuple[Period, ...] = ()
    note: str = ""
    money: str = ""

    def __post_init__(self) -> None:
        """Refuse values that break the format, all faults at once."""
        from optimiser.problem.rules import check_rules

        check_rules(self)

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the position of each candidate by id."""
        return {candidate.id: j for j, candidate in enumerate(self.candidates)}

    @property
    def must_cover(self) -> bool:
        """Say whether every coverable pair must be covered: no budget, and not the targets alone."""
        return self.budget is None and self.cover == "all"

    @property
    def is_plain(self) -> bool:
        """Say whether a plan is no more than what is built: there are neither rings nor periods."""
        return not self.rings and not self.periods

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups of the pairs, sorted."""
        return tuple(sorted({pair.group for pair in self.pairs}))

    def replace(self, **changes: Any) -> DesignProblem:  # noqa: ANN401 - any field may be exchanged
        """Return a variant of the problem with some fields exchanged.

        Parameters
        ----------
        **changes
            Fields of `DesignProblem` and their new values.
        """
        return dataclasses.replace(self, **changes)

    def cost_of(self, built: Iterable[str]) -> int:
        """Return the money that a set of candidates costs."""
        return sum(self.candidates[self.index[name]].cost for name in built)

    def canonical(self) -> DesignProblem:
        """Return the same problem with each of its lists in an order of its own, and nothing said twice.

        Two files that say the same in different order have the same canonical problem, so that the plan does
        not depend on the order of a file.
        """
        from optimiser.problem.order import canonical

        return canonical(self)

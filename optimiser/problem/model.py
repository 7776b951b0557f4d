"""Define the network design problem as a frozen value, with its rules and canonical order."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from optimiser.problem.errors import raise_faults
from optimiser.problem.jsonfile import LARGEST, integer_faults, is_integer, repeated
from optimiser.problem.ring import Ring, canonical_ring, link_order, ring_faults

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

TIERS = ("core", "secondary", "small")
"""Tiers of cities, largest first: groups of pairs, by the smaller city."""


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
        Arcs that it opens.
    kind
        Free label such as `road` or `rail`; may be empty.
    instrument
        `barrier`, `infrastructure` or `subsidy`; may be None.
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
        Added to coverage and objective when the pair is covered, >= 0.
    group
        Free label such as a tier; may be empty.
    """

    origin: int
    destination: int
    limit: int
    weight: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A minimum weight that must be covered in one group.

    Attributes
    ----------
    group
        Group of the pairs or cities that count.
    least
        Weight, >= 0.
    of
        Whether the group's `pairs` or its `cities` count.
    """

    group: str
    least: int
    of: Counted = "pairs"


@dataclass(frozen=True, slots=True)
class Capacity:
    """A resource that candidates share, for example the trains that a section of line carries in a day.

    Attributes
    ----------
    id
        Unique name.
    use
        What each candidate takes of it once built: candidate id and units, >= 1; sorted, not empty.
        Candidates that are not named take nothing.
    most
        Units that there are for all built candidates together, >= 0.
    """

    id: str
    use: tuple[tuple[str, int], ...]
    most: int

    def used_by(self, built: Collection[str]) -> int:
        """Return the units that some candidates, a set of ids, take together."""
        return sum(units for name, units in self.use if name in built)


@dataclass(frozen=True, slots=True)
class City:
    """A city that is covered when enough of its pairs are.

    Attributes
    ----------
    id
        Unique name.
    weight
        Added to the objective when the city is covered, besides the weights of its pairs, >= 0.
    pairs
        Its pairs: positions in `DesignProblem.pairs`, without duplicates.
    need
        Number of `pairs` that must be covered, 0 to all.
    group
        Free label such as a tier; may be empty.
    """

    id: str
    weight: int
    pairs: tuple[int, ...]
    need: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time in which candidates are started and paid for.

    Attributes
    ----------
    id
        Name.
    budget
        Money available from this period on, >= 0; what is not spent carries over.
    factor
        Factor of the objective reached in the period, >= 0.
    """

    id: str
    budget: int
    factor: int


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
        Arcs that are open today.
    candidates
        What may be built.
    pairs
        Who should reach whom.
    budget
        Most money that may be spent while the weight of covered pairs and cities is maximised; None: meet
        what `cover` demands at least cost.
    cover
        Without a budget: `all` coverable pairs must be covered, or only the `targets` must be met.
    caps
        Most money for the candidates of an instrument: instrument and money, sorted.
    capacities
        Resources that candidates share. They count everything that is built, in whatever period.
    targets
        Minimum weights that must be covered.
    excludes
        Ids of two candidates of which at most one is built.
    requires
        Ids of two candidates: the first is built only if the second is.
    cities
        Cities that count besides the pairs.
    rings
        Rings that must be formed, or that earn a reward.
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
    capacities: tuple[Capacity, ...] = ()
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
        raise_faults(list(_faults(self)), where=f"problem {self.name!r}")

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the position of each candidate by id."""
        return {candidate.id: j for j, candidate in enumerate(self.candidates)}

    @property
    def must_cover(self) -> bool:
        """Return whether every coverable pair must be covered: no budget, and `cover` is `all`."""
        return self.budget is None and self.cover == "all"

    def __repr__(self) -> str:
        """Return name and sizes in one line."""
        budget = "no budget" if self.budget is None else f"budget {self.budget:,} {self.money}".rstrip()
        sizes = ", ".join(
            f"{len(getattr(self, part)):,} {part}" for part in ("nodes", "candidates", "pairs", "rings")
        )
        return f"<DesignProblem {self.name}: {sizes}, {budget}>"

    @property
    def is_plain(self) -> bool:
        """Return whether there are neither rings nor periods, so that a plan is a set of candidates."""
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

    def derived(self, **changes: Any) -> DesignProblem:  # noqa: ANN401 - any field may be exchanged
        """Return a variant as `replace` does, without checking again what the rules of presolve derive.

        They make a hundred variants of one problem, whose checks took a tenth of a solve. A test checks them.

        Parameters
        ----------
        **changes
            Fields of `DesignProblem` and new values that keep its format.
        """
        variant = object.__new__(DesignProblem)
        fields = (field.name for field in dataclasses.fields(DesignProblem))
        variant.__dict__.update({name: getattr(self, name) for name in fields} | changes)
        return variant

    def cost_of(self, built: Iterable[str]) -> int:
        """Return the cost of some candidates, by id."""
        return sum(self.candidates[self.index[name]].cost for name in built)

    def on_nodes(self, order: Sequence[int]) -> DesignProblem:
        """Return the problem on some of its nodes, by position, in this order; it must name no others."""
        new = {old: position for position, old in enumerate(order)}

        def moved(arcs: Iterable[Arc]) -> tuple[Arc, ...]:
            return tuple((new[tail], new[head], seconds) for tail, head, seconds in arcs)

        return self.derived(
            nodes=tuple(self.nodes[node] for node in order),
            arcs=moved(self.arcs),
            candidates=tuple(dataclasses.replace(c, arcs=moved(c.arcs)) for c in self.candidates),
            pairs=tuple(
                dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination])
                for p in self.pairs
            ),
        )

    def on_pairs(self, order: Sequence[int]) -> DesignProblem:
        """Return the problem with some of its pairs, by position, in this order; cities must name no others.

        The pairs of each city are sorted.
        """
        new = {old: position for position, old in enumerate(order)}
        cities = (dataclasses.replace(c, pairs=tuple(sorted(new[k] for k in c.pairs))) for c in self.cities)
        return self.derived(pairs=tuple(self.pairs[k] for k in order), cities=tuple(cities))

    def canonical(self) -> DesignProblem:
        """Return the same problem in canonical order, so that a plan does not depend on the order of a file.

        Notes
        -----
        Nodes, candidates, capacities, cities and rings (`canonical_ring`) are sorted by id; arcs, pairs,
        caps, uses of capacities, targets, excludes and requires by their values, and duplicates of caps,
        targets, excludes and requires are dropped. Equal pairs are sorted by the cities that count them;
        pairs that are equal even then are interchangeable.
        """
        moved = self.on_nodes(sorted(range(len(self.nodes)), key=self.nodes.__getitem__))
        moved = moved.on_pairs(_pair_order(moved.pairs, self.cities))
        return moved.derived(
            arcs=tuple(sorted(moved.arcs)),
            candidates=tuple(
                dataclasses.replace(candidate, arcs=tuple(sorted(candidate.arcs)))
                for candidate in sorted(moved.candidates, key=_id)
            ),
            caps=tuple(sorted(set(self.caps))),
            capacities=tuple(
                dataclasses.replace(capacity, use=tuple(sorted(capacity.use)))
                for capacity in sorted(self.capacities, key=_id)
            ),
            targets=tuple(sorted(set(self.targets), key=dataclasses.astuple)),
            excludes=tuple(sorted({(min(two), max(two)) for two in self.excludes})),
            requires=tuple(sorted(set(self.requires))),
            cities=tuple(sorted(moved.cities, key=_id)),
            rings=tuple(canonical_ring(ring) for ring in sorted(self.rings, key=_id)),
        )


def unused_id(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: the one given, with as many primes as it needs."""
    while name in taken:
        name += "'"
    return name


# ---- canonical order


def lifted_circuits(
    problem: DesignProblem, circuits: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Return circuits of the canonical problem as circuits of the problem given.

    Parameters
    ----------
    problem
        Any problem.
    circuits
        Ring id to positions of links of its canonical ring.
    """
    orders = {ring.id: link_order(ring) for ring in problem.rings if ring.id in circuits}
    return {name: tuple(orders[name][k] for k in links) for name, links in circuits.items()}


def canonical_circuits(
    problem: DesignProblem, circuits: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Return circuits of a problem as circuits of the canonical problem; the inverse of `lifted_circuits`."""
    orders = {ring.id: link_order(ring) for ring in problem.rings if ring.id in circuits}
    return {name: tuple(orders[name].index(k) for k in links) for name, links in circuits.items()}


def candidates_on(problem: DesignProblem, circuits: Mapping[str, Sequence[int]]) -> set[str]:
    """Return the ids of the candidates that circuits of rings use.

    Parameters
    ----------
    problem
        The problem.
    circuits
        Ring id to positions of its links.
    """
    rings = {ring.id: ring for ring in problem.rings}
    names = {rings[name].links[at].candidate for name, links in circuits.items() for at in links}
    return {name for name in names if name is not None}


def with_circuits(problem: DesignProblem, circuits: Mapping[str, Sequence[int]]) -> DesignProblem:
    """Return what is left to decide once the circuits of all rings are: a problem without rings.

    Parameters
    ----------
    problem
        The problem.
    circuits
        Ring id to positions of its links. Their candidates are built in any case; rings that are not named
        are not formed. What the rings earn is left out of the objective.
    """
    built = candidates_on(problem, circuits)
    fixed = (dataclasses.replace(c, fixed="in") if c.id in built else c for c in problem.candidates)
    return problem.derived(rings=(), candidates=tuple(fixed))


def without_rings(problem: DesignProblem, names: Collection[str]) -> DesignProblem:
    """Return a problem in which some rings, by id, are not asked for."""
    return problem.replace(
        rings=tuple(
            dataclasses.replace(ring, apart=tuple(name for name in ring.apart if name not in names))
            for ring in problem.rings
            if ring.id not in names
        )
    )


def _id(item: Candidate | Capacity | City | Ring) -> str:
    return item.id


def _pair_order(pairs: Sequence[Pair], cities: Iterable[City]) -> list[int]:
    """Return the positions of pairs in canonical order."""
    counted_by: list[list[str]] = [[] for _ in pairs]
    for city in sorted(cities, key=_id):
        for k in city.pairs:
            counted_by[k].append(city.id)
    return sorted(range(len(pairs)), key=lambda k: (dataclasses.astuple(pairs[k]), counted_by[k]))


# ---- rules


def _faults(problem: DesignProblem) -> Iterator[str]:
    """Yield every value of a problem that breaks the format, with its place."""
    nodes, candidates = len(problem.nodes), {candidate.id for candidate in problem.candidates}
    yield from (f"nodes: {name!r} occurs twice" for name in repeated(problem.nodes))
    yield from _arc_faults(problem.arcs, nodes, "arcs")
    for key in ("candidates", "capacities", "cities"):
        twice = repeated(item.id for item in getattr(problem, key))
        yield from (f"{key}: id {name!r} occurs twice" for name in twice)
    for position, candidate in enumerate(problem.candidates):
        place = f"candidates[{position}] ({candidate.id!r})"
        yield from integer_faults(candidate, ("cost", "lead"), place)
        yield from _arc_faults(candidate.arcs, nodes, f"{place}.arcs")
        if candidate.lead and not problem.periods:
            yield f"{place}.lead: is allowed only with periods"
    for position, pair in enumerate(problem.pairs):
        place = f"pairs[{position}]"
        for key in ("origin", "destination"):
            if not is_integer(getattr(pair, key), high=nodes - 1):
                yield f"{place}.{key}: {getattr(pair, key)!r} is not a node (0..{nodes - 1})"
        yield from integer_faults(pair, ("limit", "weight"), place)
    if problem.budget is not None and not is_integer(problem.budget):
        yield f"budget: {problem.budget!r} is neither null nor an integer >= 0"
    yield from _side_faults(problem, candidates)
    yield from ring_faults(problem.rings, candidates)
    named = [
        (period, f"periods[{position}] ({period.id!r})") for position, period in enumerate(problem.periods)
    ]
    faults = [fault for item, place in named for fault in integer_faults(item, ("budget", "factor"), place)]
    yield from faults
    if problem.periods and not faults:
        total = sum(period.budget for period in problem.periods)
        if problem.budget != total:
            yield f"budget: {problem.budget!r} is not {total}, the sum of the periods' budgets"


def _arc_faults(arcs: Sequence[Arc], nodes: int, place: str) -> Iterator[str]:
    # One expression without calls looks for any fault: variants of a large problem are made many times.
    if all(
        type(tail) is type(head) is type(seconds) is int
        and 0 <= tail < nodes
        and 0 <= head < nodes
        and 1 <= seconds <= LARGEST
        for tail, head, seconds in arcs
    ):
        return
    for position, (tail, head, seconds) in enumerate(arcs):
        if not (is_integer(tail, high=nodes - 1) and is_integer(head, high=nodes - 1)):
            yield f"{place}[{position}]: {[tail, head, seconds]} names a node outside 0..{nodes - 1}"
        if not is_integer(seconds, low=1):
            yield f"{place}[{position}]: travel time {seconds!r} is not an integer >= 1 s"


def _side_faults(problem: DesignProblem, candidates: Collection[str]) -> Iterator[str]:
    """Yield the faults of cover, caps, capacities, excludes, requires, cities and targets."""
    if problem.cover == "targets" and problem.budget is not None:
        yield "cover: is allowed only with a budget of null"
    if problem.cover == "targets" and not problem.targets:
        yield "cover: 'targets' without targets"
    yield from (f"caps: {name!r} occurs twice" for name in repeated(name for name, _ in problem.caps))
    for name, most in problem.caps:
        if not is_integer(most):
            yield f"caps.{name}: {most!r} is not an integer >= 0"
    for position, capacity in enumerate(problem.capacities):
        yield from _capacity_faults(capacity, candidates, f"capacities[{position}] ({capacity.id!r})")
    for key in ("excludes", "requires"):
        for position, couple in enumerate(getattr(problem, key)):
            place = f"{key}[{position}]"
            unknown = (name for name in couple if name not in candidates)
            yield from (f"{place}: there is no candidate {name!r}" for name in unknown)
            if couple[0] == couple[1]:
                yield f"{place}: {couple[0]!r} is named twice"
    for position, city in enumerate(problem.cities):
        yield from _city_faults(city, len(problem.pairs), f"cities[{position}] ({city.id!r})")
    for position, target in enumerate(problem.targets):
        yield from _target_faults(target, problem, f"targets[{position}]")


def _capacity_faults(capacity: Capacity, candidates: Collection[str], place: str) -> Iterator[str]:
    yield from integer_faults(capacity, ("most",), place)
    if not capacity.use:
        yield f"{place}.use: names no candidate; leave the capacity out"
    for name, units in capacity.use:
        if name not in candidates:
            yield f"{place}.use: there is no candidate {name!r}"
        if not is_integer(units, low=1):
            yield f"{place}.use: {units!r} of {name!r} is not an integer >= 1"
    names = repeated(name for name, _ in capacity.use)
    yield from (f"{place}.use: {name!r} is named twice" for name in names)


def _city_faults(city: City, pairs: int, place: str) -> Iterator[str]:
    yield from integer_faults(city, ("weight",), place)
    if not is_integer(city.need, high=len(city.pairs)):
        yield f"{place}.need: {city.need!r} is not an integer within 0..{len(city.pairs)}, its pairs"
    wrong = [k for k in city.pairs if not is_integer(k, high=pairs - 1)]
    yield from (f"{place}.pairs: {k!r} is not a pair (0..{pairs - 1})" for k in wrong)
    if not wrong:
        yield from (f"{place}.pairs: {k} occurs twice" for k in repeated(map(str, city.pairs)))


def _target_faults(target: Target, problem: DesignProblem, place: str) -> Iterator[str]:
    groups = {item.group for item in (problem.pairs if target.of == "pairs" else problem.cities)} - {""}
    if target.group not in groups:
        yield f"{place}.group: no {target.of} are of group {target.group!r}" + (
            f"; there are {', '.join(sorted(groups))}" if groups else ""
        )
    yield from integer_faults(target, ("least",), place)


def sum_faults(problem: DesignProblem) -> Iterator[str]:
    """Yield the sums over a problem that exceed the largest integer of the format.

    Each number may fit the format while a sum that a result has to hold does not.

    Parameters
    ----------
    problem
        A problem whose single values are valid.

    Notes
    -----
    The objective is at most the weight of all pairs and cities plus the rewards of all rings, with periods
    times the sum of their factors; the coverage is at most the weight of all pairs. The cost is at most the
    budget, or without a budget the cost of all candidates that are not fixed out. What takes of a capacity is
    added up whatever is built.
    """
    pairs = sum(pair.weight for pair in problem.pairs)
    more = sum(city.weight for city in problem.cities) + sum(ring.reward for ring in problem.rings)
    factor = sum(period.factor for period in problem.periods) if problem.periods else 1
    sums = {"pairs: the weights": pairs}
    if pairs <= LARGEST:
        what = "the weights of pairs and cities and the rewards of rings"
        sums[f"{what}, over all periods," if problem.periods else what] = (pairs + more) * factor
    if problem.budget is None:
        sums["candidates: the costs"] = sum(c.cost for c in problem.candidates if c.fixed != "out")
    for capacity in problem.capacities:
        sums[f"capacities: the uses of {capacity.id!r}"] = sum(units for _, units in capacity.use)
    for what, total in sums.items():
        if total > LARGEST:
            yield f"{what} sum to {total:,}, above {LARGEST:,} (2^63 - 1); count in a larger unit"

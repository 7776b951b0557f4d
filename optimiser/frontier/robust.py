"""Compose scenarios of a problem into one problem, whose plan is best over all of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from optimiser.problem import Candidate, Capacity, City, DesignProblem, Pair, Target
from optimiser.problem.errors import ProblemError
from optimiser.problem.model import Arc
from optimiser.verify.times import coverable

type Afford = Literal["all", "expected", "base"]
"""Where a plan must be affordable: in every scenario, in the mean of all, or at the prices of the base."""

AFFORD: tuple[Afford, ...] = ("all", "expected", "base")

EXPECTED_COST = "expected cost"
"""Id of the capacity that limits the expected cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One of the futures that a plan has to serve.

    Attributes
    ----------
    name
        Unique name; it begins the ids of its nodes, and is the group of its pairs.
    problem
        What holds then: the candidates of the base with times, prices and limits of their own.
    weight
        What it counts for beside the others, >= 1; shares of one are probabilities.
    """

    name: str
    problem: DesignProblem
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Scenarios composed into one problem.

    Attributes
    ----------
    problem
        The problem of the largest expected weight: its objective is the sum over the scenarios of their
        weight times the objective there.
    base
        The problem that names, prices and limits the candidates.
    scenarios
        What it is composed of.
    pairs
        For each scenario the positions in `problem` of its pairs, in their order.
    """

    problem: DesignProblem
    base: DesignProblem
    scenarios: tuple[Scenario, ...]
    pairs: tuple[range, ...]

    @property
    def total(self) -> int:
        """Return the sum of the weights of the scenarios."""
        return sum(scenario.weight for scenario in self.scenarios)


def compose(base: DesignProblem, scenarios: Sequence[Scenario], *, afford: Afford = "all") -> Composition:
    """Compose scenarios into one problem, in which a candidate opens its arcs in all scenarios at once.

    Parameters
    ----------
    base
        The problem whose candidates, prices, budget, relations, rings and periods hold.
    scenarios
        One at least, each a problem with the candidates of the base.
    afford
        `all`: a plan keeps the budget and the caps of the base, and at the prices of each scenario those of
        that scenario. `expected`: it keeps the mean budget and caps at mean prices, and nothing else.
        `base`: those of the base alone, whatever the scenarios cost.

    Raises
    ------
    ProblemError
        When names are taken twice, candidates differ, or something can be said only once and is not.

    Notes
    -----
    Nodes are those of the scenarios, named `scenario/node`. Scenarios whose nodes, arcs and arcs of
    candidates are equal share one copy, named after the first of them. Pairs are copied, with their weight
    times that of the scenario, in the group of the scenario's name (`scenario/group` where a scenario has
    targets for its pairs). Cities and targets are copied likewise.

    What a candidate costs is in the problem once. So prices and budget of a scenario are a capacity: its use
    is the cost in the scenario, and its most the budget there. Rows that another implies are left out.

    A candidate that a scenario alone fixes `out` fails there: it may be built, and is paid for, but opens
    nothing in that scenario. What a scenario fixes `in` is built.
    """
    raise_on = list(_faults(base, scenarios, afford))
    if raise_on:
        raise ProblemError(
            "the scenarios cannot be composed into one problem",
            where=f"problem {base.name!r}",
            faults=raise_on,
            remedy="All scenarios must be cases of one problem.",
        )
    networks = _Networks(base)
    first = [networks.place(scenario) for scenario in scenarios]
    by_tier = any(target.of == "pairs" for s in scenarios for target in s.problem.targets)
    pairs: list[Pair] = []
    cities: list[City] = []
    places: list[range] = []
    for scenario, shift in zip(scenarios, first, strict=True):
        begin = len(pairs)
        group = _group_of(scenario, by_tier=by_tier)
        pairs += (_copied(pair, shift, scenario.weight, group(pair.group)) for pair in scenario.problem.pairs)
        places.append(range(begin, len(pairs)))
        cities += (
            dataclasses.replace(
                city,
                id=f"{scenario.name}/{city.id}",
                weight=scenario.weight * city.weight,
                pairs=tuple(begin + k for k in city.pairs),
                group=f"{scenario.name}/{city.group}",
            )
            for city in scenario.problem.cities
        )
    total = sum(scenario.weight for scenario in scenarios)
    money = _money(base, scenarios, afford)
    problem = base.replace(
        name=f"{base.name}: {len(scenarios)} scenarios",
        nodes=tuple(networks.nodes),
        arcs=tuple(networks.arcs),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple(networks.opened[c.id]), fixed=_fixed(c, scenarios))
            for c in base.candidates
        ),
        pairs=tuple(pairs),
        budget=base.budget if afford != "expected" or base.budget is None else _unlimited(base),
        caps=() if afford == "expected" else base.caps,
        capacities=(*_capacities(base, scenarios), *money),
        targets=tuple(
            dataclasses.replace(target, group=f"{s.name}/{target.group}", least=s.weight * target.least)
            for s in scenarios
            for target in s.problem.targets
        ),
        cities=tuple(cities),
        excludes=_together(couple for p in _problems(base, scenarios) for couple in p.excludes),
        requires=_together(couple for p in _problems(base, scenarios) for couple in p.requires),
        rings=tuple(dataclasses.replace(ring, reward=total * ring.reward) for ring in base.rings),
    )
    return Composition(problem=problem, base=base, scenarios=tuple(scenarios), pairs=tuple(places))


def with_least(composition: Composition, least: Sequence[int]) -> DesignProblem:
    """Return the composed problem with a least weight to be covered in each scenario.

    Parameters
    ----------
    composition
        Scenarios that have neither targets nor cities, in a problem without periods.
    least
        Weight of the scenario's pairs to be covered at least, in its own units, >= 0.

    Raises
    ------
    ProblemError
        When a scenario has demands of its own, which count pairs in other groups.
    """
    _refuse_demands(composition, "a least weight in each scenario")
    rows = zip(composition.scenarios, least, strict=True)
    targets = (Target(s.name, s.weight * weight) for s, weight in rows if weight > 0)
    return composition.problem.replace(targets=tuple(targets))


def covered_in_most(composition: Composition, need: int) -> DesignProblem:
    """Return the problem of the largest weight of pairs that are covered in at least so many scenarios.

    Parameters
    ----------
    composition
        Scenarios that have neither targets nor cities, whose pairs have the ends of those of the base.
    need
        Number of scenarios in which a pair must be covered to count, 1 to all; the weights of scenarios play
        no part.

    Returns
    -------
    DesignProblem
        The composed problem in which the copies of a pair weigh nothing, and a city `pair 1`, `pair 2`, ...
        with the weight of the pair in the base is covered when `need` of its copies are.

    Raises
    ------
    ProblemError
        When the pairs are not the same, or scenarios have demands of their own.
    """
    _refuse_demands(composition, "a count of scenarios")
    count, base = len(composition.scenarios), composition.base
    faults = [f"need: {need} is not within 1..{count}, the scenarios"] if not 1 <= need <= count else []
    ends = _ends(base)
    faults += [
        f"scenario {s.name!r}: its pairs join other nodes than those of the base"
        for s in composition.scenarios
        if _ends(s.problem) != ends
    ]
    if faults:
        raise ProblemError(
            "pairs cannot be counted over the scenarios", where=f"problem {base.name!r}", faults=faults
        )
    return composition.problem.replace(
        pairs=tuple(dataclasses.replace(pair, weight=0) for pair in composition.problem.pairs),
        cities=tuple(
            City(f"pair {k + 1}", pair.weight, tuple(place[k] for place in composition.pairs), need)
            for k, pair in enumerate(base.pairs)
        ),
    )


def coverable_weights(composition: Composition) -> tuple[int, ...]:
    """Return the weight of each scenario's pairs that are covered with everything built that may be."""
    ever = coverable(composition.problem)
    return tuple(
        sum(pair.weight for k, pair in zip(place, s.problem.pairs, strict=True) if ever[k])
        for s, place in zip(composition.scenarios, composition.pairs, strict=True)
    )


# ---- networks


class _Networks:
    """The networks of the scenarios beside each other, equal ones once."""

    def __init__(self, base: DesignProblem) -> None:
        self.nodes: list[str] = []
        self.arcs: list[Arc] = []
        self.opened: dict[str, list[Arc]] = {c.id: [] for c in base.candidates}
        self._fixed = {c.id for c in base.candidates if c.fixed == "out"}
        self._known: dict[object, int] = {}

    def place(self, scenario: Scenario) -> int:
        """Return the position of the first node of a scenario's network, and add it if it is new."""
        problem = scenario.problem
        failed = {c.id for c in problem.candidates if c.fixed == "out"} - self._fixed
        opened = {c.id: () if c.id in failed else c.arcs for c in problem.candidates}
        key = (problem.nodes, problem.arcs, tuple(sorted(opened.items())))
        if key in self._known:
            return self._known[key]
        first = self._known[key] = len(self.nodes)
        self.nodes += (f"{scenario.name}/{name}" for name in problem.nodes)
        self.arcs += _shifted(problem.arcs, first)
        for name, arcs in opened.items():
            self.opened[name] += _shifted(arcs, first)
        return first


def _shifted(arcs: Iterable[Arc], first: int) -> Iterator[Arc]:
    return ((first + tail, first + head, seconds) for tail, head, seconds in arcs)


def _copied(pair: Pair, shift: int, weight: int, group: str) -> Pair:
    return Pair(shift + pair.origin, shift + pair.destination, pair.limit, weight * pair.weight, group)


def _group_of(scenario: Scenario, *, by_tier: bool) -> Callable[[str], str]:
    return lambda group: f"{scenario.name}/{group}" if by_tier else scenario.name


def _fixed(candidate: Candidate, scenarios: Sequence[Scenario]) -> Literal["in", "out"] | None:
    if candidate.fixed is None and any(
        s.problem.candidates[s.problem.index[candidate.id]].fixed == "in" for s in scenarios
    ):
        return "in"
    return candidate.fixed


# ---- money


def _money(base: DesignProblem, scenarios: Sequence[Scenario], afford: Afford) -> tuple[Capacity, ...]:
    """Return the capacities that keep the budgets and caps of the scenarios."""
    if base.budget is None or afford == "base":
        return ()
    if afford == "expected":
        return tuple(_expected(base, scenarios))
    rows = [(name, use, most) for s in scenarios for name, use, most in _limits(s)]
    known = [(use, most) for _, use, most in _limits(Scenario(name="", problem=base))]
    kept: list[Capacity] = []
    for at, (name, use, most) in enumerate(rows):
        others = [*known, *((u, m) for i, (_, u, m) in enumerate(rows) if i != at and not _same(rows, i, at))]
        if sum(use.values()) > most and not any(_implies(u, m, use, most) for u, m in others):
            kept.append(Capacity(name, tuple(sorted(use.items())), most))
    return tuple(kept)


def _same(rows: Sequence[tuple[str, Mapping[str, int], int]], one: int, other: int) -> bool:
    """Return whether a row equals an earlier one, which then stands for it; `other` is the earlier."""
    return one > other and rows[one][1:] == rows[other][1:]


def _implies(use: Mapping[str, int], most: int, other: Mapping[str, int], other_most: int) -> bool:
    """Return whether a limit implies another: it takes no less of every candidate, and allows no more."""
    return most <= other_most and all(use.get(name, 0) >= units for name, units in other.items())


def _limits(scenario: Scenario) -> Iterator[tuple[str, dict[str, int], int]]:
    """Yield the budget and the caps of a scenario: name, cost by candidate where it is not 0, most."""
    problem = scenario.problem
    if problem.budget is not None:
        cost = {c.id: c.cost for c in problem.candidates if c.cost}
        yield f"{scenario.name}: budget", cost, problem.budget
    for instrument, most in problem.caps:
        cost = {c.id: c.cost for c in problem.candidates if c.cost and c.instrument == instrument}
        yield f"{scenario.name}: cap of {instrument}", cost, most


def _expected(base: DesignProblem, scenarios: Sequence[Scenario]) -> Iterator[Capacity]:
    """Yield the expected budget, and the expected cap of each instrument that every scenario caps.

    Both sides are sums over the scenarios with their weights.
    """
    parts = [
        {name.partition(": ")[2]: (use, most) for name, use, most in _limits(s)}
        for s in _anonymous(scenarios)
    ]
    for what in parts[0]:
        if all(what in part for part in parts):
            names = (c.id for c in base.candidates)
            rows = list(zip(scenarios, parts, strict=True))
            use = {n: sum(s.weight * part[what][0].get(n, 0) for s, part in rows) for n in names}
            most = sum(s.weight * part[what][1] for s, part in rows)
            if sum(use.values()) > most:
                name = EXPECTED_COST if what == "budget" else f"expected {what}"
                divisor = math.gcd(*use.values())
                used = ((n, units // divisor) for n, units in sorted(use.items()) if units)
                yield Capacity(name, tuple(used), most // divisor)


def _anonymous(scenarios: Sequence[Scenario]) -> Iterator[Scenario]:
    return (dataclasses.replace(scenario, name="") for scenario in scenarios)


def _unlimited(base: DesignProblem) -> int:
    return sum(candidate.cost for candidate in base.candidates)


def _capacities(base: DesignProblem, scenarios: Sequence[Scenario]) -> tuple[Capacity, ...]:
    """Return the resources of the base and of the scenarios; those that the base has too stand once."""
    known = {(c.use, c.most) for c in base.capacities}
    found = list(base.capacities)
    for scenario in scenarios:
        for capacity in scenario.problem.capacities:
            if (capacity.use, capacity.most) not in known:
                known.add((capacity.use, capacity.most))
                found.append(dataclasses.replace(capacity, id=f"{scenario.name}: {capacity.id}"))
    return tuple(found)


def _problems(base: DesignProblem, scenarios: Sequence[Scenario]) -> Iterator[DesignProblem]:
    yield base
    yield from (scenario.problem for scenario in scenarios)


def _together(couples: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(set(couples)))


# ---- what cannot be composed


def _faults(base: DesignProblem, scenarios: Sequence[Scenario], afford: str) -> Iterator[str]:
    if not scenarios:
        yield "there is no scenario"
    if afford not in AFFORD:
        yield f"afford: {afford!r} is not one of {', '.join(AFFORD)}"
    names = [scenario.name for scenario in scenarios]
    yield from (
        f"scenario {name!r} occurs twice" for name in sorted({n for n in names if names.count(n) > 1})
    )
    ids, fixed = base.index.keys(), {c.id for c in base.candidates if c.fixed == "out"}
    for scenario in scenarios:
        problem, where = scenario.problem, f"scenario {scenario.name!r}"
        if not scenario.name or "/" in scenario.name:
            yield f"{where}: a name must have a letter, and no '/'"
        if scenario.weight < 1:
            yield f"{where}: its weight {scenario.weight} is not at least 1"
        if problem.index.keys() != ids:
            differing = sorted(problem.index.keys() ^ ids)
            yield f"{where}: {differing[0]!r} is a candidate there or in the base, and not in both"
        if (problem.budget is None) != (base.budget is None) or problem.cover != base.cover:
            yield f"{where}: it asks for least cost and the base for most weight, or the other way round"
        if len(problem.periods) != len(base.periods) or any(
            one.factor != other.factor for one, other in zip(problem.periods, base.periods, strict=True)
        ):
            yield f"{where}: its periods, or their factors, are not those of the base"
        yield from (
            f"{where}: {c.id!r} must be built there, and must not be built in the base"
            for c in problem.candidates
            if c.fixed == "in" and c.id in fixed
        )


def _refuse_demands(composition: Composition, what: str) -> None:
    faults = [
        f"scenario {s.name!r}: it has {found}"
        for s in composition.scenarios
        for found, has in (
            ("targets", s.problem.targets),
            ("cities that count", s.problem.cities),
            ("periods", s.problem.periods),
            ("rings that earn a reward", any(ring.reward for ring in composition.base.rings)),
        )
        if has
    ]
    if composition.base.budget is None:
        faults.append("the base has no budget")
    if faults:
        raise ProblemError(
            f"{what} cannot be asked for beside other demands",
            where=f"problem {composition.base.name!r}",
            faults=faults,
            remedy="Leave them out, or ask for the largest expected weight.",
        )


def _ends(problem: DesignProblem) -> list[tuple[str, str]]:
    return [(problem.nodes[pair.origin], problem.nodes[pair.destination]) for pair in problem.pairs]

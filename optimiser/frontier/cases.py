"""Resolve plausible cases of a problem: the same candidates, timed, priced and weighed otherwise."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from optimiser.frontier.axes import with_budget, with_least
from optimiser.problem import Candidate, Capacity, DesignProblem, Pair
from optimiser.problem.model import Arc, candidates_on, without_rings

type Price = Literal["low", "central", "high"] | float
"""An estimate of a cost, or a factor on the cost of the base."""

ALL_KINDS = "all"
"""Stands for every kind of candidate."""
ALL_PAIRS = "all pairs"
"""Stands for the pairs of all tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChanges:
    """How times differ from those of the base.

    Attributes
    ----------
    road_speed, rail_speed
        Factors on the speeds of driving and of running trains.
    expressway_kmh
        Average speed on expressways; None: as in the base.
    check_in_most_s, wait_most_s
        Largest time before departure, and of a wait; None: as in the base.
    waits, check_in
        Factors on waits and on the time before departure, before their largest time applies.
    connections, check_in_rule
        Share of what timed connections, and shorter check-in, save that they do save: 1 all, 0 none.
    access_s
        Seconds added between a centre and a station near it, at each end; what is left is at least 60 s.
    limit_s
        Seconds added to the limit of each pair.
    beyond_s
        Seconds beyond the limit within which paths are kept too, for pairs with later limits.
    closed
        Names of links of today that are closed, as the timer knows them.
    """

    road_speed: float = 1.0
    rail_speed: float = 1.0
    expressway_kmh: float | None = None
    check_in_most_s: int | None = None
    wait_most_s: int | None = None
    waits: float = 1.0
    check_in: float = 1.0
    connections: float = 1.0
    check_in_rule: float = 1.0
    access_s: int = 0
    limit_s: int = 0
    beyond_s: int = 0
    closed: tuple[str, ...] = ()


UNCHANGED = TimeChanges()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What differs from the base, all else being equal; a plan is the answer to a case.

    Attributes
    ----------
    name, description
        For the reader.
    times
        How times differ.
    prices
        Estimate or factor by kind of candidate, or for `ALL_KINDS`; a kind's own entry goes first.
    weight_exponent
        Weight of a pair: the smaller population to this power, times the factor of its tier; None: as in the
        base.
    tier_factors
        Factors on the weights of the pairs of tiers; those of the base for tiers that are not named.
    growth
        Factors on populations, by tier or by id of a city; those of a city are multiplied.
    budget
        Another budget; None: that of the base.
    fixed_in, fixed_out
        Ids of candidates that must, and must not, be built.
    discounting
        Whether later periods count less; False: every year counts the same.
    steps
        Steps in which pairs count; empty: as in the base.
    capacity
        Estimate of what sections of line carry; None: as in the base.
    independence
        Whether the independence of pairs from the core counts as in the base; False: it does not.
    rings
        Whether the rings are those of the base; False: none is asked for.
    rings_required, rings_dropped
        Ids of rings that must be formed, whatever they earn, and that are not asked for.
    demands
        Whether the demands of the job for fairness hold; False: neither targets nor cities nor factors of
        tiers. Budget, caps and rings stay.
    least
        Least weight by tier, or of `ALL_PAIRS`, to be covered at least cost, in place of budget and demands;
        caps stay at the money that they were. Where it is 0, no pair counts: what rings and candidates cost
        that must be there.
    unlike
        Ids of candidates; with `least`, of the plans within the budget one is asked for that spends least on
        these, and then least in all.
    delays
        Years that building takes longer, by kind of candidate; they count where there are periods.
    """

    name: str = ""
    description: str = ""
    times: TimeChanges = UNCHANGED
    prices: tuple[tuple[str, Price], ...] = ()
    weight_exponent: float | None = None
    tier_factors: tuple[tuple[str, int], ...] = ()
    growth: tuple[tuple[str, float], ...] = ()
    budget: int | None = None
    fixed_in: tuple[str, ...] = ()
    fixed_out: tuple[str, ...] = ()
    discounting: bool = True
    steps: tuple[LimitStep, ...] = ()
    capacity: Literal["low", "high"] | None = None
    independence: bool = True
    rings: bool = True
    rings_required: tuple[str, ...] = ()
    rings_dropped: tuple[str, ...] = ()
    demands: bool = True
    least: tuple[tuple[str, int], ...] = ()
    unlike: tuple[str, ...] = ()
    delays: tuple[tuple[str, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from the base as a JSON object, which `case_from` reads."""
        times, steps = _changed(self.times), [[str(step.share), step.later_s] for step in self.steps]
        return _changed(self) | ({"times": times} if times else {}) | ({"steps": steps} if steps else {})


def case_from(values: Mapping[str, Any]) -> Case:
    """Return the case that `Case.as_dict` wrote."""
    fields = {key: _frozen(value) for key, value in values.items() if key != "times"}
    fields["steps"] = tuple(LimitStep(Fraction(share), later) for share, later in values.get("steps", ()))
    times = {key: _frozen(value) for key, value in values.get("times", {}).items()}
    return Case(times=TimeChanges(**times), **fields)


def _changed(value: Case | TimeChanges) -> dict[str, Any]:
    """Return the fields of a value that differ from their defaults."""
    pairs = ((one.name, one.default, getattr(value, one.name)) for one in dataclasses.fields(value))
    return {name: now for name, default, now in pairs if now != default and name != "times"}


def _frozen(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    return tuple(_frozen(one) for one in value) if isinstance(value, list | tuple) else value


type Timer = Callable[[TimeChanges], DesignProblem]
"""Times the network and the candidates of a problem anew: the base problem with other arcs and limits."""
type LayerTimer = Callable[[TimeChanges], Layer | None]
"""Times the layer without the core anew; None: there is none."""
type Demands = Callable[[DesignProblem, bool, Mapping[str, int]], DesignProblem]
"""States targets, caps and periods that fit a problem whose times, costs or weights have changed: with or
without discounting, and with the further years of building by kind of candidate."""


@dataclass(frozen=True, slots=True)
class People:
    """Who lives at the ends of the pairs.

    Attributes
    ----------
    population
        People by city.
    tier
        Tier by city.
    ends
        The two cities of each pair.
    """

    population: Mapping[str, int]
    tier: Mapping[str, str]
    ends: tuple[tuple[str, str], ...]

    def smaller(self, growth: Mapping[str, float]) -> tuple[float, ...]:
        """Return the smaller population of each pair under factors by tier or by city."""
        now = {
            city: count * growth.get(self.tier[city], 1.0) * growth.get(city, 1.0)
            for city, count in self.population.items()
        }
        return tuple(min(now[one], now[other]) for one, other in self.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A problem from which cases are resolved, and what its integers were made from.

    Attributes
    ----------
    problem
        The problem, its pairs without steps.
    timer
        Times it anew; see `Timer`.
    costs
        Low, central and high cost of each candidate by id.
    people
        Who lives at the ends of each pair.
    exponent
        Weight of a pair in the base: its smaller population to this power; None: given otherwise.
    factors
        Factor of each pair's weight, that of its tier.
    weights
        Weight of each pair without that factor; empty: not known, so that no case changes the factors.
    demands
        States the demands of a job anew; default: they stay as they are.
    steps
        Steps in which the pairs count.
    capacities
        Capacities of the problem by estimate.
    layer
        Times the further pairs without the core; default: there are none.
    """

    problem: DesignProblem
    timer: Timer
    costs: Mapping[str, tuple[int, int, int]]
    people: People
    factors: tuple[int, ...]
    weights: tuple[int, ...] = ()
    exponent: float | None = None
    demands: Demands = field(default=lambda problem, _discounting, _delays: problem)
    steps: tuple[LimitStep, ...] = ()
    capacities: Mapping[str, tuple[Capacity, ...]] = field(default_factory=dict)
    layer: LayerTimer = field(default=lambda _changes: None)


def resolve(base: Base, case: Case) -> DesignProblem:
    """Return the problem of a case: the candidates of the base, timed, priced and weighed as the case says.

    Nothing is generated again: candidates, pairs and rings are those of the base.

    Parameters
    ----------
    base
        The problem and what its integers were made from.
    case
        What differs.

    Returns
    -------
    DesignProblem
        A problem of its own, named after the case.
    """
    steps = case.steps or base.steps
    times = dataclasses.replace(case.times, beyond_s=max(case.times.beyond_s, longest_s(steps)))
    problem = base.problem if times == UNCHANGED else base.timer(times)
    problem = problem.replace(
        name=f"{base.problem.name}: {case.name}" if case.name else base.problem.name,
        candidates=tuple(_candidate(c, base, case) for c in problem.candidates),
        pairs=_weighed(problem.pairs, base, case),
    )
    if case.capacity is not None:
        problem = problem.replace(capacities=base.capacities[case.capacity])
    if case.budget is not None:
        problem = with_budget(problem, case.budget)
    rings = without_rings(problem, case.rings_dropped).rings if case.rings else ()
    problem = problem.replace(
        rings=tuple(
            dataclasses.replace(ring, required=True, reward=0) if ring.id in case.rings_required else ring
            for ring in rings
        )
    )
    layer = base.layer(case.times) if case.independence else None
    problem = base.demands(problem, case.discounting, dict(case.delays))
    if not case.demands:
        problem = problem.replace(targets=(), cities=())
    if case.least:
        sums = [problem.groups if tier == ALL_PAIRS else (tier,) for tier, _ in case.least]
        weights = [weight for _, weight in case.least]
        asked = with_least(problem.replace(cities=(), targets=()), sums, weights)
        asked = _shunning(asked, case.unlike) if case.unlike else asked
        if not asked.targets:  # what else must be built, at least cost
            return asked.replace(budget=None, cover="all", pairs=())
        return asked.replace(budget=None, cover="targets")
    return with_steps(problem, steps, layer)


SHUNNED = 100
"""How many times the money counts that is spent on what a plan is to be unlike."""


def _shunning(problem: DesignProblem, names: Collection[str]) -> DesignProblem:
    """Return a problem whose plans pay `SHUNNED` times for some links; what they may spend are capacities."""
    limits = [
        Capacity(name, tuple(sorted(use.items())), most) for name, use, most in money_limits(problem) if use
    ]
    return problem.replace(
        candidates=tuple(
            dataclasses.replace(one, cost=one.cost * (SHUNNED if one.id in names else 1))
            for one in problem.candidates
        ),
        capacities=(*problem.capacities, *limits),
        caps=(),
    )


def money_limits(problem: DesignProblem) -> Iterator[tuple[str, dict[str, int], int]]:
    """Yield the budget and the caps of a problem: name, cost by candidate where it is not 0, most."""
    costs = [(c.instrument, c.id, c.cost) for c in problem.candidates if c.cost]
    if problem.budget is not None:
        yield "budget", {name: cost for _, name, cost in costs}, problem.budget
    for instrument, most in problem.caps:
        yield f"cap of {instrument}", {name: cost for of, name, cost in costs if of == instrument}, most


def payable(
    problems: Sequence[DesignProblem], circuits: Mapping[str, Sequence[int]]
) -> dict[str, Sequence[int]]:
    """Return the circuits that budget and caps of every problem can pay for.

    Rings that are required stay in any case. Of those that are wished, the one of the least reward is given
    up first, until the others, and what must be built besides, can be paid.
    """
    rings = sorted(problems[0].rings, key=lambda ring: (ring.required, ring.reward))
    kept = {ring.id: circuits[ring.id] for ring in rings if ring.id in circuits}

    def is_too_dear(problem: DesignProblem) -> bool:
        built = candidates_on(problem, kept) | {c.id for c in problem.candidates if c.fixed == "in"}
        return any(sum(use.get(n, 0) for n in built) > most for _, use, most in money_limits(problem))

    for ring in rings:
        if not ring.required and any(map(is_too_dear, problems)):
            kept.pop(ring.id, None)
    return kept


def _candidate(candidate: Candidate, base: Base, case: Case) -> Candidate:
    prices = dict(case.prices)
    price = prices.get(candidate.kind, prices.get(ALL_KINDS, 1.0))
    if isinstance(price, str):
        estimates = base.costs.get(candidate.id, (candidate.cost,) * 3)
        cost = estimates[("low", "central", "high").index(price)]
    else:
        cost = round(price * candidate.cost)
    changed = dataclasses.replace(candidate, cost=cost)
    if candidate.id in case.fixed_in:
        return dataclasses.replace(changed, fixed="in")
    return dataclasses.replace(changed, fixed="out") if candidate.id in case.fixed_out else changed


def _weighed(pairs: Sequence[Pair], base: Base, case: Case) -> tuple[Pair, ...]:
    exponent = base.exponent if case.weight_exponent is None and case.growth else case.weight_exponent
    given = dict(case.tier_factors)
    if exponent is not None:
        scale = 100 if 0 < exponent < 0.5 else 1
        weights = tuple(round(scale * people**exponent) for people in base.people.smaller(dict(case.growth)))
    elif given or not case.demands:
        weights = base.weights
    else:
        return tuple(pairs)
    return tuple(
        dataclasses.replace(pair, weight=weight * (given.get(pair.group, factor) if case.demands else 1))
        for pair, weight, factor in zip(pairs, weights, base.factors, strict=True)
    )


def counted_pairs(problem: DesignProblem) -> tuple[int, ...]:
    """Return the positions of the pairs that count within the limit: all but the further ones."""
    return tuple(k for k, pair in enumerate(problem.pairs) if not is_further(pair.group))


STEP = "step:"
"""Begin of the groups of the further pairs with later limits."""
INDEPENDENCE = "independence:"
"""Begin of the groups of the further pairs without the core."""
WITHOUT_CORE = "/without-core"
"""End of the ids of nodes in the layer without the core."""


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A part of the weight of each pair that counts within a limit.

    Attributes
    ----------
    share
        Part of the weight, above 0.
    later_s
        Seconds by which the limit of this part exceeds that of the pair, >= 0; 0: the pair itself.
    """

    share: Fraction
    later_s: int


@dataclass(frozen=True, slots=True)
class Layer:
    """Further pairs over a network of their own, on the same candidates.

    Attributes
    ----------
    network
        Nodes, arcs, candidates with the ids of the problem and the arcs that they open here, and the further
        pairs with their limits. Weights, groups and budget are not used.
    of
        Position in the problem of the pair that each further pair belongs to.
    shares
        What each further pair counts, as a multiple of the weight of that pair, above 0.
    """

    network: DesignProblem
    of: tuple[int, ...]
    shares: tuple[Fraction, ...]


def longest_s(steps: Sequence[LimitStep]) -> int:
    """Return by how much the last limit exceeds that of the pairs, seconds; 0 without steps."""
    return max((step.later_s for step in steps), default=0)


def is_further(group: str) -> bool:
    """Return whether a group is one of further pairs, which no count, target, tier or figure includes."""
    return group.startswith((STEP, INDEPENDENCE))


def scale_of(shares: Iterable[Fraction]) -> int:
    """Return the least factor with which every part of a weight is whole; 1 without parts."""
    return math.lcm(*(share.denominator for share in shares))


def with_steps(
    problem: DesignProblem, steps: Sequence[LimitStep] = (), layer: Layer | None = None
) -> DesignProblem:
    """Return a problem whose pairs count in parts.

    Parameters
    ----------
    problem
        A problem without further pairs.
    steps
        The parts of the weight; those with `later_s` 0 stay with the pairs. Empty: the whole weight does.
    layer
        Further pairs without the core, besides the whole weight; None: there are none.

    Returns
    -------
    DesignProblem
        The pairs keep their positions; after them comes a further pair for each pair and later limit, in the
        group `step:<group of the pair>`, then those of the layer, in the group `independence:<group of the
        pair>`, whose network is added with its nodes renamed: no arc joins it to the rest. All weights
        (pairs, cities, rewards of rings, targets) are multiplied by `scale_of` all parts, so that they are
        whole and keep their proportions.

    Notes
    -----
    A target of pairs counts the part of the weight within the limit alone, as before: it is multiplied by
    what the pairs of its group are multiplied by.
    """
    if not steps and layer is None:
        return problem
    scale = scale_of([*(step.share for step in steps), *(() if layer is None else layer.shares)])
    kept = sum((step.share for step in steps if not step.later_s), Fraction(0)) if steps else Fraction(1)
    own = int(scale * kept)
    further = [
        dataclasses.replace(
            pair,
            limit=pair.limit + step.later_s,
            weight=int(scale * step.share) * pair.weight,
            group=f"{STEP}{pair.group}",
        )
        for step in steps
        if step.later_s
        for pair in problem.pairs
    ]
    pairs = [dataclasses.replace(pair, weight=own * pair.weight) for pair in problem.pairs]
    if layer is not None:
        first = len(problem.nodes)  # the nodes of the layer stand after those of the problem
        further += (
            Pair(
                origin=first + pair.origin,
                destination=first + pair.destination,
                limit=pair.limit,
                weight=int(scale * share) * problem.pairs[of].weight,
                group=f"{INDEPENDENCE}{problem.pairs[of].group}",
            )
            for pair, of, share in zip(layer.network.pairs, layer.of, layer.shares, strict=True)
        )
        problem = _beside(problem, layer.network)
    return problem.replace(
        pairs=(*pairs, *further),
        targets=tuple(
            dataclasses.replace(t, least=t.least * (own if t.of == "pairs" else scale))
            for t in problem.targets
        ),
        cities=tuple(dataclasses.replace(city, weight=scale * city.weight) for city in problem.cities),
        rings=tuple(dataclasses.replace(ring, reward=scale * ring.reward) for ring in problem.rings),
    )


def _beside(problem: DesignProblem, network: DesignProblem) -> DesignProblem:
    """Return a problem with a second network beside its own: a candidate opens its arcs in both."""
    first = len(problem.nodes)
    there = {candidate.id: candidate.arcs for candidate in network.candidates}
    return problem.replace(
        nodes=(*problem.nodes, *(f"{name}{WITHOUT_CORE}" for name in network.nodes)),
        arcs=(*problem.arcs, *shifted(network.arcs, first)),
        candidates=tuple(
            dataclasses.replace(c, arcs=(*c.arcs, *shifted(there.get(c.id, ()), first)))
            for c in problem.candidates
        ),
    )


def shifted(arcs: Iterable[Arc], first: int) -> Iterator[Arc]:
    """Yield arcs between nodes whose numbers begin at `first`."""
    return ((first + tail, first + head, seconds) for tail, head, seconds in arcs)

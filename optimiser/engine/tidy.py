"""Choose among plans of the same objective: the canonical one, and, with rings, one without needless parts.

The canonical plan is the cheapest, and of these the first in canonical order.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from optimiser.engine.search import circuit_starts
from optimiser.engine.search.circuits import Circuit, cover_of
from optimiser.engine.search.incumbent import EvaluatedPlan, PlanEvaluator
from optimiser.problem import City, DesignProblem, Pair, Ring, Target
from optimiser.problem.model import Fixed, candidates_on, canonical_circuits, lifted_circuits, unused_id
from optimiser.problem.result import Result, gap_of
from optimiser.verify.rules import coverable

CHEAPEST_FIRST = 10**9
"""Length, in 1e-7 degree, that a unit of cost counts for: circuits are compared by cost, then by length."""

MONEY_WEIGHTS = (10**5, 10**4, 10**3)
"""Further lengths that a unit of cost counts for, since the cheapest circuit may be longer than allowed."""

type FindPlan = Callable[[DesignProblem], tuple[str, ...] | None]
"""Returns a plan of a problem, or None if the problem is proved infeasible; may raise when undecided."""

type FindRings = Callable[[DesignProblem], Mapping[str, Circuit]]
"""Returns circuits that form the rings of a problem at least cost; empty: not found in time."""


def earlier_plans(
    problem: DesignProblem, built: Sequence[str], value: int, *, cheapest: FindPlan, some: FindPlan
) -> Iterator[tuple[str, ...]]:
    """Yield optimal plans, each cheaper or earlier than the one before; the last is the canonical plan.

    Parameters
    ----------
    problem
        The problem.
    built
        An optimal plan.
    value
        Its objective.
    cheapest
        Finds an optimal plan of a problem without a budget.
    some
        Finds any plan of a problem.

    Notes
    -----
    Canonical order: of two plans, the one that builds the first candidate, by id, in which they differ comes
    first. The last plan does not depend on `built`, on seeds or on the order in a file.

    The plans of `as_good` are those that are as good as `built`. An earlier one builds some candidate that
    the known plan does not build, and agrees with it in all candidates before. A single solve decides whether
    one of a range of candidates can be this one, and the range is halved while the answer is yes. So a unique
    optimal plan takes one solve.
    """
    known = tuple(built)
    if problem.budget is not None:
        found_cheapest = cheapest(at_least_cost(problem, value))
        known = known if found_cheapest is None else found_cheapest
        yield known
    part = as_good(problem, value, problem.cost_of(known))
    names = sorted(c.id for c in problem.candidates if c.fixed is None)
    after = 0
    while found := _first_other(part, names, known, [n for n in names[after:] if n not in known], some):
        name, known = found
        after = names.index(name) + 1
        yield known


def _first_other(
    part: DesignProblem, names: Sequence[str], known: Sequence[str], others: Sequence[str], some: FindPlan
) -> tuple[str, tuple[str, ...]] | None:
    """Return the first of some candidates in which a plan can differ from the known one, and this plan."""
    if not others:
        return None
    before: dict[str, Fixed | None] = {
        name: "in" if name in known else "out" for name in names[: names.index(others[0])]
    }
    candidates = (dataclasses.replace(c, fixed=before.get(c.id, c.fixed)) for c in part.candidates)
    plan = some(building_one(part.replace(candidates=tuple(candidates)), others))
    if plan is None:
        return None
    if len(others) == 1:
        return others[0], plan
    halves = others[: len(others) // 2], others[len(others) // 2 :]
    found = (_first_other(part, names, known, half, some) for half in halves)
    return next(filter(None, found), None)


def building_one(problem: DesignProblem, names: Sequence[str]) -> DesignProblem:
    """Return a problem whose plans must build at least one of some candidates.

    Parameters
    ----------
    problem
        A problem with a budget.
    names
        Ids of the candidates.

    Notes
    -----
    Each of them gets an arc from one new node to another, and a target requires the pair of these nodes.
    """
    label, node = unused_id("one of them", _labels(problem)), len(problem.nodes)
    nodes = unused_id("from", set(problem.nodes)), unused_id("to", set(problem.nodes))
    chosen = set(names)
    return problem.replace(
        nodes=(*problem.nodes, *nodes),
        candidates=tuple(
            dataclasses.replace(c, arcs=(*c.arcs, (node, node + 1, 1))) if c.id in chosen else c
            for c in problem.candidates
        ),
        pairs=(*problem.pairs, Pair(node, node + 1, 1, 1, label)),
        targets=(*problem.targets, Target(label, 1)),
    )


def at_least_cost(problem: DesignProblem, value: int) -> DesignProblem:
    """Return the problem of reaching an objective at least cost.

    Parameters
    ----------
    problem
        A problem with a budget. The budget is dropped: the cheapest plan is no more expensive than a known
        one that is within it.
    value
        Its optimum.
    """
    with_target = _with_objective_target(problem, value)
    if not with_target.targets:
        return with_target.replace(budget=None, pairs=(), cities=())
    return with_target.replace(budget=None, cover="targets")


def as_good(problem: DesignProblem, value: int, cost: int) -> DesignProblem:
    """Return a problem whose plans are the optimal plans of another problem up to some cost.

    Parameters
    ----------
    problem
        Any problem.
    value
        Its optimum.
    cost
        Largest cost, at most the budget.
    """
    if problem.budget is not None:
        return _with_objective_target(problem, value).replace(budget=cost)
    if not problem.must_cover:
        return problem.replace(budget=cost, cover="all")
    label = unused_id("all that can be covered", _labels(problem))
    coverables = (problem.pairs[k] for k in sorted(coverable(problem)))
    copies = [dataclasses.replace(pair, weight=1, group=label) for pair in coverables]
    targets = [Target(label, len(copies))] if copies else []
    return problem.replace(budget=cost, pairs=(*problem.pairs, *copies), targets=(*problem.targets, *targets))


def _with_objective_target(problem: DesignProblem, value: int) -> DesignProblem:
    """Return a problem with a target for its objective, the weight of all covered pairs and cities, unless 0.

    A target counts either pairs or cities. So where cities have weight, each pair becomes a city of its own.
    Otherwise the pairs get a common group, and are duplicated if another target needs their groups.
    """
    if not value:
        return problem
    label, cities_count = unused_id("everything", _labels(problem)), any(c.weight for c in problem.cities)
    targets = (*problem.targets, Target(label, value, "cities" if cities_count else "pairs"))
    if not cities_count:
        regrouped = tuple(dataclasses.replace(pair, group=label) for pair in problem.pairs)
        doubled = any(target.of == "pairs" for target in problem.targets)
        pairs = (*problem.pairs, *regrouped) if doubled else regrouped
        return problem.replace(pairs=pairs, targets=targets)
    cities = [City(f"{label} {i}", c.weight, c.pairs, c.need, label) for i, c in enumerate(problem.cities)]
    cities += [
        City(f"{label} pair {k}", pair.weight, (k,), 1, label)
        for k, pair in enumerate(problem.pairs)
        if pair.weight
    ]
    return problem.replace(cities=(*problem.cities, *cities), targets=targets)


def _labels(problem: DesignProblem) -> set[str]:
    groups = {pair.group for pair in problem.pairs}
    return groups | {name for city in problem.cities for name in (city.id, city.group)}


def rings_alone(problem: DesignProblem, needed: Collection[str], formed: Collection[str]) -> DesignProblem:
    """Return the problem of forming some rings at least cost, where what pairs need is paid for.

    Candidates that these rings do not use, and rules that do not speak of rings, are left out, so that it is
    one problem for all plans that need nothing of the rings.
    """
    rings = [
        dataclasses.replace(r, required=True, reward=0, apart=tuple(o for o in r.apart if o in formed))
        for r in problem.rings
        if r.id in formed
    ]
    used = {link.candidate for ring in rings for link in ring.links}
    return DesignProblem(
        name="rings alone",
        nodes=(),
        arcs=(),
        candidates=tuple(
            dataclasses.replace(c, arcs=(), lead=0, cost=0 if c.id in needed else c.cost)
            for c in problem.candidates
            if c.id in used
        ),
        pairs=(),
        budget=None,
        rings=tuple(rings),
    )


def tidied(problem: DesignProblem, result: Result, *, find_rings: FindRings = lambda _problem: {}) -> Result:
    """Return a result with the same objective or a better one, no higher cost, and no longer rings.

    Parameters
    ----------
    problem
        Any problem.
    result
        A result with a plan.
    find_rings
        Finds rings at least cost, for a plan with a budget and without periods; default: they are sought
        among the candidates of the plan alone.

    Notes
    -----
    An integer program minds only its objective: it may build candidates that are free or within the budget
    without need, and lead rings over detours. Candidates without which no pair and city is lost are removed,
    the most expensive first. Then the rings are formed at least cost, and each is sought again over the
    candidates of the plan, and shortened. The new plan is evaluated by the rules of the problem, and is
    dropped if it is worse. What pairs need stays, so the plan is not always the cheapest of its objective:
    other candidates may serve pairs and rings alike.
    """
    canonical = problem.canonical()
    circuits = dict(sorted(canonical_circuits(problem, result.rings).items()))
    before = PlanEvaluator(canonical)(result.built, rings=circuits, starts=result.starts)
    needed = _needed(canonical, before)
    if circuits and problem.budget is not None and not problem.periods:
        cheapest = dict(find_rings(rings_alone(canonical, needed, circuits)))
        built = _with_required(canonical, needed | candidates_on(canonical, cheapest))
        after = PlanEvaluator(canonical)(built, rings=cheapest)
        if cheapest and not after.faults and _rank(canonical, after) <= _rank(canonical, before):
            before = after
    for least in (needed, before.built):
        after = _rebuilt(canonical, before, least)
        if not after.faults and _rank(canonical, after) <= _rank(canonical, before):
            # Where the cost is the objective, another plan may close the gap.
            gap = gap_of(after.objective, result.bound, minimise=problem.budget is None)
            return result.replace(
                built=after.built,
                cost=after.cost,
                coverage=after.coverage,
                objective=after.objective,
                gap=gap,
                status="optimal" if gap == 0 else result.status,
                rings=lifted_circuits(problem, after.rings),
                starts=after.starts,
            )
    return result


def _rank(problem: DesignProblem, plan: EvaluatedPlan) -> tuple[int, int]:
    return (plan.objective if problem.budget is None else -plan.objective), plan.cost


def _needed(problem: DesignProblem, plan: EvaluatedPlan) -> set[str]:
    """Return the ids of built candidates that pairs, cities or targets need."""
    without_rings = problem.replace(rings=())
    evaluate = PlanEvaluator(without_rings)
    kept = set(plan.built)
    starts = dict(plan.starts)
    current = evaluate(kept, starts=starts)
    price = {c.id: c.cost for c in problem.candidates if c.fixed != "in"}
    for name in sorted(kept & price.keys(), key=lambda n: (-price[n], n)):
        reduced_plan = evaluate(kept - {name}, starts={n: t for n, t in starts.items() if n != name})
        if not reduced_plan.faults and _rank(without_rings, reduced_plan) <= _rank(without_rings, current):
            kept.discard(name)
            starts.pop(name, None)
            current = reduced_plan
    return kept


def _rebuilt(problem: DesignProblem, plan: EvaluatedPlan, needed: Collection[str]) -> EvaluatedPlan:
    """Return a plan of what is needed, of what its rings use of what is built, and of what these require."""
    built, circuits = set(needed), dict(plan.rings)
    for ring in problem.rings:
        if ring.id in circuits:
            circuits[ring.id] = _best_circuit(problem, ring, plan.built, circuits, built)
            built |= candidates_on(problem, {ring.id: circuits[ring.id]})
    built = _with_required(problem, built)
    starts = {name: t for name, t in plan.starts.items() if name in built}
    return PlanEvaluator(problem)(built, rings=circuits, starts=starts)


def _with_required(problem: DesignProblem, built: set[str]) -> set[str]:
    """Return candidates with those that they require."""
    for _ in problem.requires:
        built = built | {second for first, second in problem.requires if first in built}
    return built


def _best_circuit(
    problem: DesignProblem,
    ring: Ring,
    usable: Collection[str],
    circuits: Mapping[str, Circuit],
    free: Collection[str],
) -> Circuit:
    """Return the best circuit found for a ring over usable candidates.

    With periods, only the candidates of its present circuit are allowed, so that it is formed no later.
    """
    if problem.periods:
        usable = candidates_on(problem, {ring.id: circuits[ring.id]})
    barred = {c.id for c in problem.candidates}.difference(usable)
    length = circuit_starts.priced_lengths(problem, ring, free=free, money_weight=CHEAPEST_FIRST)
    closed = circuit_starts.touching_links(problem, ring, circuits)
    space = circuit_starts.CircuitSpace(ring, cover_of(ring, barred=barred), length, closed)
    known = circuit_starts.shortened(space, circuits[ring.id])
    found = [known]
    for weight in (CHEAPEST_FIRST, *MONEY_WEIGHTS):
        mixed = circuit_starts.priced_lengths(problem, ring, free=free, money_weight=weight)
        found += circuit_starts.start_circuits(ring, mixed, barred=barred, closed=closed)[:1]
    return min(found, key=lambda links: (space.measure(links), links))

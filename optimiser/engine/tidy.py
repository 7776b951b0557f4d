"""Remove unneeded candidates from plans with rings, and shorten the rings."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from optimiser.engine.search.circuit_starts import (
    CircuitSpace,
    priced_lengths,
    shortened,
    start_circuits,
    touching_links,
)
from optimiser.engine.search.circuits import Circuit, cover_of
from optimiser.engine.search.evaluation import EvaluatedPlan, PlanEvaluator
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.model import candidates_on, canonical_circuits, lifted_circuits
from optimiser.problem.result import Result, gap_of

CHEAPEST_FIRST = 10**9
"""Length, in 1e-7 degree, that a unit of cost counts for: circuits are compared by cost, then by length."""


def tidied(problem: DesignProblem, result: Result) -> Result:
    """Return a result with the same objective or a better one, no higher cost, and no longer rings.

    Parameters
    ----------
    problem
        A problem with rings.
    result
        A result with a plan.

    Notes
    -----
    An integer program minds only its objective: it may build candidates that are free or within the budget
    without need, and lead rings over detours. Candidates without which no pair and city is lost are removed,
    the most expensive first. Then each ring is sought again over the remaining candidates, and shortened. The
    new plan is evaluated by the rules of the problem, and is dropped if it is worse.
    """
    canonical = problem.canonical()
    circuits = dict(sorted(canonical_circuits(problem, result.rings).items()))
    before = PlanEvaluator(canonical)(result.built, rings=circuits, starts=result.starts)
    needed = _needed(canonical, before)
    for least in (needed, set(before.built)):
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
    """Return a plan that builds the needed candidates, those that its rings use, and what these require."""
    built, circuits = set(needed), dict(plan.rings)
    for ring in problem.rings:
        if ring.id in circuits:
            circuits[ring.id] = _best_circuit(problem, ring, plan, circuits, built)
            built |= candidates_on(problem, {ring.id: circuits[ring.id]})
    for _ in problem.requires:
        built |= {second for first, second in problem.requires if first in built}
    starts = {name: t for name, t in plan.starts.items() if name in built}
    return PlanEvaluator(problem)(built, rings=circuits, starts=starts)


def _best_circuit(
    problem: DesignProblem,
    ring: Ring,
    plan: EvaluatedPlan,
    circuits: Mapping[str, Circuit],
    free: Collection[str],
) -> Circuit:
    """Return the best circuit found for a ring over the candidates of a plan.

    With periods, only the candidates of its present circuit are allowed, so that it is formed no later.
    """
    usable = set(plan.built)
    if problem.periods:
        usable = candidates_on(problem, {ring.id: circuits[ring.id]})
    barred = {c.id for c in problem.candidates} - usable
    length = priced_lengths(problem, ring, free=free, money_weight=CHEAPEST_FIRST)
    closed = touching_links(problem, ring, circuits)
    space = CircuitSpace(ring, cover_of(ring, barred=barred), length, closed)
    known = shortened(space, circuits[ring.id])
    found = [known, *start_circuits(ring, length, barred=barred, closed=closed)[:1]]
    return min(found, key=lambda links: (space.measure(links), links))

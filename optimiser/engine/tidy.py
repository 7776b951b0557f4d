"""Keep of a plan with rings what it needs, and lead its rings the short way."""

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
from optimiser.problem.model import lifted_circuits
from optimiser.problem.result import Result, gap_of
from optimiser.problem.ring import link_order

DEAR = 10**9
"""What a unit of money counts for, in 1e-7 degree: a ring goes the cheapest way first, then the shortest."""


def tidied(problem: DesignProblem, result: Result) -> Result:
    """Return a result that is worth as much and costs no more, and whose rings are no longer.

    Parameters
    ----------
    problem
        A problem with rings.
    result
        A result with a plan.

    Notes
    -----
    An integer program knows no better than its objective: of what costs nothing, or is within the budget, it
    may take any, and a ring that exists may go to and fro. What can be left out without loss to pairs and
    cities goes, the dearest first; then each ring is sought anew over what is built, and shortened. The plan
    is judged again by the rules of the problem, and kept as it was where it would lose anything.
    """
    own = problem.canonical()
    circuits = _in_order_of(own, problem, result.rings)
    before = PlanEvaluator(own)(result.built, rings=circuits, starts=result.starts)
    needed = _needed(own, before)
    for least in (needed, set(before.built)):
        after = _rebuilt(own, before, least)
        if not after.faults and _rank(own, after) <= _rank(own, before):
            return _changed(problem, result, after)
    return result


def _changed(problem: DesignProblem, result: Result, plan: EvaluatedPlan) -> Result:
    """Return a result with another plan, which may close its gap where the cost is the objective."""
    gap = gap_of(plan.objective, result.bound, minimise=problem.budget is None)
    return result.replace(
        built=plan.built,
        cost=plan.cost,
        coverage=plan.coverage,
        objective=plan.objective,
        gap=gap,
        status="optimal" if gap == 0 else result.status,
        rings=lifted_circuits(problem, plan.rings),
        starts=plan.starts,
    )


def _rank(problem: DesignProblem, plan: EvaluatedPlan) -> tuple[int, int]:
    return (plan.objective if problem.budget is None else -plan.objective), plan.cost


def _in_order_of(
    own: DesignProblem, problem: DesignProblem, circuits: Mapping[str, tuple[int, ...]]
) -> dict[str, Circuit]:
    """Return circuits of a problem as circuits of its canonical form."""
    rings = {ring.id: ring for ring in problem.rings}
    found = {}
    for ring in own.rings:
        if ring.id in circuits:
            new = {old: a for a, old in enumerate(link_order(rings[ring.id]))}
            found[ring.id] = tuple(new[a] for a in circuits[ring.id])
    return found


def _needed(problem: DesignProblem, plan: EvaluatedPlan) -> set[str]:
    """Return what is built for more than the rings."""
    bare = problem.replace(rings=())
    judge = PlanEvaluator(bare)
    kept = set(plan.built)
    starts = dict(plan.starts)
    worth = judge(kept, starts=starts)
    price = {c.id: c.cost for c in problem.candidates if c.fixed != "in"}
    for name in sorted(kept & price.keys(), key=lambda n: (-price[n], n)):
        less = judge(kept - {name}, starts={n: t for n, t in starts.items() if n != name})
        if not less.faults and _rank(bare, less) <= _rank(bare, worth):
            kept.discard(name)
            starts.pop(name, None)
            worth = less
    return kept


def _rebuilt(problem: DesignProblem, plan: EvaluatedPlan, needed: Collection[str]) -> EvaluatedPlan:
    """Return a plan that builds what is needed, and of the rest of a plan what its rings use."""
    free, circuits = set(needed), dict(plan.rings)
    for ring in problem.rings:
        if ring.id in circuits:
            circuits[ring.id] = _way(problem, ring, plan, circuits, free)
            free |= {name for name in _names(ring, circuits[ring.id]) if name is not None}
    built = free
    for _ in problem.requires:
        built = built | {second for first, second in problem.requires if first in built}
    starts = {name: t for name, t in plan.starts.items() if name in built}
    return PlanEvaluator(problem)(built, rings=circuits, starts=starts)


def _names(ring: Ring, links: Circuit) -> set[str | None]:
    return {ring.links[a].candidate for a in links}


def _way(
    problem: DesignProblem,
    ring: Ring,
    plan: EvaluatedPlan,
    circuits: Mapping[str, Circuit],
    free: Collection[str],
) -> Circuit:
    """Return the best circuit found for a ring over what a plan builds.

    With periods it may use no other candidates than it does, so that it is formed no later.
    """
    usable = _names(ring, circuits[ring.id]) if problem.periods else set(plan.built)
    barred = {c.id for c in problem.candidates} - usable
    length = priced_lengths(problem, ring, free=free, money_weight=DEAR)
    closed = touching_links(problem, ring, circuits)
    grounds = CircuitSpace(ring, cover_of(ring, barred=barred), length, closed)
    known = shortened(grounds, circuits[ring.id])
    found = [known, *start_circuits(ring, length, barred=barred, closed=closed)[:1]]
    return min(found, key=lambda links: (grounds.measure(links), links))

"""Fix candidates that every plan or no plan builds, and drop limits that always hold."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from optimiser.engine.presolve.stage import Reduction, requirements, without
from optimiser.engine.search.paths import Floats, Mask, covered
from optimiser.problem import Candidate, DesignProblem
from optimiser.problem.errors import listed

TOLERANCE = 1e-6
"""Tolerance of a solver: relative to max(1, |bound|) for objectives, absolute for values of variables."""

SHOWN = 3
"""Number of names that a message lists; the others are counted."""


def propagate_fixings(stage: Reduction) -> Reduction:
    """Build candidates that every plan builds, and remove candidates that no plan builds.

    Proof. Let `need(j)` be j and all that it requires, directly or indirectly. A plan with j builds
    `need(j)`, so a candidate that is fixed in fixes its `need` as well. Candidate j is in no plan, and is
    removed, if `need(j)` contains a candidate that is out, or two that exclude each other, or one that
    excludes a candidate that is in, or if the candidates that are in together with `need(j)` cost more than
    the budget or a cap, or use more than a capacity. Each conclusion may lead to others, so they are repeated
    until none is new. If a candidate must be in and out, or if those that are in exceed the budget, a cap or
    a capacity, the problem is infeasible. It is infeasible too if every pair must be covered, and no
    remaining candidates can cover one.

    Parameters
    ----------
    stage
        Any stage; its problem may have fixed candidates.
    """
    problem = stage.problem
    needs = requirements(problem)
    must = frozenset().union(*(needs[c.id] for c in problem.candidates if c.fixed == "in"))
    never = {c.id for c in problem.candidates if c.fixed == "out"}
    while fresh := set(_impossible(problem, needs, must, never)) - never:
        never |= fresh
    if reason := _conflict(problem, must, never):
        return stage.infeasible(reason)
    left = without(problem, never)
    if never and left.must_cover:
        missed = np.flatnonzero(~covered(left, range(len(left.candidates)))).tolist()
        if missed:
            return stage.infeasible(uncovered(left, missed))
    return build(stage.on(left), must)


def _impossible(
    problem: DesignProblem, needs: Mapping[str, frozenset[str]], must: frozenset[str], never: Collection[str]
) -> Iterator[str]:
    """Yield the candidates that no plan with all of `must` and none of `never` can build."""
    by_id = {c.id: c for c in problem.candidates}
    exclusions = excluded_by(problem)
    for name, need in needs.items():
        together = need | must
        clash = any(other in together for one in need for other in exclusions.get(one, ()))
        if clash or not need.isdisjoint(never) or _exceeded(problem, [by_id[one] for one in together]):
            yield name


def excluded_by(problem: DesignProblem) -> dict[str, set[str]]:
    """Return the candidates that each candidate excludes; those that exclude none are missing."""
    found: dict[str, set[str]] = {}
    for one, other in problem.excludes:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _exceeded(problem: DesignProblem, chosen: Collection[Candidate]) -> str:
    """Return which limit the candidates exceed, for example `cost more than the budget`; empty if none."""
    if problem.budget is not None and sum(c.cost for c in chosen) > problem.budget:
        return "cost more than the budget"
    for instrument, most in problem.caps:
        if _cost_of_instrument(chosen, instrument) > most:
            return f"cost more than the cap on {instrument}"
    names = {c.id for c in chosen}
    for capacity in problem.capacities:
        if capacity.used_by(names) > capacity.most:
            return f"use more than the capacity {capacity.id!r}"
    return ""


def _cost_of_instrument(chosen: Collection[Candidate], instrument: str) -> int:
    return sum(c.cost for c in chosen if c.instrument == instrument)


def _conflict(problem: DesignProblem, must: Collection[str], never: Collection[str]) -> str:
    """Return why no plan can build all of `must` and none of `never`; empty if no conflict was found."""
    if exceeded := _exceeded(problem, [c for c in problem.candidates if c.id in must]):
        return f"the candidates that must be built {exceeded}"
    for first, second in problem.excludes:
        if first in must and second in must:
            return f"{first!r} and {second!r} must both be built, but exclude each other"
    both = sorted({*must} & {*never})
    return f"{listed(both, SHOWN)} must be built, but may not be built" if both else ""


def uncovered(problem: DesignProblem, uncoverable: list[int]) -> str:
    """Return the message that some pairs, given by position, must be covered but cannot be."""
    names = [named_pair(problem, k) for k in uncoverable]
    return f"{listed(names, SHOWN)} must be covered, but no candidates that may be built can cover them"


def named_pair(problem: DesignProblem, k: int) -> str:
    """Return the name of pair k in messages."""
    pair = problem.pairs[k]
    return f"{problem.nodes[pair.origin]} - {problem.nodes[pair.destination]}"


def build(stage: Reduction, names: Collection[str]) -> Reduction:
    """Return a stage in which some candidates are built: their arcs become existing arcs.

    Parameters
    ----------
    stage
        Any stage.
    names
        Ids of candidates that some optimal plan builds together. They include all that they require, exclude
        no remaining candidate, and exceed neither budget nor caps nor capacities.
    """
    if not names:
        return stage
    old = stage.problem
    built = [c for c in old.candidates if c.id in names]
    cost = old.cost_of(names)
    rest = old.derived(
        arcs=tuple(sorted({*old.arcs, *(arc for c in built for arc in c.arcs)})),
        budget=None if old.budget is None else old.budget - cost,
        caps=tuple((name, most - _cost_of_instrument(built, name)) for name, most in old.caps),
        capacities=tuple(dataclasses.replace(c, most=c.most - c.used_by(names)) for c in old.capacities),
        requires=tuple(two for two in old.requires if two[1] not in names),
    )
    return dataclasses.replace(
        stage,
        problem=without(rest, names),
        forced=tuple(sorted({*stage.forced, *names})),
        forced_cost=stage.forced_cost + cost,
    )


def build_free(stage: Reduction) -> Reduction:
    """Build candidates that cost nothing, exclude nothing and use no capacity.

    Proof. Let F be the largest set of candidates of cost 0 that are in no `excludes`, use no capacity, and
    require only members of F. Adding F to a plan keeps it feasible: the plan costs no more, uses no more of
    any capacity, violates no `excludes` and `requires`, and by monotonicity covers no less. So some optimal
    plan builds F.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    bound = {name for two in problem.excludes for name in two}
    bound |= {name for capacity in problem.capacities for name, _ in capacity.use}
    free = {c.id for c in problem.candidates if c.cost == 0 and c.fixed is None} - bound
    needs = requirements(problem)
    return build(stage, {name for name in free if needs[name] <= free})


def drop_slack_limits(stage: Reduction) -> Reduction:
    """Remove caps and capacities that no plan exceeds.

    Proof. A cap that is at least the cost of all candidates of its instrument, or at least the budget, holds
    for every plan. So does a capacity that suffices for all candidates that use it. If no candidate uses more
    of one capacity than of another, of which there is no more, a plan that keeps the second keeps the first,
    which is removed: sections of a line often carry the same trains. Capacities are tried by rising amount,
    then by falling total use, then by id, so that each one removed is implied by one that stays.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    kept = tuple(
        (name, most)
        for name, most in problem.caps
        if most < _cost_of_instrument(problem.candidates, name)
        and (problem.budget is None or most < problem.budget)
    )
    total = {c.id: sum(units for _, units in c.use) for c in problem.capacities}
    binding = dict[str, dict[str, int]]()  # of each capacity that no other implies: what takes how much
    for capacity in sorted(problem.capacities, key=lambda c: (c.most, -total[c.id], c.id)):
        if capacity.most < total[capacity.id] and not any(
            all(units <= uses.get(name, 0) for name, units in capacity.use) for uses in binding.values()
        ):
            binding[capacity.id] = dict(capacity.use)
    capacities = tuple(c for c in problem.capacities if c.id in binding)
    return stage.on(problem.derived(caps=kept, capacities=capacities))


def fixed_by_bound(reduced_cost: Floats, value: Floats, bound: float, incumbent: float) -> tuple[Mask, Mask]:
    """Return which 0/1 variables have the same value in every plan that is better than the incumbent.

    Theorem (Dantzig, Fulkerson and Johnson 1954; Nemhauser and Wolsey 1988, section II.5.2). Let the
    relaxation be max cx over Ax <= b, 0 <= x <= 1, let p >= 0 be multipliers of its rows, and r = c - pA.
    Every x in 0..1 with Ax <= b has cx <= pb + rx, which is at most

        U - (sum of r_j (1 - x_j) over r_j > 0) - (sum of |r_j| x_j over r_j < 0),

    where U = pb + (sum of r_j over r_j > 0) is the bound that p proves; for optimal p, U is the value of the
    relaxation and r are its reduced costs. So the objective of a plan with x_j = 1 where r_j < 0, or with
    x_j = 0 where r_j > 0, is at most U - |r_j|. If that is no better than the incumbent, no better plan has
    this value. Objectives are integers here, so that a better plan is better by at least 1. Plans with the
    same objective as the incumbent may be excluded, even cheaper ones. The branch-and-bound tree of this
    package applies the theorem at every node; SCIP, HiGHS and Gurobi do the same in their trees.

    Parameters
    ----------
    reduced_cost
        float64 [J], reduced costs of the relaxation, with the signs of LP solvers.
    value
        float64 [J], optimal point of the relaxation; only variables at 0 or 1 are fixed.
    bound
        Objective of the relaxation.
    incumbent
        Objective of the best known plan.

    Returns
    -------
    tuple
        bool [J] each: variables that are 1, and variables that are 0, in every plan better than the
        incumbent.

    Raises
    ------
    ValueError
        When the two arrays differ in length.
    """
    if len(reduced_cost) != len(value):
        raise ValueError(f"{len(reduced_cost)} reduced costs for {len(value)} variables")
    slack = bound - incumbent - 1.0 + TOLERANCE * max(1.0, abs(bound))
    is_decided = np.abs(reduced_cost) > max(slack, TOLERANCE)
    must: Mask = is_decided & (reduced_cost > 0) & (value >= 1.0 - TOLERANCE)
    never: Mask = is_decided & (reduced_cost < 0) & (value <= TOLERANCE)
    return must, never

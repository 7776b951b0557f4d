"""Fix candidates that every plan builds or leaves out, and drop rows that hold in every plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from optimiser.engine.presolve.stage import Stage, must_cover, requirements, with_everything, without
from optimiser.engine.search.paths import Floats, Mask
from optimiser.problem import Candidate, DesignProblem

SHOWN = 3
"""Names that a reason lists; the others are counted."""


def propagate_fixings(stage: Stage) -> Stage:
    """Build what every plan builds and leave out what no plan builds.

    Proof. Let `need(j)` be j and all it requires, directly or over others. A plan with j holds `need(j)`, so
    what is fixed in brings its `need` along. And j is in no plan (so leaves) when `need(j)` holds a
    candidate that is out, or two that exclude each other, or one that excludes a candidate that is in, or
    when the cost of `need(j)`, without what is in already, is above what is left of the budget or of a cap.
    Each conclusion may give others, so they are drawn until none is new. When one candidate must be both, or
    what is in costs more than the budget or a cap, no plan exists. Where every pair must be covered and
    leaving candidates out leaves a pair that nothing can cover, no plan exists either.

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
    return build(_left_out(stage, never), must)


def _impossible(
    problem: DesignProblem,
    needs: Mapping[str, frozenset[str]],
    must: frozenset[str],
    never: Collection[str],
) -> Iterator[str]:
    """Yield candidates that no plan with `must` and without `never` holds."""
    by_id = {c.id: c for c in problem.candidates}
    exclusions = excluded_by(problem)
    for name, need in needs.items():
        together = need | must
        clash = any(other in together for one in need for other in exclusions.get(one, ()))
        if clash or not need.isdisjoint(never) or _exceeded(problem, [by_id[one] for one in together]):
            yield name


def excluded_by(problem: DesignProblem) -> dict[str, set[str]]:
    """Return for each candidate in an `excludes` those that it excludes."""
    found: dict[str, set[str]] = {}
    for one, other in problem.excludes:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _exceeded(problem: DesignProblem, chosen: Collection[Candidate]) -> str:
    """Return the limit that candidates cost more than: `the budget` or `the cap on ...`; empty when none."""
    if problem.budget is not None and sum(c.cost for c in chosen) > problem.budget:
        return "the budget"
    for instrument, most in problem.caps:
        if _spent(chosen, instrument) > most:
            return f"the cap on {instrument}"
    return ""


def _spent(chosen: Collection[Candidate], instrument: str) -> int:
    return sum(c.cost for c in chosen if c.instrument == instrument)


def _conflict(problem: DesignProblem, must: Collection[str], never: Collection[str]) -> str:
    """Return why no plan holds `must` and nothing of `never`; empty when nothing speaks against it."""
    exceeded = _exceeded(problem, [c for c in problem.candidates if c.id in must])
    if exceeded:
        return f"what must be built costs more than {exceeded}"
    for first, second in problem.excludes:
        if first in must and second in must:
            return f"{first!r} and {second!r} must both be built, but exclude each other"
    both = sorted({*must} & {*never})
    return f"{listed(both)} must be built and must not" if both else ""


def _left_out(stage: Stage, gone: Collection[str]) -> Stage:
    """Return a stage without candidates that no plan holds; whoever requires one of them is among them."""
    problem = without(stage.problem, gone)
    if not gone or not must_cover(problem):
        return stage.on(problem)
    lost = np.flatnonzero(~with_everything(problem)).tolist()
    return stage.infeasible(uncovered(problem, lost)) if lost else stage.on(problem)


def uncovered(problem: DesignProblem, lost: list[int]) -> str:
    """Return the reason that pairs, named by their positions, must be covered and cannot be."""
    names = [named_pair(problem, k) for k in lost]
    return f"{listed(names)} must be covered, but what could cover them may not be built"


def named_pair(problem: DesignProblem, k: int) -> str:
    """Return how a message names a pair."""
    pair = problem.pairs[k]
    return f"{problem.nodes[pair.origin]} - {problem.nodes[pair.destination]}"


def listed(names: list[str]) -> str:
    """Return names for a message, a long list cut short."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def build(stage: Stage, names: Collection[str]) -> Stage:
    """Return a stage in which candidates are built for good: their arcs join the network.

    Parameters
    ----------
    stage
        Any stage.
    names
        Ids in some optimal plan, whatever they require among them, none that excludes another candidate that
        is left, and not dearer than budget and caps.
    """
    if not names:
        return stage
    built = [c for c in stage.problem.candidates if c.id in names]
    cost = sum(c.cost for c in built)
    open_ = tuple(two for two in stage.problem.requires if two[1] not in names)
    rest = without(stage.problem.replace(requires=open_), names)
    problem = rest.replace(
        arcs=tuple(sorted({*rest.arcs, *(arc for c in built for arc in c.arcs)})),
        budget=None if rest.budget is None else rest.budget - cost,
        caps=tuple((name, most - _spent(built, name)) for name, most in rest.caps),
    )
    return dataclasses.replace(
        stage,
        problem=problem,
        forced=tuple(sorted({*stage.forced, *names})),
        forced_cost=stage.forced_cost + cost,
    )


def build_free(stage: Stage) -> Stage:
    """Build what costs nothing and excludes nothing.

    Proof. Let F be the largest set of candidates of cost 0 that are in no `excludes` and require members of
    F alone. A plan stays a plan when F is added: it costs no more, breaks no `excludes` and no `requires`,
    and by monotony covers no less. So some optimal plan holds F.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    excluding = {name for two in problem.excludes for name in two}
    free = {c.id for c in problem.candidates if c.cost == 0 and c.fixed is None} - excluding
    needs = requirements(problem)
    return build(stage, {name for name in free if needs[name] <= free})


def drop_slack_caps(stage: Stage) -> Stage:
    """Drop caps that no plan exceeds.

    Proof. A cap not below the cost of all candidates of its instrument, or not below the budget, holds for
    every plan.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    kept = tuple(
        (name, most)
        for name, most in problem.caps
        if most < _spent(problem.candidates, name) and (problem.budget is None or most < problem.budget)
    )
    return stage.on(problem.replace(caps=kept)) if kept != problem.caps else stage


def fixed_by_bound(
    reduced_cost: Floats,
    value: Floats,
    bound: float,
    incumbent: float,
    *,
    minimise: bool = False,
    integer: bool = True,
    tolerance: float = 1e-6,
) -> tuple[Mask, Mask]:
    """Say which 0/1 variables have one value in every plan that is better than the incumbent.

    Theorem (Dantzig, Fulkerson and Johnson 1954; Nemhauser and Wolsey 1988, section II.5.2). Let the
    relaxation be max cx over Ax <= b, 0 <= x <= 1, let p >= 0 be multipliers of its rows, and r = c - pA.
    Every x in 0..1 with Ax <= b has cx <= pb + rx, which is at most

        U - (sum of r_j (1 - x_j) over r_j > 0) - (sum of |r_j| x_j over r_j < 0),

    where U = pb + (sum of r_j over r_j > 0) is the bound that p proves; for optimal p it is the value of the
    relaxation, and r are its reduced costs. So a plan with x_j = 1 where r_j < 0, or with x_j = 0 where r_j
    > 0, is worth at most U - |r_j|. When that is no better than the incumbent, no better plan has it.
    (Minimising, the signs turn round.) Plans of the incumbent's own objective are not spared, not even
    cheaper ones. The branch-and-bound tree of this package applies this at every node; SCIP, HiGHS and
    Gurobi fix by reduced costs in theirs.

    Parameters
    ----------
    reduced_cost
        float64 [J]: change of the relaxation's objective with each variable, as LP solvers give it.
    value
        float64 [J]: optimal point of the relaxation; only variables at 0 or 1 are fixed.
    bound
        Value of the relaxation.
    incumbent
        Objective of the best plan known.
    minimise
        The objective is minimised.
    integer
        Objectives are integers, so that better means better by 1.
    tolerance
        How far a solver may be off, relative to max(1, |bound|) in sums, absolute in `value`.

    Returns
    -------
    must, never
        bool [J] each: built, and not built, in every plan better than the incumbent.

    Raises
    ------
    ValueError
        When the two arrays differ in length.
    """
    if len(reduced_cost) != len(value):
        raise ValueError(f"{len(reduced_cost)} reduced costs for {len(value)} variables")
    sign = -1.0 if minimise else 1.0
    gain = sign * reduced_cost
    slack = sign * (bound - incumbent) - (1.0 if integer else 0.0) + tolerance * max(1.0, abs(bound))
    decided = np.abs(gain) > max(slack, tolerance)
    must: Mask = decided & (gain > 0) & (value >= 1.0 - tolerance)
    never: Mask = decided & (gain < 0) & (value <= tolerance)
    return must, never

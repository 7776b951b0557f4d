"""Draw the conclusions of what is fixed, of excludes and requires, and of what money cannot buy."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from optimiser.engine.presolve.stage import Stage, must_cover, requirements, with_everything, without
from optimiser.problem import Candidate, DesignProblem

SHOWN = 3
"""Names that a reason lists; the rest is counted."""


def close_fixings(stage: Stage) -> Stage:
    """Build what every plan builds and leave out what no plan builds.

    Proof. Let `need(j)` be j and all it requires, directly or over others. A plan with j holds `need(j)`, so
    what is fixed in brings its `need` along, and j is in no plan (so leaves) when `need(j)` holds a candidate
    that is out, or two that exclude each other, or one that excludes a candidate that is in, or when the cost
    of `need(j)`, without what is in already, is above what is left of the budget or of a cap. Each conclusion
    may give others, so they are drawn until none is new. When one candidate must be both, or what is in
    costs more than the budget or a cap, no plan exists. Where every pair must be covered and leaving
    candidates out leaves a pair that nothing can cover, no plan exists either.

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
        return stage.refused(reason)
    return build(left_out(stage, never), must)


def _impossible(
    problem: DesignProblem,
    needs: Mapping[str, frozenset[str]],
    must: frozenset[str],
    never: Collection[str],
) -> Iterator[str]:
    """Yield candidates that no plan with `must` and without `never` holds."""
    by_id = {c.id: c for c in problem.candidates}
    foes = against(problem)
    for name, need in needs.items():
        whole = need | must
        clash = any(other in whole for one in need for other in foes.get(one, ()))
        if clash or not need.isdisjoint(never) or _too_dear(problem, [by_id[one] for one in whole]):
            yield name


def against(problem: DesignProblem) -> dict[str, set[str]]:
    """Return for each candidate in an `excludes` those that it excludes.

    Parameters
    ----------
    problem
        The problem.
    """
    found: dict[str, set[str]] = {}
    for one, other in problem.excludes:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _too_dear(problem: DesignProblem, chosen: Collection[Candidate]) -> str:
    """Say what a set of candidates costs more than: `the budget` or `the cap on ...`; empty when neither."""
    if problem.budget is not None and sum(c.cost for c in chosen) > problem.budget:
        return "the budget"
    for instrument, most in problem.caps:
        if sum(c.cost for c in chosen if c.instrument == instrument) > most:
            return f"the cap on {instrument}"
    return ""


def _conflict(problem: DesignProblem, must: Collection[str], never: Collection[str]) -> str:
    inside = [c for c in problem.candidates if c.id in must]
    dear = _too_dear(problem, inside)
    if dear:
        return f"what must be built costs more than {dear}"
    for first, second in problem.excludes:
        if first in must and second in must:
            return f"{first!r} and {second!r} must both be built, but exclude each other"
    torn = sorted({*must} & {*never})
    return f"{listed(torn)} must be built and must not" if torn else ""


def left_out(stage: Stage, gone: Collection[str]) -> Stage:
    """Return a stage without candidates that no plan holds.

    Parameters
    ----------
    stage
        Any stage.
    gone
        Their ids; whoever requires one of them is among them.
    """
    problem = without(stage.problem, gone)
    if not gone or not must_cover(problem):
        return stage.on(problem)
    lost = np.flatnonzero(~with_everything(problem)).tolist()
    return stage.refused(uncovered(problem, lost)) if lost else stage.on(problem)


def uncovered(problem: DesignProblem, lost: list[int]) -> str:
    """Say which pairs must be covered and cannot be.

    Parameters
    ----------
    problem
        The problem.
    lost
        Positions of the pairs.
    """
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
    rest = without(_freed(stage.problem, names), names)
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


def _freed(problem: DesignProblem, names: Collection[str]) -> DesignProblem:
    """Return a problem without the requirements that `names` meet."""
    return problem.replace(requires=tuple(two for two in problem.requires if two[1] not in names))


def _spent(built: list[Candidate], instrument: str) -> int:
    return sum(c.cost for c in built if c.instrument == instrument)


def build_free(stage: Stage) -> Stage:
    """Build what costs nothing and is in nobody's way.

    Proof. Let F be the largest set of candidates of cost 0 that are in no `excludes` and require members of F
    alone. A plan stays a plan when F is added: it costs no more, breaks no `excludes` and no `requires`, and
    by monotony covers no less. So some optimal plan holds F.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    bound = {name for two in problem.excludes for name in two}
    free = {c.id for c in problem.candidates if c.cost == 0 and c.fixed is None} - bound
    needs = requirements(problem)
    return build(stage, {name for name in free if needs[name] <= free})


def drop_slack_rows(stage: Stage) -> Stage:
    """Leave out caps that no plan reaches.

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
        if most < _spent(list(problem.candidates), name) and (problem.budget is None or most < problem.budget)
    )
    return stage.on(problem.replace(caps=kept)) if kept != problem.caps else stage

"""Remove arcs and candidates that no uncovered pair can use in any plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from optimiser.engine.presolve.stage import Stage, requirements, without
from optimiser.engine.search.tables import Reach
from optimiser.problem import Arc, DesignProblem


def drop_irrelevant_arcs(stage: Stage) -> Stage:
    """Remove arcs that are on no walk within the limit of any pair, and candidates without arcs.

    Proof. With every candidate built, let a(u) be the shortest time from the origin of a pair to u, and b(v)
    that from v to its destination. A walk of the pair over the arc (u, v) of s seconds takes at least
    a(u) + s + b(v) in any plan. If that exceeds the limit for every pair, no pair is covered over the arc,
    and without it every plan covers the same pairs. A candidate without arcs only adds cost; it is removed
    unless a remaining candidate requires it. Leaving it out of a plan violates no side constraint, since no
    remaining candidate requires it. Nodes without arcs and pairs are removed as well.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    relevant = iter(Reach.of(problem).relevant(arcs).tolist())
    network = [arc for arc in problem.arcs if next(relevant)]
    own = [[arc for arc in c.arcs if next(relevant)] for c in problem.candidates]
    return stage.on(without_idle(with_arcs(problem, [*own, network])))


def with_arcs(problem: DesignProblem, arcs: Sequence[Sequence[Arc]]) -> DesignProblem:
    """Return a problem with other arcs.

    Parameters
    ----------
    problem
        The problem.
    arcs
        The arcs of each candidate and, as the last entry, those of the existing network.
    """
    return problem.replace(
        arcs=tuple(arcs[-1]),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple(own))
            for c, own in zip(problem.candidates, arcs[:-1], strict=True)
        ),
    )


def without_idle(problem: DesignProblem) -> DesignProblem:
    """Return a problem without unused nodes and idle candidates.

    A candidate is idle if it has no arcs, is not fixed, and no other remaining candidate requires it.
    """
    needs = requirements(problem)
    kept = {name for c in problem.candidates if c.arcs or c.fixed for name in needs[c.id]}
    return _without_nodes(without(problem, {c.id for c in problem.candidates} - kept))


def _without_nodes(problem: DesignProblem) -> DesignProblem:
    """Return a problem without nodes at which no arc and no pair begins or ends."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    ends = {node for tail, head, _ in arcs for node in (tail, head)}
    ends |= {node for p in problem.pairs for node in (p.origin, p.destination)}
    if len(ends) == len(problem.nodes):
        return problem
    new = {node: position for position, node in enumerate(sorted(ends))}

    def renumbered(rows: tuple[Arc, ...]) -> tuple[Arc, ...]:
        return tuple((new[t], new[h], s) for t, h, s in rows)

    return problem.replace(
        nodes=tuple(problem.nodes[node] for node in sorted(ends)),
        arcs=renumbered(problem.arcs),
        candidates=tuple(dataclasses.replace(c, arcs=renumbered(c.arcs)) for c in problem.candidates),
        pairs=tuple(
            dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination])
            for p in problem.pairs
        ),
    )

"""Leave out of a problem what cannot change its optimum."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.compiled import compiled
from optimiser.paths import Integers, Mask, covered, graph, opened, times_from
from optimiser.problem import Arc, DesignProblem, Pair


@dataclass(frozen=True, slots=True)
class Reduction:
    """A smaller problem with the same optimal plans, and what was taken out.

    The optimum of the original is `base_weight` (with a budget) or `forced_cost` (without one) more than
    that of `problem`, and is reached by `forced` together with what is built in `problem`.

    Attributes
    ----------
    problem
        What is left to decide: open pairs, candidates that some open pair can use, and the network between
        them. Its pairs carry no group.
    forced
        Ids built in any case: fixed `in`, or free of charge.
    forced_cost
        What those cost.
    base_weight
        Weight covered by `forced` alone.
    closed_weight
        Weight that stays uncovered even when everything allowed is built.
    feasible
        False when `forced` costs more than the budget; then `problem` is empty of candidates.
    """

    problem: DesignProblem
    forced: tuple[str, ...]
    forced_cost: int
    base_weight: int
    closed_weight: int
    feasible: bool

    @property
    def base(self) -> int:
        """Return what the objective of the original problem has on top of that of `problem`."""
        return self.forced_cost if self.problem.budget is None else self.base_weight


def reduce(problem: DesignProblem) -> Reduction:
    """Return the part of a problem that is still open, in its canonical order.

    Parameters
    ----------
    problem
        Any problem.

    Notes
    -----
    Each step keeps at least one optimal plan: (1) what is fixed `in` or free is built and its arcs join the
    network; (2) what is fixed `out` or dearer than what is left of the budget goes; (3) pairs covered by now,
    pairs never coverable and, with a budget, pairs without weight go; (4) arcs, and candidates with them, on
    no walk within the limit of any open pair go; (5) pairs alike but for weight become one.
    """
    canonical = problem.canonical()
    forced = [c for c in canonical.candidates if c.fixed == "in" or (c.cost == 0 and c.fixed is None)]
    forced_cost = sum(c.cost for c in forced)
    left = None if problem.budget is None else problem.budget - forced_cost
    free = [
        dataclasses.replace(c, fixed=None)
        for c in canonical.candidates
        if c.fixed is None and c.cost > 0 and (left is None or c.cost <= left)
    ]
    stage = canonical.replace(
        arcs=(*canonical.arcs, *(arc for c in forced for arc in c.arcs)),
        candidates=tuple(free),
        budget=None if left is None else max(left, 0),
    )
    now = covered(stage, ())
    every = covered(stage, range(len(free)))
    weights = np.array([pair.weight for pair in stage.pairs], dtype=object)
    worth = np.array([left is None or pair.weight > 0 for pair in stage.pairs], dtype=np.bool_)
    kept = np.flatnonzero(every & ~now & worth)
    return Reduction(
        problem=_shrunk(stage.replace(pairs=_merged([stage.pairs[k] for k in kept], sums=left is not None))),
        forced=tuple(c.id for c in forced),
        forced_cost=forced_cost,
        base_weight=int(weights[now].sum()),
        closed_weight=int(weights[~every].sum()),
        feasible=left is None or left >= 0,
    )


def _merged(pairs: Iterable[Pair], *, sums: bool) -> tuple[Pair, ...]:
    weights: dict[tuple[int, int, int], int] = defaultdict(int)
    for pair in pairs:
        key = (pair.origin, pair.destination, pair.limit)
        weights[key] = weights[key] + pair.weight if sums else max(weights[key], pair.weight)
    return tuple(Pair(*key, weight) for key, weight in sorted(weights.items()))


def _shrunk(problem: DesignProblem) -> DesignProblem:
    """Drop arcs, candidates and nodes that no pair can use within its limit."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    useful = iter(useful_arcs(problem, arcs).any(axis=0).tolist())
    existing = _fastest(arc for arc in problem.arcs if next(useful))
    candidates = [
        dataclasses.replace(c, arcs=tuple(arc for arc in c.arcs if next(useful))) for c in problem.candidates
    ]
    candidates = [c for c in candidates if c.arcs]
    ends = {node for c in candidates for tail, head, _ in c.arcs for node in (tail, head)}
    ends |= {node for tail, head, _ in existing for node in (tail, head)}
    ends |= {node for pair in problem.pairs for node in (pair.origin, pair.destination)}
    new = {node: position for position, node in enumerate(sorted(ends))}
    return problem.replace(
        nodes=tuple(problem.nodes[node] for node in sorted(ends)),
        arcs=tuple((new[t], new[h], s) for t, h, s in existing),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple((new[t], new[h], s) for t, h, s in c.arcs)) for c in candidates
        ),
        pairs=tuple(
            dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination])
            for p in problem.pairs
        ),
    )


def _fastest(arcs: Iterable[Arc]) -> list[Arc]:
    best: dict[tuple[int, int], int] = {}
    for tail, head, seconds in arcs:
        best[tail, head] = min(seconds, best.get((tail, head), seconds))
    return [(tail, head, seconds) for (tail, head), seconds in sorted(best.items())]


def useful_arcs(problem: DesignProblem, arcs: list[Arc]) -> Mask:
    """Say which arcs lie on a walk within the limit of which pair, with everything built.

    Parameters
    ----------
    problem
        The problem.
    arcs
        Arcs to judge.

    Returns
    -------
    NDArray
        bool [pairs x arcs].
    """
    table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    ends = np.array([(p.origin, p.destination, p.limit) for p in problem.pairs], dtype=np.int64).reshape(
        -1, 3
    )
    origins, origin_row = np.unique(ends[:, 0], return_inverse=True)
    destinations, destination_row = np.unique(ends[:, 1], return_inverse=True)
    away = distance_rows(problem, origins)
    back = distance_rows(problem, destinations, reverse=True)
    return _useful(table, ends, origin_row, destination_row, away, back)


def distance_rows(problem: DesignProblem, sources: Integers, *, reverse: bool = False) -> Integers:
    """Return times from (or, reversed, to) nodes with everything built, one row a source.

    Parameters
    ----------
    problem
        The problem.
    sources
        int64 [s], positions of nodes.
    reverse
        Times to the sources instead of from them.

    Returns
    -------
    NDArray
        int64 [s x n], seconds; `FAR` beyond the largest limit.
    """
    net = graph(problem, reverse=reverse)
    mask = opened(problem, range(len(problem.candidates)))
    radius = max((pair.limit for pair in problem.pairs), default=0)
    rows = [times_from(net, mask, s, radius) for s in sources.tolist()]
    return np.array(rows, dtype=np.int64).reshape(len(sources), len(problem.nodes))


@compiled
def _useful(
    arcs: Integers,
    ends: Integers,
    origin_row: NDArray[np.intp],
    destination_row: NDArray[np.intp],
    away: Integers,
    back: Integers,
) -> Mask:
    found = np.zeros((len(ends), len(arcs)), np.bool_)
    for k in range(len(ends)):
        limit, o, d = ends[k, 2], origin_row[k], destination_row[k]
        for a in range(len(arcs)):
            to, on = away[o, arcs[a, 0]], back[d, arcs[a, 1]]
            found[k, a] = to <= limit and on <= limit and to + arcs[a, 2] + on <= limit
    return found

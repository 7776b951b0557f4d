"""Lay a problem out in arrays for the compiled searches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.paths import Graph, Integers, graph, opened, times_from
from optimiser.problem import DesignProblem
from optimiser.reduction import distance_rows, useful_arcs


class Tables(NamedTuple):
    """A problem in arrays; n nodes, m arcs, J candidates, K pairs, O origins, D destinations.

    Attributes
    ----------
    net, back_net
        All arcs, and the same turned round.
    arc_start, arc_tail, arc_head, arc_seconds
        The arcs of each candidate: int64 [J + 1], then one place an arc.
    cost
        int64 [J].
    budget
        Money, or -1 when every pair must be covered.
    origin, destination, limit, weight
        int64 [K]; pairs are sorted by origin.
    origins, destinations
        int64 [O], [D]: the nodes.
    origin_row, destination_row
        int64 [K]: positions in `origins` and `destinations`.
    first_pair
        int64 [O + 1]: pairs of each origin.
    base
        int64 [O x n]: seconds from each origin with nothing built.
    away, back
        int64 [O x n], [D x n]: seconds from each origin, and to each destination, with everything built.
    use_start, use
        Candidates that each pair can use: int64 [K + 1], then candidates.
    """

    net: Graph
    back_net: Graph
    arc_start: Integers
    arc_tail: Integers
    arc_head: Integers
    arc_seconds: Integers
    cost: Integers
    budget: int
    origin: Integers
    destination: Integers
    limit: Integers
    weight: Integers
    origins: Integers
    destinations: Integers
    origin_row: Integers
    destination_row: Integers
    first_pair: Integers
    base: Integers
    away: Integers
    back: Integers
    use_start: Integers
    use: Integers

    @property
    def size(self) -> int:
        """Return the number of candidates."""
        return len(self.cost)


def tables(problem: DesignProblem) -> Tables:
    """Return the arrays of a problem in canonical order (pairs sorted by origin).

    Parameters
    ----------
    problem
        A reduced problem (`reduction.reduce`).
    """
    arcs = np.array([arc for c in problem.candidates for arc in c.arcs], dtype=np.int64).reshape(-1, 3)
    pairs = np.array(
        [(p.origin, p.destination, p.limit, p.weight) for p in problem.pairs], dtype=np.int64
    ).reshape(-1, 4)
    origins, origin_row = np.unique(pairs[:, 0], return_inverse=True)
    destinations, destination_row = np.unique(pairs[:, 1], return_inverse=True)
    use_start, use = _uses(problem)
    return Tables(
        net=graph(problem),
        back_net=graph(problem, reverse=True),
        arc_start=_starts([len(c.arcs) for c in problem.candidates]),
        arc_tail=np.ascontiguousarray(arcs[:, 0]),
        arc_head=np.ascontiguousarray(arcs[:, 1]),
        arc_seconds=np.ascontiguousarray(arcs[:, 2]),
        cost=np.array([c.cost for c in problem.candidates], dtype=np.int64),
        budget=-1 if problem.budget is None else problem.budget,
        origin=np.ascontiguousarray(pairs[:, 0]),
        destination=np.ascontiguousarray(pairs[:, 1]),
        limit=np.ascontiguousarray(pairs[:, 2]),
        weight=np.ascontiguousarray(pairs[:, 3]),
        origins=origins,
        destinations=destinations,
        origin_row=origin_row.astype(np.int64),
        destination_row=destination_row.astype(np.int64),
        first_pair=_starts(np.bincount(origin_row, minlength=len(origins)).tolist()),
        base=_base_rows(problem, origins),
        away=distance_rows(problem, origins),
        back=distance_rows(problem, destinations, reverse=True),
        use_start=use_start,
        use=use,
    )


def _starts(counts: list[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(np.array(counts, dtype=np.int64)))).astype(np.int64)


def _base_rows(problem: DesignProblem, origins: Integers) -> Integers:
    net, mask = graph(problem), opened(problem, ())
    radius = max((pair.limit for pair in problem.pairs), default=0)
    rows = [times_from(net, mask, o, radius) for o in origins.tolist()]
    return np.array(rows, dtype=np.int64).reshape(len(origins), len(problem.nodes))


def _uses(problem: DesignProblem) -> tuple[Integers, Integers]:
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    owner = np.array([j for j, c in enumerate(problem.candidates) for _ in c.arcs], dtype=np.int64)
    useful = useful_arcs(problem, arcs)
    rows = [np.unique(owner[row]) for row in useful]
    return _starts([len(row) for row in rows]), np.concatenate([*rows, np.zeros(0, np.int64)]).astype(
        np.int64
    )

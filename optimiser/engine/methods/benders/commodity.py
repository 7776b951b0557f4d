"""Lay out the part of the network that one pair can use: its commodity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.presolve import useful_arcs
from optimiser.engine.search.paths import Integers
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Commodity:
    """The arcs that one pair can use within its limit.

    Attributes
    ----------
    nodes
        Number of nodes; they are numbered anew, the origin 0 and the destination 1.
    tail, head, seconds
        int64 [a], the arcs.
    limit
        Seconds.
    link
        int64 [a]: the link that opens an arc, -1 for arcs open today. A link is the arcs of one candidate
        between the same two nodes, in either direction: they share one capacity.
    candidate
        int64 [links], the candidate of each link.
    """

    nodes: int
    tail: Integers
    head: Integers
    seconds: Integers
    limit: int
    link: Integers
    candidate: Integers


def commodities(problem: DesignProblem) -> tuple[Commodity, ...]:
    """Return the commodity of each pair, in the order of the pairs.

    Parameters
    ----------
    problem
        A reduced problem.

    Notes
    -----
    Arcs on no walk within the limit with everything built leave, as in the preprocessing of Bucarey et al.;
    so do arcs into the origin and out of the destination, which no fastest path runs over.
    """
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    owner = [-1] * len(problem.arcs) + [j for j, c in enumerate(problem.candidates) for _ in c.arcs]
    table, owners = np.array(arcs, dtype=np.int64).reshape(-1, 3), np.array(owner, dtype=np.int64)
    useful = useful_arcs(problem, arcs)
    found = []
    for pair, row in zip(problem.pairs, useful, strict=True):
        kept = row & (table[:, 1] != pair.origin) & (table[:, 0] != pair.destination)
        found.append(_commodity(table[kept], owners[kept], pair.origin, pair.destination, pair.limit))
    return tuple(found)


def _commodity(arcs: Integers, owner: Integers, origin: int, destination: int, limit: int) -> Commodity:
    others = np.setdiff1d(arcs[:, :2], [origin, destination])
    nodes = np.concatenate(([origin, destination], others))
    number = np.zeros(int(nodes.max()) + 1, np.int64)
    number[nodes] = np.arange(len(nodes))
    tail, head = number[arcs[:, 0]], number[arcs[:, 1]]
    link, candidate = _links(tail, head, owner)
    return Commodity(len(nodes), tail, head, arcs[:, 2].copy(), limit, link, candidate)


def _links(tail: Integers, head: Integers, owner: Integers) -> tuple[Integers, Integers]:
    """Return the link of each arc and the candidate of each link."""
    ends = np.stack([owner, np.minimum(tail, head), np.maximum(tail, head)], axis=1)
    built = owner >= 0
    rows, inverse = np.unique(ends[built], axis=0, return_inverse=True)
    link = np.full(len(tail), -1)
    link[built] = inverse.reshape(-1)
    return link.astype(np.int64), np.ascontiguousarray(rows[:, 0])

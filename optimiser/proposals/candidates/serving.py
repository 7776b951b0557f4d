"""Find which open pairs could use which candidates within the limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.distances import between, matrix
from optimiser.proposals.candidates.numbering import number
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import Candidates


def served(situation: Situation, candidates: Candidates) -> NDArray[np.bool_]:
    """Tell which candidates lie on a way within the limit of which open pairs, when all are built.

    A plan's ways are ways of the network with everything built, so what is false here is false in every plan.
    An arc that reaches its head no sooner, even so, than today's network does is of no use to the origin.

    Parameters
    ----------
    situation
        What there is.
    candidates
        All candidates.

    Returns
    -------
    numpy.ndarray
        bool [candidates, open pairs], pairs as `open_pairs` lists them.
    """
    graph, arcs = situation.graph, number(situation.row, candidates)
    full = matrix(
        arcs.count,
        np.concatenate([graph.tail, arcs.tail]),
        np.concatenate([graph.head, arcs.head]),
        np.concatenate([graph.seconds, arcs.seconds]),
    )
    today = matrix(arcs.count, graph.tail, graph.head, graph.seconds)
    tails, tail_at = np.unique(arcs.tail, return_inverse=True)
    heads, head_at = np.unique(arcs.head, return_inverse=True)
    to_tail = between(full, graph.origin, tails)[:, tail_at]
    to_head = between(today, graph.origin, heads)[:, head_at]
    to_end = between(full.T.tocsr(), graph.destination, heads)[:, head_at]
    pairs = open_pairs(situation)
    found = np.zeros((len(candidates), len(pairs)), dtype=bool)
    for at, (origin, destination) in enumerate(pairs.tolist()):
        reach = to_tail[origin] + arcs.seconds
        useful = (reach < to_head[origin]) & (reach + to_end[destination] <= situation.limit_s)
        found[arcs.candidate[useful], at] = True
    return found


def open_pairs(situation: Situation) -> NDArray[np.int64]:
    """Return the pairs beyond the limit today, the larger city first; int64 [pairs, 2]."""
    population = situation.cities["population"].to_numpy(dtype=np.int64)
    rank = np.argsort(np.argsort(-population, kind="stable"), kind="stable")
    pairs = np.argwhere(situation.open_pair & (rank[:, None] < rank[None, :]))
    return pairs.astype(np.int64)


def weights(situation: Situation, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the default weight of pairs: the root of the smaller population."""
    population = situation.cities["population"].to_numpy(dtype=np.float64)
    return np.asarray(np.sqrt(population[pairs].min(axis=1)), dtype=np.float64)


def most_useful(use: NDArray[np.bool_], weight: NDArray[np.float64], count: int) -> list[int]:
    """Choose the rows that serve most weight, where each further service to a pair counts less.

    The row with the largest sum of weight / (1 + times served before) comes first, the smaller of equal ones.

    Parameters
    ----------
    use
        bool [rows, pairs].
    weight
        float64 [pairs].
    count
        How many rows at most.

    Returns
    -------
    list of int
        Chosen rows in rising order.
    """
    left = np.ones(len(use), dtype=bool)
    times = np.zeros(use.shape[1])
    chosen: list[int] = []
    while len(chosen) < min(count, len(use)):
        score = np.where(left, use @ (weight / (1.0 + times)), -1.0)
        best = int(np.argmax(score))
        chosen.append(best)
        left[best] = False
        times += use[best]
    return sorted(chosen)

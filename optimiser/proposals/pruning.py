"""Find the candidates that no pair can use, that others dominate, or that serve least."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.skims import fastest_arcs, time_matrix
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.shortest_times import NO_PATH_S, faster_of, times_between, way
from optimiser.proposals.table import Candidates, NumberedArcs, Proposal, rows_by_candidate, times_with
from optimiser.proposals.trains import Tracks


def loads(tracks: Tracks, proposal: Proposal) -> tuple[int, float]:
    """Return the trips a day that are expected in some new trains, and the share of seats that they fill.

    They are those of the pairs of cities that the trains make faster, shared with the direct trains of today
    between the two cities, to each as many as it has trains a day. Trips follow from people and the times
    that the new trains give (`gravity_trips`).

    Parameters
    ----------
    tracks
        Today's stations and trains, with the rules for railways.
    proposal
        A candidate with trains of its own.

    Returns
    -------
    trips, filled : int, float
        Trips of both directions; km of passengers, as the crow flies, over km of seats.
    """
    base, rules, (there, back) = tracks.base, tracks.rules, tracks.pairs.T
    seconds, km = base.skim_with(proposal.arcs)
    with_s, today_s = tracks.of_pairs(seconds), tracks.of_pairs(base.skim)
    trains, km_a_day = proposal.seats_a_day / rules.seats_a_day(1.0), proposal.train_km_a_day
    trips = tracks.trips_a_year(np.minimum(with_s, today_s)) * (with_s < today_s) / 365.0
    trips *= trains / (trains + tracks.direct_a_day[there, back])
    # More trains on a service open arcs at its stations alone.
    ridden_km = np.where(km > 0, km, base.between_km)[there, back]
    filled = float(trips @ np.minimum(ridden_km, km_a_day / trains / 2.0)) / (km_a_day * rules.seats)
    return round(float(trips.sum())), filled


def needed_for_reach(
    base: BaseCase, arcs: NumberedArcs, left: NDArray[np.bool_], cost: NDArray[np.int64]
) -> list[int]:
    """Find candidates without which pairs are beyond the limit that are within it with all candidates.

    The pairs are looked at one after the other. One that no longer has a way takes the candidates of its
    fastest way with all, without those that it can do without, the dearest tried first.

    Parameters
    ----------
    base
        The base case.
    arcs
        Arcs of all candidates.
    left
        bool, one a candidate: which are kept already.
    cost
        int64, one a candidate.

    Returns
    -------
    list of int
        Rows of candidates to be kept as well, rising.
    """
    graph, kept = base.graph, left.copy()
    tail, head, seconds = arcs.joined(graph)
    candidate = np.pad(arcs.candidate, (len(graph.tail), 0), constant_values=-1)

    def matrix() -> csr_array:
        new = arcs.take(kept[arcs.candidate])
        return faster_of(base.times, time_matrix(arcs.count, new.tail, new.head, new.seconds))

    @functools.cache
    def with_all(origin: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return the seconds from an origin with all candidates, and the node before each."""
        return dijkstra(full, indices=graph.origin[origin], return_predecessors=True)

    def reached(times: csr_array, origin: int) -> NDArray[np.bool_]:
        """Return the destinations within the limit of an origin."""
        found = dijkstra(times, indices=graph.origin[origin], limit=base.useful_s)
        return np.asarray(found[graph.destination] <= base.useful_s, dtype=np.bool_)

    full = time_matrix(arcs.count, tail, head, seconds)
    fastest = fastest_arcs(tail, head, seconds)
    columns = (values[fastest].tolist() for values in (tail, head, candidate))
    opened_by = {(a, b): row for a, b, row in zip(*columns, strict=True)}
    times, within = matrix(), dict[int, NDArray[np.bool_]]()
    for origin, destination in open_pairs(base).tolist():
        if origin not in within:
            within[origin] = reached(times, origin)
        if within[origin][destination]:
            continue
        start, end = int(graph.origin[origin]), int(graph.destination[destination])
        seconds_with_all, before = with_all(origin)
        if seconds_with_all[end] > base.useful_s:
            continue
        used = {opened_by[ends] for ends in itertools.pairwise(way(before, start, end))}
        missing = sorted((r for r in used if r >= 0 and not kept[r]), key=lambda r: (-cost[r], r))
        kept[missing] = True
        for row in missing:
            kept[row] = False
            kept[row] = not reached(matrix(), origin)[destination]
        times, within = matrix(), {}
    return np.flatnonzero(kept & ~left).tolist()


def usable_by_pairs(base: BaseCase, arcs: NumberedArcs, count: int) -> csr_array:
    """Tell which candidates lie on a path within the limit of which open pairs, when all are built.

    The paths of a plan are paths of the network with everything built, so what is false here is false in
    every plan. An arc that even then reaches its head no sooner than today's network is of no use to the
    origin.

    Parameters
    ----------
    base
        The base case.
    arcs
        Arcs of the candidates.
    count
        Number of candidates.

    Returns
    -------
    scipy.sparse.csr_array
        bool [count, open pairs] without stored zeros, pairs as in `open_pairs`.
    """
    graph = base.graph
    full = time_matrix(arcs.count, *arcs.joined(graph))
    tails, tail_at = np.unique(arcs.tail, return_inverse=True)
    heads, head_at = np.unique(arcs.head, return_inverse=True)
    # Only paths within the limit are of interest.
    targets = np.concatenate([tails, graph.destination])
    to_all = times_between(full, graph.origin, targets, most_s=base.useful_s)
    to_tails, best = to_all[:, : len(tails)], to_all[:, len(tails) :]
    to_end = times_between(full.T.tocsr(), graph.destination, heads, most_s=base.useful_s)
    to_heads = np.full((len(graph.origin), len(heads)), NO_PATH_S, dtype=np.int64)
    old = heads < len(graph.nodes)
    to_heads[:, old] = base.from_origins_s[:, heads[old]]
    pairs = open_pairs(base)
    found = [np.zeros(0, dtype=np.int64)]
    for origin in np.unique(pairs[:, 0]).tolist():
        own = np.flatnonzero((pairs[:, 0] == origin) & (best[origin, pairs[:, 1]] <= base.useful_s))
        reach = to_tails[origin, tail_at] + arcs.seconds
        gains = np.flatnonzero((reach < to_heads[origin, head_at]) & (reach <= base.useful_s))
        on_path = reach[gains] + to_end[np.ix_(pairs[own, 1], head_at[gains])] <= base.useful_s
        pair, arc = np.nonzero(on_path)
        found.append(np.unique(arcs.candidate[gains[arc]] * len(pairs) + own[pair]))
    candidate, pair = np.divmod(np.concatenate(found), max(1, len(pairs)))
    return csr_array((np.ones(len(pair), dtype=bool), (candidate, pair)), shape=(count, len(pairs)))


def open_pairs(base: BaseCase) -> NDArray[np.int64]:
    """Return the pairs of cities beyond the limit today, the larger city first; int64 [pairs, 2]."""
    population = base.cities["population"].to_numpy(dtype=np.int64)
    rank = np.argsort(np.argsort(-population, kind="stable"), kind="stable")
    return np.argwhere((base.skim > base.limit_s) & (rank[:, None] < rank[None, :])).astype(np.int64)


def default_weights(base: BaseCase) -> NDArray[np.float64]:
    """Return the default weight of each open pair before rounding: the root of the smaller population."""
    population = base.cities["population"].to_numpy(dtype=np.float64)
    return np.asarray(np.sqrt(population[open_pairs(base)].min(axis=1)), dtype=np.float64)


def most_serving(use: csr_array, weight: NDArray[np.float64], most: int) -> list[int]:
    """Choose the rows that serve most weight, where each further row that serves a pair counts less.

    The row with the largest sum of weight / (1 + times served before) comes first, the smaller of equal ones.

    Parameters
    ----------
    use
        bool [rows, pairs].
    weight
        float64 [pairs].
    most
        How many rows are chosen at most.

    Returns
    -------
    list of int
        Chosen rows, rising.
    """
    counts, times, chosen = use.astype(np.float64), np.zeros(use.shape[1]), list[int]()
    while len(chosen) < min(most, use.shape[0]):
        score = counts @ (weight / (1.0 + times))
        score[chosen] = -1.0
        best = int(np.argmax(score))
        chosen.append(best)
        times[use.indices[use.indptr[best] : use.indptr[best + 1]]] += 1.0
    return sorted(chosen)


_MOST_AT_ONCE = 4000
"""Nodes up to which today's times between all ends of candidates are worked out at once: 130 MB."""


def dominated(
    base: BaseCase, candidates: Candidates, arcs: NumberedArcs, left: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which candidates another one of the same ends dominates.

    That one costs no more, slows no path, and runs no more trains over any section of today's line. In a plan
    it can take the place of the dominated one, whatever limits there are on sections.

    Parameters
    ----------
    base
        The base case.
    candidates
        All candidates; those that are fixed are never dominated.
    arcs
        Their arcs.
    left
        bool, one a candidate: which of them take part.

    Returns
    -------
    numpy.ndarray
        bool, one a candidate.
    """
    table = candidates.table
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, names in enumerate(zip(table["from_name"], table["to_name"], strict=True)):
        if left[row]:
            groups.setdefault(tuple(sorted(names)), []).append(row)
    cost, free = table["cost"].to_numpy(dtype=np.int64), (table["fixed"] == "").to_numpy()
    found = np.zeros(len(candidates), dtype=bool)
    runs = defaultdict[int, dict[int, int]](dict)
    a_day = candidates.runs.groupby(["candidate", "link"], as_index=False)["trains"].sum()
    for candidate, link, trains in a_day.to_numpy(dtype=np.int64).tolist():
        runs[candidate][link] = trains
    rivals: dict[int, list[int]] = {}
    for rows in groups.values():
        # The dearest comes first, and what is dominated dominates nothing, so that one of equals remains.
        for row in sorted(rows, key=lambda r: (-int(cost[r]), r)):
            others = [r for r in rows if r != row and cost[r] <= cost[row]] if free[row] else []
            rivals[row] = [
                r for r in others if all(n <= runs[row].get(link, 0) for link, n in runs[r].items())
            ]
    compared = {row for row, others in rivals.items() if others}
    if not compared:
        return found
    arcs = arcs.take(left[arcs.candidate])
    own = rows_by_candidate(arcs.candidate, len(candidates))
    ends = [np.unique(np.concatenate([arcs.tail[rows], arcs.head[rows]])) for rows in own]
    touched = np.bincount(np.concatenate(ends), minlength=arcs.count)
    # Evidence and the design problem need the times of more nodes; all at once they take least time.
    every = np.unique(np.concatenate([arcs.ends, base.graph.origin, base.graph.destination]))
    if len(every) > _MOST_AT_ONCE:
        every = np.unique(np.concatenate([ends[row] for row in compared.union(*rivals.values())]))
    base.today_s(every[every < arcs.old])

    def seconds(built: int, row: int) -> NDArray[np.int64]:
        """Return the seconds between the ends of one candidate when another one, or itself, is built alone.

        Ends are nodes of the time graph, and new nodes at which further candidates have arcs (such as
        platforms of new stations).
        """
        places = ends[row][(ends[row] < arcs.old) | (touched[ends[row]] > 1)]
        return times_with(base, arcs, own[built], places)

    for row, others in rivals.items():
        if others:
            own_s = seconds(row, row)
            found[row] = any(not found[other] and (seconds(other, row) <= own_s).all() for other in others)
    return found

"""Find the candidates that no pair can use, whose seats stay empty, or that serve least."""

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from networks.skims import fastest_arcs, time_matrix, way
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.shortest_times import NO_PATH_S, faster_of, times_between
from optimiser.proposals.table import NumberedArcs, Proposal
from optimiser.proposals.trains import Tracks


@dataclass(frozen=True, slots=True)
class Ridership:
    """The trips between the pairs of cities that some new trains make faster.

    Attributes
    ----------
    trains, seat_km
        Trains a day and direction, and the km that all their seats run a day.
    pairs, seconds
        int32, for there may be very many: rows of `Tracks.pairs`, and time of each with the new trains.
    trips, km
        float64, trips a day of each pair by all its direct trains, and km of each in the new ones.
    """

    trains: float
    seat_km: float
    pairs: NDArray[np.int32]
    seconds: NDArray[np.int32]
    trips: NDArray[np.float64]
    km: NDArray[np.float64]

    def load(self, others: NDArray[np.float64]) -> tuple[int, float]:
        """Return the trips a day in these trains, and km of passengers over km of seats.

        The trips of a pair are shared with the `others` a day and direction of each, to all trains alike.
        """
        trips = self.trips * self.trains / (self.trains + others[self.pairs])
        return round(float(trips.sum())), float(trips @ self.km) / self.seat_km


_MOST_KEPT = 2**25
"""Trains times pairs of cities whose trips are kept for other limits, 0.8 GB at most."""


def ridership(tracks: Tracks, proposal: Proposal) -> Ridership:
    """Return the trips that are expected between the cities which the trains of a proposal join faster.

    They follow from people and the times that the new trains give (`gravity_trips`).
    """
    base, rules, (there, back) = tracks.base, tracks.rules, tracks.pairs.T
    seconds, km = base.skim_with(proposal.arcs)
    with_s, today_s = tracks.of_pairs(seconds), tracks.of_pairs(base.skim)
    trains, km_a_day = proposal.seats_a_day / rules.seats_a_day(1.0), proposal.train_km_a_day
    faster = np.flatnonzero(with_s < today_s).astype(np.int32)
    trips = tracks.trips_a_year(np.minimum(with_s, today_s))[faster] / 365.0
    # More trains on a service open arcs at its stations alone.
    ridden_km = np.where(km > 0, km, base.between_km)[there, back][faster].clip(max=km_a_day / trains / 2.0)
    whole_s = np.minimum(with_s[faster], np.iinfo(np.int32).max).astype(np.int32)
    return Ridership(trains, km_a_day * rules.seats, faster, whole_s, trips, ridden_km)


def loads(
    tracks: Tracks, proposals: Sequence[Proposal], *, alike: Callable[[Proposal], Hashable] = lambda _: 0
) -> dict[Proposal, tuple[int, float]]:
    """Return the load of new trains beside those of today and the more useful ones of other ends.

    Between two cities people travel once. Of several new trains on one way that comes first which brings most
    weight of open pairs within the limit, or nearly so, and the next one shares with it. Trains of the same
    ends are alternatives, of which a plan takes one.

    Parameters
    ----------
    tracks
        Today's stations and trains, with the rules for railways.
    proposals
        The new trains; those that fill less than `RailRules.least_load` take nobody from the others.
    alike
        New trains share with those of the same value.
    """
    base, (there, back) = tracks.base, tracks.pairs.T
    today, beside = tracks.direct_a_day[there, back], dict[Hashable, NDArray[np.float64]]()
    made = {one: functools.partial(ridership, tracks, one) for one in proposals}
    once = base.once if len(proposals) * len(today) <= _MOST_KEPT else lambda _, make: make()
    riders = {one: once(("ridership", tracks.rules, one), make) for one, make in made.items()}
    found, kept = (
        dict[Proposal, tuple[int, float]](),
        defaultdict[Hashable, list[tuple[set[str], Ridership]]](list),
    )
    weight = default_weights(base, tracks.pairs) * (tracks.of_pairs(base.skim) > base.useful_s)

    def order(item: tuple[Proposal, Ridership]) -> tuple[float, float]:
        reached = item[1].seconds <= base.useful_s + tracks.rules.line_slack_s
        return -float(weight[item[1].pairs] @ reached), -item[1].load(today)[1]

    for one, own in sorted(riders.items(), key=order):
        group, ends = alike(one), {one.from_name, one.to_name}
        others = beside.get(group, today)
        if any(theirs == ends for theirs, _ in kept[group]):
            others = today.copy()
            for theirs, other in kept[group]:
                if theirs != ends:
                    others[other.pairs] += other.trains
        found[one] = own.load(others)
        if found[one][1] >= tracks.rules.least_load:
            kept[group].append((ends, own))
            beside.setdefault(group, today.copy())[own.pairs] += own.trains
    return found


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

    full, fastest = time_matrix(arcs.count, tail, head, seconds), fastest_arcs(tail, head, seconds)
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
    graph, full = base.graph, time_matrix(arcs.count, *arcs.joined(base.graph))
    (tails, tail_at), (heads, head_at) = (np.unique(at, return_inverse=True) for at in (arcs.tail, arcs.head))
    # Only paths within the limit are of interest.
    targets = np.concatenate([tails, graph.destination])
    to_all = times_between(full, graph.origin, targets, most_s=base.useful_s)
    to_tails, best = to_all[:, : len(tails)], to_all[:, len(tails) :]
    to_end = times_between(full.T.tocsr(), graph.destination, heads, most_s=base.useful_s)
    to_heads = np.full((len(graph.origin), len(heads)), NO_PATH_S, dtype=np.int64)
    old = heads < len(graph.nodes)
    to_heads[:, old] = base.from_origins_s[:, heads[old]]
    pairs, found = open_pairs(base), [np.zeros(0, dtype=np.int64)]
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


def default_weights(base: BaseCase, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the default weight of pairs [pairs, 2] before rounding: the root of the smaller population."""
    population = base.cities["population"].to_numpy(dtype=np.float64)
    return np.asarray(np.sqrt(population[pairs].min(axis=1)), dtype=np.float64)


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

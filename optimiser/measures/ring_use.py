"""Measure what rings are for: ways on the road between places, past the built-up areas of the cores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from optimiser.engine.search.paths import LONGEST, Floats, Integers, Mask, in_rows, times_from
from optimiser.measures.appraisal import gravity_trips
from optimiser.measures.equity import share_of

FREE, CONGESTED, CLOSED = "free", "congested", "closed"
CONDITIONS = (FREE, CONGESTED, CLOSED)
"""Roads in the built-up areas of the cores: free, at the speed of queues, closed. Elsewhere they are free."""


@dataclass(frozen=True)
class RoadTimes:
    """Today's driving times between places, and what candidates change of them; P places, t terminals.

    Attributes
    ----------
    seconds
        float64 [3, t, t]: whole seconds between terminals in each of `CONDITIONS`, infinity without a way.
        Terminals are the nodes of places and the ends of new roads.
    places
        Places from the largest to the smallest: `name`, `population`, `tier`, `terminal`, `is_outside` (its
        centre lies in no built-up area of a core), `is_city` (it lies in that of a city of the job).
    arcs
        Arcs of candidates: `candidate_id`, `tail`, `head` (terminals), and seconds by condition, infinity
        where it is closed.
    near
        Junctions within `facts["near_min"]` of a place: `place` (row), `lon`, `lat`.
    trips_per_person
        Trips a year by each inhabitant, for the gravity model.
    facts
        `source` of the places, `cores` (names), `congested_kmh` and `near_min`, as plain values.
    """

    seconds: Floats
    places: pd.DataFrame
    arcs: pd.DataFrame
    near: pd.DataFrame
    trips_per_person: float
    facts: dict[str, Any]

    @cached_property
    def people(self) -> Integers:
        """Return the people of each place, int64 [P]."""
        return self.places["population"].to_numpy(dtype=np.int64)

    @cached_property
    def _all_ends(self) -> Integers:
        return np.column_stack(np.triu_indices(len(self.places), 1)).astype(np.int64)

    @cached_property
    def _counts(self) -> Mask:
        """Return which of all pairs count: both places lie outside the cores, and roads join them today."""
        is_outside = self.places["is_outside"].to_numpy(dtype=np.bool_)
        outside = is_outside[self._all_ends].all(axis=1)
        return np.asarray(outside & np.isfinite(self._all_today))

    @property
    def _all_today(self) -> Floats:
        """Return the seconds of all pairs of places today on free roads."""
        one, other = self.places["terminal"].to_numpy(dtype=np.int64)[self._all_ends].T
        return np.asarray(self.seconds[0, one, other], dtype=np.float64)

    @cached_property
    def ends(self) -> Integers:
        """Return the rows of both places of the K pairs that count, the larger first, int64 [K, 2]."""
        return self._all_ends[self._counts]

    @cached_property
    def today(self) -> Floats:
        """Return the seconds of the pairs today in each of `CONDITIONS`, float64 [3, K]."""
        return self.with_built(())

    @cached_property
    def trips(self) -> Floats:
        """Return the trips of the pairs per year, which people in cores compete for as well; float64 [K]."""
        trips = gravity_trips(self._all_ends, self._all_today, self.people, per_person=self.trips_per_person)
        return trips[self._counts]

    @cached_property
    def known(self) -> dict[frozenset[str], tuple[TripUse, ...]]:
        """Return what is known of trips by what is built (`trip_use`)."""
        return {}

    def with_built(self, built: Collection[str]) -> Floats:
        """Return the seconds of the pairs with some candidates built, float64 [3, K].

        Notes
        -----
        Arcs enter one after another. A shortest path uses a new arc (u, v) of s seconds at most once, so that

            d'(i, j) = min(d(i, j), d(i, u) + s + d(v, j))

        is exact after each of them, for terminals alone. Since d(i, j) <= d(i, v) + d(v, j), only trips from
        terminals i with d(i, u) + s < d(i, v) can become faster.
        """
        mine = self.arcs[self.arcs["candidate_id"].isin(list(built))]
        ends, times = mine[["tail", "head"]].to_numpy(dtype=np.int64), mine[list(CONDITIONS)].to_numpy()
        terminals = [self.places["terminal"].to_numpy(dtype=np.int64), *ends.T]
        kept, row = np.unique(np.concatenate(terminals), return_inverse=True)  # others play no part
        new = row[len(self.places) :].reshape(2, -1).T.tolist()
        after = np.empty((len(CONDITIONS), len(self.ends)))
        for at, today in enumerate(self.seconds):
            found = today[np.ix_(kept, kept)]
            for (tail, head), seconds in zip(new, times[:, at], strict=True):
                to_head = found[:, tail] + seconds
                rows = np.flatnonzero(to_head < found[:, head])
                found[rows] = np.minimum(found[rows], to_head[rows, None] + found[head])
            after[at] = found[tuple(row[self.ends].T)]
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class TripUse:
    """What trips between places outside the cores do, in one of `CONDITIONS`.

    Attributes
    ----------
    roads
        The condition.
    pairs
        Pairs of places, which roads join today.
    through_pairs, through_trips, through_share
        Pairs whose fastest ways all pass a core's built-up area: they take longer when it is closed. Their
        trips per year (`gravity_trips`), and the share of these in the trips of all pairs.
    relieved_pairs
        Pairs that do so today and no longer.
    mean_minutes
        Mean time of the pairs that pass a core on free roads today and that roads past it join as well; None
        where there are none.
    faster, faster_5, faster_15
        Pairs faster than today in this condition, by any time, and by 5 and 15 minutes or more.
    """

    roads: str
    pairs: int
    through_pairs: int
    through_trips: float
    through_share: float
    relieved_pairs: int
    mean_minutes: float | None
    faster: int
    faster_5: int
    faster_15: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RingUse:
    """What a ring, or several together, are for.

    Attributes
    ----------
    today, alone, plan
        Trips by condition: today, with nothing but what the rings need, and with the whole plan (empty of a
        single ring).
    shared
        Trips with nothing but what a single ring needs, past the cores of all rings together.
    near_people
        People of places within 20 minutes of a junction of a ring, on free roads of today.
    second_way_km, second_way_existing_km
        Kilometres that get a second way (`second_way`), and those of them that exist.
    facts
        As of `RoadTimes`.
    """

    today: tuple[TripUse, ...] = ()
    alone: tuple[TripUse, ...] = ()
    plan: tuple[TripUse, ...] = ()
    shared: tuple[TripUse, ...] = ()
    near_people: int = 0
    second_way_km: float = 0.0
    second_way_existing_km: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


def trip_use(roads: RoadTimes, built: Collection[str] = ()) -> tuple[TripUse, ...]:
    """Return what trips do with some candidates built, in each of `CONDITIONS`, against today.

    Notes
    -----
    With d_c the time in condition c and d_closed that past all built-up areas of cores, a pair passes a core
    if d_closed > d_c, so that none of its fastest ways avoids them.
    """
    key = frozenset(built).intersection(roads.arcs["candidate_id"])
    if key not in roads.known:
        roads.known[key] = tuple(_trip_use(roads, roads.with_built(key)))
    return roads.known[key]


def _trip_use(roads: RoadTimes, after: Floats) -> Iterator[TripUse]:
    """Yield what trips do that take so long, float64 [3, K]."""
    before = roads.today
    was_joined = np.isfinite(before[-1])
    followed = was_joined & (before[-1] > before[0])
    for at, condition in enumerate(CONDITIONS):
        passed, passes = (times[-1] > times[at] for times in (before, after))
        is_faster = after[at] < before[at]
        # Infinite where nothing joined the pair before.
        gained = before[at] - np.where(is_faster, after[at], 0)
        by_5, by_15 = (is_faster & (gained >= 60 * least) for least in (5, 15))
        minutes = after[at][followed] / 60
        yield TripUse(
            roads=condition,
            pairs=len(passes),
            through_pairs=int(passes.sum()),
            through_trips=float(roads.trips[passes].sum()),
            through_share=share_of(float(roads.trips[passes].sum()), float(roads.trips.sum())) or 0.0,
            relieved_pairs=int((passed & ~passes).sum()),
            mean_minutes=float(minutes.mean()) if len(minutes) else None,
            faster=int(is_faster.sum()),
            faster_5=int(by_5.sum()),
            faster_15=int(by_15.sum()),
        )


def time_value(
    roads: RoadTimes,
    built: Collection[str],
    weights: Integers,
    *,
    total: int,
    limit_s: int,
    congested: Fraction,
) -> tuple[Fraction, Fraction]:
    """Return what the time is worth that candidates save over a day, on free and on congested roads.

    Parameters
    ----------
    roads, built
        The times, and ids of candidates.
    weights
        What each pair of places would count within the limit, were both cities of the job; int64 [K].
    total
        What all pairs of cities of the job count together.
    limit_s
        Time limit of the job.
    congested
        Share of the day in which the roads of the cores are congested.

    Notes
    -----
    With W the total, v the weights, T the limit, q the share, s the seconds that a pair saves in a condition,
    at most T, and 0 for two cities of the job, whose pair counts by itself:

        W (1 - q) (sum of v s_free) / (T sum of v)  and  W q (sum of v s_congested) / (T sum of v)

    W times the part of the limit that a pair of places saves in the mean, in whole numbers and fractions. So
    a list with more places makes no ring worth more.
    """
    is_city = roads.places["is_city"].to_numpy(dtype=np.bool_)[roads.ends].all(axis=1)
    gained = np.where(is_city, 0.0, roads.today[:2] - roads.with_built(built)[:2])
    saved, whole = np.minimum(gained, limit_s).astype(np.int64), max(int(weights.sum()), 1)
    products = (zip(weights[row > 0].tolist(), row[row > 0].tolist(), strict=True) for row in saved)
    free, slow = (Fraction(total * sum(v * s for v, s in both), limit_s * whole) for both in products)
    return (1 - congested) * free, congested * slow


def second_way(stretches: pd.DataFrame, metres_on_ring: Sequence[int], around: int) -> list[int]:
    """Return the positions of the stretches of today's roads that get a second way by a ring.

    Parameters
    ----------
    stretches
        All that exists at the standard of the ring, from one interchange to the next: `tail`, `head`,
        `metres`, `forward` and `backward` (whether it is open that way).
    metres_on_ring
        How much of each lies on the ring.
    around
        Metres of the whole ring.

    Notes
    -----
    With the ring all of it has one: when a stretch is closed, the rest of the ring still joins its ends. The
    stretch gets it by the ring unless others join its ends today, each way in which it is open, by a way no
    longer than the rest of the ring. Nodes at which no other road meets change nothing: stretches end at
    interchanges alone. What must be built gets a second way by definition.
    """
    tail, head, metres = stretches[["tail", "head", "metres"]].to_numpy(dtype=np.int64).T
    ways = [np.flatnonzero(stretches[name]) for name in ("forward", "backward")]
    starts, ends = (
        np.concatenate([one[ways[0]], other[ways[1]]]) for one, other in ((tail, head), (head, tail))
    )
    rows = np.concatenate(ways)
    nodes = 1 + int(max(tail.max(initial=-1), head.max(initial=-1)))
    network, found = in_rows(starts, ends, np.maximum(metres[rows], 1), rows, nodes=nodes), []
    for row in np.flatnonzero(metres_on_ring).tolist():
        is_open = np.arange(len(tail)) != row
        mine = np.flatnonzero(rows == row).tolist()
        others = [times_from(network, is_open, starts[arc], LONGEST)[ends[arc]] for arc in mine]
        if max(others, default=LONGEST) > around - metres_on_ring[row]:
            found.append(row)
    return found

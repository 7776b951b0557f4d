"""Pack paths of a pair within the room that candidates give: what fractional time cuts come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.compiled import compiled
from optimiser.cuts.pricing import ONE, Labels, cheapest_path, new_labels
from optimiser.paths import Integers, Mask
from optimiser.tables import Tables

type Floats = NDArray[np.float64]

LONGEST_PATH = 48
"""Most candidates of a path that is kept."""

PACKED = 0
"""The room holds what was asked for: there is no violated cut."""

CUT = 1
"""The prices are the dual of the largest packing: they make a cut."""

LOST = 2
"""The search grew too large or the arithmetic failed: nothing is said."""

_EPS = 1e-9


class Pool(NamedTuple):
    """Paths found so far, a few a pair, kept between rounds.

    Attributes
    ----------
    count
        int64 [K], paths of each pair.
    size
        int16 [K, P], candidates of each path.
    member
        int16 [K, P, `LONGEST_PATH`], the candidates, as positions in the pair's own list (`t.use`).
    """

    count: Integers
    size: NDArray[np.int16]
    member: NDArray[np.int16]


class Room(NamedTuple):
    """Arrays that the packing works in, made once a thread.

    Attributes
    ----------
    labels
        Of the path search.
    inverse
        float64 [m, m], inverse of the basis.
    basis
        int64 [m], position of the path in the pool, or -1 - i for the slack of row i.
    filled
        float64 [m], values of the basis.
    dual, step
        float64 [m], prices, and the column that enters.
    price
        int64 [J + 1], prices for the path search.
    found
        int64, candidates of the path found.
    place
        int64 [J], positions of candidates in the pair's own list.
    """

    labels: Labels
    inverse: Floats
    basis: Integers
    filled: Floats
    dual: Floats
    step: Floats
    price: Integers
    found: Integers
    place: Integers


def new_pool(t: Tables) -> Pool:
    """Return a pool without paths."""
    pairs = len(t.limit)
    places = _widest(t) + 32
    return Pool(
        np.zeros(pairs, np.int64),
        np.zeros((pairs, places), np.int16),
        np.zeros((pairs, places, LONGEST_PATH), np.int16),
    )


def new_room(t: Tables) -> Room:
    """Return arrays to work in."""
    m = _widest(t)
    return Room(
        new_labels(t),
        np.zeros((m, m)),
        np.zeros(m, np.int64),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(t.size + 1, np.int64),
        np.zeros(LONGEST_PATH, np.int64),
        np.zeros(t.size, np.int64),
    )


def _widest(t: Tables) -> int:
    return int(np.diff(t.use_start).max(initial=1))


@compiled
def pack(t: Tables, k: int, room: Floats, wanted: float, winds: Mask, pool: Pool, work: Room) -> int:
    """Find the largest packing of paths, or stop once it reaches what is wanted.

    Solves `max sum_p f_p, sum_{p uses j} f_p <= room_j` over all paths p of pair k within its limit, by the
    primal simplex method with columns from the pool first and from a path search after that. At the end
    `work.price` holds the dual prices, rounded up: every path within the limit costs at least `ONE`, so that
    `y_k <= sum_j price_j / ONE x_j` holds for every plan; it is the strongest such cut at the point `room`.

    Parameters
    ----------
    t
        The problem.
    k
        The pair.
    room
        float64 [J], room of each candidate, >= 0.
    wanted
        Packing at which the search may stop.
    winds
        bool [J + 1] (`pricing.winding`).
    pool
        Paths known; new ones are added in place.
    work
        Arrays to work in.

    Returns
    -------
    int
        `PACKED`, `CUT` or `LOST`.

    Notes
    -----
    Length-bounded flows and cuts: Baier, Erlebach, Hall, Köhler, Kolman, Pangrác, Schilling and Skutella,
    ACM Transactions on Computation Theory 2010; column generation for them as in Desrosiers and Lübbecke
    2005. Invariant: `filled` is a packing within the room, and `dual` prices every path of its basis at 1.
    """
    mine = t.use[t.use_start[k] : t.use_start[k + 1]]
    m = mine.size
    if _fits_greedily(t, k, room, wanted, pool, work):
        return PACKED
    inverse, basis, filled, dual = work.inverse, work.basis, work.filled, work.dual
    for i in range(m):
        inverse[i, :m] = 0.0
        inverse[i, i] = 1.0
        basis[i] = -1 - i
        filled[i] = room[mine[i]]
        dual[i] = 0.0
        work.place[mine[i]] = i
    total = 0.0
    for _ in range(40 * m + 200):
        if total >= wanted:
            return PACKED
        entering, gain = _entering(k, m, pool, dual)
        if gain < 1e-7:
            entering = _searched(t, k, mine, winds, pool, work)
            if entering == -1:
                return CUT
            if entering == -2:
                return LOST
            gain = 1.0
            for i in range(pool.size[k, entering]):
                gain -= dual[pool.member[k, entering, i]]
            if gain < 1e-9:
                return LOST
        row = _leaving(k, m, entering, pool, work)
        if row < 0:
            return LOST
        total += gain * _turn(m, row, entering, gain, work)
    return LOST


@compiled
def _fits_greedily(t: Tables, k: int, room: Floats, wanted: float, pool: Pool, work: Room) -> bool:
    """Say whether the known paths, each filled as far as it goes, hold what is wanted."""
    if not np.isfinite(wanted):
        return False
    mine = t.use[t.use_start[k] : t.use_start[k + 1]]
    for i in range(mine.size):
        work.filled[i] = room[mine[i]]
    total = 0.0
    for p in range(pool.count[k]):
        least = 1.0
        for i in range(pool.size[k, p]):
            least = min(least, work.filled[pool.member[k, p, i]])
        if least > _EPS:
            total += least
            if total >= wanted:
                return True
            for i in range(pool.size[k, p]):
                work.filled[pool.member[k, p, i]] -= least
    return False


@compiled
def _entering(k: int, m: int, pool: Pool, dual: Floats) -> tuple[int, float]:
    """Return the column of most gain: a path (its position in the pool), or -1 - i for the slack of row i."""
    best, gain = 0, 0.0
    for p in range(pool.count[k]):
        worth = 1.0
        for i in range(pool.size[k, p]):
            worth -= dual[pool.member[k, p, i]]
        if worth > gain:
            best, gain = p, worth
    for i in range(m):
        if -dual[i] > gain:
            best, gain = -1 - i, -dual[i]
    return best, gain


@compiled
def _searched(t: Tables, k: int, mine: Integers, winds: Mask, pool: Pool, work: Room) -> int:
    """Return the place of a new path that costs less than one; -1: there is none, -2: the search failed."""
    for i in range(mine.size):
        dual = max(work.dual[i], 0.0)
        work.price[mine[i]] = min(ONE, int(np.ceil(dual * ONE - 1e-6)))
    price, count = cheapest_path(t, k, work.price, ONE, winds, work.labels, work.found)
    if price == ONE:
        return -1
    if price < 0 or count < 0:
        return -2
    place = _free_place(k, mine.size, pool, work)
    if place < 0:
        return -2
    pool.size[k, place] = count
    for i in range(count):
        pool.member[k, place, i] = work.place[work.found[i]]
    return place


@compiled
def _free_place(k: int, m: int, pool: Pool, work: Room) -> int:
    """Return a place for a new path; when all are taken, one that is not in the basis makes room."""
    if pool.count[k] < pool.size.shape[1]:
        pool.count[k] += 1
        return pool.count[k] - 1
    worst, least = -1, 1.0
    for p in range(pool.count[k]):
        taken = False
        for i in range(m):
            taken = taken or work.basis[i] == p
        worth = 1.0
        for i in range(pool.size[k, p]):
            worth -= work.dual[pool.member[k, p, i]]
        if not taken and worth < least:
            worst, least = p, worth
    return worst


@compiled
def _leaving(k: int, m: int, entering: int, pool: Pool, work: Room) -> int:
    """Write down the entering column in terms of the basis, and return the row that gives way (-1: none)."""
    step, inverse = work.step, work.inverse
    for row in range(m):
        value = 0.0
        if entering < 0:
            value = inverse[row, -1 - entering]
        else:
            for i in range(pool.size[k, entering]):
                value += inverse[row, pool.member[k, entering, i]]
        step[row] = value
    best, least = -1, np.inf
    for row in range(m):
        if step[row] > _EPS:
            ratio = max(work.filled[row], 0.0) / step[row]
            if ratio < least - 1e-12 or (ratio <= least + 1e-12 and best >= 0 and step[row] > step[best]):
                best, least = row, min(ratio, least)
    return best


@compiled
def _turn(m: int, row: int, entering: int, gain: float, work: Room) -> float:
    """Exchange one column of the basis and return how much of the new one fits."""
    inverse, filled, step = work.inverse, work.filled, work.step
    pivot = step[row]
    length = max(filled[row], 0.0) / pivot
    inverse[row, :m] /= pivot
    for other in range(m):
        if other != row and abs(step[other]) > 1e-12:
            factor = step[other]
            filled[other] -= factor * length
            for i in range(m):
                inverse[other, i] -= factor * inverse[row, i]
    filled[row] = length
    work.basis[row] = entering
    for i in range(m):
        work.dual[i] += gain * inverse[row, i]
    return length

"""Pack paths of a pair within the room that candidates give: what fractional time cuts come from."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.cuts.pool import Floats, Pool, Room
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.labels import path_candidates, search_labels
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.tables import Tables

ONE = 2.0**20
"""Prices are integers; this one stands for 1, so that a path costs 1 or less without rounding."""

PACKED = 0
"""The room holds what was asked for: there is no violated cut."""

CUT = 1
"""The prices are the dual of the largest packing: they make a cut."""

LOST = 2
"""The search grew too large or the arithmetic failed: nothing is said."""

_EPS = 1e-9


@compiled
def pack(t: Tables, k: int, room: Floats, wanted: float, pool: Pool, work: Room) -> int:
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
            entering = _searched(t, k, mine, pool, work)
            if entering < 0:
                return CUT if entering == -1 else LOST
            gain = _gain(k, entering, pool, dual)
        row = _leaving(k, m, entering, pool, work) if gain > 1e-9 else -1
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
    for p in range(pool.known[k]):
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
    for p in range(pool.known[k]):
        worth = _gain(k, p, pool, dual)
        if worth > gain:
            best, gain = p, worth
    for i in range(m):
        if -dual[i] > gain:
            best, gain = -1 - i, -dual[i]
    return best, gain


@compiled
def _gain(k: int, p: int, pool: Pool, dual: Floats) -> float:
    """Return what one unit of a path is worth beyond the prices of the room that it takes."""
    worth = 1.0
    for i in range(pool.size[k, p]):
        worth -= dual[pool.member[k, p, i]]
    return worth


@compiled
def _searched(t: Tables, k: int, mine: Integers, pool: Pool, work: Room) -> int:
    """Return the place of a new path that costs less than one; -1: there is none, -2: the search failed."""
    for i in range(mine.size):
        dual = max(work.dual[i], 0.0)
        work.price[mine[i]] = min(ONE, np.ceil(dual * ONE - 1e-6))
    labels = work.labels
    ends = search_labels(t, k, work.price, ONE, labels.line_bit, labels)
    if ends <= 0:
        return -1 if ends == 0 else -2
    count = path_candidates(labels, labels.ends[0], work.found)
    if count < 0:
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
    if pool.known[k] < pool.size.shape[1]:
        pool.known[k] += 1
        return int(pool.known[k]) - 1
    worst, least = -1, 1.0
    for p in range(pool.known[k]):
        taken = False
        for i in range(m):
            taken = taken or work.basis[i] == p
        worth = _gain(k, p, pool, work.dual)
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
    return float(length)

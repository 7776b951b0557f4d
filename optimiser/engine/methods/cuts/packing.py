"""Pack paths of a pair within what is built: the linear program behind fractional time cuts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import Record, compiled
from optimiser.engine.search.labels import LabelStore, new_store, path_candidates, search_labels
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables

LONGEST_PATH = 48
"""Most candidates of a path that the pool can hold."""

ONE = 2.0**20
"""Prices are integers; this one stands for 1, so that a path costs 1 or less without rounding."""


class PathPool(NamedTuple):
    """Paths found so far, a few a pair, kept between rounds.

    Attributes
    ----------
    known
        int64 [K], paths of each pair.
    size
        int16 [K, P], candidates of each path.
    member
        int16 [K, P, `LONGEST_PATH`], the candidates, as positions in the pair's own list (`t.use`).
    """

    known: Integers
    size: NDArray[np.int16]
    member: NDArray[np.int16]


class PackingWorkspace(Record):
    """Arrays that the packing needs, allocated once a worker.

    Attributes
    ----------
    labels
        Labels of the path search.
    inverse
        float64 [m, m], inverse of the basis.
    basis
        int64 [m], position of the path in the pool, or -1 - i for the slack of row i.
    filled
        float64 [m], values of the basic variables.
    dual, step
        float64 [m], prices of the rows, and the entering column in terms of the basis.
    price
        float64 [J + 1], prices for the path search: integers, so that sums are exact.
    found
        int64 [`LONGEST_PATH`], candidates of the path found last.
    place
        int64 [J], positions of candidates in the pair's own list.
    """

    labels: LabelStore
    inverse: Floats
    basis: Integers
    filled: Floats
    dual: Floats
    step: Floats
    price: Floats
    found: Integers
    place: Integers


def new_pool(t: Tables) -> PathPool:
    """Return an empty pool for a problem."""
    pairs = len(t.limit)
    places = _widest(t) + 32
    return PathPool(
        np.zeros(pairs, np.int64),
        np.zeros((pairs, places), np.int16),
        np.zeros((pairs, places, LONGEST_PATH), np.int16),
    )


def new_workspace(t: Tables) -> PackingWorkspace:
    """Return the arrays that packing needs for a problem."""
    m = _widest(t)
    return PackingWorkspace(
        labels=new_store(t),
        inverse=np.zeros((m, m)),
        basis=np.zeros(m, np.int64),
        filled=np.zeros(m),
        dual=np.zeros(m),
        step=np.zeros(m),
        price=np.zeros(t.size + 1),
        found=np.zeros(LONGEST_PATH, np.int64),
        place=np.zeros(t.size, np.int64),
    )


def _widest(t: Tables) -> int:
    return int(np.diff(t.use_start).max(initial=1))


PACKED, CUT, LOST = 0, 1, 2
"""Outcomes of a packing: the capacity holds what was asked for, so that no cut is violated; the prices are
the dual of the largest packing and make a cut; the search grew too large or the arithmetic failed, and
nothing is known."""

GAIN_TOLERANCE = 1e-7
"""Gain below which no path of the pool enters."""

_EPS = 1e-9
"""Smallest pivot, and smallest capacity that counts."""


@compiled
def pack(t: Tables, k: int, capacity: Floats, wanted: float, pool: PathPool, w: PackingWorkspace) -> int:
    """Find the largest packing of paths, or stop once it reaches what is wanted.

    Solves `max sum_p f_p, sum_{p uses j} f_p <= capacity_j` over all paths p of pair k within its limit, by
    the primal simplex method with columns from the pool first and from a path search after that. At the end
    `w.price` holds the dual prices, rounded up: every path within the limit costs at least `ONE`, so that
    `y_k <= sum_j price_j / ONE x_j` holds for every plan; it is the strongest such cut at the point
    `capacity`.

    Parameters
    ----------
    t, k
        The problem, and the position of the pair.
    capacity
        float64 [J], capacity of each candidate, >= 0.
    wanted
        Size of the packing at which the search may stop.
    pool
        Paths known; new ones are added in place.
    w
        Workspace.

    Returns
    -------
    int
        `PACKED`, `CUT` or `LOST`.

    Notes
    -----
    Length-bounded flows and cuts: Baier, Erlebach, Hall, Köhler, Kolman, Pangrác, Schilling and Skutella,
    ACM Transactions on Computation Theory 2010; column generation for them as in Desrosiers and Lübbecke
    2005. Invariant: `filled` is a packing within the capacity, and every path in the basis costs 1 at the
    prices `dual`. Prices are integers and rounded up, so that the cut is valid exactly and not by tolerance.
    """
    mine = t.use[t.use_start[k] : t.use_start[k + 1]]
    m = mine.size
    if _fits_greedily(t, k, capacity, wanted, pool, w):
        return PACKED
    inverse, basis, filled, dual = w.inverse, w.basis, w.filled, w.dual
    for i in range(m):
        inverse[i, :m] = 0.0
        inverse[i, i] = 1.0
        basis[i] = -1 - i
        filled[i] = capacity[mine[i]]
        dual[i] = 0.0
        w.place[mine[i]] = i
    total = 0.0
    for _ in range(40 * m + 200):
        if total >= wanted:
            return PACKED
        entering, gain = _entering(k, m, pool, dual)
        if gain < GAIN_TOLERANCE:
            entering = _new_path(t, k, mine, pool, w)
            if entering < 0:
                return CUT if entering == -1 else LOST
            gain = _gain(k, entering, pool, dual)
        row = _leaving(k, m, entering, pool, w) if gain > 1e-9 else -1
        if row < 0:
            return LOST
        total += gain * _pivot(m, row, entering, gain, w)
    return LOST


@compiled
def _fits_greedily(
    t: Tables, k: int, capacity: Floats, wanted: float, pool: PathPool, w: PackingWorkspace
) -> bool:
    """Return whether the known paths, each filled as far as it goes, reach what is wanted."""
    if not np.isfinite(wanted):
        return False
    mine = t.use[t.use_start[k] : t.use_start[k + 1]]
    for i in range(mine.size):
        w.filled[i] = capacity[mine[i]]
    total = 0.0
    for p in range(pool.known[k]):
        least = 1.0
        for i in range(pool.size[k, p]):
            least = min(least, w.filled[pool.member[k, p, i]])
        if least > _EPS:
            total += least
            if total >= wanted:
                return True
            for i in range(pool.size[k, p]):
                w.filled[pool.member[k, p, i]] -= least
    return False


@compiled
def _entering(k: int, m: int, pool: PathPool, dual: Floats) -> tuple[int, float]:
    """Return the column with the largest reduced cost: a path, or -1 - i for the slack of row i."""
    best, gain = 0, 0.0
    for p in range(pool.known[k]):
        gain_of_path = _gain(k, p, pool, dual)
        if gain_of_path > gain:
            best, gain = p, gain_of_path
    for i in range(m):
        if -dual[i] > gain:
            best, gain = -1 - i, -dual[i]
    return best, gain


@compiled
def _gain(k: int, p: int, pool: PathPool, dual: Floats) -> float:
    """Return the reduced cost of a path: 1 less the prices of the capacity that it takes."""
    gain = 1.0
    for i in range(pool.size[k, p]):
        gain -= dual[pool.member[k, p, i]]
    return gain


@compiled
def _new_path(t: Tables, k: int, mine: Integers, pool: PathPool, w: PackingWorkspace) -> int:
    """Return the position of a new path that costs less than 1; -1: there is none, -2: the search failed."""
    for i in range(mine.size):
        dual = max(w.dual[i], 0.0)
        w.price[mine[i]] = min(ONE, np.ceil(dual * ONE - 1e-6))
    labels = w.labels
    ends = search_labels(t, k, w.price, ONE, labels.line_bit, labels)
    if ends <= 0:
        return -1 if ends == 0 else -2
    count = path_candidates(labels, labels.ends[0], w.found)
    if count < 0:
        return -2
    place = _free_position(k, mine.size, pool, w)
    if place < 0:
        return -2
    pool.size[k, place] = count
    for i in range(count):
        pool.member[k, place, i] = w.place[w.found[i]]
    return place


@compiled
def _free_position(k: int, m: int, pool: PathPool, w: PackingWorkspace) -> int:
    """Return a position for a new path; in a full pool it replaces the least useful one outside the basis."""
    if pool.known[k] < pool.size.shape[1]:
        pool.known[k] += 1
        return int(pool.known[k]) - 1
    worst, least = -1, 1.0
    for p in range(pool.known[k]):
        taken = False
        for i in range(m):
            taken = taken or w.basis[i] == p
        gain_of_path = _gain(k, p, pool, w.dual)
        if not taken and gain_of_path < least:
            worst, least = p, gain_of_path
    return worst


@compiled
def _leaving(k: int, m: int, entering: int, pool: PathPool, w: PackingWorkspace) -> int:
    """Compute the entering column in terms of the basis, and return the row of the ratio test (-1: none)."""
    step, inverse = w.step, w.inverse
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
            ratio = max(w.filled[row], 0.0) / step[row]
            if ratio < least - 1e-12 or (ratio <= least + 1e-12 and best >= 0 and step[row] > step[best]):
                best, least = row, min(ratio, least)
    return best


@compiled
def _pivot(m: int, row: int, entering: int, gain: float, w: PackingWorkspace) -> float:
    """Exchange one column of the basis, update the inverse and the prices, and return the step length."""
    inverse, filled, step = w.inverse, w.filled, w.step
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
    w.basis[row] = entering
    for i in range(m):
        w.dual[i] += gain * inverse[row, i]
    return float(length)

"""Pack the paths of a pair into fractional capacities: the linear program behind fractional time cuts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import Record, compiled_inner
from optimiser.engine.search.labels import LabelStore, new_store, path_candidates, search_labels
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import PRICE_UNIT, Floats
from optimiser.engine.search.tables import Tables

LONGEST_PATH = 48
"""Most candidates of a path that the pool can hold."""


class PathPool(NamedTuple):
    """Paths found so far, up to P for each pair, kept between rounds.

    Attributes
    ----------
    known
        int64 [K], number of paths of each pair.
    size
        int16 [K, P], number of candidates of each path.
    member
        int16 [K, P, `LONGEST_PATH`], the candidates, as positions in the pair's section of `t.use`.
    """

    known: Integers
    size: NDArray[np.int16]
    member: NDArray[np.int16]


class PackingWorkspace(Record):
    """Working arrays of the packing, allocated once for each worker; m is the number of rows of the pair.

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
        float64 [m], dual prices of the rows, and the entering column in terms of the basis.
    price
        float64 [J + 1], prices for the path search: integers, `PRICE_UNIT` being 1, so that sums are exact.
    found
        int64 [`LONGEST_PATH`], candidates of the path found last.
    place
        int64 [J], position of each candidate in the pair's section of `t.use`.
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
    """Return the largest number of candidates that a pair can use: the rows of the largest packing."""
    return int(np.diff(t.use_start).max(initial=1))


PACKED, CUT, LOST = 0, 1, 2
"""Outcomes of a packing. `PACKED`: the paths reach the target, so the pair has no violated cut. `CUT`: the
prices are dual optimal and define a cut. `LOST`: the path search grew too large or the arithmetic failed."""

GAIN_TOLERANCE = 1e-7
"""Reduced cost below which no path of the pool enters the basis."""

_EPS = 1e-9
"""Smallest pivot, and smallest capacity that counts."""


@compiled_inner
def pack(
    t: Tables, k: int, capacity: Floats, target: float, tolerance: float, pool: PathPool, w: PackingWorkspace
) -> int:
    """Find the largest packing of paths, or stop once it reaches a target or certainly misses it.

    Solves `max sum_p f_p` subject to `sum_{p uses j} f_p <= capacity_j` over all paths p of pair k within its
    limit, by the primal simplex method. Columns come from the pool first, then from a path search. When the
    outcome is `CUT`, `w.price` holds the dual prices, rounded up: every path within the limit costs at least
    `PRICE_UNIT`, so that `y_k <= sum_j price_j / PRICE_UNIT x_j` holds for every plan. By duality, no other
    cut of this form has a smaller right side at the point `capacity`, up to the rounding and the tolerance.

    Parameters
    ----------
    t, k
        The problem, and the position of the pair.
    capacity
        float64 [J], capacity of each candidate, >= 0.
    target
        Size of the packing at which the search stops; infinite for the best cut. With a finite target the
        search also stops once a cut of a smaller right side is known.
    tolerance
        With an infinite target: from 0 to below 1; the right side is at most the smallest one over 1 less
        this.
    pool
        Known paths; new ones are added in place.
    w
        Working arrays, overwritten.

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

    The last columns take most of the time and change the cut little. With c < 1 the price of the cheapest
    path, the prices divided by c are a cut whose right side is the packing divided by c (Farley, "A note on
    bounding a class of linear programming problems, including cutting stock problems", Operations Research
    1990), so that the search ends once this is good enough.
    """
    usable = t.use[t.use_start[k] : t.use_start[k + 1]]
    m = usable.size
    if _fits_greedily(t, k, capacity, target, pool, w):
        return PACKED
    # Row i is candidate `usable[i]`. The basis B has as many columns as rows: incidence vectors of paths, of
    # value 1, and slacks of rows, of value 0. With c_B these values, `inverse` is B^-1, `filled` is
    # B^-1 capacity, `dual` is c_B B^-1, and `total` is c_B filled. At first B is the identity.
    inverse, basis, filled, dual = w.inverse, w.basis, w.filled, w.dual
    for i in range(m):
        inverse[i, :m] = 0.0
        inverse[i, i] = 1.0
        basis[i] = -1 - i
        filled[i] = capacity[usable[i]]
        dual[i] = 0.0
        w.place[usable[i]] = i
    total = 0.0
    for _ in range(40 * m + 200):
        if total >= target:
            return PACKED
        entering, gain = _entering_column(k, m, pool, dual)
        # No known path gains: the cheapest path at these prices either proves them optimal or enters.
        if gain < GAIN_TOLERANCE:
            least = _cheapest_path(t, k, usable, w)
            if least >= 0.0 and _is_cut(usable, least, total, target, tolerance, w):
                return CUT
            entering = -1 if least < 0.0 else _add_path(k, m, pool, w)
            if entering < 0:
                return LOST
            gain = _gain(k, entering, pool, dual)
        row = _leaving_row(k, m, entering, pool, w) if gain > 1e-9 else -1
        if row < 0:
            return LOST
        total += gain * _pivot(m, row, entering, gain, w)
    return LOST


@compiled_inner
def _fits_greedily(
    t: Tables, k: int, capacity: Floats, target: float, pool: PathPool, w: PackingWorkspace
) -> bool:
    """Return whether the known paths, filled greedily one after the other, reach the target."""
    if not np.isfinite(target):
        return False
    usable = t.use[t.use_start[k] : t.use_start[k + 1]]
    for i in range(usable.size):
        w.filled[i] = capacity[usable[i]]
    total = 0.0
    # `filled` is what is left of each capacity; a path takes the least that is left on it.
    for p in range(pool.known[k]):
        least = 1.0
        for i in range(pool.size[k, p]):
            least = min(least, w.filled[pool.member[k, p, i]])
        if least > _EPS:
            total += least
            if total >= target:
                return True
            for i in range(pool.size[k, p]):
                w.filled[pool.member[k, p, i]] -= least
    return False


@compiled_inner
def _entering_column(k: int, m: int, pool: PathPool, dual: Floats) -> tuple[int, float]:
    """Return the column with the largest reduced cost, and that cost: a path, or -1 - i for slack i.

    The slack of row i has the reduced cost `-dual[i]`, which is positive only for a negative price.
    """
    best, gain = 0, 0.0
    for p in range(pool.known[k]):
        gain_of_path = _gain(k, p, pool, dual)
        if gain_of_path > gain:
            best, gain = p, gain_of_path
    for i in range(m):
        if -dual[i] > gain:
            best, gain = -1 - i, -dual[i]
    return best, gain


@compiled_inner
def _gain(k: int, p: int, pool: PathPool, dual: Floats) -> float:
    """Return the reduced cost of a path: 1 minus the dual prices of its candidates."""
    gain = 1.0
    for i in range(pool.size[k, p]):
        gain -= dual[pool.member[k, p, i]]
    return gain


@compiled_inner
def _cheapest_path(t: Tables, k: int, usable: Integers, w: PackingWorkspace) -> float:
    """Return the price of the cheapest path at the dual prices; `PRICE_UNIT` where none costs less, -1: lost.

    Prices are rounded up to integers, less a tolerance. If even then every path costs at least 1, the cut
    with the rounded prices is valid exactly.
    """
    for i in range(usable.size):
        dual = max(w.dual[i], 0.0)
        w.price[usable[i]] = min(PRICE_UNIT, np.ceil(dual * PRICE_UNIT - 1e-6))
    labels = w.labels
    ends = search_labels(t, k, w.price, PRICE_UNIT, labels.line_bit, labels)
    if ends < 0:
        return -1.0
    return PRICE_UNIT if ends == 0 else float(labels.price[labels.ends[0]])


@compiled_inner
def _is_cut(
    usable: Integers, least: float, total: float, target: float, tolerance: float, w: PackingWorkspace
) -> bool:
    """Return whether the prices over that of the cheapest path are the cut sought; if so, divide them."""
    if np.isfinite(target):
        is_enough = least >= PRICE_UNIT or total * PRICE_UNIT < target * least
    else:
        is_enough = least >= (1.0 - tolerance) * PRICE_UNIT
    if is_enough and least < PRICE_UNIT:
        for j in usable:
            # The sums over paths are integers, so that rounding up makes each of them at least PRICE_UNIT.
            w.price[j] = min(PRICE_UNIT, np.ceil(w.price[j] * (PRICE_UNIT / least)))
    return is_enough


@compiled_inner
def _add_path(k: int, m: int, pool: PathPool, w: PackingWorkspace) -> int:
    """Add the path of the last search to the pool; return its position, or -1 without room for it."""
    count = path_candidates(w.labels, w.labels.ends[0], w.found)
    place = -1 if count < 0 else _free_position(k, m, pool, w)
    if place >= 0:
        pool.size[k, place] = count
        for i in range(count):
            pool.member[k, place, i] = w.place[w.found[i]]
    return place


@compiled_inner
def _free_position(k: int, m: int, pool: PathPool, w: PackingWorkspace) -> int:
    """Return a pool position for a new path, or -1; a full pool gives up the nonbasic path of least gain."""
    if pool.known[k] < pool.size.shape[1]:
        pool.known[k] += 1
        return int(pool.known[k]) - 1
    # The basis names its paths by position, so that none of them may be overwritten.
    worst, least = -1, 1.0
    for p in range(pool.known[k]):
        taken = False
        for i in range(m):
            taken = taken or w.basis[i] == p
        gain_of_path = _gain(k, p, pool, w.dual)
        if not taken and gain_of_path < least:
            worst, least = p, gain_of_path
    return worst


@compiled_inner
def _leaving_row(k: int, m: int, entering: int, pool: PathPool, w: PackingWorkspace) -> int:
    """Compute `w.step`, the entering column in terms of the basis; return the row of the ratio test, or -1.

    Among rows of equal ratio the largest pivot wins, for the sake of numerical stability.
    """
    # step = B^-1 a, where the entering column a is 1 in the rows of the candidates of a path, or in that of a
    # slack. A step of length s leaves filled - s step, which stays >= 0 up to the smallest ratio.
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


@compiled_inner
def _pivot(m: int, row: int, entering: int, gain: float, w: PackingWorkspace) -> float:
    """Exchange a column of the basis, update inverse, values and prices in place; return the step length."""
    inverse, filled, step = w.inverse, w.filled, w.step
    pivot = step[row]
    length = max(filled[row], 0.0) / pivot
    # Elimination makes the entering column a unit vector: the pivot row of B^-1 is divided by the pivot, and
    # every other row loses `step[other]` times it. The prices gain the reduced cost times the new pivot row.
    for i in range(m):
        inverse[row, i] /= pivot
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

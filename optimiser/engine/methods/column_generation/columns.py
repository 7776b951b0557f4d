"""Generate and store columns: sets of candidates that bring a pair within its limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.labels import PathFinder, enabling_sets, new_store
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Columns, columns_of
from optimiser.engine.search.tables import Tables

NOISE = 1e-9
"""Share of the dual of a pair that is spread over the prices of its candidates, so that columns use few.

Lines are excepted: the label search keeps track of lines already paid for, which weakens dominance.
"""

PAIRS_BETWEEN_CHECKS = 64
"""Number of pairs after which the time is checked again."""


class Pool:
    """The set of columns of a master problem: those that `new` has returned so far."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, bytes]] = set()

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._seen)

    def new(self, found: Columns) -> Columns:
        """Add columns to the pool, and return those that are new."""
        pair: list[int] = []
        rows: list[Integers] = []
        for i, k in enumerate(found.pair.tolist()):
            row = found.candidate[found.start[i] : found.start[i + 1]]
            if (k, row.tobytes()) not in self._seen:
                self._seen.add((k, row.tobytes()))
                pair.append(k)
                rows.append(row)
        return columns_of(pair, rows)


def first_columns(t: Tables, plan: Mask | None) -> Columns:
    """Return initial columns: the cheapest path of each pair, and its cheapest path within a plan.

    Parameters
    ----------
    t
        The problem.
    plan
        bool [J + 1]; None without a plan.
    """
    finder, cost = PathFinder(t), np.append(t.cost, 0).astype(np.float64)
    pair, rows = [], []
    for price in [cost] if plan is None else [cost, np.where(plan, cost, np.inf)]:
        for k in range(len(t.limit)):
            for path in finder.cheapest(k, price, np.inf):
                pair.append(k)
                rows.append(path)
    return columns_of(pair, rows)


class Priced(NamedTuple):
    """Result of pricing.

    Attributes
    ----------
    columns
        Columns of negative reduced cost, the best one of each pair first.
    excess
        float64 [K] >= 0, upper bound on the dual of each pair minus the price of its cheapest path.
    """

    columns: Columns
    excess: Floats


def price_columns(
    t: Tables, pair_dual: Floats, use_dual: Floats, finder: PathFinder, *, least: float = 1e-8
) -> Priced:
    """Return for each pair the cheapest paths whose price is below the dual of the pair.

    Parameters
    ----------
    t
        The problem.
    pair_dual
        float64 [K], duals of the cover rows.
    use_dual
        float64, aligned with `t.use`: prices of the candidates of each pair.
    finder
        Path search; it is set to the number of columns that a pair may get.
    least
        Least excess of a column, relative to the largest dual of a pair.

    Notes
    -----
    The search is exact up to `least` and `NOISE`; `excess` accounts for both, so that the Lagrangean bound
    computed from it is valid.
    """
    margin = least * max(1.0, float(pair_dual.max(initial=0.0)))
    excess = np.where(pair_dual <= margin, np.maximum(pair_dual, 0.0), margin + NOISE * pair_dual)
    price = np.zeros(t.size + 1)
    pair, rows = [], []
    for k in np.flatnonzero(pair_dual > margin).tolist():
        entries = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[entries]
        price[use] = use_dual[entries] + np.where(
            finder.is_line(use), 0.0, NOISE * pair_dual[k] / max(1, len(use))
        )
        paths = finder.cheapest(k, price, pair_dual[k] - margin)
        if paths:
            excess[k] += pair_dual[k] - margin - price[paths[0]].sum()
        pair += [k] * len(paths)
        rows += paths
    return Priced(columns_of(pair, rows), excess)


class Caps(NamedTuple):
    """Limits beyond which the enumeration of a pair's columns is given up.

    Attributes
    ----------
    columns
        Most columns of a pair.
    labels
        Most labels of the search for a pair.
    """

    columns: int
    labels: int


class Listed(NamedTuple):
    """Result of an enumeration of columns.

    Attributes
    ----------
    columns
        All minimal columns below the price limit, of the pairs that were completed.
    complete
        bool [K], pairs that were completed.
    """

    columns: Columns
    complete: Mask


def list_columns(
    t: Tables,
    price: Floats,
    most: Floats,
    free: Mask,
    caps: Caps,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Listed:
    """Enumerate all minimal columns of each pair below a price limit.

    Parameters
    ----------
    t
        The problem.
    price
        float64 >= 0, aligned with `t.use`: prices of the candidates of each pair; infinite for candidates
        that are not built.
    most
        float64 [K], price limit of each pair: columns of this price or more are left out.
    free
        bool [J], candidates that are built in any case; they are left out of the columns.
    caps
        Limits beyond which a pair is given up.
    stop
        Called every `PAIRS_BETWEEN_CHECKS` pairs; when it returns True, the remaining pairs are given up.
    """
    members = int(np.diff(t.use_start).max(initial=1))
    store = new_store(t, ends=caps.columns, labels=caps.labels, members=members)
    complete = np.zeros(len(most), np.bool_)
    prices = np.zeros(t.size + 1)
    pair, rows = [], []
    for k in range(len(most)):
        if k % PAIRS_BETWEEN_CHECKS == 0 and stop():
            break
        entries = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[entries]
        prices[use] = np.where(free[use], 0.0, price[entries])
        sets = enabling_sets(t, k, prices, float(most[k]), use[~free[use]], store)
        if sets is not None:
            complete[k] = True
            pair += [k] * len(sets)
            rows += sets
    return Listed(columns_of(pair, rows), complete)

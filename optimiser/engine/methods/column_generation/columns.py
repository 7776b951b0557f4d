"""Hold columns, and find them: sets of candidates that bring a pair within its limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from optimiser.engine.search.labels import PathFinder, enabling_sets, new_store
from optimiser.engine.search.paths import Floats, Integers, Mask
from optimiser.engine.search.rows import Columns, columns_of
from optimiser.engine.search.tables import Tables

NOISE = 1e-9
"""Share of the worth of a pair that its candidates cost on top, so that columns use few of them.

Lines are left out of that: what a label has paid for weakens dominance.
"""

BLOCK = 64
"""Pairs from one look at the clock to the next."""


class Pool:
    """The columns of a master problem: what `new` returned over time, in that order, each once."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, bytes]] = set()

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._seen)

    def new(self, found: Columns) -> Columns:
        """Return those of the columns found that were not in the pool; they are now."""
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
    """Return the cheapest path of each pair by itself, and the cheapest within a plan that covers the pair.

    Parameters
    ----------
    t
        The problem.
    plan
        bool [J + 1]; None: there is no plan yet.
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
    """What pricing found.

    Attributes
    ----------
    columns
        Columns worth more than their price, the best of its pair first.
    excess
        float64 [K]: how much the best path of each pair is worth above its price, at most; >= 0.
    """

    columns: Columns
    excess: Floats


def price_columns(
    t: Tables, worth: Floats, dual: Floats, finder: PathFinder, *, least: float = 1e-8
) -> Priced:
    """Return for each pair the paths whose price is less than what covering the pair is worth.

    Parameters
    ----------
    t
        The problem.
    worth
        float64 [K], the dual of covering each pair.
    dual
        float64, aligned with `t.use`: what a path of the pair pays for each candidate.
    finder
        Finds as many paths as a pair may get columns.
    least
        Least excess of a column, as a share of the largest worth.
    """
    margin = least * max(1.0, float(worth.max(initial=0.0)))
    excess = np.where(worth <= margin, np.maximum(worth, 0.0), margin + NOISE * worth)
    price = np.zeros(t.size + 1)
    pair, rows = [], []
    for k in np.flatnonzero(worth > margin).tolist():
        mine = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[mine]
        price[use] = dual[mine] + np.where(finder.is_line(use), 0.0, NOISE * worth[k] / max(1, len(use)))
        paths = finder.cheapest(k, price, worth[k] - margin)
        if paths:
            excess[k] += worth[k] - margin - price[paths[0]].sum()
        pair += [k] * len(paths)
        rows += paths
    return Priced(columns_of(pair, rows), excess)


class Caps(NamedTuple):
    """Where the listing of a pair's columns is given up.

    Attributes
    ----------
    columns
        Most columns of a pair.
    labels
        Most labels of a search.
    """

    columns: int
    labels: int


class Listed(NamedTuple):
    """What a listing of columns found.

    Attributes
    ----------
    columns
        All minimal columns of the pairs that were completed.
    complete
        bool [K]: every minimal column within the pair's price is there.
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
    """Return all minimal columns of each pair below a price.

    Parameters
    ----------
    t
        The problem.
    price
        float64, aligned with `t.use`, >= 0: what a path of the pair pays for each candidate; infinite for
        candidates that are not built.
    most
        float64 [K]: columns of this price or dearer are left out.
    free
        bool [J]: candidates that are built in any case, and are left out of the columns.
    caps
        A pair beyond these is given up.
    stop
        Asked between blocks of pairs; the pairs left are then given up.
    """
    members = int(np.diff(t.use_start).max(initial=1))
    store = new_store(t, ends=caps.columns, labels=caps.labels, members=members)
    complete = np.zeros(len(most), np.bool_)
    prices = np.zeros(t.size + 1)
    pair, rows = [], []
    for k in range(len(most)):
        if k % BLOCK == 0 and stop():
            break
        mine = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[mine]
        prices[use] = np.where(free[use], 0.0, price[mine])
        sets = enabling_sets(t, k, prices, float(most[k]), use[~free[use]], store)
        if sets is not None:
            complete[k] = True
            pair += [k] * len(sets)
            rows += sets
    return Listed(columns_of(pair, rows), complete)

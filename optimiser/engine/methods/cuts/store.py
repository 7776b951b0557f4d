"""Keep cuts that were found, so that they need not be found again."""

from __future__ import annotations

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import NO_ROWS, Floats, Rows, stacked

MOST_TERMS = 2_000_000
"""Terms of all rows at which the older half is forgotten."""


class CutStore:
    """Rows found so far; every one is valid whatever is built.

    Parameters
    ----------
    pairs
        Number of pairs.
    """

    def __init__(self, pairs: int) -> None:
        self._pairs = pairs
        self._rows = NO_ROWS
        self._fresh: list[Rows] = []

    def keep(self, rows: Rows) -> None:
        """Take in rows.

        Parameters
        ----------
        rows
            Valid for every plan.
        """
        self._fresh.append(rows)

    def violated(self, wanted: Integers, built: Floats, level: Floats, *, margin: float) -> Rows:
        """Return the most violated row of each pair wanted, where one is violated.

        Parameters
        ----------
        wanted
            int64, pairs.
        built, level
            float64 [J] and [K], the point.
        margin
            Least violation.
        """
        self._settle()
        if not len(self._rows):
            return NO_ROWS
        least = np.full(self._pairs, -np.inf)
        least[wanted] = level[wanted] - margin
        best = _best(self._rows.pair, self._rows.start, self._rows.candidate, self._rows.value, built, least)
        kept = np.zeros(len(self._rows), np.bool_)
        kept[best[best >= 0]] = True
        return self._rows.only(kept)

    def _settle(self) -> None:
        if not self._fresh:
            return
        rows = stacked(self._rows, *self._fresh)
        if len(rows.candidate) > MOST_TERMS:
            rows = rows.only(np.arange(len(rows)) >= len(rows) // 2)
        self._rows, self._fresh = rows, []


@compiled
def _best(
    pair: Integers, start: Integers, candidate: Integers, value: Floats, built: Floats, least: Floats
) -> Integers:
    """Return the row of each pair with the smallest right side, of those below `least`; -1 without one."""
    found = np.full(least.size, -1)
    smallest = least.copy()
    for i in range(pair.size):
        k = pair[i]
        total = 0.0
        for at in range(start[i], start[i + 1]):
            total += value[at] * built[candidate[at]]
            if total >= smallest[k]:
                break
        if total < smallest[k]:
            smallest[k] = total
            found[k] = i
    return found

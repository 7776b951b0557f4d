"""Find the columns that a relaxation misses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.engine.methods.column_generation.columns import Columns
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.label_store import Floats, Scratch
from optimiser.engine.search.labels import good_paths
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.tables import Tables

NOISE = 1e-9
"""Share of the worth of a pair that its candidates cost on top, alike, so that columns use few of them.

Lines are left out of that: what a label has paid for weakens dominance.
"""


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


def price(
    t: Tables, worth: Floats, dual: Floats, scratch: Scratch, *, count: int, least: float = 1e-8
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
    scratch
        From `new_scratch`.
    count
        Most columns a pair.
    least
        Least excess of a column, as a share of the largest worth.
    """
    margin = least * max(1.0, float(worth.max(initial=0.0)))
    pair, start, rows, excess = _price(t, worth, dual, scratch, count, margin)
    return Priced(Columns(pair, start, rows), excess)


@compiled
def _price(
    t: Tables, worth: Floats, dual: Floats, scratch: Scratch, count: int, margin: float
) -> tuple[Integers, Integers, Integers, Floats]:
    alpha = np.full(t.cost.size, np.inf)
    excess = np.zeros(worth.size)
    pair, ends = [np.int64(0) for _ in range(0)], [np.int64(0)]
    rows = np.empty(1024, np.int64)
    filled = 0
    for k in range(worth.size):
        if worth[k] <= margin:
            excess[k] = max(worth[k], 0.0)
            continue
        low, high = t.use_start[k], t.use_start[k + 1]
        for u in range(low, high):
            noise = NOISE * worth[k] / (high - low) if scratch.slot[t.use[u]] < 0 else 0.0
            alpha[t.use[u]] = dual[u] + noise
        start, found = good_paths(t, k, alpha, worth[k] - margin, count, scratch)
        excess[k] = margin + NOISE * worth[k]
        for i in range(start.size - 1):
            row = found[start[i] : start[i + 1]]
            paid = 0.0
            for j in row:
                paid += alpha[j]
            if i == 0:
                excess[k] += worth[k] - margin - paid
            while filled + row.size > rows.size:
                rows = np.concatenate((rows, rows))
            rows[filled : filled + row.size] = row
            filled += row.size
            pair.append(np.int64(k))
            ends.append(np.int64(filled))
    return np.array(pair), np.array(ends), rows[:filled].copy(), excess

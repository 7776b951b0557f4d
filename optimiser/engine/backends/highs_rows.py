"""Add time cuts to a live model in HiGHS."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from optimiser.engine.search.rows import Rows


def add_rows(model: Any, rows: Rows, *, built: int, levels: int) -> None:  # noqa: ANN401 - highspy is untyped
    """Add rows `sum of value x - sum of levels >= 0` (`>= number of pairs` where all must be covered).

    Parameters
    ----------
    model
        A `highspy.Highs`; its columns begin with what is built, then come the levels.
    rows
        The rows.
    built, levels
        Number of those columns; without levels every pair must be covered.
    """
    count = len(rows)
    if not count:
        return
    starts, index, value, claims = rows.start[:-1], rows.candidate, rows.value, rows.claims
    if levels:
        before = np.repeat(starts, claims)
        index = np.insert(index, before, rows.pair + built)
        value = np.insert(value, before, -1.0)
        starts = starts + np.cumsum(claims) - claims
    model.addRows(
        count,
        np.zeros(count) if levels else claims.astype(np.float64),
        np.full(count, highspy.kHighsInf),
        len(index),
        starts.astype(np.int32),
        index.astype(np.int32),
        value,
    )

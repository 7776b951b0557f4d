"""Add time cuts to a live model in HiGHS."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from optimiser.cuts.rows import Rows


def add_rows(model: Any, rows: Rows, *, built: int, levels: int) -> None:  # noqa: ANN401 - highspy is untyped
    """Add rows `sum of value x - level_pair >= 0` (`>= 1` where every pair must be covered).

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
    starts, index, value = rows.start[:-1], rows.candidate, rows.value
    if levels:
        index = np.insert(index, starts, rows.pair + built)
        value = np.insert(value, starts, -1.0)
        starts = starts + np.arange(count)
    model.addRows(
        count,
        np.full(count, 0.0 if levels else 1.0),
        np.full(count, highspy.kHighsInf),
        len(index),
        starts.astype(np.int32),
        index.astype(np.int32),
        value,
    )

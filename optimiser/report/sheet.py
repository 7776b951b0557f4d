"""Write tables as CSV that a spreadsheet cannot mistake for formulas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from optimiser.report import atomic

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def guard(value: object) -> object:
    """Return a text that opens like a formula with an apostrophe before it; leave all else as it is."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as UTF-8 CSV, text cells and headings guarded against formulas.

    Parameters
    ----------
    table
        Any table without geometry. Numbers are written as they are.
    path
        The file; written whole or not at all.
    """
    safe = table.rename(columns=guard)
    texts = [column for column in safe.columns if not pd.api.types.is_numeric_dtype(safe[column])]
    safe = safe.assign(**{column: safe[column].map(guard) for column in texts})
    return atomic.write_text(path, safe.to_csv(index=False, lineterminator="\n"))

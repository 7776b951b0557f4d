"""Hold the measures of a plan as the tables that files and pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

from optimiser.report import sheet

FILES = ("appraisal", "equity", "polycentricity", "build_order", "phases")
"""Tables of `Measures`, each a CSV file of this name; without periods there is no `phases.csv`."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What a plan means for its people, beside the pairs that it brings within the limit.

    Attributes
    ----------
    appraisal
        One row a proposed link in the order of building, then one for the plan (`candidate_id` is ``plan``).
    equity
        One row a tier and state (``today``, ``plan``); tier ``all`` last.
    polycentricity
        One row a measure, columns `measure`, `place` (empty, or a city), `unit`, `today`, `plan`, `meaning`,
        `source`.
    build_order
        Step 0 is today; then one row a link.
    phases
        One row a period; empty without periods.
    seconds
        Exact time of each pair, in the order of the problem: columns `before_s`, `after_s` (int64,
        `networks.timegraph.UNREACHABLE` where no path leads), beyond the limits too.
    facts
        What the measures took for granted.
    """

    appraisal: pd.DataFrame
    equity: pd.DataFrame
    polycentricity: pd.DataFrame
    build_order: pd.DataFrame
    phases: pd.DataFrame
    seconds: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write each table as a CSV file, guarded against spreadsheet formulas.

        Parameters
        ----------
        folder
            Where the files go.
        """
        tables = {name: getattr(self, name) for name in FILES}
        return tuple(
            sheet.write_csv(rounded(table), folder / f"{name}.csv")
            for name, table in tables.items()
            if len(table)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the measures for `summary.json`: every table as a list of rows, empty cells as None."""
        return {"facts": dict(self.facts)} | {name: records(rounded(getattr(self, name))) for name in FILES}


DIGITS = {"km": 1, "minutes": 1, "share": 4, "percent": 1}
"""Decimals of columns by the word that they end with; other fractions keep six."""


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose fractions are rounded by what their columns hold.

    Parameters
    ----------
    table
        Any of the tables of `Measures`.
    """
    floats = [str(name) for name in table.select_dtypes("float")]
    return table.assign(**{name: table[name].round(DIGITS.get(_last(name), 6)) for name in floats})


def _last(column: str) -> str:
    return column.rsplit("_", 1)[-1]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values; empty cells and what is endless as None.

    Parameters
    ----------
    table
        Any table.
    """
    plain = table.astype(object).where(table.notna() & ~table.isin([inf, -inf]), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]

"""Say how far the region leans on its core."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.report.core_words import MEASURES
from optimiser.report.equity_shown import percent
from optimiser.report.inputs import ReportInput

BUSIEST = 8
"""Cities shown that most trips of others run through."""

THROUGH = "through_share"


def shown(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on the core; None where the plan was not measured.

    Parameters
    ----------
    report
        What to show.
    """
    if report.measures is None or report.measures.polycentricity.empty:
        return None
    table, facts = report.measures.polycentricity, report.measures.facts
    region = table[table["place"] == ""]
    cities = table[table["measure"] == THROUGH].assign(most=lambda t: t[["today", "plan"]].max(axis=1))
    cities = cities.sort_values("most", ascending=False, kind="stable").head(BUSIEST)
    largest = float(cities["most"].max()) if len(cities) else 0.0
    return {
        "core": _listed([str(name) for name in facts["core"]]),
        "core_km": f"{facts['core_km']:g} km",
        "near_km": f"{facts['near_km']:g} km",
        "rows": [_row(row) for row in region.to_dict("records") if not _says_nothing(row, region)],
        "cities": [
            {
                "name": str(row["place"]),
                "today": percent(row["today"]),
                "plan": percent(row["plan"]),
                "today_width": round(100 * row["today"] / largest, 1) if largest else 0.0,
                "plan_width": round(100 * row["plan"] / largest, 1) if largest else 0.0,
            }
            for row in cities.to_dict("records")
            if row["most"] > 0
        ],
    }


def _says_nothing(row: dict[Any, Any], region: pd.DataFrame) -> bool:
    """Tell whether a measure only repeats another: no other route is as fast, or nobody is cut off."""
    if row["measure"] == "core_some_share":
        every = region[region["measure"] == "core_every_share"].to_dict("records")[0]
        return bool(every["today"] == row["today"] and every["plan"] == row["plan"])
    return bool(row["measure"] == "core_closed_cut_off_share" and row["today"] == row["plan"] == 0)


def _row(row: dict[Any, Any]) -> dict[str, str]:
    measure = MEASURES[str(row["measure"])]
    return {
        "words": measure.words,
        "meaning": measure.meaning,
        "source": measure.source,
        "today": value(row["today"], measure.unit),
        "plan": value(row["plan"], measure.unit),
    }


def value(number: float | None, unit: str) -> str:
    """Return a value of a measure with its unit; a dash where there is none.

    Parameters
    ----------
    number
        The value.
    unit
        As in `core_words.Measure`.
    """
    if number is None or pd.isna(number):
        return "–"
    return {
        "share": percent(number),
        "minutes": f"{number:.0f} min",
        "ratio": f"{number:.2f} ×",
        "cities": f"{number:.0f}",
        "people": f"{number:,.0f}",
    }.get(unit, f"{number:.2f}")


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

"""Say how the smaller cities fare, and how evenly travel time falls on people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.report import style, wording
from optimiser.report.inputs import ReportInput

EVENNESS = (
    ("gini", "Gini", "0: all people travel as long; 1: one has all the travel.", "Gini 1912"),
    ("theil", "Theil's T", "0: all alike; counts those with long times more.", "Theil 1967"),
    (
        "palma",
        "Palma ratio",
        "Time of the slowest tenth of people per that of the fastest four tenths; 0.25: all alike.",
        "Palma 2011; Cobham and Sumner 2013",
    ),
    ("poor_share", "Poor in time", "Share of people whose mean time is beyond {line}.", "FGT 0"),
    ("poverty_gap", "Poverty gap", "How far beyond {line} they are, over all people, per {line}.", "FGT 1"),
    (
        "poverty_severity",
        "Poverty severity",
        "The same squared: who is farther off counts more.",
        "FGT 2: Foster, Greer and Thorbecke 1984",
    ),
)
"""Column, name, meaning and source of the measures of evenness."""

LEAST = 0.0001
"""Measures of evenness are shown to four places; what is above 0 and below the last reads as such."""

NAMES = {"all": "All cities"}

MARGIN = 5.0
"""Minutes by which the scale of mean times reaches beyond the shortest and the longest."""

SHARES = ("poor_share",)
"""Columns of `EVENNESS` that are read as percentages."""


def shown(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on smaller cities; None where the plan was not measured.

    Parameters
    ----------
    report
        What to show.
    """
    if report.measures is None or report.measures.equity.empty:
        return None
    table = report.measures.equity
    tiers = list(dict.fromkeys(table["tier"]))
    both = {tier: _states(table, tier) for tier in tiers}
    times = [state["mean_minutes"] for pair in both.values() for state in pair]
    known = [time for time in times if pd.notna(time)]
    scale = (min(known) - MARGIN, max(known) + MARGIN) if known else (0.0, 1.0)
    everyone = both[tiers[-1]]
    line = wording.short_hours(int(report.measures.facts["line_s"]))
    return {
        "tiers": [_tier(tier, *both[tier], scale=scale) for tier in tiers if both[tier][0]["cities"]],
        "evenness": [
            {
                "words": words,
                "meaning": meaning.format(line=line),
                "source": source,
                "today": _figure(name, everyone[0][name]),
                "plan": _figure(name, everyone[1][name]),
            }
            for name, words, meaning, source in EVENNESS
        ],
        "cut_off": wording.people(everyone[1]["people_cut_off"]) if everyone[1]["people_cut_off"] else "",
    }


def _states(table: pd.DataFrame, tier: str) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = table[table["tier"] == tier].set_index("state")
    today, plan = rows.loc["today"].to_dict(), rows.loc["plan"].to_dict()
    return {str(k): v for k, v in today.items()}, {str(k): v for k, v in plan.items()}


def _tier(
    tier: str, today: dict[str, Any], plan: dict[str, Any], *, scale: tuple[float, float]
) -> dict[str, Any]:
    return {
        "name": style.tier(tier).name if tier in style.CITY_TIERS else NAMES.get(tier, tier),
        "is_all": tier == "all",
        "people": wording.people(today["people"]),
        "cities": int(today["cities"]),
        "half": _counts(today, plan, "cities_half_within"),
        "all": _counts(today, plan, "cities_all_within"),
        "core": _counts(today, plan, "cities_core_within"),
        "mean_today": clock(today["mean_minutes"]),
        "mean_plan": clock(plan["mean_minutes"]),
        "at_today": _place(today["mean_minutes"], scale),
        "at_plan": _place(plan["mean_minutes"], scale),
        "worst_today": clock(today["worst_minutes"]),
        "worst_plan": clock(plan["worst_minutes"]),
        "worst_city": str(plan["worst_city"]),
        "poor_today": percent(today["poor_share"]),
        "poor_plan": percent(plan["poor_share"]),
    }


def _counts(today: dict[str, Any], plan: dict[str, Any], key: str) -> str:
    if pd.isna(today[key]):
        return "–"
    before, after = int(today[key]), int(plan[key])
    return f"{before} → {after}" if before != after else f"{after}"


def clock(minutes: float | None) -> str:
    """Return minutes as hours and minutes, rounded up; a dash where there is no time."""
    return "–" if minutes is None or pd.isna(minutes) else wording.clock(round(60 * minutes))


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage; a dash where there is none."""
    return "–" if share is None or pd.isna(share) else f"{100 * share:.{digits}f} %"


def _place(value: float | None, scale: tuple[float, float]) -> float:
    """Return where a time stands between the ends of a scale, in percent."""
    low, high = scale
    return 0.0 if value is None or pd.isna(value) else round(100 * (value - low) / (high - low), 1)


def _figure(name: str, value: float | None) -> str:
    if value is None or pd.isna(value):
        return "–"
    if 0 < value < LEAST:
        return f"< {LEAST}"
    return percent(value) if name in SHARES else f"{value:.4f}"

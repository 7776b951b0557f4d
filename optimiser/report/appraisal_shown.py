"""Say what each proposal costs, may cost, and is worth."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.report import style, wording
from optimiser.report.inputs import ReportInput

PLAN = "plan"
"""Id of the row of the whole plan."""

GROUNDS = (("mountain", "mountains"), ("hill", "hills"))
"""Columns of terrain that are worth a word, and the word."""

NEEDS, STANDS_IN = 1.2, 0.8
"""Ratio of value on top of the others to value alone from which a link needs them, or up to which they can
replace it: a fifth to either side of 1, where neither is so."""


def shown(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on the worth of proposals; None where nothing is built or was measured.

    Parameters
    ----------
    report
        What to show.
    """
    if report.measures is None or len(report.measures.appraisal) < 2:
        return None
    table, facts = report.measures.appraisal, report.measures.facts
    ranks = dict(zip(report.links["candidate_id"], report.links["rank"], strict=True))
    tiers = [name for name in table.columns if name.startswith("pairs_brought_")]
    links = table[table["candidate_id"] != PLAN]
    most = float(links[["cost_high", "cost_p80"]].max().max()) or 1.0
    rows = [_row(row, tiers, most) | _named(row, ranks) for row in links.to_dict("records")]
    whole = table[table["candidate_id"] == PLAN].to_dict("records")[0]
    return {
        "rows": sorted(rows, key=lambda row: row["rank"]),
        "plan": _row(whole, tiers, most) | {"alike": wording.whole(whole["cost_p80_alike"])},
        "heads": [_SHORT.get(name, name) for name in (one.removeprefix("pairs_brought_") for one in tiers)],
        "unit": wording.per_person(report.money)[1],
        "trips": f"{facts['trips_per_person']:g}",
        "rate": f"{100 * facts['discount_rate']:g} %",
        "years": facts["years"],
        "errors": f"correlated by {alike:g}" if (alike := facts["overrun_correlation"]) else "independent",
    }


_SHORT = {"secondary": "sec."}


def _named(row: dict[Any, Any], ranks: dict[str, int]) -> dict[str, Any]:
    return {
        "rank": int(ranks.get(row["candidate_id"], row["step"])),
        "category": style.category(mode=row["mode"], kind=row["kind"]),
        "name": f"{row['from_name']} – {row['to_name']}",
        "km": f"{row['length_km']:.0f}",
        "ground": _ground(row),
        "others": _others(row["dependence"], row["weight_last"]),
        "with": _with(str(row["shares_pairs_with"]), ranks),
        "ratio": -1.0 if pd.isna(row["dependence"]) else round(row["dependence"], 4),
    }


def _row(row: dict[Any, Any], tiers: list[str], most: float) -> dict[str, Any]:
    return {
        "cost": wording.whole(row["cost"]),
        "p50": wording.whole(row["cost_p50"]),
        "p80": wording.whole(row["cost_p80"]),
        "reference": row["reference_class"],
        "bar": {key: _at(row[name], most) for key, name in _BAR.items()},
        "pairs": " / ".join(str(int(row[name])) for name in tiers),
        "pairs_number": int(row["pairs_brought"]),
        "people": wording.people(row["people_brought"]),
        "people_number": int(row["people_brought"]),
        "saved": wording.whole(row["saved_minutes"]),
        "each": _whole(row["cost_per_person"]),
        "hour": _whole(row["break_even_an_hour"]),
    }


_BAR = {"low": "cost_low", "central": "cost", "high": "cost_high", "p50": "cost_p50", "p80": "cost_p80"}


def _at(value: float, most: float) -> float:
    return round(100 * value / most, 1)


def _whole(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else wording.whole(value)


def _ground(row: dict[Any, Any]) -> str:
    found = [f"{100 * row[key]:.0f} % {word}" for key, word in GROUNDS if row.get(key, 0) >= 0.05]
    return ", ".join(found) or "plain"


MOST_WITH = 3
"""Links named that share most pairs with a link; the files hold all."""


def _with(shared: str, ranks: dict[str, int]) -> str:
    """Return the ranks of the links that share most pairs with a link, in falling order of pairs."""
    names = [part.rpartition(" (")[0] for part in shared.split("; ")]
    known = [str(ranks[name]) for name in names if name in ranks]
    return ", ".join(known[:MOST_WITH]) + (" …" if len(known) > MOST_WITH else "")


def _others(ratio: float | None, last: int) -> dict[str, str]:
    if ratio is None or pd.isna(ratio):
        return {"figure": "–", "words": "only with others" if last else "adds no pair"}
    words = "needs others" if ratio >= NEEDS else "can be replaced" if ratio <= STANDS_IN else "stands alone"
    return {"figure": f"{ratio:.2f}", "words": words}

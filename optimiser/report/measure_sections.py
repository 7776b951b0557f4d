"""Gather the sections of the page on the measures: smaller cities, core, appraisal, build order."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.measures.equity import ALL, REACH
from optimiser.measures.tables import MEASURES, Measures
from optimiser.report import plots, wording
from optimiser.report.inputs import ReportInput

type Row = dict[Any, Any]
"""A row of a table, by column."""

SMALLEST_SHOWN = 0.0001
"""Measures of evenness have four decimals; smaller values above 0 are shown as below this one."""

SCALE_MARGIN = 5.0
"""Minutes by which the scale of mean times reaches beyond the shortest and the longest."""

BUSIEST = 8
"""Cities shown that carry most through traffic."""

STATES = ("today", "plan")
"""States of the region that measures compare."""

PLAN = "plan"
"""Id of the row of the whole plan in the table `appraisal`."""

NEEDS_OTHERS, REPLACEABLE = 1.2, 0.8
"""Ratio of value on top of the others to value alone from which a link needs them, or up to which they can
replace it."""

MOST_COMPANIONS = 3
"""Links named that share most pairs with a link; the files hold all."""

SHARE = "weight_share_"
"""Prefix of the columns that hold shares of weight by tier."""


def sections(report: ReportInput) -> dict[str, Any]:
    """Return what each section on measures shows; None where not measured, or where nothing is built."""
    made = {
        "smaller": smaller_cities,
        "core": core,
        "independence": independence,
        "appraisal": appraisal,
        "order": build_order,
    }
    measures = report.measures
    return {name: None if measures is None else make(report, measures) for name, make in made.items()}


def smaller_cities(_report: ReportInput, measures: Measures) -> dict[str, Any] | None:
    """Return the section on smaller cities."""
    table = measures.equity
    if table.empty:
        return None
    known = table["mean_minutes"].dropna()
    scale = (known.min() - SCALE_MARGIN, known.max() + SCALE_MARGIN) if len(known) else (0.0, 1.0)
    states = _today_and_plan(table)
    _, today, plan = states[-1]
    line = wording.short_hours(int(measures.facts["line_s"]))
    return {
        "tiers": [
            {
                "name": "All cities" if tier == ALL else plots.tier_name(tier),
                "is_all": tier == ALL,
                "today": today,
                "plan": plan,
                "half": _change(today, plan, "cities_half_within"),
                "core": _change(today, plan, "cities_core_within"),
                "at_today": _at(today["mean_minutes"], scale),
                "at_plan": _at(plan["mean_minutes"], scale),
                "reach": [(today[column], plan[column]) for column in REACH],
                "gravity": _growth(today["gravity_people"], plan["gravity_people"]),
            }
            for tier, today, plan in states
            if today["cities"]
        ],
        "evenness": [
            {
                "name": row["name"],
                "meaning": row["meaning"].format(line=line),
                "source": row["source"],
                "today": _evenness(column, today[column]),
                "plan": _evenness(column, plan[column]),
            }
            for column, row in wording.WORDS["evenness"].items()
        ],
        "decay": wording.short_hours(int(measures.facts["decay_s"])),
        "joined": wording.integer(plan["pairs_joined"] - today["pairs_joined"]),
        "cut_off": wording.people(plan["people_cut_off"]) if plan["people_cut_off"] else "",
    }


def _today_and_plan(table: pd.DataFrame) -> list[tuple[str, Row, Row]]:
    """Return each tier of a table with its rows of today and of the plan."""
    states = []
    for tier, rows in table.groupby("tier", sort=False):
        today, plan = (rows[rows["state"] == state].to_dict("records")[0] for state in STATES)
        states.append((str(tier), today, plan))
    return states


def _change(today: Row, plan: Row, column: str) -> str:
    if wording.integer(today[column]) == wording.NONE:
        return wording.NONE
    before, after = int(today[column]), int(plan[column])
    return f"{before} → {after}" if before != after else f"{after}"


def _growth(before: float, after: float) -> str:
    """Return by what share a value grows, in percent."""
    return f"{100 * (after / before - 1):+.1f} %" if before else wording.NONE


def _at(value: float | None, scale: tuple[float, float]) -> float:
    """Return where a time stands between the ends of a scale, in percent."""
    low, high = scale
    return round(100 * (value - low) / (high - low), 1) if wording.is_known(value) else 0.0


def _evenness(column: str, value: float | None) -> str:
    if column == "poor_share":
        return wording.percent(value)
    if not wording.is_known(value):
        return wording.NONE
    return f"< {SMALLEST_SHOWN}" if 0 < value < SMALLEST_SHOWN else f"{value:.4f}"


def core(_report: ReportInput, measures: Measures) -> dict[str, Any] | None:
    """Return the section on dependence on the core."""
    table, facts = measures.polycentricity, measures.facts
    if table.empty:
        return None
    region = table[table["place"] == ""]
    cities = table[table["measure"] == "through_share"].assign(
        most=lambda t: t[["today", "plan"]].max(axis=1)
    )
    cities = cities[cities["most"] > 0].sort_values("most", ascending=False, kind="stable").head(BUSIEST)
    return {
        "core": wording.join_names([str(name) for name in facts["core"]]),
        "core_km": f"{facts['core_km']:g} km",
        "near_km": f"{facts['near_km']:g} km",
        "rows": [
            MEASURES[row["measure"]]._asdict()
            | {state: _with_unit(row[state], MEASURES[row["measure"]].unit) for state in STATES}
            for row in region.to_dict("records")
            if not _is_redundant(row, region)
        ],
        "cities": cities.to_dict("records"),
        "most": cities["most"].max(),
    }


def independence(_report: ReportInput, measures: Measures) -> dict[str, Any] | None:
    """Return the section on ways without the core; None as well where they do not count."""
    if measures.independence.empty:
        return None
    facts = measures.facts
    radius = facts["independence_radius_km"]
    stretches, weight = facts["independence_stretches"], facts["independence_weight"]
    return {
        "core": wording.join_names([f"{km:g} km of the centre of {name}" for name, km in radius.items()]),
        "share": f"{weight / len(stretches):.3g}" if weight else None,
        "heads": [
            "as fast as the fastest way today" if stretch == 1 else f"within {stretch:g} times its time"
            for stretch in stretches
        ],
        "rows": [
            {
                "name": "All" if tier == ALL else plots.tier(tier).name,
                "is_all": tier == ALL,
                "pairs": int(plan["pairs"]),
                "counts": [_change(today, plan, f"independent_at_{stretch:g}") for stretch in stretches],
                "minutes": [
                    " → ".join(wording.clock_of_minutes(row[column]) for row in (today, plan))
                    for column in ("mean_minutes", "any_way_minutes")
                ],
            }
            for tier, today, plan in _today_and_plan(measures.independence)
        ],
    }


def _is_redundant(row: Row, region: pd.DataFrame) -> bool:
    """Return whether a measure repeats another: no other route is as fast, or nobody is cut off."""
    if row["measure"] == "core_some_share":
        every = region[region["measure"] == "core_every_share"].iloc[0]
        return bool(every["today"] == row["today"] and every["plan"] == row["plan"])
    return bool(row["measure"] == "core_closed_cut_off_share" and row["today"] == row["plan"] == 0)


def _with_unit(value: float | None, unit: str) -> str:
    """Return a value of a measure with its unit (`definitions.Measure`); a dash where there is none."""
    if not wording.is_known(value):
        return wording.NONE
    forms = {"minutes": "{:.0f} min", "ratio": "{:.2f} ×", "cities": "{:.0f}", "people": "{:,.0f}"}
    return wording.percent(value) if unit == "share" else forms.get(unit, "{:.2f}").format(value)


def appraisal(report: ReportInput, measures: Measures) -> dict[str, Any] | None:
    """Return the section on the appraisal of proposals; None as well where nothing is built."""
    table, facts = measures.appraisal, measures.facts
    if len(table) < 2:
        return None
    hour = facts["hour_value"]
    prefix, short = "pairs_brought_", {"secondary": "sec."}
    columns = [name for name in table.columns if name.startswith(prefix)]
    heads = [name.removeprefix(prefix) for name in columns]
    is_plan = table["candidate_id"] == PLAN
    rows = [row | _described(row, report.ranks) for row in table[~is_plan].to_dict("records")]
    return {
        "rows": sorted(rows, key=lambda row: row["rank"]),
        "plan": table[is_plan].to_dict("records")[0],
        "columns": columns,
        "heads": [short.get(name, name) for name in heads],
        "most": float(table.loc[~is_plan, ["cost_high", "cost_p80"]].max().max()) or 1.0,
        "unit": wording.per_person(report.money)[1],
        "trips": f"{facts['trips_per_person']:g}",
        "rate": f"{100 * facts['discount_rate']:g} %",
        "years": facts["years"],
        "hour": None if hour is None else round(hour * wording.per_person(report.money)[0]),
        "errors": f"correlated by {alike:g}" if (alike := facts["overrun_correlation"]) else "independent",
    }


def _described(row: Row, ranks: dict[str, int]) -> dict[str, Any]:
    grounds = [
        f"{100 * row[key]:.0f} % {word}"
        for key, word in wording.WORDS["grounds"].items()
        if row.get(key, 0) >= 0.05
    ]
    shared = [part.rpartition(" (")[0] for part in wording.split_ids(row["shares_pairs_with"])]
    companions = [str(ranks[name]) for name in shared if name in ranks]
    more = " …" if len(companions) > MOST_COMPANIONS else ""
    return {
        "rank": ranks.get(row["candidate_id"]) or int(row["step"]),
        "ground": ", ".join(grounds) or "plain",
        "others": _dependence(row["dependence"], row["weight_last"]),
        "with": ", ".join(companions[:MOST_COMPANIONS]) + more,
        "pays": {True: "pays", False: "does not pay"}.get(row["pays"], ""),
        "ratio": -1.0 if pd.isna(row["dependence"]) else round(row["dependence"], 4),
    }


def _dependence(ratio: float | None, last: int) -> dict[str, str]:
    """Return the ratio of value on top of the others to value alone, and what it means."""
    if not wording.is_known(ratio):
        return {"figure": wording.NONE, "words": "only with others" if last else "adds no pair"}
    low = "replaceable" if ratio <= REPLACEABLE else "independent"
    return {"figure": f"{ratio:.2f}", "words": "needs others" if ratio >= NEEDS_OTHERS else low}


def build_order(_report: ReportInput, measures: Measures) -> dict[str, Any] | None:
    """Return the section on the build order; None as well where nothing is built."""
    steps, phases = measures.build_order, measures.phases
    if len(steps) < 2:
        return None
    method, _, exchanged = str(measures.facts["order_method"]).partition(", ")
    names = {row["candidate_id"]: wording.link_name(row) for row in steps.to_dict("records")}
    return {
        "tiers": [name.removeprefix(SHARE) for name in steps.columns if name.startswith(SHARE)],
        "method": wording.WORDS["order_methods"].get(method, method),
        "exchanged": bool(exchanged),
        "phases": [
            row
            | {
                "started": len(wording.split_ids(row["starts"])),
                "opened": [names.get(name, name) for name in wording.split_ids(row["opens"])],
            }
            for row in phases.to_dict("records")
        ],
    }

"""Gather the sections of the page on the measures: smaller cities, core, appraisal, build order."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimiser.measures.definitions import MEASURES
from optimiser.measures.equity import ALL
from optimiser.report import style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.wording import integer, percent

type Row = dict[Any, Any]
"""A row of a table, by column."""

EVENNESS = (
    ("gini", "Gini", "0: equal travel times for all; 1: one person has all the travel.", "Gini 1912"),
    ("theil", "Theil's T", "0: equal travel times; gives more weight to long ones.", "Theil 1967"),
    (
        "palma",
        "Palma ratio",
        "Time of the slowest tenth of people divided by that of the fastest four tenths; 0.25: equal times.",
        "Palma 2011; Cobham and Sumner 2013",
    ),
    ("poor_share", "Poor in time", "Share of people whose mean time is beyond {line}.", "FGT 0"),
    (
        "poverty_gap",
        "Poverty gap",
        "How far beyond {line} they are, as a share of {line}, averaged over all people.",
        "FGT 1",
    ),
    (
        "poverty_severity",
        "Poverty severity",
        "The same squared: those farther beyond count more.",
        "FGT 2: Foster, Greer and Thorbecke 1984",
    ),
)
"""Column, name, meaning and source of the measures of evenness."""

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

GROUNDS = (("urban", "towns"), ("mountain", "mountains"), ("hill", "hills"))
"""Columns of terrain that are named, and their words."""

NEEDS_OTHERS, REPLACEABLE = 1.2, 0.8
"""Ratio of value on top of the others to value alone from which a link needs them, or up to which they can
replace it."""

MOST_COMPANIONS = 3
"""Links named that share most pairs with a link; the files hold all."""

COST_BAR = {"low": "cost_low", "central": "cost", "high": "cost_high", "p50": "cost_p50", "p80": "cost_p80"}
"""Columns of the bar of costs of a link."""

SHARE = "weight_share_"
"""Prefix of the columns that hold shares of weight by tier."""

METHODS = {
    "forward": "at each step the proposal that adds most covered weight per unit of cost",
    "backward": (
        "the proposal that loses least covered weight per unit of cost is removed first and built last"
    ),
}
"""How a build order was found, in words."""


def smaller_cities(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on smaller cities; None where the plan was not measured."""
    if report.measures is None or report.measures.equity.empty:
        return None
    table = report.measures.equity
    states = {
        str(tier): (rows[rows["state"] == "today"].iloc[0], rows[rows["state"] == "plan"].iloc[0])
        for tier, rows in table.groupby("tier", sort=False)
    }
    known = table["mean_minutes"].dropna()
    scale = (known.min() - SCALE_MARGIN, known.max() + SCALE_MARGIN) if len(known) else (0.0, 1.0)
    today, plan = list(states.values())[-1]
    line = wording.short_hours(int(report.measures.facts["line_s"]))
    return {
        "tiers": [_tier(tier, *both, scale=scale) for tier, both in states.items() if both[0]["cities"]],
        "evenness": [
            {
                "name": name,
                "meaning": meaning.format(line=line),
                "source": source,
                "today": _evenness(column, today[column]),
                "plan": _evenness(column, plan[column]),
            }
            for column, name, meaning, source in EVENNESS
        ],
        "cut_off": wording.people(plan["people_cut_off"]) if plan["people_cut_off"] else "",
    }


def _tier(tier: str, today: pd.Series, plan: pd.Series, *, scale: tuple[float, float]) -> dict[str, Any]:
    names = {"all": "All cities"}
    return {
        "name": style.tier(tier).name if tier in style.CITY_TIERS else names.get(tier, tier),
        "is_all": tier == "all",
        "people": wording.people(today["people"]),
        "cities": int(today["cities"]),
        "half": _change(today, plan, "cities_half_within"),
        "core": _change(today, plan, "cities_core_within"),
        "mean_today": wording.clock_of_minutes(today["mean_minutes"]),
        "mean_plan": wording.clock_of_minutes(plan["mean_minutes"]),
        "at_today": _at(today["mean_minutes"], scale),
        "at_plan": _at(plan["mean_minutes"], scale),
        "worst_today": wording.clock_of_minutes(today["worst_minutes"]),
        "worst_plan": wording.clock_of_minutes(plan["worst_minutes"]),
        "worst_city": str(plan["worst_city"]),
    }


def _change(today: pd.Series, plan: pd.Series, column: str) -> str:
    if pd.isna(today[column]):
        return wording.NONE
    before, after = int(today[column]), int(plan[column])
    return f"{before} → {after}" if before != after else f"{after}"


def _at(value: float | None, scale: tuple[float, float]) -> float:
    """Return where a time stands between the ends of a scale, in percent."""
    low, high = scale
    return 0.0 if value is None or pd.isna(value) else round(100 * (value - low) / (high - low), 1)


def _evenness(column: str, value: float | None) -> str:
    if column == "poor_share":
        return percent(value)
    if value is None or pd.isna(value):
        return wording.NONE
    return f"< {SMALLEST_SHOWN}" if 0 < value < SMALLEST_SHOWN else f"{value:.4f}"


def core(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on dependence on the core; None where the plan was not measured."""
    if report.measures is None or report.measures.polycentricity.empty:
        return None
    table, facts = report.measures.polycentricity, report.measures.facts
    region = table[table["place"] == ""]
    cities = table[table["measure"] == "through_share"].assign(
        most=lambda t: t[["today", "plan"]].max(axis=1)
    )
    cities = cities[cities["most"] > 0].sort_values("most", ascending=False, kind="stable").head(BUSIEST)
    return {
        "core": wording.join_names([str(name) for name in facts["core"]]),
        "core_km": f"{facts['core_km']:g} km",
        "near_km": f"{facts['near_km']:g} km",
        "rows": [_measure(row) for row in region.to_dict("records") if not _is_redundant(row, region)],
        "cities": [
            {
                "name": str(row["place"]),
                **{state: percent(row[state]) for state in STATES},
                **{f"{state}_width": round(100 * row[state] / cities["most"].max(), 1) for state in STATES},
            }
            for row in cities.to_dict("records")
        ],
    }


def independence(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on ways without the core; None where they do not count."""
    if report.measures is None or report.measures.independence.empty:
        return None
    facts, table = report.measures.facts, report.measures.independence
    radius = facts["independence_radius_km"]
    stretches, weight = facts["independence_stretches"], facts["independence_weight"]
    states = [
        (str(tier), rows[rows["state"] == "today"].iloc[0], rows[rows["state"] == "plan"].iloc[0])
        for tier, rows in table.groupby("tier", sort=False)
    ]
    return {
        "core": wording.join_names([f"{km:g} km of the centre of {name}" for name, km in radius.items()]),
        "share": f"{weight / len(stretches):.3g}" if weight else None,
        "heads": [wording.within_stretch(stretch) for stretch in stretches],
        "rows": [
            {
                "name": "All" if tier == ALL else style.tier(tier).name,
                "is_all": tier == ALL,
                "pairs": int(plan["pairs"]),
                "counts": [_change(today, plan, f"independent_at_{stretch:g}") for stretch in stretches],
                "minutes": [_with_unit(row["mean_minutes"], "minutes") for row in (today, plan)],
                "any_way": [_with_unit(row["any_way_minutes"], "minutes") for row in (today, plan)],
            }
            for tier, today, plan in states
        ],
    }


def _measure(row: Row) -> dict[str, str]:
    measure = MEASURES[str(row["measure"])]
    return measure._asdict() | {state: _with_unit(row[state], measure.unit) for state in STATES}


def _is_redundant(row: Row, region: pd.DataFrame) -> bool:
    """Return whether a measure repeats another: no other route is as fast, or nobody is cut off."""
    if row["measure"] == "core_some_share":
        every = region[region["measure"] == "core_every_share"].iloc[0]
        return bool(every["today"] == row["today"] and every["plan"] == row["plan"])
    return bool(row["measure"] == "core_closed_cut_off_share" and row["today"] == row["plan"] == 0)


def _with_unit(value: float | None, unit: str) -> str:
    """Return a value of a measure with its unit (`definitions.Measure`); a dash where there is none."""
    if value is None or pd.isna(value):
        return wording.NONE
    forms = {"minutes": "{:.0f} min", "ratio": "{:.2f} ×", "cities": "{:.0f}", "people": "{:,.0f}"}
    return percent(value) if unit == "share" else forms.get(unit, "{:.2f}").format(value)


def appraisal(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on the appraisal of proposals; None where nothing is built or was measured."""
    if report.measures is None or len(report.measures.appraisal) < 2:
        return None
    table, facts = report.measures.appraisal, report.measures.facts
    prefix, short = "pairs_brought_", {"secondary": "sec."}
    tiers = [name for name in table.columns if name.startswith(prefix)]
    heads = [name.removeprefix(prefix) for name in tiers]
    is_plan = table["candidate_id"] == PLAN
    most = float(table.loc[~is_plan, ["cost_high", "cost_p80"]].max().max()) or 1.0
    rows = [
        _gains(row, tiers, most) | _described(row, report.ranks) for row in table[~is_plan].to_dict("records")
    ]
    plan = table[is_plan].to_dict("records")[0]
    return {
        "rows": sorted(rows, key=lambda row: row["rank"]),
        "plan": _gains(plan, tiers, most) | {"alike": integer(plan["cost_p80_alike"])},
        "heads": [short.get(name, name) for name in heads],
        "unit": wording.per_person(report.money)[1],
        "trips": f"{facts['trips_per_person']:g}",
        "rate": f"{100 * facts['discount_rate']:g} %",
        "years": facts["years"],
        "errors": f"correlated by {alike:g}" if (alike := facts["overrun_correlation"]) else "independent",
    }


def _described(row: Row, ranks: dict[str, int]) -> dict[str, Any]:
    grounds = [f"{100 * row[key]:.0f} % {word}" for key, word in GROUNDS if row.get(key, 0) >= 0.05]
    shared = [part.rpartition(" (")[0] for part in wording.split_ids(row["shares_pairs_with"])]
    companions = [str(ranks[name]) for name in shared if name in ranks]
    more = " …" if len(companions) > MOST_COMPANIONS else ""
    return {
        "rank": ranks.get(row["candidate_id"]) or int(row["step"]),
        "category": style.category(mode=row["mode"], kind=row["kind"]),
        "name": wording.link_name(row),
        "km": f"{row['length_km']:.0f}",
        "ground": ", ".join(grounds) or "plain",
        "others": _dependence(row["dependence"], row["weight_last"]),
        "with": ", ".join(companions[:MOST_COMPANIONS]) + more,
        "ratio": -1.0 if pd.isna(row["dependence"]) else round(row["dependence"], 4),
    }


def _gains(row: Row, tiers: list[str], most: float) -> dict[str, Any]:
    return {
        "cost": integer(row["cost"]),
        "p50": integer(row["cost_p50"]),
        "p80": integer(row["cost_p80"]),
        "reference": row["reference_class"],
        "bar": {key: round(100 * row[name] / most, 1) for key, name in COST_BAR.items()},
        "pairs": " / ".join(str(int(row[name])) for name in tiers),
        "pairs_number": int(row["pairs_brought"]),
        "people": wording.people(row["people_brought"]),
        "people_number": int(row["people_brought"]),
        "saved": integer(row["saved_minutes"]),
        "each": integer(row["cost_per_person"]),
        "hour": integer(row["break_even_an_hour"]),
    }


def _dependence(ratio: float | None, last: int) -> dict[str, str]:
    """Return the ratio of value on top of the others to value alone, and what it means."""
    if ratio is None or pd.isna(ratio):
        return {"figure": wording.NONE, "words": "only with others" if last else "adds no pair"}
    words = (
        "needs others" if ratio >= NEEDS_OTHERS else "replaceable" if ratio <= REPLACEABLE else "independent"
    )
    return {"figure": f"{ratio:.2f}", "words": words}


def build_order(report: ReportInput) -> dict[str, Any] | None:
    """Return the section on the build order; None where nothing is built or was measured."""
    if report.measures is None or len(report.measures.build_order) < 2:
        return None
    steps, phases = report.measures.build_order, report.measures.phases
    tiers = [name.removeprefix(SHARE) for name in steps.columns if name.startswith(SHARE)]
    method, _, exchanged = str(report.measures.facts["order_method"]).partition(", ")
    rows = steps.to_dict("records")
    names = {row["candidate_id"]: wording.link_name(row) for row in rows}
    return {
        "tiers": tiers,
        "steps": [_step(row, tiers) for row in rows],
        "method": METHODS.get(method, method),
        "exchanged": bool(exchanged),
        "phases": [_phase(row, tiers, names) for row in phases.to_dict("records")],
        "has_phases": len(phases) > 0,
        "curve": curve(steps, tiers),
    }


def _step(row: Row, tiers: list[str]) -> dict[str, Any]:
    is_link = bool(row["step"])
    return {
        "at": int(row["step"]),
        "name": wording.link_name(row) if is_link else "Today",
        "kind": wording.kind(str(row["kind"])) if is_link else "",
        "cost": integer(row["cost"]) if is_link else wording.NONE,
        "so_far": integer(row["cost_so_far"]),
        "starts": row.get("starts_in") or "",
        "opens": row.get("opens_in") or "",
        **_covered(row, tiers),
    }


def _phase(row: Row, tiers: list[str], names: dict[str, str]) -> dict[str, Any]:
    opens = [names.get(name, name) for name in wording.split_ids(row["opens"])]
    return {
        "name": str(row["period"]),
        "spent": integer(row["spent"]),
        "so_far": integer(row["spent_so_far"]),
        "budget": integer(row["budget_so_far"]),
        "starts": len(wording.split_ids(row["starts"])),
        "opens": "; ".join(opens) or wording.NONE,
        **_covered(row, tiers),
    }


def _covered(row: Row, tiers: list[str]) -> dict[str, Any]:
    return {
        "pairs": int(row["pairs_within"]),
        "share": percent(row["weight_share"]),
        "tiers": [percent(row[f"{SHARE}{tier}"]) for tier in tiers],
    }


def curve(steps: pd.DataFrame, tiers: list[str]) -> dict[str, Any]:
    """Return the corners of the curves of coverage over money, in a box of 100 by 100.

    Parameters
    ----------
    steps
        The table `build_order`.
    tiers
        Tiers with a curve each, beside all.

    Returns
    -------
    dict
        `lines` (name and points of each, "x,y x,y ..."; coverage holds while the next link is paid for),
        `low` and `high` (share at the bottom and on top, in percent).
    """
    spent = steps["cost_so_far"].to_numpy(dtype=float)
    shares = {"all": steps["weight_share"]} | {tier: steps[f"{SHARE}{tier}"] for tier in tiers}
    kept = {
        name: share for name, share in shares.items() if share.notna().all() and share.max() > share.min()
    }
    least = min((float(share.min()) for share in kept.values()), default=0.0)
    low, high = int(10 * least) / 10, max((float(share.max()) for share in kept.values()), default=1.0)
    high = min(1.0, -(-high * 10 // 1) / 10)
    span, whole = max(high - low, 0.1), max(float(spent[-1]), 1.0)
    lines = []
    for name, share in kept.items():
        points, before = list[tuple[float, float]](), None
        for money, part in zip(100 * spent / whole, 100 * (1 - (share - low) / span), strict=True):
            points += [(money, before)] if before is not None else []
            points.append((money, part))
            before = part
        lines.append({"name": name, "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points)})
    return {"lines": lines, "low": f"{100 * low:.0f} %", "high": f"{100 * high:.0f} %"}

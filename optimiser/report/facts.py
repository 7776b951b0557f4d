"""Gather what the page says, as text and numbers ready to be set."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from optimiser.report import (
    appraisal_shown,
    core_shown,
    coverage,
    equity_shown,
    fairness,
    order_shown,
    out_of_reach,
    ring_page,
    ring_words,
    sentences,
    style,
    wording,
)
from optimiser.report.inputs import ReportInput, groups_in_order


def gather(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the page's template.

    Parameters
    ----------
    report
        What to show.
    """
    tiers = coverage.by_group(report.pairs)
    new, beyond = coverage.newly_covered(report.pairs), coverage.still_beyond(report.pairs)
    return {
        "report": report,
        "title": f"{report.region}: {sentences.headline(report)}",
        "headline": sentences.headline(report),
        "limit": wording.short_hours(report.limit_s),
        "limit_clock": wording.clock(report.limit_s),
        "definition": sentences.definition(report),
        "figures": figures(report, tiers),
        "links": [
            link(row, report.money) | {"closes": ring_words.closes(report, row["candidate_id"])}
            for row in report.links.to_dict("records")
        ],
        "categories": [(name, style.PROPOSALS[name].name) for name in _shown(report)],
        "per_person_unit": wording.per_person(report.money)[1],
        "tiers": [tier(row) for row in tiers.to_dict("records")],
        "cities": [city(row) for row in coverage.by_city(report.cities, report.pairs).to_dict("records")],
        "new_pairs": pair_rows(report, new),
        "beyond": pair_rows(report, beyond),
        "near": pair_rows(report, coverage.near_misses(report.pairs)),
        "proof": {"lines": proof(report), "meaning": sentences.meaning(report)},
        "sensitivity": sensitivity(report),
        "rings": ring_page.gather(report),
        "out_of_reach": out_of_reach.sentence(report),
        "city_cover": report.city_cover,
        "fairness": fairness.facts(report.fairness),
        "smaller": equity_shown.shown(report),
        "leaning": core_shown.shown(report),
        "worth": appraisal_shown.shown(report),
        "order": order_shown.shown(report),
    }


def _shown(report: ReportInput) -> list[str]:
    there = set(style.categories(report.links))
    return [name for name in style.PROPOSALS if name in there]


def figures(report: ReportInput, tiers: pd.DataFrame) -> list[dict[str, str]]:
    """Return the key figures on top of the page: value, words, note."""
    total = tiers.iloc[-1]
    people = wording.people(coverage.people_gaining(report))
    spent = wording.whole(report.cost)
    of = f"of {sentences.money(report, report.budget)}" if report.budget is not None else report.money
    return [
        {
            "value": f"{total['before_pairs']} → {total['after_pairs']}",
            "words": f"city pairs within {wording.short_hours(report.limit_s)}",
            "note": f"of {total['pairs']}; {total['all_built_pairs']} with every candidate built",
        },
        {
            "value": people,
            "words": "people gain",
            "note": "in the smaller cities of the new pairs, each counted once",
        },
        {"value": spent, "words": of, "note": f"for {sentences.proposals(report)}, central estimate"},
        {
            "value": wording.gap(report.gap),
            "words": "gap to the proven bound",
            "note": sentences.proof(report),
        },
    ]


def link(row: dict[Hashable, Any], money: str) -> dict[str, Any]:
    """Return the cells of one ranked link."""
    speed = row.get("speed_kmh")
    return {
        "rank": int(row["rank"]),
        "name": f"{row['from_name']} – {row['to_name']}",
        "id": row["candidate_id"],
        "category": style.category(mode=row["mode"], kind=row["kind"]),
        "kind": wording.kind(row["kind"]),
        "instrument": row.get("instrument") or "",
        "speed": f"{speed:.0f} km/h" if speed is not None and pd.notna(speed) and speed > 0 else "",
        "km": f"{row['length_km']:.0f}",
        "cost": wording.whole(row["cost"]),
        "cost_range": f"{wording.whole(row['cost_low'])} – {wording.whole(row['cost_high'])}",
        "pairs": int(row["pairs"]),
        "added": int(row["pairs_added"]),
        "lost": int(row["pairs_lost_alone"]),
        "people": wording.people(row["people"]),
        "people_number": int(row["people"]),
        "per_person": wording.each(row["cost_per_person"]),
        "why": row.get("why") or "",
        "money": money,
    }


def tier(row: dict[Hashable, Any]) -> dict[str, Any]:
    """Return the cells of one row of coverage by tier."""
    states = ("before", "after", "all_built")
    total = int(row["pairs"])
    return {
        "group": row["group"],
        "pairs": total,
        **{state: int(row[f"{state}_pairs"]) for state in states},
        **{f"{state}_share": wording.share(row[f"{state}_pairs"], total) for state in states},
        **{f"{state}_percent": round(100 * row[f"{state}_pairs"] / max(total, 1), 1) for state in states},
        "gained": int(row["after_pairs"] - row["before_pairs"]),
    }


def city(row: dict[Hashable, Any]) -> dict[str, Any]:
    """Return the cells of one city."""
    return {
        "name": str(row["name"]),
        "tier": style.tier(row["tier"]).name if row["tier"] in style.CITY_TIERS else str(row["tier"]),
        "people": wording.people(row["population"]),
        "people_number": int(row["population"]),
        "partners": int(row["partners"]),
        "before": int(row["before"]),
        "after": int(row["after"]),
        "gained": int(row["after"] - row["before"]),
        "worst": str(row["worst_after"]),
        "worst_before": wording.clock(row["worst_before_s"]) if row["worst_before"] else "",
        "worst_after": wording.clock(row["worst_after_s"]) if row["worst_after"] else "",
        "worst_s": int(row["worst_after_s"]),
    }


def pair_rows(report: ReportInput, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the cells of some pairs: names, times, the links on the path."""
    names = report.cities["name"].astype(str).to_numpy()
    ranks = dict(zip(report.links["candidate_id"], report.links["rank"], strict=True))
    return [
        {
            "pair": f"{names[row['origin']]} – {names[row['destination']]}",
            "group": row["group"],
            "before": wording.clock(row["before_s"]),
            "after": wording.clock(row["after_s"]),
            "best": wording.clock(row["all_built_s"]),
            "reachable": bool(row["all_built_s"] <= row["limit_s"]),
            "before_s": int(row["before_s"]),
            "after_s": int(row["after_s"]),
            "via": sorted(int(ranks[name]) for name in row["links"] if name in ranks),
        }
        for row in pairs.to_dict("records")
    ]


def proof(report: ReportInput) -> list[tuple[str, str]]:
    """Return the lines of the proof box."""
    minimise = report.budget is None
    bound = "none" if report.bound is None else f"{report.bound:,.1f}".removesuffix(".0")
    objective = wording.whole(report.objective)
    lines = [
        ("Outcome", _outcome(report)),
        ("Cost, recomputed", sentences.money(report, report.cost)),
        ("Budget", "none: least cost" if minimise else sentences.money(report, report.budget or 0)),
        ("Objective" if minimise else f"{_opening(report.counted)}, recomputed", objective),
        ("Proven bound", bound),
        ("Gap", wording.gap(report.gap)),
    ]
    if not minimise:
        lines.append(("Gap of what is gained", wording.gap(report.gap_of_gain)))
    how = " with ".join(part for part in (report.variant, report.solver) if part)
    return [*lines, ("Solved by", f"{how}, {report.seconds:.1f} s")] if how else lines


def _outcome(report: ReportInput) -> str:
    return _opening(sentences.proof(report))


def _opening(words: str) -> str:
    """Return words as they open a line."""
    return words[0].upper() + words[1:]


def sensitivity(report: ReportInput) -> dict[str, Any] | None:
    """Return heads and rows of the table of coverage under other assumptions."""
    table = report.sensitivity
    if table is None or table.empty:
        return None
    names = {column.rsplit(" ", 1)[0] for column in table.columns if column != "case"}
    groups = [name for name in groups_in_order(pd.Series(sorted(names), dtype=str)) if name in names]
    rows = [
        {"case": row["case"], "cells": [_change(row, group) for group in groups]}
        for row in table.to_dict("records")
    ]
    return {"groups": groups, "rows": rows}


def _change(row: dict[Hashable, Any], group: str) -> str:
    return f"{100 * row[f'{group} before']:.0f} → {100 * row[f'{group} after']:.0f} %"

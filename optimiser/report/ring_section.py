"""Gather the section of the page on rings: each unrolled, what it does, and known rings beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from optimiser.measures.tables import ANY_WAY, OFF_CORE, PLAN, TODAY, WITHOUT_RING
from optimiser.report import ring_tables, ring_text, style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import EXISTING, NEW, RingShown, known_rings
from optimiser.report.ring_tables import Leg

MOST_SAVINGS = 8
"""Pairs of cities that the page lists for each way; all are in ring_savings.csv."""

MOST_ACROSS = 9
"""Places of a ring unrolled that find room beside each other; more stand below each other."""

_INDEPENDENT = "independent_at_"
_TITLES = {ANY_WAY: "By the fastest way", OFF_CORE: "On ways without the core"}

type Figures = Mapping[Any, Any]
"""Figures of a region in one state: a row of `Measures.ring_effects`."""


def section(report: ReportInput) -> list[dict[str, Any]]:
    """Return what the section of the page on rings shows, one entry a ring."""
    return [_entry(report, ring) for ring in report.rings]


def _entry(report: ReportInput, ring: RingShown) -> dict[str, Any]:
    is_formed = ring.is_formed
    return {
        "title": ring.id if len(report.rings) > 1 else "",
        "mode": "rail" if ring.facts.mode == "rail" else "road",
        "sentence": ring_text.sentence(ring),
        "terms": ring_text.terms(ring),
        "worth": ring_text.worth(ring),
        "margin": ring_text.margin(report, ring) if is_formed else "",
        "formed": is_formed,
        "has_new": ring.new_km > 0,
        "more": ring_text.build(report, ring) if is_formed else ring_text.not_formed(report, ring),
        "figures": figures(report, ring) if is_formed else [],
        "legs": (legs := unrolled(ring)),
        "upright": len(legs) > MOST_ACROSS,
        "effects": effects(report, ring),
        "savings": savings(report, ring),
        "inside": ring_text.inside(ring),
        "shape": ring_text.shape(ring),
        "stretches": [_stretch(report, ring, row) for row in ring_tables.stretches(ring)],
        "overlaps": _overlaps(report, ring),
    }


def figures(report: ReportInput, ring: RingShown) -> list[tuple[str, str, str]]:
    """Return the four key figures of a ring that is formed: value, words, note."""
    requested = f"at least {ring.least_cities} requested" if ring.least_cities else "no minimum requested"
    earned = f"earns {wording.integer(ring.reward)}" if ring.reward else "required of every plan"
    share = wording.share(ring.existing_km, ring.length_km)
    return [
        (f"{ring.length_km:,.0f} km", "total length", earned),
        (f"{ring.existing_km:,.0f} km", "exist today", f"{share} of the length"),
        (f"{ring.new_km:,.0f} km", "to be built", report.money_of(ring.cost)),
        (str(len(ring.cities)), "city on it" if len(ring.cities) == 1 else "cities on it", requested),
    ]


# ---- the ring unrolled


def unrolled(ring: RingShown) -> list[dict[str, Any]]:
    """Return a ring as a line from city to city, back at the first one in the end.

    Returns
    -------
    list of dict
        For each place with cities: `cities` (name; tier and minutes to the ring), and of the leg after it,
        which the last one lacks: `km`, `new` (km, empty where all exists), `exists` (whether any of it does),
        `roads`, `grow` (its length as a share of the longest leg) and `parts` to be built (`start` and
        `width` in percent of the leg).
    """
    legs = ring_tables.legs(ring)
    longest = max((leg.length_km for leg in legs), default=1.0) or 1.0
    places = [{"cities": _cities(leg.cities), **_leg(leg, longest)} for leg in legs]
    return [*places, *({"cities": place["cities"], "km": ""} for place in places[:1])]


def _cities(cities: pd.DataFrame) -> list[tuple[str, str]]:
    """Return cities of a ring: name, and tier with the minutes to the ring."""
    tiers = [style.tier(tier).name if tier in style.CITY_TIERS else str(tier) for tier in cities["tier"]]
    return [
        (name, ", ".join(filter(None, (tier, distance))))
        for tier, (name, distance) in zip(tiers, ring_text.cities_on(cities), strict=True)
    ]


def _leg(leg: Leg, longest_km: float) -> dict[str, Any]:
    whole, at, parts = leg.length_km or 1.0, 0.0, []
    for length, state in zip(leg.pieces["length_km"], leg.pieces["state"], strict=True):
        if state == NEW:
            parts.append({"start": round(100 * at / whole, 2), "width": round(100 * length / whole, 2)})
        at += float(length)
    return {
        "km": ring_text.short_km(leg.length_km),
        "new": ring_text.short_km(leg.km_of(NEW)) if leg.km_of(NEW) else "",
        "exists": bool(leg.km_of(EXISTING)),
        "roads": ", ".join(leg.roads),
        "grow": round(leg.length_km / longest_km, 3),
        "parts": parts,
    }


# ---- what it does


def effects(report: ReportInput, ring: RingShown) -> dict[str, Any] | None:
    """Return the table of what a ring changes; None where the plan was not measured.

    Returns
    -------
    dict or None
        `heads` and `rows` (name, note, cells), and `note` on what the same money buys otherwise.
    """
    if report.measures is None or report.measures.ring_effects.empty:
        return None
    table = report.measures.ring_effects
    mine = {row["state"]: row for row in table[table["ring"] == ring.id].to_dict("records")}
    if not mine:
        return None
    states: list[tuple[str, str, Figures]] = [("Today", "", mine[TODAY])]
    if ring.new_km:
        states.append(("Plan", "without new stretches", mine[WITHOUT_RING]))
    states.append(("Plan", "", mine[PLAN]))
    if ring.margin is not None and ring.margin.other:
        other = "without the ring, same money" if ring.is_formed else "with the ring, same money"
        states.append(("Best plan found", other, ring.margin.other))
    held = [figures for *_, figures in states]
    core = wording.join_names([str(name) for name in report.measures.facts["core"]])
    return {
        "heads": [(head, words) for head, words, _ in states],
        "rows": list(_effect_rows(report, core, held)),
        "note": _other_plan(report, ring),
    }


def _effect_rows(
    report: ReportInput, core: str, states: Sequence[Figures]
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, note and cells of each row of the table of effects; `core` names the core cities."""
    first, limit = states[0], wording.short_hours(report.limit_s)
    yield f"City pairs within {limit}", f"of {first['pairs']}", [str(row["pairs_within"]) for row in states]
    for column in (str(name) for name in first if str(name).startswith(_INDEPENDENT)):
        stretch = float(column.removeprefix(_INDEPENDENT))
        note = f"a way without {core} {wording.within_stretch(stretch)}; of {first['outside_pairs']} pairs"
        yield f"Independent at {stretch:g}", note, [str(row[column]) for row in states]
    if "off_core_minutes" in first:
        minutes = [wording.clock_of_minutes(row["off_core_minutes"]) for row in states]
        yield f"Time without {core}", "mean of these pairs", minutes
    shares = [wording.percent(row["through_core_share"]) for row in states]
    yield "Through trips", f"weight of trips between other cities that cannot avoid {core}", shares
    yield "Cost", report.money, [wording.integer(row["cost"]) for row in states]


def _other_plan(report: ReportInput, ring: RingShown) -> str:
    """Return what is not known of the same money spent otherwise, and how to ask; empty where it is known."""
    if report.budget is None or (ring.margin is not None and ring.margin.other) or not ring.can_form:
        return ""
    if ring.required:
        return (
            "The job requires this ring, so that the run did not ask what the same money buys without it. To "
            'ask, write required = false and reward = "derived" in its section [[rings]], with a weight of '
            "[independence] above 0, and run the job again."
        )
    return "What the same money buys otherwise follows with the plausible cases."


def savings(report: ReportInput, ring: RingShown) -> list[dict[str, Any]]:
    """Return for each kind of way the pairs that the new stretches of a ring make faster, most minutes first.

    Returns
    -------
    list of dict
        `title`, `count` of all such pairs, `rows` of the first ones (`pair`, `before`, `after`, `saved`);
        empty where nothing is built or measured.
    """
    if report.measures is None or not ring.new_km or report.measures.ring_effects.empty:
        return []
    table = report.measures.ring_savings
    mine = table if table.empty else table[table["ring"] == ring.id]
    ways = list(_TITLES) if "off_core_minutes" in report.measures.ring_effects else [ANY_WAY]
    rows = {way: mine if mine.empty else mine[mine["way"] == way] for way in ways}
    return [
        {
            "title": _TITLES[way],
            "count": len(found),
            "rows": [
                {
                    "pair": f"{row['from_name']} – {row['to_name']}",
                    "before": wording.clock_of_minutes(row["without_minutes"]),
                    "after": wording.clock_of_minutes(row["plan_minutes"]),
                    "saved": _saved(row["saved_minutes"]),
                }
                for row in found.head(MOST_SAVINGS).to_dict("records")
            ],
        }
        for way, found in rows.items()
    ]


def _saved(minutes: float | None) -> str:
    if minutes is None or pd.isna(minutes):
        return "joined"
    return f"{minutes:.0f} min" if minutes >= 1 else "< 1 min"


# ---- roads and known rings


def _stretch(report: ReportInput, ring: RingShown, row: dict[str, Any]) -> dict[str, Any]:
    links = report.links[report.links["candidate_id"] == row["candidate_id"]].to_dict("records")
    name = row["name"] or (wording.link_name(links[0]) if links else ring_text.stretch_name(ring, row))
    is_new = row["state"] == NEW
    return {
        "name": name,
        "state": "to be built" if is_new else "exists",
        "is_new": is_new,
        "rank": int(links[0]["rank"]) if links else 0,
        "category": "rail" if ring.facts.mode == "rail" else "road",
        "km": ring_text.short_km(row["length_km"]),
        "cost": wording.integer(row["cost"]) if row["cost"] else "",
    }


def _overlaps(report: ReportInput, ring: RingShown) -> list[dict[str, Any]]:
    looks = ring_text.known_strokes(report.rings)
    return [
        {
            "place": style.KNOWN_RINGS.index(looks[one.reference]),
            "name": one.name,
            "the": ring_text.with_article(one.name),
            "km": f"{one.reference_km:,.0f}",
            "corridor": f"{one.corridor_km:g}",
            "of_ring": wording.percent(one.share_of_ring if ring.is_formed else None, digits=0),
            "of_reference": wording.percent(one.share_of_reference if ring.is_formed else None, digits=0),
            "why": one.why,
            "source": one.source,
        }
        for one in known_rings([ring])
    ]

"""Gather what the page says of the rings of a plan."""

from __future__ import annotations

from typing import Any

from optimiser.report import ring_lines, ring_tables, ring_words, style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.rings_shown import NEW, RingShown


def gather(report: ReportInput) -> list[dict[str, Any]]:
    """Return what the section on rings shows, one entry a ring; empty where the job asks for none.

    Parameters
    ----------
    report
        What to show.
    """
    return [_ring(report, ring) for ring in report.rings]


def _ring(report: ReportInput, ring: RingShown) -> dict[str, Any]:
    formed = ring.is_formed
    return {
        "title": ring.id if len(report.rings) > 1 else "",
        "mode": "rail" if ring.facts.mode == "rail" else "road",
        "sentence": ring_words.sentence(ring),
        "terms": ring_words.terms(ring),
        "formed": formed,
        "more": ring_words.build(report, ring) if formed else ring_words.not_formed(report, ring),
        "figures": figures(report, ring) if formed else [],
        "strip": strip(ring),
        "tiers": ring_words.cities_by_tier(ring),
        "inside": ring_words.inside(ring),
        "stretches": [_stretch(report, ring, row) for row in ring_tables.stretches(ring)],
        "overlaps": _overlaps(report, ring),
    }


def figures(report: ReportInput, ring: RingShown) -> list[tuple[str, str, str]]:
    """Return the key figures of a ring that is formed: value, words, note.

    Parameters
    ----------
    report
        The plan.
    ring
        The ring.
    """
    asked = f"at least {ring.least_cities} asked for" if ring.least_cities else "none asked for"
    earned = f"earns {wording.whole(ring.reward)}" if ring.reward else "required of every plan"
    return [
        (f"{ring.length_km:,.0f} km", "round it", earned),
        (
            f"{ring.existing_km:,.0f} km",
            "exist already",
            f"{wording.share(ring.existing_km, ring.length_km)} of it",
        ),
        (f"{ring.new_km:,.0f} km", "must be built", f"{wording.whole(ring.cost)} {report.money}".strip()),
        (str(len(ring.cities)), "cities on it" if len(ring.cities) != 1 else "city on it", asked),
    ]


def strip(ring: RingShown) -> list[dict[str, float]]:
    """Return the new parts of a ring unrolled, clockwise from its northernmost node.

    Parameters
    ----------
    ring
        The ring.

    Returns
    -------
    list of dict
        `start` and `width` in percent of its length.
    """
    whole, at, parts = ring.length_km, 0.0, []
    for length, state in zip(ring.pieces["length_km"], ring.pieces["state"], strict=True):
        if state == NEW:
            parts.append({"start": round(100 * at / whole, 3), "width": round(100 * length / whole, 3)})
        at += float(length)
    return parts


def _stretch(report: ReportInput, ring: RingShown, row: dict[str, Any]) -> dict[str, Any]:
    is_new = row["state"] == NEW
    named = ring_words.link_name(report, row["candidate_id"]) if is_new else ""
    rank = ring_words.rank(report, row["candidate_id"]) if is_new else 0
    return {
        "name": row["name"]
        or named
        or f"{ring_words.MODES.get(ring.facts.mode, ring.facts.mode)} without number",
        "state": "to be built" if is_new else "exists",
        "is_new": is_new,
        "rank": rank,
        "category": "rail" if ring.facts.mode == "rail" else "road",
        "km": f"{row['length_km']:,.0f}" if row["length_km"] >= 1 else "< 1",
        "cost": wording.whole(row["cost"]) if row["cost"] else "",
    }


def _overlaps(report: ReportInput, ring: RingShown) -> list[dict[str, Any]]:
    looks = ring_lines.known_strokes(report.rings)
    return [
        {
            "place": style.KNOWN_RINGS.index(looks[one.reference]),
            "name": one.name,
            "the": ring_words.the(one.name),
            "km": f"{one.reference_km:,.0f}",
            "corridor": f"{one.corridor_km:g}",
            "of_ring": wording.share(one.share_of_ring, 1.0) if ring.is_formed else "–",
            "of_reference": wording.share(one.share_of_reference, 1.0) if ring.is_formed else "–",
            "why": one.why,
            "source": one.source,
        }
        for one in ring_lines.references([ring])
    ]


def palette() -> list[tuple[str, str, str]]:
    """Return name, light and dark colour of rings, for the style sheet."""
    known = [(f"known-{place}", one.colour, one.dark) for place, one in enumerate(style.KNOWN_RINGS)]
    rings = [(f"ring-{mode}", one.colour, one.dark) for mode, one in style.RINGS.items()]
    return [*rings, *known]

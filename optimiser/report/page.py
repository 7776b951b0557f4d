"""Write the plan as one page that needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Hashable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimiser.measures import coverage
from optimiser.measures.fairness import Fairness, TierPrice
from optimiser.report import (
    exploring,
    files,
    line_capacity,
    measure_sections,
    ring_section,
    ring_text,
    sentences,
    style,
    webmap,
    wording,
)
from optimiser.report.cases import CaseResults
from optimiser.report.inputs import ReportInput

ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Characters that would end or disturb a script block, written so that only JSON sees them."""

type Row = dict[Hashable, Any]
"""A row of a table, by column."""


def write(report: ReportInput, path: Path) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    report
        What to show.
    path
        The ``.html`` file.
    """
    return files.write_text(path, render(report))


def render(report: ReportInput) -> str:
    """Return the page as text.

    Names from OpenStreetMap enter it in two ways only: as text that the template engine escapes, and as JSON
    in blocks that are no script. The policy of the page runs no script but those whose hashes it names, and
    fetches nothing.
    """
    return _rendered("report.html", report, context(report))


def render_map(report: ReportInput, *, title: str = "") -> str:
    """Return the map of the page alone, as a page of its own under the same policy.

    Parameters
    ----------
    report
        What to show.
    title
        Of the page; empty: that of the report.
    """
    title = title or f"{report.region}: {sentences.headline(report)}"
    return _rendered(
        "map.html", report, {"report": report, "title": title, "alone": True, **_map_context(report)}
    )


def write_frontier(report: ReportInput, path: Path, *, picture: Path) -> Path:
    """Write the page of a frontier, whole or not at all.

    Parameters
    ----------
    report
        What to show: one with `points`.
    path
        The ``.html`` file.
    picture
        PNG file with the curve, which the page contains.
    """
    image = base64.b64encode(picture.read_bytes()).decode()
    variables = {
        "report": report,
        "title": f"{report.region}: what each sum of money buys",
        "alone": True,
        "definition": sentences.definition(report),
        "picture": f"data:image/png;base64,{image}",
        "links": [_frontier_link(row, report) for row in report.links.to_dict("records")],
        "points": [_point(number, report) for number in range(len(report.points))],
        **_map_context(report),
    }
    return files.write_text(path, _rendered("frontier.html", report, variables))


def _frontier_link(row: Row, report: ReportInput) -> dict[str, Any]:
    """Return the cells of a link that some point of a frontier builds."""
    return {
        "rank": int(row["rank"]),
        "name": wording.link_name(row),
        "category": style.category(mode=row["mode"], kind=row["kind"]),
        "kind": wording.kind(row["kind"]),
        "km": f"{row['length_km']:.0f}",
        "cost": wording.integer(row["cost"]),
        "enters": wording.integer(row["enters_at"]),
        "points": int(row["points"]),
        "core": bool(row["is_core"]),
        "step": as_json(exploring.steps(report)[str(row["candidate_id"])]),
    }


def _point(number: int, report: ReportInput) -> dict[str, Any]:
    """Return the cells of a point of a frontier."""
    point, state = report.points[number], exploring.states(report)[number]
    return state | {
        "number": number + 1,
        "links": len(point.built),
        "gap": wording.NONE if point.gap is None else wording.gap(point.gap),
        "knee": point.is_knee,
        "rings": ", ".join(point.rings),
    }


def _rendered(template: str, report: ReportInput, variables: dict[str, Any]) -> str:
    scripts = [_bokeh_script(), _data("exploring.js"), _data("report.js")]
    return (
        _templates()
        .get_template(template)
        .render(
            policy=_policy(scripts),
            style=Markup(_data("report.css")),  # noqa: S704 - a file of this package
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - files of this package and of Bokeh
            map_json=Markup(as_json(_map_item(report))),  # noqa: S704 - every < > & is escaped
            page_json=Markup(as_json(exploring.gather(report))),  # noqa: S704 - every < > & is escaped
            layers=webmap.layers(report),
            palette=_palette(),
            **variables,
        )
    )


def render_still(template: str, variables: dict[str, Any]) -> str:
    """Return a page without scripts as text; names enter it only as text that the template engine escapes.

    Parameters
    ----------
    template
        Name of its template.
    variables
        What the template shows.
    """
    return (
        _templates()
        .get_template(template)
        .render(
            policy=_policy([]),
            style=Markup(_data("report.css")),  # noqa: S704 - a file of this package
            palette=_palette(),
            **variables,
        )
    )


def as_json(value: object) -> str:
    """Return JSON that may stand inside an HTML page: no <, > or & is left in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


@cache
def _templates() -> Environment:
    """Return the page's frame `report.html` and a part for each of its sections, `sections/*.html`."""
    return Environment(
        loader=PackageLoader("optimiser.report", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _map_item(report: ReportInput) -> dict[str, Any]:
    from bokeh.embed import json_item

    return dict(json_item(webmap.draw(report)))


@cache
def _bokeh_script() -> str:
    from bokeh.resources import Resources

    # The library itself, without the call that sets its log level: that call writes to the console.
    return str(Resources(mode="inline", components=["bokeh"], minified=True).js_raw[0]).replace("\r\n", "\n")


def _data(name: str) -> str:
    return resources.files("optimiser.report").joinpath("data", name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    parts = (
        "default-src 'none'",
        f"script-src {allowed}",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(parts)


def _palette() -> list[tuple[str, str, str]]:
    """Return name, light and dark colour of everything on the map, for the style sheet."""
    proposals = {f"proposed-{name}": stroke for name, stroke in style.proposals().items()}
    strokes = {**style.NETWORK, **proposals}
    network = [(name.replace("_", "-"), stroke.colour, stroke.dark) for name, stroke in strokes.items()]
    fixed = [("halo", style.HALO)]
    for name, shades in (("within", style.WITHIN), ("beyond", style.BEYOND)):
        fixed += zip((f"{name}-short", f"{name}-long"), shades, strict=True)
    return [*network, *ring_text.palette(), *((name, colour, colour) for name, colour in fixed)]


def context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the page's template."""
    tiers, pairs = coverage.by_group(report.pairs), report.pairs
    return {
        "report": report,
        "title": f"{report.region}: {sentences.headline(report)}",
        "headline": sentences.headline(report),
        "limit_clock": wording.clock(report.limit_s),
        "definition": sentences.definition(report),
        "figures": _figures(report, tiers),
        "links": [_link(row, report) for row in report.links.to_dict("records")],
        "per_person_unit": wording.per_person(report.money)[1],
        "tiers": [_tier(row) for row in tiers.to_dict("records")],
        "cities": [_city(row) for row in coverage.by_city(report.cities, pairs).to_dict("records")],
        "new_pairs": pair_rows(report, coverage.newly_covered(pairs)),
        "beyond": pair_rows(report, coverage.still_beyond(pairs)),
        "near": pair_rows(report, coverage.near_misses(pairs)),
        "proof": {
            "lines": _proof(report),
            "meaning": sentences.meaning(report),
            "certificate": sentences.certificate(report),
        },
        "sensitivity": _sensitivity(report),
        "out_of_reach": sentences.out_of_reach(report),
        "near_limit": sentences.near_limit(report),
        "city_cover": report.city_cover,
        "fairness": list(sentences.fairness(report.fairness)),
        "fairness_rows": [] if report.fairness is None else fairness_rows(report.fairness),
        "smaller": measure_sections.smaller_cities(report),
        "core": measure_sections.core(report),
        "independence": measure_sections.independence(report),
        "appraisal": measure_sections.appraisal(report),
        "order": measure_sections.build_order(report),
        "line_capacity": line_capacity.section(report.capacities),
        "reach": None if report.reach is None else report.reach.section(),
        "what_if": None if report.cases is None else _what_if(report, report.cases),
        "alone": False,
        **_map_context(report),
    }


def _map_context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the section with the map."""
    categories = set(style.categories(report.links))
    return {
        "limit": wording.short_hours(report.limit_s),
        "categories": [
            (name, stroke.name) for name, stroke in style.proposals().items() if name in categories
        ],
        "rings": ring_section.section(report),
        "cases": None if report.cases is None else report.cases.section(report.links),
        "states": exploring.states(report),
        "first_state": exploring.first_state(report),
        "pairs_by_tier": _pairs_by_tier(report),
    }


def _pairs_by_tier(report: ReportInput) -> dict[str, int]:
    """Return the number of all pairs, then of those of each tier."""
    counts = {row["group"]: int(row["pairs"]) for row in coverage.by_group(report.pairs).to_dict("records")}
    return {"all": counts.pop("all"), **counts}


def _figures(report: ReportInput, tiers: pd.DataFrame) -> list[dict[str, str]]:
    """Return the key figures on top of the page: value, words, note."""
    total = tiers.iloc[-1]
    of = f"of {report.money_of(report.budget)}" if report.budget is not None else report.money
    return [
        {
            "value": f"{total['before_pairs']:,} → {total['after_pairs']:,}",
            "words": f"city pairs within {wording.short_hours(report.limit_s)}",
            "note": f"of {total['pairs']:,}; {total['all_built_pairs']:,} with every candidate built",
        },
        {
            "value": wording.people(coverage.people_gaining(report.cities, report.pairs)),
            "words": "people gain",
            "note": "in the smaller cities of the new pairs, each counted once",
        },
        {
            "value": wording.integer(report.cost),
            "words": of,
            "note": f"for {sentences.proposals(report)}, central estimate",
        },
        {
            "value": wording.gap(report.gap),
            "words": "gap to the proven bound",
            "note": sentences.proof(report),
        },
    ]


def _link(row: Row, report: ReportInput) -> dict[str, Any]:
    """Return the cells of one ranked link."""
    speed: Any = row.get("speed_kmh")
    has_speed = bool(pd.notna(speed)) and speed > 0
    return {
        "rank": int(row["rank"]),
        "name": wording.link_name(row),
        "category": style.category(mode=row["mode"], kind=row["kind"]),
        "kind": wording.kind(row["kind"]),
        "speed": f"{speed:.0f} km/h" if has_speed else "",
        "closes": ring_text.closes(report, row["candidate_id"]),
        "today": row.get("today") or "",
        "setting": _setting(row),
        "replaces": row.get("replaces") or "",
        "minutes": _minutes(row),
        "km": f"{row['length_km']:.0f}",
        "cost": wording.integer(row["cost"]),
        "cost_range": f"{wording.integer(row['cost_low'])} – {wording.integer(row['cost_high'])}",
        "pairs": int(row["pairs"]),
        "added": int(row["pairs_added"]),
        "lost": int(row["pairs_lost_alone"]),
        "people": wording.people(row["people"]),
        "people_number": int(row["people"]),
        "per_person": wording.integer(row["cost_per_person"]),
        "chosen": "" if report.cases is None else report.cases.counted(row["candidate_id"]),
        "core": report.cases is not None and report.cases.is_core(row["candidate_id"]),
        "step": exploring.steps(report).get(row["candidate_id"], 0),
    }


def _minutes(row: Row) -> dict[str, str]:
    """Return the minutes between the ends of a link today and with it; empty where they are not known."""
    times = {"before": row.get("today_s"), "after": row.get("with_s")}
    return {
        state: wording.NONE if seconds is None or pd.isna(seconds) else wording.clock(seconds)
        for state, seconds in times.items()
    }


def _setting(row: Row) -> str:
    """Return the shares of the line of a road beside one expressway and within towns."""
    if row["mode"] != "road":
        return ""
    shares: dict[str, Any] = {
        f"beside {row.get('beside')}": row.get("beside_share", 0.0),
        "in towns": row.get("town_share", 0.0),
    }
    return "; ".join(f"{100 * share:.0f} % {where}" for where, share in shares.items() if share >= 0.005)


def _what_if(report: ReportInput, cases: CaseResults) -> list[dict[str, Any]]:
    """Return one row a proposed link: in which plausible cases it is chosen, and what is lost without it."""
    gained: dict[str, Row] = {}
    if report.measures is not None and not report.measures.appraisal.empty:
        gained = {row["candidate_id"]: row for row in report.measures.appraisal.to_dict("records")}
    return [
        {
            "rank": int(row["rank"]),
            "name": wording.link_name(row),
            "kind": wording.kind(row["kind"]),
            "category": style.category(mode=row["mode"], kind=row["kind"]),
            "chosen": cases.chosen_in(row["candidate_id"]),
            "open": cases.chosen_in_open(row["candidate_id"]),
            "verdict": cases.verdict(row["candidate_id"]),
            "dropped": "; ".join(cases.dropped_in(row["candidate_id"])),
            "lost": int(row["pairs_lost_alone"]),
            "people_number": people,
            "people": wording.people(people) if people else wording.NONE,
        }
        for row in report.links.to_dict("records")
        for people in [int(gained.get(row["candidate_id"], {}).get("people_brought", 0))]
    ]


def _tier(row: Row) -> dict[str, Any]:
    """Return the cells of one row of coverage by tier."""
    total = int(row["pairs"])
    counts = {state: int(row[f"{state}_pairs"]) for state in coverage.STATES}
    return {
        "group": row["group"],
        "pairs": total,
        **counts,
        **{f"{state}_share": wording.share(count, total) for state, count in counts.items()},
        **{f"{state}_percent": round(100 * count / max(total, 1), 1) for state, count in counts.items()},
        "gained": counts["after"] - counts["before"],
    }


def _city(row: Row) -> dict[str, Any]:
    """Return the cells of one city."""
    worst = {state: wording.clock(row[f"worst_{state}_s"]) for state in ("before", "after")}
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
        **{f"worst_{state}": clock if row[f"worst_{state}"] else "" for state, clock in worst.items()},
    }


def pair_rows(report: ReportInput, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return some pairs as cells of text: names, times, the ranks of the links on the path.

    Parameters
    ----------
    report
        Source of names and ranks.
    pairs
        Rows of its pairs.
    """
    names = report.cities["name"].astype(str).to_numpy()
    ranks = report.ranks
    return [
        {
            "pair": f"{names[row['origin']]} – {names[row['destination']]}",
            "group": row["group"],
            "before": wording.clock(row["before_s"]),
            "after": wording.clock(row["after_s"]),
            "best": wording.clock(row["all_built_s"]),
            "reachable": bool(row["all_built_s"] <= row["limit_s"]),
            "after_s": int(row["after_s"]),
            "via": sorted(ranks[name] for name in row["links"] if name in ranks),
        }
        for row in pairs.to_dict("records")
    ]


def _proof(report: ReportInput) -> list[tuple[str, str]]:
    """Return the lines of the box on optimality."""
    minimises = report.budget is None
    bound = "none" if report.bound is None else f"{report.bound:,.1f}".removesuffix(".0")
    lines = [
        ("Outcome", _capitalised(sentences.proof(report))),
        ("Cost, recomputed", report.money_of(report.cost)),
        ("Budget", "none, cost is minimised" if minimises else report.money_of(report.budget or 0)),
        (
            "Objective" if minimises else f"{_capitalised(report.counted)}, recomputed",
            wording.integer(report.objective),
        ),
        ("Proven bound", bound),
        ("Source of the bound", _capitalised(str(report.bound_source or "not stated"))),
        ("Gap", wording.gap(report.gap)),
    ]
    if not minimises:
        lines.append(("Gap as a share of the gain", wording.gap(report.gap_of_gain)))
    if report.certified is not None:
        certified = report.certified
        lines.append(("Certified bound", f"{certified.bound:,} (gap {wording.gap(certified.gap)})"))
    how = " with ".join(part for part in (report.variant, report.solver) if part)
    return [*lines, ("Solved by", f"{how}, {report.seconds:.1f} s")] if how else lines


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def _sensitivity(report: ReportInput) -> dict[str, Any] | None:
    """Return heads and rows of the table of coverage under other assumptions."""
    table = report.sensitivity
    if table is None or table.empty:
        return None
    groups = coverage.groups_in_order(
        column.rsplit(" ", 1)[0] for column in table.columns if column != "case"
    )
    rows = [
        {
            "case": row["case"],
            "cells": [f"{100 * row[f'{g} before']:.0f} → {100 * row[f'{g} after']:.0f} %" for g in groups],
        }
        for row in table.to_dict("records")
    ]
    return {"groups": groups, "rows": rows}


def fairness_rows(found: Fairness) -> list[dict[str, str]]:
    """Return one row a tier, and one for all, of the table of fairness; every cell is text."""
    parts = ("coverable", "today", "plan", "free")
    sums = {part: sum(getattr(tier, part) for tier in found.tiers) for part in parts}
    return [
        {
            "tier": tier.tier,
            "gained": f"{tier.gained:+,}",
            **{part: _weight(getattr(tier, part), tier.coverable) for part in ("today", "free", "plan")},
        }
        for tier in (*found.tiers, TierPrice("all", **sums))
    ]


def _weight(part: int, total: int) -> str:
    return f"{wording.integer(part)} ({wording.percent(part / total if total else None)})"

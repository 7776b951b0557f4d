"""Show a plan, a frontier or a map as a page: gather what each section shows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from optimiser.measures import coverage
from optimiser.measures.fairness import Fairness, TierPrice
from optimiser.problem.jsonfile import write_atomically
from optimiser.report import html, measure_sections, plots, ring_section, sentences, webmap, wording
from optimiser.report.cases import PARTS, CaseResults
from optimiser.report.html import as_json
from optimiser.report.inputs import ReportInput

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
    return write_atomically(path, render(report))


def render(report: ReportInput) -> str:
    """Return the page as text."""
    return _rendered("report.html", report, context(report), curves(report))


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
    return _rendered("map.html", report, {"title": title, **_map_context(report)})


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
    steps = webmap.steps(report)
    values = {
        "title": f"{report.region}: what each sum of money buys",
        "definition": sentences.definition(report),
        "links": [row | {"step": as_json(steps[row["candidate_id"]])} for row in _rows(report.links)],
        **_map_context(report),
    }
    return write_atomically(
        path, _rendered("frontier.html", report, values, {"frontier": picture.read_bytes()})
    )


def _rendered(
    template: str, report: ReportInput, values: dict[str, Any], pictures: dict[str, bytes] | None = None
) -> str:
    from bokeh.embed import json_item

    data = {"map-data": json_item(webmap.draw(report)), "page-data": webmap.gather(report)}
    scripts = [_bokeh_script(), html.text_of("exploring.js"), html.text_of("report.js")]
    values = {"report": report, "layers": webmap.layers(report), "alone": True, **values}
    return html.render(template, values, pictures=pictures, scripts=scripts, data=data)


@cache
def _bokeh_script() -> str:
    from bokeh.resources import Resources

    # The library itself, without the call that sets its log level: that call writes to the console.
    return str(Resources(mode="inline", components=["bokeh"], minified=True).js_raw[0]).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class MapView:
    """A map to pan and zoom, as a page of its own that fetches nothing.

    A notebook shows it in a frame without rights beyond its own two scripts, whose hashes its policy names;
    names of the data enter as escaped text and as JSON alone.

    Attributes
    ----------
    html
        The page.
    """

    html: str

    @classmethod
    def of(cls, report: ReportInput, *, title: str = "") -> MapView:
        """Draw the map of a plan under a title; empty: its headline."""
        return cls(render_map(report, title=title))

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, whole or not at all."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(Path(path), self.html)

    def _repr_html_(self) -> str:
        """Return the map in a frame, for a notebook."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" width="100%" height="640" '
            'style="border:0" title="Map of the plan"></iframe>'
        )


def curves(report: ReportInput) -> dict[str, bytes]:
    """Return the pictures of the page: what each sum of money brings, and what cases change."""
    found = {}
    if report.reach is not None:
        found["reach"] = report.reach.plot()
    if report.cases is not None and report.cases.solved:
        found["cases"] = report.cases.plot()
    if (order := measure_sections.order_curve(report)) is not None:
        found["order"] = order
    return {name: plots.png(figure, dpi=110) for name, figure in found.items()}


def context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the page's template."""
    tiers, pairs = coverage.by_group(report.pairs), report.pairs
    full = report.capacities
    return {
        "title": f"{report.region}: {sentences.headline(report)}",
        "headline": sentences.headline(report),
        "definition": sentences.definition(report),
        "figures": _figures(report, tiers),
        "links": _links(report),
        "per_person_unit": wording.per_person(report.money)[1],
        "tiers": _rows(tiers),
        "cities": _rows(coverage.by_city(report.cities, pairs)),
        "new_pairs": pair_rows(report, coverage.newly_covered(pairs)),
        "beyond": pair_rows(report, coverage.still_beyond(pairs)),
        "near": pair_rows(report, coverage.near_misses(pairs)),
        "proof": _proof(report),
        "meaning": sentences.meaning(report),
        "certificate": sentences.certificate(report),
        "sensitivity": _sensitivity(report),
        "out_of_reach": sentences.out_of_reach(report),
        "near_limit": sentences.near_limit(report),
        "fairness": list(sentences.fairness(report.fairness)),
        "fairness_rows": [] if report.fairness is None else fairness_rows(report.fairness),
        "full_sections": [] if full is None else _rows(full[full["kept_out"] > 0]),
        "reach": report.reach,
        "parts": PARTS,
        "what_if": None if report.cases is None else _what_if(report, report.cases),
        **measure_sections.sections(report),
        **_map_context(report),
        "alone": False,
    }


def _rows(table: pd.DataFrame) -> list[Row]:
    return table.to_dict("records")


def _map_context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the section with the map."""
    categories = set(plots.categories(report.links))
    counts = {row["group"]: int(row["pairs"]) for row in _rows(coverage.by_group(report.pairs))}
    return {
        "limit": wording.short_hours(report.limit_s),
        "categories": [
            (name, stroke.name) for name, stroke in plots.proposals().items() if name in categories
        ],
        "rings": ring_section.section(report),
        "unasked": {
            name: sentences.unasked(name) if name in report.unasked else "" for name in sentences.QUESTIONS
        },
        "cases": None if report.cases is None else report.cases.section(report.links),
        "states": webmap.states(report),
        "first_state": webmap.first_state(report),
        "pairs_by_tier": {"all": counts.pop("all"), **counts},
    }


def _figures(report: ReportInput, tiers: pd.DataFrame) -> list[dict[str, str]]:
    """Return the key figures on top of the page: value, words, note."""
    total = tiers.iloc[-1]
    of = f"of {report.money_of(report.budget)}" if report.budget is not None else report.money
    rows = (
        (
            f"{total['before_pairs']:,} → {total['after_pairs']:,}",
            f"city pairs within {wording.short_hours(report.limit_s)}",
            f"of {total['pairs']:,}; {total['all_built_pairs']:,} with every candidate built",
        ),
        (
            wording.people(coverage.people_gaining(report.cities, report.pairs)),
            "people gain",
            "in the smaller cities of the new pairs, each counted once",
        ),
        (
            wording.integer(report.cost),
            of,
            f"for {sentences.proposals(report)}, central estimate",
        ),
        (wording.gap(report.gap), "gap to the proven bound", sentences.proof(report)),
    )
    return [dict(zip(("value", "words", "note"), row, strict=True)) for row in rows]


def _links(report: ReportInput) -> list[Row]:
    """Return the ranked links, each with what the page says of it beyond its columns."""
    steps, cases = webmap.steps(report), report.cases
    return [
        row
        | {
            "speed": row.get("speed_kmh"),
            "closes": ring_section.closes(report, name),
            "today": row.get("today") or "",
            "setting": _setting(row),
            "replaces": row.get("replaces") or "",
            "minutes": _minutes(row),
            "chosen": "" if cases is None else cases.counted(name),
            "is_core": cases is not None and cases.is_core(name),
            "step": steps.get(name, 0),
        }
        for row in _rows(report.links)
        for name in [row["candidate_id"]]
    ]


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


def _what_if(report: ReportInput, cases: CaseResults) -> list[Row]:
    """Return one row a proposed link: in which plausible cases it is chosen, and what is lost without it."""
    gained: dict[str, Row] = {}
    if report.measures is not None and not report.measures.appraisal.empty:
        gained = {row["candidate_id"]: row for row in _rows(report.measures.appraisal)}
    return [
        row
        | {
            "name": wording.link_name(row),
            "chosen": cases.chosen_in(name),
            "open": cases.chosen_in_open(name),
            "verdict": cases.verdict(name),
            "dropped": "; ".join(cases.dropped_in(name)),
            "lost": int(row["pairs_lost_alone"]),
            "people": int(gained.get(name, {}).get("people_brought", 0)),
        }
        for row in _rows(report.links)
        for name in [row["candidate_id"]]
    ]


def pair_rows(report: ReportInput, pairs: pd.DataFrame) -> list[Row]:
    """Return some pairs with their names and the ranks of the links on the path.

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
        row
        | {
            "pair": f"{names[row['origin']]} – {names[row['destination']]}",
            "via": sorted(ranks[name] for name in row["links"] if name in ranks),
        }
        for row in _rows(pairs)
    ]


def _proof(report: ReportInput) -> list[tuple[str, str]]:
    """Return the lines of the box on optimality."""
    minimises = report.budget is None
    bound = "none" if report.bound is None else f"{report.bound:,.1f}".removesuffix(".0")
    lines = [
        ("Outcome", wording.capitalised(sentences.proof(report))),
        ("Cost, recomputed", report.money_of(report.cost)),
        ("Budget", "none, cost is minimised" if minimises else report.money_of(report.budget or 0)),
        (
            "Objective" if minimises else f"{wording.capitalised(report.counted)}, recomputed",
            wording.integer(report.objective),
        ),
        ("Proven bound", bound),
        ("Source of the bound", wording.capitalised(str(report.bound_source or "not stated"))),
        ("Gap", wording.gap(report.gap)),
    ]
    if not minimises:
        lines.append(("Gap as a share of the gain", wording.gap(report.gap_of_gain)))
    if report.certified is not None:
        certified = report.certified
        lines.append(("Certified bound", f"{certified.bound:,} (gap {wording.gap(certified.gap)})"))
    how = " with ".join(part for part in (report.variant, report.solver) if part)
    return [*lines, ("Solved by", f"{how}, {report.seconds:.1f} s")] if how else lines


def _sensitivity(report: ReportInput) -> dict[str, Any] | None:
    """Return tiers and rows of the table of coverage under other assumptions."""
    table = report.sensitivity
    if table is None or table.empty:
        return None
    groups = coverage.groups_in_order(
        column.rsplit(" ", 1)[0] for column in table.columns if column != "case"
    )
    return {"groups": groups, "rows": _rows(table)}


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

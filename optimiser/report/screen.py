"""Summarise a plan as tables for the terminal."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from optimiser.report import (
    city_cover,
    coverage,
    fairness,
    measure_words,
    out_of_reach,
    ring_words,
    sentences,
    wording,
)
from optimiser.report.inputs import ReportInput

MOST_LINKS = 25
"""Links that are shown; the rest stands in links.csv."""


def summary(report: ReportInput) -> Group:
    """Return everything that the screen shows of a plan: headline, notes, coverage, links.

    Parameters
    ----------
    report
        The plan.
    """
    head = Text(f"{report.region}: {sentences.headline(report)}", style="bold")
    facts = Text(f"cost {sentences.budget(report)} · {sentences.proof(report)}")
    notes = [Text(note, style="bold") for note in report.notes]
    notes += [Text(line) for line in ring_words.told(report)]
    cities = city_cover.sentences(report.city_cover)
    priced = () if report.fairness is None else fairness.sentences(report.fairness)
    said = [
        Text(sentence) for sentence in (*cities, *priced, *_out_of_reach(report), *measure_words.told(report))
    ]
    shown = Group(head, facts, *notes, Text(), coverage_table(report), *said, *_other_assumptions(report))
    tables = [phases_table(report)] if _has_phases(report) else []
    tables += [links_table(report)] if len(report.links) else []
    return Group(shown, *(part for table in tables for part in (Text(), table)))


def coverage_table(report: ReportInput) -> Table:
    """Return pairs within the limit by tier of the smaller city: today, with the plan, with everything.

    Parameters
    ----------
    report
        The plan.
    """
    limit = f"{wording.short_hours(report.limit_s)} {sentences.definition(report)}"
    table = _table(f"City pairs within {limit}, by tier of the smaller city")
    table.add_column("tier")
    for heading in ("pairs", "today", "with the plan", "gained", "all candidates"):
        table.add_column(heading, justify="right")
    rows = coverage.by_group(report.pairs).to_dict("records")
    for row in rows:
        table.add_row(
            escape(row["group"]),
            wording.whole(row["pairs"]),
            *(_counted(row[f"{state}_pairs"], row["pairs"]) for state in ("before", "after")),
            f"+{row['after_pairs'] - row['before_pairs']}",
            _counted(row["all_built_pairs"], row["pairs"]),
            end_section=row is rows[-2],
        )
    return table


def _out_of_reach(report: ReportInput) -> list[str]:
    """Return the pairs that no plan brings within the limit, where the plan is to bring all that it can."""
    told = out_of_reach.sentence(report)
    if report.budget is not None or not told:
        return []
    return [f"{told}; by city, with the time that everything built gives:", *out_of_reach.lines(report)]


def _other_assumptions(report: ReportInput) -> list[Text]:
    """Return a line for each case of the sensitivity, since road times have no local truth."""
    table = report.sensitivity
    if table is None or table.empty:
        return []
    shown = "With {case}: {all before:.0%} of pairs today, {all after:.0%} with the plan"
    return [
        Text(shown.format_map({str(key): value for key, value in row.items()}))
        for row in table.to_dict("records")
    ]


def _has_phases(report: ReportInput) -> bool:
    return report.measures is not None and len(report.measures.phases) > 0


def phases_table(report: ReportInput) -> Table:
    """Return what each period spends, starts and opens, and what is covered from then on.

    Parameters
    ----------
    report
        The plan of a problem with periods, measured.
    """
    table = _table(f"Periods (costs in {report.money}; what is not spent carries over)")
    table.add_column("period")
    for heading in ("spent so far", "of", "started", "opened", "pairs", "weight within the limit"):
        table.add_column(heading, justify="right")
    rows = [] if report.measures is None else report.measures.phases.to_dict("records")
    for row in rows:
        table.add_row(
            escape(str(row["period"])),
            wording.whole(row["spent_so_far"]),
            wording.whole(row["budget_so_far"]),
            *(str(len(str(row[key]).split())) for key in ("starts", "opens")),
            wording.whole(row["pairs_within"]),
            f"{wording.whole(row['weight_within'])} ({100 * row['weight_share']:.1f} %)",
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _counted(part: int, total: int) -> str:
    return f"{wording.whole(part)} ({wording.share(part, total)})"


def links_table(report: ReportInput, *, most: int = MOST_LINKS) -> Table:
    """Return the proposed links, ranked, with cost, length and who gains.

    Parameters
    ----------
    report
        The plan.
    most
        Rows that are shown at most.
    """
    _, unit = wording.per_person(report.money)
    table = _table(f"Proposed links and services (costs in {report.money}), {sentences.ORDER}")
    left = len(report.links) - most
    table.caption = f"and {left} more in links.csv" if left > 0 else None
    table.add_column("#", justify="right")
    table.add_column("link", overflow="fold", min_width=16)
    table.add_column("what", overflow="fold")
    for heading in ("km", "cost", "low – high", "pairs", "people", f"{unit} each".strip()):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.links.head(most).to_dict("records"):
        table.add_row(*_link_cells(row))
    return table


def _link_cells(row: dict[Hashable, Any]) -> tuple[str, ...]:
    return (
        str(row["rank"]),
        escape(f"{row['from_name']} – {row['to_name']}"),
        escape(wording.kind(row["kind"])),
        f"{row['length_km']:.0f}",
        wording.whole(row["cost"]),
        f"{wording.whole(row['cost_low'])} – {wording.whole(row['cost_high'])}",
        str(row["pairs"]),
        wording.people(row["people"]),
        wording.each(row["cost_per_person"]),
    )

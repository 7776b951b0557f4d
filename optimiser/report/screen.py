"""Summarise a plan as tables for the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from optimiser.measures import coverage
from optimiser.report import ring_text, sentences, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.reach import Reach

MOST_LINKS = 25
"""Links that are shown; all are in links.csv."""


def summary(report: ReportInput) -> Group:
    """Return everything that the screen shows of a plan: headline, notes, coverage, links."""
    head = (
        Text(f"{report.region}: {sentences.headline(report)}", style="bold"),
        Text(f"cost {sentences.budget(report)} · {sentences.proof(report)}"),
        *(Text(note, style="bold") for note in (report.screening, *report.notes) if note),
        *map(Text, ring_text.screen_lines(report)),
    )
    meaning = (
        *sentences.city_cover(report.city_cover),
        *sentences.fairness(report.fairness),
        *_out_of_reach(report),
        sentences.certificate(report),
        sentences.near_limit(report),
        *sentences.measures(report),
        *_other_assumptions(report),
        *([] if report.cases is None else report.cases.sentences(report.links)),
    )
    tables = [phases_table(report)] if report.measures is not None and len(report.measures.phases) else []
    tables += [links_table(report)] if len(report.links) else []
    tables += [] if report.reach is None else [reach_table(report.reach)]
    return Group(
        *head,
        Text(),
        coverage_table(report),
        *map(Text, meaning),
        *(part for table in tables for part in (Text(), table)),
    )


def coverage_table(report: ReportInput) -> Table:
    """Return pairs within the limit by tier of the smaller city: today, with the plan, with everything."""
    limit = f"{wording.short_hours(report.limit_s)} {sentences.definition(report)}"
    table = _table(f"City pairs within {limit}, by tier of the smaller city")
    table.add_column("tier")
    for heading in ("pairs", "today", "with the plan", "gained", "all candidates"):
        table.add_column(heading, justify="right")
    rows = coverage.by_group(report.pairs).to_dict("records")
    for row in rows:
        table.add_row(
            escape(row["group"]),
            wording.integer(row["pairs"]),
            *(wording.counted(row[f"{state}_pairs"], row["pairs"]) for state in ("before", "after")),
            f"+{row['after_pairs'] - row['before_pairs']}",
            wording.counted(row["all_built_pairs"], row["pairs"]),
            end_section=row is rows[-2],
        )
    return table


def _out_of_reach(report: ReportInput) -> list[str]:
    """Return the pairs that no plan brings within the limit, where the plan is to bring all that it can."""
    words = sentences.out_of_reach(report)
    if report.budget is not None or not words:
        return []
    return [
        f"{words}; by city, with the time that everything built gives:",
        *sentences.unreached_cities(report),
    ]


def _other_assumptions(report: ReportInput) -> list[str]:
    """Return a line for each case of the sensitivity to road speeds, which are estimates."""
    if report.sensitivity is None:
        return []
    return [
        f"With {row['case']}: {wording.share(row['all before'], 1)} of pairs today, "
        f"{wording.share(row['all after'], 1)} with the plan"
        for row in report.sensitivity.to_dict("records")
    ]


def phases_table(report: ReportInput) -> Table:
    """Return what each period spends, starts and opens, and what is covered from then on.

    Parameters
    ----------
    report
        The plan of a problem with periods, measured.
    """
    table = _table(f"Periods (costs in {report.money}; unspent money carries over)")
    table.add_column("period")
    for heading in ("spent so far", "of", "started", "opened", "pairs", "weight within the limit"):
        table.add_column(heading, justify="right")
    rows = [] if report.measures is None else report.measures.phases.to_dict("records")
    for row in rows:
        table.add_row(
            escape(str(row["period"])),
            wording.integer(row["spent_so_far"]),
            wording.integer(row["budget_so_far"]),
            *(str(len(wording.split_ids(row[key]))) for key in ("starts", "opens")),
            wording.integer(row["pairs_within"]),
            f"{wording.integer(row['weight_within'])} ({wording.percent(row['weight_share'])})",
        )
    return table


def reach_table(found: Reach) -> Table:
    """Return the least cost of each share of the pairs, with its proven bound.

    Parameters
    ----------
    found
        The answers.
    """
    table = _table(f"Least cost of shares of all pairs (in {found.money})")
    table.add_column("pairs")
    for heading in ("share", "asked", "of", "cost", "at least", "gap"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in found.cells():
        table.add_row(
            *(escape(row[key]) for key in ("group", "share", "asked", "total")),
            *(escape(row[key]) for key in ("cost", "bound", "gap", "remark")),
        )
    table.caption = " ".join(found.sentences()) or None
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


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
    if report.cases is not None:
        table.add_column("chosen in", justify="right", no_wrap=True)
    for row in report.links.head(most).to_dict("records"):
        table.add_row(
            str(row["rank"]),
            escape(wording.link_name(row)),
            escape(wording.kind(row["kind"])),
            f"{row['length_km']:.0f}",
            wording.integer(row["cost"]),
            f"{wording.integer(row['cost_low'])} – {wording.integer(row['cost_high'])}",
            str(row["pairs"]),
            wording.people(row["people"]),
            wording.integer(row["cost_per_person"]),
            *([] if report.cases is None else [report.cases.counted(row["candidate_id"])]),
        )
    return table

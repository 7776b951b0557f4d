"""Set two plans side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from optimiser.report import coverage, ring_words, wording
from optimiser.report.inputs import ReportInput, groups_in_order


@dataclass(frozen=True, slots=True)
class Run:
    """What is compared of one run.

    Attributes
    ----------
    name
        As the reader calls it, for example the folder.
    cost, money
        What is built costs, and the unit.
    gap
        Proven gap; None without a bound.
    covered
        By group: pairs within the limit today, with the plan, and in all.
    links
        By id of what is built: a description and its cost.
    rings
        By id of each ring that is asked for: what the plan makes of it, in a sentence.
    """

    name: str
    cost: int
    money: str
    gap: float | None
    covered: dict[str, tuple[int, int, int]]
    links: dict[str, tuple[str, int]]
    rings: dict[str, str] = field(default_factory=dict)


def run(name: str, report: ReportInput) -> Run:
    """Return what is compared of a plan.

    Parameters
    ----------
    name
        As the reader calls the run.
    report
        The plan.
    """
    rows = coverage.by_group(report.pairs).to_dict("records")
    covered = {row["group"]: (row["before_pairs"], row["after_pairs"], row["pairs"]) for row in rows}
    built = {
        row["candidate_id"]: (
            f"{row['from_name']} – {row['to_name']} ({wording.kind(row['kind'])})",
            row["cost"],
        )
        for row in report.links.to_dict("records")
    }
    rings = {ring.id: ring_words.sentence(ring) for ring in report.rings}
    return Run(name, report.cost, report.money, report.gap, covered, built, rings)


def figures(first: Run, second: Run) -> pd.DataFrame:
    """Compare cost, gap, coverage and rings.

    Parameters
    ----------
    first, second
        The runs.

    Returns
    -------
    pandas.DataFrame
        Columns `what`, `first`, `second`, `difference` (text; empty where none can be taken).
    """
    rows = [
        _row(f"cost ({first.money})", first.cost, second.cost, wording.whole),
        ("gap", wording.gap(first.gap), wording.gap(second.gap), ""),
        _row("links built", len(first.links), len(second.links), wording.whole),
    ]
    for group in _groups(first, second):
        none = (0, 0, 0)
        one, other = first.covered.get(group, none), second.covered.get(group, none)
        rows.append(_row(f"{group}: pairs within the limit today", one[0], other[0], wording.whole))
        rows.append(_row(f"{group}: pairs within the limit with the plan", one[1], other[1], wording.whole))
    for name in dict.fromkeys([*first.rings, *second.rings]):
        said, other_said = (run.rings.get(name, "not asked for") for run in (first, second))
        rows.append((f"ring {name}", said, other_said, "none" if said == other_said else ""))
    return pd.DataFrame(rows, columns=["what", "first", "second", "difference"])


def _groups(first: Run, second: Run) -> list[str]:
    names = pd.Series(sorted({*first.covered, *second.covered} - {"all"}), dtype=str)
    return [*groups_in_order(names), "all"]


def _row(what: str, one: int, other: int, words: Callable[[float], str]) -> tuple[str, str, str, str]:
    sign = "+" if other > one else ""
    return what, words(one), words(other), f"{sign}{words(other - one)}" if other != one else "0"


def links(first: Run, second: Run) -> pd.DataFrame:
    """List the links of both runs: those in both, then those in only one.

    Parameters
    ----------
    first, second
        The runs.

    Returns
    -------
    pandas.DataFrame
        Columns `candidate_id`, `link`, `cost`, `built_in` (``both``, ``first`` or ``second``).
    """
    rows = []
    for name in sorted({*first.links, *second.links}):
        where = "both" if name in first.links and name in second.links else "first"
        where = "second" if name not in first.links else where
        link, cost = first.links.get(name) or second.links[name]
        rows.append((name, link, cost, where))
    table = pd.DataFrame(rows, columns=["candidate_id", "link", "cost", "built_in"])
    order = table["built_in"].map({"both": 0, "first": 1, "second": 2})
    return (
        table.assign(_order=order)
        .sort_values(["_order", "candidate_id"])
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def screen(first: Run, second: Run) -> Group:
    """Return both comparisons as tables for the terminal.

    Parameters
    ----------
    first, second
        The runs.
    """
    top = Table(title="Two plans", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("", first.name, second.name, "difference"):
        top.add_column(escape(heading), justify="left" if not heading else "right")
    for cells in figures(first, second).to_numpy():
        top.add_row(*(escape(str(cell)) for cell in cells))
    built = Table(title="Links", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("link", "cost", "built in"):
        built.add_column(heading, justify="right" if heading == "cost" else "left")
    names = {"both": "both", "first": first.name, "second": second.name}
    for row in links(first, second).to_dict("records"):
        built.add_row(escape(row["link"]), wording.whole(row["cost"]), escape(names[row["built_in"]]))
    return Group(top, built)

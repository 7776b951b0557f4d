"""List the pairs that no plan can bring within the limit, since not even everything built does."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pandas as pd

from networks.timegraph import UNREACHABLE
from optimiser.report import coverage, wording
from optimiser.report.inputs import ReportInput


class Missed(NamedTuple):
    """A city and those that no plan brings within the limit of it.

    Attributes
    ----------
    city
        Name.
    others
        Names and times with everything built, nearest first.
    """

    city: str
    others: tuple[tuple[str, int], ...]


def pairs(report: ReportInput) -> pd.DataFrame:
    """Return the pairs beyond their limit with everything built, the nearest to it first.

    Parameters
    ----------
    report
        What to show.
    """
    table = report.pairs
    left = table[~coverage.within(table, state="all_built")]
    return left.sort_values(["all_built_s", "origin", "destination"], kind="stable")


def rows(report: ReportInput) -> list[dict[str, Any]]:
    """Return these pairs for `summary.json`: names, tier, weight, seconds today and with everything built.

    Parameters
    ----------
    report
        What to show; times are None where no way leads.
    """
    names = report.cities["name"].astype(str).to_numpy()
    return [
        {
            "origin": names[row["origin"]],
            "destination": names[row["destination"]],
            "tier": str(row["group"]),
            "weight": int(row["weight"]),
            "today_s": _seconds(row["before_s"]),
            "all_built_s": _seconds(row["all_built_s"]),
        }
        for row in pairs(report).to_dict("records")
    ]


def sentence(report: ReportInput) -> str:
    """Return how many pairs no plan can bring within the limit; empty where there is none.

    Parameters
    ----------
    report
        What to show.
    """
    left = pairs(report)
    if left.empty:
        return ""
    by_tier = ", ".join(f"{count} {tier}" for tier, count in left["group"].value_counts().items())
    return (
        f"{len(left)} of {len(report.pairs)} pairs ({by_tier}) stay beyond {wording.hours(report.limit_s)} "
        "whatever is built of these candidates"
    )


def by_city(report: ReportInput) -> tuple[Missed, ...]:
    """Return these pairs by city, each pair once, in few rows.

    Parameters
    ----------
    report
        What to show.

    Notes
    -----
    The city with most pairs left takes them all, then the next (the greedy cover of a graph's edges).
    """
    names = report.cities["name"].astype(str).tolist()
    left = [
        (int(row["origin"]), int(row["destination"]), int(row["all_built_s"]))
        for row in pairs(report).to_dict("records")
    ]
    found = []
    while left:
        counts = Counter(city for a, b, _ in left for city in (a, b))
        most = min(counts, key=lambda city: (-counts[city], city))
        mine = [(b if a == most else a, s) for a, b, s in left if most in (a, b)]
        found.append(Missed(names[most], tuple((names[other], s) for other, s in mine)))
        left = [row for row in left if most not in row[:2]]
    return tuple(found)


def lines(report: ReportInput) -> list[str]:
    """Return a line a city (`by_city`): its name, and the others with their best times."""
    return [
        f"{row.city}: " + ", ".join(f"{name} {wording.clock(seconds)}" for name, seconds in row.others)
        for row in by_city(report)
    ]


def _seconds(value: int) -> int | None:
    return None if value >= UNREACHABLE else int(value)

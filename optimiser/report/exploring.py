"""Gather what a reader of the page can explore: states of the build order, times of all pairs, cities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from anyascii import anyascii
from numpy.typing import NDArray

from networks.timegraph import UNREACHABLE
from optimiser.measures import coverage
from optimiser.problem.model import TIERS
from optimiser.report import style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.reach import PARTS
from optimiser.report.ring_layout import RingShown

FIRST_OTHER = 0x250
"""First code point beyond the Latin letters that every font has."""

NO_PATH = -1
"""Minutes of a pair that no path joins, in the data of the page."""


type Shown = int | list[int]
"""When something is there: from a step of the build order on, or at the listed points of a frontier."""


def steps(report: ReportInput) -> dict[str, Shown]:
    """Return when each proposed link is there, by id; empty where there is nothing to choose from."""
    if report.points:
        return {
            name: [at for at, point in enumerate(report.points) if name in point.built]
            for name in report.links["candidate_id"].astype(str)
        }
    if report.measures is None:
        return {}
    table = report.measures.build_order
    if table.empty:  # nothing is built
        return {}
    return {str(name): int(step) for name, step in zip(table["candidate_id"], table["step"], strict=True)}


def closing_step(ring: RingShown, built_at: Mapping[str, Any]) -> int:
    """Return the step of the build order at which a ring is closed; 0 where nothing has to be built."""
    return max((built_at.get(name, 0) for name in ring.candidates), default=0)


def states(report: ReportInput) -> list[dict[str, Any]]:
    """Return the states that a reader chooses from; empty where there is none.

    They are those after each step of the build order, or the points of a frontier.

    Returns
    -------
    list of dict
        `words` on what is built, `spent` (money, in words), `share` (of the weight, in words) and `pairs`
        within the limit: of all, then of each tier.
    """
    if report.points:
        return list(_points(report))
    if report.measures is None or len(report.measures.build_order) < 2:
        return []
    tiers = coverage.groups_in_order(report.pairs["group"])
    rows = report.measures.build_order.to_dict("records")
    return [
        {
            "words": _built_words(report, row, len(rows) - 1),
            "spent": wording.integer(row["cost_so_far"]),
            "share": wording.percent(row["weight_share"]),
            "pairs": [int(row["pairs_within"]), *(int(row[f"pairs_within_{tier}"]) for tier in tiers)],
        }
        for row in rows
    ]


def _built_words(report: ReportInput, row: Mapping[Any, Any], last: int) -> str:
    """Return what is built after a step of the build order, in a sentence."""
    step = int(row["step"])
    if not step:
        return "Today: nothing is built."
    rank = report.ranks.get(row["candidate_id"])
    number = "" if rank is None else f"number {rank}, "
    every = "all " if step == last else ""
    return f"Built: {every}{step} of {last} proposals, the last one {number}{wording.link_name(row)}."


def _points(report: ReportInput) -> Iterator[dict[str, Any]]:
    """Yield the points of a frontier as states."""
    group = report.pairs["group"].to_numpy()
    tiers = coverage.groups_in_order(report.pairs["group"])
    for number, point in enumerate(report.points, start=1):
        mine = group[sorted(point.covered)]
        many = len(point.built)
        words = [f"Point {number} of {len(report.points)}: {many} link{'' if many == 1 else 's'}"]
        words += ["the knee"] if point.is_knee else []
        words += [f"forms {', '.join(point.rings)}"] if point.rings else []
        words += ["no bound"] if point.gap is None else [f"gap {wording.gap(point.gap)}"]
        yield {
            "words": f"{', '.join(words)}.",
            "spent": wording.integer(point.cost),
            "share": wording.percent(point.share),
            "pairs": [len(mine), *(int((mine == tier).sum()) for tier in tiers)],
        }


def first_state(report: ReportInput) -> int:
    """Return the state that the page shows first: the knee of a frontier, else the last one."""
    knees = [at for at, point in enumerate(report.points) if point.is_knee]
    return knees[0] if knees else max(0, len(states(report)) - 1)


def city_order(cities: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows of the cities by tier, largest tier first, then by people, int64 [cities]."""
    place = {tier: at for at, tier in enumerate(TIERS)}
    table = cities.assign(_tier=[place.get(tier, len(place)) for tier in cities["tier"]])
    order = table.sort_values(["_tier", "population"], ascending=[True, False], kind="stable").index
    return np.asarray(order, dtype=np.int64)


def gather(report: ReportInput) -> dict[str, Any]:
    """Return the data of the page's script, of plain values.

    Returns
    -------
    dict
        `cities`: name, tier, people, in the order of `city_order`; `rows`: place of each row of the table of
        cities in that order; `latin`: names with other than Latin letters, and their transliterations, for
        readers without a font; `pairs`: two places, minutes today, with the plan and with everything built
        (`NO_PATH` where no path leads), limit in minutes, a number whose bits say in which of
        `coverage.STATES` the pair is within its limit, and when it is, as `Shown` (-1: never; without an
        order 0 or 1); `parts` and `trips`: names of the parts of a trip, and by
        position of a pair that stays beyond its limit the minutes of each part with the plan; `states` as of
        the function, and `first`, the one that is shown first.
    """
    order = city_order(report.cities)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    cities = report.cities.iloc[order]
    known = None if report.measures is None else report.measures.seconds
    found = states(report)
    return {
        "limit": wording.short_hours(report.limit_s),
        "money": report.money,
        "cities": [
            [str(name), style.tier(tier).name, wording.people(people)]
            for name, tier, people in zip(cities["name"], cities["tier"], cities["population"], strict=True)
        ],
        "rows": place.tolist(),
        "latin": _transliterations(report),
        "pairs": _pairs(report, place, known if found else None),
        "parts": list(PARTS.values()),
        "trips": {} if known is None else _trips(report, known),
        "states": found,
        "first": first_state(report),
    }


def _transliterations(report: ReportInput) -> dict[str, str]:
    columns = [report.cities["name"], report.links["from_name"], report.links["to_name"]]
    names = {str(name) for column in columns for name in column} | {report.region}
    return {name: anyascii(name) for name in sorted(names) if max(map(ord, name), default=0) >= FIRST_OTHER}


def _pairs(report: ReportInput, place: NDArray[np.int64], known: pd.DataFrame | None) -> list[list[Any]]:
    pairs = report.pairs
    within = sum(
        coverage.within(pairs, state=state).to_numpy(dtype=np.int64) << bit
        for bit, state in enumerate(coverage.STATES)
    )
    plain = np.select([coverage.within(pairs, state=state) for state in ("before", "after")], [0, 1], -1)
    columns = [
        place[pairs["origin"].to_numpy(dtype=np.int64)],
        place[pairs["destination"].to_numpy(dtype=np.int64)],
        *(_minutes(pairs[f"{state}_s"]) for state in coverage.STATES),
        _minutes(pairs["limit_s"]),
        within,
        known["step"] if known is not None and "step" in known else plain,
    ]
    table: list[list[Any]] = np.column_stack([np.asarray(one, dtype=np.int64) for one in columns]).tolist()
    if not report.points:
        return table
    points = list(enumerate(report.points))
    shown = ([at for at, point in points if row in point.covered] for row in range(len(table)))
    return [[*row[:-1], one] for row, one in zip(table, shown, strict=True)]


def _minutes(seconds: pd.Series) -> NDArray[np.int64]:
    """Return whole minutes, rounded up as in `wording.minutes`; `NO_PATH` where no path leads."""
    values = seconds.to_numpy(dtype=np.int64)
    return np.where(values >= UNREACHABLE, NO_PATH, -(-values // 60))


def _trips(report: ReportInput, known: pd.DataFrame) -> dict[int, list[int]]:
    """Return the minutes by part of the trips that stay beyond the limit, by position of the pair."""
    beyond = ~coverage.within(report.pairs, state="after").to_numpy(dtype=bool)
    beyond &= report.pairs["after_s"].to_numpy(dtype=np.int64) < UNREACHABLE
    columns = [f"{part}_s" for part in PARTS]
    if not set(columns) <= set(known.columns):
        return {}
    minutes = np.rint(known[columns].to_numpy(dtype=np.float64) / 60).astype(np.int64)
    return {int(row): minutes[row].tolist() for row in np.flatnonzero(beyond)}

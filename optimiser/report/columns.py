"""List the columns of the tables that an analyst sees, each with its meaning."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from optimiser.report import ring_tables, sweep, tables

_POINT, _LINE = "point in degrees, EPSG:4326", "line in degrees, EPSG:4326"

CITIES = {
    "city_id": "id of the city",
    "name": "name",
    "tier": "core, secondary or small, by built-up population",
    "population": "people of the built-up area",
    "partners": "pairs of the city",
    "before": "of these within the limit today",
    "after": "of these within the limit with the plan",
    "worst_before": "the farthest city today; empty without partners",
    "worst_before_s": "seconds to it",
    "worst_after": "the farthest city with the plan",
    "worst_after_s": "seconds to it",
    "geometry": _POINT,
}
"""Columns of the table of cities and their meaning; columns of the user's own file follow."""

PAIRS = {
    "origin": "name of the larger city",
    "destination": "name of the smaller city",
    "group": "tier of the smaller city",
    "weight": "weight of the pair, without the factor of its tier",
    "limit_s": "time limit, seconds",
    "before_s": "seconds today; empty where no path leads",
    "after_s": "seconds with the plan",
    "all_built_s": "seconds with every candidate built",
    "within_before": "whether the pair is within its limit today",
    "within_after": "whether it is with the plan",
    "within_all_built": "whether it is with every candidate built",
    "links": "ids of the proposed links on its path; empty where it is covered today",
    "geometry": f"straight {_LINE}",
}
"""Columns of the table of pairs and their meaning."""

LINKS = {**tables.COLUMNS, "geometry": _LINE}
"""Columns of the table of links and their meaning."""

RINGS = {**ring_tables.COLUMNS, "geometry": f"closed {_LINE}; none where the ring is not formed"}
"""Columns of the table of rings and their meaning."""

RING_LEGS = {**ring_tables.LEGS, "geometry": _LINE}
"""Columns of the stretches of rings between cities, and their meaning."""

CANDIDATES = {
    **{
        name: words
        for name, words in tables.COLUMNS.items()
        if name in tables.DESCRIBED or name == "candidate_id"
    },
    "fixed": "in: must be built; out: must not; empty: free",
    "built": "whether the plan builds it",
    "geometry": _LINE,
}
"""Columns of the table of candidates and their meaning."""

SERVED = {
    "origin": "one end of the pair",
    "destination": "the other end",
    "tier": "tier of the smaller city",
    "weight": "weight of the pair",
    "today_min": "minutes today, rounded up; empty where no path leads",
    "with_min": "minutes with the whole plan",
    "without_min": "minutes with the plan but for this link",
    "needs_it": "whether the pair falls beyond the limit without the link",
}
"""Columns of the pairs that a link serves, and their meaning."""

SWAPS = {
    "change": "in: built in place of the link; out: built no longer",
    "candidate_id": "id in problem.json",
    "kind": "what is built or opened",
    "from_name": "where it begins",
    "to_name": "where it ends",
    "cost": "central cost, in the money of the problem",
}
"""Columns of the links that change when a link may not be built, and their meaning."""

MOVED = {
    "origin": "one end of the pair",
    "destination": "the other end",
    "tier": "tier of the smaller city",
    "weight": "weight of the pair",
    "change": "lost: no longer within the limit; gained: newly within it",
}
"""Columns of the pairs that change when a link may not be built, and their meaning."""

ALTERNATIVES = {
    "candidate_id": "id in problem.json",
    "kind": "what would be built or opened",
    "from_name": "where it begins",
    "to_name": "where it ends",
    "cost": "central cost, in the money of the problem",
    "gain_s": "seconds that it saves between its ends, built alone; empty without a way of today",
    "same_ends": "whether it joins the ends of the link, or stands at its station",
    "pairs_kept": "pairs that need the link and stay within the limit with this in its place",
    "affordable": "whether the budget pays for it in place of the link",
}
"""Columns of candidates that the link beats, and their meaning."""

COMPARED_LINKS = {
    "number": "number on the map",
    "built_in": "both, first or second",
    "candidate_id": "id in problem.json",
    "kind": "what is built or opened",
    "from_name": "where it begins",
    "to_name": "where it ends",
    "length_km": "kilometres",
    "cost": "central cost, in the money of the problem",
    "rank_first": "rank in the first plan; empty where it does not build the link",
    "rank_second": "rank in the second plan",
    "geometry": "line in degrees, EPSG:4326",
}
"""Columns of the links of two plans, and their meaning."""

COMPARED_PAIRS = {
    "origin": "name of the larger city",
    "destination": "name of the smaller city",
    "tier": "tier of the smaller city",
    "within": "first or second: the plan that brings the pair within its limit",
    "today_min": "minutes today, rounded up; empty where no path leads",
    "first_min": "minutes with the first plan",
    "second_min": "minutes with the second plan",
}
"""Columns of the pairs that only one of two plans brings within the limit, and their meaning."""

DICTIONARY: Mapping[str, Mapping[str, str]] = {
    "links": LINKS,
    "cities": CITIES,
    "pairs": PAIRS,
    "rings": RINGS,
    "ring_legs": RING_LEGS,
    "ring_overlaps": ring_tables.OVERLAPS,
    "candidates": CANDIDATES,
    "why.pairs": SERVED,
    "why.swaps": SWAPS,
    "why.moved": MOVED,
    "why.alternatives": ALTERNATIVES,
    "compare.links": COMPARED_LINKS,
    "compare.pairs": COMPARED_PAIRS,
    "sweep.links": sweep.LINKS,
    "sweep.by_factor": sweep.SHARES_BY_FACTOR,
    "sweep.indices": sweep.INDEX_TABLE,
    "sweep.regret": sweep.REGRET_TABLE,
}
"""Columns of each table of a run, of `why`, of `compare` and of a sweep, and their meaning."""


def dictionary() -> pd.DataFrame:
    """Return every column of every table: index `table` and `column`, column `meaning`."""
    rows = [
        (table, column, meaning)
        for table, columns in DICTIONARY.items()
        for column, meaning in columns.items()
    ]
    return pd.DataFrame(rows, columns=["table", "column", "meaning"]).set_index(["table", "column"])

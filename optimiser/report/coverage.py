"""Count who is within the limit, before and after a plan."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from networks.timegraph import UNREACHABLE
from optimiser.report.inputs import ReportInput, groups_in_order

STATES = ("before", "after", "all_built")


def within(pairs: pd.DataFrame, *, state: str) -> pd.Series:
    """Return which pairs are within their limit: ``before``, ``after`` or with ``all_built``."""
    result: pd.Series = pairs[f"{state}_s"] <= pairs["limit_s"]
    return result


def newly_covered(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that the plan brings within the limit, those that gain most time first."""
    new = pairs[within(pairs, state="after") & ~within(pairs, state="before")]
    return new.sort_values(["after_s", "origin", "destination"], kind="stable")


def still_beyond(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that stay beyond the limit, the nearest to it first."""
    left = pairs[~within(pairs, state="after")]
    return left.sort_values(["after_s", "origin", "destination"], kind="stable")


def near_misses(pairs: pd.DataFrame, *, margin_s: int = 60) -> pd.DataFrame:
    """Return the pairs whose time with the plan is within `margin_s` seconds of the limit, on either side."""
    away = (pairs["after_s"] - pairs["limit_s"]).abs()
    return pairs[(away <= margin_s) & (pairs["after_s"] < UNREACHABLE)]


def by_group(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count pairs and weight within the limit for each group, and for all.

    Parameters
    ----------
    pairs
        The `pairs` table of `ReportInput`.

    Returns
    -------
    pandas.DataFrame
        Rows: groups, then ``all``; columns `group`, `pairs`, `weight`, and `<state>_pairs`, `<state>_weight`
        for the states before, after and all_built (int64).
    """
    rows = [_count(pairs[pairs["group"] == group], group) for group in groups_in_order(pairs["group"])]
    return pd.DataFrame([*rows, _count(pairs, "all")])


def _count(pairs: pd.DataFrame, group: str) -> dict[str, object]:
    row: dict[str, object] = {"group": group, "pairs": len(pairs), "weight": int(pairs["weight"].sum())}
    for state in STATES:
        inside = within(pairs, state=state)
        row[f"{state}_pairs"] = int(inside.sum())
        row[f"{state}_weight"] = int(pairs.loc[inside, "weight"].sum())
    return row


def by_city(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    """Count for each city the partners within the limit, and name its farthest one.

    Parameters
    ----------
    cities, pairs
        The tables of `ReportInput`.

    Returns
    -------
    geopandas.GeoDataFrame
        The cities, with `partners`, `before`, `after` (pairs within the limit, int64), `worst_before`,
        `worst_after` (name of the farthest partner, empty without partners) and `worst_before_s`,
        `worst_after_s` (int64).
    """
    both = _both_ways(pairs)
    table = cities.copy()
    count = len(cities)
    table["partners"] = np.bincount(both["city"], minlength=count)
    names = cities["name"].astype(str).to_numpy()
    for state in ("before", "after"):
        inside = both[both[f"{state}_s"] <= both["limit_s"]]
        table[state] = np.bincount(inside["city"], minlength=count)
        worst = both.sort_values(f"{state}_s", kind="stable").drop_duplicates("city", keep="last")
        worst = worst.set_index("city").reindex(range(count))
        partner = worst["partner"].fillna(-1).astype(np.int64).to_numpy()
        table[f"worst_{state}"] = np.where(partner >= 0, names[partner], "")
        table[f"worst_{state}_s"] = worst[f"{state}_s"].fillna(0).astype(np.int64).to_numpy()
    return table


def _both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    columns = ["limit_s", "before_s", "after_s"]
    ends = [("origin", "destination"), ("destination", "origin")]
    return pd.concat(
        [pairs[columns].assign(city=pairs[a], partner=pairs[b]) for a, b in ends], ignore_index=True
    )


def people_gaining(report: ReportInput) -> int:
    """Return how many people live in the smaller cities of newly covered pairs, each city counted once."""
    return people_of(report.cities, newly_covered(report.pairs))


def people_of(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> int:
    """Return the population of the smaller cities of these pairs, each city counted once."""
    population = cities["population"].to_numpy()
    ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    if not len(ends):
        return 0
    smaller = ends[np.arange(len(ends)), np.argmin(population[ends], axis=1)]
    return int(population[np.unique(smaller)].sum())

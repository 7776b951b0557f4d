"""Count pairs, cities and people within the limit, before and after a plan, and state what fairness costs.

A pair table has one row an unordered pair of cities: `origin`, `destination` (int64, rows of the table of
cities), `group` (tier of the smaller city), `weight`, `limit_s`, and the times `before_s` (today), `after_s`
(with the plan) and `all_built_s` (with every candidate built), int64, seconds.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimiser.problem.model import TIERS

STATES = ("before", "after", "all_built")
"""Prefixes of columns: today, with the plan, with every candidate built."""


def groups_in_order(groups: Iterable[str]) -> list[str]:
    """Return the distinct groups: known tiers first, largest cities first, then the others by name."""
    there = set(groups)
    return [tier for tier in TIERS if tier in there] + sorted(there - set(TIERS))


def within(pairs: pd.DataFrame, *, state: str) -> pd.Series:
    """Return a mask of the pairs within their limit in one of `STATES`."""
    return pairs[f"{state}_s"].le(pairs["limit_s"])


def newly_covered(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that the plan brings within the limit, fastest first."""
    return _fastest_first(pairs[within(pairs, state="after") & ~within(pairs, state="before")])


def still_beyond(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that stay beyond the limit with the plan, nearest to it first."""
    return _fastest_first(pairs[~within(pairs, state="after")])


def out_of_reach(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs beyond the limit even with every candidate built, nearest to it first."""
    return _fastest_first(pairs[~within(pairs, state="all_built")], state="all_built")


NEAR_S = 300
"""Seconds within which a pair lies near its limit."""


def near_limit(pairs: pd.DataFrame) -> tuple[int, int]:
    """Return how many pairs lie at most `NEAR_S` within, and beyond, their limit with the plan."""
    slack = pairs["limit_s"] - pairs["after_s"]
    inside, outside = slack.between(0, NEAR_S), slack.between(-NEAR_S, -1)
    return int(inside.sum()), int(outside.sum())


def _fastest_first(pairs: pd.DataFrame, *, state: str = "after") -> pd.DataFrame:
    return pairs.sort_values([f"{state}_s", "origin", "destination"], kind="stable")


def by_group(pairs: pd.DataFrame) -> pd.DataFrame:
    """Count pairs and weight within the limit for each group, and for all.

    Parameters
    ----------
    pairs
        Pair table.

    Returns
    -------
    pandas.DataFrame
        Rows: groups, then ``all``; columns `group`, `pairs`, `weight`, and `<state>_pairs`, `<state>_weight`
        for each of `STATES` (int64).
    """
    rows = list[dict[str, object]]()
    for group in [*groups_in_order(pairs["group"]), "all"]:
        own = pairs if group == "all" else pairs[pairs["group"] == group]
        rows.append({"group": group, "pairs": len(own), "weight": int(own["weight"].sum())})
        for state in STATES:
            inside = own[within(own, state=state)]
            rows[-1] |= {f"{state}_pairs": len(inside), f"{state}_weight": int(inside["weight"].sum())}
    return pd.DataFrame(rows)


def by_city[Cities: pd.DataFrame](cities: Cities, pairs: pd.DataFrame) -> Cities:
    """Count for each city the other cities within the limit, and name the farthest one.

    Parameters
    ----------
    cities
        Columns `name` and more, index 0..n-1.
    pairs
        Pair table.

    Returns
    -------
    pandas.DataFrame
        The cities, with `partners` (pairs of the city), `before`, `after` (those within the limit, int64),
        `worst_before`, `worst_after` (name of the farthest partner, empty without partners) and
        `worst_before_s`, `worst_after_s` (int64).
    """
    columns = ["limit_s", "before_s", "after_s"]
    ends = [("origin", "destination"), ("destination", "origin")]
    both = pd.concat(
        [pairs[columns].assign(city=pairs[a], partner=pairs[b]) for a, b in ends], ignore_index=True
    )
    table, count = cities.copy(), len(cities)
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


def people_gaining(cities: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """Return the population of the smaller cities of newly covered pairs, each city counted once."""
    population = cities["population"].to_numpy()
    ends = newly_covered(pairs)[["origin", "destination"]].to_numpy(dtype=np.int64)
    smaller = ends[np.arange(len(ends)), np.argmin(population[ends], axis=1)]
    return int(population[np.unique(smaller)].sum())


@dataclass(frozen=True, slots=True)
class TierPrice:
    """Covered weight of one tier's pairs, in weights without factors.

    Attributes
    ----------
    tier
        Its name.
    coverable
        With everything built.
    today
        With nothing built.
    plan
        With the plan, which meets the demands.
    free
        With the best plan of the same budget without demands.
    """

    tier: str
    coverable: int
    today: int
    plan: int
    free: int

    @property
    def gained(self) -> int:
        """Return the weight that the demands bring to the tier; negative where it loses."""
        return self.plan - self.free


@dataclass(frozen=True, slots=True)
class Fairness:
    """What the demands of a job change, and what they cost.

    Attributes
    ----------
    demands
        What is demanded, each in words that finish "the plan is asked for".
    tiers
        Each tier, largest cities first.
    free_gap
        Gap to which the plan without demands is proven; None without a bound.
    only_plan, only_free
        Ids of what only the plan builds, and of what only the plan without demands builds.
    cost_of_both
        Least cost of a plan in which each tier that the demands favour keeps what it has, and as much is
        covered in all as without demands; None where it was not found.
    both_proven
        Whether no cheaper one exists within the gap asked for.
    worth_plan, worth_free
        Objective without demands of the plan, and of the plan without demands.
    counted
        What that objective adds up, in words.
    budget
        Money that could be spent.
    money
        Its unit.
    """

    demands: tuple[str, ...]
    tiers: tuple[TierPrice, ...]
    free_gap: float | None
    only_plan: tuple[str, ...]
    only_free: tuple[str, ...]
    cost_of_both: int | None
    both_proven: bool
    worth_plan: int
    worth_free: int
    counted: str
    budget: int
    money: str

    @property
    def lost(self) -> int:
        """Return what the demands cost of the objective without them."""
        return self.worth_free - self.worth_plan

    def as_dict(self) -> dict[str, Any]:
        """Return the value for `summary.json`, with what follows from it.

        Notes
        -----
        Bertsimas, Farias and Trichakis (2011), The price of fairness, Operations Research 59, 17-31.
        """
        price = self.lost / self.worth_free if self.worth_free else 0.0
        return {**asdict(self), "lost": self.lost, "price_of_fairness": round(price, 9)}

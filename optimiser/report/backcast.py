"""Show a back-cast: what was proposed for a past day, beside what was built since."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from optimiser.measures.recall import MODES, Recall

CHOOSERS: Mapping[str, str] = {
    "plan": "polyring, whole toolbox",
    "plan_lines": "polyring, lines alone",
    "population": "population over distance",
    "population_per_cost": "the same per cost",
    "towards_core": "towards the core",
    "random": "random",
    "everything": "every line proposed",
}
"""Who chooses, by name, in the order of tables."""

PLANS = ("plan", "plan_lines")
"""Choosers that are plans of the model."""

PURSES: Mapping[str, str] = {"one": "one purse", "by_mode": "a purse by mode"}
"""How the money is divided, by name."""

POOLS: Mapping[str, str] = {
    "proposed": "the lines that polyring proposes",
    "neighbours": "straight lines between all neighbouring cities",
}
"""What is chosen from, by name."""

FIGURES = ("road", "rail", "both", "any")
"""Recalls: of each mode, of both by lines of their own mode, and of both by lines of either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one chooser builds with one amount of money.

    Attributes
    ----------
    chooser, pool, purse
        Of `CHOOSERS`, `POOLS` and `PURSES`.
    share
        Share of the money spent since; None for everything that is proposed.
    draw
        Seed of a random choice; None for all others.
    money
        Most that may be spent.
    cost, lines_cost
        What is spent, and what of it on lines: the rest goes to trains and measures at stations.
    lines
        Ids of the lines built.
    recall
        What they find.
    pairs
        Pairs of cities within the limit; None where it is not known.
    gap
        Proven gap of a plan; None for rules, and for plans without a bound.
    """

    chooser: str
    pool: str
    purse: str
    share: float | None
    money: int
    cost: int
    lines_cost: int
    lines: tuple[str, ...]
    recall: Recall
    draw: int | None = None
    pairs: int | None = None
    gap: float | None = None

    def figure(self, name: str) -> float | None:
        """Return one of `FIGURES`."""
        if name in MODES:
            return self.recall.share(name)
        return self.recall.both if name == "both" else self.recall.any


@dataclass(frozen=True, slots=True, kw_only=True)
class Backcast:
    """A back-cast.

    Attributes
    ----------
    region, attribution
        Name for people, and the notice that maps carry.
    day
        The day whose network the proposals start from.
    money, limit_s, near_km
        Unit of money, time limit, and how near a proposal must come, km.
    spent
        Money spent since by mode.
    choices
        What was chosen.
    pairs
        `total`, and within the limit: `then` (on that day) and `today` (with what was built).
    corridors
        Rows of `corridors.csv`.
    built
        Lines of the corridors that count: columns `id`, `mode`, `share_found`, `ends_at_cities` (number of
        cities that the corridor ends at), `km`, `geometry` (degrees).
    lines
        Lines proposed: columns `candidate_id`, `mode`, `geometry` (degrees).
    network
        Expressways and railways of that day: columns `mode`, `geometry` (degrees).
    cities
        Cities: columns `name`, `tier`, `population`, `geometry`.
    shown
        The choice on the map.
    """

    region: str
    attribution: str
    day: date
    money: str
    limit_s: int
    near_km: float
    spent: Mapping[str, int]
    choices: tuple[Choice, ...]
    pairs: Mapping[str, int]
    corridors: pd.DataFrame
    built: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    network: gpd.GeoDataFrame
    cities: gpd.GeoDataFrame
    shown: Choice

    def of(self, chooser: str, *, purse: str, pool: str = "proposed") -> list[Choice]:
        """Return the choices of a chooser, by rising money; of random ones all draws."""
        return [
            one
            for one in self.choices
            if (one.chooser, one.purse, one.pool) == (chooser, purse, pool) and one.share is not None
        ]

    @property
    def joining_km(self) -> float:
        """Return the km built of corridors that end at two of the cities."""
        return float(self.built["km"][self.built["ends_at_cities"] == 2].sum())


def table(choices: Iterable[Choice]) -> pd.DataFrame:
    """Return the rows of `backcast.csv`, one a choice."""
    return pd.DataFrame(_row(one) for one in choices).astype({"draw": "Int64", "pairs": "Int64"})


def _row(one: Choice) -> dict[str, Any]:
    recall = one.recall
    return {
        "chooser": one.chooser,
        "pool": one.pool,
        "purse": one.purse,
        "share": one.share,
        "draw": one.draw,
        "money": one.money,
        "cost": one.cost,
        "lines_cost": one.lines_cost,
        "lines": len(one.lines),
        "proposed_km": round(recall.proposed_km, 1),
        **{f"recall_{name}": _rounded(one.figure(name)) for name in FIGURES},
        **{f"found_{mode}": recall.found[mode] for mode in MODES},
        "precision": _rounded(recall.precision),
        "pairs": one.pairs,
        "gap": one.gap,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def choice_table(choices: Iterable[Choice]) -> pd.DataFrame:
    """Return the rows of `choices.csv`: one a line that a chooser builds; random draws are left out."""
    rows = [
        (one.chooser, one.pool, one.purse, one.share, name)
        for one in choices
        if one.draw is None and one.share is not None
        for name in one.lines
    ]
    return pd.DataFrame(rows, columns=["chooser", "pool", "purse", "share", "candidate_id"])


@dataclass(frozen=True, slots=True)
class Mean:
    """What a chooser finds with a share of the money: of random choices the mean, least and largest.

    Attributes
    ----------
    share
        Share of the money.
    middle, least, most
        By name of `FIGURES`; None where nothing of the mode was built.
    lines_cost, proposed_km, found, pairs
        Means over the draws; `found` by mode.
    """

    share: float
    middle: Mapping[str, float | None]
    least: Mapping[str, float | None]
    most: Mapping[str, float | None]
    lines_cost: float
    proposed_km: float
    found: Mapping[str, float]
    pairs: float | None


def means(choices: Sequence[Choice]) -> list[Mean]:
    """Return what a chooser finds, by rising share of the money.

    Parameters
    ----------
    choices
        Choices of one chooser from one pool with one division of the money.
    """
    shares = sorted({one.share for one in choices if one.share is not None})
    return [_mean(share, [one for one in choices if one.share == share]) for share in shares]


def found_by_chooser(found: Backcast, purse: str) -> pd.DataFrame:
    """Return what each chooser finds of what was built, by rising share of the money.

    Parameters
    ----------
    found
        The back-cast.
    purse
        Of `PURSES`.

    Returns
    -------
    pandas.DataFrame
        `chooser`, `money` (share of what was spent), shares of the built km by name of `FIGURES`, corridors
        found, and pairs of cities within the limit.
    """
    rows = [
        {
            "chooser": name,
            "money": mean.share,
            **mean.middle,
            "corridors": sum(mean.found.values()),
            "pairs": mean.pairs,
        }
        for chooser, name in CHOOSERS.items()
        for mean in means(found.of(chooser, purse=purse))
    ]
    return pd.DataFrame(rows, columns=["chooser", "money", *FIGURES, "corridors", "pairs"])


def against_rules(found: Backcast, purse: str) -> pd.DataFrame:
    """Return what the plan of lines alone finds of the km built, beside the best rule among the same lines.

    Parameters
    ----------
    found, purse
        As for `found_by_chooser`.

    Returns
    -------
    pandas.DataFrame
        A row for each share of the money (index `money`): `plan`, the share that it finds; `best_rule` and
        `rule`, what that one finds; `more`, whether the plan finds more than every rule, the mean of the
        random choices among them.
    """
    rules = [name for name in CHOOSERS if name not in (*PLANS, "everything")]
    finds = {
        name: {mean.share: mean.middle["both"] or 0.0 for mean in means(found.of(name, purse=purse))}
        for name in ("plan_lines", *rules)
    }
    rows = []
    for share, plan in finds["plan_lines"].items():
        best = max((name for name in rules if share in finds[name]), key=lambda name: finds[name][share])
        rule = finds[best][share]
        rows.append((share, plan, CHOOSERS[best], rule, plan > rule))
    return pd.DataFrame(rows, columns=["money", "plan", "best_rule", "rule", "more"]).set_index("money")


def _mean(share: float, draws: Sequence[Choice]) -> Mean:
    figures = {name: [value for one in draws if (value := one.figure(name)) is not None] for name in FIGURES}
    pairs = [one.pairs for one in draws if one.pairs is not None]
    return Mean(
        share=share,
        middle={name: statistics.fmean(values) if values else None for name, values in figures.items()},
        least={name: min(values, default=None) for name, values in figures.items()},
        most={name: max(values, default=None) for name, values in figures.items()},
        lines_cost=statistics.fmean(one.lines_cost for one in draws),
        proposed_km=statistics.fmean(one.recall.proposed_km for one in draws),
        found={mode: statistics.fmean(one.recall.found[mode] for one in draws) for mode in MODES},
        pairs=statistics.fmean(pairs) if pairs else None,
    )


def summary(found: Backcast) -> dict[str, Any]:
    """Return the contents of `backcast.json`."""
    return {
        "format": "polyring-backcast/1",
        "region": found.region,
        "as_of": str(found.day),
        "money": found.money,
        "limit_s": found.limit_s,
        "near_km": found.near_km,
        "spent": dict(found.spent),
        "corridors": {mode: found.shown.recall.corridors[mode] for mode in MODES},
        "built_km": {mode: round(found.shown.recall.built_km[mode], 1) for mode in MODES},
        "joining_two_cities_km": round(found.joining_km, 1),
        "pairs": dict(found.pairs),
        "everything": {
            "cost": next(one.cost for one in found.choices if one.chooser == "everything"),
            **{
                f"recall_{name}": _rounded(one.figure(name))
                for one in found.choices
                if one.chooser == "everything"
                for name in FIGURES
            },
        },
        "choices": [
            {
                "chooser": chooser,
                "pool": pool,
                "purse": purse,
                "share": mean.share,
                **{f"recall_{name}": _rounded(mean.middle[name]) for name in FIGURES},
                **{f"found_{mode}": round(mean.found[mode], 2) for mode in MODES},
                "lines_cost": round(mean.lines_cost),
                "proposed_km": round(mean.proposed_km, 1),
                "pairs": None if mean.pairs is None else round(mean.pairs, 1),
            }
            for pool in POOLS
            for purse in PURSES
            for chooser in CHOOSERS
            for mean in means(found.of(chooser, purse=purse, pool=pool))
        ],
    }

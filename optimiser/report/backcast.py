"""Show a back-cast: what was proposed for a past day, and what was built since, in tables and a picture."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from optimiser.measures.recall import MODES, Recall
from optimiser.report import maps, plots, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHOOSERS: Mapping[str, str] = {
    "plan": "polyring, whole toolbox",
    "plan_lines": "polyring, lines alone",
    "population": "population over distance",
    "population_per_cost": "the same per cost",
    "towards_core": "towards the core",
    "random": "random",
    "everything": "every line proposed",
}
"""Strategies of choosing, by name, in the order of tables."""

PLANS = ("plan", "plan_lines")
"""Strategies that are plans of the model."""

PURSES: Mapping[str, str] = {"one": "one budget", "by_mode": "a budget by mode"}
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
    """What one strategy builds with one amount of money.

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
        """Return the choices of a strategy, by rising money; of random ones all draws."""
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
    """Return the rows of `choices.csv`: one a line that a strategy builds; random draws are left out."""
    rows = [
        (one.chooser, one.pool, one.purse, one.share, name)
        for one in choices
        if one.draw is None and one.share is not None
        for name in one.lines
    ]
    return pd.DataFrame(rows, columns=["chooser", "pool", "purse", "share", "candidate_id"])


@dataclass(frozen=True, slots=True)
class Mean:
    """What a strategy finds with a share of the money: of random choices the mean, least and largest.

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
    """Return what a strategy finds, by rising share of the money.

    Parameters
    ----------
    choices
        Choices of one strategy from one pool with one division of the money.
    """
    shares = sorted({one.share for one in choices if one.share is not None})
    return [_mean(share, [one for one in choices if one.share == share]) for share in shares]


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


def found_by_chooser(found: Backcast, purse: str) -> pd.DataFrame:
    """Return what each strategy finds of what was built, by rising share of the money.

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


# ---- the picture

WIDTH, HEIGHT, DPI = 15.0, 9.4, 150
"""Inches, inches, and dots per inch."""

BUILT = {
    "road": plots.Stroke("Road built since", "#e3a45b", "#e3a45b", 6.5),
    "rail": plots.Stroke("Railway built since", "#9bb3e0", "#9bb3e0", 6.5),
}
"""What was built, by mode, drawn below the proposals."""

THEN = plots.Stroke("Expressways and railways of that day", plots.CEILING, plots.CEILING, 0.7)

LINES = {
    "plan": (plots.GAINS, "-", 2.6),
    "plan_lines": (plots.GAINS, "--", 2.2),
    "population": ("#2c62a8", "-", 1.4),
    "population_per_cost": ("#8e4fa8", "-", 1.4),
    "towards_core": ("#c8321f", "-", 1.4),
    "random": (plots.MUTED, "-", 1.4),
}
"""Colour, dash and width of the line of each strategy."""


def write(found: Backcast, path: Path) -> Path:
    """Draw a back-cast into a PNG file, whole or not at all."""
    return plots.write(draw(found), path, dpi=DPI)


def draw(found: Backcast, *, dpi: int = DPI) -> Figure:
    """Return the picture of a back-cast, bound to no window."""
    title = f"{found.region}: proposed for {found.day}, beside what was built since"
    spent = " and ".join(f"{amount:,} for {mode}" for mode, amount in found.spent.items())
    words = f"Spent since, {found.money}: {spent}"
    with plots.sheet(WIDTH, HEIGHT, title, words, dpi=dpi, note=found.attribution) as figure:
        _draw_map(figure.add_axes((0.02, 0.09, 0.53, 0.8)), found)
        for at, purse in enumerate(PURSES):
            _draw_lines(figure.add_axes((0.61, 0.54 - 0.43 * at, 0.37, 0.33)), found, purse)
    return figure


def _draw_map(axes: Axes, found: Backcast) -> None:
    """Draw what was built in broad strokes, and the lines of the plan shown upon them."""
    points = shapely.get_coordinates(found.cities.geometry.to_numpy())
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    room = 0.06 * max(east - west, north - south)
    maps.frame_map(axes, (west - room, south - room, east + room, north + room))
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
    _stroke(axes, found.network, THEN, order=1)
    for mode, stroke in BUILT.items():
        _stroke(axes, found.built[found.built["mode"] == mode], stroke, order=2)
    chosen = found.lines[found.lines["candidate_id"].isin(found.shown.lines)]
    for mode in BUILT:
        _stroke(axes, chosen[chosen["mode"] == mode], plots.PROPOSALS[mode], order=3)
    for city in found.cities.itertuples():
        look = plots.tier(str(city.tier))
        x, y = city.geometry.x, city.geometry.y
        axes.scatter([x], [y], s=look.mark**2 / 2, c="white", edgecolors=plots.INK, linewidths=0.8, zorder=4)
        if str(city.tier) != "small":
            side, at = ("right", -5) if x > (west + 3 * east) / 4 else ("left", 5)
            label = axes.annotate(str(city.name), (x, y), (at, 4), textcoords="offset points", zorder=5)
            label.set(size=look.text - 1.5, horizontalalignment=side, parse_math=False)
    axes.legend(loc="lower right", fontsize=8, frameon=True, edgecolor=plots.RULE)
    one = found.shown
    words = (
        f"{CHOOSERS[one.chooser]}, {PURSES[one.purse]}, {one.share:.0%} of the money: "
        f"{wording.integer(one.lines_cost)} for {len(one.lines)} lines"
    )
    axes.set_title(words, loc="left", size=10.5, color=plots.INK)


def _stroke(axes: Axes, lines: gpd.GeoDataFrame, stroke: plots.Stroke, *, order: float) -> None:
    """Draw lines of one look, named once in the legend."""
    parts = [part for shape in lines.geometry for part in shapely.get_parts(shape)]
    if not parts:
        return
    gap = np.full((1, 2), np.nan)
    x, y = np.concatenate([xy for part in parts for xy in (shapely.get_coordinates(part), gap)]).T
    axes.plot(
        x, y, color=stroke.colour, lw=stroke.width, label=stroke.name, solid_capstyle="round", zorder=order
    )


def _draw_lines(axes: Axes, found: Backcast, purse: str) -> None:
    """Draw the share found of the km of both modes along the money, one line a chooser."""
    for chooser, (colour, dash, width) in LINES.items():
        rows = means(found.of(chooser, purse=purse))
        if not rows:
            continue
        shares = [row.share for row in rows]
        middle, least, most = (
            [math.nan if (value := getattr(row, part)["both"]) is None else value for row in rows]
            for part in ("middle", "least", "most")
        )
        axes.plot(
            shares, middle, color=colour, linestyle=dash, lw=width, marker="o", ms=3, label=CHOOSERS[chooser]
        )
        if chooser == "random":
            axes.fill_between(shares, least, most, color=plots.CEILING, alpha=0.7, linewidth=0)
    everything = next(one for one in found.choices if one.chooser == "everything").figure("both") or 0.0
    axes.axhline(everything, color=plots.RULE, lw=1, linestyle=":")
    axes.text(0.005, everything + 0.01, "every line proposed", size=7.5, color=plots.MUTED)
    axes.set(xlim=(0, 1.02 * max(one.share or 0.0 for one in found.choices)), ylim=(0, 1))
    axes.xaxis.set_major_formatter(plots.percent)
    axes.yaxis.set_major_formatter(plots.percent)
    plots.plain(axes, edges=("bottom",))
    title = f"Built km within {found.near_km:g} km of a line of the same mode, {PURSES[purse]}"
    axes.set_title(title, loc="left", size=10, color=plots.INK)
    axes.set_xlabel("Share of the money spent since", color=plots.MUTED)
    if purse == next(iter(PURSES)):
        axes.legend(loc="upper left", fontsize=7.5, frameon=False, ncols=2)

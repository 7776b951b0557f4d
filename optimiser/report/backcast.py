"""Show a back-cast: what was proposed for a past day, and what was built since, in tables and a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from optimiser.measures.recall import MODES
from optimiser.proposals.rings.reference_rings import CORRIDOR_KM
from optimiser.report import maps, plots, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STRATEGIES, BUDGETS, POOLS = (dict[str, str](wording.WORDS[n]) for n in ("strategies", "budgets", "pools"))
"""Strategies of choosing, how the money is divided, and what is chosen from, in the order of tables."""

PLANS = ("plan", "plan_lines")
"""Strategies that are plans of the model."""

OF_RING = ("ring", "chooser", "name", "length_km", "new_km", "cost", "cities", "geometry")
"""Columns of rings: `chooser` is `known`, `web` or `circle`, `name` that of a known ring or the centres."""
OF_KNOWN = ("known", "share_of_ring", "share_of_known")
"""Id of the known ring that one is compared with, and which share of either is within `CORRIDOR_KM` of it."""

FIGURES = ("road", "rail", "both", "any")
"""Recalls: of each mode, of both by lines of their own mode, and of both by lines of either."""


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
        What each strategy builds with each amount of money, as `choices_of` returns it.
    pairs
        `total`, and within the limit: `then` (on that day) and `today` (with what was built).
    corridors
        Rows of `corridors.csv`.
    built
        Lines of the corridors that count: columns `id`, `mode`, `share_found`, `ends_at_cities` (number of
        cities that the corridor ends at), `share_on_rings`, `km`, `geometry` (degrees).
    rings
        Known rings, and rings proposed for the day beside them: columns `OF_RING` (degrees), `OF_KNOWN`, and
        `corridors`, those that lie near it.
    lines
        Lines proposed: columns `candidate_id`, `mode`, `geometry` (degrees).
    network
        Expressways and railways of that day: columns `mode`, `geometry` (degrees).
    cities
        Cities: columns `city_id`, `name`, `tier`, `population`, `geometry`.
    shown
        The choice on the map, one of `choices`.
    """

    region: str
    attribution: str
    day: date
    money: str
    limit_s: int
    near_km: float
    spent: Mapping[str, int]
    choices: pd.DataFrame
    pairs: Mapping[str, int]
    corridors: pd.DataFrame
    built: gpd.GeoDataFrame
    rings: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    network: gpd.GeoDataFrame
    cities: gpd.GeoDataFrame
    shown: pd.Series

    @property
    def joining_km(self) -> float:
        """Return the km built of corridors that end at two of the cities."""
        return float(self.built["km"][self.built["ends_at_cities"] == 2].sum())


RECALLS, FOUND = [f"recall_{name}" for name in FIGURES], [f"found_{mode}" for mode in MODES]
"""Columns of the shares of the built km, and of the corridors, that are found."""
_DECIMALS = {"proposed_km": 1, **dict.fromkeys([*RECALLS, "precision"], 4)}


def choices_of(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return a table of choices.

    Parameters
    ----------
    rows
        One a choice: `chooser`, `pool` and `purse` (of `STRATEGIES`, `POOLS` and `BUDGETS`); `share` of the
        money spent since, None for everything that is proposed; `draw`, seed of a random choice; `money` that
        may be spent, `cost` that is, and `lines_cost`, what of it goes to lines (not to trains or measures at
        stations); `lines` built; what `Nearness.recall` says of them; `pairs` of cities within the limit;
        proven `gap` of a plan; `built`, ids of the lines. None is what is not known.
    """
    floats = dict.fromkeys([*RECALLS, "precision"], "float64")
    return pd.DataFrame(rows).astype({"draw": "Int64", "pairs": "Int64", **floats})


def table(choices: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `backcast.csv`, one a choice."""
    return choices.drop(columns="built").round(_DECIMALS)


def choice_table(choices: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `choices.csv`: one a line that a strategy builds; random draws are left out."""
    kept = choices[choices["draw"].isna() & choices["share"].notna()]
    rows = kept[["chooser", "pool", "purse", "share", "built"]].explode("built", ignore_index=True)
    return rows.rename(columns={"built": "candidate_id"}).dropna(subset="candidate_id")


def ring_table(rings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `rings.csv`."""
    decimals = {"length_km": 1, "new_km": 1, "share_of_ring": 4, "share_of_known": 4}
    numbers = {**dict.fromkeys(decimals, "float64"), "cost": "Int64"}
    return pd.DataFrame(rings.drop(columns="geometry")).astype(numbers).round(decimals)


def ring_sentences(found: Backcast) -> Iterator[str]:
    """Yield how far the rings that a web proposes for the day are those that are known, beside a circle."""
    known, web, circles = (found.rings[found.rings["chooser"] == name] for name in ("known", "web", "circle"))
    if web.empty:
        yield "A web proposes no ring for the day."
        return
    names = known.set_index("ring")["name"]
    for row, circle in zip(web.itertuples(), circles.itertuples(), strict=True):
        words = f"Ring proposed round {row.name}: {row.length_km:.0f} km, {row.new_km:.0f} km of it new"
        if row.known in names:
            words += (
                f"; {row.share_of_ring:.0%} of it is within {CORRIDOR_KM:g} km of the {names[row.known]}, "
                f"and {row.share_of_known:.0%} of that within as much of it (of a circle as long round the "
                f"same middle: {circle.share_of_ring:.0%} and {circle.share_of_known:.0%})"
            )
        yield f"{words}."
    near = [len(set("; ".join(rows["corridors"]).split("; ")) - {""}) for rows in (web, circles)]
    yield (
        f"Of {int((found.built['mode'] == 'road').sum())} roads opened since, {near[0]} lie near the "
        f"rings that a web proposes for the day, and {near[1]} near such circles."
    )


def means(choices: pd.DataFrame, how: str = "mean") -> pd.DataFrame:
    """Return what each strategy finds along the money: of random choices the mean.

    Parameters
    ----------
    choices
        The choices; that of everything is left out.
    how
        ``mean``, ``min`` or ``max``, of random choices.

    Returns
    -------
    pandas.DataFrame
        `pool`, `purse`, `chooser`, `share` (of the money), `RECALLS`, `FOUND`, `lines_cost`, `proposed_km`
        and `pairs`, nan where they are not known.
    """
    known = {"pool": POOLS, "purse": BUDGETS, "chooser": STRATEGIES}
    orders = {name: pd.CategoricalDtype(list(values)) for name, values in known.items()}
    rows = choices.astype({**orders, "pairs": "float64"})
    groups = rows.groupby([*known, "share"], observed=True)
    found = groups[[*RECALLS, *FOUND, "lines_cost", "proposed_km", "pairs"]].agg(how).reset_index()
    return found.astype(dict.fromkeys(known, "str"))


def _proposed(found: Backcast, purse: str, how: str = "mean") -> pd.DataFrame:
    """Return the rows of `means` on the lines proposed, with one division of the money."""
    rows = means(found.choices, how)
    return rows[(rows["pool"] == "proposed") & (rows["purse"] == purse)]


def found_by_strategy(found: Backcast, purse: str) -> pd.DataFrame:
    """Return what each strategy finds of what was built, by rising share of the money.

    Parameters
    ----------
    found
        The back-cast.
    purse
        Of `BUDGETS`.

    Returns
    -------
    pandas.DataFrame
        `chooser`, `money` (share of what was spent), shares of the built km by name of `FIGURES`, corridors
        found, and pairs of cities within the limit.
    """
    rows = _proposed(found, purse).rename(
        columns={"share": "money", **dict(zip(RECALLS, FIGURES, strict=True))}
    )
    named = rows.assign(chooser=rows["chooser"].map(STRATEGIES), corridors=rows[FOUND].sum(axis="columns"))
    return named[["chooser", "money", *FIGURES, "corridors", "pairs"]].reset_index(drop=True)


def against_rules(found: Backcast, purse: str) -> pd.DataFrame:
    """Return what the plan of lines alone finds of the km built, beside the best rule among the same lines.

    Parameters
    ----------
    found, purse
        As for `found_by_strategy`.

    Returns
    -------
    pandas.DataFrame
        A row for each share of the money (index `money`): `plan`, the share that it finds; `best_rule` and
        `rule`, what that one finds; `more`, whether the plan finds more than every rule, the mean of the
        random choices among them.
    """
    rows = _proposed(found, purse).fillna({"recall_both": 0.0})
    finds = rows.pivot_table(index="share", columns="chooser", values="recall_both")[
        list(rows["chooser"].unique())
    ]
    finds = finds[finds["plan_lines"].notna()].rename_axis("money")
    rules = finds[[name for name in finds if name not in PLANS]]
    best = rules.idxmax(axis="columns").map(STRATEGIES)
    plan, rule = finds["plan_lines"], rules.max(axis="columns")
    return pd.DataFrame({"plan": plan, "best_rule": best, "rule": rule, "more": plan > rule})


def summary(found: Backcast) -> dict[str, Any]:
    """Return the contents of `backcast.json`."""
    every = table(found.choices[found.choices["chooser"] == "everything"])
    decimals = {**_DECIMALS, **dict.fromkeys(FOUND, 2), "lines_cost": 0, "pairs": 1}
    rows = means(found.choices).round(decimals).astype({"lines_cost": "int64"})
    built = {mode: found.built[found.built["mode"] == mode] for mode in MODES}
    return {
        "format": "polyring-backcast/1",
        "region": found.region,
        "as_of": str(found.day),
        "money": found.money,
        "limit_s": found.limit_s,
        "near_km": found.near_km,
        "spent": dict(found.spent),
        "corridors": {mode: len(own) for mode, own in built.items()},
        "built_km": {mode: round(float(own["km"].sum()), 1) for mode, own in built.items()},
        "joining_two_cities_km": round(found.joining_km, 1),
        "pairs": dict(found.pairs),
        "rings": wording.records(ring_table(found.rings)),
        "everything": wording.records(every[["cost", *RECALLS]])[0],
        "choices": wording.records(rows[["chooser", *rows.columns.drop("chooser")]]),
    }


# ---- the picture

WIDTH, HEIGHT, DPI = 15.0, 9.4, 150
"""Inches, inches, and dots per inch."""


def draw(found: Backcast, *, dpi: int = DPI) -> Figure:
    """Return the picture of a back-cast, bound to no window."""
    title = f"{found.region}: proposed for {found.day}, beside what was built since"
    spent = " and ".join(f"{amount:,} for {mode}" for mode, amount in found.spent.items())
    words = f"Spent since, {found.money}: {spent}"
    with plots.sheet(WIDTH, HEIGHT, title, words, dpi=dpi, note=found.attribution) as figure:
        _draw_map(figure.add_axes((0.02, 0.09, 0.53, 0.8)), found)
        for at, purse in enumerate(BUDGETS):
            _draw_lines(figure.add_axes((0.61, 0.54 - 0.43 * at, 0.37, 0.33)), found, purse)
    return figure


def _draw_map(axes: Axes, found: Backcast) -> None:
    """Draw what was built in broad strokes, and the lines of the plan shown upon them."""
    crs = maps.plane(found.cities)
    cities = found.cities.to_crs(crs).sort_values("population", ascending=False)
    rings = found.rings.drop_duplicates(["chooser", "ring"]).query("chooser != 'circle'").to_crs(crs)
    frame = maps.padded(maps.bounds([cities.geometry, rings.geometry]), 0.06)
    maps.frame_map(axes, maps.fit(frame, axes.bbox.width / axes.bbox.height))
    chosen = found.lines[found.lines["candidate_id"].isin(found.shown.built)]
    layers = [(found.built, plots.PAST), (chosen, plots.PROPOSALS)]
    drawn = [(lines[lines["mode"] == mode], looks[mode]) for lines, looks in layers for mode in MODES]
    drawn += [(rings[rings["chooser"] == name], plots.PAST[name]) for name in ("known", "web")]
    for order, (lines, stroke) in enumerate([(found.network, plots.PAST["then"]), *drawn], start=1):
        if len(lines):
            x, y = maps.gapped(lines.to_crs(crs).geometry.explode()).T
            axes.plot(x, y, label=stroke.name, solid_capstyle="round", zorder=order, **stroke.look)
    marks = maps.draw_city_marks(axes, cities, {})
    maps.draw_city_labels(axes, cities[cities["tier"] != "small"], taken=marks, soft=marks[:0])
    axes.legend(loc="lower right", fontsize=8, frameon=True, edgecolor=plots.RULE).set_zorder(12)
    one = found.shown
    words = (
        f"{STRATEGIES[one.chooser]}, {BUDGETS[one.purse]}, {one.share:.0%} of the money: "
        f"{wording.integer(one.lines_cost)} for {one.lines} lines"
    )
    axes.set_title(words, loc="left", size=10.5, color=plots.INK)


def _draw_lines(axes: Axes, found: Backcast, purse: str) -> None:
    """Draw the share found of the km of both modes along the money, one line a chooser."""
    rows, low, high = (_proposed(found, purse, how) for how in ("mean", "min", "max"))
    for chooser, stroke in plots.STRATEGIES.items():
        own = rows["chooser"] == chooser
        shares = rows["share"][own]
        if own.any():
            label = STRATEGIES[chooser]
            axes.plot(shares, rows["recall_both"][own], marker="o", ms=3, label=label, **stroke.look)
        if chooser == "random":
            ends = (low["recall_both"][own], high["recall_both"][own])
            axes.fill_between(shares, *ends, color=plots.CEILING, alpha=0.7, linewidth=0)
    whole = found.choices.loc[found.choices["chooser"] == "everything", "recall_both"]
    everything = float(whole.fillna(0.0).iloc[0])
    axes.axhline(everything, color=plots.RULE, lw=1, linestyle=":")
    axes.text(0.005, everything + 0.01, "every line proposed", size=7.5, color=plots.MUTED)
    axes.set(xlim=(0, 1.02 * found.choices["share"].max()), ylim=(0, 1))
    plots.plain(axes, edges=("bottom",), x=plots.percent, y=plots.percent)
    title = f"Built km within {found.near_km:g} km of a line of the same mode, {BUDGETS[purse]}"
    axes.set_title(title, loc="left", size=10, color=plots.INK)
    axes.set_xlabel("Share of the money spent since", color=plots.MUTED)
    if purse == next(iter(BUDGETS)):
        axes.legend(loc="upper left", fontsize=7.5, frameon=False, ncols=2)

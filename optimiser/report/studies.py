"""Show studies of many cases: robust plans over scenarios, plans under closures, atlases of clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.problem.jsonfile import write_atomically
from optimiser.report import maps, page, plots, tables, wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
"""Dots per inch of pictures."""


# ---- robust plans


def write_robust(
    summary: Mapping[str, Any], scenarios: pd.DataFrame, links: pd.DataFrame, folder: Path
) -> None:
    """Write the picture and the page of a robust plan.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    scenarios, links
        Rows of `scenarios.csv` and `robust_links.csv`.
    folder
        Receives `robust.png` and `robust.html`.
    """
    picture = plots.write(draw_robust(summary, scenarios), folder / "robust.png")
    values = {
        "title": f"Robust plan: {summary['name']}",
        "what": wording.WORDS["robust"][summary["kind"]],
        "figures": robust_figures(summary),
        "compared": scenarios["best"].notna().any(),
        "scenarios": scenarios.to_dict("records"),
        "links": links.to_dict("records"),
        "money": summary["money"],
    }
    page.write_study(folder / "robust.html", values, {"scenarios": picture})


def robust_figures(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return what a reader must know of a robust plan, each with its words.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    """
    found = {
        "best in": wording.WORDS["robust"][summary["kind"]],
        "scenarios": f"{summary['scenarios']:,}",
        "links": f"{summary['links']:,}",
        "cost": f"{summary['cost']:,} of {summary['budget']:,} {summary['money']}".strip(),
        "proven gap": wording.percent(summary["gap"]),
        "weight within the limit, mean": f"{summary['mean_plan']:,.0f} (today {summary['mean_today']:,.0f})",
    }
    for ring, is_required in summary["rings"].items():
        wished = "left out: it is wished for, and weighs nothing here"
        found[f"ring {ring}"] = "built, as in the plan of the job" if is_required else wished
    if "mean_best" in summary:
        most = f"proven to be at most {summary['largest_regret_most']:,}"
        found["mean of the best plan of each scenario"] = f"{summary['mean_best']:,.0f}"
        found["largest regret"] = f"{summary['largest_regret']:,} ({most})"
    level = summary.get("level") or {}
    if "share" in level:
        most = f"proven to be at most {level['share_most']:.1%}"
        found["share in every scenario"] = f"{level['share']:.1%} ({most})"
    if "regret" in level:
        found["smallest largest regret"] = f"proven to be at least {max(0, level['regret_least']):,}"
    return found


def draw_robust(summary: Mapping[str, Any], scenarios: pd.DataFrame) -> Figure:
    """Return the picture: for each scenario the share of the coverable weight, today, with the plan, at best.

    Parameters
    ----------
    summary
        Contents of `robust.json`.
    scenarios
        Rows of `scenarios.csv`.
    """
    whole = scenarios["coverable"].clip(lower=1)
    shares = scenarios[["today", "plan", "best"]].astype(np.float64).div(whole, axis=0)
    order = shares["plan"].sort_values(ascending=False).index
    shares, names = shares.loc[order], [str(name)[:28] for name in scenarios["scenario"].loc[order]]
    series = [
        plots.Marks(shares["today"].to_list(), "today", plots.MUTED),
        plots.Marks(shares["best"].to_list(), "best plan of the scenario alone", "#0072b2", "|", 120),
        plots.Marks(shares["plan"].to_list(), "robust plan", plots.LOSES),
    ]
    words = f"{wording.WORDS['robust'][summary['kind']]}, proven within {wording.percent(summary['gap'])}"
    height = 2.0 + 0.26 * len(scenarios)
    title = f"Robust plan: {summary['name']}"
    with plots.sheet(9.0, height, title, wording.capitalised(words), dpi=DPI) as figure:
        axes = figure.add_axes((0.2, 0.6 / height, 0.76, 1 - 1.8 / height))
        plots.draw_dumbbells(axes, names, series if shares["best"].notna().any() else series[::2])
        axes.set_xlabel("share of the weight that could be within the limit with everything built")
    return figure


# ---- plans under closures

MOST_DRAWN = 28
"""Closures in the picture: those that leave least."""
MOST_PAIRS = 6
"""Pairs that the page names for each closure."""
PLAN, JOB = plots.GAINS, "#8e4fa8"
"""Colours of the two plans."""


_OF_CLOSURE = (
    "closure", "kind", "name", "note", "weight_today", "weight_plan", "share_plan", "weight_job", "share_job",
    "in_plan", "in_job", "pairs_lost", "lost",
)  # fmt: skip
"""Columns of `closures.csv`."""


@dataclass(frozen=True, slots=True)
class ClosedPlans:
    """The best plan under closures beside the plan of the job.

    Attributes
    ----------
    summary
        Contents of `closures.json`: what is kept under each closure (`share`, of what: `counted`), the plan
        (`credited` coverage with its `bound` and `gap`; `free`, the most without any closure), weights within
        the limit with nothing closed (`today`, `weight_plan`, `weight_job`), the links that one of the plans
        builds alone, and `cost`, what it costs to keep that share; None: not asked.
    table
        One row a closure, the worst first: the columns of `closures.csv`.
    """

    summary: Mapping[str, Any]
    table: pd.DataFrame

    @classmethod
    def of(cls, summary: Mapping[str, Any], closures: Sequence[Mapping[str, Any]]) -> Self:
        """Return the plans with the share that each keeps under each closure.

        Of the plan of this page it is the share of the coverage that it is credited with, of the plan of the
        job of its own coverage; nan where it gains nothing.

        Parameters
        ----------
        summary
            As above, without `price` and the number of `closures`.
        closures
            One a closure: the other columns; kind is a key of the words on closures.
        """
        table = pd.DataFrame(closures, columns=[name for name in _OF_CLOSURE if "share" not in name])
        is_gain = summary["counted"] == "gain"
        for name, whole in (("plan", summary["credited"]), ("job", summary["weight_job"])):
            gained = whole - (summary["today"] if is_gain else 0)
            left = table[f"weight_{name}"] - (table["weight_today"] if is_gain else 0)
            table[f"share_{name}"] = left / gained if gained > 0 else np.nan
        # What resilience gives up: the best coverage without it, less that of the plan with nothing closed.
        counts = {"price": summary["free"] - summary["weight_plan"], "closures": len(table)}
        return cls({"format": "polyring-closures/1", **summary, **counts}, table[list(_OF_CLOSURE)])

    @property
    def rows(self) -> list[dict[Any, Any]]:
        """Return the rows of the table, each with what is closed in words (`what`): of a link its kind."""
        words, rows = wording.WORDS["closures"], self.table.to_dict("records")
        kinds = [wording.kind(row["note"]) if row["kind"] == "link" else words[row["kind"]] for row in rows]
        return [row | {"what": what} for row, what in zip(rows, kinds, strict=True)]

    def sentences(self) -> Iterator[str]:
        """Yield what was found, as sentences."""
        told, cost = self.summary, self.summary["cost"]
        of = " of what it adds to today" if told["counted"] == "gain" else ""
        yield (
            f"A plan is credited with the most coverage of which at least {told['share']:.0%}{of} is left "
            f"when any one of {told['closures']} links, sections and stretches is closed."
        )
        proof = (
            "no bound is proven"
            if told["gap"] is None
            else f"no plan can be credited with more than {told['bound']:,} (gap {wording.gap(told['gap'])})"
        )
        yield f"The best plan found is credited with a weight of {told['credited']:,}; {proof}."
        price = f"{abs(told['price']):,} {'more' if told['price'] >= 0 else 'less'}"
        yield (
            f"With everything open it covers {told['weight_plan']:,}; the most found without any demand "
            f"on closures is {told['free']:,}, {price}: the price of resilience."
        )
        yield (
            f"The plan of the job covers {told['weight_job']:,}, and would be credited with "
            f"{told['credited_job']:,}."
        )
        if cost is None:
            return
        if cost["impossible"]:
            yield f"No plan keeps that share of {cost['weight']:,} at any cost; proved."
        elif cost["alone"] is None or cost["kept"] is None:
            yield f"What it costs to keep that share of {cost['weight']:,} was not found."
        else:
            alone, kept = (wording.money(value, told["money"]) for value in (cost["alone"], cost["kept"]))
            least = "" if cost["kept_bound"] is None else wording.money(cost["kept_bound"], told["money"])
            bound = f", at least {least}" if least else ""
            yield f"To cover {cost['weight']:,} costs {alone}; to keep that share of it costs {kept}{bound}."


def write_closures(found: ClosedPlans, folder: Path) -> None:
    """Write `closures.csv`, `closures.png` and `closures.html` into a folder, each whole or not at all."""
    tables.write_csv(found.table, folder / "closures.csv")
    picture = plots.write(draw_closures(found), folder / "closures.png")
    title = f"{found.summary['region']}: a plan that closures do not break"
    values = {"title": title, "found": found, "most": MOST_PAIRS}
    page.write_study(folder / "closures.html", values, {"closures": picture})


def draw_closures(found: ClosedPlans) -> Figure:
    """Return the picture of what remains of both plans under each closure, bound to no window."""
    told, table = found.summary, pd.DataFrame(found.rows)
    shares = table[["share_plan", "share_job"]].fillna(1.0)
    table = table.assign(worst=shares.min(axis=1), plan=shares["share_plan"], job=shares["share_job"])
    drawn = table.sort_values(["worst", "closure"]).head(MOST_DRAWN).sort_values(["plan", "job", "closure"])
    of = "of what each plan adds to today" if told["counted"] == "gain" else "of the coverage"
    words = f"Share kept {of}; of {len(table)} closures the {len(drawn)} that leave least"
    title = f"{told['region']}: what remains when one link is closed"
    height = 2.6 + 0.3 * len(drawn)
    with plots.sheet(12.0, height, title, words, dpi=DPI, note=told["attribution"]) as figure:
        axes = figure.add_axes((0.42, 0.7 / height, 0.55, 1 - 1.9 / height))
        asked = f"{told['share']:.0%} asked for"
        axes.axvline(told["share"], color=plots.LOSES, linewidth=1.2, linestyle="--", zorder=0, label=asked)
        series = [
            plots.Marks(drawn["share_plan"].tolist(), "Plan that looks at closures", PLAN, "o", 52),
            plots.Marks(drawn["share_job"].tolist(), "Plan of the job", JOB, "D", 26),
        ]
        plots.draw_dumbbells(axes, (drawn["name"] + "  ·  " + drawn["what"]).tolist(), series)
    return figure


# ---- atlases

CENTRAL = "as assumed"
"""Name of the case without changes."""

MAP_INCHES = 4.2
"""Longer side of a small map."""

DETAIL = 900
"""Bends smaller than the extent of the cities divided by this number are left out."""

MOST_LABELS = 7
"""Largest number of cities that a small map names."""


INDICATORS: Mapping[str, Mapping[str, str]] = wording.WORDS["indicators"]
"""Indicators of a cluster, in the order of the table: `name`, `meaning`, and `unit`, share or km/h."""

ENDS = ("", "_low", "_high")
"""Endings of the columns of an indicator: as assumed, least and largest over the cases."""


@dataclass(frozen=True)
class ClusterFigures:
    """The figures of a cluster.

    Attributes
    ----------
    name, title
        Name of its files, and name for people.
    facts
        `country`, `cities`, `people`, `core` (names), `pairs`, `express_trains`, `trains` (known or assumed),
        `notes`, `attribution`.
    tiers
        One row a tier of the smaller city, `all` last.
    cases
        `INDICATORS` of each case, as assumed first.
    picture
        PNG of its small map.
    fault
        Why it could not be measured; empty where it was.
    """

    name: str
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tiers: Sequence[Mapping[str, Any]] = ()
    cases: Sequence[Mapping[str, Any]] = ()
    picture: bytes = b""
    fault: str = ""

    def figures(self, indicator: str) -> tuple[float | None, float | None, float | None]:
        """Return an indicator as assumed, its least and its largest value over all cases; None: without."""
        values = [case[indicator] for case in self.cases] or [None]
        known = [value for value in values if value is not None]
        return values[0], min(known, default=None), max(known, default=None)


@dataclass(frozen=True)
class Atlas:
    """The figures of several clusters by the same rules.

    Attributes
    ----------
    clusters
        In the order of the file that states them.
    limit_s
        Time limit, seconds.
    stretch
        Stretch up to which a way without the core counts.
    """

    clusters: tuple[ClusterFigures, ...]
    limit_s: int
    stretch: float

    @property
    def measured(self) -> tuple[ClusterFigures, ...]:
        """Return the clusters that could be measured."""
        return tuple(one for one in self.clusters if not one.fault)

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a cluster.

        Returns
        -------
        pandas.DataFrame
            `cluster`, `title`, `country`, `cities`, `people`, `trains`, `core`, `pairs`, each of `INDICATORS`
            with its least and largest value over the cases (`<indicator>_low`, `<indicator>_high`), `fault`.
        """
        rows = [
            {"cluster": one.name, "title": one.title}
            | {key: one.facts.get(key) for key in ("country", "cities", "people", "trains")}
            | {"core": "; ".join(one.facts.get("core", ())), "pairs": one.facts.get("pairs")}
            | {
                f"{name}{end}": value
                for name in INDICATORS
                for end, value in zip(ENDS, one.figures(name), strict=True)
            }
            | {"fault": one.fault.replace("\n", " ")}
            for one in self.clusters
        ]
        whole = dict.fromkeys(("cities", "people", "pairs"), "Int64")
        numbers = dict.fromkeys([f"{name}{end}" for name in INDICATORS for end in ENDS], "float64")
        return pd.DataFrame(rows).astype({**whole, **numbers}).round(dict.fromkeys(numbers, 4))

    def tells(self, indicator: str) -> bool:
        """Tell whether an indicator is above 0 % in several clusters, or in the only one."""
        values = [one.figures(indicator)[0] for one in self.measured]
        return sum(value is not None and round(value, 2) != 0 for value in values) > (len(values) > 1)

    @property
    def cases(self) -> pd.DataFrame:
        """Return one row a cluster and case: `cluster`, `case`, and each of `INDICATORS`."""
        rows = [{"cluster": one.name, **case} for one in self.measured for case in one.cases]
        table = pd.DataFrame(rows, columns=["cluster", "case", *INDICATORS])
        return table.astype(dict.fromkeys(INDICATORS, "float64")).round(dict.fromkeys(INDICATORS, 4))

    @property
    def tiers(self) -> pd.DataFrame:
        """Return one row a cluster and tier of the smaller city, `all` last."""
        return pd.DataFrame([{"cluster": one.name, **row} for one in self.measured for row in one.tiers])


def write_atlas(found: Atlas, folder: Path) -> None:
    """Write the tables, the small maps and the page of an atlas.

    Parameters
    ----------
    found
        The figures.
    folder
        Receives `atlas.html`, `clusters.csv`, `cases.csv`, `tiers.csv`, `atlas.json` and `maps/*.png`.
    """
    for name, table in (("clusters", found.table), ("cases", found.cases), ("tiers", found.tiers)):
        tables.write_csv(table, folder / f"{name}.csv")
    (folder / "maps").mkdir()
    pictures = {one.name: folder / "maps" / f"{one.name}.png" for one in found.measured}
    for one in found.measured:
        pictures[one.name].write_bytes(one.picture)
    kept = ("name", "title", "facts", "tiers", "cases", "fault")
    whole = {
        "format": "polyring-atlas/1",
        "limit_s": found.limit_s,
        "stretch": found.stretch,
        "clusters": [{key: getattr(one, key) for key in kept} for one in found.clusters],
    }
    text = json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)
    write_atomically(folder / "atlas.json", f"{text}\n")
    limit = wording.short_hours(found.limit_s)
    values = {
        "title": f"City clusters within {limit}",
        "limit": limit,
        "indicators": {name: words for name, words in INDICATORS.items() if found.tells(name)},
        "clusters": sorted(found.clusters, key=lambda one: one.facts.get("trains") == "assumed"),
        "measured": found.measured,
        "cases": list(dict.fromkeys(case["case"] for one in found.measured for case in one.cases)),
        "shades": [plots.reach_colour(share) for share in np.linspace(0, 1, 5)],
        "notes": list(dict.fromkeys(note for one in found.measured for note in one.facts["notes"])),
        "attributions": list(dict.fromkeys(one.facts["attribution"] for one in found.measured)),
    }
    page.write_study(folder / "atlas.html", values, pictures)


def write_map(cities: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, rail: gpd.GeoDataFrame, path: Path) -> Path:
    """Draw the small map of a cluster into a PNG file: networks in grey, cities by the share within reach.

    Parameters
    ----------
    cities, roads, rail
        Cities with the `share` of partners within the limit, and links of networks, in degrees.
    path
        The file.
    """
    crs = maps.plane(cities)
    cities = cities.to_crs(crs).sort_values("population", ascending=False)
    frame = maps.padded(maps.bounds([cities.geometry]), 0.08)
    west, south, east, north = frame
    width, height = MAP_INCHES * np.array([east - west, north - south]) / max(east - west, north - south)
    colours = [plots.reach_colour(share) for share in cities["share"]]
    lines = maps.networks(roads, rail, crs, maps.extent_m(cities) / DETAIL)
    with plots.figure(width, height, dpi=DPI, size=7) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        maps.frame_map(axes, frame)
        maps.draw_network(axes, lines)
        ids = cities["city_id"].astype(str)
        marks = maps.draw_city_marks(axes, cities, dict(zip(ids, colours, strict=True)))
        # In a dense cluster a name finds no room beside small marks: it may cover those, but no core city.
        is_core = (cities["tier"] == "core").to_numpy()
        maps.draw_city_labels(axes, cities.head(MOST_LABELS), taken=marks[is_core], soft=marks)
        return plots.write(figure, path)

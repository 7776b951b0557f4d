"""Show studies of many cases: robust plans over scenarios, plans under closures, atlases of clusters."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.problem.jsonfile import write_atomically
from optimiser.report import maps, page, plots, wording
from optimiser.report.plots import Marks
from optimiser.report.tables import write_csv

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
        Marks(shares["today"].to_list(), "today", plots.MUTED),
        Marks(shares["best"].to_list(), "best plan of the scenario alone", "#0072b2", "|", 120),
        Marks(shares["plan"].to_list(), "robust plan", plots.LOSES),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureShown:
    """What a closure leaves of two plans.

    Attributes
    ----------
    id, kind, name, note
        Which closure; kind is a key of `KINDS`.
    today, plan, job
        Weight of the pairs within the limit under the closure: today, with the plan of this page, and with
        the plan of the job, which looks at no closure.
    in_plan, in_job
        Whether a link is built by the plans.
    lost
        Pairs that the plan loses, by falling weight.
    """

    id: str
    kind: str
    name: str
    note: str
    today: int
    plan: int
    job: int
    in_plan: bool
    in_job: bool
    lost: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what is closed, in words: of a link its kind."""
        return wording.kind(self.note) if self.kind == "link" else str(wording.WORDS["closures"][self.kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfKeeping:
    """What it costs to keep a share of the coverage of the job's plan.

    Attributes
    ----------
    weight
        That coverage.
    alone, alone_bound
        Least cost found of covering it, and its proven bound; None where unknown.
    kept, kept_bound
        Likewise with the share kept under every closure.
    impossible
        Whether it is proved that no plan keeps it, at any cost.
    """

    weight: int
    alone: int | None
    alone_bound: int | None
    kept: int | None
    kept_bound: int | None
    impossible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPlans:
    """The best plan under closures beside the plan of the job.

    Attributes
    ----------
    region
        Title of the region.
    share, counted
        What is kept under each closure, and of what (`gain` or `coverage`).
    answer_status, credited, bound, gap
        Status, credited coverage, its proven bound and relative gap.
    free
        Largest coverage found without any closure.
    credited_job
        Coverage that the plan of the job would be credited with.
    today, weight_plan, weight_job
        Weight of the pairs within the limit with nothing closed.
    seconds, rounds, added
        Effort, and closures that were in the last problem.
    closures
        What each closure leaves, the worst first.
    only_plan, only_job
        Links that one of the plans builds alone.
    cost
        What it costs; None: not asked.
    money
        Unit of costs.
    attribution
        Notice of the data.
    """

    region: str
    share: float
    counted: Literal["gain", "coverage"]
    answer_status: str
    credited: int
    bound: int
    gap: float | None
    free: int
    credited_job: int
    today: int
    weight_plan: int
    weight_job: int
    seconds: float
    rounds: int
    added: int
    closures: tuple[ClosureShown, ...]
    only_plan: tuple[str, ...]
    only_job: tuple[str, ...]
    cost: CostOfKeeping | None
    money: str
    attribution: str

    @property
    def price(self) -> int:
        """Return the weight within the limit that resilience gives up: the best coverage without it, less."""
        return self.free - self.weight_plan

    def kept_share(self, one: ClosureShown, *, of_plan: bool = True) -> float | None:
        """Return the share that a plan keeps under a closure; None where it gains nothing.

        Of the plan of this page it is the share of the coverage that it is credited with, of the plan of the
        job of its own coverage.
        """
        whole, left = (self.credited, one.plan) if of_plan else (self.weight_job, one.job)
        before, before_closed = (self.today, one.today) if self.counted == "gain" else (0, 0)
        return (left - before_closed) / (whole - before) if whole > before else None

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a closure: the columns of `closures.csv`."""
        return pd.DataFrame(
            [
                {"closure": one.id, "kind": one.kind, "name": one.name, "note": one.note}
                | {"weight_today": one.today}
                | {"weight_plan": one.plan, "share_plan": self.kept_share(one)}
                | {"weight_job": one.job, "share_job": self.kept_share(one, of_plan=False)}
                | {"in_plan": one.in_plan, "in_job": one.in_job}
                | {"pairs_lost": len(one.lost), "lost": "; ".join(one.lost)}
                for one in self.closures
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `closures.json`; what each closure leaves is in `closures.csv`."""
        values = {key: value for key, value in dataclasses.asdict(self).items() if key != "closures"}
        counts = {"price": self.price, "closures": len(self.closures)}
        return {"format": "polyring-closures/1", **values, **counts}

    def sentences(self) -> Iterator[str]:
        """Yield what was found, as sentences."""
        of = "what it adds to today" if self.counted == "gain" else "its coverage"
        yield (
            f"A plan is credited with the coverage of which it keeps {self.share:.0%} of {of}, whichever of "
            f"{len(self.closures)} links, sections and stretches is closed."
        )
        proof = (
            "no bound is proven"
            if self.gap is None
            else f"no plan can be credited with more than {self.bound:,} (gap {wording.gap(self.gap)})"
        )
        yield f"The best plan found is credited with a weight of {self.credited:,}; {proof}."
        price = f"{abs(self.price):,} {'more' if self.price >= 0 else 'less'}"
        yield (
            f"With everything open it covers {self.weight_plan:,}; the most found without any demand "
            f"on closures is {self.free:,}, {price}: the price of resilience."
        )
        yield (
            f"The plan of the job covers {self.weight_job:,}, and would be credited with "
            f"{self.credited_job:,}."
        )
        cost = self.cost
        if cost is None:
            return
        if cost.impossible:
            yield f"No plan keeps that share of {cost.weight:,} at any cost; proved."
        elif cost.alone is None or cost.kept is None:
            yield f"What it costs to keep that share of {cost.weight:,} was not found in time."
        else:
            alone, kept = (wording.money(value, self.money) for value in (cost.alone, cost.kept))
            least = "" if cost.kept_bound is None else wording.money(cost.kept_bound, self.money)
            bound = f", at least {least}" if least else ""
            yield f"To cover {cost.weight:,} costs {alone}; to keep that share of it costs {kept}{bound}."


def write_closures(found: ClosedPlans, folder: Path) -> None:
    """Write `closures.csv`, `closures.png` and `closures.html` into a folder, each whole or not at all."""
    write_csv(found.table, folder / "closures.csv")
    picture = plots.write(draw_closures(found), folder / "closures.png")
    title = f"{found.region}: a plan that closures do not break"
    values = {"title": title, "found": found, "most": MOST_PAIRS}
    page.write_study(folder / "closures.html", values, {"closures": picture})


def draw_closures(found: ClosedPlans) -> Figure:
    """Return the picture of what remains of both plans under each closure, bound to no window."""
    kept = [[found.kept_share(one, of_plan=of_plan) for of_plan in (True, False)] for one in found.closures]
    shares = np.array(kept, dtype=np.float64).reshape(-1, 2)
    order = pd.DataFrame(np.nan_to_num(shares, nan=1.0), columns=["plan", "job"])
    order = order.assign(worst=order.min(axis=1), id=[one.id for one in found.closures])
    drawn = order.sort_values(["worst", "id"]).head(MOST_DRAWN).sort_values(["plan", "job", "id"]).index
    rows = [found.closures[at] for at in drawn]
    of = "of what each plan adds to today" if found.counted == "gain" else "of the coverage"
    words = f"Share kept {of}; of {len(found.closures)} closures the {len(rows)} that leave least"
    title = f"{found.region}: what remains when one link is closed"
    height = 2.6 + 0.3 * len(rows)
    with plots.sheet(12.0, height, title, words, dpi=DPI, note=found.attribution) as figure:
        axes = figure.add_axes((0.42, 0.7 / height, 0.55, 1 - 1.9 / height))
        asked = f"{found.share:.0%} asked for"
        axes.axvline(found.share, color=plots.LOSES, linewidth=1.2, linestyle="--", zorder=0, label=asked)
        series = [
            Marks(shares[drawn, 0].tolist(), "Plan that looks at closures", PLAN, "o", 52),
            Marks(shares[drawn, 1].tolist(), "Plan of the job", JOB, "D", 26),
        ]
        plots.draw_dumbbells(axes, [f"{one.name}  ·  {one.what}" for one in rows], series)
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


class Indicator(NamedTuple):
    """An indicator of a cluster: its words, and whether it is a share or a speed in km/h."""

    name: str
    unit: str
    meaning: str


INDICATORS = {name: Indicator(**row) for name, row in wording.WORDS["indicators"].items()}
"""Indicators of a cluster, in the order of the table."""

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
        `country`, `cities`, `people`, `core` (names), `pairs`, `express_trains`, `notes`, `attribution`.
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

    def value(self, indicator: str) -> float | None:
        """Return an indicator as assumed; None where it has no meaning."""
        return self.cases[0][indicator] if self.cases else None

    def band(self, indicator: str) -> tuple[float, float] | None:
        """Return the least and the largest value of an indicator over all cases."""
        values = [case[indicator] for case in self.cases if case[indicator] is not None]
        return (min(values), max(values)) if values else None


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
            `cluster`, `title`, `country`, `cities`, `people`, `core`, `pairs`, each of `INDICATORS` with its
            least and largest value over the cases (`<indicator>_low`, `<indicator>_high`), `fault`.
        """
        rows = [
            {"cluster": one.name, "title": one.title}
            | {key: one.facts.get(key) for key in ("country", "cities", "people")}
            | {"core": "; ".join(one.facts.get("core", ())), "pairs": one.facts.get("pairs")}
            | {
                f"{name}{end}": value
                for name in INDICATORS
                for end, value in zip(ENDS, (one.value(name), *(one.band(name) or (None, None))), strict=True)
            }
            | {"fault": one.fault.replace("\n", " ")}
            for one in self.clusters
        ]
        whole = dict.fromkeys(("cities", "people", "pairs"), "Int64")
        numbers = dict.fromkeys([f"{name}{end}" for name in INDICATORS for end in ENDS], "float64")
        return pd.DataFrame(rows).astype({**whole, **numbers}).round(dict.fromkeys(numbers, 4))

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


class SmallMap(NamedTuple):
    """What a small map shows: cities with the `share` of partners within the limit, roads and railways."""

    cities: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    rail: gpd.GeoDataFrame


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
        write_csv(table, folder / f"{name}.csv")
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
        "indicators": INDICATORS,
        "clusters": found.clusters,
        "measured": found.measured,
        "cases": list(dict.fromkeys(case["case"] for one in found.measured for case in one.cases)),
        "shades": [plots.reach_colour(share) for share in np.linspace(0, 1, 5)],
        "notes": list(dict.fromkeys(note for one in found.measured for note in one.facts["notes"])),
        "attributions": list(dict.fromkeys(one.facts["attribution"] for one in found.measured)),
    }
    page.write_study(folder / "atlas.html", values, pictures)


def write_map(shown: SmallMap, path: Path) -> Path:
    """Draw the small map of a cluster into a PNG file: networks in grey, cities by the share within reach.

    Parameters
    ----------
    shown
        Cities and networks, in degrees.
    path
        The file.
    """
    crs = maps.plane(shown.cities)
    cities = shown.cities.to_crs(crs).sort_values("population", ascending=False)
    frame = maps.padded(maps.bounds([cities.geometry]), 0.08)
    west, south, east, north = frame
    width, height = MAP_INCHES * np.array([east - west, north - south]) / max(east - west, north - south)
    colours = [plots.reach_colour(share) for share in cities["share"]]
    lines = maps.networks(shown.roads, shown.rail, crs, maps.extent_m(cities) / DETAIL)
    with plots.figure(width, height, dpi=DPI, size=7) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        maps.frame_map(axes, frame)
        maps.draw_network(axes, lines)
        ids = cities["city_id"].astype(str)
        marks = maps.draw_city_marks(axes, cities, dict(zip(ids, colours, strict=True)))
        # In a dense cluster a name finds no room beside small marks: it may cover those, but no core city.
        is_core = (cities["tier"] == "core").to_numpy()
        named = cities.head(MOST_LABELS)
        maps.draw_city_labels(axes, named, taken=marks[is_core], soft=marks)
        return plots.write(figure, path)

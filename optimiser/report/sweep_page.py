"""Show a sweep as one page that needs no network, with its pictures as files beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.measures.uncertainty import NEAR, Waiting
from optimiser.report import inputs, maps, page, plots, ring_layout, wording
from optimiser.report.sweep import CORE, JOB, PLAN_OF_JOB, SweepResults, link_words, plan_words
from optimiser.report.wording import WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 130
"""Dots per inch of written pictures."""

MOST_LINKS = 45
"""Largest number of links that the ranking shows."""

LEAST_SHARE = 0.05
"""Share of the futures below which a link is only counted, unless it is dear."""
DEAR_SHARE = 0.05
"""Share of the money of the plan of the job from which on a link of it is dear."""

WIDTH, ROW = 12.5, 0.235
"""Width of a picture, and height of a row of it, in inches."""

LABELS, COST, DECIDER = 0.335, 0.395, 0.765
"""Right edges of the names and of the costs, and left edge of the factors, as shares of the width."""

NUMBER = 1.17
"""Right edge of the numbers beside the bars, on the scale of shares."""

LONGEST_LABEL = 26
"""Characters of a line of the name of a factor."""

MOST_PLANS = 12
"""Largest number of plans in the picture of regret."""

FAINT, STRONG = 0.15, 1.0
"""Opacity of links that are chosen in few and in all futures."""


def write(sweep: SweepResults, folder: Path) -> Path:
    """Write the page `sweep.html` and each picture as `sweep_<name>.png` into a folder.

    Parameters
    ----------
    sweep
        The sweep; at least one future must have been solved.
    folder
        The folder.

    Returns
    -------
    pathlib.Path
        The page.
    """
    pictures = {
        name: plots.write(draw(sweep), folder / f"sweep_{name}.png") for name, draw in PICTURES.items()
    }
    indices = sweep.indices.assign(is_share=sweep.indices["index"].isin(["first", "total"]))
    values = {
        "title": f"{sweep.facts['region']}: which links are right in most futures?",
        "lead": lead(sweep),
        "sweep": sweep,
        "own": sweep.regret[sweep.regret["plan"] == JOB].to_dict("records")[0],
        "links": [
            row | {"name": link_words(row), "decider": decider(row) or wording.NONE}
            for row in sweep.links.to_dict("records")
        ],
        "money": sweep.money,
        "core": wording.percent(sweep.core_share, digits=0),
        "has_intervals": sweep.independent is not None,
        "outcomes": [
            {
                "words": words,
                "rows": {
                    str(factor): rows.to_dict("records")
                    for factor, rows in indices[indices["outcome"] == name].groupby("factor", sort=False)
                },
            }
            for name, words in WORDS["outcomes"].items()
        ],
        "meanings": [WORDS["indices"][name] for name in dict.fromkeys(sweep.indices["index"])],
        "plans": [
            row | {"words": plan_words(row["plan"], row["name"])} for row in sweep.regret.to_dict("records")
        ],
        "waiting": waiting_sentences(sweep),
        "attribution": sweep.facts["attribution"],
    }
    return page.write_study(folder / "sweep.html", values, pictures)


def lead(sweep: SweepResults) -> str:
    """Return in sentences what was solved, and what is left out."""
    count, design = len(sweep.futures), WORDS["designs"][sweep.design]
    words = f"{count:,} futures, each with its own best plan: {design} over {len(sweep.factors)} factors."
    if sweep.unsettled:
        settled = wording.percent(inputs.SETTLED_GAP, digits=0)
        words += f" {sweep.unsettled:,} more are left out: not solved, or not settled within {settled}."
    if sweep.on_rings:
        words += (
            f" What is on rings of the plan ({len(sweep.on_rings)} links) is kept in each, and not chosen."
        )
    return words


def waiting_sentences(sweep: SweepResults) -> list[str]:
    """Return the value of waiting in sentences."""
    names = sweep.regret.set_index("plan")["name"]

    def value(found: Waiting) -> str:
        whole = max(found.best, 1.0)
        low, high = (wording.percent(max(0.0, end) / whole) for end in (found.value.low, found.value.high))
        plan = plan_words(found.plan, names[found.plan])
        return (
            f"{wording.percent(found.value.value / whole)} ({low} to {high}) of the weight that the best "
            f"plan of each future covers on average; the best fixed plan is then {plan}"
        )

    hard, paid = (sweep.value_of_waiting(overruns_are_paid=paid) for paid in (False, True))
    return [
        f"If budget and limits are hard, and nothing is built of a plan that does not fit: {value(hard)}.",
        f"If a plan is built whatever it costs: {value(paid)}.",
        *_commitment(sweep),
    ]


def _commitment(sweep: SweepResults) -> Iterator[str]:
    """Yield what building the robust core now costs, where that was solved."""
    found = sweep.cost_of_commitment
    if found is None or not found.cases:
        return
    whole = max(found.best, 1.0)
    shares = (*(value / whole for value in found.loss), found.largest / whole, float(sweep.facts["gap"]))
    mean, low, high, most, gap = (wording.percent(share, digits=2) for share in shares)
    possible = wording.percent(found.possible, digits=0)
    yield (
        f"If the robust core is built now and all else once the future is known: {mean} ({low} to {high}) is "
        f"lost on average, at most {most}, in the {possible} of the futures in which the core fits. Plans "
        f"are known within {gap} of their optimum, so that losses up to that say nothing."
    )


# ---- pictures


def _shown(sweep: SweepResults) -> gpd.GeoDataFrame:
    """Return the links that are drawn: of `LEAST_SHARE`, and dear ones of the plan however rare they are."""
    links = sweep.links
    cost = links["cost"].where(links["in_plan"], 0)
    return links[(links["share"] >= LEAST_SHARE) | (cost > 0) & (cost >= DEAR_SHARE * cost.sum())]


def draw_links(sweep: SweepResults, *, dpi: int = DPI) -> Figure:
    """Return the ranking of links by the share of futures in which each is right."""
    shown = _shown(sweep)
    is_rare = shown["share"] < LEAST_SHARE
    often = shown[~is_rare].head(MOST_LINKS - int(is_rare.sum()))
    rows = [*often.to_dict("records"), *shown[is_rare].to_dict("records")]
    height = 2.35 + ROW * max(1, len(rows))
    title = "Which links are right in most futures?"
    with plots.sheet(WIDTH, height, title, _links_subtitle(sweep), dpi=dpi) as figure:
        top, bottom = 1 - 1.3 / height, 0.95 / height
        axes = figure.add_axes((COST + 0.015, bottom, DECIDER - COST - 0.03, top - bottom))
        _draw_shares(axes, sweep, rows)
        for at, row in enumerate(rows):  # name, cost and deciding factor beside each bar
            y = figure.transFigure.inverted().transform(axes.transData.transform((0, at)))[1]
            weight = "bold" if row["is_core"] else "normal"
            figure.text(LABELS, y, link_words(row), ha="right", va="center", weight=weight)
            figure.text(COST, y, wording.integer(row["cost"]), ha="right", va="center")
            words = decider(row, most=LONGEST_LABEL)
            figure.text(DECIDER, y, words, va="center", size=8.5, color=plots.MUTED)
        look: Any = {"size": 8.5, "color": plots.MUTED}
        y = top + 0.12 / height
        figure.text(COST, y, wording.money(0, sweep.money).replace("0", "Cost,", 1), ha="right", **look)
        figure.text(DECIDER, y, "Share moves most with", **look)
        _links_legend(figure, sweep, rows, height)
    return figure


def _links_subtitle(sweep: SweepResults) -> str:
    core = sweep.core
    share = wording.percent(sweep.core_share, digits=0)
    cost = wording.money(core["cost"].sum(), sweep.money)
    of = "" if sweep.independent is None else "; thin lines are 95 % intervals"
    return (
        f"Share of {len(sweep.futures):,} futures whose best plan builds the link. "
        f"Robust core, in at least {share}: {len(core)} links for {cost}{of}"
    )


def _draw_shares(axes: Axes, sweep: SweepResults, rows: list[dict[Any, Any]]) -> None:
    """Draw a bar a link, with its interval."""
    core = sum(bool(row["is_core"]) for row in rows)
    if core:
        axes.axhspan(-0.5, core - 0.5, color="#efe9d6", linewidth=0, zorder=0)
    for at, row in enumerate(rows):
        colour = plots.PROPOSALS[plots.category(mode=str(row["mode"]), kind=str(row["kind"]))].colour
        look: Any = {"height": 0.62, "edgecolor": colour, "linewidth": 1.1, "zorder": 3}
        axes.barh(at, row["share"], color=colour if row["in_plan"] else plots.PAPER, **look)
        if np.isfinite(row["low"]):
            if row["in_plan"]:  # the part over the bar, which may be dark
                axes.plot([row["low"], row["share"]], [at, at], color="white", lw=2.8, zorder=4)
            axes.plot([row["low"], row["high"]], [at, at], color=plots.INK, lw=1.0, zorder=5)
        share = wording.share(row["chosen"], row["cases"])
        axes.text(NUMBER, at, share, va="center", ha="right", weight="bold" if row["is_core"] else "normal")
    axes.axvline(sweep.core_share, color=plots.INK, lw=0.9, dashes=(4, 3), zorder=2)
    axes.set(xlim=(0, NUMBER + 0.01), ylim=(max(1, len(rows)) - 0.5, -0.5), yticks=[])
    axes.set_xticks(np.linspace(0, 1, 6))
    plots.plain(axes, grid="x", edges=(), x=plots.percent)


def decider(row: dict[Any, Any], *, most: int | None = None) -> str:
    """Return in words how the factor that matters most moves the share of a link; empty without one.

    Parameters
    ----------
    row
        Row of the table of links.
    most
        Characters of the name of the factor, which is cut off; None: all.
    """
    if not row["factor"]:
        return ""
    ends = " → ".join(wording.percent(row[f"share_{end}"], digits=0) for end in ("low", "high"))
    name = str(row["factor"])
    if most is not None and len(name) > most:
        name = f"{name[: most - 1].rstrip()}…"
    return f"{name}: {ends}"


def _links_legend(figure: Figure, sweep: SweepResults, rows: list[dict[Any, Any]], height: float) -> None:
    from matplotlib.patches import Patch

    used = {plots.category(mode=str(row["mode"]), kind=str(row["kind"])) for row in rows}
    drawn = [one for name, one in plots.PROPOSALS.items() if name in used]
    handles = [
        *(Patch(color=one.colour, label=one.name) for one in drawn),
        Patch(facecolor=plots.MUTED, edgecolor=plots.MUTED, label="in the plan of the job"),
        Patch(facecolor=plots.PAPER, edgecolor=plots.MUTED, label="not in it"),
    ]
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0.015, 0.27 / height), "ncols": len(handles)}
    figure.legend(handles=handles, frameon=False, **place)
    rest = sweep.links["share"].iloc[len(rows) :]
    beyond = ""
    if len(rest):
        most = wording.percent(rest.iloc[0], digits=0)
        beyond = f"{len(rest)} further links are each chosen in at most {most} of the futures. "
    words = f"{beyond}On the right: share where the factor is in its lowest and in its highest third."
    figure.text(0.02, 0.15 / height, words, size=8.5, color=plots.MUTED)


def draw_band(sweep: SweepResults, *, dpi: int = DPI) -> Figure:
    """Return what the plan of the job covers in each future, beside the best plan of that future."""
    table = sweep.futures.sort_values(["pairs_best", "case"], ignore_index=True)
    title = "What the plan of the job covers in each future"
    bands, pairs = [sweep.coverage(name) for name in ("pairs_plan", "pairs_best")], table["pairs"].max()
    ranges = [f"{band.p05:.0f} to {band.p95:.0f}" for band in bands]
    words = (
        f"Of {0 if table.empty else int(pairs):,} pairs the plan covers {ranges[0]} in nine of ten of "
        f"{len(table):,} futures, {bands[0].p50:.0f} in the middle one; the best plan of each, {ranges[1]}"
    )
    with plots.sheet(WIDTH, 6.2, title, words, dpi=dpi) as figure:
        axes = figure.add_axes((0.07, 0.12, 0.62, 0.69))
        side = figure.add_axes((0.72, 0.12, 0.26, 0.69), sharey=axes)
        x = (np.arange(len(table)) + 0.5) / max(1, len(table))
        best, plan = (table[name].to_numpy(dtype=np.float64) for name in ("pairs_best", "pairs_plan"))
        fits = table["plan_fits"].to_numpy(dtype=bool)
        thick = min(6.0, max(0.6, 300 / max(1, len(table))))
        axes.vlines(x, plan, best, color=plots.CEILING, linewidth=thick)
        axes.plot(x, best, color=plots.GAINS, lw=2.2, label="best plan of the future", zorder=4)
        axes.plot(x, table["pairs_today"], ".", color=plots.BEFORE, ms=2.5, label="without a plan", zorder=2)
        look: Any = {"s": 13 if len(table) < 300 else 6, "edgecolors": plots.INK, "linewidths": 0.7}
        unfit = "the same where it does not fit"
        for mask, face, label in ((fits, plots.INK, "plan of the job"), (~fits, plots.PAPER, unfit)):
            if mask.any():
                axes.scatter(x[mask], plan[mask], c=face, label=label, zorder=5, **look)
        plots.plain(axes, x=plots.percent)
        what = "Futures, from the least to the most that can be covered"
        axes.set(xlim=(0, 1), xlabel=what, ylabel="Pairs within the limit")
        axes.legend(loc="lower left", bbox_to_anchor=(-0.015, 1.0), ncols=4, frameon=False)
        _draw_spread(side, sweep, plan)
    return figure


def _draw_spread(axes: Axes, sweep: SweepResults, plan: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """Draw the distribution of the coverage of the plan of the job beside its quantiles."""
    band = sweep.coverage("pairs_plan")
    bars = min(30, max(5, int(np.sqrt(len(plan)))))
    # Whole pairs, so that no bar holds more values than others.
    width = max(1, int(np.ceil(np.ptp(plan) / bars)))
    edges = np.arange(np.floor(plan.min()), plan.max() + width + 1, width) - 0.5
    axes.hist(plan, bins=list(edges), orientation="horizontal", color="#b9c3cf", edgecolor=plots.PAPER)
    for value, words in ((band.p05, "5 %"), (band.p50, "50 %"), (band.p95, "95 %")):
        axes.axhline(value, color=plots.INK, lw=0.9, dashes=(4, 3))
        axes.annotate(
            f"{words}: {value:.0f}", (1, value), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", size=8.5,
        )  # fmt: skip
    axes.set_xlim(right=1.35 * axes.get_xlim()[1])
    plots.plain(axes)
    axes.tick_params(labelleft=False)
    axes.set_xlabel("Futures")
    axes.set_title("Plan of the job: distribution", loc="left", size=10)


def draw_indices(sweep: SweepResults, *, dpi: int = DPI) -> Figure:
    """Return by how much each factor moves coverage and cost."""
    table = sweep.indices
    shown = [name for name in WORDS["outcomes"] if table.loc[table["outcome"] == name, "value"].notna().any()]
    # The factors by the size of their last kind of index for the first outcome, the largest first.
    own = table[table["outcome"].isin(shown[:1]) & ~table["index"].isin(["sigma"])]
    size = own["value"].abs() if (own["index"] == "swing").all() else own["value"]
    largest = size.groupby(own["factor"]).max().sort_values(ascending=False, kind="stable")
    order = largest.index.tolist() or list(sweep.factors)
    alike = set(table.loc[table["correlated"].astype(bool), "factor"])
    labels = [textwrap.fill(f"{name} *" if name in alike else name, LONGEST_LABEL) for name in order]
    height = 2.2 + 0.34 * max(1, len(order))
    title = "What the outcome depends on"
    with plots.sheet(WIDTH, height, title, _indices_subtitle(sweep), dpi=dpi) as figure:
        left, gap = 0.15, 0.02
        width = (0.985 - left) / max(1, len(shown)) - gap
        for at, outcome in enumerate(shown):
            axes = figure.add_axes((left + at * (width + gap), 0.62 / height, width, 1 - 2.15 / height))
            _draw_outcome(axes, sweep, table[table["outcome"] == outcome], order)
            axes.set_title(textwrap.fill(WORDS["outcomes"][outcome], 30), loc="left", size=9)
            axes.set_yticks(range(len(order)), labels if at == 0 else [])
            if at == 0 and len(set(table["index"])) > 1:
                figure.legend(*axes.get_legend_handles_labels(), loc="lower left", ncols=2, frameon=False)
    return figure


def _indices_subtitle(sweep: SweepResults) -> str:
    if sweep.design == "one-at-a-time":
        return "Rise of the outcome from the least to the largest value of a factor, all else as in the job"
    what = "Share of the variance of the outcome"
    if sweep.design == "morris":
        what = "Elementary effects over the range of each factor, in the unit of the outcome"
    star = (
        "; * drawn together with others, whose part it holds too" if any(sweep.indices["correlated"]) else ""
    )
    return f"{what} ({sweep.indices['method'].iloc[0]}), with 95 % intervals{star}"


def _draw_outcome(axes: Axes, sweep: SweepResults, table: pd.DataFrame, order: list[str]) -> None:
    """Draw the indices of all factors for one outcome."""
    kinds = list(dict.fromkeys(table["index"]))
    looks = ((plots.BEFORE, "o"), (plots.LOSES, "D"))
    for number, (kind, (colour, mark)) in enumerate(zip(kinds, looks, strict=False)):
        own = table[table["index"] == kind].set_index("factor").loc[order]
        y = np.arange(len(order)) + (number - (len(kinds) - 1) / 2) * 0.26
        axes.hlines(y, own["low"], own["high"], color=colour, lw=1.4, zorder=3)
        axes.scatter(
            own["value"], y, s=30, c=colour, marker=mark, zorder=4, label=WORDS["short_indices"][kind]
        )
    axes.axvline(0, color=plots.RULE, lw=1)
    tick = plots.thousands if sweep.design in ("morris", "one-at-a-time") else plots.percent
    plots.plain(axes, grid="x", edges=("bottom",), x=tick)
    axes.set_ylim(len(order) - 0.5, -0.5)
    for at in range(1, len(order), 2):
        axes.axhspan(at - 0.5, at + 0.5, color="#f3efe2", linewidth=0, zorder=0)
    axes.locator_params(axis="x", nbins=4)


def draw_regret(sweep: SweepResults, *, dpi: int = DPI) -> Figure:
    """Return how far each fixed plan falls short of the best plan of each future."""
    table = sweep.regret.sort_values(["expected", "plan"], ascending=[False, True])
    is_first = table["name"].isin([PLAN_OF_JOB, CORE])
    table = pd.concat([table[is_first].sort_values("plan"), table[~is_first]]).head(MOST_PLANS)
    table = table.reset_index(drop=True)
    height = 2.1 + 0.36 * max(1, len(table))
    words = (
        "Regret: how much less weight a plan covers than the best plan of a future, as a share of the best, "
        f"where the plan fits. As good: within {wording.percent(NEAR, digits=0)}"
    )
    with plots.sheet(WIDTH, height, "What is lost by settling for one plan", words, dpi=dpi) as figure:
        bottom, tall = 0.68 / height, 1 - 1.95 / height
        axes = figure.add_axes((0.235, bottom, 0.44, tall))
        _draw_regrets(axes, sweep, table)
        for at, (column, words) in enumerate((("fits", "Fits the future"), ("near", "As good as the best"))):
            side = figure.add_axes((0.71 + 0.145 * at, bottom, 0.125, tall), sharey=axes)
            _draw_parts(side, table[column].to_numpy(dtype=np.float64))
            side.set_title(words, loc="left", size=9.5)
    return figure


def _draw_regrets(axes: Axes, sweep: SweepResults, table: pd.DataFrame) -> None:
    """Draw the spread of the regret of each plan: range, middle half, median and mean."""
    shares = sweep.regret_shares
    for at, number in enumerate(table["plan"]):
        own = shares.loc[shares["plan"] == number, "share"].to_numpy()
        if not own.size:
            axes.text(0, at, " fits in no future", va="center", color=plots.MUTED)
            continue
        low, first, middle, third, high = np.quantile(own, np.linspace(0, 1, 5))
        axes.plot([low, high], [at, at], color=plots.MUTED, lw=1.1, zorder=2)
        axes.barh(at, third - first, left=first, height=0.5, color="#b9c3cf", zorder=3)
        axes.plot([middle, middle], [at - 0.25, at + 0.25], color=plots.INK, lw=1.6, zorder=4)
        axes.scatter([own.mean()], [at], s=36, c=plots.LOSES, marker="D", edgecolors="white", zorder=5)
    axes.axvline(NEAR, color=plots.INK, lw=0.9, dashes=(4, 3), zorder=1)
    plots.plain(axes, grid="x", edges=("bottom",), x=lambda share, _at: wording.percent(share))
    rows = table.to_dict("records")
    names = [f"{plan_words(row['plan'], row['name'])} ({row['links']} links)" for row in rows]
    axes.set_yticks(range(len(table)), names)
    axes.set(xlim=(0, None), ylim=(len(table) - 0.5, -0.5))
    axes.set_title("Regret: range, middle half, median (bar), mean (diamond)", loc="left", size=9.5)


def _draw_parts(axes: Axes, parts: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    known = np.nan_to_num(parts)
    axes.barh(np.arange(len(parts)), known, color=plots.GAINS, height=0.5, zorder=3)
    axes.barh(np.arange(len(parts)), 1 - known, left=known, color=plots.CEILING, height=0.5, zorder=2)
    for at, part in enumerate(known):
        x, side, colour = (part - 0.03, "right", "white") if part > 0.45 else (part + 0.03, "left", plots.INK)
        words = wording.percent(parts[at], digits=0)
        axes.text(x, at, words, va="center", ha=side, color=colour, size=8.5, zorder=4)
    axes.set_xlim(0, 1)
    axes.axis("off")


def draw_map(sweep: SweepResults, *, dpi: int = DPI) -> Figure:
    """Return the map of all links, the more futures build a link the stronger."""
    crs = maps.plane(sweep.layers["cities"])
    layers = {
        name: layer.set_crs(ring_layout.WGS84, allow_override=True).to_crs(crs)
        for name, layer in sweep.layers.items()
    }
    links = _shown(sweep).to_crs(crs)
    cities = layers["cities"].sort_values("population", ascending=False)
    shapes = [cities.geometry, links.geometry[~links.geometry.is_empty]]
    frame = maps.padded(maps.bounds([shape for shape in shapes if len(shape)]), 0.06)
    west, south, east, north = frame
    height = 10.0
    width = min(14.0, max(7.5, (height - 1.1) * (east - west) / (north - south)))
    title = "Links by the share of futures in which they are right"
    words = _links_subtitle(sweep).split(". ", 1)[1].split(";")[0]
    with plots.sheet(width, height, title, words, dpi=dpi) as figure:
        axes = figure.add_axes((0.02, 0.065, 0.96, 0.85))
        maps.frame_map(axes, maps.fit(frame, 0.96 * width / (0.85 * height)))
        network = layers["network"].set_index("layer").geometry
        maps.draw_network(axes, {name: network.loc[[name]].explode() for name in network.index})
        for row in links.sort_values("share").itertuples():
            _draw_link(axes, row)
        marks = maps.draw_city_marks(axes, cities, {})
        maps.draw_city_labels(axes, cities, taken=marks, soft=marks[:0])
        _map_legend(figure, sweep)
        figure.text(0.98, 0.938, str(sweep.facts["attribution"]), size=7.5, color=plots.MUTED, ha="right")
    return figure


def _draw_link(axes: Axes, row: Any) -> None:  # noqa: ANN401 - a row of a table
    """Draw a link, or the mark of what is done at one place."""
    colour = plots.PROPOSALS[plots.category(mode=row.mode, kind=row.kind)].colour
    strength = FAINT + (STRONG - FAINT) * row.share
    height = 6 + row.share
    lines = maps.parts(row.geometry)
    halo: Any = {"color": plots.HALO, "lw": 8.5, "alpha": 0.75, "zorder": 5}
    look: Any = {"color": colour, "lw": 0.7 + 3.6 * row.share, "alpha": strength, "zorder": height}
    for line in lines:
        for one in ([halo] if row.is_core else []) + [look]:
            axes.plot(*line.xy, solid_capstyle="round", **one)
    if not lines and row.geometry is not None and not row.geometry.is_empty:
        point = row.geometry.centroid
        edge = plots.HALO if row.is_core else "none"
        spot: Any = {"s": 20 + 130 * row.share, "c": colour, "alpha": strength, "edgecolors": edge}
        axes.scatter(point.x, point.y, linewidths=2.4, marker="h", zorder=height, **spot)


def _map_legend(figure: Figure, sweep: SweepResults) -> None:
    from matplotlib.lines import Line2D

    used = set(plots.categories(sweep.links))
    looks = [(one.colour, 3.0, 1.0, one.name) for name, one in plots.PROPOSALS.items() if name in used]
    for share in (0.1, 0.5, 1.0):
        strength, words = FAINT + (STRONG - FAINT) * share, f"in {100 * share:.0f} % of the futures"
        looks.append((plots.INK, 0.7 + 3.6 * share, strength, words))
    looks.append((plots.HALO, 7.0, 0.75, "robust core"))
    handles = [
        Line2D([], [], color=c, lw=width, alpha=alpha, label=words) for c, width, alpha, words in looks
    ]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.015, 0.0), ncols=4, frameon=False)


PICTURES: dict[str, Callable[..., Figure]] = {
    "links": draw_links,
    "map": draw_map,
    "band": draw_band,
    "indices": draw_indices,
    "regret": draw_regret,
}
"""The pictures of a sweep by name."""

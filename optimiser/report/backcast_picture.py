"""Draw a back-cast: a map of what was proposed and built, and what each chooser finds along the money."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from optimiser.report import files, map_drawing, style, wording
from optimiser.report.backcast import CHOOSERS, PURSES, Backcast, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 15.0, 9.4, 150
"""Inches, inches, and dots per inch."""

BUILT = {
    "road": style.Stroke("Road built since", "#e3a45b", "#e3a45b", 6.5),
    "rail": style.Stroke("Railway built since", "#9bb3e0", "#9bb3e0", 6.5),
}
"""What was built, by mode, drawn below the proposals."""

THEN = style.Stroke("Expressways and railways of that day", style.CEILING, style.CEILING, 0.7)

LINES = {
    "plan": (style.GAINS, "-", 2.6),
    "plan_lines": (style.GAINS, "--", 2.2),
    "population": ("#2c62a8", "-", 1.4),
    "population_per_cost": ("#8e4fa8", "-", 1.4),
    "towards_core": ("#c8321f", "-", 1.4),
    "random": (style.MUTED, "-", 1.4),
}
"""Colour, dash and width of each chooser's line."""

EDGE = 0.02
"""Margin, as a share of the figure."""


def write(found: Backcast, path: Path) -> Path:
    """Draw a back-cast into a PNG file, whole or not at all."""
    return files.write_figure(draw(found), path, dpi=DPI)


def draw(found: Backcast, *, dpi: int = DPI) -> Figure:
    """Return the picture of a back-cast, bound to no window."""
    with style.figure(WIDTH, HEIGHT, dpi=dpi, size=9) as figure:
        title = f"{found.region}: proposed for {found.day}, beside what was built since"
        figure.text(EDGE, 0.955, title, size=16, weight="bold", parse_math=False)
        spent = " and ".join(f"{amount:,} for {mode}" for mode, amount in found.spent.items())
        figure.text(
            EDGE, 0.925, f"Spent since, {found.money}: {spent}", size=10, color=style.MUTED, parse_math=False
        )
        _draw_map(figure.add_axes((EDGE, 0.09, 0.53, 0.8)), found)
        for at, purse in enumerate(PURSES):
            _draw_lines(figure.add_axes((0.61, 0.54 - 0.43 * at, 0.37, 0.33)), found, purse)
        figure.text(EDGE, 0.02, found.attribution, size=8, color=style.MUTED, parse_math=False)
    return figure


def _draw_map(axes: Axes, found: Backcast) -> None:
    """Draw what was built in broad strokes, and the lines of the plan shown upon them."""
    points = shapely.get_coordinates(found.cities.geometry.to_numpy())
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    room = 0.06 * max(east - west, north - south)
    map_drawing.frame_map(axes, (west - room, south - room, east + room, north + room))
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
    _stroke(axes, found.network, THEN, order=1)
    for mode, stroke in BUILT.items():
        _stroke(axes, found.built[found.built["mode"] == mode], stroke, order=2)
    chosen = found.lines[found.lines["candidate_id"].isin(found.shown.lines)]
    for mode in BUILT:
        _stroke(axes, chosen[chosen["mode"] == mode], style.PROPOSALS[mode], order=3)
    for city in found.cities.itertuples():
        look = style.tier(str(city.tier))
        x, y = city.geometry.x, city.geometry.y
        axes.scatter([x], [y], s=look.mark**2 / 2, c="white", edgecolors=style.INK, linewidths=0.8, zorder=4)
        if str(city.tier) != "small":
            side, at = ("right", -5) if x > (west + 3 * east) / 4 else ("left", 5)
            label = axes.annotate(str(city.name), (x, y), (at, 4), textcoords="offset points", zorder=5)
            label.set(size=look.text - 1.5, horizontalalignment=side, parse_math=False)
    axes.legend(loc="lower right", fontsize=8, frameon=True, edgecolor=style.RULE)
    one = found.shown
    words = (
        f"{CHOOSERS[one.chooser]}, {PURSES[one.purse]}, {one.share:.0%} of the money: "
        f"{wording.integer(one.lines_cost)} for {len(one.lines)} lines"
    )
    axes.set_title(words, loc="left", size=10.5, color=style.INK)


def _stroke(axes: Axes, lines: gpd.GeoDataFrame, stroke: style.Stroke, *, order: float) -> None:
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
    axes.set_facecolor(style.PAPER)
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
            axes.fill_between(shares, least, most, color=style.CEILING, alpha=0.7, linewidth=0)
    everything = next(one for one in found.choices if one.chooser == "everything").figure("both") or 0.0
    axes.axhline(everything, color=style.RULE, lw=1, linestyle=":")
    axes.text(0.005, everything + 0.01, "every line proposed", size=7.5, color=style.MUTED)
    axes.set(xlim=(0, 1.02 * max(one.share or 0.0 for one in found.choices)), ylim=(0, 1))
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
    axes.tick_params(length=0)
    title = f"Built km within {found.near_km:g} km of a line of the same mode, {PURSES[purse]}"
    axes.set_title(title, loc="left", size=10, color=style.INK)
    axes.set_xlabel("Share of the money spent since", color=style.MUTED)
    if purse == next(iter(PURSES)):
        axes.legend(loc="upper left", fontsize=7.5, frameon=False, ncols=2)

"""Draw a three-way frontier: the least cost of covering so much of one tier and so much of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optimiser.frontier.curve import Curve
from optimiser.report import style, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS = 240
"""Cells along each side of the map."""

SHADES = ("#f4efe0", "#e9c9a0", "#d98f63", "#b6503f", "#7a2340", "#35173a")
"""From cheap to dear."""

LINES = {"secondary": "#2c62a8", "small": "#c8321f"}
"""Colours of the tiers in the panels."""

OTHER = ("#2c62a8", "#c8321f")


def draw_levels(figure: Figure, curve: Curve) -> None:
    """Draw the map of least costs, and beside it the cost against each tier.

    Parameters
    ----------
    figure
        A figure with its titles.
    curve
        A three-way frontier.
    """
    axes = figure.add_axes((0.075, 0.155, 0.44, 0.675))
    cost, floor = surfaces(curve)
    _map(figure, axes, curve, cost)
    for number, group in enumerate(curve.axes.groups):
        panel = figure.add_axes((0.665, 0.55 - 0.395 * number, 0.305, 0.28))
        _panel(panel, curve, number, group)
    _note(figure, curve, cost, floor)


def plain_frame(axes: Axes) -> None:
    """Draw a left and a bottom edge alone, muted, with muted ticks.

    Parameters
    ----------
    axes
        Any axes.
    """
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.MUTED)
    axes.tick_params(colors=style.MUTED)


def surfaces(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the cost of the cheapest plan known, and the least cost proved, by levels of both tiers.

    Parameters
    ----------
    curve
        A three-way frontier.

    Returns
    -------
    tuple
        float64 [`CELLS` x `CELLS`] each, rows by the second tier; nan where no plan is known, or no bound.
    """
    lines = [np.linspace(low, high, CELLS) for low, high in _span(curve)]
    first, second = np.meshgrid(*lines)
    cost = np.full(first.shape, np.inf)
    for point in curve.points:
        meets = (first <= point.plan.reached[0]) & (second <= point.plan.reached[1])
        cost = np.where(meets, np.minimum(cost, point.cost), cost)
    floor = np.full(first.shape, -np.inf)
    for level, bound in curve.proved:
        holds = (first >= level[0]) & (second >= level[1])
        floor = np.where(holds, np.maximum(floor, bound), floor)
    return np.where(np.isinf(cost), np.nan, cost), np.where(np.isinf(floor), np.nan, floor)


def _span(curve: Curve) -> list[tuple[int, int]]:
    pairs = zip(curve.today.reached, curve.everything.reached, strict=True)
    return [(low, max(high, low + 1)) for low, high in pairs]


def _map(figure: Figure, axes: Axes, curve: Curve, cost: NDArray[np.float64]) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    shades = LinearSegmentedColormap.from_list("cost", SHADES)
    totals = [max(1, curve.totals[group]) for group in curve.axes.groups]
    (left, right), (bottom, top) = _span(curve)
    extent = (left / totals[0], right / totals[0], bottom / totals[1], top / totals[1])
    axes.set_facecolor(style.PAPER)
    shown = axes.imshow(
        cost, origin="lower", extent=extent, aspect="auto", cmap=shades, interpolation="nearest"
    )
    places = [[point.plan.reached[i] / totals[i] for point in curve.points] for i in (0, 1)]
    axes.scatter(
        places[0], places[1], s=14, color=style.PAPER, edgecolors=style.INK, linewidths=0.6, zorder=4
    )
    if curve.knee is not None:
        at = [places[0][curve.knee], places[1][curve.knee]]
        axes.scatter(at[0], at[1], s=170, facecolors="none", edgecolors=style.GAINS, linewidths=2.4, zorder=5)
        axes.annotate(
            f"knee: {curve.points[curve.knee].cost:,}",
            xy=(at[0], at[1]),
            xytext=(10, 14),
            textcoords="offset points",
            ha="right",
            color=style.PAPER,
            weight="bold",
            bbox={"facecolor": style.GAINS, "edgecolor": "none", "boxstyle": "round,pad=0.3"},
            zorder=6,
        )
    for axis, group in ((axes.xaxis, curve.axes.groups[0]), (axes.yaxis, curve.axes.groups[1])):
        axis.set_major_formatter(PercentFormatter(1.0))
        axis.set_label_text(f"{group} cities: weight of their pairs within the limit")
    plain_frame(axes)
    unit = f", {curve.money}" if curve.money else ""
    axes.set_title(f"Least cost of covering at least so much of both{unit}", loc="left", size=10.5, pad=10)
    axes.annotate("today", (extent[0], extent[2]), (6, 6), textcoords="offset points", size=9)
    bar = figure.colorbar(shown, cax=figure.add_axes((0.525, 0.155, 0.012, 0.675)))
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:,.0f}"))


def _panel(axes: Axes, curve: Curve, number: int, group: str) -> None:
    """Draw the cost against one tier: every plan, and the line of those that are cheapest for it alone."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    axes.set_facecolor(style.PAPER)
    total = max(1, curve.totals[group])
    colour = LINES.get(group, OTHER[number])
    costs = [point.cost for point in curve.points]
    shares = [point.plan.reached[number] / total for point in curve.points]
    best = np.maximum.accumulate(shares) if shares else np.zeros(0)
    axes.scatter(costs, shares, s=12, color=colour, alpha=0.35, linewidths=0)
    axes.step(costs, best, where="post", color=colour, linewidth=1.8)
    axes.axhline(curve.everything.reached[number] / total, color=style.MUTED, linewidth=0.8, dashes=(4, 3))
    if curve.knee is not None:
        at = curve.points[curve.knee]
        axes.scatter(
            at.cost,
            shares[curve.knee],
            s=90,
            facecolors="none",
            edgecolors=style.GAINS,
            linewidths=2,
            zorder=5,
        )
    plain_frame(axes)
    axes.grid(axis="y", color="#e7e3d8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(f"{group} cities (dashed: everything built)", loc="left", size=10.5, color=colour, pad=6)
    if number == 1:
        axes.set_xlabel(f"Cost{f', {curve.money}' if curve.money else ''}", labelpad=6)


def _note(figure: Figure, curve: Curve, cost: NDArray[np.float64], floor: NDArray[np.float64]) -> None:
    """Say how wide the proven band is over the map."""
    known = ~np.isnan(cost) & ~np.isnan(floor)
    wide = cost[known] - np.minimum(floor[known], cost[known])
    said = ["Shades: the cheapest plan known that covers at least so much of both tiers. Dots: the plans."]
    if wide.size:
        exact = all(point.gap == 0 for point in curve.points)
        at_dots = "by nothing" if exact else "by no more than their gaps"
        half, most = (wording.whole(float(np.quantile(wide, part))) for part in (0.5, 0.9))
        unit = f" {curve.money}" if curve.money else ""
        said.append(
            f"Proved: no plan is cheaper than the shade by more than {half}{unit} on half of the map and "
            f"{most} on nine tenths of it, at the dots {at_dots}."
        )
    figure.text(0.06, 0.022, "\n".join(said), size=9, color=style.MUTED, linespacing=1.5)

"""Draw a frontier: the coverage that each cost buys, by tier, with what is proven."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optimiser.frontier.point import Curve
from optimiser.report import plots, wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHEAP_TO_DEAR = ("#f4efe0", "#e9c9a0", "#d98f63", "#b6503f", "#7a2340", "#35173a")
"""Shades of the map of a three-way frontier."""

CELLS = 240
"""Cells along each side of that map."""

WIDTH, HEIGHT, DPI = 12.0, 7.4, 160
"""Inches, inches, and dots per inch."""

LEFT, FOOT = 0.02, 0.022
"""Left edge of the text and height of the notes, as shares of the figure."""

LEAST_CHANGE = 0.002
"""Change of a tier's share along the frontier below which it has no line."""


def draw(curve: Curve, *, dpi: int = DPI) -> Figure:
    """Return the picture of a frontier, bound to no window."""
    title = f"{curve.name}: coverage against cost"
    draw_all = _draw_three_way if curve.axes.kind == "three_way" else _draw_two_way
    with plots.sheet(WIDTH, HEIGHT, title, _proof(curve), dpi=dpi) as figure:
        notes = "\n".join(draw_all(figure, curve))
        figure.text(LEFT, FOOT, notes, size=9, color=plots.MUTED, linespacing=1.5)
    return figure


def _proof(curve: Curve) -> str:
    """Return what the points are, and what is proven of them."""
    gaps = [point.gap for point in curve.points]
    if None in gaps:
        proven = "some without a bound"
    elif (largest := max((gap for gap in gaps if gap is not None), default=0.0)) > 0:
        proven = f"each within {wording.percent(largest, digits=2)} of the optimum"
    else:
        proven = "each proven: no plan is better in one objective and no worse in the others"
    known = wording.WORDS["frontier"].get(curve.ended, "so far")
    return f"{len(curve.points)} non-dominated plans ({known}), {proven}"


def _draw_two_way(figure: Figure, curve: Curve) -> tuple[str, ...]:
    """Draw a line a tier over cost, with the proven band; return the notes below."""
    if not curve.points:
        return ()
    axes = figure.add_axes((0.06, 0.155, 0.84, 0.675))
    # The objective that counts as 100 %: the weight of all pairs, where nothing else counts.
    whole = max(1, curve.totals["all"] if curve.counts_pairs_alone else curve.everything.reached[0])
    costs = [point.cost for point in curve.points]
    groups = curve.groups if len(curve.groups) > 1 else ()
    found = {group: [curve.share(point.plan, group) for point in curve.points] for group in groups}
    shares = {group: own for group, own in found.items() if max(own) - min(own) >= LEAST_CHANGE}
    shares["all"] = [point.value / whole for point in curve.points]
    _fill_band(axes, curve, whole=whole, right=plots.right_of(costs))
    plots.draw_steps(axes, {group: plots.Steps(costs, own) for group, own in shares.items()})
    axes.set_xlabel(_with_unit("Cost", curve), labelpad=8)
    more = "" if curve.counts_pairs_alone else ", and what cities and rings earn"
    axes.set_title(f"Weight of the pairs within the limit{more}", loc="left", size=10.5, pad=10)
    if curve.knee is not None:
        _ring_point(axes, costs[curve.knee], shares["all"][curve.knee], size=150, width=2.2)
    return _end_notes(curve)


def _fill_band(axes: Axes, curve: Curve, *, whole: int, right: float) -> None:
    """Fill what is open: above the best plan known for a budget, below the bound proven for it."""
    costs = [point.cost for point in curve.points]
    budgets = sorted({0, right, *costs, *(budget for budget in curve.band if budget <= right)})
    low, high = [], []
    for first, last in itertools.pairwise(budgets):
        best = max((point.value for point in curve.points if point.cost <= first), default=None)
        bound = next((bound for budget, bound in curve.band.items() if budget >= last), None)
        low.append(float("nan") if best is None else best / whole)
        high.append(float("nan") if bound is None else bound / whole)
    low, high = [*low, *low[-1:]], [*high, *high[-1:]]
    axes.fill_between(budgets, low, high, step="post", color=plots.BAND, linewidth=0, alpha=0.85, zorder=1)


def _ring_point(axes: Axes, x: float, y: float, *, size: float, width: float) -> None:
    """Draw a ring round the knee of a frontier."""
    ring = axes.scatter(x, y, s=size, facecolors="none", edgecolors=plots.GAINS, linewidths=width, zorder=7)
    ring.set_clip_on(False)


def _end_notes(curve: Curve) -> tuple[str, ...]:
    """Return where the frontier begins and ends, and what the band means."""
    first, last = curve.points[0], curve.points[-1]
    begin = "today" if not first.plan.built else f"the cheapest plan, {first.cost:,}"
    everything = f"everything built ({wording.integer(curve.everything.cost)})"
    if last.plan.by_group["all"] >= curve.everything.by_group["all"]:
        share = last.cost / max(1, curve.everything.cost)
        end = f"covers as much as {everything}, for {wording.percent(share, digits=0)} of its cost"
    else:
        most = curve.share(curve.everything, "all")
        end = f"the most that a plan covers; {everything} would cover {wording.percent(most)}"
    knee = "" if curve.knee is None else f" Ring: the knee, {curve.points[curve.knee].cost:,}."
    return (
        f"Left end: {begin}. Right end: {last.cost:,}, {end}.{knee}",
        "Grey: where better plans may lie between those drawn. It is proven that none lies above the grey.",
    )


def _draw_three_way(figure: Figure, curve: Curve) -> tuple[str, ...]:
    """Draw the map of least costs, and beside it the cost against each tier; return the notes below."""
    axes = figure.add_axes((0.075, 0.155, 0.44, 0.675))
    cost, floor = surfaces(curve)
    _draw_cost_map(figure, axes, curve, cost)
    for number, group in enumerate(curve.axes.groups):
        _draw_tier(figure.add_axes((0.665, 0.55 - 0.395 * number, 0.305, 0.28)), curve, number, group)
    return _map_notes(curve, cost, floor)


def surfaces(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the cost of the cheapest plan known, and the least cost proven, by levels of both tiers.

    Parameters
    ----------
    curve
        A three-way frontier.

    Returns
    -------
    tuple
        float64 [`CELLS` x `CELLS`] each, rows by the second tier; nan where no plan is known, or no bound.
    """
    first, second = np.meshgrid(*(np.linspace(low, high, CELLS) for low, high in _span(curve)))
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


def _draw_cost_map(figure: Figure, axes: Axes, curve: Curve, cost: NDArray[np.float64]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("cost", CHEAP_TO_DEAR)
    totals = [max(1, curve.totals[group]) for group in curve.axes.groups]
    (left, right), (bottom, top) = _span(curve)
    extent = (left / totals[0], right / totals[0], bottom / totals[1], top / totals[1])
    shown = axes.imshow(
        cost, origin="lower", extent=extent, aspect="auto", cmap=shades, interpolation="nearest"
    )
    x, y = ([point.plan.reached[i] / totals[i] for point in curve.points] for i in (0, 1))
    axes.scatter(x, y, s=14, color=plots.PAPER, edgecolors=plots.INK, linewidths=0.6, zorder=4)
    if curve.knee is not None:
        at = (x[curve.knee], y[curve.knee])
        _ring_point(axes, *at, size=170, width=2.4)
        label = axes.annotate(
            f"knee: {curve.points[curve.knee].cost:,}", at, (10, 14), textcoords="offset points", ha="right"
        )
        label.set(color=plots.PAPER, weight="bold", zorder=8)
        label.set_bbox({"facecolor": plots.GAINS, "edgecolor": "none", "boxstyle": "round,pad=0.3"})
    for axis, group in zip((axes.xaxis, axes.yaxis), curve.axes.groups, strict=True):
        axis.set_label_text(f"{group} cities: weight of their pairs within the limit")
    plots.plain(axes, grid=None, x=plots.percent, y=plots.percent)
    title = _with_unit("Least cost of covering at least this much of both tiers", curve)
    axes.set_title(title, loc="left", size=10.5, pad=10)
    axes.annotate("today", (extent[0], extent[2]), (6, 6), textcoords="offset points", size=9)
    bar = figure.colorbar(shown, cax=figure.add_axes((0.525, 0.155, 0.012, 0.675)))
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(plots.thousands)


def _draw_tier(axes: Axes, curve: Curve, number: int, group: str) -> None:
    """Draw the cost against one tier: every plan, and the line of those that are cheapest for it alone."""
    from matplotlib.ticker import MaxNLocator

    total = max(1, curve.totals[group])
    colour = plots.TIER_LINES.get(group, tuple(plots.TIER_LINES.values())[1 + number])
    costs = [point.cost for point in curve.points]
    shares = [point.plan.reached[number] / total for point in curve.points]
    best = np.maximum.accumulate(shares) if shares else np.zeros(0)
    axes.scatter(costs, shares, s=12, color=colour, alpha=0.35, linewidths=0)
    axes.step(costs, best, where="post", color=colour, linewidth=1.8)
    axes.axhline(curve.everything.reached[number] / total, color=plots.MUTED, linewidth=0.8, dashes=(4, 3))
    if curve.knee is not None:
        _ring_point(axes, costs[curve.knee], shares[curve.knee], size=90, width=2)
    plots.plain(axes, x=plots.thousands, y=plots.percent)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(f"{group} cities (dashed: everything built)", loc="left", size=10.5, color=colour, pad=6)
    if number == 1:
        axes.set_xlabel(_with_unit("Cost", curve), labelpad=6)


def _map_notes(curve: Curve, cost: NDArray[np.float64], floor: NDArray[np.float64]) -> tuple[str, ...]:
    """Return what the map shows, and how wide the proven band is over it."""
    shades = "Shades: the cheapest known plan that covers at least this much of both tiers. Dots: the plans."
    known = ~np.isnan(cost) & ~np.isnan(floor)
    width = cost[known] - np.minimum(floor[known], cost[known])
    if not width.size:
        return (shades,)
    at_dot = "nothing" if all(point.gap == 0 for point in curve.points) else "its gap"
    half, most = (wording.money(float(np.quantile(width, part)), curve.money) for part in (0.5, 0.9))
    return shades, (
        f"Proven: no plan is cheaper than the shade by more than {half} on half of the map, {most} on nine "
        f"tenths of it, and {at_dot} at a dot."
    )


def _with_unit(words: str, curve: Curve) -> str:
    return f"{words}, {curve.money}" if curve.money else words

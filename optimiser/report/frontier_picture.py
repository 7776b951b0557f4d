"""Draw a frontier: what each level of spending buys, by tier, with what is proved."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.frontier.curve import Curve
from optimiser.frontier.point import Point
from optimiser.report import atomic, style, wording
from optimiser.report.frontier_levels import draw_levels, plain_frame
from optimiser.report.picture import fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"all": style.INK, "core": "#8a6d1f", "secondary": "#2c62a8", "small": "#c8321f"}
"""Colour of each tier's line; others take those of `SPARE` in turn."""

SPARE = ("#0b8074", "#8e4fa8", "#b0662a", "#5b7a1f")

BAND = "#b9c3cf"
"""Colour of the proven band."""

WIDTH, HEIGHT, DPI = 12.0, 7.4, 160
"""Inches, inches, and dots per inch."""

LEAST_CHANGE = 0.002
"""Change of a tier's share along the frontier below which its line is told in words alone."""

BELOW = 0.07
"""Room below the lines for the words at their foot, as a share of the height."""

NEAR = 0.042
"""Least distance of two labels at the right edge, as a share of the height."""


def write(path: Path, curve: Curve) -> Path:
    """Draw a frontier into a PNG file, whole or not at all.

    Parameters
    ----------
    path
        The file.
    curve
        The frontier.
    """
    figure = draw(curve)
    return atomic.write(path, lambda part: figure.savefig(part, dpi=DPI, facecolor=style.PAPER))


def draw(curve: Curve) -> Figure:
    """Return the picture of a frontier, bound to no window.

    Parameters
    ----------
    curve
        The frontier.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.family": fonts(), "font.size": 10, "text.color": style.INK}):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=style.PAPER)
        FigureCanvasAgg(figure)
        _titles(figure, curve)
        if curve.axes.kind == "three_way":
            draw_levels(figure, curve)
        else:
            _two_way(figure, curve)
    return figure


def _titles(figure: Figure, curve: Curve) -> None:
    left = 0.06
    figure.text(left, 0.94, f"{curve.name}: what each level of spending buys", size=17, weight="bold")
    figure.text(left, 0.9, _proof(curve), size=10.5, color=style.MUTED)


def _proof(curve: Curve) -> str:
    """Return what the points are, and what is proved of them."""
    gaps = [point.gap for point in curve.points]
    if None in gaps:
        proved = "some of them without a bound"
    elif (largest := max((gap for gap in gaps if gap is not None), default=0.0)) > 0:
        proved = f"each within {largest:.2%} of the best there is"
    else:
        proved = "each proved: no plan at all is better in one thing and no worse in the others"
    more = {
        "complete": "all there are",
        "points": "a choice of those there are",
        "time": "as many as time allowed",
    }
    return f"{len(curve.points)} non-dominated plans ({more.get(curve.ended, 'so far')}), {proved}"


def _two_way(figure: Figure, curve: Curve) -> None:
    axes = figure.add_axes((0.06, 0.155, 0.765, 0.675))
    axes.set_facecolor(style.PAPER)
    points = curve.points
    whole, dearest = _whole(curve), max((point.cost for point in points), default=0)
    right = max(1.0, 1.03 * dearest)
    _band(axes, curve, whole=whole, right=right)
    ends = []
    for number, group in enumerate(shown(curve)):
        shares = [_share(curve, point, group, whole) for point in points]
        colour = COLOURS.get(group, SPARE[number % len(SPARE)])
        wide = group == "all"
        axes.step(
            [*(point.cost for point in points), right],
            [*shares, shares[-1]],
            where="post",
            color=colour,
            linewidth=2.4 if wide else 1.5,
            zorder=5 if wide else 4,
        )
        axes.scatter(
            [point.cost for point in points],
            shares,
            s=20 if wide else 11,
            color=colour,
            zorder=6,
            linewidths=0,
        )
        ends.append((shares[-1], shares[0], group, colour))
    _frame(axes, curve, right=right)
    _names(axes, curve, ends, right=right)
    _knee(axes, curve, whole)
    _ends(axes, curve)


def shown(curve: Curve) -> list[str]:
    """Return the groups that have a line: all, and those whose coverage changes."""
    if len(curve.groups) < 2:
        return ["all"]
    moved = []
    for group in curve.groups:
        shares = [curve.share(point.plan, group) for point in curve.points]
        if max(shares, default=0) - min(shares, default=0) >= LEAST_CHANGE:
            moved.append(group)
    return [*moved, "all"]


def _whole(curve: Curve) -> int:
    """Return the objective that counts as 100 %: the weight of all pairs, where nothing else counts."""
    pairs_alone = all(point.value == point.plan.by_group["all"] for point in curve.points)
    return max(1, curve.totals["all"] if pairs_alone else curve.everything.reached[0])


def _share(curve: Curve, point: Point, group: str, whole: int) -> float:
    return point.value / whole if group == "all" else curve.share(point.plan, group)


def _band(axes: Axes, curve: Curve, *, whole: int, right: float) -> None:
    """Fill what is open: above the best plan known for a budget, below what is proved for it."""
    costs = [point.cost for point in curve.points]
    budgets = sorted({0, right, *costs, *(step.budget for step in curve.band if step.budget <= right)})
    low, high = [], []
    for first, last in itertools.pairwise(budgets):
        best = max((point.value for point in curve.points if point.cost <= first), default=None)
        bound = next((step.bound for step in curve.band if step.budget >= last), None)
        low.append(float("nan") if best is None else best / whole)
        high.append(float("nan") if bound is None else bound / whole)
    axes.fill_between(
        budgets,
        [*low, low[-1]] if low else [],
        [*high, high[-1]] if high else [],
        step="post",
        color=BAND,
        linewidth=0,
        alpha=0.85,
        zorder=3,
    )


def _frame(axes: Axes, curve: Curve, *, right: float) -> None:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    plain_frame(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low - BELOW * (high - low), high)
    axes.set_xlim(-0.012 * right, right)
    axes.grid(axis="y", color="#e7e3d8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:,.0f}"))
    axes.set_xlabel(f"Cost{f', {curve.money}' if curve.money else ''}", labelpad=8)
    axes.set_title("Weight of the pairs within the limit", loc="left", size=10.5, color=style.INK, pad=10)


def _names(axes: Axes, curve: Curve, ends: list[tuple[float, float, str, str]], *, right: float) -> None:
    """Write the name of each line beside its right end, none over another."""
    bottom, top = axes.get_ylim()
    height = top - bottom
    places: list[float] = []
    for last, first, group, colour in sorted(ends):
        at = max(last, places[-1] + NEAR * height * 1.6) if places else last
        places.append(at)
        name = "all pairs" if group == "all" else f"{group} cities"
        axes.annotate(
            f"{name}\n{first:.1%} to {last:.1%}",
            xy=(right, last),
            xytext=(1.015, (at - bottom) / height),
            textcoords=("axes fraction", "axes fraction"),
            color=colour,
            size=10,
            weight="bold" if group == "all" else "normal",
            va="center",
            linespacing=1.35,
            annotation_clip=False,
        )
    still = [group for group in curve.groups if group not in {name for *_, name, _ in ends}]
    if still and curve.points and len(curve.groups) > 1:
        said = ", ".join(f"{group} {curve.share(curve.points[0].plan, group):.0%}" for group in still)
        axes.text(1.015, 0.0, f"unchanged: {said}", transform=axes.transAxes, size=9, color=style.MUTED)


def _knee(axes: Axes, curve: Curve, whole: int) -> None:
    if curve.knee is None:
        return
    point = curve.points[curve.knee]
    height = point.value / whole
    axes.scatter(
        point.cost,
        height,
        s=150,
        facecolors="none",
        edgecolors=style.GAINS,
        linewidths=2.2,
        zorder=7,
        clip_on=False,
    )
    _mark(axes, point, height, "knee: ", style.GAINS)


def _mark(axes: Axes, point: Point, height: float, word: str, colour: str, *, left: bool = False) -> None:
    """Drop a line from a point to the bottom, and say there what it costs and builds."""
    bottom = axes.get_ylim()[0]
    axes.plot([point.cost] * 2, [bottom, height], color=colour, linewidth=1, dashes=(4, 3), zorder=2)
    axes.annotate(
        f"{word}{point.cost:,}, {len(point.plan.built)} links",
        xy=(point.cost, bottom),
        xytext=(-8 if left else 8, 8),
        textcoords="offset points",
        ha="right" if left else "left",
        color=colour,
        size=10.5,
        weight="bold",
        zorder=8,
    )


def _ends(axes: Axes, curve: Curve) -> None:
    """Say where the frontier begins and ends."""
    if not curve.points:
        return
    first, last = curve.points[0], curve.points[-1]
    if not first.plan.built:
        axes.annotate(
            "today",
            xy=(0, axes.get_ylim()[0]),
            xytext=(7, 8),
            textcoords="offset points",
            color=style.MUTED,
            size=10.5,
            weight="bold",
        )
    _mark(axes, last, last.value / _whole(curve), "", style.MUTED, left=True)
    begin = "today" if not first.plan.built else f"the cheapest plan, {first.cost:,}"
    whole = f"everything built together ({wording.whole(curve.everything.cost)})"
    if last.plan.by_group["all"] >= curve.everything.by_group["all"]:
        share = last.cost / max(1, curve.everything.cost)
        end = f"as much as {whole} covers, for {share:.0%} of its cost"
    else:
        end = f"the most that a plan covers; {whole} would cover {curve.share(curve.everything, 'all'):.1%}"
    said = (
        f"Left end: {begin}. Right end: {end}.",
        "Grey: where better plans may lie between those drawn. Above the grey there are none, proved.",
    )
    axes.figure.text(0.06, 0.022, "\n".join(said), size=9, color=style.MUTED, linespacing=1.5)

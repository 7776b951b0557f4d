"""Draw legend, coverage and ranked links beside a still map."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from optimiser.report import coverage, ring_words, style, wording
from optimiser.report.inputs import ReportInput, groups_in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINKS = 32
"""Links that the picture lists; the rest stands in links.csv."""

LINE = 0.0245
"""Height of a line of text, as a share of the panel."""


def draw(axes: Axes, report: ReportInput) -> None:
    """Draw the legend, coverage by tier before and after, and the ranked links.

    Parameters
    ----------
    axes
        An empty axes beside the map; its frame is taken away.
    report
        What to show.
    """
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    y = _legend(axes, report, 0.985)
    if report.rings:
        y = _rings(axes, report, y - 0.8 * LINE)
    y = _coverage(axes, report, y - 0.8 * LINE)
    _links(axes, report, y - 0.8 * LINE)


def _heading(axes: Axes, words: str, y: float) -> float:
    axes.text(0, y, words, size=10.5, weight="bold", va="center", parse_math=False)
    axes.plot([0, 1], [y - 0.62 * LINE] * 2, color="#c9c6bd", lw=0.8)
    return y - 1.5 * LINE


def _legend(axes: Axes, report: ReportInput, y: float) -> float:
    y = _heading(axes, "Legend", y)
    shown = set(style.categories(report.links))
    strokes = [stroke for name, stroke in style.PROPOSALS.items() if name in shown]
    strokes += [style.NETWORK[name] for name in ("high_speed", "rail", "motorways", "roads")]
    strokes = [*_ring_strokes(report), *strokes]
    for place, stroke in enumerate(strokes):
        x = 0.5 * (place % 2)
        row = y - (place // 2) * LINE
        _key(axes, stroke, x, row)
        axes.text(x + 0.11, row, stroke.name, size=8.5, va="center")
    y -= ((len(strokes) + 1) // 2) * LINE
    tiers = [style.tier(name) for name in groups_in_order(report.cities["tier"])]
    items = [(look.name, look.mark, "white") for look in tiers] + [
        ("City that gains partners", 7.5, style.GAINS)
    ]
    for place, (words, mark, fill) in enumerate(items):
        x, row = 0.5 * (place % 2), y - (place // 2) * LINE
        axes.scatter([x + 0.04], [row], s=mark**2, c=fill, edgecolors=style.INK, linewidths=1.0)
        axes.text(x + 0.11, row, words, size=8.5, va="center", parse_math=False)
    return y - ((len(items) + 1) // 2) * LINE


def _ring_strokes(report: ReportInput) -> list[style.Stroke]:
    """Return the strokes of rings that the map shows: nothing that is not there stands in the legend."""
    formed = ring_words.formed(report)
    existing = dict.fromkeys(ring.facts.mode for ring in formed if ring.existing_km)
    new = [style.RING_NEW] if any(ring.new_km for ring in formed) else []
    return [*(style.ring(mode) for mode in existing), *new]


def _key(axes: Axes, stroke: style.Stroke, x: float, y: float) -> None:
    """Draw how a line looks on the map; the new part of a ring lies on the ring itself."""
    if stroke is style.RING_NEW:
        ring = style.RINGS["road"]
        axes.plot([x, x + 0.08], [y, y], color=ring.colour, lw=ring.width, solid_capstyle="butt")
    dashes = (0, stroke.dash) if stroke.dash else "solid"
    wide = stroke.width if stroke in (*style.RINGS.values(), style.RING_NEW) else stroke.width + 0.3
    axes.plot(
        [x, x + 0.08], [y, y], color=stroke.colour, lw=wide, linestyle=dashes, dash_capstyle="butt", zorder=3
    )


MOST_RINGS = 4
"""Rings that the picture describes; the rest stands in rings.csv."""


def _rings(axes: Axes, report: ReportInput, y: float) -> float:
    """Say how long each ring is, how much of it exists, and how many cities lie on it."""
    y = _heading(axes, "Ring" if len(report.rings) == 1 else "Rings", y)
    for ring in report.rings[:MOST_RINGS]:
        y = _paragraph(axes, ring_words.titled(report, ring), y, size=8.5, most=62, color=style.INK)
        if len(ring.cities):
            on_it = f"Clockwise: {', '.join(ring.cities['name'].astype(str))}"
            y = _paragraph(axes, on_it, y, size=8.0, most=62, color=style.MUTED)
        if ring.is_formed:
            y = _paragraph(axes, ring_words.build(report, ring), y, size=8.0, most=62, color=style.MUTED)
    left = len(report.rings) - MOST_RINGS
    if left > 0:
        axes.text(0, y, f"and {left} more in rings.csv", size=8, va="center", color=style.MUTED)
        y -= LINE
    return y


def _paragraph(axes: Axes, words: str, y: float, *, size: float, most: int, color: str) -> float:
    """Write words in lines of at most so many letters; return where the next line stands."""
    for line in textwrap.wrap(words, most):
        axes.text(0, y, line, size=size, va="center", color=color, parse_math=False)
        y -= LINE
    return y


def _coverage(axes: Axes, report: ReportInput, y: float) -> float:
    limit = wording.short_hours(report.limit_s)
    y = _heading(axes, f"City pairs within {limit}, by tier of the smaller city", y)
    for row in coverage.by_group(report.pairs).to_dict("records"):
        for state, colour in (("all_built", "#e4e1d8"), ("after", style.GAINS), ("before", "#35597a")):
            share = row[f"{state}_pairs"] / max(row["pairs"], 1)
            axes.barh(y, 0.42 * share, left=0.24, height=0.55 * LINE, color=colour)
        axes.text(0, y, row["group"], size=8.5, va="center", parse_math=False)
        words = f"{row['before_pairs']} → {row['after_pairs']} of {row['pairs']}"
        axes.text(1, y, words, size=8.5, va="center", ha="right")
        y -= LINE
    keys = (("today", "#35597a"), ("with the plan", style.GAINS), ("all candidates", "#e4e1d8"))
    for x, (words, colour) in zip((0.0, 0.25, 0.6), keys, strict=True):
        axes.scatter([x + 0.015], [y], s=36, c=colour, marker="s", linewidths=0)
        axes.text(x + 0.045, y, words, size=7.5, va="center", color=style.MUTED)
    return y - LINE


COLUMNS = (("km", 0.70), ("cost", 0.86), ("pairs", 1.0))
"""Headings of the numbers and where they end, as a share of the width."""


def _links(axes: Axes, report: ReportInput, y: float) -> None:
    y = _heading(axes, f"Proposals by worth (cost in {report.money})", y)
    for words, x in COLUMNS:
        axes.text(x, y, words, size=7.5, va="center", ha="right", color=style.MUTED)
    y -= LINE
    room = min(MOST_LINKS, int(y / LINE))
    for row in report.links.head(room).to_dict("records"):
        _link(axes, row, y)
        y -= LINE
    left = len(report.links) - room
    if left > 0:
        axes.text(0, y, f"and {left} more in links.csv", size=8, va="center", color=style.MUTED)


def _link(axes: Axes, row: dict[Hashable, Any], y: float) -> None:
    colour = style.PROPOSALS[style.category(mode=row["mode"], kind=row["kind"])].colour
    axes.text(0.035, y, str(row["rank"]), size=8, weight="bold", color=colour, va="center", ha="right")
    name = _short(f"{row['from_name']} – {row['to_name']}", 27)
    axes.text(0.06, y, name, size=8, va="center", parse_math=False)
    cells = (f"{row['length_km']:.0f}", wording.whole(row["cost"]), str(row["pairs"]))
    for words, (_, x) in zip(cells, COLUMNS, strict=True):
        axes.text(x, y, words, size=8, va="center", ha="right")


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"

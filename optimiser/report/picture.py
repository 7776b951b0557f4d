"""Draw still pictures of a plan: map with legend and links, rings beside known ones."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from optimiser.measures import coverage
from optimiser.report import answer, maps, plots, ring_layout, ring_section, sentences, wording
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

MAP_HEIGHT, PANEL_WIDTH, TITLE_HEIGHT, EDGE = 8.2, 4.0, 0.72, 0.25
"""Inches; the width of the map follows the shape of the region."""

NARROWEST, WIDEST = 5.8, 13.0
"""Least and most width of the map in inches."""

MOST_LINKS, MOST_RINGS = 32, 4
"""Links and rings that the panel lists; all are in links.csv and rings.csv."""

_shortened = partial(textwrap.shorten, width=33, break_on_hyphens=False, placeholder=" …")
"""Return the words of the name of a link for which the panel has room."""

LINE = 0.0245
"""Height of a line of text, as a share of the panel."""

LINK_COLUMNS = (("km", 0.70), ("cost", 0.86), ("new pairs", 1.0))
"""Headings of the numbers of links and where they end, as a share of the width."""

COVERAGE_BARS = (
    ("all_built", "all candidates", plots.CEILING, 0.6),
    ("after", "with the plan", plots.GAINS, 0.25),
    ("before", "today", plots.BEFORE, 0.0),
)
"""State, words and colour of the bars of coverage, drawn in this order, and where the key stands."""


def draw(report: ReportInput, *, dpi: int = 160) -> Figure:
    """Draw the plan: network by class, cities by tier, proposals numbered as in links.csv.

    Parameters
    ----------
    report
        What to draw.
    dpi
        Dots per inch for which labels are placed.

    Returns
    -------
    matplotlib.figure.Figure
        Bound to no window; its width follows the shape of the region.
    """
    brought, *closed = answer.sentence(report).removesuffix(".").split("; ")
    parts = (
        *(wording.capitalised(clause.partition(", ")[0]) for clause in closed),
        f"Limit {wording.short_hours(report.limit_s)} {sentences.definition(report)}",
        f"cost {sentences.budget(report)}",
        # Where a proof is still sought when this is drawn, it is not known yet whose word the bound will be.
        f"gap {wording.gap(report.gap)}" if sentences.unchecked(report) else sentences.proof(report),
    )
    return _draw(report, f"{report.region}: {brought}", parts, partial(_draw_panel, report=report), dpi=dpi)


def draw_rings(report: ReportInput, *, dpi: int = 160) -> Figure:
    """Draw the rings of a plan beside the known ones, with their corridors; `dpi` as in `draw`."""
    looks, rings = ring_section.known_strokes(report.rings), ring_layout.formed(report.rings)
    filled = {str(name): plots.ring(one.facts.mode).colour for one in rings for name in one.cities["city_id"]}

    def panel(column: _Panel) -> None:
        column.heading("Legend")
        new = [plots.RING_NEW] if any(ring.new_km for ring in rings) else []
        _draw_keys(column, [*map(plots.ring, dict.fromkeys(ring.facts.mode for ring in rings)), *new])
        _draw_rings(column, report)
        column.heading("Known rings")
        for ring in report.rings:
            for one in ring_section.near(ring):
                column.key(0, looks[one.reference])
                whose = f"{ring_section.name(ring, report.rings)}: " if len(report.rings) > 1 else ""
                column.paragraph(f"{whose}{ring_section.overlap(ring, one)}", left=0.11)

    title = f"{report.region}: proposed and known rings"
    return _draw(report, title, (), panel, filled=filled, looks=looks, dpi=dpi)


def draw_comparison(
    report: ReportInput,
    names: tuple[str, str],
    figures: pd.DataFrame,
    *,
    filled: Mapping[str, str],
    dpi: int = 160,
) -> Figure:
    """Draw the links of two plans on one map, by the plan that builds them.

    Parameters
    ----------
    report
        What is shown of the first plan, with the links of both: the column `category` says which plan builds
        a link, a key of `plots.COMPARED`.
    names
        What the plans are called.
    figures
        A row a figure, in words in its index, and a column a plan.
    filled
        Colours of the marks of cities by `city_id`, white where it names none.
    dpi
        Dots per inch for which labels are placed.
    """
    parts = (f"Limit {wording.short_hours(report.limit_s)} {sentences.definition(report)}",)
    title = f"{report.region}: {names[0]} (1) and {names[1]} (2)"
    panel = partial(_draw_compared, report=report, figures=figures)
    return _draw(report, title, parts, panel, filled=filled, dpi=dpi)


def _draw(
    report: ReportInput,
    title: str,
    parts: Sequence[str],
    draw_panel: Callable[[_Panel], None],
    *,
    filled: Mapping[str, str] | None = None,
    looks: Mapping[str, plots.Stroke] | None = None,
    dpi: int,
) -> Figure:
    """Draw title, map and panel; the width follows the shape of the region.

    `looks` are those of known rings, which are drawn with their corridors in place of proposals.
    """
    layers = maps.project(report)
    left_out = {"known": layers.known.iloc[:0]} if looks is None else {"links": layers.links.iloc[:0]}
    layers = replace(layers, **left_out)
    corridors = layers.known.geometry.buffer(1000 * layers.known["corridor_km"].astype(float))
    shapes = [layers.rings.geometry, corridors]
    frame = maps.frame(layers) if looks is None else maps.padded(maps.bounds(shapes), 0.03)
    west, south, east, north = frame
    map_width = min(max(MAP_HEIGHT * (east - west) / (north - south), NARROWEST), WIDEST)
    width, height = map_width + PANEL_WIDTH + 3 * EDGE, MAP_HEIGHT + TITLE_HEIGHT + 2 * EDGE
    with plots.sheet(width, height, title, "   ·   ".join(parts), dpi=dpi) as figure:

        def place(left: float, across: float) -> Axes:
            return figure.add_axes((left / width, EDGE / height, across / width, MAP_HEIGHT / height))

        axes = place(EDGE, map_width)
        maps.frame_map(axes, maps.fit(frame, map_width / MAP_HEIGHT))
        maps.draw_network(axes, layers.networks)
        maps.draw_proposals(axes, layers)
        maps.draw_rings(axes, layers)
        for reference, stroke in ({} if looks is None else looks).items():
            own = layers.known["reference"] == reference
            shade = {"color": stroke.colour, "edgecolor": "none", "alpha": 0.16, "aspect": None}
            corridors[own].plot(ax=axes, zorder=0.5, **shade)
            axes.plot(*layers.known.geometry[own].iloc[0].xy, zorder=8.1, **stroke.look)
        axes.set(xlabel="", ylabel="")
        maps.draw_marks(axes, layers, report, filled=filled)
        column = place(map_width + 2 * EDGE, PANEL_WIDTH)
        column.set(xlim=(0, 1), ylim=(0, 1))
        column.set_axis_off()
        draw_panel(_Panel(column))
    return figure


@dataclass
class _Panel:
    """The column beside the map, filled from top to bottom; `y` is where the next line stands."""

    axes: Axes
    y: float = 0.985

    def text(
        self, x: float, words: str, *, size: float = 8.0, colour: str = plots.INK, ha: str = "left"
    ) -> Text:
        """Write words on the line that begin, or end (`ha` right), at a share of the width."""
        return self.axes.text(x, self.y, words, size=size, color=colour, va="center", ha=ha)

    def end_line(self, lines: float = 1.0) -> None:
        self.y -= lines * LINE

    def heading(self, words: str) -> None:
        self.end_line(0.8 if self.axes.texts else 0)
        self.text(0, words, size=10.5).set_fontweight("bold")
        self.axes.plot([0, 1], [self.y - 0.62 * LINE] * 2, color=plots.RULE, lw=0.8)
        self.end_line(1.5)

    def paragraph(
        self, words: str, *, size: float = 8.0, colour: str = plots.MUTED, left: float = 0.0
    ) -> None:
        for line in textwrap.wrap(words.replace(" %", "\u00a0%"), int(62 * (1 - left))):
            self.text(left, line, size=size, colour=colour)
            self.end_line()

    def more(self, count: int, file: str) -> None:
        """Name the file that holds what is not shown, if anything is left."""
        if count > 0:
            self.text(0, f"and {count} more in {file}", colour=plots.MUTED)
            self.end_line()

    def key(self, x: float, stroke: plots.Stroke) -> None:
        """Draw how a line looks on the map; the new part of a ring lies on the ring itself."""
        ends, rings = ([x, x + 0.08], [self.y] * 2), plots.RINGS
        if stroke is plots.RING_NEW:
            self.axes.plot(*ends, color=rings["road"].colour, lw=rings["road"].width, solid_capstyle="butt")
        wide = stroke.width if stroke in (*rings.values(), plots.RING_NEW) else stroke.width + 0.3
        self.axes.plot(*ends, dash_capstyle="butt", zorder=3, **{**stroke.look, "lw": wide})


def _draw_panel(panel: _Panel, report: ReportInput) -> None:
    """Draw the legend, the rings, coverage by tier before and after, and the ranked links."""
    _draw_legend(panel, report)
    if report.rings:
        _draw_rings(panel, report)
    _draw_coverage(panel, report)
    if len(report.links):
        _draw_rows(panel, f"Build order (cost in {report.money})", report.links, "links.csv")


def _draw_legend(panel: _Panel, report: ReportInput) -> None:
    panel.heading("Legend")
    shown, rings = set(plots.categories(report.links)), ring_layout.formed(report.rings)
    existing = dict.fromkeys(ring.facts.mode for ring in rings if ring.existing_km)
    new = [plots.RING_NEW] if any(ring.new_km for ring in rings) else []
    new += [plots.RING_LEFT] if any(ring.is_left_out for ring in report.rings) else []
    proposed = [stroke for name, stroke in plots.PROPOSALS.items() if name in shown]
    _draw_keys(panel, [*map(plots.ring, existing), *new, *proposed])
    tiers = map(plots.tier, coverage.groups_in_order(report.cities["tier"]))
    marks = [(look.name, look.mark, "white") for look in tiers]
    marks += [("City that gains partners", 7.5, plots.GAINS)] if len(report.links) else []
    for row in itertools.batched(marks, 2):
        for x, (words, mark, fill) in zip((0.0, 0.5), row, strict=False):
            panel.axes.scatter([x + 0.04], [panel.y], s=mark**2, c=fill, edgecolors=plots.INK, linewidths=1.0)
            panel.text(x + 0.11, words, size=8.5)
        panel.end_line()


def _draw_keys(panel: _Panel, strokes: Sequence[plots.Stroke]) -> None:
    """Draw the keys of some lines, and of today's network, two by two."""
    network = [plots.NETWORK[name] for name in ("high_speed", "rail", "motorways", "roads")]
    for pair in itertools.batched([*strokes, *network], 2):
        for x, stroke in zip((0.0, 0.5), pair, strict=False):
            panel.key(x, stroke)
            panel.text(x + 0.11, stroke.name, size=8.5)
        panel.end_line()


def _draw_rings(panel: _Panel, report: ReportInput) -> None:
    """Describe each ring: its length, how much of it exists, the cities on it, and what must be built."""
    panel.heading("Ring" if len(report.rings) == 1 else "Rings")
    for ring in report.rings[:MOST_RINGS]:
        panel.paragraph(ring_section.titled(report, ring), size=8.5, colour=plots.INK)
        if ring.is_left_out:
            panel.paragraph(f"Dashed: {ring_section.planned(report, ring)}.")
        if len(ring.cities) and len(report.rings) == 1:  # of several there is no room
            panel.paragraph(f"Clockwise: {', '.join(ring.cities['name'].astype(str))}")
        if ring.is_formed:
            panel.paragraph(ring_section.build(report, ring))
    panel.more(len(report.rings) - MOST_RINGS, "rings.csv")


def _draw_coverage(panel: _Panel, report: ReportInput) -> None:
    limit = wording.short_hours(report.limit_s)
    panel.heading(f"City pairs within {limit}, by tier of the smaller city")
    for row in coverage.by_group(report.pairs).to_dict("records"):
        for state, _, colour, _ in COVERAGE_BARS:
            width = 0.42 * row[f"{state}_pairs"] / max(row["pairs"], 1)
            panel.axes.barh(panel.y, width, left=0.24, height=0.55 * LINE, color=colour)
        panel.text(0, row["group"], size=8.5)
        panel.text(1, f"{row['before_pairs']} → {row['after_pairs']} of {row['pairs']}", size=8.5, ha="right")
        panel.end_line()
    for _, words, colour, x in COVERAGE_BARS:
        panel.axes.scatter([x + 0.015], [panel.y], s=36, c=colour, marker="s", linewidths=0)
        panel.text(x + 0.045, words, size=7.5, colour=plots.MUTED)
    panel.end_line()


def _draw_rows(panel: _Panel, title: str, links: pd.DataFrame, file: str) -> None:
    """List links by number, name and figures; name the file that holds those for which there is no room."""
    panel.heading(title)
    for words, x in LINK_COLUMNS:
        panel.text(x, words, size=7.5, colour=plots.MUTED, ha="right")
    panel.end_line()
    room = min(MOST_LINKS, int(panel.y / LINE))
    shown = links.head(room)
    for row, category in zip(shown.to_dict("records"), plots.categories(shown), strict=True):
        colour = plots.ON_MAPS[category].colour
        panel.text(0.035, str(row["rank"]), colour=colour, ha="right").set_fontweight("bold")
        panel.text(0.06, _shortened(wording.link_name(row)))
        figures = (row["length_km"] or None, row["cost"], row["pairs_added"])
        for figure, (_, x) in zip(figures, LINK_COLUMNS, strict=True):
            panel.text(x, wording.integer(figure), ha="right")
        panel.end_line()
    panel.more(len(links) - room, file)


def _draw_compared(panel: _Panel, report: ReportInput, figures: pd.DataFrame) -> None:
    """Draw the legend, the figures of both plans, and the links that one of them builds alone."""
    panel.heading("Legend")
    _draw_keys(panel, list(plots.COMPARED.values()))
    panel.paragraph("A city has the colour of the plan that brings more others within its limit.")
    panel.heading("Figures")
    panel.text(0.72, "1", size=8.5, colour=plots.COMPARED["first"].colour, ha="right")
    panel.text(1.0, "2", size=8.5, colour=plots.COMPARED["second"].colour, ha="right")
    panel.end_line()
    for words, *values in figures.itertuples():
        panel.text(0, str(words))
        for value, x in zip(values, (0.72, 1.0), strict=True):
            panel.text(x, wording.integer(value) if isinstance(value, int) else str(value), ha="right")
        panel.end_line()
    alone = report.links[report.links["category"] != "both"]
    _draw_rows(panel, f"Links of one plan alone (cost in {report.money})", alone, "the table of links")

"""Draw the plan as one still picture: a map, and beside it legend, coverage and ranked links."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pandas as pd

from optimiser.measures import coverage
from optimiser.report import files, map_drawing, map_layers, ring_text, sentences, style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import formed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

MAP_HEIGHT, PANEL_WIDTH, TITLE_HEIGHT, EDGE = 8.2, 4.0, 0.72, 0.25
"""Inches; the width of the map follows the shape of the region."""

NARROWEST, WIDEST = 5.8, 13.0
"""Least and most width of the map in inches."""

LEAST_TITLE = 6.0
"""Points; a title is never smaller."""

MOST_LINKS, MOST_RINGS = 32, 4
"""Links and rings that the panel lists; all are in links.csv and rings.csv."""

LONGEST_NAME = 27
"""Letters of the name of a link that the panel shows."""

LINE = 0.0245
"""Height of a line of text, as a share of the panel."""

LINK_COLUMNS = (("km", 0.70), ("cost", 0.86), ("pairs", 1.0))
"""Headings of the numbers of links and where they end, as a share of the width."""

COVERAGE_BARS = (
    ("all_built", "all candidates", style.CEILING, 0.6),
    ("after", "with the plan", style.GAINS, 0.25),
    ("before", "today", style.BEFORE, 0.0),
)
"""State, words and colour of the bars of coverage, drawn in this order, and where the key stands."""


def write(report: ReportInput, path: Path, *, dpi: int = 160) -> Path:
    """Draw the plan into a PNG file, whole or not at all.

    Parameters
    ----------
    report
        What to draw.
    path
        The ``.png`` file.
    dpi
        Dots per inch.
    """
    return files.write_figure(draw(report, dpi=dpi), path, dpi=dpi)


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
    parts = (
        f"Limit {wording.short_hours(report.limit_s)} {sentences.definition(report)}",
        f"cost {sentences.budget(report)}",
        sentences.proof(report),
    )
    title = f"{report.region}: {sentences.headline(report)}"
    return _draw(report, title, parts, lambda axes: _draw_panel(axes, report), dpi=dpi)


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
        a link, a key of `style.COMPARED`.
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

    def panel(axes: Axes) -> None:
        _draw_compared(_Panel.of(axes), report, figures)

    return _draw(report, title, parts, panel, filled=filled, dpi=dpi)


def _draw(
    report: ReportInput,
    title: str,
    parts: Sequence[str],
    draw_panel: Callable[[Axes], None],
    *,
    filled: Mapping[str, str] | None = None,
    dpi: int,
) -> Figure:
    """Draw title, map and panel; the width follows the shape of the region."""
    layers = map_layers.project(report)
    layers = replace(layers, known=layers.known.iloc[:0])
    west, south, east, north = frame = map_layers.frame(layers)
    map_width = min(max(MAP_HEIGHT * (east - west) / (north - south), NARROWEST), WIDEST)
    width, height = map_width + PANEL_WIDTH + 3 * EDGE, MAP_HEIGHT + TITLE_HEIGHT + 2 * EDGE
    with style.figure(width, height, dpi=dpi, size=9) as figure:

        def place(left: float, across: float) -> Axes:
            return figure.add_axes((left / width, EDGE / height, across / width, MAP_HEIGHT / height))

        draw_title(figure, title, size=17, edge=EDGE)
        subtitle = figure.text(EDGE / width, 1 - (EDGE + 0.38) / height, "   ·   ".join(parts), size=10.5)
        subtitle.set(color=style.MUTED, va="top", parse_math=False)
        axes = place(EDGE, map_width)
        map_drawing.frame_map(axes, map_layers.fit(frame, map_width / MAP_HEIGHT))
        map_drawing.draw_network(axes, layers.networks)
        map_drawing.draw_proposals(axes, layers)
        map_drawing.draw_rings(axes, layers)
        map_drawing.draw_marks(axes, layers, report, filled=filled)
        draw_panel(place(map_width + 2 * EDGE, PANEL_WIDTH))
    return figure


def draw_title(figure: Figure, words: str, *, size: float, edge: float) -> None:
    """Write a title along the top of a figure, smaller where it would be too wide.

    Parameters
    ----------
    figure
        The figure.
    words
        The title.
    size
        Points.
    edge
        Inches to either side and on top.
    """
    width, height = figure.get_size_inches()
    left = edge / width
    title = figure.text(left, 1 - edge / height, words, size=size, weight="bold", va="top", parse_math=False)
    most = (1 - 2 * left) * figure.bbox.width
    # Letters are set on whole pixels, so that their width does not follow their size exactly.
    while (wide := title.get_window_extent().width) > most and size > LEAST_TITLE:
        size *= min(0.99, most / wide)
        title.set_fontsize(size)


@dataclass
class _Panel:
    """The column beside the map, filled from top to bottom; `y` is where the next line stands."""

    axes: Axes
    y: float = 0.985

    @classmethod
    def of(cls, axes: Axes) -> Self:
        """Return an empty column that fills axes."""
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_axis_off()
        return cls(axes)

    def text(self, x: float, words: str, *, size: float = 8.0, colour: str = style.INK) -> Text:
        """Write words on the line, from a share of the width on."""
        return self.axes.text(x, self.y, words, size=size, color=colour, va="center", parse_math=False)

    def right(self, x: float, words: str, *, size: float = 8.0, colour: str = style.INK) -> None:
        """Write words on the line that end at a share of the width."""
        self.text(x, words, size=size, colour=colour).set_horizontalalignment("right")

    def end_line(self, lines: float = 1.0) -> None:
        self.y -= lines * LINE

    def heading(self, words: str) -> None:
        self.text(0, words, size=10.5).set_fontweight("bold")
        self.axes.plot([0, 1], [self.y - 0.62 * LINE] * 2, color=style.RULE, lw=0.8)
        self.end_line(1.5)

    def paragraph(self, words: str, *, size: float = 8.0, colour: str = style.MUTED) -> None:
        for line in textwrap.wrap(words, 62):
            self.text(0, line, size=size, colour=colour)
            self.end_line()

    def more(self, count: int, file: str) -> None:
        """Name the file that holds what is not shown, if anything is left."""
        if count > 0:
            self.text(0, f"and {count} more in {file}", colour=style.MUTED)
            self.end_line()

    def key(self, x: float, stroke: style.Stroke) -> None:
        """Draw how a line looks on the map; the new part of a ring lies on the ring itself."""
        ends, rings = ([x, x + 0.08], [self.y] * 2), style.RINGS
        if stroke is style.RING_NEW:
            self.axes.plot(*ends, color=rings["road"].colour, lw=rings["road"].width, solid_capstyle="butt")
        dashes = (0, stroke.dash) if stroke.dash else "solid"
        wide = stroke.width if stroke in (*rings.values(), style.RING_NEW) else stroke.width + 0.3
        self.axes.plot(*ends, color=stroke.colour, lw=wide, linestyle=dashes, dash_capstyle="butt", zorder=3)


def _draw_panel(axes: Axes, report: ReportInput) -> None:
    """Draw the legend, the rings, coverage by tier before and after, and the ranked links."""
    panel = _Panel.of(axes)
    sections = (_draw_legend, *([_draw_rings] if report.rings else []), _draw_coverage, _draw_links)
    for number, section in enumerate(sections):
        panel.end_line(0.8 if number else 0)
        section(panel, report)


def _draw_legend(panel: _Panel, report: ReportInput) -> None:
    panel.heading("Legend")
    shown = set(style.categories(report.links))
    strokes = [
        *_ring_strokes(report),
        *(stroke for name, stroke in style.PROPOSALS.items() if name in shown),
        *(style.NETWORK[name] for name in ("high_speed", "rail", "motorways", "roads")),
    ]
    _draw_keys(panel, strokes)
    tiers = map(style.tier, coverage.groups_in_order(report.cities["tier"]))
    marks = [(look.name, look.mark, "white") for look in tiers]
    for row in _two_by_two([*marks, ("City that gains partners", 7.5, style.GAINS)]):
        for x, (words, mark, fill) in zip((0.0, 0.5), row, strict=False):
            panel.axes.scatter([x + 0.04], [panel.y], s=mark**2, c=fill, edgecolors=style.INK, linewidths=1.0)
            panel.text(x + 0.11, words, size=8.5)
        panel.end_line()


def _draw_keys(panel: _Panel, strokes: Sequence[style.Stroke]) -> None:
    for pair in _two_by_two(strokes):
        for x, stroke in zip((0.0, 0.5), pair, strict=False):
            panel.key(x, stroke)
            panel.text(x + 0.11, stroke.name, size=8.5)
        panel.end_line()


def _two_by_two[Item](items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[at : at + 2] for at in range(0, len(items), 2)]


def _ring_strokes(report: ReportInput) -> list[style.Stroke]:
    """Return the strokes of rings that the map shows."""
    rings = formed(report.rings)
    existing = dict.fromkeys(ring.facts.mode for ring in rings if ring.existing_km)
    new = [style.RING_NEW] if any(ring.new_km for ring in rings) else []
    return [*map(style.ring, existing), *new]


def _draw_rings(panel: _Panel, report: ReportInput) -> None:
    """Describe each ring: its length, how much of it exists, the cities on it, and what must be built."""
    panel.heading("Ring" if len(report.rings) == 1 else "Rings")
    for ring in report.rings[:MOST_RINGS]:
        panel.paragraph(ring_text.titled(report, ring), size=8.5, colour=style.INK)
        if len(ring.cities):
            panel.paragraph(f"Clockwise: {', '.join(ring.cities['name'].astype(str))}")
        if ring.is_formed:
            panel.paragraph(ring_text.build(report, ring))
    panel.more(len(report.rings) - MOST_RINGS, "rings.csv")


def _draw_coverage(panel: _Panel, report: ReportInput) -> None:
    limit = wording.short_hours(report.limit_s)
    panel.heading(f"City pairs within {limit}, by tier of the smaller city")
    for row in coverage.by_group(report.pairs).to_dict("records"):
        for state, _, colour, _ in COVERAGE_BARS:
            width = 0.42 * row[f"{state}_pairs"] / max(row["pairs"], 1)
            panel.axes.barh(panel.y, width, left=0.24, height=0.55 * LINE, color=colour)
        panel.text(0, row["group"], size=8.5)
        panel.right(1, f"{row['before_pairs']} → {row['after_pairs']} of {row['pairs']}", size=8.5)
        panel.end_line()
    for _, words, colour, x in COVERAGE_BARS:
        panel.axes.scatter([x + 0.015], [panel.y], s=36, c=colour, marker="s", linewidths=0)
        panel.text(x + 0.045, words, size=7.5, colour=style.MUTED)
    panel.end_line()


def _draw_links(panel: _Panel, report: ReportInput) -> None:
    panel.heading(f"Proposals by worth (cost in {report.money})")
    for words, x in LINK_COLUMNS:
        panel.right(x, words, size=7.5, colour=style.MUTED)
    panel.end_line()
    _draw_rows(panel, report.links, "links.csv")


def _draw_rows(panel: _Panel, links: pd.DataFrame, file: str) -> None:
    """List links by number, name and figures; name the file that holds those for which there is no room."""
    room = min(MOST_LINKS, int(panel.y / LINE))
    shown = links.head(room)
    for row, category in zip(shown.to_dict("records"), style.categories(shown), strict=True):
        colour = style.proposals()[category].colour
        rank = panel.text(0.035, str(row["rank"]), colour=colour)
        rank.set(weight="bold", horizontalalignment="right")
        name = wording.link_name(row)
        panel.text(0.06, name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
        cells = (f"{row['length_km']:.0f}", wording.integer(row["cost"]), str(row["pairs"]))
        for words, (_, x) in zip(cells, LINK_COLUMNS, strict=True):
            panel.right(x, words)
        panel.end_line()
    panel.more(len(links) - room, file)


def _draw_compared(panel: _Panel, report: ReportInput, figures: pd.DataFrame) -> None:
    """Draw the legend, the figures of both plans, and the links that one of them builds alone."""
    panel.heading("Legend")
    network = [style.NETWORK[name] for name in ("high_speed", "rail", "motorways", "roads")]
    _draw_keys(panel, [*style.COMPARED.values(), *network])
    panel.paragraph("A city has the colour of the plan that brings more others within its limit.")
    panel.end_line(0.8)
    panel.heading("Figures")
    panel.right(0.72, "1", size=8.5, colour=style.COMPARED["first"].colour)
    panel.right(1.0, "2", size=8.5, colour=style.COMPARED["second"].colour)
    panel.end_line()
    for words, *values in figures.itertuples():
        panel.text(0, str(words))
        for value, x in zip(values, (0.72, 1.0), strict=True):
            panel.right(x, wording.integer(value) if isinstance(value, int) else str(value))
        panel.end_line()
    panel.end_line(0.8)
    alone = report.links[report.links["category"] != "both"]
    panel.heading(f"Links of one plan alone (cost in {report.money})")
    for words, x in LINK_COLUMNS:
        panel.right(x, words, size=7.5, colour=style.MUTED)
    panel.end_line()
    _draw_rows(panel, alone, "the table of links")

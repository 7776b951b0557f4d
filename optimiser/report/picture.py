"""Draw the plan as one still picture."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.report import atomic, marks, panel, projection, ring_drawing, sentences, style, wording
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "SimHei",
)
"""Font families tried in turn for each letter; only those installed are asked for."""

MAP_HEIGHT, PANEL_WIDTH, TITLE_HEIGHT, EDGE = 8.2, 4.0, 0.72, 0.25
"""Inches; the width of the map follows the shape of the region."""

LEAST_TITLE = 6.0
"""Points; a title is never smaller."""


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
    figure = draw(report, dpi=dpi)
    return atomic.write(path, lambda part: figure.savefig(part, dpi=dpi, facecolor=style.PAPER))


def png(report: ReportInput, *, dpi: int = 160) -> bytes:
    """Return the picture as the bytes of a PNG file, for a notebook.

    Parameters
    ----------
    report
        What to draw.
    dpi
        Dots per inch.
    """
    buffer = io.BytesIO()
    draw(report, dpi=dpi).savefig(buffer, dpi=dpi, format="png", facecolor=style.PAPER)
    return buffer.getvalue()


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
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layers = projection.project(report)
    layers = replace(layers, known=layers.known.iloc[:0])
    frame = projection.frame(layers)
    map_width = _map_width(frame)
    width, height = map_width + PANEL_WIDTH + 3 * EDGE, MAP_HEIGHT + TITLE_HEIGHT + 2 * EDGE
    with mpl.rc_context({"font.family": fonts(), "font.size": 9, "text.color": style.INK}):
        figure = Figure(figsize=(width, height), dpi=dpi, facecolor=style.PAPER)
        FigureCanvasAgg(figure)
        _titles(figure, report)

        def place(left: float, across: float) -> Axes:
            return figure.add_axes((left / width, EDGE / height, across / width, MAP_HEIGHT / height))

        _map(place(EDGE, map_width), layers, report, frame=projection.fit(frame, map_width / MAP_HEIGHT))
        panel.draw(place(map_width + 2 * EDGE, PANEL_WIDTH), report)
    return figure


def _map_width(frame: projection.Frame) -> float:
    west, south, east, north = frame
    return min(max(MAP_HEIGHT * (east - west) / (north - south), 5.8), 13.0)


def fonts() -> list[str]:
    """Return those of `FONTS` that are installed."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return [name for name in FONTS if name in installed]


def _titles(figure: Figure, report: ReportInput) -> None:
    width, height = figure.get_size_inches()
    left, top = EDGE / width, 1 - EDGE / height
    title = f"{report.region}: {sentences.headline(report)}"
    head = figure.text(left, top, title, size=17, weight="bold", va="top", parse_math=False)
    shrink(head, size=17, most=(1 - 2 * left) * figure.bbox.width)
    parts = (
        f"Limit {wording.short_hours(report.limit_s)} {sentences.definition(report)}",
        f"cost {sentences.budget(report)}",
        sentences.proof(report),
    )
    line = "   ·   ".join(parts)
    figure.text(left, top - 0.38 / height, line, size=10.5, color=style.MUTED, va="top", parse_math=False)


def shrink(text: Text, *, size: float, most: float) -> None:
    """Make a text smaller until it is at most so many pixels wide.

    Parameters
    ----------
    text
        A text of a figure.
    size
        Its size in points.
    most
        Pixels. Letters are set on whole pixels, so their width does not follow their size exactly.
    """
    while (wide := text.get_window_extent().width) > most and size > LEAST_TITLE:
        size *= min(0.99, most / wide)
        text.set_fontsize(size)


def _map(axes: Axes, layers: projection.Layers, report: ReportInput, *, frame: projection.Frame) -> None:
    frame_map(axes, frame)
    network(axes, layers)
    _proposals(axes, layers)
    ring_drawing.draw(axes, layers)
    marks.draw(axes, layers, report)


def frame_map(axes: Axes, frame: projection.Frame) -> None:
    """Give a map its limits, white ground and a thin frame.

    Parameters
    ----------
    axes
        An empty map.
    frame
        What it shows.
    """
    west, south, east, north = frame
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], facecolor="white")
    axes.spines[:].set_color("#c9c6bd")


def network(axes: Axes, layers: projection.Layers) -> None:
    """Draw today's network.

    Parameters
    ----------
    axes
        The map.
    layers
        What is shown, projected.
    """
    for order, (name, stroke) in enumerate(style.NETWORK.items(), start=1):
        x, y = projection.gapped(getattr(layers, name)).T
        dashes = (0, stroke.dash) if stroke.dash else "solid"
        axes.plot(x, y, color=stroke.colour, lw=stroke.width, linestyle=dashes, zorder=order)


def _proposals(axes: Axes, layers: projection.Layers) -> None:
    order = {"service": 6.0, "rail": 7.0, "road": 7.0}
    for shape, category in zip(layers.links.geometry, style.categories(layers.links), strict=True):
        stroke, height = style.PROPOSALS[category], order[category]
        for line in projection.parts(shape):
            x, y = line.xy
            wide = stroke.width + 2.4
            axes.plot(x, y, color="white", lw=wide, solid_capstyle="round", zorder=height)
            axes.plot(x, y, color=stroke.colour, lw=stroke.width, solid_capstyle="round", zorder=height + 0.5)

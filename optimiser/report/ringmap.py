"""Draw proposed rings and the known ones that they are likened to as one still picture, a map a ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from optimiser.report import (
    atomic,
    marks,
    picture,
    projection,
    ring_drawing,
    ring_lines,
    ring_panel,
    style,
)
from optimiser.report.inputs import ReportInput
from optimiser.report.rings_shown import RingShown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FILE = "rings.png"

MAP_HEIGHT, TITLE_HEIGHT, EDGE = 7.2, 0.5, 0.25
"""Inches; the width of a map follows what it shows, the height of the text below it what there is to say."""

NARROW, WIDE = 6.6, 10.0
"""Least and most width of a map in inches."""


def write(report: ReportInput, folder: Path, *, dpi: int = 160) -> tuple[Path, ...]:
    """Draw the rings that are likened to known ones into ``rings.png``; nothing where none is.

    Parameters
    ----------
    report
        What to draw.
    folder
        Where the file shall stand.
    dpi
        Dots per inch.

    Returns
    -------
    tuple of pathlib.Path
        The file, if there is one.
    """
    if not any(ring.overlaps for ring in report.rings):
        return ()
    figure = draw(report, dpi=dpi)
    path = folder / FILE
    return (atomic.write(path, lambda part: figure.savefig(part, dpi=dpi, facecolor=style.PAPER)),)


def draw(report: ReportInput, *, dpi: int = 160) -> Figure:
    """Draw one map for each ring that is likened to known ones, with the shares below it.

    Parameters
    ----------
    report
        What to draw; one such ring at least.
    dpi
        Dots per inch for which labels are placed.

    Returns
    -------
    matplotlib.figure.Figure
        Bound to no window.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    places = [place for place, ring in enumerate(report.rings) if ring.overlaps]
    layers = projection.project(report)
    maps = [_layers_of(layers, report.rings[place], place) for place in places]
    frames = [_frame(one) for one in maps]
    wide = _width(frames)
    texts = [ring_panel.rows(report.rings[place], wide) for place in places]
    below = ring_panel.LINE * (max(len(lines) for lines in texts) + 1)
    width, height = len(places) * (wide + EDGE) + EDGE, MAP_HEIGHT + below + TITLE_HEIGHT + 2 * EDGE
    with mpl.rc_context({"font.family": picture.fonts(), "font.size": 9, "text.color": style.INK}):
        figure = Figure(figsize=(width, height), dpi=dpi, facecolor=style.PAPER)
        FigureCanvasAgg(figure)
        _title(figure, report)

        def axes(column: int, bottom: float, high: float) -> Axes:
            left = EDGE + column * (wide + EDGE)
            return figure.add_axes((left / width, bottom / height, wide / width, high / height))

        for column, place in enumerate(places):
            upper, lower = axes(column, EDGE + below, MAP_HEIGHT), axes(column, EDGE, below)
            picture.frame_map(upper, projection.fit(frames[column], wide / MAP_HEIGHT))
            _map(upper, maps[column], report, report.rings[place])
            ring_panel.draw(
                lower, texts[column], _strokes(report, report.rings[place]), wide=wide, high=below
            )
    return figure


def _width(frames: Sequence[projection.Frame]) -> float:
    """Return the width of each map in inches."""
    widest = max(MAP_HEIGHT * (east - west) / (north - south) for west, south, east, north in frames)
    return min(max(widest, NARROW), WIDE)


def _layers_of(layers: projection.Layers, ring: RingShown, place: int) -> projection.Layers:
    """Return what the map of one ring shows: itself and the known rings that it is likened to."""
    references = {one.reference for one in ring.overlaps}
    return replace(
        layers,
        links=layers.links.iloc[:0],
        rings=layers.rings[layers.rings["ring"] == place],
        known=layers.known[layers.known["reference"].isin(references)],
    )


def _frame(layers: projection.Layers) -> projection.Frame:
    """Return a frame round the rings, with room for the corridors."""
    shapes = [shape for shape in (layers.rings.geometry, layers.known.geometry) if len(shape)]
    bounds = np.array([shape.total_bounds for shape in shapes])
    room = 1000 * float(layers.known["corridor_km"].max()) + 0.06 * float(np.ptp(bounds[:, [0, 2]]))
    west, south = bounds[:, :2].min(axis=0) - room
    east, north = bounds[:, 2:].max(axis=0) + room
    return float(west), float(south), float(east), float(north)


def _title(figure: Figure, report: ReportInput) -> None:
    width, height = figure.get_size_inches()
    left, top = EDGE / width, 1 - EDGE / height
    words = f"{report.region}: proposed rings beside known ones"
    head = figure.text(left, top, words, size=15, weight="bold", va="top", parse_math=False)
    picture.shrink(head, size=15, most=(1 - 2 * left) * figure.bbox.width)


def _map(axes: Axes, layers: projection.Layers, report: ReportInput, ring: RingShown) -> None:
    for stroke, row in zip(_strokes(report, ring), layers.known.itertuples(), strict=True):
        corridor = row.geometry.buffer(1000 * row.corridor_km)
        for outline in getattr(corridor, "geoms", [corridor]):
            _shade(axes, outline, stroke.colour)
    picture.network(axes, layers)
    ring_drawing.draw(axes, layers)
    for stroke, row in zip(_strokes(report, ring), layers.known.itertuples(), strict=True):
        x, y = row.geometry.xy
        axes.plot(x, y, color="white", lw=stroke.width + 2, zorder=7.5)
        axes.plot(x, y, color=stroke.colour, lw=stroke.width, linestyle=(0, stroke.dash), zorder=8.1)
    filled = dict.fromkeys(ring.cities["city_id"].astype(str), style.ring(ring.facts.mode).colour)
    marks.draw(axes, layers, report, filled=filled)


def _shade(axes: Axes, outline: object, colour: str) -> None:
    """Fill a polygon and leave its holes out."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    rings = [outline.exterior, *outline.interiors]  # type: ignore[attr-defined]
    paths = [Outline(np.asarray(one.coords)[:, :2], closed=True) for one in rings]
    whole = Outline.make_compound_path(*paths)
    axes.add_patch(PathPatch(whole, facecolor=colour, edgecolor="none", alpha=0.16, zorder=0.5))


def _strokes(report: ReportInput, ring: RingShown) -> list[style.Stroke]:
    """Return how the known rings are drawn that a ring is likened to."""
    looks = ring_lines.known_strokes(report.rings)
    return [looks[one.reference] for one in ring_lines.references([ring])]

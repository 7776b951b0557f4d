"""Draw proposed rings as still pictures: beside known ones, a map a ring, and unrolled as a straight line."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from optimiser.report import files, map_drawing, map_layers, ring_tables, ring_text, style, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.map_layers import Frame, Layers
from optimiser.report.picture import draw_title
from optimiser.report.ring_layout import NEW, RingShown, known_rings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely import Polygon

FILE = "rings.png"

MAP_HEIGHT, TITLE_HEIGHT, EDGE = 7.2, 0.5, 0.25
"""Inches; the width of a map follows what it shows, the height of the text below it its lines."""

NARROWEST, WIDEST = 6.6, 10.0
"""Least and most width of a map in inches."""

LINE = 0.2
"""Inches between lines of text."""

KEY, TEXT = 0.42, 0.55
"""Inches from the left at which the keys end and the texts begin."""

UNROLLED = 10.0
"""Inches of a ring unrolled."""

LETTER = 0.56
"""Width of a letter as a share of its size, slightly more than the average."""


def write(report: ReportInput, folder: Path, *, dpi: int = 160) -> tuple[Path, ...]:
    """Draw the rings that are compared with known ones into ``rings.png``; nothing where there is none.

    Parameters
    ----------
    report
        What to draw.
    folder
        Folder to write into.
    dpi
        Dots per inch.

    Returns
    -------
    tuple of pathlib.Path
        The file, if there is one.
    """
    if not known_rings(report.rings):
        return ()
    return (files.write_figure(draw(report, dpi=dpi), folder / FILE, dpi=dpi),)


def draw(report: ReportInput, *, dpi: int = 160) -> Figure:
    """Draw one map for each ring that is compared with known ones, and a legend with the shares below it.

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
    places = [place for place, ring in enumerate(report.rings) if ring.overlaps]
    layers = map_layers.project(report)
    maps = [_layers_of(layers, report.rings[place], place) for place in places]
    frames = [_frame(one) for one in maps]
    widest = max(MAP_HEIGHT * (east - west) / (north - south) for west, south, east, north in frames)
    wide = min(max(widest, NARROWEST), WIDEST)
    legends = [list(_legend_lines(report.rings[place], wide)) for place in places]
    below = LINE * (max(map(len, legends)) + 1)
    width, height = len(places) * (wide + EDGE) + EDGE, MAP_HEIGHT + below + TITLE_HEIGHT + 2 * EDGE
    with style.figure(width, height, dpi=dpi, size=9) as figure:
        draw_title(figure, f"{report.region}: proposed and known rings", size=15, edge=EDGE)

        def axes(column: int, bottom: float, high: float) -> Axes:
            left = EDGE + column * (wide + EDGE)
            return figure.add_axes((left / width, bottom / height, wide / width, high / height))

        looks = ring_text.known_strokes(report.rings)
        for column, place in enumerate(places):
            ring = report.rings[place]
            strokes = [looks[one.reference] for one in known_rings([ring])]
            upper, lower = axes(column, EDGE + below, MAP_HEIGHT), axes(column, EDGE, below)
            map_drawing.frame_map(upper, map_layers.fit(frames[column], wide / MAP_HEIGHT))
            _draw_map(upper, maps[column], report, ring, strokes)
            lower.set(xlim=(0, wide), ylim=(-below, 0))
            _draw_legend(lower, legends[column], strokes)
    return figure


def _layers_of(layers: Layers, ring: RingShown, place: int) -> Layers:
    """Return what the map of one ring shows: itself and the known rings that it is compared with."""
    references = {one.reference for one in ring.overlaps}
    return replace(
        layers,
        links=layers.links.iloc[:0],
        rings=layers.rings[layers.rings["ring"] == place],
        known=layers.known[layers.known["reference"].isin(references)],
    )


def _frame(layers: Layers) -> Frame:
    """Return a frame round the rings, with room for the corridors."""
    shapes = [shape for shape in (layers.rings.geometry, layers.known.geometry) if len(shape)]
    room = 1000 * float(layers.known["corridor_km"].max())
    room += 0.06 * float(np.ptp([shape.total_bounds[[0, 2]] for shape in shapes]))
    west, south, east, north = map_layers.bounds(shapes)
    return west - room, south - room, east + room, north + room


def _draw_map(
    axes: Axes, layers: Layers, report: ReportInput, ring: RingShown, strokes: Sequence[style.Stroke]
) -> None:
    known = list(zip(strokes, layers.known.itertuples(), strict=True))
    for stroke, row in known:
        corridor = row.geometry.buffer(1000 * row.corridor_km)
        for outline in getattr(corridor, "geoms", [corridor]):
            _shade(axes, outline, stroke.colour)
    map_drawing.draw_network(axes, layers.networks)
    map_drawing.draw_rings(axes, layers)
    for stroke, row in known:
        x, y = row.geometry.xy
        axes.plot(x, y, color="white", lw=stroke.width + 2, zorder=7.5)
        axes.plot(x, y, color=stroke.colour, lw=stroke.width, linestyle=(0, stroke.dash), zorder=8.1)
    filled = dict.fromkeys(ring.cities["city_id"].astype(str), style.ring(ring.facts.mode).colour)
    map_drawing.draw_marks(axes, layers, report, filled=filled)


def _shade(axes: Axes, shape: Polygon, colour: str) -> None:
    """Fill a polygon and leave its holes out."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    rings = [shape.exterior, *shape.interiors]
    paths = [Outline(np.asarray(one.coords)[:, :2], closed=True) for one in rings]
    whole = Outline.make_compound_path(*paths)
    axes.add_patch(PathPatch(whole, facecolor=colour, edgecolor="none", alpha=0.16, zorder=0.5))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of text below a map, with what it explains.

    Attributes
    ----------
    words
        The text.
    key
        ``ring``, ``new``, ``cities``, the position of a known ring, or None: nothing is drawn.
    mode
        Of the ring.
    size
        Of the letters, in points.
    weight, colour
        Of the letters.
    """

    words: str
    key: str | int | None = None
    mode: str = "road"
    size: float = 9.0
    weight: str = "normal"
    colour: str = style.INK


def _legend_lines(ring: RingShown, wide: float) -> Iterator[_Line]:
    """Yield the lines below the map of a ring, wrapped to a width in inches."""
    for entry in _legend(ring):
        letters = int((wide - TEXT) * 72 / (LETTER * entry.size))
        for number, words in enumerate(textwrap.wrap(entry.words, letters)):
            yield replace(entry, words=words, key=None if number else entry.key)


def _legend(ring: RingShown) -> Iterator[_Line]:
    mode = ring.facts.mode
    yield _Line(ring_text.sentence(ring), "ring" if ring.is_formed else None, mode, 10.0, "bold")
    if ring.new_km:
        yield _Line(f"{ring.new_km:,.0f} km of it must be built", "new", mode)
    if len(ring.cities):
        names = wording.join_names(list(ring.cities["name"].astype(str)))
        yield _Line(f"Cities on it, clockwise: {names}", "cities", mode)
    for place, one in enumerate(known_rings([ring])):
        yield _Line(ring_text.overlap(ring, one), place, mode)
        if one.why:
            yield _Line(one.why, size=8.2, colour=style.MUTED)


def _draw_legend(axes: Axes, lines: Sequence[_Line], strokes: Sequence[style.Stroke]) -> None:
    """Write the lines below a map, each with what it explains; `strokes` are those of the known rings."""
    axes.set_axis_off()
    for number, line in enumerate(lines, start=1):
        y = -number * LINE
        _draw_key(axes, line, strokes, y)
        text = axes.text(TEXT, y, line.words, size=line.size, weight=line.weight, color=line.colour)
        text.set(va="center", parse_math=False)


def _draw_key(axes: Axes, line: _Line, strokes: Sequence[style.Stroke], y: float) -> None:
    ring, dashed = style.ring(line.mode), style.RING_NEW if line.key == "new" else None
    if line.key in ("ring", "new"):
        axes.plot([0, KEY], [y, y], color=ring.colour, lw=ring.width, solid_capstyle="butt")
    elif line.key == "cities":
        axes.scatter([KEY / 2], [y], s=36, c=ring.colour, edgecolors=style.INK, linewidths=1.0)
    elif isinstance(line.key, int):
        dashed = strokes[line.key]
        low, high = y - 0.45 * LINE, y + 0.45 * LINE
        axes.fill_between([0, KEY], low, high, color=dashed.colour, alpha=0.16, lw=0)
    if dashed is not None:
        dashes = (0, dashed.dash)
        (drawn,) = axes.plot([0, KEY], [y, y], color=dashed.colour, lw=dashed.width, linestyle=dashes)
        drawn.set_dash_capstyle("butt")


# ---- a ring unrolled


def unroll(ring: RingShown, *, dpi: int = 160) -> Figure:
    """Draw a ring that is formed as a straight line: its cities, the km between them, what is new.

    Parameters
    ----------
    ring
        The ring.
    dpi
        Dots per inch.

    Returns
    -------
    matplotlib.figure.Figure
        Bound to no window.
    """
    legs = ring_tables.legs(ring)
    per_km = UNROLLED / (ring.length_km or 1.0)
    starts = [sum(leg.length_km for leg in legs[:at]) * per_km for at in range(len(legs) + 1)]
    names = [wording.join_names(leg.cities["name"].astype(str).tolist()) for leg in [*legs, legs[0]]]
    distances = [_leg_words(leg) for leg in legs]
    middles = [(one + other) / 2 for one, other in itertools.pairwise(starts)]
    with style.figure(1, 1, dpi=dpi, size=9) as figure:
        above, below = _flags(figure, starts, names, 10.0), _flags(figure, middles, distances, 8.5)
        right = max(flag.right for flag in (*above, *below)) + EDGE
        up, down = (LINE * (2 + max(flag.level for flag in flags)) for flags in (above, below))
        width, height = max(right, UNROLLED) + EDGE, up + down + TITLE_HEIGHT + 2 * EDGE
        figure.set_size_inches(width, height)
        draw_title(figure, ring_text.sentence(ring), size=13, edge=EDGE)
        axes = figure.add_axes((0, EDGE / height, 1, (up + down) / height))
        axes.set(xlim=(-EDGE, width - EDGE), ylim=(-down, up))
        axes.set_axis_off()
        _draw_line(axes, ring, per_km)
        for flag in above:
            _draw_flag(axes, flag, 1, style.INK)
            axes.scatter([flag.x], [0], s=42, c="white", edgecolors=style.INK, linewidths=1.4, zorder=6)
        for flag in below:
            _draw_flag(axes, flag, -1, style.MUTED)
    return figure


@dataclass(frozen=True, slots=True)
class _Flag:
    """A text that begins at a place along a line, on the lowest level on which it covers no other."""

    x: float
    words: str
    size: float
    right: float
    level: int


def _leg_words(leg: ring_tables.Leg) -> str:
    new = leg.km_of(NEW)
    return f"{ring_text.short_km(leg.length_km)} km" + (f", {ring_text.short_km(new)} new" if new else "")


def _flags(figure: Figure, places: Sequence[float], texts: Sequence[str], size: float) -> list[_Flag]:
    """Return texts as flags, the last one first: their poles, at the left, then cross no other text."""
    found: list[_Flag] = []
    for x, words in reversed(list(zip(places, texts, strict=True))):
        drawn = figure.text(0, 0, words, size=size, parse_math=False)
        wide = drawn.get_window_extent().width / figure.dpi
        drawn.remove()
        right = x + KEY / 4 + wide
        covered = [flag.level for flag in found if flag.x < right + KEY / 4]
        found.append(_Flag(x, words, size, right, max(covered, default=-1) + 1))
    return found


def _draw_flag(axes: Axes, flag: _Flag, side: int, colour: str) -> None:
    y = side * LINE * (1 + flag.level)
    axes.plot([flag.x, flag.x], [0, y + side * LINE / 2], color=colour, lw=0.7, zorder=1)
    text = axes.text(flag.x + KEY / 6, y, flag.words, size=flag.size, color=colour)
    text.set(va="center", parse_math=False)


def _draw_line(axes: Axes, ring: RingShown, per_km: float) -> None:
    """Draw a ring from its first city on, the new parts with a dashed core as on maps."""
    stroke, new, at = style.ring(ring.facts.mode), style.RING_NEW, 0.0
    whole = [0, ring.length_km * per_km]
    axes.plot(whole, [0, 0], color=stroke.colour, lw=2 * stroke.width, solid_capstyle="butt", zorder=3)
    for leg in ring_tables.legs(ring):
        for length, state in zip(leg.pieces["length_km"] * per_km, leg.pieces["state"], strict=True):
            if state == NEW:
                ends = [at, at + length]
                axes.plot(ends, [0, 0], color=new.colour, lw=new.width, linestyle=(0, new.dash), zorder=4)
            at += length

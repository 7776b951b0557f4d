"""Say below the map of a ring what is drawn on it, in lines that fit its width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from optimiser.report import ring_lines, ring_words, style
from optimiser.report.rings_shown import RingShown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 0.2
"""Inches between lines of text."""

KEY, TEXT = 0.42, 0.55
"""Inches from the left at which the keys end and the texts begin."""

LETTER = 0.56
"""Width of a letter as a share of its size, on average and a little more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text below a map, with what it explains.

    Attributes
    ----------
    words
        The text.
    key
        ``ring``, ``new``, ``cities``, the place of a known ring as a digit, or empty: nothing is drawn.
    mode
        Of the ring.
    size
        Of the letters, in points.
    weight, colour
        Of the letters.
    """

    words: str
    key: str = ""
    mode: str = "road"
    size: float = 9.0
    weight: str = "normal"
    colour: str = style.INK


def rows(ring: RingShown, wide: float) -> list[Row]:
    """Return the lines below the map of a ring.

    Parameters
    ----------
    ring
        A ring.
    wide
        Width of the map in inches.
    """
    return [line for row in _told(ring) for line in _wrapped(row, wide)]


def _told(ring: RingShown) -> Iterator[Row]:
    mode = ring.facts.mode
    yield Row(ring_words.sentence(ring), "ring" if ring.is_formed else "", mode, 10.0, "bold")
    if ring.new_km:
        yield Row(f"{ring.new_km:,.0f} km of it must be built", "new", mode)
    if len(ring.cities):
        names = ring_words.listed(list(ring.cities["name"].astype(str)))
        yield Row(f"Cities on it, clockwise: {names}", "cities", mode)
    for place, one in enumerate(ring_lines.references([ring])):
        yield Row(ring_words.overlap(ring, one), str(place), mode)
        if one.why:
            yield Row(one.why, size=8.2, colour=style.MUTED)


def _wrapped(row: Row, wide: float) -> Iterator[Row]:
    letters = int((wide - TEXT) * 72 / (LETTER * row.size))
    for number, words in enumerate(textwrap.wrap(row.words, letters)):
        yield replace(row, words=words, key="" if number else row.key)


def draw(
    axes: Axes, lines: Sequence[Row], strokes: Sequence[style.Stroke], *, wide: float, high: float
) -> None:
    """Write the lines below a map, each with what it explains.

    Parameters
    ----------
    axes
        An empty axes below the map; its frame is taken away.
    lines
        From `rows`.
    strokes
        How the known rings are drawn.
    wide, high
        Inches.
    """
    axes.set(xlim=(0, wide), ylim=(-high, 0))
    axes.set_axis_off()
    for number, row in enumerate(lines, start=1):
        y = -number * LINE
        _key(axes, row, strokes, y)
        axes.text(
            TEXT,
            y,
            row.words,
            size=row.size,
            weight=row.weight,
            color=row.colour,
            va="center",
            parse_math=False,
        )


def _key(axes: Axes, row: Row, strokes: Sequence[style.Stroke], y: float) -> None:
    key, ring = row.key, style.ring(row.mode)
    if key in ("ring", "new"):
        axes.plot([0, KEY], [y, y], color=ring.colour, lw=ring.width, solid_capstyle="butt")
    if key == "cities":
        axes.scatter([KEY / 2], [y], s=36, c=ring.colour, edgecolors=style.INK, linewidths=1.0)
    if key.isdigit():
        colour = strokes[int(key)].colour
        axes.fill_between([0, KEY], y - 0.45 * LINE, y + 0.45 * LINE, color=colour, alpha=0.16, lw=0)
    line = {"new": style.RING_NEW}.get(key) or (strokes[int(key)] if key.isdigit() else None)
    if line is not None:
        dashes = (0, line.dash)
        axes.plot([0, KEY], [y, y], color=line.colour, lw=line.width, linestyle=dashes, dash_capstyle="butt")

"""Draw rings on a still map: one unbroken line each, with a dashed core where it is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optimiser.report import placing, projection, ring_lines, style
from optimiser.report.rings_shown import RingShown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

EVERY = 9.0
"""Pixels between the small boxes along a ring that labels would rather not lie on."""


def draw(axes: Axes, layers: projection.Layers) -> None:
    """Draw the rings that are formed, above the proposals' lines and below their numbers.

    Parameters
    ----------
    axes
        The map.
    layers
        What is shown, projected.
    """
    for row in layers.rings.itertuples():
        x, y = row.geometry.xy
        if row.part == ring_lines.WHOLE:
            ring = style.ring(row.mode)
            casing = ring.width + 2.6
            axes.plot(x, y, color="white", lw=casing, solid_joinstyle="round", zorder=7.6)
            axes.plot(x, y, color=ring.colour, lw=ring.width, solid_joinstyle="round", zorder=7.7)
        else:
            core = style.RING_NEW
            dashes = (0, core.dash)
            axes.plot(
                x, y, color=core.colour, lw=core.width, linestyle=dashes, dash_capstyle="butt", zorder=7.8
            )


def names(
    axes: Axes, layers: projection.Layers, rings: Sequence[RingShown], *, taken: placing.Boxes
) -> placing.Boxes:
    """Write the ids of rings on their lines where the map shows several; return the rectangles, in pixels.

    Parameters
    ----------
    axes
        A map whose limits are final.
    layers
        What is shown, projected.
    rings
        Rings of the report.
    taken
        Rectangles in pixels that an id would rather not hide.
    """
    whole = layers.rings[layers.rings["part"] == ring_lines.WHOLE]
    found = [placing.boxes(())]
    for row in whole.itertuples() if len(whole) > 1 else ():
        text = _name(axes, rings[row.ring].id, style.ring(row.mode).colour)
        size = text.get_window_extent()
        half = np.array([size.width, size.height]) / 2 + 4
        others = boxes(axes, replace(layers, rings=whole[whole["ring"] != row.ring]))
        hidden = np.vstack([taken, others, *found])
        spots = [
            row.geometry.interpolate(at, normalized=True) for at in np.linspace(0, 1, 60, endpoint=False)
        ]
        centres = axes.transData.transform([(spot.x, spot.y) for spot in spots])
        around = np.hstack([centres - half, centres + half])
        best = int(np.argmin([placing.overlaps(box, hidden).sum() for box in around]))
        text.set_position((spots[best].x, spots[best].y))
        found.append(around[best : best + 1])
    return np.vstack(found)


def _name(axes: Axes, words: str, colour: str) -> Text:
    shape = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "white", "linewidth": 1.2}
    return axes.text(
        0,
        0,
        words,
        size=7.5,
        weight="bold",
        color="white",
        ha="center",
        va="center",
        bbox=shape,
        parse_math=False,
        zorder=9.5,
    )


def boxes(axes: Axes, layers: projection.Layers) -> placing.Boxes:
    """Return small boxes along the rings, and along the known ones that the map shows, in pixels.

    Parameters
    ----------
    axes
        A map whose limits are final.
    layers
        What is shown, projected.
    """
    found = [placing.boxes(())]
    whole = layers.rings[layers.rings["part"] == ring_lines.WHOLE]
    lines = [*whole.geometry, *(line for shape in layers.known.geometry for line in projection.parts(shape))]
    for shape in lines:
        corners = axes.transData.transform(np.asarray(shape.coords)[:, :2])
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
        at = np.arange(0.0, along[-1], EVERY)
        spots = np.column_stack([np.interp(at, along, corners[:, k]) for k in (0, 1)])
        found.append(np.hstack([spots - EVERY / 2, spots + EVERY / 2]))
    return np.vstack(found)

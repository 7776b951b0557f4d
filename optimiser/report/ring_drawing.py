"""Draw rings on a still map: one unbroken line each, with a dashed core where it is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optimiser.report import placing, projection, ring_lines, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
            casing = style.RING.width + 2.6
            axes.plot(x, y, color="white", lw=casing, solid_joinstyle="round", zorder=7.6)
            axes.plot(x, y, color=style.RING.colour, lw=style.RING.width, solid_joinstyle="round", zorder=7.7)
        else:
            core = style.RING_NEW
            dashes = (0, core.dash)
            axes.plot(
                x, y, color=core.colour, lw=core.width, linestyle=dashes, dash_capstyle="butt", zorder=7.8
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

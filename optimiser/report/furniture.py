"""Put scale, north and attribution into free corners of a still map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optimiser.report import placing, projection, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR_ROOM, NORTH_ROOM = (34.0, 40.0), (34.0, 58.0)
"""Width beside the bar, and height, of the scale; width and height of the arrow; in points."""

PAD = 8.0
"""Distance from the frame in points."""


def draw(axes: Axes, attribution: str, *, taken: placing.Boxes) -> placing.Boxes:
    """Draw attribution, scale bar and north arrow where they hide least.

    Parameters
    ----------
    axes
        A map whose limits are final.
    attribution
        What the lower right corner says.
    taken
        Rectangles of marks in pixels: the scale and the arrow stand in the corners with fewest of them.

    Returns
    -------
    numpy.ndarray
        The rectangles that the three fill, in pixels.
    """
    note = _attribution(axes, attribution)
    west, east = axes.get_xlim()
    length_m = projection.round_length_m(east - west)
    frame, unit = axes.get_window_extent(), _per_point(axes)
    bar_points = frame.width / unit * length_m / (east - west)
    bar = _corner(axes, (bar_points + BAR_ROOM[0], BAR_ROOM[1]), np.vstack([taken, note]))
    north = _corner(axes, NORTH_ROOM, np.vstack([taken, note, bar]))
    _scale_bar(axes, bar[0], length_m)
    _north(axes, north[0])
    return np.vstack([note, bar, north])


def _per_point(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    return figure.dpi / 72 if figure else 1.0


def _corner(axes: Axes, size: tuple[float, float], taken: placing.Boxes) -> placing.Boxes:
    """Return the rectangle of a size in points in the corner that holds fewest marks."""
    frame, unit = axes.get_window_extent(), _per_point(axes)
    width, height, pad = size[0] * unit, size[1] * unit, PAD * unit
    left, right = frame.x0 + pad, frame.x1 - pad - width
    low, high = frame.y0 + pad, frame.y1 - pad - height
    spots = [(left, low), (left, high), (right, high), (right, low + 14 * unit)]
    boxes = placing.boxes([[x, y, x + width, y + height] for x, y in spots])
    hits = [int(placing.overlaps(box, taken).sum()) for box in boxes]
    best = int(np.argmin(hits))
    return boxes[best : best + 1]


def _attribution(axes: Axes, words: str) -> placing.Boxes:
    from matplotlib import patheffects

    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    note = axes.text(
        0.994,
        0.006,
        words,
        transform=axes.transAxes,
        size=7.5,
        color=style.MUTED,
        ha="right",
        va="bottom",
        path_effects=halo,
        parse_math=False,
        zorder=12,
    )
    box = note.get_window_extent()
    return placing.boxes([[box.x0 - 4, box.y0, box.x1, box.y1 + 2]])


def _data(axes: Axes, box: NDArray[np.float64], right: float, up: float) -> tuple[float, float]:
    """Return a point in data units: points right of and above the lower left of a rectangle."""
    unit = _per_point(axes)
    x, y = axes.transData.inverted().transform((box[0] + right * unit, box[1] + up * unit))
    return float(x), float(y)


def _ground(axes: Axes, box: NDArray[np.float64]) -> None:
    from matplotlib.patches import Rectangle

    low, high = axes.transData.inverted().transform(np.reshape(box, (2, 2)))
    size = high - low
    axes.add_patch(Rectangle(tuple(low), *size, facecolor="white", edgecolor="none", alpha=0.82, zorder=11.5))


def _scale_bar(axes: Axes, box: NDArray[np.float64], length_m: int) -> None:
    from matplotlib.patches import Rectangle

    _ground(axes, box)
    x, y = _data(axes, box, 12, 9)
    height = _data(axes, box, 12, 13)[1] - y
    for half, fill in enumerate((style.INK, "white")):
        start = (x + half * length_m / 2, y)
        bar = Rectangle(
            start, length_m / 2, height, facecolor=fill, edgecolor=style.INK, linewidth=0.8, zorder=12
        )
        axes.add_patch(bar)
    for at, words in ((0.0, "0"), (0.5, f"{length_m / 2000:g}"), (1.0, f"{length_m / 1000:g} km")):
        axes.text(x + at * length_m, y + 2.2 * height, words, size=7.5, ha="center", zorder=12)


def _north(axes: Axes, box: NDArray[np.float64]) -> None:
    _ground(axes, box)
    foot, tip = _data(axes, box, NORTH_ROOM[0] / 2, 18), _data(axes, box, NORTH_ROOM[0] / 2, 54)
    arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=foot, arrowprops=arrow, zorder=12)
    axes.text(*foot, "N", size=9, weight="bold", ha="center", va="top", zorder=12)

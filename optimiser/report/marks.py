"""Mark cities, numbers, scale and north on a still map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from optimiser.report import coverage, placing, projection, style
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.25, 0.75, 0.15, 0.85)
"""Where along a proposal its number may stand, best first."""


def draw(axes: Axes, layers: projection.Layers, report: ReportInput) -> None:
    """Draw cities with labels, numbers on the proposals, scale bar, north arrow and attribution.

    Parameters
    ----------
    axes
        A map whose limits and aspect are final: places are found in its pixels.
    layers
        What is shown, projected.
    report
        Where counts come from.
    """
    cities = coverage.by_city(layers.cities, report.pairs).sort_values("population", ascending=False)
    marks = _city_marks(axes, cities)
    corners = _furniture(axes, report)
    numbers = _numbers(axes, layers.links, np.vstack([marks, corners]))
    _city_labels(
        axes, cities, taken=np.vstack([marks, corners, numbers]), soft=_line_boxes(axes, layers.links)
    )


def _pixels(axes: Axes, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(axes.transData.transform(points), dtype=np.float64).reshape(-1, 2)


def _per_point(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    return figure.dpi / 72 if figure else 1.0


def _city_marks(axes: Axes, cities: gpd.GeoDataFrame) -> placing.Boxes:
    pixels = _pixels(axes, np.column_stack([cities.geometry.x, cities.geometry.y]))
    sides = np.array([style.tier(name).mark for name in cities["tier"]])
    gains = (cities["after"] > cities["before"]).to_numpy()
    fills = np.where(gains, style.GAINS, "white")
    axes.scatter(
        cities.geometry.x,
        cities.geometry.y,
        s=sides**2,
        c=fills,
        edgecolors=style.INK,
        linewidths=1.1,
        zorder=9,
    )
    half = (sides / 2 + 1)[:, None] * _per_point(axes)
    return np.hstack([pixels - half, pixels + half])


def _numbers(axes: Axes, links: gpd.GeoDataFrame, taken: placing.Boxes) -> placing.Boxes:
    half = 7.5 * _per_point(axes)
    found = taken
    modes = links["mode"] if "mode" in links.columns else ["road"] * len(links)
    for rank, shape, mode in zip(links["rank"], links.geometry, modes, strict=True):
        lines = projection.parts(shape)
        if not lines:
            continue
        line = max(lines, key=lambda part: float(part.length))
        point, box = _free_spot(
            axes, [line.interpolate(at, normalized=True).coords[0] for at in ALONG], half, found
        )
        found = np.vstack([found, box])
        _badge(axes, point, str(rank), style.proposal(mode).colour)
    return found[len(taken) :]


def _free_spot(
    axes: Axes, spots: Sequence[tuple[float, ...]], half: float, taken: placing.Boxes
) -> tuple[tuple[float, ...], placing.Boxes]:
    pixels = _pixels(axes, np.asarray(spots)[:, :2])
    boxes = np.hstack([pixels - half, pixels + half])
    hits = [int(placing.overlaps(box, taken).sum()) for box in boxes]
    best = int(np.argmin(hits))
    return spots[best], boxes[best : best + 1]


def _badge(axes: Axes, point: tuple[float, ...], text: str, colour: str) -> None:
    shape = {"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
    axes.text(
        point[0],
        point[1],
        text,
        size=7.5,
        weight="bold",
        color=colour,
        ha="center",
        va="center",
        bbox=shape,
        zorder=10,
    )


def _line_boxes(axes: Axes, links: gpd.GeoDataFrame) -> placing.Boxes:
    """Return small boxes along the proposals: labels would rather not lie on them."""
    lines = [line for shape in links.geometry for line in projection.parts(shape)]
    spots = [
        line.interpolate(at, normalized=True).coords[0] for line in lines for at in np.linspace(0, 1, 25)
    ]
    if not spots:
        return placing.boxes(())
    pixels = _pixels(axes, np.asarray(spots)[:, :2])
    return np.hstack([pixels - 2, pixels + 2])


def _city_labels(axes: Axes, cities: gpd.GeoDataFrame, *, taken: placing.Boxes, soft: placing.Boxes) -> None:
    order = _by_importance(cities)
    texts = [
        _label_text(axes, str(name), tier) for name, tier in zip(order["name"], order["tier"], strict=True)
    ]
    points = _pixels(axes, np.column_stack([order.geometry.x, order.geometry.y]))
    extents = [text.get_window_extent() for text in texts]
    labels = [
        placing.Label(x, y, extent.width, 0.9 * extent.height)
        for (x, y), extent in zip(points, extents, strict=True)
    ]
    frame = axes.get_window_extent()
    inner = (frame.x0 + 4, frame.y0 + 4, frame.x1 - 4, frame.y1 - 4)
    places = placing.place(labels, taken=taken, soft=soft, frame=inner, gap=5.5 * _per_point(axes))
    for text, label, place in zip(texts, labels, places, strict=True):
        _settle(axes, text, label, place)


def _by_importance(cities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    size = cities["tier"].map(lambda name: -style.tier(name).text)
    return cities.assign(_size=size).sort_values(["_size", "population"], ascending=[True, False])


def _label_text(axes: Axes, name: str, tier: str) -> Text:
    from matplotlib import patheffects

    look = style.tier(tier)
    halo = [patheffects.withStroke(linewidth=2.6, foreground="white")]
    weight = "bold" if look.bold else "normal"
    return axes.text(
        0,
        0,
        name,
        size=look.text,
        weight=weight,
        path_effects=halo,
        parse_math=False,
        va="bottom",
        zorder=11,
    )


def _settle(axes: Axes, text: Text, label: placing.Label, place: placing.Place | None) -> None:
    if place is None:
        text.remove()
        return
    back = axes.transData.inverted()
    x, y = back.transform((place.x, place.y))
    text.set_position((float(x), float(y)))
    if place.reach > placing.REACHES[0]:
        across, up = place.side
        end = (
            place.x + label.width * {1: 0.0, 0: 0.5, -1: 1.0}[across],
            place.y + label.height * {1: 0.0, 0: 0.5, -1: 1.0}[up],
        )
        ends = np.asarray(back.transform([(label.x, label.y), end]))
        axes.plot(ends[:, 0], ends[:, 1], color=style.MUTED, lw=0.6, zorder=8)


def _furniture(axes: Axes, report: ReportInput) -> placing.Boxes:
    """Draw scale bar, north arrow and attribution; return the rectangles they fill."""
    frame = axes.get_window_extent()
    unit = _per_point(axes)
    back = axes.transData.inverted()

    def at(right: float, up: float) -> tuple[float, float]:
        x, y = back.transform((frame.x0 + right * unit, frame.y0 + up * unit))
        return float(x), float(y)

    west, east = axes.get_xlim()
    length_m = projection.round_length_m(east - west)
    _scale_bar(axes, at(16, 18), length_m, at(0, 4)[1] - at(0, 0)[1])
    bar = float(frame.width / unit * length_m / (east - west))
    _north(axes, frame_top=(at(24, frame.height / unit - 52), at(24, frame.height / unit - 14)))
    note = axes.text(
        *at(frame.width / unit - 6, 5), report.attribution, size=7.5, color=style.MUTED, ha="right", zorder=12
    )
    words = note.get_window_extent()
    x0, y0, top = frame.x0, frame.y0, frame.y1
    return placing.boxes(
        [
            [x0, y0, x0 + (bar + 40) * unit, y0 + 44 * unit],
            [x0, top - 64 * unit, x0 + 48 * unit, top],
            [words.x0 - 4, words.y0, words.x1, words.y1 + 2],
        ]
    )


def _scale_bar(axes: Axes, start: tuple[float, float], length_m: int, height: float) -> None:
    from matplotlib.patches import Rectangle

    x, y = start
    for half, fill in enumerate((style.INK, "white")):
        corner = (x + half * length_m / 2, y)
        axes.add_patch(
            Rectangle(corner, length_m / 2, height, facecolor=fill, edgecolor=style.INK, lw=0.8, zorder=12)
        )
    for at, words in ((0.0, "0"), (0.5, f"{length_m / 2000:g}"), (1.0, f"{length_m / 1000:g} km")):
        axes.text(x + at * length_m, y + 2.2 * height, words, size=7.5, ha="center", zorder=12)


def _north(axes: Axes, *, frame_top: tuple[tuple[float, float], tuple[float, float]]) -> None:
    foot, tip = frame_top
    arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=foot, arrowprops=arrow, zorder=12)
    axes.text(foot[0], foot[1], "N", size=9, weight="bold", ha="center", va="top", zorder=12)

"""Mark cities and numbers on a still map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from optimiser.report import coverage, furniture, placing, projection, ring_drawing, style
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text


def draw(
    axes: Axes,
    layers: projection.Layers,
    report: ReportInput,
    *,
    filled: Mapping[str, str] | None = None,
) -> None:
    """Draw cities with labels, numbers on the proposals, scale bar, north arrow and attribution.

    Parameters
    ----------
    axes
        A map whose limits and aspect are final: places are found in its pixels.
    layers
        What is shown, projected.
    report
        Where counts come from.
    filled
        Colours of the marks by `city_id`, white where it names none; None: who gains partners stands out.
    """
    cities = coverage.by_city(layers.cities, report.pairs).sort_values("population", ascending=False)
    cities = _whole(axes, cities)
    marks = _city_marks(axes, cities, filled)
    numbers = _numbers(axes, layers)
    numbers = np.vstack(
        [numbers, ring_drawing.names(axes, layers, report.rings, taken=np.vstack([marks, numbers]))]
    )
    lines = np.vstack([_line_boxes(axes, layers.links), ring_drawing.boxes(axes, layers)])
    corners = furniture.draw(axes, report.attribution, taken=np.vstack([marks, numbers, lines]))
    _city_labels(axes, cities, taken=np.vstack([marks, corners, numbers]), soft=lines)


EDGE = 0.015
"""Share of the width of a map within which a mark would be cut by its frame."""


def _whole(axes: Axes, cities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the cities whose marks lie whole within the map."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    room = EDGE * (east - west)
    return cities.cx[west + room : east - room, south + room : north - room]


def _pixels(axes: Axes, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(axes.transData.transform(points), dtype=np.float64).reshape(-1, 2)


def _per_point(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    return figure.dpi / 72 if figure else 1.0


def _city_marks(axes: Axes, cities: gpd.GeoDataFrame, filled: Mapping[str, str] | None) -> placing.Boxes:
    pixels = _pixels(axes, np.column_stack([cities.geometry.x, cities.geometry.y]))
    sides = np.array([style.tier(name).mark for name in cities["tier"]])
    gains = (cities["after"] > cities["before"]).to_numpy()
    fills = np.where(gains, style.GAINS, "white")
    if filled is not None:
        fills = np.array([filled.get(str(name), "white") for name in cities["city_id"]])
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


def _numbers(axes: Axes, layers: projection.Layers) -> placing.Boxes:
    half = 8.0 * _per_point(axes)
    links, found = layers.links, [placing.boxes(())]
    points = projection.number_points(layers)
    for rank, point, category in zip(links["rank"], points, style.categories(links), strict=True):
        if point is None:
            continue
        pixels = _pixels(axes, np.array([[point.x, point.y]]))
        found.append(np.hstack([pixels - half, pixels + half]))
        _badge(axes, (point.x, point.y), str(rank), style.PROPOSALS[category].colour)
    return np.vstack(found)


def _badge(axes: Axes, point: tuple[float, float], text: str, colour: str) -> None:
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

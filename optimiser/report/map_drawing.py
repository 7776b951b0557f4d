"""Draw the parts of a still map: network, proposals, rings, cities, numbers, scale and north."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from optimiser.measures import coverage
from optimiser.report import map_layers, placing, style
from optimiser.report.inputs import ReportInput
from optimiser.report.map_layers import Frame, Layers
from optimiser.report.placing import Boxes
from optimiser.report.ring_layout import RingShown
from optimiser.report.style import per_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

CUT = 0.015
"""Share of the width of a map within which its frame would cut the mark of a city."""

RING_BOX = 9.0
"""Pixels between the small boxes along a ring that labels avoid."""

BAR_ROOM, NORTH_ROOM = (34.0, 40.0), (34.0, 58.0)
"""Width beside the bar, and height, of the scale; width and height of the arrow; in points."""

PAD = 8.0
"""Distance of scale and arrow from the frame in points."""


def frame_map(axes: Axes, frame: Frame) -> None:
    """Give an empty map its limits, white ground and a thin frame."""
    west, south, east, north = frame
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], facecolor="white")
    axes.spines[:].set_color(style.RULE)


def draw_network(axes: Axes, networks: Mapping[str, gpd.GeoSeries]) -> None:
    """Draw today's network: its lines by the keys of `style.NETWORK`."""
    for order, (name, stroke) in enumerate(style.NETWORK.items(), start=1):
        x, y = map_layers.gapped(networks[name]).T
        dashes = (0, stroke.dash) if stroke.dash else "solid"
        axes.plot(x, y, color=stroke.colour, lw=stroke.width, linestyle=dashes, zorder=order)


def draw_proposals(axes: Axes, layers: Layers) -> None:
    """Draw the lines of the proposals, train services below roads and rail lines."""
    strokes = style.proposals()
    for shape, category in zip(layers.links.geometry, style.categories(layers.links), strict=True):
        stroke, height = strokes[category], 6.0 if category == "service" else 7.0
        for line in map_layers.parts(shape):
            x, y = line.xy
            axes.plot(x, y, color="white", lw=stroke.width + 2.4, solid_capstyle="round", zorder=height)
            look: Any = {"color": stroke.colour, "lw": stroke.width, "dash_capstyle": "butt"}
            dashes: Any = (0, stroke.dash) if stroke.dash else "solid"
            axes.plot(x, y, linestyle=dashes, solid_capstyle="round", zorder=height + 0.5, **look)


def draw_rings(axes: Axes, layers: Layers) -> None:
    """Draw the rings that are formed: one unbroken line each, with a dashed core where it is new.

    They lie above the lines of the proposals and below their numbers.
    """
    core = style.RING_NEW
    for row in layers.rings.itertuples():
        x, y = row.geometry.xy
        if row.part == map_layers.WHOLE:
            ring = style.ring(row.mode)
            axes.plot(x, y, color="white", lw=ring.width + 2.6, solid_joinstyle="round", zorder=7.6)
            axes.plot(x, y, color=ring.colour, lw=ring.width, solid_joinstyle="round", zorder=7.7)
        else:
            dashes: Any = (0, core.dash)
            axes.plot(
                x, y, color=core.colour, lw=core.width, linestyle=dashes, dash_capstyle="butt", zorder=7.8
            )


def draw_marks(
    axes: Axes, layers: Layers, report: ReportInput, *, filled: Mapping[str, str] | None = None
) -> None:
    """Draw cities with labels, numbers on the proposals, scale bar, north arrow and attribution.

    Parameters
    ----------
    axes
        A map whose limits and aspect are final: places are found in its pixels.
    layers
        What is shown, projected.
    report
        Source of the counts.
    filled
        Colours of the marks by `city_id`, white where it names none; None: cities that gain partners stand
        out.
    """
    cities = coverage.by_city(layers.cities, report.pairs).sort_values("population", ascending=False)
    cities = _uncut(axes, cities)
    marks = draw_city_marks(axes, cities, filled)
    numbers = _draw_numbers(axes, layers)
    ring_ids = _draw_ring_ids(axes, layers, report.rings, taken=np.vstack([marks, numbers]))
    numbers = np.vstack([numbers, ring_ids])
    lines = np.vstack([_link_boxes(axes, layers.links), _ring_boxes(axes, layers)])
    corners = _draw_furniture(axes, report.attribution, taken=np.vstack([marks, numbers, lines]))
    draw_city_labels(axes, cities, taken=np.vstack([marks, corners, numbers]), soft=lines)


def _uncut(axes: Axes, cities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the cities whose marks lie entirely within the map."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    room = CUT * (east - west)
    return cities.cx[west + room : east - room, south + room : north - room]


def _pixels(axes: Axes, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(axes.transData.transform(points), dtype=np.float64).reshape(-1, 2)


def _around(pixels: NDArray[np.float64], half: NDArray[np.float64] | float) -> Boxes:
    """Return rectangles round points, with half their size in pixels."""
    return np.hstack([pixels - half, pixels + half])


def draw_city_marks(axes: Axes, cities: gpd.GeoDataFrame, filled: Mapping[str, str] | None) -> Boxes:
    """Draw the marks of cities by tier; return the rectangles that they take.

    Parameters
    ----------
    axes
        A map whose limits and aspect are final.
    cities
        Points on its plane, with `tier` and `city_id`.
    filled
        As for `draw_marks`; None needs the columns `before` and `after`.
    """
    x, y = cities.geometry.x, cities.geometry.y
    sides = np.array([style.tier(name).mark for name in cities["tier"]])
    if filled is None:
        fills = np.where(cities["after"] > cities["before"], style.GAINS, "white")
    else:
        fills = np.array([filled.get(str(name), "white") for name in cities["city_id"]])
    axes.scatter(x, y, s=sides**2, c=fills, edgecolors=style.INK, linewidths=1.1, zorder=9)
    return _around(_pixels(axes, np.column_stack([x, y])), (sides / 2 + 1)[:, None] * per_point(axes))


def _draw_numbers(axes: Axes, layers: Layers) -> Boxes:
    links, found = layers.links, [placing.boxes(())]
    points = map_layers.number_points(layers)
    for rank, point, category in zip(links["rank"], points, style.categories(links), strict=True):
        if point is not None:
            colour = style.proposals()[category].colour
            shape = {"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": colour}
            _bold(
                axes, str(rank), style.INK, zorder=10, x=point.x, y=point.y, bbox=shape | {"linewidth": 1.4}
            )
            found.append(_around(_pixels(axes, np.array([[point.x, point.y]])), 8.0 * per_point(axes)))
    return np.vstack(found)


def _bold(axes: Axes, words: str, colour: str, *, x: float = 0, y: float = 0, **more: Any) -> Text:  # noqa: ANN401
    """Write small bold words centred on a point."""
    return axes.text(
        x, y, words, color=colour, size=7.5, weight="bold", ha="center", va="center", parse_math=False, **more
    )


def _draw_ring_ids(axes: Axes, layers: Layers, rings: Sequence[RingShown], *, taken: Boxes) -> Boxes:
    """Write the ids of rings on their lines where the map shows several; return the rectangles, in pixels.

    Each stands where it hides fewest of the rectangles taken, of other rings and of their ids.
    """
    found, circuits = [placing.boxes(())], layers.circuits
    for row in circuits.itertuples() if len(circuits) > 1 else ():
        colour = style.ring(row.mode).colour
        shape = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "white", "linewidth": 1.2}
        text = _bold(axes, rings[row.ring].id, "white", zorder=9.5, bbox=shape)
        size = text.get_window_extent()
        others = _ring_boxes(axes, replace(layers, rings=circuits[circuits["ring"] != row.ring]))
        hidden = np.vstack([taken, others, *found])
        at = np.linspace(0, 1, 60, endpoint=False)
        spots = np.array([row.geometry.interpolate(share, normalized=True).coords[0] for share in at])
        around = _around(_pixels(axes, spots), np.array([size.width, size.height]) / 2 + 4)
        best = int(np.argmin([placing.overlaps(box, hidden).sum() for box in around]))
        text.set_position((float(spots[best, 0]), float(spots[best, 1])))
        found.append(around[best : best + 1])
    return np.vstack(found)


def _link_boxes(axes: Axes, links: gpd.GeoDataFrame) -> Boxes:
    """Return small boxes along the proposals, in pixels: labels avoid them where they can."""
    lines = [line for shape in links.geometry for line in map_layers.parts(shape)]
    at = np.linspace(0, 1, 25)
    spots = [line.interpolate(share, normalized=True).coords[0] for line in lines for share in at]
    return _around(_pixels(axes, np.asarray(spots)[:, :2]), 2) if spots else placing.boxes(())


def _ring_boxes(axes: Axes, layers: Layers) -> Boxes:
    """Return small boxes along the rings, and along the known ones that the map shows, in pixels."""
    known = [line for shape in layers.known.geometry for line in map_layers.parts(shape)]
    found = [placing.boxes(())]
    for line in [*layers.circuits.geometry, *known]:
        corners = _pixels(axes, _coords(line))
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
        at = np.arange(0.0, along[-1], RING_BOX)
        spots = np.column_stack([np.interp(at, along, corners[:, k]) for k in (0, 1)])
        found.append(_around(spots, RING_BOX / 2))
    return np.vstack(found)


def _coords(line: BaseGeometry) -> NDArray[np.float64]:
    return np.asarray(line.coords, dtype=np.float64)[:, :2]


def draw_city_labels(axes: Axes, cities: gpd.GeoDataFrame, *, taken: Boxes, soft: Boxes) -> None:
    """Write the names of cities where there is room, the most important first."""
    size = cities["tier"].map(lambda name: -style.tier(name).text)
    order = cities.assign(_size=size).sort_values(["_size", "population"], ascending=[True, False])
    texts = [
        _label_text(axes, style.legible(str(name)), tier)
        for name, tier in zip(order["name"], order["tier"], strict=True)
    ]
    points = _pixels(axes, np.column_stack([order.geometry.x, order.geometry.y]))
    extents = [text.get_window_extent() for text in texts]
    labels = [
        placing.Label(x, y, extent.width, 0.9 * extent.height)
        for (x, y), extent in zip(points, extents, strict=True)
    ]
    frame = axes.get_window_extent()
    inner = (frame.x0 + 4, frame.y0 + 4, frame.x1 - 4, frame.y1 - 4)
    places = placing.place(labels, taken=taken, soft=soft, frame=inner, gap=5.5 * per_point(axes))
    for text, label, place in zip(texts, labels, places, strict=True):
        _settle(axes, text, label, place)


def _halo(width: float) -> list[Any]:
    """Return a white outline, as an effect of a text."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]


def _label_text(axes: Axes, name: str, tier: str) -> Text:
    look = style.tier(tier)
    weight = "bold" if look.bold else "normal"
    text = axes.text(0, 0, name, size=look.text, weight=weight, va="bottom", parse_math=False, zorder=11)
    text.set_path_effects(_halo(2.6))
    return text


def _settle(axes: Axes, text: Text, label: placing.Label, place: placing.Place | None) -> None:
    """Move a label to its place, with a line to its point where it stands far off; remove it without one."""
    if place is None:
        text.remove()
        return
    back = axes.transData.inverted()
    x, y = back.transform((place.x, place.y))
    text.set_position((float(x), float(y)))
    if place.reach > placing.REACHES[0]:
        nearest = {1: 0.0, 0: 0.5, -1: 1.0}
        across, up = place.side
        end = (place.x + label.width * nearest[across], place.y + label.height * nearest[up])
        ends = np.asarray(back.transform([(label.x, label.y), end]))
        axes.plot(ends[:, 0], ends[:, 1], color=style.MUTED, lw=0.6, zorder=8)


def _draw_furniture(axes: Axes, attribution: str, *, taken: Boxes) -> Boxes:
    """Draw attribution, scale bar and north arrow where they hide least; return their rectangles in pixels.

    The attribution stands in the lower right corner; scale and arrow stand in the corners with fewest of the
    rectangles taken.
    """
    note = _draw_attribution(axes, attribution)
    west, east = axes.get_xlim()
    length_m = map_layers.round_length_m(east - west)
    bar_points = axes.get_window_extent().width / per_point(axes) * length_m / (east - west)
    bar = _corner(axes, (bar_points + BAR_ROOM[0], BAR_ROOM[1]), np.vstack([taken, note]))
    north = _corner(axes, NORTH_ROOM, np.vstack([taken, note, bar]))
    _draw_scale_bar(axes, bar[0], length_m)
    _draw_north(axes, north[0])
    return np.vstack([note, bar, north])


def _corner(axes: Axes, size: tuple[float, float], taken: Boxes) -> Boxes:
    """Return the rectangle of a size in points in the corner that holds fewest marks."""
    frame, unit = axes.get_window_extent(), per_point(axes)
    width, height, pad = size[0] * unit, size[1] * unit, PAD * unit
    left, right = frame.x0 + pad, frame.x1 - pad - width
    low, high = frame.y0 + pad, frame.y1 - pad - height
    spots = [(left, low), (left, high), (right, high), (right, low + 14 * unit)]
    boxes = placing.boxes([[x, y, x + width, y + height] for x, y in spots])
    best = int(np.argmin([placing.overlaps(box, taken).sum() for box in boxes]))
    return boxes[best : best + 1]


def _draw_attribution(axes: Axes, words: str) -> Boxes:
    note = axes.text(
        0.994, 0.006, words, size=7.5, color=style.MUTED, ha="right", va="bottom", parse_math=False, zorder=12
    )
    note.set_transform(axes.transAxes)
    # A white ground and no halo: letters with one are set wider than measured, and would leave the map.
    note.set_bbox({"facecolor": "white", "alpha": 0.82, "edgecolor": "none", "pad": 1.5})
    box = note.get_window_extent()
    return placing.boxes([[box.x0 - 4, box.y0, box.x1, box.y1 + 2]])


def _data(axes: Axes, box: NDArray[np.float64], right: float, up: float) -> tuple[float, float]:
    """Return a point in data units: points right of and above the lower left of a rectangle."""
    unit = per_point(axes)
    x, y = axes.transData.inverted().transform((box[0] + right * unit, box[1] + up * unit))
    return float(x), float(y)


def _clear_ground(axes: Axes, box: NDArray[np.float64]) -> None:
    from matplotlib.patches import Rectangle

    low, high = axes.transData.inverted().transform(np.reshape(box, (2, 2)))
    ground = Rectangle(
        tuple(low), *(high - low), facecolor="white", edgecolor="none", alpha=0.82, zorder=11.5
    )
    axes.add_patch(ground)


def _draw_scale_bar(axes: Axes, box: NDArray[np.float64], length_m: int) -> None:
    from matplotlib.patches import Rectangle

    _clear_ground(axes, box)
    x, y = _data(axes, box, 12, 9)
    height = _data(axes, box, 12, 13)[1] - y
    for half, fill in enumerate((style.INK, "white")):
        bar = Rectangle((x + half * length_m / 2, y), length_m / 2, height, facecolor=fill, zorder=12)
        bar.set(edgecolor=style.INK, linewidth=0.8)
        axes.add_patch(bar)
    for at, words in ((0.0, "0"), (0.5, f"{length_m / 2000:g}"), (1.0, f"{length_m / 1000:g} km")):
        axes.text(x + at * length_m, y + 2.2 * height, words, size=7.5, ha="center", zorder=12)


def _draw_north(axes: Axes, box: NDArray[np.float64]) -> None:
    _clear_ground(axes, box)
    foot, tip = _data(axes, box, NORTH_ROOM[0] / 2, 18), _data(axes, box, NORTH_ROOM[0] / 2, 54)
    arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=foot, arrowprops=arrow, zorder=12)
    axes.text(*foot, "N", size=9, weight="bold", ha="center", va="top", zorder=12)

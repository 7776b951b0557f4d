"""Project what a map shows onto a plane in metres, and draw the parts of a still map."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from shapely import (
    GeometryType,
    LineString,
    get_coordinates,
    get_parts,
    get_type_id,
    is_empty,
    line_interpolate_point,
    line_merge,
    multilinestrings,
    segmentize,
    simplify,
)
from shapely.geometry.base import BaseGeometry

from optimiser.measures import coverage
from optimiser.proposals.stations import REGION
from optimiser.report import inputs, plots, ring_section
from optimiser.report.ring_layout import NEW, WGS84, RingShown, formed, joined, known_rings, plane_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.offsetbox import AnchoredOffsetbox
    from matplotlib.text import Text

MOTORWAY = ("motorway", "motorway_link")
HIGH_SPEED = ("hsr", "high", "intercity")
"""How the names of rail classes at 200 km/h or more begin."""

WHOLE, CORE, LEFT = "whole", "new", "left"
"""Parts of a ring that are drawn: its whole circuit and on top of it what is new; dashed where it is left
out of the plan."""

RING_COLUMNS = ("ring", "mode", "part", "geometry")
"""Columns of the lines of rings: position of the ring in the report, mode, part, line."""

KNOWN_COLUMNS = ("reference", "name", "corridor_km", "geometry")
"""Columns of the lines of known rings: see `ring_layout.Overlap`."""

DETAIL = 4000
"""Bends smaller than the extent of the cities divided by this number are left out."""

LEAST_EXTENT_M = 20_000.0
"""A map is never smaller than this."""

ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
"""Where along a proposal its number may stand, best first."""

type Frame = tuple[float, float, float, float]
"""West, south, east, north of a map in metres."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What a map shows, in metres on one plane; north is up at its centre.

    Attributes
    ----------
    networks
        Merged lines of today's network, by the keys of `plots.NETWORK`.
    links, cities
        As in `ReportInput`.
    rings
        The rings that are formed or left out: `RING_COLUMNS`.
    known
        Known rings that they are compared with: `KNOWN_COLUMNS`.
    closing
        Ids of the proposals that lie on a ring.
    """

    networks: Mapping[str, gpd.GeoSeries]
    links: gpd.GeoDataFrame
    cities: gpd.GeoDataFrame
    rings: gpd.GeoDataFrame
    known: gpd.GeoDataFrame
    closing: frozenset[str] = frozenset()

    @property
    def circuits(self) -> gpd.GeoDataFrame:
        """Return the whole circuits of the rings that are formed."""
        return self.rings[self.rings["part"] == WHOLE]


@lru_cache(maxsize=1)
def project(report: inputs.ReportInput) -> Layers:
    """Return the layers of a map, made once for all maps of a report."""
    crs = plane(report.cities)
    cities = report.cities.to_crs(crs)
    tolerance_m = extent_m(cities) / DETAIL
    known = [(one.reference, one.name, one.corridor_km, one.line) for one in known_rings(report.rings)]
    return Layers(
        networks=networks(report.roads, report.rail, crs, tolerance_m),
        links=report.links.to_crs(crs),
        cities=cities,
        rings=ring_lines(report.rings, crs, tolerance_m),
        known=_ring_table(known, KNOWN_COLUMNS, crs, tolerance_m),
        closing=frozenset(name for ring in formed(report.rings) for name in ring.candidates),
    )


def ring_lines(rings: Sequence[RingShown], crs: CRS, tolerance_m: float) -> gpd.GeoDataFrame:
    """Return the lines of rings on a plane: `RING_COLUMNS`, without bends below a tolerance in metres."""
    return _ring_table(list(_ring_parts(rings)), RING_COLUMNS, crs, tolerance_m)


def networks(
    roads: gpd.GeoDataFrame, rail: gpd.GeoDataFrame, crs: CRS, tolerance_m: float
) -> dict[str, gpd.GeoSeries]:
    """Return the merged lines of today's network on a plane, by the keys of `plots.NETWORK`.

    Parameters
    ----------
    roads, rail
        Links with `link_class` and lines in degrees.
    crs
        The plane.
    tolerance_m
        Smaller bends are left out, metres.
    """
    fast = rail["link_class"].astype(str).str.startswith(HIGH_SPEED)
    large = roads["link_class"].isin(MOTORWAY)
    parts = {"roads": roads[~large], "motorways": roads[large], "rail": rail[~fast], "high_speed": rail[fast]}
    return {name: _merged(table, crs, tolerance_m) for name, table in parts.items()}


def plane(cities: gpd.GeoDataFrame) -> CRS:
    """Return an azimuthal projection that is true to distance round the middle of the cities."""
    return plane_of(*cities.to_crs(WGS84).total_bounds)


def extent_m(cities: gpd.GeoDataFrame) -> float:
    """Return the longer side of the box of projected cities, at least `LEAST_EXTENT_M`."""
    west, south, east, north = cities.total_bounds
    return max(float(east - west), float(north - south), LEAST_EXTENT_M)


def _merged(table: gpd.GeoDataFrame, crs: CRS, tolerance_m: float) -> gpd.GeoSeries:
    """Return the lines joined end to end and without small bends: fewer, longer, lighter to draw."""
    shapes = get_parts(table.geometry.to_crs(crs).array)
    lines = shapes[(get_type_id(shapes) == GeometryType.LINESTRING) & ~is_empty(shapes)]
    merged = get_parts(line_merge(multilinestrings(lines))) if len(lines) else lines
    return gpd.GeoSeries(simplify(merged, tolerance_m), crs=crs)


def _ring_parts(rings: Sequence[RingShown]) -> Iterator[tuple[object, ...]]:
    """Yield the circuit of each ring, and each new stretch of one that is formed: `RING_COLUMNS`."""
    for place, ring in enumerate(rings):
        if ring.has_circuit:
            yield place, ring.facts.mode, LEFT if ring.is_left_out else WHOLE, ring.circuit
        if ring.is_left_out:
            continue
        for state, run in itertools.groupby(ring.pieces.itertuples(), key=lambda piece: piece.state):
            if state == NEW:
                yield place, ring.facts.mode, CORE, joined(piece.geometry for piece in run)


def _ring_table(
    rows: Sequence[tuple[object, ...]], columns: Sequence[str], crs: CRS, tolerance_m: float
) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(rows, columns=list(columns), geometry="geometry", crs=WGS84).to_crs(crs)
    return table.set_geometry(simplify(table.geometry.array, tolerance_m), crs=crs)


def frame(layers: Layers, *, margin: float = 0.05) -> Frame:
    """Return the frame of a map that holds all cities, proposals, rings and known rings, with a margin."""
    shapes = [layers.cities.geometry, layers.links.geometry, layers.rings.geometry, layers.known.geometry]
    return padded(bounds([shape for shape in shapes if len(shape) and not shape.is_empty.all()]), margin)


def padded(inner: Frame, margin: float) -> Frame:
    """Return a frame with a margin, a share of its longer side."""
    west, south, east, north = inner
    pad = margin * max(east - west, north - south, LEAST_EXTENT_M)
    return west - pad, south - pad, east + pad, north + pad


def bounds(shapes: Sequence[gpd.GeoSeries]) -> Frame:
    """Return the least frame that holds all shapes."""
    west, south, east, north = pd.concat(shapes).total_bounds.tolist()
    return west, south, east, north


def fit(inner: Frame, ratio: float) -> Frame:
    """Return the least frame of a ratio of width to height that holds another, with the same middle."""
    west, south, east, north = inner
    width, height = max(east - west, ratio * (north - south)), max(north - south, (east - west) / ratio)
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def round_length_m(span_m: float) -> int:
    """Return a length of 1, 2 or 5 times a power of ten that fits within a fifth of a span."""
    power = 10 ** int(np.floor(np.log10(span_m / 5)))
    return int(max(step * power for step in (1, 2, 5) if step * power <= span_m / 5))


def gapped(lines: gpd.GeoSeries) -> NDArray[np.float64]:
    """Return the points of many lines as one array [n x 2], a row of NaN between two lines: fast to draw."""
    points, line = get_coordinates(lines.array, return_index=True)
    return np.insert(points, np.flatnonzero(np.diff(line)) + 1, np.nan, axis=0)


def parts(shape: BaseGeometry | None) -> list[LineString]:
    """Return the lines that a shape is made of; none for points and for nothing."""
    if shape is None or shape.is_empty:
        return []
    return [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "LineString"]


# ---- a still map

CUT = 0.015
"""Share of the width of a map within which its frame would cut the mark of a city."""

LINE_BOX = 18.0
"""Pixels between the small boxes along a line that labels avoid."""

OFF = 1.5
"""Distance from its line of a number for which there is no room on it, in halves of its size."""

CORNERS = ("lower left", "upper left", "upper right")
"""Where scale bar and north arrow may stand, best first; the attribution has the fourth corner."""


def frame_map(axes: Axes, frame: Frame) -> None:
    """Give an empty map its limits, white ground and a thin frame."""
    west, south, east, north = frame
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], facecolor="white")
    axes.spines[:].set_color(plots.RULE)


def draw_network(axes: Axes, networks: Mapping[str, gpd.GeoSeries]) -> None:
    """Draw today's network: its lines by the keys of `plots.NETWORK`."""
    for order, (name, stroke) in enumerate(plots.NETWORK.items(), start=1):
        x, y = gapped(networks[name]).T
        axes.plot(x, y, zorder=order, **stroke.look)


def draw_proposals(axes: Axes, layers: Layers) -> None:
    """Draw the lines of the proposals, train services below roads and rail lines."""
    for shape, category in zip(layers.links.geometry, plots.categories(layers.links), strict=True):
        stroke, height = plots.ON_MAPS[category], 6.0 if category == "service" else 7.0
        for line in parts(shape):
            x, y = line.xy
            axes.plot(x, y, color="white", lw=stroke.width + 2.4, solid_capstyle="round", zorder=height)
            ends: Any = {"solid_capstyle": "round", "dash_capstyle": "butt"}
            axes.plot(x, y, zorder=height + 0.5, **ends, **stroke.look)


def draw_rings(axes: Axes, layers: Layers) -> None:
    """Draw the rings: one unbroken line each, with a dashed core where it is new; dashed if left out.

    They lie above the lines of the proposals and below their numbers.
    """
    for row in layers.rings.itertuples():
        x, y = row.geometry.xy
        if row.part == WHOLE:
            ring = plots.ring(row.mode)
            axes.plot(x, y, color="white", lw=ring.width + 2.6, solid_joinstyle="round", zorder=7.6)
            axes.plot(x, y, color=ring.colour, lw=ring.width, solid_joinstyle="round", zorder=7.7)
        else:
            stroke = plots.RING_LEFT if row.part == LEFT else plots.RING_NEW
            axes.plot(x, y, dash_capstyle="butt", zorder=7.8, **stroke.look)


def draw_marks(
    axes: Axes, layers: Layers, report: inputs.ReportInput, *, filled: Mapping[str, str] | None = None
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
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    room = CUT * (east - west)  # a mark that the frame would cut is left out
    cities = cities.cx[west + room : east - room, south + room : north - room]
    marks = draw_city_marks(axes, cities, filled)
    rings = _line_boxes(axes, [*layers.circuits.geometry, *layers.known.geometry])
    numbers = _draw_numbers(axes, layers, taken=marks, rings=rings)
    ring_names = _draw_ring_names(axes, layers, report.rings, taken=np.vstack([marks, numbers]))
    numbers = np.vstack([numbers, ring_names])
    lines = np.vstack([rings, _line_boxes(axes, layers.links.geometry)])
    corners = _draw_furniture(axes, report.attribution, taken=np.vstack([marks, numbers, lines]))
    draw_city_labels(axes, cities, taken=np.vstack([marks, corners, numbers]), soft=lines)


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
    sides = np.array([plots.tier(name).mark for name in cities["tier"]])
    if filled is None:
        fills = np.where(cities["after"] > cities["before"], plots.GAINS, "white")
    else:
        fills = np.array([filled.get(str(name), "white") for name in cities["city_id"]])
    at = get_coordinates(cities.geometry)
    axes.scatter(at[:, 0], at[:, 1], s=sides**2, c=fills, edgecolors=plots.INK, linewidths=1.1, zorder=9)
    return _around(_pixels(axes, at), (sides / 2 + 1)[:, None] * plots.per_point(axes))


def _draw_numbers(axes: Axes, layers: Layers, *, taken: Boxes, rings: Boxes) -> Boxes:
    """Write the numbers of proposals on their lines; return the rectangles that they take, in pixels.

    That of one that closes a ring stands beside it, so as not to hide that it is new; that of one for the
    whole region in a corner.
    """
    from matplotlib.offsetbox import AnchoredText

    links, found = layers.links, [boxes(())]
    for row, category in zip(links.itertuples(), plots.categories(links), strict=True):
        edge = {"edgecolor": plots.ON_MAPS[category].colour, "linewidth": 1.4}
        hidden, lines = np.vstack([taken, *found]), parts(row.geometry)
        if row.to_name == REGION:
            bold = {"size": 7.5, "weight": "bold"}
            number = AnchoredText(str(row.rank), CORNERS[0], pad=0.2, borderpad=0.9, prop=bold)
            found.append(_stand(axes, number, hidden))
            number.patch.set(boxstyle="circle,pad=0", **edge)
        elif lines:
            shape = {"boxstyle": "circle,pad=0.22", "facecolor": "white", **edge}
            text = _bold(axes, str(row.rank), color=plots.INK, zorder=10, bbox=shape)
            closes = row.candidate_id in layers.closing
            hidden, off = (np.vstack([hidden, rings]), (OFF,)) if closes else (hidden, (0.0, OFF))
            longest = max(lines, key=lambda line: line.length)
            found.append(_stand_clear(axes, text, longest, ALONG, hidden, off=off))
    return np.vstack(found)


def _bold(axes: Axes, words: str, **look: Any) -> Text:  # noqa: ANN401 - as matplotlib takes it
    """Write small bold words, centred on a place that is still to be found."""
    return axes.text(0, 0, words, size=7.5, weight="bold", ha="center", va="center", **look)


def _stand_clear(
    axes: Axes, text: Text, line: LineString, at: ArrayLike, taken: Boxes, *, off: Sequence[float] = (0.0,)
) -> Boxes:
    """Move a text to where it hides fewest rectangles, of equal places the first; return its own.

    Parameters
    ----------
    axes, text
        The map, and what is written on it.
    line, at
        Where it may stand: shares of the length of a line.
    taken
        The rectangles.
    off
        How far it may stand off the line, in all directions, as a multiple of half its size.
    """
    half = np.divide(text.get_window_extent().size, 2) + 3 * plots.per_point(axes)
    spots = _pixels(axes, get_coordinates(line_interpolate_point(line, at, normalized=True)))
    away = [np.multiply(one, side) * half for one in off for side in (SIDES if one else SIDES[:1])]
    around = np.vstack([_around(spots + one, half) for one in away])
    best = around[np.argmin([overlaps(box, taken).sum() for box in around])]
    text.set_position(tuple(axes.transData.inverted().transform((best[:2] + best[2:]) / 2)))
    return boxes([best])


def _draw_ring_names(axes: Axes, layers: Layers, rings: Sequence[RingShown], *, taken: Boxes) -> Boxes:
    """Write the names of rings on their lines where the map shows several; return the rectangles, in pixels.

    Each stands where it hides fewest of the rectangles taken, of other rings and of their names.
    """
    found, circuits = [boxes(())], layers.circuits
    for row in circuits.itertuples() if len(circuits) > 1 else ():
        edge = {"edgecolor": "white", "linewidth": 1.2}
        shape = {"boxstyle": "round,pad=0.3", "facecolor": plots.ring(row.mode).colour, **edge}
        title = ring_section.name(rings[row.ring], rings)
        text = _bold(axes, title, color="white", zorder=9.5, bbox=shape)
        others = [*circuits.geometry[circuits["ring"] != row.ring], *layers.known.geometry]
        hidden = np.vstack([taken, _line_boxes(axes, others), *found])
        at = np.linspace(0, 1, 60, endpoint=False)
        found.append(_stand_clear(axes, text, row.geometry, at, hidden))
    return np.vstack(found)


def _line_boxes(axes: Axes, shapes: Iterable[BaseGeometry]) -> Boxes:
    """Return small boxes along lines, in pixels."""
    lines = [line for shape in shapes for line in parts(shape)]
    step_m = LINE_BOX * float(np.ptp(axes.get_xlim())) / axes.get_window_extent().width
    return _around(
        _pixels(axes, get_coordinates(segmentize(np.array(lines, dtype=object), step_m))), LINE_BOX / 4
    )


def draw_city_labels(axes: Axes, cities: gpd.GeoDataFrame, *, taken: Boxes, soft: Boxes) -> None:
    """Write the names of cities where there is room, the most important first."""
    size = cities["tier"].map(lambda name: -plots.tier(name).text)
    order = cities.assign(_size=size, _local=plots.local_names(cities))
    order = order.sort_values(["_size", "population"], ascending=[True, False])
    texts = [_label_text(axes, *row) for row in order[["name", "_local", "tier"]].itertuples(index=False)]
    extents = [text.get_window_extent() for text in texts]
    labels = [
        Label(x, y, extent.width, 0.9 * extent.height)
        for (x, y), extent in zip(_pixels(axes, get_coordinates(order.geometry)), extents, strict=True)
    ]
    frame = axes.get_window_extent()
    inner = (frame.x0 + 4, frame.y0 + 4, frame.x1 - 4, frame.y1 - 4)
    places = place_labels(labels, taken=taken, soft=soft, frame=inner, gap=5.5 * plots.per_point(axes))
    for text, label, place in zip(texts, labels, places, strict=True):
        _settle(axes, text, label, place)


def _label_text(axes: Axes, name: str, local: str, tier: str) -> Text:
    from matplotlib.patheffects import withStroke

    look, halo = plots.tier(tier), [withStroke(linewidth=2.6, foreground="white")]
    weight, words = "bold" if look.bold else "normal", plots.legible(str(name))
    words += local if look.local and plots.legible(local) == local else ""
    return axes.text(0, 0, words, size=look.text, weight=weight, va="bottom", zorder=11, path_effects=halo)


def _settle(axes: Axes, text: Text, label: Label, place: Place | None) -> None:
    """Move a label to its place, with a line to its point where it stands far off; remove it without one."""
    if place is None:
        text.remove()
        return
    back = axes.transData.inverted()
    x, y = back.transform((place.x, place.y))
    text.set_position((float(x), float(y)))
    if place.reach > REACHES[0]:
        across, up = place.side
        end = (place.x + label.width * (1 - across) / 2, place.y + label.height * (1 - up) / 2)
        x, y = back.transform([(label.x, label.y), end]).T
        axes.plot(x, y, color=plots.MUTED, lw=0.6, zorder=8)


def _draw_furniture(axes: Axes, attribution: str, *, taken: Boxes) -> Boxes:
    """Draw attribution, scale bar and north arrow where they hide least; return their rectangles in pixels.

    The attribution stands in the lower right corner; scale and arrow stand in the corners with fewest of the
    rectangles taken.
    """
    from matplotlib.offsetbox import AnchoredText
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    length_m = round_length_m(float(np.ptp(axes.get_xlim())))
    small, bold = {"size": 7.5, "color": plots.MUTED}, {"size": 11, "weight": "bold", "ha": "center"}
    words = AnchoredText(attribution, "lower right", pad=0.3, borderpad=0.2, prop=small)
    note = _stand(axes, words, boxes(()), ("lower right",))
    look: Any = {"label_top": True, "pad": 0.9, "borderpad": 0.9, "sep": 2, "color": plots.INK}
    bar = AnchoredSizeBar(axes.transData, length_m, f"{length_m / 1000:g} km", CORNERS[0], **look)
    found = np.vstack([note, _stand(axes, bar, np.vstack([taken, note]))])
    north = AnchoredText("\N{UPWARDS ARROW}\nN", CORNERS[0], borderpad=0.9, prop=bold)
    return np.vstack([found, _stand(axes, north, np.vstack([taken, found]))])


def _stand(axes: Axes, box: AnchoredOffsetbox, taken: Boxes, corners: Sequence[str] = CORNERS) -> Boxes:
    """Draw a box in the corner where it hides fewest marks, on white; return its rectangle in pixels."""
    axes.add_artist(box)
    box.set_zorder(12)
    box.patch.set(facecolor="white", alpha=0.82, edgecolor="none")

    def at(corner: str) -> Boxes:
        box.loc = box.codes[corner]
        return boxes([box.get_window_extent().extents])

    best = min(corners, key=lambda corner: overlaps(at(corner)[0], taken).sum())
    return at(best)


# ---- places of labels

SIDES = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
"""Where a label may stand from its point, best first: right, left, then the corners, above, below."""

REACHES = (1.0, 2.4, 4.5)
"""Distances from the point at which these are tried, in units of the gap."""

type Boxes = NDArray[np.float64]
"""Rectangles [n x 4]: left, bottom, right, top in pixels."""


class Label(NamedTuple):
    """A text that is to stand beside a point: the point, and the size of the text, in pixels."""

    x: float
    y: float
    width: float
    height: float


class Place(NamedTuple):
    """Where a label stands: its lower left corner, the side of the point, and how far off it is."""

    x: float
    y: float
    side: tuple[int, int]
    reach: float


def boxes(corners: Sequence[Sequence[float]]) -> Boxes:
    """Return rectangles as an array, also when there is none."""
    return np.asarray(corners, dtype=np.float64).reshape(-1, 4)


def place_labels(
    labels: Sequence[Label],
    *,
    taken: Boxes,
    soft: Boxes | None = None,
    frame: Sequence[float],
    gap: float = 5.0,
) -> list[Place | None]:
    """Place labels greedily, in the order given; one that finds no room stays out.

    Parameters
    ----------
    labels
        The most important first.
    taken
        Rectangles that no label may touch.
    soft
        Rectangles that labels avoid where they can (lines, say).
    frame
        Left, bottom, right, top of the picture: labels stay within.
    gap
        Distance between a point and its label.

    Returns
    -------
    list of Place or None
        One for each label.
    """
    occupied, lines = taken, boxes(()) if soft is None else soft
    found: list[Place | None] = []
    for label in labels:
        free = []
        for reach, (preference, (across, up)) in itertools.product(REACHES, enumerate(SIDES)):
            x = label.x + across * gap * reach - label.width * (1 - across) / 2
            y = label.y + up * gap * reach - label.height * (1 - up) / 2
            box = (x, y, x + label.width, y + label.height)
            is_inside = x >= frame[0] and y >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
            if is_inside and not overlaps(box, occupied).any():
                cost = min(2, int(overlaps(box, lines).sum())) + 0.1 * preference + 1.5 * reach
                free.append((cost, Place(x, y, (across, up), reach)))
        best = min(free, key=lambda item: item[0])[1] if free else None
        found.append(best)
        if best is not None:
            corners = [best.x, best.y, best.x + label.width, best.y + label.height]
            occupied = np.vstack([occupied, corners])
    return found


def overlaps(box: Sequence[float], others: Boxes) -> NDArray[np.bool_]:
    """Return which rectangles a box overlaps."""
    left, bottom, right, top = box
    low, high = others[:, :2] < (right, top), others[:, 2:] > (left, bottom)
    return np.asarray((low & high).all(axis=1))

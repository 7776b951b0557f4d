"""Project what a map shows onto a plane in metres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from shapely import LineString, Point, get_coordinates, line_merge, multilinestrings, simplify
from shapely.geometry.base import BaseGeometry

from optimiser.report import style
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import NEW, RingShown, joined, known_rings, plane_of
from optimiser.report.tables import WGS84

MOTORWAY = ("motorway", "motorway_link")
HIGH_SPEED = ("hsr", "high", "intercity")
"""How the names of rail classes at 200 km/h or more begin."""

WHOLE, CORE = "whole", "new"
"""Parts of a ring that are drawn: its whole circuit, and on top of it what is new."""

RING_COLUMNS = ("ring", "mode", "part", "geometry")
"""Columns of the lines of rings: position of the ring in the report, mode, part, line."""

KNOWN_COLUMNS = ("reference", "name", "corridor_km", "geometry")
"""Columns of the lines of known rings: see `ring_layout.Overlap`."""

LEAST_EXTENT_M = 20_000.0
"""A map is never smaller than this."""

ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
"""Where along a proposal its number may stand, best first."""

BESIDE = 0.8
"""Distance from a ring of the number of a proposal that closes it, as a share of the room of a number."""

type Frame = tuple[float, float, float, float]
"""West, south, east, north of a map in metres."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What a map shows, in metres on one plane; north is up at its centre.

    Attributes
    ----------
    roads, motorways, rail, high_speed
        Merged lines of today's network.
    links, cities
        As in `ReportInput`.
    rings
        The rings that are formed: `RING_COLUMNS`.
    known
        Known rings that they are compared with: `KNOWN_COLUMNS`.
    closing
        Ids of the proposals that lie on a ring.
    """

    roads: gpd.GeoSeries
    motorways: gpd.GeoSeries
    rail: gpd.GeoSeries
    high_speed: gpd.GeoSeries
    links: gpd.GeoDataFrame
    cities: gpd.GeoDataFrame
    rings: gpd.GeoDataFrame
    known: gpd.GeoDataFrame
    closing: frozenset[str] = frozenset()

    @property
    def networks(self) -> dict[str, gpd.GeoSeries]:
        """Return the lines of today's network by the keys of `style.NETWORK`."""
        return {name: getattr(self, name) for name in style.NETWORK}

    @property
    def circuits(self) -> gpd.GeoDataFrame:
        """Return the whole circuits of the rings that are formed."""
        return self.rings[self.rings["part"] == WHOLE]


def project(report: ReportInput, *, detail: int = 2500) -> Layers:
    """Return the layers of a map.

    Parameters
    ----------
    report
        What to show.
    detail
        Bends smaller than the extent of the cities divided by this number are left out.
    """
    crs = plane(report.cities)
    cities = report.cities.to_crs(crs)
    tolerance_m = extent_m(cities) / detail
    known = [(one.reference, one.name, one.corridor_km, one.line) for one in known_rings(report.rings)]
    return Layers(
        **networks(report.roads, report.rail, crs, tolerance_m),
        links=report.links[~report.links["kind"].isin(style.ON_RINGS)].to_crs(crs),
        cities=cities,
        rings=_ring_table(list(_ring_parts(report.rings)), RING_COLUMNS, crs, tolerance_m),
        known=_ring_table(known, KNOWN_COLUMNS, crs, tolerance_m),
        closing=frozenset(name for ring in report.rings for name in ring.candidates),
    )


def networks(
    roads: gpd.GeoDataFrame, rail: gpd.GeoDataFrame, crs: CRS, tolerance_m: float
) -> dict[str, gpd.GeoSeries]:
    """Return the merged lines of today's network on a plane, by the keys of `style.NETWORK`.

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
    return {
        "roads": _merged(roads[~large], crs, tolerance_m),
        "motorways": _merged(roads[large], crs, tolerance_m),
        "rail": _merged(rail[~fast], crs, tolerance_m),
        "high_speed": _merged(rail[fast], crs, tolerance_m),
    }


def plane(cities: gpd.GeoDataFrame) -> CRS:
    """Return an azimuthal projection that is true to distance round the middle of the cities."""
    return plane_of(*cities.to_crs(WGS84).total_bounds)


def extent_m(cities: gpd.GeoDataFrame) -> float:
    """Return the longer side of the box of projected cities, at least `LEAST_EXTENT_M`."""
    west, south, east, north = cities.total_bounds
    return max(float(east - west), float(north - south), LEAST_EXTENT_M)


def _merged(table: gpd.GeoDataFrame, crs: CRS, tolerance_m: float) -> gpd.GeoSeries:
    """Return the lines joined end to end and without small bends: fewer, longer, lighter to draw."""
    shapes = table.geometry.to_crs(crs).explode(ignore_index=True)
    shapes = shapes[shapes.notna() & ~shapes.is_empty & (shapes.geom_type == "LineString")]
    if not len(shapes):
        return gpd.GeoSeries([], crs=crs)
    merged = gpd.GeoSeries([line_merge(multilinestrings(list(shapes)))], crs=crs).explode(ignore_index=True)
    return gpd.GeoSeries(simplify(merged.array, tolerance_m), crs=crs)


def _ring_parts(rings: Sequence[RingShown]) -> Iterator[tuple[object, ...]]:
    """Yield the circuit of each ring that is formed, and each of its new stretches: `RING_COLUMNS`."""
    for place, ring in enumerate(rings):
        if ring.is_formed:
            yield place, ring.facts.mode, WHOLE, ring.circuit
        for state, run in groupby(ring.pieces.itertuples(), key=lambda piece: piece.state):
            if state == NEW:
                yield place, ring.facts.mode, CORE, joined(piece.geometry for piece in run)


def _ring_table(
    rows: Sequence[tuple[object, ...]], columns: Sequence[str], crs: CRS, tolerance_m: float
) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(rows, columns=list(columns), geometry="geometry", crs=WGS84).to_crs(crs)
    return table.set_geometry(simplify(table.geometry.array, tolerance_m), crs=crs)


def frame(layers: Layers, *, margin: float = 0.05) -> Frame:
    """Return the frame of a map that holds all cities, proposals and rings, with a margin."""
    shapes = [layers.cities.geometry, layers.links.geometry, layers.rings.geometry]
    return padded(bounds([shape for shape in shapes if len(shape) and not shape.is_empty.all()]), margin)


def padded(inner: Frame, margin: float) -> Frame:
    """Return a frame with a margin, a share of its longer side."""
    west, south, east, north = inner
    pad = margin * max(east - west, north - south, LEAST_EXTENT_M)
    return west - pad, south - pad, east + pad, north + pad


def bounds(shapes: Sequence[gpd.GeoSeries]) -> Frame:
    """Return the least frame that holds all shapes."""
    found = np.array([shape.total_bounds for shape in shapes])
    west, south = found[:, :2].min(axis=0)
    east, north = found[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


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
    breaks = np.flatnonzero(np.diff(line)) + 1
    rows: NDArray[np.float64] = np.insert(points, breaks, np.nan, axis=0)
    return rows


def parts(shape: BaseGeometry | None) -> list[LineString]:
    """Return the lines that a shape is made of; none for points and for nothing."""
    if shape is None or shape.is_empty:
        return []
    return [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "LineString"]


def number_points(layers: Layers) -> list[Point | None]:
    """Return where the number of each proposal stands: on its line, clear of cities and other numbers.

    The number of one that closes a ring stands beside its line, so as not to hide that it is new.

    Returns
    -------
    list of Point or None
        One for each proposal; None where it has no line.
    """
    clear_m = extent_m(layers.cities) / 38
    taken = np.column_stack([layers.cities.geometry.x, layers.cities.geometry.y])
    points: list[Point | None] = []
    for name, shape in zip(layers.links["candidate_id"], layers.links.geometry, strict=True):
        point = _clear_point(shape, taken, clear_m, beside_it=name in layers.closing)
        points.append(point)
        if point is not None:
            taken = np.vstack([taken, [point.x, point.y]])
    return points


def _clear_point(
    shape: BaseGeometry | None, taken: NDArray[np.float64], clear_m: float, *, beside_it: bool
) -> Point | None:
    """Return the first point along the longest part that is clear, else the clearest on or beside it."""
    lines = parts(shape)
    if not lines:
        return None
    line = max(lines, key=lambda part: float(part.length))
    on = [line.interpolate(at, normalized=True) for at in ALONG]
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = clear_m * np.column_stack([np.cos(angles), np.sin(angles)])
    beside = [Point(on[0].x + x, on[0].y + y) for x, y in circle]
    if beside_it:
        on = _beside(line, BESIDE * clear_m)
    clear = _room(on, taken, clear_m)
    if max(clear) < 0.75 * clear_m:
        on, clear = on + beside, clear + _room(beside, taken, clear_m)
    return on[int(np.argmax(clear))]


def _beside(line: LineString, away_m: float) -> list[Point]:
    """Return points at some distance from a line on both sides, beside its middle first."""
    spots = []
    for at in ALONG:
        here, ahead = (line.interpolate(min(at + step, 1.0), normalized=True) for step in (0.0, 0.02))
        along = np.array([ahead.x - here.x, ahead.y - here.y])
        across = away_m * np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
        spots += [Point(here.x + side * across[0], here.y + side * across[1]) for side in (1, -1)]
    return spots


def _room(spots: list[Point], taken: NDArray[np.float64], most: float) -> list[float]:
    """Return the distance of each spot from the nearest of the points taken, at most so much."""
    return [min(most, float(np.hypot(*(taken - [spot.x, spot.y]).T).min())) for spot in spots]

"""Lay the lines of rings out on the plane of a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import geopandas as gpd
from pyproj import CRS
from shapely import simplify
from shapely.geometry.base import BaseGeometry

from optimiser.report import style
from optimiser.report.rings_shown import NEW, Overlap, RingShown, joined

WGS84 = "EPSG:4326"

WHOLE, CORE = "whole", "new"
"""Parts of a ring that are drawn: its whole circuit, and on top what of it is new."""

COLUMNS = ("ring", "mode", "part", "geometry")
"""Columns of the lines of rings: place of the ring in the report from 0, mode, which part, the line."""

KNOWN_COLUMNS = ("reference", "name", "corridor_km", "geometry")
"""Columns of the lines of known rings: `Overlap` says what they mean."""


def formed(rings: Sequence[RingShown], crs: CRS, tolerance_m: float) -> gpd.GeoDataFrame:
    """Return the lines of the rings that are formed, whole circuits and new parts.

    Parameters
    ----------
    rings
        Rings, formed or not.
    crs
        Plane of the map, in metres.
    tolerance_m
        Bends smaller than this are left out.
    """
    rows = [
        (place, ring.facts.mode, part, line)
        for place, ring in enumerate(rings)
        for part, line in _parts(ring)
    ]
    return _table(rows, COLUMNS, crs, tolerance_m)


def _parts(ring: RingShown) -> Iterable[tuple[str, BaseGeometry]]:
    if ring.is_formed:
        yield WHOLE, ring.circuit
    for state, run in groupby(ring.pieces.itertuples(), key=lambda piece: piece.state):
        if state == NEW:
            yield CORE, joined(piece.geometry for piece in run)


def known(rings: Sequence[RingShown], crs: CRS, tolerance_m: float) -> gpd.GeoDataFrame:
    """Return the lines of the known rings that rings are likened to, each once.

    Parameters
    ----------
    rings
        Rings, formed or not.
    crs
        Plane of the map, in metres.
    tolerance_m
        Bends smaller than this are left out.
    """
    rows = [(one.reference, one.name, one.corridor_km, one.line) for one in references(rings)]
    return _table(rows, KNOWN_COLUMNS, crs, tolerance_m)


def references(rings: Iterable[RingShown]) -> list[Overlap]:
    """Return the known rings that rings are likened to, each once, in the order in which they come."""
    return list({one.reference: one for ring in rings for one in ring.overlaps}.values())


def known_strokes(rings: Sequence[RingShown]) -> dict[str, style.Stroke]:
    """Return how each known ring is drawn, by its id: alike on all maps of a report.

    Parameters
    ----------
    rings
        All rings of the report.
    """
    looks = style.KNOWN_RINGS
    return {one.reference: looks[place % len(looks)] for place, one in enumerate(references(rings))}


def _table(
    rows: Sequence[tuple[object, ...]], columns: Sequence[str], crs: CRS, tolerance_m: float
) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(list(rows), columns=list(columns), geometry="geometry", crs=WGS84).to_crs(crs)
    return table.set_geometry(simplify(table.geometry.array, tolerance_m), crs=crs)

"""Draw rings on the map to pan and zoom: one unbroken line each, with a dashed core where it is new."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from shapely import segmentize
from shapely.geometry.base import BaseGeometry

from optimiser.report import projection, ring_lines, ring_tables, ring_words, style
from optimiser.report.inputs import ReportInput
from optimiser.report.rings_shown import NEW, RingShown

TIPS = [
    ("Ring", "@ring"),
    ("Here", "@name, @length"),
    ("State", "@state"),
]
KNOWN_TIPS = [("Known ring", "@name"), ("Length", "@length")]

HOVER_STEP_M = 4000
"""Distance between the points of a ring at which its figures can stand."""

type Columns = dict[str, list[Any]]

type Told = tuple[list[Any], list[tuple[str, str]]]
"""Drawn parts and what they say when pointed at; Bokeh's objects go untyped, see `webmap.Figure`."""


def layers(report: ReportInput) -> tuple[tuple[str, str], ...]:
    """Return the layers of rings that a reader can switch: prefix of the names of the parts, and words.

    Parameters
    ----------
    report
        What to show.
    """
    formed, known = ring_words.formed(report), ring_lines.references(report.rings)
    rings = (("rings", "Ring" if len(formed) == 1 else "Rings"),) if formed else ()
    return (*rings, *((("known", "Known rings"),) if known else ()))


def draw(plot: Any, report: ReportInput, shown: projection.Layers) -> list[Told]:  # noqa: ANN401 - see `Told`
    """Draw known rings and the rings that are formed; to be called between the proposals and their numbers.

    Parameters
    ----------
    plot
        The figure.
    report
        What to show.
    shown
        Its layers, projected.

    Returns
    -------
    list
        Parts that have figures to show when pointed at, and which.
    """
    told: list[Told] = []
    if len(shown.known):
        told.append((_draw_known(plot, report, shown), KNOWN_TIPS))
    if len(shown.rings):
        told.append(([_draw_rings(plot, report, shown)], TIPS))
    return told


def _draw_known(plot: Any, report: ReportInput, shown: projection.Layers) -> list[Any]:  # noqa: ANN401 - see `Told`
    """Draw each known ring in dashes of its own: Bokeh has one pattern for all lines of a part."""
    drawn = []
    looks = ring_lines.known_strokes(report.rings)
    for one in ring_lines.references(report.rings):
        stroke, place = looks[one.reference], style.KNOWN_RINGS.index(looks[one.reference])
        row = shown.known[shown.known["reference"] == one.reference]
        lines = [
            _whole_metres(segmentize(line, HOVER_STEP_M)) for line in projection.parts(row.geometry.iloc[0])
        ]
        columns: Columns = {
            "xs": [xs for xs, _ in lines],
            "ys": [ys for _, ys in lines],
            "name": [one.name] * len(lines),
            "length": [f"{one.reference_km:,.0f} km"] * len(lines),
        }
        dashes = [round(3 * dash) for dash in stroke.dash]
        drawn.append(
            plot.multi_line(
                "xs",
                "ys",
                source=_source(columns),
                name=f"known-{place}",
                line_color=stroke.colour,
                line_width=3,
                line_dash=dashes,
            )
        )
    return drawn


def _draw_rings(plot: Any, report: ReportInput, shown: projection.Layers) -> Any:  # noqa: ANN401 - see `Told`
    smooth = {"line_join": "round", "line_cap": "round"}
    core = {"line_color": style.RING_NEW.colour, "line_width": 2.6, "line_dash": [7, 4]}
    whole = shown.rings[shown.rings["part"] == ring_lines.WHOLE]
    parts: list[tuple[str, Any, dict[str, Any]]] = [
        ("casing", _lines(whole), {"line_color": "white", "line_width": 9, **smooth})
    ]
    for mode, mine in whole.groupby("mode", sort=False):
        looks = {"line_color": style.ring(str(mode)).colour, "line_width": 6, **smooth}
        parts.append((f"whole-{mode}", _lines(mine), looks))
    parts.append(("core", _lines(shown.rings[shown.rings["part"] == ring_lines.CORE]), core))
    parts.append(("told", stretch_columns(report, shown), {"line_width": 9, "line_alpha": 0.0}))
    for name, columns, looks in parts:
        drawn = plot.multi_line("xs", "ys", source=_source(columns), name=f"rings-{name}", **looks)
    return drawn


def _lines(rings: Any) -> Columns:  # noqa: ANN401 - a table of geopandas
    lines = [_whole_metres(line) for line in rings.geometry]
    return {"xs": [xs for xs, _ in lines], "ys": [ys for _, ys in lines]}


def stretch_columns(report: ReportInput, shown: projection.Layers) -> Columns:
    """Return what the map says about each stretch of each ring, one row a stretch.

    Stretches that a proposal builds are left out: what is known of them stands in the box of the proposal.

    Parameters
    ----------
    report
        What to show.
    shown
        Its layers: their plane counts.
    """
    columns: Columns = {name: [] for name in ("xs", "ys", "ring", "name", "length", "state")}
    for ring in ring_words.formed(report):
        rows = [
            row for row in ring_tables.stretches(ring) if not ring_words.rank(report, row["candidate_id"])
        ]
        lines = gpd.GeoSeries([row["geometry"] for row in rows], crs=ring_tables.WGS84).to_crs(
            shown.cities.crs
        )
        for row, line in zip(rows, lines, strict=True):
            xs, ys = _whole_metres(segmentize(line, HOVER_STEP_M))
            words = f"{ring.length_km:,.0f} km {ring_words.around(ring)}"
            told = (xs, ys, words, *_told(ring, row))
            for name, value in zip(columns, told, strict=True):
                columns[name].append(value)
    return columns


def _told(ring: RingShown, row: dict[str, Any]) -> tuple[str, str, str]:
    name = row["name"] or f"{ring_words.MODES.get(ring.facts.mode, ring.facts.mode)} without a number"
    state = "to be built" if row["state"] == NEW else "exists already"
    return name, f"{row['length_km']:,.0f} km", state


def _whole_metres(line: BaseGeometry) -> tuple[list[int], list[int]]:
    points = np.rint(np.asarray(line.coords)[:, :2]).astype(int)
    return points[:, 0].tolist(), points[:, 1].tolist()


def _source(columns: Columns) -> Any:  # noqa: ANN401 - see `Told`
    from optimiser.report import webmap

    return webmap.models().ColumnDataSource(columns)

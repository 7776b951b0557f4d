"""Draw the plan as a map to pan and zoom, described as data for BokehJS."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
from shapely import segmentize
from shapely.geometry.base import BaseGeometry

from optimiser.report import coverage, projection, style, wording
from optimiser.report.inputs import ReportInput

type Figure = Any
"""`bokeh.plotting.figure`; Bokeh's annotations lack half of what it offers, so its objects go untyped."""

LAYERS = (
    ("proposals", "Proposals"),
    ("cities", "Cities"),
    ("labels", "Names"),
    ("high_speed", style.NETWORK["high_speed"].name),
    ("rail", style.NETWORK["rail"].name),
    ("motorways", style.NETWORK["motorways"].name),
    ("roads", style.NETWORK["roads"].name),
)
"""Layers that a reader can switch: prefix of the names of the drawn parts, and words."""

HOVER_STEP_M = 4000
"""Distance between the points of a proposal at which its figures can stand."""

LINK_TIPS = [
    ("Link", "@rank: @link"),
    ("What", "@kind"),
    ("Length", "@length"),
    ("Cost", "@cost"),
    ("City pairs", "@pairs newly within the limit use it"),
    ("People", "@people"),
]
CITY_TIPS = [
    ("City", "@name"),
    ("Tier", "@tier"),
    ("People", "@people"),
    ("Within the limit", "@before of @partners today, @after with the plan"),
    ("Farthest", "@worst"),
]


def models() -> Any:  # noqa: ANN401 - see Figure
    """Return `bokeh.models`, imported when first asked for: it is slow."""
    return import_module("bokeh.models")


def plotting() -> Any:  # noqa: ANN401 - see Figure
    """Return `bokeh.plotting`, imported when first asked for."""
    return import_module("bokeh.plotting")


def draw(report: ReportInput, *, height: int = 640) -> Figure:
    """Return the map: today's network, cities, and the proposals numbered as in links.csv.

    Parameters
    ----------
    report
        What to show.
    height
        Pixels; the width follows the page.

    Returns
    -------
    bokeh.plotting.figure
        Drawn parts are named `<layer>`, or `<layer>-<part>`, with the layers of `LAYERS`.
    """
    layers = projection.project(report, detail=4000)
    plot = _canvas(layers, height)
    for name, stroke in style.NETWORK.items():
        xs, ys = np.rint(projection.gapped(getattr(layers, name))).astype(np.float32).T
        dash = list(stroke.dash) or "solid"
        plot.line(xs, ys, name=name, line_color=stroke.colour, line_width=stroke.width, line_dash=dash)
    _draw_links(plot, report, layers)
    _draw_cities(plot, report, layers)
    return plot


def _canvas(layers: projection.Layers, height: int) -> Figure:

    west, south, east, north = projection.frame(layers)
    wheel, pan = models().WheelZoomTool(), models().PanTool()
    plot = plotting().figure(
        name="map",
        height=height,
        sizing_mode="stretch_width",
        x_range=models().Range1d(west, east),
        y_range=models().Range1d(south, north),
        tools=[pan, wheel, models().ZoomInTool(), models().ZoomOutTool(), models().ResetTool()],
        active_scroll=wheel,
        active_drag=pan,
        toolbar_location="right",
        lod_threshold=None,
    )
    plot.axis.visible = False
    plot.grid.visible = False
    plot.toolbar.logo = None
    plot.outline_line_color = None
    _scale_bar(plot)
    return plot


def _scale_bar(plot: Figure) -> None:

    scale = models().ScaleBar(
        name="scale",
        range=plot.x_range,
        unit="m",
        dimensional=models().Metric(base_unit="m"),
        location="bottom_left",
        background_fill_alpha=0,
        border_line_color=None,
        bar_line_color="#80868c",
        bar_length=0.14,
        length_sizing="adaptive",
    )
    plot.add_layout(scale)


def _rings(shapes: Iterable[BaseGeometry]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the coordinates of lines in whole metres."""
    lines = [
        np.rint(np.asarray(part.coords)).astype(int) for shape in shapes for part in projection.parts(shape)
    ]
    return [line[:, 0].tolist() for line in lines], [line[:, 1].tolist() for line in lines]


def _draw_links(plot: Figure, report: ReportInput, layers: projection.Layers) -> None:

    columns, badges = link_columns(layers, report.money)
    source = models().ColumnDataSource(columns, name="links")
    plot.multi_line("xs", "ys", source=source, name="proposals-casing", line_color="white", line_width=7)
    lines = plot.multi_line(
        "xs", "ys", source=source, name="proposals-lines", line_color="colour", line_width=4
    )
    _emphasise(lines)
    numbers = models().ColumnDataSource(badges, name="badges")
    plot.scatter(
        "x",
        "y",
        source=numbers,
        size=19,
        name="proposals-badges",
        fill_color="white",
        line_color="colour",
        line_width=2,
    )
    plot.text(
        "x",
        "y",
        text="rank",
        source=numbers,
        name="proposals-numbers",
        text_color="colour",
        text_font_style="bold",
        text_font_size="11px",
        text_align="center",
        text_baseline="middle",
    )
    _add_hover(plot, lines, LINK_TIPS)
    plot.add_tools(models().TapTool(renderers=[lines], visible=False))


def _add_hover(plot: Figure, drawn: Any, tips: list[tuple[str, str]]) -> None:  # noqa: ANN401 - see Figure
    hover = models().HoverTool(
        renderers=[drawn],
        tooltips=tips,
        point_policy="follow_mouse",
        line_policy="nearest",
        show_arrow=False,
        visible=False,
    )
    plot.add_tools(hover)


def _emphasise(lines: Any) -> None:  # noqa: ANN401 - see Figure
    """Draw a link that is chosen or pointed at wider, and the others paler while one is chosen."""
    plain = lines.glyph
    lines.selection_glyph = plain.clone(line_width=7)
    lines.hover_glyph = plain.clone(line_width=6)
    lines.nonselection_glyph = plain.clone(line_alpha=0.45)


def link_columns(layers: projection.Layers, money: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the columns of the proposals, one row a line, and of the numbers on them, one row a link."""
    names = (
        "xs",
        "ys",
        "rank",
        "link",
        "kind",
        "length",
        "cost",
        "pairs",
        "people",
        "colour",
        "category",
        "width",
    )
    columns: dict[str, list[Any]] = {name: [] for name in names}
    badges: dict[str, list[Any]] = {name: [] for name in ("x", "y", "rank", "colour", "category")}
    points = projection.number_points(layers)
    for row, point in zip(layers.links.to_dict("records"), points, strict=True):
        # The box of figures stands at the bend nearest to the pointer: straight lines get bends, too.
        lines = projection.parts(segmentize(row["geometry"], HOVER_STEP_M))
        if point is None:
            continue
        told = _told(row, money)
        _append(badges, told | {"x": round(point.x), "y": round(point.y), "rank": str(row["rank"])})
        for xs, ys in zip(*_rings(lines), strict=True):
            _append(columns, told | {"xs": xs, "ys": ys})
    return columns, badges


def _append(columns: dict[str, list[Any]], row: dict[str, Any]) -> None:
    for name, column in columns.items():
        column.append(row[name])


def _told(row: dict[Any, Any], money: str) -> dict[str, Any]:
    """Return what the map says about a link."""
    category = style.category(mode=row["mode"], kind=row["kind"])
    return {
        "rank": int(row["rank"]),
        "link": f"{row['from_name']} – {row['to_name']}",
        "kind": wording.kind(row["kind"]),
        "length": f"{row['length_km']:.0f} km",
        "cost": f"{wording.whole(row['cost'])} {money}".strip(),
        "pairs": int(row["pairs"]),
        "people": wording.people(row["people"]),
        "colour": style.PROPOSALS[category].colour,
        "category": category,
        "width": 1.4 * style.PROPOSALS[category].width,
    }


def _draw_cities(plot: Figure, report: ReportInput, layers: projection.Layers) -> None:

    columns = city_columns(report, layers.cities)
    source = models().ColumnDataSource(columns, name="cities")
    marks = plot.scatter(
        "x",
        "y",
        source=source,
        size="size",
        name="cities",
        fill_color="fill",
        line_color=style.INK,
        line_width=1.4,
    )
    _draw_names(plot, columns)
    _add_hover(plot, marks, CITY_TIPS)


def _draw_names(plot: Figure, columns: dict[str, list[Any]]) -> None:
    """Write the names twice, a halo below; where each stands, and whether, the page decides at each zoom."""
    count = len(columns["name"])
    looks = [style.tier(name) for name in columns["tier"]]
    data: dict[str, Any] = {name: columns[name] for name in ("x", "y", "name", "size")}
    data |= {
        "font": [f"{1.35 * look.text:.0f}px" for look in looks],
        "style": ["bold" if look.bold else "normal" for look in looks],
        "align": ["left"] * count,
        "dx": [6.0] * count,
        "dy": [0.0] * count,
        "alpha": [0.0] * count,
    }
    source = models().ColumnDataSource(data, name="labels")
    text = models().Text(
        x="x",
        y="y",
        text="name",
        text_font_size="font",
        text_font_style="style",
        text_align="align",
        text_baseline="middle",
        x_offset="dx",
        y_offset="dy",
        text_alpha="alpha",
        text_color=style.INK,
    )
    halo = text.clone(text_outline_color="white", text_outline_width=3)
    plot.add_glyph(source, halo, name="labels-halo")
    plot.add_glyph(source, text, name="labels-text")


def city_columns(report: ReportInput, cities: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Return what the map knows of each city, the most important first."""
    table = coverage.by_city(cities, report.pairs)
    size = table["tier"].map(lambda name: style.tier(name).mark)
    table = table.assign(_size=size).sort_values(["_size", "population"], ascending=False)
    gains = table["after"] > table["before"]
    far = zip(table["worst_after"], table["worst_after_s"], strict=True)
    return {
        "x": np.rint(table.geometry.x).astype(int).tolist(),
        "y": np.rint(table.geometry.y).astype(int).tolist(),
        "name": table["name"].astype(str).tolist(),
        "tier": table["tier"].astype(str).tolist(),
        "people": [wording.people(count) for count in table["population"]],
        "partners": table["partners"].tolist(),
        "before": table["before"].tolist(),
        "after": table["after"].tolist(),
        "worst": [f"{name}, {wording.clock(seconds)} h" if name else "–" for name, seconds in far],
        "size": (1.35 * table["_size"]).tolist(),
        "gains": gains.astype(int).tolist(),
        "fill": [style.GAINS if gain else "#ffffff" for gain in gains],
    }

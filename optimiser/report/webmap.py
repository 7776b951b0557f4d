"""Draw the plan as a map to pan and zoom, described as data for BokehJS."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from optimiser.report import mapdata, projection, ring_webmap, style
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
"""Layers of every map that a reader can switch: prefix of the names of the drawn parts, and words."""

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


def layers(report: ReportInput) -> tuple[tuple[str, str], ...]:
    """Return the layers of a map that a reader can switch, with those of its rings.

    Parameters
    ----------
    report
        What to show.
    """
    return (*LAYERS[:1], *ring_webmap.layers(report), *LAYERS[1:])


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
        Drawn parts are named `<layer>`, or `<layer>-<part>`, with the layers of `layers`.
    """
    shown = projection.project(report, detail=4000)
    plot = _canvas(shown, height)
    for name, stroke in style.NETWORK.items():
        xs, ys = np.rint(projection.gapped(getattr(shown, name))).astype(np.float32).T
        dash = list(stroke.dash) or "solid"
        plot.line(xs, ys, name=name, line_color=stroke.colour, line_width=stroke.width, line_dash=dash)
    _draw_links(plot, report, shown)
    _draw_cities(plot, report, shown)
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


def _draw_links(plot: Figure, report: ReportInput, layers: projection.Layers) -> None:

    columns, badges = mapdata.link_columns(layers, report.money)
    source = models().ColumnDataSource(columns, name="links")
    plot.multi_line("xs", "ys", source=source, name="proposals-casing", line_color="white", line_width=7)
    lines = plot.multi_line(
        "xs", "ys", source=source, name="proposals-lines", line_color="colour", line_width=4
    )
    _emphasise(lines)
    rings = ring_webmap.draw(plot, report, layers)
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
    for drawn, tips in [*rings, ([lines], LINK_TIPS)]:
        _add_hover(plot, drawn, tips)
    plot.add_tools(models().TapTool(renderers=[lines], visible=False))


def _add_hover(plot: Figure, drawn: list[Any], tips: list[tuple[str, str]]) -> None:
    hover = models().HoverTool(
        renderers=drawn,
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


def _draw_cities(plot: Figure, report: ReportInput, layers: projection.Layers) -> None:

    columns = mapdata.city_columns(report, layers.cities)
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
    _add_hover(plot, [marks], CITY_TIPS)


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

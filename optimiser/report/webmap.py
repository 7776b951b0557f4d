"""Draw the plan as a map to pan and zoom, as data for BokehJS, and gather what the page's script explores."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from anyascii import anyascii
from numpy.typing import NDArray
from shapely import segmentize
from shapely.geometry.base import BaseGeometry

from networks.skims import UNREACHABLE
from optimiser.measures import coverage
from optimiser.problem.model import TIERS
from optimiser.proposals.stations import REGION
from optimiser.report import answer, maps, plots, ring_section, wording
from optimiser.report.inputs import PARTS, ReportInput
from optimiser.report.maps import CORE, WHOLE, Layers
from optimiser.report.ring_layout import NEW, WGS84, RingShown, drawn, formed, known_rings

type Bokeh = Any
"""A module or an object of Bokeh; its annotations lack half of what it offers, so that they go untyped."""

type Columns = dict[str, list[Any]]
"""Columns of a `ColumnDataSource`, of plain values."""

LAYERS = (
    ("proposals", "Proposals"),
    ("cities", "Cities"),
    ("labels", "Names"),
    *((name, plots.NETWORK[name].name) for name in ("high_speed", "rail", "motorways", "roads")),
)
"""Layers of maps that a reader can switch, roads last: prefix of the names of the drawn parts, and words."""

LINK_COLUMNS = (
    "xs", "ys", "rank", "link", "kind", "length", "cost", "pairs", "colour", "category", "chosen",
    "halo", "dash", "part",
)  # fmt: skip
"""Columns of the lines of proposals."""

BADGE_COLUMNS = ("x", "y", "stands", "alpha", "rank", "colour", "category", "part")
"""Columns of the numbers of proposals.

A number `stands` on its line (`on`), `beside` it, or in the `corner`, where it is for the whole region.
"""

HOVER_STEP_M = 4000
"""Distance between the points of a line at which its figures can stand."""

SCALE = 1.35
"""Pixels on the map to pan and zoom, per point on the still one."""

LEAST_TEXT = 14
"""Pixels of the smallest text that must be read."""

DASH_SCALE = 3.0
"""Pixels of a dash, per unit of the dashes of a `plots.Stroke`."""

NO_PATH = -1
"""Minutes of a pair that no path joins, in the data of the page."""


def models() -> Bokeh:
    """Return `bokeh.models`, imported when first asked for: it is slow."""
    return import_module("bokeh.models")


def layers(report: ReportInput) -> tuple[tuple[str, str], ...]:
    """Return the layers of a map that a reader can switch, with those of its rings."""
    rings = circuits(report)
    found = [("rings", "Ring" if len(rings) == 1 else "Rings")] if rings else []
    found += [("known", "Known rings")] if known_rings(report.rings) else []
    last = LAYERS[1:-2] if report.roads.empty else LAYERS[1:]
    return (*LAYERS[:1], *found, *last)


def draw(report: ReportInput, *, height: int = 640) -> Bokeh:
    """Return the map: today's network, cities, and all that some plan of the report builds.

    Each of these has a column `part`, by which the page tells what the plan that it shows has: the position
    of a proposal in `every_link`, `ring` or `left` and the position of a circuit in `circuits`.

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
    shown = _on_plane(report)
    plot = _canvas(shown, height)
    for name, stroke in plots.NETWORK.items():
        xs, ys = np.rint(maps.gapped(shown.networks[name])).astype(np.float32).T
        dash = list(stroke.dash) or "solid"
        plot.line(xs, ys, name=name, line_color=stroke.colour, line_width=stroke.width, line_dash=dash)
    columns, badges = _link_columns(report, shown)
    lines = _draw_links(plot, columns)
    known, rings = _draw_known(plot, report, shown), _draw_rings(plot, report, shown)
    source = models().ColumnDataSource(badges, name="badges")
    look = {"size": 23, "fill_color": "white", "line_color": "colour", "line_width": 2, "alpha": "alpha"}
    plot.scatter("x", "y", source=source, name="proposals-badges", **look)
    look = {"text_color": plots.INK, "text_font_style": "bold", "text_font_size": "14px"}
    look |= {"text_align": "center", "text_baseline": "middle", "text_alpha": "alpha"}
    plot.text("x", "y", text="rank", source=source, name="proposals-numbers", **look)
    _add_hover(plot, known, _tips("known"))
    _add_hover(plot, rings, _tips("ring"))
    of_frontier = [*_tips("link")[:4], ("Frontier", "@chosen")]
    _add_hover(plot, [lines], of_frontier if report.points else _tips("link"))
    marks = _draw_cities(plot, report, shown)
    plot.add_tools(models().TapTool(renderers=[lines, marks], visible=False))
    return plot


def _canvas(shown: Layers, height: int) -> Bokeh:
    west, south, east, north = maps.frame(shown)
    wheel, pan = models().WheelZoomTool(), models().PanTool()
    plot = import_module("bokeh.plotting").figure(
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
        outline_line_color=None,
    )
    plot.axis.visible = plot.grid.visible = False
    plot.toolbar.logo = None
    scale = models().ScaleBar(
        name="scale",
        range=plot.x_range,
        unit="m",
        dimensional=models().Metric(base_unit="m"),
        location="bottom_left",
        margin=0,
        padding=4,
        background_fill_alpha=0,
        border_line_color=None,
        bar_line_color="#80868c",
        label_text_font_size="14px",
        bar_length=0.14,
        length_sizing="adaptive",
    )
    plot.add_layout(scale, "below")  # inside, it would hide names
    return plot


def _draw_links(plot: Bokeh, columns: Columns) -> Bokeh:
    """Draw the lines of the proposals; a link that is chosen or pointed at is wider, the others paler."""
    source = models().ColumnDataSource(columns, name="links")
    halo = {"line_color": plots.HALO, "line_alpha": "halo", "line_width": 15, "line_cap": "round"}
    plot.multi_line("xs", "ys", source=source, name="proposals-core", **halo)
    plot.multi_line("xs", "ys", source=source, name="proposals-casing", line_color="white", line_width=7)
    look = {"line_color": "colour", "line_dash": "dash", "line_width": 4}
    lines = plot.multi_line("xs", "ys", source=source, name="proposals-lines", **look)
    plain = lines.glyph
    lines.selection_glyph = plain.clone(line_width=7)
    lines.hover_glyph = plain.clone(line_width=6)
    lines.nonselection_glyph = plain.clone(line_alpha=0.45)
    return lines


def _tips(name: str) -> list[tuple[str, str]]:
    return list(wording.WORDS["tips"][name].items())


def _add_hover(plot: Bokeh, drawn: list[Bokeh], tips: list[tuple[str, str]]) -> None:
    if not drawn:
        return
    hover = models().HoverTool(
        renderers=drawn,
        tooltips=tips,
        point_policy="follow_mouse",
        line_policy="nearest",
        show_arrow=False,
        visible=False,
    )
    plot.add_tools(hover)


def _link_columns(report: ReportInput, shown: Layers) -> tuple[Columns, Columns]:
    """Return the columns of the proposals, one row a line, and of the numbers on them, one row a link.

    Of a number the middle of its line is given: the page finds it room near there.
    """
    lines: list[dict[str, Any]] = []
    badges: list[dict[str, Any]] = []
    place_of = {name: at for at, name in enumerate(every_link(report)["candidate_id"])}
    for row in shown.links.to_dict("records"):
        if not (parts := maps.parts(row["geometry"])):
            continue
        category = row.get("category") or plots.category(mode=row["mode"], kind=row["kind"])
        closes = ", closes a ring" if row["candidate_id"] in shown.closing else ""
        chosen, is_core = _choice(report, row)
        tip = {
            "rank": "",
            "link": wording.link_name(row),
            "kind": f"{wording.kind(row['kind'], row['geometry'])}{closes}",
            "length": f"{row['length_km']:.0f} km" if row["length_km"] else wording.NONE,
            "cost": report.money_of(row["cost"]),
            "pairs": 0,
            "colour": plots.ON_MAPS[category].colour,
            "category": category,
            "dash": _dashes(plots.ON_MAPS[category]),
            "chosen": chosen,
            "halo": 0.55 if is_core else 0.0,
            "part": place_of[row["candidate_id"]],
        }
        foot = max(parts, key=lambda line: line.length).interpolate(0.5, normalized=True)
        stands = "corner" if row["to_name"] == REGION else "beside" if closes else "on"
        badges.append(tip | {"x": round(foot.x), "y": round(foot.y), "stands": stands, "alpha": 1})
        lines += _hoverable(tip, row["geometry"])
    return _columns(lines, LINK_COLUMNS), _columns(badges, BADGE_COLUMNS)


def _columns(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> Columns:
    rows = list(rows)
    return {name: [row[name] for row in rows] for name in names}


def _dashes(stroke: plots.Stroke) -> list[int]:
    """Return the dashes of a stroke in whole pixels; none of a solid line."""
    return [max(1, round(DASH_SCALE * dash)) for dash in stroke.dash]


def _choice(report: ReportInput, row: dict[Any, Any]) -> tuple[str, bool]:
    """Return in how many plausible cases or points of a frontier a link is, and whether it is in the core."""
    if report.points:
        start = report.money_of(row["enters_at"])
        return f"in {row['points']} of {len(report.points)} points, from {start} on", bool(row["is_core"])
    if report.cases is None:
        return wording.NONE, False
    name = row["candidate_id"]
    return f"chosen in {report.cases.counted(name)}", report.cases.is_core(name)


def _hoverable(tip: Mapping[str, Any], shape: BaseGeometry) -> list[dict[str, Any]]:
    """Return a row a line of a shape, with points in between: the box of figures stands at the nearest."""
    return [{**tip, **_metres(segmentize(line, HOVER_STEP_M))} for line in maps.parts(shape)]


def _metres(line: BaseGeometry) -> dict[str, list[int]]:
    """Return the coordinates of a line in whole metres."""
    points = np.rint(np.asarray(line.coords)[:, :2]).astype(int)
    return {"xs": points[:, 0].tolist(), "ys": points[:, 1].tolist()}


def _draw_known(plot: Bokeh, report: ReportInput, shown: Layers) -> list[Bokeh]:
    """Draw each known ring in dashes of its own: Bokeh has one pattern for all lines of a part."""
    drawn = []
    looks = ring_section.known_strokes(report.rings)
    for one in known_rings(report.rings):
        stroke = looks[one.reference]
        shape = shown.known.loc[shown.known["reference"] == one.reference, "geometry"].iloc[0]
        tip = {"name": one.name, "length": f"{one.reference_km:,.0f} km"}
        columns = _columns(_hoverable(tip, shape), ("xs", "ys", *tip))
        look = {"line_color": stroke.colour, "line_width": 3, "line_dash": _dashes(stroke)}
        drawn.append(_draw_part(plot, f"known-{plots.KNOWN_RINGS.index(stroke)}", columns, look))
    return drawn


def _draw_rings(plot: Bokeh, report: ReportInput, shown: Layers) -> list[Bokeh]:
    """Draw the rings, one unbroken line each, with a dashed core where it is new; dashed as one left out too.

    Returns
    -------
    list
        The parts that have figures to show when pointed at; nothing without rings.
    """
    if not len(shown.rings):
        return []
    smooth = {"line_join": "round", "line_cap": "round"}
    whole, core = (shown.rings[shown.rings["part"] == part] for part in (WHOLE, CORE))
    rings = circuits(report)
    look = {"line_color": plots.RING_LEFT.colour, "line_width": 4, "line_dash": _dashes(plots.RING_LEFT)}
    left = [
        {"part": f"left{place}", "ring": ring_section.planned(report, rings[place])} | _metres(line)
        for place, line in zip(whole["ring"], whole.geometry, strict=True)
    ]
    planned = _draw_part(plot, "rings-left", _columns(left, ("xs", "ys", "part", "ring")), look)
    _draw_part(plot, "rings-casing", _lines(whole), {"line_color": "white", "line_width": 9, **smooth})
    for mode, mine in whole.groupby("mode", sort=False):
        look = {"line_color": plots.ring(str(mode)).colour, "line_width": 6, **smooth}
        _draw_part(plot, f"rings-whole-{mode}", _lines(mine), look)
    look = {"line_color": plots.RING_NEW.colour, "line_width": 2.6, "line_dash": [7, 4]}
    _draw_part(plot, "rings-core", _lines(core), look)
    # An invisible part on top carries the figures.
    hidden = {"line_width": 9, "line_alpha": 0.0}
    _add_hover(plot, [planned], _tips("planned_ring"))
    return [_draw_part(plot, "rings-hover", _stretch_columns(report, shown), hidden)]


def _draw_part(plot: Bokeh, name: str, columns: Columns, look: Mapping[str, Any]) -> Bokeh:
    return plot.multi_line("xs", "ys", source=models().ColumnDataSource(columns), name=name, **look)


def _lines(rings: gpd.GeoDataFrame) -> Columns:
    rows = zip(rings.geometry, rings["ring"], strict=True)
    return _columns((_metres(line) | {"part": f"ring{place}"} for line, place in rows), ("xs", "ys", "part"))


def _stretch_columns(report: ReportInput, shown: Layers) -> Columns:
    """Return what the map says about each stretch of each ring, one row a stretch.

    Stretches that a proposal builds are left out: the box of the proposal describes them.
    """
    rows: list[dict[str, Any]] = []
    proposed = set(every_link(report)["candidate_id"])
    for place, ring in enumerate(circuits(report)):
        stretches = [row for row in ring.stretches if row["candidate_id"] not in proposed]
        shapes = gpd.GeoSeries([row["geometry"] for row in stretches], crs=WGS84).to_crs(shown.cities.crs)
        for row, shape in zip(stretches, shapes, strict=True):
            tip = {
                "ring": f"{ring.length_km:,.0f} km {ring_section.around(ring)}",
                "name": ring_section.stretch_name(ring, row),
                "length": f"{row['length_km']:,.0f} km",
                "state": "to be built" if row["state"] == NEW else "exists",
                "part": f"ring{place}",
            }
            rows += _hoverable(tip, shape)
    return _columns(rows, ("xs", "ys", "ring", "name", "length", "state", "part"))


def _draw_cities(plot: Bokeh, report: ReportInput, shown: Layers) -> Bokeh:
    """Draw marks and names of the cities; return the marks."""
    # What the map says about each city, the most important first.
    table = coverage.by_city(shown.cities, report.pairs)
    size = table["tier"].map(lambda name: plots.tier(name).mark)
    table = table.assign(_size=size).sort_values(["_size", "population"], ascending=False)
    gains, local = table["after"] > table["before"], plots.local_names(table)
    columns = {
        "x": np.rint(table.geometry.x).astype(int).tolist(),
        "y": np.rint(table.geometry.y).astype(int).tolist(),
        "name": (table["name"].astype(str) + local).tolist(),
        "label": [
            name + own * plots.tier(tier).local
            for name, tier, own in zip(table["name"], table["tier"], local, strict=True)
        ],
        "tier": table["tier"].astype(str).tolist(),
        "people": [wording.people(count) for count in table["population"]],
        "partners": table["partners"].tolist(),
        "before": table["before"].tolist(),
        "after": table["after"].tolist(),
        "size": (SCALE * table["_size"]).tolist(),
        "gains": gains.astype(int).tolist(),
        "fill": [plots.GAINS if gain else "#ffffff" for gain in gains],
        "row": table.index.tolist(),
    }
    source = models().ColumnDataSource(columns, name="cities")
    look = {"fill_color": "fill", "line_color": plots.INK, "line_width": 1.4}
    marks = plot.scatter("x", "y", source=source, size="size", name="cities", **look)
    marks.nonselection_glyph = None
    _draw_names(plot, columns)
    _add_hover(plot, [marks], _tips("city"))
    return marks


def _draw_names(plot: Bokeh, columns: Columns) -> None:
    """Write the names twice, a halo below; the page decides at each zoom where each stands, and whether."""
    looks = [plots.tier(name) for name in columns["tier"]]
    data: Columns = {name: columns[name] for name in ("x", "y", "size")}
    data |= {
        "name": columns.pop("label"),
        "font": [f"{max(LEAST_TEXT, SCALE * look.text):.0f}px" for look in looks],
        "style": ["bold" if look.bold else "normal" for look in looks],
    }
    data |= {name: [0.0] * len(looks) for name in ("dx", "dy", "alpha")} | {"align": ["left"] * len(looks)}
    source = models().ColumnDataSource(data, name="labels")
    spot = {"x": "x", "y": "y", "x_offset": "dx", "y_offset": "dy", "text_align": "align"}
    look = {"text_font_size": "font", "text_font_style": "style", "text_alpha": "alpha"}
    text = models().Text(text="name", text_baseline="middle", text_color=plots.INK, **spot, **look)
    halo = text.clone(text_outline_color="white", text_outline_width=3)
    plot.add_glyph(source, halo, name="labels-halo")
    plot.add_glyph(source, text, name="labels-text")


# ---- what a reader explores


def every_link(report: ReportInput) -> gpd.GeoDataFrame:
    """Return the links of the plan, and below them those of its states; figures of the plan lack there."""
    if report.state_links is None:
        return report.links
    known = report.state_links["candidate_id"].isin(report.links["candidate_id"])
    more = report.state_links[~known.to_numpy(dtype=bool)]
    return pd.concat([report.links, more], ignore_index=True) if len(more) else report.links


def circuits(report: ReportInput) -> list[RingShown]:
    """Return the circuits of all plans of a report, each once."""
    found: dict[tuple[str, tuple[int, ...]], RingShown] = {}
    for ring in drawn([*report.rings, *(ring for plan in report.plans for ring in plan.rings_shown)]):
        found.setdefault(_circuit_key(ring), replace(ring, is_left_out=False))
    return list(found.values())


def _circuit_key(ring: RingShown) -> tuple[str, tuple[int, ...]]:
    return ring.id, tuple(ring.pieces["link"])


@lru_cache(maxsize=1)
def _on_plane(report: ReportInput) -> Layers:
    """Return the layers of the map, with the links and rings of all plans."""
    shown = maps.project(report)
    crs = shown.cities.crs
    return replace(
        shown,
        links=every_link(report).to_crs(crs),
        rings=maps.ring_lines(circuits(report), crs, maps.extent_m(shown.cities) / maps.DETAIL),
        closing=frozenset(name for ring in circuits(report) for name in ring.candidates),
    )


def _plans(report: ReportInput) -> Iterator[dict[str, Any]]:
    """Yield the plans that a reader chooses from, as `gather` describes them."""
    links = {str(name): at for at, name in enumerate(every_link(report)["candidate_id"])}
    rings = {_circuit_key(ring): at for at, ring in enumerate(circuits(report))}
    for number, plan in enumerate(report.plans):
        yield {
            "name": plan.name,
            "rings": plan.rings,
            "budget": plan.cost if plan.budget is None else plan.budget,
            "cost": plan.cost,
            "more": answer.weight_left(report, plan),
            "words": answer.sentence(report, plan),
            "note": answer.note(report, plan, number),
            "gap": wording.NONE if plan.cost is None else wording.gap(plan.gap),
            "order": [[links[one.candidate_id], one.cost, list(one.covered)] for one in plan.order],
            "formed": [
                [
                    rings[_circuit_key(ring)],
                    [at for at, one in enumerate(plan.order, 1) if one.candidate_id in ring.candidates],
                ]
                for ring in formed(plan.rings_shown)
            ],
            "left": [rings[_circuit_key(ring)] for ring in report.left_out(plan)],
        }


def city_order(cities: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows of the cities by tier, largest tier first, then by people, int64 [cities]."""
    place = {tier: at for at, tier in enumerate(TIERS)}
    table = cities.assign(_tier=[place.get(tier, len(place)) for tier in cities["tier"]])
    order = table.sort_values(["_tier", "population"], ascending=[True, False], kind="stable").index
    return np.asarray(order, dtype=np.int64)


def gather(report: ReportInput) -> dict[str, Any]:
    """Return the data of the page's script, of plain values.

    Returns
    -------
    dict
        `cities`: name, tier, people in words and as a number, local name, and for one that gains nothing what
        would bring it a pair, in the order of `city_order`;
        `rows`: place of each row of the table of cities in that order; `latin`: names with other than Latin
        letters, and what readers without a font see instead; `pairs`: two places, minutes today, with the
        plan and with everything built (`NO_PATH` where no path leads), limit in minutes, a number whose bits
        say in which of `coverage.STATES` the pair is within its limit, and its tier; `parts` and `trips`:
        names of the parts of a trip, and by position of a pair that stays beyond its limit the minutes of
        each part with the plan; `tiers`; `links`: name, kind, category and km of each of `every_link`;
        `axis`: money of one unit of the curve, and its name; `rings`: titles of the rings of `circuits`;
        `plans`: `name`, `rings` (a choice of the switch), `budget`, `cost` (None: no plan), `more` (share of
        the weight that a better plan may add), `words` and `note` on it, `gap`, its `order` (link, cost,
        pairs that it brings), circuits that it has `formed` (and steps that close them), and those `left` out
        that are drawn beside it;
        `first`: the plan that is shown first; `chosen`: the plan that times and further figures are of.
    """
    order = city_order(report.cities)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    local = plots.local_names(report.cities)
    cities = report.cities.assign(local=local).iloc[order]
    known = None if report.measures is None else report.measures.seconds
    links = every_link(report)
    named = pd.concat([report.cities["name"], links["from_name"], links["to_name"]])
    names = {*named.astype(str), report.region}
    needs = pd.DataFrame() if report.measures is None else report.measures.needs
    none = {} if needs.empty else needs[needs["gained"] == 0].set_index("city")["by"].to_dict()
    return {
        "limit": wording.short_hours(report.limit_s),
        "money": report.money,
        "budget": None if report.points else report.budget,
        "cities": [
            [
                str(one.name),
                plots.tier(one.tier).name,
                wording.people(one.population),
                one.population,
                one.local,
                none.get(str(one.name), ""),
            ]
            for one in cities[["name", "tier", "population", "local"]].itertuples(index=False)
        ],
        "rows": place.tolist(),
        "latin": dict.fromkeys(filter(None, local), "")
        | {n: anyascii(n) for n in sorted(names) if max(map(ord, n), default=0) >= plots.FIRST_OTHER},
        "tiers": coverage.groups_in_order(report.pairs["group"]),
        "pairs": _pairs(report, place),
        "parts": list(PARTS.values()),
        "trips": {} if known is None else _trips(report, known),
        "links": [
            [wording.link_name(row), wording.kind(row["kind"]), category, round(row["length_km"])]
            for row, category in zip(links.to_dict("records"), plots.categories(links), strict=True)
        ],
        "axis": answer.axis(report),
        "rings": [ring_section.package_title(f"ring {one.id}", [one]) for one in circuits(report)],
        "plans": list(_plans(report)),
        "first": max(0, len(report.points) - 1) if report.knee is None else report.knee,
        "chosen": max(0, len(report.points) - 1),
    }


def _pairs(report: ReportInput, place: NDArray[np.int64]) -> list[list[int]]:
    pairs = report.pairs
    tiers = coverage.groups_in_order(pairs["group"])
    columns = [
        place[pairs["origin"].to_numpy(dtype=np.int64)],
        place[pairs["destination"].to_numpy(dtype=np.int64)],
        *(_minutes(pairs[f"{state}_s"]) for state in coverage.STATES),
        _minutes(pairs["limit_s"]),
        sum(
            coverage.within(pairs, state=state).to_numpy(dtype=np.int64) << bit
            for bit, state in enumerate(coverage.STATES)
        ),
        [tiers.index(group) for group in pairs["group"]],
    ]
    table: list[list[int]] = np.column_stack([np.asarray(one, dtype=np.int64) for one in columns]).tolist()
    return table


def _minutes(seconds: pd.Series) -> NDArray[np.int64]:
    """Return whole minutes, rounded up as in `wording.minutes`; `NO_PATH` where no path leads."""
    values = seconds.to_numpy(dtype=np.int64)
    return np.where(values >= UNREACHABLE, NO_PATH, -(-values // 60))


def _trips(report: ReportInput, known: pd.DataFrame) -> dict[int, list[int]]:
    """Return the minutes by part of the trips that stay beyond the limit, by position of the pair."""
    beyond = ~coverage.within(report.pairs, state="after").to_numpy(dtype=bool)
    beyond &= report.pairs["after_s"].to_numpy(dtype=np.int64) < UNREACHABLE
    columns = [f"{part}_s" for part in PARTS]
    if not set(columns) <= set(known.columns):
        return {}
    minutes = np.rint(known[columns].to_numpy(dtype=np.float64) / 60).astype(np.int64)
    return {int(row): minutes[row].tolist() for row in np.flatnonzero(beyond)}

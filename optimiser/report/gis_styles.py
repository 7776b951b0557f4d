"""Put styles, names and meanings of columns into a GeoPackage, so that QGIS opens it drawn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from optimiser.problem.model import TIERS
from optimiser.report import columns, map_layers, ring_layout, style
from optimiser.report.style import Stroke

UNITS = {"s": "s", "km": "km", "kmh": "km/h"}
"""Endings of names of columns that are units, and the units."""

LAYER_STYLES = """CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT CURRENT_TIMESTAMP)"""
"""The table in which QGIS looks for styles, as QGIS itself creates it."""

DATA_COLUMNS = """CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
    mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name))"""
"""The table of names and meanings of columns, of the schema extension of GeoPackage 1.3."""

CONSTRAINTS = """CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
    min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))"""
"""The other table of that extension; empty."""

SCHEMA_EXTENSION = ("gpkg_schema", "http://www.geopackage.org/spec121/#extension_schema", "read-write")

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "proposals": columns.LINKS,
    "candidates": columns.CANDIDATES,
    "cities": columns.CITIES,
    "pairs": columns.PAIRS,
    "rings": columns.RINGS,
    "network_roads": {"link_class": "class of the road"},
    "network_rail": {"link_class": "class of the line"},
}
"""Meanings of columns by layer."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is drawn alike: its name in the legend, which rows, how, and whether it is shown at first.

    A `mark` is a circle: its side in points, and its filling.
    """

    label: str
    where: str
    stroke: Stroke | None = None
    mark: tuple[float, str] | None = None
    is_shown: bool = True


def _proposals() -> list[Rule]:
    service, on_ring = (
        "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))
        for kinds in (style.SERVICES, style.ON_RINGS)
    )
    where = {
        "service": service,
        "rail": f"mode = 'rail' AND NOT {service} AND NOT {on_ring}",
        "access": f"mode = 'access' AND NOT {service}",
        "road": f"mode = 'road' AND NOT {service} AND NOT {on_ring}",
    }
    looks = style.PROPOSALS
    access = (6.0, looks["access"].colour)
    # The layers of rings draw what exists of them, so these stretches are hidden until somebody asks.
    stretch = Rule("Improved stretch of a ring", on_ring, looks["road"], is_shown=False)
    return [
        *(
            Rule(looks[name].name, where[name], looks[name], access if name == "access" else None)
            for name in where
        ),
        stretch,
    ]


def _cities(*, with_states: bool) -> list[Rule]:
    rules = []
    for tier in TIERS:
        look = style.tier(tier)
        mine = f"tier = '{tier}'"
        if with_states:
            gains = Rule(
                f"{look.name}, gains partners",
                f'{mine} AND "after" > "before"',
                None,
                (look.mark, style.GAINS),
            )
            rules += [gains, Rule(look.name, f'{mine} AND "after" = "before"', None, (look.mark, "#ffffff"))]
        else:
            rules.append(Rule(look.name, mine, None, (look.mark, "#ffffff")))
    return rules


def _network(*, roads: bool, rail: bool) -> list[Rule]:
    motorway = "link_class IN ({})".format(", ".join(f"'{name}'" for name in map_layers.MOTORWAY))
    fast = " OR ".join(f"link_class LIKE '{name}%'" for name in map_layers.HIGH_SPEED)
    looks = style.NETWORK
    rules = [Rule(looks["motorways"].name, motorway, looks["motorways"])] if roads else []
    rules += [Rule(looks["high_speed"].name, fast, looks["high_speed"])] if rail else []
    last = "roads" if roads and not rail else "rail"
    return [*rules, Rule(looks[last].name if roads != rail else "Other roads and lines", "ELSE", looks[last])]


def rules(layer: str) -> list[Rule]:
    """Return how a layer is drawn, by its name; empty where nothing is said about it."""
    pair = style.Stroke("", style.GAINS, "", 0.8)
    made: dict[str, Callable[[], list[Rule]]] = {
        "proposals": _proposals,
        "candidates": _proposals,
        "cities": lambda: _cities(with_states=True),
        "places": lambda: _cities(with_states=False),
        "network_roads": lambda: _network(roads=True, rail=False),
        "network_rail": lambda: _network(roads=False, rail=True),
        "links": lambda: _network(roads=True, rail=True),
        "rings": lambda: [Rule(one.name, f"mode = '{mode}'", one) for mode, one in style.RINGS.items()],
        "ring_links": lambda: [
            Rule("To be built", f"state = '{ring_layout.NEW}'", style.Stroke("", style.INK, "", 1.4, (2, 1)))
        ],
        "known_rings": lambda: [Rule("Known ring", "TRUE", style.KNOWN_RINGS[0])],
        "pairs": lambda: [
            Rule("Newly within the limit", "within_after AND NOT within_before", pair),
            Rule(
                "Beyond the limit", "NOT within_after", style.Stroke("", style.LOSES, "", 0.6), is_shown=False
            ),
            Rule(
                "Within the limit today",
                "within_before",
                style.Stroke("", style.MUTED, "", 0.4),
                is_shown=False,
            ),
        ],
    }
    return made[layer]() if layer in made else []


def alias(column: str) -> str:
    """Return the name of a column for readers: words, and the unit in brackets.

    Examples
    --------
    >>> alias("length_km"), alias("pairs_added")
    ('Length (km)', 'Pairs added')
    """
    words, _, unit = column.rpartition("_")
    if words and unit in UNITS:
        return f"{words.replace('_', ' ').capitalize()} ({UNITS[unit]})"
    return column.replace("_", " ").capitalize()


def qml(drawn: Iterable[Rule], *, names: Mapping[str, str], label: str = "") -> str:
    """Return a style as QGIS writes it: a symbol for each rule, names of columns, labels.

    Parameters
    ----------
    drawn
        What is drawn, and how.
    names
        Alias of each column.
    label
        Column with the labels; empty for none.
    """
    root = ET.Element(
        "qgis",
        version="3.34.0",
        styleCategories="Symbology|Labeling|Fields",
        labelsEnabled=str(int(bool(label))),
    )
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0")
    branches = ET.SubElement(renderer, "rules", key="{root}")
    symbols = ET.SubElement(renderer, "symbols")
    for at, rule in enumerate(drawn):
        given = {"key": f"{{rule-{at}}}", "symbol": str(at), "label": rule.label, "filter": rule.where}
        ET.SubElement(branches, "rule", given | ({} if rule.is_shown else {"checkstate": "0"}))
        _symbol(symbols, str(at), rule)
    aliases = ET.SubElement(root, "aliases")
    for column, words in names.items():
        ET.SubElement(aliases, "alias", field=column, name=words)
    if label:
        settings = ET.SubElement(
            ET.SubElement(root, "labeling", type="simple"), "settings", calloutType="simple"
        )
        text = ET.SubElement(
            settings,
            "text-style",
            fieldName=label,
            fontSize="9",
            fontSizeUnit="Point",
            textColor=_rgba(style.INK),
        )
        ET.SubElement(text, "text-buffer", bufferDraw="1", bufferSize="1", bufferColor=_rgba("#ffffff"))
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _symbol(parent: ET.Element, name: str, rule: Rule) -> None:
    """Add a line, a line with a mark in its middle, or a mark."""
    kind = "marker" if rule.stroke is None else "line"
    symbol = ET.SubElement(parent, "symbol", name=name, type=kind, alpha="1")
    if rule.stroke is not None:
        stroke = rule.stroke
        dashes = ";".join(f"{part * stroke.width:g}" for part in stroke.dash)
        options = {
            "line_color": _rgba(stroke.colour),
            "line_width": f"{stroke.width:g}",
            "line_width_unit": "Point",
        }
        dashed = {"use_custom_dash": "1", "customdash": dashes, "customdash_unit": "Point"}
        _layer(symbol, "SimpleLine", options | (dashed if dashes else {}))
    if rule.mark is not None:
        side, filling = rule.mark
        options = {"name": "circle", "color": _rgba(filling), "outline_color": _rgba(style.INK)}
        options |= {
            "outline_width": "0.8",
            "outline_width_unit": "Point",
            "size": f"{side:g}",
            "size_unit": "Point",
        }
        if rule.stroke is None:
            _layer(symbol, "SimpleMarker", options)
        else:
            middle = _layer(symbol, "MarkerLine", {"placements": "CentralPoint"})
            _layer(
                ET.SubElement(middle, "symbol", name=f"@{name}@1", type="marker", alpha="1"),
                "SimpleMarker",
                options,
            )


def _layer(symbol: ET.Element, kind: str, options: Mapping[str, str]) -> ET.Element:
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "pass": "0", "locked": "0"})
    table = ET.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(table, "Option", name=name, type="QString", value=value)
    return layer


def _rgba(colour: str) -> str:
    return ",".join([*(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)), "255"])


def dress(path: Path, looks: Mapping[str, str] | None = None) -> None:
    """Write styles, and names and meanings of columns, into a GeoPackage that has none yet.

    Parameters
    ----------
    path
        The ``.gpkg`` file.
    looks
        Layers that are drawn like another one of `rules`, and that one.
    """
    with closing(sqlite3.connect(path)) as base, base:
        layers = base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        base.execute(LAYER_STYLES)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles')"
        )
        base.execute(DATA_COLUMNS)
        base.execute(CONSTRAINTS)
        base.executemany(
            "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) VALUES (?, ?, ?, ?)",
            [(table, *SCHEMA_EXTENSION) for table in ("gpkg_data_columns", "gpkg_data_column_constraints")],
        )
        for layer, geometry in layers:
            _dress_layer(base, layer, geometry, (looks or {}).get(layer, layer))


def _dress_layer(base: sqlite3.Connection, layer: str, geometry: str, look: str) -> None:
    there = [row[1] for row in base.execute("SELECT * FROM pragma_table_info(?)", (layer,))]
    names = {column: alias(column) for column in there if column not in (geometry, "fid")}
    meanings = MEANINGS.get("cities" if look == "places" else look, {})
    base.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, description) VALUES (?, ?, ?, ?)",
        [(layer, column, words, meanings.get(column)) for column, words in names.items()],
    )
    drawn = rules(look)
    if drawn:
        text = qml(drawn, names=names, label="name" if look in ("cities", "places") else "")
        base.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner) "
            "VALUES ('', '', ?, ?, 'polyring', ?, '', 1, 'Written by polyring', '')",
            (layer, geometry, text),
        )

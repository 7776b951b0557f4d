"""Write a plan for a GIS: GeoJSON, and a GeoPackage that QGIS opens drawn, with the meanings of columns."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from optimiser.measures import coverage
from optimiser.problem.jsonfile import write_whole
from optimiser.problem.model import TIERS
from optimiser.proposals.generate import SERVICES
from optimiser.report import maps, page, plots, tables, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.ring_layout import WGS84, drawn, known_rings

UNITS = {"s": "s", "km": "km", "kmh": "km/h"}
"""Endings of names of columns that are units, and the units."""

MEANINGS = {
    "proposals": tables.COLUMNS["links"],
    "places": tables.COLUMNS["cities"],
    "network_roads": {"link_class": "class of the road"},
    "network_rail": {"link_class": "class of the line"},
    "states": {**tables.COLUMNS["links"], "state": "state", "step": "place in the order of building"},
    **{name: tables.COLUMNS[name] for name in ("candidates", "cities", "pairs", "rings")},
}
"""Meanings of columns by layer."""


def write(report: ReportInput, path: Path) -> Path:
    """Write proposals, cities, today's networks and the pairs, whole or not at all.

    Parameters
    ----------
    report
        What to write.
    path
        The ``.gpkg`` file.
    """

    def write_layers(part: Path) -> None:
        for name, table in layers(report).items():
            mode = "a" if part.exists() else "w"
            table.to_file(part, layer=name, driver="GPKG", engine="pyogrio", mode=mode)
        dress(part)

    return write_whole(path, write_layers)


def layers(report: ReportInput) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers by name: proposals, cities, network_roads, network_rail, pairs.

    `states` follows where alternatives are stated: what the plan of each builds, in the order of building.
    `rings` and `ring_links` follow where a circuit is known, of the plan or of a state, `known_rings` where
    rings are compared with known ones.
    """
    found = {
        "proposals": report.links.to_crs(WGS84),
        "cities": coverage.by_city(report.cities, report.pairs).to_crs(WGS84),
        "network_roads": report.roads[["link_class", "geometry"]].to_crs(WGS84),
        "network_rail": report.rail[["link_class", "geometry"]].to_crs(WGS84),
        "pairs": tables.pair_lines(report.cities, report.pairs),
    }
    if report.state_links is not None:
        rows = [
            (one.name, at, step.candidate_id)
            for one in report.states
            for at, step in enumerate(one.order, start=1)
        ]
        order = pd.DataFrame(rows, columns=["state", "step", "candidate_id"])
        found["states"] = gpd.GeoDataFrame(order.merge(report.state_links.to_crs(WGS84), on="candidate_id"))
    if rings := drawn(report.rings):
        found |= {"rings": tables.ring_table(rings), "ring_links": tables.ring_links(rings)}
    if known_rings(report.rings):
        found["known_rings"] = tables.known_table(report.rings)
    return found


def write_geojson(report: ReportInput, folder: Path) -> None:
    """Write links.geojson and cities.geojson (RFC 7946: degrees, EPSG:4326), each whole or not at all."""
    cities = coverage.by_city(report.cities, report.pairs)
    options = {"driver": "GeoJSON", "engine": "pyogrio", "RFC7946": "YES"}
    for name, table in (("links.geojson", report.links), ("cities.geojson", cities)):
        write_whole(folder / name, partial(table.to_crs(WGS84).to_file, **options))


# ---- styles


@dataclass(frozen=True, slots=True)
class Rule:
    """What is drawn alike: its name in the legend, which rows, how, and whether it is shown at first.

    A `mark` is a circle: its side in points, and its filling.
    """

    label: str
    where: str
    stroke: plots.Stroke | None = None
    mark: tuple[float, str] | None = None
    is_shown: bool = True


def rules(layer: str) -> list[Rule]:
    """Return how a layer is drawn, by its name; empty where nothing is said about it."""
    layer = "proposals" if layer in ("candidates", "states") else layer
    if layer in ("cities", "places"):
        return [rule for tier in TIERS for rule in _cities(tier, gains=layer == "cities")]
    kinds = {"services": SERVICES, "motorways": maps.MOTORWAY}
    lists = {name: "({})".format(", ".join(f"'{one}'" for one in names)) for name, names in kinds.items()}
    lists["fast"] = " OR ".join(f"link_class LIKE '{name}%'" for name in maps.HIGH_SPEED)
    colours = {"ink": plots.INK, "muted": plots.MUTED, "gains": plots.GAINS, "loses": plots.LOSES}
    found = []
    for row in wording.data_of("gpkg")["rules"].get(layer, ()):
        if "look" in row:
            group, name = row["look"].split(".")
            stroke = plots.Stroke(**plots.LOOKS[group][name])
        else:
            stroke = plots.Stroke("", colours[row["colour"]], "", row["width"], row.get("dash", ()))
        label, where = row.get("label", stroke.name), row["where"].format(**lists)
        mark = (row["mark"], stroke.colour) if "mark" in row else None
        found.append(Rule(label, where, stroke, mark, row.get("shown", True)))
    return found


def _cities(tier: str, *, gains: bool) -> list[Rule]:
    look, mine = plots.tier(tier), f"tier = '{tier}'"
    plain = (look.mark, "#ffffff")
    if not gains:
        return [Rule(look.name, mine, None, plain)]
    return [
        Rule(
            f"{look.name}, gains partners", f'{mine} AND "after" > "before"', None, (look.mark, plots.GAINS)
        ),
        Rule(look.name, f'{mine} AND "after" = "before"', None, plain),
    ]


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
    values = {"rules": list(drawn), "names": names, "label": label, "rgba": rgba, "ink": plots.INK}
    return page.filled("layer.qml", values)


def rgba(colour: str) -> str:
    """Return a colour as QGIS writes it."""
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
        for statement in wording.data_of("gpkg")["statements"]:
            base.execute(statement)
        for layer, geometry in layers:
            _dress_layer(base, layer, geometry, (looks or {}).get(layer, layer))


def _dress_layer(base: sqlite3.Connection, layer: str, geometry: str, look: str) -> None:
    there = [row[1] for row in base.execute("SELECT * FROM pragma_table_info(?)", (layer,))]
    names = {column: alias(column) for column in there if column not in (geometry, "fid")}
    meanings = MEANINGS.get(look, {})
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

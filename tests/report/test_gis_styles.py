"""A GeoPackage holds styles that QGIS reads, and names and meanings of its columns."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from xml.etree import ElementTree as ET

import geopandas as gpd
import pyogrio
import pytest

from optimiser.report import geopackage, plots, tables


@pytest.fixture
def path(compared, tmp_path):
    return geopackage.write(compared, tmp_path / "plan.gpkg")


def parsed(text):
    return ET.fromstring(text.partition("\n")[2])  # noqa: S314 - it was written a moment ago


def count(path, layer, where="TRUE"):
    return rows(path, f'SELECT count(*) FROM "{layer}" WHERE {where}')[0][0]  # noqa: S608 - names of ours


def rows(path, query):
    with closing(sqlite3.connect(path)) as base:
        return base.execute(query).fetchall()


def styles(path):
    found = rows(path, "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles")
    assert all((geometry, default) == ("geom", 1) for _, geometry, default, _ in found)
    return {name: parsed(text) for name, _, _, text in found}


def colours(qml):
    return {one.get("value") for one in qml.iter("Option") if one.get("name") in ("line_color", "color")}


def test_every_layer_of_the_plan_has_a_style(path):
    layers = {name for name, kind in pyogrio.list_layers(path) if kind is not None}
    assert set(styles(path)) == layers


def test_each_rule_of_a_style_has_its_symbol(path):
    for name, qml in styles(path).items():
        used = [rule.get("symbol") for rule in qml.iter("rule")]
        assert used, name
        symbols = {one.get("name"): one for one in qml.findall("renderer-v2/symbols/symbol")}
        assert all(list(symbols[one].iter("Option")) for one in used)


def test_proposals_have_the_colours_and_dashes_of_the_maps(path):
    qml = styles(path)["proposals"]
    drawn = {geopackage.rgba(stroke.colour) for stroke in plots.PROPOSALS.values()}
    assert drawn <= colours(qml)
    dashes = {one.get("value") for one in qml.iter("Option") if one.get("name") == "customdash"}
    assert len(dashes) == 2


def test_the_rules_of_a_layer_choose_every_row_exactly_once(path):
    for layer in ("proposals", "cities", "pairs"):
        chosen = [count(path, layer, rule.where) for rule in geopackage.rules(layer)]
        assert sum(chosen) == count(path, layer), layer


def test_columns_have_names_and_meanings(path):
    found = {
        (layer, column): (words, meaning)
        for layer, column, words, meaning in rows(
            path, "SELECT table_name, column_name, name, description FROM gpkg_data_columns"
        )
    }
    assert found["proposals", "length_km"] == ("Length (km)", tables.COLUMNS["links"]["length_km"])
    assert found["pairs", "before_s"] == ("Before (s)", tables.COLUMNS["pairs"]["before_s"])
    assert all(meaning for (layer, _), (_, meaning) in found.items() if layer in ("proposals", "cities"))


def test_every_layer_is_in_degrees_and_still_read(path):
    assert {srs for (srs,) in rows(path, "SELECT srs_id FROM gpkg_geometry_columns")} == {4326}
    for name, kind in pyogrio.list_layers(path):
        assert kind is None or gpd.read_file(path, layer=name).crs.to_epsg() == 4326


def test_links_and_cities_are_written_as_geojson(report, tmp_path):
    geopackage.write_geojson(report, tmp_path)
    for path in (tmp_path / "links.geojson", tmp_path / "cities.geojson"):
        found = json.loads(path.read_text(encoding="utf-8"))
        assert found["type"] == "FeatureCollection"
        assert "crs" not in found
        assert gpd.read_file(path).crs.to_epsg() == 4326
    assert (
        gpd.read_file(tmp_path / "links.geojson")["candidate_id"].tolist()
        == report.links["candidate_id"].tolist()
    )


def test_hostile_names_of_columns_and_labels_stay_text():
    text = geopackage.qml([], names={"<a>&": '"><script>'}, label="<b>")
    qml = parsed(text)
    assert [dict(one.attrib) for one in qml.iter("alias")] == [{"field": "<a>&", "name": '"><script>'}]
    assert qml.find(".//text-style").get("fieldName") == "<b>"

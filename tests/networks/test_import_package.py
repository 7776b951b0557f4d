"""Test the GeoPackage of an import: it is read as it was written, and other files are refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from osm_drawing import write as draw
from tiers import thinned

from networks import cities, impedance, osm, rail, road, storage
from networks.errors import SourceError
from networks.storage import ImportReport

NODES = {number: (8.0 + 0.01 * number, 50.0 + 0.001 * (number % 3)) for number in range(1, 9)}
NODE_TAGS = {
    1: {"railway": "station", "name": 'Ost, "Bahnhof"', "name:en": "East"},
    4: {"railway": "station", "name": "Mitte"},
    8: {"place": "town", "name": "Ort 'a'", "population": "12 345"},
}  # fmt: skip
WAYS = [
    (1, (1, 2, 3, 4), {"railway": "rail", "maxspeed": "120"}),
    (2, (5, 6, 7), {"highway": "primary", "maxspeed:forward": "50", "maxspeed:backward": "100"}),
    (3, (7, 8), {"highway": "secondary", "oneway": "yes", "name": "Straße"}),
    (4, (6, 7, 8, 6), {"landuse": "residential"}),
]
TRAIN = [(9, [("n", 1, "stop"), ("n", 4, "stop"), ("w", 1, "")], {"route": "train", "interval": "01:00"})]


def imported(tmp_path, *, ways=WAYS, relations=TRAIN):
    """Return everything that an import finds."""
    path = draw(tmp_path / "map.osm", nodes=NODES, ways=ways, node_tags=NODE_TAGS, relations=relations)
    elements = osm.read(path)
    roads, counts = road.build(elements, country="DE")
    railways = rail.build(elements)
    report = ImportReport(elements.source, elements.counts, counts, asdict(railways.report))
    return SimpleNamespace(
        road=impedance.add_travel_times(roads), rail=railways, elements=elements, report=report
    )


def write(found, path):
    storage.write_import(path, **vars(found), country="DE", road_classes=osm.DEFAULT_CLASSES)
    return path


def same(first, second):
    for one, other in ((first.nodes, second.nodes), (first.links, second.links)):
        assert_geodataframe_equal(one, other, check_like=True, check_dtype=False)


def test_an_import_is_read_as_it_was_written(tmp_path):
    found = imported(tmp_path)
    read = storage.read_import(write(found, tmp_path / "n.gpkg"))
    same(read.road, found.road)
    same(read.rail.network, found.rail.network)
    for name in ("lines", "stops", "routes"):
        before = getattr(found.rail.services, name)
        assert len(before)
        pd.testing.assert_frame_equal(getattr(read.rail.services, name), before)
    pd.testing.assert_frame_equal(read.rail.stations, found.rail.stations)
    before, places = found.elements.places, read.elements.places
    assert (places.id.tolist(), places.tags) == (before.id.tolist(), before.tags)
    assert len(found.elements.built_up) == 1
    assert shapely.equals_exact(read.elements.built_up, found.elements.built_up).tolist() == [True]
    assert read.elements.source == found.report.source
    assert storage.read_facts(tmp_path / "n.gpkg").country == "DE"


def test_an_import_of_before_areas_were_read_has_none(tmp_path):
    path = write(imported(tmp_path), tmp_path / "n.gpkg")
    table = pyogrio.read_dataframe(path, layer="polyring").set_index("name")
    columns = json.loads(table.loc["columns", "value"])
    del columns["built_up"]
    table.loc["columns", "value"] = json.dumps(columns)
    pyogrio.write_dataframe(table.reset_index(), path, layer="polyring", driver="GPKG")
    assert len(storage.read_import(path).elements.built_up) == 0


def test_places_give_the_same_cities(tmp_path):
    found = imported(tmp_path)
    read = storage.read_import(write(found, tmp_path / "n.gpkg"))
    before = cities.from_osm_places(osm.read(tmp_path / "map.osm")).table
    assert_geodataframe_equal(cities.from_osm_places(read.elements).table, before)


def test_an_import_without_railways_is_read_as_it_was_written(tmp_path):
    found = imported(tmp_path, ways=WAYS[1:], relations=())
    read = storage.read_import(write(found, tmp_path / "n.gpkg"))
    assert not len(read.rail.network.links)
    for name in ("lines", "stops", "routes"):
        before = getattr(found.rail.services, name)
        pd.testing.assert_frame_equal(getattr(read.rail.services, name), before, check_index_type=False)
    assert list(read.rail.stations) == list(found.rail.stations)


def test_an_import_without_roads_is_read_as_it_was_written(tmp_path):
    found = imported(tmp_path, ways=[way for way in WAYS if "highway" not in way[2]])
    read = storage.read_import(write(found, tmp_path / "n.gpkg"))
    assert read.road.links.empty
    same(read.road, found.road)
    same(read.rail.network, found.rail.network)
    assert read.report["roads"]["links"] == 0


def test_stations_and_places_are_points_for_a_gis(tmp_path):
    path = write(imported(tmp_path), tmp_path / "n.gpkg")
    for layer in ("stations", "places"):
        assert set(gpd.read_file(path, layer=layer).geom_type) == {"Point"}


def test_a_geopackage_of_another_program_is_refused_with_its_layers(tmp_path):
    path = tmp_path / "other.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(8, 50)], crs=4326).to_file(path, layer="rivers")
    with pytest.raises(SourceError, match=r"not what `polyring import` writes \(its layers: rivers\)"):
        storage.read_import(path)


def test_another_version_of_the_layout_is_refused_by_name(tmp_path):
    path = write(imported(tmp_path), tmp_path / "n.gpkg")
    table = pyogrio.read_dataframe(path, layer="polyring")
    table.loc[table["name"] == "layout", "value"] = "polyring-import/9"
    pyogrio.write_dataframe(table, path, layer="polyring", driver="GPKG")
    with pytest.raises(SourceError, match=r"its layout is polyring-import/9, and this version reads"):
        storage.read_import(path)


@pytest.mark.parametrize("layer", thinned(["services", "stations", "rail_links", "polyring"], 1))
def test_a_file_that_lacks_columns_is_refused(tmp_path, layer):
    path = write(imported(tmp_path), tmp_path / "n.gpkg")
    pyogrio.write_dataframe(pd.DataFrame({"x": [1]}), path, layer=layer, driver="GPKG")
    with pytest.raises(SourceError, match=r"the GeoPackage cannot be a map|a network table lacks columns"):
        storage.read_import(path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"PK\3\4"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "n.gpkg").write_bytes(content)
    with pytest.raises(SourceError, match="the GeoPackage cannot be a map: it cannot be read"):
        storage.read_import(tmp_path / "n.gpkg")

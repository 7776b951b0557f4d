"""Test networks in files: what is read is what was written, and no file exists in part."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from network_drawing import draw
from tiers import examples

from networks import storage
from networks.errors import SchemaError, SourceError
from networks.inputs import InputFileError, read_features

NAME = "network.gpkg"


@pytest.fixture
def network():
    drawn = draw([(0, 1, 10, 10), (1, 2, 20, -1)], count=3, dates=["2016", ""])
    return drawn.replace(links=drawn.links.assign(name=["京津高速", ""], osm_id=[2**40, -5]))


def same(first, second):
    assert_geodataframe_equal(first.nodes, second.nodes)
    assert_geodataframe_equal(first.links, second.links)


def test_a_network_is_read_as_it_was_written(network, tmp_path):
    storage.write_gpkg(network, tmp_path / NAME)
    same(storage.read_gpkg(tmp_path / NAME), network)


def test_a_file_of_before_numbers_of_tracks_is_read_with_none_known(network, tmp_path):
    storage.write_gpkg(network, tmp_path / NAME)
    older = network.links.drop(columns="tracks")
    pyogrio.write_dataframe(older, tmp_path / NAME, layer="links", driver="GPKG")
    same(storage.read_gpkg(tmp_path / NAME), network)


def test_a_network_without_links_is_read_as_it_was_written(tmp_path):
    network = draw([], count=2)
    storage.write_gpkg(network, tmp_path / NAME)
    same(storage.read_gpkg(tmp_path / NAME), network)


def test_writing_replaces_an_existing_file_and_leaves_no_others(network, tmp_path):
    storage.write_gpkg(draw([(0, 1, 1, 1)], count=2), tmp_path / NAME)
    storage.write_gpkg(network, tmp_path / NAME)
    same(storage.read_gpkg(tmp_path / NAME), network)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_an_invalid_network_is_not_written(network, tmp_path):
    broken = network.replace(links=network.links.assign(length_km=0.0))
    with pytest.raises(SchemaError):
        storage.write_gpkg(broken, tmp_path / NAME)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(SourceError, match=NAME):
        storage.read_gpkg(tmp_path / NAME)


def test_a_text_file_is_not_a_geopackage(tmp_path):
    (tmp_path / "network.gpkg").write_text("<html>", encoding="utf-8")
    with pytest.raises(SourceError, match="network cannot be read"):
        storage.read_gpkg(tmp_path / "network.gpkg")


def test_a_failed_write_keeps_the_previous_file(network, tmp_path, monkeypatch):
    path = tmp_path / "network.gpkg"
    storage.write_gpkg(network, path)
    monkeypatch.setattr("pyogrio.write_dataframe", _fail)
    with pytest.raises(OSError, match="No space left"):
        storage.write_gpkg(draw([], count=1), path)
    same(storage.read_gpkg(path), network)
    assert [entry.name for entry in tmp_path.iterdir()] == ["network.gpkg"]


def _fail(*_args, **_options):
    raise OSError(28, "No space left on device")


text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(text, min_size=2, max_size=2), osm_id=st.integers(-(2**63), 2**63 - 1))
def test_any_text_and_any_id_are_preserved(tmp_path, names, osm_id):
    drawn = draw([(0, 1, 10, 10), (1, 2, 20, -1)], count=3)
    network = drawn.replace(links=drawn.links.assign(name=names, osm_id=osm_id))
    storage.write_gpkg(network, tmp_path / NAME)
    same(storage.read_gpkg(tmp_path / NAME), network)


@pytest.mark.parametrize("kind", ["database", "map tiles", "file of tables"])
def test_a_database_of_another_kind_never_reaches_gdal(tmp_path, monkeypatch, kind):
    """Other drivers of GDAL read SQLite too, whatever a file is called."""
    path = tmp_path / NAME
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE nodes (id)")
        base.execute(f"PRAGMA application_id = {0x4D504258 if kind == 'map tiles' else 0}")
    if kind == "file of tables":
        path.write_bytes(b"id,nodes\n" + path.read_bytes()[9:])
    for name in ("list_layers", "read_dataframe", "read_info"):
        monkeypatch.setattr(pyogrio, name, None)
    for read in (storage.read_gpkg, storage.read_facts):
        with pytest.raises(SourceError, match="it is no GeoPackage"):
            read(path)
    with pytest.raises(InputFileError, match="it is no GeoPackage"):
        read_features(path)

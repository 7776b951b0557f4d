"""Test the import report: source, counts and plain JSON."""

from __future__ import annotations

import json

import pytest
from osm_drawing import GRID, write

from networks import osm, road
from networks.storage import ImportReport


@pytest.fixture
def report(tmp_path):
    ways = [
        (10, (1, 2, 3), {"highway": "primary", "maxspeed": "60"}),
        (11, (4, 2, 77), {"highway": "primary", "maxspeed": "5 mhp"}),
        (12, (2, 5), {"highway": "motorway"}),
    ]
    elements = osm.read(write(tmp_path / "region.osm.pbf", nodes=GRID, ways=ways))
    _, roads = road.build(elements)
    return ImportReport(elements.source, elements.counts, roads, notes=("One road leaves the area.",))


def test_the_report_is_json(report):
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["format"] == "polyring-import-report/1"


def test_the_report_names_the_source_and_its_checksum(report):
    source = report.to_json()["source"]
    assert source["name"] == "region.osm.pbf"
    assert len(source["sha256"]) == 64


def test_the_report_counts_what_was_read_and_cut(report):
    read = report.to_json()["read"]
    assert (read["ways"], read["nodes"], read["ways_cut"], read["nodes_missing"]) == (3, 5, 1, 1)


def test_the_report_counts_speeds_with_examples(report):
    speeds = report.to_json()["roads"]["speeds"]
    assert (speeds["tagged"], speeds["imputed"], speeds["rejected"]) == (1, 2, {"unreadable": 1})
    assert list(speeds["examples"]["unreadable"]) == ["way 11: 5 mhp"]

"""Cities that no road reaches leave no trace in the roads."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from candidates_drawing import cities, network

from networks.cities import Cities, with_nodes_near
from networks.errors import SchemaError, SnapError
from optimiser.run.timing import snap_cities

ROAD = network(
    [(0, 0), (100, 0), (40, 30), (60, 30)], [(0, 1, "primary", 100, 50), (2, 3, "primary", 20, 50)]
)
"""A road, and a short one 30 km away that nothing joins to it."""
JOB = SimpleNamespace(cities=SimpleNamespace(snap_km=10.0))
AROUND = SimpleNamespace(area="around", title="drawn", closed_borders=())


def untied(places):
    return Cities(cities(ROAD, places).table.assign(road_node=-1))


def test_roads_are_cut_for_the_cities_that_stay_alone():
    found = untied([("a", (10, 1), 9, -1), ("island", (50, 30), 8, -1), ("b", (70, 1), 7, -1)])
    assert len(with_nodes_near(ROAD, found).nodes) == len(ROAD.nodes) + 3
    near, tied = snap_cities(ROAD, found, JOB, AROUND)
    assert tied.cities.table["city_id"].tolist() == ["a", "b"]
    assert [one.name for one in tied.unsnapped] == ["Island"]
    again = with_nodes_near(ROAD, tied.cities)
    assert again.nodes.equals(near.nodes)
    assert len(near.nodes) == len(ROAD.nodes) + 2


def test_two_cities_must_be_left():
    found = untied([("a", (10, 1), 9, -1), ("island", (50, 30), 8, -1)])
    with pytest.raises(SchemaError, match="the roads reach 1 of 2 cities"):
        snap_cities(ROAD, found, JOB, AROUND)


@pytest.mark.parametrize(("source", "asked_for"), [("geonames", False), ("osm", False), ("csv", True)])
def test_cities_beyond_the_roads_of_a_map_are_refused_only_where_they_were_asked_for(source, asked_for):
    found = untied([("a", (10, 1), 9, -1), ("island", (50, 30), 8, -1), ("b", (70, 1), 7, -1)])
    of_map = SimpleNamespace(area=None, title="drawn", cities_from=source)
    with pytest.raises(SnapError, match="1 city") if asked_for else contextlib.nullcontext():
        assert [one.name for one in snap_cities(ROAD, found, JOB, of_map)[1].unsnapped] == ["Island"]

"""A name closes the roads, the rides and the candidates that a planner would expect."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from networks.skims import Arcs, TimeGraph
from optimiser.problem.errors import JobError
from optimiser.studies.closures import LinkFinder

CITIES = gpd.GeoDataFrame(
    {"city_id": ["a", "b", "c"], "name": ["Alpha", "Beta", "Gamma"], "population": [3, 2, 1]},
    geometry=[Point(10, 50), Point(11, 50), Point(12, 50)],
    crs=4326,
)


def links(*rows):
    """Links along the parallel: reference, name, opening date, from and to longitude, tail, head."""
    columns = ["ref", "name", "start_date", "from", "to", "tail", "head"]
    table = pd.DataFrame(rows, columns=columns)
    lines = [LineString([(row["from"], 50), (row["to"], 50)]) for _, row in table.iterrows()]
    return gpd.GeoDataFrame(table.drop(columns=["from", "to"]), geometry=lines, crs=4326)


ROADS = links(
    ("G1", "East road", "1999", 10.0, 11.0, 0, 1),
    ("G1", "East road", "2021-06-30", 11.0, 12.0, 1, 2),
    ("", "", "", 10.0, 12.0, 0, 2),
)
TRACKS = links(
    ("main", "Main line", "1900", 10.0, 11.0, 0, 1),
    ("main", "Main line", "2022", 12.0, 11.0, 2, 1),
    ("branch", "", "", 12.0, 12.5, 2, 3),
)
RAIL = SimpleNamespace(
    network=SimpleNamespace(links=TRACKS),
    services=SimpleNamespace(
        lines=pd.DataFrame({"service_id": ["r1", "r2"]}),
        stops=pd.DataFrame({"service": [0, 0, 0, 1, 1], "node": [0, 1, 3, 0, 1]}),
        routes=pd.DataFrame({"service": [0, 0, 0, 1], "link": [0, 1, 2, 0]}),
    ),
)
STOPS = ("stop:r1/0", "stop:r1/1", "stop:r1/1/arrived", "stop:r1/2/arrived", "stop:r2/0", "stop:r2/1/arrived")


def graph():
    """Both directions of each road are arcs 0 to 5, the rides 6 and 7 of r1 and 8 of r2."""
    rows = np.arange(6)
    roads = Arcs.of("road", rows % 3, rows % 3, 60, ref=np.repeat([0, 1, 2], 2))
    rides = Arcs.of("ride", np.array([6, 7, 10]), np.array([8, 9, 11]), 60, ref=np.array([0, 0, 1]))
    ids = [*(f"road:{n}" for n in range(6)), *STOPS]
    nodes = pd.DataFrame({"node_id": ids, "kind": "road", "lon": 10.0, "lat": 50.0})
    none = np.zeros(0, dtype=np.int64)
    return TimeGraph.of(
        nodes, Arcs.join([roads, rides]), origin=none, destination=none, definition="door_to_door"
    )


CANDIDATES = SimpleNamespace(
    table=pd.DataFrame({"candidate_id": ["new road", "express"]}),
    runs=pd.DataFrame({"candidate": [1, 1], "link": [1, 2]}),
)


def closing(name, rail=RAIL):
    finder = LinkFinder(graph(), ROADS, rail, CANDIDATES, CITIES)
    closure = finder.closures([name])[name]
    return closure.arcs.tolist(), closure.candidates


@pytest.mark.parametrize(
    ("name", "arcs", "candidates"),
    [
        ("G1", [0, 1, 2, 3], ()),
        ("East road", [0, 1, 2, 3], ()),
        ("G1: Alpha - Beta", [0, 1], ()),
        ("G1: Gamma - b", [2, 3], ()),
        ("new road", [], ("new road",)),
        ("main", [6, 7, 8], ("express",)),
        ("main: Alpha - Beta", [6, 8], ()),
        ("Main line: Beta - Gamma", [7], ("express",)),
        ("branch", [7], ("express",)),
        ("opened after 2021-06-29", [2, 3, 7], ("express",)),
        ("opened after 2021-06-30", [7], ("express",)),
        ("opened after 2022-12-31", [], ()),
    ],
)
def test_a_name_closes_what_it_names(name, arcs, candidates):
    assert closing(name) == (arcs, candidates)


def test_without_trains_roads_alone_close():
    assert closing("opened after 2021-06-29", rail=None) == ([2, 3], ())


def test_names_under_which_nothing_closes_are_all_told():
    finder = LinkFinder(graph(), ROADS, RAIL, CANDIDATES, CITIES)
    with pytest.raises(JobError) as caught:
        finder.closures(["G11", "G1: Alpha - Atlantis", "branch: Alpha - Beta", "G1"])
    assert [fault.split(";")[0] for fault in caught.value.faults] == [
        "'G11': nothing has this name",
        "'G1: Alpha - Atlantis': no city is called 'Atlantis'",
        "'branch: Alpha - Beta': nothing of it lies between these cities",
    ]

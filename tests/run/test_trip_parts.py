"""The time of a trip is split into parts that sum to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from networks.skims import Arcs, TimeGraph
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.table import Proposal, assemble
from optimiser.proposals.terrain import PLAIN
from optimiser.run.timing import PARTS, split_arcs, trip_parts

IDS = ("city:a", "city:b", "road:0", "road:1", "station:0", "station:1", "station:0/platforms",
       "stop:s/0", "stop:s/1", "stop:s/0/arrived", "stop:s/1/arrived")  # fmt: skip
START_S = 240


@pytest.fixture
def graph():
    """Centre a - station 0 - train - station 1 - centre b, and a slow road beside it."""
    row = {name: at for at, name in enumerate(IDS)}
    arcs = [
        ("access", "city:a", "station:0", 900),
        ("board", "station:0", "stop:s/0", 1500 + 1800 + START_S),
        ("board", "station:0/platforms", "stop:s/0", 1800 + START_S),
        ("ride", "stop:s/0", "stop:s/1/arrived", 3000),
        ("alight", "stop:s/1/arrived", "station:1", 300),
        ("egress", "station:1", "city:b", 600),
        ("connector", "city:a", "road:0", 60),
        ("road", "road:0", "road:1", 20_000),
        ("connector", "road:1", "city:b", 60),
    ]
    pieces = [
        Arcs.of(kind, np.array([row[tail]]), np.array([row[head]]), seconds)
        for kind, tail, head, seconds in arcs
    ]
    nodes = pd.DataFrame({"node_id": IDS, "kind": "any", "lon": 0.0, "lat": 0.0})
    ends = np.array([0, 1])
    return TimeGraph.of(nodes, Arcs.join(pieces), origin=ends, destination=ends, definition="door_to_door")


def candidates(*arcs):
    import shapely

    proposals = [
        Proposal(
            candidate_id="new",
            from_name="a",
            to_name="b",
            length_km=1.0,
            speed_kmh=100.0,
            standard="expressway-4",
            why="",
            geometry=shapely.LineString([(0, 0), (1, 0)]),
            arcs=arcs,
        )
    ]
    return assemble(proposals if arcs else [], builtin_cost_table(), PLAIN)


def parts_of(graph, found):
    parts = trip_parts(graph, found, np.array([[0, 1]]))[0]
    return {name: int(value) for name, value in zip(PARTS, parts, strict=True) if value}


def test_a_trip_by_train_is_split_into_access_check_in_wait_start_riding_and_alighting(graph):
    assert parts_of(graph, candidates()) == {
        "terminal": 1500,
        "check_in": 1500,
        "wait": 1800,
        "start": START_S,
        "riding": 3000,
        "alighting": 300,
    }


def test_more_trains_shorten_the_wait_alone(graph):
    more = (
        ("station:0", "stop:s/0", 1500 + 600 + START_S),
        ("station:0/platforms", "stop:s/0", 600 + START_S),
    )
    assert parts_of(graph, candidates(*more)) | {"wait": 1800} == parts_of(graph, candidates())


def test_a_new_road_is_driving(graph):
    assert parts_of(graph, candidates(("road:0", "road:1", 3600))) == {"terminal": 120, "driving": 3600}


def test_a_new_train_is_split_like_those_of_today(graph):
    new = (
        ("station:0", "new:new/0", 900 + 300 + START_S),
        ("station:0/platforms", "new:new/0", 300 + START_S),
        ("new:new/0", "new:new/1/arrived", 1000),
        ("new:new/1/arrived", "station:1", 300),
    )
    found = parts_of(graph, candidates(*new))
    assert (found["check_in"], found["wait"], found["riding"]) == (900, 300, 1000)


def test_parts_of_all_arcs_sum_to_their_seconds(graph):
    arcs = split_arcs(graph, candidates(("road:0", "road:1", 3600)))
    assert arcs.seconds.tolist() == [*graph.seconds.tolist(), 3600]


def test_arcs_through_the_halls_of_a_station_are_split_by_their_halls(graph):
    new = (
        ("station:0", "station:0/check-in-hsr", 1200),
        ("station:0/check-in-hsr", "new:new/0", 450 + START_S),
        ("new:new/0", "new:new/1/arrived", 1000),
        ("new:new/1/arrived", "station:1/arrivals", 1),
        ("station:1/arrivals", "station:1/platforms", 240),
        ("station:1/platforms", "new:new/2", START_S),
        ("new:new/2", "new:hub/out/1800/from", 500),
        ("new:hub/out/1800/from", "new:hub/out/1200-0/to", 900),
        ("new:hub/out/1200-0/to", "new:new/3/arrived", 400),
        ("new:new/3/arrived", "station:1", 300),
    )
    assert parts_of(graph, candidates(*new)) == {
        "terminal": 1500,
        "check_in": 1200,
        "wait": 450,
        "start": 2 * START_S,
        "riding": 1900,
        "transfer": 1141,
        "alighting": 300,
    }

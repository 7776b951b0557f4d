"""Check what is told of today beside each candidate."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network, proposal, railway, table
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra
from tiers import examples

from networks import intermodal, skims
from networks.intermodal import AccessParameters
from networks.skims import time_matrix
from optimiser.proposals import stations
from optimiser.proposals.connections import ConnectionRules, propose_timed_connections
from optimiser.proposals.evidence import with_evidence
from optimiser.proposals.generate import of_kind
from optimiser.proposals.roads import RoadRules
from optimiser.proposals.shortest_times import faster_of
from optimiser.proposals.table import number_arcs
from optimiser.proposals.trains import RailRules, Tracks


@pytest.fixture
def triangle():
    """Two cities 60 km apart by a primary road over a third place; a motorway stub at its end."""
    road = network(
        [(0, 0), (30, 30), (60, 0), (90, 0)],
        [(0, 1, "primary", 45, 50), (1, 2, "primary", 45, 50), (2, 3, "motorway", 30, 100)],
    )
    return base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (60, 0), 80_000, 2)]))


def evidence(base, *proposals):
    return with_evidence(base, table(*proposals), RoadRules().surroundings(base)).table


def test_a_road_between_cities_is_compared_with_the_trip_of_today(triangle):
    row = evidence(triangle, proposal("new", 0, 2, 2000, ends=("A", "B"))).iloc[0]
    assert row["today"] == "road: primary 90 km"
    assert int(row["today_s"]) == triangle.skim[0, 1]
    assert int(row["gain_s"]) == 2 * 3240 - 2000
    assert int(row["with_s"]) == int(row["today_s"]) - int(row["gain_s"])


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(10, 9_000)), min_size=1, max_size=4)
)
def test_the_time_with_a_candidate_is_that_in_the_whole_network_with_its_arcs(links):
    road = network(
        [(0, 0), (30, 30), (60, 0), (90, 0)],
        [(0, 1, "primary", 45, 50), (1, 2, "primary", 45, 50), (2, 3, "motorway", 30, 100)],
    )
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (60, 0), 80_000, 2)]))
    ends = ("A", "B")
    several = [proposal(f"c{at}", *link, ends=ends) for at, link in enumerate(links)]
    every = table(*several)
    found = with_evidence(base, every, RoadRules().surroundings(base)).table
    for row in range(len(every)):
        arcs = number_arcs(base.graph, every.take([row]).arcs)
        built = faster_of(base.times, time_matrix(arcs.count, arcs.tail, arcs.head, arcs.seconds))
        seconds = dijkstra(built, indices=base.graph.origin[0])[base.graph.destination[1]]
        assert int(found["with_s"].iloc[row]) == seconds


def test_a_road_between_other_places_is_compared_between_its_nodes(triangle):
    row = evidence(triangle, proposal("gap", 0, 1, 100, ends=("here", "there"))).iloc[0]
    assert (int(row["today_s"]), int(row["with_s"]), int(row["gain_s"])) == (3240, 100, 3140)


def test_without_a_way_of_today_there_is_no_gain():
    road = network([(0, 0), (60, 0)], [(0, 0, "primary", 1, 50)])
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (60, 0), 80_000, 1)]))
    row = evidence(base, proposal("new", 0, 1, 2000, ends=("A", "B"))).iloc[0]
    assert row["today"] == ""
    assert row[["today_s", "gain_s"]].isna().all()
    assert int(row["with_s"]) > 2000
    told = replace(proposal("new", 0, 1, 2000, ends=("A", "B")), today="train: A – B every 148 min")
    assert evidence(base, told).iloc[0]["today"] == "train: A – B every 148 min"


def test_what_serves_the_ends_goes_before_what_the_rule_tells(triangle):
    told = replace(proposal("new", 0, 2, 2000, ends=("A", "B")), today="train: A – B every 148 min")
    assert evidence(triangle, told).iloc[0]["today"] == "road: primary 90 km"


def test_a_train_of_today_is_named_by_its_stations_with_its_minutes():
    road = network([(0, 0), (150, 0)], [(0, 1, "primary", 150, 30)])
    tracks = network([(0, 0), (150, 0)], [(0, 1, "hsr250", 150, 250)], mode="rail")
    trains = railway(tracks, [("hsr250", 3600, [0, 1], [0, 2400])])
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (150, 0), 80_000, 1)]), trains)
    row = evidence(base, proposal("new", 0, 1, 90_000, ends=("A", "B"))).iloc[0]
    assert row["today"] == "train: n0 – n1 40 min"
    assert int(row["gain_s"]) == 0


def test_every_column_of_evidence_is_in_the_table(triangle):
    found = evidence(triangle, proposal("new", 0, 2, 2000))
    assert {"today", "today_s", "with_s", "gain_s", "town_share", "beside", "beside_share"} <= set(
        found.columns
    )
    assert found.columns[-1] == "geometry"


def test_measures_at_stations_are_compared_with_that_part_of_a_trip():
    # Two lines of 250 km/h meet at n1: trains every 20 and every 50 minutes, 25 minutes of check-in.
    china = AccessParameters.default("CN")
    road = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
    places = cities(
        road, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1), ("c", (200, 0), 80_000, 2)]
    )
    tracks = network(
        [(1, 1), (101, 1), (201, 1)], [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250)], "rail"
    )
    rail = railway(tracks, [("hsr250", 1200, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])])
    drawn = base_case(road, places, rail)
    graph = intermodal.join(road, rail, places, parameters=china)
    base = replace(drawn, graph=graph, skim=skims.travel_times(graph), access=china)
    rules, found = stations.StationRules(check_in_by_station=True), Tracks(base, RailRules())
    measures = [
        *stations.propose_check_in(found, rules, Counter()),
        *of_kind(
            "timed_transfer",
            propose_timed_connections(found, ConnectionRules(slack_s=36_000), [(0, 2)], Counter()),
        ),
    ]
    rows = evidence(base, *measures).set_index("candidate_id")[["today", "today_s", "with_s", "gain_s"]]
    assert rows.loc["check-in:1-n1"].tolist() == ["check-in 25 min", 1500, rules.check_in_hsr_s, 600]
    # From train to train today: out of the station and through check-in again, 5 + 25 + 0.4 x 25 minutes, and
    # 4 minutes once; then 15 and the 4.
    rides_s = 2 * 1700 + china.running.start_s
    assert rows.loc["timed-transfer:1-n1-0-1"].tolist() == [
        "train: n0 – n1 28 min, n1 – n2 28 min",
        rides_s + 300 + 1500 + 600,
        rides_s + 900,
        300 + 1500 + 600 - 900,
    ]


@pytest.mark.parametrize(("km", "said"), [(0.4, "way to the station"), (0.5, "road: primary 1 km")])
def test_roads_are_named_from_a_kilometre_on(km, said):
    """Two cities with a road of this length twice between them."""
    road = network([(0, 0), (km, 0), (2 * km, 0)], [(0, 1, "primary", km, 50), (1, 2, "primary", km, 50)])
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (2 * km, 0), 80_000, 2)]))
    row = evidence(base, proposal("new", 0, 2, 20, ends=("A", "B"))).iloc[0]
    assert row["today"].startswith(said)


def test_a_candidate_far_from_its_cities_has_no_ends(triangle):
    """Its names are no cities and its arcs no nodes of today; its line ends 10 km and 30 km from cities."""
    drawn = proposal("new", 0, 2, 2000, ends=("here", "there"))
    arcs = (("new:x", "new:y", 60), ("new:y", "new:x", 60))
    unknown = ("", "<NA>", "<NA>")
    for spots, known in (
        ([(0, 10), (60, 10)], True),
        ([(0, 16), (60, 10)], False),
        ([(0, 10), (60, 16)], False),
        ([(0, 10), (1, 10)], False),  # both ends lie beside one city
    ):
        line = shapely.LineString([(x * KM, y * KM) for x, y in spots])
        row = evidence(triangle, replace(drawn, arcs=arcs, geometry=line)).iloc[0]
        found = (row["today"], str(row["today_s"]), str(row["with_s"]))
        assert (found != unknown) == known
        if known:
            assert found == ("road: primary 90 km", *[str(triangle.skim[0, 1])] * 2)


def test_a_line_without_arcs_gains_nothing(triangle):
    bare = replace(proposal("gap", 0, 2, 20, ends=("A", "B"), kind="gap"), arcs=())
    gap = evidence(triangle, bare).iloc[0]
    assert (gap["today"], gap["town_share"]) == ("road: primary 90 km", pytest.approx(0.7, abs=0.4))
    assert gap["gain_s"] == 0


def test_the_three_largest_parts_of_a_way_are_named_and_the_others_added_up():
    links = [
        (k, k + 1, name, km, 50)
        for k, (name, km) in enumerate(
            (
                ("primary", 30),
                ("secondary", 8),
                ("tertiary", 20),
                ("trunk", 5),
                ("primary", 7),
                ("residential", 3),
            )
        )
    ]
    road = network([(10 * k, 0) for k in range(7)], links)
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (60, 0), 80_000, 6)]))
    row = evidence(base, proposal("new", 0, 6, 20, ends=("A", "B"))).iloc[0]
    assert row["today"] == "road: primary 37 km, tertiary 20 km, secondary 8 km, others 8 km"

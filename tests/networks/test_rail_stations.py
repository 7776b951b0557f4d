"""Test which stations are used, and where they are placed on the tracks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rail_drawing import draw, train
from tiers import examples

from networks import rail, schema
from networks.osm.elements import Member, Relation, point_id

SPOTS = {1: (0, 0), 2: (10, 0), 3: (20, 0), 4: (15, 0.5), 5: (15, 3), 6: (5, 0.05), 7: (0, 0.1), 8: (20, 0.1)}
LINE = [(7, [1, 2, 3], {"maxspeed": "200"})]
"""Two kilometres are about 1.8 units: point 4 lies 556 m beside the line, point 5 3.3 km, point 6 56 m."""


def names(built):
    nodes = built.network.nodes
    return sorted(nodes["name"][nodes["kind"] == "station"])


def test_a_station_in_the_middle_of_a_track_is_kept():
    built = rail.build(draw(SPOTS, LINE, stations={2: {"name": "B"}}))
    assert names(built) == ["B"]
    assert len(built.network.links) == 2


def test_a_station_beside_a_track_is_snapped_to_its_nearest_point():
    built = rail.build(draw(SPOTS, LINE, stations={4: {"name": "B"}}))
    point = built.network.nodes.geometry[built.stations["node"][0]]
    assert (point.x, point.y) == (pytest.approx(0.15), pytest.approx(0.0))
    assert built.stations["carried_m"][0] == pytest.approx(556, abs=1)
    assert built.report.stations_carried == 1


def test_a_station_without_a_track_nearby_is_reported():
    built = rail.build(draw(SPOTS, LINE, stations={5: {"name": "Far"}}))
    assert built.report.stations_unreached == ("Far",)
    assert built.report.stations == 0


@pytest.mark.parametrize(("key", "value"), [("station", "subway"), ("train", "no")])
def test_metro_stations_are_left_out(key, value):
    built = rail.build(draw(SPOTS, LINE, stations={2: {"name": "M", key: value}}))
    assert built.report.stations_left_out == {f"{key}={value}": 1}


def test_a_station_that_opened_later_is_left_out():
    elements = draw(SPOTS, LINE, stations={2: {"name": "New", "start_date": "2020"}})
    assert names(rail.build(elements, opened_by=date(2016, 3, 10))) == []
    assert names(rail.build(elements)) == ["New"]


def test_two_stations_at_one_point_are_merged_and_reported():
    spots = {**SPOTS, 9: (10, 0.02), 10: (10, 0.03)}
    built = rail.build(draw(spots, LINE, stations={9: {"name": "A"}, 10: {"name": "B"}}))
    assert names(built) == ["A"]
    assert built.report.stations_merged == ("B",)


def test_every_track_within_platform_distance_is_served():
    tracks = [*LINE, (8, [7, 8], {"maxspeed": "120"})]
    built = rail.build(draw(SPOTS, tracks, stations={6: {"name": "B"}}))
    assert len(built.stations["points"][0]) == 2


def test_a_stop_position_belongs_to_the_station_of_its_name():
    spots = {**SPOTS, 11: (10, 0.1), 12: (10, -0.3)}
    elements = draw(
        spots,
        LINE,
        stations={1: {"name": "A"}, 11: {"name": "Near"}, 12: {"name": "Right"}},
        stops={2: {"name": "Right"}},
        relations=[train(1, [1, 2])],
    )
    built = rail.build(elements)
    stop = built.services.stops["node"].iloc[1]
    assert built.network.nodes["name"][stop] == "Right"


def test_a_stop_position_far_from_stations_is_a_station_of_its_own():
    elements = draw(
        SPOTS, LINE, stations={1: {"name": "A"}}, stops={3: {"name": "C"}}, relations=[train(1, [1, 3])]
    )
    assert names(rail.build(elements)) == ["A", "C"]


@examples(25)
@given(st.lists(st.tuples(st.floats(0, 20), st.floats(-0.85, 0.85)), min_size=1, max_size=6))
def test_stations_within_the_limit_are_placed_on_a_track(places):
    spots = {1: (0, 0), 2: (10, 0), 3: (20, 0)} | {10 + i: place for i, place in enumerate(places)}
    built = rail.build(draw(spots, LINE, stations={10 + i: {"name": str(i)} for i in range(len(places))}))
    schema.check(built.network)
    assert built.report.stations == len(places)
    assert (built.network.nodes["kind"][built.stations["node"]] == "station").all()
    assert built.network.links["length_km"].sum() == pytest.approx(22.2639, abs=0.01)


def area(relation_id, members, **tags):
    """Draw a stop area with nodes and ways as members."""
    kinds = tuple(Member(kind, ref, "") for kind, ref in members)
    return Relation(relation_id, {"public_transport": "stop_area", **tags}, kinds)


def with_areas(*areas, stations, stops, relations):
    drawn = draw({**SPOTS, **FAR}, LINE, stations=stations, stops=stops, relations=relations)
    return rail.build(replace(drawn, stop_areas=areas))


FAR = {11: (10, 0.1), 12: (10, -0.3), 13: (12, 0), 14: (12.5, 0)}
"""11 and 12 lie 111 and 333 m beside the track; 13 and 14 on no track, within platform distance."""


def test_a_stop_belongs_to_the_station_of_its_stop_area():
    """Station 12 is farther from the stop 2 than station 11, and no name agrees."""
    stations = {1: {"name": "A"}, 11: {"name": "Near"}, 12: {"name": "Right"}}
    services = [train(1, [1, 2])]
    for areas, name in (((), "Near"), ((area(5, [("n", 12), ("n", 2)]),), "Right")):
        built = with_areas(*areas, stations=stations, stops={2: {}}, relations=services)
        assert built.network.nodes["name"][built.services.stops["node"].iloc[1]] == name


def test_the_name_of_a_stop_area_finds_the_station_of_its_stops():
    stations = {1: {"name": "A"}, 11: {"name": "Near"}, 12: {"name": "Right"}}
    built = with_areas(
        area(5, [("n", 2)], name="Right"), stations=stations, stops={2: {}}, relations=[train(1, [1, 2])]
    )
    assert built.network.nodes["name"][built.services.stops["node"].iloc[1]] == "Right"


def test_the_stops_of_a_stop_area_without_a_station_are_one_station():
    """Trains 1 and 2 stop at different platforms of C; without the area these are two stations."""
    services = [train(1, [1, 2]), train(2, [1, 13])]
    stops = {2: {"name": "C 1"}, 13: {"name": "C 2"}}
    built = with_areas(
        area(5, [("n", 2), ("n", 13)], name="C"), stations={1: {"name": "A"}}, stops=stops, relations=services
    )
    assert names(built) == ["A", "C"]
    assert sorted(built.stations["osm_id"]) == [point_id("r", 5), 1]
    apart = with_areas(stations={1: {"name": "A"}}, stops=stops, relations=services)
    assert names(apart) == ["A", "C 1", "C 2"]


def test_a_platform_that_is_a_relation_is_the_station_of_its_stop_area():
    members = (Member("n", 1, "platform"), Member("r", 70, "platform"))
    service = Relation(1, {"route": "train"}, members)
    stations = {1: {"name": "A"}, 3: {"name": "B"}}
    built = with_areas(area(5, [("n", 3), ("r", 70)]), stations=stations, stops={}, relations=[service])
    assert built.report.services_source == "relations"
    stops = built.network.nodes["name"][built.services.stops["node"]].tolist()
    assert stops == ["A", "B"]


@pytest.mark.parametrize(
    ("name", "areas", "left"),
    [("B", (), 1), ("Other", (area(5, [("n", 2), ("n", 11)]),), 1), ("Other", (), 2)],
)
def test_a_station_of_public_transport_that_is_one_of_railways_counts_once(name, areas, left):
    drawn = draw({**SPOTS, **FAR}, LINE, stations={2: {"name": "B"}, 11: {"name": name}})
    tags = ({"name": "B", "railway": "station"}, {"name": name, "public_transport": "station"})
    built = rail.build(replace(drawn, stations=replace(drawn.stations, tags=tags), stop_areas=areas))
    assert len(built.stations) == left
    assert built.report.stations_left_out == ({"mapped twice": 1} if left == 1 else {})

"""Test ferry durations: tagged with waiting time, or from the length of the crossing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road_drawing import draw

from networks import road
from networks.osm.elements import Member, Relation
from networks.osm.tags import carries_cars, duration_s

SHORE = {1: (121.0, 38.0), 2: (121.0, 38.09), 3: (121.0, 38.27), 4: (120.9, 38.0)}
ROAD = (9, (4, 1), {"highway": "primary"})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:45", 2700), ("1:30", 5400), ("26:00", 93600), ("00:10:30", 630), ("35", 2100), ("35 min", 2100),
        ("90 minutes", 5400), ("2 h", 7200), ("1.5 hours", 5400), ("PT1H30M", 5400), ("PT20M", 1200),
        ("P1DT2H", 93600), ("pt45s", 45), ("1:75", None), ("0", None), ("00:00", None), ("P", None),
        ("", None),
        ("soon", None), ("-5", None), ("9999", 599940), ("999:00", None),
    ],
)  # fmt: skip
def test_durations_are_parsed_to_seconds(text, seconds):
    assert duration_s(text) == seconds


@given(text=st.text())
def test_no_text_gives_a_duration_out_of_range(text):
    seconds = duration_s(text)
    assert seconds is None or 1 <= seconds <= 14 * 86400


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59))
def test_clock_and_iso_durations_agree(hours, minutes):
    assert duration_s(f"{hours:02d}:{minutes:02d}") == duration_s(f"PT{hours}H{minutes}M")


@pytest.mark.parametrize(
    ("tags", "carries"),
    [
        ({"foot": "yes"}, False), ({"foot": "yes", "bicycle": "yes"}, False), ({"foot": "no"}, True),
        ({"bicycle": "yes", "hgv": "yes"}, True), ({"foot": "yes", "motorcar": "yes"}, True),
        ({}, True), ({"motor_vehicle": "yes"}, True), ({"motor_vehicle": "no"}, False),
        ({"motorcar": "no"}, False),
        ({"motorcar": "yes", "motor_vehicle": "no"}, True), ({"access": "no"}, False),
        ({"access": "private", "motor_vehicle": "yes"}, True), ({"vehicle": "no"}, False),
        ({"access": "private"}, False), ({"ferry": "passenger"}, False), ({"access": "customers"}, True),
        ({"ferry": "passenger", "access": "yes"}, False), ({"ferry": "passenger", "motorcar": "yes"}, True),
    ],
)  # fmt: skip
def test_ferries_without_cars_are_recognised(tags, carries):
    assert carries_cars(tags) is carries


def test_waiting_time_is_added_to_a_tagged_duration():
    network, _ = road.build(draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry", "duration": "01:00"})]))
    (ferry,) = network.links[network.links["mode"] == "ferry"].itertuples()
    assert (ferry.forward_s, ferry.backward_s) == (3600 + 900, 3600 + 900)
    assert ferry.speed_source == "tag"
    assert ferry.speed_kmh == pytest.approx(ferry.length_km / 1.25)


def test_without_a_tagged_duration_the_time_follows_from_the_length():
    network, _ = road.build(draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry"})]))
    (ferry,) = network.links[network.links["mode"] == "ferry"].itertuples()
    assert ferry.length_km == pytest.approx(29.97, abs=0.01)
    assert ferry.speed_source == "table"
    assert ferry.forward_s == pytest.approx(29.97 / 20 * 3600 + 900, abs=2)


def test_the_time_of_a_ferry_with_intermediate_stops_is_shared_by_length():
    call = (6, (2, 4), {"highway": "primary"})
    network, _ = road.build(
        draw(SHORE, [ROAD, call], [(5, (1, 2, 3), {"route": "ferry", "duration": "01:00"})])
    )
    ferries = network.links[network.links["mode"] == "ferry"]
    assert sorted(ferries["forward_s"]) == [1200 + 900, 2400 + 900]


def ferry_times(ferries, roads=(ROAD,), relations=()):
    """Return the times of all ferry links, in order of way and of pieces along it."""
    elements = replace(draw(SHORE, roads, ferries), relations=tuple(relations))
    links = road.build(elements)[0].links
    return links.loc[links["mode"] == "ferry", "forward_s"].tolist()


def test_a_crossing_of_two_ways_waits_once():
    whole = ferry_times([(5, (1, 2, 3), {"route": "ferry"})])
    parts = ferry_times([(5, (1, 2), {"route": "ferry"}), (6, (2, 3), {"route": "ferry"})])
    assert sum(parts) == pytest.approx(sum(whole), abs=1)
    tagged = [
        (5, (1, 2), {"route": "ferry", "duration": "00:20"}),
        (6, (2, 3), {"route": "ferry", "duration": "00:40"}),
    ]
    assert sum(ferry_times(tagged)) == 3600 + 900


def test_a_short_ferry_waits_shortly_with_and_without_a_duration():
    near = {1: (121.0, 38.0), 2: (121.0, 38.000675), 4: (120.9, 38.0)}
    for tags, seconds in (({"duration": "00:05"}, 600), ({}, 34 + 300)):
        network, _ = road.build(draw(near, [ROAD], [(5, (1, 2), {"route": "ferry"} | tags)]))
        (ferry,) = network.links[network.links["mode"] == "ferry"].itertuples()
        assert ferry.forward_s == pytest.approx(seconds, abs=1)


def test_the_duration_of_a_relation_is_for_all_its_ways_without_their_own():
    relation = Relation(
        1, {"type": "route", "route": "ferry", "duration": "01:30"}, (Member("w", 5, ""), Member("w", 6, ""))
    )
    ways = [(5, (1, 2), {"route": "ferry"}), (6, (2, 3), {"route": "ferry"})]
    first, second = ferry_times(ways, relations=[relation])
    assert first + second == 5400 + 900
    assert second - 450 == pytest.approx(2 * (first - 450), abs=2)
    own = [(5, (1, 2), {"route": "ferry", "duration": "00:10"}), ways[1]]
    assert ferry_times(own, relations=[relation]) == [600 + 450, 5400 + 450]


def test_ferries_that_meet_at_sea_wait_half_at_each_shore():
    """From 1 and 4 (roads) to 3 over 2, where no road is."""
    west = (9, (4, 5), {"highway": "primary"})
    nodes = SHORE | {5: (120.8, 38.0)}
    ways = [(5, (1, 2), {"route": "ferry"}), (6, (4, 2), {"route": "ferry"}), (7, (2, 3), {"route": "ferry"})]
    network, _ = road.build(draw(nodes, [west, (8, (1, 5), {"highway": "primary"})], ways))
    ferries = network.links[network.links["mode"] == "ferry"]
    riding = (
        ferries["length_km"] / 20 * 3600
        if ferries["length_km"].sum() <= 30
        else ferries["length_km"] / 35 * 3600
    )
    waits = ferries["forward_s"] - riding
    assert waits.tolist() == pytest.approx([900, 900, 900], abs=1)


def test_a_shuttle_train_carries_cars():
    network, _ = road.build(
        draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "shuttle_train", "duration": "00:35"})])
    )
    (train,) = network.links[network.links["mode"] == "ferry"].itertuples()
    assert (train.link_class, train.forward_s) == ("shuttle_train", 35 * 60 + 1200)


@pytest.mark.parametrize("tags", [{"state": "proposed"}, {"disused": "yes"}, {"maxheight": "1.8"}])
def test_ferries_that_do_not_run_or_take_no_cars_of_usual_size_are_left_out(tags):
    network, _ = road.build(draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry"} | tags)]))
    assert set(network.links["mode"]) == {"road"}


def test_durations_that_cannot_be_parsed_and_unknown_access_are_counted():
    roads = [ROAD, (10, (4, 3), {"highway": "primary", "access": "foo"})]
    ways = [(5, (1, 2), {"route": "ferry", "duration": "soon"}), (6, (2, 3), {"route": "ferry"})]
    _, report = road.build(draw(SHORE, roads, ways))
    assert report.unread == {"access=foo": 1, "duration=soon": 1}


def test_the_duration_of_a_train_is_not_that_of_a_shuttle_on_its_tracks():
    trains = [Relation(1, {"route": "train", "duration": "05:00"}, (Member("w", 5, ""),))]
    (seconds,) = ferry_times([(5, (1, 2, 3), {"route": "shuttle_train"})], relations=trains)
    assert seconds == pytest.approx(29.97 / 50 * 3600 + 1200, abs=2)


def test_ferries_without_cars_are_dropped_and_counted():
    elements = draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry", "motor_vehicle": "no"})])
    network, report = road.build(elements)
    assert set(network.links["mode"]) == {"road"}
    assert report.dropped["ferry_without_cars"] == 1

"""Test ferry durations: tagged with waiting time, or from the length of the crossing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road_drawing import draw

from networks import road
from networks.road.ferries import carries_cars, duration_s

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
        ({}, True), ({"motor_vehicle": "yes"}, True), ({"motor_vehicle": "no"}, False),
        ({"motorcar": "no"}, False),
        ({"motorcar": "yes", "motor_vehicle": "no"}, True), ({"access": "no"}, False),
        ({"access": "private", "motor_vehicle": "yes"}, True), ({"vehicle": "no"}, False),
    ],
)  # fmt: skip
def test_ferries_without_cars_are_recognised(tags, carries):
    assert carries_cars(tags) is carries


def test_waiting_time_is_added_to_a_tagged_duration():
    network, _ = road.build(draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry", "duration": "01:00"})]))
    (ferry,) = network.links[network.links["mode"] == "ferry"].itertuples()
    assert (ferry.forward_s, ferry.backward_s) == (3600 + 1800, 3600 + 1800)
    assert ferry.speed_source == "tag"
    assert ferry.speed_kmh == pytest.approx(ferry.length_km / 1.5)


def test_without_a_tagged_duration_the_time_follows_from_the_length():
    network, _ = road.build(draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry"})]))
    (ferry,) = network.links[network.links["mode"] == "ferry"].itertuples()
    assert ferry.length_km == pytest.approx(29.97, abs=0.01)
    assert ferry.speed_source == "table"
    assert ferry.speed_kmh == pytest.approx(15, rel=1e-3)


def test_the_time_of_a_ferry_with_intermediate_stops_is_shared_by_length():
    call = (6, (2, 4), {"highway": "primary"})
    network, _ = road.build(
        draw(SHORE, [ROAD, call], [(5, (1, 2, 3), {"route": "ferry", "duration": "01:00"})])
    )
    ferries = network.links[network.links["mode"] == "ferry"]
    assert sorted(ferries["forward_s"]) == [1800, 3600]


def test_ferries_without_cars_are_dropped_and_counted():
    elements = draw(SHORE, [ROAD], [(5, (1, 2, 3), {"route": "ferry", "motor_vehicle": "no"})])
    network, report = road.build(elements)
    assert set(network.links["mode"]) == {"road"}
    assert report.dropped["ferry_without_cars"] == 1

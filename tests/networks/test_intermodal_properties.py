"""Test properties of travel times on random networks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from intermodal_drawing import PARAMETERS, cities, network, railway
from tiers import examples

from networks import skims
from networks.intermodal import AccessParameters, join
from networks.skims import UNREACHABLE

SIZE = 6
SPOTS = [(0.02 * i, 0.015 * (i % 3)) for i in range(SIZE)]
"""Positions at which some centres are near several stations, and some near none."""

rows = st.integers(0, SIZE - 1)
roads = st.lists(st.tuples(rows, rows, st.integers(-5000, 5000).filter(bool)), max_size=10)
runs = st.lists(st.tuples(rows, st.integers(1, 4000)), min_size=2, max_size=4, unique_by=lambda stop: stop[0])
trains = st.lists(st.tuples(st.sampled_from(["hsr350", "conv160"]), st.integers(60, 9000), runs), max_size=4)
placing = st.lists(st.integers(-1, SIZE - 1), min_size=SIZE, max_size=SIZE)


def draw_all(links, services, placed):
    road = network(SPOTS, [(a, b, s) for a, b, s in links if a != b], "road")
    rail = railway([(x + 0.03, y) for x, y in SPOTS], services)
    return road, rail, cities(SPOTS, placed)


def both(road, rail, places):
    return (
        skims.travel_times(join(road, rail, places, parameters=PARAMETERS, definition=definition))
        for definition in ("door_to_door", "in_vehicle")
    )


@examples(60)
@given(roads, trains, placing)
def test_in_vehicle_time_never_exceeds_door_to_door_time(links, services, placed):
    whole, inside = both(*draw_all(links, services, placed))
    assert (inside <= whole).all()


@examples(30)
@given(roads, trains, placing)
def test_both_definitions_reach_the_same_cities(links, services, placed):
    whole, inside = both(*draw_all(links, services, placed))
    assert np.array_equal(whole == UNREACHABLE, inside == UNREACHABLE)


@examples(30)
@given(roads, trains, placing)
def test_an_additional_train_makes_no_trip_slower(links, services, placed):
    road, rail, places = draw_all(links, services, placed)
    _, more, _ = draw_all(links, [*services, ("hsr350", 1200, [(0, 0), (3, 900)])], placed)
    assert (
        skims.travel_times(join(road, more, places)) <= skims.travel_times(join(road, rail, places))
    ).all()


@given(st.integers(1, 90000), st.sampled_from(["hsr350", "conv160"]))
def test_whatever_the_rule_no_wait_exceeds_half_the_headway_or_the_cap(headway, link_class):
    for country in ("world", "CN"):
        parameters = AccessParameters.default(country)
        most = min((headway + 1) // 2, 1800)
        assert parameters.wait_s(link_class=link_class, headway_s=headway) <= most
        assert parameters.change_wait_s(headway) == most

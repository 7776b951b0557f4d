"""Test travel times in whole seconds from lengths and speeds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from network_drawing import draw

from networks.impedance import add_travel_times, travel_time_s
from networks.schema import CLOSED


def fresh(*, oneway=False, mode="road", times=(0, 0), length_km=100.0, speed_kmh=90.0):
    network = draw([(0, 1, 1, CLOSED if oneway else 1)], count=2, modes=[mode])
    links = network.links.assign(
        length_km=length_km, speed_kmh=speed_kmh, forward_s=times[0], backward_s=times[1]
    )
    return network.replace(links=links)


def times(network):
    return network.links["forward_s"][0], network.links["backward_s"][0]


def test_time_is_length_divided_by_speed_in_both_directions():
    assert times(add_travel_times(fresh())) == (4000, 4000)


def test_a_one_way_link_is_closed_backward():
    assert times(add_travel_times(fresh(oneway=True))) == (4000, CLOSED)


def test_the_shortest_link_takes_one_second():
    assert times(add_travel_times(fresh(length_km=0.001))) == (1, 1)


def test_a_ferry_keeps_its_times():
    assert times(add_travel_times(fresh(mode="ferry", times=(7200, 7300)))) == (7200, 7300)


def test_a_ferry_without_times_is_computed_like_a_road():
    assert times(add_travel_times(fresh(mode="ferry"))) == (4000, 4000)


def test_times_of_a_road_are_recomputed():
    assert times(add_travel_times(fresh(times=(1, 1)))) == (4000, 4000)


def test_the_times_do_not_change_their_input():
    network = fresh()
    add_travel_times(network)
    assert times(network) == (0, 0)


@given(length=st.floats(1e-4, 1e4, allow_nan=False), speed=st.floats(5, 400), faster=st.floats(1, 3))
def test_a_higher_speed_never_takes_longer(length, speed, faster):
    slow, fast = travel_time_s(np.array([length, length]), np.array([speed, speed * faster]))
    assert 1 <= fast <= slow

"""Test travel times under both definitions on small networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intermodal_drawing import PARAMETERS, cities, network, railway, with_hourly_trains
from tiers import examples

from networks import skims
from networks.errors import SchemaError
from networks.intermodal import AccessParameters, ByTier, join
from networks.skims import ARC_KINDS, UNREACHABLE

A, B, C, D = (0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)
APART = [A, B, C, D]
NO_ROADS = network(APART, [], "road")
CHINA = AccessParameters.default("CN")
AT_STATIONS = cities(APART, [-1, -1, -1, -1])


def times(road, rail, places, definition, parameters=PARAMETERS):
    graph = join(road, rail, places, parameters=parameters, definition=definition)
    return skims.travel_times(graph)


def test_a_drive_consists_of_the_road_and_both_connectors():
    road = network(APART, [(0, 1, 1000), (1, 2, 500)], "road")
    skim = times(road, None, cities(APART[:3], [0, 1, 2]), "door_to_door")
    assert skim[0, 2] == 300 + 1500 + 300


def test_in_vehicle_time_of_a_drive_is_the_road_and_a_second_at_each_end():
    road = network(APART, [(0, 1, 1000), (1, 2, 500)], "road")
    skim = times(road, None, cities(APART[:3], [0, 1, 2]), "in_vehicle")
    assert skim[0, 2] == 1 + 1500 + 1


def test_a_one_way_road_is_used_in_one_direction():
    road = network(APART, [(0, 1, -1000)], "road")
    skim = times(road, None, cities(APART[:2], [0, 1]), "door_to_door")
    assert (skim[0, 1], skim[1, 0]) == (1600, UNREACHABLE)


def test_a_door_to_door_ride_includes_access_station_wait_run_and_egress():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")
    assert skim[0, 1] == 1200 + (1500 + 600 + 360) + 2000 + 300 + 1200


def test_a_conventional_train_needs_less_time_before_departure():
    rail = railway(APART, [("conv160", 1200, [(0, 0), (1, 2000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")
    assert skim[0, 1] == 1200 + (1200 + 600 + 360) + 2000 + 300 + 1200


def test_the_waiting_time_is_capped():
    rail = railway(APART, [("hsr350", 36000, [(0, 0), (1, 2000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")
    assert skim[0, 1] == 1200 + (1500 + 1800 + 360) + 2000 + 300 + 1200


def test_a_scheduled_train_counts_check_in_and_a_share_of_half_the_headway():
    scheduled = replace(PARAMETERS, waiting_hsr="scheduled")
    rail = railway(APART, [("hsr350", 3600, [(0, 0), (1, 2000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "door_to_door", scheduled)
    assert skim[0, 1] == 1200 + (1500 + 720 + 360) + 2000 + 300 + 1200


def test_the_rule_of_fast_trains_leaves_conventional_ones_alone():
    scheduled = replace(PARAMETERS, waiting_hsr="scheduled")
    assert scheduled.wait_s(link_class="conv160", headway_s=1201) == 601
    assert scheduled.wait_s(link_class="hsr350", headway_s=1201) == 241


def test_a_wait_at_a_change_is_real_whatever_the_rule():
    scheduled = replace(PARAMETERS, waiting_hsr="scheduled", schedule_weight=0.0)
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 600, [(1, 0), (2, 3000)])])
    whole = times(NO_ROADS, rail, AT_STATIONS, "door_to_door", scheduled)
    assert whole[0, 2] == 1200 + (1500 + 360) + 2000 + (1000 + 300 + 360) + 3000 + 300 + 1200


def test_a_country_without_figures_has_those_of_the_world():
    assert AccessParameters.default("KE") == AccessParameters.default()
    assert AccessParameters.default("cn").check_in_hsr_s == 1500
    assert AccessParameters.default().check_in_hsr_s == 600


def test_figures_that_are_given_take_the_place_of_the_table():
    given = {"check_in_hsr_s": 60, "terminal_small_s": 7, "wait_cap_s": None}
    found = AccessParameters.default("CN", given=given)
    assert (found.check_in_hsr_s, found.terminal.small, found.wait_cap_s) == (60, 7, 1800)


def test_intermediate_stops_take_time_and_end_stops_do_not():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000), (2, 3000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "in_vehicle")
    assert skim[0, 1] == 1 + 360 + 2000 + 1 + 1
    assert skim[0, 2] == 1 + 360 + 2000 + 600 + 3000 + 1 + 1


def test_a_service_runs_alike_in_both_directions():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000), (2, 3000)])])
    skim = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")
    assert np.array_equal(skim, skim.T)


def test_a_transfer_takes_its_time_and_the_second_wait_in_both_definitions():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 600, [(1, 0), (2, 3000)])])
    change = 1000 + 300 + 360
    inside = times(NO_ROADS, rail, AT_STATIONS, "in_vehicle")
    assert inside[0, 2] == 1 + 360 + 2000 + change + 3000 + 1 + 1
    whole = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")
    assert whole[0, 2] == 1200 + (1500 + 600 + 360) + 2000 + change + 3000 + 300 + 1200


def test_known_times_include_starting_and_their_own_stops():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000), (2, 3000)])], stop_s=120)
    assert times(NO_ROADS, rail, AT_STATIONS, "in_vehicle")[0, 2] == 1 + 1 + 5120 + 1 + 1
    whole = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")[0, 2]
    assert whole == 1200 + (1500 + 600) + 2000 + 120 + 3000 + 300 + 1200


def test_passengers_wait_for_the_first_of_several_trains_that_are_worth_it():
    pieces = [("hsr350", 3600, [(0, 0), (1, 2000)]), ("hsr350", 3600, [(0, 0), (1, 2200)])]
    rail = railway(APART, pieces, stop_s=0)
    whole = times(NO_ROADS, rail, AT_STATIONS, "door_to_door")[0, 1]
    assert whole == 1200 + (1500 + 900) + 2100 + 300 + 1200
    assert times(NO_ROADS, rail, AT_STATIONS, "in_vehicle")[0, 1] == 1 + 2100 + 1 + 1 + 1


def test_passengers_let_a_train_pass_that_is_too_slow():
    pieces = [("hsr350", 3600, [(0, 0), (1, 2000)]), ("hsr350", 3600, [(0, 0), (1, 9000)])]
    skim = times(NO_ROADS, railway(APART, pieces, stop_s=0), AT_STATIONS, "door_to_door")
    assert skim[0, 1] == 1200 + (1500 + 1800) + 2000 + 300 + 1200


def test_modelled_services_are_not_combined():
    pieces = [("hsr350", 3600, [(0, 0), (1, 2000)]), ("hsr350", 3600, [(0, 0), (1, 2200)])]
    skim = times(NO_ROADS, railway(APART, pieces), AT_STATIONS, "door_to_door")
    assert skim[0, 1] == 1200 + (1500 + 1800 + 360) + 2000 + 300 + 1200


def test_a_transfer_between_two_stations_of_a_city_is_by_road():
    near = (1.01, 0.0)
    rail = railway(
        [A, B, near, C], [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 600, [(2, 0), (3, 3000)])]
    )
    road = network([B, near], [(0, 1, 700)], "road")
    places = cities([A, C], [-1, -1])
    between = 300 + 240 + 700 + 240 + (1500 + 300 + 360)
    assert times(road, rail, places, "in_vehicle")[0, 1] == 1 + 360 + 2000 + between + 3000 + 1 + 1
    ends = 1200 + (1500 + 600 + 360) + 300 + 1200
    assert times(road, rail, places, "door_to_door")[0, 1] == ends + 2000 + between + 3000


def test_the_way_to_a_station_near_a_centre_counts_in_vehicles_by_its_distance():
    near = (0.04, 0.0)  # 4.448 km of 5 km, where the access takes 1,200 s
    rail = railway([near, C], [("hsr350", 1200, [(0, 0), (1, 2000)])])
    skim = times(NO_ROADS, rail, cities([A, C], [-1, -1]), "in_vehicle")
    assert skim[0, 1] == 1067 + 360 + 2000 + 1 + 1


@examples(40)
@given(
    st.sets(st.integers(1, 199), max_size=8),
    st.sampled_from([67.0, 134.0, 294.0]),
    st.sampled_from(["small", "secondary", "core"]),
    st.booleans(),
    st.booleans(),
)
def test_halts_never_make_a_trip_faster_in_vehicles(halts, speed_kmh, tier, by_road, by_mode):
    def fastest(positions):
        """Return the time over 200 km of straight line between two cities with stations at their centres."""
        spots = [(km / 111.195, 0.0) for km in positions]
        run_s = np.rint(np.diff(positions, prepend=0) / speed_kmh * 3600).astype(int).tolist()
        rail = railway(spots, [("hsr350", 1200, list(enumerate(run_s)))])
        ends = [spots[0], spots[-1]]
        places = cities(ends, [0, 1] if by_road else [-1, -1], tier=tier)
        wide = replace(PARAMETERS, centre_station_km=15.0)
        if by_mode:
            wide = replace(wide, centre_station=ByTier(None, None, None), modes=CHINA.modes)
        return times(network(ends, [], "road"), rail, places, "in_vehicle", wide)[0, 1]

    # Whole seconds: each of the hops and both ends may be rounded.
    assert fastest([0, *sorted(halts), 200]) >= fastest([0, 200]) - len(halts) - 3


def test_driving_to_a_distant_station_counts_as_in_vehicle_time():
    far = (0.5, 0.0)
    rail = railway([far, C], [("hsr350", 1200, [(0, 0), (1, 2000)])])
    road = network([A, far], [(0, 1, 900)], "road")
    skim = times(road, rail, cities([A, C], [0, -1]), "in_vehicle")
    assert skim[0, 1] == 1 + 900 + 1 + 360 + 2000 + 1 + 1


def test_access_to_a_station_is_the_faster_of_tier_time_and_road():
    rail = railway([A, B], [("hsr350", 1200, [(0, 0), (1, 2000)])])
    road = network([A, (0.001, 0.0)], [(0, 1, 60)], "road")
    by_tier = times(NO_ROADS, rail, cities([A, B], [-1, -1]), "door_to_door")[0, 1]
    by_road = times(road, rail, cities([A, B], [0, -1]), "door_to_door")[0, 1]
    assert by_tier - by_road == 1200 - (300 + 240)


@pytest.mark.parametrize(
    ("km", "tier", "seconds"),
    [
        (0.5, "small", 3600 * 1.3 * 0.5 / 4.8),  # on foot: 8 minutes
        (1.0, "small", 480 + 3600 * 1.3 * 1.0 / 25),  # by taxi: 11 minutes
        (5.0, "small", 480 + 3600 * 1.3 * 5.0 / 25),
        (12.0, "small", 480 + 3600 * 1.3 * 12.0 / 25),
        (5.0, "core", 480 + 3600 * 1.3 * 5.0 / 25),  # a metro of 33 km/h is as slow up to 5.3 km
        (12.0, "core", 720 + 3600 * 1.3 * 12.0 / 33),
    ],
)
def test_access_takes_the_fastest_mode_over_the_distance(km, tier, seconds):
    """Without residents around the centre the way is that from the centre."""
    assert CHINA.access_s(tier, km, 0)[0] == round(seconds)
    kmh = 4.8 if km < 1 else 33 if (km, tier) == (12.0, "core") else 25
    assert CHINA.access_s(tier, km, 0)[1] == round(3600 * 1.3 * km / kmh)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_way_to_a_station_is_the_mean_way_of_the_residents(share):
    """A million on a circle with a radius of 5.64 km, sampled; 6 % too long at the rim, at most."""
    (radius,) = CHINA.extents_km(pd.DataFrame({"population": [1_000_000]})).tolist()
    assert radius == pytest.approx(5.642, abs=0.001)
    angle, reach = np.meshgrid(
        np.linspace(0, 2 * np.pi, 400, endpoint=False), np.sqrt(np.linspace(0, 1, 801)[1::2])
    )
    exact = np.hypot(reach * np.cos(angle) - share, reach * np.sin(angle)).mean() * radius
    assert 1 <= CHINA.mean_km(share * radius, radius) / exact + 0.002 <= 1.065


def test_a_job_may_state_the_time_whatever_the_distance():
    stated = AccessParameters.default("CN", given={"centre_station_small_s": 1200})
    assert stated.access_s("small", 7.5, 2.0) == (1200, 600)
    assert stated.access_s("secondary", 7.5, 5.0) == CHINA.access_s("secondary", 7.5, 5.0)


def test_a_town_is_as_wide_as_its_table_says_else_as_its_residents_need():
    towns = pd.DataFrame({"population": [10_000, 10_000], "extent_km": [3.0, np.nan]})
    assert CHINA.extents_km(towns).tolist() == pytest.approx([3.0, np.sqrt(1 / np.pi)])


def test_services_assumed_from_tracks_run_through_stations():
    pieces = [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 1200, [(1, 0), (2, 3000)])]
    skim = times(NO_ROADS, railway(APART, pieces, headway_source="tracks"), AT_STATIONS, "in_vehicle")
    assert skim[0, 2] == 1 + 360 + 2000 + 600 + 3000 + 1 + 1


def test_a_city_without_road_and_train_is_unreachable():
    rail = railway([A, B], [("hsr350", 1200, [(0, 0), (1, 2000)])])
    assert times(NO_ROADS, rail, AT_STATIONS, "door_to_door")[0, 3] == UNREACHABLE


def test_a_station_far_from_any_road_gets_no_connector():
    rail = railway([(0.0, 1.0), C], [("hsr350", 1200, [(0, 0), (1, 2000)])])
    road = network([A, B], [(0, 1, 900)], "road")
    skim = times(road, rail, cities([A, C], [0, -1]), "door_to_door")
    assert skim[0, 1] == UNREACHABLE


def test_missing_road_times_are_rejected():
    road = network(APART, [(0, 1, 0)], "road")
    with pytest.raises(SchemaError, match=r"1 link\(s\) have no travel time yet"):
        join(road, None, cities(APART[:2], [0, 1]))


def test_cities_snapped_to_another_network_are_rejected():
    road = network(APART[:2], [(0, 1, 5)], "road")
    with pytest.raises(SchemaError, match="City 1 is snapped to a missing road node"):
        join(road, None, cities(APART[:2], [0, 9]))


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_node_ids_are_unique_and_every_arc_takes_at_least_a_second(definition):
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 600, [(1, 0), (2, 0)])])
    free = replace(PARAMETERS, alight_s=0, transfer_s=0)
    graph = join(NO_ROADS, rail, AT_STATIONS, parameters=free, definition=definition)
    assert graph.nodes["node_id"].is_unique
    assert graph.seconds.min() >= 1
    assert graph.tail.dtype == graph.head.dtype == graph.seconds.dtype == np.int64


def test_train_arcs_refer_to_the_row_of_their_service():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)]), ("hsr350", 600, [(1, 0), (2, 3000)])])
    graph = join(NO_ROADS, rail, AT_STATIONS, parameters=PARAMETERS)
    kinds = np.array(ARC_KINDS)[graph.kind]
    assert set(graph.ref[np.isin(kinds, ["ride", "board", "alight"])]) == {0, 1}
    assert set(graph.ref[np.isin(kinds, ["access", "egress", "transfer", "connector"])]) == {-1}


def test_boarding_takes_check_in_the_wait_and_the_time_once_a_ride():
    rail = railway(APART, [("hsr350", 1200, [(0, 0), (1, 2000)])])
    graph = join(NO_ROADS, rail, AT_STATIONS, parameters=PARAMETERS)
    board = graph.seconds[graph.kind == ARC_KINDS.index("board")]
    assert set(board) == {600 + 360, PARAMETERS.change_s(headway_s=1200)}
    assert PARAMETERS.board_s(link_class="hsr350", headway_s=1200) == 1500 + 600 + 360
    check_in = graph.seconds[graph.kind == ARC_KINDS.index("check_in")]
    assert set(check_in) == {1500, 1200}


# ---- a timetable

# Trains of 30 minutes between A and B leave on the hour; passengers arrive 25 minutes before, and those of
# every ten minutes from 6 to 20 o'clock wait 35, 25, 15, 5, 55 and 45 minutes, which count 30 at most.
LEGS = [("hsr350", 3600, [(0, 0), (1, 1800)]), ("hsr350", 3600, [(1, 0), (2, 1500)])]
WAIT_S = 60 * (14 * (30 + 25 + 15 + 5 + 30 + 30) + 30) / 85


@pytest.mark.parametrize(("leaves", "between_min"), [(50, 20), (47, 17), (46, 76)])
def test_a_change_in_a_timetable_takes_what_its_trains_take(leaves, between_min):
    """A change takes 16:40 minutes at least: from the train at half past, that of 46 is missed by 40 s.

    Without the timetable it takes 46:40, or 25 + 5 minutes and the wait for those who leave the station and
    check in again; neither is there beside one. On the way back the trains of A leave 35 minutes later.
    """
    rail = with_hourly_trains(railway(APART[:3], LEGS, stop_s=0), [(0, 0), (leaves, 0)])
    places = cities(APART[:3], [-1, -1, -1])
    out_s, back_s = 1800 + 60 * between_min + 1500, 1500 + 60 * 35 + 1800
    ride_s = (out_s + back_s) / 2
    found = times(NO_ROADS, rail, places, "door_to_door")
    assert found[0, 2] == found[2, 0] == round(2400 + 1500 + WAIT_S + ride_s + 300)
    assert found[0, 1] == round(2400 + 1500 + WAIT_S + 1800 + 300)
    inside = times(NO_ROADS, rail, places, "in_vehicle")
    assert inside[0, 2] == pytest.approx(1 + 1 + ride_s + 1 + 1, abs=1)


def test_a_station_far_from_all_cities_joins_trains_as_the_model_does():
    """B has no city. D, which a road joins to C, is reached by a change there, half a headway at most."""
    legs = [*LEGS, ("hsr350", 3600, [(2, 0), (3, 1200)])]
    rail = with_hourly_trains(railway(APART, legs, stop_s=0), [(0, 0), (50, 0), (0, 0)])
    far = (D[0] + 0.1, 0.0)
    road = network([*APART, far], [(4, 3, 900)], "road")
    found = times(road, rail, cities([A, C, far], [0, 2, 4]), "door_to_door")
    mean_s = round(1200 + 1500 + WAIT_S + (2 * 3300 + 60 * (20 + 35)) / 2)
    exit_s = 300 + 240 + 900 + 300
    assert found[0, 2] == mean_s + PARAMETERS.transfer_s + 1800 + 1200 + exit_s


def test_one_way_trains_and_rare_ones_keep_their_headway():
    """No train comes back, so that the times are no means: half of 32 hours counts 30 minutes."""
    rail = with_hourly_trains(railway(APART[:2], [("hsr350", 3600, [(0, 0), (1, 1800)])], stop_s=0), [(0, 0)])
    services = rail.services
    calls = services.calls[(services.calls["trip"] == services.calls["trip"].min())]
    lines = services.lines.assign(headway_s=115_200)
    rail = replace(rail, services=replace(services, calls=calls, lines=lines))
    found = times(NO_ROADS, rail, cities(APART[:2], [-1, -1]), "door_to_door")
    assert found[0, 1] == found[1, 0] == 2400 + 1500 + 1800 + 1800 + 300

"""Check new trains against the trains of today, laid out by the network side."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, four_in_line, network, proposal, railway, with_arcs
from intermodal_drawing import with_hourly_trains

from networks import intermodal
from networks.intermodal import AccessParameters
from networks.rail import RailBuild
from networks.schema import Network
from networks.skims import ARC_KINDS
from optimiser.proposals import pruning, rail, services
from optimiser.proposals.base_case import NEW
from optimiser.proposals.costs import Alignments
from optimiser.proposals.generate import Kind, Rules, generate
from optimiser.proposals.pruning import loads
from optimiser.proposals.services import PatternRules
from optimiser.proposals.terrain import MOUNTAIN, PLAIN, TerrainPolygons
from optimiser.proposals.trains import RailRules, Stop, Tracks, Train, TrainTimes, train_arcs

ROAD, PLACES = four_in_line()
TRACKS = network(
    [(1, 1), (101, 1), (201, 1), (301, 1)],
    [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250), (2, 3, "rail", 100, 120)],
    "rail",
)
LINES = [("hsr250", 1200, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])]


ALL_LINES = RailRules(line_least_pairs=0)
"""Rules by which lines are proposed whose track brings no pair within the limit."""


def tracks_of(drawn, rules=RailRules()):  # noqa: B008
    return Tracks(drawn, rules)


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_a_new_train_takes_what_the_same_train_takes_today(definition):
    running = ("hsr250", 2400, [0, 1, 2, 3], [0, 1500, 1600, 1800])
    before = base_case(ROAD, PLACES, railway(TRACKS, LINES), definition=definition)
    after = base_case(ROAD, PLACES, railway(TRACKS, [*LINES, running]), definition=definition)
    added = train_arcs(
        "x",
        [Stop(f"station:{row}") for row in running[2]],
        running[3][1:],
        Train("hsr250", 2400, 1800),
        TrainTimes(before.access, before.door_to_door),
    )
    assert (with_arcs(before.graph, added) == after.skim).all()
    assert (after.skim < before.skim).any()


def test_new_roads_beside_a_timetable_serve_those_who_have_left_a_train_too():
    rail = with_hourly_trains(railway(TRACKS, [("hsr250", 3600, [0, 1], [0, 1800])]), [(0, 0)])
    drawn = base_case(ROAD, PLACES, rail)
    tails = {tail for tail, _, _ in drawn.two_way_road_arcs([("road:0", "road:1", 60)])}
    assert tails == {"road:0", "road:1", "road:0/after", "road:1/after"} <= set(drawn.node_ids)


def test_a_new_train_meets_those_of_a_timetable_by_half_its_headway_and_theirs():
    """Passengers of either one wait half the headway of the other one, and board no other train."""
    rail = with_hourly_trains(railway(TRACKS, [("hsr250", 3600, [0, 1], [0, 1800])]), [(0, 0)])
    drawn = base_case(ROAD, PLACES, rail)
    tracks, access = tracks_of(drawn), drawn.access
    added = train_arcs(
        "x", [tracks.stop(city, city) for city in (1, 2)], [1200], Train("hsr250", 3600, 1800), tracks.times
    )
    found = with_arcs(drawn.graph, added)
    way_s = [int(tracks.reach_s[city, city]) for city in range(3)]
    change_s, ride_s = access.transfer_s + 1800, access.running.start_s + 1200
    assert found[0, 2] == drawn.skim[0, 1] - way_s[1] + change_s + ride_s + way_s[2]
    ((_, _, _, run_s),) = tracks.together.values()
    board_s, change_s = access.board_s(link_class="hsr250", headway_s=3600), 1800
    to_b_s = way_s[2] + board_s + 1200 + access.transfer_s
    assert found[2, 0] == to_b_s + change_s + run_s + access.alight_s + way_s[0]


def test_two_new_trains_meet_at_a_new_station():
    drawn = base_case(ROAD, PLACES, None)
    tracks = tracks_of(drawn)
    stops = [tracks.stop(city, None) for city in range(3)]
    train = Train("hsr250", 3600, 1800)
    added = [
        *train_arcs("x", stops[:2], [900], train, tracks.times),
        *train_arcs("y", stops[1:], [900], train, tracks.times),
    ]
    access = drawn.access
    board, change = access.board_s(link_class="hsr250", headway_s=3600), access.change_s(headway_s=3600)
    # New stations lie at the edges of the towns.
    edges = {city: float(drawn.extents_km[city]) for city in (0, 2)}
    ends = access.alight_s + sum(
        access.access_s(drawn.tiers[city], edge, edge)[0] for city, edge in edges.items()
    )
    changing = min(access.transfer_s + change, access.alight_s + board)
    expected = ends + board + 900 + changing + 900
    assert with_arcs(drawn.graph, added)[0, 2] == expected


def test_trains_needed_are_a_round_trip_over_the_headway():
    assert Train("hsr250", 3600, 1800).sets(5400) == 4
    assert Train("hsr250", 3600, 1800).sets(5401) == 5


def test_a_new_line_runs_on_to_the_nearest_core_city():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    found = list(rail.propose_lines(tracks_of(drawn, ALL_LINES), [(1, 3)], Counter()))
    assert [p.candidate_id for p in found] == ["rail-new:b-d"]
    assert "run on to A" in found[0].why
    assert f"{NEW}rail-new:b-d/0" in {arc[0] for arc in found[0].arcs}


def test_a_new_line_that_is_no_faster_is_counted_and_left_out():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    report = Counter()
    assert list(rail.propose_lines(tracks_of(drawn, RailRules(time_ratio=0.01)), [(1, 3)], report)) == []
    assert list(report.values()) == [1]


def test_no_line_is_built_beside_tracks_that_are_as_fast():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    report = Counter()
    rules = RailRules(time_ratio=1.2)
    found = list(rail.propose_lines(tracks_of(drawn, rules), [(0, 1)], report))
    assert found == []
    assert report == {"rail_link: today's tracks are nearly as fast": 1}


def test_slow_tracks_are_upgraded_and_fast_ones_are_not():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    found = rail.propose_upgrades(tracks_of(drawn), [(0, 1), (2, 3)], Counter())
    assert [(p.candidate_id, p.length_km, p.standard) for p in found] == [
        ("rail-upgrade:c-d", 100.0, "rail-160")
    ]


def test_a_through_service_runs_where_one_changes_today():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    rules = RailRules(service_headway_s=1800, service_end_tiers=("core", "secondary"))
    found = services.propose_through_services(tracks_of(drawn, rules), Counter())
    assert [p.candidate_id for p in found] == ["rail-service:a-c"]


@pytest.mark.parametrize(
    ("headway_s", "found", "count"), [(7201, ["rail-service:a-c"], 0), (7200, [], 1), (14_400, [], 1)]
)
def test_no_through_service_is_proposed_where_as_many_direct_trains_run(headway_s, found, count):
    # The direct trains of today are slow: they stop nowhere else, and take four hours. Two services of one
    # train every four hours are as many as one every two.
    direct = ("conv160", headway_s, [0, 2], [0, 14_400])
    lines = [*LINES, direct] + ([direct] if headway_s == 14_400 else [])
    drawn = base_case(ROAD, PLACES, railway(TRACKS, lines))
    left_out = Counter()
    rules = RailRules(service_gain_s=-(10**6))
    proposed = [p.candidate_id for p in services.propose_through_services(tracks_of(drawn, rules), left_out)]
    assert [name for name in proposed if name == "rail-service:a-c"] == found
    # A-B and B-C have their own trains every 20 and 50 minutes.
    assert left_out["rail_service: as many direct trains run today"] == 2 + count


def test_more_trains_shorten_the_wait_and_nothing_else():
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES))
    rules = RailRules(frequency_least_s=2400, frequency_headway_s=1200)
    found = list(services.propose_more_trains(tracks_of(drawn, rules), Counter()))
    assert [p.candidate_id for p in found] == ["rail-frequency:s1"]
    after = base_case(ROAD, PLACES, railway(TRACKS, [LINES[0], ("hsr250", 1200, *LINES[1][2:])]))
    assert (with_arcs(drawn.graph, found[0].arcs) == after.skim).all()


def test_the_trains_of_all_patterns_between_two_stations_count_before_more_are_proposed():
    pattern = ("hsr250", 4800, *LINES[1][2:])
    rules, left_out = RailRules(frequency_least_s=2400, frequency_headway_s=1200), Counter()
    counted = railway(TRACKS, [pattern, pattern])
    counted.services.lines["known_times"] = True
    drawn = base_case(ROAD, PLACES, counted)
    assert list(services.propose_more_trains(tracks_of(drawn, rules), left_out)) == []
    assert left_out == {"rail_frequency: a train every 40 min already": 2}


def test_more_trains_of_a_pattern_that_stands_in_the_graph_with_others_alone():
    # In vehicles, two patterns between the same stations are one ride of their mean time: 2,000 and 2,400 s.
    lines = [("hsr250", 3000, [0, 1], [0, 2000]), ("hsr250", 3000, [0, 1], [0, 2400])]
    running = railway(TRACKS, lines)
    running.services.lines["known_times"] = True
    drawn = base_case(ROAD, PLACES, running, definition="in_vehicle")
    assert not (drawn.graph.ref[drawn.graph.kind == ARC_KINDS.index("board")] >= 0).any()
    rules = RailRules(frequency_least_s=1000, frequency_headway_s=900)
    found = {p.candidate_id: p for p in services.propose_more_trains(tracks_of(drawn, rules), Counter())}
    assert set(found) == {"rail-frequency:s0", "rail-frequency:s1"}
    gained = drawn.skim - with_arcs(drawn.graph, found["rail-frequency:s0"].arcs)
    assert gained[0, 1] == gained[1, 0] == 200
    assert (with_arcs(drawn.graph, found["rail-frequency:s1"].arcs) == drawn.skim).all()


def test_without_railways_there_are_no_services():
    drawn = base_case(ROAD, PLACES, None)
    assert list(services.propose_more_trains(tracks_of(drawn), Counter())) == []


def test_the_drawn_railway_is_what_the_network_side_reads():
    drawn = railway(TRACKS, LINES)
    assert isinstance(drawn, RailBuild)
    assert isinstance(drawn.network, Network)
    assert intermodal.join(ROAD, drawn, PLACES).definition == "door_to_door"


def two_stations(first, second):
    """Return the four cities, the first with two stations; tracks run from each to `b` in km at 100 km/h."""
    spots = [(1, 1), (3, 3), (101, 1)]
    tracks = network(spots, [(0, 2, "rail", first, 100), (1, 2, "rail", second, 100)], "rail")
    lines = [("conv160", 3600, [0, 2], [0, 3600]), ("conv160", 3600, [1, 2], [0, 3600])]
    return tracks_of(base_case(ROAD, PLACES, railway(tracks, lines)))


@pytest.mark.parametrize(("first", "second", "start", "km"), [(100, 120, 0, 100.0), (130, 110, 1, 110.0)])
def test_the_best_path_between_cities_is_the_fastest_between_any_of_their_stations(first, second, start, km):
    tracks = two_stations(first, second)
    assert sorted(tracks.stations[0]) == [0, 1]
    path = tracks.best_path(0, 1)
    assert (path.nodes, path.length_km) == ((start, 2), km)
    assert tracks.fastest_s(0, 1) == tracks.run_s(start, 2) < tracks.run_s(1 - start, 2)
    assert tracks.best_path(0, 3) is None
    assert tracks.fastest_s(0, 3) == math.inf


# ---- trains by hand


def instant(**changes):
    """Return times at stations under which nothing takes any time."""
    access = AccessParameters.default("CN")
    running = dataclasses.replace(access.running, start_s=0)
    nothing = dict.fromkeys(("check_in_hsr_s", "check_in_conv_s", "wait_cap_s", "alight_s", "transfer_s"), 0)
    return dataclasses.replace(access, running=running, **(nothing | changes))


@pytest.mark.parametrize("door_to_door", [True, False])
def test_no_step_at_a_station_takes_less_than_a_second(door_to_door):
    times = TrainTimes(instant(), door_to_door)
    arcs = [
        *times.station_arcs("station:0", "aboard", "arrived", Train("hsr250", 3600, 1800)),
        *times.new_station_arcs("station:0"),
    ]
    assert {seconds for *_, seconds in arcs} == {1}
    assert len(arcs) == (7 if door_to_door else 9)


def test_a_step_at_a_station_takes_its_own_time():
    access = instant(alight_s=7, check_in_hsr_s=11, check_in_conv_s=13, transfer_s=17)
    arcs = [
        *TrainTimes(access, door_to_door=True).station_arcs("s", "on", "off", Train("hsr250", 3600, 1800)),
        *TrainTimes(access, door_to_door=True).new_station_arcs("s"),
    ]
    assert sorted(seconds for *_, seconds in arcs) == sorted([1, 1, 1, 7, 11, 13, 16])


def test_running_times_and_rides_are_rounded_to_seconds():
    access = AccessParameters.default("CN")
    times, running = TrainTimes(access, door_to_door=True), access.running
    assert times.run_s(100.0, 250.0) == round(100.0 / (running.factor * 250.0) * 3600)
    assert times.run_s(0.0, 250.0) == 1
    assert times.ride_s([100, 200, 300]) == 600 + running.start_s + 2 * running.stop_s
    assert times.ride_s([100]) == 100 + running.start_s
    headway = {"link_class": "hsr250", "headway_s": 3600}
    assert times.station_s(*headway.values()) == access.board_s(**headway) - running.start_s + access.alight_s
    assert TrainTimes(access, door_to_door=False).station_s("hsr250", 3600) == 0


def test_trains_a_day_and_their_km_count_whole_trains_in_both_directions():
    rules = RailRules()
    assert [rules.train_class(kmh) for kmh in (179.9, 180.0)] == ["conv160", "hsr250"]
    hourly = Train("hsr250", 3600, 1800)
    assert hourly.a_day(16.0) == 16
    assert hourly.km_a_day(100.0, 16.0) == 3200.0


def test_a_path_of_a_few_metres_takes_a_second():
    tracks = two_stations(0.001, 200)
    path = tracks.best_path(0, 1)
    assert (path.run_s, tracks.upgraded_run_s(path, 300.0)) == (1, 1)


def test_a_path_counts_its_slow_km_and_its_parts():
    spots = [(1, 1), (50, 1), (101, 1)]
    rows = [(0, 1, "rail", 49, 120), (1, 2, "rail", 51, 160)]
    lines = [("conv160", 3600, [0, 2], [0, 3600])]
    tracks = tracks_of(base_case(ROAD, PLACES, railway(network(spots, rows, "rail"), lines)))
    path = tracks.path(0, 2)
    assert (path.nodes, path.links, path.length_km, path.slow_km) == ((0, 1, 2), (0, 1), 100.0, 49.0)
    assert tracks.run_between(path, 0, 1) + tracks.run_between(path, 1, 2) == pytest.approx(path.run_s, abs=1)
    assert tracks.run_between(path, 0, 1) == tracks.times.run_s(49.0, 120.0)
    assert tracks.fast_links(path, 160.0) == (1,)
    assert tracks.fast_links(path, 160.1) == ()
    faster = tracks.times.run_s(49.0, 160.0) + tracks.times.run_s(51.0, 160.0)
    assert tracks.upgraded_run_s(path, 160.0) == pytest.approx(faster, abs=1)
    assert tracks.upgraded_run_s(path, 100.0) == path.run_s
    assert tracks.path(2, 0).nodes == (2, 1, 0)


# ---- what runs today


def today(rules=RailRules()):  # noqa: B008
    """Return the tracks of A to D with fast trains from A to B and from B to C."""
    return tracks_of(base_case(ROAD, PLACES, railway(TRACKS, LINES)), rules)


def test_todays_best_train_counts_without_stations_and_the_first_wait():
    """Half of 20 minutes counts by four tenths, 240 s; starting takes 240 s; a change costs 1,740 s more."""
    tracks = today()
    assert tracks.best_service_s(0, 1) == tracks.best_service_s(1, 0) == 240 + 1700 + 240
    assert tracks.best_service_s(0, 2) == 2180 + 1740 + 1700
    assert tracks.best_service_s(0, 3) is None
    assert [tracks.ride_today_s(*pair) for pair in ((0, 1), (0, 3), (2, 3))] == [2180, 21_600, 7200]
    assert tracks.today_s(0, 1) == 1080 + 1700 + 300
    assert tracks.today_s(0, 2) == 6520


def test_stations_have_their_trains_of_a_day_and_the_time_from_each_city():
    tracks = today()
    assert (tracks.fronts, tracks.stations) == ([0, 1, 2, 3], [[0], [1], [2], [3]])
    assert dict(tracks.trains) == {0: 1, 1: 2, 2: 1}
    assert [tracks.trains_a_day(row) for row in range(4)] == [48.0, 48.0 + 19.2, 19.2, 0.0]
    assert tracks.reach_s[0].tolist() == [1721, 4801, 8241, 16_483]
    assert [tracks.station_name(row) for row in range(4)] == ["n0", "n1", "n2", "n3"]
    assert tracks.places[1] == pytest.approx((101 * KM, 1 * KM))


@pytest.mark.parametrize(
    ("city", "most_s", "count", "rows"),
    [
        (0, 5000, 2, [0, 1]),
        (0, 4801, 2, [0, 1]),
        (0, 4800, 2, [0]),
        (0, 99_999, 1, [0]),
        (1, 99_999, 2, [1, 0]),
        (3, 5000, 2, []),  # no train stops at the station of D
        (3, 99_999, 3, [2, 1, 0]),
    ],
)
def test_without_a_station_nearby_those_with_trains_that_are_reached_soonest_count(city, most_s, count, rows):
    tracks = today(RailRules(station_km=0.5))
    assert tracks.stations == [[]] * 4
    assert tracks.reached_stations(city, most_s, count) == rows
    assert today().reached_stations(city, 0, 0) == [city]


@pytest.mark.parametrize(
    ("pair", "headway_s", "runs"),
    [
        ((0, 1), 1200, True),
        ((0, 1), 1199, False),
        ((1, 2), 3000, True),
        ((1, 2), 1200, False),
        ((0, 2), 99_999, False),
    ],
)
def test_direct_trains_of_today_count_where_they_call_at_both_ends(pair, headway_s, runs):
    assert today().runs_today(pair, pair, headway_s) == runs
    assert today().runs_today((3, 3), pair, headway_s) == runs  # the new stations count as well


def test_runs_over_todays_tracks_name_each_link_once_with_trains_and_class():
    tracks = today()
    assert tracks.runs_over([2, 0, 2], "hsr250", 8) == ((2, 8, True), (0, 8, True))
    assert tracks.runs_over([1], "conv160", 3) == ((1, 3, False),)
    assert tracks.routes == {0: [0], 1: [1]}
    assert tracks.ends[2].tolist() == [2, 3]
    assert tracks.link_s[2] == pytest.approx(100 / (0.8 * 120) * 3600)


def test_without_railways_nothing_runs():
    tracks = tracks_of(base_case(ROAD, PLACES, None))
    assert (tracks.trains_a_day(0), tracks.routes, dict(tracks.trains), tracks.fronts) == (
        0.0,
        {},
        {},
        [],
    )
    assert (tracks.stations, tracks.best_service_s(0, 1)) == ([[]] * 4, None)
    assert tracks.ride_today_s(0, 1) == 7200


@pytest.mark.parametrize(
    ("count", "calls"), [(0, [0, 3]), (1, [0, 1, 3]), (2, [0, 1, 2, 3]), (9, [0, 1, 2, 3])]
)
def test_a_train_calls_on_the_way_at_the_largest_cities_with_most_trains(count, calls):
    """B and C are secondary cities; two services call at B and one at C."""
    tracks = today()
    path = tracks.path(0, 3)
    found, runs_s = services.calls_on_the_way(tracks, (0, 3), path, count)
    assert found == tuple((city, city) for city in calls)
    of_link = [450 * 1.0 / 0.8 * 3.2, 450 * 1.0 / 0.8 * 3.2, 3750.0]
    assert runs_s == tuple(round(sum(of_link[a:b])) for a, b in itertools.pairwise(calls))


@pytest.mark.parametrize(("onward_s", "reaches"), [(1800, True), (1799, False)])
def test_a_train_runs_on_to_the_nearest_core_city_that_is_no_end_of_the_line(onward_s, reaches):
    tracks = today(RailRules(onward_s=onward_s))
    found = rail.onward_run(tracks, (1, 3), 1, 1)
    assert (found is not None) == reaches
    if found is not None:
        assert (found[0], found[1].nodes, found[1].run_s) == (0, (1, 0), 1800)
    assert rail.onward_run(tracks, (0, 1), 1, 1) is None  # A is an end of the line
    assert rail.onward_run(tracks, (1, 3), 1, None) is None
    assert rail.onward_run(tracks, (0, 3), 0, 0) is None


def test_no_train_runs_on_past_the_other_end_of_its_line():
    """From D the tracks to A lead by B, where the train comes from."""
    tracks = today(RailRules(onward_s=9000))
    assert tracks.run_s(3, 0) == 1800 + 1800 + 3750
    assert rail.onward_run(tracks, (2, 3), 3, 3) is None
    assert rail.onward_run(tracks, (1, 3), 3, 3) is None


def test_trains_run_on_to_a_core_city_at_one_end_alone():
    """B and C both have tracks to A; those from B are shorter."""
    spots = [(1, 1), (101, 1), (1, 131)]
    tracks = network(spots, [(0, 1, "rail", 100, 160), (0, 2, "rail", 130, 160)], "rail")
    places = cities(
        ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1), ("c", (0, 130), 800_000, 2)]
    )
    running = [("conv160", 3600, [0, 1], [0, 2900]), ("conv160", 3600, [0, 2], [0, 3700])]
    drawn = base_case(ROAD, places, railway(tracks, running))
    for pair in ((1, 2), (2, 1)):
        (found,) = rail.propose_lines(tracks_of(drawn, ALL_LINES), [pair], Counter())
        assert found.runs == ((0, 16, True),)
        assert len({tail for tail, _, _ in found.arcs if tail.startswith("station:")}) == 2 * 3
        run_km = 100 + found.length_km
        assert found.train_km_a_day == pytest.approx(2 * 16 * run_km)


# ---- what a line gives


def test_trains_of_a_new_line_slow_down_over_a_ridge_and_near_a_core_city():
    """A ridge takes a quarter of the way from B to D; the first 10 of 200 km from A are near its centre."""
    tracks = today()
    ridge = TerrainPolygons((shapely.box(150 * KM, -1, 200 * KM, 1),), (MOUNTAIN,), "drawn")
    for design_kmh, ground, kmh in (
        (350.0, PLAIN, 350.0),
        (350.0, ridge, 1 / (0.75 / 350 + 0.25 / 250)),
        (200.0, ridge, 200.0),
    ):
        line = tracks.base.straight_line(1, 3)
        assert rail.running_kmh(tracks, line, design_kmh, ground) == pytest.approx(kmh)
    near_core = 1 / (0.05 / 160 + 0.95 / 350)
    from_a = tracks.base.straight_line(0, 2)
    assert rail.running_kmh(tracks, from_a, 350.0, PLAIN) == pytest.approx(near_core)
    every = today(ALL_LINES)
    alignments = [Alignments(every.base, ground) for ground in (PLAIN, ridge)]
    lines = [next(rail.propose_lines(every, [(1, 3)], Counter(), by=by)) for by in alignments]
    runs_s = [max(s for tail, head, s in one.arcs if tail == f"{NEW}rail-new:b-d/1") for one in lines]
    km = lines[0].length_km
    assert runs_s == [round(km / 0.8 / kmh * 3600) for kmh in (350.0, 1 / (0.75 / 350 + 0.25 / 250))]
    assert [one.speed_kmh for one in lines] == [350.0, 350.0]


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_times_with_new_arcs_are_those_of_the_whole_graph(definition):
    drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES), definition=definition)
    tracks = tracks_of(drawn)
    for rows, runs_s in (([0, 3], [5000]), ([1, 2, 3], [900, 1100]), ([3, 1], [10_000])):
        stops = [tracks.stop(row, row) for row in rows]
        arcs = train_arcs("x", stops, runs_s, Train("hsr250", 3600, 1800), tracks.times)
        found = np.minimum(drawn.skim, drawn.skim_with(arcs)[0])
        np.fill_diagonal(found, 0)
        assert (found == with_arcs(drawn.graph, arcs)).all()


def test_a_line_is_proposed_for_two_pairs_that_its_track_alone_brings_within_the_limit():
    """Trains of the line from C to D run on to A; on today's tracks they take 3,750 s from C to D."""
    pair, usual = (2, 3), base_case(ROAD, PLACES, railway(TRACKS, LINES))
    (line,) = rail.propose_lines(tracks_of(usual, ALL_LINES), [pair], Counter())
    run_s = tracks_of(usual).times.run_s(line.length_km, 250.0)
    same = tuple((tail, head, 3750 if seconds == run_s else seconds) for tail, head, seconds in line.arcs)
    line_s, trains_s = (with_arcs(usual.graph, arcs) for arcs in (line.arcs, same))
    seen = set()
    for limit_s in range(4000, 22_000, 500):
        brought = (line_s <= limit_s + 1200) & (trains_s > limit_s) & (line_s < trains_s)
        count, left_out = int(np.triu(brought, 1).sum()), Counter()
        drawn = base_case(ROAD, PLACES, railway(TRACKS, LINES), limit_s=limit_s)
        found = list(rail.propose_lines(tracks_of(drawn), [pair], left_out))
        assert [bool(found), left_out.total()] == [count >= 2, int(count < 2)]
        seen.add(count)
    assert {0, 1, 2} <= seen


# ---- how full trains are


def two_cities(every_s=10**9):
    """Return A and D, 300 km apart, with as many km of track and slow trains, hardly any where not stated."""
    tracks = network([(0, 0), (300, 0)], [(0, 1, "rail", 300, 160)], "rail")
    road = network([(0, 0), (300, 0)], [(0, 1, "primary", 300, 50)])
    places = cities(road, [("a", (0, 0), 9_000_000, 0), ("d", (300, 0), 90_000, 1)])
    lines = [("conv120", every_s, [0, 1], [0, 15_000])]
    return base_case(road, places, railway(tracks, lines), limit_s=14_400)


def express(tracks, calls=((0, 0), (1, 1)), runs_s=(6750,)):
    return tracks.direct_train(
        "x",
        calls,
        runs_s,
        [0],
        length_km=300.0,
        headway_s=7200,
        standard="running-small",
        why="drawn",
        geometry=shapely.LineString([(0, 0), (1, 0)]),
    )


def load(tracks, one):
    """Return trips a day and share of seats of a train beside those of today alone."""
    return loads(tracks, [one])[one]


def test_trains_are_as_full_as_the_trips_of_the_pairs_that_they_make_faster():
    """All of 9.09 million people travel between the two: 16 trains a day have 8,960 seats."""
    tracks = tracks_of(two_cities())
    given = express(tracks)
    trips = 2.5 * 9_090_000 / 365
    assert given.seats_a_day == 16 * 560
    assert load(tracks, given) == (round(trips), pytest.approx(trips / 8960, rel=1e-3))


def test_direct_trains_of_today_take_their_share():
    """Four slow trains a day and direction run beside the eight new ones."""
    tracks = tracks_of(two_cities(14_400))
    assert tracks.direct_a_day.tolist() == [[4.0, 4.0], [4.0, 4.0]]
    trips = 2.5 * 9_090_000 / 365 * 8 / 12
    assert load(tracks, express(tracks)) == (round(trips), pytest.approx(trips / 8960, rel=1e-3))


def test_who_rides_a_part_of_the_way_fills_a_part_of_the_seats():
    """The train goes on for 200 km beyond B, where nobody lives: a third of the seat-km can be filled."""
    places = cities(ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1)])
    tracks = network(
        [(0, 0), (100, 0), (300, 0)], [(0, 1, "rail", 100, 160), (1, 2, "rail", 200, 160)], "rail"
    )
    running = railway(tracks, [("conv120", 3600, [1, 2], [0, 9000])])
    tracks = tracks_of(base_case(ROAD, places, running))
    stops = [(0, 0), (1, 1), (1, 2)]
    given = express(tracks, stops, [2250, 4500])
    trips = 2.5 * 9_900_000 / 365
    assert load(tracks, given) == (round(trips), pytest.approx(trips / 8960 / 3, rel=1e-3))


@pytest.mark.parametrize(("least", "to", "share"), [(0.25, "E", 0.5), (0.25, "D", 1.0), (9.0, "E", 1.0)])
def test_a_train_shares_with_more_useful_ones_of_other_ends_that_fill_enough(least, to, share):
    """A second train on the way of the first one is half as full, unless it joins the same ends."""
    tracks = tracks_of(two_cities(), RailRules(least_load=least))
    first = express(tracks)
    second = replace(first, candidate_id="y", to_name=to)
    found = loads(tracks, [first, second])
    trips, filled = load(tracks, first)
    assert found == {
        first: (trips, filled),
        second: (round(share * trips), pytest.approx(share * filled, rel=1e-4)),
    }


def test_of_alternatives_of_the_same_ends_each_shares_with_the_others_on_its_way():
    """The third joins the ends of the first and shares with the second; without it, it is as the first."""
    tracks = tracks_of(two_cities(), RailRules(least_load=0.0))
    first = express(tracks)
    second, third = replace(first, candidate_id="y", to_name="E"), replace(first, candidate_id="z")
    trips, filled = load(tracks, first)
    shares = [one[1] / filled for one in loads(tracks, [first, second, third]).values()]
    assert shares == pytest.approx([1.0, 0.5, 0.5], rel=1e-4)
    assert loads(tracks, [first, third]) == {first: (trips, filled), third: (trips, filled)}


@pytest.mark.parametrize(("most", "kept"), [(0, 0), (2**25, 1)])
def test_the_trips_of_very_many_trains_are_not_kept_for_other_limits(most, kept, monkeypatch):
    monkeypatch.setattr(pruning, "_MOST_KEPT", most)
    tracks = tracks_of(two_cities(), RailRules(least_load=0.25))
    first = express(tracks)
    found = loads(tracks, [first])
    assert sum(key[0] == "ridership" for key in tracks.base.known if isinstance(key, tuple)) == kept
    assert found == {first: load(tracks, first)}


@pytest.mark.parametrize(("per_person", "kept"), [(0.0899, 0), (0.09, 1)])
def test_trains_whose_seats_stay_empty_are_left_out_and_counted(per_person, kept):
    """A quarter of 8,960 seats are 2,240 trips a day: 0.08995 a year by each of 9.09 million people."""
    rules = Rules(
        rail=RailRules(trips_per_person=per_person),
        patterns=PatternRules(express_calls=(0,)),
        kinds=("express_service",),
    )
    found = generate(two_cities(), rules=rules)
    assert found.table["trips_a_day"].tolist() == [2241] * kept
    assert found.table["seats_a_day"].tolist() == [8960] * kept
    assert found.table["seats_filled"].tolist() == pytest.approx([2241 / 8960] * kept, abs=1e-4)
    reason = "express_service: its trains fill under 25 % of their seats"
    assert found.report.get(reason, 0) == 1 - kept


@pytest.mark.parametrize(("km", "kept"), [(2.82, True), (2.83, False)])
def test_a_line_is_left_out_whose_track_saves_less_time_than_it_costs(km, kept):
    """A million hours a year at 41 CNY for 30 years at 6 % are worth 564.4 million CNY: 2.822 km of 200."""
    drawn = two_cities()
    line = replace(
        proposal("x", 0, 1, 600, kind="line"), cost=None, standard="rail-250", length_km=km, saved_hours=1e6
    )
    kinds = {"line": Kind(mode="road", propose=lambda _: [line])}
    for value, left in ((41e-6, kept), (None, True)):
        rules = Rules(rail=RailRules(value_of_time=value), kinds=(), further=kinds)
        found = generate(drawn, rules=rules)
        assert found.table["candidate_id"].tolist() == ["x"] * left
        why = "line: time saved by it is worth under 100 % of its cost"
        assert found.report.get(why, 0) == 1 - left


# ---- patterns whose trains add up


def known(lines):
    """Return a railway whose trains have times of a timetable."""
    running = railway(TRACKS, lines)
    running.services.lines["known_times"] = True
    return running


@pytest.mark.parametrize(
    ("stops", "between", "added"),
    [([1, 2], ("n1 and n2", 40), 24), ([0, 1, 2], ("n0 and n1", 80), 36)],
)
def test_more_trains_of_a_pattern_shorten_the_wait_for_all_direct_trains_together(stops, between, added):
    """Two patterns with a train every 80 minutes each join the ends; one of them calls at B on the way.

    Most people travel between A and B, where 36 trains a day more than 12 make one every 20 minutes.
    """
    runs_s = [0] + [1700] * (len(stops) - 1)
    one = ("hsr250", 4800, [stops[0], stops[-1]], [0, sum(runs_s)])
    drawn = base_case(ROAD, PLACES, known([one, ("hsr250", 4800, stops, runs_s)]))
    rules = RailRules(frequency_least_s=2000, frequency_headway_s=1200)
    found = {p.candidate_id: p for p in services.propose_more_trains(tracks_of(drawn, rules), Counter())}
    more = found["rail-frequency:s1"]
    assert more.why.endswith(f"{between[0]} have a direct train every 20 min instead of {between[1]}")
    assert more.today == f"train: {between[0].replace(' and ', ' – ')} every {between[1]} min"
    assert {trains for _, trains, _ in more.runs} == {added}
    run_km = pytest.approx(2 * added * more.length_km)
    assert (more.seats_a_day, more.train_km_a_day) == (2 * added * 560, run_km)
    often = ("hsr250", 57_600 // (12 + added), stops, runs_s)
    after = base_case(ROAD, PLACES, known([one, often]))
    assert (with_arcs(drawn.graph, more.arcs) == after.skim).all()
    assert (after.skim < drawn.skim).any()


def test_slower_trains_shorten_the_wait_by_less_than_they_lengthen_the_ride():
    """Together every 40 minutes in 1,700 s; a pattern of 1,800 s more often makes the mean ride 50 s longer.

    Its 24 trains more a day join 24: the wait before the first train falls by 240 s, the mean ride rises from
    1,750 to 1,775 s.
    """
    lines = [("hsr250", 4800, [1, 2], [0, 1700]), ("hsr250", 4800, [1, 2], [0, 1800])]
    drawn = base_case(ROAD, PLACES, known(lines))
    rules = RailRules(frequency_least_s=2000, frequency_headway_s=1200)
    found = {p.candidate_id: p for p in services.propose_more_trains(tracks_of(drawn, rules), Counter())}
    gained = drawn.skim - with_arcs(drawn.graph, found["rail-frequency:s1"].arcs)
    assert gained[1, 2] == gained[2, 1] == 240 - 25


def test_a_train_takes_a_second_at_least_without_its_stations():
    """Check-in for slow trains takes less than that of the fast ones with which rides are compared."""
    tracks = tracks_of(base_case(ROAD, PLACES, railway(TRACKS, [("conv160", 60, [0, 1], [0, 1])])))
    assert tracks.best_service_s(0, 1) == 1


def test_trains_between_two_stations_of_one_city_are_no_trains_to_another():
    spots = [(1, 1), (3, 3), (101, 1)]
    tracks = network(spots, [(0, 1, "rail", 4, 100), (1, 2, "rail", 100, 100)], "rail")
    for stops, runs in (([0, 1], False), ([1, 2], True)):
        today_s = [("conv160", 3600, stops, [0, 3600])]
        found = tracks_of(base_case(ROAD, PLACES, railway(tracks, today_s)))
        assert sorted(found.stations[0]) == [0, 1]
        assert found.runs_today((0, 1), (0, 2), 3600) == runs


@pytest.mark.parametrize(("headway_s", "trainsets"), [(1250, 1), (2400, 4)])
def test_more_trains_take_one_trainset_at_least(headway_s, trainsets):
    """A round trip takes 2 x (3,260 + 240 + 1,800) s: nine trainsets for a train every 20 minutes."""
    running = [("hsr250", headway_s, [0, 1], [0, 3260])]
    rules = RailRules(frequency_least_s=1200, frequency_headway_s=1200)
    drawn = base_case(ROAD, PLACES, railway(TRACKS, running))
    (found,) = services.propose_more_trains(tracks_of(drawn, rules), Counter())
    assert found.trainsets == trainsets
    a_day = 16 * 3600 * (1 / 1200 - 1 / headway_s)
    assert found.runs == ((0, math.ceil(round(a_day, 6)), True),)
    assert found.train_km_a_day == pytest.approx(2 * a_day * found.length_km)

"""Check new trains against the trains of today, laid out by the network side."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter

import pytest
from candidates_drawing import KM, base_case, four_in_line, network, railway, with_arcs

from networks import intermodal
from networks.intermodal import AccessParameters
from networks.rail import RailBuild
from networks.schema import Network
from networks.skims import ARC_KINDS
from optimiser.proposals import rail, services
from optimiser.proposals.base_case import NEW
from optimiser.proposals.trains import RailRules, Stop, Tracks, Train, TrainTimes, train_arcs

ROAD, PLACES = four_in_line()
TRACKS = network(
    [(1, 1), (101, 1), (201, 1), (301, 1)],
    [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250), (2, 3, "rail", 100, 120)],
    "rail",
)
LINES = [("hsr250", 1200, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])]


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
    found = list(rail.propose_lines(tracks_of(drawn), [(1, 3)], Counter()))
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

"""Check further stopping patterns, new stations and express trains on a drawn line."""

from __future__ import annotations

from collections import Counter

import pytest
import shapely
from candidates_drawing import base_case, cities, network, railway, with_arcs

from optimiser.proposals import services, stations
from optimiser.proposals.base_case import NEW, great_circle_km
from optimiser.proposals.generate import generate
from optimiser.proposals.services import PatternRules
from optimiser.proposals.trains import RailRules, Tracks

ROAD = network(
    [(0, 0), (100, 0), (200, 0), (300, 0)],
    [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50), (2, 3, "primary", 100, 50)],
)
PLACES = cities(
    ROAD,
    [
        ("a", (0, 0), 9_000_000, 0),
        ("b", (100, 0), 900_000, 1),
        ("c", (200, 0), 80_000, 2),
        ("d", (300, 0), 70_000, 3),
    ],
)
TRACKS = network(
    [(1, 1), (101, 1), (201, 1), (301, 1)],
    [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250), (2, 3, "rail", 100, 250)],
    "rail",
)
LINES = [("hsr250", 1200, [0, 3], [0, 5100]), ("hsr250", 3600, [0, 1, 2, 3], [0, 1700, 1700, 1700])]
RARE = [("hsr250", 9000, [0, 1, 2, 3], [0, 1700, 1700, 1700])]
"""Direct trains, but fewer than an express would run."""


def tracks_of(lines=LINES, definition="door_to_door"):
    return Tracks(base_case(ROAD, PLACES, railway(TRACKS, lines), definition=definition), RailRules())


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_a_further_stop_is_a_train_of_its_own_pattern_and_slows_nobody(definition):
    tracks = tracks_of(definition=definition)
    found = {one.to_name: one for one in stations.propose_extra_stops(tracks, PatternRules(), Counter())}
    assert set(found) == {"n1 station", "n2 station"}
    after = tracks_of([*LINES, ("hsr250", 2400, [0, 1, 3], [0, 1700, 3400])], definition).base.skim
    added = with_arcs(tracks.base.graph, found["n1 station"].arcs)
    assert (added == after).all()
    assert (added <= tracks.base.skim).all()


def test_trains_that_pass_too_seldom_are_counted():
    left_out: Counter[str] = Counter()
    found = stations.propose_extra_stops(tracks_of(), PatternRules(stop_most_s=2000), left_out)
    assert list(found) == []
    assert left_out == {"extra_stop: too few trains pass": 2}


def test_express_trains_run_with_each_number_of_calls_that_differs():
    tracks = tracks_of(RARE)
    rules = PatternRules(express_slack_s=100_000)
    found = list(services.propose_express_services(tracks, rules, [(0, 3)], Counter()))
    assert [one.candidate_id for one in found] == ["express:a-d-0", "express:a-d-1", "express:a-d-2"]
    assert [one.standard for one in found] == ["running-small"] * 3
    running = [("hsr250", 7200, [0, 3], [0, tracks.path(0, 3).run_s])]
    after = tracks_of([*RARE, *running]).base.skim
    assert (with_arcs(tracks.base.graph, found[0].arcs) == after).all()


def test_an_express_that_leaves_its_ends_beyond_the_limit_is_counted():
    left_out: Counter[str] = Counter()
    found = services.propose_express_services(tracks_of(RARE), PatternRules(), [(0, 3)], left_out)
    assert list(found) == []
    assert left_out == {"express_service: its ends stay beyond the limit": 3}


def test_no_express_is_proposed_where_as_many_direct_trains_run():
    left_out: Counter[str] = Counter()
    rules = PatternRules(express_slack_s=100_000)
    assert list(services.propose_express_services(tracks_of(), rules, [(0, 3)], left_out)) == []
    assert left_out == {"express_service: as many direct trains run today": 1}


def test_a_city_that_trains_pass_gets_a_station():
    tracks = tracks_of(LINES[:1])
    found = list(stations.propose_stations(tracks, PatternRules(), Counter()))
    assert {one.candidate_id for one in found} == {"station:b-s0", "station:c-s0"}
    after = with_arcs(tracks.base.graph, found[0].arcs)
    access = tracks.base.access
    ride = access.board_s(link_class="hsr250", headway_s=2400) + 1700 + access.alight_s
    km = float(great_circle_km(*tracks.places[1], tracks.base.lon[1], tracks.base.lat[1]))
    ways = int(tracks.reach_s[0, 0]) + access.access_s("secondary", km, float(tracks.base.extents_km[1]))[0]
    assert after[0, 1] == ways + ride
    assert len({one.candidate_id for one in found}) == len(found)


def test_express_trains_come_priced_with_everything_else():
    slow = ("hsr250", 9000, [0, 1, 2, 3], [0, 2300, 2300, 2300])
    drawn = base_case(ROAD, PLACES, railway(TRACKS, [slow]), limit_s=11_500)
    kinds = set(generate(drawn).table["kind"])
    assert "express_service" in kinds


@pytest.mark.parametrize("share", [1, 2])
def test_a_further_stop_splits_the_leg_where_the_station_lies(share):
    """The fast train takes 5,100 s over three links of 1,800 s each at its own speed."""
    tracks = tracks_of(LINES[:1])
    found = list(stations.propose_extra_stops(tracks, PatternRules(stop_share=share), Counter()))
    assert [one.candidate_id for one in found] == ["extra-stop:s0-1", "extra-stop:s0-2"]
    for one, first in zip(found, (1700, 3400), strict=True):
        name = f"{NEW}{one.candidate_id}"
        rides = {(tail, head): seconds for tail, head, seconds in one.arcs}
        assert rides[f"{name}/0", f"{name}/1/arrived"] == first
        assert rides[f"{name}/1", f"{name}/2/arrived"] == 5100 - first
        assert rides[f"{name}/1/arrived", f"{name}/1"] == tracks.base.access.running.stop_s
        assert (one.trainsets, one.units, one.length_km, one.speed_kmh) == (1, 1.0, 0.0, 0.0)
        assert one.runs == tuple((link, 48 // share, True) for link in range(3))
        assert one.why.startswith(f"line 0: a train every {20 * share} min stops at")
        assert shapely.get_coordinates(one.geometry).shape == (3, 2)
    assert [one.from_name for one in found] == ["B", "C"]


@pytest.mark.parametrize(("headway_s", "trainsets"), [(600, 1), (599, 2), (300, 2), (299, 3)])
def test_trains_that_stop_more_take_trainsets_for_the_time_of_a_round_trip(headway_s, trainsets):
    """A stop takes 300 s each way."""
    tracks = tracks_of([("hsr250", headway_s, [0, 3], [0, 5100])])
    found = list(stations.propose_extra_stops(tracks, PatternRules(stop_share=1), Counter()))
    assert {one.trainsets for one in found} == {trainsets}


def test_a_leg_of_two_seconds_is_split_in_seconds():
    tracks = tracks_of([("hsr250", 1200, [0, 3], [0, 2])])
    found = list(stations.propose_extra_stops(tracks, PatternRules(), Counter()))
    rides = [seconds for one in found for tail, head, seconds in one.arcs if tail.endswith("/0")]
    assert {seconds for seconds in rides if seconds < 100} == {1}


@pytest.mark.parametrize(("most_s", "count"), [(2400, 2), (2399, 0)])
def test_trains_that_pass_as_often_as_asked_may_stop(most_s, count):
    report: Counter[str] = Counter()
    rules = PatternRules(stop_most_s=most_s)
    assert len(list(stations.propose_extra_stops(tracks_of(LINES[:1]), rules, report))) == count
    assert report == ({} if count else {"extra_stop: too few trains pass": 2})
    report = Counter()
    assert len(list(stations.propose_stations(tracks_of(LINES[:1]), rules, report))) == count
    assert report == ({} if count else {"station: too few trains pass": 1})


def test_where_every_city_has_trains_there_are_no_new_stations():
    report: Counter[str] = Counter()
    assert list(stations.propose_stations(tracks_of(), PatternRules(), report)) == []
    assert report == {"station: every city has a station with trains": 1}
    near = PatternRules(new_station_km=1.41)
    assert list(stations.propose_stations(tracks_of(LINES[:1]), near, Counter())) == []
    assert (
        len(
            list(
                stations.propose_stations(tracks_of(LINES[:1]), PatternRules(new_station_km=1.43), Counter())
            )
        )
        == 2
    )


def test_reasons_of_express_trains_are_counted_for_each_pair():
    report: Counter[str] = Counter()
    rules = PatternRules(express_least_km=150.0)
    found = services.propose_express_services(tracks_of(RARE), rules, [(0, 1), (1, 2), (0, 3)], report)
    assert list(found) == []
    assert report == {
        "express_service: ends closer than 150 km": 2,
        "express_service: its ends stay beyond the limit": 3,
    }


@pytest.mark.parametrize("slack_s", [0, -1])
def test_an_express_is_within_the_limit_and_the_slack_to_the_second(slack_s):
    rules = PatternRules(express_slack_s=100_000, express_calls=(0,))
    tracks = tracks_of(RARE)
    (express,) = services.propose_express_services(tracks, rules, [(0, 3)], Counter())
    whole_s = int(with_arcs(tracks.base.graph, express.arcs)[0, 3])
    edge = PatternRules(express_slack_s=whole_s - tracks.base.limit_s + slack_s, express_calls=(0,))
    found = list(services.propose_express_services(tracks, edge, [(0, 3)], Counter()))
    assert len(found) == (slack_s == 0)


def test_a_new_station_may_lie_as_far_from_the_centre_as_the_rules_say():
    tracks = tracks_of(LINES[:1])
    base = tracks.base
    km = [float(great_circle_km(base.lon[city], base.lat[city], *tracks.places[city])) for city in (1, 2)]
    for longest, count in ((max(km), 2), (min(km) - 1e-9, 0)):
        rules = PatternRules(new_station_km=longest)
        assert len(list(stations.propose_stations(tracks, rules, Counter()))) == count


@pytest.mark.parametrize(("second_km", "start"), [(110, 1), (125, 0)])
def test_an_express_leaves_from_the_station_of_the_soonest_trip(second_km, start):
    """The farther of two stations is reached 520 s later; its tracks are 20 or 5 km shorter at 80 km/h."""
    spots = [(1, 1), (3, 3), (101, 1)]
    tracks = network(spots, [(0, 2, "rail", 130, 100), (1, 2, "rail", second_km, 100)], "rail")
    lines = [("conv160", 3600, [0, 2], [0, 5850]), ("conv160", 3600, [1, 2], [0, 5000])]
    found = Tracks(base_case(ROAD, PLACES, railway(tracks, lines)), RailRules(station_km=0.5))
    rules = PatternRules(reach_s=99_999, reach_count=2)
    ways = {s: found.reach_s[0, found.fronts.index(s)] + found.run_s(s, 2) for s in (0, 1)}
    assert min(ways, key=ways.get) == start
    path = services.best_path(found, rules, 0, 1)
    assert path.nodes[0] == start

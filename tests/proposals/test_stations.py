"""Check measures at stations against networks that have them already."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from candidates_drawing import base_case, cities, network, railway, with_arcs

from networks import intermodal, skims
from networks.intermodal import AccessParameters
from optimiser.proposals import stations
from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.stations import AccessWay, StationRules
from optimiser.proposals.trains import RailRules, Stop, Tracks, Train, train_arcs

ROAD = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
PLACES = cities(ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1), ("c", (200, 0), 80_000, 2)])
TRACKS = network([(1, 1), (101, 1), (201, 1)], [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250)], "rail")
LINES = [("hsr250", 1200, [0, 1], [0, 1700]), ("conv160", 3000, [1, 2], [0, 1700])]
CHINA = AccessParameters.default("CN")
WAYS = StationRules().ways
EACH = StationRules(check_in_by_station=True)
"""Rules under which shorter check-in is a measure at each station."""


def drawn_with(access=CHINA, definition="door_to_door", lines=LINES):
    """Join the region under some assumptions."""
    rail = railway(TRACKS, lines)
    found = base_case(ROAD, PLACES, rail, definition=definition)
    graph = intermodal.join(ROAD, rail, PLACES, parameters=access, definition=definition)
    return replace(found, graph=graph, skim=skims.travel_times(graph), access=access)


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_shorter_check_in_everywhere_is_the_network_with_shorter_check_in(definition):
    before = drawn_with(definition=definition)
    after = drawn_with(replace(CHINA, check_in_hsr_s=900, check_in_conv_s=600), definition)
    found = list(stations.propose_check_in(Tracks(before, RailRules()), EACH, Counter()))
    assert [one.to_name for one in found] == ["n0 station", "n1 station", "n2 station"]
    added = [arc for one in found for arc in one.arcs]
    assert (with_arcs(before.graph, added) == after.skim).all()


def test_shorter_check_in_serves_trains_that_are_built_as_well():
    rules = RailRules()
    runs = ("hsr250", 2400, [0, 1, 2], [0, 1500, 1600])
    before = drawn_with()
    after = drawn_with(replace(CHINA, check_in_hsr_s=900, check_in_conv_s=600), lines=[*LINES, runs])
    tracks = Tracks(before, rules)
    train = train_arcs(
        "x",
        [Stop(f"station:{row}") for row in runs[2]],
        runs[3][1:],
        Train("hsr250", 2400, 1800),
        tracks.times,
    )
    shorter = [arc for one in stations.propose_check_in(tracks, EACH, Counter()) for arc in one.arcs]
    assert (with_arcs(before.graph, [*train, *shorter]) == after.skim).all()


def test_check_in_that_is_short_already_is_counted_once():
    short = replace(CHINA, check_in_hsr_s=900, check_in_conv_s=600)
    left_out: Counter[str] = Counter()
    tracks = Tracks(drawn_with(short), RailRules())
    assert list(stations.propose_check_in(tracks, StationRules(), left_out)) == []
    assert left_out == {"check_in: check-in is as short already": 1}


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_one_rule_shortens_check_in_at_all_stations_with_fast_trains_and_at_no_other(definition):
    """Fast trains stop at n0 and n1. Trains from n1 to n2 are others, before which 20 minutes become 15."""
    before = drawn_with(definition=definition)
    (rule,) = stations.propose_check_in(Tracks(before, RailRules()), StationRules(), Counter())
    front = "" if definition == "door_to_door" else "/between"
    halls = {"check-in-hsr": 1500, "check-in-conv": 1200}
    today = {
        (f"station:{n}{front}", f"station:{n}/{hall}", 900): s for n in (0, 1) for hall, s in halls.items()
    }
    assert dict(zip(rule.arcs, rule.instead_s, strict=True)) == today
    saved = before.skim - with_arcs(before.graph, rule.arcs)
    if definition == "door_to_door":
        # Who changes at n1 may leave the station and check in again: 5 minutes less there, too, or 6 in all.
        assert saved.tolist() == [[0, 600, 900], [600, 0, 300], [360, 0, 0]]
    assert (rule.candidate_id, rule.from_name, rule.to_name) == (
        "check-in:region",
        "High-speed stations",
        "the whole region",
    )
    assert rule.units == 3  # 48 and 67 trains a day, 50 a unit
    assert rule.why.startswith(
        "one rule at 2 stations with fast trains: 15 min before departure instead of 25"
    )


def test_the_rule_holds_at_new_stations_as_well():
    """The third city has no trains; a new line would give it a station of its own."""
    before = drawn_with(lines=LINES[:1])
    (rule,) = stations.propose_check_in(Tracks(before, RailRules()), StationRules(), Counter())
    assert ("new:station/c", "new:station/c/check-in-hsr", 900) in rule.arcs
    assert rule.units == 2


def test_without_fast_trains_there_is_no_rule():
    left_out: Counter[str] = Counter()
    slow = Tracks(drawn_with(lines=LINES[1:]), RailRules())
    assert list(stations.propose_check_in(slow, StationRules(), left_out)) == []
    assert left_out == {"check_in: no station has fast trains": 1}


def test_a_busy_station_needs_more_lanes():
    busy = Tracks(drawn_with(lines=[("hsr250", 600, [0, 1], [0, 1700])]), RailRules())
    found = list(stations.propose_check_in(busy, EACH, Counter()))
    assert [one.units for one in found] == [2.0, 2.0]  # 96 trains a day, 50 a unit


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_a_way_to_the_station_shortens_access_and_egress_alike(definition):
    before = drawn_with(definition=definition)
    way = AccessWay("tram", "tram", 120, 40.0, gain_s=-10_000)
    rules = StationRules(ways=(way,))
    tracks = Tracks(before, RailRules())
    found = list(stations.propose_access(tracks, rules, Counter()))
    mine = [one for one in found if one.candidate_id.startswith("access:a-0-")]
    # The mean way of the residents of the core city, who live within 16.9 km of its centre.
    km, straight_km = mine[0].length_km, np.hypot(1, 1)
    assert km == pytest.approx(1.3 * np.hypot(straight_km, 2 / 3 * np.sqrt(900 / np.pi)), rel=0.01)
    new_s = round(km / 40.0 * 3600) + 120
    if definition == "in_vehicle":
        assert mine[0].arcs[0][2] == pytest.approx(1.3 * straight_km / 40.0 * 3600, abs=2)
        return
    assert {seconds for *_, seconds in mine[0].arcs} == {new_s}
    assert mine[0].units == pytest.approx(5 * km)
    after = with_arcs(before.graph, mine[0].arcs)
    saved = int(tracks.reach_s[0, 0]) - new_s
    assert before.skim[0, 1] - after[0, 1] == before.skim[1, 0] - after[1, 0] == saved


@pytest.mark.parametrize(
    ("km", "kinds"),
    [
        (1.0, {"bus-lane": 300 + 3600 * 1.3 * 1.0 / 22}),
        (3.99, {"bus-lane": 300 + 3600 * 1.3 * 3.99 / 22}),
        (5.0, {"bus-lane": 420 + 3600 * 1.3 * 5.0 / 28, "tram": 480 + 3600 * 1.3 * 5.0 / 30}),
        (12.0, {"suburban-rail": 600 + 3600 * 1.3 * 12.0 / 60}),
    ],
)
def test_ways_are_of_a_kind_that_suits_the_distance(km, kinds):
    """A village with a station at some distance, without a road there: its residents are at its centre."""
    road = network([(0, 0), (300, 0)], [(0, 1, "primary", 300, 50)])
    places = cities(road, [("a", (0, 0), 1, 0), ("b", (300, 0), 9_000_000, 1)])
    tracks = network([(0, km), (300, km)], [(0, 1, "rail", 300, 250)], "rail")
    rail = railway(tracks, [("hsr250", 1200, [0, 1], [0, 5000])])
    found = base_case(road, places, rail)
    rules = StationRules(ways=tuple(replace(one, least_people=0, gain_s=-10_000) for one in WAYS))
    ways = stations.propose_access(Tracks(found, RailRules()), rules, Counter())
    seconds = {one.standard: one.arcs[0][2] for one in ways if one.candidate_id.startswith("access:a-0")}
    assert seconds.keys() == kinds.keys()
    assert list(seconds.values()) == pytest.approx(list(kinds.values()), rel=0.006)


def test_small_towns_get_neither_trams_nor_suburban_railways():
    assert [one.standard for one in WAYS if one.least_people] == ["tram", "suburban-rail"]
    far = network(
        [(0, 12), (100, 12), (200, 12)], [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250)], "rail"
    )
    tracks = Tracks(base_case(ROAD, PLACES, railway(far, LINES)), RailRules())
    ways = tuple(replace(one, gain_s=-10_000) for one in WAYS)
    found = stations.propose_access(tracks, StationRules(ways=ways), Counter())
    assert [one.candidate_id for one in found] == ["access:a-0-suburban-rail", "access:b-1-suburban-rail"]


@pytest.mark.parametrize(("headway_s", "rows"), [(2400, [0, 1]), (1200, [0, 1, 2])])
def test_no_way_leads_past_a_station_with_as_many_fast_trains(headway_s, rows):
    """Stations 2, 9 and 15 km from a town, the first without fast trains."""
    places = cities(ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1)])
    ends = [(0, 2), (0, 9), (0, 15), (100, 2)]
    tracks = network(ends, [(row, 3, "rail", 100, 250) for row in range(3)], "rail")
    trains = [("conv160", 600, [0, 3]), ("hsr250", 2400, [1, 3]), ("hsr250", headway_s, [2, 3])]
    rail = railway(tracks, [(*train, [0, 1700]) for train in trains])
    ways, left_out = tuple(replace(one, gain_s=-10_000) for one in WAYS), Counter()
    found = stations.propose_access(
        Tracks(base_case(ROAD, places, rail), RailRules()), StationRules(ways=ways), left_out
    )
    assert [one.candidate_id.split("-")[1] for one in found if one.from_name == "A"] == list(map(str, rows))
    assert left_out == (
        {} if len(rows) == 3 else {"access: a nearer station of the town has as many trains": 1}
    )


@pytest.mark.parametrize("short_s", [0, 1])
def test_a_suburban_railway_saves_ten_minutes(short_s):
    """Of a town at its centre the train needs 10 minutes and those of the distance; the limit is exact."""
    (suburban,) = (one for one in WAYS if one.standard == "suburban-rail")
    assert suburban.gain_s == 2 * WAYS[0].gain_s == 600
    far = network(
        [(0, 12), (100, 12), (200, 12)], [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250)], "rail"
    )
    tracks = Tracks(base_case(ROAD, PLACES, railway(far, LINES)), RailRules())
    (first, *_) = stations.propose_access(
        tracks, StationRules(ways=(replace(suburban, gain_s=-10_000),)), Counter()
    )
    saved = int(tracks.reach_s[0, 0]) - first.arcs[0][2]
    ways = (replace(suburban, fixed_s=suburban.fixed_s + saved - 600 + short_s),)
    found = [one.from_name for one in stations.propose_access(tracks, StationRules(ways=ways), Counter())]
    assert ("A" in found) == (not short_s)


def test_nothing_is_proposed_where_little_is_gained():
    """A town of 100,000 residents 2 km from its station: 8 minutes and 2.8 km by taxi, which no bus beats."""
    tracks = Tracks(drawn_with(), RailRules())
    left_out: Counter[str] = Counter()
    assert list(stations.propose_access(tracks, StationRules(), left_out)) == []
    assert left_out == {"access: bus lanes and forecourt: saves under 5 min": 3}


@pytest.mark.parametrize(
    ("hsr_s", "conv_s", "halls", "minutes"),
    [
        (900, 600, [], ""),
        (901, 600, ["check-in-hsr"], "15"),
        (900, 601, ["check-in-conv"], "10"),
        (901, 601, ["check-in-hsr", "check-in-conv"], "15 and 10"),
    ],
)
def test_check_in_is_shortened_in_the_halls_where_it_is_longer(hsr_s, conv_s, halls, minutes):
    tracks = Tracks(drawn_with(replace(CHINA, check_in_hsr_s=hsr_s, check_in_conv_s=conv_s)), RailRules())
    found = list(stations.propose_check_in(tracks, EACH, Counter()))
    assert len(found) == (3 if halls else 0)
    for one, row, trains in zip(found, (0, 1, 2), (48, 67, 19), strict=False):
        assert [head for _, head, _ in one.arcs] == [f"station:{row}/{hall}" for hall in halls]
        assert one.why == f"check-in of {minutes} min for {trains} trains a day and direction"
        assert one.candidate_id == f"check-in:{row}-n{row}"
        assert (one.standard, one.length_km, one.speed_kmh) == ("check-in", 0.0, 0.0)
    assert [one.units for one in found] == ([1.0, 2.0, 1.0] if halls else [])


def test_measures_take_a_second_at_least():
    nothing = replace(EACH, check_in_hsr_s=0, check_in_conv_s=0)
    found = stations.propose_check_in(Tracks(drawn_with(), RailRules()), nothing, Counter())
    assert {seconds for one in found for *_, seconds in one.arcs} == {1}


def test_the_place_of_a_measure_is_marked_by_a_short_line():
    tracks = Tracks(drawn_with(), RailRules())
    hub = list(stations.propose_check_in(tracks, EACH, Counter()))[1]
    (west, south), (east, north) = hub.geometry.coords
    lon, lat = tracks.places[1]
    assert (south, north) == (lat, lat)
    assert west < lon < east
    assert (west + east) / 2 == pytest.approx(lon)
    assert (hub.from_name, hub.to_name) == ("B", "n1 station")


def ways_to(city, row, gain_s=300, **rules):
    """Return the ways of one kind from a city to a station, and what was left out of them."""
    left_out: Counter[str] = Counter()
    tracks = Tracks(drawn_with(), RailRules())
    way = AccessWay("tram", "tram", 120, 40.0, gain_s=gain_s)
    found = stations.propose_access(tracks, StationRules(ways=(way,), **rules), left_out)
    name = f"access:{'abc'[city]}-{row}-tram"
    return [one for one in found if one.candidate_id == name], dict(left_out), tracks


def test_a_way_saves_as_much_as_asked_and_is_as_long_as_allowed():
    (one,), _, tracks = ways_to(0, 0, gain_s=-10_000)
    today = int(tracks.reach_s[0, 0])
    gain_s = today - one.arcs[0][2]
    assert len(ways_to(0, 0, gain_s=gain_s)[0]) == 1
    assert ways_to(0, 0, gain_s=gain_s + 1)[0] == []
    km = float(great_circle_km(*tracks.places[0], tracks.base.lon[0], tracks.base.lat[0]))
    assert len(ways_to(0, 0, gain_s=-10_000, way_longest_km=km + 1e-9)[0]) == 1
    assert ways_to(0, 0, gain_s=-10_000, way_longest_km=km - 1e-9)[0] == []
    assert one.why == f"tram: {one.arcs[0][2] / 60:.0f} min from town to station, {today / 60:.0f} today"


def test_a_station_to_which_no_way_leads_today_has_no_minutes(monkeypatch):
    monkeypatch.setattr(Tracks, "reach_s", np.full((3, 9), NO_PATH_S))
    (one,), *_ = ways_to(0, 0)
    assert one.why.endswith("min from town to station, no way today")


def test_ways_that_save_too_little_are_counted_one_by_one():
    """Each of three cities has one station within 20 km."""
    found, left_out, _ = ways_to(0, 0, gain_s=36_000)
    assert (found, left_out) == ([], {"access: tram: saves under 600 min": 3})


@pytest.mark.parametrize(("corridors", "times"), [((("core", 3.0),), (3.0, 1.0)), ((), (1.0, 1.0))])
def test_larger_cities_need_several_corridors(corridors, times):
    for city, factor in zip((0, 1), times, strict=True):
        (one,), _, _ = ways_to(city, city, gain_s=-10_000, corridors=corridors)
        assert one.units == pytest.approx(factor * one.length_km)

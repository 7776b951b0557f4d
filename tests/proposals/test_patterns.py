"""Check further stopping patterns, new stations and express trains on a drawn line."""

from __future__ import annotations

from collections import Counter

import pytest
from candidates_drawing import base_case, cities, network, railway, with_arcs

from optimiser.proposals import patterns
from optimiser.proposals.generate import generate
from optimiser.proposals.patterns import PatternRules
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
    found = {one.to_name: one for one in patterns.propose_extra_stops(tracks, PatternRules(), Counter())}
    assert set(found) == {"n1", "n2"}
    after = tracks_of([*LINES, ("hsr250", 2400, [0, 1, 3], [0, 1700, 3400])], definition).base.skim
    added = with_arcs(tracks.base.graph, found["n1"].arcs)
    assert (added == after).all()
    assert (added <= tracks.base.skim).all()


def test_trains_that_pass_too_seldom_are_counted():
    left_out: Counter[str] = Counter()
    found = patterns.propose_extra_stops(tracks_of(), PatternRules(stop_most_s=2000), left_out)
    assert list(found) == []
    assert left_out == {"extra_stop: too few trains pass": 2}


def test_express_trains_run_with_each_number_of_calls_that_differs():
    tracks = tracks_of(RARE)
    rules = PatternRules(express_slack_s=100_000)
    found = list(patterns.propose_express_services(tracks, rules, [(0, 3)], Counter()))
    assert [one.candidate_id for one in found] == ["express:a-d-0", "express:a-d-1", "express:a-d-2"]
    assert [one.standard for one in found] == ["running-small"] * 3
    running = [("hsr250", 7200, [0, 3], [0, tracks.path(0, 3).run_s])]
    after = tracks_of([*RARE, *running]).base.skim
    assert (with_arcs(tracks.base.graph, found[0].arcs) == after).all()


def test_an_express_that_leaves_its_ends_beyond_the_limit_is_counted():
    left_out: Counter[str] = Counter()
    found = patterns.propose_express_services(tracks_of(RARE), PatternRules(), [(0, 3)], left_out)
    assert list(found) == []
    assert left_out == {"express_service: its ends stay beyond the limit": 3}


def test_no_express_is_proposed_where_as_many_direct_trains_run():
    left_out: Counter[str] = Counter()
    rules = PatternRules(express_slack_s=100_000)
    assert list(patterns.propose_express_services(tracks_of(), rules, [(0, 3)], left_out)) == []
    assert left_out == {"express_service: as many direct trains run today": 1}


def test_a_city_that_trains_pass_gets_a_station():
    tracks = tracks_of(LINES[:1])
    found = list(patterns.propose_stations(tracks, PatternRules(), Counter()))
    assert {one.candidate_id for one in found} == {"station:b-s0", "station:c-s0"}
    after = with_arcs(tracks.base.graph, found[0].arcs)
    access = tracks.base.access
    ride = access.board_s(link_class="hsr250", headway_s=2400) + 1700 + access.alight_s
    ways = int(tracks.reach_s[0, 0]) + access.centre_station.secondary
    assert after[0, 1] == ways + ride
    assert len({one.candidate_id for one in found}) == len(found)


def test_express_trains_come_priced_with_everything_else():
    slow = ("hsr250", 9000, [0, 1, 2, 3], [0, 2300, 2300, 2300])
    drawn = base_case(ROAD, PLACES, railway(TRACKS, [slow]), limit_s=11_500)
    kinds = set(generate(drawn).table["kind"])
    assert "express_service" in kinds

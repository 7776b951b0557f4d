"""Timed connections join two lines and directions at a station, and no other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from candidates_drawing import base_case, cities, network, railway, with_arcs
from intermodal_drawing import with_hourly_trains

from networks import intermodal, skims
from networks.intermodal import AccessParameters
from optimiser.proposals.connections import ConnectionRules, branches_of, propose_timed_connections
from optimiser.proposals.trains import RailRules, Tracks

CHINA = AccessParameters.default("CN")
SPOTS = [(0, 0), (-100, 0), (0, 100), (100, 0)]
ROAD = network(SPOTS, [(0, at, "primary", 100, 50) for at in (1, 2, 3)])
PLACES = cities(
    ROAD,
    [
        ("hub", SPOTS[0], 700_000, 0),
        ("west", SPOTS[1], 900_000, 1),
        ("north", SPOTS[2], 600_000, 2),
        ("east", SPOTS[3], 500_000, 3),
    ],
)
HUB, WEST, NORTH, EAST = range(4)
TRACKS = network(SPOTS, [(0, at, "rail", 100, 250) for at in (1, 2, 3)], "rail")
TRACKS = TRACKS.replace(links=TRACKS.links.assign(name=["Coast line", "Hill line", "Coast line"]))
LINES = [
    ("hsr250", 2400, [1, 0], [0, 1700]),
    ("hsr250", 3600, [0, 2], [0, 1800]),
    ("hsr250", 5400, [0, 3], [0, 1900]),
]
PAIRS = [(WEST, NORTH), (WEST, EAST), (NORTH, EAST)]


def drawn(lines=LINES, definition="door_to_door", tracks=TRACKS, minutes=()):
    """Join the region: three lines of 100 km meet at the hub; trains by a timetable leave at minutes."""
    rail = railway(tracks, lines)
    rail = with_hourly_trains(rail, minutes) if minutes else rail
    found = base_case(ROAD, PLACES, rail, definition=definition, limit_s=9000)
    graph = intermodal.join(ROAD, rail, PLACES, parameters=CHINA, definition=definition)
    return Tracks(replace(found, graph=graph, skim=skims.travel_times(graph), access=CHINA), RailRules())


def proposed(tracks, **rules):
    """Return the connections by what they join, and what was left out."""
    left_out = Counter()
    found = propose_timed_connections(tracks, ConnectionRules(**rules), PAIRS, left_out)
    return {one.to_name.removeprefix("n0: "): one for one in found}, left_out


def saved(tracks, one):
    """Return the seconds that a connection saves between all cities."""
    return tracks.base.skim - with_arcs(tracks.base.graph, one.arcs)


@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_a_connection_joins_two_lines_and_not_a_third(definition):
    """Today passengers leave the station and check in again, which takes 5 + 25 minutes and 0.4 of half the
    headway, less than a transfer of 20 minutes and half the headway; then 15 minutes in all."""
    tracks = drawn(definition=definition)
    one = proposed(tracks)[0]["Coast line towards West with Hill line towards North"]
    expected = np.zeros((4, 4), dtype=np.int64)
    expected[WEST, NORTH] = 300 + 1500 + 720 - 900
    expected[NORTH, WEST] = 300 + 1500 + 480 - 900
    assert (saved(tracks, one) == expected).all()


def test_trains_that_run_less_than_hourly_meet_after_half_the_longer_headway():
    """Every 90 minutes: 45 minutes, where the change takes 48 today; no gain the other way round."""
    tracks = drawn()
    one = proposed(tracks)[0]["Coast line towards West with Coast line towards East"]
    expected = np.zeros((4, 4), dtype=np.int64)
    expected[WEST, EAST] = 300 + 1500 + 1080 - 2700
    assert (saved(tracks, one) == expected).all()
    assert (
        one.why == "45 min from train to train instead of 48; of 24 and 11 trains a day and direction 21 wait"
    )


@pytest.mark.parametrize(("headway_s", "change_s"), [(3600, 900), (3601, 2100), (4200, 2100), (4201, 2400)])
def test_half_a_headway_counts_in_whole_steps(headway_s, change_s):
    assert ConnectionRules().least_change_s(headway_s) == change_s


@pytest.mark.parametrize(("headway_s", "joined"), [(3600, False), (3601, True)])
def test_no_connection_joins_services_between_which_trains_run_through_every_hour(headway_s, joined):
    found, left_out = proposed(drawn([*LINES, ("hsr250", headway_s, [1, 0, 2], [0, 1700, 1800])]))
    assert ("Coast line towards West with Hill line towards North" in found) == joined
    assert left_out["timed_transfer: trains run through every 60 min already"] == (not joined)


def test_trains_that_leave_at_unknown_times_are_not_joined():
    """The hill line states how often its trains run, and not when."""
    tracks = drawn()
    sources = ["timetable", "frequency", "timetable"]
    services = tracks.base.services
    unknown = replace(services, lines=services.lines.assign(headway_source=sources))
    assert len(proposed(tracks)[0]) == 3
    found, _ = proposed(replace(tracks, base=replace(tracks.base, services=unknown)))
    assert set(found) == {"Coast line towards West with Coast line towards East"}


def test_no_connection_is_proposed_that_is_no_faster_than_today():
    rare = [(name, 6000, nodes, runs) for name, _, nodes, runs in LINES]
    assert proposed(drawn(rare)) == ({}, Counter())
    often = [(name, 600, nodes, runs) for name, _, nodes, runs in LINES]
    quick = replace(drawn(often).base, access=replace(CHINA, transfer_s=600))
    assert proposed(Tracks(quick, RailRules())) == (
        {},
        Counter({"timed_transfer: a change takes no longer today": 3}),
    )


def test_two_services_between_the_same_stations_count_together():
    """One every two hours each: every hour together, so that trains of either one are met."""
    twice = [LINES[0], ("hsr250", 7200, [0, 2], [0, 1800]), ("hsr250", 7200, [0, 2], [0, 1800])]
    tracks = drawn(twice)
    one = proposed(tracks)[0]["Coast line towards West with Hill line towards North"]
    assert saved(tracks, one)[WEST, NORTH] == 1200 + 1800 - 900
    assert one.units == pytest.approx(2 * 16)


def test_the_price_follows_the_trains_that_wait_and_their_platforms():
    """As many as the rarer service has, in both directions; a platform for each 20."""
    one = proposed(drawn(), meetings_a_day=20.0)[0]["Coast line towards West with Hill line towards North"]
    assert (one.units, one.platforms) == (pytest.approx(2 * 16), 2)
    assert (one.standard, one.from_name, one.length_km) == ("held-train", "Hub", 0.0)


def test_trains_on_one_line_to_either_side_are_two_services():
    (branches,) = branches_of(drawn(), ConnectionRules()).values()
    assert [str(branch) for branch in branches] == [
        "Coast line towards West",
        "Hill line towards North",
        "Coast line towards East",
    ]
    assert [branch.a_day for branch in branches] == pytest.approx([24, 16, 32 / 3])


def test_trains_of_one_line_that_leave_alike_are_one_service():
    """The wide angle takes the Hill line for a part of the Coast line where all have one name."""
    alike = TRACKS.replace(links=TRACKS.links.assign(name=""))
    tracks = drawn(tracks=alike)
    (branches,) = branches_of(tracks, ConnectionRules()).values()
    assert [branch.towards for branch in branches] == ["West", "North", "East"]
    assert str(branches[0]) == "trains by n1 towards West"
    (branches,) = branches_of(tracks, ConnectionRules(spread_unnamed_deg=91.0)).values()
    assert [branch.towards for branch in branches] == ["West", "East"]


def test_a_station_keeps_the_connections_that_serve_most():
    """Pairs with West weigh most, and trips longer than the limit and an hour count nothing."""
    found, left_out = proposed(drawn(), at_station=1)
    assert list(found) == ["Coast line towards West with Hill line towards North"]
    assert left_out == {"timed_transfer: beyond the 1 of a station that serve most": 2}
    assert proposed(drawn(), slack_s=-9000) == (
        {},
        Counter({"timed_transfer: no pair beyond the limit gains enough there": 3}),
    )


HALF_HOURS = [("hsr250", 3600, [1, 0], [0, 1800]), ("hsr250", 3600, [0, 2], [0, 1800])]


def test_beside_a_timetable_a_connection_replaces_the_wait_between_its_trains():
    """All trains leave on the hour and meet the next ones after 30 minutes, those of 25 minutes after 35.

    The model has 42 minutes for each of these changes.
    """
    lines = [*HALF_HOURS, ("hsr250", 3600, [0, 3], [0, 1500])]
    tracks = drawn(lines, minutes=[(0, 0)] * 3)
    found, _ = proposed(tracks)
    expected = np.zeros((4, 4), dtype=np.int64)
    expected[WEST, NORTH] = expected[NORTH, WEST] = 1800 - 900
    one = found["Coast line towards West with Hill line towards North"]
    assert saved(tracks, one) == pytest.approx(expected, abs=2)
    assert one.why.startswith("15 min from train to train instead of 30;")
    expected[:] = 0
    expected[WEST, EAST] = expected[EAST, WEST] = (1800 + 2100) / 2 - 900
    one = found["Coast line towards East with Coast line towards West"]
    assert saved(tracks, one) == pytest.approx(expected, abs=2)
    assert {
        (today, new) for today, (*_, new) in zip(one.instead_s, one.arcs, strict=True) if today != new
    } == {
        (1800, 900),
        (2100, 900),
    }


def test_trains_that_meet_already_are_joined_by_no_connection():
    """From the trains that arrive at half past those of 50 leave after 20 minutes; a change takes so long."""
    tracks = drawn(HALF_HOURS, minutes=[(0, 50), (50, 0)])
    (west, north), *_ = branches_of(tracks, ConnectionRules()).values()
    assert {west.comes_s[3] % 3600, north.comes_s[3] % 3600} == {1800}
    found, left_out = proposed(tracks, change_s=1200)
    assert (found, left_out) == ({}, Counter({"timed_transfer: a change takes no longer today": 1}))

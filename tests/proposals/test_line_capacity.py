"""Count today's trains off what sections of line carry, and the trains of candidates on what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from candidates_drawing import base_case, cities, four_in_line, network, railway

from networks.countries import read_table
from networks.schema import Network
from optimiser.problem import Capacity
from optimiser.proposals import line_capacity, rail, services, stations
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.generate import of_kind
from optimiser.proposals.services import PatternRules
from optimiser.proposals.table import assemble, merge
from optimiser.proposals.terrain import PLAIN
from optimiser.proposals.trains import RailRules, Tracks

ROAD, PLACES = four_in_line()


def drawn(classes=("hsr250", "hsr250", "conv120"), refs=("", "", ""), lines=None, number=(0, 0, 0)):
    """A line of three links with numbers of tracks; every station has its name."""
    speeds = {"hsr250": 250, "conv160": 160, "conv120": 120}
    links = [(at, at + 1, name, 100, speeds[name]) for at, name in enumerate(classes)]
    tracks = network([(1, 1), (101, 1), (201, 1), (301, 1)], links, "rail")
    tracks = Network(
        nodes=tracks.nodes.assign(kind="station"),
        links=tracks.links.assign(ref=list(refs), tracks=list(number)),
    )
    # Every 20 and every 50 minutes over 16 hours: 48 and 19.2 trains a day.
    today = lines or [("hsr250", 1200, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])]
    return base_case(ROAD, PLACES, railway(tracks, today))


def candidates(base, proposals, kind):
    found = assemble(of_kind(kind, proposals), builtin_cost_table(), PLAIN)
    return line_capacity.with_sections(base, found, hours_a_day=16.0)


def through_service(base):
    rules = RailRules(service_headway_s=1800, service_gain_s=-(10**6))
    found = services.propose_through_services(Tracks(base, rules), Counter())
    return candidates(base, [one for one in found if one.candidate_id == "rail-service:a-c"], "rail_service")


def rows(found, most):
    table = line_capacity.line_sections(found, most)
    return table[["section", "line_class", "length_km", "most", "left", "use"]].to_numpy().tolist()


def test_what_is_left_is_what_a_section_carries_less_the_trains_of_today():
    # The new train runs 32 times a day from A to C. 90 - 48 = 42 of these have room on the first link, and
    # floor(50.9 - 19.2) = 31 on the second.
    found = through_service(drawn())
    today = found.sections["trains_today"].tolist()
    assert today == pytest.approx([48.0, 19.2])
    use = (("rail-service:a-c", 32),)
    assert rows(found, {"hsr250": 50}) == [["n0 - n2", "hsr250", 200.0, 50, 2, use]]
    assert rows(found, {"hsr250": 79}) == [["n0 - n2", "hsr250", 200.0, 79, 31, use]]
    assert rows(found, {"hsr250": 80}) == []
    assert rows(found, {}) == []


def test_a_section_that_is_overfull_today_has_no_room():
    table = line_capacity.line_sections(through_service(drawn()), {"hsr250": 40})
    assert line_capacity.capacities(table) == (Capacity("n0 - n2", (("rail-service:a-c", 32),), 0),)


def test_sections_that_carry_other_trains_are_told_apart():
    base = drawn()
    rules = RailRules(service_headway_s=3600, service_end_tiers=("core", "secondary", "small"))
    everywhere = services.propose_through_services(
        Tracks(base, replace(rules, service_gain_s=-(10**6))), Counter()
    )
    found = candidates(base, everywhere, "rail_service")
    trains = dict(rows(found, {"hsr250": 0, "conv120": 0})[at][0::5] for at in range(3))
    assert trains == {
        # As many trains as from A to B and from B to C run there today, so that none are proposed.
        "n0 - n1": tuple((f"rail-service:{pair}", 16) for pair in ("a-c", "a-d")),
        "n1 - n2": tuple((f"rail-service:{pair}", 16) for pair in ("a-c", "a-d", "b-d")),
        "n2 - n3": tuple((f"rail-service:{pair}", 16) for pair in ("a-d", "b-d", "c-d")),
    }


@pytest.mark.parametrize(
    ("refs", "expected"),
    [
        (("x", "", ""), [("all", "hsr250", 60.0)]),
        (("x;y", "", ""), [("fast", "hsr250", 48.0), ("other", "conv160", 12.0)]),
    ],
)
def test_fast_and_other_trains_have_tracks_of_their_own_where_lines_are_drawn_as_one(refs, expected):
    lines = [
        ("hsr250", 1200, [0, 1], [0, 1700]),
        ("conv160", 4800, [0, 1], [0, 2700]),
        ("hsr250", 3000, [1, 2], [0, 1700]),
    ]
    found = through_service(drawn(("conv160", "hsr250", "conv120"), refs, lines))
    first = found.sections[found.sections["link"] == 0]
    assert [tuple(row) for row in first[["tracks", "line_class", "trains_today"]].to_numpy()] == expected
    # The new train is a fast one: it uses the fast tracks alone.
    table = line_capacity.line_sections(found, {"hsr250": 0, "conv160": 0})
    assert set(table["line_class"]) == {"hsr250"}


MOST = {"hsr350": 180, "hsr250": 144, "conv160": 68, "conv120": 12}


@pytest.mark.parametrize(
    ("line_class", "tracks", "expected"),
    [
        ("hsr250", 0, 144),
        ("hsr250", 1, 12),
        ("hsr250", 2, 144),
        ("hsr250", 3, 144),
        ("hsr250", 4, 288),
        ("conv160", 1, 12),
        ("conv120", 0, 12),
        ("conv120", 1, 12),
        ("conv120", 2, 68),
        ("conv120", 4, 136),
        ("other", 2, None),
    ],
)
def test_what_a_section_carries_follows_from_its_class_and_its_tracks(line_class, tracks, expected):
    assert line_capacity.room(MOST, line_class, tracks) == expected


def test_single_and_double_tracks_have_the_low_and_high_estimate_of_such_lines():
    rooms = [
        [line_capacity.room(line_capacity.usual_most(level), *link) for level in ("low", "central", "high")]
        for link in (("hsr350", 1), ("conv120", 2), ("conv120", 6))
    ]
    assert rooms == [[7, 12, 16], [41, 68, 92], [123, 204, 276]]


def test_sections_have_the_tracks_of_the_map_or_the_usual_number_of_their_class():
    # 32 new trains on 12 less 10 a day, and on 144 less 19.2: the first link, a single track, is the tighter.
    lines = [("hsr250", 5760, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])]
    table = line_capacity.line_sections(through_service(drawn(lines=lines, number=(1, 0, 0))), MOST)
    columns = ["section", "tracks", "tracks_source", "most", "left"]
    assert table[columns].to_numpy().tolist() == [["n0 - n2", 1, "map", 12, 2]]
    usual = line_capacity.line_sections(through_service(drawn(lines=lines)), {"hsr250": 40})
    assert usual[columns].to_numpy().tolist() == [["n0 - n2", 2, "class", 40, 20]]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, [("fast", "hsr250", 0, 48.0), ("other", "conv160", 0, 12.0)]),
        (1, [("all", "hsr250", 1, 60.0)]),
        (2, [("all", "hsr250", 2, 60.0)]),
        (3, [("all", "hsr250", 3, 60.0)]),
        (4, [("fast", "hsr250", 2, 48.0), ("other", "conv160", 2, 12.0)]),
        (8, [("fast", "hsr250", 4, 48.0), ("other", "conv160", 4, 12.0)]),
    ],
)
def test_lines_drawn_as_one_share_two_tracks_and_halve_four(number, expected):
    lines = [("hsr250", 1200, [0, 1], [0, 1700]), ("conv160", 4800, [0, 1], [0, 2700])]
    lines.append(("hsr250", 3000, [1, 2], [0, 1700]))
    found = through_service(drawn(refs=("x;y", "", ""), lines=lines, number=(number, 0, 0)))
    first = found.sections[found.sections["link"] == 0]
    columns = ["tracks", "line_class", "number", "trains_today"]
    assert [tuple(row) for row in first[columns].to_numpy()] == expected


def test_links_are_full_by_the_tracks_that_they_have():
    lines = [("conv120", 5760, [0, 3], [0, 9000])]
    for number, full in (((0, 0, 0), [True] * 3), ((2, 1, 4), [False, True, False])):
        base = drawn(("conv120",) * 3, lines=lines, number=number)
        assert line_capacity.full_links(base, hours_a_day=16.0, trains=8).tolist() == full


def test_a_line_runs_on_over_old_tracks_and_its_own_use_up_nothing():
    base = drawn()
    (found,) = rail.propose_lines(Tracks(base, RailRules(line_least_pairs=0)), [(1, 3)], Counter())
    assert found.runs == ((0, 16, True),)


def test_an_upgrade_rebuilds_the_slow_tracks_for_its_own_trains():
    base = drawn(("hsr250", "hsr250", "conv120"))
    (found,) = rail.propose_upgrades(Tracks(base, RailRules(track_detour=9)), [(1, 3)], Counter())
    assert found.runs == ((1, 16, False),)


def test_more_trains_use_what_they_add_and_a_further_stop_the_room_of_one_train_each():
    base = drawn(lines=[("hsr250", 5760, [0, 3], [0, 5100])])
    more = services.propose_more_trains(Tracks(base, RailRules(frequency_headway_s=2400)), Counter())
    # 24 trains a day instead of 10.
    assert [one.runs for one in more] == [tuple((link, 14, True) for link in range(3))]
    stops = stations.propose_extra_stops(Tracks(base, RailRules()), PatternRules(), Counter())
    assert {one.runs for one in stops} == {tuple((link, 5, True) for link in range(3))}


def test_trains_take_tracks_with_room_beside_full_ones_and_keep_their_own_time():
    # Two ways from A to B: 100 km with 80 of 68 trains, and 105 km (2,953 s) without any.
    tracks = network(
        [(1, 1), (101, 1), (51, 9)],
        [(0, 1, "conv160", 100, 160), (0, 2, "conv160", 52, 160), (2, 1, "conv160", 53, 160)],
        "rail",
    )
    road = network([(0, 0), (100, 0)], [(0, 1, "primary", 100, 50)])
    places = cities(road, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 900_000, 1)])
    for headway_s, links, run_s in ((720, (1, 2), 2953), (1440, (0,), 2812)):
        base = base_case(road, places, railway(tracks, [("conv160", headway_s, [0, 1], [0, 2812])]))
        path = Tracks(base, RailRules()).path(0, 1)
        assert path is not None
        assert (path.links, path.run_s) == (links, run_s)


def test_runs_follow_their_candidates_when_tables_are_cut_and_joined():
    base = drawn()
    first = through_service(base)
    own = replace(first, table=first.table.assign(candidate_id="another"))
    both = merge(first, own)
    assert both.table["candidate_id"].tolist() == ["another", "rail-service:a-c"]
    assert both.runs.groupby("candidate")["link"].apply(list).tolist() == [[0, 1], [0, 1]]
    assert both.take([1]).runs["candidate"].tolist() == [0, 0]
    assert len(pd.unique(both.take([1]).runs["trains"])) == 1


def test_the_table_follows_from_intervals_and_shares():
    shares = {"low": (0.60, 1 / 2), "central": (0.75, 2 / 3), "high": (0.90, 3 / 4)}
    table = read_table("rail.toml")
    minutes = table["services"]["hours_a_day"] * 60
    for name, row in table["line_capacity"].items():
        for level, (used, passengers) in shares.items():
            part = passengers if name.startswith("conv") else 1.0
            assert row[level] == int(minutes / row["interval_min"] * used * part + 1e-9)
    assert line_capacity.usual_most("low")["conv120"] == 7


def test_without_railways_or_runs_there_are_no_sections():
    found = through_service(drawn())
    bare = replace(found, sections=found.sections.iloc[:0])
    roads = base_case(ROAD, PLACES, None)
    assert line_capacity.with_sections(roads, bare, hours_a_day=16.0) is bare
    still = replace(bare, runs=bare.runs.iloc[:0])
    assert line_capacity.with_sections(drawn(), still, hours_a_day=16.0) is still
    silent = replace(drawn(), services=None)
    assert line_capacity.with_sections(silent, bare, hours_a_day=16.0) is bare
    assert line_capacity.full_links(roads, hours_a_day=16.0, trains=1).tolist() == []
    assert line_capacity.full_links(silent, hours_a_day=16.0, trains=1).tolist() == [False] * 3


def test_tracks_of_several_classes_have_the_room_of_the_fastest():
    lines = [
        ("hsr250", 1200, [0, 1], [0, 1700]),
        ("hsr350", 4800, [0, 1], [0, 1500]),
        ("conv120", 2400, [0, 1], [0, 2700]),
        ("hsr250", 3000, [1, 2], [0, 1700]),
    ]
    found = through_service(drawn(("conv160", "hsr250", "conv120"), ("x;y", "", ""), lines))
    first = found.sections[found.sections["link"] == 0]
    columns = ["tracks", "line_class", "trains_today"]
    assert [tuple(row) for row in first[columns].to_numpy()] == [
        ("fast", "hsr350", 60.0),
        ("other", "conv160", 24.0),
    ]

"""Check upgrades, direct roads and gaps on drawn roads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network, table

from optimiser.proposals.costs import Alignments
from optimiser.proposals.generate import of_kind
from optimiser.proposals.roads import (
    RoadRules,
    _degree,
    anchor_nodes,
    propose_expressway_upgrades,
    propose_gaps,
    propose_links,
    propose_upgrades,
)
from optimiser.proposals.terrain import MOUNTAIN, ArtefactRules, TerrainPolygons

RULES = RoadRules(
    speed_kmh=100.0,
    upgrade_least_km=5.0,
    upgrade_run_km=1.0,
    shortest_km=5.0,
    route_factor=1.2,
    border_km=1.0,
    artefacts=ArtefactRules(most_in_towns=1.0, most_beside=1.0),
)
"""Rules without those against artefacts, which have tests of their own."""


@pytest.fixture
def corridor():
    """Two cities: 20 km of primary, 30 km of motorway, 10 km of primary; a third city hangs on the middle."""
    road = network(
        [(0, 0), (10, 0), (20, 0), (50, 0), (60, 0), (10, 30)],
        [
            (0, 1, "primary", 10, 50),
            (1, 2, "primary", 10, 50),
            (2, 3, "motorway", 30, 100),
            (3, 4, "primary", 10, 50),
            (1, 5, "primary", 30, 50),
        ],
    )
    places = cities(road, [("a", (0, 0), 900_000, 0), ("b", (60, 0), 600_000, 4), ("c", (10, 30), 90_000, 5)])
    return base_case(road, places)


def test_an_upgrade_takes_the_ordinary_stretches_at_the_new_speed(corridor):
    found = list(propose_upgrades(corridor, [(0, 1)], RULES, Counter()))
    assert [(p.candidate_id, p.length_km) for p in found] == [("road-upgrade:a-b", 30.0)]
    assert set(found[0].arcs) == {
        ("road:0", "road:2", 720), ("road:2", "road:0", 720),
        ("road:3", "road:4", 360), ("road:4", "road:3", 360),
    }  # fmt: skip


@pytest.fixture
def slow_motorway():
    """Two cities on a motorway: 40 km at 60 km/h and 20 km at 100; streets of 1 km at both ends."""
    road = network(
        [(0, 0), (1, 0), (21, 0), (41, 0), (61, 0), (62, 0)],
        [
            (0, 1, "primary", 1, 50),
            (1, 2, "motorway", 20, 60),
            (2, 3, "motorway", 20, 60),
            (3, 4, "motorway", 20, 100),
            (4, 5, "primary", 1, 50),
        ],
    )
    places = cities(road, [("a", (0, 0), 900_000, 0), ("b", (62, 0), 600_000, 5)])
    return base_case(road, places)


def test_a_slow_expressway_is_rebuilt_and_names_what_it_replaces_and_its_gain(slow_motorway):
    (found,) = propose_expressway_upgrades(slow_motorway, [(0, 1)], RULES, Counter())
    assert (found.candidate_id, found.length_km) == ("road-rebuilt:a-b", 40.0)
    assert set(found.arcs) == {
        ("road:1", "road:2", 720), ("road:2", "road:1", 720),
        ("road:2", "road:3", 720), ("road:3", "road:2", 720),
    }  # fmt: skip
    assert found.replaces == "motorway 40.0 km at 60 km/h"
    # 40 km at 60 km/h take 40 minutes, at 100 km/h 24.
    assert found.why == "40 km of expressway at 60 km/h today, 16 min faster when rebuilt"
    (priced,) = table(*of_kind("expressway_upgrade", [found])).table.to_dict("records")
    assert (priced["cost_low"], priced["cost"], priced["cost_high"]) == (2000, 2720, 4800)


def ridge(west_km, east_km):
    """Return ground with mountains between two meridians."""
    return TerrainPolygons((shapely.box(west_km * KM, -1, east_km * KM, 1),), (MOUNTAIN,), "drawn")


def test_an_expressway_is_not_rebuilt_where_mountains_set_its_speed(slow_motorway):
    """60 km/h is the speed of mountains; they end in the middle of the slow stretch."""
    rules = replace(RULES, mountain_kmh=60.0, ground=ridge(-1, 21))
    (found,) = propose_expressway_upgrades(slow_motorway, [(0, 1)], rules, Counter())
    assert (found.length_km, found.speed_kmh) == (20.0, pytest.approx(100.0))
    assert set(found.arcs) == {("road:2", "road:3", 720), ("road:3", "road:2", 720)}


def test_new_expressways_are_slower_in_mountains(corridor):
    """Half of the way from B to C lies in mountains, where cars run 60 km/h: 75 on the whole."""
    line = corridor.straight_line(1, 2)
    west, east = sorted((line.coords[0][0], line.coords[1][0]))
    half = TerrainPolygons((shapely.box(west, -1, (west + east) / 2, 1),), (MOUNTAIN,), "drawn")
    rules = replace(RULES, mountain_kmh=60.0, ground=half)
    by = Alignments(corridor)
    (plain,), (slow,) = (propose_links(by, [(1, 2)], one, Counter()) for one in (RULES, rules))
    assert (plain.speed_kmh, slow.speed_kmh) == (pytest.approx(100.0), pytest.approx(75.0, rel=0.02))
    assert slow.arcs[0][2] == pytest.approx(plain.arcs[0][2] * 100.0 / slow.speed_kmh, abs=1)


def test_a_short_or_fast_expressway_is_counted_and_left_as_it_is(slow_motorway):
    report = Counter()
    rules = replace(RULES, upgrade_least_km=41.0)
    assert list(propose_expressway_upgrades(slow_motorway, [(0, 1)], rules, report)) == []
    rules = replace(RULES, speed_kmh=62.0)
    assert list(propose_expressway_upgrades(slow_motorway, [(0, 1)], rules, report)) == []
    assert report == {
        "expressway_upgrade: under 41 km of slow expressway left": 1,
        "expressway_upgrade: saves less than 5% of today's drive": 1,
    }


def test_no_stretch_belongs_to_two_upgrades(corridor):
    found = list(propose_upgrades(corridor, [(0, 1), (0, 2)], RULES, Counter()))
    assert {p.candidate_id: p.length_km for p in found} == {
        "road-upgrade:a-b": 30.0,
        "road-upgrade:a-c": 30.0,
    }


def test_an_upgrade_can_be_entered_where_another_one_leaves(corridor):
    found = list(propose_upgrades(corridor, [(0, 1), (0, 2)], RULES, Counter()))
    assert {("road:0", "road:1", 360), ("road:1", "road:2", 360)} <= set(found[0].arcs)


def test_what_is_an_expressway_already_is_counted_and_left_out(corridor):
    report = Counter()
    assert list(propose_upgrades(corridor, [(0, 1)], RoadRules(upgrade_least_km=40.0), report)) == []
    assert sum(report.values()) == 1


def test_a_direct_road_is_proposed_where_the_way_is_a_detour(corridor):
    report = Counter()
    found = list(propose_links(Alignments(corridor), [(0, 1), (1, 2)], RULES, report))
    assert [p.candidate_id for p in found] == ["road-new:b-c"]
    assert found[0].length_km == pytest.approx(np.hypot(50, 30) * 1.2, rel=0.01)
    assert found[0].arcs[0][2] == round(found[0].length_km * 36)
    assert report == {"road_link: detour index below 1.35": 1}


@pytest.fixture
def gap():
    """Two expressways whose ends lie 10 km apart, 80 km by road."""
    road = network(
        [(-40, 0), (0, 0), (10, 0), (60, 0), (0, 35), (10, 35), (0, -40)],
        [
            (0, 1, "motorway", 40, 100),
            (2, 3, "motorway", 50, 100),
            (1, 4, "primary", 35, 50),
            (4, 5, "primary", 10, 50),
            (5, 2, "primary", 35, 50),
            (1, 6, "primary", 40, 50),
        ],
    )
    return base_case(road, cities(road, [("a", (-40, 0), 900_000, 0), ("b", (60, 0), 600_000, 3)]))


def test_a_gap_between_dead_ends_is_closed_once(gap):
    report = Counter()
    found = list(of_kind("gap", propose_gaps(gap, RULES, report)))
    assert len(found) == 1
    assert {arc[:2] for arc in found[0].arcs} == {("road:1", "road:2"), ("road:2", "road:1")}
    assert (found[0].instrument, round(found[0].length_km)) == ("barrier", 12)


def test_a_slip_road_that_ends_on_another_road_is_no_dead_end(gap):
    links = gap.road.links
    slip = links.assign(link_class=links["link_class"].replace({"primary": "motorway_link"}))
    expressways = links["link_class"] == "motorway"
    cut = replace(gap, road=replace(gap.road, links=slip[~expressways].reset_index(drop=True)))
    assert propose_gaps(cut, RULES, Counter()) == []


def test_dead_ends_near_the_border_are_no_gaps(gap):
    far = RoadRules(border_km=45.0)
    assert propose_gaps(gap, far, Counter()) == []


def test_roads_in_three_copies_are_built_in_three_copies(gap):
    copied = base_case(gap.road, _cities_of(gap), definition="in_vehicle")
    found = propose_gaps(copied, RULES, Counter())
    assert {arc[0].partition("/")[2] for arc in found[0].arcs} == {"", "between", "after"}


def _cities_of(drawn):
    from networks.cities import Cities

    return Cities(drawn.cities)


def test_anchor_nodes_are_dead_ends_and_the_meetings_of_classes(gap, corridor):
    assert anchor_nodes(gap.road).tolist() == [0, 1, 2, 3]
    assert anchor_nodes(corridor.road).tolist() == [2, 3]


STRICT = replace(RULES, artefacts=ArtefactRules())


@pytest.fixture
def long_corridor():
    """Two cities 60 km apart on a primary road; a motorway runs 3 km beside its middle third."""
    road = network(
        [(0, 0), (10, 0), (20, 0), (40, 0), (50, 0), (60, 0), (20, 3), (40, 3)],
        [
            (0, 1, "primary", 10, 50),
            (1, 2, "primary", 10, 50),
            (2, 3, "primary", 20, 50),
            (3, 4, "primary", 10, 50),
            (4, 5, "primary", 10, 50),
            (6, 7, "motorway", 20, 100),
        ],
    )
    return base_case(road, cities(road, [("a", (0, 0), 100_000, 0), ("b", (60, 0), 90_000, 5)]))


def test_an_upgrade_leaves_out_the_stretches_within_towns(long_corridor):
    apart = replace(STRICT, artefacts=ArtefactRules(beside_km=2.0))
    found = list(propose_upgrades(long_corridor, [(0, 1)], apart, Counter()))
    assert [(p.length_km, p.replaces) for p in found] == [(40.0, "primary 40.0 km at 50 km/h")]


def test_an_upgrade_beside_an_expressway_is_left_out_and_counted(long_corridor):
    beside, report = replace(STRICT, artefacts=ArtefactRules(town_km=19.0)), Counter()
    assert list(propose_upgrades(long_corridor, [(0, 1)], beside, report)) == []
    assert report == {"road_upgrade: under 5 km left, the rest beside one expressway": 1}


def test_an_upgrade_within_towns_is_left_out_and_counted(long_corridor):
    urban, report = replace(STRICT, artefacts=ArtefactRules(town_km=31.0)), Counter()
    assert list(propose_upgrades(long_corridor, [(0, 1)], urban, report)) == []
    assert report == {"road_upgrade: under 5 km left, the rest within towns": 1}


def test_an_upgrade_that_saves_little_is_left_out_and_counted(long_corridor):
    demanding, report = replace(RULES, upgrade_least_gain=0.6), Counter()
    assert list(propose_upgrades(long_corridor, [(0, 1)], demanding, report)) == []
    assert report == {"road_upgrade: saves less than 60 % of today's drive": 1}


def test_a_direct_road_within_towns_is_left_out_and_counted(corridor):
    urban, report = replace(RULES, artefacts=ArtefactRules(town_km=20.0)), Counter()
    assert list(propose_links(Alignments(corridor), [(1, 2)], urban, report)) == []
    assert report == {"road_link: more than 50 % within towns": 1}


def test_a_direct_road_has_to_beat_the_best_trip_of_today(corridor):
    demanding, report = replace(RULES, least_gain=0.9), Counter()
    assert list(propose_links(Alignments(corridor), [(1, 2)], demanding, report)) == []
    assert report == {"road_link: saves under 90 % of today's best way, train or road": 1}


@pytest.mark.parametrize(("detour", "proposed"), [(1.25, 0), (1.2, 1)])
def test_a_direct_road_is_no_second_expressway(detour, proposed):
    """60 km apart, 90 km by road, 60 of them slow motorway: 1.25 times the 72 km of a direct road."""
    road = network(
        [(0, 0), (15, 0), (45, 0), (60, 0)],
        [(0, 1, "primary", 15, 30), (1, 2, "motorway", 60, 80), (2, 3, "primary", 15, 30)],
    )
    base = base_case(road, cities(road, [("a", (0, 0), 90_000, 0), ("b", (60, 0), 80_000, 3)]))
    rules, report = replace(RULES, served_detour=detour), Counter()
    assert len(list(propose_links(Alignments(base), [(0, 1)], rules, report))) == proposed
    assert report == ({} if proposed else {"road_link: an expressway serves its ends": 1})


def test_a_gap_beside_one_expressway_is_left_out_and_counted(gap):
    beside, report = replace(RULES, artefacts=ArtefactRules(most_beside=0.4)), Counter()
    assert propose_gaps(gap, beside, report) == []
    assert report == {"gap: more than 40 % within 5 km of one expressway": 2}


def test_a_gap_is_no_gap_where_a_road_from_nearby_leads_there(gap):
    """A primary road 2 km beside both dead ends joins them in 12 minutes; it does not meet them."""
    spots = [(p.x / KM, p.y / KM) for p in gap.road.nodes.geometry]
    columns = ("tail", "head", "link_class", "length_km", "speed_kmh")
    links = [tuple(row) for row in gap.road.links[list(columns)].itertuples(index=False)]
    road = network([*spots, (0, 2), (10, 2)], [*links, (len(spots), len(spots) + 1, "primary", 10, 50)])
    report = Counter()
    assert propose_gaps(base_case(road, _cities_of(gap)), replace(RULES, detour_index=1.7), report) == []
    assert report == {"gap: a road within 3 km of its ends leads there as well": 2}
    assert (
        len(propose_gaps(base_case(road, _cities_of(gap)), replace(RULES, detour_index=1.6), Counter())) == 1
    )


def test_anchors_are_where_expressways_meet_other_roads_and_where_they_end():
    # expressway 0 - 1 - 2 - 3 - 7 with two carriageways from 1 to 2, slip road 3 - 4, primary road 1 - 5 - 6
    spots = [(0, 0), (10, 0), (20, 0), (30, 0), (30, 1), (10, 9), (10, 18), (40, 0)]
    links = [
        (0, 1, "motorway", 10, 100), (1, 2, "motorway", 10, 100), (2, 1, "motorway", 10, 100),
        (2, 3, "motorway", 10, 100), (3, 4, "motorway_link", 1, 60), (3, 7, "motorway", 10, 100),
        (1, 5, "primary", 9, 50), (5, 6, "primary", 9, 50),
    ]  # fmt: skip
    assert anchor_nodes(network(spots, links)).tolist() == [0, 1, 4, 7]
    trunk = replace(RULES, expressway_classes=("primary",))
    assert anchor_nodes(network(spots, links), trunk).tolist() == [1, 6]


def reasons_of(base, rules, pair=(1, 2)):
    """Return the number of direct roads that are proposed for a pair, and what was left out."""
    report = Counter()
    return len(list(propose_links(Alignments(base), [pair], rules, report))), dict(report)


def test_a_direct_road_keeps_each_rule_to_its_edge(corridor):
    """From B to C it is 58 km, 12 km and 30 km further than by today's roads."""
    km = corridor.straight_km(1, 2)
    assert reasons_of(corridor, replace(RULES, longest_km=km)) == (1, {})
    assert reasons_of(corridor, replace(RULES, shortest_km=km)) == (1, {})
    longer, shorter = replace(RULES, shortest_km=km + 0.1), replace(RULES, longest_km=km - 0.1)
    assert reasons_of(corridor, longer) == (0, {f"road_link: shorter than {km + 0.1:g} km": 1})
    assert reasons_of(corridor, shorter) == (0, {f"road_link: longer than {km - 0.1:g} km": 1})
    new_s = round(km * 1.2 / 100.0 * 3600)
    today_s = corridor.road_s(1, 2)
    index = today_s / new_s
    assert reasons_of(corridor, replace(RULES, detour_index=index - 1e-6)) == (1, {})
    assert reasons_of(corridor, replace(RULES, detour_index=index + 1e-6))[0] == 0
    assert int(corridor.skim[1, 2]) >= today_s
    saved = 1 - (corridor.skim[1, 2] - today_s + new_s) / corridor.skim[1, 2]
    assert reasons_of(corridor, replace(RULES, least_gain=saved - 1e-6)) == (1, {})
    assert reasons_of(corridor, replace(RULES, least_gain=saved + 1e-6))[0] == 0


def ends_of_gaps(**changes):
    """Return ends and index of the gaps of a star: dead ends 1 and 3 beside expressway nodes 5 and 6."""
    spots = [(-40, 0), (0, 0), (-40, 60), (0, 60), (12, -40), (12, 0), (12, 60), (12, 100), (0.5, 0)]
    links = [
        (0, 1, "motorway", 40, 100), (2, 3, "motorway", 40, 100),
        (4, 5, "motorway", 40, 100), (5, 6, "motorway", 60, 100), (6, 7, "motorway", 40, 100),
        (0, 2, "primary", 60, 50), (0, 4, "primary", 70, 50), (1, 8, "primary", 200, 50),
    ]  # fmt: skip
    road = network(spots, links)
    base = base_case(road, cities(road, [("a", (-40, 0), 900_000, 0), ("b", (12, 100), 600_000, 7)]))
    report = Counter()
    found = propose_gaps(base, replace(RULES, **{"border_km": 1.0, **changes}), report)
    return [one.arcs[0][:2] for one in found], [one.why for one in found], dict(+report)


def test_of_dead_ends_those_with_the_worst_detours_are_closed_first():
    """From 1 to 5 it is 40 km of motorway, 70 of primary road and 40 again; from 3 to 6 far more."""
    ends, whys, report = ends_of_gaps()
    assert ends == [("road:3", "road:6"), ("road:1", "road:5")]
    assert whys == [
        f"dead end 12 km from another expressway; today's way takes {index} times as long"
        for index in (27.7, 15.3)  # 14,400 and 7,920 s instead of 519
    ]
    assert report == {}
    ends, _, report = ends_of_gaps(gap_count=1)
    assert (ends, report) == ([("road:3", "road:6")], {"gap: beyond the worst 1": 1})
    ends, _, report = ends_of_gaps(gap_count=0)
    assert (ends, report) == ([], {"gap: beyond the worst 0": 2})


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"gap_longest_km": 14.5}, 2),
        ({"gap_longest_km": 14.3}, 0),
        ({"gap_detour_index": 15.2}, 2),
        ({"gap_detour_index": 15.4}, 1),
        ({"gap_detour_index": 27.7}, 1),
        ({"gap_detour_index": 27.9}, 0),
        ({"border_km": 11.9}, 2),
        ({"border_km": 12.1}, 0),
    ],
)
def test_a_gap_is_within_reach_a_detour_and_off_the_border(changes, count):
    assert len(ends_of_gaps(**changes)[0]) == count


def test_carriageways_between_two_nodes_count_once_for_each_of_them():
    assert _degree(np.array([[0, 1], [1, 0], [1, 2], [1, 2], [3, 2]]), 5).tolist() == [1, 2, 2, 1, 0]

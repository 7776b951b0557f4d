"""Test which tracks are used, and their classes, speeds and links."""

from __future__ import annotations

from datetime import date

import pytest
from rail_drawing import draw

from networks import rail, schema
from networks.rail.parameters import RailParameters

SPOTS = {1: (0, 0), 2: (10, 0), 3: (20, 0), 4: (10, 5)}


def build(tags, **options):
    return rail.build(draw(SPOTS, [(7, [1, 2, 3], tags)]), **options)


@pytest.mark.parametrize(
    ("tags", "link_class", "kmh", "source"),
    [
        ({"maxspeed": "350"}, "hsr350", 350.0, "tag"),
        ({"maxspeed": "300"}, "hsr350", 300.0, "tag"),
        ({"maxspeed": "250"}, "hsr250", 250.0, "tag"),
        ({"maxspeed": "200"}, "intercity200", 200.0, "tag"),
        ({"maxspeed": "160"}, "conv160", 160.0, "tag"),
        ({"maxspeed": "80"}, "conv120", 80.0, "tag"),
        ({"highspeed": "yes"}, "hsr250", 250.0, "class"),
        ({"usage": "main"}, "conv160", 160.0, "class"),
        ({"usage": "main", "maxspeed": "fast"}, "conv160", 160.0, "class"),
        ({"usage": "branch"}, "conv120", 120.0, "class"),
        ({}, "conv120", 120.0, "class"),
    ],
)
def test_class_and_design_speed_follow_the_tags(tags, link_class, kmh, source):
    link = build(tags).network.links.iloc[0]
    assert (link["link_class"], link["speed_kmh"], link["speed_source"]) == (link_class, kmh, source)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"railway": "construction"}, "railway=construction"),
        ({"railway": "tram"}, "other railway"),
        ({"service": "yard"}, "service=yard"),
        ({"usage": "industrial"}, "usage=industrial"),
        ({"disused": "yes"}, "railway=disused"),
    ],
)
def test_tracks_without_trains_are_left_out_and_counted(tags, reason):
    built = build(tags)
    assert len(built.network.links) == 0
    assert built.report.tracks_left_out == {reason: 1}


def test_crossovers_are_kept():
    assert len(build({"service": "crossover"}).network.links) == 1


def test_a_track_that_opened_later_is_left_out():
    built = build({"start_date": "2019-12-30"}, opened_by=date(2016, 3, 10))
    assert built.report.tracks_left_out == {"opened later": 1}


@pytest.mark.parametrize(
    ("tags", "number"),
    [
        ({"tracks": "2"}, 2),
        ({"tracks": " 1 "}, 1),
        ({"tracks": "1", "passenger_lines": "2"}, 2),
        ({"passenger_lines": "4"}, 4),
        ({}, 0),
        *[({"tracks": text}, 0) for text in ("0", "-2", "1;2", "two", "1.5", "100", "\u0662")],
    ],
)
def test_the_number_of_tracks_follows_the_tags_and_is_0_where_they_are_no_number(tags, number):
    assert build(tags).network.links["tracks"].tolist() == [number]


def test_running_time_follows_from_length_and_design_speed():
    link = build({"maxspeed": "200"}).network.links.iloc[0]
    assert link["forward_s"] == round(3600 * link["length_km"] / (0.80 * 200))
    assert link["backward_s"] == link["forward_s"]


def test_tracks_are_cut_where_another_track_joins():
    built = rail.build(draw(SPOTS, [(7, [1, 2, 3], {}), (8, [2, 4], {})]))
    assert sorted(built.network.links["osm_id"]) == [7, 7, 8]


def test_the_pieces_of_a_track_have_its_total_length():
    whole = rail.build(draw(SPOTS, [(7, [1, 2, 3], {})])).network.links["length_km"].sum()
    cut = rail.build(draw(SPOTS, [(7, [1, 2, 3], {})], stations={2: {"name": "B"}})).network.links
    assert len(cut) == 2
    assert cut["length_km"].sum() == pytest.approx(whole)


def test_a_track_from_a_point_to_itself_is_dropped_and_counted():
    built = rail.build(draw(SPOTS, [(7, [1, 2, 4, 1], {})]))
    assert (len(built.network.links), built.report.loops) == (0, 1)


def test_the_network_satisfies_the_data_contract():
    schema.check(rail.build(draw(SPOTS, [(7, [1, 2, 3], {}), (8, [2, 4], {})])).network)


def test_a_source_without_tracks_gives_an_empty_network():
    built = rail.build(draw({}, []))
    schema.check(built.network)
    assert len(built.services.lines) == 0


def test_every_class_has_a_default_headway_within_a_day():
    parameters = RailParameters.default()
    assert all(0 < parameters.default_headway_s(c.name) <= 86400 for c in parameters.classes)

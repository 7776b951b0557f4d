"""Test one-way rules, tagged and implied."""

from __future__ import annotations

import pytest

from networks.osm.tags import BACKWARD, BOTH, FORWARD, direction

CASES = [
    ({"highway": "primary"}, BOTH, "two_way"),
    ({"highway": "primary", "oneway": "no"}, BOTH, "two_way"),
    ({"highway": "primary", "oneway": "yes"}, FORWARD, "tag"),
    ({"highway": "primary", "oneway": "true"}, FORWARD, "tag"),
    ({"highway": "primary", "oneway": "1"}, FORWARD, "tag"),
    ({"highway": "primary", "oneway": " Yes "}, FORWARD, "tag"),
    ({"highway": "primary", "oneway": "-1"}, BACKWARD, "tag_reverse"),
    ({"highway": "primary", "oneway": "reverse"}, BACKWARD, "tag_reverse"),
    ({"highway": "primary", "oneway": "maybe"}, BOTH, "unreadable"),
    ({"highway": "motorway"}, FORWARD, "implied_motorway"),
    ({"highway": "motorway_link"}, FORWARD, "implied_motorway"),
    ({"highway": "motorway", "oneway": "no"}, BOTH, "two_way"),
    ({"highway": "motorway", "oneway": "-1"}, BACKWARD, "tag_reverse"),
    ({"highway": "motorway", "oneway": "maybe"}, FORWARD, "implied_motorway"),
    ({"highway": "trunk_link"}, BOTH, "two_way"),
    ({"highway": "primary", "junction": "roundabout"}, FORWARD, "implied_roundabout"),
    ({"highway": "primary", "junction": "circular"}, FORWARD, "implied_roundabout"),
    ({"highway": "primary", "junction": "roundabout", "oneway": "no"}, BOTH, "two_way"),
    ({"highway": "primary", "junction": "jughandle"}, BOTH, "two_way"),
]


@pytest.mark.parametrize(("tags", "expected", "rule"), CASES)
def test_the_tags_give_the_direction_and_the_rule(tags, expected, rule):
    assert direction(tags) == (expected, rule)


@pytest.mark.parametrize("value", ["reversible", "alternating"])
def test_roads_with_changing_directions_are_open_both_ways(value):
    assert direction({"highway": "motorway", "oneway": value}) == (BOTH, value)

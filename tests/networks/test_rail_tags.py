"""Test the parsing of rail speeds and intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.osm.tags import duration_s
from networks.rail.features import LONGEST_INTERVAL_S, design_speed_kmh, parse_speed_kmh
from networks.schema import LEAST_SPEED_KMH, MOST_SPEED_KMH


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("350", 350.0), ("100 mph", 160.9344), ("120;160", 160.0), ("200 km/h", 200.0), ("80; signals", 80.0)],
)
def test_documented_forms_of_speeds_are_parsed(text, kmh):
    assert parse_speed_kmh(text) == pytest.approx(kmh)


@pytest.mark.parametrize("text", [None, "", "none", "signals", "0", "9999", "-80", "nan", "1e3", "160 knots"])
def test_invalid_speeds_are_rejected(text):
    assert parse_speed_kmh(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:30", 1800),
        ("01:00:30", 3630),
        ("15", 900),
        ("7.5", 450),
        ("20 min", 1200),
        ("24:00", 86400),
        ("32:00:00", 115_200),
    ],
)
def test_documented_forms_of_intervals_are_parsed(text, seconds):
    assert duration_s(text, most_s=LONGEST_INTERVAL_S) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "00:00", "hourly", "00:15-00:30", "99:00:60", "10081", "00:75", "-5", "inf"]
)
def test_invalid_intervals_are_rejected(text):
    assert duration_s(text, most_s=LONGEST_INTERVAL_S) is None


@given(st.text(max_size=12))
def test_no_text_gives_a_speed_or_interval_out_of_range(text):
    speed, interval = parse_speed_kmh(text), duration_s(text, most_s=LONGEST_INTERVAL_S)
    assert speed is None or LEAST_SPEED_KMH <= speed <= MOST_SPEED_KMH
    assert interval is None or 0 < interval <= LONGEST_INTERVAL_S


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({}, None),
        ({"maxspeed": "200|160"}, 200),
        ({"maxspeed": "160;140"}, 160),
        ({"maxspeed": "40 (freight)"}, None),
        ({"maxspeed:forward": "120", "maxspeed:backward": "100"}, 120),
        ({"maxspeed": "80", "maxspeed:backward": "100"}, 100),
    ],
)
def test_the_highest_speed_of_passenger_trains_in_either_direction_counts(tags, kmh):
    assert design_speed_kmh(tags) == kmh


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT30M", 1800), ("PT1H", 3600), ("00:20", 1200), ("45 min", 2700)]
)
def test_intervals_may_be_iso_durations(text, seconds):
    assert duration_s(text, most_s=LONGEST_INTERVAL_S) == seconds

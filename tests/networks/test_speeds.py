"""Test the parsing of `maxspeed`, the speed tables, and the choice of a speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.countries import names
from networks.errors import SourceError
from networks.osm.scan import FERRY_TAGS
from networks.road.speeds import SpeedReader, crossing_step, parse_limit, speed_table

CN = speed_table("CN")

LIMITS = {
    "50": 50, " 50 ": 50, "120": 120, "5": 5, "160": 160, "62.5": 62.5, "62,5": 62.5, "050": 50,
    "50 km/h": 50, "50km/h": 50, "50 kmh": 50, "50 kph": 50, "50 KM/H": 50,
    "50 mph": 80.4672, "50mph": 80.4672, "50 MPH": 80.4672, "5 mph": 8.04672, "75 mph": 120.7008,
    "30 knots": 55.56, "10 knots": 18.52, "10 kn": 18.52, "1 knot": None,
    "none": 130, "walk": 6, "WALK": 6,
    "50;30": 30, "30;50": 30, "70|100": 70, "120|120|80": 80, "50; 30": 30, "50;": 50, "10 mph|50": 16.09344,
    "none|80": 80, "60;none": 60,
    "CN:urban": 50, "cn:urban": 50, "CN:rural": 70, "CN:motorway": 120, "CN:trunk": 70,
    "DE:urban": 50, "DE:rural": 100, "DE:motorway": 130, "FR:urban": 50, "BR:rural": 100, "IN:motorway": 120,
    "DE:zone30": 30, "DE:zone:30": 30, "IT:zone20": 20, "BE-VLG:urban": 50, "BE-VLG:rural": 70,
    "BE-WAL:rural": 90, "CA-ON:rural": 80, "DE:walk": 6,
    "DE:living_street": 7, "GB:nsl_single": 96.56, "FR:rural": 80, "HR:rural": 90, "ZA:rural": 100,
    "XX:urban": 50, "XX:rural": 70, "urban": 50, "rural": 70, "motorway": 120,
    "80; 60 @ wet": 80, "120;100 @ (22:00-06:00)": 120,
}  # fmt: skip
"""Text of the tag, and the limit in km/h (None if there is none)."""

REASONS = {
    "0": "too_slow", "4": "too_slow", "1 mph": "too_slow", "0 mph": "too_slow", "2 knots": "too_slow",
    "161": "too_fast", "999": "too_fast", "70100": "too_fast", "100 mph": "too_fast", "200 knots": "too_fast",
    "9" * 400: "unreadable", "1e3": "unreadable", "inf": "unreadable",
    "nan": "unreadable", "-50": "unreadable",
    "fifty": "unreadable", "50 mhp": "unreadable", "50/30": "unreadable",
    "~50": "unreadable", "": "unreadable",
    ";": "unreadable", "50;fast": "unreadable", "0x50": "unreadable",
    "٥٠": "unreadable", "50 60": "unreadable",
    "50.": "unreadable", ".5": "unreadable", "½": "unreadable", "²": "unreadable",
    "signals": "variable", "variable": "variable", "implicit": "variable", "80;signals": "variable",
    "80 @ wet": "conditional", "100 @ (22:00-06:00)": "conditional",
    "XX:moon": "unknown_zone", "CN:moon": "unknown_zone", "CN:zone": "unknown_zone",
    "DE:zone500": "too_fast",
    "AR:urban:primary": "unknown_zone", "JP:rural": "unknown_zone",
}  # fmt: skip
"""Text of the tag, and the reason of rejection."""


@pytest.mark.parametrize(("text", "kmh"), [pair for pair in LIMITS.items() if pair[1] is not None])
def test_a_limit_is_parsed_to_km_per_hour(text, kmh):
    limit = parse_limit(text, table=CN)
    assert limit.kmh == pytest.approx(kmh)
    assert limit.reason == ""


@pytest.mark.parametrize(("text", "reason"), REASONS.items())
def test_an_unusable_limit_has_a_reason(text, reason):
    limit = parse_limit(text, table=CN)
    assert limit.kmh is None
    assert limit.reason == reason


@given(text=st.text() | st.from_regex(r"[0-9.,;| ]*(mph|knots|km/h)?(CN:)?[a-z]*", fullmatch=True))
def test_no_text_gives_a_speed_out_of_range(text):
    limit = parse_limit(text, table=CN)
    assert (limit.kmh is None) == bool(limit.reason)
    assert limit.kmh is None or 5 <= limit.kmh <= 160


@given(parts=st.lists(st.integers(5, 160), min_size=1), mark=st.sampled_from(";|"))
def test_the_lowest_limit_of_a_list_counts(parts, mark):
    assert parse_limit(mark.join(map(str, parts)), table=CN).kmh == min(parts)


@given(kmh=st.integers(5, 99))
def test_miles_per_hour_are_converted(kmh):
    assert parse_limit(f"{kmh} mph", table=CN).kmh == pytest.approx(kmh * 1.609344)


def test_the_table_of_china_has_its_documented_speeds():
    speeds = CN.speed_kmh
    assert [speeds[name] for name in ("motorway", "trunk", "primary", "secondary", "tertiary")] == [
        95,
        65,
        50,
        40,
        30,
    ]


@pytest.mark.parametrize(
    ("country", "table"),
    [
        ("DE", "EU"),
        ("FR", "EU"),
        ("EU", "EU"),
        ("US", "US"),
        ("ZA", "ZA"),
        ("KE", "world"),
        ("cn", "CN"),
        ("world", "world"),
    ],
)
def test_a_country_uses_its_own_table_or_that_of_its_group(country, table):
    assert speed_table(country).country == table


@pytest.mark.parametrize("country", ["China", "", "C1", "WORLD", "ÄÖ"])
def test_an_invalid_country_code_is_rejected(country):
    with pytest.raises(SourceError, match="country code"):
        speed_table(country)


@pytest.mark.parametrize("country", sorted(names()))
def test_every_table_has_all_classes_a_factor_and_a_source(country):
    table = speed_table(country)
    classes = ("motorway", "trunk", "primary", "secondary", "tertiary")
    assert table.source
    assert 0.5 <= table.average_kmh("motorway", 100) / 100 <= 1
    assert all(5 <= kmh <= 160 for kmh in table.speed_kmh.values())
    assert {*classes, *(f"{name}_link" for name in classes)} <= set(table.speed_kmh)
    assert sorted((table.speed_kmh[name] for name in classes), reverse=True) == [
        table.speed_kmh[name] for name in classes
    ]
    assert all(table.speed_kmh[f"{name}_link"] <= table.speed_kmh[name] for name in classes)


def test_ferries_of_any_length_have_a_speed():
    assert all(crossing_step(kind, 40_000).up_to_km > 40_000 for _, kind in FERRY_TAGS)


def test_a_tagged_limit_is_multiplied_by_the_factor_of_its_class():
    assert SpeedReader(CN).read(1, {"highway": "trunk", "maxspeed": "100"}, 0) == (80, 80, "tag")


@pytest.mark.parametrize(
    ("limit", "average"),
    [(30, 27), (60, 54), (70, 63), (80, 72), (100, 88), (110, 92), (120, 96), (140, 112)],
)
def test_the_average_on_a_motorway_is_read_from_its_curve(limit, average):
    assert CN.average_kmh("motorway", limit) == pytest.approx(average)


@given(st.sampled_from(sorted(names())), st.floats(5, 160), st.floats(5, 160))
def test_the_average_rises_with_the_limit_and_stays_below_it(country, one, other):
    table, (slow, fast) = speed_table(country), sorted((one, other))
    assert table.average_kmh("motorway", slow) <= table.average_kmh("motorway", fast) + 1e-9
    assert table.average_kmh("motorway", slow) <= max(slow, table.least_kmh)


def test_a_rejected_limit_falls_back_to_the_table_and_is_reported():
    reader = SpeedReader(CN)
    assert reader.read(7, {"highway": "trunk", "maxspeed": "0"}, 0) == (65, 65, "table")
    counts = reader.counts()
    assert (counts.tagged, counts.imputed, dict(counts.rejected)) == (0, 1, {"too_slow": 1})
    assert dict(counts.examples) == {"too_slow": ("way 7: 0",)}


def test_examples_are_limited_and_distinct():
    reader = SpeedReader(CN)
    for way in range(50):
        reader.read(way, {"highway": "trunk", "maxspeed": str(way % 3)}, 0)
    assert reader.counts().examples["too_slow"] == ("way 0: 0", "way 1: 1", "way 2: 2")


def test_a_low_limit_does_not_fall_below_the_least_speed():
    assert SpeedReader(CN).read(1, {"highway": "tertiary", "maxspeed": "5"}, 0) == (5, 5, "tag")


@pytest.mark.parametrize(("direction", "along", "against"), [(1, 80, 80), (-1, 40, 40), (0, 80, 40)])
def test_each_direction_uses_its_own_limit(direction, along, against):
    tags = {"highway": "primary", "maxspeed:forward": "100", "maxspeed:backward": "50"}
    assert SpeedReader(CN).read(1, tags, direction) == (along, against, "tag")


def test_a_direction_without_a_limit_has_the_speed_of_its_class():
    tags = {"highway": "primary", "maxspeed:backward": "30"}
    reader = SpeedReader(CN)
    assert reader.read(1, tags, 0) == (50, 24, "tag")
    assert reader.counts().tagged == 1


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({"maxspeed:conditional": "50 @ (06:00-20:00)", "maxspeed": "80"}, 50, 50),
        ({"maxspeed:conditional": "50 @ (22:00-06:00)", "maxspeed": "80"}, 80, 80),
        ({"maxspeed:conditional": "50 @ (22:00-06:00)"}, None, None),
        ({"maxspeed:forward:conditional": "50 @ (Mo-Fr)", "maxspeed": "80"}, 50, 80),
        ({"maxspeed:conditional": "50 @ (06:00-20:00)", "maxspeed:backward": "30"}, 50, 50),
        ({"source:maxspeed": "DE:urban"}, 50, 50),
        ({"maxspeed:type": "FR:rural"}, 80, 80),
        ({"zone:maxspeed": "DE:30"}, 30, 30),
        ({"zone:traffic": "DE:urban"}, 50, 50),
        ({"zone:maxspeed": "30"}, 30, 30),
        ({"maxspeed": "80", "maxspeed:motorcar": "60"}, 60, 60),
        ({"source:maxspeed": "survey"}, None, None),
        ({"maxspeed": "40", "source:maxspeed": "DE:urban"}, 40, 40),
        ({"maxspeed": "signals", "source:maxspeed": "DE:motorway"}, 130, 130),
        ({"maxspeed": "80", "maxspeed:advisory": "50"}, 50, 50),
        ({"maxspeed": "80", "maxspeed:advisory": "100"}, 80, 80),
        ({"maxspeed:advisory": "60"}, 60, 60),
        ({"maxspeed": "80", "maxspeed:advisory:backward": "50"}, 80, 50),
    ],
)
def test_the_first_usable_tag_of_a_direction_is_its_limit(tags, along, against):
    """None stands for the speed of the class."""
    reader = SpeedReader(CN)
    road = {"highway": "secondary"}
    wanted = tuple(CN.speed_kmh["secondary"] if kmh is None else 0.8 * kmh for kmh in (along, against))
    assert reader.read(1, road | tags, 0)[:2] == pytest.approx(wanted)


def test_sources_that_are_no_limits_are_not_counted_as_rejected():
    reader = SpeedReader(CN)
    reader.read(1, {"highway": "secondary", "source:maxspeed": "sign", "maxspeed:type": "sign"}, 0)
    assert reader.counts().rejected == {}

"""Test that the page of tags lists the tables that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from networks.osm.scan import UNREAD_KEYS, UNREAD_RAILWAYS, UNREAD_ROADS
from networks.osm.tags import (
    CAR_SIZE,
    CLOSED_STATUS,
    CLOSED_VALUES,
    PASSABLE_BARRIERS,
    RESTRICTED_VALUES,
)
from networks.rail.parameters import RailParameters

PAGE = (Path(__file__).parents[2] / "docs" / "osm-tags.md").read_text(encoding="utf-8")


def names(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


@pytest.mark.parametrize(
    ("meaning", "values"), [("closed to cars", CLOSED_VALUES), ("no through traffic", RESTRICTED_VALUES)]
)
def test_the_access_table_lists_all_values(meaning, values):
    (row,) = re.findall(rf"^\| (.*) \| {meaning} \|$", PAGE, re.MULTILINE)
    assert names(row) == values


def test_the_passable_barriers_are_listed():
    (text,) = re.findall(r"`barrier` other than (.*?)\. Bollards", PAGE, re.DOTALL)
    assert names(text) == PASSABLE_BARRIERS


def test_the_tracks_in_use_are_named():
    assert all(
        f"`railway={value}`" in PAGE or f"`{value}`" in PAGE for value in RailParameters.default().railway
    )


def test_the_tags_of_closed_roads_and_the_size_of_a_car_are_listed():
    for key, value, _ in CLOSED_STATUS:
        assert f"`{key}={value}`" in PAGE or f"`{key}`" in PAGE
    for key, size in CAR_SIZE.items():
        assert re.search(rf"`{key}`[^;]*? {size:g}(\.0)? (m|t)\b", PAGE)


def test_what_is_counted_and_not_read_is_listed():
    (text,) = re.findall(r"The import report counts \(`read\.unread`\):(.*?)\n\n", PAGE + "\n\n", re.DOTALL)
    named = set(re.findall(r"`([a-z:_]+)`", text))
    assert named >= UNREAD_KEYS | {value for _, value in (*UNREAD_ROADS, *UNREAD_RAILWAYS)}

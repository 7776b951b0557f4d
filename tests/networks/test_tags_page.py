"""Test that the page of tags lists the tables that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from networks.osm.access import CLOSED_VALUES, PASSABLE_BARRIERS, RESTRICTED_VALUES
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

"""Test that opening dates decide what belongs to an earlier network."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.osm.tags import last_day, was_open


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015", date(2015, 12, 31)),
        ("2016-02", date(2016, 2, 29)),
        ("2016-03-10", date(2016, 3, 10)),
        ("~1998", date(1998, 12, 31)),
        (" 2001 ", date(2001, 12, 31)),
        ("C19", None),
        ("2016-13", None),
        ("2016-02-30", None),
        ("0000", None),
        ("", None),
        ("2016-3-1", None),
    ],
)
def test_a_date_is_read_as_the_latest_day_it_can_mean(text, day):
    assert last_day(text) == day


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("2016-03-10", True),
        ("2016-03-11", False),
        ("2016-03", False),
        ("2016-02", True),
        ("2016", False),
        ("2015", True),
    ],
)
def test_only_features_certainly_open_on_the_day_count(text, opened):
    assert was_open(text, on=date(2016, 3, 10)) is opened


def test_features_without_a_readable_date_count_as_open():
    assert was_open("", on=date(1900, 1, 1))
    assert was_open("before the war", on=date(1900, 1, 1))


def test_everything_is_open_today():
    assert was_open("2999", on=None)


@given(opened=st.dates(), day=st.dates())
def test_full_dates_compare_as_dates(opened, day):
    assert was_open(opened.isoformat(), on=day) is (opened <= day)


@given(text=st.text(), day=st.dates())
def test_any_text_can_be_parsed(text, day):
    was_open(text, on=day)

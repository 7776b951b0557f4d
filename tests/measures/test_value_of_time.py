"""Check break-even values of time, and the gravity model of trips."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.appraisal import annuity, break_even, gravity_trips


def test_annuity_of_ten_years_at_five_per_cent_equals_published_tables():
    assert annuity(0.05, 10) == pytest.approx(7.7217, abs=5e-5)


def test_annuity_without_discount_is_the_number_of_years():
    assert annuity(0, 30) == 30


def test_break_even_is_cost_per_hour_saved():
    # 600 trips x 60 s + 30 trips x 1800 s = 25 hours a year, over 2 years.
    assert break_even(500, [60, 1800], [600, 30], rate=0, years=2) == 10


def test_without_time_saved_the_cost_is_never_paid_back():
    assert break_even(500, [60, 0], [0, 30], rate=0.05, years=30) == inf


def test_without_cost_the_break_even_value_is_zero():
    assert break_even(0, [0], [1], rate=0.05, years=30) == 0


@given(
    st.lists(st.integers(1, 10**6), min_size=4, max_size=4),
    st.lists(st.one_of(st.none(), st.integers(1, 10**5)), min_size=6, max_size=6),
)
def test_trips_sum_to_those_of_all_people_with_a_partner(people, seconds):
    ends = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    times = np.array([inf if time is None else time for time in seconds])
    found = gravity_trips(np.array(ends), times, people, per_person=2.5)
    joined = {place for pair, time in zip(ends, seconds, strict=True) if time is not None for place in pair}
    assert found.sum() == pytest.approx(2.5 * sum(people[place] for place in joined))
    assert all((number > 0) == (time is not None) for number, time in zip(found, seconds, strict=True))

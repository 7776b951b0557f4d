"""Check the poverty measure against a published example and against its axioms."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.equity import poverty
from optimiser.problem.errors import ProblemError

HANDBOOK = [100, 110, 150, 160]
"""Country C of Haughton and Khandker (2009), Handbook on Poverty and Inequality, chapter 4; line 125."""


@pytest.mark.parametrize(("exponent", "published"), [(0, 0.5), (1, 0.08), (2, 0.0136)])
def test_incomes_of_the_handbook_have_its_poverty(exponent, published):
    found = poverty(HANDBOOK, [1, 1, 1, 1], line=125, exponent=exponent, poor="below")
    assert found == pytest.approx(published)


@pytest.mark.parametrize(("exponent", "by_hand"), [(0, 3 / 4), (1, 2 / 4), (2, (0.25 + 0.25 + 1) / 4)])
def test_times_beyond_an_hour_have_the_poverty_computed_by_hand(exponent, by_hand):
    # Two persons at 90 min (gap 1/2), one at 120 min (gap 1), one at 60 min (on the line: not poor).
    assert poverty([90, 120, 60], [2, 1, 1], line=60, exponent=exponent) == pytest.approx(by_hand)


def test_a_place_that_is_cut_off_counts_as_poor():
    assert poverty([30, inf], [3, 1], line=60) == 0.25


def test_the_gap_of_a_place_that_is_cut_off_is_infinite():
    assert poverty([30, inf], [3, 1], line=60, exponent=1) == inf


def test_a_cut_off_place_without_people_counts_for_nothing():
    assert poverty([90, inf], [3, 0], line=60, exponent=1) == 0.5


@pytest.mark.parametrize(("line", "exponent"), [(0, 0), (-5, 1), (inf, 1), (60, -1), (float("nan"), 0)])
def test_a_line_or_exponent_without_meaning_is_refused(line, exponent):
    with pytest.raises(ProblemError):
        poverty([1], [1], line=line, exponent=exponent)


rows = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 50)), min_size=1, max_size=8)
exponents = st.sampled_from([0, 1, 2])


def columns(drawn):
    return [value for value, _ in drawn], [number for _, number in drawn]


@given(rows, exponents, st.integers(2, 60))
def test_another_unit_of_time_changes_nothing(drawn, exponent, factor):
    values, people = columns(drawn)
    scaled = poverty([factor * value for value in values], people, line=60 * factor, exponent=exponent)
    assert scaled == pytest.approx(poverty(values, people, line=60, exponent=exponent))


@given(rows, exponents, st.integers(2, 5))
def test_replicating_all_people_changes_no_poverty(drawn, exponent, factor):
    values, people = columns(drawn)
    more = poverty(values * factor, people * factor, line=60, exponent=exponent)
    assert more == pytest.approx(poverty(values, people, line=60, exponent=exponent))


@given(rows, exponents, st.integers(0, 7), st.integers(0, 100))
def test_a_longer_way_never_lowers_poverty(drawn, exponent, at, more):
    values, people = columns(drawn)
    longer = list(values)
    longer[at % len(longer)] += more
    before = poverty(values, people, line=60, exponent=exponent)
    assert poverty(longer, people, line=60, exponent=exponent) >= before - 1e-12


@given(st.integers(70, 200), st.integers(1, 50), st.integers(1, 50))
def test_squared_poverty_counts_the_spread_among_the_poor(value, spread, people):
    spread = min(spread, value - 60)
    even = poverty([value, value], [people, people], line=60, exponent=2)
    assert poverty([value - spread, value + spread], [people, people], line=60, exponent=2) > even


@given(rows, rows, exponents)
def test_poverty_is_the_mean_of_the_poverty_of_its_parts(first, second, exponent):
    sizes = [sum(people for _, people in part) for part in (first, second)]
    parts = [poverty(*columns(part), line=60, exponent=exponent) for part in (first, second)]
    whole = poverty(*columns(first + second), line=60, exponent=exponent)
    assert whole == pytest.approx(float(np.average(parts, weights=sizes)))


@given(rows)
def test_the_share_of_poor_is_a_share(drawn):
    assert 0 <= poverty(*columns(drawn), line=60) <= 1


@given(rows, exponents)
def test_income_poverty_lies_between_nought_and_one(drawn, exponent):
    assert 0 <= poverty(*columns(drawn), line=60, exponent=exponent, poor="below") <= 1

"""Check the measures of inequality and poverty against published examples and against their axioms."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from optimiser.measures.equity import gini, lorenz, palma, poverty, theil_t

INEQ = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
"""Incomes of the examples of the R packages ineq and acid."""

STOERMANN = [10, 10, 10, 20, 50]
"""Regional incomes of Stoermann (2009), Regionaloekonomik, as the R package REAT quotes them."""

MEASURES = [gini, theil_t, palma]


def one_each(values):
    return np.ones(len(values))


@st.composite
def peopled(draw, least=1):
    n = draw(st.integers(least, 8))
    values = draw(st.lists(st.integers(1, 10_000), min_size=n, max_size=n))
    people = draw(st.lists(st.integers(1, 1000), min_size=n, max_size=n))
    return values, people


def test_gini_equals_the_example_of_ineq():
    assert gini(INEQ, one_each(INEQ)) == pytest.approx(0.4620911, abs=5e-8)


def test_theil_t_of_stoermann_computed_by_hand():
    by_hand = (3 * 0.5 * log(0.5) + 1 * log(1) + 2.5 * log(2.5)) / 5
    assert theil_t(STOERMANN, one_each(STOERMANN)) == pytest.approx(by_hand)


def test_gini_of_stoermann_computed_by_hand():
    # Absolute differences of the ten pairs: 3 x 0, 3 x 10, 3 x 40, 1 x 30 = 180; over n^2 times the mean.
    assert gini(STOERMANN, one_each(STOERMANN)) == pytest.approx(180 / (25 * 20))


def test_theil_t_of_one_owner_is_the_logarithm_of_the_number_of_people():
    assert theil_t([0, 0, 0, 7], one_each(range(4))) == pytest.approx(log(4))


def test_palma_divides_the_part_of_the_top_tenth_by_that_of_the_bottom_four():
    assert palma(INEQ, one_each(INEQ)) == pytest.approx(22261 / (541 + 1463 + 2445 + 3438))


def test_palma_splits_the_people_of_a_place_at_the_border():
    # Of 2 people, 0.8 hold 0.8 x 1, and 0.2 hold 0.2 x 3.
    assert palma([1, 3], [1, 1]) == pytest.approx((0.2 * 3) / (0.8 * 1))


def test_palma_is_infinite_when_the_bottom_holds_nothing():
    assert palma([0, 5], [1, 1]) == inf


def test_lorenz_curve_of_three_places_computed_by_hand():
    below, part = lorenz([3, 1, 2], [1, 1, 2])
    assert below.tolist() == pytest.approx([0, 0.25, 0.75, 1])
    assert part.tolist() == pytest.approx([0, 1 / 8, 5 / 8, 1])


@pytest.mark.parametrize("measure", [gini, theil_t])
def test_values_of_zero_have_no_inequality(measure):
    assert measure([0, 0], [1, 2]) == 0


@given(peopled())
def test_gini_equals_the_mean_difference_of_two_persons_drawn(drawn):
    values, people = drawn
    x, p = np.array(values, float), np.array(people) / sum(people)
    spread = np.abs(x[:, None] - x[None, :])
    assert gini(values, people) == pytest.approx(float(p @ spread @ p / (2 * (p @ x))), abs=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=peopled(), factor=st.integers(2, 60))
def test_scaling_all_values_changes_nothing(measure, drawn, factor):
    values, people = drawn
    scaled = [factor * value for value in values]
    assert measure(scaled, people) == pytest.approx(measure(values, people), abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=peopled(), factor=st.integers(2, 5))
def test_replicating_all_people_changes_nothing(measure, drawn, factor):
    values, people = drawn
    assert measure(values * factor, people * factor) == pytest.approx(measure(values, people), abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=peopled())
def test_a_place_counts_as_its_people_one_by_one(measure, drawn):
    values, people = drawn[0], [1 + number % 7 for number in drawn[1]]
    each = np.repeat(values, people)
    assert measure(each, one_each(each)) == pytest.approx(measure(values, people), abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=peopled(), chance=st.randoms())
def test_the_order_of_places_does_not_matter(measure, drawn, chance):
    rows = list(zip(*drawn, strict=True))
    chance.shuffle(rows)
    shuffled = [list(column) for column in zip(*rows, strict=True)]
    assert measure(*shuffled) == pytest.approx(measure(*drawn), abs=1e-9)


@pytest.mark.parametrize("measure", [gini, theil_t])
@given(drawn=peopled(least=2), at=st.tuples(st.integers(0, 7), st.integers(0, 7)), part=st.integers(1, 100))
def test_a_transfer_from_more_to_less_lowers_inequality(measure, drawn, at, part):
    values, _ = drawn
    values = [1000 * value for value in values]
    rich, poor = (position % len(values) for position in at)
    given_away = (values[rich] - values[poor]) * part // 200
    assume(given_away > 0)
    after = list(values)
    after[rich] -= given_away
    after[poor] += given_away
    # Two persons who change places are no change; here the richer stays the richer, or they meet.
    assert measure(after, one_each(after)) < measure(values, one_each(values))


@given(peopled(least=2), st.integers(1, 100))
def test_a_transfer_from_more_to_less_never_raises_the_palma_ratio(drawn, part):
    values = sorted(1000 * value for value in drawn[0])
    given_away = (values[-1] - values[0]) * part // 200
    after = [values[0] + given_away, *values[1:-1], values[-1] - given_away]
    assert palma(after, one_each(after)) <= palma(values, one_each(values)) + 1e-12


@given(peopled())
def test_gini_lies_between_zero_and_one(drawn):
    assert 0 <= gini(*drawn) < 1


@given(peopled())
def test_theil_t_lies_between_zero_and_the_logarithm_of_the_smallest_share(drawn):
    values, people = drawn
    assert 0 <= theil_t(values, people) <= log(sum(people) / min(people)) + 1e-12


@given(peopled())
def test_the_palma_ratio_is_never_below_a_quarter(drawn):
    assert palma(*drawn) >= 0.25 - 1e-12


HANDBOOK = [100, 110, 150, 160]
"""Country C of Haughton and Khandker (2009), Handbook on Poverty and Inequality, chapter 4; line 125."""


@pytest.mark.parametrize(("exponent", "published"), [(0, 0.5), (1, 0.08), (2, 0.0136)])
def test_poverty_equals_the_example_of_the_handbook(exponent, published):
    # Incomes below the line, mirrored at it: 2 x 125 - x is as far above the line as x is below.
    found = poverty([250 - x for x in HANDBOOK], [1, 1, 1, 1], line=125, exponent=exponent)
    assert found == pytest.approx(published)


@pytest.mark.parametrize(("exponent", "by_hand"), [(0, 3 / 4), (1, 2 / 4), (2, (0.25 + 0.25 + 1) / 4)])
def test_poverty_of_times_beyond_an_hour_computed_by_hand(exponent, by_hand):
    # Two persons at 90 min (gap 1/2), one at 120 min (gap 1), one at 60 min (on the line: not poor).
    assert poverty([90, 120, 60], [2, 1, 1], line=60, exponent=exponent) == pytest.approx(by_hand)


def test_a_place_that_is_cut_off_counts_as_poor():
    assert poverty([30, inf], [3, 1], line=60) == 0.25


def test_the_gap_of_a_place_that_is_cut_off_is_infinite():
    assert poverty([30, inf], [3, 1], line=60, exponent=1) == inf


def test_a_cut_off_place_without_people_counts_for_nothing():
    assert poverty([90, inf], [3, 0], line=60, exponent=1) == 0.5


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
def test_a_longer_time_never_lowers_poverty(drawn, exponent, at, more):
    values, people = columns(drawn)
    longer = list(values)
    longer[at % len(longer)] += more
    before = poverty(values, people, line=60, exponent=exponent)
    assert poverty(longer, people, line=60, exponent=exponent) >= before - 1e-12


@given(st.integers(70, 200), st.integers(1, 50), st.integers(1, 50))
def test_squared_poverty_increases_with_the_spread_among_the_poor(value, spread, people):
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

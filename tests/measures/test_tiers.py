"""Check coverage by tier, the worst place and the order of plans by their worst tier."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.equity import (
    TierShare,
    Worst,
    compare_maxmin,
    coverage_by_tier,
    maxmin_key,
    price_of_fairness,
    rank_maxmin,
    worst_place,
)
from optimiser.problem.errors import ProblemError


def test_coverage_is_summed_by_tier():
    found = coverage_by_tier([True, False, True], [3, 4, 5], ["small", "small", "core"])
    assert found == (TierShare("core", 5, 5), TierShare("small", 3, 7))


def test_share_of_a_tier_is_exact():
    assert TierShare("small", 3, 7).share == Fraction(3, 7)


def test_a_tier_without_weight_is_covered():
    assert TierShare("small", 0, 0).share == 1


def test_columns_of_different_length_are_refused():
    with pytest.raises(ProblemError):
        coverage_by_tier([True], [3, 4], ["small", "core"])


def test_the_worst_place_has_the_largest_time():
    assert worst_place([3, 9, 5], [10, 20, 30], ["a", "b", "c"]) == Worst("b", 9.0, 20)


def test_a_place_that_is_cut_off_is_the_worst():
    assert worst_place([3, inf], [10, 20], ["a", "b"]) == Worst("b", inf, 20)


def test_of_equals_the_worst_has_most_people_and_then_the_first_id():
    assert worst_place([9, 9, 9], [10, 20, 20], ["a", "c", "b"]).place == "b"


def test_a_place_without_people_is_never_the_worst():
    assert worst_place([3, 9], [10, 0], ["a", "b"]).place == "a"


def test_there_is_no_worst_place_without_people():
    with pytest.raises(ProblemError):
        worst_place([3], [0], ["a"])


def test_places_and_values_of_different_length_are_refused():
    with pytest.raises(ProblemError):
        worst_place([3], [1], ["a", "b"])


def test_the_better_plan_has_the_better_worst_tier():
    assert compare_maxmin([0.9, 0.2, 0.9], [0.3, 0.3, 0.3]) == -1


def test_equal_worst_tiers_leave_the_word_to_the_second_worst():
    assert compare_maxmin([Fraction(1, 3), Fraction(1, 2)], [Fraction(2, 5), Fraction(1, 3)]) == 1


def test_it_does_not_matter_which_tier_is_worst():
    assert compare_maxmin([0.2, 0.8], [0.8, 0.2]) == 0


def test_plans_with_different_numbers_of_tiers_are_not_compared():
    with pytest.raises(ProblemError):
        compare_maxmin([1], [1, 1])


def test_plans_are_ranked_by_their_worst_tiers_and_equals_by_name():
    plans = {"z": [0.5, 0.5], "b": [0.9, 0.1], "a": [0.1, 0.9], "c": [0.4, 1.0]}
    assert rank_maxmin(plans) == ("z", "c", "a", "b")


def test_plans_with_different_numbers_of_tiers_are_not_ranked():
    with pytest.raises(ProblemError):
        rank_maxmin({"a": [1], "b": [1, 1]})


def test_the_price_of_fairness_is_the_share_given_up():
    assert price_of_fairness(80, 60) == Fraction(1, 4)


def test_fairness_has_no_price_where_nothing_is_to_be_had():
    assert price_of_fairness(0, 0) == 0


@pytest.mark.parametrize(("best", "fair"), [(1, 2), (1, -1)])
def test_a_fair_plan_cannot_be_better_than_the_best(best, fair):
    with pytest.raises(ProblemError):
        price_of_fairness(best, fair)


shares = st.lists(st.fractions(0, 1), min_size=3, max_size=3)


@given(shares, shares)
def test_comparison_turns_with_its_plans(first, second):
    assert compare_maxmin(first, second) == -compare_maxmin(second, first)


@given(shares, shares, shares)
def test_comparison_is_transitive(first, second, third):
    one, two, three = sorted([first, second, third], key=maxmin_key)
    assert compare_maxmin(one, two) <= 0
    assert compare_maxmin(two, three) <= 0
    assert compare_maxmin(one, three) <= 0


@given(shares, st.integers(0, 2), st.fractions(Fraction(1, 100), 1))
def test_a_plan_that_is_better_for_one_tier_and_worse_for_none_is_better(before, at, more):
    after = list(before)
    after[at] += more
    assert compare_maxmin(after, before) == 1

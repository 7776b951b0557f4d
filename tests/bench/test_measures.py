"""Measures equal what is computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.bench.measures import (
    paired_ratio,
    performance_profile,
    performance_ratios,
    plain_ratio,
    profile_at,
    shifted_geometric_mean,
)

TIMES = {"fast": [1.0, 4.0, math.inf, math.inf], "slow": [2.0, 2.0, 8.0, math.inf]}


def test_a_shifted_geometric_mean_by_hand():
    # (3 + 1)(15 + 1) = 64, its square root 8, less the shift 7
    assert shifted_geometric_mean([3.0, 15.0], 1.0) == pytest.approx(7.0)


def test_the_shift_keeps_small_values_from_ruling():
    # (0 + 10)(30 + 10) = 400, its square root 20, less the shift 10
    assert shifted_geometric_mean([0.0, 30.0], 10.0) == pytest.approx(10.0)


def test_a_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="needs a value"):
        shifted_geometric_mean([], 1.0)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20), st.floats(0.1, 100))
def test_a_mean_lies_between_the_least_and_the_largest(values, shift):
    mean = shifted_geometric_mean(values, shift)
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6 * max(1, *values)


def test_ratios_are_to_the_best_of_each_problem():
    assert performance_ratios(TIMES) == {
        "fast": (1.0, 2.0, math.inf, math.inf),
        "slow": (2.0, 1.0, 1.0, math.inf),
    }


def test_a_profile_by_hand():
    ratios = performance_ratios(TIMES)
    assert performance_profile(ratios["fast"]) == ((1.0, 0.25), (2.0, 0.5))
    assert performance_profile(ratios["slow"]) == ((1.0, 0.5), (2.0, 0.75))


def test_a_profile_never_counts_a_failure():
    assert profile_at(performance_profile([1.0, math.inf]), 1e300) == 0.5
    assert performance_profile([math.inf, math.inf]) == ()
    assert profile_at((), 10.0) == 0.0


def test_a_time_of_nothing_still_has_a_ratio():
    assert performance_ratios({"a": [0.0], "b": [0.002]}) == {"a": (1.0,), "b": (2.0,)}


def test_solvers_with_other_problems_are_refused():
    with pytest.raises(ValueError, match="zip"):
        performance_ratios({"a": [1.0], "b": [1.0, 2.0]})


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=1, max_size=10))
def test_on_each_problem_somebody_is_best(pairs):
    ratios = performance_ratios({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    assert all(min(both) == 1.0 for both in zip(*ratios.values(), strict=True))
    assert all(profile_at(performance_profile(column), math.inf) == 1.0 for column in ratios.values())


def test_a_paired_ratio_by_hand():
    # (7 + 1) / (1 + 1) = 4 and (1 + 1) / (1 + 1) = 1: the square root of 4 x 1
    assert paired_ratio([7.0, 1.0], [1.0, 1.0], 1.0) == pytest.approx(2.0)


def test_a_ratio_of_means_by_hand():
    # sgm(3, 15) = 7 over sgm(1, 1) = 1
    assert plain_ratio([3.0, 15.0], [1.0, 1.0], 1.0) == pytest.approx(7.0)


def test_a_ratio_without_a_problem_is_refused():
    with pytest.raises(ValueError, match="needs a problem"):
        paired_ratio([], [], 1.0)

"""Check cost ranges and the distribution of overruns."""

from __future__ import annotations

from math import exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optimiser.measures.appraisal import (
    ALL_PROJECTS,
    FIXED_LINKS,
    RAIL,
    ROADS,
    CostRange,
    CostRisk,
    class_of,
    sum_of,
)


@pytest.mark.parametrize(
    ("reference", "published"),
    [(RAIL, (45, 38)), (FIXED_LINKS, (34, 62)), (ROADS, (20, 30)), (ALL_PROJECTS, (28, 39))],
)
def test_reference_classes_round_to_the_published_figures(reference, published):
    # Flyvbjerg, Holm and Buhl (2003), abstract and conclusions: per cent, mean and deviation.
    assert (round(100 * reference.mean), round(100 * reference.deviation)) == published


def test_the_classes_make_up_all_projects():
    assert RAIL.projects + FIXED_LINKS.projects + ROADS.projects == ALL_PROJECTS.projects


def test_the_mean_of_all_projects_is_that_of_the_classes_by_their_number():
    whole = sum(c.mean * c.projects for c in (RAIL, FIXED_LINKS, ROADS)) / ALL_PROJECTS.projects
    assert whole == pytest.approx(ALL_PROJECTS.mean, abs=0.0005)


def test_variance_within_and_between_classes_makes_up_that_of_all_projects():
    parts = [
        (c.deviation**2 + (c.mean - ALL_PROJECTS.mean) ** 2) * c.projects for c in (RAIL, FIXED_LINKS, ROADS)
    ]
    assert sqrt(sum(parts) / ALL_PROJECTS.projects) == pytest.approx(ALL_PROJECTS.deviation, abs=0.005)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("rail", RAIL),
        ("road-upgrade", ROADS),
        ("Expressway new", ROADS),
        ("tunnel", FIXED_LINKS),
        ("", ALL_PROJECTS),
        ("ferry", ALL_PROJECTS),
    ],
)
def test_the_first_word_of_a_kind_decides_its_class(kind, reference):
    assert class_of(kind) is reference


def test_expected_cost_is_the_estimate_with_the_mean_overrun():
    risk = ROADS.risk(1000)
    assert (risk.mean, risk.deviation) == pytest.approx((1204, 299))


def test_median_of_a_lognormal_cost_computed_by_hand():
    # Deviation as large as the mean: s^2 = ln 2, so that the median is mean / sqrt(2).
    assert CostRisk(10, 10).quantile(0.5) == pytest.approx(10 / sqrt(2))


def test_a_quantile_one_deviation_up_computed_by_hand():
    assert CostRisk(10, 10).quantile(0.8413447460685429) == pytest.approx(
        exp(log(10 / sqrt(2)) + sqrt(log(2)))
    )


def test_without_deviation_every_quantile_is_the_mean():
    assert CostRisk(7, 0).quantile(0.9) == 7


def test_variances_of_independent_costs_add_up():
    assert sum_of([CostRisk(10, 3), CostRisk(20, 4)]) == CostRisk(30, 5)


def test_deviations_of_fully_correlated_costs_add_up():
    assert sum_of([CostRisk(10, 3), CostRisk(20, 4)], correlation=1) == CostRisk(30, 7)


def test_the_sum_of_no_costs_is_zero():
    assert sum_of([]) == CostRisk(0, 0)


def test_cost_ranges_add_part_by_part():
    assert CostRange(1, 2, 3) + CostRange(10, 20, 40) == CostRange(11, 22, 43)


risks = st.builds(CostRisk, st.floats(1, 1e6), st.floats(0.1, 1e6))


@given(risks, st.floats(0.01, 0.99))
def test_a_quantile_is_that_of_the_lognormal_distribution_with_the_same_moments(risk, chance):
    spread = sqrt(log(1 + (risk.deviation / risk.mean) ** 2))
    law = stats.lognorm(s=spread, scale=risk.mean * exp(-(spread**2) / 2))
    assert law.mean() == pytest.approx(risk.mean)
    assert law.cdf(risk.quantile(chance)) == pytest.approx(chance, abs=1e-6)


@given(risks, st.floats(0.01, 0.98))
def test_more_money_is_enough_with_a_larger_chance(risk, chance):
    assert risk.quantile(chance) < risk.quantile(chance + 0.01)


@given(risks, st.floats(2, 50))
def test_another_unit_of_money_changes_no_probability(risk, factor):
    scaled = CostRisk(risk.mean * factor, risk.deviation * factor)
    assert scaled.quantile(0.8) == pytest.approx(risk.quantile(0.8) * factor)


@given(st.lists(risks, max_size=5), st.floats(0, 1))
def test_a_sum_is_riskier_the_more_costs_are_correlated(parts, correlation):
    between = sum_of(parts, correlation=correlation).deviation
    assert sum_of(parts).deviation <= between * (1 + 1e-9)
    assert between <= sum_of(parts, correlation=1).deviation * (1 + 1e-9)

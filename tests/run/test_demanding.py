"""Least shares, cities and caps of a job become the integers that they mean."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.job import loads
from optimiser.problem import Candidate, City, DesignProblem, Pair, Target
from optimiser.problem.errors import JobError
from optimiser.run.demanding import demand, is_coverable, least_weight

CITIES = pd.DataFrame(
    {
        "city_id": ["big", "mid", "tiny", "wee"],
        "tier": ["core", "secondary", "small", "small"],
        "population": [9_000_000, 1_000_000, 90_000, 40_000],
    }
)
PAIRS = pd.DataFrame(
    {
        "origin": [0, 0, 0, 1, 1, 2],
        "destination": [1, 2, 3, 2, 3, 3],
        "coverable": [True, True, True, True, False, False],
    }
)
WEIGHTS = (1_000, 7, 3, 5, 11, 13)


def problem(*, budget=1_003):
    groups = ["secondary", "small", "small", "small", "small", "small"]
    ends = zip(PAIRS["origin"], PAIRS["destination"], WEIGHTS, groups, strict=True)
    return DesignProblem(
        name="four",
        nodes=("big", "mid", "tiny", "wee"),
        arcs=((0, 1, 10),),
        candidates=(Candidate("c", 9, ((0, 2, 5),)),),
        pairs=tuple(Pair(int(a), int(b), 14_400, w, g) for a, b, w, g in ends),
        budget=budget,
    )


def demanded(*settings, budget=1_003):
    job = loads('[region]\nname = "jing-jin-ji"\n', settings=settings)
    return demand(problem(budget=budget), PAIRS, CITIES, job)


def test_a_job_that_demands_nothing_leaves_the_problem_as_it_is():
    assert demanded() == problem()


def test_a_least_share_is_of_the_weight_of_the_coverable_pairs_rounded_up():
    # Coverable small pairs weigh 7 + 3 + 5 = 15; 0.9 of that is 13.5.
    assert demanded("least.small=0.9").targets == (Target("small", 14),)


def test_a_share_that_comes_out_even_is_not_rounded_up_by_its_binary_fraction():
    # In floating point 0.07 * 100 is 7.000000000000001, and 0.28 * 25 is 7.000000000000001 as well.
    assert (least_weight(0.07, 100), least_weight(0.28, 25), least_weight(0.9, 10)) == (7, 7, 9)


@given(st.integers(0, 10_000), st.integers(0, 10**12))
def test_a_share_of_four_decimals_is_exact(tenthousandths, total):
    assert least_weight(tenthousandths / 10_000, total) == ceil(Fraction(tenthousandths, 10_000) * total)


def test_a_whole_share_asks_for_all_that_can_be_covered():
    assert demanded("least.small=1", "least.secondary=1.0").targets == (
        Target("secondary", 1_000),
        Target("small", 15),
    )


def test_a_share_of_a_tier_without_pairs_is_refused_with_its_key():
    with pytest.raises(JobError, match=r"least\.core: no pair is of the tier 'core'"):
        demanded("least.core=0.5")


def test_cities_do_not_count_unless_they_have_a_weight():
    assert demanded("city_coverage.share=0.5").cities == ()


def test_a_city_weighs_the_root_of_its_people_times_the_factor_and_needs_its_share_of_pairs_rounded_up():
    assert demanded("city_coverage.weight=2", "city_coverage.share=0.5").cities == (
        City("big", 6_000, (0, 1, 2), 2, "core"),
        City("mid", 2_000, (0, 3, 4), 2, "secondary"),
        City("tiny", 600, (1, 3, 5), 2, "small"),
        City("wee", 400, (2, 4, 5), 2, "small"),
    )


def test_with_cores_only_pairs_to_core_cities_count_and_a_lone_core_has_none():
    found = demanded("city_coverage.weight=1", 'city_coverage.pairs="cores"').cities
    assert [(city.id, city.pairs, city.need) for city in found] == [
        ("mid", (0,), 1),
        ("tiny", (1,), 1),
        ("wee", (2,), 1),
    ]


def test_a_least_share_of_cities_is_of_the_weight_of_coverable_cities():
    # With half of their pairs, tiny (300) can be covered: pairs 1 and 3; wee (200) has pair 2 alone.
    found = demanded("city_coverage.weight=1", "city_coverage.share=0.5", "city_coverage.least_small=0.5")
    assert found.targets == (Target("small", 150, "cities"),)
    can = PAIRS["coverable"].tolist()
    assert [is_coverable(city, can) for city in found.cities] == [True, True, True, False]


def test_a_cap_is_a_share_of_the_budget_rounded_down():
    assert demanded("caps.subsidy=0.25", "caps.barrier=0.0").caps == (("barrier", 0), ("subsidy", 250))


def test_targets_alone_are_to_be_reached_at_least_cost_where_the_job_says_so():
    found = demanded("budget.unlimited=true", "budget.cover=targets", "least.small=0.5", budget=None)
    assert (found.cover, found.targets) == ("targets", (Target("small", 8),))

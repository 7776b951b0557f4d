"""What a job demands becomes the integers that it means, and words."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import rivals

from optimiser import verify
from optimiser.job import loads
from optimiser.problem import Candidate, City, DesignProblem, Pair, Period, Target
from optimiser.problem.errors import JobError
from optimiser.report import sentences
from optimiser.run.demands import (
    city_cover,
    discount_factor,
    fairness_demands,
    is_coverable,
    lead_of,
    least_weight,
    period_budgets,
    with_demands,
    with_periods,
)

REGION = '[region]\nname = "jing-jin-ji"\n'

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
    job = loads(REGION, settings=settings)
    return with_demands(problem(budget=budget), PAIRS, CITIES, job)


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


# ---- periods

KINDS = ("rail_link", "road_link", "gap", "rail_service", "own")


def kinds(budget=100):
    candidates = tuple(Candidate(kind, 10, ((0, 1, 50),), kind) for kind in KINDS)
    return DesignProblem("two", ("a", "b"), ((0, 1, 100),), candidates, (Pair(0, 1, 60, 5),), budget)


def phasing(*settings):
    return loads(REGION, settings=['phasing.names=["one","two","three"]', *settings]).phasing


def periods(*settings):
    return with_periods(kinds(), phasing(*settings)).periods


def test_without_periods_the_problem_stays_as_it_is():
    assert with_periods(kinds(), loads(REGION).phasing) == kinds()


def test_factors_are_present_values_of_the_years_in_hundredths():
    # Sums of 1.06^-y: years 1-5 give 4.2124, 6-10 3.1477, 11-15 2.3522, and 16-25 3.0711.
    found = periods()
    assert [period.factor for period in found] == [421, 315, 235, 307]


def test_without_discount_each_year_counts_the_same():
    found = periods("phasing.discount_rate=0.0", "phasing.years=[2, 3, 5]")
    assert [period.factor for period in found] == [200, 300, 500, 1000]


def test_budgets_come_with_their_shares_and_the_years_of_use_after_them_bring_none():
    found = periods("phasing.shares=[0.5, 0.3, 0.2]", "phasing.discount_rate=0")
    assert found == (
        Period("one", 50, 500),
        Period("two", 30, 500),
        Period("three", 20, 500),
        Period("after", 0, 1000),
    )


def test_no_years_after_the_last_period_make_no_further_one():
    assert [p.id for p in periods("phasing.after_years=0")] == [
        "one",
        "two",
        "three",
    ]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 10**9))
def test_budgets_sum_to_the_whole_and_none_is_a_unit_off_its_share(parts, budget):
    total = sum(parts) or 1
    shares = tuple(Fraction(part, total) for part in (parts if sum(parts) else [1, *parts[1:]]))
    found = period_budgets(shares, budget)
    assert sum(found) == budget
    assert all(abs(money - share * budget) < 1 for money, share in zip(found, shares, strict=True))


def test_leads_are_building_years_over_the_years_of_a_period_a_half_rounded_up():
    assert {c.id: c.lead for c in with_periods(kinds(), phasing()).candidates} == {
        "rail_link": 1,
        "road_link": 1,
        "gap": 0,
        "rail_service": 0,
        "own": 1,
    }
    assert lead_of(phasing("phasing.years=[2, 2, 2]"), "rail_link") == 3
    assert lead_of(phasing("phasing.years=[8, 8, 8]"), "road_link") == 1
    assert lead_of(phasing("phasing.years=[9, 9, 9]"), "road_link") == 0


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(6, 100), Fraction(1)])
def test_two_periods_count_as_much_as_one_of_their_length(rate):
    assert abs(discount_factor(0, 4, rate) + discount_factor(4, 6, rate) - discount_factor(0, 10, rate)) <= 1


# ---- words and counts


def test_the_fairness_demands_of_a_job_are_described_in_words():
    job = loads(REGION, settings=["least.small=0.95", "objective.small=2"])
    assert tuple(fairness_demands(job)) == (
        "95 % of the pairs with a small city that can be covered, by weight",
        "weights of core pairs times 1, secondary pairs times 1, small pairs times 2",
    )
    assert not any(fairness_demands(loads(REGION)))


COUNTING = loads(REGION, settings=["city_coverage.weight=1", "city_coverage.share=0.8"])


def counted(*built):
    cities = (
        City("x", 5, (0,), 1, "core"),
        City("y", 3, (1, 2), 2, "small"),
        City("z", 3, (0, 1), 2, "small"),
    )
    problem = rivals().replace(cities=cities)
    return city_cover(problem, verify.score(problem, built), COUNTING, {"y": "Ypsilon"})


def test_cities_are_counted_by_tier():
    assert [tuple(row.values()) for row in counted("to small")["tiers"]] == [
        ("core", 1, 0, 0, 1, ()),
        ("small", 2, 0, 1, 2, ("Ypsilon",)),
    ]


def test_the_sentences_on_covered_cities_state_their_meaning():
    counts, gained = sentences.city_cover(counted("to small"))
    assert counts == (
        "Cities covered as a whole (80 % of its pairs within the limit): core 0 today, 0 with the plan, "
        "1 with everything built, of 1; small 0 today, 1 with the plan, 2 with everything built, of 2."
    )
    assert gained == "Covered by the plan: Ypsilon."


def test_nothing_is_reported_where_cities_do_not_count():
    problem = rivals()
    assert city_cover(problem, verify.score(problem, ()), COUNTING, {}) is None
    assert list(sentences.city_cover(None)) == []

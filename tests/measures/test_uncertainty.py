"""Check what a sweep means on small tables that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from optimiser.measures import uncertainty
from optimiser.measures.uncertainty import NO_FACTOR

CASES = pd.DataFrame(
    {
        "case": [1, 2, 3, 4],
        "weight_best": [100, 200, 100, 100],
        "weight_today": [50, 60, 50, 40],
    }
)

PLANS = pd.DataFrame(
    {
        "plan": [0] * 4 + [1] * 4,
        "case": [1, 2, 3, 4] * 2,
        "weight": [100, 150, 90, 90, 80, 200, 80, 99],
        "fits": [True, True, True, False, True, True, False, True],
    }
)


def built(rows):
    links = pd.DataFrame(
        [(case, name) for case, names in rows.items() for name in names], columns=["case", "candidate_id"]
    )
    return uncertainty.chosen(pd.Series(list(rows)), links)


def test_chosen_has_a_row_for_a_case_that_builds_nothing():
    found = built({3: ["b", "a"], 1: [], 2: ["a"]})
    assert found.index.tolist() == [3, 1, 2]
    assert found["a"].tolist() == [True, False, True]
    assert found["b"].tolist() == [True, False, False]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (9, 10), (10, 10), (450, 1000)])
def test_the_interval_is_that_of_scipy(k, n):
    theirs = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    low, high = uncertainty.wilson([k], [n])
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high))


def test_shares_rank_links_and_name_the_core():
    table = uncertainty.shares(
        built({case: ["a", "b"] if case < 9 else ["a"] for case in range(10)} | {10: []}),
        independent=11,
        core_share=0.9,
    )
    assert table["candidate_id"].tolist() == ["a", "b"]
    assert table["share"].tolist() == pytest.approx([10 / 11, 9 / 11])
    assert table["is_core"].tolist() == [True, False]
    assert table["low"].tolist() == pytest.approx(list(uncertainty.wilson([10, 9], [11, 11])[0]))


def test_a_link_in_exactly_the_share_of_the_core_belongs_to_it():
    rows = {case: ["a"] if case < 9 else [] for case in range(10)}
    assert uncertainty.shares(built(rows), independent=None, core_share=0.9)["is_core"].tolist() == [True]


def test_cases_that_are_no_sample_have_no_interval():
    table = uncertainty.shares(built({1: ["a"], 2: []}), independent=None, core_share=0.9)
    assert table[["low", "high"]].isna().all(axis=None)


def test_a_link_that_depends_on_one_factor_names_it():
    count = 90
    speed = np.linspace(0.8, 1.2, count)
    other = np.random.default_rng(1).permutation(speed)
    factors = pd.DataFrame({"other": other, "speed": speed, "still": 1.0})
    table = uncertainty.shares_by_factor(
        built({case: ["always", "fast"] if speed[case] > 1 else ["always"] for case in range(count)}), factors
    )
    assert set(table["factor"]) == {"other", "speed"}
    row = table[(table["candidate_id"] == "fast") & (table["factor"] == "speed")].iloc[0]
    assert (row["share_low"], row["share_high"], row["difference"]) == (0, 1, 1)
    assert row["at_low"] == "at most 0.93"
    assert uncertainty.deciding_factors(table).to_dict() == {"always": NO_FACTOR, "fast": "speed"}


def test_chance_decides_no_link():
    random = np.random.default_rng(2)
    count, links = 60, [f"l{i}" for i in range(50)]
    factors = pd.DataFrame(random.uniform(size=(count, 8)), columns=list("abcdefgh"))
    rows = {case: [name for name in links if random.random() < 0.5] for case in range(count)}
    decided = uncertainty.deciding_factors(uncertainty.shares_by_factor(built(rows), factors))
    # Each of 50 links is told from chance by mistake in at most about 5 % of such sweeps.
    assert (decided != NO_FACTOR).sum() <= 7


def test_the_interval_of_a_difference_is_that_of_newcombe():
    # 56 of 70 and 48 of 80: the example of the paper, method 10: 0.0524 to 0.3339.
    factors = pd.DataFrame({"f": [1.0] * 70 + [0.0] * 80})
    rows = {case: ["a"] if case < 56 or 70 <= case < 118 else [] for case in range(150)}
    row = uncertainty.shares_by_factor(built(rows), factors).iloc[0]
    assert row["difference"] == pytest.approx(0.2)
    assert (row["low"], row["high"]) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_a_factor_in_words_compares_its_extreme_values():
    factors = pd.DataFrame({"limit": ["3h"] * 20 + ["4h"] * 20 + ["5h"] * 20})
    rows = {case: ["a"] if 20 <= case < 40 else [] for case in range(60)}
    row = uncertainty.shares_by_factor(built(rows), factors).iloc[0]
    assert (row["at_low"], row["at_high"], row["difference"]) == ("3h", "4h", 1)


def test_the_band_has_the_quantiles_and_ignores_what_is_not_known():
    found = uncertainty.band([*range(101), np.nan])
    assert found == (5, 50, 95)
    assert np.isnan(uncertainty.band([]).p50)


def test_regret_counts_the_cases_that_the_money_pays_for():
    table = uncertainty.regret(uncertainty.plans_of(PLANS, CASES)).set_index("plan")
    assert table.loc[0].to_dict() == pytest.approx(
        {
            "cases": 4,
            "expected": 380 / 4,
            "fits": 0.75,
            "mean": (0 + 50 + 10) / 3,
            "largest": 50,
            "near": 1 / 3,
            "share_mean": (0 + 0.25 + 0.1) / 3,
            "share_largest": 0.25,
        }
    )
    assert table.loc[1, "largest"] == 20
    assert table.loc[1, "near"] == pytest.approx(2 / 3)


def test_a_fixed_plan_that_beats_the_best_known_plan_of_a_case_becomes_its_best():
    better = PLANS.assign(weight=[110, *PLANS["weight"][1:]])
    plans = uncertainty.plans_of(better, CASES)
    assert plans.best.tolist() == [110, 200, 100, 100]
    assert uncertainty.regret(plans)["mean"].min() >= 0


def test_the_value_of_waiting_by_hand():
    plans = uncertainty.plans_of(PLANS, CASES)
    paid = uncertainty.value_of_waiting(plans, overruns_are_paid=True)
    # Means: plan 0 430/4, plan 1 459/4; best 500/4.
    assert (paid.plan, paid.best, paid.fixed, paid.value.value) == (1, 125, 114.75, 10.25)
    hard = uncertainty.value_of_waiting(plans, overruns_are_paid=False)
    # Plan 0: 100, 150, 90 and today's 40; plan 1: 80, 200, today's 50 and 99.
    assert (hard.plan, hard.fixed, hard.value.value) == (1, 429 / 4, 71 / 4)
    assert hard.value.low < hard.value.value < hard.value.high


def test_waiting_is_worth_nothing_where_one_plan_is_always_best():
    one = PLANS[PLANS["plan"] == 1].assign(weight=[100, 200, 100, 100], fits=True)
    assert uncertainty.value_of_waiting(uncertainty.plans_of(one, CASES), overruns_are_paid=False).value == (
        0,
        0,
        0,
    )

from __future__ import annotations

import pandas as pd
import pytest
from report_drawing import four_cities, line_report

from optimiser.measures import coverage


@pytest.fixture
def pairs() -> pd.DataFrame:
    """The pairs of the plan that builds everything."""
    return line_report("bc", "cd", "idle").pairs


def test_coverage_by_group_counts_before_after_and_all_built(pairs):
    rows = coverage.by_group(pairs).set_index("group")
    assert rows.loc["secondary", ["before_pairs", "after_pairs", "all_built_pairs"]].tolist() == [1, 1, 1]
    assert rows.loc["small", ["before_pairs", "after_pairs", "all_built_pairs"]].tolist() == [2, 5, 5]
    assert rows.loc["all", ["pairs", "before_weight", "after_weight"]].tolist() == [6, 30, 60]


def test_groups_come_in_order_of_tiers_and_all_last(pairs):
    assert coverage.by_group(pairs)["group"].tolist() == ["secondary", "small", "all"]


def test_a_pair_exactly_at_the_limit_is_within_it(pairs):
    assert coverage.within(pairs.assign(after_s=pairs["limit_s"]), state="after").all()


def test_a_pair_one_second_over_the_limit_is_not_within_it(pairs):
    assert not coverage.within(pairs.assign(after_s=pairs["limit_s"] + 1), state="after").any()


def test_each_city_has_its_partners_counted_and_its_farthest_one_named(pairs):
    cities = coverage.by_city(four_cities(), pairs).set_index("name")
    assert cities.loc["Di", ["partners", "before", "after"]].tolist() == [3, 0, 3]
    assert cities.loc["Di", "worst_before"] == "Ada"
    assert cities.loc["Di", "worst_before_s"] == 9 * 3600


def test_people_gaining_are_those_of_the_smaller_cities_each_counted_once(pairs):
    assert coverage.people_gaining(four_cities(), pairs) == 100_000


def test_nobody_gains_where_no_pair_is_newly_covered():
    report = line_report()
    assert coverage.people_gaining(report.cities, report.pairs) == 0

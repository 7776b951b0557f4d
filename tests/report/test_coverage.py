from __future__ import annotations

import pytest

from networks.timegraph import UNREACHABLE
from optimiser.problem.errors import ProblemError
from optimiser.report import assemble, coverage, sentences, wording


def test_coverage_by_group_counts_before_after_and_all_built(report):
    rows = coverage.by_group(report.pairs).set_index("group")
    assert rows.loc["secondary", ["before_pairs", "after_pairs", "all_built_pairs"]].tolist() == [1, 1, 1]
    assert rows.loc["small", ["before_pairs", "after_pairs", "all_built_pairs"]].tolist() == [2, 5, 5]
    assert rows.loc["all", ["pairs", "before_weight", "after_weight"]].tolist() == [6, 30, 60]


def test_groups_stand_in_order_of_tiers_and_all_comes_last(report):
    assert coverage.by_group(report.pairs)["group"].tolist() == ["secondary", "small", "all"]


def test_a_pair_at_the_limit_to_the_second_is_within_it(report):
    pairs = report.pairs.assign(after_s=report.pairs["limit_s"])
    assert coverage.within(pairs, state="after").all()


def test_a_pair_one_second_over_the_limit_is_not(report):
    pairs = report.pairs.assign(after_s=report.pairs["limit_s"] + 1)
    assert not coverage.within(pairs, state="after").any()


def test_each_city_knows_its_partners_and_its_farthest_one(report):
    cities = coverage.by_city(report.cities, report.pairs).set_index("name")
    assert cities.loc["Di", ["partners", "before", "after"]].tolist() == [3, 0, 3]
    assert cities.loc["Di", "worst_before"] == "Ada"
    assert cities.loc["Di", "worst_before_s"] == 9 * 3600


def test_people_that_gain_live_in_the_smaller_cities_once_each(report):
    assert coverage.people_gaining(report) == 100_000


def test_near_misses_are_those_within_a_minute_of_the_limit(report):
    pairs = report.pairs.assign(after_s=[14_339, 14_340, 14_460, 14_461, UNREACHABLE, 0])
    assert coverage.near_misses(pairs).index.tolist() == [1, 2]


def test_pairs_at_nodes_that_are_no_city_are_refused(problem, cities):
    with pytest.raises(ProblemError, match="city:d"):
        assemble.pair_cities(problem, cities.iloc[:3])


def test_the_path_of_a_new_pair_names_its_links(report):
    assert report.pairs.loc[2, "links"] == ("bc", "cd")


@pytest.mark.parametrize(
    ("seconds", "words"), [(14_400, "4:00"), (14_401, "4:01"), (59, "0:01"), (UNREACHABLE, "no path")]
)
def test_a_clock_rounds_up_so_that_over_the_limit_never_reads_as_the_limit(seconds, words):
    assert wording.clock(seconds) == words


@pytest.mark.parametrize(("money", "scale"), [("million CNY", 10**6), ("CNY", 1), ("", 1), ("million", 1)])
def test_cost_per_person_is_in_the_single_unit_of_money(money, scale):
    assert wording.per_person(money)[0] == scale


def test_the_headline_counts_links_and_new_pairs(report):
    assert sentences.headline(report) == "3 links bring 3 more city pairs within 4 hours"


def test_the_headline_of_a_plan_of_nothing_says_so(make):
    assert sentences.headline(make()).startswith("Nothing is built")


def test_without_a_bound_nothing_is_claimed(report):
    assert "no bound" in sentences.proof(report)
    assert "a better plan may exist" in sentences.meaning(report)

"""Check equity by tier, mean times of places and the worst place against values computed by hand."""

from __future__ import annotations

from math import exp, inf
from types import SimpleNamespace

import numpy as np
import pytest

from optimiser.measures.equity import (
    ALL,
    TimedPairs,
    equity_by_tier,
    gini,
    mean_times,
    palma,
    theil_t,
)

PEOPLE = [4, 2, 2, 0]
NAMES = ["a", "b", "c", "crossing"]


def timed(ends, seconds, weights, groups):
    """Pairs with a limit of 150 s; None: no path."""
    times = np.array([inf if time is None else time for time in seconds])
    return TimedPairs(
        np.array(ends), times, np.full(len(times), 150), np.array(weights), np.array(groups, dtype=np.str_)
    )


def fork(to_b=100, to_c=300, *, tiers=("core", "near", "far", "none"), compared=None):
    """Measure two pairs, from a to b and to c, with limits and a poverty line of 150 s."""
    pairs = timed(((0, 1), (0, 2)), (to_b, to_c), (2, 3), ("near", "far"))
    rows = equity_by_tier(pairs, people=PEOPLE, tiers=tiers, names=NAMES, line=150, compared=compared)
    return {row["tier"]: SimpleNamespace(**row) for row in rows}


def test_there_is_a_row_for_each_tier_and_one_for_all():
    assert list(fork()) == ["core", "far", "near", "none", ALL]


def test_coverage_is_that_of_the_pairs_by_group():
    today, plan = fork(), fork(to_c=100)
    rows = [today[tier] for tier in ("far", "near", ALL)]
    assert [(row.pairs_within, row.weight_within, row.weight) for row in rows] == [
        (0, 0, 3),
        (1, 2, 2),
        (1, 2, 5),
    ]
    assert plan[ALL].weight_within == 5


def test_inequality_is_that_of_the_mean_times_of_places():
    # a is 200 s from the others on average, b 100 s and c 300 s from a.
    found, row = fork()[ALL], ([200, 100, 300], [4, 2, 2])
    assert (found.gini, found.theil, found.palma) == (gini(*row), theil_t(*row), palma(*row))
    assert found.mean_minutes == 200 / 60


def test_equal_times_have_no_inequality():
    found = fork(to_c=100)[ALL]
    assert (found.gini, found.theil) == (0, 0)


def test_poverty_is_that_of_mean_times_beyond_the_line():
    # a is a third beyond the line of 150 s, c is beyond it by the whole line.
    found = fork()[ALL]
    assert found.poor_share == 6 / 8
    assert (found.poverty_gap, found.poverty_severity) == pytest.approx(((4 / 3 + 2) / 8, (4 / 9 + 2) / 8))


def test_the_worst_place_is_the_farthest():
    assert (fork()[ALL].worst_city, fork()[ALL].worst_minutes) == ("c", 5)
    assert (fork()["near"].worst_city, fork()["near"].worst_minutes) == ("b", 100 / 60)


def test_people_who_are_cut_off_are_poor_and_counted_apart():
    # c has no path to a, its only partner; a and b reach each other.
    found = fork(to_c=None)[ALL]
    assert (found.people_cut_off, found.poor_share, found.poverty_gap, found.gini) == (2, 0.25, 0, 0)
    assert (found.worst_city, found.worst_minutes) == ("c", None)


def test_a_pair_that_only_one_state_joins_enters_the_mean_time_of_neither():
    # No path leads to c today; with the plan it is far, and b is nearer.
    today, plan = (fork(*to, compared=np.array([True, False]))[ALL] for to in ((100, None), (90, 300)))
    assert (today.mean_minutes, plan.mean_minutes) == (100 / 60, 90 / 60)
    assert (today.pairs_joined, plan.pairs_joined) == (1, 2)
    # c is cut off no more, but still beyond the line of 150 s; nearer than that it is not poor.
    assert [(one.people_cut_off, one.poor_share) for one in (today, plan)] == [(2, 0.25), (0, 0.25)]
    assert (plan.worst_city, plan.worst_minutes, plan.gini, plan.poverty_gap) == ("c", 5, 0, 0)
    assert fork(90, 120, compared=np.array([True, False]))[ALL].poor_share == 0


def test_without_any_path_there_is_no_inequality():
    found = fork(to_b=None, to_c=None)[ALL]
    assert (found.gini, found.mean_minutes, found.poor_share) == (None, None, 1)
    assert (found.poverty_gap, found.people_cut_off) == (0, 8)


def test_places_are_counted_by_the_share_of_their_partners_within_the_limits():
    # a reaches one of two partners, b its only one (a, the core), c none.
    found = fork()[ALL]
    assert (found.cities, found.cities_all_within, found.cities_half_within) == (3, 1, 2)
    assert (found.cities_core_within, fork()["core"].cities_core_within) == (1, None)


def test_a_tier_without_places_has_an_empty_row():
    row = fork()["none"]
    assert (row.cities, row.people, row.mean_minutes, row.poor_share) == (0, 0, None, 0)
    assert (row.worst_city, row.worst_minutes, row.pairs_share) == ("", None, None)


def test_time_of_a_place_is_weighted_by_the_people_at_the_other_ends():
    places, times = mean_times(np.array([(0, 1), (0, 2)]), np.array([10, 40]), [5, 1, 2])
    assert places.tolist() == [0, 1, 2]
    assert times.tolist() == [30, 10, 40]


def test_a_pair_without_a_path_does_not_count_in_the_mean():
    assert mean_times(np.array([(0, 1), (0, 2)]), np.array([10, inf]), [5, 1, 2])[1].tolist()[:2] == [10, 10]


def test_a_place_without_a_path_to_any_other_is_infinitely_far():
    assert mean_times(np.array([(0, 1), (0, 2)]), np.array([10, inf]), [5, 1, 2])[1].tolist()[2] == inf


def test_pairs_with_nobody_at_the_other_end_do_not_count():
    places, times = mean_times(np.array([(0, 1), (0, 2)]), np.array([10, 90]), [5, 1, 0])
    assert (places.tolist(), times.tolist()) == ([0, 1, 2], [10, 10, 90])


def test_a_place_paired_with_itself_has_no_time():
    assert mean_times(np.array([(0, 0)]), np.array([0]), [5])[0].tolist() == []


@pytest.mark.parametrize(
    ("people", "worst"), [((4, 2, 2), "a"), ((2, 2, 4), "c"), ((2, 4, 4), "b"), ((0, 2, 4), "c")]
)
def test_of_equals_the_worst_has_most_people_and_then_the_first_name(people, worst):
    pairs = timed(((0, 1), (0, 2), (1, 2)), (90,) * 3, (1,) * 3, ("far",) * 3)
    rows = equity_by_tier(pairs, people=people, tiers=("far",) * 3, names=("a", "b", "c"), line=150)
    assert [row["worst_city"] for row in rows] == [worst, worst]


def test_people_within_reach_and_gravity_count_the_people_of_other_places():
    # In units of e^(-t / 1 h): a reaches 2 people at 2 h and 2 at 3 h, b and c its 4 at 2 h and at 3 h.
    found, two, three = fork(7200, 10_800), exp(-2), exp(-3)
    row = found[ALL]
    assert (row.people_within_2h, row.people_within_3h, row.people_within_4h) == (2, 4, 4)
    assert row.gravity_people == pytest.approx(2 * (two + three))
    assert found["far"].gravity_people == pytest.approx(4 * three)
    assert fork(7200, None)["core"].people_within_4h == 2

"""Check morphological and functional polycentricity against values computed by hand, and their bounds."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.equity import TimedPairs
from optimiser.measures.polycentricity import (
    functional_polycentricity,
    mean_rank_size_slope,
    ordinary_polycentricity,
    people_in_reach,
    polycentricity_of_coverage,
    primacy,
    rank_size_slope,
)


def star_flows(n):
    flows = np.zeros((n, n), dtype=np.int64)
    flows[0, 1:] = flows[1:, 0] = 1
    return flows


def complete_flows(n):
    return np.ones((n, n), dtype=np.int64) - np.eye(n, dtype=np.int64)


def test_equal_places_are_fully_polycentric():
    assert ordinary_polycentricity([5, 5, 5]) == 1


def test_two_places_of_which_one_has_no_importance_are_monocentric():
    assert ordinary_polycentricity([8, 0]) == 0


def test_ordinary_polycentricity_of_three_places_computed_by_hand():
    # Mean 4, variance (16 + 0 + 16) / 3; two places with 0 and 8: deviation 4.
    assert ordinary_polycentricity([8, 4, 0]) == pytest.approx(1 - sqrt(32 / 3) / 4)


def test_places_by_zipfs_rule_have_a_slope_of_minus_one():
    assert rank_size_slope([120, 60, 40, 30, 24]) == pytest.approx(-1)


def test_slope_of_two_places_is_the_logarithm_of_their_ratio():
    assert rank_size_slope([9, 3, 1], largest=2) == pytest.approx(-log(3) / log(2))


def test_equal_places_have_no_slope():
    assert rank_size_slope([4, 4, 4]) == 0


def test_places_without_people_are_not_on_the_line():
    assert rank_size_slope([120, 0, 60, 40]) == rank_size_slope([120, 60, 40])


def test_mean_slope_takes_the_two_three_and_four_largest():
    sizes = [100, 70, 20, 10, 1]
    slopes = [rank_size_slope(sizes, largest=n) for n in (2, 3, 4)]
    assert mean_rank_size_slope(sizes) == pytest.approx(sum(slopes) / 3)


def test_mean_slope_of_two_places_is_their_slope():
    assert mean_rank_size_slope([6, 3]) == pytest.approx(-1)


def test_primacy_is_the_share_of_the_largest():
    assert primacy([6, 3, 1]) == 0.6


def test_a_complete_network_is_fully_polycentric():
    assert functional_polycentricity(complete_flows(5), most=20) == 1


def test_polycentricity_of_a_star_computed_by_hand():
    # Degrees 3, 1, 1, 1 each way: deviation sqrt(3) / 2, of 3 and 0: 3 / 2; half of all relations are there.
    assert functional_polycentricity(star_flows(4), most=12) == pytest.approx((1 - sqrt(3) / 3) / 2)


def test_density_is_the_sum_of_flows_over_the_largest_possible_sum():
    assert functional_polycentricity(3 * complete_flows(3), most=36) == pytest.approx(0.5)


def test_no_relation_at_all_is_not_polycentric():
    assert functional_polycentricity(np.zeros((3, 3)), most=6) == 0


def test_relations_of_a_place_with_itself_do_not_count():
    itself = complete_flows(4) + 9 * np.eye(4, dtype=np.int64)
    assert functional_polycentricity(itself, most=12) == functional_polycentricity(complete_flows(4), most=12)


sizes = st.lists(st.integers(0, 1000), min_size=2, max_size=8).filter(any)
tables = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(sizes)
def test_ordinary_polycentricity_lies_between_zero_and_one(importance):
    assert 0 <= ordinary_polycentricity(importance) <= 1


@given(sizes, st.integers(2, 50))
def test_scale_does_not_change_ordinary_polycentricity(importance, factor):
    assert ordinary_polycentricity([factor * x for x in importance]) == pytest.approx(
        ordinary_polycentricity(importance), abs=1e-9
    )


@given(sizes)
def test_a_slope_is_never_positive(importance):
    if sum(x > 0 for x in importance) > 1:
        assert rank_size_slope(importance) <= 0


@given(tables)
def test_functional_polycentricity_lies_between_zero_and_one(flows):
    assert 0 <= functional_polycentricity(flows, most=9 * len(flows) * len(flows)) <= 1


@given(tables, st.randoms())
def test_the_order_of_places_does_not_change_functional_polycentricity(flows, chance):
    order = list(range(len(flows)))
    chance.shuffle(order)
    shuffled = np.array(flows)[np.ix_(order, order)]
    most = 9 * len(flows) * len(flows)
    assert functional_polycentricity(shuffled, most=most) == pytest.approx(
        functional_polycentricity(flows, most=most)
    )


def timed(*rows):
    """Pairs of 10 s limit, each a place, another, a time and a weight."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    limits, groups = np.full(len(table), 10), np.full(len(table), "")
    return TimedPairs(table[:, :2], table[:, 2].astype(float), limits, table[:, 3], groups)


def test_covered_pairs_are_the_relations_between_places():
    # Covered: 0-1 (weight 2) and 0-2 (5) of a weight of 14; degrees 7, 2, 5.
    found = polycentricity_of_coverage(timed((0, 1, 10, 2), (0, 2, 3, 5), (1, 2, 11, 7)), 3)
    assert found == pytest.approx(ordinary_polycentricity([7, 2, 5]) * 7 / 14)


def test_a_ring_round_the_core_makes_a_star_functionally_polycentric():
    spokes = [(i, 4, 5, 1) for i in range(4)] + [(4, i, 5, 1) for i in range(4)]
    slow, fast = ([(i, j, s, 1) for i in range(4) for j in range(4) if i != j] for s in (11, 9))
    # Without the ring 8 of 20 pairs are covered, degrees 8 and 2 x 4; with it all, and degrees are equal.
    assert polycentricity_of_coverage(timed(*spokes, *slow), 5) == pytest.approx((1 - 2.4 / 4) * 8 / 20)
    assert polycentricity_of_coverage(timed(*spokes, *fast), 5) == pytest.approx(1)


def test_a_pair_of_a_place_with_itself_is_no_relation():
    one, with_itself = timed((0, 1, 5, 2), (1, 0, 5, 2)), timed((0, 1, 5, 2), (1, 0, 5, 2), (0, 0, 5, 9))
    assert polycentricity_of_coverage(with_itself, 2) == polycentricity_of_coverage(one, 2) == 1


def test_without_pairs_or_with_a_single_place_coverage_has_no_polycentricity():
    assert polycentricity_of_coverage(timed(), 3) is None
    assert polycentricity_of_coverage(timed((0, 0, 5, 9)), 1) is None


def reach(people, *rows):
    pairs = timed(*rows)
    return people_in_reach(pairs.ends, pairs.within, np.array(people)).tolist()


def test_people_in_reach_are_those_at_home_and_at_the_other_ends_of_covered_pairs():
    covered = [(0, other, 10, 1) for other in (1, 2, 3)]
    assert reach([1, 10, 100, 1000], *covered, (1, 2, 11, 1)) == [1111, 11, 101, 1001]


def test_people_of_a_place_with_pairs_in_both_directions_are_counted_once():
    assert reach([1, 10, 100, 1000], (0, 1, 5, 1), (1, 0, 5, 1), (0, 1, 6, 1)) == [11, 11, 100, 1000]


def test_a_pair_of_a_place_with_itself_brings_nobody_into_reach():
    assert reach([1, 10], (0, 0, 5, 1)) == [1, 10]

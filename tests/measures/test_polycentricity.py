"""Check polycentricity of place and of function on networks computed by hand, and its bounds."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from core_drawing import both_ways, line, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.measures.polycentricity import (
    change,
    covered_flows,
    functional,
    general_functional,
    mean_slope,
    ordinary,
    people_in_reach,
    primacy,
    rank_size_slope,
    structure,
)
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError


def star_flows(n):
    flows = np.zeros((n, n), dtype=np.int64)
    flows[0, 1:] = flows[1:, 0] = 1
    return flows


def complete_flows(n):
    return np.ones((n, n), dtype=np.int64) - np.eye(n, dtype=np.int64)


def test_equal_places_are_wholly_polycentric():
    assert ordinary([5, 5, 5]) == 1


def test_two_places_of_which_one_has_nothing_are_wholly_monocentric():
    assert ordinary([8, 0]) == 0


def test_ordinary_polycentricity_of_three_places_is_that_computed_by_hand():
    # Mean 4, variance (16 + 0 + 16) / 3; two places with 0 and 8: deviation 4.
    assert ordinary([8, 4, 0]) == pytest.approx(1 - sqrt(32 / 3) / 4)


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
    assert mean_slope(sizes) == pytest.approx(sum(slopes) / 3)


def test_mean_slope_of_two_places_is_their_slope():
    assert mean_slope([6, 3]) == pytest.approx(-1)


def test_primacy_is_the_share_of_the_largest():
    assert primacy([6, 3, 1]) == 0.6


@pytest.mark.parametrize("measure", [ordinary, primacy, rank_size_slope, mean_slope])
@pytest.mark.parametrize("importance", [[], [1], [0, 0], [1, -1], [1, float("inf")]])
def test_importance_that_cannot_be_measured_is_refused(measure, importance):
    with pytest.raises(ProblemError):
        measure(importance)


def test_a_line_of_more_places_than_there_are_is_refused():
    with pytest.raises(ProblemError):
        rank_size_slope([3, 2], largest=3)


def test_one_place_with_people_has_no_slope():
    with pytest.raises(ProblemError):
        mean_slope([3, 0])


def test_a_complete_network_is_wholly_polycentric():
    assert functional(complete_flows(5)) == 1


def test_polycentricity_of_a_star_is_that_computed_by_hand():
    # Degrees 3, 1, 1, 1 each way: deviation sqrt(3) / 2, of 3 and 0: 3 / 2; half of all relations are there.
    assert functional(star_flows(4)) == pytest.approx((1 - sqrt(3) / 3) / 2)


def test_a_place_that_draws_all_commuters_is_not_polycentric_by_what_comes_in():
    flows = [[0, 0, 0], [7, 0, 0], [7, 0, 0]]
    # In-degrees 14, 0, 0: deviation 14 sqrt(2) / 3, of 14 and 0: 7; 2 of 6 relations.
    assert functional(flows, direction="in") == pytest.approx((1 - 2 * sqrt(2) / 3) / 3)


def test_what_goes_out_is_another_degree():
    flows = [[0, 0, 0], [7, 0, 0], [7, 0, 0]]
    # Out-degrees 0, 7, 7: deviation 7 sqrt(2) / 3, of 7 and 0: 7 / 2.
    assert functional(flows, direction="out") == pytest.approx((1 - 2 * sqrt(2) / 3) / 3)


def test_density_by_weight_is_what_there_is_per_what_there_could_be():
    assert functional(3 * complete_flows(3), most=36) == pytest.approx(0.5)


def test_no_relation_at_all_is_not_polycentric():
    assert functional(np.zeros((3, 3))) == 0


def test_relations_of_a_place_with_itself_do_not_count():
    assert functional(complete_flows(4) + 9 * np.eye(4, dtype=np.int64)) == functional(complete_flows(4))


def test_general_polycentricity_is_the_mean_over_functions():
    found = general_functional([complete_flows(4), star_flows(4)])
    assert found == pytest.approx((1 + functional(star_flows(4))) / 2)


@pytest.mark.parametrize("flows", [[[0]], [[0, 1]], [[0, -1], [1, 0]], [[0, float("nan")], [1, 0]]])
def test_flows_without_meaning_are_refused(flows):
    with pytest.raises(ProblemError):
        functional(flows)


def test_less_than_there_is_cannot_be_the_most():
    with pytest.raises(ProblemError):
        functional(complete_flows(3), most=5)


def test_the_mean_over_no_function_is_refused():
    with pytest.raises(ProblemError):
        general_functional([])


sizes = st.lists(st.integers(0, 1000), min_size=2, max_size=8).filter(any)
tables = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n)
)


@given(sizes)
def test_ordinary_polycentricity_lies_between_nought_and_one(importance):
    assert 0 <= ordinary(importance) <= 1


@given(sizes, st.integers(2, 50))
def test_scale_does_not_change_ordinary_polycentricity(importance, factor):
    assert ordinary([factor * x for x in importance]) == pytest.approx(ordinary(importance), abs=1e-9)


@given(sizes)
def test_a_slope_is_never_above_nought(importance):
    if sum(x > 0 for x in importance) > 1:
        assert rank_size_slope(importance) <= 0


@given(tables, st.sampled_from(["in", "out", "both"]))
def test_functional_polycentricity_lies_between_nought_and_one(flows, direction):
    assert 0 <= functional(flows, direction=direction) <= 1


@given(tables, st.randoms())
def test_the_order_of_places_does_not_change_functional_polycentricity(flows, chance):
    order = list(range(len(flows)))
    chance.shuffle(order)
    shuffled = np.array(flows)[np.ix_(order, order)]
    assert functional(shuffled) == pytest.approx(functional(flows))


def test_covered_pairs_are_the_relations_between_places():
    places, flows = covered_flows(line(), ["ac"])
    assert places == ("a", "b", "c", "d")
    assert flows.tolist() == [[0, 2, 5, 7], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_pair_of_a_place_with_itself_is_no_relation():
    itself = line(pairs=(Pair(0, 0, 9, 5), Pair(0, 1, 100, 2)))
    assert covered_flows(itself, ())[1].tolist() == [[0, 2], [0, 0]]


def test_a_pair_of_a_place_with_itself_brings_nobody_into_reach():
    itself = line(pairs=(Pair(0, 0, 9, 5),))
    assert people_in_reach(itself, (), [1, 10, 100, 1000]).tolist() == [1, 10, 100, 1000]


def test_pairs_of_places_with_themselves_are_no_part_of_what_there_could_be():
    problem = ring_round_a_core()
    itself = problem.replace(pairs=(*problem.pairs, Pair(0, 0, 40, 9)))
    rows = [structure(p, (), core=["x"], people=[1, 1, 1, 1, 4]).functional for p in (problem, itself)]
    assert rows[0] == rows[1]


def test_people_in_reach_are_those_at_home_and_at_the_other_ends_of_covered_pairs():
    assert people_in_reach(line(), ["ac"], [1, 10, 100, 1000]).tolist() == [1111, 11, 101, 1001]


def test_people_of_a_place_with_pairs_in_both_directions_are_counted_once():
    twice = line(pairs=(Pair(0, 1, 100, 1), Pair(1, 0, 100, 1), Pair(0, 1, 200, 1)))
    assert people_in_reach(twice, (), [1, 10, 100, 1000]).tolist() == [11, 11, 100, 1000]


def test_people_must_be_given_for_every_node():
    with pytest.raises(ProblemError):
        people_in_reach(line(), (), [1, 2])


def ring_round_a_core():
    """Core x with spokes of 30 s to a, b, c, d; ring links of 20 s may be built; all pairs of two."""
    spokes = both_ways(*((i, 4, 30) for i in range(4)))
    links = tuple(Candidate(f"r{i}", 1, both_ways((i, (i + 1) % 4, 20))) for i in range(4))
    pairs = tuple(Pair(i, j, 40, 1) for i in range(4) for j in range(4) if i != j)
    pairs += tuple(Pair(i, 4, 40, 1) for i in range(4)) + tuple(Pair(4, i, 40, 1) for i in range(4))
    return DesignProblem("ring", ("a", "b", "c", "d", "x"), spokes, links, pairs, 4)


def test_a_ring_takes_the_journeys_out_of_the_core():
    found = change(ring_round_a_core(), ["r0", "r1", "r2", "r3"], core=["x"], people=[1, 1, 1, 1, 4])
    assert (found.before.dependence.share_on_every, found.after.dependence.share_on_some) == (1, 0)
    assert (found.before.core_betweenness, found.after.core_betweenness) == (1, 0)


def test_a_ring_makes_a_star_functionally_polycentric():
    found = change(ring_round_a_core(), ["r0", "r1", "r2", "r3"], core=["x"], people=[1, 1, 1, 1, 4])
    # Before: the core's 8 covered pairs of 20; degrees 8 and 2 x 4. After: all 20, all degrees equal.
    assert found.before.functional == pytest.approx((1 - 2.4 / 4) * 8 / 20)
    assert found.after.functional == pytest.approx(1)


def test_a_plan_changes_the_reach_of_people_but_not_where_they_live():
    found = change(ring_round_a_core(), ["r0", "r1", "r2", "r3"], core=["x"], people=[1, 1, 1, 1, 4])
    assert found.before.people == found.after.people == pytest.approx(1 - 1.2 / 2)
    # Before: 8 people in reach of the core, 5 of the others; after: 8 everywhere.
    assert (found.before.reach, found.after.reach) == pytest.approx((1 - 1.2 / 4, 1))


@settings(max_examples=40)
@given(problems(), st.data())
def test_shares_of_a_structure_are_shares(problem, data):
    n = len(problem.nodes)
    people = data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    if not problem.pairs or len({v for p in problem.pairs for v in (p.origin, p.destination)}) < 2:
        return
    found = structure(problem, [c.id for c in problem.candidates], core=problem.nodes[:1], people=people)
    shares = (found.core_betweenness, found.people, found.primacy, found.reach, found.functional)
    assert all(-1e-12 <= share <= 1 + 1e-12 for share in shares)

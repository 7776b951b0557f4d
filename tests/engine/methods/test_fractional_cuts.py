from __future__ import annotations

import numpy as np
import pytest
from cut_drawing import mesh, meshes, paths_of, plans, two_of_three
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.methods.cuts.time_cuts import FractionalCuts
from optimiser.engine.methods.cuts.packing import LONGEST_PATH
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair

shares = st.lists(st.integers(0, 20).map(lambda part: part / 20), min_size=6, max_size=6)
pulls = st.sampled_from([0.0, 0.2, 0.5])


def violated(problem, built, level=None, *, finder=None, pull=0.0, margin=1e-4, **more):
    """Return the cuts at a point, the middle being the interior point, all pairs asked for."""
    count = len(problem.pairs)
    built = np.array(built)[: len(problem.candidates)]
    level = np.ones(count) if level is None else np.array(level)[:count]
    finder = finder or FractionalCuts(tables(problem))
    middle = np.full(len(built), 0.5)
    return finder.violated(np.arange(count), built, level, towards=middle, pull=pull, margin=margin, **more)


def terms(rows):
    return [
        (int(pair), dict(zip(rows.candidate[low:high].tolist(), rows.value[low:high].tolist(), strict=True)))
        for pair, low, high in zip(rows.pair, rows.start[:-1], rows.start[1:], strict=True)
    ]


def weakest_time_cuts(problem, built):
    """Return, for each pair, the least sum over a set of candidates that every cover needs one of."""
    rows, covers = plans(problem)
    return [
        min((1.0 - row) @ built for row, yes in zip(rows, covers[:, k], strict=True) if not yes)
        for k in range(len(problem.pairs))
    ]


def test_two_of_three_are_cut_with_one_half_each():
    assert terms(violated(two_of_three(), [0.5, 0.5, 0.5])) == [(0, {0: 0.5, 1: 0.5, 2: 0.5})]


def test_a_pull_finds_a_cut_that_is_deep_around_the_point():
    rows = violated(two_of_three(), [0.4, 0.4, 0.0], pull=0.5)
    assert terms(rows) == [(0, {0: 0.5, 1: 0.5, 2: 0.5})]


def test_where_the_pulled_cut_spares_the_point_one_is_sought_at_the_point():
    links = [[(0, 1, 1)], [(1, 2, 1)]]
    problem = mesh(3, [], links, [Pair(0, 2, 2, 1)])
    finder = FractionalCuts(tables(problem))
    rows = finder.violated(
        np.arange(1),
        np.array([0.0, 1.0]),
        np.array([1e-3]),
        towards=np.array([1.0, 0.0]),
        pull=0.9,
        margin=1e-6,
    )
    assert terms(rows) == [(0, {0: 1.0})]


def test_levels_that_the_room_holds_are_left_alone():
    assert not len(violated(two_of_three(), [0.5, 0.5, 0.5], [0.75]))
    assert len(violated(two_of_three(), [0.5, 0.5, 0.5], [0.7502]))


def test_a_cut_found_before_is_found_again_elsewhere():
    finder = FractionalCuts(tables(two_of_three()))
    first = violated(two_of_three(), [0.5, 0.5, 0.5], finder=finder)
    again = violated(two_of_three(), [0.2, 0.1, 0.3], finder=finder)
    assert terms(again) == terms(first)


def test_a_cut_that_another_found_is_known():
    finder = FractionalCuts(tables(two_of_three()))
    taught = Rows(np.array([0]), np.array([0, 3]), np.array([0, 1, 2]), np.array([0.6, 0.6, 0.6]))
    finder.learn(taught)
    assert terms(violated(two_of_three(), [0.5, 0.5, 0.5], finder=finder)) == terms(taught)


def test_enough_known_cuts_spare_the_search_for_new_ones():
    links = [[(0, 1, 1)], [(1, 2, 1)]]
    problem = mesh(3, [], links, [Pair(0, 1, 1, 1), Pair(1, 2, 1, 1)])
    finder = FractionalCuts(tables(problem))
    finder.learn(Rows(np.array([0]), np.array([0, 1]), np.array([0]), np.array([1.0])))
    assert violated(problem, [0.0, 0.0], finder=finder, enough=1).pair.tolist() == [0]
    assert violated(problem, [0.0, 0.0], finder=finder, enough=2).pair.tolist() == [0, 1]


def test_a_path_too_long_to_be_packed_is_cut_by_a_set_of_candidates():
    count = LONGEST_PATH + 2
    chain = [[(i, i + 1, 1)] for i in range(count)]
    problem = mesh(count + 1, [], [*chain, [(0, count, 1)]], [Pair(0, count, count, 1)])
    built = np.append(np.ones(count), 0.0)
    assert not len(violated(problem, built))
    built[7] = 0.25
    assert terms(violated(problem, built)) == [(0, {7: 1.0, count: 1.0})]


@given(meshes(), shares, pulls)
@settings(max_examples=120, deadline=None)
def test_no_plan_breaks_a_cut(problem, built, pull):
    found = violated(problem, built, pull=pull)
    rows, covers = plans(problem)
    for plan, cover in zip(rows, covers, strict=True):
        assert (found.at(plan) >= cover[found.pair] - 1e-12).all()


@given(meshes(), shares, pulls)
@settings(max_examples=120, deadline=None)
def test_cuts_are_violated_and_hold_what_the_pair_can_use(problem, built, pull):
    found = violated(problem, built, pull=pull)
    assert (found.at(np.array(built)[: len(problem.candidates)]) < 1.0 - 1e-4).all()
    assert (found.value > 0).all()
    assert (found.value <= 1).all()
    for pair, row in terms(found):
        assert list(row) == sorted(row)
        assert set(row) <= set().union(*paths_of(problem, problem.pairs[pair]))


@given(meshes(), shares)
@settings(max_examples=120, deadline=None)
def test_a_cut_is_as_strong_as_any_time_cut_at_the_point(problem, built):
    built = np.array(built)[: len(problem.candidates)]
    found = violated(problem, built)
    sides = dict(zip(found.pair.tolist(), found.at(built).tolist(), strict=True))
    for k, side in enumerate(weakest_time_cuts(problem, built)):
        assert sides.get(k, 1.0) <= side + 2e-4


@given(meshes(), st.integers(0, 63), st.sampled_from([1.0, 1e-3, 2e-5]), pulls)
@settings(max_examples=120, deadline=None)
def test_a_plan_is_cut_off_exactly_for_the_pairs_that_it_leaves_uncovered(problem, bits, level, pull):
    rows, covers = plans(problem)
    which = bits % len(rows)
    found = violated(problem, rows[which], [level] * 3, pull=pull, margin=1e-6)
    assert sorted(found.pair) == np.flatnonzero(~covers[which]).tolist()


@given(meshes(), shares)
@settings(max_examples=30, deadline=None)
def test_the_same_searches_find_the_same_cuts(problem, built):
    first, second = violated(problem, built, pull=0.2), violated(problem, built, pull=0.2)
    assert terms(first) == terms(second)


@pytest.mark.parametrize("pull", [0.0, 0.2])
def test_a_point_slightly_outside_is_taken_as_on_the_edge(pull):
    assert terms(violated(two_of_three(), [-1e-9, 1 + 1e-9, 0.0], pull=pull)) == terms(
        violated(two_of_three(), [0.0, 1.0, 0.0], pull=pull)
    )

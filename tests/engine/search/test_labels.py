from __future__ import annotations

import numpy as np
import pytest
from core_drawing import both_ways, line
from cut_drawing import mesh, meshes, paths_of
from hypothesis import given
from hypothesis import strategies as st
from label_drawing import enabling_paths, open_problems, price
from tiers import examples

from optimiser.engine.search.labels import (
    PathFinder,
    enabling_sets,
    new_store,
    path_candidates,
    search_labels,
)
from optimiser.engine.search.tables import tables
from optimiser.problem import Candidate, DesignProblem, Pair

quarters = st.lists(st.integers(0, 8), min_size=6, max_size=6).map(lambda ns: np.array(ns) / 4)


def drawn(problem, prices):
    t = tables(problem)
    return problem, t, np.append(prices[: t.size], 0.0)


def cheapest(problem, prices, *, most=np.inf, k=0):
    """Return price and candidates of the cheapest path of a pair; None when none is cheaper than `most`."""
    alpha = np.array([*prices, 0], np.float64)
    found = PathFinder(tables(problem)).cheapest(k, alpha, most)
    return (price(found[0].tolist(), alpha), set(found[0].tolist())) if found else None


def rail(*, limit=40):
    """a - b - c - d by one line of 10 s a stop and cost 5; by road 30 s a link, each its own candidate."""
    return DesignProblem(
        name="rail",
        nodes=("a", "b", "c", "d"),
        arcs=(),
        candidates=(
            Candidate("line", 5, both_ways((0, 1, 10), (1, 2, 10), (2, 3, 10))),
            Candidate("road", 2, both_ways((0, 3, 40))),
        ),
        pairs=(Pair(0, 3, limit, 1),),
        budget=5,
    )


def twice(limit, *, direct=25):
    """a - b - c - d: candidate 0 makes ab and cd of 10 s, bc is open today (10 s); candidate 1 is ad."""
    return mesh(4, [(1, 2, 10)], [[(0, 1, 10), (2, 3, 10)], [(0, 3, direct)]], [Pair(0, 3, limit, 1)])


def opened_line():
    """Return the line with its three open pairs: a to c, b to d, a to d."""
    return line(pairs=line().pairs[:3]).canonical()


@given(open_problems(), quarters)
@examples(150)
def test_the_cheapest_path_is_that_of_all_simple_paths(problem, prices):
    small, t, alpha = drawn(problem, prices)
    finder = PathFinder(t)
    for k, pair in enumerate(small.pairs):
        (used,) = finder.cheapest(k, alpha, np.inf)
        sets = enabling_paths(small, pair)
        assert price(used.tolist(), alpha) == min(price(way, alpha) for _, way in sets)
        assert any(way <= set(used.tolist()) for _, way in sets)


@given(open_problems(), quarters, st.integers(0, 8))
@examples(100)
def test_no_path_is_found_exactly_where_none_is_cheaper_than_what_is_of_interest(problem, prices, most):
    small, t, alpha = drawn(problem, prices)
    finder = PathFinder(t)
    for k, pair in enumerate(small.pairs):
        found = finder.cheapest(k, alpha, most / 4)
        assert bool(found) == any(price(way, alpha) < most / 4 for _, way in enabling_paths(small, pair))
        assert all(price(used.tolist(), alpha) < most / 4 for used in found)


@given(open_problems(), quarters)
@examples(100)
def test_several_paths_are_those_that_no_other_one_beats_in_price_and_time(problem, prices):
    small, t, alpha = drawn(problem, prices)
    finder = PathFinder(t, paths=50)
    for k, pair in enumerate(small.pairs):
        found = [price(used.tolist(), alpha) for used in finder.cheapest(k, alpha, np.inf)]
        points = {(time, price(way, alpha)) for time, way in enabling_paths(small, pair)}
        best = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
        assert found == sorted(cost for _, cost in best)


@given(open_problems(), quarters)
@examples(50)
def test_a_finder_with_few_labels_at_first_finds_the_same(problem, prices):
    _, t, alpha = drawn(problem, prices)
    few, many = PathFinder(t, paths=3, labels=1), PathFinder(t, paths=3)
    for k in range(len(t.limit)):
        found = [used.tolist() for used in few.cheapest(k, alpha, 2.0)]
        assert found == [used.tolist() for used in many.cheapest(k, alpha, 2.0)]


@given(meshes(), st.lists(st.integers(0, 9), min_size=6, max_size=6))
@examples(150)
def test_the_price_is_the_least_of_all_paths_over_candidates_of_several_links(problem, prices):
    prices = prices[: len(problem.candidates)]
    for k, pair in enumerate(problem.pairs):
        paths = paths_of(problem, pair)
        found, used = cheapest(problem, prices, k=k)
        assert found == min(sum(prices[j] for j in path) for path in paths)
        assert any(path <= used for path in paths)


@given(open_problems(), quarters, st.integers(1, 12))
@examples(100)
def test_the_enabling_sets_are_the_minimal_ones_below_the_price(problem, prices, most):
    small, t, alpha = drawn(problem, prices)
    store = new_store(t, ends=100, labels=5000, members=t.size)
    for k, pair in enumerate(small.pairs):
        ways = {way for _, way in enabling_paths(small, pair)}
        minimal = {way for way in ways if not any(other < way for other in ways)}
        found = enabling_sets(t, k, alpha, most / 4, np.arange(t.size), store)
        listed = [frozenset(members.tolist()) for members in found]
        assert len(listed) == len(set(listed))
        assert set(listed) == {way for way in minimal if price(way, alpha) < most / 4}


@given(open_problems())
@examples(50)
def test_more_sets_than_asked_for_are_not_listed(problem):
    small, t, alpha = drawn(problem, np.zeros(6))
    store = new_store(t, ends=1, labels=5000, members=t.size)
    for k, pair in enumerate(small.pairs):
        ways = {way for _, way in enabling_paths(small, pair)}
        minimal = [way for way in ways if not any(other < way for other in ways)]
        found = enabling_sets(t, k, alpha, 1.0, np.arange(t.size), store)
        assert (found is None) == (len(minimal) > 1)


def test_a_line_is_paid_for_once_however_many_arcs_of_it_a_path_takes():
    assert cheapest(rail(), (0.5, 0.75), most=1.0) == (0.5, {0})


def test_the_faster_way_is_taken_where_the_cheaper_one_is_too_slow():
    assert cheapest(rail(limit=39), (0.0, 0.0), most=1.0) == (0.0, {0})


def test_the_paths_of_the_line_network_are_known():
    found = [cheapest(opened_line(), (9.0, 1.0, 2.0), most=99.0, k=k) for k in range(3)]
    assert found == [(9.0, {0}), (1.0, {1}), (2.0, {2})]


def test_a_finder_can_be_used_again_and_again():
    finder = PathFinder(tables(opened_line()))
    once = [finder.cheapest(0, np.array([1.0, 1.0, 1.0, 0.0]), 9.0)[0].tolist() for _ in range(3)]
    assert once == [[0], [0], [0]]


def test_a_path_pays_once_for_two_links_of_a_candidate():
    assert cheapest(twice(30), (5, 6)) == (5, {0})


def test_a_path_that_takes_just_the_limit_is_within_it():
    assert cheapest(twice(30, direct=31), (5, 1)) == (5, {0})
    assert cheapest(twice(29), (5, 6)) == (6, {1})


def test_without_a_path_within_the_limit_nothing_is_found():
    assert cheapest(twice(24), (5, 6), most=77) is None


def test_a_path_as_dear_as_the_most_does_not_count():
    assert cheapest(twice(30), (5, 6), most=5) is None
    assert cheapest(twice(30), (5, 6), most=6) == (5, {0})


def test_a_candidate_that_costs_nothing_is_listed_too():
    assert cheapest(twice(30, direct=31), (0, 1)) == (0, {0})


def test_a_dearer_start_is_kept_when_its_candidate_is_needed_again():
    links = [[(0, 1, 10), (1, 2, 10)], [(0, 1, 10)]]
    problem = mesh(3, [], links, [Pair(0, 2, 20, 1)])
    assert cheapest(problem, (5, 3)) == (5, {0})


def test_a_faster_and_dearer_path_is_taken_where_the_limit_asks_for_it():
    links = [[(0, 1, 10)], [(0, 1, 20)]]
    slow, fast = (mesh(3, [(1, 2, 10)], links, [Pair(0, 2, limit, 1)]) for limit in (30, 29))
    assert cheapest(slow, (9, 4)) == (4, {1})
    assert cheapest(fast, (9, 4)) == (9, {0})


def test_a_path_of_more_candidates_than_there_are_places_is_not_listed():
    t = tables(mesh(5, [], [[(i, i + 1, 1)] for i in range(4)], [Pair(0, 4, 4, 1)]))
    store = new_store(t)
    assert search_labels(t, 0, np.array([1.0, 1.0, 1.0, 1.0, 0.0]), 9.0, store.line_bit, store) == 1
    assert path_candidates(store, store.ends[0], np.zeros(4, np.int64)) == 4
    assert path_candidates(store, store.ends[0], np.zeros(3, np.int64)) == -1


@pytest.mark.parametrize(
    ("links", "is_line"),
    [([(0, 1, 5)], False), ([(0, 1, 5), (1, 0, 7)], False), ([(0, 1, 5), (1, 2, 5)], True), ([], False)],
)
def test_candidates_with_links_at_two_places_are_lines(links, is_line):
    finder = PathFinder(tables(mesh(3, [], [links], [])))
    assert finder.is_line(np.array([0])).tolist() == [is_line]

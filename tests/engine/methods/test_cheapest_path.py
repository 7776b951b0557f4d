from __future__ import annotations

import numpy as np
import pytest
from cut_drawing import mesh, meshes, paths_of
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.methods.cuts.pricing import ONE, cheapest_path, new_labels, winding
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair


def cheapest(problem, prices, *, most=ONE, places=48, k=0):
    """Return the price of the cheapest path of a pair, and what it is made of, None when it is not told."""
    t = tables(problem)
    found = np.zeros(places, np.int64)
    price, count = cheapest_path(
        t, k, np.array([*prices, 0], np.int64), most, winding(t), new_labels(t), found
    )
    return price, None if count < 0 else set(found[:count].tolist())


def twice(limit, *, direct=25):
    """a - b - c - d: candidate 0 makes ab and cd of 10 s, bc is open today (10 s); candidate 1 is ad."""
    return mesh(4, [(1, 2, 10)], [[(0, 1, 10), (2, 3, 10)], [(0, 3, direct)]], [Pair(0, 3, limit, 1)])


def test_a_path_pays_once_for_two_links_of_a_candidate():
    assert cheapest(twice(30), (5, 6)) == (5, {0})


def test_the_limit_itself_is_within_the_limit():
    assert cheapest(twice(30, direct=31), (5, 1)) == (5, {0})
    assert cheapest(twice(29), (5, 6)) == (6, {1})


def test_without_a_path_within_the_limit_the_most_is_returned():
    assert cheapest(twice(24), (5, 6), most=77) == (77, set())


def test_a_path_as_dear_as_the_most_does_not_count():
    assert cheapest(twice(30), (5, 6), most=5) == (5, set())
    assert cheapest(twice(30), (5, 6), most=6) == (5, {0})


def test_what_costs_nothing_is_told_all_the_same():
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
    chain = mesh(5, [], [[(i, i + 1, 1)] for i in range(4)], [Pair(0, 4, 4, 1)])
    assert cheapest(chain, (1, 1, 1, 1)) == (4, {0, 1, 2, 3})
    assert cheapest(chain, (1, 1, 1, 1), places=3) == (4, None)


@pytest.mark.parametrize(
    ("links", "winds"),
    [([(0, 1, 5)], False), ([(0, 1, 5), (1, 0, 7)], False), ([(0, 1, 5), (1, 2, 5)], True), ([], False)],
)
def test_candidates_with_links_at_two_places_may_be_used_twice(links, winds):
    t = tables(mesh(3, [], [links], []))
    assert winding(t).tolist() == [winds, False]


@given(meshes(), st.lists(st.integers(0, 9), min_size=6, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_price_is_the_least_of_all_paths(problem, prices):
    prices = prices[: len(problem.candidates)]
    for k, pair in enumerate(problem.pairs):
        paths = paths_of(problem, pair)
        price, used = cheapest(problem, prices, k=k)
        assert price == min(sum(prices[j] for j in path) for path in paths)
        assert sum(prices[j] for j in used) == price
        assert any(path <= used for path in paths)

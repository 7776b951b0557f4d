from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from core_drawing import both_ways, line
from hypothesis import given, settings
from hypothesis import strategies as st
from label_drawing import enabling_sets, open_problems, price

from optimiser.engine.search.label_store import new_labels
from optimiser.engine.search.labels import cheapest_path, good_paths, new_scratch
from optimiser.engine.search.tables import tables
from optimiser.problem import Candidate, DesignProblem, Pair

quarters = st.lists(st.integers(0, 8), min_size=6, max_size=6).map(lambda ns: np.array(ns) / 4)


def drawn(problem, prices):
    t = tables(problem)
    return problem, t, prices[: t.size].copy(), new_scratch(t)


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


def opened_line():
    """Return the line with its three open pairs: a to c, b to d, a to d."""
    return line(pairs=line().pairs[:3]).canonical()


@given(open_problems(), quarters)
@settings(max_examples=150, deadline=None)
def test_the_cheapest_path_is_that_of_all_simple_paths(problem, prices):
    small, t, alpha, scratch = drawn(problem, prices)
    for k, pair in enumerate(small.pairs):
        found, used = cheapest_path(t, k, alpha, np.inf, -1.0, scratch)
        sets = enabling_sets(small, pair)
        assert found == min(price(way, alpha) for _, way in sets)
        assert price(used.tolist(), alpha) == found
        assert any(way <= set(used.tolist()) for _, way in sets)


@given(open_problems(), quarters, st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_no_path_is_found_exactly_where_none_is_cheaper_than_what_is_of_interest(problem, prices, most):
    small, t, alpha, scratch = drawn(problem, prices)
    for k, pair in enumerate(small.pairs):
        found, used = cheapest_path(t, k, alpha, most / 4, -1.0, scratch)
        cheaper = any(price(way, alpha) < most / 4 for _, way in enabling_sets(small, pair))
        assert (found < most / 4) == cheaper
        assert math.isfinite(found) == cheaper
        assert cheaper or not len(used)


@given(open_problems(), quarters, st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_a_path_that_is_enough_is_no_dearer_than_asked(problem, prices, enough):
    small, t, alpha, scratch = drawn(problem, prices)
    for k, pair in enumerate(small.pairs):
        found, used = cheapest_path(t, k, alpha, np.inf, enough / 4, scratch)
        sets = enabling_sets(small, pair)
        assert found <= max(enough / 4, min(price(way, alpha) for _, way in sets))
        assert any(way <= set(used.tolist()) for _, way in sets)


@given(open_problems(), quarters)
@settings(max_examples=100, deadline=None)
def test_the_good_paths_are_those_that_no_other_beats_in_price_and_time(problem, prices):
    small, t, alpha, scratch = drawn(problem, prices)
    for k, pair in enumerate(small.pairs):
        start, rows = good_paths(t, k, alpha, np.inf, 50, scratch)
        found = [price(rows[a:b].tolist(), alpha) for a, b in pairwise(start)]
        points = {(time, price(way, alpha)) for time, way in enabling_sets(small, pair)}
        best = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
        assert found == sorted(cost for _, cost in best)


@given(open_problems(), quarters)
@settings(max_examples=50, deadline=None)
def test_a_search_with_few_labels_at_first_finds_the_same(problem, prices):
    _, t, alpha, scratch = drawn(problem, prices)
    tight = scratch._replace(labels=new_labels(t.net.head.size + 2, scratch.labels.paid.shape[1]))
    for k in range(len(t.limit)):
        assert (
            cheapest_path(t, k, alpha, 2.0, -1.0, tight)[0]
            == cheapest_path(t, k, alpha, 2.0, -1.0, scratch)[0]
        )


def test_a_line_is_paid_for_once_however_many_arcs_of_it_a_path_takes():
    t = tables(rail())
    found, used = cheapest_path(t, 0, np.array([0.5, 0.75]), 1.0, -1.0, new_scratch(t))
    assert (found, used.tolist()) == (0.5, [0])


def test_the_faster_way_is_taken_where_the_cheaper_one_is_too_slow():
    t = tables(rail(limit=39))
    found, used = cheapest_path(t, 0, np.zeros(t.size), 1.0, -1.0, new_scratch(t))
    assert (found, [t.cost[j] for j in used]) == (0.0, [5])


def test_the_paths_of_the_line_network_are_known():
    t = tables(opened_line())
    prices = np.array([9.0, 1.0, 2.0])
    found = [cheapest_path(t, k, prices, 99.0, -1.0, new_scratch(t)) for k in range(3)]
    assert [(cost, used.tolist()) for cost, used in found] == [(9.0, [0]), (1.0, [1]), (2.0, [2])]


def test_a_scratch_can_be_used_again_and_again():
    t = tables(opened_line())
    scratch = new_scratch(t)
    once = [cheapest_path(t, 0, np.ones(t.size), 9.0, -1.0, scratch)[0] for _ in range(3)]
    assert once == [1.0, 1.0, 1.0]

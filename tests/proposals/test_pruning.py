"""Candidates of the same ends, of which one serves every trip as soon for no more money."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from candidates_drawing import base_case, cities, network, proposal, railway, table

from optimiser.proposals.pruning import dominated
from optimiser.proposals.table import fix, number_arcs

ROAD = network([(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)])
PLACES = cities(ROAD, [("a", (0, 0), 9_000_000, 0), ("b", (100, 0), 90_000, 1), ("c", (200, 0), 80_000, 2)])
TRACKS = network([(1, 1), (101, 1), (201, 1)], [(0, 1, "rail", 100, 250), (1, 2, "rail", 100, 250)], "rail")
REGION = base_case(ROAD, PLACES, railway(TRACKS, [("hsr250", 1200, [0, 1, 2], [0, 1700, 1700])]))


def beaten(*proposals, without=(), fixed=()):
    """Return the ids of the dominated candidates."""
    found = fix(table(*proposals), in_=list(fixed))
    names = found.table["candidate_id"].tolist()
    left = np.array([name not in without for name in names])
    arcs = number_arcs(REGION.node_row, found.arcs)
    return [
        name for name, is_beaten in zip(names, dominated(REGION, found, arcs, left), strict=True) if is_beaten
    ]


def one(name, seconds, cost, *, a=0, b=2, ends=("A", "C"), runs=()):
    return dataclasses.replace(proposal(name, a, b, seconds, cost=cost, ends=ends), runs=tuple(runs))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((3000, 10), (3000, 11), ["y"]),
        ((3000, 10), (2999, 11), []),
        ((3000, 10), (3001, 10), ["y"]),
        ((3000, 11), (3001, 10), []),
        # of equals one remains
        ((3000, 10), (3000, 10), ["x"]),
        # today's trains are faster than both: the cheaper one will do
        ((20_000, 10), (15_000, 11), ["y"]),
    ],
)
def test_a_candidate_is_dominated_by_one_that_is_as_fast_for_no_more_money(first, second, expected):
    assert beaten(one("x", *first), one("y", *second)) == expected


def test_only_candidates_of_the_same_ends_are_compared():
    assert beaten(one("x", 3000, 10), one("y", 3000, 11, ends=("C", "A"))) == ["y"]
    assert beaten(one("x", 3000, 10), one("y", 3000, 11, ends=("A", "B"))) == []


def test_what_is_fixed_in_or_left_out_before_takes_no_part():
    assert beaten(one("x", 3000, 10), one("y", 3000, 11), fixed=["y"]) == []
    assert beaten(one("x", 3000, 10), one("y", 3000, 11), without=["x"]) == []
    assert beaten(one("x", 3000, 10), one("y", 3000, 11), without=["y"]) == []
    assert beaten(one("x", 3000, 10), one("y", 3000, 11), fixed=["x"]) == ["y"]


def test_what_is_dominated_dominates_nothing():
    """`z` is as fast as `y`, which is dominated: it goes by what `x` does, which is slower than it."""
    assert beaten(one("x", 3000, 10), one("y", 3000, 11), one("z", 2900, 12)) == ["y"]
    assert beaten(one("x", 3000, 10), one("y", 3100, 11), one("z", 3100, 12)) == ["y", "z"]


def test_a_candidate_is_as_fast_only_if_it_is_between_all_ends_of_the_other():
    through = dataclasses.replace(
        one("x", 3000, 10), arcs=(*one("x", 3000, 10).arcs, *one("x", 1500, 10, a=0, b=1).arcs)
    )
    assert beaten(through, one("y", 3000, 11)) == ["y"]
    assert beaten(one("y", 3000, 9), through) == []
    # today's road to the middle takes 7200 s as well, so that it is met without the other
    slow = dataclasses.replace(through, arcs=(*one("x", 3000, 10).arcs, *one("x", 7200, 10, a=0, b=1).arcs))
    assert beaten(one("y", 3000, 9), slow) == ["x"]


@pytest.mark.parametrize(
    ("rival", "own", "expected"),
    [
        ([(0, 8, False)], [(0, 8, False)], ["y"]),
        ([(0, 9, False)], [(0, 8, False)], []),
        ([(1, 1, False)], [(0, 8, False)], []),
        ([(0, 4, False)], [(0, 8, False), (1, 8, False)], ["y"]),
        ([(0, 4, False), (0, 4, False)], [(0, 8, False)], ["y"]),
        ([(0, 4, False), (0, 5, False)], [(0, 8, False)], []),
        ([], [(0, 8, False)], ["y"]),
        ([(0, 1, False)], [], []),
    ],
)
def test_a_candidate_that_runs_more_trains_over_some_link_dominates_nothing(rival, own, expected):
    assert beaten(one("x", 3000, 10, runs=rival), one("y", 3000, 11, runs=own)) == expected


def over(name, cost, *nodes, seconds=1000):
    """Return a candidate from one node to the next and back."""
    arcs = tuple(arc for a, b in itertools.pairwise(nodes) for arc in ((a, b, seconds), (b, a, seconds)))
    return dataclasses.replace(one(name, 1, cost), arcs=arcs)


def test_new_nodes_of_a_candidate_alone_need_not_be_served_by_another():
    x, y = over("x", 10, "road:0", "new:x", "road:2"), over("y", 11, "road:0", "new:y", "road:2")
    assert beaten(x, y) == ["y"]


def test_new_nodes_at_which_others_have_arcs_are_ends_that_count():
    station = "new:station/s"
    x, y = over("x", 10, "road:0", "new:x", "road:2"), over("y", 11, "road:0", station, "road:2")
    other = dataclasses.replace(over("z", 5, "road:1", station), from_name="B", to_name="S")
    assert beaten(x, y, other) == []
    both = over("x", 10, "road:0", station, "road:2")
    assert beaten(both, y, other) == ["y"]


def test_one_that_dominates_is_enough_whatever_the_others_do():
    slow, fast = one("slow", 9000, 1), one("fast", 3000, 10)
    assert beaten(slow, fast, one("y", 3000, 11)) == ["y"]
    assert beaten(slow, one("slower", 9500, 2), one("y", 3000, 11)) == ["slower"]

from __future__ import annotations

import numpy as np
from core_drawing import both_ways
from cut_drawing import mesh
from hypothesis import given, settings
from partition_drawing import apart_today, links_used_by

from optimiser.engine.methods.cuts.partitions import ground
from optimiser.engine.search.tables import tables
from optimiser.problem import Candidate, Pair

TRIANGLE = [[(0, 1, 1)], [(1, 2, 1)], [(0, 2, 1)]]


def ground_of(*drawing):
    return ground(tables(mesh(*drawing)))


def pairs(*ends):
    """Return pairs from (origin, destination, limit)."""
    return [Pair(origin, destination, limit, 1) for origin, destination, limit in ends]


def joints(found):
    """Return (candidate, groups) of each joint."""
    return [
        (int(owner), found.group[low:high].tolist())
        for owner, low, high in zip(found.owner, found.start[:-1], found.start[1:], strict=True)
    ]


def edges(found):
    """Return (pair, group, group) of each pair looked at."""
    return list(zip(found.pair.tolist(), found.one.tolist(), found.other.tolist(), strict=True))


def test_without_arcs_of_today_every_node_is_a_group():
    found = ground_of(4, [], TRIANGLE, pairs((0, 1, 2), (0, 2, 2), (1, 2, 2)))
    assert found.size == 4
    assert edges(found) == [(0, 0, 1), (1, 0, 2), (2, 1, 2)]
    assert joints(found) == [(0, [0, 1]), (1, [1, 2]), (2, [0, 2])]


def test_nodes_that_an_arc_of_today_joins_for_a_pair_are_one_group():
    links = [[(0, 1, 1)], [(0, 2, 1)]]
    found = ground_of(4, [(2, 3, 1)], links, pairs((0, 1, 1), (0, 3, 2)))
    assert found.size == 3
    assert edges(found) == [(0, 0, 1), (1, 0, 2)]
    assert joints(found) == [(0, [0, 1]), (1, [0, 2])]


def test_an_arc_of_today_too_slow_for_every_pair_joins_nothing():
    links = [[(0, 1, 1)], [(0, 2, 1)], [(2, 3, 1)]]
    found = ground_of(4, [(2, 3, 2)], links, pairs((0, 1, 1), (0, 3, 2)))
    assert found.size == 4
    assert edges(found) == [(0, 0, 1), (1, 0, 3)]


def test_an_arc_of_today_exactly_fast_enough_joins():
    links = [[(0, 1, 1)], [(0, 2, 1)], [(2, 3, 1)]]
    assert ground_of(4, [(2, 3, 2)], links, pairs((0, 1, 1), (0, 3, 3))).size == 3


def test_an_arc_of_today_joins_though_the_pair_passes_it_one_way():
    problem = mesh(3, [], [[(0, 1, 1)], [(1, 2, 1)], [(0, 2, 1)]], pairs((0, 1, 1), (0, 2, 2)))
    problem = problem.replace(arcs=((1, 2, 1),))
    assert ground(tables(problem)) is None
    assert ground(tables(problem.replace(arcs=((2, 1, 1),)))).size == 3


def test_a_pair_for_which_arcs_of_today_would_join_the_others_is_left_out():
    """With pair 0-3 the slow links of today count, which join 0, 1 and 2."""
    links = [[(0, 1, 1)], [(1, 2, 1)], [(2, 3, 1)]]
    found = ground_of(4, [(0, 1, 5), (1, 2, 5)], links, pairs((0, 1, 1), (0, 3, 20), (1, 2, 1)))
    assert found.size == 4
    assert edges(found) == [(0, 0, 1), (2, 1, 2)]
    assert joints(found) == [(0, [0, 1]), (1, [1, 2])]


def test_a_pair_that_can_use_arcs_of_today_is_looked_at_where_that_joins_more():
    """Pair 0-1 alone is a forest of one; with the pair that can use the link of today it is one of two."""
    links = [[(0, 1, 1)], [(1, 2, 1)]]
    found = ground_of(4, [(2, 3, 1)], links, pairs((0, 1, 1), (1, 3, 2)))
    assert edges(found) == [(0, 0, 1), (1, 1, 2)]


def test_a_pair_within_a_group_is_left_out():
    """The link of today, too slow for pair 2-3, joins its ends for the others."""
    links = [[(0, 1, 1)], [(1, 2, 1)], [(2, 3, 1)]]
    found = ground_of(4, [(2, 3, 2)], links, pairs((0, 1, 1), (0, 3, 4), (1, 3, 3), (2, 3, 1)))
    assert (found.size, edges(found)) == (3, [(0, 0, 1), (1, 0, 2), (2, 1, 2)])


def test_a_candidate_whose_links_hang_together_is_one_joint():
    found = ground_of(3, [], [[(0, 1, 1), (1, 2, 1)]], pairs((0, 1, 1), (1, 2, 1)))
    assert joints(found) == [(0, [0, 1, 2])]


def test_a_candidate_whose_links_do_not_hang_together_is_several_joints():
    found = ground_of(4, [], [[(0, 1, 1), (2, 3, 1)]], pairs((0, 1, 1), (2, 3, 1)))
    assert joints(found) == [(0, [0, 1]), (0, [2, 3])]


def test_links_of_a_candidate_hang_together_through_a_group():
    links = [[(0, 1, 1), (2, 3, 1)]]
    found = ground_of(4, [(1, 2, 1)], links, pairs((0, 1, 1), (0, 3, 3)))
    assert joints(found) == [(0, [0, 1, 2])]


def test_a_link_that_no_pair_can_use_or_within_a_group_joins_nothing():
    links = [[(0, 1, 1)], [(1, 2, 1), (0, 2, 9)], [(2, 3, 2)]]
    found = ground_of(4, [(2, 3, 1)], links, pairs((0, 1, 1), (1, 3, 3)))
    assert joints(found) == [(0, [0, 1]), (1, [1, 2])]


def test_pairs_with_joins_to_make_must_be_half_of_all():
    """Pairs that may take twenty seconds can use the links of today, which then join everything."""
    links, today = [[(0, 1, 1)], [(1, 2, 1)]], [(0, 1, 5), (1, 2, 5), (2, 3, 5)]
    half = pairs((0, 1, 1), (0, 3, 20), (1, 2, 1), (1, 3, 20))
    less = pairs((0, 1, 1), (0, 3, 20), (1, 2, 1), (1, 3, 20), (2, 3, 20))
    assert edges(ground_of(4, today, links, half)) == [(0, 0, 1), (2, 1, 2)]
    assert ground_of(4, today, links, less) is None


def test_one_join_alone_is_nothing_to_go_by():
    assert ground_of(2, [], [[(0, 1, 1)]], pairs((0, 1, 1), (1, 0, 1))) is None


def test_nothing_is_to_be_joined_where_today_joins_all():
    slow = [(0, 1, 2), (1, 2, 2)]
    assert ground_of(3, slow, TRIANGLE, pairs((0, 1, 4), (0, 2, 4), (1, 2, 4))) is None


def test_without_pairs_there_is_nothing_to_join():
    assert ground_of(3, [], TRIANGLE, []) is None


def test_a_candidate_without_arcs_joins_nothing():
    problem = mesh(3, [], TRIANGLE, pairs((0, 1, 2), (0, 2, 2)))
    more = (*problem.candidates, Candidate("c3", 1, ()), Candidate("c4", 1, both_ways((1, 2, 1))))
    assert joints(ground(tables(problem.replace(candidates=more)))) == [
        (0, [0, 1]),
        (1, [1, 2]),
        (2, [0, 2]),
        (4, [1, 2]),
    ]


@given(apart_today())
@settings(max_examples=80, deadline=None)
def test_every_link_that_a_pair_uses_lies_within_a_group_or_within_a_joint(problem):
    found = ground(tables(problem))
    if found is None:
        return
    held = [(owner, set(groups)) for owner, groups in joints(found)]
    group = np.full(len(problem.nodes), -1)
    for k, one, other in edges(found):
        pair = problem.pairs[k]
        for node, where in ((pair.origin, one), (pair.destination, other)):
            assert group[node] in (-1, where)
            group[node] = where
    for k, _, _ in edges(found):
        for tail, head, owner in links_used_by(problem, problem.pairs[k]):
            ends = {group[tail], group[head]}
            if -1 in ends or len(ends) == 1:
                continue
            assert any(of == owner and ends <= groups for of, groups in held)

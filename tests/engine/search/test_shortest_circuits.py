from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from ring_drawing import circuits_of, ring_problem, square, undemanding
from tiers import thinned

from optimiser.engine.search.circuits import shortest_circuit, through_links
from optimiser.engine.search.paths import UNREACHED
from optimiser.problem import Ring, RingLink

SEEDS = range(150)


def unusable(ring, *, barred=()):
    """Return the links on no circuit that forms the ring."""
    bound = through_links(ring, np.zeros(len(ring.links), dtype=np.int64), barred=barred)
    return tuple(np.flatnonzero(bound == UNREACHED).tolist())


def drawn(seed):
    """A small ring without demands, all its circuits, and a length for each link."""
    rings = ring_problem(3 * seed).rings or ring_problem(3 * seed + 1).rings or (square(),)
    ring = undemanding(rings[0])
    names = {link.candidate for link in ring.links}
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    length = np.array([chance.choice([0, 1, 2, 5, 9]) for _ in ring.links], dtype=np.int64)
    return ring, circuits_of(ring, names), length


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_the_shortest_circuit_is_the_shortest_of_all_circuits(seed):
    ring, circuits, length = drawn(seed)
    found = shortest_circuit(ring, length)
    best = min((int(length[links].sum()) for links in circuits), default=None)
    assert found.length == found.bound == best
    assert (set(found.links) in [set(links) for links in circuits]) == bool(circuits)


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_a_search_that_is_given_up_at_once_still_bounds_every_circuit_from_below(seed):
    ring, circuits, length = drawn(seed)
    found = shortest_circuit(ring, length, tries=1)
    assert all(found.bound <= length[links].sum() for links in circuits)


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_a_circuit_through_a_link_is_never_shorter_than_the_bound_of_the_link(seed):
    ring, circuits, length = drawn(seed)
    bound = through_links(ring, length)
    for links in circuits:
        assert (bound[links] <= length[links].sum()).all()


def test_the_bound_of_a_link_is_the_length_of_the_only_circuit_through_it():
    ring = square(links=square().links[:4])
    assert through_links(ring, np.array([1, 2, 3, 4])).tolist() == [10, 10, 10, 10]


def test_a_spur_and_a_circuit_beside_the_centre_are_of_no_use():
    ring = square()
    nodes = (*ring.nodes, (8, 0), (8, 4), (9, 9))
    links = (*ring.links[:4], RingLink(1, 4), RingLink(4, 5), RingLink(5, 1), RingLink(2, 6))
    assert unusable(dataclasses.replace(ring, nodes=nodes, links=links)) == (4, 5, 6, 7)


def test_links_through_a_centre_and_links_of_barred_candidates_are_of_no_use():
    assert 4 in unusable(square())
    assert unusable(square(), barred={"north"}) == (0, 1, 2, 3, 4)


def test_a_loop_at_a_node_is_no_shortest_circuit_where_another_is_shorter():
    loop = RingLink(0, 0, None, ((9, -1), (9, 9), (-1, 9)))
    ring = square(links=(*square().links[:4], loop))
    for length, links in ((9, {0, 1, 2, 3}), (3, {4})):
        found = shortest_circuit(ring, np.array([1, 1, 1, 1, length]))
        assert set(found.links) == links


def two_squares():
    """Squares round two centres that share one corner; a far way leads round both."""
    nodes = ((0, 0), (4, 0), (4, 4), (0, 4), (8, 4), (8, 8), (4, 8), (-9, -9), (19, -9), (19, 19))
    near = [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (4, 5), (5, 6), (6, 2)]
    far = [(7, 8), (8, 9), (9, 7)]
    links = tuple(RingLink(a, b) for a, b in near) + tuple(
        RingLink(a, b, None, ((-9, 19),) if a == 9 else ()) for a, b in far
    )
    return Ring("two", required=True, centres=((2, 2), (6, 6)), nodes=nodes, links=links)


def test_two_circuits_that_meet_at_a_node_are_no_ring_round_both_centres():
    length = np.array([1] * 8 + [50] * 3)
    assert shortest_circuit(two_squares(), length).length == 150
    assert shortest_circuit(two_squares(), length, tries=1).bound <= 150


def test_without_a_circuit_it_is_proved_that_there_is_none():
    found = shortest_circuit(square(links=square().links[:3]), np.array([1, 1, 1]))
    assert (found.links, found.length, found.bound) == ((), None, None)
    assert through_links(square(links=square().links[:3]), np.ones(3)).tolist() == [UNREACHED] * 3

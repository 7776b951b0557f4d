from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from ring_drawing import circuits_of, ring_problem, square, undemanding
from tiers import thinned

from optimiser.engine.search.circuit_starts import drawn_lengths, start_circuits
from optimiser.problem import Ring, RingLink, RingStop

SEEDS = range(150)


def drawn(seed):
    rings = ring_problem(3 * seed).rings or ring_problem(3 * seed + 1).rings or (square(),)
    ring = rings[0]
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    length = np.array([chance.choice([0, 1, 2, 5, 9]) for _ in ring.links], dtype=np.int64)
    return ring, circuits_of(ring, {link.candidate for link in ring.links}), length


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_every_start_is_one_of_the_circuits_that_form_the_ring(seed):
    ring, circuits, length = drawn(seed)
    known = {frozenset(links) for links in circuits}
    for links in start_circuits(ring, length):
        assert frozenset(links) in known


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_without_demands_the_best_start_is_a_shortest_circuit(seed):
    ring, _, length = drawn(seed)
    ring = undemanding(ring)
    circuits = circuits_of(ring, {link.candidate for link in ring.links})
    found = start_circuits(ring, length)
    assert bool(found) == bool(circuits)
    if circuits:
        assert length[list(found[0])].sum() == min(length[links].sum() for links in circuits)


def test_starts_are_found_for_most_rings_that_can_be_formed():
    cases = [drawn(seed) for seed in SEEDS]
    possible = [(ring, length) for ring, circuits, length in cases if circuits]
    found = [bool(start_circuits(ring, length)) for ring, length in possible]
    assert len(possible) > 50
    # Often a single circuit is short enough and passes all that it must.
    assert np.mean(found) > 0.8


def test_a_longest_length_is_kept_at_a_price():
    """The cheapest circuit is 13 long; the one over the north and the east is 11."""
    links = (
        RingLink(0, 1, length=3),
        RingLink(1, 2, length=3),
        RingLink(3, 2, "north", length=2),
        RingLink(3, 2, None, ((2, 9),), length=4),
        RingLink(3, 0, length=3),
    )
    ring = square(links=links, least_stops=0)
    length = np.array([1, 1, 50, 1, 1], dtype=np.int64)
    assert set(start_circuits(ring, length)[0]) == {0, 1, 3, 4}
    for longest, found in ((13, {0, 1, 3, 4}), (12, {0, 1, 2, 4}), (11, {0, 1, 2, 4})):
        assert set(start_circuits(dataclasses.replace(ring, longest=longest), length)[0]) == found
    assert start_circuits(dataclasses.replace(ring, longest=10), length) == ()


def test_stops_that_a_ring_must_pass_are_inserted_and_others_left_out():
    ring = grid(8, least=0)
    stops = tuple(
        dataclasses.replace(stop, must=i == 0, group="east" if i > 1 else "")
        for i, stop in enumerate(ring.stops)
    )
    length = np.ones(len(ring.links), dtype=np.int64)
    assert len(start_circuits(ring, length)[0]) == 4
    through = dataclasses.replace(ring, stops=stops)
    assert passed(through, start_circuits(through, length)[0]) == {0}
    east = dataclasses.replace(through, least_by_group=(("east", 1),))
    found = [passed(east, links) for links in start_circuits(east, length)]
    assert found
    assert all(0 in one and one & {2, 3} for one in found)


def passed(ring, links):
    nodes = {v for a in links for v in (ring.links[a].tail, ring.links[a].head)}
    return {i for i, stop in enumerate(ring.stops) if nodes & set(stop.nodes)}


def grid(size, *, least):
    """A square grid round its middle, a stop at each corner."""
    nodes = tuple((10 * x, 10 * y) for x in range(size) for y in range(size))
    at = {point: v for v, point in enumerate(nodes)}
    links = [
        RingLink(v, at[x + dx, y + dy])
        for (x, y), v in at.items()
        for dx, dy in ((10, 0), (0, 10))
        if (x + dx, y + dy) in at
    ]
    last = 10 * (size - 1)
    stops = [RingStop(f"{x},{y}", (at[x, y],)) for x in (0, last) for y in (0, last)]
    middle = 5 * (size - 1) + 1
    return Ring("grid", True, ((middle, middle),), nodes, tuple(links), tuple(stops), least)


def test_a_ring_past_all_corners_of_a_grid_goes_round_its_edge():
    ring = grid(8, least=4)
    found = start_circuits(ring, np.ones(len(ring.links), dtype=np.int64))
    assert len(found[0]) == 28


def test_closed_links_and_barred_candidates_are_not_used():
    ring = square(least_stops=0)
    length = np.ones(5, dtype=np.int64)
    assert start_circuits(ring, length, barred={"west"}) == ()
    assert start_circuits(ring, length, closed=np.array([True, False, False, False, False])) == ()


def test_the_length_of_a_link_follows_its_line_and_shrinks_eastwards_towards_the_poles():
    nodes = ((0, 600_000_000), (10_000_000, 600_000_000))
    ring = square(nodes=nodes, links=(RingLink(0, 1), RingLink(0, 1, None, ((0, 610_000_000),))))
    straight, bent = drawn_lengths(ring)
    assert straight == pytest.approx(5_000_000, rel=1e-9)
    assert bent > 2 * 10_000_000
    assert isinstance(ring, Ring)

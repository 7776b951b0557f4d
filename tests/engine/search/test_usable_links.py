from __future__ import annotations

import dataclasses

import pytest
from ring_drawing import circuits_of, ring_problem, ringed, square
from tiers import thinned

from optimiser.engine.search.circuits import usable_links
from optimiser.problem import RingLink

SEEDS = range(120)


@pytest.mark.parametrize("seed", thinned(SEEDS, 15))
def test_every_link_of_a_ring_that_some_plan_can_pay_for_stays(seed):
    problem = ring_problem(seed)
    allowed = {c.id for c in problem.candidates if c.fixed != "out"}
    must = {c.id for c in problem.candidates if c.fixed == "in"}
    for ring in problem.rings:
        used = usable_links(problem, ring)
        for links in circuits_of(ring, allowed):
            names = {ring.links[a].candidate for a in links} - {None}
            if problem.budget is None or problem.cost_of(must | names) <= problem.budget:
                assert used.issuperset(links)


def test_a_link_that_the_budget_does_not_reach_leaves():
    ring = square(least_stops=0)
    assert usable_links(ringed(ring, budget=5), ring) == {0, 1, 2, 3}
    assert usable_links(ringed(ring, budget=4), ring) == set()


def test_a_candidate_that_is_named_by_two_links_is_paid_for_once():
    links = tuple(dataclasses.replace(link, candidate="north") for link in square().links[:4])
    ring = square(links=links, least_stops=0)
    assert usable_links(ringed(ring, budget=2), ring) == {0, 1, 2, 3}


def test_what_is_fixed_in_is_paid_for_in_any_case_and_costs_a_ring_nothing():
    problem = ringed(square(least_stops=0), budget=5)
    fixed = {"fast": "in", "west": "in"}
    both = tuple(dataclasses.replace(c, fixed=fixed.get(c.id)) for c in problem.candidates)
    assert usable_links(problem.replace(candidates=both), problem.rings[0]) == set()
    assert usable_links(problem.replace(candidates=both, budget=9), problem.rings[0]) == {0, 1, 2, 3}


def test_a_link_whose_circuits_are_all_too_long_leaves():
    links = (*square().links[:4], RingLink(3, 2, "fast", ((2, 9),)))
    lengths = (3, 3, 2, 3, 5)
    ring = square(
        least_stops=0,
        links=tuple(dataclasses.replace(k, length=n) for k, n in zip(links, lengths, strict=True)),
    )
    for longest, used in ((14, {0, 1, 2, 3, 4}), (13, {0, 1, 2, 3}), (11, {0, 1, 2, 3}), (10, set())):
        short = dataclasses.replace(ring, longest=longest)
        assert usable_links(ringed(short, budget=99), short) == used


def test_lengths_too_large_to_add_up_prune_nothing():
    links = tuple(dataclasses.replace(link, length=2**60) for link in square().links[:4])
    ring = square(least_stops=0, links=links, longest=1)
    assert usable_links(ringed(ring), ring) == {0, 1, 2, 3}


def test_a_ring_without_links_has_none_of_use():
    ring = square(links=())
    assert usable_links(ringed(ring), ring) == frozenset()

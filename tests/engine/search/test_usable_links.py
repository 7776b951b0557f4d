from __future__ import annotations

import dataclasses

import pytest
from ring_drawing import circuits_of, ring_problem, ringed, square

from optimiser.engine.search.circuits import usable_links

SEEDS = range(120)


@pytest.mark.parametrize("seed", SEEDS)
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


def test_a_ring_without_links_has_none_of_use():
    ring = square(links=())
    assert usable_links(ringed(ring), ring) == frozenset()

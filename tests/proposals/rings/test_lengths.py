"""Limits on the length of rings: in km, and over the shortest circuit that does the same."""

from __future__ import annotations

import dataclasses

import pytest
from ring_drawing import circuits_of, square, web_problem
from ring_regions import road, rules
from ring_regions import square as region_of_square
from tiers import thinned

from optimiser.problem import RingLink, RingStop
from optimiser.proposals.rings.generate import shortest_circuit_within, with_longest
from optimiser.proposals.table import merge

LENGTHS = (4_000, 4_000, 4_000, 4_000, 20_000)


def drawn(**changes):
    """`square` with sides of 4 km, of which the north costs 2; a long way round the north is free."""
    links = (*square().links[:2], square().links[2], RingLink(3, 0), RingLink(3, 2, None, ((2, 9),)))
    measured = tuple(
        dataclasses.replace(link, length=length) for link, length in zip(links, LENGTHS, strict=True)
    )
    return square(**{"links": measured, "stops": (), "least_stops": 0, **changes})


PRICE = {"north": 2}


def length_of(ring, links):
    return sum(ring.links[k].length for k in links)


@pytest.mark.parametrize(("budget", "metres"), [(None, 16_000), (2, 16_000), (1, 32_000)])
def test_the_shortest_circuit_is_one_that_the_budget_can_pay_for(budget, metres):
    assert length_of(drawn(), shortest_circuit_within(drawn(), PRICE, budget)) == metres


def test_without_a_circuit_there_is_no_shortest_one():
    assert shortest_circuit_within(drawn(centres=((50, 50),)), PRICE, None) == ()
    assert shortest_circuit_within(drawn(links=()), PRICE, None) == ()


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_of_all_circuits_that_meet_the_demands_none_that_is_found_is_shorter(seed):
    """Without demands on cities and money the shortest of all is found."""
    problem = web_problem(seed)
    price = {c.id: c.cost for c in problem.candidates}
    for ring in (dataclasses.replace(one, longest=None) for one in problem.rings):
        lengths = [length_of(ring, links) for links in circuits_of(ring, set(price))]
        found = shortest_circuit_within(ring, price, None)
        if found:
            assert length_of(ring, found) >= min(lengths)
            demanded = ring.least_stops or ring.least_by_group or any(stop.must for stop in ring.stops)
            assert demanded or length_of(ring, found) == min(lengths)


def candidates(*, fixed=""):
    """A table with the candidate `north`, for 2."""
    region = region_of_square()
    table = road("north", 0, 1, region=region, fixed=fixed)
    return dataclasses.replace(table, table=table.table.assign(cost=2))


def limits(*rings, budget=None, table=None, **asked):
    found = with_longest([(rules(**asked), ring) for ring in rings], table or candidates(), budget)
    return [ring.longest for ring in found]


def test_the_smaller_of_both_limits_counts():
    assert limits(drawn()) == [None]
    assert limits(drawn(), most_stretch=1.15) == [18_400]
    assert limits(drawn(), longest_km=17.5) == [17_500]
    assert limits(drawn(), longest_km=17.5, most_stretch=1.15) == [17_500]
    assert limits(drawn(), longest_km=30.0, most_stretch=1.15) == [18_400]


def test_a_stretch_counts_over_what_the_budget_can_pay_for():
    assert limits(drawn(), budget=1, most_stretch=1.25) == [40_000]
    assert limits(drawn(), budget=2, most_stretch=1.25) == [20_000]
    assert limits(drawn(), budget=2, most_stretch=1.25, table=candidates(fixed="in")) == [20_000]


def test_required_rings_share_the_money_and_pay_for_a_candidate_once():
    two = drawn(), drawn(id="other")
    assert limits(*two, budget=2, most_stretch=1.0) == [16_000, 16_000]


def test_a_ring_that_must_be_apart_is_measured_beside_the_one_before_it():
    far = ((-4, -4), (8, -4), (8, 8), (-4, 8))
    outer = tuple(RingLink(4 + a, 4 + (a + 1) % 4, length=12_000) for a in range(4))
    second = drawn(id="outer", nodes=(*square().nodes, *far), links=(*drawn().links, *outer))
    assert limits(drawn(), second, most_stretch=1.0) == [16_000, 16_000]
    apart = dataclasses.replace(second, apart=("square",))
    assert limits(drawn(), apart, most_stretch=1.0) == [16_000, 48_000]
    assert limits(drawn(apart=("outer",)), second, most_stretch=1.0) == [16_000, 48_000]


def test_cities_that_must_lie_on_it_count_in_the_shortest_circuit():
    bay = drawn(
        nodes=(*square().nodes, (6, 2)),
        links=(*drawn().links, RingLink(1, 4, length=5_000), RingLink(4, 2, length=5_000)),
        stops=(RingStop("bay", (4,), must=True),),
    )
    assert limits(bay, most_stretch=1.0) == [22_000]


def test_a_link_without_length_adds_nothing():
    links = tuple(
        dataclasses.replace(k, length=0) if k.tail == 3 and k.head == 0 else k for k in drawn().links
    )
    assert sum(link.length == 0 for link in links) == 1
    assert limits(drawn(links=links), most_stretch=1.0) == [12_000]


@pytest.mark.parametrize(
    ("required", "budget", "metres"),
    [(True, 4, 16_000), (True, 3, 32_000), (False, 3, 16_000), (False, 2, 16_000), (False, 1, 32_000)],
)
def test_what_a_required_ring_takes_is_not_there_for_the_next_one(required, budget, metres):
    """Either ring has a northern side of its own, for 2 each."""
    region = region_of_square()
    both = merge(road("north", 0, 1, region=region), road("other", 1, 2, region=region))
    both = dataclasses.replace(both, table=both.table.assign(cost=2))
    links = tuple(
        dataclasses.replace(link, candidate="other") if link.candidate else link for link in drawn().links
    )
    second = drawn(id="second", links=links)
    found = limits(drawn(required=required), second, budget=budget, table=both, most_stretch=1.0)
    assert found[1] == metres
    assert found[0] == (16_000 if budget > 1 else 32_000)

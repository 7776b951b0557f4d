"""What exists is paid for where a ring charges it, each stretch once."""

from __future__ import annotations

import pytest
from candidates_drawing import network
from ring_regions import GROUND, RATES, circuits, none, rules, square

from optimiser.job.rings import Rings
from optimiser.problem import Candidate, DesignProblem
from optimiser.proposals.costs import estimate
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import generate
from optimiser.proposals.rings.graph import CHARGED
from optimiser.proposals.rings.ring_network import RingNetwork, standard_graph
from optimiser.run.rings import add_rings, with_closing_links

NORTH_TRUNK = [(40, 40), (40, 80), (-40, 80), (-40, 40)]
"""Spots of a trunk road that leads round the square's north side, joined to its corners."""


def detour(kind="trunk"):
    """Return the square without its two north sides; a road further north takes their place."""
    more = [(4, 9, kind, 40, 90), (9, 10, kind, 80, 90), (10, 6, kind, 40, 90)]
    return square(without=(4, 5), spots=[(40, 80), (-40, 80)], more=more)


def charged(region, **asked):
    """Return the candidates of a ring round the hub, and its problem's ring."""
    section = [Rings(centres=("Hub",), gap_count=0, **asked)]
    found = with_closing_links(none(), region, section, Rules(), GROUND)
    drawn = tuple(Candidate(name, cost, ()) for name, cost in found.costs.items())
    problem = DesignProblem("drawn", ("a",), (), drawn, (), 100_000)
    made, tables = add_rings(problem, region, found, section, Rules(), GROUND)
    return found, made.rings[0], tables


def test_motorways_cost_a_ring_nothing():
    found, ring, tables = charged(square(), existing_cost_per_km="table")
    assert len(found) == 0
    assert {link.candidate for link in ring.links} == {None}
    assert tables.links["exists"].all()


def test_other_roads_cost_a_ring_what_rebuilding_them_costs():
    found, ring, tables = charged(detour(), classes=("motorway", "trunk"), existing_cost_per_km="table")
    assert sorted(found.table["length_km"]) == [40, 40, 80]  # a link is not cut
    assert sum(found.costs.values()) == sum(
        estimate(RATES, "expressway-120", km).central for km in (40, 40, 80)
    )
    assert (set(found.table["kind"]), set(found.table["mode"])) == ({"ring_standard"}, {"road"})
    assert len(found.arcs) == 0
    assert {link.candidate for link in ring.links} == {None, *found.costs}
    assert tables.links["exists"].all()


def test_a_charge_of_the_job_counts_for_everything_that_exists():
    found, ring, _ = charged(square(), existing_cost_per_km=2.5)
    (circuit,) = circuits(ring)
    names = {ring.links[k].candidate for k in circuit}
    assert names == set(found.table["candidate_id"])
    assert sum(found.costs[name] for name in names) == 2.5 * 320


def test_what_the_job_takes_for_its_standard_is_free_unless_it_is_charged():
    found, ring, _ = charged(detour(), classes=("motorway", "trunk"))
    assert len(found) == 0
    assert {link.candidate for link in ring.links} == {None}


def test_a_stretch_on_no_circuit_is_no_candidate():
    spur = square(spots=[(80, 40)], more=[(4, 9, "motorway", 40, 100)])
    found, _, _ = charged(spur, existing_cost_per_km=1)
    assert found.table["length_km"].sum() == 320


def test_rings_that_share_a_stretch_share_its_candidate():
    asked = [
        Rings(id=name, centres=("Hub",), gap_count=0, radius_km=band, existing_cost_per_km=1)
        for name, band in (("a", ()), ("b", (30, 70)))
    ]
    found = with_closing_links(none(), square(), asked, Rules(), GROUND)
    assert found.table["length_km"].sum() == 320


def test_the_carriageways_of_a_road_are_one_stretch_and_another_road_is_not():
    spots = [(0, 0), (30, 0), (15, 0.1), (15, 30)]
    links = [
        (0, 1, "trunk", 30, 90), (1, 2, "trunk", 15, 90), (2, 0, "trunk", 15.4, 90),
        (0, 3, "trunk", 34, 90), (3, 1, "trunk", 34, 90),
    ]  # fmt: skip
    graph = standard_graph(network(spots, links), rules(classes=("trunk",), existing_cost_per_km=None))
    names = [link.candidate for link in graph.links]
    assert all(name.startswith(CHARGED) for name in names)
    assert [link.length_km for link in graph.links] == [30, 34, 34]  # of the two carriageways one
    assert len(set(names)) == 3


@pytest.mark.parametrize("band", [(0.0, 1000.0), (0.0, 70.0)])
def test_ids_do_not_depend_on_the_band(band):
    asked = rules(existing_cost_per_km=1.0, radius_km=band)
    network_of = RingNetwork(square(), asked)
    whole = RingNetwork(square(), rules(existing_cost_per_km=1.0)).stretches
    assert network_of.stretches == whole


def test_a_ring_that_is_charged_keeps_every_circuit():
    free = generate(RingNetwork(detour(), rules(classes=("motorway", "trunk"))), none())
    found, ring, _ = charged(detour(), classes=("motorway", "trunk"), existing_cost_per_km="table")
    assert len(circuits(ring)) == len(circuits(free.ring)) == 1
    assert len(found) == 3


def test_a_long_road_is_cut_into_stretches_of_ten_km():
    spots = [(0, 0), *((x, 0) for x in range(4, 33, 4))]
    links = [(k, k + 1, "trunk", 4, 90) for k in range(8)]
    graph = standard_graph(network(spots, links), rules(classes=("trunk",), existing_cost_per_km=None))
    names = [link.candidate for link in graph.links]
    assert [names.count(name) for name in dict.fromkeys(names)] == [2, 2, 2, 2]

"""What exists is paid for where a ring charges it, each stretch once."""

from __future__ import annotations

import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network
from ring_regions import GROUND, RATES, circuits, none, rules, square

from optimiser.job.sections import Rings
from optimiser.problem import Candidate, DesignProblem
from optimiser.proposals.costs import estimate
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import generate
from optimiser.proposals.rings.graph import CHARGED
from optimiser.proposals.rings.ring_network import RingNetwork, charges, is_charged, standard_graph
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
    made, tables = add_rings(problem, region, found, section, Rules(), GROUND, most=problem.budget)
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


def stretches(*lengths, asked=None):
    """Return the names of the stretches of a straight trunk road, from west to east, and its length."""
    at = [sum(lengths[:k]) for k in range(len(lengths) + 1)]
    links = [(k, k + 1, "trunk", km, 90) for k, km in enumerate(lengths)]
    drawn = network([(x, 0) for x in at], links)
    asked = asked or rules(classes=("trunk",), existing_cost_per_km=None)
    return [link.candidate for link in standard_graph(drawn, asked).links]


@pytest.mark.parametrize(
    ("lengths", "parts"),
    [
        ((10,), [""]),
        ((4, 6), ["", ""]),
        ((4, 7), ["/1", "/2"]),
        ((10, 10), ["/1", "/2"]),
        ((9, 3, 8), ["/1", "/2", "/2"]),  # the middle of 3 km lies beyond the half
        ((9, 1, 10), ["/1", "/1", "/2"]),
        ((9, 2, 9), ["/1", "/2", "/2"]),  # at the half
        ((25, 1), ["/2", "/3"]),
        ((1, 1, 28), ["/1", "/1", "/2"]),
    ],
)
def test_stretches_are_of_equal_length_and_links_belong_to_where_their_middle_lies(lengths, parts):
    names = stretches(*lengths)
    line = names[0].split("/")[0]
    assert names == [f"{line}{part}" for part in parts]
    east = sum(lengths) * KM
    assert line == f"{CHARGED}trunk:0.00000,0.00000-{east:.5f},0.00000"


def test_the_id_of_a_stretch_has_its_standard_and_speed():
    asked = rules(classes=("trunk", "primary"), speed_kmh=80.0, existing_cost_per_km=1.0)
    assert stretches(5, asked=asked) == [f"{CHARGED}trunk+primary>80:0.00000,0.00000-{5 * KM:.5f},0.00000"]


@pytest.mark.parametrize(
    ("second_km", "third_km", "kept"),
    [
        (6.0, 6.0, [(4.0, "")]),  # 1.25 times 4 km and a kilometre more: carriageways of the first
        (6.0, 6.1, [(4.0, ""), (6.1, "#2")]),
        (6.5, 9.125, [(4.0, ""), (6.5, "#2")]),
        (6.5, 9.2, [(4.0, ""), (6.5, "#2"), (9.2, "#3")]),
    ],
)
def test_lines_of_about_the_same_length_between_two_junctions_are_carriageways(second_km, third_km, kept):
    spots = [(0, 0), (3, 0), (-3, 0), (6, 0)]
    links = [(0, 1, "trunk", km, 90) for km in (third_km, 4.0, second_km)]
    links += [(2, 0, "trunk", 3, 90), (1, 3, "trunk", 3, 90)]
    asked = rules(classes=("trunk",), existing_cost_per_km=None)
    graph = standard_graph(network(spots, links), asked)
    between = sorted((one.length_km, one.candidate) for one in graph.links if one.length_km != 3)
    name = between[0][1]
    assert between == [(km, f"{name}{number}") for km, number in kept]


@pytest.mark.parametrize(("rate", "cost"), [(0.01, 1), (0.04, 2), (0.03, 1), (2.5, 100)])
def test_a_stretch_with_a_charge_costs_its_km_times_it_and_one_at_least(rate, cost):
    found, ring, _ = charged(square(), existing_cost_per_km=rate)
    assert len(found) == 8
    assert set(found.costs.values()) == {cost}
    assert (set(found.table["standard"]), set(found.table["kind"])) == ({""}, {"ring_standard"})
    assert set(found.table["instrument"]) == {"infrastructure"}
    assert {link.candidate for link in ring.links} <= set(found.costs)


def test_what_is_charged_is_everything_at_a_rate_or_roads_below_expressways():
    classes = ["motorway", "motorway_link", "trunk", "trunk_link", "primary"]
    links = network([(0, 0), (1, 0)], [(0, 1, name, 1, 50) for name in classes]).links
    assert is_charged(links, rules(existing_cost_per_km=None)).tolist() == [False, False, True, True, True]
    assert is_charged(links, rules(existing_cost_per_km=0.5)).tolist() == [True] * 5
    assert is_charged(links, rules(existing_cost_per_km=0.0)).tolist() == [False] * 5
    assert is_charged(links, rules(mode="rail", existing_cost_per_km=None)).tolist() == [False] * 5


def test_a_stretch_leads_from_its_first_corner_to_its_last():
    """Two links of 4 and 5 km with a bend between them are one stretch."""
    drawn = network([(0, 0), (4, 0), (4, 5)], [(0, 1, "trunk", 4, 90), (1, 2, "trunk", 5, 90)])
    region = base_case(drawn, cities(drawn, [("hub", (0, 0), 9_000_000, 0)]))
    asked = rules(classes=("trunk",), existing_cost_per_km=2.0, speed_kmh=80.0)
    graph = standard_graph(drawn, asked)
    (name,) = {link.candidate for link in graph.links}
    found = charges(graph, [name], region, asked, Rules(), GROUND)
    row = found.table.iloc[0]
    assert (row["from_name"], row["to_name"], row["length_km"], row["cost"]) == (
        "Hub (0 km north)",
        "Hub (6 km north-east)",
        9.0,
        18,
    )
    assert (row["speed_kmh"], row["why"]) == (80.0, "brings an existing stretch to the standard of a ring")
    assert shapely.get_coordinates(row["geometry"]).round(4).tolist() == [
        [0.0, 0.0],
        [round(4 * KM, 4), 0.0],
        [round(4 * KM, 4), round(5 * KM, 4)],
    ]
    assert len(charges(graph, [], region, asked, Rules(), GROUND)) == 0

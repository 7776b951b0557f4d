"""Check what of a network belongs to a ring."""

from __future__ import annotations

from candidates_drawing import network
from ring_regions import none, rules, square

from optimiser.proposals.rings.ring_network import RingNetwork, standard_graph


def test_two_carriageways_and_their_slip_roads_are_one_line():
    spots = [(0, 0), (0, 0.1), (30, 0), (30, 0.1), (0.3, 0.2), (30.3, 0.2)]
    links = [
        (0, 2, "motorway", 30, 100), (3, 1, "motorway", 30, 100),
        (0, 4, "motorway_link", 0.4, 40), (1, 4, "motorway_link", 0.3, 40),
        (2, 5, "motorway_link", 0.4, 40), (3, 5, "motorway_link", 0.3, 40),
    ]  # fmt: skip
    graph = standard_graph(network(spots, links), rules())
    ends = {(link.tail, link.head) for link in graph.links}
    assert len(graph.nodes) == 2
    assert {tuple(sorted(two)) for two in ends} == {(0, 1)}


def test_everything_within_reach_is_in_the_graph():
    region = square()
    graph = RingNetwork(region, rules()).with_candidates(none())
    assert sum(link.length_km for link in graph.links) == 320

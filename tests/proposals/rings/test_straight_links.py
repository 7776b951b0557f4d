"""Check between which places straight links are proposed."""

from __future__ import annotations

from ring_regions import KM, rules, square

from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.graph import GraphNode, RingGraph
from optimiser.proposals.rings.straight_links import propose_straight_links


def test_points_of_tracks_without_a_station_hide_no_station_behind_them():
    ends = [GraphNode(f"station:{x}", x * KM, 60 * KM) for x in (-40, 40)]
    between = [
        GraphNode(f"station:{x}/{y}", x * KM, y * KM, can_stop=False)
        for x in (-30, 30)
        for y in range(56, 65)
    ]
    graph = RingGraph((*ends, *between), ())
    asked = rules(mode="rail", classes=())
    found = propose_straight_links(graph, square(), asked, Rules(), cities=(), longest_km=100.0)
    assert [set(link.geometry.xy[0]) for link in found] == [{-40 * KM, 40 * KM}]

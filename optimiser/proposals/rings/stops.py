"""Find which cities lie at which nodes of a ring."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.rings.contracting import chains, inner_nodes
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.graph import RingGraph
from optimiser.proposals.rings.rules import RingRules

type Stops = Mapping[int, Mapping[int, int]]
"""Rows of cities to nodes of the graph to seconds of driving."""


def stops(graph: RingGraph, rules: RingRules, situation: Situation, driving: Driving) -> Stops:
    """Return for each city that may lie on a ring the nodes of the graph where it does.

    A city lies where the drive from it, over the roads of today by free travel, takes at most the time that
    the rules allow, to the second. The cities that the ring goes round do not count.

    Parameters
    ----------
    graph
        The graph.
    rules
        Tiers, and the time allowed.
    situation, driving
        The cities and the drives from them.
    """
    seconds = driving.to_nodes(graph)
    stopping = np.array([node.can_stop for node in graph.nodes], dtype=bool)
    found = {}
    for city, tier in enumerate(situation.tiers):
        if tier in rules.tiers and city not in rules.centres:
            near = np.flatnonzero(stopping & (np.ceil(seconds[city]) <= rules.on_s))
            if len(near):
                found[city] = {node: int(np.ceil(seconds[city, node])) for node in near.tolist()}
    return found


def nodes_needed(graph: RingGraph, found: Stops, always: set[int]) -> set[int]:
    """Return nodes that may not be contracted, so that a circuit serves the cities that it served before.

    A circuit that runs along a chain of links passes both of its ends. So a city needs an inner node only
    where neither end serves it: the one nearest to it.

    Parameters
    ----------
    graph
        The graph.
    found
        What `stops` gave.
    always
        Nodes that stay anyhow.
    """
    needed = set(always)
    at: dict[int, list[tuple[int, int]]] = {}
    for city, nodes in found.items():
        for node, seconds in nodes.items():
            at.setdefault(node, []).append((city, seconds))
    for chain in chains(graph, always):
        inner = inner_nodes(graph, chain)
        best: dict[int, tuple[int, int]] = {}
        for node in inner:
            for city, seconds in at.get(node, ()):
                best[city] = min(best.get(city, (seconds, node)), (seconds, node))
        ends = _ends(graph, chain[0], chain[-1])
        needed |= {node for city, (_, node) in best.items() if not ends & found[city].keys()}
    return needed


def _ends(graph: RingGraph, first: tuple[int, bool], last: tuple[int, bool]) -> set[int]:
    """Return the nodes at both ends of a chain."""
    start, end = graph.links[first[0]], graph.links[last[0]]
    return {start.head if first[1] else start.tail, end.tail if last[1] else end.head}

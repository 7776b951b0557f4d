"""Generate a ring of the design problem from what a job asks of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from optimiser.engine.search.circuits import through_links
from optimiser.engine.search.paths import UNREACHED
from optimiser.problem import Ring, RingLink, RingStop
from optimiser.proposals.rings.access import stops_of
from optimiser.proposals.rings.graph import RingGraph, Stops, contract, nodes_to_keep, thinned, without_twins
from optimiser.proposals.rings.ring_network import RingNetwork
from optimiser.proposals.table import Candidates

_METRES = 1000


@dataclass(frozen=True, slots=True)
class GeneratedRing:
    """A ring of the design problem, and what its numbers mean.

    Attributes
    ----------
    ring
        Ids and integers alone.
    graph
        Its nodes and links, in the same order, with lines, lengths and names.
    stops
        Rows of cities to nodes of the graph to seconds of driving.
    """

    ring: Ring
    graph: RingGraph
    stops: Stops


def generate(
    network: RingNetwork, candidates: Candidates, *, budget: int | None = None, prune: bool = True
) -> GeneratedRing:
    """Return the ring of a design problem: everything that some circuit may use, and nothing else.

    Parameters
    ----------
    network
        What exists at the standard of the ring, and its rules.
    candidates
        What may be built.
    budget
        Money that may be spent; links are left out if every circuit over them costs more. None for no limit.
    prune
        Leave out what no circuit round all centres can use.

    Returns
    -------
    GeneratedRing
        Without links where no circuit goes round the centres.
    """
    graph = _contracted(network.with_candidates(candidates), network)
    if prune:
        graph = _contracted(links_on_circuits(graph, candidates, network, budget), network)
    stops = stops_of(graph, network.rules, network.base)
    return GeneratedRing(ring_of(graph, stops, network), graph, stops)


def _contracted(graph: RingGraph, network: RingNetwork) -> RingGraph:
    """Return a graph contracted to junctions and stops, without twins."""
    stops = stops_of(graph, network.rules, network.base)
    contracted = contract(graph, nodes_to_keep(graph, stops))
    return without_twins(contracted, network.centres, keep_short=network.rules.is_short)


def links_on_circuits(
    graph: RingGraph, candidates: Candidates, network: RingNetwork, budget: int | None
) -> RingGraph:
    """Return the links that lie on a circuit round all centres that the budget can pay for.

    A candidate is paid for once whatever number of its links is used, so a link costs at least its
    candidate's cost over the number of links that name it.

    Parameters
    ----------
    graph
        Contracted.
    candidates
        Their costs count.
    network
        The centres.
    budget
        None for no limit.
    """
    if not graph.links:
        return graph
    costs, shared = candidates.costs, Counter(link.candidate for link in graph.links)
    least = [int(costs.get(link.candidate, 0)) // shared[link.candidate] for link in graph.links]
    through = through_links(ring_of(graph, {}, network), np.array(least, dtype=np.int64))
    return graph.take(np.flatnonzero(through <= (UNREACHED - 1 if budget is None else budget)).tolist())


def ring_of(graph: RingGraph, stops: Stops, network: RingNetwork) -> Ring:
    """Return a graph as a ring of the design problem.

    Parameters
    ----------
    graph
        Contracted.
    stops
        Which city lies at which nodes.
    network
        The centres, and what is asked of the ring.
    """
    rules, base = network.rules, network.base
    cities = sorted({*stops, *rules.must})
    tiers = Counter(base.tiers[city] for city in cities)
    # A tier without cities is no group of the problem; asking for more stops than there are keeps the demand.
    lacks_tier = any(least and not tiers[tier] for tier, least in rules.least_by_tier)
    return Ring(
        id=rules.id,
        required=rules.required,
        centres=network.centres,
        nodes=tuple(node.point for node in graph.nodes),
        links=tuple(
            RingLink(
                tail=link.tail,
                head=link.head,
                candidate=link.candidate or None,
                via=thinned(graph.corners(k), network.centres, within_km=rules.thin_km),
                length=round(_METRES * link.length_km),
            )
            for k, link in enumerate(graph.links)
        ),
        stops=tuple(
            RingStop(base.ids[city], tuple(sorted(stops.get(city, ()))), base.tiers[city], city in rules.must)
            for city in cities
        ),
        least_stops=max(rules.least_cities, len(cities) + 1) if lacks_tier else rules.least_cities,
        least_by_group=tuple(sorted((tier, n) for tier, n in rules.least_by_tier if n and tiers[tier])),
        longest=math.floor(_METRES * rules.longest_km) if math.isfinite(rules.longest_km) else None,
        reward=rules.reward,
        apart=rules.apart,
    )

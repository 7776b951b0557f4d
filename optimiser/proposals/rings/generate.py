"""Generate a ring of the design problem from what a job asks of it, with its greatest length in metres."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.engine.search.circuits import Circuit, divided_costs, lengths_m, through_links
from optimiser.engine.search.paths import UNREACHED
from optimiser.problem import Ring, RingLink, RingStop
from optimiser.problem.ring import Point
from optimiser.proposals.rings.graph import (
    RingGraph,
    RingRules,
    Stops,
    contract,
    nodes_to_keep,
    stops_of,
    thinned,
    without_twins,
)
from optimiser.proposals.rings.ring_network import RingNetwork
from optimiser.proposals.table import Candidates

_METRES = 1000
_PARTS = 10_000
"""A stretch is rounded to so many parts, so that limits do not depend on floating-point arithmetic."""
_MONEY_SHARES = (0.0, 0.25, 1.0, 4.0, 16.0, 1000.0)
"""What the cost of all links counts for against their metres in the search for a circuit within a budget; the
last share all but minimises the cost."""


def with_longest(
    rings: Sequence[tuple[RingRules, Ring]], candidates: Candidates, budget: int | None
) -> tuple[Ring, ...]:
    """Return rings with the most metres that the circuit of each may be long.

    Parameters
    ----------
    rings
        What is asked of each ring, and the ring; its links have lengths.
    candidates
        What may be built.
    budget
        Money that may be spent; None for no limit.

    Notes
    -----
    A stretch counts over the shortest circuit found that meets the demands of the ring, touches no circuit
    found for the rings before it from which it is apart, and can be paid for with those of the required ones.
    So these circuits together keep to the limits that are derived from them. Without such a circuit the
    stretch limits nothing.
    """
    costs, circuits = candidates.costs, dict[str, set[Point]]()
    table = candidates.table
    paid = set(table["candidate_id"][table["fixed"] == "in"])
    found = []
    for rules, ring in rings:
        limits = [math.floor(_METRES * rules.longest_km)] if math.isfinite(rules.longest_km) else []
        if math.isfinite(rules.most_stretch):
            others = {*ring.apart, *(other.id for _, other in rings if ring.id in other.apart)}
            taken = set[Point]().union(*(circuits.get(name, ()) for name in others))
            ends = [{ring.nodes[link.tail], ring.nodes[link.head]} for link in ring.links]
            closed = np.array([not taken.isdisjoint(two) for two in ends], dtype=np.bool_)
            left = None if budget is None else budget - sum(costs[name] for name in paid)
            price = {name: 0 if name in paid else cost for name, cost in costs.items()}
            shortest = shortest_circuit_within(ring, price, left, closed=closed)
            if shortest:
                metres = sum(ring.links[k].length or 0 for k in shortest)
                limits.append(metres * round(_PARTS * rules.most_stretch) // _PARTS)
                circuits[ring.id] = {
                    ring.nodes[v] for k in shortest for v in (ring.links[k].tail, ring.links[k].head)
                }
                if ring.required:
                    paid |= _names(ring, shortest)
        found.append(replace(ring, longest=min(limits, default=None)))
    return tuple(found)


def _names(ring: Ring, links: Circuit) -> set[str]:
    return {name for k in links if (name := ring.links[k].candidate) is not None}


def shortest_circuit_within(
    ring: Ring, price: Mapping[str, int], budget: int | None, *, closed: NDArray[np.bool_] | None = None
) -> Circuit:
    """Return the shortest circuit found that meets the demands of a ring within a budget; empty without one.

    Parameters
    ----------
    ring
        The ring; its links have lengths.
    price
        Cost of each candidate by its id; 0 for those that are paid for in any case.
    budget
        Money that may be spent; None for no limit.
    closed
        bool [links], links that may not be used; None: all may.

    Notes
    -----
    Circuits are sought by metres, and by metres and money in growing shares; of those that the budget can pay
    for, the shortest counts. Without demands on cities and with money enough it is the shortest of all, else
    a good one (`engine.search.circuit_starts`).
    """
    metres = lengths_m(ring)
    if metres is None or not ring.links:
        return ()
    costs = divided_costs([link.candidate for link in ring.links], price)
    a_unit = max(1, int(metres.sum())) / max(1, sum(costs))
    found: list[tuple[int, Circuit]] = []
    for share in _MONEY_SHARES:
        length = metres + np.rint(share * a_unit * np.array(costs, dtype=np.float64)).astype(np.int64)
        found += [
            (int(metres[list(links)].sum()), links)
            for links in start_circuits(ring, length, closed=closed)
            if budget is None or sum(price[name] for name in _names(ring, links)) <= budget
        ]
    return min(found, default=(0, ()))[1]


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
    least = divided_costs([link.candidate for link in graph.links], candidates.costs)
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

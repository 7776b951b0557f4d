"""Generate a ring of the design problem from what a job asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from networks.network import Network
from optimiser.engine.search.circuits import through_links
from optimiser.engine.search.paths import FAR
from optimiser.problem import Ring, RingLink, RingStop
from optimiser.problem.ring import Point
from optimiser.proposals.candidates import Candidates
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.rings.band import in_band
from optimiser.proposals.rings.contracting import contract, without_twins
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.graph import DEGREE, RingGraph
from optimiser.proposals.rings.joining import with_candidates
from optimiser.proposals.rings.rules import RingRules
from optimiser.proposals.rings.standard import standard_graph
from optimiser.proposals.rings.stops import Stops, nodes_needed, stops
from optimiser.proposals.rings.thinning import thinned


@dataclass(frozen=True, slots=True)
class Proposed:
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
    situation: Situation,
    candidates: Candidates,
    rules: RingRules,
    *,
    budget: int | None = None,
    driving: Driving | None = None,
    prune: bool = True,
) -> Proposed:
    """Return the ring of a design problem: everything that some circuit may use, and nothing else.

    Parameters
    ----------
    situation
        Networks and cities.
    candidates
        What may be built.
    rules
        What is asked of the ring.
    budget
        Money that may be spent; links of which every circuit is dearer leave. None for no limit.
    driving
        Driving times from the cities, to be shared between rings.
    prune
        Leave out what no circuit round all centres can use.

    Returns
    -------
    Proposed
        The ring; without links where no circuit goes round the centres.
    """
    driving = driving or Driving(situation)
    graph = contracted(reach(situation, candidates, rules, driving), situation, rules, driving)
    if prune:
        graph = contracted(pruned(graph, candidates, situation, rules, budget), situation, rules, driving)
    found = stops(graph, rules, situation, driving)
    return Proposed(ring_of(graph, found, situation, rules), graph, found)


def reach(situation: Situation, candidates: Candidates, rules: RingRules, driving: Driving) -> RingGraph:
    """Return all that exists at standard or may be built within the band of a ring.

    Parameters
    ----------
    situation, candidates
        What there is, and what may be built.
    rules
        What is asked of the ring.
    driving
        Driving times from the cities.

    Returns
    -------
    RingGraph
        Not contracted.
    """
    existing = standard_graph(network_of(situation, rules.mode), rules)
    return in_band(with_candidates(existing, candidates, situation, rules), rules, situation, driving)


def network_of(situation: Situation, mode: str) -> Network:
    """Return the network of a mode; without links where there is none.

    Parameters
    ----------
    situation
        The networks.
    mode
        `road` or `rail`.
    """
    if mode == "rail" and situation.rail is not None:
        return situation.rail
    road = situation.road
    return road if mode == "road" else road.replace(links=road.links.iloc[:0])


def contracted(graph: RingGraph, situation: Situation, rules: RingRules, driving: Driving) -> RingGraph:
    """Return a graph contracted to junctions and stops, without twins.

    Parameters
    ----------
    graph
        Any graph of a ring.
    situation, rules, driving
        Say which nodes serve cities, and where the centres are.
    """
    needed = nodes_needed(graph, stops(graph, rules, situation, driving), set())
    once = contract(graph, needed)
    return without_twins(once, centres_of(situation, rules))


def pruned(
    graph: RingGraph,
    candidates: Candidates,
    situation: Situation,
    rules: RingRules,
    budget: int | None,
) -> RingGraph:
    """Return the links that lie on a circuit round all centres that the budget can pay for.

    A candidate is paid for once whatever number of its links is used, so a link costs at least its
    candidate's cost over the number of links that name it.

    Parameters
    ----------
    graph
        Contracted.
    candidates
        Costs.
    situation, rules
        Where the centres are.
    budget
        None for no limit.
    """
    if not graph.links:
        return graph
    costs = costs_of(candidates)
    share: dict[str, int] = {}
    for link in graph.links:
        share[link.candidate] = share.get(link.candidate, 0) + 1
    least = [int(costs.get(link.candidate, 0)) // share[link.candidate] for link in graph.links]
    ring = ring_of(graph, {}, situation, rules)
    through = through_links(ring, np.array(least, dtype=np.int64))
    most = FAR - 1 if budget is None else budget
    return graph.take(np.flatnonzero(through <= most).tolist())


def ring_of(graph: RingGraph, found: Stops, situation: Situation, rules: RingRules) -> Ring:
    """Return a graph as a ring of the design problem.

    Parameters
    ----------
    graph
        Contracted.
    found
        Which city lies at which nodes.
    situation
        Where the centres are.
    rules
        What is asked of the ring.
    """
    centres = centres_of(situation, rules)
    return Ring(
        id=rules.id,
        required=rules.required,
        centres=centres,
        nodes=tuple(node.point for node in graph.nodes),
        links=tuple(
            RingLink(
                tail=link.tail,
                head=link.head,
                candidate=link.candidate or None,
                via=thinned(graph.corners(k), centres, within_km=rules.thin_km),
            )
            for k, link in enumerate(graph.links)
        ),
        stops=tuple(
            RingStop(situation.ids[city], tuple(sorted(nodes))) for city, nodes in sorted(found.items())
        ),
        least_stops=rules.least_cities,
        reward=rules.reward,
        apart=rules.apart,
    )


def centres_of(situation: Situation, rules: RingRules) -> tuple[Point, ...]:
    """Return the centres of a ring in 1e-7 degree.

    Parameters
    ----------
    situation, rules
        The cities, and rows of the centres.
    """
    return tuple(
        (round(float(situation.lon[city]) * DEGREE), round(float(situation.lat[city]) * DEGREE))
        for city in rules.centres
    )


def costs_of(candidates: Candidates) -> Mapping[str, int]:
    """Return the cost of each candidate by its id.

    Parameters
    ----------
    candidates
        The table.
    """
    return dict(zip(candidates.table["candidate_id"], candidates.table["cost"].tolist(), strict=True))

"""Choose the links by which a ring can be closed, and by which cities can lie on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.engine.search.circuits import ShortestCircuit, cover_of, shortest_in
from optimiser.engine.search.paths import FAR
from optimiser.proposals.candidates import Candidates
from optimiser.proposals.candidates.neighbours import great_circle_km
from optimiser.proposals.candidates.rules import Rules
from optimiser.proposals.candidates.situation import Situation
from optimiser.proposals.candidates.table import assemble, merge
from optimiser.proposals.costs import CostTable
from optimiser.proposals.rings.driving import Driving
from optimiser.proposals.rings.fillers import propose_fillers
from optimiser.proposals.rings.generation import Proposed, costs_of, generate, reach
from optimiser.proposals.rings.graph import RingGraph
from optimiser.proposals.rings.rules import RingRules
from optimiser.proposals.rings.stops import stops
from optimiser.proposals.terrain import Terrain

_BY_COST = 1000
"""Cost comes before km: a unit of money weighs as much as so many km."""
_ON_LINE_DEG = 1e-7
"""A node lies on a line when it is at most so far off, a centimetre."""
_NODES = 4
"""A city is served from the nearest nodes, at most so many."""
_FAR_DEG = 90.0
"""Length of a ray, degrees: beyond everything."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a ring can be closed.

    Attributes
    ----------
    candidates
        Further candidates, few; none where straight links are of no use.
    circuit
        Lines of the cheapest circuit, degrees; empty without one.
    """

    candidates: Candidates
    circuit: shapely.MultiLineString


def closing_links(
    situation: Situation,
    candidates: Candidates,
    rules: RingRules,
    rates: Rules,
    ground: tuple[CostTable, Terrain],
    *,
    driving: Driving | None = None,
    avoid: Sequence[shapely.Geometry] = (),
) -> Closing:
    """Return further candidates by which a ring can be closed, or by which cities can lie on it, for less.

    Straight links between junctions, dead ends and cities that nothing at standard is near to are priced and
    thrown in with everything else. Then the cheapest circuit round all centres is found, a good one past as
    many cities as are asked for, and for each city that may lie on the ring the cheapest one that runs by it.
    What these use of the straight links is proposed: that of the whole ring first, then that of the cities
    that need least money, up to the number of the rules.

    Parameters
    ----------
    situation
        Networks and cities.
    candidates
        What may be built already.
    rules
        What is asked of the ring.
    rates
        Standards and speeds.
    ground
        Unit costs and terrain.
    driving
        Driving times from the cities.
    avoid
        Lines that the ring may not touch at a node: the cheapest circuits of rings that it is apart from, so
        that there are links for all of them.

    Returns
    -------
    Closing
        Further candidates and the cheapest circuit.
    """
    driving = driving or Driving(situation)
    nothing = candidates.take([])
    reached = reach(situation, nothing, rules, driving)
    lie_off = off_the_standard(reached, situation, rules, driving)
    proposals = propose_fillers(
        reached, situation, rules, rates, cities=lie_off, longest_km=rules.gap_longest_km
    )
    known = set(candidates.table["candidate_id"])
    fillers = assemble([one for one in proposals if one.candidate_id not in known], *ground)
    both = merge(candidates, fillers)
    proposed = generate(situation, both, rules, driving=driving, prune=False)
    shut = _touching(proposed, avoid)
    ways = _ways(proposed, link_lengths(proposed, both), shut, situation, rules)
    rows = {str(name): row for row, name in enumerate(fillers.table["candidate_id"])}
    chosen = _chosen(proposed, ways, rows, rules)
    few = replace(fillers.take([rows[name] for name in chosen]), report={})
    lines = [proposed.graph.links[k].line for k in (ways[0] if ways else ())]
    return Closing(few, shapely.MultiLineString(lines))


def _touching(proposed: Proposed, avoid: Sequence[shapely.Geometry]) -> NDArray[np.bool_]:
    """Tell which links end at nodes that lie on lines."""
    graph = proposed.graph
    points = shapely.points(graph.lon, graph.lat)
    shut = np.zeros(len(points), dtype=np.bool_)
    for line in avoid:
        shut |= shapely.distance(points, line) <= _ON_LINE_DEG
    ends = np.array([(link.tail, link.head) for link in graph.links], dtype=np.int64).reshape(-1, 2)
    return np.asarray(shut[ends].any(axis=1), dtype=np.bool_)


def off_the_standard(
    reached: RingGraph, situation: Situation, rules: RingRules, driving: Driving
) -> list[int]:
    """Return the cities that may lie on a ring, but near which nothing at standard runs today.

    Parameters
    ----------
    reached
        What exists at standard within the band.
    situation, rules
        Cities, and which of them count.
    driving
        Driving times from the cities.
    """
    near = stops(reached, rules, situation, driving)
    return [
        city
        for city, tier in enumerate(situation.tiers)
        if tier in rules.tiers and city not in rules.centres and city not in near
    ]


def _ways(
    proposed: Proposed,
    length: NDArray[np.int64],
    shut: NDArray[np.bool_],
    situation: Situation,
    rules: RingRules,
) -> list[tuple[int, ...]]:
    """Return the cheapest circuit, a good one past as many cities as asked, one past each city."""
    if not proposed.ring.links:
        return []
    cover = cover_of(proposed.ring)
    first = shortest_in(proposed.ring, cover, length, banned=shut)
    ways = []
    for city, nodes in proposed.stops.items():
        near = sorted(nodes, key=lambda v: (nodes[v], v))[:_NODES]
        off = (off_the_ray(proposed, node, situation, rules) | shut for node in near)
        best = min((shortest_in(proposed.ring, cover, length, banned=one) for one in off), key=_length)
        if best.links:
            ways.append((_length(best), city, best.links))
    if not first.links:
        return []
    past = start_circuits(proposed.ring, length, closed=shut)[:1] if rules.least_cities else ()
    return [first.links, *past, *(links for _, _, links in sorted(ways))]


def _chosen(
    proposed: Proposed, ways: Sequence[Sequence[int]], fillers: Collection[str], rules: RingRules
) -> list[str]:
    """Return the ids of the straight links to propose."""
    chosen: list[str] = []
    for links in ways:
        names = {proposed.graph.links[k].candidate for k in links} & set(fillers)
        new = sorted(names - set(chosen))
        if len(chosen) + len(new) <= rules.gap_count:
            chosen += new
    return chosen


def _length(found: ShortestCircuit) -> int:
    """Return the length of a circuit."""
    return int(FAR) if found.length is None else found.length


def link_lengths(proposed: Proposed, candidates: Candidates) -> NDArray[np.int64]:
    """Return what counts for each link: its candidate's cost first, its share of it by length, then km.

    Parameters
    ----------
    proposed
        The ring.
    candidates
        Costs.
    """
    costs = costs_of(candidates)
    whole: dict[str, float] = {}
    for link in proposed.graph.links:
        whole[link.candidate] = whole.get(link.candidate, 0.0) + link.length_km
    return np.array(
        [
            round(
                _BY_COST * costs.get(link.candidate, 0) * link.length_km / max(whole[link.candidate], 1e-9)
                + link.length_km
            )
            for link in proposed.graph.links
        ],
        dtype=np.int64,
    )


def off_the_ray(proposed: Proposed, node: int, situation: Situation, rules: RingRules) -> NDArray[np.bool_]:
    """Tell which links a circuit through a node may do without.

    A circuit round a centre crosses every ray from it. On the ray from the nearest centre through a node,
    all links are told that cross it elsewhere: a circuit without them runs through the node.

    Parameters
    ----------
    proposed
        The ring.
    node
        Position of the node.
    situation, rules
        The centres.
    """
    graph = proposed.graph
    here = graph.nodes[node]
    centre = _nearest(here.lon, here.lat, rules.centres, situation)
    lon, lat = float(situation.lon[centre]), float(situation.lat[centre])
    reach = _FAR_DEG / max(np.hypot(here.lon - lon, here.lat - lat), 1e-9)
    end = (lon + reach * (here.lon - lon), lat + reach * (here.lat - lat))
    ray = shapely.LineString([(lon, lat), (here.lon, here.lat), end])
    crossing = shapely.intersects(np.array([link.line for link in graph.links], dtype=object), ray)
    at_node = np.array([node in (link.tail, link.head) for link in graph.links], dtype=bool)
    return np.asarray(crossing & ~at_node, dtype=bool)


def _nearest(lon: float, lat: float, cities: Sequence[int], situation: Situation) -> int:
    """Return the nearest of some cities."""
    rows = list(cities)
    far = great_circle_km(
        np.full(len(rows), lon), np.full(len(rows), lat), situation.lon[rows], situation.lat[rows]
    )
    return rows[int(np.argmin(far))]

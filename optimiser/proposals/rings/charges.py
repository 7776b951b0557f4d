"""Charge for existing stretches of a ring: what it takes to bring them to the standard of a ring.

A stretch of road or track is a candidate without arcs: it makes no trip faster, and a circuit that uses it
needs it. Rings of one standard share these candidates, so that what two of them use is paid for once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.costs import Cost, CostTable, Terrain
from optimiser.proposals.generate import STANDARD_KIND, Rules
from optimiser.proposals.rings.graph import CHARGED, Chain, GraphLink, RingGraph, contract, runs
from optimiser.proposals.rings.rules import ROAD_CLASSES, RingRules
from optimiser.proposals.table import Candidates, Item, Proposal, assemble

_ALIKE = 1.25
"""Lines between the same junctions are carriageways of one road where the longer one is at most so many times
as long as the shorter one, and a kilometre more."""
_ALIKE_KM = 1.0
_STRETCH_KM = 10.0
"""A stretch is at most so long, but for links that are longer."""


def is_charged(links: pd.DataFrame, rules: RingRules) -> NDArray[np.bool_]:
    """Tell which links at the standard of a ring are paid for when it uses them.

    Parameters
    ----------
    links
        Links of a network.
    rules
        A charge per km counts for everything; that of the cost table for roads below expressways.

    Returns
    -------
    numpy.ndarray
        bool [links].
    """
    if rules.existing_cost_per_km is not None:
        return np.full(len(links), rules.existing_cost_per_km > 0)
    if rules.mode != "road":
        return np.zeros(len(links), dtype=np.bool_)
    return (~links["link_class"].str.removesuffix("_link").isin(ROAD_CLASSES)).to_numpy(dtype=np.bool_)


def with_stretches_named(graph: RingGraph, rules: RingRules) -> RingGraph:
    """Return a graph whose charged links have the id of the stretch that they belong to.

    A run of charged links from one junction to the next is cut into stretches of equal length, at most
    `_STRETCH_KM`, so that a ring that leaves a road between two junctions pays for little beyond. Of the
    carriageways of a road, lines of about the same length between the same junctions, the shortest remains.

    Parameters
    ----------
    graph
        What exists at standard, outside the band as well, so that the ids of a network do not depend on the
        band; the candidate of charged links is `CHARGED`.
    rules
        The standard, which is part of the ids.
    """
    charged = defaultdict[tuple[int, int], list[tuple[float, Chain]]](list)
    for (start, end), chain in runs(graph):
        if graph.links[chain[0][0]].candidate == CHARGED:
            km = sum(graph.links[position].length_km for position, _ in chain)
            charged[min(start, end), max(start, end)].append((km, chain))
    if not charged:
        return graph
    links, left_out = list(graph.links), set[int]()
    for ends, lines in charged.items():
        number, alike_km = 0, 0.0
        for km, chain in sorted(lines):
            if number and km <= alike_km:
                left_out |= {position for position, _ in chain}
                continue
            number, alike_km = number + 1, _ALIKE * km + _ALIKE_KM
            name, parts, at_km = _id_of(graph, ends, number, rules), math.ceil(km / _STRETCH_KM), 0.0
            for position, _ in chain:
                length_km = graph.links[position].length_km
                part = min(parts, 1 + int(parts * (at_km + length_km / 2) / max(km, 1e-9)))
                at_km += length_km
                id_of_part = name if parts <= 1 else f"{name}/{part}"
                links[position] = replace(links[position], candidate=id_of_part)
    kept = [position for position in range(len(links)) if position not in left_out]
    return RingGraph(graph.nodes, tuple(links)).take(kept)


def _id_of(graph: RingGraph, ends: Sequence[int], number: int, rules: RingRules) -> str:
    """Return the id of a stretch by its standard and the positions of its ends, from west to east."""
    standard = "+".join(rules.classes) or rules.mode
    speed = f">{rules.speed_kmh:g}" if rules.speed_kmh else ""
    places = sorted((graph.nodes[end].lon, graph.nodes[end].lat) for end in ends)
    line = "-".join(f"{lon:.5f},{lat:.5f}" for lon, lat in places)
    return f"{CHARGED}{standard}{speed}:{line}" + ("" if number == 1 else f"#{number}")


def charges(
    graph: RingGraph,
    names: Collection[str],
    base: BaseCase,
    rules: RingRules,
    standards: Rules,
    prices: tuple[CostTable, Terrain],
) -> Candidates:
    """Return the candidates of the stretches of a ring that are charged.

    Parameters
    ----------
    graph
        What exists at standard, named by `with_stretches_named`.
    names
        Ids of the stretches that are asked for.
    base
        Networks and cities.
    rules
        What is asked of the ring.
    standards, prices
        The standard to which roads are rebuilt, unit costs and terrain, for rings without a charge per km.
        Where the cost table does not price rebuilding, a stretch costs as much as a new road.

    Returns
    -------
    Candidates
        Without arcs.
    """
    costs, _ = prices
    rebuilt = standards.road.rebuilt_standard
    standard = rebuilt if rebuilt in costs.standards else standards.road.standard
    lines = [link for link in contract(graph, ()).links if link.candidate in names]
    return assemble([_charge(link, base, rules, standard) for link in lines], *prices)


def _charge(link: GraphLink, base: BaseCase, rules: RingRules, standard: str) -> Proposal:
    """Return a stretch as a proposal."""
    start, end = (shapely.get_point(link.line, at) for at in (0, -1))
    rate, cost = rules.existing_cost_per_km, None
    if rate is not None:
        amount = max(1, round(rate * link.length_km))
        cost = Cost(amount, amount, amount)
    return Proposal(
        candidate_id=link.candidate,
        from_name=base.beside_city(start.x, start.y),
        to_name=base.beside_city(end.x, end.y),
        length_km=link.length_km,
        speed_kmh=rules.speed_kmh,
        standard=standard if rate is None else "",
        why="brings an existing stretch to the standard of a ring",
        geometry=link.line,
        arcs=(),
        kind=STANDARD_KIND,
        mode=rules.mode,
        instrument="infrastructure",
        items=(Item(standard, link.length_km),),
        cost=cost,
    )

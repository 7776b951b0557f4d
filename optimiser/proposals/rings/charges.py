"""Charge for existing stretches of a ring: what it takes to bring them to the standard of a ring.

A stretch between two junctions is a candidate without arcs: it makes no trip faster, and a circuit that uses
it needs it. Rings of one standard share these candidates, so that what two of them use is paid for once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.costs import Cost, CostTable, Terrain
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.graph import CHARGED, Chain, GraphLink, RingGraph, contract, runs
from optimiser.proposals.rings.rules import ROAD_CLASSES, STANDARD_KIND, RingRules
from optimiser.proposals.table import Candidates, Item, Proposal, assemble

_ALIKE = 1.25
"""Lines between the same junctions are carriageways of one road where the longer one is at most so many times
as long as the shorter one, and a kilometre more."""
_ALIKE_KM = 1.0


def is_charged(links: pd.DataFrame, rules: RingRules) -> NDArray[np.bool_]:
    """Tell which links at the standard of a ring are paid for when it uses them.

    Parameters
    ----------
    links
        Links of a network.
    rules
        A charge of its own counts for everything; without one, roads below expressways are charged.

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

    A stretch is a run of charged links from one junction to the next. The carriageways of a road, two lines
    of about the same length between the same junctions, are one stretch.

    Parameters
    ----------
    graph
        What exists at standard, outside the band as well, so that the ids of a network do not depend on the
        band; the candidate of charged links is `CHARGED`.
    rules
        The standard, which is part of the ids.
    """
    stretches = defaultdict[tuple[int, int], list[tuple[float, Chain]]](list)
    for (start, end), chain in runs(graph):
        if graph.links[chain[0][0]].candidate == CHARGED:
            km = sum(graph.links[position].length_km for position, _ in chain)
            stretches[min(start, end), max(start, end)].append((km, chain))
    links = list(graph.links)
    for ends, lines in stretches.items():
        number, alike_km = 0, 0.0
        for km, chain in sorted(lines):
            if not number or km > alike_km:
                number, alike_km = number + 1, _ALIKE * km + _ALIKE_KM
            name = _id_of(graph, ends, number, rules)
            for position, _ in chain:
                links[position] = replace(links[position], candidate=name)
    return RingGraph(graph.nodes, tuple(links))


def _id_of(graph: RingGraph, ends: Sequence[int], number: int, rules: RingRules) -> str:
    """Return the id of a stretch by its standard and the positions of its ends, from west to east."""
    standard = "+".join(rules.classes) or rules.mode
    speed = f">{rules.speed_kmh:g}" if rules.speed_kmh else ""
    places = sorted((graph.nodes[end].lon, graph.nodes[end].lat) for end in ends)
    line = "-".join(f"{lon:.3f},{lat:.3f}" for lon, lat in places)
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
        What is asked of the ring: its charge per km, if it has one.
    standards, prices
        The standard to which roads are rebuilt, unit costs and terrain, for rings without a charge of their
        own. Where the cost table does not price rebuilding, a stretch costs as much as a new road.

    Returns
    -------
    Candidates
        Without arcs; one of several carriageways gives the length.
    """
    costs, _ = prices
    rebuilt = standards.road.rebuilt_standard
    standard = rebuilt if rebuilt in costs.standards else standards.road.standard
    lines: Mapping[str, GraphLink] = {
        link.candidate: link
        for link in sorted(contract(graph, ()).links, key=lambda link: -link.length_km)
        if link.candidate in names
    }
    return assemble([_charge(name, link, base, rules, standard) for name, link in lines.items()], *prices)


def _charge(name: str, link: GraphLink, base: BaseCase, rules: RingRules, standard: str) -> Proposal:
    """Return a stretch as a proposal."""
    start, end = (shapely.get_point(link.line, at) for at in (0, -1))
    rate, cost = rules.existing_cost_per_km, None
    if rate is not None:
        amount = max(1, round(rate * link.length_km))
        cost = Cost(amount, amount, amount)
    return Proposal(
        candidate_id=name,
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
